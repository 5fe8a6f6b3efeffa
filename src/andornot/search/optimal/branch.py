"""Branch and bound over left-deep formulas: the kernels of the optimal search.

Notation: atom ``a`` has the weight ``w_a = k_a - slope * (n_a - k_a)`` (``bounds``), in whole units
of ``1 / SCALE``; ``W(S)`` adds up the weights of a set of atoms, ``V(S)`` only those above 0. A
formula can be worth something only if ``W`` exceeds a level. A *prefix* ``P`` is the first part of
a formula, and ``P op b`` the prefix that is one concept longer. All bounds here are lemmas of
``docs/explanation/proofs.md``.

The formulas that continue a prefix are *open* until they are tried or ruled out. The open prefix
with the highest bound is continued next; one that lacks two concepts is tried out at once.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from andornot._tools.jit import Int, inlined, lean
from andornot.measures.scores import ACCURACY
from andornot.search.best import Best
from andornot.search.kernels import combine
from andornot.search.optimal.bounds import bound_of, top_sums
from andornot.search.optimal.look_ahead import look_ahead
from andornot.search.optimal.prefix import all_positions, recall, whole_of
from andornot.search.optimal.queue import pop, push, reopen
from andornot.search.optimal.state import (
    N_NODES,
    N_OPEN,
    N_TRIED,
    BranchRule,
    BranchUnit,
    Open,
    Prefix,
)
from andornot.search.optimal.steps import close, follows, is_useful, try_step
from andornot.search.problem import AND, AND_NOT, OR, Atoms, Ints

DONE: Final = 0
PAUSED: Final = 1
FULL: Final = 2


@lean
def begin(
    rule: BranchRule,
    starts: Ints,
    concept_counts: Ints,
    unit: BranchUnit,
    open_: Open,
    prefix: Prefix,
) -> None:
    """Open the single concepts that a formula can begin with; the prefix is empty still."""
    top, level = prefix.tops[1], prefix.level
    if rule.has[OR]:
        top_sums(unit.v, prefix.v, rule.pool, top)
    for c in starts:
        # only accuracy rewards formulas that begin without a hit (Lemma 7)
        if concept_counts[c] > 0 and (unit.i[c] > 0 or rule.metric == ACCURACY):
            bound = bound_of(rule.has, unit.all_v, unit.w[c], unit.v[c], top, rule.length - 1)
            if bound > level[0]:
                push(open_, bound, np.int64(-1), c, OR, np.int64(1))
    if rule.negated:
        _begin_with_not(rule, starts, concept_counts, unit, open_, prefix)


@inlined
def _begin_with_not(
    rule: BranchRule, starts: Ints, concept_counts: Ints, unit: BranchUnit, open_: Open,
    prefix: Prefix,
) -> None:  # fmt: skip
    """Open NOT of each concept that a formula can begin with.

    Where NOT a AND b is tried as b AND NOT a, an AND comes only after an OR. What follows such an
    AND lies within the concepts from it on, one less than are missing. Without one, each step adds
    at most V by OR, or takes away the negative weight by AND NOT.
    """
    missing, top, most, less = rule.length - 1, prefix.tops[1], prefix.tops[2], prefix.next_w
    for c in range(len(less)):
        less[c] = min(unit.w[c], 0)
    top_sums(unit.v, less, rule.pool, most)
    for c in starts:
        says_something = 0 < concept_counts[c] < rule.n
        if says_something and (unit.i[c] < rule.a or rule.metric == ACCURACY):
            w, v = unit.all_w - unit.w[c], unit.all_v - unit.v[c]
            bound = bound_of(rule.has, unit.all_v, w, v, top, missing)
            if rule.rank[c] >= 0 and rule.has[AND_NOT]:
                confined = top[missing - 1] if missing > 1 and rule.has[AND] else 0
                bound = min(bound, max(w + most[missing], confined))
            if bound > prefix.level[0]:
                push(open_, bound, np.int64(-1), c, AND_NOT, np.int64(1))


@lean
def advance(
    rule: BranchRule,
    atoms: Atoms,
    unit: BranchUnit,
    open_: Open,
    prefix: Prefix,
    best: Best,
    limit: Int,
) -> Int:
    """Continue open prefixes, the highest bound first, until ``limit`` prefixes have been tried.

    Returns:
        ``DONE`` when none is open that could hold a better formula; ``PAUSED`` at the limit;
        ``FULL`` when the tree needs more room.
    """
    sizes = open_.sizes
    while sizes[N_OPEN] > 0:
        node = np.int64(open_.heap[0])
        if open_.bound[node] <= prefix.level[0]:
            break  # so have all others
        if sizes[N_TRIED] >= limit:
            return PAUSED
        depth = np.int64(open_.depth[node])
        missing = rule.length - depth
        # asked before the prefix is taken off, so that no branching stops half-way for room
        if missing > 2 and sizes[N_NODES] + 3 * len(rule.pool) > len(open_.bound):
            return FULL
        pop(open_)
        recall(atoms, unit, open_, node, prefix)
        sizes[N_TRIED] += 1
        c = np.int64(open_.concept[node])
        whole = unit.i[c], unit.w[c], unit.v[c]
        if depth > 1 or prefix.operators[0] == AND_NOT:
            whole = whole_of(unit, prefix.mask)
        if missing == 1:
            close(rule, atoms, unit, prefix, depth, whole[1], prefix.w, best)
        elif missing > 2:
            _branch(rule, atoms, unit, open_, node, prefix, whole, best)
        elif not look_ahead(rule, atoms, unit, prefix, whole, best, sizes, limit):
            reopen(open_, node)
            return PAUSED
    # none of the rest can hold a better formula, so nothing is open any more
    sizes[N_OPEN] = 0
    return DONE


@inlined
def _branch(
    rule: BranchRule, atoms: Atoms, unit: BranchUnit, open_: Open, node: Int, prefix: Prefix,
    whole: tuple[Int, Int, Int], best: Best,
) -> None:  # fmt: skip
    """Open every prefix that is one concept longer and could hold a good enough formula.

    ``whole`` are hits, W and V of the prefix. The bound of what is opened never exceeds that of the
    prefix it continues, so the highest bound of all open ones bounds all that is left.
    """
    i, w, v = whole
    mask, t = prefix.mask, all_positions(rule, i, w)
    depth, last = np.int64(open_.depth[node]), prefix.operators[open_.depth[node] - 1]
    place = rule.rank[prefix.terms[depth - 1]]
    turns = place >= 0 and rule.has[AND_NOT]
    missing = rule.length - depth - 1
    tops = prefix.tops  # of V that is not in the prefix yet; of any V; what is left to add
    if rule.has[OR]:
        top_sums(unit.v, prefix.v, rule.pool, tops[0])
    most = min(open_.bound[node], bound_of(rule.has, unit.all_v, w, v, tops[0], missing + 1))
    # calls in the loop get numbers and few arrays: Numba counts references to all that are passed
    has, pool, level, i_1, w_1, v_1 = rule.has, rule.pool, prefix.level, unit.i, unit.w, unit.v
    i_all, w_all, v_all, top, all_v = prefix.i, prefix.w, prefix.v, tops[2], unit.all_v
    for k in range(len(pool)):
        b = pool[k]
        for operator in range(3):
            if not (
                has[operator]
                and follows(operator, last, depth == 1, k > place, turns)
                and is_useful(operator, i, w, i_1[b], i_all[b], w_all[b])
            ):
                continue
            new_v, new_w = combine(operator, v, w, v_1[b], w_1[b], v_all[b], w_all[b])
            if new_w > level[0] and depth + 1 >= rule.shortest:
                try_step(rule, atoms, unit, prefix, mask, i, t, depth, operator, b, best)
            # what was cut can come back by OR, but only once
            lost = max(v - new_v, 0)
            for n in range(missing + 1):
                top[n] = min(tops[0, n] + lost, tops[1, n])
            bound = min(most, bound_of(has, all_v, new_w, new_v, top, missing))
            if bound > level[0]:
                push(open_, bound, node, b, operator, depth + 1)
