"""Optimal search over trees, against trying them all."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from andornot.errors import OptionError
from andornot.formula import parse
from andornot.measures.scores import METRICS, Counts
from andornot.search.optimal import Budget
from andornot.search.options import LONGEST_TREE, SearchOptions
from andornot.search.problem import Found, operator_numbers
from andornot.search.trees import search as trees
from andornot.search.trees.families import CELLS, TEXTS, evaluate, families, fill, kinds_of, shape
from andornot.search.trees.kernels import _reach
from strategies import MANY, Case, cases

NAMES = ("OR", "AND", "AND NOT")
metrics = st.sampled_from(list(METRICS))
OPERATOR_SETS = [chosen for size in (1, 2, 3) for chosen in itertools.combinations(NAMES, size)]
operator_sets = st.sampled_from(OPERATOR_SETS)
penalties = st.sampled_from([1.0, 0.9, 0.5])


def positions(mask):
    return frozenset(np.flatnonzero(mask).tolist())


def scorer(case, metric):
    def value(mask):
        return Counts(*naive.counts(case.unit, mask, case.n)).score(metric)

    return value


def options(length, metric="iou", operators=NAMES, **more):
    return SearchOptions(length, 3, operators=tuple(operators), metric=metric, **more)


def holds(case, tree):
    """Where a tree that was found is true."""
    if isinstance(tree, int):
        return set(case.concepts[tree])
    operator, left, right = tree
    return naive.compose(holds(case, left), NAMES[operator], holds(case, right))


@MANY
@given(cases(max_concepts=5), st.integers(1, 4), metrics, operator_sets, penalties, st.booleans())
def test_the_optimum_over_trees_is_that_of_trying_all(
    case, length, metric, operators, penalty, negated
):
    chosen = options(length, metric, operators, penalty=penalty, negated_first=negated)
    solution = trees.solve(case.problem(), chosen)
    expected = naive.best_tree(case.concepts, length, scorer(case, metric), operators, penalty)
    if negated:  # and what begins with NOT, from left to right
        own = naive.best_of_lengths(
            case.concepts, length, scorer(case, metric), operators, penalty, case.n
        )
        expected = [max(pair) for pair in zip(expected, own, strict=True)]
    found = [0.0 if f is None else f.score for f in solution.by_length]
    assert found == pytest.approx(expected, abs=1e-12)
    assert solution.proven
    for best in filter(None, (*solution.by_length, *solution.beam)):
        if best.tree is not None:
            mask = holds(case, best.tree)
            assert (best.i, best.t) == (len(mask & case.unit), len(mask))


@given(cases(max_concepts=5), st.integers(3, 4), metrics, operator_sets, st.integers(0, 12))
def test_a_search_that_stops_early_says_how_good_a_tree_could_be(
    case, length, metric, operators, nodes
):
    chosen = options(length, metric, operators)
    left = naive.exhaustive_search(case.concepts, length, 1, scorer(case, metric), operators)
    shorter = naive.best_tree(case.concepts, length - 1, scorer(case, metric), operators)[-1]
    known = max([shorter, *(value for _, value in left)])
    outcome = trees.best_tree(case.problem(), chosen, length, known, Budget(nodes))
    (*_, level) = naive.all_trees(case.concepts, length, operators)
    best = max([known] + [scorer(case, metric)(mask) for mask in level if mask])
    reached = outcome.best.score if outcome.best else known
    assert reached <= best + 1e-12
    assert outcome.bound >= best - 1e-12
    if outcome.complete:
        assert reached == pytest.approx(best, abs=1e-12)
        assert outcome.bound == reached


@pytest.mark.parametrize("operators", OPERATOR_SETS, ids=", ".join)
def test_trees_are_left_deep_or_of_the_families(operators):
    """On four free concepts, so that what is equal here is equal on every table."""
    cells = list(itertools.product((False, True), repeat=4))
    concepts = [{p for p, cell in enumerate(cells) if cell[c]} for c in range(4)]
    everything, listed = set(), set()
    for length, level in enumerate(naive.all_trees(concepts, 4, operators), start=1):
        everything |= set(level)
        known = naive.all_formulas(concepts, length, operators)
        left_deep = {frozenset(mask) for _, mask in known}
        listed |= left_deep
        for tree in families(length, operator_numbers(operators)):
            for leaves in itertools.product(range(4), repeat=4):
                mask = frozenset(
                    p
                    for p, cell in enumerate(cells)
                    if evaluate(tree, tuple(cell[c] for c in leaves))
                )
                listed.add(mask)
                if len(set(leaves)) == 4:
                    assert mask not in left_deep
        assert listed == everything


@pytest.mark.parametrize("length", [3, 4])
def test_a_family_is_its_base_and_what_its_form_says_in_its_region(length):
    found = families(length, operator_numbers(NAMES))
    kinds = kinds_of(found, operator_numbers(NAMES))
    assert sorted(kinds.family[kinds.family >= 0]) == list(range(len(found)))
    for tree in found:
        base, region, (by_or, not_x, not_y) = shape(tree)
        for (at, cell), x, y in itertools.product(enumerate(CELLS), (False, True), (False, True)):
            literals = x != not_x, y != not_y
            decided = any(literals) if by_or else all(literals)
            assert evaluate(tree, (*cell, x, y)) == (base[at] or (region[at] and decided))


@MANY
@given(st.integers(0, 2**32 - 1))
def test_no_pair_of_literals_is_above_its_bound(seed):
    """In a region of some atoms with weights, whatever the two literals are."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-20, 21, rng.integers(1, 12))
    x, y = rng.random((2, len(weights))) < rng.random((2, 1))
    gains = np.maximum(weights, 0)
    sums = weights[x].sum(), gains[x].sum(), weights[y].sum(), gains[y].sum()
    assert weights[x & y].sum() <= _reach(False, *sums, gains.sum())
    assert weights[x | y].sum() <= _reach(True, *sums, gains.sum())


def test_a_tree_reads_as_it_is_built():
    found = Found((0, 1, 2, 3), (2, 0, 1), 1, 1, 1.0, (2, 0, (1, (0, 1, 2), 3)))
    formula = found.formula(["a", "b", "c", "d"])
    assert str(formula) == "a AND NOT ((b OR c) AND d)"
    assert parse(str(formula)) == formula
    assert fill((2, 0, (1, (0, 2, 3), 1)), (7, 8, 5, 6)) == (2, 7, (1, (0, 5, 6), 8))


def test_a_unit_that_only_a_tree_explains():
    """Two overlaps of free concepts: no left-deep formula of four concepts is equal to them."""
    a, b, c, d = np.array(list(itertools.product((False, True), repeat=4))).T
    case = Case(16, tuple(map(positions, (a, b, c, d))), positions((a & b) | (c & d)))
    solution = trees.solve(case.problem(), options(4))
    assert solution.proven
    assert solution.beam[0].score == 1.0
    assert str(solution.beam[0].formula("abcd")) == "(a AND b) OR (c AND d)"
    assert solution.beam[1].tree is None
    assert solution.beam[1].score < 1
    assert solution.by_length[2].tree is None


def test_trees_longer_than_four_are_refused():
    case = Case(4, (frozenset({1}), frozenset({2})), frozenset({1}))
    with pytest.raises(OptionError, match="length is 5; trees are searched up to length 4"):
        trees.solve(case.problem(), options(5))


def test_a_pool_is_kept_to_and_nothing_is_proven():
    a, b, c, d = np.array(list(itertools.product((False, True), repeat=4))).T
    case = Case(16, tuple(map(positions, (a, b, c, d))), positions((a & b) | (c & d)))
    solution = trees.solve(case.problem(), options(4, limit=2))
    assert not solution.proven
    assert solution.beam[0].score < 1
    only = trees.solve(case.problem([0, 1, 3]), options(4))
    assert only.proven
    assert 2 not in {c for found in only.beam for c in found.concepts}


def test_options_know_how_long_the_listed_trees_are():
    assert max(TEXTS) == LONGEST_TREE
