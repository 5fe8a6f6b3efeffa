"""Where units are active under several thresholds: listed once, counted as often as needed.

Upsampling a map and comparing it takes far longer than looking up what is annotated at a position.
So what asks about the same masks again and again (thresholds of other samples, annotations of other
samples) lists the active positions of some units once, as *runs* of positions in one row. A run
knows by its *rank* which of the unit's thresholds its positions exceed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot.concepts.positions import AtomMap
from andornot.counting.kernels import list_active, spell_out
from andornot.counting.stores import Activations, extremes
from andornot.counting.thresholds import by_shape
from andornot.counting.upsample import axis

Ints = NDArray[np.int64]

_POSITIONS_AT_ONCE = 4_000_000
"""Positions of the samples that a thread lists at a time: room for as many runs."""

BYTES_PER_RUN = 10
"""What a run takes: where it begins, how long it is, and its rank."""


@dataclass(frozen=True, eq=False)
class UnitPositions:
    """The active positions of one unit in runs, sample by sample.

    Attributes:
        samples: int64 ``(n,)``, the samples in which it is active, ascending.
        starts: int64 ``(n + 1,)``, where the runs of each begin.
        firsts: int32, the first position of each run, numbered within the sample, row by row.
        widths: int32, how many positions of its row a run holds.
        ranks: uint16, how many of the unit's thresholds, in ascending order, a run exceeds.
        needed: uint16 ``(n_thresholds,)``, the rank from which on a position is active under each
            threshold, in the order in which they were given.
    """

    samples: Ints
    starts: Ints
    firsts: NDArray[np.int32]
    widths: NDArray[np.int32]
    ranks: NDArray[np.uint16]
    needed: NDArray[np.uint16]

    def by_sample(self) -> UnitPositions:
        """The same where each sample is one position, active if it is anywhere."""
        n = len(self.samples)
        return UnitPositions(
            self.samples, np.arange(n + 1), np.zeros(n, np.int32), np.ones(n, np.int32),
            np.maximum.reduceat(self.ranks, self.starts[:-1]) if n else self.ranks, self.needed,
        )  # fmt: skip

    @cached_property
    def _positions(self) -> tuple[Ints, NDArray[np.int32], NDArray[np.uint16]]:
        """The sample, the number within it, and the rank of each position."""
        ends = np.cumsum(self.widths)
        # the numbers from 0 to the width of each run, run after run
        within = np.arange(len(ends) and ends[-1]) - np.repeat(ends - self.widths, self.widths)
        sample = np.repeat(np.repeat(self.samples, np.diff(self.starts)), self.widths)
        positions = (np.repeat(self.firsts, self.widths) + within).astype(np.int32)
        return sample, positions, np.repeat(self.ranks, self.widths)

    @cached_property
    def spelt_out(self) -> SpeltOut:
        """Each position by itself, with its rank."""
        return self._spelt(np.zeros(len(self.samples), np.int64))

    def _spelt(self, least: Ints) -> SpeltOut:
        """The positions of at least one rank, told for each sample."""
        n = int(self.widths.sum())
        positions, ranks = np.empty(n, np.int32), np.empty(n, np.uint16)
        ends = np.empty(len(self.samples), np.int64)
        n = spell_out(
            self.starts, self.firsts, self.widths, self.ranks, least, positions, ranks, ends
        )
        there = np.diff(ends, prepend=0) > 0
        starts = np.append(0, ends[there])
        return SpeltOut(self.samples[there], starts, positions[:n], ranks[:n])

    def under(self, folds: NDArray[np.int32]) -> SpeltOut:
        """The positions that are active in each sample under the threshold of its fold.

        Args:
            folds: of each sample; the thresholds come in the order of folds.
        """
        return self._spelt(self.needed[folds[self.samples]].astype(np.int64))

    def one_by_one(self, positions: AtomMap) -> UnitPositions:
        """The same, each position as a sample of its own; ``positions`` are the samples' grids."""
        sample, within, ranks = self._positions
        n = len(within)
        return UnitPositions(
            positions.offsets[sample] + within, np.arange(n + 1), np.zeros(n, np.int32),
            np.ones(n, np.int32), ranks, self.needed,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class SpeltOut:
    """Active positions one by one: three times as large as runs, and quick to look up.

    Attributes:
        samples: int64 ``(n,)``, the samples in which the unit is active, ascending.
        starts: int64 ``(n + 1,)``, where the positions of each begin.
        positions: int32, numbered within the sample, row by row.
        ranks: uint16, as in :class:`UnitPositions`.
    """

    samples: Ints
    starts: Ints
    positions: NDArray[np.int32]
    ranks: NDArray[np.uint16]


def ranks_of(thresholds: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.uint16]]:
    """A unit's distinct thresholds, ascending, and the rank that each of them needs.

    Args:
        thresholds: ``(n,)``; a NaN is exceeded nowhere.
    """
    # NaNs sort to the end, and as nothing exceeds one, no position has such a rank
    steps, place = np.unique(thresholds, return_inverse=True)
    return steps, (place.ravel() + 1).astype(np.uint16)


def list_maps(
    activations: Activations,
    thresholds: NDArray[np.float64],
    positions: AtomMap,
    units: Sequence[int],
    jobs: int | None = None,
) -> list[UnitPositions]:
    """List the active positions of some units, where every sample has a map.

    Args:
        activations: of the layer, in the order of the samples.
        thresholds: float64 ``(len(units), n_thresholds)``.
        positions: the samples' grids.
        units: columns of the activations.
        jobs: threads; all cores if not given.
    """
    ranked = [ranks_of(row) for row in thresholds]
    listed: list[list[_Piece]] = [[] for _ in units]
    for start, block in activations.blocks():
        _, high = extremes(block, jobs)
        runs = positions.runs_of_samples(_POSITIONS_AT_ONCE, start, start + len(block))
        for first, stop in runs:
            shapes = by_shape(positions.shapes[first:stop])
            part, peaks = block[first - start : stop - start], high[first - start : stop - start]

            def one(
                at: int,
                part: NDArray[np.float32] = part,
                peaks: NDArray[np.float32] = peaks,
                shapes: list[tuple[tuple[int, int], Ints]] = shapes,
                first: int = first,
            ) -> list[_Piece]:
                unit = units[at]
                return list(_listed(part[:, unit], peaks[:, unit], ranked[at][0], shapes, first))

            for own, pieces in zip(listed, ordered_map(one, range(len(units)), jobs), strict=True):
                own += pieces
    return [_unit(own, needed) for own, (_, needed) in zip(listed, ranked, strict=True)]


@dataclass(frozen=True, eq=False)
class _Piece:
    """Runs of a unit in some samples: ``counts`` of each of them."""

    samples: Ints
    counts: Ints
    firsts: NDArray[np.int32]
    widths: NDArray[np.int32]
    ranks: NDArray[np.uint16]


def _listed(
    values: NDArray[np.float32],
    peaks: NDArray[np.float32],
    steps: NDArray[np.float64],
    shapes: list[tuple[tuple[int, int], Ints]],
    first: int,
) -> Iterator[_Piece]:
    for (height, width), samples in shapes:
        # NaN on either side means: active nowhere
        some = samples[peaks[samples] > steps[0]]
        if not len(some):
            continue
        rows, columns = axis(values.shape[1], height), axis(values.shape[2], width)
        firsts, widths = np.empty((2, len(some) * height * width), np.int32)
        ranks = np.empty(len(firsts), np.uint16)
        counts = np.zeros(len(some), np.int64)
        n = list_active(
            values, steps, some, rows.starts, rows.weights, columns.starts, columns.weights,
            firsts, widths, ranks, counts,
        )  # fmt: skip
        # copies, so that the room for all positions can go
        runs = (firsts[:n].copy(), widths[:n].copy(), ranks[:n].copy())
        yield _Piece(some + first, counts, *runs)


def _unit(pieces: list[_Piece], needed: NDArray[np.uint16]) -> UnitPositions:
    samples = np.concatenate([*(p.samples for p in pieces), np.zeros(0, np.int64)])
    counts = np.concatenate([*(p.counts for p in pieces), np.zeros(0, np.int64)])
    firsts = np.concatenate([*(p.firsts for p in pieces), np.zeros(0, np.int32)])
    widths = np.concatenate([*(p.widths for p in pieces), np.zeros(0, np.int32)])
    ranks = np.concatenate([*(p.ranks for p in pieces), np.zeros(0, np.uint16)])
    if (np.diff(samples) < 0).any():  # samples of several sizes come size by size
        order = np.argsort(samples, kind="stable")
        by_sample = np.argsort(np.repeat(samples, counts), kind="stable")
        samples, counts = samples[order], counts[order]
        firsts, widths, ranks = firsts[by_sample], widths[by_sample], ranks[by_sample]
    there = counts > 0
    starts = np.concatenate([[0], np.cumsum(counts[there])]).astype(np.int64)
    return UnitPositions(samples[there], starts, firsts, widths, ranks, needed)


def list_rows(
    activations: Activations,
    thresholds: NDArray[np.float64],
    positions: AtomMap,
    units: Sequence[int],
) -> list[UnitPositions]:
    """The same where each position has a row of activations of its own (a token, say)."""
    ranked = [ranks_of(row) for row in thresholds]
    rows: list[list[NDArray[np.int64]]] = [[] for _ in units]
    ranks: list[list[NDArray[np.uint16]]] = [[] for _ in units]
    for start, block in activations.blocks():
        for at, unit in enumerate(units):
            values = block[:, unit, 0, 0].astype(np.float64)
            some = np.flatnonzero(values > ranked[at][0][0])
            # how many of the steps lie below a value; a NaN among them lies above all
            ranks[at].append(np.searchsorted(ranked[at][0], values[some]).astype(np.uint16))
            rows[at].append(some + start)
    return [
        _of_rows(np.concatenate(r), np.concatenate(k), positions, needed)
        for r, k, (_, needed) in zip(rows, ranks, ranked, strict=True)
    ]


def list_masks(
    masks: NDArray[np.bool_], positions: AtomMap, n_thresholds: int
) -> list[UnitPositions]:
    """The same for masks ``(n_units, n_positions)``, which are there without a threshold."""
    needed = np.ones(n_thresholds, np.uint16)
    found = []
    for mask in masks:
        rows = np.flatnonzero(mask)
        found.append(_of_rows(rows, np.ones(len(rows), np.uint16), positions, needed))
    return found


def _of_rows(
    rows: Ints, ranks: NDArray[np.uint16], positions: AtomMap, needed: NDArray[np.uint16]
) -> UnitPositions:
    """From the numbers of active positions among all positions, ascending."""
    sample = np.searchsorted(positions.offsets, rows, side="right") - 1
    within = rows - positions.offsets[sample]
    # a run ends where the next position is no neighbour, in another row, or of another rank
    begins = np.ones(len(rows), np.bool_)
    begins[1:] = (
        (np.diff(rows) != 1)
        | (np.diff(ranks) != 0)
        | (within[1:] % positions.shapes[sample[1:], 1] == 0)
    )
    first = np.flatnonzero(begins)
    samples, starts = np.unique(sample[first], return_index=True)
    return UnitPositions(
        samples.astype(np.int64), np.append(starts, len(first)).astype(np.int64),
        within[first].astype(np.int32), np.diff(np.append(first, len(rows))).astype(np.int32),
        ranks[first], needed,
    )  # fmt: skip
