"""Statistics, against scipy, slow and obvious twins, and numbers done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import binomtest

from andornot._tools.statistics import (
    cohen_kappa,
    compare,
    compare_paired,
    correlate,
    partial_correlation,
    probabilities,
    wilson,
)


def test_kappa_by_hand():
    # the example of Cohen's kappa in every textbook: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(first, second) == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert cohen_kappa(["a", "b"], ["b", "a"]) == pytest.approx(-1)
    assert cohen_kappa(["a", "a"], ["a", "a"]) is None


def test_correlations_equal_scipy_and_a_plain_bootstrap(monkeypatch):
    from andornot._tools import statistics

    monkeypatch.setattr(statistics, "RESAMPLES", 200)
    rng = np.random.default_rng(5)
    x = rng.integers(0, 6, 30).astype(float)  # with ties
    y = x + rng.normal(0, 3, 30).round()
    found = correlate(x, y)
    assert found.pearson == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert found.spearman == pytest.approx(np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1])
    counts = np.random.default_rng(0).multinomial(30, np.full(30, 1 / 30), 200)
    for name, how in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
        drawn = [how(np.repeat(x, row), np.repeat(y, row)).statistic for row in counts]
        expected = np.quantile(drawn, [0.025, 0.975])
        span = getattr(found, f"{name}_low"), getattr(found, f"{name}_high")
        assert span == pytest.approx(expected)


def test_no_correlation_where_there_is_none():
    x = np.arange(5.0)
    assert correlate(x, np.ones(5)) is None
    assert correlate(x[:3], x[:3]) is None
    assert correlate(x, np.full(5, 0.1) + 1e-17) is None
    assert correlate(x, x).pearson_low == pytest.approx(1)


def test_partial_correlation_equals_that_of_residuals():
    rng = np.random.default_rng(2)
    z = rng.normal(size=40)
    x, y = z + rng.normal(size=40), 2 * z + rng.normal(size=40)
    rest = [v - np.polyval(np.polyfit(z, v, 1), z) for v in (x, y)]
    value, low, high = partial_correlation(x, y, z)
    assert value == pytest.approx(np.corrcoef(rest)[0, 1])
    assert low < value < high
    assert partial_correlation(z, y, z) is None  # nothing of it is left
    assert partial_correlation(x, np.ones(40), z) is None


def test_paired_comparison():
    before, after = np.array([1.0, 2, 3, 4, 5]), np.array([1.5, 2, 5, 4.25, 4])
    found = compare_paired(before, after)
    d = after - before
    assert found.t == pytest.approx(d.mean() / (d.std(ddof=1) / np.sqrt(5)))
    assert found.cohen == pytest.approx(d.mean() / d.std(ddof=1))
    # the ranks of .5, 2, .25, -1 are 2, 4, 1, 3
    assert found.rank_biserial == pytest.approx((2 + 4 + 1 - 3) / 10)
    assert compare_paired(before, before + 1) is None
    assert compare_paired(before[:3], after[:3]) is None


class TestStatistics:
    @given(st.integers(1, 60), st.data())
    def test_wilson_is_that_of_scipy(self, n, data):
        k = data.draw(st.integers(0, n))
        found = wilson(k, n, 0.95)
        expected = binomtest(k, n).proportion_ci(0.95, "wilson")
        assert found.low == pytest.approx(expected.low, abs=1e-9)
        assert found.high == pytest.approx(expected.high, abs=1e-9)
        assert found.low <= found.value <= found.high

    @given(st.integers(1, 30), st.integers(1, 6), st.integers(0, 2**32 - 1))
    def test_the_difference_lies_in_its_interval(self, n, count, seed):
        rng = np.random.default_rng(seed)
        flips, controls = rng.random(n) < 0.6, rng.random((n, count)) < 0.2
        found = compare(flips, controls, 0.95, 0)
        assert found.edit.value == pytest.approx(flips.mean())
        assert found.controls.value == pytest.approx(controls.mean())
        assert found.difference.value == pytest.approx(flips.mean() - controls.mean())
        for estimate in (found.edit, found.controls, found.difference):
            assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9
        assert found == compare(flips, controls, 0.95, 0)

    def test_what_never_happened_is_not_certain(self):
        found = compare(np.ones(10, bool), np.zeros((10, 4), bool), 0.95, 0)
        assert found.difference.value == 1.0
        assert 0.4 < found.difference.low < 0.75

    def test_the_interval_covers_the_truth_as_often_as_it_says(self):
        """Controls differ in their own rates, as words do; many drawings of all of it."""
        rng = np.random.default_rng(0)
        covered = 0
        for _ in range(200):
            rates = rng.beta(1, 4, 8)  # mean 0.2
            controls = rng.random((40, 8)) < rates
            found = compare(rng.random(40) < 0.5, controls, 0.95, 0).difference
            covered += found.low <= 0.3 <= found.high
        assert covered >= 180

    def test_without_controls_there_is_no_difference(self):
        found = compare(np.ones(4, bool), np.zeros((4, 0), bool), 0.95, 0)
        assert np.isnan(found.difference.value)
        assert wilson(0, 0, 0.95).high == 1.0

    def test_probabilities_are_the_softmax(self):
        found = probabilities(np.array([[1000.0, 1000.0], [0.0, np.log(3)]]))
        assert found == pytest.approx(np.array([[0.5, 0.5], [0.25, 0.75]]))
