"""Search again as the run did, with other counts on the same atoms; trust is measured by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import chunks, ordered_map
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.explainer import kernel_atoms, searched_concepts
from andornot.measures.scores import Counts
from andornot.search.beam import BeamSearch
from andornot.search.beam_room import Rows, Top
from andornot.search.bits import n_atom_words, with_bits, with_planes
from andornot.search.kernels import apply, atoms_of
from andornot.search.options import SearchOptions
from andornot.search.pairs import with_pairs
from andornot.search.problem import AND_NOT, Atoms, Found, Problem, Solution
from andornot.search.solve import solve
from andornot.trust.kernels import score_elsewhere

Ints: TypeAlias = NDArray[np.int64]
Unit: TypeAlias = tuple[NDArray[np.int32], Ints]
Units: TypeAlias = Iterable[Unit]

OfLength: TypeAlias = tuple[int, int, Ints, Ints]
"""A formula: hits, positions, concepts from left to right, and the operator before each."""

ByLength: TypeAlias = Callable[[int], OfLength | None]
"""Given 0, 1, ..., the best formula of up to 1, 2, ... concepts; None where there is none."""

_AT_ONCE = 32
"""Units for one call of the kernels."""


@dataclass(frozen=True, eq=False)
class Repeats:
    """A search that is repeated many times.

    A beam serves where the search was ``auto`` or ``optimal``: its cost is the same for every
    unit, while a proof for pure noise can take seconds, and repeats are compared with repeats. It
    grows formulas from left to right, also where trees were searched.

    Attributes:
        table: the concept table.
        options: how to search.
        jobs: threads; all cores if not given.
        sizes: positions of each atom, where they are not those of the table.
    """

    table: ConceptTable
    options: SearchOptions
    jobs: int | None = None
    sizes: Ints | None = None

    @classmethod
    def of(cls, table: ConceptTable, options: SearchOptions, jobs: int | None = None) -> Repeats:
        """The same search as a beam, unless every formula was asked for."""
        if options.search != "exhaustive":
            options = replace(options, search="beam", space="left-deep")
        return cls(table, options.on_table(has_context=table.has_context), jobs)

    def on(self, sizes: Ints) -> Repeats:
        """The same on other positions of each atom, in one thread, for many calls."""
        return replace(self, sizes=sizes, jobs=1)

    @property
    def length(self) -> int:
        """Longest formula, in concepts."""
        return self.options.length

    def search(self, units: Units, sizes: Ints | None = None) -> Iterator[Solution]:
        """Search for each unit.

        Args:
            units: atoms on which each unit is active, and its active positions there.
            sizes: positions of each atom, where they are not those of the table.
        """
        # a draw of the samples may miss all on which the unit is active
        nothing = Solution((), (None,) * self.length, False)
        if self.options.search == "beam":
            beam = self._beam_on(sizes)
            return ordered_map(
                lambda unit: beam.solve(*unit) if unit[1].any() else nothing, units, self.jobs
            )
        return ordered_map(
            lambda problem: solve(problem, self.options) if problem.total else nothing,
            self._problems(units, sizes), self.jobs,
        )  # fmt: skip

    def counts_by_length(self, units: Units, sizes: Ints | None = None) -> Iterator[Ints]:
        """Search for each unit, and give only the counts of what is found by length.

        Args:
            units: as in :meth:`search`.
            sizes: likewise.

        Yields:
            hits and positions of the best formula of up to 1, 2, ... concepts, ``(length, 2)``.
        """
        if self.options.search != "beam":
            for solution in self.search(units, sizes):
                yield np.array([(0, 0) if f is None else (f.i, f.t) for f in solution.by_length])
            return
        for top, _ in self._best(units, sizes):
            yield from np.stack([top.i, top.t], axis=2)

    def by_length(self, units: Units, sizes: Ints | None = None) -> Iterator[ByLength]:
        """Search for each unit, and give what is found of each length, to look at where needed.

        The arguments are those of :meth:`search`.
        """
        if self.options.search != "beam":
            for solution in self.search(units, sizes):
                yield partial(_of_solution, solution)
            return
        for top, lengths in self._best(units, sizes):
            for u, length in enumerate(lengths):
                yield partial(_of_top, top, u) if length else _nothing

    def masks(self, units: Units, lengths: range) -> Iterator[NDArray[np.bool_]]:
        """The atoms of the best formulas of up to each length, ``(len(lengths), n_atoms)``.

        All False where there is none; ``units`` are as in :meth:`search`.
        """
        nothing = np.zeros(self.table.n_atoms, np.bool_)
        for best in self.by_length(units):
            found = [best(n - 1) for n in lengths]
            yield np.stack([nothing if f is None else self.atoms_of(*f[2:]) for f in found])

    def held_out_counts(
        self, rows: Rows, inside: Ints, sizes: Ints, lengths: range, wanted: NDArray[np.bool_]
    ) -> Ints:
        """Search for several units, and count what is found where it was not searched for.

        Args:
            rows: the units' active positions where they are searched for.
            inside: those of the same atoms elsewhere.
            sizes: positions of all atoms there.
            lengths: ascending.
            wanted: which of the units; the others are not searched for.

        Returns:
            hits and unions ``(n_units, len(lengths), 2)``, 0 for units that are not wanted.
        """
        found = np.zeros((len(wanted), len(lengths), 2), np.int64)
        sums = np.concatenate([[0], np.cumsum(rows.counts)])
        # on a shuffle a unit may be active on nothing that is searched on
        some = wanted & (sums[rows.indptr[1:]] > sums[rows.indptr[:-1]])
        top = self._beam.best_of_rows(rows, np.where(some, lengths[-1], 0))
        rooms = np.zeros((2, n_atom_words(self._atoms)), np.uint64)
        score_elsewhere(
            top.terms, top.operators, np.array(lengths), wanted, self._atoms, rows.indptr,
            rows.atoms, inside, sizes, rooms, np.zeros(len(sizes), np.int64), found,
        )  # fmt: skip
        return found

    def _best(self, units: Units, sizes: Ints | None) -> Iterator[tuple[Top, list[int]]]:
        """What a beam finds for some units at a time, and how long it let each become."""
        search = self._beam_on(sizes)

        def some(items: list[Unit]) -> tuple[Top, list[int]]:
            # a draw of the samples may miss all on which a unit is active
            each = [self.length if counts.any() else 0 for _, counts in items]
            return search.best(items, each), each

        return ordered_map(some, chunks(units, _AT_ONCE), self.jobs)

    def _problems(self, units: Units, sizes: Ints | None) -> Iterator[Problem]:
        atoms, candidates, bases = self._resized(sizes), self._candidates, self.table.bases
        for active, counts in units:
            # what was drawn no more must not count as an atom of the unit
            there = counts > 0
            yield Problem(atoms, active[there], counts[there], candidates, bases)

    def _beam_on(self, sizes: Ints | None) -> BeamSearch:
        """A beam search on other positions of each atom, or on those of this record."""
        if sizes is None:
            return self._beam
        atoms, bases = self._resized(sizes), self.table.bases
        return BeamSearch.of(atoms, self._candidates, bases, self.options)

    @cached_property
    def _beam(self) -> BeamSearch:
        """On the sizes of this record: made once, with room for all calls."""
        atoms, bases = self._resized(None), self.table.bases
        return BeamSearch.of(atoms, self._candidates, bases, self.options)

    def _resized(self, sizes: Ints | None) -> Atoms:
        """The table as the kernels read it, with other positions in each atom."""
        atoms, sizes = self._atoms, self.sizes if sizes is None else sizes
        if sizes is None:
            return atoms
        sums = np.concatenate([[0], np.cumsum(sizes[atoms.concept_atoms])])
        own = sums[atoms.concept_indptr[1:]] - sums[atoms.concept_indptr[:-1]]
        resized = atoms._replace(
            counts=np.ascontiguousarray(sizes), concept_counts=own, n_positions=int(sizes.sum()),
            bits=np.zeros((0, 0), np.uint64), pairs=np.zeros((0, 0), np.int64),
        )  # fmt: skip
        return with_pairs(with_bits(with_planes(resized)))

    @cached_property
    def _candidates(self) -> Ints:
        return searched_concepts(self.table, self.options)

    def score(self, i: int, t: int, a: int, n: int, length: int) -> float:
        """What the search ranks a formula by, from ``I``, ``T``, ``A`` and ``N``."""
        value = Counts.of(i, t, a, n).score(self.options.metric)
        return float(value * self.options.penalty ** (length - 1))

    @cached_property
    def _atoms(self) -> Atoms:
        return kernel_atoms(self.table)

    def mask(self, found: Found) -> NDArray[np.bool_]:
        """The atoms of a formula that was found."""
        if found.tree is not None:
            return self.table.mask(found.formula(self.table.names))
        return self.atoms_of(*_steps_of(found))

    def atoms_of(self, concepts: Ints, operators: Ints) -> NDArray[np.bool_]:
        """The atoms of a formula as :meth:`formulas` gives it; bool ``(n_atoms,)``."""
        mask, longer = np.zeros((2, self.table.n_atoms), np.uint8)
        mask[:] = operators[0] == AND_NOT
        for concept, operator in zip(concepts, operators, strict=True):
            apply(mask, operator, atoms_of(self._atoms, concept), longer)
            # `apply` cannot write to the mask that it reads
            mask, longer = longer, mask
        return mask.view(np.bool_)


def _of_top(top: Top, u: int, at: int) -> OfLength | None:
    """The formula of a unit at a place among the lengths."""
    if not top.score[u, at] > 0:
        return None
    terms, operators = top.terms[u, at], top.operators[u, at]
    there = terms >= 0
    return int(top.i[u, at]), int(top.t[u, at]), terms[there], operators[there]


def _of_solution(solution: Solution, at: int) -> OfLength | None:
    found = solution.by_length[at]
    return None if found is None else (found.i, found.t, *_steps_of(found))


def _nothing(_: int) -> None:
    """Of a unit that is active nowhere."""


def _steps_of(found: Found) -> tuple[Ints, Ints]:
    """Concepts, and the operator before each of them."""
    return np.array(found.concepts, np.int64), np.array(found.steps, np.int64)


def unit_rows(
    responses: Responses, counts: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
    """Units of responses, with other counts in the place of their own."""
    for start, stop in zip(responses.indptr[:-1], responses.indptr[1:], strict=True):
        yield responses.atoms[start:stop], counts[start:stop]


def ratio(both: NDArray[Any], either: NDArray[Any]) -> NDArray[np.float64]:
    """Intersections over unions, in positions; 0 where a union is empty."""
    # an empty union has no intersection, so this is 0 there and changes no other
    quotient: NDArray[np.float64] = both / np.maximum(either, 1)
    return quotient
