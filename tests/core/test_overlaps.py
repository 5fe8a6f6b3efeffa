"""The nearest units by the overlap of their masks, against sets of positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from activation_cases import recordings
from andornot.concepts.positions import AtomMap
from andornot.counting import overlaps as module
from andornot.counting.overlaps import GivenMasks, LayerUnits, MapMasks, RowMasks, nearest_masks
from andornot.counting.stores import InMemory
from andornot.counting.upsample import upsample


@dataclass(frozen=True)
class Recorded(InMemory):
    """An array as recorded activations are asked: by rows."""

    def rows(self, first, last):
        return np.ascontiguousarray(self.values[first:last])


def told(found):
    """As the twin tells it; what is left is empty."""
    assert ((found.others >= 0) == (found.shared > 0)).all()
    return [
        [(int(v), int(n)) for v, n in zip(others, shared, strict=True) if v >= 0]
        for others, shared in zip(found.others, found.shared, strict=True)
    ]


def assert_nearest(found, masks, n):
    """As sets of positions say."""
    assert found.totals.tolist() == [len(own) for own in masks]
    assert told(found) == naive.nearest(masks, n)
    for unit, own in enumerate(masks):
        ious = [len(own & masks[v]) / len(own | masks[v]) for v, _ in naive.nearest(masks, n)[unit]]
        assert found.iou(unit).tolist() == ious


@pytest.fixture(autouse=True, params=["at once", "bit by bit"])
def room(request, monkeypatch):
    """All at once, and with room for next to nothing: a sample, and the counts of a unit."""
    if request.param == "bit by bit":
        monkeypatch.setattr(module, "_WORDS", 1)
        monkeypatch.setattr(module, "_COUNTS", 1)


boolean = st.integers(1, 6).flatmap(
    lambda units: st.integers(1, 150).flatmap(
        lambda n: st.integers(0, 2**32).map(
            lambda seed: np.random.default_rng(seed).random((units, n)) < 0.4
        )
    )
)


@given(boolean, st.integers(1, 4), st.integers(1, 3))
def test_given_masks_equal_sets_of_positions(masks, n, jobs):
    found = nearest_masks(GivenMasks(masks), n, jobs)
    assert_nearest(found, [set(np.flatnonzero(mask).tolist()) for mask in masks], n)


def active(recorded, thresholds, shapes):
    """The set of active positions of each unit, written out map by map."""
    masks = []
    for unit, threshold in enumerate(thresholds):
        own = set()
        for s, (height, width) in enumerate(shapes):
            values = recorded.values[s, unit]
            if not np.isnan(values).any():
                mask = upsample(values, height, width) > threshold
                own |= {(s, i, j) for i, j in np.argwhere(mask).tolist()}
        masks.append(own)
    return masks


@given(recordings(), st.data())
def test_units_with_maps_equal_sets_of_positions(recording, data):
    """Units of two layers of different resolution, on samples of different sizes."""
    drawn, recorded, thresholds = recording
    sides = st.integers(1, 21)
    shapes = np.array(data.draw(st.lists(st.tuples(sides, sides), min_size=len(drawn.maps),
                                         max_size=len(drawn.maps))))  # fmt: skip
    n = len(shapes)
    zeros = np.zeros(n, np.int32)
    positions = AtomMap(shapes, np.arange(n + 1), zeros, np.zeros(0, np.uint16), zeros)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    other: Any = Recorded(rng.normal(size=(n, 2, 3, 2)).astype(np.float32))
    first: Any = Recorded(recorded.values)
    chosen = np.array(data.draw(st.permutations(range(len(thresholds)))))
    layers = [
        LayerUnits(first, thresholds, chosen),
        LayerUnits(other, np.array([0.2, -0.1]), np.arange(2)),
    ]
    own = active(first, thresholds, shapes)
    masks = [own[u] for u in chosen] + active(other, [0.2, -0.1], shapes)
    assert_nearest(nearest_masks(MapMasks(layers, positions, 2), 3), masks, 3)


def test_a_map_with_a_nan_is_active_nowhere():
    values = np.ones((1, 2, 2, 2), np.float32)
    values[0, 1, 0, 0] = np.nan
    positions = AtomMap(np.array([[4, 4]]), np.arange(2), np.zeros(1, np.int32),
                        np.zeros(16, np.uint16), np.zeros(1, np.int32))  # fmt: skip
    maps: Any = Recorded(values)
    layer = LayerUnits(maps, np.zeros(2), np.arange(2))
    found = nearest_masks(MapMasks([layer], positions), 1)
    assert found.totals.tolist() == [16, 0]
    assert found.others.tolist() == [[-1], [-1]]


@given(st.integers(0, 99), st.integers(1, 200))
def test_units_with_rows_equal_sets_of_positions(seed, n):
    rng = np.random.default_rng(seed)
    values = rng.integers(-2, 3, (n, 4, 1, 1)).astype(np.float32)
    values[rng.random(values.shape) < 0.05] = np.nan
    thresholds = np.array([0.0, 0.5, np.nan, -1.0])
    chosen = np.array([3, 0, 1])
    rows: Any = Recorded(values)
    layer = LayerUnits(rows, thresholds, chosen)
    masks = [set(np.flatnonzero(values[:, u, 0, 0] > thresholds[u]).tolist()) for u in chosen]
    assert_nearest(nearest_masks(RowMasks([layer], n), 3), masks, 3)


def test_equal_overlaps_come_in_the_order_of_units():
    masks = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0]], bool)
    found = nearest_masks(GivenMasks(masks), 4)
    assert found.others[0].tolist() == [1, 2, 4, -1]
    assert found.shared[0].tolist() == [1, 1, 1, 0]
    assert found.iou(0).tolist() == [0.5, 0.5, 0.5]
    assert len(found.iou(3)) == 0
