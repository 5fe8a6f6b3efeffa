"""Thresholds: the exact quantile of each unit, over native or upsampled maps."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from activation_cases import activations, quantiles
from andornot.counting import thresholds as module
from andornot.counting.stores import InMemory, lowest_value
from andornot.counting.thresholds import Threshold, by_shape, find_thresholds, values_above
from andornot.counting.upsample import upsample
from andornot.errors import DataError, OptionError
from strategies import positions_of


def zeros_of(shapes):
    return positions_of([np.zeros(shape, np.int32) for shape in shapes])


def found(recorded, rule, shapes=None):
    shapes = shapes or [recorded.map_shape] * recorded.n_rows
    return find_thresholds(recorded, rule, zeros_of(shapes), jobs=1)


@given(activations(), quantiles)
def test_native_thresholds_equal_the_slow_twin(recorded, quantile):
    result = found(recorded, Threshold(quantile))
    for unit in range(recorded.n_units):
        values = recorded.values[:, unit]
        assert result.values[unit] == naive.threshold(values, quantile)
        assert result.lowest[unit] == values.min()
        assert result.highest[unit] == values.max()
        constant = values.min() == values.max()
        expected = "ok" if not constant else "constant" if values.max() else "dead"
        assert result.status[unit] == expected


@given(activations(), quantiles)
def test_the_threshold_is_the_smallest_that_few_enough_values_exceed(recorded, quantile):
    result = found(recorded, Threshold(quantile))
    allowed = Fraction(str(quantile))
    for unit, threshold in enumerate(result.values):
        values = recorded.values[:, unit].ravel()
        share = Fraction(int((values > threshold).sum()), len(values))
        assert share <= allowed
        for smaller in set(values[values < threshold].tolist()):
            assert Fraction(int((values > smaller).sum()), len(values)) > allowed


@given(activations(), quantiles, st.data())
def test_upsampled_thresholds_are_those_of_the_upsampled_maps(recorded, quantile, data):
    shapes = data.draw(
        st.lists(
            st.tuples(st.integers(1, 6), st.integers(1, 6)),
            min_size=recorded.n_rows,
            max_size=recorded.n_rows,
        )
    )
    result = found(recorded, Threshold(quantile, resolution="upsampled"), shapes)
    for unit in range(recorded.n_units):
        maps = [
            upsample(recorded.values[i, unit], *shape).ravel() for i, shape in enumerate(shapes)
        ]
        assert result.values[unit] == naive.threshold(np.concatenate(maps), quantile)


@pytest.mark.parametrize("resolution", ["native", "upsampled"])
@pytest.mark.parametrize("quantile", [0.001, 0.005, 0.3])
def test_many_values_pass_through_a_small_buffer(quantile, resolution):
    """Far more values than are kept, rising, falling and at random, so that all paths are run."""
    rng = np.random.default_rng(3)
    n = 30 * 8 * 8
    units = np.stack([
        np.arange(n), np.arange(n)[::-1], rng.normal(size=n), rng.integers(0, 5, n), np.zeros(n)
    ])  # fmt: skip
    values = units.reshape(5, 30, 8, 8).transpose(1, 0, 2, 3).astype(np.float32)
    result = found(InMemory(values, 7), Threshold(quantile, resolution=resolution), [(9, 11)] * 30)
    for unit in range(5):
        maps = values[:, unit] if resolution == "native" else upsample(values[:, unit], 9, 11)
        ordered = np.sort(maps.ravel())[::-1]
        assert result.values[unit] == ordered[values_above(quantile, ordered.size)]
    assert result.status == ("ok", "ok", "ok", "ok", "dead")


@given(activations(), quantiles, st.sampled_from(["native", "upsampled"]))
def test_blocks_of_units_change_nothing(recorded, quantile, resolution):
    rule = Threshold(quantile, resolution=resolution)
    whole = found(recorded, rule)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BUFFER_BYTES", 1)
        parts = found(recorded, rule)
    assert parts.values.tolist() == whole.values.tolist()
    assert parts.status == whole.status
    assert parts.highest.tolist() == whole.highest.tolist()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "rule", [Threshold(0.1), Threshold(None, 0.0), Threshold(0.1, None, "upsampled")]
)
@pytest.mark.parametrize("where", [0, 5])
def test_values_that_are_not_finite_spoil_only_their_unit(bad, rule, where):
    values = np.random.default_rng(0).normal(size=(6, 3, 2, 2)).astype(np.float32)
    clean = found(InMemory(values.copy(), 2), rule)
    values[where, 1, 1, 0] = bad
    result = found(InMemory(values, 2), rule)
    assert result.status == ("ok", "nan", "ok")
    assert np.isnan(result.values[1])
    assert result.values[[0, 2]].tolist() == clean.values[[0, 2]].tolist()


def test_a_fixed_threshold_is_the_same_for_all_and_units_are_still_looked_at():
    values = np.zeros((2, 3, 1, 1), np.float32)
    values[:, 1] = [[[1]], [[2]]]
    values[:, 2] = 4
    result = found(InMemory(values), Threshold(None, 0.5))
    assert result.values.tolist() == [0.5] * 3
    assert result.status == ("dead", "ok", "constant")
    assert result.highest.tolist() == [0, 2, 4]


@given(activations(), quantiles)
def test_threads_change_nothing(recorded, quantile):
    positions = zeros_of([recorded.map_shape] * recorded.n_rows)
    one, two = (find_thresholds(recorded, Threshold(quantile), positions, jobs=j) for j in (1, 2))
    assert one.values.tolist() == two.values.tolist()
    assert one.status == two.status


@pytest.mark.parametrize(
    ("quantile", "n", "above"),
    [(0.005, 200, 1), (0.005, 199, 0), (0.29, 100, 29), (0.1, 30, 3), (0.07, 100, 7), (0.5, 3, 1)],
)
def test_the_number_of_values_above_is_exact(quantile, n, above):
    """As written in decimals: 0.29 * 100 is 28.999... in floating point."""
    assert values_above(quantile, n) == above


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantile": 0.1, "fixed": 1.0}, "either a quantile or a fixed"),
        ({"quantile": None}, "either a quantile or a fixed"),
        ({"quantile": 0.0}, "quantile is 0.0"),
        ({"quantile": 1.0}, "quantile is 1.0"),
        ({"quantile": float("nan")}, "quantile is nan"),
        ({"quantile": None, "fixed": float("inf")}, "finite"),
        ({"resolution": "paper"}, "choose 'native' or 'upsampled'"),
    ],
)
def test_bad_rules_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        Threshold(**options)


def test_no_samples_no_thresholds():
    with pytest.raises(DataError, match="at least 1 sample"):
        found(InMemory(np.zeros((0, 2, 3, 3), np.float32)), Threshold())


def test_samples_are_grouped_by_size():
    shapes = np.array([[2, 3], [1, 1], [2, 3], [3, 2]])
    groups = {shape: samples.tolist() for shape, samples in by_shape(shapes)}
    assert groups == {(2, 3): [0, 2], (1, 1): [1], (3, 2): [3]}
    assert [(shape, s.tolist()) for shape, s in by_shape(shapes[:1])] == [((2, 3), [0])]
    assert by_shape(shapes[:0]) == []


@given(activations())
def test_the_lowest_value_is_that_of_all_units(recorded):
    assert lowest_value(recorded) == recorded.values.min()


def test_the_lowest_value_leaves_out_what_is_no_number():
    values = np.array([np.nan, 2.0, 1.0, np.nan], np.float32).reshape(2, 2, 1, 1)
    assert lowest_value(InMemory(values, block_size=1)) == 1
    assert lowest_value(InMemory(np.full((1, 1, 1, 1), np.nan, np.float32))) == np.inf
