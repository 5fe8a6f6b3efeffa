"""From activations to the threshold of each unit.

``T_u`` is the smallest value with ``P(f_u > T_u) <= quantile`` (Mu & Andreas 2020, Section 3;
0.005 there), and a unit is active where ``f_u > T_u``, strictly. Of ``n`` values that is the
``floor(quantile * n) + 1``-th largest, so only the top of each unit's values has to be kept: the
quantile is exact, in one pass and in bounded memory.

The published code takes the quantile over the layer's native resolution (``resolution="native"``);
the paper's text can be read as upsampling first (``"upsampled"``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from andornot._jit import jit
from andornot.activations import Activations, extremes, unit_blocks
from andornot.errors import DataError, OptionError
from andornot.parallel import ordered_map
from andornot.positions import AtomMap
from andornot.upsample import axis

Resolution = Literal["native", "upsampled"]

_BUFFER_BYTES = 256 * 2**20

ALIVE = "ok"
DEAD = "dead"
CONSTANT = "constant"
NOT_FINITE = "nan"


@dataclass(frozen=True)
class Threshold:
    """How the thresholds of all units are found.

    Attributes:
        quantile: share of values above the threshold, between 0 and 1; None for a fixed one.
        fixed: the same threshold for every unit; used when ``quantile`` is None.
        resolution: where the quantile is taken, over native or over upsampled maps.

    Raises:
        OptionError: not exactly one of the two is given, or a value is out of range.
    """

    quantile: float | None = 0.005
    fixed: float | None = None
    resolution: Resolution = "native"

    def __post_init__(self) -> None:
        if (self.quantile is None) == (self.fixed is None):
            raise OptionError("give either a quantile or a fixed threshold, not both or neither")
        if self.quantile is not None and not 0 < self.quantile < 1:
            raise OptionError(f"quantile is {self.quantile}; it must lie between 0 and 1")
        if self.fixed is not None and not math.isfinite(self.fixed):
            raise OptionError(f"the fixed threshold is {self.fixed}; it must be a finite number")
        if self.resolution not in ("native", "upsampled"):
            raise OptionError(f"resolution is {self.resolution!r}; choose 'native' or 'upsampled'")


@dataclass(frozen=True, eq=False)
class UnitThresholds:
    """Thresholds of the units of a layer.

    Attributes:
        values: float64 ``(n_units,)``; NaN for units with values that are not finite.
        status: for each unit ``"ok"``, ``"dead"`` (0 everywhere), ``"constant"`` (one other value
            everywhere) or ``"nan"`` (some value is NaN or infinite).
        lowest: float32 ``(n_units,)``, smallest activation.
        highest: float32 ``(n_units,)``, largest activation.
    """

    values: NDArray[np.float64]
    status: tuple[str, ...]
    lowest: NDArray[np.float32]
    highest: NDArray[np.float32]


def values_above(quantile: float, n: int) -> int:
    """How many of ``n`` values may lie above the threshold: ``floor(quantile * n)``, exactly."""
    return int(Fraction(repr(float(quantile))) * n)


def n_values(activations: Activations, rule: Threshold, positions: AtomMap) -> int:
    """How many values of each unit a quantile is taken of."""
    if rule.resolution == "upsampled":
        return len(positions.codes)
    height, width = activations.map_shape
    return activations.n_samples * height * width


def find_thresholds(
    activations: Activations,
    rule: Threshold,
    positions: AtomMap,
    jobs: int | None = None,
) -> UnitThresholds:
    """Thresholds of all units, by one pass over the activations.

    Over upsampled maps the top values of all units may not fit the memory set aside for them
    (256 MB); then blocks of units take a pass each.

    Args:
        activations: recorded activations of a layer.
        rule: quantile or fixed threshold.
        positions: the samples' grids; their sizes count when ``rule.resolution="upsampled"``.
        jobs: threads; all cores if not given.

    Raises:
        DataError: there is no sample.
    """
    if not activations.n_samples:
        raise DataError("there are no activations to find thresholds from; give at least 1 sample")
    positions = positions.by_row(activations.n_samples)
    upsampled = rule.quantile is not None and rule.resolution == "upsampled"
    n = n_values(activations, rule, positions)
    keep = 1 if rule.quantile is None else min(n, values_above(rule.quantile, n) + 1)
    tracker = np.float64 if upsampled else np.float32
    per_pass = max(1, _BUFFER_BYTES // (2 * keep * np.dtype(tracker).itemsize))
    parts = [
        _track(activations, units, keep, tracker, positions if upsampled else None, jobs)
        for units in unit_blocks(activations.n_units, per_pass)
    ]
    top = np.concatenate([p.threshold for p in parts])
    extremes = np.concatenate([p.extremes for p in parts])
    finite = np.concatenate([p.finite for p in parts])
    values = top.astype(np.float64) if rule.fixed is None else np.full(len(top), rule.fixed)
    values[~finite] = np.nan
    return UnitThresholds(
        values=values,
        status=tuple(
            _status(bool(ok), float(low), float(high))
            for ok, (low, high) in zip(finite, extremes, strict=True)
        ),
        lowest=extremes[:, 0],
        highest=extremes[:, 1],
    )


def _status(finite: bool, low: float, high: float) -> str:
    if not finite:
        return NOT_FINITE
    if low == high:
        return DEAD if low == 0 else CONSTANT
    return ALIVE


class _Tracker:
    """The largest ``keep`` values of each of some units, and their extremes."""

    def __init__(self, n_units: int, keep: int, dtype: type[np.floating]) -> None:
        self.keep = keep
        self.top = np.empty((n_units, 2 * keep), dtype)
        self.held = np.zeros(n_units, np.int64)
        self.bound = np.full(n_units, -np.inf, dtype)
        self.extremes = np.empty((n_units, 2), np.float32)
        self.extremes[:] = np.inf, -np.inf
        self.finite = np.ones(n_units, np.bool_)

    def widen(self, low: NDArray[np.float32], high: NDArray[np.float32]) -> None:
        """Take the extremes of further maps in, ``(samples, units)`` each."""
        self.extremes[:, 0] = np.minimum(self.extremes[:, 0], low.min(axis=0))
        self.extremes[:, 1] = np.maximum(self.extremes[:, 1], high.max(axis=0))
        self.finite[:] = np.isfinite(self.extremes).all(axis=1)

    @property
    def threshold(self) -> NDArray[np.floating]:
        """The ``keep``-th largest value of each unit."""
        return np.array(
            [
                np.partition(top[:held], held - self.keep)[held - self.keep]
                if held >= self.keep
                else np.nan
                for top, held in zip(self.top, self.held, strict=True)
            ]
        )


def _track(
    activations: Activations,
    units: range,
    keep: int,
    dtype: type[np.floating],
    positions: AtomMap | None,
    jobs: int | None,
) -> _Tracker:
    tracker = _Tracker(len(units), keep, dtype)
    for start, block in activations.blocks():
        grids = None if positions is None else positions.shapes[start : start + len(block)]

        low, high = (part[:, units.start : units.stop] for part in extremes(block, jobs))
        tracker.widen(low, high)

        def push(
            i: int,
            block: NDArray[np.float32] = block,
            grids: object = grids,
            high: NDArray[np.float32] = high,
        ) -> None:
            if not tracker.finite[i]:
                return
            values = block[:, units[i]]
            args = (tracker.top[i], tracker.held[i : i + 1], tracker.bound[i : i + 1], keep)
            if grids is None:
                _push_native(values, high[:, i], *args)
                return
            for grid, samples in by_shape(np.asarray(grids)):
                rows, columns = axis(values.shape[1], grid[0]), axis(values.shape[2], grid[1])
                _push_upsampled(
                    values, samples, rows.starts, rows.weights,
                    columns.starts, columns.weights, *args,
                )  # fmt: skip

        _run(ordered_map(push, range(len(units)), jobs))
    return tracker


def _run(work: Iterable[object]) -> None:
    for _ in work:
        pass


def by_shape(shapes: NDArray[np.int64]) -> list[tuple[tuple[int, int], NDArray[np.int64]]]:
    """Group samples by the size of their grid: ``((height, width), sample indices)``."""
    if (shapes == shapes[:1]).all():
        everyone = np.arange(len(shapes), dtype=np.int64)
        return [((int(shapes[0, 0]), int(shapes[0, 1])), everyone)] if len(shapes) else []
    distinct, group = np.unique(shapes, axis=0, return_inverse=True)
    return [
        ((int(h), int(w)), np.flatnonzero(group.ravel() == g)) for g, (h, w) in enumerate(distinct)
    ]


@jit
def _keep_top(top, held, bound, keep):  # type: ignore[no-untyped-def]
    """Throw all but the largest ``keep`` values away, and note the smallest of those."""
    ordered = np.partition(top[: held[0]], held[0] - keep)
    top[:keep] = ordered[held[0] - keep :]
    bound[0] = ordered[held[0] - keep]
    held[0] = keep


@jit
def _push_native(values, peaks, top, held, bound, keep):  # type: ignore[no-untyped-def]
    """Offer the values of a unit's maps to its top values; ``peaks`` are the largest of each."""
    for s in range(values.shape[0]):
        if not peaks[s] > bound[0]:
            continue
        for y in range(values.shape[1]):
            for x in range(values.shape[2]):
                v = values[s, y, x]
                # A value equal to the bound changes nothing: the keep-th largest stays the same.
                if v > bound[0]:
                    top[held[0]] = v
                    held[0] += 1
                    if held[0] == len(top):
                        _keep_top(top, held, bound, keep)


@jit
def _push_upsampled(values, samples, ys, wy, xs, wx, top, held, bound, keep):  # type: ignore[no-untyped-def]
    """Offer all values of a unit's upsampled maps; cells below the bound are passed over."""
    h, w = values.shape[1], values.shape[2]
    for s in samples:
        for y in range(h):
            for x in range(w):
                a, b = np.float64(values[s, y, x]), np.float64(values[s, y, min(x + 1, w - 1)])
                c = np.float64(values[s, min(y + 1, h - 1), x])
                d = np.float64(values[s, min(y + 1, h - 1), min(x + 1, w - 1)])
                if max(max(a, b), max(c, d)) <= bound[0]:
                    continue
                for i in range(ys[y], ys[y + 1]):
                    for j in range(xs[x], xs[x + 1]):
                        upper = a + wx[j] * (b - a)
                        lower = c + wx[j] * (d - c)
                        v = upper + wy[i] * (lower - upper)
                        if v > bound[0]:
                            top[held[0]] = v
                            held[0] += 1
                            if held[0] == len(top):
                                _keep_top(top, held, bound, keep)
