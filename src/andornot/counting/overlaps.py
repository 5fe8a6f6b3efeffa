"""On how many positions two units are active together: of each unit the nearest others, exactly.

Masks are packed as bits, 64 positions to a word, a stretch of samples at a time. What is active
lies together, so a word of a map is a tile of 8 x 8 positions: most words of most units are empty,
and only words in which both units have a bit are compared. All pairs of 512 units then cost little
more than their masks; what is held are the words of one stretch, and the counts of some units with
all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import lean
from andornot._tools.parallel import n_workers, ordered_map
from andornot._tools.popcount import popcount
from andornot._tools.words import brief
from andornot.concepts.positions import AtomMap, offsets_of
from andornot.counting.kernels import TILE, Floats, Ints, pack_maps
from andornot.counting.stores import Shards, extremes
from andornot.counting.thresholds import by_shape
from andornot.counting.upsample import Axis, axis

Words = NDArray[np.uint64]

_WORDS: Final = 4_000_000
"""Words of a stretch of samples: 32 MB."""

_COUNTS: Final = 8_000_000
"""Counts of pairs that are held at a time: 64 MB. Of more units the masks are made anew."""


class Masks(Protocol):
    """The masks of some units, as often as they are asked for."""

    @property
    def n_units(self) -> int:
        """How many units."""

    def stretches(self) -> Iterator[Words]:
        """The masks as bits, ``(n_words, n_units)``, some samples after the other.

        A word is of the same positions for all units, and each position is in one word.
        """


@dataclass(frozen=True, eq=False)
class Overlaps:
    """The units whose masks overlap those of others most.

    Attributes:
        totals: int64 ``(n_units,)``, active positions of each unit.
        others: int32 ``(n_units, n)``, for each unit the others by the IoU of the two masks,
            largest first, where that is above 0; -1 in the places that are left.
        shared: int64 ``(n_units, n)``, on how many positions both are active.
    """

    totals: Ints
    others: NDArray[np.int32]
    shared: Ints
    __repr__ = brief

    def iou(self, unit: int) -> Floats:
        """Intersection over union of a unit's mask and those of its others."""
        others = self.others[unit]
        shared = self.shared[unit][others >= 0]
        found: Floats = shared / (self.totals[unit] + self.totals[others[others >= 0]] - shared)
        return found


def nearest_masks(masks: Masks, n: int, jobs: int | None = None) -> Overlaps:
    """For each unit the others whose masks overlap its own most; every count is exact.

    Args:
        masks: those of the units.
        n: how many others to name, at most.
        jobs: threads; all cores if not given.
    """
    n_units = masks.n_units
    n = min(n, max(n_units - 1, 0))
    others, shared = np.full((n_units, n), -1, np.int32), np.zeros((n_units, n), np.int64)
    totals = np.zeros(n_units, np.int64)
    at_once = max(_COUNTS // max(n_units, 1), 1)
    for first in range(0, n_units, at_once):
        rows = range(first, min(first + at_once, n_units))
        for unit, own in zip(rows, _counts(masks, rows, jobs, totals), strict=True):
            iou = own / np.maximum(totals[unit] + totals - own, 1)
            iou[unit] = 0  # a unit is the nearest to itself
            # equal ones in the order of units
            order = np.argsort(-iou, kind="stable")[:n]
            order = order[iou[order] > 0]
            others[unit, : len(order)], shared[unit, : len(order)] = order, own[order]
    return Overlaps(totals, others, shared)


def _counts(masks: Masks, rows: range, jobs: int | None, totals: Ints) -> Ints:
    """On how many positions each of these units is active together with each of all.

    With the first of them the active positions of all units are counted too.
    """
    counts = np.zeros((len(rows), masks.n_units), np.int64)
    parts = np.array_split(np.arange(len(rows)), min(n_workers(jobs), len(rows)))
    for words in masks.stretches():

        def one(part: Ints, words: Words = words) -> None:
            own = counts[part[0] : part[-1] + 1]
            active = np.empty(words.shape[1], np.int64)
            _add_pairs(words, rows.start + int(part[0]), active, own)

        list(ordered_map(one, parts, jobs))
        if rows.start == 0:
            _add_sizes(words, totals)
    return counts


@lean
def _add_sizes(words: Words, totals: Ints) -> None:
    """Add the bits of each unit."""
    for w in range(words.shape[0]):
        for u in range(words.shape[1]):
            totals[u] += popcount(words[w, u])


@lean
def _add_pairs(words: Words, first: int, active: Ints, counts: Ints) -> None:
    """Add to ``counts`` the bits that units share with all units.

    Args:
        words: ``(n_words, n_units)``.
        first: the unit of the first row of ``counts``.
        active: room for a number for each unit.
        counts: ``(some units, n_units)``.
    """
    for w in range(words.shape[0]):
        n = 0
        for u in range(words.shape[1]):
            # most are empty, and need no partner
            if words[w, u] != 0:
                active[n] = u
                n += 1
        for i in range(n):
            row = active[i] - first
            if 0 <= row < counts.shape[0]:
                own = words[w, active[i]]
                for j in range(n):
                    counts[row, active[j]] += popcount(own & words[w, active[j]])


@dataclass(frozen=True, eq=False)
class LayerUnits:
    """Some units of a layer: what was recorded of it, and when they are active.

    Attributes:
        activations: of all its units.
        thresholds: float64 ``(n_units,)``, of each of all its units; NaN: active nowhere.
        units: which are wanted, in this order.
    """

    activations: Shards
    thresholds: Floats
    units: Ints


@dataclass(frozen=True, eq=False)
class MapMasks:
    """Masks of units that have a map for each sample, upsampled to the sample's grid.

    Attributes:
        layers: whose units they are, one layer after the other.
        positions: the samples' grids.
        jobs: threads; all cores if not given.
    """

    layers: Sequence[LayerUnits]
    positions: AtomMap
    jobs: int | None = None
    n_units: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_units", sum(len(layer.units) for layer in self.layers))

    def stretches(self) -> Iterator[Words]:
        """The masks as bits; a word is a tile of a sample."""
        tiles = -(-self.positions.shapes // TILE)
        most = _WORDS // max(self.n_units, 1) * TILE**2
        for first, stop in self.positions.runs_of_samples(most):
            firsts = offsets_of(tiles[first:stop, 0] * tiles[first:stop, 1])
            words = np.zeros((int(firsts[-1]), self.n_units), np.uint64)
            column = 0
            for layer in self.layers:
                self._pack(layer, first, stop, firsts, words[:, column:])
                column += len(layer.units)
            yield words

    def _pack(self, layer: LayerUnits, first: int, stop: int, firsts: Ints, words: Words) -> None:
        """Set the bits of a layer's units in some samples."""
        values = layer.activations.rows(first, stop)
        _, peaks = extremes(values, self.jobs)
        for (height, width), samples in by_shape(self.positions.shapes[first:stop]):
            rows, columns = axis(values.shape[2], height), axis(values.shape[3], width)

            def one(
                part: Ints, h: NDArray[np.float32] = peaks, y: Axis = rows, x: Axis = columns
            ) -> None:
                pack_maps(
                    values, h, layer.thresholds, layer.units, part, y.starts, y.weights, x.starts,
                    x.weights, firsts, words,
                )  # fmt: skip

            parts = np.array_split(samples, min(n_workers(self.jobs), len(samples)))
            list(ordered_map(one, parts, self.jobs))


@dataclass(frozen=True, eq=False)
class RowMasks:
    """Masks of units that have a value for each position, such as a token.

    Attributes:
        layers: whose units they are, one layer after the other.
        n_rows: how many positions there are.
    """

    layers: Sequence[LayerUnits]
    n_rows: int
    n_units: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_units", sum(len(layer.units) for layer in self.layers))

    def stretches(self) -> Iterator[Words]:
        """The masks as bits; a word is of positions that follow each other."""
        for first, stop in _stretches(self.n_rows, self.n_units):
            parts = [
                layer.activations.rows(first, stop)[:, layer.units, 0, 0]
                > layer.thresholds[layer.units]
                for layer in self.layers
            ]
            yield _packed(np.concatenate(parts, axis=1))


@dataclass(frozen=True, eq=False)
class GivenMasks:
    """Masks that are there already.

    Attributes:
        masks: bool ``(n_units, n_positions)``.
    """

    masks: NDArray[np.bool_]

    @property
    def n_units(self) -> int:
        """How many units."""
        return len(self.masks)

    def stretches(self) -> Iterator[Words]:
        """The masks as bits; a word is of positions that follow each other."""
        for first, stop in _stretches(self.masks.shape[1], self.n_units):
            yield _packed(self.masks[:, first:stop].T)


def _stretches(n_positions: int, n_units: int) -> Iterator[tuple[int, int]]:
    """Positions in stretches of whole words, of as many as may be held."""
    most = max(_WORDS // max(n_units, 1), 1) * 64
    for first in range(0, n_positions, most):
        yield first, min(first + most, n_positions)


def _packed(active: NDArray[np.bool_]) -> Words:
    """Words ``(n_words, n_units)`` of masks ``(n_positions, n_units)``."""
    n, n_units = active.shape
    whole = np.zeros((-(-n // 64) * 64, n_units), np.bool_)
    whole[:n] = active
    by_bytes = np.packbits(whole.reshape(-1, 64, n_units), axis=1, bitorder="little")
    words: Words = np.ascontiguousarray(by_bytes.transpose(0, 2, 1)).view(np.uint64)[:, :, 0]
    return words
