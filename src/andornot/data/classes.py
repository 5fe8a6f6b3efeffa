"""Names of classes: those of the samples and those of a network may be spelled differently."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from andornot._tools.numerals import whole
from andornot.errors import OptionError, quoted
from andornot.formula import nfc

_SHOWN = 20
"""Most names that a message lists."""
_WHOLE = re.compile("[0-9]{1,9}")


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


def by_prediction(predictions: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """The places of a network's classes, those that it predicts most often first.

    Of a thousand classes the data show a few, and these are seldom the first in the network's
    order; in that order come classes that are predicted equally often.

    Args:
        predictions: the place of the class that each sample is given.
        n_classes: how many classes the network has.
    """
    times = np.bincount(np.asarray(predictions, np.int64), minlength=n_classes)
    return np.argsort(-times, kind="stable")


def match_classes(labels: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    """The place of each sample's class among a network's; -1 where it has no such class.

    A name that stands there goes before one that is only spelled alike. A spelling that two of the
    network's classes share matches neither. Where all labels are numbers, and no name of the
    network is one, they are the places themselves, from 0 (see :func:`are_numbers`).
    """
    if are_numbers(labels, names):
        return np.array([_number(label) if label else -1 for label in labels], np.int64)
    tiers = [(spell, _once([spell(name) for name in names])) for spell in _SPELLINGS]
    places = {
        label: next((found[spell(label)] for spell, found in tiers if spell(label) in found), -1)
        for label in set(labels)
    }
    return np.array([places[label] if label else -1 for label in labels], np.int64)


def are_numbers(labels: Sequence[str], names: Sequence[str]) -> bool:
    """Whether samples name their classes by the places of the network's, from 0.

    So do data sets that keep a class as a whole number, whose names the network's configuration
    has (``id2label``). A number that is too large means that they count something else.
    """
    given = {label for label in labels if label}
    if not given or any(_number(name) >= 0 for name in names):
        return False
    return all(0 <= _number(label) < len(names) for label in given)


def about_numbers(labels: Sequence[str], names: Sequence[str] | None) -> tuple[str, ...]:
    """A note where labels are numbers, since the data may count its classes otherwise."""
    if names is None or not are_numbers(labels, names):
        return ()
    meant = ", ".join(f"{i} as {name}" for i, name in enumerate(names[:5]))
    return (f"the samples' labels are numbers, read as those of the network's classes ({meant})",)


def right_answers(
    labels: Sequence[str], answers: ArrayLike, names: Sequence[str]
) -> list[bool | None]:
    """Whether a network's answer is each sample's class; None where the two cannot be compared.

    Args:
        labels: class of each sample, empty where unknown.
        answers: number of the class that the network gives each.
        names: the network's classes; a single one is nothing to choose from.
    """
    if len(names) < 2:
        return [None] * len(labels)
    pairs = zip(match_classes(labels, names), np.asarray(answers), strict=True)
    return [None if own < 0 else bool(own == said) for own, said in pairs]


def class_index(names: Sequence[str], wanted: str) -> int:
    """The number of a class by its name or, where none is called so, by its number from 0.

    An exact name goes before one that is only spelled alike; names may be :func:`told_apart`.

    Raises:
        OptionError: no class has this name or number, or several are spelled like it.
    """
    wanted = str(wanted)  # a number may come as one
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
                f"the model has several classes {quoted(wanted)}: give the number of one of them, "
                f"{' or '.join(map(str, found[:_SHOWN]))}"
            )
        if found:
            return found[0]
    number = whole(wanted)
    if number is not None and number < len(names):
        return number
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    raise OptionError(
        f"the model has no class {quoted(wanted)}; choose one of {shown}, or a number from 0 to "
        f"{len(names) - 1}"
    )


_SPELLINGS: tuple[Callable[[str], str], ...] = (nfc, lambda name: nfc(name).casefold(), letters)


def _number(text: str) -> int:
    """The whole number that a text writes; -1 if it is none."""
    return int(text) if _WHOLE.fullmatch(text) else -1


def _once(names: Sequence[str]) -> dict[str, int]:
    """The places of those names that stand there once and are not empty."""
    counts = Counter(names)
    return {name: i for i, name in enumerate(names) if counts[name] == 1 and name}
