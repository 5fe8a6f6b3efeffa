"""The loops over a unit's positions: all that reads upsampled maps one value at a time.

No upsampled map is ever held: a value is computed where it is needed, and dropped. Arguments that
most kernels take:

* ``values``: float32 ``(samples, h, w)``, native maps of one unit;
* ``samples``: int64, which of them to upsample, all to the same height and width;
* ``ys, wy, xs, wx``: how the two axes are upsampled (``upsample.Axis``), int64 ``(h + 1,)`` and
  float64 ``(height,)`` for rows, ``(w + 1,)`` and ``(width,)`` for columns;
* ``codes``: uint16 ``(n_positions,)``, the atom of each position, numbered within its sample;
* ``offsets``: int64 ``(samples + 1,)``, where the positions of each sample start in ``codes``;
* ``key_offsets``, ``atom_offsets``: int64 ``(samples + 1,)``, where the atoms of each sample start
  in ``keys`` or ``atoms``, int64 or int32 ``(n_local_atoms,)``.

*Exact* are all counts, in int64, and the comparisons that they hang on: a value is computed in
float64, in the same form and order of operations everywhere. *Rounded* are the sums of a profile
and the weights of moments, in float64, added up in the order of the cells. *Upper bounds* are
``peaks`` and the largest corner of a cell: no value in between lies above them, rounding included
(the weights are 0 to ``1 - 2**-52``), so that what is skipped cannot be active.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import helper, inlined, jit, lean

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Maps: TypeAlias = NDArray[np.floating]
Codes: TypeAlias = NDArray[np.uint16]

TILE: Final = 8
"""A word of 64 bits is a tile of so many rows and columns of a sample."""


@inlined
def _corners(values: Maps, s: int, y: int, x: int) -> tuple[float, float, float, float]:
    """The native values around a cell: the two at its upper corners, the two at its lower ones.

    Cell ``(y, x)`` lies between native values ``y`` and ``y + 1``, ``x`` and ``x + 1``. Beyond the
    last one there is none, and it stands for it.
    """
    y1, x1 = min(y + 1, values.shape[1] - 1), min(x + 1, values.shape[2] - 1)
    # not float(), which leaves a float32 as it is once compiled
    a, b = np.float64(values[s, y, x]), np.float64(values[s, y, x1])
    c, d = np.float64(values[s, y1, x]), np.float64(values[s, y1, x1])
    return a, b, c, d


@inlined
def _between(a: float, b: float, w: float) -> float:
    """The value at ``w`` of the way from ``a`` to ``b``; exactly ``a`` where both are equal.

    All kernels, and ``upsample``, interpolate in this form and order: thresholds are exact only if
    the value that is compared with one is, to the last bit, the value that it was taken from.
    """
    return a + w * (b - a)


@inlined
def _value(a: float, b: float, c: float, d: float, wy: float, wx: float) -> float:
    """The upsampled value in a cell with these corners, first along x, then along y."""
    return _between(_between(a, b, wx), _between(c, d, wx), wy)


@lean
def count_unit(
    values: Maps, peaks: Maps, threshold: float, samples: Ints, ys: Ints, wy: Floats, xs: Ints,
    wx: Floats, codes: Codes, offsets: Ints, key_offsets: Ints, keys: Ints, seen: Ints,
    touched: Ints, area: NDArray[np.int32], local: Ints, edges: Floats,
) -> int:  # fmt: skip
    """Count a unit's active positions by key; also fills ``area``, active positions by sample.

    An upsampled value lies between the four native values around it, so a cell is skipped when
    none of them exceeds the threshold.

    Beside the arguments of most kernels:

    * ``peaks``: ``(samples,)``, the largest native value of each sample.
    * ``threshold``: a position is active where the upsampled value is above it, strictly.
    * ``seen``: ``(n_keys,)``, counts are added here.
    * ``touched``: ``(n_keys,)``, the keys that were counted first in this call are written here.
    * ``area``: ``(samples,)``, active positions of each sample are added here.
    * ``local``: room for the counts of one sample by code; all 0 before and after.
    * ``edges``: ``(2, width)``, room for the edges of a cell, see ``_count_cell``.

    Returns:
        How many keys are touched.
    """
    h, w = values.shape[1], values.shape[2]
    width = len(wx)
    n_touched = 0
    for s in samples:
        # with `not`, so that NaN on either side means: active nowhere
        if not peaks[s] > threshold:
            continue
        for y in range(h):
            for x in range(w):
                a, b, c, d = _corners(values, s, y, x)
                if max(max(a, b), max(c, d)) <= threshold:
                    continue
                _count_cell(
                    a, b, c, d, threshold, wy[ys[y] : ys[y + 1]], wx[xs[x] : xs[x + 1]],
                    codes, offsets[s] + ys[y] * width + xs[x], width, edges[0], edges[1],
                    local,
                )  # fmt: skip
        # over the sample's own atoms alone, so that clearing costs no more than counting did
        for code in range(key_offsets[s + 1] - key_offsets[s]):
            if local[code] > 0:
                key = keys[key_offsets[s] + code]
                # samples share atoms, and one may list an atom twice: each key is noted once
                if seen[key] == 0:
                    touched[n_touched] = key
                    n_touched += 1
                seen[key] += local[code]
                area[s] += local[code]
                local[code] = 0
    return n_touched


@helper
def _count_cell(
    a: float, b: float, c: float, d: float, threshold: float, wy: Floats, wx: Floats, codes: Codes,
    first: int, width: int, upper: Floats, change: Floats, local: Ints,
) -> None:  # fmt: skip
    """Add a cell's active positions to ``local``, by code.

    ``a`` and ``b`` are the native values at its upper corners, ``c`` and ``d`` at the lower ones;
    ``first`` is where its first position stands in ``codes``; ``upper`` and ``change`` are room for
    the values along its upper edge, and for how much the lower edge differs from them: the same
    operations as in ``_value``, of which those along x are done once for all rows of the cell.
    """
    for j in range(len(wx)):
        upper[j] = _between(a, b, wx[j])
        change[j] = _between(c, d, wx[j]) - upper[j]
    for i in range(len(wy)):
        row = first + i * width
        for j in range(len(wx)):
            # most positions are not active, and then their code need not be read
            if upper[j] + wy[i] * change[j] > threshold:
                local[codes[row + j]] += 1


@lean
def count_mask(
    active: NDArray[np.uint8], codes: Codes, offsets: Ints, atom_offsets: Ints, keys: Ints,
    tally: Ints, local: Ints, there: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Count a unit's active positions by key, from its mask as bytes: 1 where it is active.

    Counts are added to ``tally``, ``(n_keys,)``; ``local`` is room for the counts of one sample,
    all 0 before and after; ``there``, ``(n_samples,)``, becomes whether a sample has any.
    """
    for s in range(len(offsets) - 1):
        found = False
        for start in range(offsets[s], offsets[s + 1], 64):
            stop = min(start + 64, offsets[s + 1])
            part, code = active[start:stop], codes[start:stop]
            # most stretches are empty, and the compiler can vectorise this loop
            some = np.uint8(0)
            for k in range(len(part)):
                some |= part[k]
            if some:
                found = True
                for k in range(len(part)):  # adding zeros is cheaper than asking
                    local[code[k]] += part[k]
        there[s] = found
        if found:
            for c in range(atom_offsets[s + 1] - atom_offsets[s]):
                tally[keys[atom_offsets[s] + c]] += local[c]
                local[c] = 0


@lean
def push_upsampled(
    values: Maps, samples: Ints, ys: Ints, wy: Floats, xs: Ints, wx: Floats, top: Floats,
    held: Ints, bound: Floats, keep: int,
) -> None:  # fmt: skip
    """Offer all values of a unit's upsampled maps; cells up to the bound are passed over.

    ``top``, ``held``, ``bound`` and ``keep`` are those of ``keep_top``.
    """
    h, w = values.shape[1], values.shape[2]
    for s in samples:
        for y in range(h):
            for x in range(w):
                a, b, c, d = _corners(values, s, y, x)
                if max(max(a, b), max(c, d)) <= bound[0]:
                    continue
                for i in range(ys[y], ys[y + 1]):
                    for j in range(xs[x], xs[x + 1]):
                        v = _value(a, b, c, d, wy[i], wx[j])
                        if v > bound[0]:
                            top[held[0]] = v
                            held[0] += 1
                            # twice as many fit as are kept: one selection for `keep` values
                            if held[0] == len(top):
                                keep_top(top, held, bound, keep)


@lean
def push_native(values: Maps, peaks: Maps, top: Maps, held: Ints, bound: Maps, keep: int) -> None:
    """Offer the values of a unit's maps to its top values; ``peaks`` are the largest of each."""
    for s in range(values.shape[0]):
        # no value of this map is among the largest
        if not peaks[s] > bound[0]:
            continue
        for y in range(values.shape[1]):
            for x in range(values.shape[2]):
                v = values[s, y, x]
                # A value equal to the bound changes nothing: the keep-th largest stays the same.
                if v > bound[0]:
                    top[held[0]] = v
                    held[0] += 1
                    if held[0] == len(top):
                        keep_top(top, held, bound, keep)


@lean
def keep_top(top: Maps, held: Ints, bound: Maps, keep: int) -> None:
    """Throw all but the largest ``keep`` values away, and note the smallest of those.

    A plain quickselect, in place: ``np.partition`` alone takes seven seconds to compile.

    Its arguments:

    * ``top``: ``(2 * keep,)``, the values held so far, in any order; reordered in place.
    * ``held``: ``(1,)``, how many there are, at least ``keep``; ``keep`` afterwards.
    * ``bound``: ``(1,)``, a lower bound on the ``keep``-th largest of all values, written here: it
      only rises, and values up to it cannot be among the largest.
    * ``keep``: how many to keep.
    """
    first, last, at = 0, held[0] - 1, keep - 1
    while first < last:
        pivot = top[(first + last) // 2]
        low, high = first, last
        while low <= high:
            # both loops stop at equal values: maps have many of one value, and to run past
            # them would make the selection quadratic
            while top[low] > pivot:
                low += 1
            while top[high] < pivot:
                high -= 1
            if low <= high:
                top[low], top[high] = top[high], top[low]
                low += 1
                high -= 1
        if at <= high:
            last = high
        elif at >= low:
            first = low
        else:
            break
    bound[0] = top[at]
    held[0] = keep


@lean
def add_to_profile(
    values: Maps, samples: Ints, ys: Ints, wy: Floats, xs: Ints, wx: Floats, codes: Codes,
    offsets: Ints, local: Ints, inside: NDArray[np.uint8], lowest: float, threshold: float,
    highest: float, counts: Ints, sums: Floats,
) -> float:  # fmt: skip
    """Add maps to the histograms of a profile; returns the sum of squares.

    Beside the arguments of most kernels:

    * ``local``: ``(samples + 1,)``, where the atoms of each sample start in ``inside``.
    * ``inside``: ``(n_local_atoms,)``, 1 where the formula is true.
    * ``lowest``, ``highest``: the smallest and largest native value, which bound all.
    * ``threshold``: where the upper half of the bins begins.
    * ``counts``: ``(2, 1 + 2 * n)``, positions outside and inside by bin, are added here; exact.
    * ``sums``: likewise, the sums of the values; rounded.
    """
    n_bins = (counts.shape[1] - 1) // 2
    # a unit may have no value on one side; the factor must be finite, but is not asked for then
    below = n_bins / max(threshold - lowest, 1e-300)
    above = n_bins / max(highest - threshold, 1e-300)
    h, w, width = values.shape[1], values.shape[2], len(wx)
    squares = 0.0
    for s in samples:
        for y in range(h):
            for x in range(w):
                a, b, c, d = _corners(values, s, y, x)
                for i in range(ys[y], ys[y + 1]):
                    for j in range(xs[x], xs[x + 1]):
                        v = _value(a, b, c, d, wy[i], wx[j])
                        row = inside[local[s] + codes[offsets[s] + i * width + j]]
                        if v > threshold:
                            # the largest value lies on the last edge, which belongs to the last bin
                            at = n_bins + 1 + min(int((v - threshold) * above), n_bins - 1)
                        # the smallest value has a bin alone, so that its ties are known for certain
                        elif v > lowest:
                            at = 1 + min(int((v - lowest) * below), n_bins - 1)
                        else:
                            at = 0
                        counts[row, at] += 1
                        sums[row, at] += v
                        squares += v * v
    return squares


@lean
def spread_weights(
    samples: Ints, ys: Ints, wy: Floats, xs: Ints, wx: Floats, codes: Codes, offsets: Ints,
    local: Ints, row_of: Ints, rows: Ints, columns: Ints, weights: Floats, held: int, tile: Floats,
) -> int:  # fmt: skip
    """Write for every local atom of each sample the weights of the native values around it.

    The way back of interpolation: not a value from four corners, but the shares of a position in
    its four corners, added up over the positions of each atom.

    Beside the arguments of most kernels:

    * ``local``: ``(samples + 1,)``, where the atoms of each sample start in ``row_of``.
    * ``row_of``: ``(n_local_atoms,)``, the row of the matrix for each.
    * ``rows``, ``columns``, ``weights``: entries of a sparse matrix, atoms by native values;
      written from place ``held`` on.
    * ``held``: how many entries there are already.
    * ``tile``: room for the weights of one sample, by local atom and native value; all 0 before and
      after.

    Returns:
        How many entries there are now.
    """
    h, w, width = len(ys) - 1, len(xs) - 1, len(wx)
    for s in samples:
        n_values = (local[s + 1] - local[s]) * h * w
        for y in range(h):
            for x in range(w):
                # behind the last value there is none: its share stays with it, as in `_corners`
                right, below = min(x + 1, w - 1) - x, (min(y + 1, h - 1) - y) * w
                for i in range(ys[y], ys[y + 1]):
                    for j in range(xs[x], xs[x + 1]):
                        at = codes[offsets[s] + i * width + j] * h * w + y * w + x
                        tile[at] += (1 - wy[i]) * (1 - wx[j])
                        tile[at + right] += (1 - wy[i]) * wx[j]
                        tile[at + below] += wy[i] * (1 - wx[j])
                        tile[at + below + right] += wy[i] * wx[j]
        for k in range(n_values):
            if tile[k] != 0:
                rows[held] = row_of[local[s] + k // (h * w)]
                columns[held] = s * h * w + k % (h * w)
                weights[held] = tile[k]
                held += 1
                tile[k] = 0
    return held


@jit
def count_pairs(
    values: Maps, peaks: Maps, threshold: float, first: Ints, lenders: Ints, orders: Ints, ys: Ints,
    wy: Floats, xs: Ints, wx: Floats, codes: Codes, offsets: Ints, atom_offsets: Ints,
    atoms: NDArray[np.int32], n_atoms: int,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Count a unit's active positions on the atoms of other samples, a pair after the other.

    Beside the arguments of most kernels:

    * ``codes``, ``offsets``, ``atom_offsets``, ``atoms``: as above, of all samples that may lend.
    * ``peaks``: ``(samples,)``, the largest native value of each sample.
    * ``threshold``: a position is active where the upsampled value is above it, strictly.
    * ``first``: ``(samples + 1,)``, where the pairs of each sample start.
    * ``lenders``: ``(n_pairs,)``, the sample whose atoms are borrowed.
    * ``orders``: ``(n_pairs,)``, the number of the order that a pair belongs to.
    * ``n_atoms``: atoms of the table, to number keys by.

    Returns:
        Keys, ``order * n_atoms + atom``, which may repeat, and their counts, all above 0.
    """
    active = np.empty(len(wy) * len(wx), np.int64)
    local = np.zeros(1, np.int64)
    keys, counts = np.empty(64, np.int64), np.empty(64, np.int64)
    n_keys = 0
    for s in range(values.shape[0]):
        if first[s] == first[s + 1] or not peaks[s] > threshold:
            continue
        # once for all orders, since interpolating is what takes the time
        n_active = _active_positions(values, s, threshold, ys, wy, xs, wx, active)
        for pair in range(first[s], first[s + 1]):
            lender = lenders[pair]
            start = atom_offsets[lender]
            n_local = atom_offsets[lender + 1] - start
            if n_local > len(local):
                local = np.zeros(2 * n_local, np.int64)
            for k in range(n_active):
                local[codes[offsets[lender] + active[k]]] += 1
            if n_keys + n_local > len(keys):
                keys = np.concatenate((keys, np.empty(len(keys) + n_local, np.int64)))
                counts = np.concatenate((counts, np.empty(len(counts) + n_local, np.int64)))
            for code in range(n_local):
                if local[code] > 0:
                    keys[n_keys] = orders[pair] * n_atoms + atoms[start + code]
                    counts[n_keys] = local[code]
                    n_keys += 1
                    local[code] = 0
    return keys[:n_keys], counts[:n_keys]


@helper
def _active_positions(
    values: Maps, s: int, threshold: float, ys: Ints, wy: Floats, xs: Ints, wx: Floats, active: Ints
) -> int:
    """Write the positions where an upsampled map is above the threshold; return how many.

    ``active`` is ``(height * width,)``; positions are numbered within the sample, row by row, and
    come in the order of cells.
    """
    h, w = values.shape[1], values.shape[2]
    n = 0
    for y in range(h):
        for x in range(w):
            a, b, c, d = _corners(values, s, y, x)
            if max(max(a, b), max(c, d)) <= threshold:
                continue
            for i in range(ys[y], ys[y + 1]):
                for j in range(xs[x], xs[x + 1]):
                    if _value(a, b, c, d, wy[i], wx[j]) > threshold:
                        active[n] = i * len(wx) + j
                        n += 1
    return n


@lean
def list_active(
    values: Maps, steps: Floats, samples: Ints, ys: Ints, wy: Floats, xs: Ints, wx: Floats,
    firsts: NDArray[np.int32], widths: NDArray[np.int32], ranks: NDArray[np.uint16], counts: Ints,
) -> int:  # fmt: skip
    """List where a unit's upsampled maps are above the least of several thresholds, in runs.

    Beside the arguments of most kernels:

    * ``steps``: the thresholds, ascending; any NaN comes last.
    * ``firsts``, ``widths``, ``ranks``: written here: the first position of each run, numbered
      within the sample, row by row; how many positions of its row it holds; how many of the steps
      each of their values exceeds. Room for all positions of the samples.
    * ``counts``: ``(len(samples),)``, how many runs of each sample are listed.

    Returns:
        How many runs are listed.
    """
    h, w = values.shape[1], values.shape[2]
    n, least = 0, steps[0]
    for k in range(len(samples)):
        s, before = samples[k], n
        for y in range(h):
            for i in range(ys[y], ys[y + 1]):
                # a run goes on from cell to cell, and ends with its row
                end, last_rank = -1, 0
                for x in range(w):
                    a, b, c, d = _corners(values, s, y, x)
                    if max(max(a, b), max(c, d)) <= least:
                        continue
                    for j in range(xs[x], xs[x + 1]):
                        v = _value(a, b, c, d, wy[i], wx[j])
                        if not v > least:
                            continue
                        rank = 1
                        while rank < len(steps) and v > steps[rank]:
                            rank += 1
                        p = i * len(wx) + j
                        if p == end and rank == last_rank:
                            widths[n - 1] += 1
                        else:
                            firsts[n], widths[n], ranks[n] = p, 1, rank
                            n += 1
                        end, last_rank = p + 1, rank
        counts[k] = n - before
    return n


@lean
def spell_out(
    starts: NDArray[np.int64], firsts: NDArray[np.int32], widths: NDArray[np.int32],
    run_ranks: NDArray[np.uint16], least: NDArray[np.int64], positions: NDArray[np.int32],
    ranks: NDArray[np.uint16], ends: NDArray[np.int64],
) -> int:  # fmt: skip
    """Write each position of some runs.

    Args:
        starts: where the runs of each sample begin.
        firsts: the first position of each run.
        widths: how many positions it holds.
        run_ranks: its rank.
        least: for each sample the rank from which on its runs are wanted.
        positions: room for all.
        ranks: likewise.
        ends: where the positions of each sample end is written here.

    Returns:
        how many are written.
    """
    n = 0
    for k in range(len(ends)):
        for run in range(starts[k], starts[k + 1]):
            if run_ranks[run] >= least[k]:
                for position in range(firsts[run], firsts[run] + widths[run]):
                    positions[n], ranks[n] = position, run_ranks[run]
                    n += 1
        ends[k] = n
    return n


@lean
def pack_maps(
    values: NDArray[np.float32], peaks: NDArray[np.float32], thresholds: Floats, units: Ints,
    samples: Ints, ys: Ints, wy: Floats, xs: Ints, wx: Floats, firsts: Ints,
    words: NDArray[np.uint64],
) -> None:  # fmt: skip
    """Set a bit for each active position of some units.

    Beside the arguments of most kernels:

    * ``values``: ``(samples, units, h, w)``, native maps of all units.
    * ``peaks``: ``(samples, units)``, the largest value of each.
    * ``thresholds``: ``(units,)``; a position is active where its value is above, strictly.
    * ``units``: those that are wanted, in the order of the columns of ``words``.
    * ``firsts``: ``(samples + 1,)``, where the tiles of each sample start in ``words``.
    * ``words``: ``(n_tiles, len(units))``, row by row of tiles, and bit by bit of each row of one.
    """
    across = -(-len(wx) // TILE)
    for s in samples:
        for u in range(len(units)):
            unit = units[u]
            # with `not`, so that NaN on either side means: active nowhere
            if not peaks[s, unit] > thresholds[unit]:
                continue
            for y in range(values.shape[2]):
                for x in range(values.shape[3]):
                    a, b, c, d = _corners(values[s], unit, y, x)
                    if max(max(a, b), max(c, d)) <= thresholds[unit]:
                        continue
                    for i in range(ys[y], ys[y + 1]):
                        for j in range(xs[x], xs[x + 1]):
                            if _value(a, b, c, d, wy[i], wx[j]) > thresholds[unit]:
                                tile = firsts[s] + i // TILE * across + j // TILE
                                # both unsigned: NumPy refuses to shift by a signed number
                                bit = np.uint64(i % TILE * TILE + j % TILE)
                                words[tile, u] |= np.uint64(1) << bit
