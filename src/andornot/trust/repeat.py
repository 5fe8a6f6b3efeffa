"""Search again as the run did, with other counts on the same atoms; trust is measured by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.explainer import kernel_atoms, searched_concepts
from andornot.measures.scores import Counts
from andornot.search import beam
from andornot.search.kernels import apply, atoms_of
from andornot.search.options import SearchOptions
from andornot.search.problem import OR, Atoms, Found, Problem, Solution
from andornot.search.solve import solve


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

    def search(
        self,
        units: Iterable[tuple[NDArray[np.int32], NDArray[np.int64]]],
        sizes: NDArray[np.int64] | None = None,
    ) -> Iterator[Solution]:
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

    def counts_by_length(
        self, units: Iterable[tuple[NDArray[np.int32], NDArray[np.int64]]]
    ) -> Iterator[NDArray[np.int64]]:
        """Search for each unit, and give only the counts of what is found by length.

        Args:
            units: as in :meth:`search`.

        Yields:
            hits and positions of the best formula of up to 1, 2, ... concepts, ``(length, 2)``.
        """
        options = self.options
        if options.search != "beam":
            for solution in self.search(units):
                yield np.array([(0, 0) if f is None else (f.i, f.t) for f in solution.by_length])
            return

        def one(problem: Problem) -> NDArray[np.int64]:
            return beam.counts_by_length(problem, options)

        yield from ordered_map(one, self._problems(units), self.jobs, chunk=16)

    def masks(
        self,
        units: Iterable[tuple[NDArray[np.int32], NDArray[np.int64]]],
        sizes: NDArray[np.int64],
        length: int,
    ) -> Iterator[NDArray[np.bool_]]:
        """The atoms of the best formula of up to ``length`` concepts of each unit.

        All False where there is none; the arguments are those of :meth:`search`.
        """
        # a beam's best formula of a length does not hang on how much longer it goes on
        shorter = replace(self, options=replace(self.options, length=length))
        for solution in shorter.search(units, sizes):
            found = solution.by_length[length - 1]
            yield np.zeros(self.table.n_atoms, np.bool_) if found is None else self.mask(found)

    def _problems(
        self,
        units: Iterable[tuple[NDArray[np.int32], NDArray[np.int64]]],
        sizes: NDArray[np.int64] | None = None,
    ) -> Iterator[Problem]:
        table = self.table
        if sizes is not None:
            # without positions, which would not fit these counts; no search asks for them
            table = replace(table, fold_counts=sizes[:, None], positions=None)
        atoms = kernel_atoms(table)
        # of the table itself: one of a draw does not know on how many samples concepts hold
        candidates = searched_concepts(self.table, self.options)
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
        mask, longer = np.zeros((2, self.table.n_atoms), np.uint8)
        for concept, operator in zip(found.concepts, (OR, *found.operators), strict=True):
            apply(mask, operator, atoms_of(self._atoms, concept), longer)
            # `apply` cannot write to the mask that it reads
            mask, longer = longer, mask
        return mask.view(np.bool_)


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
