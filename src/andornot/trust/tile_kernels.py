"""The loops over tiles: what 64 neighbouring positions share with an annotation is one operation.

Arguments that the kernels share:

* ``samples, starts, tiles, masks, word_starts, levels, words``: a unit's active positions by tile
  (``tiles.UnitTiles``);
* ``n_tiles, first, codes, bits``: the annotations by tile (``tiles.CodeTiles``);
* all else as in ``kernels``.

All counts are exact.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import lean
from andornot._tools.popcount import popcount
from andornot.trust.kernels import Int32s, Ints

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
        codes: room for all.
        bits: likewise.

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
    starts: Ints, positions: Int32s, levels: Int32s, width: int, room: Words, tile_starts: Ints,
    tiles: Int32s, masks: Words, word_starts: Ints, word_levels: Int32s, words: Words,
) -> tuple[int, int]:  # fmt: skip
    """Gather active positions by sample and tile, and in each tile by level.

    Args:
        starts: where the positions of each sample begin.
        positions: numbered within the sample, row by row.
        levels: of each, from 1; those of level 0 are left out.
        width: of each sample.
        room: ``(n_tiles, n_levels)``, all 0 before and after.
        tile_starts: where the tiles of each sample begin, ``(n + 1,)``.
        tiles: room for all tiles.
        masks: room for the active positions of each.
        word_starts: room, where the words of each tile begin.
        word_levels: room for the level of each word.
        words: room for the positions of each level.

    Returns:
        how many tiles and words are written.
    """
    n, n_words, across = 0, 0, -(-width // SIDE)
    for k in range(len(starts) - 1):
        tile_starts[k] = n
        low, high = len(room), -1
        for at in range(starts[k], starts[k + 1]):
            if levels[at] > 0:
                y, x = positions[at] // width, positions[at] % width
                tile = y // SIDE * across + x // SIDE
                low, high = min(low, tile), max(high, tile)
                bit = np.uint64(1) << np.uint64(y % SIDE * SIDE + x % SIDE)
                room[tile, levels[at] - 1] |= bit
        for tile in range(low, high + 1):
            first, mask = n_words, np.uint64(0)
            for level in range(room.shape[1]):
                if room[tile, level]:
                    word_levels[n_words], words[n_words] = level, room[tile, level]
                    n_words += 1
                    mask |= room[tile, level]
                    room[tile, level] = 0
            if n_words > first:
                tiles[n], masks[n], word_starts[n] = tile, mask, first
                n += 1
    tile_starts[len(starts) - 1], word_starts[n] = n, n_words
    return n, n_words


@lean
def count_tiles(
    samples: Ints, starts: Ints, tiles: Int32s, masks: Words, word_starts: Ints, levels: Int32s,
    words: Words, needed: Ints, folds: Int32s, orders: Int32s, atom_offsets: Ints, atoms: Int32s,
    n_tiles: int, first: Ints, codes: Codes, bits: Words, place: Int32s, by_level: Int32s,
    indptr: Ints, found: Int32s, inside: Ints, outside: Ints,
) -> None:  # fmt: skip
    """Count active positions by atom, inside each fold and outside of it, for each order.

    Beside the arguments of all kernels:

    * ``needed``: ``(n_folds,)``, the level from which on a position is active under the threshold
      that was found without each fold.
    * ``orders``: ``(n_orders, n_samples)``, whose annotations each sample carries.
    * ``place``: room, ``(n_atoms,)``, all -1 before and after.
    * ``by_level``: room, ``(n_folds * n_levels, n)`` for the atoms of one order, all 0 before and
      after.
    * ``indptr``: ``(n_orders + 1,)``, where the atoms of each order begin is written here.
    * ``found``, ``inside``, ``outside``: room for the atoms of all orders, in the order in which
      they are met, and for their counts by fold.
    """
    n_folds = len(needed)
    top = len(by_level) // n_folds
    indptr[0] = 0
    for b in range(len(orders)):
        begin, n = indptr[b], 0
        for k in range(len(samples)):
            s = samples[k]
            lender = orders[b, s]
            row, tile, atom = folds[s] * top, lender * n_tiles, atom_offsets[lender]
            for at in range(starts[k], starts[k + 1]):
                here, own, end = tile + tiles[at], word_starts[at], word_starts[at + 1]
                for e in range(first[here], first[here + 1]):
                    there = popcount(masks[at] & bits[e])
                    if there > 0:
                        met = atoms[atom + codes[e]]
                        if place[met] < 0:
                            place[met] = n
                            found[begin + n] = met
                            n += 1
                        m = place[met]
                        if end - own == 1:
                            by_level[row + levels[own], m] += there
                        else:
                            for w in range(own, end):
                                by_level[row + levels[w], m] += popcount(words[w] & bits[e])
        # from the highest level down: what is above a threshold is above those below it too
        for f in range(n_folds):
            for level in range(top - 1, 0, -1):
                higher, lower = by_level[f * top + level], by_level[f * top + level - 1]
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
                counts = by_level[g * top + needed[f] - 1]
                for m in range(n):
                    part[m] += counts[m]
        for row in range(len(by_level)):
            for m in range(n):
                by_level[row, m] = 0
        for m in range(n):
            place[found[begin + m]] = -1
        indptr[b + 1] = begin + n


@lean
def list_pairs(
    samples: Ints, starts: Ints, tiles: Int32s, masks: Words, word_starts: Ints, levels: Int32s,
    words: Words, n_levels: int, folds: Int32s, first_lender: Ints, lenders: Int32s,
    atom_offsets: Ints, atoms: Int32s, n_atoms: int, n_tiles: int, first: Ints, codes: Codes,
    bits: Words, slots: Int32s, pair_starts: Ints, cells: Int32s, counts: Int32s,
) -> int:  # fmt: skip
    """Count what a unit shares with each annotation that it is ever held against, once.

    Beside the arguments of all kernels:

    * ``first_lender``: ``(n_samples + 1,)``, where the lenders of each sample start in
      ``lenders``, each once.
    * ``slots``: room, ``(n_folds * n_levels * n_atoms,)``, all -1 before.
    * ``pair_starts``: where the cells of each pair of a sample and a lender begin is written here,
      sample by sample.
    * ``cells``, ``counts``: room for the cells of all pairs, ``(fold * n_levels + level) *
      n_atoms + atom``, and for the positions of each.

    Returns:
        how many cells there are; -1 where there is too little room.
    """
    n, pair = 0, 0
    for k in range(len(samples)):
        s = samples[k]
        row = folds[s] * n_levels
        for at_lender in range(first_lender[s], first_lender[s + 1]):
            lender = lenders[at_lender]
            begin, tile, atom = n, lender * n_tiles, atom_offsets[lender]
            pair_starts[pair] = begin
            for at in range(starts[k], starts[k + 1]):
                here = tile + tiles[at]
                for e in range(first[here], first[here + 1]):
                    if masks[at] & bits[e]:
                        met = row * n_atoms + atoms[atom + codes[e]]
                        for w in range(word_starts[at], word_starts[at + 1]):
                            there = popcount(words[w] & bits[e])
                            if there > 0:
                                cell = met + levels[w] * n_atoms
                                # slots of former pairs lie before this one's
                                if slots[cell] < begin:
                                    if n == len(cells):
                                        return -1
                                    slots[cell] = n
                                    cells[n], counts[n] = cell, 0
                                    n += 1
                                counts[slots[cell]] += there
            pair += 1
    pair_starts[pair] = n
    return n


@lean
def count_pairs(
    samples: Ints, needed: Ints, n_levels: int, n_atoms: int, some: Ints, place: Int32s,
    first_lender: Ints, first_pair: Ints, pair_starts: Ints, cells: Int32s, counts: Int32s,
    flat: Int32s, by_cell: Int32s, outer: Int32s, indptr: Ints, found: Int32s, inside: Ints,
    outside: Ints,
) -> None:  # fmt: skip
    """As :func:`count_tiles`, from the counts of pairs.

    Beside the arguments of :func:`list_pairs` and :func:`count_tiles`:

    * ``some``: the numbers of the orders.
    * ``place``: ``(n_orders, n_samples)``, where the lender of each sample stands in ``lenders``.
    * ``first_pair``: the first pair of each of ``samples``.
    * ``by_cell``: room, ``(n_folds * n_levels, n_atoms)``, all 0 before and after; ``flat`` is the
      same as one row.
    * ``outer``: room, ``(n_folds, n_atoms)``.
    """
    n_folds = len(needed)
    indptr[0] = 0
    for b in range(len(some)):
        row = place[some[b]]
        for k in range(len(samples)):
            s = samples[k]
            pair = first_pair[k] + row[s] - first_lender[s]
            for e in range(pair_starts[pair], pair_starts[pair + 1]):
                flat[cells[e]] += counts[e]
        for f in range(n_folds):
            for level in range(n_levels - 1, 0, -1):
                higher, lower = by_cell[f * n_levels + level], by_cell[f * n_levels + level - 1]
                for atom in range(n_atoms):
                    lower[atom] += higher[atom]
        for f in range(n_folds):
            for atom in range(n_atoms):
                outer[f, atom] = 0
            if needed[f] <= n_levels:
                for g in range(n_folds):
                    part = by_cell[g * n_levels + needed[f] - 1]
                    for atom in range(n_atoms):
                        outer[f, atom] += part[atom]
        n = indptr[b]
        for atom in range(n_atoms):
            met = 0
            for f in range(n_folds):
                met += by_cell[f * n_levels, atom]
            if met > 0:
                found[n] = atom
                for f in range(n_folds):
                    own = 0
                    if needed[f] <= n_levels:
                        own = by_cell[f * n_levels + needed[f] - 1, atom]
                    inside[f, n], outside[f, n] = own, outer[f, atom] - own
                n += 1
        indptr[b + 1] = n
        for cell in range(len(flat)):
            flat[cell] = 0
