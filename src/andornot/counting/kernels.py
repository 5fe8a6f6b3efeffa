"""The loops over a unit's positions: all that reads upsampled maps one value at a time.

No upsampled map is ever held: a value is computed where it is needed, and dropped.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from andornot._tools.jit import helper, inlined, jit, lean


@inlined
def _corners(values, s, y, x):
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
def _between(a, b, w):
    """The value at ``w`` of the way from ``a`` to ``b``; exactly ``a`` where both are equal.

    All kernels, and ``upsample``, interpolate in this form and order: thresholds are exact only if
    the value that is compared with one is, to the last bit, the value that it was taken from.
    """
    return a + w * (b - a)


@inlined
def _value(a, b, c, d, wy, wx):
    """The upsampled value in a cell with these corners, first along x, then along y."""
    return _between(_between(a, b, wx), _between(c, d, wx), wy)


@lean
def count_unit(
    values, peaks, threshold, samples, ys, wy, xs, wx, codes, offsets, key_offsets, keys, seen,
    touched, area, local, edges,
):  # fmt: skip
    """Count a unit's active positions by key; also fills ``area``, active positions by sample.

    An upsampled value lies between the four native values around it, so a cell is skipped when
    none of them exceeds the threshold. ``peaks`` are the largest native values of each sample.
    Counts are added to ``seen``, and their keys written to ``touched``; ``local`` and ``edges`` are
    room for the counts of a sample, all 0, and for the edges of a cell.

    Returns:
        How many keys are touched.
    """
    h, w = values.shape[1], values.shape[2]
    width = len(wx)
    n_touched = 0
    for s in samples:
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
        for code in range(key_offsets[s + 1] - key_offsets[s]):
            if local[code] > 0:
                key = keys[key_offsets[s] + code]
                if seen[key] == 0:
                    touched[n_touched] = key
                    n_touched += 1
                seen[key] += local[code]
                area[s] += local[code]
                local[code] = 0
    return n_touched


@helper
def _count_cell(
    a, b, c, d, threshold, wy, wx, codes, first, width, upper, change, local
):  # fmt: skip
    """Add a cell's active positions to ``local``, by code.

    ``a`` and ``b`` are the native values at its upper corners, ``c`` and ``d`` at the lower ones;
    ``first`` is where its first position stands in ``codes``; ``upper`` and ``change`` are room for
    the values along its upper edge, and for how much the lower edge differs from them.
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
def count_mask(active, codes, offsets, atom_offsets, keys, tally, local):
    """Count a unit's active positions by key, from its mask as bytes.

    ``local`` is room for the counts of one sample, all 0.
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
        if found:
            for c in range(atom_offsets[s + 1] - atom_offsets[s]):
                tally[keys[atom_offsets[s] + c]] += local[c]
                local[c] = 0


@lean
def push_upsampled(values, samples, ys, wy, xs, wx, top, held, bound, keep):
    """Offer all values of a unit's upsampled maps; cells below the bound are passed over."""
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
                            if held[0] == len(top):
                                keep_top(top, held, bound, keep)


@lean
def push_native(values, peaks, top, held, bound, keep):
    """Offer the values of a unit's maps to its top values; ``peaks`` are the largest of each."""
    for s in range(values.shape[0]):
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
def keep_top(top, held, bound, keep):
    """Throw all but the largest ``keep`` values away, and note the smallest of those.

    A plain quickselect, in place: ``np.partition`` alone takes seven seconds to compile.
    """
    first, last, at = 0, held[0] - 1, keep - 1
    while first < last:
        pivot = top[(first + last) // 2]
        low, high = first, last
        while low <= high:
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
    values, samples, ys, wy, xs, wx, codes, offsets, local, inside, lowest, threshold, highest,
    counts, sums,
):  # fmt: skip
    """Add maps to the histograms; returns the sum of squares."""
    n_bins = (counts.shape[1] - 1) // 2
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
                            at = n_bins + 1 + min(int((v - threshold) * above), n_bins - 1)
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
    samples, ys, wy, xs, wx, codes, offsets, local, row_of, rows, columns, weights, held, tile
):  # fmt: skip
    """Write for every local atom of each sample the weights of the native values around it.

    ``tile`` is room for the weights of one sample, all 0.
    """
    h, w, width = len(ys) - 1, len(xs) - 1, len(wx)
    for s in samples:
        n_values = (local[s + 1] - local[s]) * h * w
        for y in range(h):
            for x in range(w):
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
    values, peaks, threshold, first, lenders, orders, ys, wy, xs, wx, codes, offsets,
    atom_offsets, atoms, n_atoms,
):  # fmt: skip
    """Keys and counts of one unit, a pair of samples after the other."""
    active = np.empty(len(wy) * len(wx), np.int64)
    local = np.zeros(1, np.int64)
    keys, counts = np.empty(64, np.int64), np.empty(64, np.int64)
    n_keys = 0
    for s in range(values.shape[0]):
        if first[s] == first[s + 1] or not peaks[s] > threshold:
            continue
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
def _active_positions(values, s, threshold, ys, wy, xs, wx, active):
    """Write the positions where an upsampled map is above the threshold; return how many."""
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
