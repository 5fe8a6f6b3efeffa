"""Bilinear upsampling, against a pixel-by-pixel twin and against torch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import naive
from andornot.counting.upsample import axis, upsample

sides = st.integers(1, 9)
maps = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 2), st.integers(1, 6), st.integers(1, 6)),
    elements=st.floats(-1e3, 1e3, width=32),
)


@given(maps, sides, sides)
def test_upsampling_equals_the_slow_twin(values, height, width):
    """To larger and to smaller sizes, along each axis on its own."""
    got = upsample(values, height, width)
    assert got.shape == (len(values), height, width)
    assert got.dtype == np.float64
    for one, expected in zip(got, values, strict=True):
        slow = naive.upsample(expected.astype(np.float64), height, width)
        np.testing.assert_allclose(one, slow, rtol=1e-12, atol=1e-12 * np.abs(values).max())


@given(maps, sides, sides)
def test_upsampling_equals_torch(values, height, width):
    torch = pytest.importorskip("torch")
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(values.astype(np.float64))[None],
        size=(height, width),
        mode="bilinear",
        align_corners=False,
    )[0].numpy()
    got = upsample(values, height, width)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12 * np.abs(values).max())


@given(maps)
def test_the_same_size_changes_nothing(values):
    assert np.array_equal(upsample(values, *values.shape[1:]), values)


@given(st.floats(-1000, 1000, width=32), sides, sides, sides, sides)
def test_flat_areas_keep_the_very_value(value, h, w, height, width):
    flat = np.full((h, w), value, np.float32)
    assert (upsample(flat, height, width) == np.float64(np.float32(value))).all()


@given(st.integers(1, 40), st.integers(1, 40))
def test_an_axis_places_every_index_once(native, size):
    found = axis(native, size)
    assert found.starts[0] == 0
    assert found.starts[-1] == size
    assert (np.diff(found.starts) >= 0).all()
    assert ((found.weights >= 0) & (found.weights < 1)).all()
    assert (found.weights[found.starts[-2] :] == 0).all(), "nothing lies beyond the last value"
