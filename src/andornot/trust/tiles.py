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
    """A unit's active positions by sample, tile and rank.

    Attributes:
        samples: as in ``SpeltOut``.
        starts: int64 ``(n + 1,)``, where the tiles of each sample begin.
        tiles: int32, numbers within the sample, row by row.
        ranks: int32; those above the highest that matters count as that.
        bits: uint64, the positions in it that are active with this rank.
    """

    samples: Ints
    starts: Ints
    tiles: NDArray[np.int32]
    ranks: NDArray[np.int32]
    bits: NDArray[np.uint64]

    @classmethod
    def of(cls, unit: SpeltOut, annotations: CodeTiles, top: int) -> UnitTiles:
        """From positions one by one, up to rank ``top``."""
        n = len(unit.positions)
        starts = np.empty(len(unit.starts), np.int64)
        tiles, ranks, bits = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.uint64)
        room = np.zeros((annotations.n_tiles, top), np.uint64)
        n = tile_positions(
            unit.starts, unit.positions, unit.ranks, annotations.width, top, room, starts, tiles,
            ranks, bits,
        )  # fmt: skip
        return cls(unit.samples, starts, tiles[:n], ranks[:n], bits[:n])
