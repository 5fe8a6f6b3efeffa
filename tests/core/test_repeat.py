"""Searches that are repeated over one table: they find what each search alone finds."""

from __future__ import annotations

import pytest

from andornot.counting.responses import Responses
from andornot.search.options import SearchOptions
from andornot.search.problem import OR
from andornot.trust.repeat import Repeats, unit_rows
from trust_cases import noise_world

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
        found = list(repeats.formulas(rows, sizes, length))
        for (terms, operators), solution, by_length in zip(found, solutions, counts, strict=True):
            best = solution.by_length[length - 1]
            if best is None:
                assert (len(terms), len(operators), *by_length[length - 1]) == (0, 0, 0, 0)
                continue
            assert (tuple(terms), tuple(operators)) == (best.concepts, (OR, *best.operators))
            assert tuple(by_length[length - 1]) == (best.i, best.t)
            assert (repeats.atoms_of(terms, operators) == repeats.mask(best)).all()
    each = [3, 1, 2, 3][: len(rows)]
    for u, (terms, _) in enumerate(repeats.formulas(rows, sizes, each)):
        best = solutions[u].by_length[each[u] - 1]
        assert tuple(terms) == (() if best is None else best.concepts)
