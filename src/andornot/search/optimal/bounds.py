"""What continues a prefix weighs at most this: Lemmas 5 and 6 of ``docs/explanation/proofs.md``.

All are upper bounds on ``W``. One that is too high costs time; one that is too low would lose a
formula, and the proof with it. They add and compare whole numbers, so none is ever rounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import Bool, Int, helper, lean
from andornot.search.bounds import NEVER
from andornot.search.kernels import clear
from andornot.search.optimal.state import BranchRule, BranchUnit, Prefix
from andornot.search.problem import AND, AND_NOT, OR, Ints


@helper
def top_sums(values: Ints, less: Ints, of: Ints, sums: Ints) -> None:
    """Write the sums of the 0, 1, 2, ... largest of some differences, where above 0.

    Args:
        values: ``(n_concepts,)``, V of each concept.
        less: ``(n_concepts,)``, V of what of it is in the prefix already.
        of: the concepts to choose from.
        sums: ``(most + 1,)``, written here: no ``k`` of the concepts add more than ``sums[k]``, as
            what they share counts for each of them.
    """
    n_top = len(sums) - 1
    clear(sums)
    for c in of:
        # place 0 stands for no concept, and stays 0
        at, value = n_top, values[c] - less[c]
        if value > sums[at]:
            while at > 1 and sums[at - 1] < value:
                sums[at] = sums[at - 1]
                at -= 1
            sums[at] = value
    for k in range(n_top):
        sums[k + 1] += sums[k]


@lean
def bound_of(has: NDArray[np.bool_], all_v: Int, w: Int, v: Int, top: Ints, missing: Int) -> Int:
    """No W exceeds this of what continues a prefix by up to ``missing`` concepts (Lemma 5).

    ``w`` and ``v`` are of the prefix; ``top[k]`` is the most that ``k`` concepts add to its V.
    """
    bound = w + min(top[missing], all_v - v) if has[OR] else w
    if has[AND] or has[AND_NOT]:
        bound = max(bound, v + min(top[missing - 1], all_v - v))
    return bound


@helper
def peaks_of(rule: BranchRule, unit: BranchUnit, prefix: Prefix, w: Int) -> tuple[Int, Int]:
    """What each concept alone can do to the prefix, at most.

    ``prefix.ahead`` gets for each place of the pool the most that a concept behind it can do:
    V gained by OR, V kept by AND, negative weight taken away by AND NOT.

    Returns:
        Upper bound: the most negative weight that any concept takes away, without its sign.
        Lower bound: V that a concept must gain by OR so that AND or AND NOT after it can pay.
    """
    level = prefix.level[0]
    gain, keep, drop, need = np.int64(0), np.int64(0), np.int64(0), np.int64(NEVER)
    # backwards, so that each place learns only of what ranks behind it
    for k in range(len(rule.pool) - 1, -1, -1):
        prefix.ahead[0, k], prefix.ahead[1, k], prefix.ahead[2, k] = gain, keep, drop
        c = rule.pool[k]
        own = unit.v[c] - prefix.v[c]
        gain, keep = max(gain, own), max(keep, prefix.v[c])
        drop = max(drop, prefix.v[c] - prefix.w[c])
        if rule.has[AND] and prefix.w[c] + own > level:
            need = min(need, level - prefix.w[c])
        if rule.has[AND_NOT]:
            need = min(need, level - (w - prefix.w[c]))
    return drop, need


@helper
def may_reach(
    can: tuple[Bool, Bool, Bool], operator: Int, v: Int, w_new: Int, v_new: Int,
    behind: tuple[Int, Int, Int], peaks: tuple[Int, Int], tops: tuple[Int, Int], level: Int,
) -> Bool:  # fmt: skip
    """Whether one more concept can lift a prefix with a step over the level (Lemma 6).

    Args:
        can: whether OR, AND and AND NOT are used.
        operator: of the step.
        v: V of the prefix without the step.
        w_new: W with it.
        v_new: V with it.
        behind: what concepts that rank behind the step's can do at most, a column of
            ``Prefix.ahead``.
        peaks: what any concept can do, from ``peaks_of``.
        tops: W and V of any concept at most: what OR can add to what another step has left.
        level: what W must exceed.

    Returns:
        False only where no such formula exceeds the level, but for those that are left to
        ``look_ahead._join`` by ``tops`` that are out of reach.
    """
    gain, keep, drop = behind
    any_drop, need = peaks[0], peaks[1]
    if operator == OR:
        # OR again, by what is behind; or AND and AND NOT, for which b has to bring enough
        return w_new + gain > level or v_new - v > need
    # an OR after a cut: the row `Q OR c` of the lemma, Q being what the cut has left
    if min(tops[0] + v_new, tops[1] + w_new) > level:
        return True
    if operator == AND:
        return (can[1] and min(v_new, keep) > level) or (
            can[2] and min(v_new, w_new + any_drop) > level
        )
    return min(v_new, w_new + drop) > level
