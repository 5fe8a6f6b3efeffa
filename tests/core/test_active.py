"""Lists of active positions, and thresholds without each fold, against masks written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from activation_cases import activations, quantiles, recordings
from andornot.counting import active as module
from andornot.counting.active import list_maps, list_masks, list_rows, ranks_of
from andornot.counting.stores import InMemory
from andornot.counting.thresholds import Threshold, find_fold_thresholds
from andornot.counting.upsample import upsample
from strategies import positions_of

LEVELS = st.sampled_from([-2.0, -1.0, 0.0, 0.25, 0.5, 0.6, 0.7, 1.0, 2.0, np.nan, np.inf])


def thresholds_for(data, units, at_most=5):
    """Thresholds of each unit in any order: equal ones, NaN, above all and below all values."""
    n = data.draw(st.integers(1, at_most))
    row = st.lists(LEVELS, min_size=n, max_size=n)
    return np.array(data.draw(st.lists(row, min_size=units, max_size=units)))


def written_out(listed, positions, needed):
    """Masks sample by sample from the runs of a unit whose rank is at least this."""
    masks = [np.zeros(shape, bool) for shape in positions.shapes.tolist()]
    for k, sample in enumerate(listed.samples.tolist()):
        for at in range(listed.starts[k], listed.starts[k + 1]):
            if listed.ranks[at] >= needed:
                first, width = int(listed.firsts[at]), int(listed.widths[at])
                own = masks[sample].reshape(-1)
                assert not own[first : first + width].any(), "a position is listed once"
                own[first : first + width] = True
    return masks


def assert_lists(listed, positions, expected):
    """A list says the same as ``expected[threshold][sample]``, and is in order."""
    assert (np.diff(listed.samples) > 0).all()
    assert (np.diff(listed.starts) > 0).all(), "a sample without a run is not listed"
    assert listed.starts[-1] == len(listed.firsts) == len(listed.widths) == len(listed.ranks)
    for k in range(len(listed.samples)):
        own = slice(listed.starts[k], listed.starts[k + 1])
        columns = positions.shapes[listed.samples[k], 1]
        firsts, widths = listed.firsts[own], listed.widths[own]
        assert (firsts % columns + widths <= columns).all(), "a run stays in its row"
        assert (np.diff(firsts) > 0).all()
    for needed, masks in zip(listed.needed, expected, strict=True):
        for found, mask in zip(written_out(listed, positions, needed), masks, strict=True):
            assert found.tolist() == mask.tolist()


def dense(recorded, unit, positions, threshold):
    """The masks of one unit over the grids of the samples."""
    return [
        upsample(recorded.values[i, unit], *shape) > threshold
        for i, shape in enumerate(positions.shapes.tolist())
    ]


@given(recordings(), st.data())
def test_maps_are_listed_as_their_upsampled_masks(recording, data):
    cases, recorded, _ = recording
    positions, units = cases.table.positions, list(range(recorded.n_units))[::-1]
    thresholds = thresholds_for(data, len(units))
    found = list_maps(recorded, thresholds, positions, units, jobs=1)
    for listed, unit, row in zip(found, units, thresholds, strict=True):
        assert_lists(listed, positions, [dense(recorded, unit, positions, t) for t in row])
        spelt = listed.spelt_out
        sample = np.repeat(spelt.samples, np.diff(spelt.starts))
        for needed, t in zip(listed.needed, row, strict=True):
            flat = np.concatenate([m.ravel() for m in dense(recorded, unit, positions, t)])
            there = (positions.offsets[sample] + spelt.positions)[spelt.ranks >= needed]
            assert there.tolist() == np.flatnonzero(flat).tolist()


@given(recordings(), st.data())
def test_folds_choose_among_the_thresholds(recording, data):
    """Under the threshold of its fold each sample is active where its mask is."""
    cases, recorded, _ = recording
    positions, folds = cases.table.positions, np.array(cases.folds, np.int32)
    n = cases.table.n_folds
    row = data.draw(st.lists(LEVELS, min_size=n + 1, max_size=n + 1))
    (listed,) = list_maps(recorded, np.array([row]), positions, [0], jobs=1)
    expected = [dense(recorded, 0, positions, row[f])[i] for i, f in enumerate(folds)]
    under = listed.under(folds)
    assert (np.diff(under.samples) > 0).all()
    found = [np.zeros(shape, bool) for shape in positions.shapes.tolist()]
    for k, sample in enumerate(under.samples.tolist()):
        own = under.positions[under.starts[k] : under.starts[k + 1]]
        assert len(own)
        assert (np.diff(own) > 0).all()
        found[sample].reshape(-1)[own] = True
    assert [m.tolist() for m in found] == [m.tolist() for m in expected]


@given(recordings(), st.data())
def test_positions_can_be_told_one_by_one(recording, data):
    cases, recorded, _ = recording
    positions = cases.table.positions
    thresholds = thresholds_for(data, 1)
    (listed,) = list_maps(recorded, thresholds, positions, [0], jobs=1)
    alone = listed.one_by_one(positions)
    for needed, t in zip(alone.needed, thresholds[0], strict=True):
        flat = np.concatenate([m.ravel() for m in dense(recorded, 0, positions, t)])
        there = alone.samples[alone.ranks >= needed]
        assert there.tolist() == np.flatnonzero(flat).tolist()
    assert_lists(alone, positions.each_alone(), [
        [m.reshape(1, 1) for m in np.concatenate([m.ravel() for m in dense(
            recorded, 0, positions, t)])]
        for t in thresholds[0]
    ])  # fmt: skip


@given(recordings(max_samples=4), st.integers(1, 9), st.sampled_from([1, 3]))
def test_lists_do_not_hang_on_blocks_cuts_or_threads(recording, at_once, jobs):
    cases, recorded, thresholds = recording
    positions, units = cases.table.positions, list(range(recorded.n_units))
    rows = np.stack([thresholds, thresholds - 0.5], axis=1)
    whole = list_maps(InMemory(recorded.values, block_size=99), rows, positions, units, jobs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_POSITIONS_AT_ONCE", at_once)
        parts = list_maps(recorded, rows, positions, units, jobs=jobs)
    for one, other in zip(whole, parts, strict=True):
        for name in ("samples", "starts", "firsts", "widths", "ranks", "needed"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()


@pytest.mark.parametrize(("native", "shape"), [((7, 7), (112, 112)), ((30, 20), (3, 5))])
def test_large_maps_and_maps_larger_than_their_grids(native, shape):
    rng = np.random.default_rng(0)
    recorded = InMemory(rng.normal(size=(5, 2, *native)).astype(np.float32))
    positions = positions_of([np.zeros(shape, int), np.zeros((9, 11), int)] * 2 + [np.zeros(shape)])
    thresholds = np.array([[0.4, -0.2, np.nan, 0.4], [0.0, 1.5, -9.0, 9.0]])
    found = list_maps(recorded, thresholds, positions, [0, 1], jobs=1)
    for unit, (listed, row) in enumerate(zip(found, thresholds, strict=True)):
        assert_lists(listed, positions, [dense(recorded, unit, positions, t) for t in row])


SENTENCES = st.lists(st.integers(1, 5), min_size=1, max_size=5)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=5).filter(sum), st.data())
def test_rows_of_tokens_are_listed_as_their_masks(lengths, data):
    positions = positions_of([np.zeros((1, n), int) for n in lengths])
    n, units = sum(lengths), [2, 0]
    values = data.draw(st.lists(LEVELS.filter(np.isfinite), min_size=3 * n, max_size=3 * n))
    block = np.array(values, np.float32).reshape(n, 3, 1, 1)
    thresholds = thresholds_for(data, 2)
    recorded = InMemory(block, block_size=data.draw(st.integers(1, 4)))
    starts = np.cumsum(lengths)[:-1]
    found = list_rows(recorded, thresholds, positions, units)
    for listed, unit, row in zip(found, units, thresholds, strict=True):
        masks = [np.split(block[:, unit, 0, 0] > t, starts) for t in row]
        assert_lists(listed, positions, [[m[None] for m in own] for own in masks])


@given(recordings(), st.integers(0, 9))
def test_masks_are_active_under_all_thresholds(recording, seed):
    positions = recording[0].table.positions
    masks = np.random.default_rng(seed).random((2, len(positions.codes))) < 0.5
    masks[1] = False
    for listed, mask in zip(list_masks(masks, positions, 3), masks, strict=True):
        parts = np.split(mask, positions.offsets[1:-1])
        shaped = [p.reshape(s) for p, s in zip(parts, positions.shapes, strict=True)]
        assert_lists(listed, positions, [shaped] * 3)


@given(st.lists(LEVELS, min_size=1, max_size=8), LEVELS.filter(np.isfinite))
def test_a_rank_says_which_thresholds_a_value_exceeds(thresholds, value):
    steps, needed = ranks_of(np.array(thresholds))
    rank = int((value > steps).sum())
    assert [rank >= own for own in needed.tolist()] == [value > t for t in thresholds]


def test_more_folds_than_a_byte_can_count():
    """Each of 300 folds has a threshold of its own, as where each sample is left out once."""
    recorded = InMemory(np.linspace(0, 1, 400, dtype=np.float32).reshape(4, 1, 10, 10))
    positions = positions_of([np.zeros((10, 10), int)] * 4)
    thresholds = np.linspace(-0.1, 1.1, 300)
    (listed,) = list_maps(recorded, thresholds[None], positions, [0], jobs=1)
    assert_lists(listed, positions, [dense(recorded, 0, positions, t) for t in thresholds])
    rows = InMemory(recorded.values.reshape(400, 1, 1, 1))
    (listed,) = list_rows(rows, thresholds[None], positions, [0])
    assert_lists(listed, positions, [dense(recorded, 0, positions, t) for t in thresholds])


def without_each_fold(values, folds, quantile):
    """The threshold of the samples of all other folds, by fold; None where there are none."""
    found: list[Any] = []
    for fold in range(max(folds) + 1):
        kept = [v.ravel() for v, f in zip(values, folds, strict=True) if f != fold]
        found.append(naive.threshold(np.concatenate(kept), quantile) if kept else None)
    return found


def assert_thresholds(found, expected):
    assert found.shape == (len(expected), len(expected[0]))
    for own, row in zip(found.tolist(), expected, strict=True):
        for value, twin in zip(own, row, strict=True):
            assert np.isnan(value) if twin is None else value == twin


@given(activations(), quantiles, st.data())
def test_native_thresholds_without_each_fold(recorded, quantile, data):
    folds = data.draw(
        st.lists(st.integers(0, 3), min_size=recorded.n_rows, max_size=recorded.n_rows)
    )
    positions = positions_of([np.zeros((2, 2), int)] * recorded.n_rows, np.array(folds))
    found = find_fold_thresholds(recorded, Threshold(quantile), positions, jobs=1)
    expected = [
        without_each_fold(list(recorded.values[:, u]), folds, quantile)
        for u in range(recorded.n_units)
    ]
    assert_thresholds(found, expected)


@given(recordings(), quantiles)
def test_upsampled_thresholds_without_each_fold(recording, quantile):
    cases, recorded, _ = recording
    positions = cases.table.positions
    rule = Threshold(quantile, resolution="upsampled")
    found = find_fold_thresholds(recorded, rule, positions, jobs=1)
    expected = []
    for u in range(recorded.n_units):
        shapes = enumerate(positions.shapes.tolist())
        maps = [upsample(recorded.values[i, u], *shape) for i, shape in shapes]
        expected.append(without_each_fold(maps, cases.folds, quantile))
    assert_thresholds(found, expected)


@given(SENTENCES, quantiles, st.data())
def test_thresholds_of_rows_without_each_fold(lengths, quantile, data):
    n = len(lengths)
    folds = data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    positions = positions_of([np.zeros((1, k), int) for k in lengths], np.array(folds))
    values = np.random.default_rng(sum(lengths)).integers(0, 5, sum(lengths)).astype(np.float32)
    found = find_fold_thresholds(
        InMemory(values.reshape(-1, 1, 1, 1), block_size=2), Threshold(quantile), positions, jobs=1
    )
    per_row = np.repeat(folds, lengths).tolist()
    assert_thresholds(found, [without_each_fold(list(values[:, None]), per_row, quantile)])


def test_a_fixed_threshold_and_values_that_are_not_finite():
    values = np.ones((4, 2, 2, 2), np.float32)
    values[1, 0, 0, 0] = np.nan
    positions = positions_of([np.zeros((2, 2), int)] * 4, np.array([0, 1, 0, 2]))
    recorded = InMemory(values)
    assert (find_fold_thresholds(recorded, Threshold(None, 0.5), positions) == 0.5).all()
    found = find_fold_thresholds(recorded, Threshold(0.3), positions, jobs=1)
    # without the fold of the broken sample the unit is whole
    assert np.isnan(found[0]).tolist() == [True, False, True]
    assert (found[1] == 1).all()
