"""Values close to a unit's threshold: how many, and whether it cuts through nearly equal ones."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot.counting.stores import Activations

NEAR: Final = 0.01
"""Values are close to a threshold within this share of the unit's range ..."""
NEAR_MEAN: Final = 0.02
"""... and of the mean distance of its values to it, which a few huge ones hardly stretch."""
TIMES: Final = 2
"""A threshold that is moved so little must not make this many times as many values active."""
LEAST: Final = 30
"""With fewer values above the threshold, two or three of them decide."""


def find_plateaus(
    activations: Activations,
    thresholds: NDArray[np.float64],
    extremes: NDArray[np.float32],
    jobs: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The units whose threshold cuts through nearly equal values.

    They are those of which at least twice as many values would be active if the threshold were a
    little lower, and at most half if it were a little higher. "A little" is the smaller of
    1 % of the unit's range and 2 % of the mean distance of its values to the threshold: of values
    that are spread as a bell, either changes a sixth of them or fewer. After a ReLU a threshold of
    0 is none such: lowered, it makes all positions active, but raised it keeps nearly all that
    were.

    Args:
        activations: recorded activations of a layer, at its own resolution.
        thresholds: ``(n_units,)``, NaN for units that are not asked for.
        extremes: ``(2, n_units)``, the smallest and the largest value of each.
        jobs: threads; all cores if not given.

    Returns:
        How much a little is, ``(n_units,)``, NaN for units without a plateau; and of each unit
        the values above the threshold, those above it by more than that, and those above what
        lies that much below it, ``(n_units, 3)``.
    """
    low, high = extremes.astype(np.float64)
    within = np.where(np.isfinite(thresholds), NEAR * (high - low), np.nan)
    counts = count_near(activations, thresholds, within, jobs)
    within[~_cuts(counts)] = np.nan
    if np.isfinite(within).any():
        # only now, since hardly any run gets here
        those = np.where(np.isfinite(within), thresholds, np.nan)
        within = np.minimum(within, NEAR_MEAN * _mean_distances(activations, those, jobs))
        counts = count_near(activations, thresholds, within, jobs)
        within[~_cuts(counts)] = np.nan
    return within, counts


def _cuts(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    active, above, below = counts.T
    found: NDArray[np.bool_] = (
        (active >= LEAST) & (TIMES * above <= active) & (below >= TIMES * active)
    )
    return found


def count_near(
    activations: Activations,
    thresholds: NDArray[np.float64],
    within: NDArray[np.float64],
    jobs: int | None = None,
) -> NDArray[np.int64]:
    """Of each unit the values above its threshold, and above it moved up and down; 0 for NaN.

    Args:
        activations: recorded activations of a layer.
        thresholds: ``(n_units,)``.
        within: how far it is moved, ``(n_units,)``.
        jobs: threads; all cores if not given.
    """
    borders = np.stack([thresholds, thresholds + within, thresholds - within], axis=1)
    units = np.flatnonzero(np.isfinite(borders).all(axis=1)).tolist()
    counts = np.zeros(borders.shape, np.int64)
    for _, block in activations.blocks():

        def one(unit: int, block: NDArray[np.float32] = block) -> list[int]:
            values = block[:, unit]
            # a border is a float64 of NumPy, so that values are compared with it unrounded; few
            # values lie above the lowest one, and only these are looked at again
            some = values[values > borders[unit, -1]]
            return [int(np.count_nonzero(some > border)) for border in borders[unit]]

        for unit, found in zip(units, ordered_map(one, units, jobs), strict=True):
            counts[unit] += found
    return counts


def _mean_distances(
    activations: Activations, thresholds: NDArray[np.float64], jobs: int | None
) -> NDArray[np.float64]:
    """The mean distance of each unit's values to its threshold; NaN where it has none."""
    units = np.flatnonzero(np.isfinite(thresholds)).tolist()
    sums = np.zeros(len(thresholds))
    for _, block in activations.blocks():

        def one(unit: int, block: NDArray[np.float32] = block) -> float:
            return float(np.abs(block[:, unit] - thresholds[unit]).sum())

        for unit, found in zip(units, ordered_map(one, units, jobs), strict=True):
            sums[unit] += found
    height, width = activations.map_shape
    sums[np.isnan(thresholds)] = np.nan
    means: NDArray[np.float64] = sums / max(1, activations.n_rows * height * width)
    return means
