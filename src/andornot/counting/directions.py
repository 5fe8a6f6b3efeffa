"""Directions in the space of a layer's units: values along each, the same bits in any batch."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import lean


def along(values: NDArray[np.floating], weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """The values of a layer along directions: at each position its vector of units times weights.

    Sums are in float64, unit by unit in their order, and only then rounded to float32. So they
    hang neither on which samples share a batch nor on threads, which those of a matrix product do.
    A unit whose weight is 0 has no part in a direction, also where its value is no finite number:
    one broken unit spoils the directions that look at it and no others.

    Args:
        values: ``(rows, units, height, width)``; taken as float32, as a layer is recorded.
        weights: ``(units, directions)``, finite.

    Returns:
        ``(rows, directions, height, width)``.
    """
    rows, units, *grid = values.shape
    flat = np.ascontiguousarray(values, np.float32).reshape(rows, units, math.prod(grid))
    found = np.empty((rows, weights.shape[1], flat.shape[2]), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # as in the network, they become inf or NaN
        _along(flat, weights, np.empty(weights.shape[1]), found)
    return found.reshape(rows, weights.shape[1], *grid)


@lean
def _along(
    values: NDArray[np.float32],
    weights: NDArray[np.float64],
    sums: NDArray[np.float64],
    found: NDArray[np.float32],
) -> None:
    """Fill ``found``; ``sums``, float64 (directions,), is for the sums of one position."""
    rows, units, positions = values.shape
    for row in range(rows):
        for position in range(positions):
            for k in range(len(sums)):
                sums[k] = -0.0  # what can be added to any number, -0.0 too, and leaves it as it is
            for unit in range(units):
                value = float(values[row, unit, position])
                for k in range(len(sums)):  # each sum is its own, so vectors change no order
                    weight = weights[unit, k]
                    # 0 times infinity would be NaN
                    sums[k] = sums[k] + value * weight if weight != 0.0 else sums[k]
            for k in range(len(sums)):
                found[row, k, position] = sums[k]
