"""Statistics that add up: in whatever parts and order, the same to the last bit."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from activation_cases import activations, assert_same, quantiles, recordings
from andornot import Threshold
from andornot.counting.responses import CountBy, LayerCounter, count_responses
from andornot.counting.stores import InMemory
from andornot.counting.thresholds import TopValues, find_thresholds, n_values, values_kept
from strategies import positions_of


def in_parts(recorded, order, join, begin):
    """Push blocks into as many objects as there are, and merge those in some order."""
    parts = []
    for start, block in recorded.blocks():
        part = begin()
        join(part, start, block)
        parts.append(part.state())
    whole = begin()
    for number in order.sample(range(len(parts)), len(parts)):
        whole.merge(parts[number])
    return whole


@given(activations(), quantiles, st.sampled_from(["native", "upsampled"]), st.randoms())
def test_thresholds_add_up_in_any_order(recorded, quantile, resolution, order):
    rule = Threshold(quantile, resolution=resolution)
    shapes = [(3, 5 - i % 2) for i in range(recorded.n_rows)]
    positions = positions_of([np.zeros(shape, np.int32) for shape in shapes])
    n = n_values(rule, recorded.n_rows, recorded.map_shape, positions)
    keep, upsampled = values_kept(rule, n), resolution == "upsampled"

    def join(top, start, block):
        grids = positions.shapes[start : start + len(block)] if upsampled else None
        top.add(block, grids, jobs=1)

    top = in_parts(
        recorded, order, join, lambda: TopValues(recorded.n_units, keep, upsampled)
    ).thresholds(rule)
    whole = find_thresholds(recorded, rule, positions, jobs=1)
    assert top.values.tobytes() == whole.values.tobytes()
    assert top.status == whole.status
    assert top.lowest.tobytes() == whole.lowest.tobytes()
    assert top.highest.tobytes() == whole.highest.tobytes()


@given(activations(), quantiles)
def test_values_below_what_is_known_need_not_be_reported(recorded, quantile):
    n = recorded.values[:, 0].size
    keep = values_kept(Threshold(quantile), n)
    whole = TopValues(recorded.n_units, keep)
    for _, block in recorded.blocks():
        part = TopValues(recorded.n_units, keep, bound=whole.tighten())
        part.add(block, jobs=1)
        whole.merge(part.state())
    expected = np.sort(recorded.values.swapaxes(0, 1).reshape(recorded.n_units, -1), axis=1)
    assert whole.smallest().tolist() == expected[:, -keep].tolist()


def test_a_nan_in_one_part_spoils_its_unit_in_the_whole():
    values = np.ones((3, 2, 1, 1), np.float32)
    values[1, 1] = np.nan
    top = in_parts(
        InMemory(values, 1), random.Random(0), lambda t, _, block: t.add(block, jobs=1),
        lambda: TopValues(2, 2),
    )  # fmt: skip
    found = top.thresholds(Threshold(0.5))
    assert found.status == ("constant", "nan")
    assert np.isnan(found.values).tolist() == [False, True]


@given(recordings(), st.randoms())
def test_counts_add_up_in_any_order(recording, order):
    data, recorded, thresholds = recording
    table = data.table
    count_by = CountBy(table.positions, table.n_atoms, table.n_folds)
    counting = in_parts(
        recorded, order, lambda c, start, block: c.add(start, block, jobs=1),
        lambda: LayerCounter(count_by, thresholds, recorded.n_rows),
    )  # fmt: skip
    counted, whole = counting.finish(), count_responses(recorded, thresholds, table, jobs=1)
    assert_same(counted.responses, whole.responses)
    assert counted.areas.tolist() == whole.areas.tolist()
    assert counted.peaks.tolist() == whole.peaks.tolist()
