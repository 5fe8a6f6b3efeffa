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

from andornot._tools.jit import Int, lean
from andornot.search.problem import AND, OR, Atoms, Ints, Words

_WORDS_PER_ENTRY = 4
"""Most words for each list entry; at 1.8 of them, searches in bits took half the time of lists."""


def with_bits(atoms: Atoms) -> Atoms:
    """The table with its concepts as bits too, where they take little more room than its lists."""
    n_words = len(atoms.concept_counts) * _words(atoms)
    if n_words > _WORDS_PER_ENTRY * len(atoms.indices):
        return atoms
    return atoms._replace(bits=concept_bits(atoms))


def concept_bits(atoms: Atoms) -> NDArray[np.uint64]:
    """The positions of each concept, ``(n_concepts, n_words)``."""
    bits = np.zeros((len(atoms.concept_counts), _words(atoms)), np.uint64)
    _set_concepts(atoms, first_positions(atoms), bits)
    return bits


def first_positions(atoms: Atoms) -> Ints:
    """The first position of each atom."""
    firsts: Ints = np.cumsum(atoms.counts) - atoms.counts
    return firsts


def _words(atoms: Atoms) -> int:
    return -(-atoms.n_positions // 64)


@lean
def _set_concepts(atoms: Atoms, firsts: Ints, bits: Words) -> None:
    """Set the bits of each concept."""
    for c in range(len(bits)):
        for at in range(atoms.concept_indptr[c], atoms.concept_indptr[c + 1]):
            atom = atoms.concept_atoms[at]
            set_bits(bits[c], firsts[atom], atoms.counts[atom])


@lean
def set_bits(row: Words, first: Int, length: Int) -> None:
    """Set a stretch of bits."""
    for p in range(first, first + length):
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
def shared_counts(left: Words, active: Words, right: Words) -> tuple[Int, Int]:
    """Active and other positions that two sets share; exact."""
    i, t = np.int64(0), np.int64(0)
    for w in range(len(left)):
        both = left[w] & right[w]
        t += popcount(both)
        i += popcount(both & active[w])
    return i, t - i


def popcount(word: np.uint64) -> int:
    """Bits that are set; in kernels the instruction of the processor."""
    return int(word).bit_count()


@intrinsic
def _ctpop(_, word):  # type: ignore[no-untyped-def]
    def generate(_, builder, __, arguments):  # type: ignore[no-untyped-def]
        return builder.ctpop(arguments[0])

    return types.int64(word), generate


@overload(popcount)
def _popcount_in_kernels(word):  # type: ignore[no-untyped-def]
    if word == types.uint64:
        return lambda word: _ctpop(word)
    return None
