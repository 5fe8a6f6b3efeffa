"""Counts of a unit inside and outside of each fold, on its own annotations and on those of others.

What is held out, shuffled or left of a core is counted here, whichever way is quickest: position
by position, by tile (``tiles``), or once for each pair of samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.positions import AtomMap, offsets_of
from andornot.counting.active import UnitPositions
from andornot.counting.responses import known_positions
from andornot.trust.exchange import Lenders
from andornot.trust.kernels import LANES, count_in_samples, count_parts
from andornot.trust.repeat import Repeats
from andornot.trust.tile_kernels import count_pairs, count_tiles, list_pairs
from andornot.trust.tiles import CodeTiles, UnitTiles

Ints = NDArray[np.int64]

_MOST_CELLS = 4_000_000
"""Counts of pairs of samples that a thread holds at a time."""

_MOST_DENSE = 16_384
"""Atoms up to which counts of pairs are added up over all atoms."""

_SMALL_CODES = 256 * 2**20
"""So many positions may have their atoms copied into memory."""


class PartCounts(NamedTuple):
    """A unit's active positions, inside and outside of each fold.

    Attributes:
        atoms: int32 ``(n,)``, the atoms on which it is active under some threshold, ascending.
        inside, outside: int64 ``(n_folds, n)``.
    """

    atoms: NDArray[np.int32]
    inside: Ints
    outside: Ints


class PartRows(NamedTuple):
    """A unit's active positions on several shuffles, inside and outside of each fold.

    Attributes:
        indptr: int64 ``(n + 1,)``, where the atoms of each shuffle begin.
        atoms: int32, the atoms on which it is active, each once, in any order.
        inside, outside: int64 ``(n_folds, len(atoms))``.
    """

    indptr: Ints
    atoms: NDArray[np.int32]
    inside: Ints
    outside: Ints

    def most(self, n: int) -> int:
        """Room for the atoms of one of ``n`` shuffles."""
        return len(self.atoms) // max(1, n)

    def used(self) -> PartRows:
        """Without the room behind the last one."""
        n = self.indptr[-1]
        return PartRows(self.indptr, self.atoms[:n], self.inside[:, :n], self.outside[:, :n])

    def one(self, at: int) -> PartCounts:
        """Those of one shuffle, in order of atoms."""
        own = slice(self.indptr[at], self.indptr[at + 1])
        order = np.argsort(self.atoms[own])
        return PartCounts(
            self.atoms[own][order], self.inside[:, own][:, order], self.outside[:, own][:, order]
        )


class PairCounts(NamedTuple):
    """A unit's active positions on the annotations of each lender.

    Attributes:
        first: the first pair of each of the unit's samples.
        starts: where the cells of each pair begin.
        cells: int32, of fold, level and atom; see ``list_pairs``.
        counts: int32, positions of each.
    """

    first: Ints
    starts: Ints
    cells: NDArray[np.int32]
    counts: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class PartCounter:
    """Counts a unit's active positions by atom, inside and outside of each fold.

    Attributes:
        positions: the atoms of all positions, with their folds.
        n_atoms, n_folds: of the concept table.
    """

    positions: AtomMap
    n_atoms: int
    n_folds: int

    @classmethod
    def of(cls, repeats: Repeats) -> PartCounter:
        """For the table of a search."""
        table = repeats.table
        return cls(known_positions(table), table.n_atoms, table.n_folds)

    @cached_property
    def atom_arguments(self) -> tuple[NDArray[Any], Ints, Ints, NDArray[np.int32], Ints]:
        """The atoms of all positions, as the kernels take them."""
        p = self.positions
        codes = p.codes
        # half the bytes, and shuffles read them here and there
        if self._most_local <= 256 and len(codes) <= _SMALL_CODES:
            codes = codes.astype(np.uint8)
        return (np.asarray(codes), p.offsets, p.atom_offsets, p.atoms, p.shapes)

    def count(self, unit: UnitPositions, order: NDArray[np.int32] | None = None) -> PartCounts:
        """Count a unit's active positions under the folds' thresholds.

        Args:
            unit: where it is active.
            order: whose annotations each sample carries; its own if not given.
        """
        spelt = unit.spelt_out
        # a stretched mask may meet more atoms than it has positions
        most = self.n_atoms if self._has_sizes else min(self.n_atoms, len(spelt.positions))
        atoms = np.empty(most, np.int32)
        inside, outside = np.zeros((2, self.n_folds, most), np.int64)
        place = self._places.pop() if self._places else np.full(self.n_atoms, -1, np.int32)
        n = count_parts(
            spelt.samples, spelt.starts, spelt.positions, spelt.ranks, unit.needed[: self.n_folds],
            self.positions.folds, self._identity if order is None else order,
            *self.atom_arguments, self.local, place, atoms, inside, outside,
        )  # fmt: skip
        self._places.append(place)
        ascending = np.argsort(atoms[:n])
        return PartCounts(atoms[ascending], inside[:, ascending], outside[:, ascending])

    def count_orders(self, unit: UnitPositions, orders: NDArray[np.int32]) -> PartRows:
        """Count for each of some orders ``(n, n_samples)``; as :meth:`count`."""
        if self.tiles is None:
            parts = [self.count(unit, order) for order in orders]
            return PartRows(
                offsets_of([len(part.atoms) for part in parts]),
                *(np.concatenate(some, axis=-1) for some in zip(*parts, strict=True)),
            )  # fmt: skip
        own = UnitTiles.of(unit.spelt_out, unit.needed[: self.n_folds], self.tiles)
        return self.count_tiled(own, orders)

    def count_tiled(self, own: UnitTiles, orders: NDArray[np.int32]) -> PartRows:
        """The same for a unit by tile."""
        assert self.tiles is not None
        rows = self._room(len(orders), own)
        place = self._places.pop() if self._places else np.full(self.n_atoms, -1, np.int32)
        count_tiles(
            own.samples, own.starts, own.tiles, own.masks, own.word_starts, own.levels, own.words,
            own.needed, self.positions.folds, orders, self.positions.atom_offsets,
            self.positions.atoms, *self.tiles.arguments, place,
            np.zeros((self.n_folds * own.n_levels, rows.most(len(orders))), np.int32), *rows,
        )  # fmt: skip
        self._places.append(place)
        return rows.used()

    def _room(self, n: int, own: UnitTiles) -> PartRows:
        """Room for so many orders."""
        size = n * min(self.n_atoms, own.n_positions)
        inside, outside = np.empty((2, self.n_folds, size), np.int64)
        return PartRows(np.zeros(n + 1, np.int64), np.empty(size, np.int32), inside, outside)

    def pairs(self, own: UnitTiles, lenders: Lenders) -> PairCounts | None:
        """What a unit shares with all lenders; None if that is too much to hold."""
        assert self.tiles is not None
        if self.n_atoms > _MOST_DENSE:
            return None
        n_lenders = np.diff(lenders.first)[own.samples]
        pair_starts = np.empty(int(n_lenders.sum()) + 1, np.int64)
        cells, counts = np.empty((2, _MOST_CELLS), np.int32)
        n = list_pairs(
            own.samples, own.starts, own.tiles, own.masks, own.word_starts, own.levels, own.words,
            own.n_levels, self.positions.folds, lenders.first, lenders.lenders,
            self.positions.atom_offsets, self.positions.atoms, self.n_atoms, *self.tiles.arguments,
            np.full(self.n_folds * own.n_levels * self.n_atoms, -1, np.int32), pair_starts, cells,
            counts,
        )  # fmt: skip
        if n < 0:
            return None
        return PairCounts(offsets_of(n_lenders)[:-1], pair_starts, cells[:n], counts[:n])

    def count_paired(
        self, own: UnitTiles, pairs: PairCounts, lenders: Lenders, some: Sequence[int]
    ) -> PartRows:
        """As :meth:`count_tiled`, for orders by their numbers."""
        rows = self._room(len(some), own)
        by_cell = np.zeros((self.n_folds * own.n_levels, self.n_atoms), np.int32)
        count_pairs(
            own.samples, own.needed, own.n_levels, self.n_atoms, np.array(some, np.int64),
            lenders.place, lenders.first, *pairs,
            by_cell.ravel(), by_cell, np.zeros((self.n_folds, self.n_atoms), np.int32), *rows,
        )  # fmt: skip
        return rows.used()

    @cached_property
    def tiles(self) -> CodeTiles | None:
        """The annotations by tile, where samples are maps of one size."""
        return CodeTiles.of(self.positions)

    @cached_property
    def _places(self) -> list[NDArray[np.int32]]:
        """Rooms that no call is using; a list, whose ends threads may pop and append."""
        return []

    @cached_property
    def _has_sizes(self) -> bool:
        """Whether samples differ in size."""
        return bool((self.positions.shapes != self.positions.shapes[:1]).any())

    @property
    def local(self) -> NDArray[np.int32]:
        """Room for the counts of one sample, of a call's own."""
        return np.zeros((LANES + self.n_folds + 2, self._most_local), np.int32)

    @cached_property
    def _most_local(self) -> int:
        """Most atoms of a sample."""
        return int(np.diff(self.positions.atom_offsets).max(initial=1))

    @cached_property
    def _identity(self) -> NDArray[np.int32]:
        return np.arange(self.positions.n_samples, dtype=np.int32)

    def by_sample(self, unit: UnitPositions, masks: NDArray[np.uint8]) -> tuple[Ints, Ints]:
        """A unit's hits and active positions in each sample, under the sample's fold's threshold.

        Args:
            unit: where it is active.
            masks: ``(n_folds, n_formulas, n_atoms)``, of the formulas of each fold.

        Returns:
            ``(n_samples, n_formulas)`` and ``(n_samples,)``.
        """
        n = self.positions.n_samples
        both, active = np.zeros((n, masks.shape[1]), np.int64), np.zeros(n, np.int64)
        spelt = unit.under(self.positions.folds)
        count_in_samples(
            spelt.samples, spelt.starts, spelt.positions, self.positions.folds,
            *self.atom_arguments[:4], masks, self.local, both, active,
        )  # fmt: skip
        return both, active

    @cached_property
    def _entry_sample(self) -> Ints:
        """The sample of each entry of ``positions.atoms``."""
        return np.repeat(np.arange(self.positions.n_samples), np.diff(self.positions.atom_offsets))

    @cached_property
    def _entry_place(self) -> Ints:
        """Its fold and atom, as a place in arrays of atoms by fold."""
        p = self.positions
        return p.folds[self._entry_sample].astype(np.int64) * self.n_atoms + p.atoms

    def areas(self, masks: NDArray[np.uint8]) -> Ints:
        """Positions of each sample on which the formulas of its fold hold; as ``both`` above."""
        p = self.positions
        n_formulas = masks.shape[1]
        areas = np.empty((p.n_samples, n_formulas), np.int64)
        for n in range(n_formulas):
            holds = masks[:, n].ravel()[self._entry_place]
            sums = np.concatenate([[0], np.cumsum(p.sizes * holds)])
            areas[:, n] = np.diff(sums[p.atom_offsets])
        return areas
