"""Branch and bound over left-deep formulas: the kernels of the optimal search.

Notation: atom ``a`` has the weight ``w_a = k_a - slope * (n_a - k_a)`` (``bounds``), in whole units
of ``1 / SCALE``; ``W(S)`` adds up the weights of a set of atoms, ``V(S)`` only those above 0. A
formula can be worth something only if ``W`` exceeds a level. A *prefix* ``P`` is the first part of
a formula, and ``P op b`` the prefix that is one concept longer. All bounds here are lemmas of
``docs/optimality.md``.

The formulas that continue a prefix are *open* until they are tried or ruled out. The open prefix
with the highest bound is continued next; one that lacks two concepts is tried out at once.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import helper, inlined, lean
from andornot.measures.scores import ACCURACY, score
from andornot.search.best import enters, offer
from andornot.search.bounds import NEVER, SCALE, level_of
from andornot.search.kernels import apply, atoms_of, clear, combine, copy
from andornot.search.problem import AND, AND_NOT, OR

DONE: Final = 0
PAUSED: Final = 1
FULL: Final = 2

_NODES, _OPEN, _TRIED = 0, 1, 2


class Rule(NamedTuple):
    """What is searched, for one unit and one range of lengths."""

    metric: int
    a: int  # active positions of the unit
    n: int  # all positions
    penalty: float
    shortest: int  # formulas of so many concepts ...
    length: int  # ... to so many
    has: NDArray[np.bool_]  # (3,) whether an operator is used
    pool: NDArray[np.int64]  # concepts to continue with, in the order of their rank
    rank: NDArray[np.int64]  # (n_concepts,) place in the pool, -1 for those that can only begin
    slope: int


class Unit(NamedTuple):
    """What the unit does on atoms and on single concepts."""

    active: NDArray[np.int64]  # (n_atoms,) its active positions in each atom
    weights: NDArray[np.int64]  # (n_atoms,)
    i: NDArray[np.int64]  # (n_concepts,) active positions of each concept
    w: NDArray[np.int64]  # (n_concepts,) W of each concept
    v: NDArray[np.int64]  # (n_concepts,) V of each concept
    by_w: NDArray[np.int64]  # the concepts of the pool, those of largest W first
    all_v: int  # V of everything


class Open(NamedTuple):
    """Prefixes as a tree, and a heap of those that are open; highest bound on top."""

    bound: NDArray[np.int64]  # of each prefix: no W of what continues it exceeds this
    parent: NDArray[np.int64]
    concept: NDArray[np.int32]
    operator: NDArray[np.int8]
    depth: NDArray[np.int8]
    heap: NDArray[np.int32]
    sizes: NDArray[np.int64]  # (3,) prefixes, open ones, prefixes tried with every concept

    @classmethod
    def of_capacity(cls, capacity: int) -> Open:
        """An empty tree with room for so many prefixes."""
        return cls(
            np.zeros(capacity, np.int64),
            np.zeros(capacity, np.int64),
            np.zeros(capacity, np.int32),
            np.zeros(capacity, np.int8),
            np.zeros(capacity, np.int8),
            np.zeros(capacity, np.int32),
            np.zeros(3, np.int64),
        )

    def grown(self) -> Open:
        """The same with twice the room."""
        arrays = self._asdict()
        sizes = arrays.pop("sizes")
        more = {name: np.concatenate([rows, rows]) for name, rows in arrays.items()}
        return Open(sizes=sizes, **more)

    @property
    def highest(self) -> int:
        """The highest bound of the open prefixes."""
        return int(self.bound[self.heap[0]])

    @property
    def n_open(self) -> int:
        """Prefixes that are open."""
        return int(self.sizes[_OPEN])

    @property
    def tried(self) -> int:
        """Prefixes that were tried with every concept."""
        return int(self.sizes[_TRIED])


class Prefix(NamedTuple):
    """The prefix at hand; the arrays are written over for the next one."""

    terms: NDArray[np.int64]  # (length,)
    operators: NDArray[np.int64]  # (length,)
    mask: NDArray[np.uint8]  # (n_atoms,), 1 where the prefix is true
    spare: NDArray[np.uint8]  # room for another mask
    tried: NDArray[np.uint8]  # room for the mask of a formula that is tried
    in_c: NDArray[np.uint8]  # room for the mask of a concept
    i: NDArray[np.int64]  # (n_concepts,) active positions shared with each concept
    w: NDArray[np.int64]  # (n_concepts,) W of what is shared with each concept
    v: NDArray[np.int64]  # (n_concepts,) V likewise
    next_w: NDArray[np.int64]  # (n_concepts,) W likewise, of the prefix that is one longer
    ahead: NDArray[np.int64]  # (3, n_pool) see ``_look_ahead``
    tops: NDArray[np.int64]  # (3, length + 1) sums of the largest V, see ``_branch``
    level: NDArray[np.int64]  # (1,) what W must exceed

    @classmethod
    def room(cls, rule: Rule, unit: Unit) -> Prefix:
        """Arrays of the right sizes."""
        masks = np.zeros((4, len(unit.active)), np.uint8)
        i, w, v, next_w = np.zeros((4, len(unit.i)), np.int64)
        terms, operators = np.zeros((2, rule.length), np.int64)
        return cls(
            terms, operators, masks[0], masks[1], masks[2], masks[3], i, w, v, next_w,
            np.zeros((3, len(rule.pool)), np.int64),
            np.zeros((3, rule.length + 1), np.int64),
            np.zeros(1, np.int64),
        )  # fmt: skip


@lean
def set_level(rule, best, level):
    """Write what W of a formula must exceed to be among the best.

    Formulas that equal the best one are wanted too, until the list is full of them.
    """
    factor = rule.penalty ** float(rule.shortest - 1)
    worth, held = best.score[0], best.size[0]
    strict = held == 0 or (held == len(best.i) and best.score[held - 1] == worth)
    level[0] = level_of(rule.metric, worth, factor, strict, rule.slope, rule.a, rule.n)


@lean
def begin(rule, starts, concept_counts, unit, open_, prefix):
    """Open the single concepts that a formula can begin with; the prefix is empty still."""
    top, level = prefix.tops[1], prefix.level
    if rule.has[OR]:
        _top_sums(unit.v, prefix.v, rule.pool, top)
    for c in starts:
        if concept_counts[c] > 0 and (unit.i[c] > 0 or rule.metric == ACCURACY):
            bound = _bound(rule.has, unit.all_v, unit.w[c], unit.v[c], top, rule.length - 1)
            if bound > level[0]:
                _push(open_, bound, np.int64(-1), c, OR, np.int64(1))


@lean
def advance(rule, atoms, unit, open_, prefix, best, limit):
    """Continue open prefixes, the highest bound first, until ``limit`` prefixes have been tried.

    Returns:
        ``DONE`` when none is open that could hold a better formula; ``PAUSED`` at the limit;
        ``FULL`` when the tree needs more room.
    """
    sizes = open_.sizes
    while sizes[_OPEN] > 0:
        node = np.int64(open_.heap[0])
        if open_.bound[node] <= prefix.level[0]:
            break  # so have all others
        if sizes[_TRIED] >= limit:
            return PAUSED
        depth = np.int64(open_.depth[node])
        missing = rule.length - depth
        if missing > 2 and sizes[_NODES] + 3 * len(rule.pool) > len(open_.bound):
            return FULL
        _pop(open_)
        _recall(atoms, unit, open_, node, prefix)
        sizes[_TRIED] += 1
        c = np.int64(open_.concept[node])
        whole = unit.i[c], unit.w[c], unit.v[c]
        if depth > 1:
            whole = _whole(unit, prefix.mask)
        if missing == 1:
            _close(rule, atoms, unit, prefix, depth, whole[1], prefix.w, best)
        elif missing > 2:
            _branch(rule, atoms, unit, open_, node, prefix, whole, best)
        elif not _look_ahead(rule, atoms, unit, prefix, whole, best, sizes, limit):
            _reopen(open_, node)
            return PAUSED
    sizes[_OPEN] = 0
    return DONE


@helper
def _recall(atoms, unit, open_, node, prefix):
    """Fill in the prefix from the tree: its terms, its atoms, what it shares with concepts."""
    at = node
    for d in range(open_.depth[node] - 1, -1, -1):
        prefix.terms[d], prefix.operators[d] = open_.concept[at], open_.operator[at]
        at = open_.parent[at]
    mask = prefix.mask
    clear(mask)
    clear(prefix.i)
    clear(prefix.w)
    clear(prefix.v)
    for d in range(open_.depth[node]):
        operator, own = prefix.operators[d], atoms_of(atoms, prefix.terms[d])
        _share(mask, operator, own, atoms, unit, prefix.i, prefix.w, prefix.v)
        _apply_to(mask, operator, own)


@helper
def _apply_to(mask, operator, own):
    """``apply`` in place."""
    if operator == AND:
        for atom in own:
            mask[atom] += 2
        for atom in range(len(mask)):
            mask[atom] = mask[atom] == 3
    else:
        for atom in own:
            mask[atom] = operator == OR


@inlined
def _share(mask, operator, own, atoms, unit, i, w, v):
    """Turn what a formula shares with concepts into what it shares with one concept more."""
    if operator == AND:
        clear(i)
        clear(w)
        clear(v)
    sign = -1 if operator == AND_NOT else 1
    for atom in own:
        if mask[atom] != (operator == OR):
            hits, weight = sign * unit.active[atom], sign * unit.weights[atom]
            good = weight if unit.weights[atom] > 0 else 0
            for at in range(atoms.indptr[atom], atoms.indptr[atom + 1]):
                c = atoms.indices[at]
                i[c] += hits
                w[c] += weight
                v[c] += good


@helper
def _share_weights(mask, operator, atoms, b, weights, w, new_w):
    """Write the W that a formula with one concept more shares with every concept.

    ``w`` is what the formula itself shares with them.
    """
    if operator == AND:
        clear(new_w)
    else:
        copy(w, new_w)
    sign = -1 if operator == AND_NOT else 1
    indptr, indices = atoms.indptr, atoms.indices
    for atom in atoms_of(atoms, b):
        if mask[atom] != (operator == OR):
            weight = sign * weights[atom]
            for at in range(indptr[atom], indptr[atom + 1]):
                new_w[indices[at]] += weight


@inlined
def _whole(unit, mask):
    """Hits, W and V of a set of atoms."""
    i, w, v = np.int64(0), np.int64(0), np.int64(0)
    for atom in range(len(mask)):
        if mask[atom]:
            i += unit.active[atom]
            w += unit.weights[atom]
            v += max(unit.weights[atom], 0)
    return i, w, v


@helper
def _all_positions(rule, i, w):
    """All positions of a formula, from its hits and its W."""
    return i + (SCALE * i - w) // rule.slope


@helper
def _top_sums(values, less, of, sums):
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
def _bound(has, all_v, w, v, top, missing):
    """No W exceeds this of what continues a prefix by up to ``missing`` concepts.

    ``w`` and ``v`` are of the prefix; ``top[k]`` is the most that ``k`` concepts add to its V.
    """
    bound = w + min(top[missing], all_v - v) if has[OR] else w
    if has[AND] or has[AND_NOT]:
        bound = max(bound, v + min(top[missing - 1], all_v - v))
    return bound


@lean
def _follows(operator, last, is_second, is_behind):
    """Whether a step stands in its order among steps that could as well be exchanged with it.

    Steps of OR commute, and so do those of AND and AND NOT; the first concept commutes with those
    of OR or AND that come right after it. Only one order is tried: AND before AND NOT, and
    concepts by their rank.

    Args:
        operator: of the step.
        last: operator of the step before.
        is_second: the step before is the first concept, which has no operator.
        is_behind: the concept ranks behind the one before.
    """
    if is_second:
        return is_behind or operator == AND_NOT
    if operator == last:
        return is_behind
    return operator != AND or last != AND_NOT


@helper
def _is_useful(operator, i, w, i_1, i_b, w_b):
    """Whether a step is not a waste: OR adds a hit, AND and AND NOT take away a false alarm.

    ``i`` and ``w`` are of the prefix, ``i_b`` and ``w_b`` of what it shares with the concept.
    Without a wasted step a formula is as good, and shorter.
    """
    if operator == OR:
        return i_1 > i_b
    # hits alone weigh SCALE each
    if operator == AND:
        return SCALE * (i - i_b) != w - w_b
    return SCALE * i_b != w_b


@inlined
def _branch(rule, atoms, unit, open_, node, prefix, whole, best):
    """Open every prefix that is one concept longer and could hold a good enough formula."""
    i, w, v = whole
    mask, t = prefix.mask, _all_positions(rule, i, w)
    depth, last = np.int64(open_.depth[node]), prefix.operators[open_.depth[node] - 1]
    place = rule.rank[prefix.terms[depth - 1]]
    missing = rule.length - depth - 1
    tops = prefix.tops  # of V that is not in the prefix yet; of any V; what is left to add
    if rule.has[OR]:
        _top_sums(unit.v, prefix.v, rule.pool, tops[0])
    most = min(open_.bound[node], _bound(rule.has, unit.all_v, w, v, tops[0], missing + 1))
    # calls in the loop get numbers and few arrays: Numba counts references to all that are passed
    has, pool, level, i_1, w_1, v_1 = rule.has, rule.pool, prefix.level, unit.i, unit.w, unit.v
    i_all, w_all, v_all, top, all_v = prefix.i, prefix.w, prefix.v, tops[2], unit.all_v
    for k in range(len(pool)):
        b = pool[k]
        for operator in range(3):
            if not (
                has[operator]
                and _follows(operator, last, depth == 1, k > place)
                and _is_useful(operator, i, w, i_1[b], i_all[b], w_all[b])
            ):
                continue
            new_v, new_w = combine(operator, v, w, v_1[b], w_1[b], v_all[b], w_all[b])
            if new_w > level[0] and depth + 1 >= rule.shortest:
                _try(rule, atoms, unit, prefix, mask, i, t, depth, operator, b, best)
            # what was cut can come back by OR, but only once
            lost = max(v - new_v, 0)
            for n in range(missing + 1):
                top[n] = min(tops[0, n] + lost, tops[1, n])
            bound = min(most, _bound(has, all_v, new_w, new_v, top, missing))
            if bound > level[0]:
                _push(open_, bound, node, b, operator, depth + 1)


@inlined
def _look_ahead(rule, atoms, unit, prefix, whole, best, sizes, limit):
    """Try every formula that is one or two concepts longer, where it is not ruled out.

    Returns:
        False if the limit came first.
    """
    i, w, v = whole
    mask, t = prefix.mask, _all_positions(rule, i, w)
    depth = rule.length - 2
    last, place = prefix.operators[depth - 1], rule.rank[prefix.terms[depth - 1]]
    peaks = _peaks(rule, unit, prefix, w)
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
                and _follows(operator, last, depth == 1, k > place)
                and _is_useful(operator, i, w, i_1[b], i_all[b], w_b)
            ):
                continue
            new_v, new_w = combine(operator, v, w, v_1[b], w_1[b], v_b, w_b)
            if new_w > level[0] and depth + 1 >= rule.shortest:
                _try(rule, atoms, unit, prefix, mask, i, t, depth, operator, b, best)
            behind = ahead[0, k], ahead[1, k], ahead[2, k]
            if not _may_reach(can, operator, v, new_w, new_v, behind, peaks, tops, level[0]):
                continue
            if sizes[_TRIED] >= limit:
                return False
            sizes[_TRIED] += 1
            _share_weights(prefix.mask, operator, atoms, b, unit.weights, w_all, next_w)
            if _any_above(next_w, w_1, new_w, can, level[0]):
                prefix.terms[depth], prefix.operators[depth] = b, operator
                _close(rule, atoms, unit, prefix, depth + 1, new_w, next_w, best)
    return tops[0] != -NEVER or _join(rule, atoms, unit, prefix, whole, best, sizes, limit)


@helper
def _tops(rule, unit, prefix, w, v):
    """The largest W and V of a concept to join by OR to a part of the prefix.

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
        if unit.w[c] + v <= level:
            break
    parts = 0
    for b in rule.pool:
        v_b, w_b = prefix.v[b], prefix.w[b]
        if rule.has[AND] and min(top_w + v_b, top_v + w_b) > level:
            parts += 1
        if rule.has[AND_NOT] and min(top_w + v - v_b, top_v + w - w_b) > level:
            parts += prefix.v[b] != prefix.w[b]
    return (none, none) if to_join < parts else (top_w, top_v)


@inlined
def _join(rule, atoms, unit, prefix, whole, best, sizes, limit):
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
        if sizes[_TRIED] >= limit:
            return False
        sizes[_TRIED] += 1
        _share_weights(prefix.mask, AND_NOT, atoms, c, unit.weights, prefix.w, next_w)
        outside = w - prefix.w[c]
        if not _any_above(next_w, w_1, outside, can, level[0] - w_1[c]):
            continue
        _join_to(rule, atoms, unit, prefix, whole, c, best)
    return True


@helper
def _join_to(rule, atoms, unit, prefix, whole, c, best):
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
            if not _is_useful(operator, i, w, unit.i[b], prefix.i[b], prefix.w[b]):
                continue
            n_added = np.int64(0)
            for atom in atoms_of(atoms, b):
                n_added += mask[atom] > in_c[atom]
            if operator == AND_NOT:
                n_added = n_outside - n_added
            if n_added > 0:
                prefix.terms[depth], prefix.operators[depth] = b, operator
                joined = prefix.spare
                _write_mask(atoms, prefix, depth + 1, joined)
                i_b, t_b = _counts(atoms, unit, joined)
                _try(rule, atoms, unit, prefix, joined, i_b, t_b, depth + 1, OR, c, best)


@helper
def _write_mask(atoms, prefix, depth, mask):
    """Write the atoms of the first terms."""
    clear(mask)
    for d in range(depth):
        _apply_to(mask, prefix.operators[d], atoms_of(atoms, prefix.terms[d]))


@helper
def _peaks(rule, unit, prefix, w):
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
def _may_reach(can, operator, v, w_new, v_new, behind, peaks, tops, level):
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


@helper
def _any_above(shared, w_1, w, can, level):
    """Whether any concept makes of a formula one whose W exceeds the level.

    ``shared`` is the W of what the formula shares with each concept.
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


@helper
def _close(rule, atoms, unit, prefix, depth, w, shared, best):
    """Try every formula that is one concept longer than the first ``depth`` terms."""
    level, mask = prefix.level, prefix.spare
    _write_mask(atoms, prefix, depth, mask)
    i, t = _counts(atoms, unit, mask)
    for c in rule.pool:
        x = shared[c]
        if rule.has[AND] and x > level[0]:
            _try(rule, atoms, unit, prefix, mask, i, t, depth, AND, c, best)
        if rule.has[AND_NOT] and w - x > level[0]:
            _try(rule, atoms, unit, prefix, mask, i, t, depth, AND_NOT, c, best)
        if rule.has[OR] and w + unit.w[c] - x > level[0]:
            _try(rule, atoms, unit, prefix, mask, i, t, depth, OR, c, best)


@helper
def _counts(atoms, unit, mask):
    """Active positions, and all positions, of a set of atoms."""
    i, t = np.int64(0), np.int64(0)
    for atom in range(len(mask)):
        if mask[atom]:
            i += unit.active[atom]
            t += atoms.counts[atom]
    return i, t


@helper
def _try(rule, atoms, unit, prefix, mask, i, t, depth, operator, c, best):
    """Count a formula, the first ``depth`` terms and a step, and offer it.

    ``mask``, ``i`` and ``t`` are the atoms of these terms, their active and all their positions.
    """
    i_c, t_c = np.int64(0), np.int64(0)
    for atom in atoms_of(atoms, c):
        if mask[atom]:
            i_c += unit.active[atom]
            t_c += atoms.counts[atom]
    new_i, new_t = combine(operator, i, t, unit.i[c], atoms.concept_counts[c], i_c, t_c)
    if new_t == 0 or (new_i == i and new_t == t):
        return  # true nowhere, or the same without the step
    value = score(rule.metric, new_i, new_t - new_i, rule.a, rule.n)
    value *= rule.penalty ** float(depth)
    if value < best.score[0] or not enters(best, value):
        return
    apply(mask, operator, atoms_of(atoms, c), prefix.tried)
    prefix.terms[depth], prefix.operators[depth] = c, operator
    terms, operators = prefix.terms[: depth + 1], prefix.operators[: depth + 1]
    offer(best, prefix.tried, terms, operators, new_i, new_t, value)
    set_level(rule, best, prefix.level)


@helper
def _push(open_, bound, parent, concept, operator, depth):
    """Open a prefix."""
    node = open_.sizes[_NODES]
    open_.sizes[_NODES] = node + 1
    open_.bound[node], open_.parent[node], open_.depth[node] = bound, parent, depth
    open_.concept[node], open_.operator[node] = concept, operator
    _reopen(open_, node)


@helper
def _reopen(open_, node):
    """Put a prefix of the tree on the heap."""
    heap, bound, at = open_.heap, open_.bound, open_.sizes[_OPEN]
    open_.sizes[_OPEN] = at + 1
    while at > 0 and bound[heap[(at - 1) // 2]] < bound[node]:
        heap[at] = heap[(at - 1) // 2]
        at = (at - 1) // 2
    heap[at] = node


@inlined
def _pop(open_):
    """Take the prefix on top off the heap."""
    heap, bound, size = open_.heap, open_.bound, open_.sizes[_OPEN] - 1
    open_.sizes[_OPEN] = size
    node, at = heap[size], 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and bound[heap[child + 1]] > bound[heap[child]]:
            child += 1
        if bound[heap[child]] <= bound[node]:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = node
