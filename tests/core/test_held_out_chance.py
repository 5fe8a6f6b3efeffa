"""Held-out chance against a search of every shuffle and fold, and bounds against all formulas."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import andornot
import naive
from andornot.concepts.table import ConceptTable
from andornot.counting.active import list_masks
from andornot.counting.responses import count_responses
from andornot.counting.stores import InMemory
from andornot.counting.thresholds import Threshold
from andornot.counting.upsample import upsample
from andornot.results.trust import HeldOut
from andornot.results.verdict import Verdict
from andornot.search.options import SearchOptions
from andornot.trust import held_out_chance as module
from andornot.trust.exchange import draw_shuffles
from andornot.trust.held_out import measure_held_out
from andornot.trust.held_out_chance import _Bounds, _Unit, measure_held_out_chance
from andornot.trust.measure import assess
from andornot.trust.options import TrustOptions
from andornot.trust.parts import PartCounter
from andornot.trust.recount import MaskRecount, StoredRecount
from andornot.trust.repeat import Repeats
from trust_cases import blobs, planted_world


@dataclass(frozen=True)
class Small:
    """Masks of concepts and units, ``(n, n_samples, ...)``, or ragged ones as lists of samples."""

    concepts: Any
    units: Any
    folds: np.ndarray
    groups: list[str] | None = None

    @property
    def names(self) -> list[str]:
        return [f"c{i}" for i in range(len(self.concepts))]

    @cached_property
    def table(self) -> ConceptTable:
        return ConceptTable.from_masks(
            self.concepts, self.names, folds=self.folds, groups=self.groups
        )


def small(seed, n_samples=24, n_folds=3, n_concepts=5, grouped=False, shape=(2, 3)) -> Small:
    """Two units of noise, and two that are a formula but for some positions."""
    rng = np.random.default_rng(seed)
    concepts = blobs(rng, n_concepts, n_samples, 3, 0.6)[..., : shape[0], :]
    units = blobs(rng, 4, n_samples, 3, 0.6)[..., : shape[0], :]
    units[2] = (concepts[0] | concepts[1]) ^ (rng.random(units[2].shape) < 0.15)
    units[3] = (concepts[1] & ~concepts[2]) ^ (rng.random(units[3].shape) < 0.05)
    numbers = np.arange(n_samples) // (2 if grouped else 1)
    groups = [f"g{n}" for n in numbers] if grouped else None
    return Small(concepts, units, (numbers * 7 % n_folds).astype(np.int32), groups)


def held_out_counts(world, order, length, search):
    """Hits and unions ``(n_units, n_folds, 2)`` held out, where annotations come in an order."""
    lent = world.concepts[:, order]
    n_folds = int(world.folds.max()) + 1
    counts = np.zeros((len(world.units), n_folds, 2), int)
    for fold in range(n_folds):
        kept, out = world.folds != fold, world.folds == fold
        table = ConceptTable.from_masks(lent[:, kept], world.names)
        result = andornot.explain(world.units[:, kept], table, **search)
        for u, e in enumerate(result):
            best = e.best_by_length[length - 1]
            mask = np.zeros(lent.shape[1:], bool)
            if best is not None:
                mask = best.formula.evaluate(lambda name: lent[world.names.index(name)])
            unit = world.units[u]
            counts[u, fold] = (unit & mask)[out].sum(), (unit | mask)[out].sum()
    return counts


def log_odds(hits, union):
    """Of hits against errors, half of one more on both sides."""
    return math.log((hits + 0.5) / (union - hits + 0.5))


def decided(monkeypatch, world, lengths, options, *, is_chosen=False, **search):
    """What is measured, and for each unit which shuffles reached its score."""
    seen: list[list[bool]] = []
    ended = module._ended

    def noted(decisions, scores):
        seen.append(list(map(bool, decisions)))
        return ended(decisions, scores)

    repeats = Repeats.of(world.table, SearchOptions.of(**search), jobs=1)
    recount = MaskRecount(world.table, world.units)
    held_out = measure_held_out(recount, repeats, options)
    lengths = [h.length for h in held_out] if lengths is None else lengths
    with monkeypatch.context() as patch:
        patch.setattr(module, "_ended", noted)
        found = measure_held_out_chance(
            recount, repeats, held_out, lengths, options, is_chosen=is_chosen
        )
    return held_out, found, seen


SEARCHES: list[dict[str, Any]] = [
    {"length": 1}, {"length": 2}, {"length": 3},
    {"length": 3, "penalty": 0.9}, {"length": 2, "limit": 2}, {"length": 2, "metric": "f1"},
    {"length": 2, "metric": "mcc"}, {"length": 2, "operators": ["AND"]},
    {"length": 2, "operators": ["AND NOT"]}, {"length": 2, "operators": ["OR"]},
    {"length": 3, "limit": 3, "penalty": 0.95, "metric": "recall"},
]  # fmt: skip


@pytest.mark.parametrize("at", range(len(SEARCHES)))
def test_every_shuffle_is_decided_as_a_full_search_would(at, monkeypatch):
    """All decisions, though bounds make most of them; mean, spread, p and gain of the same."""
    monkeypatch.setattr(module, "ENOUGH", 10**6)
    search = SEARCHES[at] | {"beam_size": 4, "search": "beam"}
    world = small(at, 20 + at, n_folds=2 + at % 4, grouped=at % 3 == 1)
    options = TrustOptions(nulls=16, bootstrap=50, resamples=0, seed=at)
    lengths = [1 + (at + u) % search["length"] for u in range(4)]
    held_out, found, seen = decided(monkeypatch, world, lengths, options, **search)
    orders = draw_shuffles(world.table.positions, None, options.nulls, at).orders
    for n in set(lengths):
        counts = [held_out_counts(world, order, n, search).sum(axis=1) for order in orders]
        own = held_out_counts(world, np.arange(len(world.folds)), n, search).sum(axis=1)
        for u in (u for u in range(4) if lengths[u] == n):
            chance, (hits, union) = found[u], own[u].tolist()
            assert held_out[u].hits[n - 1] == hits
            null = [(int(c[u, 0]), int(c[u, 1])) for c in counts]
            # equal scores reach it, told in whole numbers
            reaches = [i * union >= hits * t for i, t in null]
            assert seen[u] == reaches
            scores = [i / max(1, t) for i, t in null[: chance.searched]]
            assert (chance.nulls, chance.reached) == (16, sum(reaches))
            assert chance.p_value == (1 + sum(reaches)) / 17
            assert chance.searched == 8
            assert chance.iou == pytest.approx(np.mean(scores), abs=1e-15)
            assert chance.spread == pytest.approx(np.std(scores, ddof=1), abs=1e-15)
            level = math.log((chance.iou * union + 0.5) / ((1 - chance.iou) * union + 0.5))
            assert chance.gain == pytest.approx(log_odds(hits, union) - level)


def that_pays(counts):
    """Hits and union at the shortest length that does about as well, of ``(folds, lengths, 2)``."""
    iou = counts[..., 0] / np.maximum(counts[..., 1], 1)
    best = max(range(iou.shape[1]), key=lambda n: (iou[:, n].mean(), -n))
    for n in range(iou.shape[1]):
        short = iou[:, best] - iou[:, n]
        if short.mean() <= short.std(ddof=1) / len(short) ** 0.5:
            return [int(x) for x in counts[:, n].sum(axis=0)]
    raise AssertionError("the best length is short of itself by 0")


@pytest.mark.parametrize("seed", range(3))
def test_each_shuffle_chooses_its_length_as_the_unit_did(seed, monkeypatch):
    """Else noise would be held against shuffles at the length that suits the noise alone."""
    monkeypatch.setattr(module, "ENOUGH", 10**6)
    world = small(20 + seed, 20, n_folds=4 - seed, n_concepts=4)
    search: dict[str, Any] = {"length": 3, "beam_size": 3, "search": "beam"}
    options = TrustOptions(nulls=20, bootstrap=50, resamples=0, seed=seed)
    held_out, found, seen = decided(monkeypatch, world, None, options, is_chosen=True, **search)
    orders = draw_shuffles(world.table.positions, None, 20, seed).orders
    by_length = [
        np.stack([held_out_counts(world, order, n, search) for n in (1, 2, 3)], axis=2)
        for order in (np.arange(len(world.folds)), *orders)
    ]
    for u, chance in enumerate(found):
        (hits, union), *null = (that_pays(counts[u]) for counts in by_length)
        assert hits == held_out[u].hits[held_out[u].length - 1]
        assert seen[u] == [i * union >= hits * t for i, t in null]
        scores = [i / max(1, t) for i, t in null[:8]]
        assert chance.iou == pytest.approx(np.mean(scores), abs=1e-15)
        level = math.log((chance.iou * union + 0.5) / ((1 - chance.iou) * union + 0.5))
        assert chance.gain == pytest.approx(log_odds(hits, union) - level)


def test_sequences_of_several_lengths_are_searched_position_by_position(monkeypatch):
    monkeypatch.setattr(module, "ENOUGH", 10**6)
    rng = np.random.default_rng(2)
    lengths = rng.integers(2, 7, 20)
    n = int(lengths.sum())
    concepts = rng.random((4, n)) < 0.35
    units = np.stack([rng.random(n) < 0.3, concepts[0] ^ (rng.random(n) < 0.1)])
    folds = np.arange(20) % 4
    maps = [
        np.arange(1, 5)[:, None, None] * part[:, None, :]
        for part in np.split(concepts, np.cumsum(lengths)[:-1], axis=1)
    ]
    table = ConceptTable.from_label_maps(maps, [f"c{i}" for i in range(4)], folds=folds)
    search: dict[str, Any] = {"length": 2, "beam_size": 4, "search": "beam"}
    options = TrustOptions(nulls=20, bootstrap=50, resamples=0)
    repeats = Repeats.of(table, SearchOptions.of(**search), jobs=1)
    recorded = InMemory(units.T.astype(np.float32).reshape(n, 2, 1, 1), block_size=7)
    thresholds = np.full(2, 0.5)
    responses = count_responses(recorded, thresholds, table, jobs=1).responses
    rule = Threshold(None, 0.5)
    recount = StoredRecount(table, recorded, rule, thresholds, [0, 1], responses, 1)
    held_out = measure_held_out(recount, repeats, options)
    found = measure_held_out_chance(recount, repeats, held_out, [2, 2], options, is_chosen=False)
    shuffles = draw_shuffles(table.positions, None, 20, 0)
    flat = Small(concepts, units, np.repeat(folds, lengths).astype(np.int32))
    counts = [held_out_counts(flat, order, 2, search).sum(axis=1) for order in shuffles.orders]
    for u, chance in enumerate(found):
        hits = held_out[u].hits[1]
        union = held_out[u].active + held_out[u].area[1] - hits
        assert chance.reached == sum(int(c[u, 0]) * union >= hits * int(c[u, 1]) for c in counts)
        scores = [c[u, 0] / max(1, c[u, 1]) for c in counts[:8]]
        assert chance.iou == pytest.approx(np.mean(scores), abs=1e-15)
        assert not chance.exact


def nearest(mask, shape):
    """A mask on another grid, by the cell in which each centre lies."""
    rows = (2 * np.arange(shape[0]) + 1) * mask.shape[0] // (2 * shape[0])
    columns = (2 * np.arange(shape[1]) + 1) * mask.shape[1] // (2 * shape[1])
    return mask[rows][:, columns].ravel()


def test_maps_of_several_sizes_are_stretched_to_the_annotations_they_meet(monkeypatch):
    monkeypatch.setattr(module, "ENOUGH", 10**6)
    rng = np.random.default_rng(4)
    shapes = [[(4, 6), (5, 3), (2, 7)][i % 3] for i in range(24)]
    folds = np.arange(24) // 3 % 2
    maps = [rng.integers(0, 4, (1, *shape)) for shape in shapes]
    table = ConceptTable.from_label_maps(maps, ["c0", "c1", "c2"], folds=folds)
    values = rng.random((24, 3, 3, 2)).astype(np.float32)
    recorded, rule = InMemory(values, block_size=5), Threshold(None, 0.6)
    thresholds = np.full(3, 0.6)
    responses = count_responses(recorded, thresholds, table, jobs=1).responses
    recount = StoredRecount(table, recorded, rule, thresholds, [0, 1, 2], responses, 1)
    search: dict[str, Any] = {"length": 2, "beam_size": 4, "search": "beam"}
    repeats = Repeats.of(table, SearchOptions.of(**search), jobs=1)
    options = TrustOptions(nulls=16, bootstrap=50, resamples=0, seed=1)
    held_out = measure_held_out(recount, repeats, options)
    found = measure_held_out_chance(recount, repeats, held_out, [2] * 3, options, is_chosen=False)
    shuffles = draw_shuffles(table.positions, None, 16, 1)
    counts = []
    for order in shuffles.orders:
        labels = np.concatenate([maps[lender].ravel() for lender in order])
        units = [
            np.concatenate([
                nearest(upsample(values[s, u], *shapes[s]) > 0.6, shapes[lender])
                for s, lender in enumerate(order)
            ])
            for u in range(3)
        ]  # fmt: skip
        per_position = np.repeat(folds, [maps[lender].size for lender in order])
        flat = Small(np.stack([labels == c for c in (1, 2, 3)]), np.stack(units), per_position)
        counts.append(held_out_counts(flat, np.arange(len(labels)), 2, search).sum(axis=1))
    for u, luck in enumerate(found):
        hits = held_out[u].hits[1]
        union = held_out[u].active + held_out[u].area[1] - hits
        assert luck.reached == sum(int(c[u, 0]) * union >= hits * int(c[u, 1]) for c in counts)
        scores = [c[u, 0] / max(1, c[u, 1]) for c in counts[:8]]
        assert luck.iou == pytest.approx(np.mean(scores), abs=1e-15)
        assert not luck.exact


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 12))
def test_counting_ends_as_besag_and_clifford_have_it(reaches, enough):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ENOUGH", enough)
        null = module._ended(reaches or [False], np.zeros(8))
    reached = 0
    for n, reach in enumerate(reaches, start=1):
        reached += reach
        if reached == enough:
            assert (null.nulls, null.reached, null.ended) == (n, enough, True)
            assert null.p_value == enough / n
            return
    n = max(1, len(reaches))
    assert (null.nulls, null.reached, null.ended) == (n, reached, False)
    assert null.p_value == (1 + reached) / (1 + n)


def test_an_early_end_is_that_of_all_decisions(monkeypatch):
    """What is decided before the end is what would be decided without one, in order."""
    world, search = small(5, 30), {"length": 2, "beam_size": 4, "search": "beam"}
    options = TrustOptions(nulls=200, bootstrap=50, resamples=0)
    _, found, _ = decided(monkeypatch, world, [2] * 4, options, **search)
    monkeypatch.setattr(module, "ENOUGH", 10**6)
    _, _, everything = decided(monkeypatch, world, [2] * 4, options, **search)
    for chance, reaches in zip(found, everything, strict=True):
        reached = np.cumsum(reaches)
        if reached[-1] < 10:
            assert (chance.nulls, chance.reached) == (200, reached[-1])
            assert chance.p_value == (1 + reached[-1]) / 201
        else:
            assert chance.nulls == int(np.argmax(reached >= 10)) + 1
            assert (chance.reached, chance.p_value) == (10, 10 / chance.nulls)
    assert {chance.nulls == 200 for chance in found} == {True, False}


@st.composite
def tiny(draw):
    """A few samples, concepts and a unit; and the unit's own hits and union, whatever they be."""
    n, width, m = draw(st.integers(2, 8)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    bits = st.lists(st.booleans(), min_size=(m + 1) * n * width, max_size=(m + 1) * n * width)
    masks = np.array(draw(bits)).reshape(m + 1, n, width)
    folds = np.array(draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), np.int32)
    union = draw(st.integers(1, 20))
    world = Small(masks[:m], masks[m:], folds)
    return world, draw(st.integers(0, union)), union, draw(st.integers(0, 99))


def masks_of_all(concepts, length, operators, trees, n):
    """Every set of positions on which a formula of up to so many concepts holds, and none.

    If ``n`` is given, the number of positions, formulas may begin with NOT.
    """
    if trees:
        levels = naive.all_trees(concepts, length, operators)
        return {frozenset(), *itertools.chain.from_iterable(levels)}
    return {
        frozenset(),
        *(
            frozenset(mask)
            for formula, mask in naive.all_formulas(concepts, length, operators, n=n)
            if naive.says_something(formula, mask, n)
        ),
    }


@settings(max_examples=150)
@given(tiny(), st.integers(1, 3), st.sampled_from(["left-deep", "trees", "not"]))
def test_no_formula_exceeds_a_bound(drawn, length, space):
    """In each fold of each shuffle: all formulas of left-deep form, or all trees, none left out."""
    world, hits, union, seed = drawn
    table, n = world.table, world.concepts[0].size
    shuffles = draw_shuffles(table.positions, None, 6, seed)
    counter = PartCounter(table.positions, table.n_atoms, table.n_folds)
    repeats = Repeats.of(
        table, SearchOptions.of(length=length, negated_first=space == "not"), jobs=1
    )
    own = (hits,) * length, (hits,) * length, union  # so that the union is that number
    held = HeldOut((0.0,) * length, (0.0,) * length, 0.0, 1, *own)
    assert held.active + held.area[-1] - hits == union
    (listed,) = list_masks(world.units.reshape(1, -1), table.positions, table.n_folds + 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SEARCHED", 0)
        patch.setattr(module, "_MOSTLY_OPEN", 1.0)  # bound all of them
        bounds = _Bounds.of(counter, shuffles, repeats)
        searches: list[Repeats] = []
        unit = _Unit(
            listed, held, length, range(1, length + 1), counter, shuffles, searches, bounds
        )
        open_ones, slack = unit._open_ones()
    per_position = np.repeat(world.folds, n // len(world.folds))
    for b, order in enumerate(shuffles.orders):
        lent = [set(np.flatnonzero(c[order].ravel()).tolist()) for c in world.concepts]
        active = set(np.flatnonzero(world.units.ravel()).tolist())
        for fold in range(table.n_folds):
            here = set(np.flatnonzero(per_position == fold).tolist())
            most = max(
                len(mask & active & here) * union - hits * len((mask | active) & here)
                for mask in masks_of_all(
                    lent, length, naive.OPERATORS, space == "trees", n if space == "not" else None
                )
            )
            assert most <= slack[fold, b]
            if length == 1:  # and then it is that formula's own
                assert most == slack[fold, b] or not lent
            assert most <= unit._slack(counter.count_orders(listed, order[None]))[fold, 0]
        assert (b in open_ones) == (slack[:, b].sum() >= 0)


@pytest.mark.parametrize("seed", range(3))
def test_concepts_that_are_not_searched_make_no_bound_wider(seed, monkeypatch):
    """A search over some of the concepts is decided as on a table of these alone."""
    monkeypatch.setattr(module, "ENOUGH", 10**6)
    world = small(seed, 24)
    few = Small(world.concepts[1:4], world.units, world.folds)
    options = TrustOptions(nulls=30, bootstrap=50, resamples=0)
    search: dict[str, Any] = {"length": 2, "beam_size": 4, "search": "beam"}
    # names are numbered from 0 in the table of few
    names = ["c1", "c2", "c3"]
    _, found, one = decided(monkeypatch, world, [2] * 4, options, concepts=names, **search)
    _, _, other = decided(monkeypatch, few, [2] * 4, options, **search)
    assert one[:4] == other[-4:]
    assert all(chance is not None for chance in found)


def test_shuffles_are_repeated_by_threads_and_by_units(monkeypatch):
    world, search = small(7, 24), SearchOptions.of(length=2, beam_size=4, search="beam")
    options = TrustOptions(nulls=30, bootstrap=50, resamples=0)
    found = []
    for jobs in (1, 3):
        repeats = Repeats.of(world.table, search, jobs=jobs)
        recount = MaskRecount(world.table, world.units, jobs)
        held_out = measure_held_out(recount, repeats, options)
        found.append(measure_held_out_chance(recount, repeats, held_out, [2] * 4, options))
    assert found[0] == found[1]
    # tallies of few shuffles at a time say the same as those of many
    monkeypatch.setattr(module, "_TALLIES", 1)
    assert measure_held_out_chance(recount, repeats, held_out, [2] * 4, options) == found[0]


def test_where_there_are_too_few_orders_nothing_is_said():
    search, options = SearchOptions.of(length=1, beam_size=2), TrustOptions(nulls=9, resamples=0)
    for n_samples, n_folds, told in ((9, 1 + 1, False), (10, 5, False), (10, 2, True)):
        rng = np.random.default_rng(0)
        masks = rng.random((3, n_samples, 4)) < 0.5
        world = Small(masks[:2], masks[2:], (np.arange(n_samples) % n_folds).astype(np.int32))
        repeats = Repeats.of(world.table, search, jobs=1)
        recount = MaskRecount(world.table, world.units)
        held_out = measure_held_out(recount, repeats, options)
        (chance,) = measure_held_out_chance(recount, repeats, held_out, [1], options)
        assert (chance is not None) == told  # 9 groups; 2 ** 5 orders; 5! ** 2 orders


def noise(seed, n_units, sizes, width=6):
    """Units that have nothing to do with the concepts; alike within each group of samples."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(len(sizes)), sizes)

    def masks(n, share):
        shared = rng.random((n, len(sizes), width)) < share
        return shared[:, groups] ^ (rng.random((n, len(groups), width)) < 0.03)

    return masks(8, 0.3), masks(n_units, 0.25), [f"g{g}" for g in groups]


def judged(concepts, units, groups, *, length=3, seed=0):
    """p-value and verdict of all units that have a formula, held against 19 shuffles."""
    names = [f"c{i}" for i in range(len(concepts))]
    table = ConceptTable.from_masks(concepts, names, groups=groups)
    result = andornot.explain(units, table, length=length, beam_size=5, search="beam")
    options = TrustOptions(nulls=19, bootstrap=100, resamples=0, seed=seed)
    found = [e for e in assess(result, units, table, options=options) if e.trust is not None]
    return np.array([e.trust.held_out_chance.p_value for e in found]), [e.verdict for e in found]


def test_p_values_of_noise_are_uniform():
    """Over 20 worlds of 12 null units: those of one world share their shuffles."""
    found = [judged(*noise(seed, 12, [1] * 50), seed=seed) for seed in range(20)]
    p = np.concatenate([values for values, _ in found])
    for level in (0.05, 0.1, 0.2, 0.4):
        assert abs((p <= level + 1e-9).mean() - level) < 3 * (level * (1 - level) / 240) ** 0.5
    assert p.min() == 1 / 20
    verdicts = [verdict for _, some in found for verdict in some]
    assert np.mean([v in (Verdict.SOLID, Verdict.PARTIAL) for v in verdicts]) < 0.04


def test_planted_units_are_solid():
    for seed in range(3):
        world = planted_world(seed)
        result = andornot.explain(world.units, world.table)
        found = assess(result, world.units, world.table)
        assert [e.verdict for e in found] == [Verdict.SOLID] * 4


@pytest.mark.parametrize("sizes", [[3] * 50, [1, 2, 3, 3] * 15])
def test_groups_keep_noise_from_seeming_real(sizes):
    """Where groups are told, about 5 % of null units have p <= .05, and many where they are not."""
    shares = np.zeros(2)
    for seed in range(2):
        concepts, units, groups = noise(seed, 50, sizes, 1)
        for at, known in enumerate((groups, None)):
            p, _ = judged(concepts, units, known, length=2)
            shares[at] += (p <= 0.05 + 1e-9).mean() / 2
    assert shares[0] < 0.1
    assert shares[1] > 0.15
