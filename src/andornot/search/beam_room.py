"""What the kernels of the beam search read and write: the rule, beams, what was found, and room.

Room is made once and serves one search after another, and only one at a time.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from andornot.search.bits import n_atom_words
from andornot.search.problem import Atoms, Ints, Words

Scores: TypeAlias = NDArray[np.float64]


class BeamRule(NamedTuple):
    """How formulas are made and ranked, for all units of a search."""

    metric: int  # a value of ``measures.scores.METRICS``, or ``PUBLISHED``
    n: int  # count: all positions
    penalty: float  # what a score is multiplied by for each concept after the first
    published: bool  # whether a formula that is generated twice takes two places
    limit: int  # compose only with so many of the best single concepts; 0 for no limit
    operators: Ints  # (n_operators,) those that are used
    starts: Ints  # (n_candidates,) single concepts, equal ones in the order in which they rank
    pool: Ints  # (n_candidates,) concepts to compose with, in order, where nothing limits them
    bases: Ints  # (n_concepts,) what each was derived from, or itself; empty where none is derived
    # and wherever the search is not the published one
    firsts: Ints  # (n_atoms,) the first position of each atom among all bits
    negated: bool  # whether a formula may begin with NOT


class Rows(NamedTuple):
    """Several units: where each is active, as sparse rows."""

    indptr: Ints  # (n_units + 1,)
    atoms: NDArray[np.int32]
    counts: Ints  # active positions there, ``k_a``


class BeamUnit(NamedTuple):
    """What the unit does on atoms and on single concepts; only ``_load`` and ``_unload`` write."""

    active: Ints  # (n_atoms,) count: its active positions in each atom
    bits: Words  # (n_words,) its active positions; no words where the table has none
    atoms: Words  # (n_atom_words,) the atoms on which it is active, a bit for each
    i: Ints  # (n_concepts,) count: active positions of each concept
    e: Ints  # (n_concepts,) count: its inactive ones
    score: Scores  # (n_concepts,) of each single concept that may be used


class Beam(NamedTuple):
    """The formulas kept after one step, best first; only the first ``size`` rows count.

    ``_trim`` writes the beam that follows, ``_grow`` its last three arrays; ``_compose`` counts in
    ``shared`` what was only bounded, where it can matter.
    """

    terms: Ints  # (beam, length) concepts from left to right, -1 where it ended
    operators: Ints  # (beam, length) the operator before each term; AND NOT before the first: NOT
    i: Ints  # (beam,) count: positions where unit and formula are true
    t: Ints  # (beam,) count: positions where the formula is true
    score: Scores  # (beam,) from these counts
    is_new: NDArray[np.bool_]  # (beam,) made in the last step, so not composed yet
    mask: Words  # (beam, n_atom_words) the atoms where it is true, a bit for each
    bits: Words  # (beam, n_words) the same in positions, where the table has bits
    shared: Ints  # (beam, 4, n_concepts) what it shares with each concept: least and most positions
    # on which the unit is active, least and most others; where two such bounds are equal, a count

    @classmethod
    def room(cls, beam_size: int, length: int, atoms: Atoms) -> Beam:
        """An empty beam, which the steps fill in."""
        terms, operators = np.full((2, beam_size, length), -1, np.int64)
        i, t = np.zeros((2, beam_size), np.int64)
        return cls(
            terms,
            operators,
            i,
            t,
            np.zeros(beam_size),
            np.ones(beam_size, np.bool_),
            np.zeros((beam_size, n_atom_words(atoms)), np.uint64),
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
    score: Scores  # (beam,)

    @classmethod
    def room(cls, beam_size: int) -> Entries:
        """Room for the entries of a step."""
        parent, operator, concept, i, t = np.zeros((5, beam_size), np.int64)
        return cls(parent, operator, concept, i, t, np.zeros(beam_size))


class Top(NamedTuple):
    """The best formula of up to 1, 2, ... concepts of each unit; a score of 0 where there is none.

    ``_steps`` writes a row after each step; the fields are those of ``Beam``.
    """

    terms: Ints  # (n_units, length, length)
    operators: Ints  # (n_units, length, length)
    i: Ints  # (n_units, length)
    t: Ints  # (n_units, length)
    score: Scores  # (n_units, length)

    @classmethod
    def room(cls, n_units: int, length: int) -> Top:
        """Nothing found yet."""
        terms, operators = np.full((2, n_units, length, length), -1, np.int64)
        i, t = np.zeros((2, n_units, length), np.int64)
        return cls(terms, operators, i, t, np.zeros((n_units, length)))


class Scratch(NamedTuple):
    """What the kernels write over again and again; they make no arrays themselves."""

    active: Words  # (n_words,) where a formula and the unit are true; ``_compose``
    least: Ints  # (3,) lower bounds; ``_find_least``
    factors: Scores  # (n_operators,) ``_find_factors``
    mask: Words  # (n_atom_words,) the formula that may have a twin; ``_has_twin``
    other: Words  # (n_atom_words,) the one that may be it; ``_has_twin``
    pool: Ints  # (n_pool,) what formulas of this unit are composed with; ``_choose_pool``
    near: Ints  # (n_pool,) those of them that may matter to a formula; ``_compose``

    @classmethod
    def of(cls, atoms: Atoms, rule: BeamRule) -> Scratch:
        """Arrays of the right sizes."""
        bits = np.zeros(atoms.bits.shape[1], np.uint64)
        mask, other = np.zeros((2, n_atom_words(atoms)), np.uint64)
        # one more: the place that is written to before a concept is passed over
        pool, near = np.zeros((2, len(rule.starts) + 1), np.int64)
        factors = np.zeros(len(rule.operators))
        return cls(bits, np.zeros(3, np.int64), factors, mask, other, pool, near)


class Room(NamedTuple):
    """All that one search writes, and the next one writes over."""

    unit: BeamUnit
    beam: Beam
    following: Beam  # the two change places after each step
    entries: Entries
    scratch: Scratch

    @classmethod
    def of(cls, atoms: Atoms, rule: BeamRule, beam_size: int, length: int) -> Room:
        """Room for searches of one table, up to one length."""
        n_concepts = len(atoms.concept_counts)
        # the first step has two formulas to begin with: what holds nowhere, and everywhere
        n_rows = max(beam_size, 2) if rule.negated else beam_size
        unit = BeamUnit(
            np.zeros(len(atoms.counts), np.int64),
            np.zeros(atoms.bits.shape[1], np.uint64),
            np.zeros(n_atom_words(atoms), np.uint64),
            np.zeros(n_concepts, np.int64),
            np.zeros(n_concepts, np.int64),
            np.zeros(n_concepts),
        )
        return cls(
            unit,
            Beam.room(n_rows, length, atoms),
            Beam.room(n_rows, length, atoms),
            Entries.room(beam_size),
            Scratch.of(atoms, rule),
        )
