"""Folds: which part of the samples a group of samples is in, by its name alone."""

from __future__ import annotations

import hashlib


def fold_of(group: str, n_folds: int) -> int:
    """The fold of a group of samples, or of a sample that is its own, whose id then is its name.

    By the name alone, so it stays when samples are added or left out.
    """
    digest = hashlib.sha256(group.encode()).digest()
    return int.from_bytes(digest[:8], "big") % n_folds
