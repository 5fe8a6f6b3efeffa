"""The verdict's rule around each constant; order of lists; records through JSON; odd data."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import count_responses
from andornot.counting.stores import InMemory
from andornot.counting.thresholds import Threshold, find_thresholds
from andornot.explainer import explain_responses
from andornot.results.explanation import Explanation
from andornot.results.trust import Core, HeldOut, HeldOutChance, Stability, Trust
from andornot.results.verdict import Extent, Support, Verdict, listed, verdict_of
from andornot.search.options import SearchOptions
from andornot.trust.measure import assess, with_trust
from andornot.trust.options import TrustOptions
from andornot.trust.recount import StoredRecount
from insides import title_of
from trust_cases import blobs, planted_world
from verdict_cases import judged

TWICE = math.log(2)
ENOUGH = Support(positions=30, groups=10)


def chance(p=0.01, low=1.0, gain=2.0):
    return HeldOutChance(99, 0, p, 8, 0.1, 0.01, gain, low, 3.0, p, p, p)


def trust(p=0.01, low=1.0, stable: float | None = 0.9, gain=2.0, iou=0.5):
    held = HeldOut((iou,), (iou,), 1.0, 1)
    stability = Stability(0.1, 0.9, 20, 18, 1.0, (("a", 1.0),), stable)
    return Trust(1, held, stability, None, chance(p, low, gain), None, 1)


@pytest.mark.parametrize(
    ("support", "known", "verdict"),
    [
        (ENOUGH, trust(), "solid"),
        (Support(29, 10), trust(), "too little data"),
        (Support(30, 9), trust(), "too little data"),
        (Support(30, None), trust(), "solid"),  # groups that nobody counted
        (Support(29, None), None, "too little data"),
        (Support(29, 9, 29, 9), trust(), "solid"),
        (Support(0, 0, 0, 0), trust(), "solid"),
        (ENOUGH, None, "not tested"),
        (ENOUGH, Trust(1), "not tested"),
        (ENOUGH, replace(trust(), held_out_chance=None), "not tested"),
        (Support(5, 2), None, "too little data"),
        (ENOUGH, trust(p=0.05), "solid"),
        (ENOUGH, trust(p=2 / 40), "solid"),
        (ENOUGH, trust(p=0.0500001), "chance"),
        (ENOUGH, trust(p=1.0, low=5.0), "chance"),
        (ENOUGH, trust(low=0.0), "chance"),
        (ENOUGH, trust(low=-1.0), "chance"),
        (ENOUGH, trust(low=1e-9), "partial"),
        (ENOUGH, trust(low=math.nextafter(TWICE, 0)), "partial"),
        (ENOUGH, trust(low=TWICE), "solid"),
        (ENOUGH, trust(stable=0.8), "solid"),
        (ENOUGH, trust(stable=0.7999), "partial"),
        (ENOUGH, trust(stable=0.0), "partial"),
        (ENOUGH, trust(stable=None), "not tested"),
        (ENOUGH, replace(trust(), stability=None), "not tested"),
    ],
)
def test_the_rule_at_its_borders(support, known, verdict):
    assert str(verdict_of(support, known)) == verdict


@pytest.mark.parametrize(
    ("interval", "part", "extent"),
    [
        (None, 0.04, None),
        ((0.5, 0.6), 0.04, Extent.PART),
        ((0.5001, 0.6), 0.04, Extent.MOST),
        ((0.04, 0.6), 0.04, Extent.LITTLE),
        ((0.05, 0.6), 0.04, Extent.PART),
        ((0.05, 0.6), 0.1, Extent.LITTLE),
        ((0.0, 0.0), 0.0, Extent.LITTLE),
    ],
)
def test_how_much_is_explained(interval, part, extent):
    held = HeldOut((0.5,), (0.5,), 1.0, 1, interval=interval)
    assert held.extent(part) == extent
    assert Trust(1, held, part=part).extent == extent


def explained(unit, **changes):
    """An explanation of 40 positions under some trust."""
    masks = np.zeros((2, 50), bool)
    masks[0, :40], masks[1, 20:] = True, True
    table = ConceptTable.from_masks(masks, ["a", "b"])
    return replace(andornot.explain(masks[:1], table, length=1)[0], unit=unit, **changes)


def test_lists_go_by_verdict_then_gain_then_unit():
    order = [
        explained(9, trust=trust(gain=5.0)), explained(2, trust=trust()),
        explained(7, trust=trust()),
        explained(1, trust=trust(low=0.1, gain=9.0)),  # partial, whatever the gain
        explained(0, trust=trust(p=0.5, gain=99.0)),
        explained(5, trust=Trust(1, HeldOut((0.9,), (0.9,), 1.0, 1), shown_length=1)),
        explained(4, trust=Trust(1, HeldOut((0.2,), (0.2,), 1.0, 1), shown_length=1)),
        explained(3, trust=trust(), support=Support(3, 2)),
        Explanation.from_dict(explained(6).as_dict() | {"beam": [], "by_length": [None]}),
    ]  # fmt: skip
    for some in itertools.islice(itertools.permutations(order), 0, 362_880, 4_999):
        assert listed(some) == order


@given(st.integers(0, 60), st.integers(0, 20) | st.none(), st.integers(0, 60), st.integers(0, 20))
def test_support_is_enough_where_both_are(positions, groups, least, fewest):
    support = Support(positions, groups, least, fewest)
    assert support.is_enough == (positions >= least and (groups is None or groups >= fewest))
    assert Support.from_dict(json.loads(json.dumps(support.as_dict()))) == support


def test_records_survive_json():
    world = planted_world(3, 40)
    result = andornot.explain(world.units, world.table, length=2)
    options = TrustOptions(resamples=3, bootstrap=40, nulls=12, in_sample=True)
    for e in assess(result, world.units, world.table, options=options):
        plain = json.loads(json.dumps(e.as_dict(), allow_nan=False))
        back = Explanation.from_dict(plain)
        assert back == e
        assert (back.verdict, back.shown) == (e.verdict, e.shown)
        assert plain["verdict"] == str(e.verdict)
        assert isinstance(back.trust.held_out.interval, tuple)
        assert isinstance(e.trust.core, Core)


NEW = ("held_out_chance", "core", "shown_length", "part")
NEW_OF_PARTS = {
    "held_out": ("hits", "area", "active", "interval", "formulas"),
    "stability": ("mask_iou", "signed"),
}


def test_older_records_say_that_nothing_was_tested():
    """Without the keys that came later they are read, keep their numbers, and claim nothing."""
    world = planted_world(3, 40)
    result = andornot.explain(world.units, world.table, length=2)
    options = TrustOptions(resamples=3, bootstrap=40, nulls=12, in_sample=True)
    for e in assess(result, world.units, world.table, options=options):
        plain: Any = json.loads(json.dumps(e.as_dict()))
        for key in ("support", "verdict", "shown_formula", "extent", "shown_twins"):
            plain.pop(key, None)
        plain["trust"] = {k: v for k, v in plain["trust"].items() if k not in NEW}
        for part, names in NEW_OF_PARTS.items():
            plain["trust"][part] = {k: v for k, v in plain["trust"][part].items() if k not in names}
        back = Explanation.from_dict(plain)
        assert back.verdict == Verdict.NOT_TESTED
        assert back.shown == back.beam[0]
        assert back.trust.held_out.by_length == e.trust.held_out.by_length
        assert back.trust.held_out_iou == e.trust.held_out.by_length[-1]
        assert back.trust.chance == e.trust.chance
        assert (back.trust.extent, back.trust.held_out.precision(1)) == (None, None)
        assert back.trust.held_out.recall(1) is None
        assert "held-out IoU" in str(back.trust)
        assert back.trust.columns()["shown_held_out_low"] is None
        assert Explanation.from_dict(json.loads(json.dumps(back.as_dict()))) == back
        bare = Explanation.from_dict(plain | {"trust": None})
        assert bare.verdict == Verdict.NOT_TESTED


def assert_sound(result):
    """All numbers are finite, and say what they may."""
    for e in result:
        json.dumps(e.as_dict(), allow_nan=False)
        if e.trust is None:
            continue
        luck, stable, held = e.trust.held_out_chance, e.trust.stability, e.trust.held_out
        if held is not None:
            assert held.interval[0] <= held.interval[1]
            assert 0 <= held.by_length[e.trust.shown - 1] <= 1
            assert 0 <= held.precision(1) <= 1
            assert 0 <= held.recall(1) <= 1
        if luck is not None:
            assert 0 < luck.p_value <= 1
            assert luck.p_value <= luck.q_value <= 1
            assert 0 <= luck.iou <= 1
            assert luck.spread >= 0
            assert luck.low <= luck.high
            assert all(map(math.isfinite, (luck.gain, luck.low, luck.high, luck.p_pooled)))
        if stable is not None and stable.mask_iou is not None:
            assert 0 <= stable.mask_iou <= 1
        str(e.trust), repr(e), e.trust.columns()
    result.to_frame()


def masks_of(n_samples=30, seed=0, width=6):
    rng = np.random.default_rng(seed)
    return blobs(rng, 5, n_samples, width, 0.5), blobs(rng, 3, n_samples, width, 0.5)


def measured(concepts, units, options=None, folds=None, groups=None, **search):
    table = ConceptTable.from_masks(concepts, list("abcdefgh")[: len(concepts)],
                                    folds=folds, groups=groups)  # fmt: skip
    options = options or TrustOptions(resamples=4, bootstrap=60, nulls=19)
    result = andornot.explain(units, table, **{"length": 2, "beam_size": 4} | search)
    found = [assess(result, units, table, options=options, jobs=jobs) for jobs in (1, 3)]
    assert found[0] == found[1]
    assert_sound(found[0])
    return found[0]


def test_a_unit_that_is_a_concept():
    """No error and all hits: odds are kept finite, and the verdict is as good as it gets."""
    concepts, units = masks_of(60)
    units[0], units[1] = concepts[0], concepts[1] & ~concepts[2]
    result = measured(concepts, units)
    for e in result[:2]:
        assert e.verdict == Verdict.SOLID
        assert e.trust.held_out_iou == 1
        assert e.trust.stability.mask_iou == 1
        assert (e.trust.extent, e.trust.core.iou) == (Extent.MOST, 1)
        assert e.trust.core.formula == str(e.shown.formula)


def test_units_of_odd_shapes():
    """Active everywhere, in one sample, at one position, nowhere; and a concept everywhere."""
    concepts, units = masks_of(30)
    odd = np.zeros((5, *units.shape[1:]), bool)
    odd[0], odd[1, 3], odd[2, 7, 2, 2] = True, True, True
    odd[3] = concepts[0]
    result = measured(concepts, odd)
    assert result[4].trust is None
    assert {result[1].verdict, result[2].verdict} <= {Verdict.TOO_LITTLE_DATA, None}
    assert result[3].verdict == Verdict.SOLID
    concepts[4] = True
    everywhere = measured(concepts, odd)[0]
    assert everywhere.trust.held_out_iou == 1
    assert everywhere.verdict == Verdict.CHANCE  # any shuffle does as well
    assert everywhere.trust.held_out_chance.gain == 0


@pytest.mark.parametrize("n_samples", [1, 2, 3, 5, 9, 10, 11])
def test_few_samples(n_samples):
    concepts, units = masks_of(n_samples)
    for e in measured(concepts, units):
        few = n_samples < 10 and e.trust is not None
        assert not few or e.trust.held_out_chance is None
        assert e.verdict in (None, Verdict.TOO_LITTLE_DATA, Verdict.NOT_TESTED, Verdict.CHANCE)


@pytest.mark.parametrize("groups", [["g"] * 30, ["g", "h"] * 15, list("abcdefghij") * 3])
def test_few_groups(groups):
    concepts, units = masks_of(30)
    for e in measured(concepts, units, groups=groups):
        assert e.support.groups <= len(set(groups))


@pytest.mark.parametrize("folds", [[0] * 30, [1] * 30, [0, 1] * 15, [0, 3, 7] * 10, [5] + [0] * 29])
def test_folds_of_all_kinds(folds):
    """One fold, two, empty ones between, and one with a single sample."""
    concepts, units = masks_of(30)
    for e in measured(concepts, units, folds=folds):
        assert e.trust.held_out is not None or len(set(folds)) < 2
        if e.trust.held_out is not None and len(set(folds)) > 1:
            there = {at for at, text in enumerate(e.trust.held_out.formulas) if text is not None}
            assert there <= set(folds)


@pytest.mark.parametrize(
    "options",
    [
        TrustOptions(resamples=0, bootstrap=40, nulls=0),
        TrustOptions(resamples=0, bootstrap=40, nulls=1),
        TrustOptions(resamples=1, bootstrap=40, nulls=2, in_sample=True),
        TrustOptions(resamples=2, bootstrap=40, nulls=9),
        TrustOptions(resamples=0, bootstrap=40, nulls=999),
    ],
)
def test_little_and_much_work(options):
    concepts, units = masks_of(30)
    units[0] = concepts[0] ^ (np.random.default_rng(1).random(units[0].shape) < 0.05)
    for e in measured(concepts, units, options):
        assert (e.trust.held_out_chance is None) == (options.nulls == 0)
        assert (e.trust.core is None) == (options.resamples == 0)
        assert (e.trust.chance is None) == (not options.in_sample)
        if options.nulls == 0 and e.support.is_enough:
            assert e.verdict == Verdict.NOT_TESTED
    if options.nulls == 999:
        first = measured(concepts, units, options)[0].trust.held_out_chance
        assert (first.nulls, first.p_value) == (999, 0.001)


@pytest.mark.parametrize(
    "search",
    [
        {"search": "exhaustive"}, {"search": "optimal", "space": "trees"},
        {"search": "optimal"}, {"metric": "f1"}, {"metric": "precision"}, {"metric": "recall"},
        {"penalty": 0.5}, {"length": 1}, {"operators": ["AND"]},
    ],
)  # fmt: skip
def test_searches_of_all_kinds(search):
    concepts, units = masks_of(24, 4)
    units[0] = (concepts[0] | concepts[1]) ^ (
        np.random.default_rng(1).random(units[0].shape) < 0.02
    )
    options = TrustOptions(resamples=2, bootstrap=40, nulls=19)
    measured(concepts[:3], units, options, **search)


def stored(folds, sizes=None, rule=None):
    """Trust of stored activations, in maps of a quarter of the grids or in rows of tokens."""
    rng = np.random.default_rng(0)
    n = len(folds)
    shapes = [(6, 6)] * n if sizes is None else [(1, k) for k in sizes]
    maps = [rng.integers(0, 5, (1, *shape)) for shape in shapes]
    if sizes is None:  # each of 3 x 3 native cells is of one concept
        maps = [np.kron(m[:, ::2, ::2], np.ones((2, 2), int)) for m in maps]
    table = ConceptTable.from_label_maps(maps, list("abcd"), folds=folds)
    # the first unit sees the first concept
    if sizes is None:
        values = rng.random((n, 3, 3, 3)).astype(np.float32)
        values[:, 0] += [(m[0, ::2, ::2] == 1) for m in maps]
    else:
        values = rng.random((sum(sizes), 3, 1, 1)).astype(np.float32)
        values[:, 0, 0, 0] += np.concatenate([m[0, 0] == 1 for m in maps])
    rule = rule or Threshold(0.2)
    recorded = InMemory(values, block_size=7)
    found = find_thresholds(recorded, rule, table.positions, 1)
    responses = count_responses(recorded, found.values, table, jobs=1).responses
    search = SearchOptions.of(length=2, beam_size=4, search="beam")
    result = andornot.Result(tuple(explain_responses(responses, table, search)))
    kept = [e.unit for e in result if e.formula is not None]
    recount = StoredRecount(table, recorded, rule, found.values, kept, responses.select(kept), 1)
    options = TrustOptions(resamples=3, bootstrap=40, nulls=39)
    result = with_trust(result, recount, search, options, jobs=1)
    assert_sound(result)
    return result


@pytest.mark.parametrize(
    "sizes", [None, [5] * 40, [1, 9, 4, 5] * 10], ids=["maps", "one length", "several lengths"]
)
@pytest.mark.parametrize("n_folds", [1, 2, 5, 40])
def test_stored_activations_under_the_thresholds_of_folds(sizes, n_folds):
    """A single fold has no other; with one for each sample there are too few to exchange."""
    found = stored(list(np.arange(40) % n_folds), sizes)
    planted = found[0]
    if n_folds in (2, 5):
        # in two folds each length comes up five times, which is often enough
        alike = sizes is None or len(set(sizes)) == 1 or n_folds == 2
        assert planted.trust.held_out_chance.exact == alike
        assert planted.trust.held_out_chance.p_value == 1 / 40
        assert planted.verdict == Verdict.SOLID
        assert all(e.trust.held_out_chance.p_value > 0.05 for e in found[1:])
    else:
        assert planted.verdict in (Verdict.NOT_TESTED, Verdict.SOLID)
        assert (planted.trust.held_out is None) == (n_folds == 1)
    fixed = stored(list(np.arange(40) % n_folds), sizes, Threshold(None, 0.95))
    assert fixed[0].trust.held_out is None or fixed[0].trust.held_out.active > 0


def test_a_tree_is_shown_whole():
    """Repeats grow formulas from left to right, so the length that pays says nothing of trees."""
    rng = np.random.default_rng(0)
    masks = rng.random((4, 60, 5)) < 0.4
    unit = (masks[0] | masks[1]) & ~(masks[2] & masks[3])
    table = andornot.ConceptTable.from_masks(masks, list("abcd"))
    result = andornot.explain([unit], table, length=4, search="optimal", space="trees")
    (e,) = result.assess([unit], table)
    assert e.shown == e.beam[0]
    assert e.shown.iou == 1


def test_few_shuffles_are_no_test():
    """None of 18 could make the p-value small; ten that reached the score are an answer."""
    few = replace(trust().held_out_chance, nulls=18, p_value=1 / 19)
    assert verdict_of(ENOUGH, replace(trust(), held_out_chance=few)) is Verdict.NOT_TESTED
    ended = replace(few, nulls=12, reached=10, p_value=10 / 12)
    assert verdict_of(ENOUGH, replace(trust(), held_out_chance=ended)) is Verdict.CHANCE


def test_what_a_beam_passes_over_is_shown_all_the_same():
    """Repeats are beams: where they find no formula as good, they do not tell which length pays."""
    rng = np.random.default_rng(0)
    masks = rng.random((12, 1000)) < 0.25
    table = ConceptTable.from_masks(masks, [f"c{i}" for i in range(12)])
    unit = (masks[0] & masks[1]) | masks[2]
    (e,) = andornot.explain([unit], table).assess([unit], table)
    assert e.formula == e.shown.formula
    assert e.shown.iou == 1


@pytest.mark.parametrize(("n_folds", "tested"), [(5, True), (45, False)])
def test_nearly_as_many_folds_as_groups_tell_nothing_of_chance(n_folds, tested):
    """Most groups are alone in their folds, and keep their own annotations in every shuffle."""
    rng = np.random.default_rng(0)
    masks, folds = rng.random((3, 60, 4)) < 0.4, np.arange(60) % n_folds
    table = ConceptTable.from_masks(masks, list("abc"), folds=folds)
    (e,) = andornot.explain(masks[:1], table).assess(masks[:1], table)
    assert (e.trust.held_out_chance is not None) == tested
    assert (e.verdict is not Verdict.NOT_TESTED) == tested


def test_a_concept_on_two_samples_is_told_beside_chance():
    """The unit is active often enough for a verdict, and its formula says too little of it."""
    masks = np.zeros((2, 60), bool)
    masks[0, :2] = masks[1, 2:40] = True
    table = andornot.ConceptTable.from_masks(masks, ["kite", "sky"])
    unit = masks[0] | (np.arange(60) >= 25)

    def of_chance(name: str) -> Explanation:
        found = andornot.explain([unit], table, length=1, only=[name])[0]
        return judged(found, Verdict.CHANCE, length=1)

    rare, often = of_chance("kite"), of_chance("sky")
    told = title_of(rare, rare, table=table).why
    assert told.endswith(
        "Of all samples, kite on 2 only: about concepts on fewer than 10 there is too little data."
    )
    assert "only" not in title_of(often, often, table=table).why
    assert "only" not in title_of(rare, rare).why
