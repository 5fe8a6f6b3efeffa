"""How the units of a layer go together with the classes of the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andornot.views.unit import MAX_WEIGHTS, ClassWeight

FED: Final = 3
"""A unit feeds at most so many classes: those with its largest positive weights."""


@dataclass(frozen=True, eq=False)
class ClassLinks:
    """How units go together with classes.

    Attributes:
        names: of the classes.
        values: ``(n_classes, n_units)``; NaN where unknown.
        are_weights: whether these are connection weights; else correlations with the prediction.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    are_weights: bool

    def of_unit(self, unit: int) -> tuple[tuple[int, ClassWeight], ...]:
        """The classes with the largest values, for or against, from the most for."""
        own = np.nan_to_num(self.values[:, unit])
        largest = float(np.abs(own).max(initial=0)) or 1.0
        shown = np.argsort(-own, kind="stable")
        most = np.argsort(-np.abs(own), kind="stable")[:MAX_WEIGHTS]
        shown = shown[np.isin(shown, most)]
        return tuple(
            (int(c), ClassWeight(self.names[c], float(own[c]), float(own[c]) / largest))
            for c in shown
        )

    def fed(self, unit: int) -> list[int]:
        """The classes that a unit feeds (see :data:`FED`), most first."""
        own = np.nan_to_num(self.values[:, unit])
        return [int(c) for c in np.argsort(-own, kind="stable")[:FED] if own[c] > 0]
