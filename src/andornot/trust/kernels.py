"""The loops over listed positions: counts on a unit's own annotations, and on those of others.

Arguments that all kernels take:

* ``samples, starts, positions, ranks``: a unit's active positions (``counting.active``);
* ``needed``: uint8 ``(n_folds,)``, the rank from which on a position is active under the threshold
  that was found without each fold;
* ``folds``: int32 ``(n_samples,)``;
* ``codes, offsets, atom_offsets, atoms, shapes``: the atoms of all positions (``AtomMap``).

All counts are exact, in int64, and so are the bounds: sums of products of counts, below 2**62 for
data of up to 10**9 positions.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import Int, inlined, lean

Ints: TypeAlias = NDArray[np.int64]
Int32s: TypeAlias = NDArray[np.int32]
Bytes: TypeAlias = NDArray[np.uint8]
Codes: TypeAlias = NDArray[np.uint16]


@inlined
def _first_of(at: Int, own: Int, other: Int) -> Int:
    """The first of ``other`` cells of an axis whose centre lies in cell ``at`` of ``own`` cells.

    In whole numbers: cell ``j`` belongs to ``(2 * j + 1) * own // (2 * other)``. That of ``at + 1``
    is where the cells of ``at`` end.
    """
    # the least j with (2 j + 1) own >= 2 other at
    return max(0, -((own - 2 * other * at) // (2 * own)))


@lean
def count_parts(
    samples: Ints, starts: Ints, positions: Int32s, ranks: Bytes, needed: Bytes, folds: Int32s,
    order: Ints, codes: Codes, offsets: Ints, atom_offsets: Ints, atoms: Int32s, shapes: Ints,
    inside: Ints, outside: Ints,
) -> None:  # fmt: skip
    """Count active positions by atom, inside each fold and outside of it.

    Beside the arguments of all kernels:

    * ``order``: ``(n_samples,)``, whose annotations each sample carries; where their grids differ,
      its mask is stretched to theirs: a position of theirs is active if the one in which its
      centre lies is.
    * ``inside``, ``outside``: ``(n_folds, n_atoms)``, counts are added here.
    """
    n_folds = len(needed)
    for k in range(len(samples)):
        s = samples[k]
        lender, fold = order[s], folds[s]
        h, w, height, width = shapes[s, 0], shapes[s, 1], shapes[lender, 0], shapes[lender, 1]
        same = h == height and w == width
        first_code, first_atom = offsets[lender], atom_offsets[lender]
        for at in range(starts[k], starts[k + 1]):
            p, rank = positions[at], ranks[at]
            y0, y1, x0, x1 = 0, 1, p, p + 1
            if not same:
                y, x = p // w, p % w
                y0, y1 = _first_of(y, h, height), _first_of(y + 1, h, height)
                x0, x1 = _first_of(x, w, width), _first_of(x + 1, w, width)
            for y in range(y0, y1):
                for x in range(x0, x1):
                    atom = atoms[first_atom + codes[first_code + y * width + x]]
                    for f in range(n_folds):
                        if rank >= needed[f]:
                            if f == fold:
                                inside[f, atom] += 1
                            else:
                                outside[f, atom] += 1


@lean
def bound_orders(
    samples: Ints, starts: Ints, positions: Int32s, ranks: Bytes, needed: Bytes, folds: Int32s,
    first: Ints, lenders: Int32s, null_first: Ints, nulls: Int32s,
    codes: Codes, offsets: Ints, atom_offsets: Ints, atoms: Int32s, shapes: Ints,
    sizes: Ints, hits: int, union: int,
    tally: Int32s, touched: Int32s, n_touched: Ints, local: Ints, slack: Ints,
) -> None:  # fmt: skip
    """Bound by how much the held-out score of any formula could exceed a unit's own, by null.

    A formula with ``i`` hits and a union ``u`` in a fold of a null adds ``i * union - hits * u`` to
    the difference of ``sum i / sum u`` and ``hits / union``, times all these denominators. Of a set
    of atoms that is the sum of ``k * (union + hits) - n * hits`` over its atoms, less ``hits`` for
    each active position; no set has more than the sum of what is above 0.

    Beside the arguments of all kernels:

    * ``first``: ``(n_samples + 1,)``, where the lenders of each sample start in ``lenders``.
    * ``lenders``: the samples whose annotations it borrows in any null, each once.
    * ``null_first``, ``nulls``: the nulls in which it borrows from each of these.
    * ``sizes``: ``(n_folds, n_atoms)``, positions of each atom in each fold.
    * ``hits``, ``union``: of the unit itself, held out, over all folds.
    * ``tally``: room, ``(n_nulls, n_atoms)``, all 0 before and after.
    * ``touched``: room, ``(n_nulls, n_atoms)``; ``n_touched``: room, ``(2, n_nulls)``.
    * ``local``: room for the counts of one sample by code, all 0 before and after.
    * ``slack``: ``(n_folds, n_nulls)``, the bounds are written here.
    """
    n_nulls = len(tally)
    for f in range(len(needed)):
        for b in range(n_nulls):
            n_touched[0, b], n_touched[1, b] = 0, 0
        for k in range(len(samples)):
            s = samples[k]
            if folds[s] != f:
                continue
            h, w = shapes[s, 0], shapes[s, 1]
            for pair in range(first[s], first[s + 1]):
                lender = lenders[pair]
                height, width = shapes[lender, 0], shapes[lender, 1]
                same = h == height and w == width
                first_code, first_atom = offsets[lender], atom_offsets[lender]
                active = 0
                for at in range(starts[k], starts[k + 1]):
                    if ranks[at] < needed[f]:
                        continue
                    p = positions[at]
                    if same:
                        local[codes[first_code + p]] += 1
                        active += 1
                        continue
                    y, x = p // w, p % w
                    x0, x1 = _first_of(x, w, width), _first_of(x + 1, w, width)
                    for i in range(_first_of(y, h, height), _first_of(y + 1, h, height)):
                        for j in range(x0, x1):
                            local[codes[first_code + i * width + j]] += 1
                            active += 1
                if active == 0:
                    continue
                for at in range(null_first[pair], null_first[pair + 1]):
                    n_touched[1, nulls[at]] += active
                for code in range(atom_offsets[lender + 1] - first_atom):
                    if local[code] > 0:
                        atom, there = atoms[first_atom + code], local[code]
                        local[code] = 0
                        for at in range(null_first[pair], null_first[pair + 1]):
                            b = nulls[at]
                            if tally[b, atom] == 0:
                                touched[b, n_touched[0, b]] = atom
                                n_touched[0, b] += 1
                            tally[b, atom] += there
        for b in range(n_nulls):
            most = -hits * n_touched[1, b]
            for at in range(n_touched[0, b]):
                atom = touched[b, at]
                most += max(0, (union + hits) * tally[b, atom] - hits * sizes[f, atom])
                tally[b, atom] = 0
            slack[f, b] = most


@lean
def count_in_samples(
    samples: Ints, starts: Ints, positions: Int32s, ranks: Bytes, needed: Bytes, folds: Int32s,
    codes: Codes, offsets: Ints, atom_offsets: Ints, atoms: Int32s, masks: Bytes, both: Ints,
    active: Ints,
) -> None:  # fmt: skip
    """Count by sample, each under the threshold that was found without its fold.

    Beside the arguments of all kernels:

    * ``masks``: uint8 ``(n_folds, n_formulas, n_atoms)``, where the formulas of each fold hold.
    * ``both``: ``(n_samples, n_formulas)``, active positions on which they hold are added here.
    * ``active``: ``(n_samples,)``, active positions are added here.
    """
    n_formulas = masks.shape[1]
    for k in range(len(samples)):
        s = samples[k]
        f = folds[s]
        for at in range(starts[k], starts[k + 1]):
            if ranks[at] >= needed[f]:
                active[s] += 1
                atom = atoms[atom_offsets[s] + codes[offsets[s] + positions[at]]]
                for n in range(n_formulas):
                    both[s, n] += masks[f, n, atom]
