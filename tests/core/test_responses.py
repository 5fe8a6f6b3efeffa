"""Responses: the fused count of active positions, against dense boolean masks."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import naive
from activation_cases import assert_same, recordings
from andornot.concepts.table import ConceptTable
from andornot.counting import responses as module
from andornot.counting.responses import Responses, count_responses
from andornot.counting.stores import InMemory
from andornot.counting.upsample import upsample
from andornot.errors import DataError
from strategies import cases


def test_the_matrix_has_a_row_for_each_unit_and_a_column_for_each_atom():
    concepts = ConceptTable.from_masks([[True, True, False, False]], ["a"])
    masks = np.array([[True, False, True, True], [False] * 4, [False, True, False, False]])
    responses = Responses.from_masks(masks, concepts)
    matrix = responses.matrix()
    assert matrix.dtype == np.int64
    assert matrix.shape == (responses.n_units, responses.n_atoms)
    for unit, row in enumerate(matrix.toarray()):
        assert (row == responses.unit_folds(unit).sum(axis=1)).all()


def dense(data, recorded, thresholds, resize=upsample):
    """For each unit and sample the mask over its positions, one by one."""
    return [
        [
            resize(recorded.values[i, u].astype(np.float64), *maps.shape[1:]) > threshold
            for i, maps in enumerate(data.maps)
        ]
        for u, threshold in enumerate(thresholds)
    ]


def tally(responses, table, unit):
    """Active positions of a unit by atom and fold."""
    folds = responses.unit_folds(unit)
    return Counter({(a, f): int(folds[a, f]) for a, f in zip(*np.nonzero(folds), strict=True)})


def expected_tally(data, table, masks):
    counts = Counter()
    for i, (mask, fold) in enumerate(zip(masks, data.folds, strict=True)):
        counts.update((atom, fold) for atom in table.positions.sample(i)[mask].tolist())
    return counts


@given(recordings())
def test_the_fused_count_equals_dense_masks(recording):
    data, recorded, thresholds = recording
    table = data.table
    counted = count_responses(recorded, thresholds, table, jobs=1)
    masks = dense(data, recorded, thresholds)
    for u in range(recorded.n_units):
        assert tally(counted.responses, table, u) == expected_tally(data, table, masks[u])
        assert counted.areas[:, u].tolist() == [int(m.sum()) for m in masks[u]]
        assert counted.responses.totals[u] == sum(int(m.sum()) for m in masks[u])
        atoms, counts = counted.responses.unit(u)
        assert (np.diff(atoms) > 0).all()
        assert (counts > 0).all()
    assert counted.peaks.tolist() == recorded.values.max(axis=(2, 3)).tolist()


@given(recordings())
def test_the_fused_count_equals_the_slow_upsampling(recording):
    """The textbook form of the interpolation rounds otherwise, so ties are left out here."""
    data, recorded, thresholds = recording
    thresholds = thresholds + 0.01234567
    table = data.table
    near = [
        np.abs(naive.upsample(recorded.values[i, u], *maps.shape[1:]) - t).min()
        for u, t in enumerate(thresholds)
        for i, maps in enumerate(data.maps)
    ]
    assume(not min(near) < 1e-9)
    counted = count_responses(recorded, thresholds, table, jobs=1)
    masks = dense(data, recorded, thresholds, naive.upsample)
    for u in range(recorded.n_units):
        assert tally(counted.responses, table, u) == expected_tally(data, table, masks[u])


@pytest.mark.parametrize("seed", range(3))
def test_interpolation_is_in_double_precision_throughout(seed):
    """Thresholds that are upsampled values themselves: one rounding to float32 would show."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(3, 4, 3, 5)).astype(np.float32)
    masks = np.ones((1, 3, 11, 13), np.bool_)
    table = ConceptTable.from_masks(masks, ["a"])
    large = upsample(values, 11, 13)
    for index in rng.integers(large[:, 0].size, size=20):
        thresholds = large.transpose(1, 0, 2, 3).reshape(4, -1)[:, index]
        counted = count_responses(InMemory(values, 2), thresholds, table, jobs=1)
        expected = (large > thresholds[:, None, None]).sum(axis=(2, 3))
        assert counted.areas.tolist() == expected.tolist()


@given(recordings())
def test_threads_and_small_buffers_change_nothing(recording):
    data, recorded, thresholds = recording
    table = data.table
    usual = count_responses(recorded, thresholds, table, jobs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PENDING", 0)
        other = count_responses(recorded, thresholds, table, jobs=2)
    assert_same(usual.responses, other.responses)
    assert usual.areas.tolist() == other.areas.tolist()


@given(recordings(same_shape=True))
def test_masks_and_activations_count_the_same(recording):
    data, recorded, thresholds = recording
    masks = np.array(dense(data, recorded, thresholds))
    counted = count_responses(recorded, thresholds, data.table, jobs=1)
    assert_same(counted.responses, Responses.from_masks(masks, data.table))


@given(cases())
def test_counts_are_those_of_the_sets(case):
    atoms, counts = case.responses.unit(0)
    names = [
        frozenset(case.table.indices[case.table.indptr[a] : case.table.indptr[a + 1]].tolist())
        for a in atoms
    ]
    groups = naive.atoms(case.concepts, case.n)
    expected = {names: len(group & case.unit) for names, group in groups.items()}
    assert dict(zip(names, counts.tolist(), strict=True)) == {
        k: v for k, v in expected.items() if v
    }


@given(data=recordings(same_shape=True), picks=st.lists(st.integers(0, 0), max_size=2))
def test_what_is_saved_comes_back_and_units_can_be_picked(data, picks, tmp_path_factory):
    labels, recorded, thresholds = data
    responses = count_responses(recorded, thresholds, labels.table, jobs=1).responses
    path = tmp_path_factory.mktemp("responses") / "responses.npz"
    responses.save(path)
    assert_same(responses, Responses.load(path))
    order = [*picks, *reversed(range(responses.n_units))]
    chosen = responses.select(order)
    assert chosen.n_units == len(order)
    for new, old in enumerate(order):
        assert chosen.unit_folds(new).tolist() == responses.unit_folds(old).tolist()


def test_damaged_responses_are_refused(tmp_path):
    table = ConceptTable.from_masks(np.ones((1, 2), np.bool_), ["a"])
    path = tmp_path / "responses.npz"
    Responses.from_masks(np.ones((1, 2), np.bool_), table).save(path)
    whole = path.read_bytes()
    for damage in (b"", whole[:100], b"[1]"):
        path.write_bytes(damage)
        with pytest.raises(DataError, match="missing or damaged"):
            Responses.load(path)
    with pytest.raises(DataError, match="missing or damaged"):
        Responses.load(tmp_path / "nowhere.npz")


def test_a_unit_without_a_threshold_is_active_nowhere_even_with_nan_values():
    table = ConceptTable.from_label_maps(np.ones((2, 3, 3), int), ["a"])
    values = np.ones((2, 2, 1, 1), np.float32)
    values[0, 1] = np.nan
    counted = count_responses(InMemory(values), np.array([0.5, np.nan]), table, jobs=1)
    assert counted.responses.totals.tolist() == [18, 0]
    assert counted.areas.tolist() == [[9, 0], [9, 0]]
    assert np.isnan(counted.peaks[0, 1])


def table_of(*shapes):
    return ConceptTable.from_label_maps([np.ones(shape, int) for shape in shapes], ["a"])


@pytest.mark.parametrize(
    ("masks", "table", "message"),
    [
        (np.full((1, 2, 2, 3), 2), table_of((2, 3), (2, 3)), "dtype int64 and hold 2"),
        (np.zeros((1, 3, 2, 3), bool), table_of((2, 3), (2, 3)), "2 samples of 2 x 3 positions"),
        (np.zeros((1, 2, 3, 2), bool), table_of((2, 3), (2, 3)), r"shape \(1, 2, 3, 2\)"),
        (np.zeros((2, 3), bool), table_of((2, 3), (2, 3)), "expected"),
        (np.zeros((5,), bool), table_of((2, 3)), "expected"),
        # as many positions in all, but not in each sample
        (np.zeros((1, 2, 1, 2), bool), table_of((1, 3), (1, 1)), "several sizes"),
        (np.zeros((0, 7), bool), table_of((2, 3)), "expected"),
    ],
)
def test_masks_that_do_not_fit_are_refused(masks, table, message):
    with pytest.raises(DataError, match=message):
        Responses.from_masks(masks, table)


def test_no_units_are_no_trouble():
    responses = Responses.from_masks(np.zeros((0, 2, 2, 3), np.bool_), table_of((2, 3), (2, 3)))
    assert responses.n_units == 0
    assert responses.totals.tolist() == []


def test_activations_of_other_samples_are_refused():
    with pytest.raises(DataError, match="activations of 3 samples, but the concept table has 1"):
        count_responses(InMemory(np.zeros((3, 1, 1, 1), np.float32)), np.zeros(1), table_of((2, 2)))


def test_a_table_without_positions_cannot_be_matched():
    full = table_of((2, 2))
    bare = ConceptTable(full.names, full.categories, full.indptr, full.indices, full.fold_counts)
    with pytest.raises(DataError, match="kept no positions"):
        Responses.from_masks(np.zeros((1, 1, 2, 2), np.bool_), bare)
    with pytest.raises(DataError, match="kept no positions"):
        count_responses(InMemory(np.zeros((1, 1, 1, 1), np.float32)), np.zeros(1), bare)
