"""The threshold of each unit: exact quantiles of its activations, and units that have none.

``T_u`` is the smallest value with ``P(f_u > T_u) <= quantile`` (Mu & Andreas 2020, Section 3;
0.005 there), and a unit is active where ``f_u > T_u``, strictly. Of ``n`` values that is the
``floor(quantile * n) + 1``-th largest, so only the top of each unit's values has to be kept: the
quantile is exact, in one pass and in bounded memory.

The published code takes the quantile over the layer's native resolution (``resolution="native"``);
the paper's text can be read as upsampling first (``"upsampled"``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot._tools.words import brief
from andornot.concepts.positions import AtomMap
from andornot.counting.kernels import keep_top, push_native, push_upsampled
from andornot.counting.ranges import Ranges, find_borders
from andornot.counting.rules import Resolution as Resolution
from andornot.counting.rules import Threshold as Threshold
from andornot.counting.stores import Activations, extremes, unit_blocks
from andornot.counting.upsample import axis
from andornot.errors import DataError

_BUFFER_BYTES = 256 * 2**20

ALIVE = "ok"
DEAD = "dead"
CONSTANT = "constant"
NOT_FINITE = "nan"


@dataclass(frozen=True, eq=False)
class UnitThresholds:
    """Thresholds of the units of a layer.

    Attributes:
        values: float64 ``(n_units,)``; NaN for units with values that are not finite.
        status: for each unit ``"ok"``, ``"dead"`` (0 everywhere), ``"constant"`` (one other value
            everywhere) or ``"nan"`` (some value is NaN or infinite).
        lowest: float32 ``(n_units,)``, smallest activation.
        highest: float32 ``(n_units,)``, largest activation.
        borders: float64 ``(n_units, k + 1)``, the borders of the ranges where activations are cut
            into ranges (see ``ranges``); ``values`` are then the lower borders of the top ones.
    """

    values: NDArray[np.float64]
    status: tuple[str, ...]
    lowest: NDArray[np.float32]
    highest: NDArray[np.float32]
    borders: NDArray[np.float64] | None = None
    __repr__ = brief


def values_above(quantile: float, n: int) -> int:
    """How many of ``n`` values may lie above the threshold: ``floor(quantile * n)``, exactly."""
    # repr is the decimal that was written; the float itself would make 0.29 of 100 values 28
    return int(Fraction(repr(float(quantile))) * n)


def n_values(
    rule: Threshold | Ranges, n_rows: int, map_shape: tuple[int, int], positions: AtomMap
) -> int:
    """How many values of each unit a quantile is taken of.

    Args:
        rule: where it is taken.
        n_rows: rows of activations.
        map_shape: native height and width of a unit's map.
        positions: the samples' grids.
    """
    if isinstance(rule, Threshold) and rule.resolution == "upsampled":
        return len(positions.codes)
    return n_rows * map_shape[0] * map_shape[1]


def find_thresholds(
    activations: Activations,
    rule: Threshold | Ranges,
    positions: AtomMap,
    jobs: int | None = None,
) -> UnitThresholds:
    """Thresholds of all units, by one pass over the activations.

    Over upsampled maps the top values of all units may not fit the memory set aside for them
    (256 MB); then blocks of units take a pass each.

    Args:
        activations: recorded activations of a layer.
        rule: quantile or fixed threshold; or ranges, of which the top one begins at the threshold.
        positions: the samples' grids; their sizes count when ``rule.resolution="upsampled"``.
        jobs: threads; all cores if not given.

    Raises:
        DataError: there is no sample.
    """
    if not activations.n_rows:
        raise DataError("there are no activations to find thresholds from; give at least 1 sample")
    positions = positions.by_row(activations.n_rows)
    if isinstance(rule, Ranges):
        borders = find_borders(activations, rule, jobs)
        # the borders are the thresholds; this pass is for the extremes alone
        parts = list(_passes(activations, 1, None, jobs))
        return _together(parts, borders[:, -2].copy(), borders)
    n = n_values(rule, activations.n_rows, activations.map_shape, positions)
    # as few as will do: memory and sorting grow with them, not with the data
    keep = values_kept(rule, n)
    parts = list(_passes(activations, keep, positions if is_upsampled(rule) else None, jobs))
    if rule.fixed is not None:
        return _together(parts, np.full(activations.n_units, rule.fixed), None)
    return _together(parts, np.concatenate([p.smallest() for p in parts]), None)


def find_fold_thresholds(
    activations: Activations,
    rule: Threshold,
    positions: AtomMap,
    jobs: int | None = None,
) -> NDArray[np.float64]:
    """For each fold the thresholds of the samples that are not in it, by one pass.

    The largest values of each fold are kept apart, as many as any threshold needs: those of all
    folds but one hold the largest of these samples.

    Args:
        activations: recorded activations of a layer.
        rule: quantile or fixed threshold.
        positions: the samples' grids and folds.
        jobs: threads; all cores if not given.

    Returns:
        float64 ``(n_units, n_folds)``; NaN for units with values that are not finite, and without
        a fold that holds all samples.
    """
    positions = positions.by_row(activations.n_rows)
    n_folds = int(positions.folds.max(initial=0)) + 1
    if rule.fixed is not None:
        return np.full((activations.n_units, n_folds), rule.fixed)
    outside = [np.flatnonzero(positions.folds != fold) for fold in range(n_folds)]
    keep = [
        values_kept(rule, n_values(rule, len(rows), activations.map_shape, positions.grids(rows)))
        if len(rows) else 0
        for rows in outside
    ]  # fmt: skip
    # a single fold: without it there is nothing
    if not any(keep):
        return np.full((activations.n_units, n_folds), np.nan)
    upsampled = is_upsampled(rule)
    per_pass = max(1, _BUFFER_BYTES // (n_folds * bytes_per_unit(max(keep), upsampled)))
    found = []
    for units in unit_blocks(activations.n_units, per_pass):
        parts = [TopValues(len(units), max(keep), upsampled) for _ in range(n_folds)]
        for start, block in activations.blocks():
            folds = positions.folds[start : start + len(block)]
            for fold in np.unique(folds):
                rows = np.flatnonzero(folds == fold)
                grids = positions.shapes[start + rows] if upsampled else None
                parts[fold].add(block[rows], grids, jobs, units)
        found.append(_without_each(parts, keep))
    return np.concatenate(found)


def _without_each(parts: list[TopValues], keep: list[int]) -> NDArray[np.float64]:
    """The ``keep``-th largest value of all parts but one, for each unit and part."""
    n_units = len(parts[0].extremes)
    found = np.full((n_units, len(parts)), np.nan)
    for left_out, n in enumerate(keep):
        others = [part for at, part in enumerate(parts) if at != left_out]
        for unit in range(n_units):
            values = np.concatenate([part.values(unit) for part in others] or [np.zeros(0)])
            # a part without a sample has no extremes yet, which is no value that is not finite
            if 0 < n <= len(values) and all(p.finite[unit] or not p.any for p in others):
                found[unit, left_out] = np.partition(values, len(values) - n)[len(values) - n]
    return found


def values_kept(rule: Threshold, n: int) -> int:
    """How many of each unit's ``n`` values have to be kept to know its threshold."""
    # of a fixed threshold only the extremes are wanted, but a buffer needs some room
    return 1 if rule.quantile is None else min(n, values_above(rule.quantile, n) + 1)


def is_upsampled(rule: Threshold) -> bool:
    """Whether it is a quantile over upsampled maps."""
    return rule.quantile is not None and rule.resolution == "upsampled"


def _passes(
    activations: Activations, keep: int, positions: AtomMap | None, jobs: int | None
) -> Iterator[TopValues]:
    """Follow the units in blocks that fit the memory; ``positions`` only to upsample to."""
    per_pass = max(1, _BUFFER_BYTES // bytes_per_unit(keep, positions is not None))
    for units in unit_blocks(activations.n_units, per_pass):
        part = TopValues(len(units), keep, positions is not None)
        for start, block in activations.blocks():
            grids = None if positions is None else positions.shapes[start : start + len(block)]
            part.add(block, grids, jobs, units)
        yield part


def bytes_per_unit(keep: int, upsampled: bool) -> int:
    """Room for the ``keep`` largest values of one unit: twice as many are held at times."""
    return 2 * keep * (8 if upsampled else 4)


def _together(
    parts: list[TopValues], values: NDArray[np.floating], borders: NDArray[np.float64] | None
) -> UnitThresholds:
    extremes = np.concatenate([p.extremes for p in parts])
    return _unit_thresholds(extremes, values, borders)


def _unit_thresholds(
    extremes: NDArray[np.float32],
    values: NDArray[np.floating],
    borders: NDArray[np.float64] | None,
) -> UnitThresholds:
    finite = _finite(extremes)
    return UnitThresholds(
        values=np.where(finite, values.astype(np.float64), np.nan),
        status=tuple(
            _status(bool(ok), float(low), float(high))
            for ok, (low, high) in zip(finite, extremes, strict=True)
        ),
        lowest=extremes[:, 0],
        highest=extremes[:, 1],
        borders=borders,
    )


def _finite(extremes: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.isfinite(extremes[:, 0]) & np.isfinite(extremes[:, 1])


def _status(finite: bool, low: float, high: float) -> str:
    if not finite:
        return NOT_FINITE
    if low == high:
        return DEAD if low == 0 else CONSTANT
    return ALIVE


class TopValues:
    """The largest values of each of some units, and their extremes, from blocks in any order.

    Blocks are pushed in by :meth:`add`; what was found of other samples, on another machine say,
    is taken in by :meth:`merge`. The thresholds are the same to the last bit whatever the blocks
    and the order.

    Attributes:
        keep: how many values of each unit are kept.
        upsampled: whether they are those of upsampled maps, in double precision.
        extremes: float32 ``(n_units, 2)``, smallest and largest activation.
        bound: ``(n_units,)``, values up to it are passed over: they cannot be among the largest.
    """

    def __init__(
        self,
        n_units: int,
        keep: int,
        upsampled: bool = False,
        bound: NDArray[np.floating] | None = None,
    ) -> None:
        self.keep, self.upsampled = keep, upsampled
        dtype = np.float64 if upsampled else np.float32
        self._top = np.empty((n_units, 2 * keep), dtype)
        self._held = np.zeros(n_units, np.int64)
        self.bound: NDArray[Any] = np.full(n_units, -np.inf, dtype)
        if bound is not None:
            self.bound[:] = bound
        self.extremes = np.empty((n_units, 2), np.float32)
        self.extremes[:] = np.inf, -np.inf

    def add(
        self,
        block: NDArray[np.float32],
        grids: NDArray[np.int64] | None = None,
        jobs: int | None = None,
        units: range | None = None,
    ) -> None:
        """Take in the maps of further samples.

        Args:
            block: ``(samples, units, height, width)``.
            grids: ``(samples, 2)``, the sizes to upsample to; None for native values.
            jobs: threads; all cores if not given.
            units: which of the block's units are followed, where not all are.
        """
        units = range(block.shape[1]) if units is None else units
        low, high = (part[:, units.start : units.stop] for part in extremes(block, jobs))
        self._widen(low.min(axis=0), high.max(axis=0))
        finite = self.finite

        def push(i: int) -> None:
            # of any other unit the threshold is NaN, whatever its values are
            if finite[i]:
                self._push(i, block[:, units[i]], high[:, i], grids)

        _run(ordered_map(push, range(len(units)), jobs))

    def _push(
        self,
        i: int,
        values: NDArray[np.floating],
        peaks: NDArray[np.floating],
        grids: NDArray[np.int64] | None,
    ) -> None:
        args = (self._top[i], self._held[i : i + 1], self.bound[i : i + 1], self.keep)
        if grids is None:
            push_native(values, peaks, *args)
            return
        for grid, samples in by_shape(grids):
            rows, columns = axis(values.shape[1], grid[0]), axis(values.shape[2], grid[1])
            push_upsampled(
                values, samples, rows.starts, rows.weights,
                columns.starts, columns.weights, *args,
            )  # fmt: skip

    def _widen(self, low: NDArray[np.float32], high: NDArray[np.float32]) -> None:
        """Take further extremes in, ``(units,)`` each; a NaN stays."""
        # np.minimum hands NaN on, where np.fmin would forget it
        self.extremes[:, 0] = np.minimum(self.extremes[:, 0], low)
        self.extremes[:, 1] = np.maximum(self.extremes[:, 1], high)

    @property
    def finite(self) -> NDArray[np.bool_]:
        """Whether all values of each unit are finite."""
        return _finite(self.extremes)

    @property
    def any(self) -> bool:
        """Whether any sample was taken in."""
        # the extremes of no sample are the wrong way round
        return not bool((self.extremes[:, 0] > self.extremes[:, 1]).all())

    def values(self, i: int) -> NDArray[np.floating]:
        """The values of a unit that are held: the largest ``keep``, and some further ones."""
        held: NDArray[np.floating] = self._top[i, : self._held[i]]
        return held

    def state(self) -> dict[str, NDArray[Any]]:
        """All that :meth:`merge` needs, as plain arrays."""
        held = [top[:n] for top, n in zip(self._top, self._held, strict=True)]
        return {
            "extremes": self.extremes,
            "held": self._held,
            "top": np.concatenate([*held, np.zeros(0, self._top.dtype)]),
        }

    def merge(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take in what another found of other samples."""
        self._widen(*state["extremes"].T)
        stops = np.cumsum(state["held"])
        for i, (start, stop) in enumerate(zip(stops - state["held"], stops, strict=True)):
            # as a map of one sample; upsampled values are upsampled already, so without a grid
            values = state["top"][start:stop].reshape(1, 1, -1)
            if stop > start:
                self._push(i, values, values.max(axis=(1, 2)), None)

    def tighten(self) -> NDArray[np.floating]:
        """The bounds after all but the largest ``keep`` values are let go."""
        for i in np.flatnonzero(self._held > self.keep):
            keep_top(self._top[i], self._held[i : i + 1], self.bound[i : i + 1], self.keep)
        return self.bound

    def smallest(self) -> NDArray[np.floating]:
        """The ``keep``-th largest value of each unit; NaN where there are fewer."""
        return np.array(
            [
                np.partition(top[:held], held - self.keep)[held - self.keep]
                if held >= self.keep
                else np.nan
                for top, held in zip(self._top, self._held, strict=True)
            ]
        )

    def thresholds(self, rule: Threshold) -> UnitThresholds:
        """The thresholds, where all samples were taken in."""
        fixed = np.full(len(self._held), rule.fixed, np.float64)
        values = self.smallest() if rule.fixed is None else fixed
        return _unit_thresholds(self.extremes, values, None)


def _run(work: Iterable[object]) -> None:
    for _ in work:
        pass


def by_shape(shapes: NDArray[np.int64]) -> list[tuple[tuple[int, int], NDArray[np.int64]]]:
    """Group samples by the size of their grid: ``((height, width), sample indices)``."""
    # samples are often of one size, and then need no sorting
    if (shapes == shapes[:1]).all():
        everyone = np.arange(len(shapes), dtype=np.int64)
        return [((int(shapes[0, 0]), int(shapes[0, 1])), everyone)] if len(shapes) else []
    distinct, group = np.unique(shapes, axis=0, return_inverse=True)
    return [
        ((int(h), int(w)), np.flatnonzero(group.ravel() == g)) for g, (h, w) in enumerate(distinct)
    ]
