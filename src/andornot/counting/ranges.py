"""Where a unit's activations are cut into ranges: borders by quantiles or by clusters.

What is active in each is counted in ``range_counts``.

A threshold looks at the top of the activations only. La Rosa, Gilpin & Capobianco (NeurIPS 2023,
"Clustered Compositional Explanations") cut the positive activations of a unit into clusters and
explain each. A unit is active in a range where ``low < f <= high``, so its counts there are those
above ``low`` less those above ``high``: counting needs nothing new. The top range has no more
above it, and is a threshold like any other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import jit
from andornot._tools.parallel import ordered_map
from andornot.counting.rules import Ranges as Ranges
from andornot.counting.rules import RangesBy as RangesBy
from andornot.counting.stores import Activations, unit_blocks

Floats = NDArray[np.float64]

_BINS = 1024
"""Bins of equal width that values are grouped in before they are clustered: the exact optimum takes
``k * n * n`` steps for ``n`` values, and a unit has millions."""

_BUFFER_BYTES = 256 * 2**20


def find_borders(activations: Activations, ranges: Ranges, jobs: int | None = None) -> Floats:
    """Borders of the ranges of all units, over the layer's native values.

    Args:
        activations: recorded activations of a layer.
        ranges: how many ranges, and how they are found.
        jobs: threads; all cores if not given.

    Returns:
        ``(n_units, k + 1)``, ascending: range ``j`` lies above border ``j`` and up to border
        ``j + 1``. The first border is 0, or just below the smallest value where a unit has
        negative ones; the last is the largest value. Where values are too few, borders repeat and
        a range is empty. NaN for units with values that are not finite.
    """
    height, width = activations.map_shape
    n_values = max(1, activations.n_rows * height * width)
    per_pass = max(1, _BUFFER_BYTES // (4 * n_values))
    find = {"clusters": _clusters, "quantiles": _quantiles}[ranges.by]
    borders = np.full((activations.n_units, ranges.k + 1), np.nan)

    def cut(values: NDArray[np.float32]) -> Floats:
        return _borders(values, ranges.k, find)

    for units in unit_blocks(activations.n_units, per_pass):
        values = _gathered(activations, units, n_values)
        for unit, found in zip(units, ordered_map(cut, values, jobs), strict=True):
            borders[unit] = found
    return borders


def _gathered(activations: Activations, units: range, n_values: int) -> NDArray[np.float32]:
    """All values of some units, ``(units, n_values)``."""
    values = np.empty((len(units), n_values), np.float32)
    at = 0
    for _, block in activations.blocks():
        part = block[:, units.start : units.stop].swapaxes(0, 1).reshape(len(units), -1)
        values[:, at : at + part.shape[1]] = part
        at += part.shape[1]
    return values[:, :at]


def _borders(
    values: NDArray[np.float32], k: int, find: Callable[[Floats, int], list[float]]
) -> Floats:
    if not len(values) or not np.isfinite(values).all():
        return np.full(k + 1, np.nan)
    ordered = np.sort(values).astype(np.float64)
    # a range is open below, so it begins just under the smallest value
    low = float(np.nextafter(np.float32(ordered[0]), np.float32(-np.inf)))
    # 0 is silence where a unit is never negative, and is no activation to cut
    if ordered[0] >= 0:
        low, ordered = 0.0, ordered[np.searchsorted(ordered, 0.0, side="right") :]
    if not len(ordered):
        return np.zeros(k + 1)
    inner = find(ordered, k)
    # where values are too few for k pieces, the pieces that are left are the upper ones
    inner = [low] * (k - 1 - len(inner)) + inner
    return np.array([low, *inner, ordered[-1]])


def _quantiles(ordered: Floats, k: int) -> list[float]:
    """The smallest values with at least ``1 / k``, ``2 / k``, ... of all values up to them."""
    # rounded up in whole numbers; a product of floats could be one off
    return [float(ordered[-(-j * len(ordered) // k) - 1]) for j in range(1, k)]


def _clusters(ordered: Floats, k: int) -> list[float]:
    """The largest value of each cluster but the last, by k-means over binned values."""
    edges = np.linspace(ordered[0], ordered[-1], _BINS + 1)[1:]
    # without empty bins, so that `_cluster` never divides by 0
    stops = np.unique(np.searchsorted(ordered, edges, side="right"))
    stops[-1] = len(ordered)  # the last edge may be rounded below the largest value
    sums = np.concatenate([[0.0], np.cumsum(ordered)])[stops]
    squares = np.concatenate([[0.0], np.cumsum(ordered * ordered)])[stops]
    ends = _cluster(stops.astype(np.float64), sums, squares, min(k, len(stops)))
    return [float(ordered[stops[end] - 1]) for end in ends[:-1]]


@jit
def _cluster(counts: Floats, sums: Floats, squares: Floats, k: int) -> NDArray[np.int64]:
    """The last bin of each of ``k`` clusters with the least sum of squares, by dynamic programming.

    Bins come in ascending order; all three arrays are running totals.
    """
    n = len(counts)
    cost, came = np.full((k, n), np.inf), np.zeros((k, n), np.int64)
    for j in range(n):
        cost[0, j] = squares[j] - sums[j] * sums[j] / counts[j]
    for c in range(1, k):
        for j in range(c, n):
            for i in range(c - 1, j):
                s = sums[j] - sums[i]
                own = squares[j] - squares[i] - s * s / (counts[j] - counts[i])
                # strictly: of equal cuts the first one stays, in every run
                if cost[c - 1, i] + own < cost[c, j]:
                    cost[c, j], came[c, j] = cost[c - 1, i] + own, i
    ends = np.empty(k, np.int64)
    ends[k - 1] = n - 1
    for c in range(k - 1, 0, -1):
        ends[c - 1] = came[c, ends[c]]
    return ends
