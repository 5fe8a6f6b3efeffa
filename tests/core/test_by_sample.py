"""Samples that count once: their table, the units that are active in them, and their folds."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
import naive
from activation_cases import recordings
from andornot.concepts.known import Known
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import count_responses
from andornot.counting.thresholds import Threshold
from andornot.counting.upsample import upsample
from andornot.errors import DataError
from andornot.trust.recount import StoredRecount
from andornot.trust.samples import SampleRecount
from strategies import MANY, labelled
from test_concepts import assert_sound, signatures


def concepts_of_samples(table):
    """The names that each sample of a table of samples carries."""
    names = signatures(table)
    return [names[atom] for atom in table.positions.atoms]


@MANY
@given(labelled(max_samples=6))
def test_a_concept_holds_in_a_sample_if_it_does_anywhere(data):
    table = data.table.by_sample()
    assert_sound(table)
    assert concepts_of_samples(table) == naive.of_samples(data.carried)
    assert (table.positions.shapes == 1).all()
    assert table.n_positions == len(data.maps)
    assert table.positions.folds.tolist() == data.folds
    assert table.n_folds == data.table.n_folds
    assert (
        table.fold_counts.sum(axis=0).tolist()
        == np.bincount(data.folds, minlength=table.n_folds).tolist()
    )
    assert table.by_sample() is table


@given(labelled(max_samples=5), st.data())
def test_derived_concepts_groups_and_provenance_stay(data, draw):
    names = data.names
    members = {n: draw.draw(st.lists(st.sampled_from(names), max_size=3)) for n in names[:2]}
    groups = np.array(data.folds)  # a group lies in one fold
    plain = data.table.grouped(groups.tolist())
    table = plain.derive("KIND", members)
    samples = table.by_sample()
    assert samples.names == table.names
    assert (samples.bases, samples.members) == (table.bases, table.members)
    assert samples.positions.n_groups == table.positions.n_groups
    assert samples.positions.group_numbers.tolist() == table.positions.group_numbers.tolist()
    for own, carried in zip(
        concepts_of_samples(samples), naive.of_samples(data.carried), strict=True
    ):
        for name, several in members.items():
            assert (f"KIND({name})" in own) == bool(carried & set(several))


@given(labelled(max_samples=5), st.data())
def test_what_is_searched_for_are_samples(data, draw):
    """The best single concept and pairs of them, from sets of samples."""
    n = len(data.maps)
    units = np.array([draw.draw(st.lists(st.booleans(), min_size=n, max_size=n))])
    active = set(np.flatnonzero(units[0]).tolist())
    carried = naive.of_samples(data.carried)
    holds = {name: {i for i in range(n) if name in carried[i]} for name in data.names}
    e = andornot.explain(units, data.table.by_sample(), 2, search="exhaustive")[0]
    composed = (
        naive.compose(holds[a], operator, holds[b])
        for a, b in itertools.product(holds, repeat=2)
        for operator in naive.OPERATORS
    )
    best = max(naive.iou(active, mask) for mask in (*holds.values(), *composed))
    assert e.iou == pytest.approx(best)
    assert e.counts.tp + e.counts.fn == len(active)


def test_a_category_is_known_in_a_sample_if_it_is_anywhere():
    masks = np.zeros((2, 3, 2), bool)
    masks[0, 0, 0] = masks[1, :, 1] = True
    known = {"x": np.array([[True, False], [True, True], [False, False]])}
    samples = ConceptTable.from_masks(masks, ["a", "b"], ["x", "y"], known=known).by_sample()
    column = samples.known.categories.index("x")
    rows = samples.known.patterns[samples.known.pattern][samples.positions.atoms]
    assert rows[:, column].tolist() == [True, True, False]
    unit = np.array([[True, False, True]])
    e = andornot.explain(unit, samples, 1, known_only=True, only=["a"])[0]
    assert sum(vars(e.counts).values()) == 2  # the third sample is not known
    assert e.iou == 1


def test_where_only_how_much_is_known_nothing_is_of_samples():
    table = ConceptTable.from_masks(np.ones((1, 2, 2), bool), ["a"], ["x"])
    two = np.array([[True], [False]])
    known = Known.of_cells(("x",), np.zeros(2, np.int32), two, np.full(2, 2))
    assert replace(table, known=known).by_sample().known is None


def test_a_table_of_counts_alone_knows_no_samples():
    table = replace(ConceptTable.from_masks(np.ones((1, 2, 2), bool), ["a"]), positions=None)
    with pytest.raises(DataError, match="build it again"):
        table.by_sample()


@MANY
@given(labelled(max_samples=6, max_side=2))
def test_concepts_of_whole_samples(data):
    expected = [naive.fills_samples(name, data.carried) for name in data.names]
    assert data.table.fills_samples.tolist() == expected


@given(labelled(max_samples=4))
def test_atoms_of_samples_stand_on_all_their_positions(data):
    whole, samples = data.table, data.table.by_sample()
    stretched = samples.positions.stretched(whole.positions)
    for i, maps in enumerate(data.maps):
        grid = stretched.sample(i)
        assert grid.shape == maps.shape[1:]
        assert (grid == samples.positions.atoms[i]).all()
    holds = np.array([data.names[0] in own for own in signatures(samples)])
    sizes = np.diff(whole.positions.offsets)
    assert stretched.areas(holds).tolist() == (sizes * holds[samples.positions.atoms]).tolist()


def recount_of(recording, rule):
    """What counts samples again, and the units that are looked at."""
    data, recorded, _ = recording
    table = data.table
    thresholds = np.array(
        [naive.threshold(recorded.values[:, u].ravel(), rule.quantile)
         for u in range(recorded.n_units)]
        if rule.fixed is None else [rule.fixed] * recorded.n_units
    )  # fmt: skip
    counted = count_responses(recorded, thresholds, table)
    units = list(range(recorded.n_units))[::-1]
    stored = StoredRecount(
        table, recorded, rule, thresholds, units, counted.responses.select(units)
    )
    return SampleRecount.of(table.by_sample(), counted.areas, stored), thresholds


def active_in(recording, unit, threshold):
    """The samples in which a unit is above a threshold anywhere, after upsampling."""
    data, recorded, _ = recording
    return {
        i for i, maps in enumerate(data.maps)
        if (upsample(recorded.values[i, unit], *maps.shape[1:]) > threshold).any()
    }  # fmt: skip


@given(recordings(), st.sampled_from([0.1, 0.3, None]))
def test_samples_are_active_under_the_thresholds_of_the_other_folds(recording, share):
    data, recorded, _ = recording
    rule = Threshold(None, 0.5) if share is None else Threshold(share)
    recount, own = recount_of(recording, rule)
    if len(set(data.folds)) < 2:
        return
    found = [unit for _, units in recount.listed() for unit in units]
    for row, u in enumerate(recount.stored.units):
        values = [recorded.values[i, u] for i in range(len(data.maps))]
        unit = found[row]
        for fold in set(data.folds):
            threshold = 0.5
            if share is not None:
                threshold = naive.held_out_threshold(values, data.folds, fold, share)
            active = unit.samples[unit.ranks >= unit.needed[fold]]
            assert set(active.tolist()) == active_in(recording, u, threshold)
        whole = active_in(recording, u, own[u])
        assert set(unit.samples[unit.ranks >= unit.needed[-1]].tolist()) == whole
        assert set(np.flatnonzero(recount.masks[row]).tolist()) == whole
        assert recount.responses.totals[row] == len(whole)
        assert (unit.firsts == 0).all()
        assert (unit.widths == 1).all()
