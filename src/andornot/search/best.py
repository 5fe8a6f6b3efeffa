"""The best formulas met so far, as sets of atoms: what searches that try formulas offer them to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import Bool, Int, lean
from andornot.search.kernels import apply, atoms_of, copy, same_mask
from andornot.search.problem import AND_NOT, Atoms, Found, Ints, Mask


class Best(NamedTuple):
    """The best formulas so far, best first; formulas with the same atoms count once.

    Written by ``offer`` alone.
    """

    terms: Ints  # (size, length) concepts from left to right, -1 where the formula ended
    operators: Ints  # (size, length) the operator before each term, likewise; AND NOT before the
    # first: NOT
    i: Ints  # (size,) count: positions where unit and formula are true
    t: Ints  # (size,) count: positions where the formula is true
    score: NDArray[np.float64]  # (size,) from these counts
    mask: NDArray[np.uint8]  # (size, n_atoms) 1 where the formula is true
    size: Ints  # (1,) how many rows hold a formula

    @classmethod
    def empty(cls, size: int, length: int, n_atoms: int) -> Best:
        """Room for ``size`` formulas of up to ``length`` concepts."""
        return cls(
            np.full((size, length), -1, np.int64),
            np.full((size, length), -1, np.int64),
            np.zeros(size, np.int64),
            np.zeros(size, np.int64),
            np.zeros(size),
            np.zeros((size, n_atoms), np.uint8),
            np.zeros(1, np.int64),
        )

    def add(self, found: Found, atoms: Atoms) -> None:
        """Offer a formula that another search found."""
        mask, out = np.zeros((2, len(atoms.counts)), np.uint8)
        terms, operators = np.array(found.concepts), np.array(found.steps)
        if found.negated:
            mask[:] = 1
        for c, operator in zip(terms, operators, strict=True):
            apply(mask, operator, atoms_of(atoms, c), out)
            mask, out = out, mask
        offer(self, mask, terms, operators, found.i, found.t, found.score)

    def found(self) -> tuple[Found, ...]:
        """The formulas, best first.

        Of equal ones those with the fewest concepts come first, then those without NOT in front.
        """
        size = int(self.size[0])
        lengths = (self.terms[:size] >= 0).sum(axis=1)
        found = [self._one(b, int(length)) for b, length in enumerate(lengths)]
        return tuple(sorted(found, key=lambda f: (-f.score, len(f.concepts), f.negated)))

    def _one(self, b: int, n_terms: int) -> Found:
        terms, operators = self.terms[b, :n_terms].tolist(), self.operators[b, :n_terms].tolist()
        i, t = int(self.i[b]), int(self.t[b])
        return Found.of_steps(terms, operators, i, t, float(self.score[b]))


@lean
def enters(best: Best, score: float) -> Bool:
    """Whether a formula with this score is among the best, if it is not there yet."""
    held = best.size[0]
    return score > 0 and (held < len(best.i) or score > best.score[held - 1])


@lean
def not_as_good(best: Best, score: float, first: Int, n_terms: Int) -> Int:
    """The row of a full list that leaves its place to a formula which scores no more; -1 if none.

    It begins with NOT, and has as many concepts or more.

    Args:
        best: the list.
        score: of the formula.
        first: the operator before its first concept.
        n_terms: how many it has.
    """
    if first != AND_NOT and best.size[0] == len(best.i):
        for b in range(len(best.i)):
            begins_with_not = best.operators[b, 0] == AND_NOT
            if best.score[b] == score and begins_with_not and best.terms[b, n_terms - 1] >= 0:
                return b
    return -1


@lean
def offer(
    best: Best, mask: Mask, terms: Ints, operators: Ints, i: Int, t: Int, score: float
) -> None:
    """Keep a formula if it is among the best and none has the same atoms.

    One that begins with NOT gives way to one of the same score, and as short, that does not.
    """
    lower = not_as_good(best, score, operators[0], len(terms))
    if lower < 0 and not enters(best, score):
        return
    held = best.size[0]
    for b in range(held):
        # counts first: they nearly always differ, and masks are long
        if best.i[b] == i and best.t[b] == t and same_mask(mask, best.mask[b]):
            shorter = best.terms[b, len(terms) - 1] < 0
            if operators[0] != AND_NOT and best.operators[b, 0] == AND_NOT and not shorter:
                _write(best, b, terms, operators)
            return
    if lower >= 0:
        _write(best, lower, terms, operators)
        best.i[lower], best.t[lower] = i, t
        copy(mask, best.mask[lower])
        return
    at = min(held, len(best.i) - 1)
    # strictly, so that what came first stays before its equals
    while at > 0 and best.score[at - 1] < score:
        copy(best.terms[at - 1], best.terms[at])
        copy(best.operators[at - 1], best.operators[at])
        best.i[at], best.t[at] = best.i[at - 1], best.t[at - 1]
        best.score[at] = best.score[at - 1]
        copy(best.mask[at - 1], best.mask[at])
        at -= 1
    _write(best, at, terms, operators)
    best.i[at], best.t[at], best.score[at] = i, t, score
    copy(mask, best.mask[at])
    best.size[0] = min(held + 1, len(best.i))


@lean
def _write(best: Best, at: Int, terms: Ints, operators: Ints) -> None:
    """Write the steps of a formula to a row."""
    for d in range(best.terms.shape[1]):
        there = d < len(terms)
        best.terms[at, d] = terms[d] if there else -1
        best.operators[at, d] = operators[d] if there else -1
