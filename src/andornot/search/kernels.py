"""Inner loops that several searches share: counts of a formula with every concept, and masks.

Notation: a formula ``L`` is a set of atoms, held as a byte for each atom, 1 or 0. ``i`` counts the
positions that ``L`` shares with the unit, ``t`` all its positions. For a further concept ``C``
only ``i`` and ``t`` of ``L AND C`` are new; one pass over the atoms of ``L`` gives both for all
``C`` (:func:`intersections`), and the three operators follow by arithmetic (:func:`combine`).

All are counts, in int64, and exact; scores are the only numbers here that are rounded, and
:func:`narrow` the only one that gives bounds.
"""

# elements of arrays are of any type to a checker
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import Bool, Int, inlined, jit, lean
from andornot.measures.scores import score
from andornot.search.bits import holds, lowest
from andornot.search.problem import AND, AND_NOT, OR, Atoms, Ints, Mask, Problem, Words

PUBLISHED = -1
"""Stands for a metric: IoU with the 1e-10 of the published code, on which its ties hang."""


@lean
def ranked_score(metric: int, i: Int, t: Int, a: Int, n: Int) -> float:
    """What a search ranks by: a score of ``scores``, or the published IoU."""
    if metric == PUBLISHED:
        # added where the published code adds it, for some of its ties hang on the last bit
        return i / (float(t + a - i) + 1e-10)
    return score(metric, i, t - i, a, n)


@jit
def intersections(
    mask: Mask, counts: Ints, active: Ints, indptr: Ints, indices: NDArray[np.int32],
    n_concepts: int,
) -> tuple[Ints, Ints]:  # fmt: skip
    """``i`` and ``t`` of ``L AND C`` for every concept ``C``.

    Args:
        mask: ``(n_atoms,)``, the atoms of ``L``.
        counts: positions of each atom.
        active: the unit's active positions in each atom, dense.
        indptr: concepts of each atom ...
        indices: ... as sparse rows.
        n_concepts: number of concepts.
    """
    i = np.zeros(n_concepts, np.int64)
    t = np.zeros(n_concepts, np.int64)
    for atom in range(len(mask)):
        if mask[atom]:
            for at in range(indptr[atom], indptr[atom + 1]):
                t[indices[at]] += counts[atom]
                i[indices[at]] += active[atom]
    return i, t


@lean
def extend(
    mask: Words, operator: int, own: NDArray[np.int32], atoms: Atoms, active: Ints, i: Ints
) -> None:
    """Turn the hits of ``L AND C``, for every ``C``, into those of ``(L operator D) AND C``.

    Only the atoms are visited on which the two formulas differ and the unit is active.

    Args:
        mask: the atoms of ``L``, a bit for each.
        operator: between ``L`` and ``D``.
        own: the atoms of ``D``.
        atoms: the concept table.
        active: the unit's active positions in each atom, dense.
        i: positions of ``L AND C`` shared with the unit, for every ``C``; changed in place.
    """
    if operator == AND:
        clear(i)
    sign = -1 if operator == AND_NOT else 1
    for atom in own:
        # OR brings atoms that L lacks; AND keeps, and AND NOT takes, those that it has
        if active[atom] > 0 and holds(mask, atom) != (operator == OR):
            for at in range(atoms.indptr[atom], atoms.indptr[atom + 1]):
                i[atoms.indices[at]] += sign * active[atom]


@lean
def extend_marked(
    mask: Words, operator: int, own: Words, own_active: Words, atoms: Atoms, active: Ints, i: Ints
) -> None:
    """As :func:`extend`, with bits for the atoms of ``D`` and for those of the unit."""
    if operator == AND:
        clear(i)
    sign = -1 if operator == AND_NOT else 1
    for w in range(len(mask)):
        changed = own[w] & own_active[w] & (~mask[w] if operator == OR else mask[w])
        while changed:
            atom = 64 * w + lowest(changed)
            changed &= changed - np.uint64(1)
            for at in range(atoms.indptr[atom], atoms.indptr[atom + 1]):
                i[atoms.indices[at]] += sign * active[atom]


@lean
def narrow(own: Ints, total: Int, before: Int, after: Int, old: Ints, new: Ints) -> None:
    """Bounds on what a formula shares with every concept, from those of a smaller or larger one.

    One of the two formulas contains the other.

    Args:
        own: positions of each concept.
        total: all positions.
        before: positions of the one formula.
        after: positions of the other.
        old: ``(2, n_concepts)``, least and most positions that the one shares with each concept: a
            lower and an upper bound.
        new: the same of the other, written here.
    """
    less, more = max(0, before - after), max(0, after - before)
    for c in range(len(own)):
        # the second term: two sets that together exceed the whole must share the rest
        new[0, c] = max(old[0, c] - less, after + own[c] - total, 0)
        new[1, c] = min(old[1, c] + more, after, own[c])


@lean
def enclose(
    operator: int, d: Int, before: Int, after: Int, atoms: Atoms, wrong: Int, own_wrong: Ints,
    old: Ints, new: Ints,
) -> None:  # fmt: skip
    """Bounds on the false alarms that a formula shares with every concept, from pairs of concepts.

    The formula is ``L operator D``. With an ``L`` of one concept, or of none, they are counts.

    Args:
        operator: between ``L`` and ``D``.
        d: the concept ``D``.
        before: positions of ``L``.
        after: positions of the formula.
        atoms: the concept table, with pairs.
        wrong: false alarms of the formula ...
        own_wrong: ... and of every concept.
        old: ``(4, n_concepts)``, what ``L`` shares with each concept: hits twice, then bounds on
            the others.
        new: the same of the formula; the hits are there, the bounds are written here.
    """
    pair, own = atoms.pairs[d], atoms.concept_counts
    both = before + own[d] - after if operator == OR else after
    if operator == AND_NOT:
        both = before - after
    for c in range(len(own)):
        low, high, with_d = old[0, c] + old[2, c], old[0, c] + old[3, c], pair[c]
        # of three sets: two that together exceed the third must share the rest
        rest = max(low + with_d - own[c], low + both - before, with_d + both - own[d])
        least, most = max(rest, 0), min(high, with_d, both)
        if operator == OR:
            least, most = low + with_d - min(most, low), high + with_d - least
        elif operator == AND_NOT:
            least, most = low - min(most, low), high - least
        new[2, c] = max(least - new[0, c], 0)
        new[3, c] = min(most - new[0, c], wrong, own_wrong[c])


@lean
def combine(
    operator: Int, i_l: Int, t_l: Int, i_c: Int, t_c: Int, i_lc: Int, t_lc: Int
) -> tuple[Int, Int]:
    """``i`` and ``t`` of ``L operator C``."""
    if operator == OR:
        return i_l + i_c - i_lc, t_l + t_c - t_lc
    if operator == AND:
        return i_lc, t_lc
    return i_l - i_lc, t_l - t_lc


def singles(
    metric: int, problem: Problem, candidates: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Counts of all single concepts, and the useful candidates among them, best first.

    Args:
        metric: what to rank by.
        problem: the unit and the concept table.
        candidates: concepts that may be used, in the order in which equal ones shall rank.

    Returns:
        ``i`` and ``t`` of every concept; the candidates with a score above 0, best first and
        equal ones in their order; the scores of all concepts (0 for those not to be used).
    """
    atoms, t = problem.atoms, problem.atoms.concept_counts
    i, scores = np.zeros(len(t), np.int64), np.zeros(len(t))
    _count_hits(atoms, problem.active, problem.active_counts, i)
    _score_singles(metric, candidates, i, t, problem.total, atoms.n_positions, scores)
    # stable, so that equal scores rank as the candidates stand, and the same in every run
    ranking = candidates[np.argsort(-scores[candidates], kind="stable")]
    return i, t, ranking[scores[ranking] > 0], scores


@lean
def _score_singles(
    metric: int, candidates: Ints, i: Ints, t: Ints, a: int, n: int, scores: NDArray[np.float64]
) -> None:
    """The score of every candidate that occurs at all."""
    for c in candidates:
        if t[c] > 0:
            scores[c] = ranked_score(metric, i[c], t[c], a, n)


@lean
def _count_hits(atoms: Atoms, active: NDArray[np.int32], active_counts: Ints, i: Ints) -> None:
    """Add up in ``i`` the positions that every concept shares with the unit."""
    for k in range(len(active)):
        for at in range(atoms.indptr[active[k]], atoms.indptr[active[k] + 1]):
            i[atoms.indices[at]] += active_counts[k]


@inlined
def atoms_of(atoms: Atoms, concept: Int) -> NDArray[np.int32]:
    """The atoms of a concept."""
    start, stop = atoms.concept_indptr[concept], atoms.concept_indptr[concept + 1]
    return atoms.concept_atoms[start:stop]


@lean
def apply(mask: Mask, operator: Int, atoms: NDArray[np.int32], out: Mask) -> None:
    """Write the atoms of ``L operator C`` to ``out``; ``atoms`` are those of ``C``."""
    if operator == AND:
        clear(out)
        for atom in atoms:
            out[atom] = mask[atom]
    else:
        copy(mask, out)
        for atom in atoms:
            out[atom] = operator == OR


@lean
def clear(out: NDArray[Any]) -> None:
    """Set all values of an array of one axis to 0: far less to compile than ``out[:] = 0``."""
    for k in range(len(out)):
        out[k] = 0


@lean
def copy(values: NDArray[Any], out: NDArray[Any]) -> None:
    """Copy an array of one axis: far less to compile than ``out[:] = values``."""
    for k in range(len(values)):
        out[k] = values[k]


@lean
def same_mask(first: Mask, second: Mask) -> Bool:
    """Whether two formulas are the same set of atoms; masks are uint8."""
    # no way out on the way, so that the compiler can vectorise it: over ten times as fast
    differ = np.uint8(0)
    for k in range(len(first)):
        differ |= first[k] ^ second[k]
    return differ == 0
