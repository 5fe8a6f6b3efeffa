"""Beam search for the formula that correlates best with a unit's raw activations.

Let ``g_a`` be the sum over atom ``a`` of the activations less their mean. A formula ``F`` of ``t``
positions has the covariance ``G = sum of g_a`` over its atoms, and with ``s`` for the activations'
standard deviation its Pearson correlation is ``G / (s * sqrt(t * (n - t)))``. For a further
concept ``C`` only ``G`` and ``t`` of ``L AND C`` are new, as with counts (see ``kernels``); here a
sparse product yields them for all ``C`` and the whole beam at once. Nothing is pruned: each step
weighs every concept with every operator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from andornot.search.options import SearchOptions
from andornot.search.problem import AND, AND_NOT, OR, Atoms, Found, Problem, Solution

Floats = NDArray[np.float64]

_TIE = 1e-9
"""Correlations closer than this are equal: what is left of them is rounding."""


@dataclass(frozen=True, eq=False)
class Target:
    """What a formula shall correlate with.

    Attributes:
        gains: float64 ``(n_atoms,)``, sum of the unit's activations over the positions of each
            atom, less their mean; a constant unit has 0 everywhere.
        spread: sum of the squared deviations from the mean, over all positions.
    """

    gains: Floats
    spread: float

    @classmethod
    def of(cls, by_atom: Floats, squares: float, sizes: NDArray[np.int64]) -> Target:
        """From the sums of a unit's activations (see ``measures.moments``)."""
        n, total = int(sizes.sum()), float(by_atom.sum())
        spread = squares - total * total / n
        if not spread > 1e-14 * squares:  # as in ``measures.scores.pearson``
            # a constant correlates with nothing; any spread but 0 says so
            return cls(np.zeros(len(sizes)), 1.0)
        return cls(by_atom - sizes * (total / n), spread)

    def correlation(self, gain: Floats, t: NDArray[np.int64], n: int) -> Floats:
        """Pearson correlation of masks with these gains and sizes; 0 for nothing and for all."""
        width = np.sqrt(np.maximum(t * (n - t) / n, 0.0) * self.spread)
        return np.divide(gain, width, out=np.zeros(np.shape(gain)), where=width > 0)


@dataclass(frozen=True, eq=False)
class Kept:
    """A formula in the beam: its terms, its atoms and what they add up to."""

    terms: tuple[int, ...]
    operators: tuple[int, ...]  # before each term; AND NOT before the first: NOT
    mask: NDArray[np.bool_]
    gain: float
    t: int
    score: float


def ceiling(target: Target, sizes: NDArray[np.int64]) -> float:
    """The best correlation of any union of atoms.

    For a given size the best union takes atoms in descending order of ``g_a / n_a``; between two
    such prefixes the square of the correlation is quasi-convex in the size, so a prefix is best.
    """
    order = np.argsort(-target.gains / sizes, kind="stable")
    gain, t = np.cumsum(target.gains[order]), np.cumsum(sizes[order])
    return float(target.correlation(gain, t, int(sizes.sum())).max(initial=0.0))


def membership(atoms: Atoms) -> scipy.sparse.csr_array:
    """Concepts by atoms, 1 where the concept holds; the same for all units."""
    ones = np.ones(len(atoms.concept_atoms))
    shape = (len(atoms.concept_counts), len(atoms.counts))
    return scipy.sparse.csr_array((ones, atoms.concept_atoms, atoms.concept_indptr), shape=shape)


def solve(
    problem: Problem, options: SearchOptions, target: Target, concepts: scipy.sparse.csr_array
) -> Solution:
    """Run the beam search for one unit; ``concepts`` is the :func:`membership` of its table."""
    search = _Search(problem, options, target, concepts)
    n_atoms, n = len(problem.atoms.counts), problem.atoms.n_positions
    nothing = Kept((), (), np.zeros(n_atoms, np.bool_), 0.0, 0, 0.0)
    everything = Kept((), (), np.ones(n_atoms, np.bool_), float(target.gains.sum()), n, 0.0)
    singles = search.weigh([nothing], problem.candidates, (OR,))
    beam = search.best([], singles)
    if options.negated_first:
        beam = search.best(beam, search.weigh([everything], problem.candidates, (AND_NOT,)))
    pool = problem.candidates
    if options.limit:
        order = _ranked(singles.scores.ravel())
        # up to _TIE a correlation is 0 but for rounding
        pool = pool[order[singles.scores.ravel()[order] > _TIE][: options.limit]]
    best = [_found(beam[0], problem) if beam else None]
    for _ in range(options.length - 1):
        if beam:
            # what begins with NOT comes last, and so stays behind others that score the same
            parents = sorted(beam, key=lambda kept: kept.operators[0] == AND_NOT)
            beam = search.best(beam, search.weigh(parents, pool, options.operator_numbers))
        best.append(_found(beam[0], problem) if beam else None)
    found = tuple(_found(kept, problem) for kept in beam)
    return Solution(beam=found, by_length=tuple(best), proven=options.length == 1)


def _ranked(scores: Floats) -> NDArray[np.int64]:
    """From the best score to the worst, equal ones in their order."""
    order: NDArray[np.int64] = np.argsort(-np.rint(scores / _TIE), kind="stable")
    return order


@dataclass(frozen=True, eq=False)
class _Grown:
    """Formulas of a beam composed with concepts: arrays ``(beam, pool, operators)``."""

    beam: list[Kept]
    pool: NDArray[np.int64]
    operators: tuple[int, ...]
    gains: Floats
    t: NDArray[np.int64]
    scores: Floats


@dataclass(frozen=True, eq=False)
class _Search:
    """One unit's problem, and the steps that solve it."""

    problem: Problem
    options: SearchOptions
    target: Target
    concepts: scipy.sparse.csr_array

    def weigh(
        self, beam: list[Kept], pool: NDArray[np.int64], operators: tuple[int, ...]
    ) -> _Grown:
        """Gain, size and score of every formula with every operator and concept."""
        sizes = self.problem.atoms.counts
        masks = np.array([kept.mask for kept in beam]).T
        weights = np.hstack([masks * self.target.gains[:, None], masks * sizes[:, None]])
        both = np.asarray(self.concepts @ weights)[pool].T.reshape(2, len(beam), len(pool))
        # sizes are exact as floats too, being far below 2**53
        g_lc, t_lc = both[0], np.rint(both[1]).astype(np.int64)
        g_c = np.asarray(self.concepts @ self.target.gains)[pool]
        t_c = self.problem.atoms.concept_counts[pool]
        g_l = np.array([kept.gain for kept in beam])[:, None]
        t_l = np.array([kept.t for kept in beam])[:, None]
        parts = [_combined(o, g_l, t_l, g_c, t_c, g_lc, t_lc) for o in operators]
        gains = np.stack([gain for gain, _ in parts], axis=2)
        t = np.stack([size for _, size in parts], axis=2)
        penalty = np.array([self.options.penalty ** len(kept.terms) for kept in beam])
        scores = self.target.correlation(gains, t, self.problem.atoms.n_positions)
        return _Grown(beam, pool, operators, gains, t, scores * penalty[:, None, None])

    def best(self, kept: list[Kept], grown: _Grown) -> list[Kept]:
        """The next beam: the best of what is kept and what was grown, equal masks once."""
        size, new = self.options.beam_size, list[Kept]()
        # candidates come by formula, concept and operator: so equal ones shall rank
        for at in _ranked(grown.scores.ravel()).tolist():
            if len(new) == size or not grown.scores.flat[at] > _TIE:
                break
            formula = self._formula(grown, at)
            if not any(k.t == formula.t and (k.mask == formula.mask).all() for k in (*kept, *new)):
                new.append(formula)
        # sorting is stable, so among equals what was kept stays before what is new
        return sorted([*kept, *new], key=lambda k: -round(k.score / _TIE))[:size]

    def _formula(self, grown: _Grown, at: int) -> Kept:
        b, c, o = (int(part) for part in np.unravel_index(at, grown.scores.shape))
        left, concept, operator = grown.beam[b], int(grown.pool[c]), grown.operators[o]
        atoms = self.problem.atoms
        own = np.zeros(len(left.mask), np.bool_)
        own[atoms.concept_atoms[slice(*atoms.concept_indptr[concept : concept + 2])]] = True
        both = left.mask & (own if operator == AND else ~own)
        return Kept(
            terms=(*left.terms, concept),
            operators=(*left.operators, operator),
            mask=left.mask | own if operator == OR else both,
            gain=float(grown.gains.flat[at]),
            t=int(grown.t.flat[at]),
            score=float(grown.scores.flat[at]),
        )


def _combined(
    operator: int,
    g_l: Floats,
    t_l: NDArray[np.int64],
    g_c: Floats,
    t_c: NDArray[np.int64],
    g_lc: Floats,
    t_lc: NDArray[np.int64],
) -> tuple[Floats, NDArray[np.int64]]:
    """Gain and size of ``L operator C`` from those of the two and of both together."""
    if operator == OR:
        return g_l + g_c - g_lc, t_l + t_c - t_lc
    if operator == AND:
        return g_lc, t_lc
    return g_l - g_lc, t_l - t_lc


def _found(kept: Kept, problem: Problem) -> Found:
    hits = problem.active_counts[kept.mask[problem.active]].sum()
    return Found.of_steps(kept.terms, kept.operators, int(hits), kept.t, kept.score)
