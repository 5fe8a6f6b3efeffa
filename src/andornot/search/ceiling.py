"""The ceiling: the best score that any formula of any length over the concepts could reach.

A formula is a union of atoms. For IoU (and F1, which orders as IoU does) the best union takes the
atoms in descending order of ``k_a / (n_a - k_a)`` up to some point, so a sort finds it; likewise
for the cosine, a convex function of the counts, whose maximum over unions lies at such a prefix.
"""

from __future__ import annotations

import numpy as np

from andornot.scores import COSINE, F1, IOU, score
from andornot.search.problem import Problem


def ceiling(problem: Problem, metric: int) -> float:
    """An upper bound on the score of every formula over the problem's atoms.

    Exact for IoU, F1 and cosine. For other scores it is that of a formula which is true exactly
    where the unit is active, which no score exceeds.
    """
    a, n = problem.total, problem.atoms.n_positions
    if metric not in (IOU, F1, COSINE):
        return float(score(metric, a, 0, a, n))
    k = problem.active_counts
    misses = problem.atoms.counts[problem.active] - k
    order = np.argsort(-(k / (k + misses)), kind="stable")  # as k / misses, without its poles
    i, e = np.cumsum(k[order]), np.cumsum(misses[order])
    if metric == IOU:
        values = i / (a + e)
    elif metric == F1:
        values = 2 * i / (a + i + e)
    else:
        values = i / np.sqrt(float(a) * (i + e))
    return float(values.max(initial=0.0))
