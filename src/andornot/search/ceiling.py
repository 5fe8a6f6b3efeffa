"""The ceiling: the best score that any formula of any length over the concepts could reach.

A formula is a union of atoms. The best union takes the atoms in descending order of ``k_a / n_a``
up to some point, so a sort finds it: of the pairs ``(I, E)`` that unions have, one that scores
highest lies at a corner of their convex hull, and these corners are such prefixes
(``docs/explanation/proofs.md``).
"""

from __future__ import annotations

import numpy as np

from andornot._tools.jit import lean
from andornot.measures.scores import score
from andornot.search.problem import Ints, Problem


def ceiling(problem: Problem, metric: int) -> float:
    """The score of the best union of atoms: no formula over them scores more.

    Only for accuracy may the best union be the empty one, which no explanation is.
    """
    k = problem.active_counts
    n = problem.atoms.counts[problem.active]
    order = np.argsort(-(k / n), kind="stable")
    # from the empty union on, which may be the best one for accuracy
    i, t = np.cumsum(np.append(0, k[order])), np.cumsum(np.append(0, n[order]))
    return float(_best(metric, i, t - i, problem.total, problem.atoms.n_positions))


@lean
def _best(metric: int, i: Ints, e: Ints, a: int, n: int) -> float:
    """The best score of all prefixes, by their hits and false alarms; it bounds all formulas."""
    best = 0.0
    for at in range(len(i)):
        best = max(best, score(metric, i[at], e[at], a, n))
    return best
