"""In which samples a formula holds, and on how many positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.positions import AtomMap
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import known_positions
from andornot.formula import Formula


@dataclass(frozen=True, eq=False)
class Presence:
    """Counts of positions, sample by sample.

    Attributes:
        table: a concept table that knows its positions.
    """

    table: ConceptTable

    @property
    def positions(self) -> AtomMap:
        """Which atom each position carries."""
        return known_positions(self.table)

    def counts(self, formula: Formula | str) -> NDArray[np.int64]:
        """Positions of each sample on which the formula holds, (n_samples,)."""
        return self.positions.areas(self.table.mask(formula))

    def mask(self, sample: int, formula: Formula | str) -> NDArray[np.bool_]:
        """The positions of one sample on which the formula holds, (height, width)."""
        mask: NDArray[np.bool_] = self.table.mask(formula)[self.positions.sample(sample)]
        return mask
