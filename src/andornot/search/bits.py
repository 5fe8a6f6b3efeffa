"""Sets of positions as bits: to count at once what 64 positions share.

Where nearly every position is an atom of its own, as with sentence pairs, atoms save nothing and
their lists of concepts are long. There a bit for each position and concept takes little more
room. Each atom owns as many bits in a row as it has positions; a unit is active on the
first of them.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from andornot._tools.jit import Int, inlined, lean
from andornot._tools.popcount import popcount
from andornot.search.problem import AND, OR, Atoms, Ints, Words

_WORDS_PER_ENTRY = 4
"""Most words for each list entry; at 1.8 of them, searches in bits took half the time of lists."""

_MOST_MARKS = 8_000_000
"""Words for the atoms of all concepts: 64 MB."""


def with_bits(atoms: Atoms) -> Atoms:
    """The table with its concepts as bits too, where they take little more room than its lists."""
    n_words = len(atoms.concept_counts) * _words(atoms)
    if n_words > _WORDS_PER_ENTRY * len(atoms.indices):
        return atoms
    return atoms._replace(bits=concept_bits(atoms))


def concept_bits(atoms: Atoms) -> NDArray[np.uint64]:
    """The positions of each concept, ``(n_concepts, n_words)``."""
    bits = np.zeros((len(atoms.concept_counts), _words(atoms)), np.uint64)
    _set_concepts(atoms, first_positions(atoms), atoms.counts, bits)
    return bits


def with_marks(atoms: Atoms) -> Atoms:
    """The table with the atoms of each concept as bits, where they take little room."""
    shape = len(atoms.concept_counts), n_atom_words(atoms)
    if shape[0] * shape[1] > _MOST_MARKS:
        return atoms
    marks = np.zeros(shape, np.uint64)
    _set_concepts(atoms, np.arange(len(atoms.counts)), np.ones_like(atoms.counts), marks)
    return atoms._replace(marks=marks)


def with_planes(atoms: Atoms) -> Atoms:
    """The table with the binary digits of the sizes of its atoms, lowest first."""
    n_planes = int(atoms.counts.max(initial=0)).bit_length()
    planes = np.zeros((n_planes, n_atom_words(atoms)), np.uint64)
    _set_digits(atoms.counts, planes)
    return atoms._replace(planes=planes)


@lean
def _set_digits(sizes: Ints, planes: Words) -> None:
    """Set the bits of each digit."""
    for atom in range(len(sizes)):
        for p in range(len(planes)):
            if (sizes[atom] >> p) % 2:
                set_bit(planes[p], atom)


def n_atom_words(atoms: Atoms) -> int:
    """Words of 64 bits that hold one for each atom."""
    return -(-len(atoms.counts) // 64)


def first_positions(atoms: Atoms) -> Ints:
    """The first position of each atom."""
    firsts: Ints = np.cumsum(atoms.counts) - atoms.counts
    return firsts


def _words(atoms: Atoms) -> int:
    return -(-atoms.n_positions // 64)


@lean
def _set_concepts(atoms: Atoms, firsts: Ints, lengths: Ints, bits: Words) -> None:
    """Set the bits of each concept; each atom has some in a row."""
    for c in range(len(bits)):
        for at in range(atoms.concept_indptr[c], atoms.concept_indptr[c + 1]):
            atom = atoms.concept_atoms[at]
            set_bits(bits[c], firsts[atom], lengths[atom])


@lean
def set_bits(row: Words, first: Int, length: Int) -> None:
    """Set a stretch of bits."""
    for p in range(first, first + length):
        set_bit(row, p)


@lean
def set_bit(row: Words, p: Int) -> None:
    """Set one bit."""
    # both unsigned: NumPy refuses to shift by a signed 64-bit number
    row[p // 64] |= np.uint64(1) << np.uint64(p % 64)


@lean
def combine_bits(left: Words, operator: int, right: Words, out: Words) -> None:
    """Write the bits of ``L operator C`` to ``out``."""
    for w in range(len(out)):
        if operator == OR:
            out[w] = left[w] | right[w]
        elif operator == AND:
            out[w] = left[w] & right[w]
        else:
            out[w] = left[w] & ~right[w]


@lean
def mark(mask: Words, operator: Int, own: NDArray[np.int32], out: Words) -> None:
    """Write the atoms of ``L operator C`` to ``out``, bit by bit; ``own`` are those of ``C``."""
    for w in range(len(out)):
        out[w] = np.uint64(0) if operator == AND else mask[w]
    for atom in own:
        bit = np.uint64(1) << np.uint64(atom % 64)
        if operator == OR:
            out[atom // 64] |= bit
        elif operator == AND:
            out[atom // 64] |= mask[atom // 64] & bit
        else:
            out[atom // 64] &= ~bit


@inlined
def holds(mask: Words, atom: Int) -> Int:
    """Whether a formula is true on an atom, by its bits: 1 or 0."""
    return np.int64((mask[atom // 64] >> np.uint64(atom % 64)) & np.uint64(1))


@lean
def total(mask: Words, own: NDArray[np.int32], sizes: Ints) -> Int:
    """Positions that a formula shares with a concept, whose atoms ``own`` are."""
    positions = np.int64(0)
    for atom in own:
        # without a branch, which would be taken by chance
        positions += sizes[atom] * holds(mask, atom)
    return positions


@lean
def weigh(mask: Words, own: Words, planes: Words) -> Int:
    """As :func:`total`, with bits for the atoms of ``C``, and for each digit of their sizes."""
    positions = np.int64(0)
    for p in range(len(planes)):
        atoms = np.int64(0)
        for w in range(len(mask)):
            atoms += popcount(mask[w] & own[w] & planes[p, w])
        positions += atoms << p
    return positions


@lean
def count_shared(left: Words, right: Words) -> Int:
    """Positions that two sets share."""
    shared = np.int64(0)
    for w in range(len(left)):
        shared += popcount(left[w] & right[w])
    return shared


@lean
def shared_counts(left: Words, active: Words, right: Words) -> tuple[Int, Int]:
    """Active and other positions that two sets share; exact."""
    i, t = np.int64(0), np.int64(0)
    for w in range(len(left)):
        both = left[w] & right[w]
        t += popcount(both)
        i += popcount(both & active[w])
    return i, t - i


def lowest(word: np.uint64) -> int:
    """The place of the lowest bit that is set."""
    return (int(word) & -int(word)).bit_length() - 1


@intrinsic
def _cttz(_, word):  # type: ignore[no-untyped-def]
    def generate(context, builder, __, arguments):  # type: ignore[no-untyped-def]
        # of an empty word nothing is asked
        return builder.cttz(arguments[0], context.get_constant(types.boolean, 1))

    return types.int64(word), generate


@overload(lowest)
def _lowest_in_kernels(word):  # type: ignore[no-untyped-def]
    if word == types.uint64:
        return lambda word: _cttz(word)
    return None
