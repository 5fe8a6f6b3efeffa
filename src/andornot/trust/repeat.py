"""Search again as the run did, with other counts on the same atoms; trust is measured by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.explainer import kernel_atoms
from andornot.measures.scores import Counts
from andornot.search import beam
from andornot.search.kernels import apply, atoms_of
from andornot.search.options import SearchOptions
from andornot.search.problem import OR, Atoms, Found, Problem, Solution
from andornot.search.solve import solve

Ints: TypeAlias = NDArray[np.int64]
Units: TypeAlias = Iterable[tuple[NDArray[np.int32], Ints]]

_EMPTY = (np.zeros(0, np.int64), np.zeros(0, np.int64))
"""No formula."""


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
    """

    table: ConceptTable
    options: SearchOptions
    jobs: int | None = None

    @classmethod
    def of(cls, table: ConceptTable, options: SearchOptions, jobs: int | None = None) -> Repeats:
        """The same search as a beam, unless every formula was asked for."""
        if options.search != "exhaustive":
            options = replace(options, search="beam", space="left-deep")
        return cls(table, options, jobs)

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
        options = self.options

        def one(problem: Problem) -> Solution:
            # a draw of the samples may miss all on which the unit is active
            if not problem.total:
                return Solution((), (None,) * self.length, False)
            return solve(problem, options)

        return ordered_map(one, self._problems(units, sizes), self.jobs)

    def counts_by_length(self, units: Units, sizes: Ints | None = None) -> Iterator[Ints]:
        """Search for each unit, and give only the counts of what is found by length.

        Args:
            units: as in :meth:`search`.
            sizes: likewise.

        Yields:
            hits and positions of the best formula of up to 1, 2, ... concepts, ``(length, 2)``.
        """
        options = self.options
        if options.search != "beam":
            for solution in self.search(units, sizes):
                yield np.array([(0, 0) if f is None else (f.i, f.t) for f in solution.by_length])
            return

        def one(problem: Problem) -> Ints:
            if not problem.total:
                return np.zeros((self.length, 2), np.int64)
            return beam.counts_by_length(problem, options)

        yield from ordered_map(one, self._problems(units, sizes), self.jobs, chunk=16)

    def formulas(
        self, units: Units, sizes: Ints | None = None, lengths: int | Sequence[int] | None = None
    ) -> Iterator[tuple[Ints, Ints]]:
        """Search for each unit, and give the best formula of up to one length as arrays.

        Args:
            units: as in :meth:`search`.
            sizes: likewise.
            lengths: how long each unit's formula may become, or one number for all units; as long
                as the search allows, if not given. A search ends there.

        Yields:
            concepts from left to right, and the operator before each of them (OR before the
            first); no concepts where there is no formula. :meth:`atoms_of` takes both.
        """
        longest = self.length if lengths is None else lengths
        each = repeat(longest) if isinstance(longest, int) else longest

        def one(item: tuple[Problem, int]) -> tuple[Ints, Ints]:
            problem, length = item
            options = replace(self.options, length=length)
            if problem.total and options.search == "beam":
                return beam.formula_of_length(problem, options)
            found = solve(problem, options).by_length[-1] if problem.total else None
            return _EMPTY if found is None else _steps_of(found)

        # the problems first: lengths without an end must not be asked for one more
        items = zip(self._problems(units, sizes), each, strict=False)
        return ordered_map(one, items, self.jobs, chunk=16)

    def _problems(
        self,
        units: Units,
        sizes: Ints | None = None,
    ) -> Iterator[Problem]:
        table = self.table
        if sizes is not None:
            # without positions, which would not fit these counts; no search asks for them
            table = replace(table, fold_counts=sizes[:, None], positions=None)
        atoms = kernel_atoms(table)
        candidates = table.select(self.options.categories, self.options.concepts)
        for active, counts in units:
            # what was drawn no more must not count as an atom of the unit
            there = counts > 0
            yield Problem(atoms, active[there], counts[there], candidates, table.bases)

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
        for concept, operator in zip(concepts, operators, strict=True):
            apply(mask, operator, atoms_of(self._atoms, concept), longer)
            # `apply` cannot write to the mask that it reads
            mask, longer = longer, mask
        return mask.view(np.bool_)


def _steps_of(found: Found) -> tuple[Ints, Ints]:
    """Concepts, and the operator before each of them."""
    return np.array(found.concepts, np.int64), np.array((OR, *found.operators), np.int64)


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
