"""Which concepts belong to a class, so that bringing them in would be no discovery."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from andornot.data.classes import letters
from andornot.edits.classes import UNKNOWN
from andornot.formula import Formula

DEFINING = 0.9
"""A concept defines a class if so many of the class's samples have it, and so many of the samples
that have it are of that class."""


@dataclass(frozen=True)
class ClassConcept:
    """How a concept and a class go together in the run's samples.

    Attributes:
        in_target: share of the target's samples that have the concept; NaN if there are none.
        elsewhere: the same of the other classes' samples.
        of_target: share of the samples with the concept that are of the target.
        reason: why the concept belongs to the target; empty if it does not.
    """

    in_target: float
    elsewhere: float
    of_target: float
    reason: str


def class_concept(
    concept: Formula, present: NDArray[np.bool_], classes: NDArray[np.int64], target: int, name: str
) -> ClassConcept:
    """Judge a concept against the target class.

    It belongs to the class if one of its names is that of the class (``kitchen-s`` or ``kitchen
    sink`` for ``Kitchen``), or if its presence defines the class (see :data:`DEFINING`).

    Args:
        concept: the concept, or what an edit brings in.
        present: which samples have it, (n,).
        classes: class of each sample, as ``classes.classes_of`` numbers them, (n,).
        target: number of the target class.
        name: name of the target class.
    """
    inside, outside = classes == target, (classes != target) & (classes != UNKNOWN)
    in_target, elsewhere = _mean(present[inside]), _mean(present[outside])
    of_target = _mean(inside[present & (classes != UNKNOWN)])
    reason = ""
    named = [c for c in concept.concepts if _is_called(c, name)]
    if named:
        reason = f"{named[0]} is the name of the class"
    elif in_target >= DEFINING and of_target >= DEFINING:
        reason = (
            f"it defines the class: {in_target:.0%} of {name} have it, and {of_target:.0%} of the "
            f"samples that have it are {name}"
        )
    return ClassConcept(in_target, elsewhere, of_target, reason)


def _is_called(concept: str, name: str) -> bool:
    """Whether a concept is called as the class, or is a thing of it by its name.

    The number behind the name of a class that shares it (``crane (134)``) is no part of it.
    """
    name = re.sub(r" \(\d+\)$", "", name)
    bare = concept.rpartition(":")[2]
    words = {letters(word) for word in re.split(r"[\s_()]+", bare)}
    return letters(name) in words | {letters(bare)}


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")
