"""The loops over listed positions: counts on a unit's own annotations, and on those of others.

Arguments that all kernels take:

* ``samples, starts, positions, ranks``: a unit's active positions, one by one
  (``counting.active``);
* ``needed``: uint16 ``(n_folds,)``, the rank from which on a position is active under the threshold
  that was found without each fold;
* ``folds``: int32 ``(n_samples,)``;
* ``codes, offsets, atom_offsets, atoms, shapes``: the atoms of all positions (``AtomMap``).

All counts are exact, in int64, and so are the bounds: sums of products of counts, below 2**62 for
data of up to 10**9 positions.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import Int, helper, inlined, lean
from andornot._tools.popcount import popcount
from andornot.search.bits import lowest, mark, set_bits
from andornot.search.kernels import atoms_of, clear, copy
from andornot.search.problem import AND_NOT, Atoms, Words

Ints: TypeAlias = NDArray[np.int64]
Int32s: TypeAlias = NDArray[np.int32]
Bytes: TypeAlias = NDArray[np.uint8]
Ranks: TypeAlias = NDArray[np.uint16]
Codes: TypeAlias = NDArray[np.uint16]


@inlined
def _first_of(at: Int, own: Int, other: Int) -> Int:
    """The first of ``other`` cells of an axis whose centre lies in cell ``at`` of ``own`` cells.

    In whole numbers: cell ``j`` belongs to ``(2 * j + 1) * own // (2 * other)``. That of ``at + 1``
    is where the cells of ``at`` end.
    """
    # the least j with (2 j + 1) own >= 2 other at
    return max(0, -((own - 2 * other * at) // (2 * own)))


LANES = 4
"""Counters side by side: neighbours mostly carry one code, and an addition to a counter must wait
for the last one to it, so neighbours are counted in different lanes."""


@lean
def count_parts(
    samples: Ints, starts: Ints, positions: Int32s, ranks: Ranks, needed: Ranks, folds: Int32s,
    order: Int32s, codes: Codes, offsets: Ints, atom_offsets: Ints, atoms: Int32s, shapes: Ints,
    local: Int32s, place: Int32s, found: Int32s, inside: Ints, outside: Ints,
) -> int:  # fmt: skip
    """Count active positions by atom, inside each fold and outside of it.

    Beside the arguments of all kernels:

    * ``order``: ``(n_samples,)``, whose annotations each sample carries. Where their grids differ,
      its mask is stretched to theirs: a position of theirs is active if the cell in which its
      centre lies is.
    * ``local``: room for the counts of one sample, ``(LANES + n_ranks, n_codes)``, all 0 before
      and after.
    * ``place``: room, ``(n_atoms,)``, all -1 before and after.
    * ``found``: ``(n,)``, the atoms that are met are written here; room for all of them.
    * ``inside``, ``outside``: ``(n_folds, n)``, all 0; their counts are added here.

    Returns:
        How many atoms are met.
    """
    n_found = 0
    n_folds, top = len(needed), 0
    for f in range(n_folds):
        top = max(top, needed[f])
    for k in range(len(samples)):
        s = samples[k]
        lender, fold = order[s], folds[s]
        h, w, height, columns = shapes[s, 0], shapes[s, 1], shapes[lender, 0], shapes[lender, 1]
        start, first_atom = offsets[lender], atom_offsets[lender]
        if h == height and w == columns:
            for at in range(starts[k], starts[k + 1]):
                # most positions exceed all thresholds; each rank below has a lane of its own
                lane = at & 3 if ranks[at] >= top else LANES + ranks[at]
                local[lane, codes[start + positions[at]]] += 1
        else:
            for at in range(starts[k], starts[k + 1]):
                lane = 0 if ranks[at] >= top else LANES + ranks[at]
                y, x = positions[at] // w, positions[at] % w
                x0, x1 = _first_of(x, w, columns), _first_of(x + 1, w, columns)
                for i in range(_first_of(y, h, height), _first_of(y + 1, h, height)):
                    for j in range(x0, x1):
                        local[lane, codes[start + i * columns + j]] += 1
        n_codes = atom_offsets[lender + 1] - first_atom
        whole = local[0]
        for code in range(n_codes):
            whole[code] += local[1, code] + local[2, code] + local[3, code]
        # lane 1 is free again: where the atom of each code stands, for those that are met
        places = local[1]
        for code in range(n_codes):
            met = whole[code]
            for rank in range(1, top):
                met += local[LANES + rank, code]
            places[code] = -1
            if met > 0:
                atom = atoms[first_atom + code]
                if place[atom] < 0:
                    place[atom] = n_found
                    found[n_found] = atom
                    n_found += 1
                places[code] = place[atom]
        # from the highest rank down: what is above a threshold is above those below it too
        for rank in range(top, 0, -1):
            if rank < top:
                row = local[LANES + rank]
                for code in range(n_codes):
                    whole[code] += row[code]
            for f in range(n_folds):
                if needed[f] == rank:
                    part = inside[f] if f == fold else outside[f]
                    for code in range(n_codes):
                        if places[code] >= 0:
                            part[places[code]] += whole[code]
        for lane in range(LANES + top):
            for code in range(n_codes):
                local[lane, code] = 0
    for n in range(n_found):
        place[found[n]] = -1
    return n_found


class ByTile(NamedTuple):
    """A unit and all annotations by tile; see ``tiles``, where it is made."""

    starts: Ints  # (n + 1,) where the tiles of each of the unit's samples begin
    tiles: Int32s  # their numbers within the sample
    masks: Words  # active positions in each
    n_tiles: int  # of a sample; 0 where there are no tiles
    first: Ints  # (n_samples * n_tiles + 1,) where the codes of each tile begin
    codes: Codes
    bits: Words  # where in the tile each of them stands


@helper
def _largest(values: Ints, n: int) -> Int:
    """The sum of the ``n`` largest values, none of them below 0, which are 0 afterwards."""
    found = np.int64(0)
    for _ in range(n):
        top = 0
        for c in range(len(values)):
            if values[c] > values[top]:
                top = c
        found += values[top]
        values[top] = 0
    return found


@helper
def _most_worth(
    atoms: Int32s, counts: Ints, sizes: Ints, indptr: Ints, indices: Int32s, areas: Ints,
    length: int, hits: int, union: int, total: Int, whole: Ints, positive: Ints,
) -> Int:  # fmt: skip
    """What no formula is worth more than in a fold; see :func:`bound_orders`.

    ``atoms`` are those on which a unit is active, ``counts`` its positions there; ``whole`` and
    ``positive`` are room, ``(n_concepts,)``, all 0 before and after.
    """
    everything, gains = np.int64(0), np.int64(0)
    for at in range(len(atoms)):
        atom = atoms[at]
        gain = (union + hits) * counts[at]
        gains += gain
        worth = max(0, gain - hits * sizes[atom])
        everything += worth
        for entry in range(indptr[atom], indptr[atom + 1]):
            whole[indices[entry]] += gain
            positive[indices[entry]] += worth
    best, least = np.int64(-(2**62)), np.int64(2**62)
    for c in range(len(areas)):
        value = whole[c] - hits * areas[c]
        best, least = max(best, value), min(least, value)
        # what a step with it adds at most, by OR, or by AND NOT
        whole[c] = positive[c] + max(0, -value)
    if length > 1 and best < 0:
        best = np.int64(0)
    best += _largest(positive, length - 1)
    if total >= 0:
        best = max(best, gains - hits * total - least + _largest(whole, length - 1))
    for c in range(len(areas)):
        whole[c], positive[c] = 0, 0
    if everything < best:
        best = everything
    # no formula at all is worth nothing
    return best if best > 0 else np.int64(0)


@lean
def bound_orders(
    samples: Ints, starts: Ints, positions: Int32s, folds: Int32s, first: Ints, lenders: Int32s,
    null_first: Ints, nulls: Int32s,
    codes: Codes, offsets: Ints, atom_offsets: Ints, atoms: Int32s, shapes: Ints,
    by_tile: ByTile,
    sizes: Ints, indptr: Ints, indices: Int32s, areas: Ints, totals: Ints, length: int, hits: int,
    union: int, tally: Int32s, touched: Int32s, n_touched: Ints, local: Int32s, counts: Ints,
    by_concept: Ints, slack: Ints,
) -> None:  # fmt: skip
    """Bound by how much the held-out score of any formula could exceed a unit's own, by null.

    A formula with ``i`` hits and a union ``u`` in a fold of a null adds ``i * union - hits * u`` to
    the difference of ``sum i / sum u`` and ``hits / union``, times both denominators. Of a set of
    atoms that is the sum of its atoms' *worth* ``k * (union + hits) - n * hits``, less ``hits`` for
    each active position. No set is worth more than all atoms above 0 together. A formula of ``m``
    concepts lies inside the union of ``m - 1`` of them, which is worth no more than the sum of the
    ``m - 1`` largest sums of what is above 0 in a concept; unless all ``m`` are joined by OR, and
    then it is worth no more than one of them whole, and what is above 0 in the others. One that
    begins with NOT, and has no AND that would confine it, is worth no more than everything without
    one concept, and what ``m - 1`` others add: what is above 0 by OR, below 0 by AND NOT.

    Beside the arguments of all kernels:

    * ``first``: ``(n_samples + 1,)``, where the lenders of each sample start in ``lenders``.
    * ``lenders``: the samples whose annotations it borrows in any null, each once.
    * ``null_first``, ``nulls``: the nulls in which it borrows from each of these.
    * ``by_tile``: the unit and all annotations by tile.
    * ``sizes``: ``(n_folds, n_atoms)``, positions of each atom in each fold.
    * ``indptr``, ``indices``: the concepts of each atom, only those that are searched for.
    * ``areas``: ``(n_folds, n_concepts)``, positions of each concept in each fold.
    * ``totals``: ``(n_folds,)``, all positions of each; -1 where no formula may begin with NOT.
    * ``length``: the longest formula, in concepts.
    * ``hits``, ``union``: of the unit itself, held out, over all folds.
    * ``tally``: room, ``(n_nulls, n_atoms)``, all 0 before and after.
    * ``touched``: room, ``(n_nulls, n_atoms)``; ``n_touched``: room, ``(2, n_nulls)``.
    * ``local``: room for the counts of one sample, ``(LANES, n_codes)``, all 0 before and after.
    * ``counts``: room, ``(n_atoms,)``.
    * ``by_concept``: room, ``(2, n_concepts)``, all 0 before and after.
    * ``slack``: ``(n_folds, n_nulls)``, the bounds are written here.
    """
    n_nulls = len(tally)
    whole, positive = by_concept[0], by_concept[1]
    for f in range(len(sizes)):
        for b in range(n_nulls):
            n_touched[0, b], n_touched[1, b] = 0, 0
        for k in range(len(samples)):
            s = samples[k]
            if folds[s] != f:
                continue
            h, w = shapes[s, 0], shapes[s, 1]
            for pair in range(first[s], first[s + 1]):
                lender = lenders[pair]
                height, columns = shapes[lender, 0], shapes[lender, 1]
                start, first_atom = offsets[lender], atom_offsets[lender]
                active = 0
                if by_tile.n_tiles > 0:
                    active = starts[k + 1] - starts[k]
                    for at in range(by_tile.starts[k], by_tile.starts[k + 1]):
                        here, mask = lender * by_tile.n_tiles + by_tile.tiles[at], by_tile.masks[at]
                        for e in range(by_tile.first[here], by_tile.first[here + 1]):
                            local[0, by_tile.codes[e]] += popcount(mask & by_tile.bits[e])
                elif h == height and w == columns:
                    active = starts[k + 1] - starts[k]
                    for at in range(starts[k], starts[k + 1]):
                        local[at & 3, codes[start + positions[at]]] += 1
                else:
                    for at in range(starts[k], starts[k + 1]):
                        y, x = positions[at] // w, positions[at] % w
                        x0, x1 = _first_of(x, w, columns), _first_of(x + 1, w, columns)
                        for i in range(_first_of(y, h, height), _first_of(y + 1, h, height)):
                            for j in range(x0, x1):
                                local[j & 3, codes[start + i * columns + j]] += 1
                                active += 1
                if active == 0:
                    continue
                for at in range(null_first[pair], null_first[pair + 1]):
                    n_touched[1, nulls[at]] += active
                for code in range(atom_offsets[lender + 1] - first_atom):
                    there = local[0, code] + local[1, code] + local[2, code] + local[3, code]
                    if there > 0:
                        local[0, code], local[1, code] = 0, 0
                        local[2, code], local[3, code] = 0, 0
                        atom = atoms[first_atom + code]
                        for at in range(null_first[pair], null_first[pair + 1]):
                            b = nulls[at]
                            if tally[b, atom] == 0:
                                touched[b, n_touched[0, b]] = atom
                                n_touched[0, b] += 1
                            tally[b, atom] += there
        for b in range(n_nulls):
            for at in range(n_touched[0, b]):
                counts[at] = tally[b, touched[b, at]]
                tally[b, touched[b, at]] = 0
            n = n_touched[0, b]
            best = _most_worth(
                touched[b, :n], counts[:n], sizes[f], indptr, indices, areas[f], length, hits,
                union, totals[f], whole, positive,
            )  # fmt: skip
            slack[f, b] = best - hits * n_touched[1, b]


@lean
def count_in_samples(
    samples: Ints, starts: Ints, positions: Int32s, folds: Int32s, codes: Codes, offsets: Ints,
    atom_offsets: Ints, atoms: Int32s, masks: Bytes, local: Int32s,
    both: Ints, active: Ints,
) -> None:  # fmt: skip
    """Count by sample, each under the threshold that was found without its fold.

    Beside the arguments of all kernels:

    * ``masks``: uint8 ``(n_folds, n_formulas, n_atoms)``, where the formulas of each fold hold.
    * ``local``: room for the counts of one sample, ``(LANES, n_codes)``, all 0 before and after.
    * ``both``: ``(n_samples, n_formulas)``, active positions on which they hold are added here.
    * ``active``: ``(n_samples,)``, active positions are added here.
    """
    n_formulas = masks.shape[1]
    for k in range(len(samples)):
        s = samples[k]
        f = folds[s]
        active[s] += starts[k + 1] - starts[k]
        for at in range(starts[k], starts[k + 1]):
            local[at & 3, codes[offsets[s] + positions[at]]] += 1
        for code in range(atom_offsets[s + 1] - atom_offsets[s]):
            there = local[0, code] + local[1, code] + local[2, code] + local[3, code]
            if there > 0:
                local[0, code], local[1, code] = 0, 0
                local[2, code], local[3, code] = 0, 0
                atom = atoms[atom_offsets[s] + code]
                for n in range(n_formulas):
                    both[s, n] += there * masks[f, n, atom]


@lean
def bound_parts(
    first: Ints, found: Int32s, inside: Ints, sizes: Ints, indptr: Ints, indices: Int32s,
    areas: Ints, totals: Ints, length: int, hits: int, union: int, by_concept: Ints, slack: Ints,
) -> None:  # fmt: skip
    """The bounds of :func:`bound_orders`, from counts that are there already.

    Beside its arguments:

    * ``first``: where the atoms of each null begin in ``found``.
    * ``inside``: ``(n_folds, len(found))``, active positions in each fold.
    """
    whole, positive = by_concept[0], by_concept[1]
    for f in range(len(inside)):
        for b in range(len(first) - 1):
            counts = inside[f, first[b] : first[b + 1]]
            active = np.int64(0)
            for k in counts:
                active += k
            best = _most_worth(
                found[first[b] : first[b + 1]],
                counts,
                sizes[f],
                indptr,
                indices,
                areas[f],
                length,
                hits,
                union,
                totals[f],
                whole,
                positive,
            )
            slack[f, b] = best - hits * active


@lean
def score_elsewhere(
    terms: Ints, operators: Ints, lengths: Ints, wanted: NDArray[np.bool_], atoms: Atoms,
    indptr: Ints, active: Int32s, inside: Ints, sizes: Ints, masks: Words, counts: Ints,
    found: Ints,
) -> None:  # fmt: skip
    """Hits and unions of formulas where they were not searched for.

    Args:
        terms: as in ``Top``.
        operators: likewise.
        lengths: which formulas to count.
        wanted: of which units.
        atoms: the concept table.
        indptr: where the atoms of each unit begin.
        active: on which it is active.
        inside: its active positions there.
        sizes: positions of all atoms.
        masks: room, ``(2, n_atom_words)``.
        counts: room, ``(n_atoms,)``, all 0 before and after.
        found: ``(n_units, n_lengths, 2)``, written for those that are wanted.
    """
    mask, longer = masks[0], masks[1]
    for u in range(len(terms)):
        if not wanted[u]:
            continue
        total = np.int64(0)
        for at in range(indptr[u], indptr[u + 1]):
            counts[active[at]] = inside[at]
            total += inside[at]
        for k in range(len(lengths)):
            row = lengths[k] - 1
            clear(mask)
            if operators[u, row, 0] == AND_NOT:
                # it begins with NOT: the first concept is taken away from everything
                set_bits(mask, 0, len(sizes))
            for n in range(lengths[k]):
                if terms[u, row, n] >= 0:
                    mark(mask, operators[u, row, n], atoms_of(atoms, terms[u, row, n]), longer)
                    copy(longer, mask)
            both, area = np.int64(0), np.int64(0)
            for w in range(len(mask)):
                word = mask[w]
                while word:
                    atom = 64 * w + lowest(word)
                    word &= word - np.uint64(1)
                    both += counts[atom]
                    area += sizes[atom]
            found[u, k, 0], found[u, k, 1] = both, total + area - both
        for at in range(indptr[u], indptr[u + 1]):
            counts[active[at]] = 0


@lean
def count_cells(
    samples: Ints, starts: Ints, firsts: Int32s, widths: Int32s, ranks: Ranks, needed: int,
    codes: Codes, offsets: Ints, atom_offsets: Ints, local: Int32s, cells: Int32s, counts: Ints,
) -> int:  # fmt: skip
    """Count the positions of at least one rank by sample and atom of the sample.

    Beside the arguments of all kernels:

    * ``starts, firsts, widths, ranks``: the runs of each sample (``UnitPositions``).
    * ``needed``: the rank.
    * ``local``: room for the counts of one sample, ``(n_codes,)``, all 0 before and after.
    * ``cells``, ``counts``: room for entries of ``atoms``, ascending, and positions of each.

    Returns:
        how many entries are written.
    """
    n = 0
    for k in range(len(samples)):
        s = samples[k]
        for run in range(starts[k], starts[k + 1]):
            if ranks[run] >= needed:
                first = offsets[s] + firsts[run]
                for at in range(first, first + widths[run]):
                    local[codes[at]] += 1
        for code in range(atom_offsets[s + 1] - atom_offsets[s]):
            if local[code] > 0:
                cells[n], counts[n] = atom_offsets[s] + code, local[code]
                local[code] = 0
                n += 1
    return n
