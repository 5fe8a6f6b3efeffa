"""Where the masks of units come from when they are counted again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot.concepts.positions import AtomMap, offsets_of
from andornot.concepts.table import ConceptTable
from andornot.counting.active import (
    BYTES_PER_RUN,
    UnitPositions,
    list_maps,
    list_masks,
    list_rows,
)
from andornot.counting.responses import CountBy, Responses, count_positions, known_positions
from andornot.counting.stores import Activations, Block, unit_blocks
from andornot.counting.thresholds import Threshold, find_fold_thresholds, find_thresholds
from andornot.trust.kernels import count_cells
from andornot.trust.shuffled import shuffle_maps, shuffle_rows

if TYPE_CHECKING:
    from andornot.counting.ranges import Ranges


_LIST_BYTES = 512 * 2**20
"""Of the lists of active positions that are held at a time."""


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

    def listed(self) -> Iterator[tuple[range, list[UnitPositions]]]:
        """The active positions of some units after the other, each once.

        They are active under the threshold that was found without each fold, in order of folds,
        and then under the unit's own.
        """

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

    def _count(self, thresholds: NDArray[np.float64], count_by: CountBy) -> Responses:
        counted = count_positions(self.activations, thresholds, count_by, self.jobs)
        return counted.responses.select(self.units)

    def sample_atoms(self) -> Responses:
        """Found in the lists, where they are held; else counted once more."""
        if self.units and sum(map(len, self._kept)) == len(self.units):
            return self._listed_cells()
        positions = self._positions.by_cell()
        return self._count(self._chosen, CountBy(positions, len(positions.atoms)))

    def _listed_cells(self) -> Responses:
        p, codes = self._positions, np.asarray(self._positions.codes)
        n_codes = int(np.diff(p.atom_offsets).max(initial=1))

        def one(unit: UnitPositions) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
            n = int(np.diff(p.atom_offsets)[unit.samples].sum())
            cells, counts = np.empty(n, np.int32), np.empty(n, np.int64)
            n = count_cells(
                unit.samples, unit.starts, unit.firsts, unit.widths, unit.ranks,
                int(unit.needed[-1]),
                codes, p.offsets, p.atom_offsets, np.zeros(n_codes, np.int32), cells, counts,
            )  # fmt: skip
            return cells[:n].copy(), counts[:n].copy()

        rows = [row for _, units in self.listed() for row in ordered_map(one, units, self.jobs)]
        return Responses(
            offsets_of([len(cells) for cells, _ in rows]),
            np.concatenate([*(cells for cells, _ in rows), np.zeros(0, np.int32)]),
            np.concatenate([*(counts for _, counts in rows), np.zeros(0, np.int64)])[:, None],
            len(p.atoms),
        )

    @cached_property
    def fold_thresholds(self) -> NDArray[np.float64]:
        """For each unit and fold the threshold of the other samples, and the unit's own behind."""
        units, positions = list(self.units), self._positions
        if isinstance(self.rule, Threshold):
            # a fixed threshold learns nothing from the samples that are held out
            found = find_fold_thresholds(self.activations, self.rule, positions, self.jobs)
        else:
            found = np.stack([self._without(f) for f in range(self.table.n_folds)], axis=1)
        # the last folds may have no sample
        more = np.full((len(units), self.table.n_folds - found.shape[1]), np.nan)
        return np.hstack([found[units], more, self.thresholds[units, None]])

    def _without(self, fold: int) -> NDArray[np.float64]:
        positions = self._positions
        kept = np.flatnonzero(positions.folds != fold)
        if not len(kept):
            return np.full(self.activations.n_units, np.nan)
        rows = kept
        if self.activations.n_rows != positions.n_samples:
            rows = np.flatnonzero(np.repeat(positions.folds, np.diff(positions.offsets)) != fold)
        part = _Rows(self.activations, rows)
        return find_thresholds(part, self.rule, positions.grids(kept), self.jobs).values

    def listed(self) -> Iterator[tuple[range, list[UnitPositions]]]:
        """Listed by one pass over the activations for as many units as fit, and kept if all fit."""
        for some in unit_blocks(len(self.units), self._per_pass):
            units = self._kept[some] if some in self._kept else self._list(some)
            others = [unit for own, kept in self._kept.items() if own != some for unit in kept]
            if BYTES_PER_RUN * sum(len(unit.widths) for unit in (*others, *units)) <= _LIST_BYTES:
                self._kept[some] = units
            # copies, so that what they hold of single positions goes with them
            yield some, [replace(unit) for unit in units]

    @cached_property
    def _kept(self) -> dict[range, list[UnitPositions]]:
        """Runs take far less than the positions that they stand for, so most lists can be kept."""
        return {}

    @cached_property
    def _per_pass(self) -> int:
        """Units whose active positions are spelt out at a time."""
        bytes_of_unit = 2 * BYTES_PER_RUN * int(self.responses.totals.max(initial=1))
        return max(1, _LIST_BYTES // max(1, bytes_of_unit))

    def _list(self, some: range) -> list[UnitPositions]:
        units, thresholds = [self.units[i] for i in some], self.fold_thresholds[list(some)]
        if self.activations.n_rows == self._positions.n_samples:
            return list_maps(self.activations, thresholds, self._positions, units, self.jobs)
        return list_rows(self.activations, thresholds, self._positions, units)

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

    def listed(self) -> Iterator[tuple[range, list[UnitPositions]]]:
        """Some masks at a time; they have no threshold to find."""
        positions, rows = known_positions(self.table), self.masks.reshape(len(self.masks), -1)
        size = max(1, int(np.count_nonzero(rows, axis=1).max(initial=1)))
        for some in unit_blocks(len(rows), max(1, _LIST_BYTES // (2 * BYTES_PER_RUN * size))):
            masks = rows[some.start : some.stop]
            yield some, list_masks(masks, positions, self.table.n_folds + 1)

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
