"""Which solver a unit's problem is given to: what ``search="auto"`` means is decided here."""

from __future__ import annotations

from andornot.search import beam, exhaustive
from andornot.search.optimal import search as optimal
from andornot.search.options import SearchOptions, Stop
from andornot.search.problem import Problem, Solution
from andornot.search.trees import search as trees

_AUTO_STEPS = 3e7
"""With ``search="auto"``, all formulas are tried if that takes no more elementary steps a unit
than this (some tens of milliseconds)."""


def solve(problem: Problem, options: SearchOptions, stop: Stop | None = None) -> Solution:
    """Solve one unit's problem by the search that the options name.

    ``stop`` is asked now and then whether a proof shall end with the bound reached so far.
    """
    if options.search == "beam" or options.profile:
        return beam.solve(problem, options)
    n_candidates, n_entries = len(problem.candidates), len(problem.atoms.indices)
    # a prefix is one concept longer than another: the lists of that concept's atoms, then all sums
    n_atoms, n_concepts = len(problem.atoms.counts), len(problem.atoms.concept_counts)
    a_node = n_entries / max(1, n_atoms) * n_entries / n_concepts + 3 * n_concepts
    if options.space == "trees":
        return trees.solve(problem, options, options.budget(a_node, stop))
    n_pool = n_candidates if options.limit is None else min(options.limit, n_candidates)
    n_passes = exhaustive.passes(
        n_candidates, n_pool, len(options.operator_numbers), options.length
    ) * (2 if options.negated_first else 1)
    is_cheap = n_passes * (n_entries + 3 * n_pool) <= _AUTO_STEPS
    if options.search == "exhaustive" or (options.search == "auto" and is_cheap):
        return exhaustive.solve(problem, options)
    return optimal.solve(problem, options, options.budget(a_node, stop))
