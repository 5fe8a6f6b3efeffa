"""Random small problems for hypothesis, as sets of positions and as the program's own objects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from andornot.concepts.positions import AtomMap, grid_shape, offsets_of
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.explainer import kernel_atoms
from andornot.search.problem import Problem

MANY = settings(max_examples=5 * settings.default.max_examples)
"""For properties that are quick to check and easy to break."""


@dataclass(frozen=True)
class Case:
    """A unit and some concepts over ``n`` positions."""

    n: int
    concepts: tuple[frozenset[int], ...]
    unit: frozenset[int]

    @property
    def names(self) -> list[str]:
        return [f"c{c}" for c in range(len(self.concepts))]

    @property
    def masks(self) -> np.ndarray:
        return np.array([as_mask(c, self.n) for c in self.concepts])

    @property
    def unit_mask(self) -> np.ndarray:
        return as_mask(self.unit, self.n)

    @cached_property
    def table(self) -> ConceptTable:
        return ConceptTable.from_masks(self.masks, self.names)

    @cached_property
    def responses(self) -> Responses:
        return Responses.from_masks(self.unit_mask[None], self.table)

    def problem(self, candidates: list[int] | None = None) -> Problem:
        chosen = range(len(self.concepts)) if candidates is None else candidates
        pool = np.array(sorted(chosen), np.int64)
        return Problem(kernel_atoms(self.table), *self.responses.unit(0), pool)


def as_mask(positions: frozenset[int] | set[int], n: int) -> np.ndarray:
    mask = np.zeros(n, np.bool_)
    mask[list(positions)] = True
    return mask


@st.composite
def cases(draw, max_concepts: int = 5, max_positions: int = 12) -> Case:
    n = draw(st.integers(1, max_positions))
    subsets = st.frozensets(st.integers(0, n - 1))
    concepts = draw(st.lists(subsets, min_size=1, max_size=max_concepts))
    return Case(n, tuple(concepts), draw(subsets))


@dataclass(frozen=True)
class Labelled:
    """Label maps of some samples, and the concepts that each position carries."""

    maps: list[np.ndarray]  # (n_layers, height, width) each
    names: list[str]
    whole: list[list[int]]  # labels of whole samples
    folds: list[int]

    @property
    def table(self) -> ConceptTable:
        return ConceptTable.from_label_maps(
            self.maps, self.names, sample_concepts=self.whole, folds=self.folds
        )

    @property
    def carried(self) -> list[list[frozenset[str]]]:
        """For each sample and position, row by row, the names of its concepts."""
        return [
            [
                frozenset(self.names[label - 1] for label in [*own, *labels] if label)
                for labels in layers.reshape(len(layers), -1).T.tolist()
            ]
            for layers, own in zip(self.maps, self.whole, strict=True)
        ]


@st.composite
def labelled(
    draw,
    max_samples: int = 4,
    same_shape: bool = False,
    prefix: str = "c",
    max_side: int = 4,
) -> Labelled:
    m = draw(st.integers(1, 6))
    n_samples = draw(st.integers(1, max_samples))
    shapes = st.tuples(st.integers(1, 3), st.integers(1, max_side), st.integers(1, max_side))
    one_shape = draw(shapes)
    maps = []
    for _ in range(n_samples):
        layers, height, width = one_shape if same_shape else draw(shapes)
        labels = st.lists(
            st.integers(0, m), min_size=layers * height * width, max_size=layers * height * width
        )
        maps.append(np.array(draw(labels), np.int64).reshape(layers, height, width))
    whole = st.lists(st.integers(1, m), max_size=2)
    return Labelled(
        maps=maps,
        names=[f"{prefix}{c}" for c in range(m)],
        whole=draw(st.lists(whole, min_size=n_samples, max_size=n_samples)),
        folds=draw(st.lists(st.integers(0, 2), min_size=n_samples, max_size=n_samples)),
    )


def positions_of(atoms, folds=None) -> AtomMap:
    """From the atom of each position, one array of up to two axes for each sample."""
    pairs = [np.unique(np.ravel(a), return_inverse=True) for a in atoms]
    nothing = np.zeros(0, np.int64)
    return AtomMap(
        shapes=np.array([grid_shape(np.shape(a)) for a in atoms], np.int64).reshape(-1, 2),
        atom_offsets=offsets_of([len(local) for local, _ in pairs]),
        atoms=np.concatenate([nothing, *(local for local, _ in pairs)]).astype(np.int32),
        codes=np.concatenate([nothing, *(codes for _, codes in pairs)]).astype(np.uint16),
        folds=np.zeros(len(atoms), np.int32) if folds is None else folds.astype(np.int32),
    )
