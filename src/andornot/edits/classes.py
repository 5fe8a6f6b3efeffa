"""Names of classes: those of the samples and those of a network may be spelled differently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from andornot.errors import OptionError
from andornot.run import Run

UNKNOWN, ANOTHER = -1, -2
"""Instead of a class: a sample has no label, or one that is none of the model's classes."""


def plain(name: str) -> str:
    """A name without case, signs, and the ``-s`` with which Broden marks scenes.

    ``inside_city-s`` and ``InsideCity`` are then the same.
    """
    return "".join(c for c in name.casefold().removesuffix("-s") if c.isalnum())


def class_index(names: Sequence[str], wanted: str) -> int:
    """The number of a class; an exact name goes before one that is only spelled alike.

    Raises:
        OptionError: no class has this name, or several are spelled like it.
    """
    exact = [i for i, name in enumerate(names) if name == wanted]
    alike = exact or [i for i, name in enumerate(names) if plain(name) == plain(wanted)]
    if len(alike) != 1:
        what = "has no class" if not alike else "has several classes"
        shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        raise OptionError(f"the model {what} {wanted!r}; choose one of {shown}")
    return alike[0]


def classes_of(labels: Iterable[str], names: Sequence[str]) -> NDArray[np.int64]:
    """The class that each sample's label means, int64 (n,).

    ``UNKNOWN`` where there is no label, ``ANOTHER`` where it is none of the model's classes.
    """
    exact = {name: i for i, name in enumerate(names)}
    loose = {plain(name): i for i, name in reversed(list(enumerate(names)))}
    return np.array(
        [
            exact.get(label, loose.get(plain(label), ANOTHER if label else UNKNOWN))
            for label in labels
        ],
        np.int64,
    )


def class_names(run: Run) -> tuple[str, ...]:
    """Names of the classes of a run's model, in the order of its logits.

    Raises:
        OptionError: the model gives no class scores, or its classes have no names.
    """
    names = run.manifest["model"]["class_names"]
    if run.logits is None or names is None or len(names) != run.logits.shape[1]:
        raise OptionError(
            f"the model of {run.path} gives no named classes, so no edit can be aimed at one; use "
            "a run on a classifier whose class names are known"
        )
    return tuple(names)
