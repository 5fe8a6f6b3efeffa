"""The kernels of the beam search: from a single concept to the longest formula, unit by unit.

What a formula shares with each concept is bounded when the formula enters the beam (``_grow``), and
counted where it can matter: a concept is weighed only if some operator could make of it a formula
that scores more than the last one of a full beam. On a table without bits all hits are counted at
once, since a unit is active in few atoms, and all else follows from pairs of concepts.
"""

# elements of arrays are of any type to a checker
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import Bool, Int, helper, inlined, lean
from andornot.search.beam_room import (
    Beam,
    BeamRule,
    BeamUnit,
    Entries,
    Room,
    Rows,
    Scores,
    Scratch,
    Top,
)
from andornot.search.bits import (
    combine_bits,
    count_shared,
    mark,
    set_bit,
    set_bits,
    shared_counts,
    total,
    weigh,
)
from andornot.search.kernels import (
    atoms_of,
    clear,
    combine,
    copy,
    enclose,
    extend,
    extend_marked,
    narrow,
    ranked_score,
)
from andornot.search.problem import AND, AND_NOT, OR, Atoms, Ints, Words

_EVERY = 256
"""Concepts that are weighed between two looks at the last score of the beam."""

_BITS_AT_ONCE = 8
"""Words that are counted while one atom of a list is looked up."""

_SLACK = 1e-6
"""More than a score with several roundings may exceed its bound by."""


@lean
def search_units(
    rule: BeamRule, atoms: Atoms, rows: Rows, lengths: Ints, room: Room, top: Top
) -> Int:
    """Search for each unit, up to its own length; return how many formulas the last beam holds."""
    size = np.int64(0)
    for u in range(len(lengths)):
        first, end = rows.indptr[u], rows.indptr[u + 1]
        own, counts = rows.atoms[first:end], rows.counts[first:end]
        if lengths[u] > 0:
            a = _load(rule, atoms, own, counts, room.unit)
            size = _steps(rule, atoms, a, lengths[u], room, top, u)  # type: ignore[assignment]
            for atom in own:
                room.unit.active[atom] = 0
    return size


@inlined
def _load(
    rule: BeamRule, atoms: Atoms, own: NDArray[np.int32], counts: Ints, unit: BeamUnit
) -> Int:
    """Count what a unit shares with single concepts, and score them; return its positions."""
    a = np.int64(0)
    clear(unit.i)
    clear(unit.bits)
    clear(unit.atoms)
    for k in range(len(own)):
        atom, hits = own[k], counts[k]
        if hits > 0:
            a += hits
            unit.active[atom] = hits
            set_bit(unit.atoms, np.int64(atom))
            if len(unit.bits):
                set_bits(unit.bits, rule.firsts[atom], hits)
                continue
            for at in range(atoms.indptr[atom], atoms.indptr[atom + 1]):
                unit.i[atoms.indices[at]] += hits
    for c in range(len(unit.e)):
        if len(unit.bits):
            unit.i[c] = count_shared(unit.bits, atoms.bits[c])
        unit.e[c] = atoms.concept_counts[c] - unit.i[c]
    for c in rule.starts:
        i, t = unit.i[c], atoms.concept_counts[c]
        unit.score[c] = ranked_score(rule.metric, i, t, a, rule.n) if t > 0 else 0.0
    return a


@inlined
def _steps(rule: BeamRule, atoms: Atoms, a: Int, length: Int, room: Room, top: Top, u: Int) -> Int:
    """Grow formulas up to a length; return how many the last beam holds."""
    unit, entries, scratch = room.unit, room.entries, room.scratch
    beam, following = room.beam, room.following
    n_pool = _choose_pool(rule, unit, scratch)
    size = np.int64(0)
    for n in range(length):
        if n == 0:
            size = _begin(rule, atoms, unit, beam, entries, scratch)  # type: ignore[assignment]
            if rule.negated:
                size = _begin_with_not(rule, atoms, a, unit, beam, entries, size, scratch)  # type: ignore[assignment]
        else:
            size = _step(rule, atoms, a, unit, beam, size, entries, scratch, n_pool)  # type: ignore[assignment]
        _trim(rule, atoms, a, unit, beam, entries, size, n + 1 == length, following)
        beam, following = following, beam
        if size > 0:
            copy(beam.terms[0], top.terms[u, n])
            copy(beam.operators[0], top.operators[u, n])
            top.i[u, n], top.t[u, n], top.score[u, n] = beam.i[0], beam.t[0], beam.score[0]
    return size


@helper
def _rank(starts: Ints, scores: Scores, best: Ints) -> Int:
    """Write the best single concepts, equal ones in order; return how many score above 0."""
    held: Int = np.int64(0)
    for c in starts:
        score = scores[c]
        if score <= 0 or (held == len(best) and score <= scores[best[held - 1]]):
            continue
        # behind all that score as high
        low, high = np.int64(0), held
        while low < high:
            middle = (low + high) // 2
            if scores[best[middle]] >= score:
                low = middle + 1
            else:
                high = middle
        held = min(held + 1, len(best))
        for at in range(held - 1, low, -1):
            best[at] = best[at - 1]
        best[low] = c
    return held


@inlined
def _choose_pool(rule: BeamRule, unit: BeamUnit, scratch: Scratch) -> Int:
    """Write what this unit's formulas are composed with; return how many concepts that are."""
    pool = scratch.pool
    n_pool: Int = np.int64(0)
    if len(rule.bases) > 0:
        # plain concepts, for each useful single concept one, as in the published text search: one
        # that scores above 0 itself and through a concept derived from it is there twice
        for c in rule.starts:
            if unit.score[c] > 0:
                pool[n_pool] = rule.bases[c]
                n_pool += 1
    elif rule.limit > 0:
        n_pool = _rank(rule.starts, unit.score, pool[: rule.limit])
    else:
        copy(rule.pool, pool)
        n_pool = np.int64(len(rule.pool))
    return n_pool


@inlined
def _begin(
    rule: BeamRule, atoms: Atoms, unit: BeamUnit, beam: Beam, entries: Entries, scratch: Scratch
) -> Int:
    """Offer each single concept, joined to a formula that is true nowhere.

    Returns:
        how many entries there are.
    """
    clear(beam.mask[0])
    clear(beam.bits[0])
    for k in range(4):
        clear(beam.shared[0, k])
    for k in range(beam.terms.shape[1]):
        beam.terms[0, k] = beam.operators[0, k] = -1
    beam.i[0] = beam.t[0] = 0
    held: Int = np.int64(0)
    scores = entries.score
    for c in rule.starts:
        score, i = unit.score[c], unit.i[c]
        if score <= 0 or (held == len(scores) and score <= scores[held - 1]):
            continue
        t = i + unit.e[c]
        if rule.published or not _has_twin(atoms, beam, 0, OR, c, i, t, entries, held, scratch):
            held = _insert(entries, held, 0, OR, c, i, t, score)
    return held


@inlined
def _begin_with_not(
    rule: BeamRule, atoms: Atoms, a: Int, unit: BeamUnit, beam: Beam, entries: Entries, held: Int,
    scratch: Scratch,
) -> Int:  # fmt: skip
    """Offer NOT of each concept too: the concept taken away from a formula that holds everywhere.

    Returns:
        how many entries there are.
    """
    clear(beam.mask[1])
    set_bits(beam.mask[1], np.int64(0), len(unit.active))
    if len(unit.bits):
        clear(beam.bits[1])
        set_bits(beam.bits[1], np.int64(0), rule.n)
    for k in range(2):
        copy(unit.i, beam.shared[1, k])
        copy(unit.e, beam.shared[1, 2 + k])
    for k in range(beam.terms.shape[1]):
        beam.terms[1, k] = beam.operators[1, k] = -1
    beam.i[1], beam.t[1] = a, rule.n
    scores = entries.score
    for c in rule.starts:
        i, t = a - unit.i[c], rule.n - unit.i[c] - unit.e[c]
        # of a concept that holds nowhere or everywhere NOT says nothing
        if t == 0 or t == rule.n:
            continue
        score = ranked_score(rule.metric, i, t, a, rule.n)
        if score <= 0 or (held == len(scores) and score <= scores[held - 1]):
            continue
        if not _has_twin(atoms, beam, 1, AND_NOT, c, i, t, entries, held, scratch):
            held = _insert(entries, held, 1, AND_NOT, c, i, t, score)
    return held


@inlined
def _step(
    rule: BeamRule, atoms: Atoms, a: Int, unit: BeamUnit, beam: Beam, size: Int,
    entries: Entries, scratch: Scratch, n_pool: Int,
) -> Int:  # fmt: skip
    """Compose every formula in the beam with every concept, and keep the best as entries.

    Returns:
        how many entries there are.
    """
    # formulas that are kept come first, and so stay before new ones that score the same
    for b in range(size):
        entries.parent[b], entries.operator[b], entries.concept[b] = b, OR, -1
        entries.i[b], entries.t[b], entries.score[b] = beam.i[b], beam.t[b], beam.score[b]
    held = size
    # what begins with NOT comes last, and so stays behind others that score the same
    for last in range(1 + rule.negated):
        for b in range(size):
            # all that an older one can become was weighed when it was new (the worst score never
            # falls)
            if (beam.is_new[b] or rule.published) and (beam.operators[b, 0] == AND_NOT) == last:
                held = _compose(rule, atoms, a, unit, beam, b, n_pool, entries, held, scratch)
    return held


@inlined
def _compose(
    rule: BeamRule, atoms: Atoms, a: Int, unit: BeamUnit, beam: Beam, b: Int, n_pool: Int,
    entries: Entries, held: Int, scratch: Scratch,
) -> Int:  # fmt: skip
    """Offer formula ``b`` with every operator and concept; return how many entries there are."""
    metric, n, operators = rule.metric, rule.n, rule.operators
    i_1, e_1 = unit.i, unit.e
    shared, scores = beam.shared[b], entries.score
    pool, least, factors = scratch.pool, scratch.least, scratch.factors
    i_l, t_l, worst = beam.i[b], beam.t[b], -np.inf
    clear(least)
    e_l = t_l - i_l
    # calls in the loop get few arrays: each is seven numbers to hand over
    concept_bits, bits, mask = atoms.bits, beam.bits[b], beam.mask[b]
    active, near = scratch.active, scratch.near
    combine_bits(bits, AND, unit.bits, active)
    _find_factors(rule, beam, b, factors)
    for start in range(0, n_pool, _EVERY):
        # only a full beam has a score that a formula must exceed
        if held == len(scores) and scores[held - 1] > worst:
            worst = scores[held - 1]
            _find_least(metric, a, n, operators, factors, i_l, e_l, worst, least)
        # without branches, which would be taken by chance; first by what is soonest at hand
        hits, others, n_some, n_near = min(least[OR], least[AND]), least[AND_NOT], 0, 0
        for at in range(start, min(start + _EVERY, n_pool)):
            c = pool[at]
            near[n_some] = c
            n_some += (i_1[c] >= hits) | (e_1[c] >= others)
        for at in range(n_some):
            c = near[at]
            near[n_near] = c
            n_near += not _is_idle(i_1[c] - shared[0, c], shared[1, c], shared[3, c], least)
        for at in range(n_near):
            c = near[at]
            # only bounded so far: count it now, and keep the counts for all operators and steps
            if shared[0, c] < shared[1, c] or shared[2, c] < shared[3, c]:
                # with bits it takes as long to count as to ask
                if concept_bits.shape[1] == 0 and not _may_reach(
                    metric, a, n, operators, factors, i_l, e_l, i_1[c], e_1[c],
                    shared[0, c], shared[1, c], shared[2, c], shared[3, c], worst,
                ):  # fmt: skip
                    continue
                if concept_bits.shape[1] > 0:
                    i_lc, e_lc = shared_counts(bits, active, concept_bits[c])
                else:
                    # hits were counted when the formula was made
                    i_lc = shared[0, c]
                    e_lc = _count(atoms, mask, c) - i_lc
                shared[0, c], shared[1, c], shared[2, c], shared[3, c] = i_lc, i_lc, e_lc, e_lc
                if _is_idle(i_1[c] - i_lc, i_lc, e_lc, least):
                    continue
            i_lc, t_lc = shared[0, c], shared[0, c] + shared[2, c]
            for k in range(len(operators)):
                if _is_too_little(operators[k], i_1[c] - i_lc, i_lc, t_lc - i_lc, least):
                    continue
                i, t = combine(operators[k], i_l, t_l, i_1[c], i_1[c] + e_1[c], i_lc, t_lc)
                score = ranked_score(metric, i, t, a, n) * factors[k]
                if held == len(scores) and score <= scores[held - 1]:
                    continue  # candidates come in order, so an equal one stays behind
                # the published search takes all of these in
                if not rule.published and (
                    score <= 0
                    or t == 0
                    or (i == i_l and t == t_l)  # C changes nothing
                    or (t == n and beam.operators[b, 0] == AND_NOT)  # says nothing
                    or _has_twin(atoms, beam, b, operators[k], c, i, t, entries, held, scratch)
                ):
                    continue
                held = _insert(entries, held, b, operators[k], c, i, t, score)
    return held


@inlined
def _count(atoms: Atoms, mask: Words, c: Int) -> Int:
    """Positions that a formula shares with a concept."""
    n_bits = len(atoms.planes) * len(mask)
    own = atoms_of(atoms, c)
    if len(atoms.marks) > 0 and n_bits < _BITS_AT_ONCE * len(own):
        return weigh(mask, atoms.marks[c], atoms.planes)
    return total(mask, own, atoms.counts)


@inlined
def _is_idle(won: Int, kept: Int, taken: Int, least: Ints) -> Bool:
    """Whether a concept cannot do with any operator the least that must be done.

    The first three are upper bounds on what it does, ``least`` are lower bounds on what is needed.
    """
    return (won < least[OR]) & (kept < least[AND]) & (taken < least[AND_NOT])


@inlined
def _is_too_little(operator: int, won: Int, kept: Int, taken: Int, least: Ints) -> Bool:
    """Whether a concept does with one operator less than what must be done."""
    if operator == OR:
        return won < least[OR]
    return kept < least[AND] if operator == AND else taken < least[AND_NOT]


@helper
def _may_reach(
    metric: int, a: Int, n: Int, operators: Ints, factors: Scores, i_l: Int, e_l: Int,
    i_c: Int, e_c: Int, i_low: Int, i_high: Int, e_low: Int, e_high: Int, cut: float,
) -> Bool:  # fmt: skip
    """Whether some operator may make a formula that scores as high, by bounds on what is shared."""
    for k in range(len(operators)):
        if operators[k] == OR:
            i, e = i_l + i_c - i_low, e_l + e_c - e_high
        elif operators[k] == AND:
            i, e = i_high, e_low
        else:
            i, e = i_l - i_low, e_l - e_high
        if ranked_score(metric, i, i + e, a, n) * factors[k] + _SLACK >= cut:
            return True
    return False


@inlined
def _find_factors(rule: BeamRule, beam: Beam, b: Int, factors: Scores) -> None:
    """Write what scores are multiplied by when formula ``b`` is composed, for each operator."""
    n_terms, n_nots = 0, 0
    while n_terms < beam.terms.shape[1] and beam.terms[b, n_terms] >= 0:
        n_nots += beam.operators[b, n_terms] == AND_NOT
        n_terms += 1
    for k in range(len(rule.operators)):
        # the published length of a formula counts each NOT
        more = n_nots + (rule.operators[k] == AND_NOT) if rule.published else 0
        # a float exponent: Numba's integer powers differ from Python's in the last bit
        factors[k] = rule.penalty ** float(n_terms + more)


@lean
def _find_least(
    metric: int, a: Int, n: int, operators: Ints, factors: Scores, i: Int, e: Int,
    worst: float, least: Ints,
) -> None:  # fmt: skip
    """Write for each operator the fewest positions by which a concept can reach a score.

    With OR, hits that it adds to a formula of ``i`` hits and ``e`` false alarms; with AND, hits
    that it keeps; with AND NOT, false alarms that it takes away. All else is taken at its best;
    of an operator that is not used nothing is enough.
    """
    for k in range(len(least)):
        least[k] = n + 1
    for k in range(len(operators)):
        # beyond that nothing changes, so either it is enough or nothing is
        most = a - i if operators[k] == OR else i if operators[k] == AND else e
        low: Int = 0
        high: Int = most + 1
        while low < high:
            x = (low + high) // 2
            if operators[k] == OR:
                i_best, e_best = min(i + x, a), e
            elif operators[k] == AND:
                i_best, e_best = min(x, i), 0
            else:
                i_best, e_best = i, max(e - x, 0)
            best = ranked_score(metric, i_best, i_best + e_best, a, n) * factors[k]
            if best + _SLACK < worst:
                low = x + 1
            else:
                high = x
        least[operators[k]] = low if low <= most else n + 1


@inlined
def _has_twin(
    atoms: Atoms, beam: Beam, b: Int, operator: int, c: Int, i: Int, t: Int, entries: Entries,
    held: Int, scratch: Scratch,
) -> Bool:  # fmt: skip
    """Whether an entry has exactly the atoms of formula ``b`` with ``operator`` and ``c``."""
    made, found = False, False
    for e in range(held):
        # counts alone nearly always tell two formulas apart
        if entries.i[e] == i and entries.t[e] == t:
            if not made:
                _mark(atoms, beam.mask[b], operator, c, scratch.mask)
                made = True
            own, other = entries.concept[e], beam.mask[entries.parent[e]]
            if own >= 0:
                _mark(atoms, other, entries.operator[e], own, scratch.other)
                other = scratch.other
            if _same(scratch.mask, other):
                found = True
                break
    return found


@inlined
def _mark(atoms: Atoms, mask: Words, operator: int, c: Int, out: Words) -> None:
    """Write the atoms of a formula, joined to a concept, to ``out``."""
    if len(atoms.marks) > 0:
        combine_bits(mask, operator, atoms.marks[c], out)
    else:
        mark(mask, operator, atoms_of(atoms, c), out)


@helper
def _same(first: Words, second: Words) -> Bool:
    """Whether two formulas are the same set of atoms."""
    # no way out on the way, so that the compiler can vectorise it
    differ = np.uint64(0)
    for k in range(len(first)):
        differ |= first[k] ^ second[k]
    return differ == 0


@inlined
def _insert(
    entries: Entries, held: Int, parent: Int, operator: int, concept: int, i: Int, t: Int,
    score: float,
) -> Int:  # fmt: skip
    """Put an entry behind all that score as high; the last one falls off a full list.

    Returns:
        how many entries there are.
    """
    at = min(held, len(entries.i) - 1)
    while at > 0 and entries.score[at - 1] < score:
        entries.parent[at] = entries.parent[at - 1]
        entries.operator[at] = entries.operator[at - 1]
        entries.concept[at] = entries.concept[at - 1]
        entries.i[at], entries.t[at] = entries.i[at - 1], entries.t[at - 1]
        entries.score[at] = entries.score[at - 1]
        at -= 1
    entries.parent[at], entries.operator[at], entries.concept[at] = parent, operator, concept
    entries.i[at], entries.t[at], entries.score[at] = i, t, score
    return min(held + 1, len(entries.i))


@inlined
def _trim(
    rule: BeamRule, atoms: Atoms, a: Int, unit: BeamUnit, beam: Beam, entries: Entries, held: Int,
    last: bool, following: Beam,
) -> None:  # fmt: skip
    """Write the entries as the next beam; where no step follows, without what only steps need."""
    for e in range(held):
        b, c = entries.parent[e], entries.concept[e]
        copy(beam.terms[b], following.terms[e])
        copy(beam.operators[b], following.operators[e])
        following.i[e], following.t[e] = entries.i[e], entries.t[e]
        following.score[e] = entries.score[e]
        following.is_new[e] = c >= 0
        if c >= 0:
            end = 0
            while beam.terms[b, end] >= 0:
                end += 1
            following.terms[e, end], following.operators[e, end] = c, entries.operator[e]
            if not last:
                _grow(rule, atoms, a, unit, beam, b, entries.operator[e], c, following, e)
        elif not last:
            copy(beam.mask[b], following.mask[e])
            copy(beam.bits[b], following.bits[e])
            # else never composed again
            if rule.published:
                for k in range(4):
                    copy(beam.shared[b, k], following.shared[e, k])


@inlined
def _grow(
    rule: BeamRule, atoms: Atoms, a: Int, unit: BeamUnit, beam: Beam, b: Int, operator: int, c: int,
    following: Beam, f: int,
) -> None:  # fmt: skip
    """Fill in where formula ``f`` of the next beam is true, and bounds on what it shares.

    It is formula ``b`` of this beam with an operator and ``c``; its counts are there already.
    """
    old, new = beam.shared[b], following.shared[f]
    _mark(atoms, beam.mask[b], operator, c, following.mask[f])
    i_old, i_new = beam.i[b], following.i[f]
    e_old, e_new = beam.t[b] - i_old, following.t[f] - i_new
    if atoms.bits.shape[1] > 0:
        combine_bits(beam.bits[b], operator, atoms.bits[c], following.bits[f])
        narrow(unit.i, a, i_old, i_new, old[:2], new[:2])
        narrow(unit.e, rule.n - a, e_old, e_new, old[2:], new[2:])
        return
    copy(old[0], new[0])
    if len(atoms.marks) > 0:
        extend_marked(
            beam.mask[b], operator, atoms.marks[c], unit.atoms, atoms, unit.active, new[0]
        )
    else:
        extend(beam.mask[b], operator, atoms_of(atoms, c), atoms, unit.active, new[0])
    copy(new[0], new[1])
    if len(atoms.pairs) > 0:
        t_old, t_new = beam.t[b], following.t[f]
        enclose(operator, c, t_old, t_new, atoms, e_new, unit.e, old, new)
    else:
        narrow(unit.e, rule.n - a, e_old, e_new, old[2:], new[2:])
