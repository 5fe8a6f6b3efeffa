"""Positions in tiles of 8 x 8: a mask is compared with annotations 64 positions at a time.

Shuffles lend a mask one annotation after another. Position by position that is a look-up for each,
here and there in memory; in a tile only a few atoms meet, and one operation on a word counts what
a mask shares with each. For maps of one size; sequences and single positions fill no tiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.positions import AtomMap
from andornot.counting.active import SpeltOut
from andornot.trust.kernels import ByTile
from andornot.trust.tile_kernels import SIDE, tile_codes, tile_positions

Ints = NDArray[np.int64]

_MOST = 256 * 2**20
"""So many positions may be held as tiles."""

_AT_ONCE = 1_000_000
"""Positions whose tiles are found at a time."""


@dataclass(frozen=True, eq=False)
class CodeTiles:
    """The annotations of all samples by tile.

    Attributes:
        width: of each sample, in positions.
        n_tiles: of a sample.
        first: int64 ``(n_samples * n_tiles + 1,)``, where the codes of each tile begin.
        codes: uint16, those that stand in it.
        bits: uint64, where in the tile each of them stands.
    """

    width: int
    n_tiles: int
    first: Ints
    codes: NDArray[np.uint16]
    bits: NDArray[np.uint64]

    @property
    def arguments(self) -> tuple[int, Ints, NDArray[np.uint16], NDArray[np.uint64]]:
        """As the kernels take them."""
        return self.n_tiles, self.first, self.codes, self.bits

    @classmethod
    def of(cls, positions: AtomMap) -> CodeTiles | None:
        """None where samples are no maps of one size, or there are too many positions."""
        shapes = positions.shapes
        if not len(shapes) or (shapes != shapes[0]).any() or len(positions.codes) > _MOST:
            return None
        height, width = shapes[0].tolist()
        if min(height, width) < SIDE:
            return None
        n_tiles = -(-height // SIDE) * -(-width // SIDE)
        slots = np.full(int(np.diff(positions.atom_offsets).max()), -1, np.int32)
        parts = []
        for start, stop in positions.runs_of_samples(_AT_ONCE):
            own = positions.codes[positions.offsets[start] : positions.offsets[stop]]
            maps = np.asarray(own).reshape(stop - start, -1)
            ends = np.empty(len(maps) * n_tiles, np.int64)
            codes, bits = np.empty(maps.size, np.uint16), np.empty(maps.size, np.uint64)
            n = tile_codes(maps, height, width, slots, ends, codes, bits)
            # copies, so that the room for all positions can go
            parts.append((np.diff(ends, prepend=0), codes[:n].copy(), bits[:n].copy()))
        sizes, all_codes, all_bits = (np.concatenate(part) for part in zip(*parts, strict=True))
        return cls(width, n_tiles, np.append(0, np.cumsum(sizes)), all_codes, all_bits)


@dataclass(frozen=True, eq=False)
class UnitTiles:
    """A unit's active positions by sample, tile and level.

    A level is a rank of which only that counts which thresholds it exceeds.

    Attributes:
        samples: as in ``SpeltOut``.
        starts: int64 ``(n + 1,)``, where the tiles of each sample begin.
        tiles: int32, numbers within the sample, row by row.
        masks: uint64, the active positions of each.
        word_starts: int64, where the words of each begin.
        levels: int32, of each word, from 0.
        words: uint64, the positions of this level.
        needed: int64, the level from which on a position is active under each threshold, from 1.
        n_levels: how many there are.
        n_positions: how many positions are active.
    """

    samples: Ints
    starts: Ints
    tiles: NDArray[np.int32]
    masks: NDArray[np.uint64]
    word_starts: Ints
    levels: NDArray[np.int32]
    words: NDArray[np.uint64]
    needed: Ints
    n_levels: int
    n_positions: int

    @classmethod
    def of(cls, unit: SpeltOut, needed: NDArray[np.uint16], annotations: CodeTiles) -> UnitTiles:
        """From positions one by one, and the rank that each threshold needs."""
        highest = int(unit.ranks.max(initial=1))
        steps, place = np.unique(needed, return_inverse=True)
        level_of = np.searchsorted(steps, np.arange(highest + 1), side="right").astype(np.int32)
        n_levels = max(1, int(level_of[-1]))
        n = len(unit.positions)
        starts, word_starts = np.empty(len(unit.starts), np.int64), np.empty(n + 1, np.int64)
        tiles, levels = np.empty((2, n), np.int32)
        masks, words = np.empty((2, n), np.uint64)
        n, n_words = tile_positions(
            unit.starts, unit.positions, level_of[unit.ranks], annotations.width,
            np.zeros((annotations.n_tiles, n_levels), np.uint64), starts, tiles, masks,
            word_starts, levels, words,
        )  # fmt: skip
        return cls(
            unit.samples, starts, tiles[:n], masks[:n], word_starts[: n + 1], levels[:n_words],
            words[:n_words], place.ravel() + 1, n_levels, len(unit.positions),
        )  # fmt: skip


def tiles_of(unit: SpeltOut, annotations: CodeTiles | None) -> ByTile:
    """A unit's positions and the annotations by tile, as ``bound_orders`` takes them."""
    if annotations is None:
        none, words = np.zeros(0, np.int64), np.zeros(0, np.uint64)
        return ByTile(none, none.astype(np.int32), words, 0, none, words.astype(np.uint16), words)
    own = UnitTiles.of(unit, np.ones(1, np.uint16), annotations)
    return ByTile(own.starts, own.tiles, own.masks, *annotations.arguments)
