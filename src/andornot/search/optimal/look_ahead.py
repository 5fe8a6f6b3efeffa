"""The last two steps of a formula at once: pairs of concepts, most of them ruled out unseen.

Notation as in ``branch``: ``P`` is the prefix at hand, ``b`` the concept of the first of the two
steps and ``c`` that of the last.
"""

from __future__ import annotations

import numpy as np

from andornot._tools.jit import Bool, Int, helper, inlined
from andornot.search.best import Best
from andornot.search.bounds import NEVER
from andornot.search.kernels import atoms_of, clear, combine
from andornot.search.optimal.bounds import may_reach, peaks_of
from andornot.search.optimal.prefix import all_positions, counts_of, share_weights, write_mask
from andornot.search.optimal.state import N_TRIED, BranchRule, BranchUnit, Prefix
from andornot.search.optimal.steps import close, follows, is_useful, try_step
from andornot.search.problem import AND, AND_NOT, OR, Atoms, Ints


@inlined
def look_ahead(
    rule: BranchRule, atoms: Atoms, unit: BranchUnit, prefix: Prefix, whole: tuple[Int, Int, Int],
    best: Best, sizes: Ints, limit: Int,
) -> Bool:  # fmt: skip
    """Try every formula that is one or two concepts longer, where it is not ruled out.

    ``whole`` are hits, W and V of the prefix; ``sizes`` are those of the tree (``Open``), where
    what was tried with every concept is counted, up to ``limit``.

    Returns:
        False if the limit came first.
    """
    i, w, v = whole
    mask, t = prefix.mask, all_positions(rule, i, w)
    depth = rule.length - 2
    last, place = prefix.operators[depth - 1], rule.rank[prefix.terms[depth - 1]]
    turns = place >= 0 and rule.has[AND_NOT]
    peaks = peaks_of(rule, unit, prefix, w)
    # calls in the loop get numbers and few arrays: Numba counts references to all that are passed
    has, pool, level, i_1, w_1, v_1 = rule.has, rule.pool, prefix.level, unit.i, unit.w, unit.v
    i_all, w_all, v_all, next_w, ahead = prefix.i, prefix.w, prefix.v, prefix.next_w, prefix.ahead
    can = has[OR], has[AND], has[AND_NOT]
    tops = _tops(rule, unit, prefix, w, v)
    for k in range(len(pool)):
        b = pool[k]
        w_b, v_b = w_all[b], v_all[b]
        for operator in range(3):
            if not (
                has[operator]
                and follows(operator, last, depth == 1, k > place, turns)
                and is_useful(operator, i, w, i_1[b], i_all[b], w_b)
            ):
                continue
            new_v, new_w = combine(operator, v, w, v_1[b], w_1[b], v_b, w_b)
            if new_w > level[0] and depth + 1 >= rule.shortest:
                try_step(rule, atoms, unit, prefix, mask, i, t, depth, operator, b, best)
            behind = ahead[0, k], ahead[1, k], ahead[2, k]
            if not may_reach(can, operator, v, new_w, new_v, behind, peaks, tops, level[0]):
                continue
            if sizes[N_TRIED] >= limit:
                return False
            sizes[N_TRIED] += 1
            share_weights(prefix.mask, operator, atoms, b, unit.weights, w_all, next_w)
            if _any_above(next_w, w_1, new_w, can, level[0]):
                prefix.terms[depth], prefix.operators[depth] = b, operator
                close(rule, atoms, unit, prefix, depth + 1, new_w, next_w, best)
    # -NEVER: what tops would have let through was left for `_join`
    return tops[0] != -NEVER or _join(rule, atoms, unit, prefix, whole, best, sizes, limit)


@helper
def _tops(rule: BranchRule, unit: BranchUnit, prefix: Prefix, w: Int, v: Int) -> tuple[Int, Int]:
    """Upper bounds: the largest W and V of a concept to join by OR to a part of the prefix.

    There are two ways to try ``(P AND b) OR c`` and ``(P AND NOT b) OR c``: with one pass for each
    ``b``, or with one for each ``c`` (``_join``). Where the second takes fewer passes, the largest
    W is said to be out of reach, so that no ``b`` counts for what OR can add to it.
    """
    level, none = prefix.level[0], np.int64(-NEVER)
    if not rule.has[OR] or len(rule.pool) == 0:
        return none, none
    top_w, top_v = unit.w[unit.by_w[0]], unit.v[rule.pool[0]]
    to_join = 0
    for c in unit.by_w:
        to_join += unit.w[c] + v - prefix.v[c] > level
        # W only falls from here on
        if unit.w[c] + v <= level:
            break
    parts = 0
    for b in rule.pool:
        v_b, w_b = prefix.v[b], prefix.w[b]
        if rule.has[AND] and min(top_w + v_b, top_v + w_b) > level:
            parts += 1
        if rule.has[AND_NOT] and min(top_w + v - v_b, top_v + w - w_b) > level:
            # where both are equal, AND NOT would take nothing bad away
            parts += prefix.v[b] != prefix.w[b]
    return (none, none) if to_join < parts else (top_w, top_v)


@inlined
def _join(
    rule: BranchRule, atoms: Atoms, unit: BranchUnit, prefix: Prefix, whole: tuple[Int, Int, Int],
    best: Best, sizes: Ints, limit: Int,
) -> Bool:  # fmt: skip
    """Try all of ``(P AND b) OR c`` and ``(P AND NOT b) OR c``, where they are not ruled out.

    What of ``P`` is outside ``c`` shares with every ``b`` what such a formula adds to ``c``, so
    that one pass settles a ``c`` with all ``b``.

    Returns:
        False if the limit came first.
    """
    _, w, v = whole
    level, w_1, next_w = prefix.level, unit.w, prefix.next_w
    can = np.bool_(False), rule.has[AND], rule.has[AND_NOT]
    if not (rule.has[OR] and (can[1] or can[2])):
        return True
    for c in unit.by_w:
        if w_1[c] + v <= level[0]:
            break
        if w_1[c] + v - prefix.v[c] <= level[0]:
            continue
        if sizes[N_TRIED] >= limit:
            return False
        sizes[N_TRIED] += 1
        share_weights(prefix.mask, AND_NOT, atoms, c, unit.weights, prefix.w, next_w)
        outside = w - prefix.w[c]
        if not _any_above(next_w, w_1, outside, can, level[0] - w_1[c]):
            continue
        _join_to(rule, atoms, unit, prefix, whole, c, best)
    return True


@helper
def _join_to(
    rule: BranchRule, atoms: Atoms, unit: BranchUnit, prefix: Prefix, whole: tuple[Int, Int, Int],
    c: Int, best: Best,
) -> None:  # fmt: skip
    """Try all formulas ``(P AND b) OR c`` and ``(P AND NOT b) OR c`` of one ``c``.

    ``prefix.next_w`` is the W of what ``P AND NOT c`` shares with every concept.
    """
    i, w, _ = whole
    depth, w_c, level, next_w = rule.length - 2, unit.w[c], prefix.level, prefix.next_w
    mask, outside = prefix.mask, w - prefix.w[c]
    in_c = prefix.in_c
    clear(in_c)
    for atom in atoms_of(atoms, c):
        in_c[atom] = 1
    n_outside = np.int64(0)
    for atom in range(len(mask)):
        n_outside += mask[atom] > in_c[atom]
    for b in rule.pool:
        for operator in (AND, AND_NOT):
            added = next_w[b] if operator == AND else outside - next_w[b]
            if not rule.has[operator] or w_c + added <= level[0]:
                continue
            if not is_useful(operator, i, w, unit.i[b], prefix.i[b], prefix.w[b]):
                continue
            n_added = np.int64(0)
            for atom in atoms_of(atoms, b):
                n_added += mask[atom] > in_c[atom]
            if operator == AND_NOT:
                n_added = n_outside - n_added
            # else all of it lies in c, and the formula is c alone
            if n_added > 0:
                prefix.terms[depth], prefix.operators[depth] = b, operator
                joined = prefix.spare
                write_mask(atoms, prefix, depth + 1, joined)
                i_b, t_b = counts_of(atoms, unit, joined)
                try_step(rule, atoms, unit, prefix, joined, i_b, t_b, depth + 1, OR, c, best)


@helper
def _any_above(shared: Ints, w_1: Ints, w: Int, can: tuple[Bool, Bool, Bool], level: Int) -> Bool:
    """Whether any concept makes of a formula one whose W exceeds the level; exact, no bound.

    ``w`` is W of the formula, ``shared`` that of what it shares with each concept, ``w_1`` that of
    each concept; ``can`` says whether OR, AND and AND NOT are used.
    """
    for_or = level if can[0] else NEVER
    for_and = level if can[1] else NEVER
    for_not = level if can[2] else NEVER
    some = False
    # no way out of the loop, so that the compiler can vectorise it
    for c in range(len(shared)):
        x = shared[c]
        some |= (x > for_and) | (w - x > for_not) | (w + w_1[c] - x > for_or)
    return some
