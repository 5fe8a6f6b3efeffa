"""Searches that are repeated over one table: they find what each search alone finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import naive
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.explainer import kernel_atoms
from andornot.measures.scores import METRICS
from andornot.search import beam
from andornot.search.bits import concept_bits
from andornot.search.kernels import ranked_score
from andornot.search.options import SearchOptions
from andornot.search.pairs import with_pairs
from andornot.search.problem import OPERATORS, OR, Problem
from andornot.trust.repeat import Repeats, unit_rows
from trust_cases import noise_world

operator_sets = st.lists(st.sampled_from(list(OPERATORS)), min_size=1, max_size=3, unique=True)

WORLD = noise_world(0)


@pytest.mark.parametrize(
    "options",
    [
        {"search": "beam"},
        {"search": "exhaustive", "operators": ["OR", "AND NOT"]},
        {"profile": "mu2020"},
        {"metric": "accuracy", "penalty": 0.9, "pool": 3},
    ],
)
def test_formulas_as_arrays_are_those_of_the_search(options):
    repeats = Repeats.of(WORLD.table, SearchOptions.of(length=3, beam_size=4, **options), jobs=1)
    responses = Responses.from_masks(WORLD.units, WORLD.table)
    sizes = WORLD.table.fold_counts[:, 1:].sum(axis=1)
    part = responses.fold_counts[:, 1:].sum(axis=1)
    part[slice(*responses.indptr[1:3])] = 0  # of a unit that is active nowhere nothing is found
    rows = list(unit_rows(responses, part))
    solutions = list(repeats.search(rows, sizes))
    counts = list(repeats.counts_by_length(rows, sizes))
    assert solutions[1].by_length == (None, None, None)
    for length in (1, 2, 3):
        found = [of_length(length - 1) for of_length in repeats.by_length(rows, sizes)]
        for formula, solution, by_length in zip(found, solutions, counts, strict=True):
            best = solution.by_length[length - 1]
            if best is None:
                assert (formula, *by_length[length - 1]) == (None, 0, 0)
                continue
            i, t, terms, operators = formula
            assert (i, t) == (best.i, best.t)
            assert (tuple(terms), tuple(operators)) == (best.concepts, (OR, *best.operators))
            assert tuple(by_length[length - 1]) == (best.i, best.t)
            assert (repeats.atoms_of(terms, operators) == repeats.mask(best)).all()
    if repeats.options.search != "beam":
        return
    # of each unit a length of its own
    each = [3, 0, 2, 1][: len(rows)]
    top = repeats.on(sizes)._beam.best(rows, each)
    for u, length in enumerate(each):
        best = solutions[u].by_length[length - 1]
        terms = top.terms[u, length - 1]
        assert tuple(terms[terms >= 0]) == (() if best is None else best.concepts)


def drawn_table(rng):
    """More concepts than are weighed between two looks at the beam, in atoms of any size."""
    n_concepts, n_atoms = int(rng.choice([8, 40, 300])), int(rng.choice([30, 150]))
    rows = [np.unique(rng.integers(n_concepts, size=rng.integers(0, 9))) for _ in range(n_atoms)]
    sizes = rng.integers(int(rng.choice([0, 1])), int(rng.choice([2, 3, 500])), (n_atoms, 1))
    derived = rng.integers(0, n_concepts // 2, n_concepts // 2).tolist()
    plain = [-1] * (n_concepts - len(derived))
    return ConceptTable(
        tuple(f"c{c}" for c in range(n_concepts)), (("x",),) * n_concepts,
        np.cumsum([0, *map(len, rows)]), np.concatenate(rows).astype(np.int32), sizes,
        bases=(*plain, *derived) if rng.random() < 0.3 else (),
    )  # fmt: skip


def drawn_units(rng, table, n=4):
    """Units of a table: noise, and others that like one of its concepts."""
    for _ in range(n):
        atoms = np.flatnonzero(rng.random(table.n_atoms) < rng.random()).astype(np.int32)
        liked = table.concept_mask(table.names[int(rng.integers(table.n_concepts))])[atoms]
        share = rng.random(len(atoms)) * np.where(liked, 1, rng.choice([1, 0.2]))
        yield atoms, np.round(share * table.counts[atoms]).astype(np.int64)


searches = st.one_of(
    st.fixed_dictionaries({"profile": st.just("mu2020")}),
    st.fixed_dictionaries(
        {"metric": st.sampled_from(list(METRICS)), "operators": operator_sets},
        optional={"pool": st.integers(1, 20), "negated_first": st.booleans()},
    ),
)  # fmt: skip


@settings(max_examples=25)
@given(
    st.integers(0, 2**32 - 1), searches, st.integers(1, 5), st.sampled_from([1, 4, 10]),
    st.sampled_from([1.0, 0.9]),
)  # fmt: skip
def test_no_way_of_counting_changes_what_is_found(seed, search, length, beam_size, penalty):
    """Bits, pairs and marks of a table, units together or alone: one result, that of lists."""
    rng = np.random.default_rng(seed)
    table = drawn_table(rng)
    options = SearchOptions.of(length=length, beam_size=beam_size, penalty=penalty, **search)
    repeats = Repeats.of(table, options, jobs=1)
    atoms, units = kernel_atoms(table), list(drawn_units(rng, table))
    none = np.zeros((0, 0), np.uint64)
    lists = atoms._replace(bits=none, marks=none, pairs=none.view(np.int64))
    ways = (
        lists, lists._replace(marks=atoms.marks), with_pairs(lists),
        with_pairs(lists._replace(marks=atoms.marks)),
        lists._replace(bits=concept_bits(lists)), atoms._replace(bits=concept_bits(lists)),
    )  # fmt: skip
    candidates = table.select()
    expected = []
    for active, counts in units:
        there = counts > 0
        problem = Problem(lists, active[there], counts[there], candidates, table.bases)
        found = [beam.solve(replace(problem, atoms=way), options) for way in ways]
        assert all(other == found[0] for other in found[1:])
        expected.append(found[0])
        # of atoms without positions sets tell more than counts do
        small = table.n_concepts <= 40 and length <= 3 and table.counts.all()
        if small and not (options.published or table.bases):
            assert_slow_search_agrees(table, problem, options, found[0])
    tops = repeats.counts_by_length(units)
    for (_, counts), solution, top in zip(units, expected, tops, strict=True):
        best = [(0, 0) if f is None else (f.i, f.t) for f in solution.by_length]
        assert top.tolist() == ([[0, 0]] * length if not counts.any() else list(map(list, best)))


def assert_slow_search_agrees(table, problem, options, solution):
    """The beam is that of a search which weighs everything, on sets of atoms."""
    sizes, active = table.counts, np.zeros(table.n_atoms, np.int64)
    active[problem.active] = problem.active_counts

    def score(mask):
        atoms = list(mask)
        i, t = int(active[atoms].sum()), int(sizes[atoms].sum())
        return ranked_score(options.metric_number, i, t, problem.total, table.n_positions) * (t > 0)

    masks = [set(np.flatnonzero(table.concept_mask(name)).tolist()) for name in table.names]
    steps = naive.beam_search(
        masks, options.length, options.beam_size, score, options.operators, options.penalty,
        options.limit, table.n_atoms if options.negated_first else None,
    )  # fmt: skip
    assert [f.score for f in solution.beam] == pytest.approx([s for _, s in steps[-1]], abs=1e-12)
