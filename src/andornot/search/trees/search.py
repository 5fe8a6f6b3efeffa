"""Optimal search over trees: left-deep formulas, then what could beat them, with one proof.

Left-deep formulas are searched by ``optimal``. Beyond them there are the families of ``families``;
this search proves which of their members is best. A member is true in its base, and in its region
where two concepts, each perhaps negated, say so. Every formula that scores more than the best one
so far lies above a line (``bounds``), on which the counts of base and region add up; a region adds
at most the atoms that weigh more than nothing. So most regions fall by one look at the counts of
their two concepts, and in the others most pairs of further concepts do.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from andornot.errors import OptionError
from andornot.search.bounds import highest_score
from andornot.search.ceiling import ceiling
from andornot.search.kernels import singles
from andornot.search.optimal import search as optimal
from andornot.search.options import LONGEST_TREE, Budget, SearchOptions
from andornot.search.problem import Found, Problem, Solution, Tree
from andornot.search.trees.families import Kinds, families, fill, in_order, kinds_of
from andornot.search.trees.kernels import BestTrees, room, search_first, set_level, unit_of


@dataclass(frozen=True)
class Outcome:
    """What is known of the trees of one length that are not left-deep.

    Attributes:
        best: the best of them that scores more than what was known before; None if none does.
        bound: none of them scores more than this and what was known before.
        complete: whether ``best`` is proven.
    """

    best: Found | None
    bound: float
    complete: bool


def solve(problem: Problem, options: SearchOptions, budget: Budget | None = None) -> Solution:
    """The best formula of up to four concepts, both of whose operands may be formulas.

    Args:
        problem: the unit and the concept table.
        options: what to search for; with ``limit``, trees use the best single concepts alone.
        budget: its seconds are for all, half of them for left-deep formulas; its nodes are for
            left-deep formulas, and once more, as passes over atoms, for the trees of each length.

    Raises:
        OptionError: the length is above 4.
    """
    if options.length > LONGEST_TREE:
        raise OptionError(
            f"length is {options.length}; trees are searched up to length {LONGEST_TREE}, longer "
            "formulas only from left to right"
        )
    budget = budget or Budget()
    end = _end(budget)
    half = None if budget.seconds is None else budget.seconds / 2
    left = optimal.solve(problem, options, replace(budget, seconds=half))
    by_length, bounds = list(left.by_length), list(left.bounds)
    best, open_bound, highest = None, 0.0, ceiling(problem, options.metric_number)
    for length in range(3, options.length + 1):
        # only what scores more is of interest, so the line begins as high as it can
        known = _better(best, by_length[length - 1])
        if budget.seconds is not None:
            # a Budget refuses less than 0, and the clock may have passed the end
            budget = replace(budget, seconds=max(0.0, end - time.perf_counter()))
        outcome = best_tree(problem, options, length, known.score if known else 0.0, budget)
        best = outcome.best or best
        by_length[length - 1] = _better(best, by_length[length - 1])
        if not outcome.complete:
            open_bound = max(open_bound, min(outcome.bound, highest))
        if bounds:
            bounds[length - 1] = max(bounds[length - 1], open_bound, _score(by_length[length - 1]))
    is_tree = best is not None and best is by_length[-1]
    beam = (best, *left.beam)[: options.beam_size] if best and is_tree else left.beam
    return Solution(
        beam=beam,
        by_length=tuple(by_length),
        proven=bool(bounds) and bounds[-1] <= _score(by_length[-1]),
        bounds=tuple(bounds),
        nodes=left.nodes,
    )


def _score(found: Found | None) -> float:
    return 0.0 if found is None else found.score


def _better(tree: Found | None, other: Found | None) -> Found | None:
    """The tree where it scores more; of equal ones the left-deep formula."""
    return tree if tree is not None and tree.score > _score(other) else other


def best_tree(
    problem: Problem,
    options: SearchOptions,
    length: int,
    score: float,
    budget: Budget | None = None,
) -> Outcome:
    """The best tree of exactly this length that no left-deep formula equals.

    Args:
        problem: the unit and the concept table.
        options: what to search for.
        length: 3 or 4 concepts.
        score: only trees that score more are of interest; at least that of the best shorter tree.
        budget: how long to search.
    """
    trees = families(length, options.operator_numbers)
    factor = options.penalty ** float(length - 1)
    pool = problem.candidates
    if options.limit is not None:
        pool = singles(options.metric_number, problem, problem.candidates)[2][: options.limit]
    # no score is above 1, so no formula of this length exceeds the factor
    if not trees or score >= factor or not problem.total or not len(pool):
        return Outcome(None, score, complete=True)
    budget = budget or Budget()
    best = BestTrees(
        np.array([score]), np.zeros(1, np.int64), np.full(7, -1), np.array([budget.nodes])
    )
    kinds = kinds_of(trees, options.operator_numbers)
    bound = _search(problem, options.metric_number, factor, kinds, pool, best, budget)
    reached = float(best.score[0])
    found = _found(trees, best)
    return Outcome(found, max(bound or 0.0, reached), complete=bound is None)


def _search(
    problem: Problem,
    metric: int,
    factor: float,
    kinds: Kinds,
    pool: NDArray[np.int64],
    best: BestTrees,
    budget: Budget,
) -> float | None:
    """Try each concept as A; return a bound on what is left where the budget ended first."""
    work, drawn, end = room(problem, pool), -1.0, _end(budget)
    unit = unit_of(problem, pool, metric, factor, float(best.score[0]))
    pool = pool[np.argsort(-unit.gains[pool], kind="stable")]
    for first in range(len(pool)):
        # a better formula moves the line; weights follow between two A, never within one
        if best.score[0] != drawn:
            drawn = float(best.score[0])
            unit = unit_of(problem, pool, metric, factor, drawn)
            set_level(unit, best)
        # what is true in A and in one more concept gains no more than these two
        gain = unit.gains[pool] + (0 if kinds.single.all() else unit.most)
        if time.perf_counter() < end and not (budget.stop and budget.stop()):
            if gain[first] > best.level[0]:
                search_first(problem.atoms, unit, kinds, pool, first, work, best)
            if best.nodes[0] > 0:
                continue
        # the largest of the rest: the order is that of the first line, and gains have changed since
        left = min(int(gain[first:].max()), unit.all_gain)
        return float(highest_score(metric, left, unit.slope, unit.a, unit.n) * factor)
    return None


def _end(budget: Budget) -> float:
    return np.inf if budget.seconds is None else time.perf_counter() + budget.seconds


def _found(trees: list[Tree], best: BestTrees) -> Found | None:
    family, a, b, x, y, i, e = best.found.tolist()
    if family < 0:
        return None
    tree = fill(trees[family], (a, b, x, y))
    concepts, operators = in_order(tree)
    return Found(concepts, operators, i, i + e, float(best.score[0]), tree)
