"""Correlations, paired tests, agreement, rates and their differences, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LEAST = 4
"""Fewest points of which a correlation is worth a word."""

RESAMPLES = 2000
"""Bootstrap samples behind an interval."""

_DRAWS = 4000


@dataclass(frozen=True)
class Correlation:
    """Pearson's and Spearman's correlation of two quantities over the same units.

    Attributes:
        n: number of units.
        pearson: linear correlation, with the p-value of a test against 0.
        spearman: rank correlation, likewise.
        pearson_low, pearson_high: 95 % percentile bootstrap interval, over units; so for Spearman.
    """

    n: int
    pearson: float
    pearson_low: float
    pearson_high: float
    pearson_p: float
    spearman: float
    spearman_low: float
    spearman_high: float
    spearman_p: float


def correlate(x: Floats, y: Floats, seed: int = 0) -> Correlation | None:
    """Correlate two quantities.

    Args:
        x: one value for each unit, all finite.
        y: likewise.
        seed: of the bootstrap, which draws units with replacement.

    Returns:
        None where there are fewer than :data:`LEAST` units, or one quantity is the same for all
        of them (up to rounding): there is no correlation then.
    """
    if len(x) < LEAST or _is_constant(x) or _is_constant(y):
        return None
    from scipy import stats

    pearson, spearman = stats.pearsonr(x, y), stats.spearmanr(x, y)
    times = _drawn(len(x), seed)
    pearson_low, pearson_high = _interval(_weighted(x, y, times))
    spearman_low, spearman_high = _interval(_weighted(_ranks(x, times), _ranks(y, times), times))
    return Correlation(
        len(x),
        float(pearson.statistic), pearson_low, pearson_high, float(pearson.pvalue),
        float(spearman.statistic), spearman_low, spearman_high, float(spearman.pvalue),
    )  # fmt: skip


def partial_correlation(
    x: Floats, y: Floats, given: Floats, seed: int = 0
) -> tuple[float, float, float] | None:
    """Pearson's correlation with a third quantity held fixed, and its 95 % bootstrap interval.

    It is the correlation of what a straight line in ``given`` leaves of ``x`` and of ``y``. None
    where there are fewer than :data:`LEAST` units, or a straight line leaves nothing.
    """
    if len(x) < LEAST or any(_is_constant(v) for v in (x, y, given)):
        return None
    value = _partial(x, y, given, np.ones((1, len(x)), np.int64))[0]
    if np.isnan(value):
        return None
    return float(value), *_interval(_partial(x, y, given, _drawn(len(x), seed)))


def _partial(x: Floats, y: Floats, z: Floats, times: Times) -> Floats:
    """Partial correlations, from those of the three pairs; NaN where nothing is left."""
    xy, xz, yz = (_weighted(a, b, times) for a, b in ((x, y), (x, z), (y, z)))
    left = (1 - xz**2) * (1 - yz**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        # less than this is rounding of 0: a straight line leaves nothing
        found: Floats = np.where(left > 1e-12, (xy - xz * yz) / np.sqrt(left), np.nan)
    return found


def _is_constant(values: Floats) -> bool:
    # relative to their size, for sums of a constant differ in last digits
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max(initial=0.0))


def _drawn(n: int, seed: int) -> Times:
    """How often each of ``n`` units is drawn, with replacement, ``(RESAMPLES, n)``."""
    times: Times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), RESAMPLES)
    return times


def _interval(values: Floats) -> tuple[float, float]:
    """The middle 95 % of those values that there are."""
    # a resample can be of one unit again and again, and has no correlation then
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)


def _weighted(x: Floats, y: Floats, times: Times) -> Floats:
    """Pearson's correlation for each row of ``times``; NaN where a quantity is constant.

    ``x`` and ``y`` have one value for each unit, or one for each unit and row.
    """
    n = times.sum(axis=1, keepdims=True)
    x = x - (times * x).sum(axis=1, keepdims=True) / n
    y = y - (times * y).sum(axis=1, keepdims=True) / n
    spread = (times * x**2).sum(axis=1) * (times * y**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        both = (times * x * y).sum(axis=1) / np.sqrt(spread)
    found: Floats = np.where(spread > 0, both, np.nan)
    return found


def _ranks(x: Floats, times: Times) -> Floats:
    """The rank of each unit's value among the units drawn, ties sharing their mean rank."""
    order = np.argsort(x, kind="stable")
    # NaN differs from everything, so the first value begins a tie of its own
    first = np.diff(x[order], prepend=np.nan) != 0
    drawn = np.add.reduceat(times[:, order], np.flatnonzero(first), axis=1)
    middle = drawn.cumsum(axis=1) - (drawn - 1) / 2
    ranks = np.empty(times.shape)
    ranks[:, order] = middle[:, np.cumsum(first) - 1]
    return ranks


def correlations(indicator: Floats, pooled: Floats) -> Floats:
    """Pearson's correlation of each class with each unit, over samples.

    Args:
        indicator: ``(n_classes, n_samples)``, 1 where a sample is predicted to be of the class.
        pooled: ``(n_samples, n_units)``, a unit's mean activation.

    Returns:
        ``(n_classes, n_units)``; NaN where a class or a unit is the same on all samples.
    """
    a = indicator - indicator.mean(axis=1, keepdims=True)
    b = pooled - pooled.mean(axis=0)
    scale = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(scale > 0, a @ b / scale, np.nan)
    return found


def column_correlations(
    one: NDArray[np.floating], other: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Pearson correlations of the columns of two arrays; 0 where a column is constant."""
    standard = []
    for values in (one, other):
        # a mean of many float32 values in float32 would lose digits
        centred = values - values.mean(axis=0, dtype=np.float64)
        spread = np.sqrt((centred**2).mean(axis=0))
        standard.append(np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0))
    found: NDArray[np.float64] = standard[0].T @ standard[1] / len(one)
    return found


@dataclass(frozen=True)
class Paired:
    """The comparison of two values of each unit.

    Attributes:
        n: number of units.
        difference: mean of the differences.
        t, t_p: paired t-test.
        wilcoxon, wilcoxon_p: signed-rank test; units without a difference are dropped.
        cohen: Cohen's d_z, the mean difference in its own standard deviations.
        rank_biserial: of the units that differ, share of ranks that rose minus share that fell.
    """

    n: int
    difference: float
    t: float
    t_p: float
    wilcoxon: float
    wilcoxon_p: float
    cohen: float
    rank_biserial: float


def compare_paired(before: Floats, after: Floats) -> Paired | None:
    """Compare two values of each unit; None where a test has nothing to go by.

    That is: fewer than :data:`LEAST` units, or the same difference for all of them.
    """
    differences = after - before
    # equal differences have no spread to test by
    if len(differences) < LEAST or _is_constant(differences):
        return None
    from scipy import stats

    t = stats.ttest_rel(after, before)
    wilcoxon = stats.wilcoxon(after, before)
    moved = differences[differences != 0]
    ranks = stats.rankdata(np.abs(moved))
    return Paired(
        n=len(differences),
        difference=float(differences.mean()),
        t=float(t.statistic),
        t_p=float(t.pvalue),
        wilcoxon=float(wilcoxon.statistic),
        wilcoxon_p=float(wilcoxon.pvalue),
        cohen=float(differences.mean() / differences.std(ddof=1)),
        rank_biserial=float((ranks * np.sign(moved)).sum() / ranks.sum()),
    )


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Agreement of two labellings beyond chance; None where chance alone gives full agreement."""
    a, b = np.array(first, dtype=object), np.array(second, dtype=object)
    names = {*first, *second}
    expected = sum(float((a == name).mean() * (b == name).mean()) for name in names)
    return None if expected >= 1 else (float((a == b).mean()) - expected) / (1 - expected)


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
    # how often each is drawn, as weights: all draws are one matrix product
    on = rng.multinomial(n, np.full(n, 1 / n), _DRAWS) / n
    by = rng.multinomial(count, np.full(count, 1 / count), _DRAWS) / count
    drawn = ((on @ controls) * by).sum(1)
    share = plain.value
    low, high = _percentiles(drawn, confidence)
    around = Estimate(share, min(plain.low, low), max(plain.high, high))
    low, high = _percentiles(on @ flips - drawn, confidence)
    gap = edit.value - share
    # Newcombe: the edit at its low end against the controls at their high end
    below = np.hypot(edit.value - edit.low, plain.high - share)
    above = np.hypot(edit.high - edit.value, share - plain.low)
    difference = Estimate(gap, max(-1.0, min(low, gap - below)), min(1.0, max(high, gap + above)))
    return Comparison(edit, around, difference)


def _percentiles(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def probabilities(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """The softmax of each row."""
    # less the largest, so that nothing overflows; the shares stay the same
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares
