"""How often each unit takes which values, from one pass over the recorded activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andornot.counting.stores import Activations
from andornot.views.plain import View

BINS: Final = 48


@dataclass(frozen=True)
class Histogram(View):
    """The distribution of a unit's activations, at the layer's own resolution.

    Attributes:
        low, high: the smallest and the largest value.
        counts: how many values lie in each of equal bins between the two.
        zeros: how many values are exactly 0.
    """

    low: float
    high: float
    counts: tuple[int, ...]
    zeros: int

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(self.counts)


def histograms(activations: Activations) -> list[Histogram | None]:
    """A histogram for each unit; None for one that takes a single value only, or no number.

    Two passes, a block of samples in memory at a time.
    """
    n = activations.n_units
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    for _, block in activations.blocks():
        low = np.minimum(low, block.min(axis=(0, 2, 3)))
        high = np.maximum(high, block.max(axis=(0, 2, 3)))
    counts, zeros = np.zeros((n, BINS), np.int64), np.zeros(n, np.int64)
    usable = np.isfinite(low) & np.isfinite(high) & (low < high)
    for _, block in activations.blocks():
        zeros += (block == 0).sum(axis=(0, 2, 3))
        for unit in np.flatnonzero(usable):
            counts[unit] += _binned(block[:, unit], low[unit], high[unit])
    return [
        Histogram(float(low[u]), float(high[u]), tuple(map(int, counts[u])), int(zeros[u]))
        if usable[u]
        else None
        for u in range(n)
    ]


def _binned(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.histogram(values, BINS, (low, high))[0]
    return found
