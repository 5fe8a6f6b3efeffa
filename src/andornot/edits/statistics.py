"""Rates and their differences, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]

_DRAWS = 4000


@dataclass(frozen=True)
class Estimate:
    """A number with its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.0%} ({self.low:.0%} to {self.high:.0%})"


def wilson(successes: float, n: int, confidence: float) -> Estimate:
    """A share with its Wilson interval (1927).

    Args:
        successes: how many, of ``n``; the mean over several controls need not be whole.
        n: how many trials; of none, nothing is known.
        confidence: such as 0.95.
    """
    if not n:
        return Estimate(float("nan"), 0.0, 1.0)
    from scipy.stats import norm

    z2 = float(norm.ppf(0.5 + confidence / 2)) ** 2
    share = successes / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    # at the ends the formula gives the end itself, but for rounding
    low, high = min(middle - half, share), max(middle + half, share)
    return Estimate(share, float(max(0.0, low)), float(min(1.0, high)))


@dataclass(frozen=True)
class Comparison:
    """An edit against its controls on the same samples.

    Attributes:
        edit: share of the samples that the edit flips.
        controls: the same, on average over the controls.
        difference: the edit's share minus that of the controls.
    """

    edit: Estimate
    controls: Estimate
    difference: Estimate


def compare(flips: BoolArray, controls: BoolArray, confidence: float, seed: int) -> Comparison:
    """Compare the flips of an edit with those of its controls, paired over the samples.

    The intervals of the controls and of the difference are those of a bootstrap (percentiles)
    that draws the samples and, apart from them, the controls: both are a sample of what could
    have been tried. A bootstrap cannot see what did not happen even once, so the intervals are
    never narrower than what Wilson's intervals give, for the difference by Newcombe's (1998,
    method 10, without correlation) way of joining two of them.

    Args:
        flips: whether the edit flips each sample, (n,).
        controls: whether each control does, (n, controls).
        confidence: such as 0.95.
        seed: of the bootstrap.
    """
    n, count = controls.shape
    edit = wilson(int(flips.sum()), n, confidence)
    if not n or not count:
        nothing = Estimate(float("nan"), float("nan"), float("nan"))
        return Comparison(edit, nothing, nothing)
    plain = wilson(float(controls.mean(1).sum()), n, confidence)
    rng = np.random.default_rng(seed)
    on = rng.multinomial(n, np.full(n, 1 / n), _DRAWS) / n
    by = rng.multinomial(count, np.full(count, 1 / count), _DRAWS) / count
    drawn = ((on @ controls) * by).sum(1)
    share = plain.value
    low, high = _percentiles(drawn, confidence)
    around = Estimate(share, min(plain.low, low), max(plain.high, high))
    low, high = _percentiles(on @ flips - drawn, confidence)
    gap = edit.value - share
    below = np.hypot(edit.value - edit.low, plain.high - share)
    above = np.hypot(edit.high - edit.value, share - plain.low)
    difference = Estimate(gap, max(-1.0, min(low, gap - below)), min(1.0, max(high, gap + above)))
    return Comparison(edit, around, difference)


def _percentiles(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
