"""Samples counted again, where each counts once: what a unit does in it is counted as ever."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
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
        return cls(table, _active(areas, stored), stored.jobs, stored=stored)

    def held_out(self, fold: int) -> Responses:
        """Found from activations once more, unless the threshold is a fixed number."""
        counted = self.stored.counted_without(fold)
        if counted is None:
            return self.responses
        return Responses.from_masks(_active(counted.areas, self.stored), self.table, self.jobs)


def _active(areas: NDArray[np.integer], stored: StoredRecount) -> NDArray[np.bool_]:
    """In which samples the units that are examined are active, ``(n_units, n_samples)``."""
    return (areas[:, list(stored.units)] > 0).T
