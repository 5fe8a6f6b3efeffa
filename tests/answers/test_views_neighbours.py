"""Near units: their masks as they are drawn on pages, counted position by position."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import andornot
import naive
import reader_cases
from andornot.counting.responses import Responses
from andornot.views.collection import array_views, run_views
from andornot.views.neighbours import LEAST, Neighbours
from andornot.views.unit_links import UnitLink
from insides import Overlaps
from report_cases import two_layers

table_file, pair_run = reader_cases.table_file, reader_cases.run
token_run = reader_cases.token_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return two_layers(tmp_path_factory.mktemp("two"))


def drawn(views):
    """The set of positions of each unit as its pictures show them, layer after layer."""
    masks = []
    for context in views.contexts:
        nothing = np.zeros(context.table.n_atoms, bool)
        for e in context.explanations:
            own = set()
            for sample in range(len(context.run.samples)):
                mask = context.gallery.view(e, nothing, sample).unit_mask
                own |= {(sample, i, j) for i, j in np.argwhere(mask).tolist()}
            masks.append(own)
    return masks


def assert_near(views, masks):
    """Each unit's page names the nearest of all layers, with what they share."""
    refs = [ref for context in views.contexts for ref in context.refs]
    told = [view.nearest for view in views.units(1)]
    for place, (near, found) in enumerate(zip(told, naive.nearest(masks, 6), strict=True)):
        own = masks[place]
        expected = [(v, n) for v, n in found if n / len(own | masks[v]) >= LEAST]
        assert [(one.ref, one.shared) for one in near] == [(refs[v], n) for v, n in expected]
        assert [one.iou for one in near] == [n / len(own | masks[v]) for v, n in expected]
        assert all(one.cosine is None for one in near)
    for unit, own in zip(views.compared(), masks, strict=True):
        assert unit.total == len(own)
        assert unit.near == tuple(naive.nearest(masks, 64)[refs.index(unit.ref)])
        assert unit.all_near is (len(unit.near) < len(refs) - 1)


def test_near_units_of_all_layers_are_those_of_the_pictures(run):
    views = run_views(run)
    masks = drawn(views)
    assert sum(map(len, masks)) == sum(int(run.areas(name).sum()) for name in run.layers)
    assert len({len(own) for own in masks}) > 3
    assert_near(views, masks)
    layers = {near.ref.layer for view in views.units(1) for near in view.nearest}
    assert layers == {"layer", "mixed"}


def test_only_the_units_of_a_report_are_near_ones(run):
    views = run_views(run, "layer", units=[2, 0])
    assert_near(views, drawn(views))


def test_where_each_picture_counts_once_pictures_are_shared(tmp_path):
    views = run_views(two_layers(tmp_path, unit_of_count="sample"))
    masks = [{sample for sample, _, _ in own} for own in drawn(views)]
    assert_near(views, masks)
    assert all("of all positions" in dict(unit.facts)["active on"] for unit in views.compared())
    assert max(unit.total for unit in views.compared()) <= 12


@pytest.mark.parametrize("level", ["pair", "token"])
def test_sentences_and_tokens(level, request):
    run = request.getfixturevalue(f"{level}_run")
    views = run_views(run)
    values = np.asarray(run.activations())[:, :, 0, 0].astype(np.float64)
    thresholds = run.thresholds()
    units = views.contexts[0].units
    assert_near(views, [set(np.flatnonzero(values[:, u] > thresholds[u]).tolist()) for u in units])


def arrays():
    rng = np.random.default_rng(0)
    columns, units = rng.random((3, 40)) < 0.4, rng.random((5, 40)) < 0.3
    table = andornot.ConceptTable.from_masks(columns, ["a", "b", "c"])
    return andornot.explain(units, table, length=2), units, table


def test_arrays_are_counted_where_their_masks_are_there():
    result, units, table = arrays()
    views = array_views(result, units, table)
    assert_near(views, [set(np.flatnonzero(unit).tolist()) for unit in units])


def test_of_counts_alone_combinations_of_concepts_are_compared():
    result, units, table = arrays()
    views = array_views(result, Responses.from_masks(units, table), table)
    for view, unit in zip(views.units(), views.compared(), strict=True):
        assert [near.iou for near in view.nearest] == [None] * len(view.nearest)
        assert [near.cosine for near in view.nearest] == sorted(
            (near.cosine for near in view.nearest), reverse=True
        )
        assert unit.near is None
        assert not unit.all_near
    assert views.neighbours.closest(3) == ()
    bare = array_views(result)
    assert all(view.nearest == () for view in bare.units())
    assert all(unit.near is None for unit in bare.compared())


def test_the_closest_pairs_come_once_and_without_units_of_too_little_data():
    masks = [{0, 1, 2, 3}, {0, 1, 2}, {0}, {7}, {7}]
    rows = naive.nearest(masks, 4)
    others = np.array([[v for v, _ in row] + [-1] * (4 - len(row)) for row in rows], np.int32)
    shared = np.array([[n for _, n in row] + [0] * (4 - len(row)) for row in rows])
    found = Overlaps(np.array(list(map(len, masks))), others, shared)
    refs = [UnitLink("layer", u, "a", "", 0.5) for u in range(5)]
    told = Neighbours(refs, found).closest(3)
    assert [(ref.unit, near.ref.unit, near.shared) for ref, near in told] == [
        (3, 4, 1), (0, 1, 3), (1, 2, 1),
    ]  # fmt: skip
    assert [near.iou for _, near in told] == [1, 3 / 4, 1 / 3]
    refs[4] = replace(refs[4], judged=replace(refs[4].judged, verdict="too little data"))
    told = Neighbours(refs, found).closest(3)
    assert [(ref.unit, near.ref.unit) for ref, near in told] == [(0, 1), (1, 2), (0, 2)]


def test_all_units_tell_the_same_facts_in_the_same_order(run):
    names = [
        [name for name, _ in unit.facts if not name.startswith("best with")]
        for unit in run_views(run).compared()
    ]
    assert len(names) == 7
    assert all(own == names[0] for own in names)


def test_concepts_stand_with_their_sign(run):
    views = run_views(run)
    for unit in views.compared():
        formula = unit.ref.formula
        if formula is None:
            assert unit.concepts == ()
        for name, negated in unit.concepts:
            assert (f"NOT {andornot.Concept(name)}" in str(formula)) is negated
