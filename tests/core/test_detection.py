"""How well units detect single concepts, held out, against sets of positions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from andornot import ConceptTable, Responses
from andornot.measures import detection
from andornot.measures.detection import NONE, detectors
from strategies import MANY
from test_known import known_cases


def places(mask):
    return set(np.flatnonzero(mask).tolist())


def case(seed, n_units=5, n_samples=9):
    rng = np.random.default_rng(seed)
    masks = rng.random((3, n_samples, 2)) < rng.choice([0.1, 0.4])
    units = rng.random((n_units, n_samples, 2)) < 0.3
    folds = rng.integers(0, 4, n_samples) if seed % 3 else np.zeros(n_samples, int)
    table = ConceptTable.from_masks(masks, ["a", "b", "c"], folds=folds)
    of_fold = [places(np.repeat(folds == f, 2)) for f in range(table.n_folds)]
    return table, masks, units, of_fold


@MANY
@given(st.integers(0, 2**16), st.sampled_from([1, 7, 2**21]))
def test_the_best_units_are_those_of_a_plain_search(seed, room):
    table, masks, units, folds = case(seed)
    rng = np.random.default_rng(seed)
    doubtful, enough = rng.random((2, len(units))) < 0.5
    responses = Responses.from_masks(units, table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detection, "_ROOM", room)  # several blocks, or one
        found = detectors(responses, table, doubtful, enough, n=3)
    able = [places(u) if ok else set() for u, ok in zip(units, enough, strict=True)]
    for c, concept in enumerate(map(places, masks)):
        ious = [naive.iou(places(u), concept) for u in units]
        order = sorted(range(len(units)), key=lambda u: (doubtful[u], -ious[u]))[:3]
        assert found.units[c].tolist() == [u if ious[u] > 0 else NONE for u in order]
        assert found.ious[c].tolist() == [ious[u] for u in order]
        for place, u in enumerate(order):
            for f, fold in enumerate(folds):
                there = places(units[u]) & fold, concept & fold
                value = found.fold_ious[c, place, f]
                assert value == naive.iou(*there) if there[0] | there[1] else np.isnan(value)
        choices, hits, unions = naive.detection_held_out(able, concept, folds)
        assert found.chosen[c].tolist() == [NONE if u is None else u for u in choices]
        assert (found.hits[c].tolist(), found.either[c].tolist()) == (hits, unions)
        if found.held_out is None:
            assert sum(map(bool, folds)) < 2
        elif sum(unions):
            assert found.held_out[c] == sum(hits) / sum(unions)
        else:
            assert np.isnan(found.held_out[c])


@given(st.integers(0, 2**16))
def test_a_choice_among_two_layers_is_that_among_all_their_units(seed):
    table, _, units, _ = case(seed, n_units=6)
    plain = [False] * 6, [True] * 6
    whole = detectors(Responses.from_masks(units, table), table, *plain)
    parts = [
        detectors(Responses.from_masks(units[some], table), table, [False] * 3, [True] * 3)
        for some in (slice(3), slice(3, 6))
    ]
    joined = parts[0].better_of(parts[1], 3)
    assert joined.chosen.tolist() == whole.chosen.tolist()
    assert joined.hits.tolist() == whole.hits.tolist()
    assert joined.either.tolist() == whole.either.tolist()


@MANY
@given(known_cases(), st.integers(0, 2**16))
def test_where_a_concept_is_not_known_nothing_is_counted(case, seed):
    unit = np.random.default_rng(seed).random((1, case.n)) < 0.5
    responses = Responses.from_masks(unit, case.table)
    found = detectors(responses, case.table, [False], [True], known_only=True)
    for c, name in enumerate(case.table.names):
        known = case.table.known_atoms(f'"{name}"')[case.table.positions.atoms]
        mask = case.table.concept_mask(name)[case.table.positions.atoms] & known
        assert found.ious[c, 0] == naive.iou(places(unit[0] & known), places(mask))


def test_the_best_of_many_units_of_nothing_is_worth_nothing_held_out():
    rng = np.random.default_rng(0)
    units, concept = rng.random((500, 400)) < 0.02, rng.random((1, 400)) < 0.02
    table = ConceptTable.from_masks(concept, ["a"], folds=np.arange(400) % 5)
    found = detectors(Responses.from_masks(units, table), table, [False] * 500, [True] * 500)
    assert found.ious[0, 0] > 0.15, "the best of five hundred"
    assert found.held_out is not None
    assert found.held_out[0] < 0.05
