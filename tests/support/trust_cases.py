"""Small worlds for the tests of trust: masks of concepts and of units, sample by sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from andornot.concepts.table import ConceptTable


@dataclass(frozen=True)
class World:
    """Concepts and units over some samples, as boolean masks ``(n, n_samples, side, side)``."""

    concepts: np.ndarray
    units: np.ndarray
    folds: np.ndarray

    @property
    def names(self) -> list[str]:
        return [f"c{i}" for i in range(len(self.concepts))]

    @property
    def table(self) -> ConceptTable:
        return ConceptTable.from_masks(self.concepts, self.names, folds=self.folds)

    def part(self, samples) -> ConceptTable:
        """The table of some samples only."""
        return ConceptTable.from_masks(self.concepts[:, samples], self.names)


def blobs(rng, n, n_samples, side, share):
    """Smooth masks: in each sample a rectangle or nothing."""
    masks = np.zeros((n, n_samples, side, side), bool)
    for i in range(n):
        for s in range(n_samples):
            if rng.random() < share:
                y, x = rng.integers(0, side - 1, 2)
                h, w = rng.integers(1, side, 2)
                masks[i, s, y : y + h, x : x + w] = True
    return masks


def noise_world(seed, n_units=4, n_samples=12, side=4, n_concepts=5, n_folds=3) -> World:
    """Units that have nothing to do with the concepts."""
    rng = np.random.default_rng(seed)
    concepts = blobs(rng, n_concepts, n_samples, side, 0.6)
    units = blobs(rng, n_units, n_samples, side, 0.5)
    return World(concepts, units, np.arange(n_samples) % n_folds)


def planted_world(seed, n_samples=60) -> World:
    """Units that are a formula of concepts, but for a few flipped positions."""
    rng = np.random.default_rng(seed)
    concepts = blobs(rng, 8, n_samples, 8, 0.4)
    a, b, c, d, e = concepts[:5]
    units = np.array([a, a | b, (a | b) & ~c, d & ~e])
    units = units ^ (rng.random(units.shape) < 0.005)
    return World(concepts, units, np.arange(n_samples) % 5)
