"""Which samples speak for which part of a unit's formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.positions import AtomMap
from andornot.counting.upsample import upsample
from andornot.formula import Formula
from andornot.runs.run import Run


@dataclass(frozen=True, eq=False)
class SplitCounts:
    """Active positions of a unit that one of two formulas accounts for and the other does not.

    Attributes:
        first, second: int64 ``(n_samples,)``, such positions of each sample.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]

    @property
    def samples(self) -> tuple[int, int, int]:
        """Samples with such positions of the first, of the second, and of both."""
        a, b = self.first > 0, self.second > 0
        return int(a.sum()), int(b.sum()), int((a & b).sum())


def gather_evidence(
    run: Run,
    layer: str,
    splits: Mapping[int, tuple[Formula, Formula]],
    within: Mapping[int, NDArray[np.bool_]],
) -> dict[int, SplitCounts]:
    """Count, sample by sample, what each of two formulas alone accounts for.

    Args:
        run: the run.
        layer: the units' layer.
        splits: two formulas for each unit; what both hold on counts for neither.
        within: for each unit the atoms to count on, bool ``(n_atoms,)``.
    """
    table = run.concepts
    sides = {}  # of each atom: 1 if only the first formula holds, 2 if only the second, else 0
    for unit, (first, second) in splits.items():
        a, b = table.mask(first), table.mask(second)
        a, b = a & within[unit], b & within[unit]
        sides[unit] = (a & ~b) + 2 * (b & ~a)
    assert isinstance(table.positions, AtomMap)  # runs keep the positions
    count = _of_samples if run.by_sample else _of_positions
    counts = count(run, layer, table.positions, sides)
    return {unit: SplitCounts(c[:, 1], c[:, 2]) for unit, c in counts.items()}


def _of_samples(
    run: Run, layer: str, positions: AtomMap, sides: Mapping[int, NDArray[np.int64]]
) -> dict[int, NDArray[np.int64]]:
    """Each sample that a unit is active in counts once, on the side of its atom."""
    active = run.areas(layer) > 0
    one_of = np.eye(3, dtype=np.int64)
    return {unit: one_of[side[positions.atoms]] * active[:, [unit]] for unit, side in sides.items()}


def _of_positions(
    run: Run, layer: str, positions: AtomMap, sides: Mapping[int, NDArray[np.int64]]
) -> dict[int, NDArray[np.int64]]:
    """Active positions of each sample by the side that their atom is on, ``(n_samples, 3)``."""
    shards, thresholds = run.activations(layer), run.thresholds(layer)
    positions, owner = _rows(positions, shards.n_rows)
    counts = {unit: np.zeros((len(run.samples), 3), np.int64) for unit in sides}
    for start, block in shards.blocks():
        for unit, side in sides.items():
            maps, threshold = block[:, unit], thresholds[unit]
            # upsampled values never exceed the largest native one, so other rows have no active
            # position
            for row in np.flatnonzero(maps.max(axis=(1, 2)) > threshold).tolist():
                found = _count_sides(positions, start + row, side, maps[row], threshold)
                counts[unit][owner[start + row]] += found
    return counts


def _rows(positions: AtomMap, n_rows: int) -> tuple[AtomMap, NDArray[np.int64]]:
    """Positions by row of activations, and the sample that each row belongs to."""
    owner = np.arange(positions.n_samples)
    if n_rows != positions.n_samples:  # a row for each token
        owner = np.repeat(owner, np.diff(positions.offsets))
    return positions.by_row(n_rows), owner


def _count_sides(
    positions: AtomMap,
    row: int,
    side: NDArray[np.int64],
    values: NDArray[np.float32],
    threshold: float,
) -> NDArray[np.int64]:
    """Active positions of a row by the side that their atom is on, ``(3,)``."""
    local = positions.atoms[positions.atom_offsets[row] : positions.atom_offsets[row + 1]]
    if not side[local].any():  # most samples have neither
        return np.zeros(3, np.int64)
    active = upsample(values, *positions.shapes[row]) > threshold
    return np.bincount(side[positions.sample(row)[active]], minlength=3)
