"""Values along directions: a plain sum, unit by unit, whatever shares a batch with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot.counting.directions import along


def naive(values, weights):
    """The same sum at one position after another, in Python's own floats."""
    rows, units, height, width = values.shape
    found = np.zeros((rows, weights.shape[1], height, width), np.float32)
    for row, k, y, x in np.ndindex(found.shape):
        total = -0.0
        for unit in range(units):
            if weights[unit, k] != 0:
                total += float(values[row, unit, y, x]) * float(weights[unit, k])
        found[row, k, y, x] = total
    return found


@given(st.tuples(*[st.integers(1, 4)] * 5), st.integers(0, 2**32 - 1), st.booleans())
def test_values_are_those_of_a_plain_sum(shape, seed, broken):
    rng = np.random.default_rng(seed)
    rows, units, height, width, count = shape
    values = rng.standard_normal((rows, units, height, width), np.float32)
    weights = rng.standard_normal((units, count)) * rng.integers(0, 2, (units, count))
    if broken:
        values[rng.random(values.shape) < 0.1] = rng.choice([np.nan, np.inf, -np.inf])
    with np.errstate(invalid="ignore"):
        assert np.array_equal(along(values, weights), naive(values, weights), equal_nan=True)


@pytest.mark.parametrize("size", [1, 3, 7, 32])
@pytest.mark.parametrize("count", [1, 5, 16, 33])
def test_batches_of_any_size_give_the_same_bits(size, count):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((65, 96, 2, 3), np.float32)
    weights = rng.standard_normal((96, count))
    whole = along(values, weights)
    parts = [along(values[i : i + size], weights) for i in range(0, 65, size)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    turned = along(values.transpose(0, 1, 3, 2), weights)  # nor do they hang on how arrays lie
    assert turned.transpose(0, 1, 3, 2).tobytes() == whole.tobytes()
    assert (along(values, -weights) == -whole).all()
    product = np.einsum("nuyx,uk->nkyx", values.astype(np.float64), weights)
    assert np.allclose(whole, product, rtol=1e-5, atol=1e-5)


def test_the_identity_gives_the_units_themselves_and_spoils_no_other():
    values = np.random.default_rng(0).standard_normal((4, 5, 2, 2), np.float32)
    values[1, 2] = np.nan
    values[3, 4] = -np.inf
    values[0, 1, 0] = -0.0, 0.0
    assert along(values, np.eye(5)).tobytes() == values.tobytes()


def test_no_rows_and_numbers_beyond_float32():
    assert along(np.zeros((0, 3, 2, 2), np.float32), np.ones((3, 4))).shape == (0, 4, 2, 2)
    assert np.isposinf(along(np.ones((1, 1, 1, 1), np.float32), np.array([[1e300]]))).all()
