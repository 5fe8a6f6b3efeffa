"""Positions that two concepts share, for all pairs: what no unit changes is counted once.

A formula of one concept shares as much with each other concept whatever the unit is. Where many
units are searched for on one table, these counts are made before the first of them.
"""

from __future__ import annotations

import numpy as np

from andornot._tools.jit import lean
from andornot.search.problem import Atoms, Ints

_MOST_CONCEPTS = 2_000
"""Their pairs take 32 MB."""

_MOST_STEPS = 64
"""Most pairs to add up for each list entry: then it takes less than some searches."""


def with_pairs(atoms: Atoms) -> Atoms:
    """The table with its pairs, where these take little room and the table has no bits."""
    n = len(atoms.concept_counts)
    steps = int((np.diff(atoms.indptr) ** 2).sum())
    if n > _MOST_CONCEPTS or atoms.bits.shape[1] or steps > _MOST_STEPS * len(atoms.indices):
        return atoms
    pairs = np.zeros((n, n), np.int64)
    _count_pairs(atoms, pairs)
    return atoms._replace(pairs=pairs)


@lean
def _count_pairs(atoms: Atoms, pairs: Ints) -> None:
    """Add up the positions of each pair."""
    for atom in range(len(atoms.counts)):
        start, stop = atoms.indptr[atom], atoms.indptr[atom + 1]
        for at in range(start, stop):
            row = pairs[atoms.indices[at]]
            for other in range(start, stop):
                row[atoms.indices[other]] += atoms.counts[atom]
