"""Thresholds that cut through nearly equal values: found where planted, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import naive
from andornot.counting.plateaus import count_near, find_plateaus
from andornot.counting.stores import InMemory
from andornot.results.plateau import Plateau

N = 20_000


def plateaus(values: np.ndarray, quantile: float = 0.005) -> list[Plateau | None]:
    """The plateau of each unit, ``values`` being ``(values, units)``."""
    recorded = InMemory(values.astype(np.float32)[:, :, None, None])
    ordered = np.sort(values.astype(np.float32), axis=0)
    thresholds = ordered[-int(quantile * len(values)) - 1].astype(np.float64)
    within, counts = find_plateaus(recorded, thresholds, ordered[[0, -1]], jobs=1)
    return [
        Plateau(float(w), *c.tolist()) if np.isfinite(w) else None
        for w, c in zip(within, counts, strict=True)
    ]


@given(
    hnp.arrays(np.float32, (12, 2), elements=st.integers(-4, 4).map(float)),
    st.integers(-4, 4),
    st.integers(0, 3),
)
def test_counts_are_those_of_plain_loops(values, threshold, within):
    recorded = InMemory(values[:, :, None, None], block_size=5)
    found = count_near(
        recorded, np.array([float(threshold), np.nan]), np.full(2, float(within)), jobs=1
    )
    assert found[0].tolist() == naive.near_threshold(values[:, 0], threshold, within)
    # a unit without a threshold is not asked for
    assert found[1].tolist() == [0, 0, 0]


def bell(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=N)


def behind_relu(rng: np.random.Generator) -> np.ndarray:
    return np.maximum(rng.normal(size=N) - 1, 0)


def hardly_ever(rng: np.random.Generator) -> np.ndarray:
    """Above 0 less often than the quantile, so that the threshold is 0."""
    return np.where(rng.random(N) < 0.003, rng.exponential(size=N), 0)


def with_outliers(rng: np.random.Generator) -> np.ndarray:
    """A few huge values: 1 % of the range is more than all others spread over."""
    values = rng.normal(size=N)
    values[:5] = 1_000
    return values


def long_tail(rng: np.random.Generator) -> np.ndarray:
    return rng.exponential(size=N) ** 2


def two_values(rng: np.random.Generator) -> np.ndarray:
    """On or off, and more often on than the quantile: it is the lower edge that cuts."""
    return np.where(rng.random(N) < 0.004, 1 + 1e-4 * rng.normal(size=N), 0)


@pytest.mark.parametrize(
    "values", [bell, behind_relu, hardly_ever, with_outliers, long_tail, two_values]
)
@pytest.mark.parametrize("quantile", [0.005, 0.1])
def test_ordinary_units_have_none(values, quantile):
    own = values(np.random.default_rng(0))
    assert plateaus(own[:, None], quantile) == [None]


def saturated(rng: np.random.Generator) -> np.ndarray:
    """A sigmoid that is on in a third of all places, where only a ripple is left."""
    return np.where(rng.random(N) < 0.3, 1 - 1e-3 * rng.random(N), 0.1 * rng.random(N))


def half_way(rng: np.random.Generator) -> np.ndarray:
    """Half of the values are nearly equal, and a few lie far above."""
    values = np.where(rng.random(N) < 0.5, 0.5 + 1e-3 * rng.normal(size=N), 0)
    values[rng.random(N) < 0.001] = 3
    return values


@pytest.mark.parametrize("values", [saturated, half_way])
@pytest.mark.parametrize("quantile", [0.005, 0.1])
def test_planted_plateaus_are_found(values, quantile):
    own = values(np.random.default_rng(0))
    (found,) = plateaus(own[:, None], quantile)
    assert found is not None
    threshold = np.sort(own.astype(np.float32))[-int(quantile * N) - 1]
    assert found.active == np.sum(own.astype(np.float32) > threshold)
    assert 2 * found.above <= found.active <= found.below / 2
    assert "nearly equal values" in str(found)


def test_units_do_not_disturb_each_other():
    rng = np.random.default_rng(1)
    both = np.stack([bell(rng), saturated(rng), bell(rng)], axis=1)
    found = plateaus(both)
    assert [one is None for one in found] == [True, False, True]
    assert found[1] == plateaus(both[:, 1:2])[0]


def test_few_values_are_no_plateau():
    own = saturated(np.random.default_rng(0))[:1_000]
    # 5 values above the threshold: three of them decide nothing
    assert plateaus(own[:, None]) == [None]


def test_a_plateau_comes_back_from_plain_data():
    one = Plateau(0.002, 400, 3, 2_000)
    assert Plateau.from_dict(one.as_dict()) == one
