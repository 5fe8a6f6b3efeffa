"""Edits that a reader could not tell apart: one of them is tested, and stands for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from andornot.edits.edits_of_images import Cutout, Paste, PasteOver
from andornot.edits.edits_of_words import Insert, Repeat, Reword
from andornot.edits.screening import BestVariant

_NEARLY: Final = 0.8
"""Cut-outs of one picture are alike if the smaller has so much of the area of the larger."""


@dataclass(frozen=True)
class Merged:
    """An edit to test, and those that it stands for.

    Attributes:
        chosen: the one of them that did best in the screening.
        others: the others, best first.
    """

    chosen: BestVariant[Any]
    others: tuple[BestVariant[Any], ...] = ()


def are_alike(a: Any, b: Any) -> bool:
    """Whether two edits do the same to a reader.

    So do cut-outs of nearly one size from one picture, and the same words, wherever they go; and
    all that raises the overlap of two sentences in one way, however far. Others are alike only if
    they are equal.

    Examples:
        >>> from andornot.edits.edits_of_words import Word
        >>> nobody = (Word.read("hyp:nobody"),)
        >>> are_alike(Insert(nobody, "start"), Insert(nobody, "end"))
        True
        >>> are_alike(Insert(nobody, "start"), Insert((Word.read("pre:nobody"),), "start"))
        False
    """
    if isinstance(a, Paste | PasteOver) and isinstance(b, Paste | PasteOver):
        return _are_one_piece(a.cutout, b.cutout)
    if isinstance(a, Insert) and isinstance(b, Insert):
        return set(a.words) == set(b.words)
    is_overlap = isinstance(a, Repeat | Reword)
    return bool(type(a) is type(b) if is_overlap else a == b)


def _are_one_piece(a: Cutout, b: Cutout) -> bool:
    """Whether two cut-outs are nearly the same piece of one picture."""
    less, more = sorted((a.area, b.area))
    return a == b or (a.origin == b.origin and less >= _NEARLY * more)


def merged_alike(tried: Sequence[BestVariant[Any]]) -> list[Merged]:
    """Edits as groups of those that are alike, each in the place of its first.

    Args:
        tried: the edits, best first.
    """
    found: list[Merged] = []
    for choice in tried:
        place = next(
            (i for i, m in enumerate(found) if are_alike(m.chosen.edit, choice.edit)), None
        )
        if place is None:
            found.append(Merged(choice))
        else:
            first = found[place]
            found[place] = Merged(first.chosen, (*first.others, choice))
    return found
