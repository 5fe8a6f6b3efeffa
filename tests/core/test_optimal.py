"""The optimal search: against trying all formulas, and its bounds against every completion."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import naive
from andornot.errors import OptionError
from andornot.explainer import explain
from andornot.measures.scores import METRICS, score
from andornot.results.explanation import Certificate, Explanation
from andornot.search import exhaustive
from andornot.search.bounds import SCALE, highest_score, level_of, slope_of
from andornot.search.ceiling import ceiling
from andornot.search.optimal import Budget
from andornot.search.optimal import search as optimal
from andornot.search.optimal.bounds import bound_of
from andornot.search.optimal.steps import follows
from andornot.search.options import SearchOptions
from andornot.search.problem import OPERATORS
from strategies import MANY, Case, cases

NAMES = tuple(OPERATORS)
metrics = st.sampled_from(list(METRICS))
operator_sets = st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(tuple)


def best_scores(solution):
    return [0.0 if found is None else found.score for found in solution.by_length]


def assert_is_optimal(problem, options):
    """The same best scores as trying all, proven at every length, with true counts."""
    solution, all_tried = optimal.solve(problem, options), exhaustive.solve(problem, options)
    assert best_scores(solution) == pytest.approx(best_scores(all_tried), abs=1e-12)
    assert solution.proven == (options.limit is None)
    if options.limit is None:
        assert solution.bounds == tuple(best_scores(solution))
    for found in (*solution.beam, *filter(None, solution.by_length)):
        assert found.score == pytest.approx(counted(problem, found, options), abs=1e-12)
    if options.negated_first:
        others = exhaustive.solve(problem, replace(options, negated_first=False)).by_length
        highest = ceiling(problem, options.metric_number)
        for found, other in zip(solution.by_length, others, strict=True):
            if found is None or other is None or not found.negated:
                continue
            # where the ceiling is reached nothing more is looked for
            if found.score < highest * options.penalty ** (len(found.concepts) - 1) - 1e-9:
                # of equal ones that without NOT is shown, unless it is longer
                assert (other.score, len(found.concepts)) < (found.score, len(other.concepts))


def counted(problem, found, options):
    """The score of a found formula, from its atoms."""
    atoms, masks = problem.atoms, np.zeros((2, len(problem.atoms.counts)), bool)
    masks[0] = found.negated
    for operator, c in zip(found.steps, found.concepts, strict=True):
        own = atoms.concept_atoms[atoms.concept_indptr[c] : atoms.concept_indptr[c + 1]]
        masks[1] = False
        masks[1, own] = True
        masks[0] = [masks[0] | masks[1], masks[0] & masks[1], masks[0] & ~masks[1]][operator]
    t = int(atoms.counts[masks[0]].sum())
    i = int(problem.active_counts[masks[0][problem.active]].sum())
    assert (found.i, found.t) == (i, t)
    value = score(options.metric_number, i, t - i, problem.total, atoms.n_positions)
    return value * options.penalty ** (len(found.concepts) - 1)


def random_case(rng, n_concepts):
    """Concepts of any size; half of the units follow a formula, with noise."""
    n = int(rng.integers(2, 60))
    masks = rng.random((n_concepts, n)) < rng.uniform(0.05, 0.7, (n_concepts, 1))
    unit = rng.random(n) < rng.uniform(0.05, 0.9)
    if rng.random() < 0.5:
        unit = (masks[0] & masks[1 % n_concepts]) | masks[2 % n_concepts]
        unit ^= rng.random(n) < 0.1
    unit[0] |= not unit.any()
    return Case(
        n, tuple(frozenset(np.flatnonzero(mask)) for mask in masks), frozenset(np.flatnonzero(unit))
    )


@MANY
@given(
    cases(max_concepts=4), st.integers(1, 4), st.integers(1, 6), metrics, operator_sets,
    st.sampled_from([1.0, 0.95, 0.5]), st.none() | st.integers(1, 3), st.booleans(),
)  # fmt: skip
def test_the_optimum_is_that_of_trying_all(
    case, length, size, metric, operators, penalty, limit, negated
):
    more = {"penalty": penalty, "limit": limit, "negated_first": negated}
    options = SearchOptions(length, size, "auto", metric, operators, **more)
    assert_is_optimal(case.problem(), options)


@settings(max_examples=25 * settings.default.max_examples)
@given(st.integers(0, 2**32 - 1))
def test_the_optimum_is_that_of_trying_all_on_larger_problems(seed):
    rng = np.random.default_rng(seed)
    n_concepts = int(rng.integers(1, 9))
    length = int(rng.integers(1, {1: 6, 2: 6, 3: 6, 4: 5}.get(n_concepts, 4)))
    operators = tuple(np.flatnonzero(rng.random(3) < 0.7)) or (int(rng.integers(3)),)
    options = SearchOptions(
        length, int(rng.integers(1, 6)), "auto", list(METRICS)[rng.integers(len(METRICS))],
        tuple(NAMES[k] for k in operators), float(rng.choice([1, 0.9])),
        None if rng.random() < 0.8 else int(rng.integers(1, 4)),
        negated_first=bool(rng.random() < 0.5),
    )  # fmt: skip
    assert_is_optimal(random_case(rng, n_concepts).problem(), options)


@MANY
@given(
    cases(max_concepts=4), st.integers(2, 4), metrics, operator_sets,
    st.sampled_from([1.0, 0.9]), st.integers(0, 12), st.booleans(),
)  # fmt: skip
def test_the_bound_holds_wherever_the_search_is_stopped(
    case, length, metric, operators, penalty, nodes, negated
):
    options = SearchOptions(length, 3, "auto", metric, operators, penalty, negated_first=negated)
    problem = case.problem()
    stopped = optimal.solve(problem, options, Budget(nodes))
    assert stopped == optimal.solve(problem, options, Budget(nodes))
    best = best_scores(exhaustive.solve(problem, options))
    for found, most, bound in zip(best_scores(stopped), best, stopped.bounds, strict=True):
        assert found <= most + 1e-12
        assert most <= bound + 1e-12
    assert stopped.proven == (stopped.bounds[-1] <= best_scores(stopped)[-1])
    assert stopped.nodes <= nodes


@given(cases())
def test_a_search_that_may_take_no_time_is_the_beam_search_with_a_bound(case):
    problem, options = case.problem(), SearchOptions(4, 3)
    for budget in (Budget(0), Budget(seconds=0), Budget(stop=lambda: True)):
        solution = optimal.solve(problem, options, budget)
        assert solution.nodes == 0
        assert len(solution.bounds) == 4
        assert list(solution.bounds) == sorted(solution.bounds)


@pytest.mark.parametrize("metric", METRICS)
def test_formulas_of_some_worth_lie_above_their_line(metric):
    """All counts there are, against the line of every score that one of them has."""
    code = METRICS[metric]
    for a, n in ((1, 2), (3, 8), (5, 9), (4, 30), (7, 7)):
        pairs = list(itertools.product(range(a + 1), range(n - a + 1)))
        values = [score(code, i, e, a, n) for i, e in pairs]
        for worth, factor in itertools.product(sorted({v for v in values if v > 0}), (1.0, 0.9)):
            slope = slope_of(code, worth * factor, factor, a, n)
            others = () if metric == "accuracy" else (2 * slope, 1)
            for strict, other in itertools.product((False, True), (slope, *others)):
                level = level_of(code, worth * factor, factor, strict, other, a, n)
                for (i, e), value in zip(pairs, values, strict=True):
                    if value * factor > worth * factor or (value == worth and not strict):
                        assert SCALE * i - other * e > level


@pytest.mark.parametrize("metric", METRICS)
def test_no_counts_below_a_line_score_more_than_its_highest_score(metric):
    code = METRICS[metric]
    for a, n in ((1, 2), (3, 8), (4, 20), (7, 7)):
        pairs = list(itertools.product(range(a + 1), range(n - a + 1)))
        for slope in (1, SCALE // 3, SCALE, 5 * SCALE):
            weights = {(i, e): SCALE * i - slope * e for i, e in pairs}
            for weight in set(weights.values()):
                most = highest_score(code, weight, slope, a, n)
                below = [p for p in pairs if weights[p] <= weight and sum(p) > 0]
                assert all(score(code, i, e, a, n) <= most for i, e in below)


@given(cases(max_concepts=3, max_positions=9), st.integers(1, 3), operator_sets, st.data())
def test_the_bound_of_a_prefix_exceeds_all_that_continues_it(case, missing, operators, data):
    slope = data.draw(st.integers(1, 2 * SCALE))

    def weight(mask):
        return sum(SCALE if p in case.unit else -slope for p in mask)

    def good(mask):
        return SCALE * len(mask & case.unit)

    has = np.array([name in operators for name in NAMES])
    for _, prefix in naive.all_formulas(case.concepts, 2, operators, n=case.n):
        gains = sorted((good(c - prefix) for c in case.concepts), reverse=True)
        top = np.cumsum([0, *gains, *[0] * missing])[: missing + 1] * has[0]
        everything = good(set(range(case.n)))
        bound = bound_of(has, everything, weight(prefix), good(prefix), top, missing)
        level = [prefix]
        for _ in range(missing):
            assert all(weight(mask) <= bound for mask in level)
            level = [
                naive.compose(mask, name, c)
                for mask, c, name in itertools.product(level, case.concepts, operators)
            ]
        assert all(weight(mask) <= bound for mask in level)


@given(cases(max_concepts=4), st.integers(1, 4), operator_sets, st.randoms())
def test_every_formula_has_an_equal_one_in_order(case, length, operators, random):
    """Whatever the ranks, some formula with the same positions is in the order that is tried."""
    rank = list(range(len(case.concepts)))
    random.shuffle(rank)
    every, in_order = set(), set()
    for formula, mask in naive.all_formulas(case.concepts, length, operators, n=case.n):
        negated = naive.begins_with_not(formula)
        terms = [formula[0][1] if negated else formula[0], *(c for _, c in formula[1:])]
        first = OPERATORS["AND NOT" if negated else "OR"]
        steps = [first, *(OPERATORS[name] for name, _ in formula[1:])]
        every.add((frozenset(mask), len(terms)))
        if all(
            follows(
                steps[d],
                steps[d - 1],
                d == 1,
                rank[terms[d]] > rank[terms[d - 1]],
                "AND NOT" in operators,
            )
            or terms[d] == terms[d - 1]
            for d in range(1, len(terms))
        ):
            in_order.add((frozenset(mask), len(terms)))
    assert in_order == every


def test_formulas_that_tie_are_all_found_the_simplest_first():
    """c0 and c1 OR c2 cover different halves of the unit, each without a false alarm."""
    sets = ({0, 1}, {2}, {3}, {0, 2, 4, 5, 6, 7})
    case = Case(8, tuple(map(frozenset, sets)), frozenset({0, 1, 2, 3}))
    solution = optimal.solve(case.problem(), SearchOptions(2, operators=("OR",)))
    top = [f for f in solution.beam if f.score == solution.beam[0].score]
    assert {frozenset(f.concepts) for f in top} == {frozenset({0, 1}), frozenset({0, 2})}
    single = optimal.solve(case.problem(), SearchOptions(2, operators=("AND",)))
    assert len(single.beam[0].concepts) == 1
    assert [len(f.concepts) for f in single.beam] == sorted(len(f.concepts) for f in single.beam)


@pytest.mark.parametrize("seed", range(12))
def test_two_partitions_and_a_formula_over_them_are_solved(seed):
    """Two partitions of 240 positions into three labels; the unit is ``(A AND B) OR C``."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, (2, 240))
    masks = np.array([labels[part] == label for part in range(2) for label in range(3)])
    unit = (masks[0] & masks[3]) | masks[1]
    case = Case(
        240,
        tuple(frozenset(np.flatnonzero(mask)) for mask in masks),
        frozenset(np.flatnonzero(unit)),
    )
    solution = optimal.solve(case.problem(), SearchOptions(3))
    assert solution.proven
    assert solution.beam[0].score == 1.0


def test_optimal_search_through_the_api(case_of_noise):
    masks = np.stack([case_of_noise.unit_mask, ~case_of_noise.unit_mask])
    result = explain(masks, case_of_noise.table, length=4, search="optimal")
    for e in result:
        c = e.certificate
        assert c.proven
        assert c.score == e.score == c.upper_bound <= c.ceiling
        assert c.attained == e.score / c.ceiling
        assert c.by_length == e.by_length
        assert c.ties == sum(s.score == e.score for s in e.beam)
        assert Explanation.from_dict(json.loads(json.dumps(e.as_dict()))) == e
    assert {"ceiling", "attained", "ties"} <= set(result.to_frame().columns)
    left = explain(masks, case_of_noise.table, length=4, search="optimal", nodes=1)[0].certificate
    assert left.score <= result[0].score <= left.upper_bound <= left.ceiling


@pytest.fixture
def case_of_noise():
    rng = np.random.default_rng(5)
    masks = rng.random((9, 400)) < 0.3
    unit = rng.random(400) < 0.2
    return Case(
        400,
        tuple(frozenset(np.flatnonzero(mask)) for mask in masks),
        frozenset(np.flatnonzero(unit)),
    )


def test_the_default_proves_where_its_budget_allows(case_of_noise):
    e = explain(case_of_noise.unit_mask[None], case_of_noise.table, length=3)[0]
    assert e.certificate.proven
    long = explain(case_of_noise.unit_mask[None], case_of_noise.table, length=10, nodes=50)[0]
    assert not long.certificate.proven
    assert long.score < long.certificate.upper_bound <= long.certificate.ceiling
    assert len(long.certificate.by_length) == 10


def test_certificates_of_older_runs_are_read():
    old = {"score": 0.5, "upper_bound": 0.75, "proven": False}
    certificate = Certificate.from_dict(old)
    assert certificate == Certificate(0.5, 0.75, False)
    assert certificate.attained is None
    assert replace(certificate, ceiling=1.0).attained == 0.5


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"nodes": -1}, "nodes is -1"),
        ({"nodes": 1.5}, "nodes is 1.5; give a whole number"),
        ({"seconds": -1}, "seconds is -1"),
        ({"seconds": math.nan}, "seconds is nan"),
        ({"seconds": "long"}, "seconds is 'long'; give a number"),
        ({"profile": "mu2020", "search": "optimal"}, "leave search"),
    ],
)
def test_bad_budgets_are_refused_in_one_sentence(wrong, message):
    with pytest.raises(OptionError, match=message):
        SearchOptions.of(**wrong)
