"""All searches, against slow searches on sets of positions, formula for formula."""

from __future__ import annotations

import math
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from andornot import explainer
from andornot._tools.popcount import popcount
from andornot.concepts.table import ConceptTable
from andornot.errors import OptionError
from andornot.explainer import explain, kernel_atoms
from andornot.formula import parse
from andornot.measures.scores import METRICS, Counts
from andornot.search import beam, beam_steps, exhaustive
from andornot.search.bits import concept_bits, shared_counts, with_bits
from andornot.search.ceiling import ceiling
from andornot.search.kernels import PUBLISHED, combine, narrow, ranked_score
from andornot.search.options import Budget, Profile, SearchOptions
from andornot.search.problem import (
    OPERATORS,
    Atoms,
    Found,
    Problem,
    operator_numbers,
)
from strategies import MANY, Case, cases

NAMES = ("OR", "AND", "AND NOT")

metrics = st.sampled_from(list(METRICS))
operator_sets = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(
    lambda chosen: tuple(name for name in NAMES if name in chosen)
)
lengths = st.integers(1, 4)
sizes = st.integers(1, 6)
penalties = st.sampled_from([1.0, 0.95, 0.9, 0.5])


def scorer(case, metric):
    """The score of a set of positions; tested against its definition in test_scores.py."""

    def score(mask):
        counts = naive.counts(case.unit, mask, case.n)
        return Counts(*counts).score(metric)

    return score


def as_tuple(found, candidates=None):
    """A found formula in the form of the slow searches, as columns or as places in a list."""
    place = (lambda c: c) if candidates is None else candidates.index
    first = place(found.concepts[0])
    return (
        ("NOT", first) if found.negated else first,
        *(
            (NAMES[operator], place(c))
            for operator, c in zip(found.operators, found.concepts[1:], strict=True)
        ),
    )


def as_pairs(solution, candidates=None):
    return [(as_tuple(f, candidates), f.score) for f in solution.beam]


def solved(problem, chosen):
    """What the beam search finds: the same on a table with bits and on one without."""
    atoms = problem.atoms
    ways = np.zeros((0, 0), np.uint64), concept_bits(atoms)
    by_lists, by_bits = (
        beam.solve(replace(problem, atoms=atoms._replace(bits=bits)), chosen) for bits in ways
    )
    assert by_bits == by_lists
    return by_lists


def bits_of(positions, n):
    """Positions as words of 64 bits, the first position in the lowest bit."""
    words = np.zeros(-(-n // 64), np.uint64)
    for p in positions:
        words[p // 64] |= np.uint64(1 << (p % 64))
    return words


def assert_counts_are_true(case, found, metric, penalty=1.0):
    """The counts and the score of a found formula are those of its positions."""
    mask = set(case.concepts[found.concepts[0]])
    mask = set(range(case.n)) - mask if found.negated else mask
    for operator, c in zip(found.operators, found.concepts[1:], strict=True):
        mask = naive.compose(mask, NAMES[operator], case.concepts[c])
    assert (found.i, found.t) == (len(mask & case.unit), len(mask))
    plain = naive.metric(metric, case.unit, mask, case.n)
    expected = penalty ** (len(found.concepts) - 1) * plain
    assert found.score == pytest.approx(expected, abs=1e-12)


def options(length, size, metric="iou", operators=NAMES, published=False, **more):
    profile: Profile | None = "mu2020" if published else None
    return SearchOptions(
        length, size, operators=tuple(operators), metric=metric, profile=profile, **more
    )


@MANY
@given(cases(max_concepts=6), lengths, sizes, penalties, st.none() | st.integers(1, 4))
def test_published_search_is_repeated_move_for_move(case, length, size, penalty, limit):
    chosen = options(length, size, published=True, penalty=penalty, limit=limit)
    solution = solved(case.problem(), chosen)
    steps = naive.published_search(case.unit, case.concepts, length, size, limit, penalty)
    assert as_pairs(solution) == steps[-1]
    firsts = [as_tuple(f) if f else None for f in solution.by_length]
    assert firsts == [step[0][0] if step else None for step in steps]


@given(cases(), st.integers(5, 8), st.sampled_from([0.9, 0.95, 0.97, 0.99]))
def test_published_scores_of_long_formulas_are_equal_to_the_last_bit(case, length, penalty):
    """Ties hang on the last bit, and long formulas have high powers of the penalty."""
    chosen = options(length, 4, published=True, penalty=penalty)
    solution = solved(case.problem(), chosen)
    assert (
        as_pairs(solution)
        == naive.published_search(case.unit, case.concepts, length, 4, penalty=penalty)[-1]
    )


@MANY
@given(
    cases(max_concepts=6), lengths, sizes, metrics, operator_sets, penalties,
    st.none() | st.integers(1, 4), st.booleans(),
)  # fmt: skip
def test_beam_search_equals_the_slow_one(
    case, length, size, metric, operators, penalty, limit, negated
):
    more = {"penalty": penalty, "limit": limit, "negated_first": negated}
    solution = solved(case.problem(), options(length, size, metric, operators, **more))
    steps = naive.beam_search(
        case.concepts, length, size, scorer(case, metric), operators, penalty, limit,
        case.n if negated else None,
    )  # fmt: skip
    assert as_pairs(solution) == steps[-1]
    firsts = [as_tuple(f) if f else None for f in solution.by_length]
    assert firsts == [step[0][0] if step else None for step in steps]
    for found in solution.beam:
        assert_counts_are_true(case, found, metric, penalty)


@MANY
@given(
    cases(max_concepts=4), st.integers(1, 3), sizes, metrics, operator_sets, penalties,
    st.none() | st.integers(1, 4), st.booleans(),
)  # fmt: skip
def test_exhaustive_search_equals_trying_all(
    case, length, size, metric, operators, penalty, limit, negated
):
    more = {"penalty": penalty, "limit": limit, "negated_first": negated}
    solution = exhaustive.solve(case.problem(), options(length, size, metric, operators, **more))
    expected = naive.exhaustive_search(
        case.concepts, length, size, scorer(case, metric), operators, penalty, limit,
        case.n if negated else None,
    )  # fmt: skip
    assert as_pairs(solution) == expected
    assert solution.proven == (limit is None)
    for found in solution.beam:
        assert_counts_are_true(case, found, metric, penalty)


@MANY
@given(
    cases(), st.integers(1, 4), sizes, metrics, operator_sets, penalties,
    st.none() | st.integers(1, 4),
)  # fmt: skip
def test_exhaustive_is_at_least_beam_is_at_least_singles(
    case, length, size, metric, operators, penalty, limit
):
    chosen = options(length, size, metric, operators, penalty=penalty, limit=limit)
    problem = case.problem()
    best = [s.beam[0].score if s.beam else 0 for s in (
        exhaustive.solve(problem, chosen),
        solved(problem, chosen),
        solved(problem, options(1, size, metric, operators)),
    )]  # fmt: skip
    assert best == sorted(best, reverse=True)
    if length == 1:
        assert best[0] == best[1]
    if metric != "accuracy":  # there the empty union counts as well
        assert best[0] <= ceiling(problem, METRICS[metric]) + 1e-12


@MANY
@given(cases(max_concepts=5), st.integers(1, 3), sizes, st.data())
def test_only_the_candidates_are_used(case, length, size, data):
    """Restricting a search is searching a table of these concepts alone."""
    columns = range(len(case.concepts))
    candidates = data.draw(st.lists(st.sampled_from(columns), min_size=1, unique=True).map(sorted))
    concepts = [case.concepts[c] for c in candidates]
    problem = case.problem(candidates)
    score = scorer(case, "iou")
    assert (
        as_pairs(solved(problem, options(length, size)), candidates)
        == (naive.beam_search(concepts, length, size, score)[-1])
    )
    assert as_pairs(exhaustive.solve(problem, options(length, size)), candidates) == (
        naive.exhaustive_search(concepts, length, size, score)
    )
    published = solved(problem, options(length, size, published=True))
    assert (
        as_pairs(published, candidates)
        == (naive.published_search(case.unit, concepts, length, size)[-1])
    )


@given(cases(), st.integers(2, 4), sizes, st.booleans(), st.sampled_from([1.0, 0.9]))
def test_the_best_of_each_length_is_what_a_shorter_search_finds(
    case, length, size, published, penalty
):
    problem = case.problem()
    long = solved(problem, options(length, size, published=published, penalty=penalty))
    for n in range(1, length + 1):
        short = solved(problem, options(n, size, published=published, penalty=penalty))
        assert long.by_length[n - 1] == (short.beam[0] if short.beam else None)
        assert long.by_length[:n] == short.by_length
    if not published and length < 4:
        complete = exhaustive.solve(problem, options(length, size, penalty=penalty))
        for n in range(1, length + 1):
            short = exhaustive.solve(problem, options(n, size, penalty=penalty))
            assert complete.by_length[n - 1] == (short.beam[0] if short.beam else None)


@MANY
@given(cases(max_concepts=3, max_positions=20))
def test_the_ceiling_is_the_best_union_of_atoms(case):
    for metric, code in METRICS.items():
        best = naive.ceiling(case.concepts, case.n, scorer(case, metric))
        bound = ceiling(case.problem(), code)
        if metric != "accuracy":
            assert bound == pytest.approx(max(best, 0.0), abs=1e-12), metric
        elif case.unit:  # a unit that is active nowhere is not searched for
            assert bound >= best - 1e-12, metric


def test_the_ceiling_of_pure_atoms_needs_no_division_by_zero():
    """All of the unit's positions in atoms of its own, in numbers where a trick would overflow."""
    case_counts = np.array([10**9, 10**9], np.int64)
    atoms = Atoms(
        case_counts, np.array([0, 1, 1]), np.array([0], np.int32),
        np.array([0, 1]), np.array([0], np.int32), case_counts[:1], int(case_counts.sum()),
    )  # fmt: skip
    problem = Problem(atoms, np.array([0], np.int32), case_counts[:1], np.array([0]))
    for metric in METRICS:
        assert ceiling(problem, METRICS[metric]) == 1.0


@given(st.integers(0, 2**32 - 1), metrics, st.booleans())
def test_lists_and_bits_give_one_result_on_many_words(seed, metric, published):
    """More positions than a word has bits, several in an atom, and unions as derived concepts."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(65, 400)), 8
    plain = rng.random((m, n)) < rng.uniform(0.02, 0.6, (m, 1))
    plain[:, n // 2 :] = plain[:, rng.integers(0, n // 2, n - n // 2)]
    derived = np.array([plain[rng.choice(m, 3)].any(axis=0) for _ in range(m)])
    concepts = tuple(frozenset(np.flatnonzero(mask).tolist()) for mask in (*plain, *derived))
    unit = frozenset(np.flatnonzero(rng.random(n) < rng.uniform(0.05, 0.6)).tolist())
    case = Case(n, concepts, unit)
    if published:
        assert (
            as_pairs(solved(case.problem(), options(4, 4, published=True)))
            == (naive.published_search(unit, concepts, 4, 4)[-1])
        )
    else:
        assert (
            as_pairs(solved(case.problem(), options(4, 4, metric)))
            == (naive.beam_search(concepts, 4, 4, scorer(case, metric))[-1])
        )


@given(cases(max_positions=150), st.sampled_from(NAMES), st.data())
def test_shares_lie_between_their_bounds_and_are_counted_right(case, name, data):
    """What is known of ``(L op D) AND C`` from ``L AND C``, and the count of it in bits."""
    subsets = st.frozensets(st.integers(0, case.n - 1))
    left, right = data.draw(subsets), data.draw(subsets)
    grown = naive.compose(left, name, right)
    own = np.array([len(mask) for mask in case.concepts])
    known, new = (
        np.array([[len(left & mask) for mask in case.concepts]] * 2),
        np.empty((2, len(own)), np.int64),
    )
    known[0] -= data.draw(st.integers(0, 2))
    known[1] += data.draw(st.integers(0, 2))
    narrow(own, case.n, len(left), len(grown), known, new)
    shared = np.array([len(grown & mask) for mask in case.concepts])
    assert (new[0] <= shared).all()
    assert (shared <= new[1]).all()
    words = [bits_of(mask, case.n) for mask in (grown, grown & case.unit)]
    for mask, count in zip(case.concepts, shared, strict=True):
        hits, others = shared_counts(*words, bits_of(mask, case.n))  # type: ignore[call-arg]
        assert (hits, hits + others) == (len(grown & mask & case.unit), count)


@MANY
@given(st.integers(0, 2**32 - 1), st.sampled_from([PUBLISHED, *METRICS.values()]), operator_sets)
def test_no_idle_concept_reaches_the_score(seed, metric, operators):
    """Whatever the beam search passes over could not have entered the beam."""
    rng = np.random.default_rng(seed)
    in_unit, in_left, in_concept = rng.random((3, 300)) < rng.random((3, 1))
    n, a = 300, int(in_unit.sum())
    i, e = int((in_left & in_unit).sum()), int((in_left & ~in_unit).sum())
    i_c, t_c = int((in_concept & in_unit).sum()), int(in_concept.sum())
    both = in_left & in_concept
    i_lc, t_lc = int((both & in_unit).sum()), int(both.sum())
    numbers = np.array(operator_numbers(operators))
    factors = rng.choice([1.0, 0.9], len(numbers))
    scores = [
        ranked_score(metric, *combine(op, i, i + e, i_c, t_c, i_lc, t_lc), a, n) * factor
        for op, factor in zip(numbers, factors, strict=True)
    ]
    least = np.zeros(3, np.int64)
    for worst in (*scores, rng.random()):
        beam_steps._find_least(metric, a, n, numbers, factors, i, e, worst, least)
        if beam_steps._is_idle(i_c - i_lc, i_lc, t_lc - i_lc, least):
            assert max(scores) < worst


@given(st.integers(0, 2**64 - 1))
def test_bits_of_a_word_are_counted(word):
    assert popcount(np.uint64(word)) == bin(word).count("1")
    row = np.array([word], np.uint64)
    assert shared_counts(row, np.zeros_like(row), row) == (0, bin(word).count("1"))


def test_bits_are_made_where_they_take_little_room():
    """Each position an atom: bits. Many positions in few atoms: lists alone."""
    masks = np.random.default_rng(0).random((20, 500)) < 0.5
    by_position = kernel_atoms(ConceptTable.from_masks(masks, [f"c{c}" for c in range(20)]))
    assert by_position.bits.shape == (20, 8)
    few = kernel_atoms(ConceptTable.from_masks(np.repeat(masks[:3], 50, axis=1), list("abc")))
    assert few.bits.size == 0
    assert with_bits(few) is few


@given(cases(), st.sampled_from(["auto", "beam", "exhaustive", "mu2020"]))
def test_the_number_of_threads_changes_nothing(case, how):
    masks = np.stack([case.unit_mask, ~case.unit_mask, case.masks[0]])
    profile = {"profile": "mu2020"} if how == "mu2020" else {"search": how}
    one, two = (explain(masks, case.table, beam_size=4, jobs=jobs, **profile) for jobs in (1, 2))
    assert one == two


def test_a_search_without_copies_can_find_what_copies_push_out():
    """In the published search the copies of one formula take all places of a narrow beam."""
    sets = [{0, 1, 2}, {3}, {4}, {5, 6}]
    unit = {0, 1, 2, 3, 4}
    published = naive.published_search(unit, sets, 3, 2)[-1]
    ours = naive.beam_search(sets, 3, 2, lambda mask: naive.iou(unit, mask))[-1]
    assert len({frozenset(f for f in formula) for formula, _ in published}) <= len(ours)
    assert ours[0][1] >= published[0][1] - 1e-9


def test_found_formulas_read_from_left_to_right():
    found = Found((2, 0, 1), (OPERATORS["OR"], OPERATORS["AND NOT"]), 0, 0, 0.0)
    assert found.formula(["blue", "river", "water"]) == parse("(water OR blue) AND NOT river")
    assert str(found.formula(["a", "b", "c"])) == "(c OR a) AND NOT b"


def test_no_overlap_no_formula():
    case = Case(3, (frozenset({0}), frozenset()), frozenset({1}))
    for solve in (solved, exhaustive.solve):
        for chosen in (options(3, 2), options(1, 1)):
            solution = solve(case.problem(), chosen)
            assert solution.beam == ()
            assert solution.by_length == (None,) * chosen.length
    assert solved(case.problem(), options(3, 2, published=True)).beam == ()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"length": 0}, "length is 0"),
        ({"length": 2.5}, "length is 2.5; give a whole number"),
        ({"length": "3"}, "length is '3'; give a whole number"),
        ({"beam_size": 0}, "beam_size is 0"),
        ({"beam_size": None}, "beam_size is None"),
        ({"limit": 0}, "limit is 0"),
        ({"limit": 1.5}, "limit is 1.5"),
        ({"penalty": 0}, "penalty is 0"),
        ({"penalty": 1.01}, "penalty is 1.01"),
        ({"penalty": math.nan}, "penalty is nan"),
        ({"penalty": "much"}, "penalty is 'much'; give a number"),
        ({"metric": "jaccard"}, "unknown metric 'jaccard'"),
        ({"operators": ()}, "no operators"),
        ({"operators": None}, "no operators"),
        ({"operators": ("XOR",)}, "unknown operator 'XOR'"),
        ({"search": "magic"}, "unknown search 'magic'"),
        ({"profile": "mu2021"}, "unknown profile 'mu2021'"),
        ({"profile": "mu2020", "search": "exhaustive"}, "leave search"),
        ({"profile": "mu2020", "metric": "f1"}, "leave search"),
        ({"profile": "mu2020", "operators": ("OR",)}, "leave search"),
    ],
)
def test_bad_options_are_refused_in_one_sentence(wrong, message):
    with pytest.raises(OptionError, match=message) as caught:
        SearchOptions.of(**wrong)
    assert "\n" not in str(caught.value)


def test_options_keep_their_promised_place():
    assert explainer.SearchOptions is SearchOptions
    assert import_module("andornot.search.optimal").Budget is Budget


def test_options_may_be_written_in_several_ways():
    assert operator_numbers(["and_not", " or "]) == (OPERATORS["OR"], OPERATORS["AND NOT"])
    assert operator_numbers("and") == (OPERATORS["AND"],)
    assert operator_numbers(["OR", "or"]) == (OPERATORS["OR"],)
    assert SearchOptions.given({"length": np.int64(2), "limit": np.int32(3)}).length == 2
    assert SearchOptions(operators=("and_not", "OR")).operator_numbers == operator_numbers(
        ("or", "and not")
    )
    assert SearchOptions.of(categories="color").categories == ("color",)
