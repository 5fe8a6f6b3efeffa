"""Groups of samples drawn again, and what ratios of counts vary by between the draws.

Groups of samples are drawn, not positions nor single samples: the pixels of an image are no
independent cases, nor are the frames of a video. The draws are the same for all units of a layer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from andornot.trust.repeat import ratio

UNITS_AT_ONCE = 32
_DRAWS_AT_ONCE = 100
"""Of a matrix product: it holds units by groups and draws by groups in double precision."""

_INTERVAL = (0.025, 0.975)
"""The middle 95 %."""


def draw_samples(groups: NDArray[np.integer], draws: int, seed: int) -> NDArray[np.uint16]:
    """How often each sample is drawn, ``(draws, n_samples)``.

    As many groups as there are, are drawn with replacement; a sample comes as often as its group.

    Args:
        groups: the number of each sample's group, from 0.
        draws: how many.
        seed: of all draws.
    """
    rng = np.random.default_rng(seed)
    n = int(groups.max(initial=-1)) + 1
    # 16 bits: a group is hardly ever drawn more than a dozen times
    times = np.empty((draws, len(groups)), np.uint16)
    for row in times:
        row[:] = np.bincount(rng.integers(n, size=n), minlength=n)[groups]
    return times


def ratio_intervals(
    counts: NDArray[np.int64], draws: NDArray[np.uint16]
) -> list[tuple[float, float]]:
    """The middle 95 % of ratios of sums over the draws.

    Args:
        counts: ``(n, 2 * m)``: by sample or group, ``m`` numerators, then ``m`` denominators.
        draws: ``(n_draws, n)``, how often each one is drawn.
    """
    m = counts.shape[1] // 2
    # draws are a matrix product (of whole numbers, so exact); samples without a count add nothing
    some = counts.any(axis=1)
    values = counts[some].astype(np.float64)
    drawn = np.concatenate(
        [
            draws[at : at + _DRAWS_AT_ONCE, some].astype(np.float64) @ values
            for at in range(0, len(draws), _DRAWS_AT_ONCE)
        ]
    )
    low, high = np.quantile(ratio(drawn[:, :m], drawn[:, m:]), _INTERVAL, axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))
