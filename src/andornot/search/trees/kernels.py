"""The inner loops of the search over trees; ``search`` says what they are for.

Notation, as in ``bounds``: atom ``a`` has the weight ``k_a - slope * (n_a - k_a)``, in whole units
of ``1 / SCALE``; ``W`` of a set of atoms adds up the weights, and its *gain* only those above 0. So
``W`` is at most the gain, for the set and for each part of it.

Hits and misses are counts and exact, weights and gains are sums of whole numbers and exact as well;
``reach`` and what ``_reach`` gives are upper bounds on ``W``, ``level`` is a lower one: it lies
below ``W`` of every formula that scores more than the best one so far. A formula is scored from its
counts, so a loose bound costs time and changes no score.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import Bool, Int, jit
from andornot.search.bounds import SCALE, level_of, slope_of
from andornot.search.kernels import atoms_of, ranked_score
from andornot.search.problem import Atoms, Ints, Problem
from andornot.search.trees.families import Kinds

Flags: TypeAlias = NDArray[np.bool_]

_NOTHING = -(2**62)
"""Below every level."""


class TreeUnit(NamedTuple):
    """What the unit does on atoms and on single concepts, and how it is scored; see ``unit_of``.

    No kernel writes here.
    """

    hits: Ints  # (n_atoms,) count: active positions
    misses: Ints  # (n_atoms,) count: the others
    gain: Ints  # (n_atoms,) their weights, where above 0
    i: Ints  # (n_concepts,) count: active positions of each concept
    e: Ints  # (n_concepts,) count: the others
    gains: Ints  # (n_concepts,) its gain
    all_gain: int  # the gain of all atoms
    most: int  # the largest gain of a candidate
    slope: int  # what a miss weighs, in units of 1 / SCALE; at least 1
    metric: int  # a value of ``measures.scores.METRICS``
    a: int  # count: active positions of the unit
    n: int  # count: all positions
    factor: float  # what scores are multiplied by for the length of the formula


class TreeScratch(NamedTuple):
    """Room that the kernels use again and again; beside each array stands who writes it.

    The arrays that are *clean* are all 0 or False between calls of their owner, who clears what it
    wrote; the others are written over before they are read.
    """

    in_a: Flags  # (n_atoms,) the atoms of A; ``search_first``, clean
    in_b: Flags  # (n_atoms,) the atoms of B; ``_list_atoms``, clean
    marked: Flags  # (n_atoms,) the atoms of the region, or all others; ``_list_atoms`` writes and
    # ``_search_region`` clears it
    listed: Ints  # (n_atoms,) the marked atoms as a list; ``_list_atoms``
    with_a: Ints  # (2, n_concepts) count: hits and misses shared with A; ``search_first``
    gain_a: Ints  # (n_concepts,) gain shared with A; ``search_first``
    shared: Ints  # (2, n_concepts) count: hits and misses shared with the region; ``_share`` writes
    # and ``_search_region`` clears it
    gain: Ints  # (n_concepts,) gain shared with the region; likewise
    with_x: Ints  # (2, n_concepts) count: hits and misses shared with the region and x;
    # ``_share_with``
    lost: (
        Ints  # (1,) upper bound: what another concept takes from W(A), the gain less the W of what
    )
    # both share; ``search_first``
    touched: Ints  # (n_concepts,) candidates that share something with the region; ``_share``
    usable: Flags  # (n_concepts,) whether a concept is a candidate; ``room``, once


class BestTrees(NamedTuple):
    """The best formula so far, and what is left of the budget."""

    score: NDArray[np.float64]  # (1,) ``_offer``
    level: (
        Ints  # (1,) lower bound: W of every formula that scores more is above this; ``set_level``
    )
    found: Ints  # (7,) family (-1 for none), A, B, x, y, hits, misses; ``_offer``
    nodes: Ints  # (1,) passes over atoms that are left; ``_search_region`` and ``_with_first``


class Region(NamedTuple):
    """Base and region of a family for one A and B, in counts."""

    base_i: Int  # count: hits of the base
    base_e: Int  # count: its misses
    i: Int  # count: hits of the region
    e: Int  # count: its misses
    gain: Int  # the gain of the region
    reach: Int  # upper bound: W of every formula of this kind with these A and B is at most this
    outside: Bool  # whether the region has the positions where neither A nor B holds


def unit_of(
    problem: Problem, pool: NDArray[np.int64], metric: int, factor: float, score: float
) -> TreeUnit:
    """The unit's counts, with weights on the line below all that score more than ``score``."""
    atoms, a, n = problem.atoms, problem.total, problem.atoms.n_positions
    slope = int(slope_of(metric, score, factor, a, n))
    hits = np.zeros(len(atoms.counts), np.int64)
    hits[problem.active] = problem.active_counts
    misses = atoms.counts - hits
    gain = np.maximum(SCALE * hits - slope * misses, 0)
    i, gains = _over_active(atoms, problem.active, hits, gain)
    return TreeUnit(
        hits, misses, gain, i, atoms.concept_counts - i, gains, int(gain.sum()),
        int(gains[pool].max()), slope, metric, a, n, factor,
    )  # fmt: skip


@jit
def _over_active(
    atoms: Atoms, active: NDArray[np.int32], hits: Ints, gain: Ints
) -> tuple[Ints, Ints]:
    """Hits and gain of every concept; both are 0 where the unit is not active."""
    i = np.zeros(len(atoms.concept_counts), np.int64)
    gains = np.zeros_like(i)
    for atom in active:
        for at in range(atoms.indptr[atom], atoms.indptr[atom + 1]):
            i[atoms.indices[at]] += hits[atom]
            gains[atoms.indices[at]] += gain[atom]
    return i, gains


def room(problem: Problem, pool: NDArray[np.int64]) -> TreeScratch:
    """Room for the kernels."""
    n_atoms, n_concepts = len(problem.atoms.counts), len(problem.atoms.concept_counts)
    usable = np.zeros(n_concepts, np.bool_)
    usable[pool] = True
    return TreeScratch(
        in_a=np.zeros(n_atoms, np.bool_),
        in_b=np.zeros(n_atoms, np.bool_),
        marked=np.zeros(n_atoms, np.bool_),
        listed=np.zeros(n_atoms, np.int64),
        with_a=np.zeros((2, n_concepts), np.int64),
        gain_a=np.zeros(n_concepts, np.int64),
        shared=np.zeros((2, n_concepts), np.int64),
        gain=np.zeros(n_concepts, np.int64),
        with_x=np.zeros((2, n_concepts), np.int64),
        lost=np.zeros(1, np.int64),
        touched=np.zeros(n_concepts, np.int64),
        usable=usable,
    )


@jit
def set_level(unit: TreeUnit, best: BestTrees) -> None:
    """Move the line up to the best score; its slope stays, as the weights do."""
    best.level[0] = level_of(
        unit.metric, best.score[0], unit.factor, True, unit.slope, unit.a, unit.n
    )


@jit
def search_first(
    atoms: Atoms,
    unit: TreeUnit,
    kinds: Kinds,
    pool: Ints,
    first: int,
    work: TreeScratch,
    best: BestTrees,
) -> None:
    """Offer every formula of all kinds whose A is ``pool[first]``.

    Args:
        atoms: the concept table.
        unit: the unit.
        kinds: the families, by base and region.
        pool: the candidates.
        first: place of A among them.
        work: room.
        best: the best formula so far; changed in place.
    """
    a = pool[first]
    work.with_a[:] = 0
    work.gain_a[:] = 0
    for atom in atoms_of(atoms, a):
        work.in_a[atom] = True
        for at in range(atoms.indptr[atom], atoms.indptr[atom + 1]):
            c = atoms.indices[at]
            work.with_a[0, c] += unit.hits[atom]
            work.with_a[1, c] += unit.misses[atom]
            work.gain_a[c] += unit.gain[atom]
    work.lost[0] = 0
    for c in pool:
        # with A for x the formula has fewer concepts, and is known by now
        if c != a:
            taken = work.gain_a[c] - _weight(unit, work.with_a[0, c], work.with_a[1, c])
            work.lost[0] = max(work.lost[0], taken)
    for kind in range(len(kinds.single)):
        start = 0
        if kinds.single[kind]:
            start = first
        elif kinds.symmetric[kind]:
            start = first + 1
        for second in range(start, len(pool)):
            b = pool[second]
            # A stands for the absent B; in all other families B is another concept
            if (b == a) == kinds.single[kind] and best.nodes[0] > 0:
                region = _region(unit, kinds, kind, a, b, work)
                if region.reach > best.level[0]:
                    _search_region(atoms, unit, kinds, kind, a, b, region, work, best)
            if kinds.single[kind]:
                break
    for atom in atoms_of(atoms, a):
        work.in_a[atom] = False


@jit
def _region(unit: TreeUnit, kinds: Kinds, kind: int, a: int, b: int, work: TreeScratch) -> Region:
    """Counts of base and region; a reach below every level where nothing new can be there."""
    i_ab, e_ab, g_ab = work.with_a[0, b], work.with_a[1, b], work.gain_a[b]
    base_i, base_e, base_gain, i, e, gain = 0, 0, 0, 0, 0, 0
    for cell in range(4):
        c_i, c_e, c_g = i_ab, e_ab, g_ab
        if cell == 1:
            c_i, c_e, c_g = unit.i[a] - i_ab, unit.e[a] - e_ab, unit.gains[a] - g_ab
        elif cell == 2:
            c_i, c_e, c_g = unit.i[b] - i_ab, unit.e[b] - e_ab, unit.gains[b] - g_ab
        elif cell == 3:
            c_i = unit.a - unit.i[a] - unit.i[b] + i_ab
            c_e = unit.n - unit.a - unit.e[a] - unit.e[b] + e_ab
            c_g = unit.all_gain - unit.gains[a] - unit.gains[b] + g_ab
        if kinds.base[kind, cell]:
            base_i, base_e, base_gain = base_i + c_i, base_e + c_e, base_gain + c_g
        elif kinds.region[kind, cell]:
            i, e, gain = i + c_i, e + c_e, gain + c_g
    outside = kinds.region[kind, 3]
    reach = _weight(unit, base_i, base_e) + gain
    if outside:
        # x AND y gains no more than x, nor, as A and B are the better half, than the base
        reach += min(unit.most, base_gain, gain) - gain
    if kinds.cuts[kind] > 0:
        most = _weight(unit, base_i + i, base_e + e) + kinds.cuts[kind] * work.lost[0]
        reach = min(reach, most)
    # nothing is left to x and y, or B changes nothing: a shorter formula is the same
    if i + e == 0 or (kinds.overlap[kind] and not kinds.single[kind] and i_ab + e_ab == 0):
        reach = _NOTHING
    return Region(base_i, base_e, i, e, gain, reach, outside)


@jit
def _search_region(
    atoms: Atoms, unit: TreeUnit, kinds: Kinds, kind: int, a: int, b: int, region: Region,
    work: TreeScratch, best: BestTrees,
) -> None:  # fmt: skip
    """Offer every form of one kind with these A and B."""
    best.nodes[0] -= 1
    n_listed = _list_atoms(atoms, kinds.region[kind], region.outside, a, b, work)
    n_touched = _share(atoms, unit, n_listed, region.outside, work)
    for k in range(n_touched):
        if best.nodes[0] > 0:
            _with_first(atoms, unit, kinds.family[kind], a, b, region, k, n_touched, work, best)
    for k in range(n_listed):
        work.marked[work.listed[k]] = False
    for k in range(n_touched):
        work.shared[:, work.touched[k]] = 0
        work.gain[work.touched[k]] = 0


@jit
def _list_atoms(
    atoms: Atoms, cells: Flags, outside: Bool, a: int, b: int, work: TreeScratch
) -> int:
    """Mark and list the atoms of A and B that are in the region; if it has others, the rest.

    Returns:
        How many are listed.
    """
    n_listed = 0
    for atom in atoms_of(atoms, b):
        work.in_b[atom] = True
        if not work.in_a[atom] and cells[2] != outside:
            work.listed[n_listed] = atom
            n_listed += 1
    for atom in atoms_of(atoms, a):
        if cells[0 if work.in_b[atom] else 1] != outside:
            work.listed[n_listed] = atom
            n_listed += 1
    for atom in atoms_of(atoms, b):
        work.in_b[atom] = False
    for k in range(n_listed):
        work.marked[work.listed[k]] = True
    return n_listed


@jit
def _share(atoms: Atoms, unit: TreeUnit, n_listed: int, outside: Bool, work: TreeScratch) -> int:
    """Count what each candidate shares with the region; return how many share something."""
    n_touched, sign = 0, 1
    if outside:
        # all that each concept has, less what lies outside the region
        sign = -1
        for c in range(len(work.usable)):
            if work.usable[c]:
                work.shared[0, c], work.shared[1, c] = unit.i[c], unit.e[c]
                work.gain[c] = unit.gains[c]
                work.touched[n_touched] = c
                n_touched += 1
    for k in range(n_listed):
        atom = work.listed[k]
        for at in range(atoms.indptr[atom], atoms.indptr[atom + 1]):
            c = atoms.indices[at]
            if not work.usable[c]:
                continue
            if not outside and work.shared[0, c] + work.shared[1, c] == 0:
                work.touched[n_touched] = c
                n_touched += 1
            work.shared[0, c] += sign * unit.hits[atom]
            work.shared[1, c] += sign * unit.misses[atom]
            work.gain[c] += sign * unit.gain[atom]
    return n_touched


@jit
def _with_first(
    atoms: Atoms, unit: TreeUnit, family: Ints, a: int, b: int, region: Region, k: int,
    n_touched: int, work: TreeScratch, best: BestTrees,
) -> None:  # fmt: skip
    """Offer every form with x the touched concept ``k``; count only what can be above the level."""
    x = work.touched[k]
    base = _weight(unit, region.base_i, region.base_e)
    counted = False
    for form in range(len(family)):
        if family[form] < 0:
            continue
        by_or, not_x, not_y = form & 4 > 0, form & 2 > 0, form & 1 > 0
        w_x, g_x = _literal(unit, region, x, not_x, work)
        alone = w_x + region.gain - g_x if by_or else g_x
        if base + alone <= best.level[0]:
            continue
        # x and y may change places where both or neither are negated
        for other in range(k + 1 if not_x == not_y else 0, n_touched):
            y = work.touched[other]
            w_y, g_y = _literal(unit, region, y, not_y, work)
            if other == k or base + _reach(by_or, w_x, g_x, w_y, g_y, region.gain) <= best.level[0]:
                continue
            if not counted:
                _share_with(atoms, unit, x, region.outside, work)
                best.nodes[0] -= 1
                counted = True
            i, e = _count(form, region, work.shared, work.with_x, x, y)
            _offer(unit, best, family[form], a, b, x, y, i, e)


@jit
def _weight(unit: TreeUnit, i: Int, e: Int) -> Int:
    """``W`` of hits and misses."""
    return SCALE * i - unit.slope * e


@jit
def _literal(
    unit: TreeUnit, region: Region, c: int, negated: bool, work: TreeScratch
) -> tuple[Int, Int]:
    """``W`` and gain of a concept, or of its negation, in the region."""
    i, e, gain = work.shared[0, c], work.shared[1, c], work.gain[c]
    if negated:
        i, e, gain = region.i - i, region.e - e, region.gain - gain
    return _weight(unit, i, e), gain


@jit
def _reach(by_or: bool, w_x: Int, g_x: Int, w_y: Int, g_y: Int, gain: Int) -> Int:
    """No ``W`` of ``x OR y`` or ``x AND y`` exceeds this in a region with such a gain."""
    if not by_or:
        return min(g_x, g_y)
    both = min(g_x - w_x, g_y - w_y)  # what x AND y can take away at most
    return min(w_x + w_y + both, w_x + gain - g_x, w_y + gain - g_y)


@jit
def _share_with(atoms: Atoms, unit: TreeUnit, x: int, outside: Bool, work: TreeScratch) -> None:
    """Count what each concept shares with the region and ``x``."""
    work.with_x[:] = 0
    for atom in atoms_of(atoms, x):
        if work.marked[atom] != outside:
            for at in range(atoms.indptr[atom], atoms.indptr[atom + 1]):
                c = atoms.indices[at]
                work.with_x[0, c] += unit.hits[atom]
                work.with_x[1, c] += unit.misses[atom]


@jit
def _count(
    form: int, region: Region, shared: Ints, with_x: Ints, x: int, y: int
) -> tuple[int, int]:
    """Hits and misses of a formula, by inclusion and exclusion in the region."""
    by_or, not_x, not_y = form & 4 > 0, form & 2 > 0, form & 1 > 0
    found = np.zeros(2, np.int64)
    for row in range(2):
        whole = region.i if row == 0 else region.e
        in_x, in_y, both = shared[row, x], shared[row, y], with_x[row, y]
        if not_x:
            in_x, both = whole - in_x, in_y - both
        if not_y:
            in_y, both = whole - in_y, in_x - both
        base = region.base_i if row == 0 else region.base_e
        found[row] = base + (in_x + in_y - both if by_or else both)
    return found[0], found[1]


@jit
def _offer(
    unit: TreeUnit, best: BestTrees, family: int, a: int, b: int, x: int, y: int, i: int, e: int
) -> None:
    """Keep a formula that scores more than the best one."""
    if i + e == 0:
        return
    score = ranked_score(unit.metric, i, i + e, unit.a, unit.n) * unit.factor
    if score > best.score[0]:
        best.score[0] = score
        best.found[0], best.found[1], best.found[2] = family, a, b
        best.found[3], best.found[4], best.found[5], best.found[6] = x, y, i, e
        set_level(unit, best)
