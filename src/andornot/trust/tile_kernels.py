"""The loops over tiles: what 64 neighbouring positions share with an annotation is one operation.

Arguments that the kernels share:

* ``samples, starts, tiles, ranks, bits``: a unit's active positions by tile (``tiles.UnitTiles``);
* ``first, codes, code_bits``: the annotations by tile (``tiles.CodeTiles``);
* all else as in ``kernels``.

All counts are exact.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import lean
from andornot.search.bits import popcount
from andornot.trust.kernels import Int32s, Ints, Ranks

Words: TypeAlias = NDArray[np.uint64]
Codes: TypeAlias = NDArray[np.uint16]

SIDE = 8
"""Rows and columns of a tile: a bit of a word for each position."""


@lean
def tile_codes(
    maps: Codes, height: int, width: int, slots: Int32s, ends: Ints, codes: Codes, bits: Words
) -> int:
    """Write for each tile of some maps the codes in it, and where in it each of them stands.

    Args:
        maps: ``(n, height * width)``, the codes of some samples.
        height: of each.
        width: likewise.
        slots: room, one for each code, all -1 before and after.
        ends: for each tile where its codes end.
        codes: room for all; bits: likewise.

    Returns:
        how many are written.
    """
    n, tile = 0, 0
    for s in range(len(maps)):
        for top in range(0, height, SIDE):
            for left in range(0, width, SIDE):
                first = n
                for y in range(top, min(top + SIDE, height)):
                    for x in range(left, min(left + SIDE, width)):
                        code = maps[s, y * width + x]
                        if slots[code] < 0:
                            slots[code] = n
                            codes[n], bits[n] = code, np.uint64(0)
                            n += 1
                        bit = np.uint64(1) << np.uint64((y - top) * SIDE + x - left)
                        bits[slots[code]] |= bit
                for k in range(first, n):
                    slots[codes[k]] = -1
                ends[tile] = n
                tile += 1
    return n


@lean
def tile_positions(
    starts: Ints, positions: Int32s, ranks: Ranks, width: int, top: int, room: Words,
    tile_starts: Ints, tiles: Int32s, tile_ranks: Int32s, bits: Words,
) -> int:  # fmt: skip
    """Gather active positions by sample, tile and rank.

    Args:
        starts: where the positions of each sample begin.
        positions: numbered within the sample, row by row.
        ranks: of each; those above ``top`` count as that.
        width: of each sample.
        top: the highest rank that matters.
        room: ``(n_tiles, top)``, all 0 before and after.
        tile_starts: where the tiles of each sample begin, ``(n + 1,)``.
        tiles, tile_ranks, bits: room for all.

    Returns:
        how many are written.
    """
    n, across = 0, -(-width // SIDE)
    for k in range(len(starts) - 1):
        tile_starts[k] = n
        low, high = len(room), -1
        for at in range(starts[k], starts[k + 1]):
            if ranks[at] == 0:
                continue
            y, x = positions[at] // width, positions[at] % width
            tile = y // SIDE * across + x // SIDE
            low, high = min(low, tile), max(high, tile)
            bit = np.uint64(1) << np.uint64(y % SIDE * SIDE + x % SIDE)
            room[tile, min(ranks[at], top) - 1] |= bit
        for tile in range(low, high + 1):
            for rank in range(top):
                if room[tile, rank]:
                    tiles[n], tile_ranks[n], bits[n] = tile, rank + 1, room[tile, rank]
                    room[tile, rank] = 0
                    n += 1
    tile_starts[len(starts) - 1] = n
    return n


@lean
def count_tiles(
    samples: Ints, starts: Ints, tiles: Int32s, ranks: Int32s, bits: Words, needed: Ranks,
    folds: Int32s, orders: Int32s, atom_offsets: Ints, atoms: Int32s, n_tiles: int, first: Ints,
    codes: Codes, code_bits: Words, place: Int32s, by_rank: Int32s, indptr: Ints, found: Int32s,
    inside: Ints, outside: Ints,
) -> None:  # fmt: skip
    """Count active positions by atom, inside each fold and outside of it, for each order.

    Beside the arguments of all kernels:

    * ``needed``: none of them above the highest of ``ranks``.
    * ``orders``: ``(n_orders, n_samples)``, whose annotations each sample carries.
    * ``place``: room, ``(n_atoms,)``, all -1 before and after.
    * ``by_rank``: room, ``(n_folds * top, n)`` for the atoms of one order and ``top`` ranks, all 0
      before and after.
    * ``indptr``: ``(n_orders + 1,)``, where the atoms of each order begin is written here.
    * ``found``, ``inside``, ``outside``: room for the atoms of all orders, in the order in which
      they are met, and for their counts by fold.
    """
    n_folds = len(needed)
    top = len(by_rank) // n_folds
    indptr[0] = 0
    for b in range(len(orders)):
        begin, n = indptr[b], 0
        for k in range(len(samples)):
            s = samples[k]
            lender = orders[b, s]
            row, tile, atom = folds[s] * top - 1, lender * n_tiles, atom_offsets[lender]
            for at in range(starts[k], starts[k + 1]):
                word = bits[at]
                counts = by_rank[row + ranks[at]]
                here = tile + tiles[at]
                for e in range(first[here], first[here + 1]):
                    there = popcount(word & code_bits[e])
                    if there > 0:
                        met = atoms[atom + codes[e]]
                        if place[met] < 0:
                            place[met] = n
                            found[begin + n] = met
                            n += 1
                        counts[place[met]] += there
        # from the highest rank down: what is above a threshold is above those below it too
        for f in range(n_folds):
            for rank in range(top - 1, 0, -1):
                higher, lower = by_rank[f * top + rank], by_rank[f * top + rank - 1]
                for m in range(n):
                    lower[m] += higher[m]
        for f in range(n_folds):
            held, others = inside[f, begin : begin + n], outside[f, begin : begin + n]
            for m in range(n):
                held[m] = others[m] = 0
            if needed[f] > top:
                continue  # a threshold that nothing exceeds
            for g in range(n_folds):
                part = held if g == f else others
                counts = by_rank[g * top + needed[f] - 1]
                for m in range(n):
                    part[m] += counts[m]
        for row in range(len(by_rank)):
            for m in range(n):
                by_rank[row, m] = 0
        for m in range(n):
            place[found[begin + m]] = -1
        indptr[b + 1] = begin + n
