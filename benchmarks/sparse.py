"""Sparse autoencoders as the bench draws them: very many units, most of which fire almost nowhere.

A position (a token, say) carries about ten of thousands of concepts: those of a topic, and some
of its own. A latent follows a formula of one to three concepts and fires on a share of the
positions where it holds, and on a few others; some follow nothing, and some never fire.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from andornot.concepts.table import ConceptTable
from benchmarks.synthetic import zipf

PER_POSITION = 10
"""Concepts of a position, on average."""

_TOPICS = 500
_TOPIC_SIZE = 40
_DEAD, _NOISE = 0.2, 0.1
"""Shares of latents that never fire, and of those that follow no formula."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Corpus:
    """Positions with their concepts.

    Attributes:
        holds: bool, sparse, ``(n_positions, n_concepts)``.
        by_concept: the same by concept: positions, ascending, for each of them.
        seed: of everything.
    """

    holds: scipy.sparse.csr_array
    by_concept: tuple[Ints, ...]
    seed: int

    @classmethod
    def of_size(cls, n_positions: int, n_concepts: int, seed: int) -> Corpus:
        """So many positions; concepts are as frequent as Zipf's law says."""
        rng = np.random.default_rng(seed)
        topics = zipf(rng, n_concepts, (_TOPICS, _TOPIC_SIZE), exponent=0.7)
        n_drawn = rng.poisson(PER_POSITION, n_positions)
        rows = np.repeat(np.arange(n_positions), n_drawn)
        topic = zipf(rng, _TOPICS, n_positions, exponent=0.7)[rows]
        familiar = topics[topic, zipf(rng, _TOPIC_SIZE, len(rows), exponent=0.5)]
        own = zipf(rng, n_concepts, len(rows), exponent=0.9)
        columns = np.where(rng.random(len(rows)) < 0.5, familiar, own)
        holds = scipy.sparse.csr_array(
            (np.ones(len(rows), np.bool_), (rows, columns)), shape=(n_positions, n_concepts)
        )
        holds.sum_duplicates()
        by_concept = holds.tocsc()
        ends = by_concept.indptr
        positions = tuple(
            np.sort(by_concept.indices[ends[c] : ends[c + 1]]).astype(np.int64)
            for c in range(n_concepts)
        )
        return cls(holds, positions, seed)

    def table(self) -> ConceptTable:
        """The concept table."""
        return ConceptTable.from_sparse(
            self.holds, [f"concept {c}" for c in range(len(self.by_concept))]
        )

    def latents(self, first: int, last: int) -> scipy.sparse.csr_array:
        """Latents ``first`` to ``last`` (not included) as ``(latents, positions)``, sparse.

        A latent hangs on the seed and its number alone.
        """
        where = [self._latent(number) for number in range(first, last)]
        indptr = np.concatenate([[0], np.cumsum([len(w) for w in where])])
        columns = np.concatenate([*where, np.zeros(0, np.int64)])
        values = np.ones(len(columns), np.float32)
        return scipy.sparse.csr_array(
            (values, columns, indptr), shape=(last - first, self.holds.shape[0])
        )

    def _latent(self, number: int) -> Ints:
        """Positions where one latent fires, ascending."""
        rng = np.random.default_rng((self.seed, number))
        kind, n_positions = rng.random(), self.holds.shape[0]
        if kind < _DEAD:
            return np.zeros(0, np.int64)
        n_noise = 1 + int(rng.pareto(1.0))
        if kind < _DEAD + _NOISE:
            return np.unique(rng.integers(0, n_positions, min(5 * n_noise, n_positions // 50)))
        found = self._formula(rng)
        kept = found[rng.random(len(found)) < rng.uniform(0.1, 1.0)]
        n_noise = min(n_noise, len(kept) + 1)
        return np.union1d(kept, rng.integers(0, n_positions, n_noise))

    def _formula(self, rng: np.random.Generator) -> Ints:
        """Positions of a formula of one to three concepts that co-occur, AND more often than OR."""
        first = self.by_concept[int(rng.integers(len(self.by_concept)))]
        for _ in range(int(rng.integers(0, 3))):
            if not len(first):
                break
            # a concept of some position where the formula holds, so that AND is seldom empty
            own = self.holds.indptr[(at := int(rng.choice(first))) : at + 2]
            other = self.by_concept[int(rng.choice(self.holds.indices[own[0] : own[1]]))]
            way = rng.random()
            if way < 0.5:
                first = np.intersect1d(first, other, assume_unique=True)
            elif way < 0.7:
                first = np.setdiff1d(first, other, assume_unique=True)
            else:
                first = np.union1d(first, self.by_concept[int(rng.integers(len(self.by_concept)))])
        return first
