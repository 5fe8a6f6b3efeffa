"""A prefix with one more concept: whether that is worth a try, and the try itself.

A formula is scored from its counts alone, which are exact. Weights only say which formulas are
worth counting, so a loose bound costs time and changes no score.
"""

from __future__ import annotations

import numpy as np

from andornot._tools.jit import Bool, Int, helper, lean
from andornot.measures.scores import score
from andornot.search.best import Best, enters, not_as_good, offer
from andornot.search.bounds import SCALE, level_of
from andornot.search.kernels import apply, atoms_of, combine
from andornot.search.optimal.prefix import counts_of, write_mask
from andornot.search.optimal.state import BranchRule, BranchUnit, Prefix
from andornot.search.problem import AND, AND_NOT, OR, Atoms, Ints, Mask


@lean
def set_level(rule: BranchRule, best: Best, level: Ints) -> None:
    """Write what W of a formula must exceed to be among the best: a lower bound on W of these.

    Formulas that equal the best one are wanted too, until the list is full of them.
    """
    # the mildest penalty of these lengths, so that the level is right for all of them
    factor = rule.penalty ** float(rule.shortest - 1)
    worth, held = best.score[0], best.size[0]
    strict = held == 0 or (held == len(best.i) and best.score[held - 1] == worth)
    # one that begins with NOT gives way to an equal one that does not
    if held > 0 and rule.negated and not_as_good(best, worth, OR, np.int64(1)) >= 0:
        strict = False
    level[0] = level_of(rule.metric, worth, factor, strict, rule.slope, rule.a, rule.n)


@lean
def follows(operator: Int, last: Int, is_second: Bool, is_behind: Bool, turns: Bool) -> Bool:
    """Whether a step stands in its order among steps that could as well be exchanged with it.

    Steps of OR commute, and so do those of AND and AND NOT; the first concept commutes with those
    of OR or AND that come right after it. Only one order is tried: AND before AND NOT, and
    concepts by their rank.

    Args:
        operator: of the step.
        last: operator of the step before; AND NOT of a first concept after NOT.
        is_second: the step before is the first concept.
        is_behind: the concept ranks behind the one before.
        turns: whether the concept before may also follow another after AND NOT.
    """
    if is_second and last == AND_NOT:
        # NOT a AND b is tried as b AND NOT a where that can be
        return operator == OR or (is_behind if operator == AND_NOT else not turns)
    if is_second:
        return is_behind or operator == AND_NOT
    if operator == last:
        return is_behind
    return operator != AND or last != AND_NOT


@helper
def is_useful(operator: Int, i: Int, w: Int, i_1: Int, i_b: Int, w_b: Int) -> Bool:
    """Whether a step is not a waste: OR adds a hit, AND and AND NOT take away a false alarm.

    ``i`` and ``w`` are of the prefix, ``i_1`` is of the concept, ``i_b`` and ``w_b`` are of what
    both share.
    Without a wasted step a formula is as good, and shorter.
    """
    if operator == OR:
        return i_1 > i_b
    # hits alone weigh SCALE each
    if operator == AND:
        return SCALE * (i - i_b) != w - w_b
    return SCALE * i_b != w_b


@helper
def close(
    rule: BranchRule, atoms: Atoms, unit: BranchUnit, prefix: Prefix, depth: Int, w: Int,
    shared: Ints, best: Best,
) -> None:  # fmt: skip
    """Try every formula that is one concept longer than the first ``depth`` terms.

    ``w`` is W of these terms, ``shared`` the W that they share with each concept. So W of each
    formula is known exactly before it is counted.
    """
    level, mask = prefix.level, prefix.spare
    write_mask(atoms, prefix, depth, mask)
    i, t = counts_of(atoms, unit, mask)
    for c in rule.pool:
        x = shared[c]
        if rule.has[AND] and x > level[0]:
            try_step(rule, atoms, unit, prefix, mask, i, t, depth, AND, c, best)
        if rule.has[AND_NOT] and w - x > level[0]:
            try_step(rule, atoms, unit, prefix, mask, i, t, depth, AND_NOT, c, best)
        if rule.has[OR] and w + unit.w[c] - x > level[0]:
            try_step(rule, atoms, unit, prefix, mask, i, t, depth, OR, c, best)


@helper
def try_step(
    rule: BranchRule, atoms: Atoms, unit: BranchUnit, prefix: Prefix, mask: Mask, i: Int, t: Int,
    depth: Int, operator: Int, c: Int, best: Best,
) -> None:  # fmt: skip
    """Count a formula, the first ``depth`` terms and a step, and offer it.

    ``mask``, ``i`` and ``t`` are the atoms of these terms, their active and all their positions.
    """
    i_c, t_c = np.int64(0), np.int64(0)
    for atom in atoms_of(atoms, c):
        if mask[atom]:
            i_c += unit.active[atom]
            t_c += atoms.counts[atom]
    new_i, new_t = combine(operator, i, t, unit.i[c], atoms.concept_counts[c], i_c, t_c)
    # counts tell here, since each step makes a part of the formula or something that holds it
    if new_t == 0 or (new_i == i and new_t == t):
        return  # true nowhere, or the same without the step
    if new_t == rule.n and prefix.operators[0] == AND_NOT:
        return  # says nothing
    value = score(rule.metric, new_i, new_t - new_i, rule.a, rule.n)
    value *= rule.penalty ** float(depth)
    # an equal score is kept, as a tie
    if value < best.score[0]:
        return
    first, n_terms = prefix.operators[0], depth + 1
    if not enters(best, value) and not_as_good(best, value, first, n_terms) < 0:
        return
    apply(mask, operator, atoms_of(atoms, c), prefix.tried)
    prefix.terms[depth], prefix.operators[depth] = c, operator
    terms, operators = prefix.terms[: depth + 1], prefix.operators[: depth + 1]
    offer(best, prefix.tried, terms, operators, new_i, new_t, value)
    set_level(rule, best, prefix.level)
