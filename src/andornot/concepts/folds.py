"""Folds: which part of the samples a sample is in, by its name alone."""

from __future__ import annotations

import hashlib


def fold_of(sample_id: str, n_folds: int) -> int:
    """The fold of a sample: by its id alone, so it stays when samples are added or left out."""
    digest = hashlib.sha256(sample_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") % n_folds
