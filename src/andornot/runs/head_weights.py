"""The weights from units to classes, by the name of the class: the ``weight_`` columns of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from andornot.data.classes import told_apart

MAX_WEIGHTS = 20
"""Most classes for which the table of units has a column each, with the unit's weight to it."""


def unit_weights(
    head: NDArray[np.float32] | None, class_names: Sequence[str] | None
) -> dict[str, NDArray[np.float32]]:
    """For each class the weight of each unit to it; empty where unknown, or classes are many."""
    if head is None or class_names is None:
        return {}
    if len(class_names) != len(head) or len(head) > MAX_WEIGHTS:
        return {}
    return dict(zip(told_apart(class_names), head, strict=True))
