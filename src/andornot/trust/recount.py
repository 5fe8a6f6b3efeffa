"""Where the masks of units come from when they are counted again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.positions import AtomMap
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import (
    CountBy,
    LayerCounts,
    Responses,
    count_positions,
    known_positions,
)
from andornot.counting.stores import Activations, Block
from andornot.counting.thresholds import Threshold, find_thresholds
from andornot.trust.shuffled import shuffle_maps, shuffle_rows

if TYPE_CHECKING:
    from andornot.counting.ranges import Ranges


class Recount(Protocol):
    """The masks of some units over the samples of a concept table."""

    @property
    def table(self) -> ConceptTable:
        """The concept table, with its positions."""

    @property
    def responses(self) -> Responses:
        """Active positions by atom and fold."""

    def sample_atoms(self) -> Responses:
        """Active positions by *sample atom*: a sample's own, as ``positions.atoms`` lists them."""

    def held_out(self, fold: int) -> Responses:
        """As ``responses``, with thresholds of the samples that are not in a fold."""

    def shuffled(self, orders: NDArray[np.int64]) -> list[Responses]:
        """Active positions by atom where samples carry the annotations of others.

        Args:
            orders: ``(n, n_samples)``; sample ``orders[r, s]`` lends its annotations to the masks
                of sample ``s``. Where their grids differ, maps of activations are upsampled to
                the annotations' grid, and rows of single positions are stretched to it.
        """


@dataclass(frozen=True, eq=False)
class StoredRecount:
    """Masks from recorded activations; an ``Recount``.

    Attributes:
        table: the concept table.
        activations: of the layer.
        rule: how thresholds are found.
        thresholds: float64 ``(n_units,)``, of all units of the layer.
        units: the units that are examined.
        responses: their active positions, in that order.
        jobs: threads; all cores if not given.
    """

    table: ConceptTable
    activations: Activations
    rule: Threshold | Ranges
    thresholds: NDArray[np.float64]
    units: Sequence[int]
    responses: Responses
    jobs: int | None = None

    @property
    def _positions(self) -> AtomMap:
        return known_positions(self.table)

    @cached_property
    def _chosen(self) -> NDArray[np.float64]:
        """The thresholds; NaN, so active nowhere, for units that are not examined."""
        return self._only_units(self.thresholds)

    def _only_units(self, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
        only = np.full(len(thresholds), np.nan)
        only[list(self.units)] = thresholds[list(self.units)]
        return only

    def _count(self, thresholds: NDArray[np.float64], count_by: CountBy) -> LayerCounts:
        return count_positions(self.activations, thresholds, count_by, self.jobs)

    def sample_atoms(self) -> Responses:
        """Counted once more, by sample atom."""
        positions = self._positions.by_cell()
        counted = self._count(self._chosen, CountBy(positions, len(positions.atoms)))
        return counted.responses.select(self.units)

    def held_out(self, fold: int) -> Responses:
        """Counted once more, unless the threshold is a fixed number."""
        counted = self.counted_without(fold)
        return self.responses if counted is None else counted.responses.select(self.units)

    def counted_without(self, fold: int) -> LayerCounts | None:
        """All counts with thresholds of the other samples; None where that changes nothing."""
        # a fixed threshold learns nothing from the samples that are held out
        if isinstance(self.rule, Threshold) and self.rule.fixed is not None:
            return None
        positions = self._positions
        kept = np.flatnonzero(positions.folds != fold)
        rows = kept
        if self.activations.n_rows != positions.n_samples:
            rows = np.flatnonzero(np.repeat(positions.folds, np.diff(positions.offsets)) != fold)
        part = _Rows(self.activations, rows)
        # else the held-out samples would have a say in where a unit is active
        found = find_thresholds(part, self.rule, positions.grids(kept), self.jobs)
        count_by = CountBy(positions, self.table.n_atoms, self.table.n_folds)
        return self._count(self._only_units(found.values), count_by)

    def shuffled(self, orders: NDArray[np.int64]) -> list[Responses]:
        """All orders in one pass over the activations."""
        positions, n_atoms = self._positions, self.table.n_atoms
        if self.activations.n_rows == positions.n_samples:
            return shuffle_maps(
                self.activations, self._chosen, positions, orders, n_atoms, self.units, self.jobs
            )
        active = np.zeros((len(self.units), self.activations.n_rows), np.bool_)
        for start, block in self.activations.blocks():
            above = block[:, list(self.units), 0, 0] > self._chosen[list(self.units)]
            active[:, start : start + len(block)] = above.T
        return shuffle_rows(active, positions, orders, n_atoms, self.jobs)


@dataclass(frozen=True, eq=False)
class MaskRecount:
    """Masks that are given, so without a threshold; an ``Recount``.

    Attributes:
        table: the concept table.
        masks: bool ``(n_units, *position_shape)``.
        jobs: threads; all cores if not given.
    """

    table: ConceptTable
    masks: NDArray[np.bool_]
    jobs: int | None = None

    @cached_property
    def responses(self) -> Responses:
        """Active positions by atom and fold."""
        return Responses.from_masks(self.masks, self.table, self.jobs)

    def sample_atoms(self) -> Responses:
        """Counted by sample atom."""
        positions = known_positions(self.table).by_cell()
        return Responses.of_masks(self.masks, CountBy(positions, len(positions.atoms)), self.jobs)

    def held_out(self, fold: int) -> Responses:  # noqa: ARG002
        """The counts as they are: there is no threshold to find."""
        return self.responses

    def shuffled(self, orders: NDArray[np.int64]) -> list[Responses]:
        """Counted for each order."""
        rows = self.masks.reshape(len(self.masks), -1)
        positions = known_positions(self.table)
        return shuffle_rows(rows, positions, orders, self.table.n_atoms, self.jobs)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Some rows of activations, ascending; ``Activations``."""

    whole: Activations
    rows: NDArray[np.int64]

    @property
    def n_rows(self) -> int:
        return len(self.rows)

    @property
    def n_units(self) -> int:
        return self.whole.n_units

    @property
    def map_shape(self) -> tuple[int, int]:
        return self.whole.map_shape

    def blocks(self) -> Iterator[Block]:
        for start, block in self.whole.blocks():
            first, last = np.searchsorted(self.rows, [start, start + len(block)])
            if last > first:
                # rows are numbered anew, without a gap
                yield int(first), block[self.rows[first:last] - start]
