"""The optimal search: the best left-deep formula, with a proof, or with what is left of a proof.

Lengths are searched one after another, so that the best formula of each is known with its own
bound. Each begins with the best formula known so far, that of a beam search included, and closes
all prefixes that cannot lead to a better one (``branch``). The space, the bounds and their
proofs are in ``docs/explanation/proofs.md``.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import lean
from andornot.search import beam
from andornot.search.best import Best
from andornot.search.bounds import SCALE, highest_score, slope_of
from andornot.search.ceiling import ceiling
from andornot.search.kernels import singles
from andornot.search.optimal.branch import DONE, FULL, advance, begin
from andornot.search.optimal.state import BranchRule, BranchUnit, Open, Prefix
from andornot.search.optimal.steps import set_level
from andornot.search.options import Budget, SearchOptions
from andornot.search.problem import AND, AND_NOT, OR, Atoms, Found, Problem, Solution

_SLICE = 1_000
"""Prefixes tried between two looks at the clock, or as many as one prefix can take, if more."""
_ROOM = 2**14
_MOST_ROOM = 2**22
"""Prefixes in the tree, at first and at most (at some 30 bytes each)."""


def solve(problem: Problem, options: SearchOptions, budget: Budget | None = None) -> Solution:
    """Find the best formula for one unit, and prove it within the budget or bound what is left.

    What comes after the best formula are those met with the same score, then the runners-up of
    the beam search.
    """
    search = _Search(problem, options, budget or Budget())
    for length in range(2, options.length + 1):
        if not search.exactly(length):
            search.from_to(length, options.length)
            break
    return search.solution()


class _Search:
    """One unit's search: the best formulas, and for each length so far a bound."""

    def __init__(self, problem: Problem, options: SearchOptions, budget: Budget) -> None:
        self.problem, self.options, self.budget = problem, options, budget
        self.first = beam.solve(problem, options)
        self.best = Best.empty(options.beam_size, options.length, len(problem.atoms.counts))
        self.ceiling = ceiling(problem, options.metric_number)
        self.nodes = 0
        self.started = time.perf_counter()
        self.by_length: list[Found | None] = []
        self.bounds: list[float] = []
        self._learn(1)
        # the beam has tried every single concept, so none is open
        self._note(1, 0.0)

    def exactly(self, length: int) -> bool:
        """Search one length, in half of what is left of the budget (all if it is the last one).

        Returns:
            Whether the best formula of this length is proven to be so.
        """
        self._learn(length)
        share = 1.0 if length == self.options.length else 0.5
        bound = self._run(length, length, share)
        if bound is not None and length < self.options.length:
            return False
        self._note(length, bound or 0.0)
        return True

    def from_to(self, shortest: int, longest: int) -> None:
        """Search several lengths at once with what is left of the budget."""
        for length in range(shortest, longest + 1):
            self._learn(length)
        bound = self._run(shortest, longest, 1.0) or 0.0
        bound = max(bound, float(self.best.score[0]))
        for length in range(shortest, longest + 1):
            self._note(length, bound)

    def solution(self) -> Solution:
        """What was found."""
        for next_best in self.first.beam:
            self.best.add(next_best, self.problem.atoms)
        found, bounds = self.best.found(), tuple(self.bounds)
        self.by_length[-1] = found[0] if found else None
        top = found[0].score if found else 0.0
        return Solution(
            beam=found,
            by_length=tuple(self.by_length),
            proven=self.options.limit is None and bounds[-1] <= top,
            bounds=bounds if self.options.limit is None else (),
            nodes=self.nodes,
        )

    def _learn(self, length: int) -> None:
        """Take up the formula of the beam search."""
        found = self.first.by_length[length - 1]
        if found is not None:
            self.best.add(found, self.problem.atoms)

    def _note(self, length: int, bound: float) -> None:
        """Note the best formula of up to this length, and a bound on those that are open."""
        known = [f for f in self.best.found() if len(f.concepts) <= length]
        if (own := self.first.by_length[length - 1]) is not None:
            known.append(own)
        best = max(known, key=lambda found: found.score, default=None)
        self.by_length.append(best)
        self.bounds.append(max(bound, 0.0 if best is None else best.score))

    def _run(self, shortest: int, longest: int, share: float) -> float | None:
        """Search lengths; a bound on the formulas that are left, None if none is left."""
        factor = self.options.penalty ** float(shortest - 1)
        # no penalty is above 1, so that of the shortest length bounds those of all
        limit = factor * self.ceiling
        # up to rounding nothing above it is left to find
        if self.best.score[0] >= limit * (1 - 1e-12):
            return None
        rule, unit, starts = _prepare(self.problem, self.options, self.best, shortest, longest)
        open_, prefix = Open.of_capacity(_ROOM), Prefix.room(rule, unit)
        set_level(rule, self.best, prefix.level)
        while len(open_.bound) < (1 + rule.negated) * len(starts):
            open_ = open_.grown()
        begin(rule, starts, self.problem.atoms.concept_counts, unit, open_, prefix)
        open_ = self._advance(rule, unit, open_, prefix, share)
        self.nodes += open_.tried
        if not open_.n_open:
            return None
        left = highest_score(rule.metric, open_.highest, rule.slope, rule.a, rule.n)
        return float(min(factor * left, limit))

    def _advance(
        self, rule: BranchRule, unit: BranchUnit, open_: Open, prefix: Prefix, share: float
    ) -> Open:
        """Run the kernel in slices, with a look at the clock between them."""
        nodes = int(share * (self.budget.nodes - self.nodes))
        now, seconds, stop = time.perf_counter(), self.budget.seconds, self.budget.stop
        # what the kernel began with a prefix it begins again if the limit came first
        a_slice = max(_SLICE, 4 * len(rule.pool) + 1)
        end = np.inf if seconds is None else now + share * (self.started + seconds - now)
        while open_.tried < nodes and time.perf_counter() < end and not (stop and stop()):
            state = advance(
                rule, self.problem.atoms, unit, open_, prefix, self.best,
                min(nodes, open_.tried + a_slice),
            )  # fmt: skip
            if state == DONE:
                break
            if state == FULL:
                if len(open_.bound) >= _MOST_ROOM:
                    break
                open_ = open_.grown()
        return open_


def _prepare(
    problem: Problem, options: SearchOptions, best: Best, shortest: int, longest: int
) -> tuple[BranchRule, BranchUnit, NDArray[np.int64]]:
    """The rule of a search, the unit's weights, and the concepts to begin with."""
    atoms, a = problem.atoms, problem.total
    i, t, ranking, _ = singles(options.metric_number, problem, problem.candidates)
    pool = np.sort(ranking[: options.limit]) if options.limit else problem.candidates
    factor = options.penalty ** float(shortest - 1)
    slope = slope_of(options.metric_number, best.score[0], factor, a, atoms.n_positions)
    active = np.zeros(len(atoms.counts), np.int64)
    active[problem.active] = problem.active_counts
    weights = SCALE * active - slope * (atoms.counts - active)
    v = np.zeros(len(t), np.int64)
    _add_good_weights(atoms, problem.active, weights, v)
    w = SCALE * i - slope * (t - i)
    by_w = pool[np.argsort(-w[pool], kind="stable")]
    unit = BranchUnit(
        active, weights, i, w, v, by_w, int(np.maximum(weights, 0).sum()), int(weights.sum())
    )
    # any fixed order will do (Lemma 8); with large V first, what ranks behind can add little
    pool = pool[np.argsort(-v[pool], kind="stable")]
    rank = np.full(len(t), -1)
    rank[pool] = np.arange(len(pool))
    has = np.array([operator in options.operator_numbers for operator in (OR, AND, AND_NOT)])
    rule = BranchRule(
        options.metric_number, a, atoms.n_positions, options.penalty, shortest, longest, has, pool,
        rank, slope, bool(options.negated_first),
    )  # fmt: skip
    return rule, unit, problem.candidates


@lean
def _add_good_weights(
    atoms: Atoms, active: NDArray[np.int32], weights: NDArray[np.int64], v: NDArray[np.int64]
) -> None:
    """Add up V of every concept in ``v``; only atoms where the unit is active can weigh above 0."""
    for atom in active:
        if weights[atom] > 0:
            for at in range(atoms.indptr[atom], atoms.indptr[atom + 1]):
                v[atoms.indices[at]] += weights[atom]
