"""Shuffles inside folds: who lends annotations to whom, how evenly, and what is then counted."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import naive
from activation_cases import recordings
from andornot.concepts.table import ConceptTable
from andornot.counting.active import list_maps
from andornot.counting.upsample import upsample
from andornot.trust.exchange import Lenders, draw_shuffles, strata_of
from andornot.trust.parts import PartCounter
from andornot.trust.shuffled import LEAST
from strategies import positions_of


def samples(folds, groups=None, shape=(2, 2)):
    """Positions of samples of one size, one atom each."""
    positions = positions_of([np.full(shape, i) for i in range(len(folds))], np.array(folds))
    if groups is None:
        return positions
    return replace(positions, groups=np.array(naive.numbered(groups), np.int32))


def parts_of(folds, strata):
    """The samples of each fold and stratum."""
    found = {}
    for s, key in enumerate(zip(folds, strata, strict=True)):
        found.setdefault(key, []).append(s)
    return list(found.values())


FOLDED = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=40)


def naive_pools(members):
    """Groups of a common size; those of rare sizes with their neighbours by size."""
    times = Counter(map(len, members))
    pools = [[m for m in members if len(m) == n] for n in times if times[n] >= LEAST]
    rare = sorted((m for m in members if times[len(m)] < LEAST), key=len)
    n, rest = divmod(len(rare), max(1, len(rare) // LEAST))
    while rare:
        size = n + (rest > 0)
        pools.append(rare[:size])
        rare, rest = rare[size:], rest - 1
    return pools


@given(FOLDED, st.integers(0, 9))
def test_annotations_stay_in_their_fold_and_groups_in_order(drawn, seed):
    """Groups of one size change places whole; those of rare sizes as far as both reach."""
    folds, names = [f for f, _ in drawn], [f"{f}-{g}" for f, g in drawn]
    positions = samples(folds, names)
    shuffles = draw_shuffles(positions, None, 4, seed)
    assert shuffles.positions is positions
    digits, exact = 0.0, True
    for own in parts_of(folds, [0] * len(folds)):
        members = [[s for s in own if names[s] == g] for g in dict.fromkeys(names[s] for s in own)]
        for pool in naive_pools(members):
            exact &= len({len(m) for m in pool}) == 1
            digits += math.log10(math.factorial(len(pool)))
            flat = sorted(s for m in pool for s in m)
            for order in shuffles.orders:
                assert sorted(order[flat].tolist()) == flat
                lenders = [next(m for m in pool if m[0] == order[own[0]]) for own in pool]
                assert sorted(lenders) == sorted(pool)
                for m, lender in zip(pool, lenders, strict=True):
                    n = min(len(m), len(lender))
                    assert order[m[:n]].tolist() == lender[:n]
    assert shuffles.digits == pytest.approx(digits)
    assert shuffles.is_exact == exact


def test_a_few_groups_of_another_size_leave_the_others_exact():
    """As where nearly all premises have three pairs, and one has six."""
    names = [f"g{s // 3}" for s in range(30)] + ["large"] * 6
    shuffles = draw_shuffles(samples([0] * 36, names), None, 20, 0)
    assert shuffles.is_exact
    for order in shuffles.orders:
        assert order[30:].tolist() == list(range(30, 36))
        assert (order[:30].reshape(10, 3) % 3 == [0, 1, 2]).all()


def assert_even(keys, n):
    """All of ``n`` outcomes come equally often; at a level of 1 in 1,000."""
    counts = Counter(keys)
    assert len(counts) == n
    assert stats.chisquare(list(counts.values())).pvalue > 1e-3


@pytest.mark.parametrize(
    ("folds", "groups", "n"),
    [
        ([0, 0, 0, 0], None, 24),
        ([0, 0, 0, 1, 1, 1], None, 36),
        ([0] * 6, ["a", "a", "b", "b", "c", "c"], 6),  # three groups of two, each in order
        ([0] * 6, ["a", "b", "c", "a", "b", "c"], 6),  # groups need not lie side by side
        ([0] * 5, ["a", "a", "b", "c", "c"], 6),  # sizes 2, 1, 2: as far as both reach
        ([0, 1, 1, 1], None, 6),  # a sample alone keeps its own
        ([0, 2, 2], None, 2),  # a fold without samples
    ],
)
def test_every_order_is_equally_likely_the_true_one_too(folds, groups, n):
    shuffles = draw_shuffles(samples(folds, groups), None, 150 * n, 5)
    keys = list(map(tuple, shuffles.orders.tolist()))
    assert_even(keys, n)
    assert tuple(range(len(folds))) in keys
    assert shuffles.digits == pytest.approx(math.log10(n))
    assert shuffles.is_exact == (groups != ["a", "a", "b", "c", "c"])


def test_sequences_of_several_lengths_change_places_position_by_position():
    lengths, folds = [2, 1, 3, 2], [0, 1, 0, 1]
    positions = positions_of([np.zeros((1, n), int) for n in lengths], np.array(folds))
    shuffles = draw_shuffles(positions, None, 400, 1)
    assert shuffles.positions.folds.tolist() == np.repeat(folds, lengths).tolist()
    assert shuffles.positions.n_samples == 8
    # the last position of the longer one finds no place elsewhere
    for own, changed in (([0, 1, 3, 4, 5], [3, 4, 0, 1, 5]), ([2, 6, 7], [6, 2, 7])):
        keys = [tuple(order[own].tolist()) for order in shuffles.orders]
        assert set(keys) == {tuple(own), tuple(changed)}
        assert_even(keys, 2)
    assert not shuffles.is_exact
    assert shuffles.digits == pytest.approx(math.log10(4))


def test_sentences_of_one_length_change_places_among_others():
    """Where each is its own group, and each length comes up often, all is exact."""
    lengths = [2, 3] * 6
    positions = positions_of([np.zeros((1, n), int) for n in lengths])
    shuffles = draw_shuffles(positions, None, 20, 1)
    assert shuffles.is_exact
    sentence = np.repeat(np.arange(12), lengths)
    for order in shuffles.orders:
        assert (sentence[order] % 2 == sentence % 2).all()


def test_sequences_of_one_length_change_places_whole():
    positions = samples([0, 0, 1, 1], shape=(1, 3))
    shuffles = draw_shuffles(positions, None, 3, 1)
    assert shuffles.positions is positions
    assert shuffles.is_exact


def test_grids_that_differ_are_exchanged_and_said_to_be_approximate():
    positions = positions_of([np.zeros((2, 2)), np.zeros((3, 2)), np.zeros((2, 2))])
    assert not draw_shuffles(positions, None, 2, 0).is_exact
    # each fold has grids of one size, so nothing is stretched
    apart = positions_of(
        [np.zeros((2, 2)), np.zeros((3, 2)), np.zeros((2, 2))], np.array([0, 1, 0])
    )
    assert draw_shuffles(apart, None, 2, 0).is_exact


def test_shuffles_are_those_of_the_seed_and_more_begin_as_fewer():
    positions = samples([0] * 9 + [1] * 8)
    few, more = (draw_shuffles(positions, None, n, 3).orders for n in (5, 9))
    assert more[:5].tolist() == few.tolist()
    assert draw_shuffles(positions, None, 5, 4).orders.tolist() != few.tolist()


@given(st.integers(0, 9), st.integers(1, 12), st.integers(1, 5))
def test_lenders_are_each_listed_once_with_their_orders(seed, n, n_orders):
    orders = draw_shuffles(samples([0] * n), None, n_orders, seed).orders
    lenders = Lenders.of(orders)
    assert len(lenders.null_first) == len(lenders.lenders) + 1
    for s in range(n):
        found = {}
        for at in range(lenders.first[s], lenders.first[s + 1]):
            own = lenders.nulls[lenders.null_first[at] : lenders.null_first[at + 1]]
            assert int(lenders.lenders[at]) not in found
            found[int(lenders.lenders[at])] = sorted(own.tolist())
        expected = {}
        for b, order in enumerate(orders):
            expected.setdefault(int(order[s]), []).append(b)
        assert found == expected


@st.composite
def annotated(draw):
    """Concepts of two categories on samples, which nobody annotated everywhere; with groups."""
    n = draw(st.integers(1, 6))
    bits = st.lists(st.booleans(), min_size=2 * n * 2, max_size=2 * n * 2)
    known = np.array(draw(bits)).reshape(2, n, 2)
    masks = np.array(draw(bits)).reshape(2, n, 2) & known
    groups = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    table = ConceptTable.from_masks(
        masks, ["a", "b"], ["x", "y"], groups=[f"g{g}" for g in groups],
        known={"x": known[0], "y": known[1]},
    )  # fmt: skip
    return table, known, groups


def naive_strata(table, known, groups):
    """By sample the categories that the atoms of its group tell to have been annotated."""
    patterns, of_group = {}, {}
    grids = [table.positions.sample(s).ravel().tolist() for s in range(len(groups))]
    names = [[frozenset(np.flatnonzero(known[:, s, p]).tolist()) for p in range(2)]
             for s in range(len(groups))]  # fmt: skip
    for grid, own in zip(grids, names, strict=True):
        for atom, pattern in zip(grid, own, strict=True):
            patterns.setdefault(atom, set()).add(pattern)
    for grid, group in zip(grids, groups, strict=True):
        telling = [next(iter(patterns[atom])) for atom in grid if len(patterns[atom]) == 1]
        of_group[group] = of_group.get(group, frozenset()).union(*telling)
    return [of_group[g] for g in groups]


@given(annotated(), st.integers(0, 9))
def test_strata_are_samples_for_which_the_same_was_annotated(drawn, seed):
    table, known, groups = drawn
    strata = strata_of(table.positions, table.known).tolist()
    expected = naive_strata(table, known, groups) if table.known else [0] * len(groups)
    pairs = set(zip(strata, expected, strict=True))
    assert len(pairs) == len(set(strata)) == len(set(expected))
    for order in draw_shuffles(table.positions, table.known, 3, seed).orders:
        assert [strata[s] for s in order] == strata


def test_of_two_sources_each_keeps_its_annotations():
    """What was annotated in one source alone never comes to the samples of the other."""
    known = np.repeat([True, False], 6)
    masks = np.zeros((2, 12, 2), bool)
    masks[0, :6, 0], masks[1, 6:, 1] = True, True
    table = ConceptTable.from_masks(masks, ["a", "b"], ["x", "y"], known={"x": known, "y": ~known})
    for order in draw_shuffles(table.positions, table.known, 20, 0).orders:
        assert sorted(order[:6]) == list(range(6))


def stretched(mask, shape):
    """A mask on another grid: at each cell that in which its centre lies."""
    out = np.zeros(shape, bool)
    for i in range(shape[0]):
        for j in range(shape[1]):
            y = (2 * i + 1) * mask.shape[0] // (2 * shape[0])
            x = (2 * j + 1) * mask.shape[1] // (2 * shape[1])
            out[i, j] = mask[y, x]
    return out


@given(recordings(max_samples=5), st.data())
def test_counts_on_the_annotations_of_others(recording, data):
    """Each fold's threshold, inside and outside of it; grids are stretched to the lender's."""
    cases, recorded, _ = recording
    table, positions = cases.table, cases.table.positions
    n, n_folds = positions.n_samples, table.n_folds
    order = data.draw(st.permutations(range(n)))
    values = st.sampled_from([-2.0, 0.0, 0.6, 1.0, np.nan])
    row = data.draw(st.lists(values, min_size=n_folds + 1, max_size=n_folds + 1))
    (listed,) = list_maps(recorded, np.array([row]), positions, [0], jobs=1)
    counter = PartCounter(positions, table.n_atoms, n_folds)
    found = counter.count(listed, np.array(order, np.int32))
    inside, outside = np.zeros((2, n_folds, table.n_atoms), np.int64)
    inside[:, found.atoms], outside[:, found.atoms] = found.inside, found.outside
    expected = np.zeros((2, n_folds, table.n_atoms), np.int64)
    for s, lender in enumerate(order):
        atoms = positions.sample(lender)
        for f in range(n_folds):
            mask = upsample(recorded.values[s, 0], *positions.shapes[s]) > row[f]
            part = 0 if cases.folds[s] == f else 1
            np.add.at(expected[part, f], atoms[stretched(mask, atoms.shape)], 1)
    assert inside.tolist() == expected[0].tolist()
    assert outside.tolist() == expected[1].tolist()
