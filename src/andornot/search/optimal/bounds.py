"""What continues a prefix is worth at most this: Lemmas 5 and 6 of ``docs/optimality.md``."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from andornot._tools.jit import helper, lean
from andornot.search.bounds import NEVER
from andornot.search.kernels import clear
from andornot.search.problem import AND, AND_NOT, OR


@helper
def top_sums(values, less, of, sums):
    """Write the sums of the 0, 1, 2, ... largest of some differences."""
    n_top = len(sums) - 1
    clear(sums)
    for c in of:
        at, value = n_top, values[c] - less[c]
        if value > sums[at]:
            while at > 1 and sums[at - 1] < value:
                sums[at] = sums[at - 1]
                at -= 1
            sums[at] = value
    for k in range(n_top):
        sums[k + 1] += sums[k]


@lean
def bound_of(has, all_v, w, v, top, missing):
    """No W exceeds this of what continues a prefix by up to ``missing`` concepts.

    ``w`` and ``v`` are of the prefix; ``top[k]`` is the most that ``k`` concepts add to its V.
    """
    bound = w + min(top[missing], all_v - v) if has[OR] else w
    if has[AND] or has[AND_NOT]:
        bound = max(bound, v + min(top[missing - 1], all_v - v))
    return bound


@helper
def peaks_of(rule, unit, prefix, w):
    """What each concept alone can do to the prefix, at most.

    ``prefix.ahead`` gets for each place of the pool the most that a concept behind it can do:
    V gained by OR, V kept by AND, negative weight taken away by AND NOT.

    Returns:
        The most negative weight that any concept takes away; V that a concept must gain by OR so
        that AND or AND NOT after it can pay.
    """
    level = prefix.level[0]
    gain, keep, drop, need = np.int64(0), np.int64(0), np.int64(0), np.int64(NEVER)
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
def may_reach(can, operator, v, w_new, v_new, behind, peaks, tops, level):
    """Whether one more concept can lift a prefix with a step over the level.

    ``w_new`` and ``v_new`` are with the step, ``v`` is without. ``tops`` says what OR can add to
    what another step has left.
    """
    gain, keep, drop = behind
    any_drop, need = peaks[0], peaks[1]
    if operator == OR:
        return w_new + gain > level or v_new - v > need
    if min(tops[0] + v_new, tops[1] + w_new) > level:
        return True
    if operator == AND:
        return (can[1] and min(v_new, keep) > level) or (
            can[2] and min(v_new, w_new + any_drop) > level
        )
    return min(v_new, w_new + drop) > level
