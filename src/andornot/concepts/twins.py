"""Concepts that the data cannot tell apart: wholly, where a formula hangs on one, or nearly.

A formula hangs on a concept only on some atoms: ``red AND NOT car`` does not ask where a car is,
unless it is red. Another concept that holds on the same of *these* atoms could stand in its place,
and the formula would be true on the very same positions. No score knows which of the two is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.table import ConceptTable
from andornot.formula import Formula

if TYPE_CHECKING:
    import scipy.sparse

BoolArray = NDArray[np.bool_]
Columns = NDArray[np.int64]

NEAR: Final = 0.9
"""Near-twins have a Jaccard index above this."""


def equals(
    formula: Formula, table: ConceptTable, candidates: Columns
) -> dict[str, tuple[str, ...]]:
    """For each concept of a formula those that could stand in its place, most similar first.

    Args:
        formula: over concepts of the table.
        table: the concepts.
        candidates: columns of those that may stand there.

    Returns:
        For each name in the formula the other concepts with which, in its place wherever it
        stands, the formula is true on the very same positions; none for most.

    Raises:
        FormulaError: the formula names a concept that the table does not have.

    Examples:
        >>> masks = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 1, 0, 1]], bool)
        >>> table = andornot.ConceptTable.from_masks(masks, ["asked", "refund", "late", "rude"])
        >>> equals(andornot.parse("asked AND NOT late"), table, table.select())
        {'asked': ('refund',), 'late': ('rude',)}
    """
    return TwinFinder(table, candidates).of(formula)


def near_twins(
    name: str, table: ConceptTable, candidates: Columns, above: float = NEAR
) -> dict[str, float]:
    """Concepts that hold on nearly the same positions as this one, most similar first.

    Args:
        name: of the concept.
        table: the concepts.
        candidates: columns of those that are compared.
        above: the Jaccard index that they must exceed.

    Returns:
        The Jaccard index by name; exactly 1 where two concepts hold on the same positions.

    Raises:
        FormulaError: no concept has this name.

    Examples:
        >>> masks = np.array([[1] * 20, [1] * 19 + [0], [1] * 20, [0] * 19 + [1]], bool)
        >>> table = andornot.ConceptTable.from_masks(masks, ["sea", "ship", "water", "foam"])
        >>> near_twins("sea", table, table.select())
        {'water': 1.0, 'ship': 0.95}
    """
    finder = TwinFinder(table, candidates)
    column = table.index(name)
    index = finder.jaccard(column)
    near = candidates[(index[candidates] > above) & (candidates != column)]
    return {table.names[d]: float(index[d]) for d in finder.ranked(near, index)}


def equal_columns(table: ConceptTable) -> dict[str, tuple[str, ...]]:
    """The other concepts that hold on exactly the same positions, for those that have some.

    Examples:
        >>> masks = np.array([[1, 0], [1, 0], [0, 1]], bool)
        >>> equal_columns(andornot.ConceptTable.from_masks(masks, ["asked", "refund", "late"]))
        {'asked': ('refund',), 'refund': ('asked',)}
    """
    alike: dict[bytes, list[str]] = {}
    indptr, atoms = table.by_concept
    for name, start, stop in zip(table.names, indptr[:-1], indptr[1:], strict=True):
        alike.setdefault(atoms[start:stop].tobytes(), []).append(name)
    return {
        name: tuple(other for other in group if other != name)
        for group in alike.values()
        if len(group) > 1
        for name in group
    }


@dataclass(frozen=True, eq=False)
class TwinFinder:
    """Finds what could stand in the place of a formula's concepts, formula by formula.

    Attributes:
        table: the concepts.
        candidates: columns of those that may stand there.
        known_only: whether a formula counts only where all its concepts are known, so that what
            stands in a concept's place must be known on the same positions.
    """

    table: ConceptTable
    candidates: Columns
    known_only: bool = False

    def of(self, formula: Formula) -> dict[str, tuple[str, ...]]:
        """For each concept of a formula its twins (see :func:`equals`)."""
        masks = {name: self.table.concept_mask(name) for name in formula.concepts}
        counted = self.table.counts > 0
        if self.known_only:
            counted &= self.table.known_atoms(formula)
        return {name: self._twins(formula, name, masks, counted) for name in masks}

    def _twins(
        self, formula: Formula, name: str, masks: dict[str, BoolArray], counted: BoolArray
    ) -> tuple[str, ...]:
        column = self.table.index(name)
        there, absent = np.ones_like(counted), np.zeros_like(counted)
        where = formula.evaluate((masks | {name: there}).__getitem__)
        where ^= formula.evaluate((masks | {name: absent}).__getitem__)
        found = self._same(column, where & counted)
        found = found[self._allowed[found] & (found != column)]
        if self.known_only:
            found = self._as_known(found, column, formula)
        if len(found) > 1:
            found = self.ranked(found, self.jaccard(column))
        return tuple(self.table.names[d] for d in found)

    def _same(self, column: int, where: BoolArray) -> Columns:
        """Columns that hold on the same of these atoms, itself among them."""
        own = self._within(column, where)
        if not len(own):
            return self._nowhere(where)
        # what holds on all of them holds on the one that has the fewest concepts
        first = own[self._sizes[own].argmin()]
        row = slice(self.table.indptr[first], self.table.indptr[first + 1])
        others = self.table.indices[row].tolist()
        return np.array([d for d in others if np.array_equal(own, self._within(d, where))], int)

    def _within(self, column: int, where: BoolArray) -> NDArray[np.int32]:
        """The atoms of a concept among these, ascending."""
        indptr, atoms = self.table.by_concept
        own = atoms[indptr[column] : indptr[column + 1]]
        return own[where[own]]

    def _nowhere(self, where: BoolArray) -> Columns:
        """Columns that hold on none of these atoms."""
        inside = np.flatnonzero(where)
        if 2 * len(inside) <= len(where):
            return np.flatnonzero(self._carried(inside) == 0)
        # of the smaller part: all atoms of such a concept lie in it
        indptr, _ = self.table.by_concept
        return np.flatnonzero(self._carried(np.flatnonzero(~where)) == np.diff(indptr))

    def _carried(self, atoms: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many of these atoms carry each concept."""
        return np.bincount(self._matrix[atoms].indices, minlength=self.table.n_concepts)

    def _as_known(self, columns: Columns, column: int, formula: Formula) -> Columns:
        """Those that leave the formula known on the positions on which it is known."""
        known = self.table.known_concepts
        if known is None:
            return columns
        others = {self.table.index(name) for name in formula.concepts} - {column}
        rest = known[known[:, sorted(others)].all(axis=1)]
        same: BoolArray = (rest[:, columns] == rest[:, [column]]).all(axis=0)
        return columns[same]

    def jaccard(self, column: int) -> NDArray[np.float64]:
        """The Jaccard index of a concept with every other, by positions."""
        indptr, atoms = self.table.by_concept
        own = atoms[indptr[column] : indptr[column + 1]]
        rows, sizes = self._matrix[own], self.table.concept_counts
        # sums of whole numbers, exact in a float
        weights = np.repeat(self.table.counts[own], self._sizes[own])
        both = np.bincount(rows.indices, weights, minlength=self.table.n_concepts)
        # of two that hold nowhere it is 0 here, for there is nothing that they share
        index: NDArray[np.float64] = both / np.maximum(sizes + sizes[column] - both, 1)
        return index

    def ranked(self, columns: Columns, index: NDArray[np.float64]) -> Columns:
        """The most similar first; of equally similar ones in the order of the table."""
        return columns[np.argsort(-index[columns], kind="stable")]

    @cached_property
    def _allowed(self) -> BoolArray:
        allowed = np.zeros(self.table.n_concepts, np.bool_)
        allowed[self.candidates] = True
        return allowed

    @cached_property
    def _sizes(self) -> NDArray[np.int64]:
        """How many concepts each atom carries."""
        return np.diff(self.table.indptr)

    @cached_property
    def _matrix(self) -> scipy.sparse.csr_array:
        import scipy.sparse  # not for those who never ask

        entries = np.ones(len(self.table.indices), np.bool_)
        shape = (self.table.n_atoms, self.table.n_concepts)
        return scipy.sparse.csr_array((entries, self.table.indices, self.table.indptr), shape=shape)
