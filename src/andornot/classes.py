"""Names of classes: those of the samples and those of a network may be spelled differently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from andornot.errors import OptionError


def letters(name: str) -> str:
    """A name without case, signs, and the ``-s`` with which Broden marks scenes.

    ``inside_city-s`` and ``InsideCity`` are then the same.
    """
    return "".join(c for c in name.casefold().removesuffix("-s") if c.isalnum())


def match_classes(labels: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    """The place of each sample's class among a network's; -1 where it has no such class.

    A name that stands there goes before one that is only spelled alike. A spelling that two of the
    network's classes share matches neither.
    """
    exact, alike = _once(names), _once([letters(name) for name in names])
    places = {label: exact.get(label, alike.get(letters(label), -1)) for label in set(labels)}
    return np.array([places[label] if label else -1 for label in labels], np.int64)


def class_index(names: Sequence[str], wanted: str) -> int:
    """The number of a class; an exact name goes before one that is only spelled alike.

    Raises:
        OptionError: no class has this name, or several are spelled like it.
    """
    exact = [i for i, name in enumerate(names) if name == wanted]
    alike = exact or [i for i, name in enumerate(names) if letters(name) == letters(wanted)]
    if len(alike) != 1:
        what = "has no class" if not alike else "has several classes"
        shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        raise OptionError(f"the model {what} {wanted!r}; choose one of {shown}")
    return alike[0]


def _once(names: Sequence[str]) -> dict[str, int]:
    """The places of those names that stand there once and are not empty."""
    counts = Counter(names)
    return {name: i for i, name in enumerate(names) if counts[name] == 1 and name}
