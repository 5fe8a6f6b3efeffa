"""Bilinear upsampling, against a pixel-by-pixel twin, against torch, and in the kernels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import naive
from andornot.counting import kernels
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


@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.just(1), st.integers(1, 5), st.integers(1, 5)),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    ),
    sides,
    sides,
)
def test_no_value_lies_beyond_its_corners_not_even_by_rounding(values, height, width):
    """Else a cell could be skipped where a position is active."""
    got = upsample(values, height, width)
    assert got.max() <= values.max()
    assert got.min() >= values.min()


@given(st.integers(1, 300), st.integers(1, 300))
def test_no_weight_is_closer_to_one_than_the_bound_allows(native, size):
    assert axis(native, size).weights.max() <= 1 - 2.0**-52


@given(maps, sides, sides, st.data())
def test_every_kernel_sees_the_very_same_values(values, height, width, data):
    """A threshold that is a value itself is where a difference in the last bit would show."""
    full = upsample(values, height, width)
    threshold = float(data.draw(st.sampled_from(np.unique(full).tolist())))
    rows, columns = axis(values.shape[1], height), axis(values.shape[2], width)
    grid = rows.starts, rows.weights, columns.starts, columns.weights
    n, size = len(values), height * width
    samples, peaks = np.arange(n), values.max(axis=(1, 2))
    codes, places = np.zeros(n * size, np.uint16), np.arange(n + 1)

    seen, touched = np.zeros((2, n), np.int64)
    kernels.count_unit(
        values, peaks, threshold, samples, *grid, codes, places * size, places, np.arange(n), seen,
        touched, np.zeros(n, np.int32), np.zeros(1, np.int64), np.empty((2, width)),
    )  # fmt: skip
    active = (full > threshold).sum(axis=(1, 2))
    assert seen.tolist() == active.tolist()

    keys, counts = kernels.count_pairs(
        values, peaks, threshold, places, samples, np.zeros(n, np.int64), *grid, codes,
        places * size, places, np.arange(n, dtype=np.int32), n,
    )  # fmt: skip
    assert np.bincount(keys, counts, minlength=n).tolist() == active.tolist()

    keep = data.draw(st.integers(1, n * size))
    top, held, bound = np.empty(2 * keep), np.zeros(1, np.int64), np.full(1, -np.inf)
    kernels.push_upsampled(values, samples, *grid, top, held, bound, keep)
    largest = np.sort(full.ravel())[::-1][:keep]
    assert sorted(top[: held[0]], reverse=True)[:keep] == largest.tolist()

    bins, sums = np.zeros((2, 9), np.int64), np.zeros((2, 9))
    kernels.add_to_profile(
        values, samples, *grid, codes, places * size, places, np.zeros(n, np.uint8),
        float(values.min()), threshold, float(values.max()), bins, sums,
    )  # fmt: skip
    assert bins[0, 5:].sum() == active.sum()
    assert bins.sum() == n * size
