"""Beam search, as published (Mu & Andreas 2020, Section 2) and without its duplicates.

The published search appends every concept with every operator to every formula in the beam and
keeps the best; formulas kept from earlier steps stay ahead of equal new ones. There, a formula
that is generated twice takes two places. Here, by default, formulas with the same atoms take one
place; then a formula that stays in the beam need not be composed again either, since all that
comes of it was weighed before.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from andornot._jit import jit
from andornot.search.kernels import (
    PUBLISHED,
    apply,
    atoms_of,
    combine,
    copy_mask,
    extend,
    ranked_score,
    same_atoms,
    singles,
)
from andornot.search.problem import AND_NOT, OR, Found, Options, Problem, Solution


class Rule(NamedTuple):
    """How formulas are made and ranked, for one unit."""

    metric: int
    a: int  # active positions of the unit
    n: int  # all positions
    penalty: float
    published: bool
    operators: NDArray[np.int64]
    pool: NDArray[np.int64]  # concepts to compose with, in order


class Beam(NamedTuple):
    """The formulas kept after one step, best first; only the first ``size`` rows count."""

    terms: NDArray[np.int64]  # (beam, length) concepts from left to right, -1 where it ended
    operators: NDArray[np.int64]  # (beam, length) the operator before each term
    i: NDArray[np.int64]
    t: NDArray[np.int64]
    score: NDArray[np.float64]
    mask: NDArray[np.bool_]  # (beam, n_atoms)
    i_with: NDArray[np.int64]  # (beam, n_concepts) counts of the formula AND each concept
    t_with: NDArray[np.int64]
    is_new: NDArray[np.bool_]  # made in the last step, so not composed yet


class Entries(NamedTuple):
    """Candidates for the next beam, best first: a parent in this beam, an operator, a concept.

    A concept of -1 stands for the parent itself, which stays.
    """

    parent: NDArray[np.int64]
    operator: NDArray[np.int64]
    concept: NDArray[np.int64]
    i: NDArray[np.int64]
    t: NDArray[np.int64]
    score: NDArray[np.float64]


def solve(problem: Problem, options: Options) -> Solution:
    """Run the beam search for one unit."""
    dense = np.zeros(len(problem.atoms.counts), np.int64)
    dense[problem.active] = problem.active_counts
    metric = PUBLISHED if options.published else options.metric
    derived_too = options.published and len(problem.bases) > 0
    starts = _each_with_derived(problem) if derived_too else problem.candidates
    i_1, t_1, ranking, scores = singles(metric, problem, starts)
    pool = ranking[: options.limit] if options.limit else problem.candidates
    if derived_too:
        pool = _published_pool(starts, scores, problem.bases)
    rule = Rule(
        metric, problem.total, problem.atoms.n_positions, options.penalty, options.published,
        np.array(options.operators, np.int64), pool.astype(np.int64),
    )  # fmt: skip
    beam, size = _start(
        rule, problem.atoms, dense, i_1, t_1, ranking, scores, options.length, options.beam_size
    )
    steps = [_found(beam, size)]
    for _ in range(options.length - 1):
        beam, size = _step(rule, problem.atoms, dense, i_1, t_1, beam, size)
        steps.append(_found(beam, size))
    by_length = tuple(step[0] if step else None for step in steps)
    return Solution(beam=steps[-1], by_length=by_length, proven=options.length == 1)


def _each_with_derived(problem: Problem) -> NDArray[np.int64]:
    """The candidates in the published order: each plain one, then what was derived from it."""
    bases = np.array(problem.bases)[problem.candidates]
    family = np.where(bases < 0, problem.candidates, bases)
    return problem.candidates[np.lexsort((problem.candidates, bases >= 0, family))]


def _published_pool(
    starts: NDArray[np.int64], scores: NDArray[np.float64], bases: tuple[int, ...]
) -> NDArray[np.int64]:
    """What the published text search composes with: plain concepts, for each useful start one.

    A concept that scores above 0 itself and through a concept derived from it is there twice, as
    in the published code.
    """
    return np.array([c if bases[c] < 0 else bases[c] for c in starts if scores[c] > 0], np.int64)


def _found(beam: Beam, size: int) -> tuple[Found, ...]:
    found = []
    for b in range(size):
        n_terms = int((beam.terms[b] >= 0).sum())
        found.append(
            Found(
                concepts=tuple(beam.terms[b, :n_terms].tolist()),
                operators=tuple(beam.operators[b, 1:n_terms].tolist()),
                i=int(beam.i[b]),
                t=int(beam.t[b]),
                score=float(beam.score[b]),
            )
        )
    return tuple(found)


@jit
def _empty_beam(beam_size, length, n_atoms, n_concepts):
    return Beam(
        np.full((beam_size, length), -1, np.int64),
        np.full((beam_size, length), -1, np.int64),
        np.zeros(beam_size, np.int64),
        np.zeros(beam_size, np.int64),
        np.zeros(beam_size),
        np.zeros((beam_size, n_atoms), np.bool_),
        np.zeros((beam_size, n_concepts), np.int64),
        np.zeros((beam_size, n_concepts), np.int64),
        np.ones(beam_size, np.bool_),
    )


@jit
def _start(rule, atoms, dense, i_1, t_1, ranking, scores, length, beam_size):
    """The first beam: the best single concepts."""
    beam = _empty_beam(beam_size, length, len(atoms.counts), len(i_1))
    nothing = np.zeros(len(atoms.counts), np.bool_)
    size = 0
    for c in ranking:
        if size == beam_size:
            break
        twin = False
        if not rule.published:
            for b in range(size):
                if not twin and beam.i[b] == i_1[c] and beam.t[b] == t_1[c]:
                    other = atoms_of(atoms, beam.terms[b, 0])
                    twin = same_atoms(nothing, OR, atoms_of(atoms, c), nothing, OR, other)
        if not twin:
            beam.terms[size, 0] = c
            beam.i[size], beam.t[size], beam.score[size] = i_1[c], t_1[c], scores[c]
            apply(nothing, OR, atoms_of(atoms, c), beam.mask[size])
            i_with, t_with = beam.i_with[size], beam.t_with[size]
            extend(nothing, OR, atoms_of(atoms, c), atoms, dense, i_with, t_with)
            size += 1
    return beam, size


@jit
def _step(rule, atoms, dense, i_1, t_1, beam, size):
    """One step: compose every formula in the beam with every concept, keep the best."""
    beam_size = len(beam.i)
    entries = Entries(
        np.arange(beam_size), np.full(beam_size, OR), np.full(beam_size, -1),
        beam.i.copy(), beam.t.copy(), beam.score.copy(),
    )  # fmt: skip
    held = size
    for b in range(size):
        if beam.is_new[b] or rule.published:
            held = _compose(rule, atoms, i_1, t_1, beam, b, entries, held)
    return _trim(atoms, dense, beam, entries, held), held


@jit
def _compose(rule, atoms, i_1, t_1, beam, b, entries, held):
    """Offer formula ``b`` with every operator and concept to the entries."""
    n_terms, n_nots = 0, 0
    while n_terms < beam.terms.shape[1] and beam.terms[b, n_terms] >= 0:
        n_nots += beam.operators[b, n_terms] == AND_NOT
        n_terms += 1
    for c in rule.pool:
        for operator in rule.operators:
            i, t = combine(
                operator, beam.i[b], beam.t[b], i_1[c], t_1[c], beam.i_with[b, c], beam.t_with[b, c]
            )
            score = ranked_score(rule.metric, i, t, rule.a, rule.n)
            if rule.penalty != 1.0:
                # the published length of a formula counts each NOT
                more = n_nots + (operator == AND_NOT) if rule.published else 0
                # a float exponent: Numba's integer powers differ from Python's in the last bit
                score *= rule.penalty ** float(n_terms + more)
            if held == len(entries.i) and score <= entries.score[held - 1]:
                continue  # candidates come in order, so an equal one stays behind
            if not rule.published and (
                score <= 0
                or t == 0
                or (i == beam.i[b] and t == beam.t[b])  # C changes nothing
                or _has_twin(atoms, beam, b, operator, c, i, t, entries, held)
            ):
                continue
            held = _insert(entries, held, b, operator, c, i, t, score)
    return held


@jit
def _has_twin(atoms, beam, b, operator, c, i, t, entries, held):
    """Whether an entry has exactly the atoms of formula ``b`` with ``operator`` and ``c``."""
    own = atoms_of(atoms, c)
    for e in range(held):
        if entries.i[e] == i and entries.t[e] == t:
            other = own[:0] if entries.concept[e] < 0 else atoms_of(atoms, entries.concept[e])
            parent = beam.mask[entries.parent[e]]
            if same_atoms(beam.mask[b], operator, own, parent, entries.operator[e], other):
                return True
    return False


@jit
def _insert(entries, held, parent, operator, concept, i, t, score):
    """Put an entry behind all that score as high; the last one falls off a full list."""
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


@jit
def _trim(atoms, dense, beam, entries, held):
    """The entries as the next beam."""
    beam_size, length = beam.terms.shape
    following = _empty_beam(beam_size, length, len(atoms.counts), beam.i_with.shape[1])
    for e in range(held):
        b, c = entries.parent[e], entries.concept[e]
        following.terms[e] = beam.terms[b]
        following.operators[e] = beam.operators[b]
        following.i[e], following.t[e] = entries.i[e], entries.t[e]
        following.score[e] = entries.score[e]
        following.is_new[e] = c >= 0
        following.i_with[e], following.t_with[e] = beam.i_with[b], beam.t_with[b]
        if c < 0:
            copy_mask(beam.mask[b], following.mask[e])
        else:
            end = 0
            while beam.terms[b, end] >= 0:
                end += 1
            operator, own = entries.operator[e], atoms_of(atoms, c)
            following.terms[e, end], following.operators[e, end] = c, operator
            apply(beam.mask[b], operator, own, following.mask[e])
            i_with, t_with = following.i_with[e], following.t_with[e]
            extend(beam.mask[b], operator, own, atoms, dense, i_with, t_with)
    return following
