"""What a prefix is on atoms, and what it shares with every concept."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from andornot._tools.jit import helper, inlined
from andornot.search.bounds import SCALE
from andornot.search.kernels import atoms_of, clear, copy
from andornot.search.problem import AND, AND_NOT, OR


@helper
def recall(atoms, unit, open_, node, prefix):
    """Fill in the prefix from the tree: its terms, its atoms, what it shares with concepts."""
    at = node
    for d in range(open_.depth[node] - 1, -1, -1):
        prefix.terms[d], prefix.operators[d] = open_.concept[at], open_.operator[at]
        at = open_.parent[at]
    mask = prefix.mask
    clear(mask)
    clear(prefix.i)
    clear(prefix.w)
    clear(prefix.v)
    for d in range(open_.depth[node]):
        operator, own = prefix.operators[d], atoms_of(atoms, prefix.terms[d])
        _share(mask, operator, own, atoms, unit, prefix.i, prefix.w, prefix.v)
        _apply_to(mask, operator, own)


@helper
def _apply_to(mask, operator, own):
    """``apply`` in place."""
    if operator == AND:
        for atom in own:
            mask[atom] += 2
        for atom in range(len(mask)):
            mask[atom] = mask[atom] == 3
    else:
        for atom in own:
            mask[atom] = operator == OR


@inlined
def _share(mask, operator, own, atoms, unit, i, w, v):
    """Turn what a formula shares with concepts into what it shares with one concept more."""
    if operator == AND:
        clear(i)
        clear(w)
        clear(v)
    sign = -1 if operator == AND_NOT else 1
    for atom in own:
        if mask[atom] != (operator == OR):
            hits, weight = sign * unit.active[atom], sign * unit.weights[atom]
            good = weight if unit.weights[atom] > 0 else 0
            for at in range(atoms.indptr[atom], atoms.indptr[atom + 1]):
                c = atoms.indices[at]
                i[c] += hits
                w[c] += weight
                v[c] += good


@helper
def share_weights(mask, operator, atoms, b, weights, w, new_w):
    """Write the W that a formula with one concept more shares with every concept.

    ``w`` is what the formula itself shares with them.
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
def write_mask(atoms, prefix, depth, mask):
    """Write the atoms of the first terms."""
    clear(mask)
    for d in range(depth):
        _apply_to(mask, prefix.operators[d], atoms_of(atoms, prefix.terms[d]))


@inlined
def whole_of(unit, mask):
    """Hits, W and V of a set of atoms."""
    i, w, v = np.int64(0), np.int64(0), np.int64(0)
    for atom in range(len(mask)):
        if mask[atom]:
            i += unit.active[atom]
            w += unit.weights[atom]
            v += max(unit.weights[atom], 0)
    return i, w, v


@helper
def all_positions(rule, i, w):
    """All positions of a formula, from its hits and its W."""
    return i + (SCALE * i - w) // rule.slope


@helper
def counts_of(atoms, unit, mask):
    """Active positions, and all positions, of a set of atoms."""
    i, t = np.int64(0), np.int64(0)
    for atom in range(len(mask)):
        if mask[atom]:
            i += unit.active[atom]
            t += atoms.counts[atom]
    return i, t
