"""How a unit's activations are spread inside and outside a formula: two histograms.

All scores of raw activations against one formula follow from them. Sums are kept for each bin, so
that means and correlations do not suffer from the binning. What hangs on the order of the values
(areas under curves) is known up to the order within bins, and given as a lower and upper bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from andornot._tools.parallel import ordered_map
from andornot._tools.progress import track
from andornot.concepts.positions import AtomMap
from andornot.concepts.table import ConceptTable
from andornot.counting.kernels import add_to_profile
from andornot.counting.responses import known_positions
from andornot.counting.stores import Activations
from andornot.counting.thresholds import by_shape
from andornot.counting.upsample import axis
from andornot.measures.scores import Counts, mask_cosine, pearson

Floats = NDArray[np.float64]

BINS = 2048
"""Bins up to the threshold, and as many above it; one more holds the smallest value alone."""


@dataclass(frozen=True, eq=False)
class Profile:
    """Positions and sums of a unit's activations by bin, inside and outside a formula.

    Attributes:
        counts: int64 ``(2, 1 + 2 * BINS)``, positions outside and inside. Bins come in ascending
            order: the smallest value (often 0, and often shared by most positions), others up to
            the threshold, those above it.
        sums: float64, likewise, the sum of the activations there.
        squares: sum of squares over all positions.
    """

    counts: NDArray[np.int64]
    sums: Floats
    squares: float

    @property
    def n(self) -> int:
        """All positions."""
        return int(self.counts.sum())

    def confusion(self) -> Counts:
        """The four counts of formula and active positions."""
        active = self.counts[:, 1 + BINS :].sum(axis=1)
        i, t = int(active[1]), int(self.counts[1].sum())
        return Counts.of(i, t, int(active.sum()), self.n)

    def pearson(self) -> float:
        """Correlation of the activations with the formula (see ``scores.pearson``)."""
        t, inside = int(self.counts[1].sum()), float(self.sums[1].sum())
        return pearson(t, inside, float(self.sums.sum()), self.squares, self.n)

    def cosine(self) -> float:
        """Cosine of the activations and the formula (see ``scores.mask_cosine``)."""
        t, inside = int(self.counts[1].sum()), float(self.sums[1].sum())
        return mask_cosine(t, inside, self.squares)

    def mean_difference(self) -> float:
        """Mean activation inside less that outside; 0 where one of the two is empty."""
        sizes = self.counts.sum(axis=1)
        if not sizes.all():
            return 0.0
        outside, inside = self.sums.sum(axis=1) / sizes
        return float(inside - outside)

    def ranking_auc(self) -> tuple[float, float]:
        """Chance that a position inside has a higher activation than one outside: its bounds.

        Equal values count half in the truth, which lies between the bounds.
        """
        outside, inside = self.counts
        pairs = float(inside.sum()) * float(outside.sum())
        if not pairs:
            return 0.0, 0.0
        below = np.cumsum(outside) - outside
        sure = float((inside * below.astype(np.float64)).sum())
        tied = inside * outside.astype(np.float64)
        # the first bin holds one value, so its pairs are ties for certain
        return (sure + tied[0] / 2) / pairs, (sure + tied[0] / 2 + tied[1:].sum()) / pairs

    def ranking_auprc(self) -> tuple[float, float]:
        """Average precision of the activations as a ranking, with the formula to find: its bounds.

        The formula is the truth here, and the activation what ranks positions ("inverse AUPRC" in
        Oikarinen et al. 2025). Positions of one value enter the ranking together.
        """
        outside, inside = self.counts[:, ::-1].astype(np.float64)
        if not inside.sum():
            return 0.0, 0.0
        hits, ranked = np.cumsum(inside) - inside, np.cumsum(inside + outside) - inside - outside
        # at worst those outside come first in a bin; at best those inside do, and all at once
        low = _precisions(hits, ranked + outside, inside)
        high = inside * (hits + inside) / np.maximum(ranked + inside, 1)
        # the last bin here is the smallest value alone: all tied, and everything ranked by then
        low[-1] = high[-1] = inside[-1] * inside.sum() / self.n
        return float(low.sum() / inside.sum()), float(high.sum() / inside.sum())


def _precisions(hits: Floats, ranked: Floats, more: Floats) -> Floats:
    """Sum of ``(hits + j) / (ranked + j)`` for ``j`` from 1 to ``more``, in closed form."""
    sums: Floats = more - (ranked - hits) * (digamma(ranked + more + 1) - digamma(ranked + 1))
    return sums


@dataclass(frozen=True, eq=False)
class Asked:
    """A unit, and the formula to hold its activations against.

    Attributes:
        unit: its number in the layer.
        mask: bool ``(n_atoms,)``, the formula's atoms.
        threshold: above it the unit is active.
        lowest, highest: its smallest and largest activation.
    """

    unit: int
    mask: NDArray[np.bool_]
    threshold: float
    lowest: float
    highest: float


def find_profiles(
    activations: Activations,
    concepts: ConceptTable,
    asked: Sequence[Asked],
    jobs: int | None = None,
    n_blocks: int = 0,
) -> list[Profile]:
    """Profiles of some units, by one pass that upsamples their maps one by one.

    Args:
        activations: recorded activations of a layer, for the samples of the table.
        concepts: a table that knows its positions.
        asked: units with finite activations, and their formulas.
        jobs: threads; all cores if not given.
        n_blocks: blocks of the activations, for progress.
    """
    positions = known_positions(concepts).by_row(activations.n_rows)
    counts = np.zeros((len(asked), 2, 1 + 2 * BINS), np.int64)
    sums = np.zeros((len(asked), 2, 1 + 2 * BINS))
    squares = np.zeros((len(asked), 1))
    for start, block in track(activations.blocks(), "comparing activations", n_blocks):
        # each row is written by one thread, so none waits for another and sums have one order
        def fill(row: int, start: int = start, block: NDArray[np.float32] = block) -> None:
            values = np.ascontiguousarray(block[:, asked[row].unit])
            _fill(positions, start, values, asked[row], counts[row], sums[row], squares[row])

        for _ in ordered_map(fill, range(len(asked)), jobs):
            pass
    rows = zip(counts, sums, squares[:, 0].tolist(), strict=True)
    return [Profile(*row) for row in rows]


def _fill(
    positions: AtomMap,
    start: int,
    values: NDArray[np.float32],
    asked: Asked,
    counts: NDArray[np.int64],
    sums: Floats,
    squares: Floats,
) -> None:
    """Add one block of a unit's maps, ``(samples, h, w)``, to its histograms."""
    window = slice(start, start + len(values) + 1)
    offsets, local = positions.offsets[window], positions.atom_offsets[window]
    inside = asked.mask[positions.atoms[local[0] : local[-1]]].view(np.uint8)
    codes = np.asarray(positions.codes[offsets[0] : offsets[-1]])
    for grid, samples in by_shape(positions.shapes[start : start + len(values)]):
        down, across = axis(values.shape[1], grid[0]), axis(values.shape[2], grid[1])
        squares += add_to_profile(
            values, samples, down.starts, down.weights, across.starts, across.weights,
            codes, offsets - offsets[0], local - local[0], inside,
            asked.lowest, asked.threshold, asked.highest, counts, sums,
        )  # fmt: skip
