"""Beam search, as published (Mu & Andreas 2020, Section 2) and without its duplicates.

The published search appends every concept with every operator to every formula in the beam and
keeps the best; formulas kept from earlier steps stay ahead of equal new ones. There, a formula
that is generated twice takes two places. Here, by default, formulas with the same atoms take one
place; then a formula that stays in the beam need not be composed again either, since all that
comes of it was weighed before.

What a formula shares with each concept follows from what its parent shares with them, and is
counted when the formula enters the beam (``kernels.extend``). On a table with bits it is only
bounded then (``kernels.narrow``), and counted where it can matter: a concept is weighed only if
some operator could make of it a formula that scores more than the last one of a full beam.
"""

# elements of arrays are of any type to a checker
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import Bool, Int, helper, inlined, lean
from andornot.search.bits import active_bits, combine_bits, shared_counts
from andornot.search.kernels import (
    PUBLISHED,
    apply,
    atoms_of,
    clear,
    combine,
    copy,
    extend,
    narrow,
    ranked_score,
    same_mask,
    singles,
)
from andornot.search.options import SearchOptions
from andornot.search.problem import AND, AND_NOT, OR, Atoms, Found, Ints, Problem, Solution

_EVERY = 256
"""Concepts that are weighed between two looks at the last score of the beam: to find out what it
rules out takes as long as to weigh a hundred of them."""

_SLACK = 1e-6
"""More than a score with several roundings may exceed its bound by."""


class BeamRule(NamedTuple):
    """How formulas are made and ranked, for one unit."""

    metric: int  # a value of ``measures.scores.METRICS``, or ``PUBLISHED``
    a: int  # count: active positions of the unit
    n: int  # count: all positions
    penalty: float  # what a score is multiplied by for each concept after the first
    published: bool  # whether a formula that is generated twice takes two places
    operators: Ints  # (n_operators,) those that are used
    pool: Ints  # (n_pool,) concepts to compose with, in order


class BeamUnit(NamedTuple):
    """What the unit does on atoms and on single concepts; no kernel writes here."""

    active: Ints  # (n_atoms,) count: its active positions in each atom
    bits: NDArray[np.uint64]  # (n_words,) its active positions; no words where the table has none
    i: Ints  # (n_concepts,) count: active positions of each concept
    e: Ints  # (n_concepts,) count: its inactive ones


class Beam(NamedTuple):
    """The formulas kept after one step, best first; only the first ``size`` rows count.

    ``_trim`` writes the beam that follows, ``_grow`` its last three arrays; ``_compose`` counts in
    ``shared`` what was only bounded, where it can matter.
    """

    terms: Ints  # (beam, length) concepts from left to right, -1 where it ended
    operators: Ints  # (beam, length) the operator before each term
    i: Ints  # (beam,) count: positions where unit and formula are true
    t: Ints  # (beam,) count: positions where the formula is true
    score: NDArray[np.float64]  # (beam,) from these counts
    is_new: NDArray[np.bool_]  # (beam,) made in the last step, so not composed yet
    mask: NDArray[np.uint8]  # (beam, n_atoms) 1 where it is true
    bits: NDArray[np.uint64]  # (beam, n_words) the same in positions, where the table has bits
    shared: Ints  # (beam, 4, n_concepts) what it shares with each concept: least and most positions
    # on which the unit is active, least and most others; where two such bounds are equal, a count

    @classmethod
    def room(cls, beam_size: int, length: int, atoms: Atoms) -> Beam:
        """An empty beam; masks, bits and shared counts are for the steps to fill in."""
        return cls(
            np.full((beam_size, length), -1, np.int64),
            np.full((beam_size, length), -1, np.int64),
            np.zeros(beam_size, np.int64),
            np.zeros(beam_size, np.int64),
            np.zeros(beam_size),
            np.ones(beam_size, np.bool_),
            np.zeros((beam_size, len(atoms.counts)), np.uint8),
            np.zeros((beam_size, atoms.bits.shape[1]), np.uint64),
            np.zeros((beam_size, 4, len(atoms.concept_counts)), np.int64),
        )


class Entries(NamedTuple):
    """Candidates for the next beam, best first: a parent in this beam, an operator, a concept.

    A concept of -1 stands for the parent itself, which stays. ``_step`` begins with these,
    ``_insert`` writes the others.
    """

    parent: Ints  # (beam,) row in this beam
    operator: Ints  # (beam,)
    concept: Ints  # (beam,)
    i: Ints  # (beam,) counts, as in ``Beam``
    t: Ints  # (beam,)
    score: NDArray[np.float64]  # (beam,)

    @classmethod
    def room(cls, beam_size: int) -> Entries:
        """Room for the entries of a step."""
        parent, operator, concept, i, t = np.zeros((5, beam_size), np.int64)
        return cls(parent, operator, concept, i, t, np.zeros(beam_size))


class Top(NamedTuple):
    """The best formula of up to 1, 2, ... concepts; a score of 0 where there is none.

    ``_steps`` writes a row after each step; the fields are those of ``Beam``.
    """

    terms: Ints  # (length, length)
    operators: Ints  # (length, length)
    i: Ints  # (length,)
    t: Ints  # (length,)
    score: NDArray[np.float64]  # (length,)

    @classmethod
    def room(cls, length: int) -> Top:
        """Nothing found yet."""
        terms, operators = np.full((2, length, length), -1, np.int64)
        i, t = np.zeros((2, length), np.int64)
        return cls(terms, operators, i, t, np.zeros(length))


class Room(NamedTuple):
    """What the kernels write over again and again; they make no arrays themselves."""

    active: NDArray[np.uint64]  # (n_words,) where a formula and the unit are true; ``_compose``
    least: Ints  # (3,) lower bounds; ``_find_least``
    factors: NDArray[np.float64]  # (n_operators,) ``_find_factors``
    mask: NDArray[np.uint8]  # (n_atoms,) the formula that may have a twin; ``_has_twin``
    other: NDArray[np.uint8]  # (n_atoms,) the one that may be it; ``_has_twin``

    @classmethod
    def of(cls, atoms: Atoms, n_operators: int) -> Room:
        """Arrays of the right sizes."""
        mask, other = np.zeros((2, len(atoms.counts)), np.uint8)
        bits = np.zeros(atoms.bits.shape[1], np.uint64)
        return cls(bits, np.zeros(3, np.int64), np.zeros(n_operators), mask, other)


def solve(problem: Problem, options: SearchOptions) -> Solution:
    """Run the beam search for one unit."""
    beam, size, top = _run(problem, options)
    return Solution(
        beam=_found(beam, size),
        by_length=tuple(
            found if found.score > 0 else None for found in _found(top, options.length)
        ),
        proven=options.length == 1,
    )


def counts_by_length(problem: Problem, options: SearchOptions) -> Ints:
    """Hits and positions of the best formula of up to 1, 2, ... concepts, ``(length, 2)``.

    Both are 0 where there is none. This is for searches whose formulas nobody will read.
    """
    _, _, top = _run(problem, options)
    return np.stack([top.i, top.t], axis=1)


def formula_of_length(problem: Problem, options: SearchOptions) -> tuple[Ints, Ints]:
    """The best formula of up to as many concepts as the search allows.

    Returns:
        its concepts from left to right, and the operator before each of them (OR before the
        first); no concepts where there is no formula.
    """
    _, _, top = _run(problem, options)
    used = top.terms[-1] >= 0
    return top.terms[-1, used], top.operators[-1, used]


def _run(problem: Problem, options: SearchOptions) -> tuple[Beam, Int, Top]:
    """The last beam, how many formulas it holds, and the best formula of each length."""
    metric = PUBLISHED if options.published else options.metric_number
    derived_too = options.published and len(problem.bases) > 0
    starts = _each_with_derived(problem) if derived_too else problem.candidates
    i_1, t_1, ranking, scores = singles(metric, problem, starts)
    pool = ranking[: options.limit] if options.limit else problem.candidates
    if derived_too:
        pool = _published_pool(starts, scores, problem.bases)
    rule = BeamRule(
        metric, problem.total, problem.atoms.n_positions, options.penalty, options.published,
        np.array(options.operator_numbers, np.int64), pool.astype(np.int64),
    )  # fmt: skip
    atoms = problem.atoms
    dense = np.zeros(len(atoms.counts), np.int64)
    dense[problem.active] = problem.active_counts
    unit = BeamUnit(dense, active_bits(problem), i_1, t_1 - i_1)
    beam, following = (Beam.room(options.beam_size, options.length, atoms) for _ in range(2))
    entries, room = Entries.room(options.beam_size), Room.of(atoms, len(rule.operators))
    # the first step joins single concepts to a formula that is true nowhere, and scores least
    first = rule._replace(operators=np.array([OR]), pool=ranking)
    beam.score[0] = -np.inf
    top = Top.room(options.length)
    size = _steps(first, rule, atoms, unit, beam, following, entries, room, top)
    # the two beams change places after each step, inside the kernel
    return (following if options.length % 2 else beam), size, top


def _each_with_derived(problem: Problem) -> Ints:
    """The candidates in the published order: each plain one, then what was derived from it."""
    bases = np.array(problem.bases)[problem.candidates]
    family = np.where(bases < 0, problem.candidates, bases)
    # lexsort takes its last key first: by family, the plain one, then the derived ones by column
    return problem.candidates[np.lexsort((problem.candidates, bases >= 0, family))]


def _published_pool(starts: Ints, scores: NDArray[np.float64], bases: tuple[int, ...]) -> Ints:
    """What the published text search composes with: plain concepts, for each useful start one.

    A concept that scores above 0 itself and through a concept derived from it is there twice, as
    in the published code.
    """
    return np.array([c if bases[c] < 0 else bases[c] for c in starts if scores[c] > 0], np.int64)


def _found(beam: Beam | Top, size: Int) -> tuple[Found, ...]:
    """The first ``size`` formulas."""
    columns = (beam.terms, beam.operators, beam.i, beam.t, beam.score)
    found = []
    for terms, operators, i, t, score in zip(
        *(column[:size].tolist() for column in columns), strict=True
    ):
        concepts = tuple(c for c in terms if c >= 0)
        found.append(Found(concepts, tuple(operators[1 : len(concepts)]), i, t, score))
    return tuple(found)


@inlined
def _grow(
    rule: BeamRule, atoms: Atoms, unit: BeamUnit, beam: Beam, b: Int, operator: int, c: int,
    following: Beam, f: int,
) -> None:  # fmt: skip
    """Fill in where formula ``f`` of the next beam is true, and what it shares with concepts.

    It is formula ``b`` of this beam with an operator and ``c``; its counts are there already.
    """
    own, old, new = atoms_of(atoms, c), beam.shared[b], following.shared[f]
    apply(beam.mask[b], operator, own, following.mask[f])
    if atoms.bits.shape[1] == 0:
        copy(old[0], new[0])
        copy(old[2], new[2])
        extend(beam.mask[b], operator, own, atoms, unit.active, new[0], new[2])
        copy(new[0], new[1])
        copy(new[2], new[3])
    else:
        # shared counts are only bounded here: to count them for all concepts costs a whole step
        combine_bits(beam.bits[b], operator, atoms.bits[c], following.bits[f])
        i_old, i_new = beam.i[b], following.i[f]
        narrow(unit.i, rule.a, i_old, i_new, old[:2], new[:2])
        e_old, e_new = beam.t[b] - i_old, following.t[f] - i_new
        narrow(unit.e, rule.n - rule.a, e_old, e_new, old[2:], new[2:])


@lean
def _steps(
    first: BeamRule, rule: BeamRule, atoms: Atoms, unit: BeamUnit, beam: Beam, following: Beam,
    entries: Entries, room: Room, top: Top,
) -> Int:  # fmt: skip
    """Grow formulas up to the length of ``top``; return how many the last beam holds."""
    size, length = np.int64(1), len(top.i)
    for n in range(length):
        now = first if n == 0 else rule
        size = _step(now, atoms, unit, beam, following, size, entries, room, n + 1 == length)  # type: ignore[assignment]
        beam, following = following, beam
        if n == 0 and beam.score[size - 1] == -np.inf:
            size -= 1  # what the first step began with
        if size > 0:
            copy(beam.terms[0], top.terms[n])
            copy(beam.operators[0], top.operators[n])
            top.i[n], top.t[n], top.score[n] = beam.i[0], beam.t[0], beam.score[0]
    return size


@inlined
def _step(
    rule: BeamRule, atoms: Atoms, unit: BeamUnit, beam: Beam, following: Beam, size: Int,
    entries: Entries, room: Room, last: bool,
) -> Int:  # fmt: skip
    """One step: compose every formula in the beam with every concept, keep the best.

    Returns:
        How many formulas the following beam holds.
    """
    # formulas that are kept come first, and so stay before new ones that score the same
    for b in range(size):
        entries.parent[b], entries.operator[b], entries.concept[b] = b, OR, -1
        entries.i[b], entries.t[b], entries.score[b] = beam.i[b], beam.t[b], beam.score[b]
    held = size
    for b in range(size):
        # all that an older one can become was weighed when it was new (the worst score never falls)
        if beam.is_new[b] or rule.published:
            held = _compose(rule, atoms, unit, beam, b, entries, held, room)
    _trim(rule, atoms, unit, beam, entries, held, last, following)
    return held


@inlined
def _compose(
    rule: BeamRule, atoms: Atoms, unit: BeamUnit, beam: Beam, b: Int, entries: Entries, held: Int,
    room: Room,
) -> Int:  # fmt: skip
    """Offer formula ``b`` with every operator and concept; return how many entries there are."""
    # calls in the loop get numbers and few arrays: Numba counts references to all that are passed
    metric, a, n, operators = rule.metric, rule.a, rule.n, rule.operators
    i_1, e_1, concept_bits = unit.i, unit.e, atoms.bits
    bits, shared, scores = beam.bits[b], beam.shared[b], entries.score
    active, least, factors = room.active, room.least, room.factors
    i_l, t_l, worst = beam.i[b], beam.t[b], -np.inf
    combine_bits(bits, AND, unit.bits, active)
    clear(least)
    _find_factors(rule, beam, b, factors)
    for at in range(len(rule.pool)):
        c = rule.pool[at]
        # only a full beam has a score that a formula must exceed
        if at % _EVERY == 0 and held == len(scores) and scores[held - 1] > worst:
            worst = scores[held - 1]
            _find_least(metric, a, n, operators, factors, i_l, t_l - i_l, worst, least)
        if _is_idle(i_1[c] - shared[0, c], shared[1, c], shared[3, c], least):
            continue
        # only bounded so far: count it now, and keep the counts for the other operators and steps
        if shared[0, c] < shared[1, c] or shared[2, c] < shared[3, c]:
            i_lc, e_lc = shared_counts(bits, active, concept_bits[c])
            shared[0, c], shared[1, c], shared[2, c], shared[3, c] = i_lc, i_lc, e_lc, e_lc
            if _is_idle(i_1[c] - i_lc, i_lc, e_lc, least):
                continue
        i_lc, t_lc = shared[0, c], shared[0, c] + shared[2, c]
        for k in range(len(operators)):
            i, t = combine(operators[k], i_l, t_l, i_1[c], i_1[c] + e_1[c], i_lc, t_lc)
            score = ranked_score(metric, i, t, a, n) * factors[k]
            if held == len(scores) and score <= scores[held - 1]:
                continue  # candidates come in order, so an equal one stays behind
            # the published search takes all of these in
            if not rule.published and (
                score <= 0
                or t == 0
                or (i == i_l and t == t_l)  # C changes nothing
                or _has_twin(atoms, beam, b, operators[k], c, i, t, entries, held, room)
            ):
                continue
            held = _insert(entries, held, b, operators[k], c, i, t, score)
    return held


@inlined
def _is_idle(won: Int, kept: Int, taken: Int, least: Ints) -> Bool:
    """Whether a concept cannot do with any operator the least that must be done.

    The first three are upper bounds on what it does, ``least`` are lower bounds on what is needed.
    """
    return won < least[OR] and kept < least[AND] and taken < least[AND_NOT]


@inlined
def _find_factors(rule: BeamRule, beam: Beam, b: Int, factors: NDArray[np.float64]) -> None:
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
    metric: int, a: int, n: int, operators: Ints, factors: NDArray[np.float64], i: int, e: int,
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
        low, high = 0, n + 1
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
        least[operators[k]] = low


@helper
def _has_twin(
    atoms: Atoms, beam: Beam, b: Int, operator: int, c: int, i: Int, t: Int, entries: Entries,
    held: Int, room: Room,
) -> Bool:  # fmt: skip
    """Whether an entry has exactly the atoms of formula ``b`` with ``operator`` and ``c``."""
    made = False
    for e in range(held):
        if entries.i[e] != i or entries.t[e] != t:
            continue
        # only now, since counts alone nearly always tell two formulas apart
        if not made:
            apply(beam.mask[b], operator, atoms_of(atoms, c), room.mask)
            made = True
        other = beam.mask[entries.parent[e]]
        if entries.concept[e] >= 0:
            own = atoms_of(atoms, entries.concept[e])
            apply(other, entries.operator[e], own, room.other)
            other = room.other
        if same_mask(room.mask, other):
            return True
    return False


@inlined
def _insert(
    entries: Entries, held: Int, parent: Int, operator: int, concept: int, i: Int, t: Int,
    score: float,
) -> Int:  # fmt: skip
    """Put an entry behind all that score as high; the last one falls off a full list.

    Returns:
        How many entries there are.
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
    rule: BeamRule, atoms: Atoms, unit: BeamUnit, beam: Beam, entries: Entries, held: Int,
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
                _grow(rule, atoms, unit, beam, b, entries.operator[e], c, following, e)
        elif not last:
            copy(beam.mask[b], following.mask[e])
            copy(beam.bits[b], following.bits[e])
            for k in range(4):
                copy(beam.shared[b, k], following.shared[e, k])
