"""What a prefix is on atoms, and what it shares with every concept: all exact, nothing bounded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import Int, helper, inlined
from andornot.search.bounds import SCALE
from andornot.search.kernels import atoms_of, clear, copy
from andornot.search.optimal.state import BranchRule, BranchUnit, Open, Prefix
from andornot.search.problem import AND, AND_NOT, OR, Atoms, Ints, Mask


@helper
def recall(atoms: Atoms, unit: BranchUnit, open_: Open, node: Int, prefix: Prefix) -> None:
    """Fill in the prefix from the tree: its terms, its atoms, what it shares with concepts."""
    at = node
    for d in range(open_.depth[node] - 1, -1, -1):
        prefix.terms[d], prefix.operators[d] = open_.concept[at], open_.operator[at]
        at = open_.parent[at]
    mask = prefix.mask
    _begin(prefix.operators[0], mask)
    if prefix.operators[0] == AND_NOT:
        copy(unit.i, prefix.i)
        copy(unit.w, prefix.w)
        copy(unit.v, prefix.v)
    else:
        clear(prefix.i)
        clear(prefix.w)
        clear(prefix.v)
    for d in range(open_.depth[node]):
        operator, own = prefix.operators[d], atoms_of(atoms, prefix.terms[d])
        # before the mask changes: `_share` compares the concept with the formula without it
        _share(mask, operator, own, atoms, unit, prefix.i, prefix.w, prefix.v)
        _apply_to(mask, operator, own)


@inlined
def _begin(operator: Int, mask: Mask) -> None:
    """Write what the first concept is joined to: nothing; or, to begin with NOT, everything."""
    for atom in range(len(mask)):
        mask[atom] = operator == AND_NOT


@helper
def _apply_to(mask: Mask, operator: Int, own: NDArray[np.int32]) -> None:
    """``apply`` in place; ``own`` are the atoms of the concept."""
    if operator == AND:
        # 3 where both are true: no second mask is needed
        for atom in own:
            mask[atom] += 2
        for atom in range(len(mask)):
            mask[atom] = mask[atom] == 3
    else:
        for atom in own:
            mask[atom] = operator == OR


@inlined
def _share(
    mask: Mask, operator: Int, own: NDArray[np.int32], atoms: Atoms, unit: BranchUnit, i: Ints,
    w: Ints, v: Ints,
) -> None:  # fmt: skip
    """Turn what a formula shares with concepts into what it shares with one concept more.

    Args:
        mask: the formula, without the concept.
        operator: before the concept.
        own: the atoms of the concept.
        atoms: the concept table.
        unit: the unit.
        i: ``(n_concepts,)``, hits shared with each concept; changed in place, as the next two are.
        w: W likewise.
        v: V likewise.
    """
    if operator == AND:
        clear(i)
        clear(w)
        clear(v)
    sign = -1 if operator == AND_NOT else 1
    for atom in own:
        if mask[atom] != (operator == OR):
            hits, weight = sign * unit.active[atom], sign * unit.weights[atom]
            # the atom's own weight decides; the sign only tells whether it comes or goes
            good = weight if unit.weights[atom] > 0 else 0
            for at in range(atoms.indptr[atom], atoms.indptr[atom + 1]):
                c = atoms.indices[at]
                i[c] += hits
                w[c] += weight
                v[c] += good


@helper
def share_weights(
    mask: Mask, operator: Int, atoms: Atoms, b: Int, weights: Ints, w: Ints, new_w: Ints
) -> None:
    """Write the W that a formula with one concept more shares with every concept.

    ``w`` is what the formula itself shares with them, and ``b`` the concept. Only the atoms on
    which the two formulas differ are visited.
    """
    if operator == AND:
        clear(new_w)
    else:
        copy(w, new_w)
    sign = -1 if operator == AND_NOT else 1
    indptr, indices = atoms.indptr, atoms.indices
    for atom in atoms_of(atoms, b):
        if mask[atom] != (operator == OR):
            weight = sign * weights[atom]
            for at in range(indptr[atom], indptr[atom + 1]):
                new_w[indices[at]] += weight


@helper
def write_mask(atoms: Atoms, prefix: Prefix, depth: Int, mask: Mask) -> None:
    """Write the atoms of the first ``depth`` terms, of which there is at least one."""
    _begin(prefix.operators[0], mask)
    for d in range(depth):
        _apply_to(mask, prefix.operators[d], atoms_of(atoms, prefix.terms[d]))


@inlined
def whole_of(unit: BranchUnit, mask: Mask) -> tuple[Int, Int, Int]:
    """Hits, W and V of a set of atoms."""
    i, w, v = np.int64(0), np.int64(0), np.int64(0)
    for atom in range(len(mask)):
        if mask[atom]:
            i += unit.active[atom]
            w += unit.weights[atom]
            v += max(unit.weights[atom], 0)
    return i, w, v


@helper
def all_positions(rule: BranchRule, i: Int, w: Int) -> Int:
    """All positions of a formula, from its hits and its W; the division leaves no rest."""
    return i + (SCALE * i - w) // rule.slope


@helper
def counts_of(atoms: Atoms, unit: BranchUnit, mask: Mask) -> tuple[Int, Int]:
    """Active positions, and all positions, of a set of atoms."""
    i, t = np.int64(0), np.int64(0)
    for atom in range(len(mask)):
        if mask[atom]:
            i += unit.active[atom]
            t += atoms.counts[atom]
    return i, t
