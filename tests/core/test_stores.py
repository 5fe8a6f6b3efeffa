"""Recorded activations as an array: every index gives what it gives of the plain array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
from andornot.counting import stores
from andornot.counting.stores import Shards
from andornot.errors import DamagedError, OutOfRangeError, RunError

SHAPE = (11, 3, 2, 4)
VALUES = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
PARTS = [(0, 4), (4, 5), (5, 11)]


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Shards:
    store = Shards(tmp_path_factory.mktemp("shards"))
    for first, last in PARTS:
        store.append(first, VALUES[first:last])
    return store


def test_it_looks_like_an_array(stored):
    assert (stored.shape, stored.dtype, stored.ndim) == (SHAPE, np.float32, 4)
    assert len(stored) == 11
    assert stored.size == VALUES.size
    whole = np.asarray(stored)
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(whole, VALUES)
    assert np.asarray(stored, np.float64).dtype == np.float64
    np.testing.assert_array_equal(np.mean(stored, axis=0), VALUES.mean(axis=0))
    np.testing.assert_array_equal(list(stored), VALUES)
    with pytest.raises(ValueError, match="leave copy out"):
        np.array(stored, copy=False)


def axis_index(n: int) -> st.SearchStrategy[Any]:
    """An index for an axis of ``n``, which may also lead to nothing."""
    number = st.integers(-n - 1, n)
    return st.one_of(
        number,
        number.map(np.int64),
        st.slices(n),
        st.just(slice(None)),
        st.lists(number, max_size=4),
        st.lists(number, min_size=1, max_size=3).map(np.array),
        st.lists(st.booleans(), min_size=n, max_size=n).map(np.array),
        st.lists(st.booleans(), min_size=1, max_size=n + 1),
    )


@st.composite
def keys(draw) -> Any:
    parts: list[Any] = [draw(axis_index(n)) for n in SHAPE[: draw(st.integers(0, 4))]]
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), draw(st.sampled_from([..., None, 0])))
    return parts[0] if len(parts) == 1 and draw(st.booleans()) else tuple(parts)


@given(keys())
def test_every_index_gives_what_it_gives_of_the_array(stored, key):
    try:
        expected = VALUES[key]
    except (IndexError, ValueError):
        with pytest.raises(OutOfRangeError, match="cannot be indexed by"):
            stored[key]
        return
    found = stored[key]
    assert type(found) is type(expected) or np.ndim(found) == 0
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "key", [VALUES[:, 0, 0, 0] > 0, VALUES > 0, VALUES[:, :, 0, 0] > 0, True, (0, VALUES[0] > 0)]
)
def test_masks_over_several_axes(stored, key):
    np.testing.assert_array_equal(stored[key], VALUES[key])


@pytest.mark.parametrize("key", ["a", 1.5, (0, "a"), {}, slice("a"), (..., ...), (0,) * 5])
def test_what_is_no_index_is_told_in_a_sentence(stored, key):
    with pytest.raises(OutOfRangeError, match="cannot be indexed by") as caught:
        stored[key]
    assert "\n" not in str(caught.value)


def test_only_the_files_that_an_index_needs_are_read(stored, monkeypatch):
    opened: list[int] = []
    mapped = stores._Shard.mapped
    monkeypatch.setattr(stores._Shard, "read", lambda self: pytest.fail("read whole"))
    stored.shape  # noqa: B018 (the first file tells the shape)

    def noted(shard):
        opened.append(shard.start)
        return mapped(shard)

    monkeypatch.setattr(stores._Shard, "mapped", noted)
    for key, starts in ((4, {4}), (slice(6, 9), {5}), ([10, 0], {0, 5}), ((slice(4), 1), {0})):
        opened.clear()
        stored[key]
        assert set(opened) - {0} == starts - {0}, key  # the first file tells the shape


def test_what_is_given_is_a_copy_that_may_be_changed(stored):
    for key in (0, slice(2), [1, 2], (slice(None), 1)):
        stored[key][...] = 7
    np.testing.assert_array_equal(np.asarray(stored), VALUES)


def test_a_damaged_file_is_told_of_by_every_way_to_read_it(tmp_path):
    store = Shards(tmp_path)
    store.append(0, VALUES)
    (path,) = store.paths
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    for read in (np.asarray, list, lambda a: a[0], lambda a: a[:2], lambda a: a[[1]]):
        with pytest.raises(DamagedError):
            read(store)


def test_a_store_of_nothing_says_so(tmp_path):
    with pytest.raises(RunError, match="holds no recorded activations"):
        Shards(tmp_path)[0]
    assert len(Shards(tmp_path)) == 0


def test_activations_are_not_masks(stored):
    table = andornot.ConceptTable.from_masks(np.ones((1, 11, 2, 4), np.bool_), ["a"])
    with pytest.raises(
        andornot.AndornotError, match=r"have dtype float32 and hold .*; give booleans"
    ):
        andornot.explain(stored, table)


def test_shards_with_gaps_are_known_cut_and_dropped(tmp_path):
    store = Shards(tmp_path)
    values = np.arange(20, dtype=np.float32).reshape(20, 1, 1, 1)
    for start, stop in ((0, 6), (10, 14), (14, 20)):
        store.append(start, values[start:stop])
    assert store.n_rows == 6
    assert store.covers(0, 6)
    assert store.covers(10, 20)
    assert not store.covers(6, 10)
    assert not store.covers(10, 15)
    store.cut(4)
    assert store.n_rows == 4
    assert store.rows(0, 4).ravel().tolist() == [0, 1, 2, 3]
    store.drop(10, 14)
    assert store.covers(14, 20)
    store.append(4, values[4:14])
    assert [block.tolist() for _, block in store.blocks()] == [
        values[a:b].tolist() for a, b in ((0, 4), (4, 14), (14, 20))
    ]
