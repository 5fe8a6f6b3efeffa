"""Beam search, as published (Mu & Andreas 2020, Section 2) and without its duplicates.

The published search appends every concept with every operator to every formula in the beam and
keeps the best; formulas kept from earlier steps stay ahead of equal new ones. There, a formula
that is generated twice takes two places. Here, by default, formulas with the same atoms take one
place; then a formula that stays in the beam need not be composed again either, since all that
comes of it was weighed before.

One call of the kernels (``beam_steps``) serves many units, in room that is made once: trust repeats
searches by the hundred thousand, each of them a fraction of a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import Int
from andornot.search.beam_room import Beam, BeamRule, Room, Rows, Top
from andornot.search.beam_steps import search_units
from andornot.search.bits import first_positions
from andornot.search.kernels import PUBLISHED
from andornot.search.options import SearchOptions
from andornot.search.problem import Atoms, Found, Ints, Problem, Solution


def solve(problem: Problem, options: SearchOptions) -> Solution:
    """Run the beam search for one unit."""
    search = BeamSearch.of(problem.atoms, problem.candidates, problem.bases, options)
    return search.solve(problem.active, problem.active_counts)


@dataclass(frozen=True, eq=False)
class BeamSearch:
    """A beam search over one table, for any number of units.

    Attributes:
        atoms: the concept table.
        rule: how formulas are made and ranked.
        options: how to search.
        idle: room that no thread uses now.
    """

    atoms: Atoms
    rule: BeamRule
    options: SearchOptions
    idle: SimpleQueue[Room] = field(default_factory=SimpleQueue)

    @classmethod
    def of(
        cls, atoms: Atoms, candidates: Ints, bases: tuple[int, ...], options: SearchOptions
    ) -> BeamSearch:
        """A search by these options.

        Args:
            atoms: the concept table.
            candidates: concepts that may stand in a formula, ascending.
            bases: for each concept the one that it was derived from, as in ``Problem``.
            options: how to search.
        """
        derived_too = options.published and len(bases) > 0
        own = np.array(bases if derived_too else (), np.int64)
        rule = BeamRule(
            PUBLISHED if options.published else options.metric_number,
            atoms.n_positions, options.penalty, options.published, options.limit or 0,
            np.array(options.operator_numbers, np.int64),
            _each_with_derived(candidates, own) if derived_too else candidates,
            candidates,
            np.where(own < 0, np.arange(len(own)), own),
            first_positions(atoms),
            bool(options.negated_first),
        )  # fmt: skip
        return cls(atoms, rule, options)

    def best(self, units: Sequence[tuple[NDArray[np.int32], Ints]], lengths: Sequence[int]) -> Top:
        """The best formula of up to 1, 2, ... concepts of each unit.

        Args:
            units: atoms on which each unit is active, and its active positions there.
            lengths: how long each unit's formula may become; of one of 0 nothing is found.
        """
        return self.best_of_rows(_rows(units), np.array(lengths, np.int64))

    def best_of_rows(self, rows: Rows, lengths: Ints) -> Top:
        """The same of units that are rows already."""
        top = Top.room(len(lengths), self.options.length)
        with self._room() as room:
            search_units(self.rule, self.atoms, rows, lengths, room, top)
        return top

    def solve(self, atoms: NDArray[np.int32], counts: Ints) -> Solution:
        """All that is found for one unit.

        Args:
            atoms: those on which it is active.
            counts: its active positions there.
        """
        length = self.options.length
        with self._room() as room:
            top = Top.room(1, length)
            rows, lengths = _rows([(atoms, counts)]), np.array([length])
            size = search_units(self.rule, self.atoms, rows, lengths, room, top)
            # the two beams change places after each step
            beam = _found(room.following if length % 2 else room.beam, size)
        by_length = _found(Top(*(column[0] for column in top)), length)
        return Solution(
            beam=beam,
            by_length=tuple(found if found.score > 0 else None for found in by_length),
            proven=length == 1,
        )

    @contextmanager
    def _room(self) -> Iterator[Room]:
        """Room that no other thread uses meanwhile."""
        try:
            room = self.idle.get_nowait()
        except Empty:
            size, length = self.options.beam_size, self.options.length
            room = Room.of(self.atoms, self.rule, size, length)
        yield room
        self.idle.put(room)


def _rows(units: Sequence[tuple[NDArray[np.int32], Ints]]) -> Rows:
    """Atoms and active positions of several units, one after another."""
    return Rows(
        np.cumsum([0, *(len(atoms) for atoms, _ in units)]),
        np.concatenate([atoms for atoms, _ in units]),
        np.concatenate([counts for _, counts in units]),
    )


def _each_with_derived(candidates: Ints, bases: Ints) -> Ints:
    """The candidates in the published order: each plain one, then what was derived from it."""
    own = bases[candidates]
    family = np.where(own < 0, candidates, own)
    # lexsort takes its last key first: by family, the plain one, then the derived ones by column
    return candidates[np.lexsort((candidates, own >= 0, family))]


def _found(beam: Beam | Top, size: Int) -> tuple[Found, ...]:
    """The first ``size`` formulas."""
    columns = (beam.terms, beam.operators, beam.i, beam.t, beam.score)
    found = []
    for terms, operators, i, t, score in zip(
        *(column[:size].tolist() for column in columns), strict=True
    ):
        concepts = [c for c in terms if c >= 0]
        found.append(Found.of_steps(concepts, operators[: len(concepts)], i, t, score))
    return tuple(found)
