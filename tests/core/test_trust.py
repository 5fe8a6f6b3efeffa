"""Trust: every number recomputed from masks of pixels, and chance on units that are only noise."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
import naive
from activation_cases import recordings
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import count_responses
from andornot.counting.stores import InMemory
from andornot.counting.thresholds import Threshold
from andornot.counting.upsample import upsample
from andornot.errors import DataError, OptionError
from andornot.results.explanation import Explanation
from andornot.results.trust import Trust
from andornot.search.options import SearchOptions
from andornot.trust.chance import measure_chance, pooled_p
from andornot.trust.draws import draw_samples
from andornot.trust.held_out import length_that_pays, measure_held_out
from andornot.trust.measure import assess, shortened
from andornot.trust.options import TrustOptions
from andornot.trust.parts import PartCounter
from andornot.trust.recount import MaskRecount, StoredRecount
from andornot.trust.repeat import Repeats
from andornot.trust.shuffled import LEAST, draw_orders
from andornot.trust.stability import measure_stability
from test_responses import expected_tally
from trust_cases import noise_world, planted_world

LENGTH = 3
SEARCH: dict[str, Any] = {"length": LENGTH, "beam_size": 4, "search": "beam"}
FEW = TrustOptions(resamples=4, bootstrap=50, nulls=5, seed=3, in_sample=True)
WORLDS = [noise_world(seed) for seed in range(3)]


def repeats_of(world):
    return Repeats.of(world.table, SearchOptions.of(**SEARCH), jobs=1)


def mask_of(formula, table, masks):
    """A formula's mask over positions, straight from the masks of the concepts."""
    return formula.evaluate(lambda name: masks[table.names.index(name)])


def counted(unit, mask):
    return int((unit & mask).sum()), int((unit | mask).sum())


@pytest.mark.parametrize("world", WORLDS)
def test_held_out_scores_are_those_of_two_tables(world):
    repeats = repeats_of(world)
    found = measure_held_out(MaskRecount(world.table, world.units), repeats)
    for u, held in enumerate(found):
        test, search = np.zeros((LENGTH, 2)), np.zeros((LENGTH, 2))
        for fold in range(3):
            kept, out = world.folds != fold, world.folds == fold
            result = andornot.explain(world.units[u : u + 1, kept], world.part(kept), **SEARCH)
            for n, best in enumerate(result[0].best_by_length):
                if best is None:
                    test[n, 1] += world.units[u, out].sum()
                    search[n, 1] += world.units[u, kept].sum()
                    continue
                mask = mask_of(best.formula, world.table, world.concepts)
                test[n] += counted(world.units[u, out], mask[out])
                search[n] += counted(world.units[u, kept], mask[kept])
        assert held.by_length == pytest.approx(test[:, 0] / test[:, 1], abs=0)
        assert held.in_sample == pytest.approx(search[:, 0] / search[:, 1], abs=0)


@pytest.mark.parametrize("world", WORLDS[:1])
def test_the_held_out_ceiling_is_that_of_the_best_union_of_atoms(world):
    held = measure_held_out(MaskRecount(world.table, world.units), repeats_of(world))
    codes = (world.concepts * (1 << np.arange(5))[:, None, None, None]).sum(axis=0)
    for unit, found in zip(world.units, held, strict=True):
        both = either = 0
        for fold in range(3):
            kept, out = world.folds != fold, world.folds == fold
            share = {
                code: unit[kept][codes[kept] == code].mean()
                for code in np.unique(codes[kept]).tolist()
                if unit[kept][codes[kept] == code].any()
            }
            ordered = sorted(share, key=lambda code: -share[code])
            unions = [np.isin(codes, ordered[: n + 1]) for n in range(len(ordered))]
            scores = [np.divide(*counted(unit[kept], mask[kept])) for mask in unions]
            best = unions[int(np.argmax(scores))]
            i, t = counted(unit[out], best[out])
            both, either = both + i, either + t
        assert found.ceiling == pytest.approx(both / either, abs=1e-12)


@pytest.mark.parametrize("world", WORLDS)
def test_intervals_and_repeats_are_those_of_samples_laid_out_again(world):
    result = andornot.explain(world.units, world.table, **SEARCH)
    kept = [e for e in result if e.formula is not None]
    units = world.units[[e.unit for e in kept]]
    found = measure_stability(
        MaskRecount(world.table, units), repeats_of(world), [e.formula for e in kept],
        [LENGTH] * len(kept), FEW,
    )  # fmt: skip
    draws = draw_samples(np.arange(len(world.folds)), FEW.bootstrap, FEW.seed)
    assert (draws.sum(axis=1) == len(world.folds)).all()
    for e, unit, stable in zip(kept, units, found, strict=True):
        mask = mask_of(e.formula, world.table, world.concepts)
        iou = []
        for times in draws:
            i, t = counted(naive.redrawn(unit[None], times), naive.redrawn(mask[None], times))
            iou.append(i / max(1, t))
        assert (stable.low, stable.high) == tuple(np.quantile(iou, [0.025, 0.975]).tolist())
        same, overlaps = 0, []
        for times, own in zip(draws[: FEW.resamples], iou, strict=False):
            table = ConceptTable.from_masks(naive.redrawn(world.concepts, times), world.names)
            again = andornot.explain(naive.redrawn(unit[None], times), table, **SEARCH)[0]
            if again.iou == own == 0:  # nothing came back
                overlaps.append(0.0)
                continue
            formula = again.formula if again.iou > own else e.formula
            same += (mask_of(formula, world.table, world.concepts) == mask).all()
            ours, theirs = set(e.formula.concepts), set(formula.concepts)
            overlaps.append(len(ours & theirs) / len(ours | theirs))
        assert (stable.resamples, stable.same) == (FEW.resamples, same)
        assert stable.overlap == pytest.approx(np.mean(overlaps))
        assert all(0 <= share <= 1 for _, share in stable.concepts)
        assert [name for name, _ in stable.concepts] == list(dict.fromkeys(e.formula.concepts))


@pytest.mark.parametrize("world", WORLDS)
def test_chance_is_the_search_on_masks_moved_to_other_samples(world):
    lengths = [1, 2, 3, 3]
    found = measure_chance(MaskRecount(world.table, world.units), repeats_of(world), lengths, FEW)
    orders = draw_orders(np.arange(len(world.folds)), FEW.nulls, FEW.seed)
    real = andornot.explain(world.units, world.table, **SEARCH)
    null = [
        andornot.explain(naive.permuted(world.units, order), world.table, **SEARCH)
        for order in orders
    ]
    for u, (chance, n) in enumerate(zip(found, lengths, strict=True)):
        scores = np.array([r[u].by_length for r in null])
        assert chance.real == real[u].by_length
        assert chance.null == pytest.approx(scores.mean(axis=0))
        assert chance.spread == pytest.approx(scores[:, n - 1].std(ddof=1))
        reached = sum(score >= real[u].by_length[n - 1] for score in scores[:, n - 1])
        assert chance.p_value == (1 + reached) / (1 + FEW.nulls)
    for q, p in (("q_value", "p_value"), ("q_pooled", "p_pooled")):
        corrected = naive.benjamini_hochberg([getattr(c, p) for c in found])
        assert [getattr(c, q) for c in found] == pytest.approx(corrected)


def test_pooled_p_values_measure_each_unit_by_its_own_nulls():
    rng = np.random.default_rng(0)
    scale = np.array([1.0, 10.0, 0.1])
    null, real = rng.random((9, 3)) * scale, np.array([0.5, 20.0, 0.001])
    pool = []
    for u in range(3):
        for r in range(9):
            rest = np.delete(null[:, u], r)
            pool.append((null[r, u] - rest.mean()) / (rest.std(ddof=1) * (1 + 1 / 8) ** 0.5))
    for u, p in enumerate(pooled_p(real, null)):
        own = (real[u] - null[:, u].mean()) / (null[:, u].std(ddof=1) * (1 + 1 / 9) ** 0.5)
        assert p == (1 + sum(z >= own for z in pool)) / 28
    assert pooled_p(np.ones(2), np.ones((5, 2))).tolist() == [1, 1]
    assert pooled_p(np.array([2.0]), np.array([[1.0], [3.0]])).tolist() == [2 / 3]


@given(st.integers(2, 30), st.integers(0, 9))
def test_no_sample_keeps_its_own_annotations(n, seed):
    for order in draw_orders(np.arange(n), 3, seed):
        assert sorted(order) == list(range(n))
        assert (order != np.arange(n)).all()


GROUPS = st.lists(st.integers(0, 9), min_size=2, max_size=60).map(naive.numbered)


@given(GROUPS, st.integers(0, 9))
def test_whole_groups_change_places(groups, seed):
    """All groups of one size, or of none that is rare, meet whole groups in order."""
    for order in draw_orders(np.array(groups), 3, seed):
        assert sorted(order) == list(range(len(groups)))
        members = naive.by_group(groups)
        times = Counter(map(len, members))
        lent = [[int(order[s]) for s in own] for own in members]
        if min(times.values()) >= LEAST or len(times) == 1:
            assert sorted(lent) == sorted(members)
            if len(members) > 1:
                assert not any(a == b for a, b in zip(lent, members, strict=True))
        # of a larger group the first samples still come from one group, in order
        for own, lenders in zip(members, lent, strict=True):
            source = members[groups[lenders[0]]]
            both = min(len(own), len(source))
            assert lenders[:both] == source[:both]


def test_rare_sizes_leave_their_groups_too():
    groups = np.repeat(np.arange(33), [3] * 30 + [9, 6, 5])
    orders = draw_orders(groups, 40, 0)
    kept = groups[orders] == groups
    assert kept[:, :90].sum() == 0
    assert kept.mean() < 0.1


@given(GROUPS, st.integers(0, 9))
def test_whole_groups_are_drawn(groups, seed):
    n = max(groups) + 1
    for times in draw_samples(np.array(groups), 3, seed):
        assert all(len({int(times[s]) for s in own}) == 1 for own in naive.by_group(groups))
        assert sum(int(times[own[0]]) for own in naive.by_group(groups)) == n


def grouped_world(seed, sizes, n_units):
    """Units and concepts that have nothing to do with each other, alike within each group."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(len(sizes)), sizes)

    def masks(n):
        shared = rng.random((n, len(sizes))) < 0.3
        return shared[:, groups] ^ (rng.random((n, len(groups))) < 0.05)

    return masks(8), masks(n_units), groups.tolist()


@pytest.mark.parametrize("sizes", [[3] * 60, [1, 2, 3, 3] * 15, [1, 2, 3, 4, 5] * 9])
def test_noise_on_grouped_samples_is_seldom_no_chance(sizes):
    """Of null units about 5 % have p <= .05 where groups are known, and many where they are not."""
    shares = np.zeros(2)
    for seed in range(3):
        concepts, units, groups = grouped_world(seed, sizes, 100)
        for i, known in enumerate((groups, None)):
            table = ConceptTable.from_masks(concepts, list("abcdefgh"), groups=known)
            repeats = Repeats.of(table, SearchOptions.of(length=2, beam_size=5))
            evidence, options = MaskRecount(table, units), TrustOptions(nulls=19)
            found = measure_chance(evidence, repeats, [2] * 100, options)
            shares[i] += np.mean([chance.p_value <= 0.05 + 1e-9 for chance in found]) / 3
    assert shares[0] < 0.09
    assert shares[1] > 0.2


def test_trust_of_groups_is_that_of_their_samples_laid_out_again():
    """Redraws and shuffles of a table with groups, recomputed from its masks."""
    rng = np.random.default_rng(3)
    sizes = [2] * 8 + [3] * 6
    groups = np.repeat(np.arange(14), sizes)
    concepts, units = rng.random((5, 34, 6)) < 0.4, rng.random((3, 34, 6)) < 0.4
    table = ConceptTable.from_masks(concepts, list("abcde"), folds=groups % 3, groups=groups)
    result = andornot.explain(units, table, **SEARCH)
    found = assess(result, units, table, options=FEW, jobs=1)
    draws = draw_samples(groups, FEW.bootstrap, FEW.seed)
    orders = draw_orders(groups, FEW.nulls, FEW.seed)
    null = [andornot.explain(naive.permuted(units, order), table, **SEARCH) for order in orders]
    for u, e in enumerate(found):
        mask = mask_of(e.formula, table, concepts)
        iou = []
        for times in draws:
            i, t = counted(naive.redrawn(units[u : u + 1], times), naive.redrawn(mask[None], times))
            iou.append(i / max(1, t))
        interval = tuple(np.quantile(iou, [0.025, 0.975]).tolist())
        assert (e.trust.stability.low, e.trust.stability.high) == interval
        scores = np.array([r[u].by_length for r in null])
        assert e.trust.chance.null == pytest.approx(scores.mean(axis=0))
    few = ConceptTable.from_masks(concepts, list("abcde"), groups=(groups % 9).tolist())
    assert assess(andornot.explain(units, few), units, few)[0].trust.chance is None
    one = ConceptTable.from_masks(concepts, list("abcde"), groups=["video"] * 34)
    assert assess(andornot.explain(units, one), units, one)[0].trust.stability is None


def evidence_of(recording, rule, jobs=1):
    data, recorded, thresholds = recording
    table = data.table
    responses = count_responses(recorded, thresholds, table, jobs=1).responses
    units = list(range(recorded.n_units))[::-1]
    return StoredRecount(table, recorded, rule, thresholds, units, responses.select(units), jobs)


@given(recordings(), st.integers(0, 5))
def test_maps_are_upsampled_to_the_annotations_they_are_paired_with(recording, seed):
    data, recorded, thresholds = recording
    evidence = evidence_of(recording, Threshold())
    n = len(data.maps)
    orders = np.array([np.random.default_rng(seed + r).permutation(n) for r in range(2)])
    for order, responses in zip(orders, evidence.shuffled(orders), strict=True):
        for row, u in enumerate(evidence.units):
            expected = np.zeros(evidence.table.n_atoms, np.int64)
            for s, lender in enumerate(order):
                size = evidence.table.positions.shapes[lender]
                mask = upsample(recorded.values[s, u], *size) > thresholds[u]
                np.add.at(expected, evidence.table.positions.sample(lender)[mask], 1)
            assert responses.unit_folds(row)[:, 0].tolist() == expected.tolist()


@given(recordings())
def test_cells_tell_samples_apart(recording):
    data, recorded, thresholds = recording
    evidence = evidence_of(recording, Threshold())
    positions, sample_atoms = evidence.table.positions, evidence.sample_atoms()
    sample = np.repeat(np.arange(positions.n_samples), np.diff(positions.atom_offsets))
    for row, u in enumerate(evidence.units):
        for i in range(len(data.maps)):
            mask = upsample(recorded.values[i, u], *positions.shapes[i]) > thresholds[u]
            own = sample_atoms.unit_folds(row)[sample == i, 0]
            tallied = np.zeros(evidence.table.n_atoms, np.int64)
            np.add.at(tallied, positions.atoms[sample == i], own)
            expected = np.bincount(positions.sample(i)[mask], minlength=len(tallied))
            assert tallied.tolist() == expected.tolist()


@given(recordings(), st.sampled_from([0.1, 0.3, 0.5]))
def test_held_out_thresholds_come_from_the_other_samples(recording, share):
    data, recorded, _ = recording
    evidence = evidence_of(recording, Threshold(share))
    fold = data.folds[0]
    if all(f == fold for f in data.folds):
        return
    counter = PartCounter.of(Repeats.of(evidence.table, SearchOptions.of(**SEARCH)))
    listed = [unit for _, units in evidence.listed() for unit in units]
    for unit, u in zip(listed, evidence.units, strict=True):
        values = [recorded.values[i, u] for i in range(len(data.maps))]
        threshold = naive.held_out_threshold(values, data.folds, fold, share)
        masks = [
            upsample(v, *maps.shape[1:]) > threshold
            for v, maps in zip(values, data.maps, strict=True)
        ]
        parts = counter.count(unit)
        inside, outside = np.zeros((2, evidence.table.n_folds, evidence.table.n_atoms), np.int64)
        inside[:, parts.atoms], outside[:, parts.atoms] = parts.inside, parts.outside
        expected = np.zeros((evidence.table.n_atoms, evidence.table.n_folds), np.int64)
        for key, times in expected_tally(data, evidence.table, masks).items():
            expected[key] = times
        assert inside[fold].tolist() == expected[:, fold].tolist()
        assert outside[fold].tolist() == (expected.sum(axis=1) - expected[:, fold]).tolist()


@pytest.mark.parametrize("lengths", [(3, 3, 3), (2, 5, 3)])
def test_tokens_are_paired_as_rows(lengths):
    """A row of activations for each token: the nearest token of the other sentence is taken."""
    rng = np.random.default_rng(0)
    maps = [rng.integers(0, 3, (1, 1, n)) for n in lengths]
    table = ConceptTable.from_label_maps(maps, ["a", "b"])
    values = rng.random((sum(lengths), 2, 1, 1)).astype(np.float32)
    thresholds = np.array([0.4, 0.6])
    recorded = InMemory(values, block_size=2)
    responses = count_responses(recorded, thresholds, table).responses
    evidence = StoredRecount(table, recorded, Threshold(), thresholds, [1], responses)
    order = np.array([1, 2, 0])
    (shuffled,) = evidence.shuffled(order[None])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    expected = np.zeros(table.n_atoms, np.int64)
    for s, lender in enumerate(order):
        for j, atom in enumerate(table.positions.sample(lender)[0]):
            nearest = int((j + 0.5) / lengths[lender] * lengths[s])
            expected[atom] += values[starts[s] + nearest, 1, 0, 0] > 0.6
    assert shuffled.unit_folds(0)[:, 0].tolist() == expected.tolist()


def test_p_values_of_noise_are_uniform():
    """Kolmogorov-Smirnov over 300 null units; .094 is the limit at level 1 %."""
    world = noise_world(1, n_units=300, n_samples=40, side=6, n_concepts=8)
    options = TrustOptions(nulls=19)
    repeats = Repeats.of(world.table, SearchOptions.of(length=2, beam_size=5))
    evidence = MaskRecount(world.table, world.units)
    found = measure_chance(evidence, repeats, [2] * 300, options)
    p = np.array([chance.p_value for chance in found])
    levels = np.arange(1, 21) / 20
    assert set(p) <= set(levels.tolist())
    pooled = np.array([chance.p_pooled for chance in found])
    assert pooled.min() < 1 / 20
    assert np.abs((pooled[:, None] <= levels).mean(axis=0) - levels).max() < 0.094
    share = (p[:, None] <= levels + 1e-9).mean(axis=0)
    assert np.abs(share - levels).max() < 0.094
    assert np.mean([chance.q_value < 0.1 for chance in found]) < 0.02


def test_planted_units_are_no_chance_and_hold_out():
    world = planted_world(0)
    result = andornot.explain(world.units, world.table)
    for e in assess(result, world.units, world.table, options=TrustOptions(in_sample=True)):
        held, chance = e.trust.held_out, e.trust.chance
        assert chance.p_value == 1 / (TrustOptions.nulls + 1)
        assert held.by_length[-1] == pytest.approx(held.in_sample[-1], abs=0.03)
        assert e.trust.stability.low < e.iou < e.trust.stability.high
        assert e.trust.stability.same == 20 or e.formula.length < 3
        assert chance.real[-1] > chance.null[-1] + 5 * chance.spread
        assert held.ceiling >= 0.5
        assert held.length == {0: 1, 1: 2, 2: 3}.get(e.unit, held.length)


def test_a_record_survives_json_and_says_what_it_holds():
    import json

    world = planted_world(1)
    result = assess(
        andornot.explain(world.units, world.table), world.units, world.table, options=FEW
    )
    for e in result:
        back = Explanation.from_dict(json.loads(json.dumps(e.as_dict())))
        assert back == e
        assert f"came back {e.trust.stability.same}/4" in str(e.trust)
    frame = result.to_frame()
    assert frame["held_out_iou"].tolist() == [e.trust.held_out.by_length[-1] for e in result]
    for name in ("iou_low", "iou_high", "p_value", "q_value", "null_iou", "same_formula"):
        assert name in frame
    assert str(Trust(3)) == "nothing is known"


def test_results_do_not_hang_on_threads_or_units():
    world = WORLDS[1]
    result = andornot.explain(world.units, world.table, **SEARCH)
    first = assess(result, world.units, world.table, options=FEW, jobs=1, **SEARCH)
    assert assess(result, world.units, world.table, options=FEW, jobs=3, **SEARCH) == first
    alone = andornot.explain(world.units[2:3], world.table, **SEARCH)
    alone = assess(alone, world.units[2:3], world.table, options=FEW, **SEARCH)
    chance = replace(alone[0].trust.chance, q_value=first[2].trust.chance.q_value)
    chance = replace(chance, p_pooled=first[2].trust.chance.p_pooled)
    chance = replace(chance, q_pooled=first[2].trust.chance.q_pooled)
    luck, other = alone[0].trust.held_out_chance, first[2].trust.held_out_chance
    luck = replace(luck, q_value=other.q_value, p_pooled=other.p_pooled, q_pooled=other.q_pooled)
    trust = replace(alone[0].trust, chance=chance, held_out_chance=luck)
    assert trust == first[2].trust


@pytest.mark.parametrize(
    ("by_fold", "length"),
    [
        ([[0.1, 0.3, 0.31], [0.1, 0.3, 0.29], [0.1, 0.3, 0.301]], 2),
        ([[0.5, 0.2], [0.5, 0.2]], 1),
        ([[0.1, 0.2], [0.2, 0.3]], 2),
        ([[0.0, 0.0], [0.0, 0.0]], 1),
    ],
)
def test_the_length_that_pays(by_fold, length):
    assert length_that_pays(np.array(by_fold)) == length


def test_a_shortened_explanation_is_that_of_its_length():
    world = planted_world(2)
    e = andornot.explain(world.units, world.table)[2]
    short = shortened(e, 2)
    assert short.formula == e.best_by_length[1].formula
    assert short.counts == e.best_by_length[1].counts
    assert short.certificate.score == short.score <= short.certificate.upper_bound
    assert all(s.formula.length <= 2 for s in short.beam)
    assert len({s.formula for s in short.beam}) == len(short.beam)
    assert shortened(e, 3) is e


def test_where_little_can_be_known_little_is_said():
    world = WORLDS[0]
    one = ConceptTable.from_masks(world.concepts[:, :1], world.names)
    present = world.concepts[:, 0].any(axis=(1, 2))
    masks = world.concepts[present, :1][:1]
    result = assess(andornot.explain(masks, one), masks, one)
    assert result[0].trust == Trust(3)
    whole = ConceptTable.from_masks(world.concepts, world.names)
    none = TrustOptions(resamples=0, nulls=0)
    trust = assess(
        andornot.explain(world.units, whole, **SEARCH), world.units, whole, options=none, **SEARCH
    )[0].trust
    # a table without folds gets some
    assert trust.held_out is not None
    assert trust.held_out_chance is None
    assert trust.chance is None
    assert trust.stability.resamples == 0
    nothing = np.zeros((1, 12, 4, 4), bool)
    assert assess(andornot.explain(nothing, whole), nothing, whole)[0].trust is None


@pytest.mark.parametrize("n_samples", [2, 3, 4, 6, 9])
def test_few_samples_say_nothing_of_chance(n_samples):
    rng = np.random.default_rng(n_samples)
    table = ConceptTable.from_masks(rng.random((5, n_samples, 6)) < 0.4, list("abcde"))
    units = rng.random((3, n_samples, 6)) < 0.4
    for e in assess(andornot.explain(units, table, length=2), units, table, length=2):
        assert e.trust.chance is None


def test_units_without_a_formula_count_among_the_tests():
    """Noise that is active twice: most units meet no concept, the others are not picked out."""
    rng = np.random.default_rng(0)
    concepts = rng.random((5, 40, 6)) < 0.02
    units = np.zeros((300, 40 * 6), bool)
    for unit in units:
        unit[rng.choice(unit.size, 2, replace=False)] = True
    units = units.reshape(300, 40, 6)
    table = ConceptTable.from_masks(concepts, list("abcde"))
    result = assess(
        andornot.explain(units, table, length=2), units, table, length=2,
        options=TrustOptions(resamples=0, nulls=39, in_sample=True),
    )  # fmt: skip
    known = [e.trust.chance for e in result if e.formula is not None]
    assert 0 < len(known) < 100
    assert min(c.q_value for c in known) > 0.05
    assert min(c.q_pooled for c in known) > 0.05
    # over all units, those without a formula at 1, small p-values are as rare as they should be
    assert np.mean([c.p_value <= 0.05 for c in known]) * len(known) / 300 < 0.08


def test_mistakes_get_a_sentence():
    world = WORLDS[0]
    result = andornot.explain(world.units, world.table)
    with pytest.raises(OptionError, match="4 explanations for 2 unit masks"):
        assess(result, world.units[:2], world.table)
    with pytest.raises(OptionError, match="active positions, its mask has"):
        assess(result, ~world.units, world.table)
    with pytest.raises(OptionError, match="up to length 3"):
        assess(replace(result, search=None), world.units, world.table, length=2)
    with pytest.raises(DataError, match="shape"):
        assess(result, world.units[:, :3], world.table)
    for wrong in ({"nulls": -1}, {"resamples": 1.5}, {"bootstrap": 5}, {"resamples": 2000}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            TrustOptions(**wrong)


OTHER: dict[str, Any] = {
    "length": 2, "beam_size": 3, "search": "exhaustive", "metric": "f1", "penalty": 0.9,
    "operators": ["OR", "AND"], "limit": 2, "categories": ["kind"], "only": ["a", "b", "c"],
    "space": "trees",
}  # fmt: skip


def small_world():
    rng = np.random.default_rng(5)
    table = ConceptTable.from_masks(
        rng.random((6, 12, 6)) < 0.4, list("abcdef"), ["kind"] * 5 + ["sort"]
    )
    return table, rng.random((2, 12, 6)) < 0.4


@pytest.mark.parametrize("name", OTHER)
def test_trust_is_that_of_the_search_that_was_made(name):
    """Whatever shaped the search is remembered, and nothing else is accepted in its place."""
    table, units = small_world()
    plain, field = andornot.explain(units, table), name.replace("only", "concepts")
    with pytest.raises(OptionError, match=f"{field} is .* searched for with"):
        assess(plain, units, table, options=FEW, **{name: OTHER[name]})
    if name == "search":
        return
    result = andornot.explain(units, table, **{name: OTHER[name]})
    remembered = assess(result, units, table, options=FEW)
    given = assess(result, units, table, options=FEW, **{name: OTHER[name]})
    told = SearchOptions.of(**{field: OTHER[name]})
    assert remembered == given
    assert remembered == assess(
        replace(result, search=None, table=None), units, table, options=FEW,
        **{name: getattr(told, field)},
    )  # fmt: skip
    assert remembered.search == told
    default = getattr(SearchOptions(), field)
    with pytest.raises(OptionError, match=f"{field} is"):
        assess(result, units, table, options=FEW, **{name: default})


def test_the_same_search_may_be_written_otherwise():
    table, units = small_world()
    result = andornot.explain(units, table, operators=["or", "and_not"], metric="IoU")
    assess(result, units, table, options=FEW, operators=("AND NOT", "OR"), metric="iou")


def test_trust_is_that_of_the_table_and_the_masks_that_were_explained():
    table, units = small_world()
    result = andornot.explain(units, table)
    rng = np.random.default_rng(6)
    fewer = ConceptTable.from_masks(rng.random((6, 12, 6)) < 0.4, list("abcdef"))
    with pytest.raises(OptionError, match="another concept table"):
        assess(result, units, fewer, options=FEW)
    moved = units.reshape(2, -1)[:, ::-1].reshape(units.shape)  # as many are active
    with pytest.raises(OptionError, match="of its active positions here"):
        assess(replace(result, search=None, table=None), moved, table, options=FEW)
    folded = replace(table, fold_counts=table.fold_counts)  # equal, though not the same object
    assert assess(result, units, folded, options=FEW) == assess(result, units, table, options=FEW)


def test_what_a_result_remembers_travels_with_it_and_is_no_part_of_what_it_says():
    import pickle

    table, units = small_world()
    result = andornot.explain(units, table, length=2, search="beam")
    back = pickle.loads(pickle.dumps(result))
    assert back == result
    assert (back.search, back.table) == (result.search, result.table) != (None, None)
    bare = replace(result, search=None, table=None)
    assert bare == result
    assert hash(bare) == hash(result)
    assert andornot.Result(result.explanations).search is None
