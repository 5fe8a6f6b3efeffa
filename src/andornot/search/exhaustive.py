"""Exhaustive search: every left-deep formula up to a length, one after another.

For small problems, and to check the other searches by. The last concept of a formula costs no
pass over the atoms, so a search takes about ``m * (3 p) ** (length - 2)`` passes for ``m``
candidates to start from and ``p`` to compose with (all ``m``, unless there is a limit), and twice
as many where formulas may begin with NOT. Formulas
equal to a shorter one (a concept that changes nothing, an empty set) are not continued: what could
come of them comes of the shorter one as well.
"""

from __future__ import annotations

import math

import numpy as np

from andornot._tools.jit import Bool, jit
from andornot.search.best import Best, enters, offer
from andornot.search.kernels import (
    apply,
    atoms_of,
    combine,
    intersections,
    ranked_score,
    singles,
)
from andornot.search.options import SearchOptions
from andornot.search.problem import AND_NOT, OR, Atoms, Found, Ints, Problem, Solution


def passes(n_candidates: int, n_pool: int, n_operators: int, length: int) -> float:
    """About how many passes over the atoms a search takes."""
    # as logarithms, and up to e**700 only: the product itself may not fit a float
    steps = math.log(max(1, n_candidates)) + max(0, length - 2) * math.log(
        max(1, n_pool * n_operators)
    )
    return math.exp(steps) if steps < 700 else math.inf


def solve(problem: Problem, options: SearchOptions) -> Solution:
    """Try every formula for one unit; of equal ones the shortest, then the first is kept."""
    atoms = problem.atoms
    dense = np.zeros(len(atoms.counts), np.int64)
    dense[problem.active] = problem.active_counts
    i_1, t_1, ranking, _ = singles(options.metric_number, problem, problem.candidates)
    # in the order of columns, so that ties rank as they do without a limit
    pool = np.sort(ranking[: options.limit]) if options.limit else problem.candidates
    best = Best.empty(options.beam_size, options.length, len(atoms.counts))
    by_length: list[Found | None] = []
    for length in range(1, options.length + 1):
        # those that begin with NOT come last, and so stay behind others that score the same
        for negated in (False, True) if options.negated_first else (False,):
            if len(pool) or negated:
                _enumerate(
                    atoms, dense, problem.total, i_1, t_1, problem.candidates, pool,
                    np.array(options.operator_numbers, np.int64), options.metric_number,
                    options.penalty, length, negated, best,
                )  # fmt: skip
        by_length.append(next(iter(best.found()), None))
    return Solution(beam=best.found(), by_length=tuple(by_length), proven=options.limit is None)


@jit
def _enumerate(
    atoms: Atoms, dense: Ints, a: int, i_1: Ints, t_1: Ints, starts: Ints, pool: Ints,
    operators: Ints, metric: int, penalty: float, length: int, negated: Bool, best: Best,
) -> None:  # fmt: skip
    """Offer every formula of exactly ``length`` concepts, depth first; exact, without a bound.

    Level ``d`` holds the formula of the first ``d`` terms; ``choice[d]`` counts through the pairs
    of concept and operator that may follow it.
    """
    n_atoms, n_concepts = len(atoms.counts), len(i_1)
    mask = np.zeros((length, n_atoms), np.uint8)
    i_with = np.zeros((length, n_concepts), np.int64)
    t_with = np.zeros((length, n_concepts), np.int64)
    i_at, t_at = np.zeros(length + 1, np.int64), np.zeros(length + 1, np.int64)
    choice = np.zeros(length, np.int64)
    terms, chosen = np.full(length, -1, np.int64), np.full(length, -1, np.int64)
    n_positions, own = atoms.n_positions, np.zeros(n_atoms, np.uint8)
    depth = 0
    if negated:
        # to begin with NOT is to take a concept away from everything
        mask[0], i_with[0], t_with[0], i_at[0], t_at[0] = 1, i_1, t_1, a, n_positions
    while depth >= 0:
        n_choices = len(pool) * len(operators) if depth > 0 else len(starts)
        if choice[depth] == n_choices:
            choice[depth] = 0
            depth -= 1
            continue
        if depth == 0:
            c, operator = starts[choice[0]], AND_NOT if negated else OR
        else:
            c = pool[choice[depth] // len(operators)]
            operator = operators[choice[depth] % len(operators)]
        choice[depth] += 1
        i, t = combine(
            operator, i_at[depth], t_at[depth], i_1[c], t_1[c], i_with[depth, c], t_with[depth, c]
        )
        # true nowhere, unchanged, or everywhere: what continues it, a shorter formula does as well
        if t == 0 or (i == i_at[depth] and t == t_at[depth]) or (negated and t == n_positions):
            continue
        terms[depth], chosen[depth] = c, operator
        if depth == length - 1:
            # a float exponent, as in the other solvers, so that all agree to the last bit
            score = ranked_score(metric, i, t, a, n_positions) * penalty ** float(depth)
            if enters(best, score):
                apply(mask[depth], operator, atoms_of(atoms, c), own)
                offer(best, own, terms, chosen, i, t, score)
            continue
        depth += 1
        apply(mask[depth - 1], operator, atoms_of(atoms, c), mask[depth])
        i_at[depth], t_at[depth] = i, t
        i_with[depth], t_with[depth] = intersections(
            mask[depth], atoms.counts, dense, atoms.indptr, atoms.indices, n_concepts
        )
