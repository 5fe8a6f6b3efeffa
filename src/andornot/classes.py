"""Names of classes: those of the samples and those of a network may be spelled differently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from andornot.errors import OptionError
from andornot.formula import nfc

_SHOWN = 20
"""Most names that a message lists."""


def letters(name: str) -> str:
    """A name without case, signs, and the ``-s`` with which Broden marks scenes.

    ``inside_city-s`` and ``InsideCity`` are then the same.
    """
    return "".join(c for c in nfc(name).casefold().removesuffix("-s") if c.isalnum())


def told_apart(names: Sequence[str]) -> tuple[str, ...]:
    """Names of classes, all different: one that several classes share gets the class's number.

    ImageNet has two classes ``crane``; they become ``crane (134)`` and ``crane (517)``.
    """
    times = Counter(names)
    return tuple(f"{name} ({i})" if times[name] > 1 else name for i, name in enumerate(names))


def match_classes(labels: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    """The place of each sample's class among a network's; -1 where it has no such class.

    A name that stands there goes before one that is only spelled alike. A spelling that two of the
    network's classes share matches neither.
    """
    exact, alike = _once([nfc(name) for name in names]), _once([letters(name) for name in names])
    places = {label: exact.get(nfc(label), alike.get(letters(label), -1)) for label in set(labels)}
    return np.array([places[label] if label else -1 for label in labels], np.int64)


def class_index(names: Sequence[str], wanted: str) -> int:
    """The number of a class by its name or, where none is called so, by its number from 0.

    An exact name goes before one that is only spelled alike; names may be :func:`told_apart`.

    Raises:
        OptionError: no class has this name or number, or several are spelled like it.
    """
    apart = [nfc(name) for name in told_apart(names)]
    if nfc(wanted) in apart:
        return apart.index(nfc(wanted))
    plain = [name.removesuffix(f" ({i})") for i, name in enumerate(apart)]
    tries: tuple[tuple[Sequence[str], Callable[[str], str]], ...]
    tries = ((plain, nfc), (plain, letters), (apart, letters))
    for called, spelling in tries:
        found = [i for i, name in enumerate(called) if spelling(name) == spelling(wanted)]
        if len(found) > 1:
            raise OptionError(
                f"the model has several classes {wanted!r}: give the number of one of them, "
                f"{' or '.join(map(str, found[:_SHOWN]))}"
            )
        if found:
            return found[0]
    if wanted.isascii() and wanted.isdigit() and int(wanted) < len(names):
        return int(wanted)
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    raise OptionError(
        f"the model has no class {wanted!r}; choose one of {shown}, or a number from 0 to "
        f"{len(names) - 1}"
    )


def _once(names: Sequence[str]) -> dict[str, int]:
    """The places of those names that stand there once and are not empty."""
    counts = Counter(names)
    return {name: i for i, name in enumerate(names) if counts[name] == 1 and name}
