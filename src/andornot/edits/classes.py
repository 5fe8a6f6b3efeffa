"""The classes of a run's samples, and of its network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from andornot.data.classes import match_classes, told_apart
from andornot.errors import OptionError
from andornot.runs.run import Run

UNKNOWN, ANOTHER = -1, -2
"""Instead of a class: a sample has no label, or one that is none of the model's classes."""


def classes_of(labels: Iterable[str], names: Sequence[str]) -> NDArray[np.int64]:
    """The class that each sample's label means, int64 (n,).

    ``UNKNOWN`` where there is no label, ``ANOTHER`` where it is none of the model's classes.
    """
    given = list(labels)
    labelled = np.array([bool(label) for label in given])
    found = match_classes(given, names)
    return np.where((found < 0) & labelled, ANOTHER, found)


def class_names(run: Run) -> tuple[str, ...]:
    """Names of the classes of a run's model, all different, in the order of its logits.

    Raises:
        OptionError: the model gives no class scores, or its classes have no names.
    """
    names = run.class_names
    if run.logits is None or names is None or len(names) != run.logits.shape[1]:
        raise OptionError(
            f"the model of {run.path} gives no named classes, so nothing can be said of what an "
            "edit changes; use a run on a classifier whose class names are known"
        )
    return told_apart(names)
