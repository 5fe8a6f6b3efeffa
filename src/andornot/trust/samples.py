"""Samples counted again, where each counts once: what a unit does in it is counted as ever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.table import ConceptTable
from andornot.counting.active import UnitPositions
from andornot.trust.recount import MaskRecount, StoredRecount


@dataclass(frozen=True, eq=False)
class SampleRecount(MaskRecount):
    """The samples in which units are active anywhere; a ``Recount`` of the table of samples.

    Attributes:
        masks: bool ``(n_units, n_samples)``.
        stored: their activations, and where in samples units are active.
    """

    stored: StoredRecount = field(kw_only=True)

    @classmethod
    def of(
        cls, table: ConceptTable, areas: NDArray[np.integer], stored: StoredRecount
    ) -> SampleRecount:
        """Of the table of samples, and the areas of all units, ``(n_samples, n_units)``."""
        masks = (areas[:, list(stored.units)] > 0).T
        return cls(table, masks, stored.jobs, stored=stored)

    def listed(self) -> Iterator[tuple[range, list[UnitPositions]]]:
        """Found in the lists of active positions, with the thresholds of all folds."""
        for some, units in self.stored.listed():
            yield some, [unit.by_sample() for unit in units]
