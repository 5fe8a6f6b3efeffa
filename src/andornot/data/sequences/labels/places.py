"""The network's token, and where a position stands: in its word, line, sentence, window."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andornot.data.sequences.align import item_of
from andornot.data.sequences.document import Extents, Spans
from andornot.data.sequences.labels.base import RuleSource, of_spans, of_words
from andornot.data.sequences.view import DocumentView, Found

_PLACES: Final = ((1, "1st"), (2, "2nd"), (5, "3rd-5th"), (10, "6th-10th"), (20, "11th-20th"))
_BEYOND: Final = "21st or later"
_LAST: Final = "last"
_LINE: Final = re.compile(r"[^\r\n]+")
_SPACES: Final = re.compile(
    r"(?P<breaks>(?:\r\n|\r|\n)(?:[ \t]*(?:\r\n|\r|\n))*)|(?P<tabs>\t+)|(?P<spaces>  +)"
)
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, eq=False)
class NetworkToken(RuleSource):
    """What the network calls each position."""

    def found(self, view: DocumentView) -> Found:
        """The token of each position."""
        return np.arange(len(view), dtype=np.int32), view.tokens


@dataclass(frozen=True, eq=False)
class PieceOfWord(RuleSource):
    """Whether a token begins a word or goes on with it, ends it, or is all of it."""

    def found(self, view: DocumentView) -> Found:
        """``start`` or ``continuation``; and ``end``, or ``whole`` of both start and end."""
        positions, words = view.on_words
        first = np.append(True, words[1:] != words[:-1])[: len(words)]
        last = np.append(words[1:] != words[:-1], True)[: len(words)]
        parts = (
            ("start", first), ("continuation", ~first), ("end", last), ("whole", first & last),
        )  # fmt: skip
        found = [(positions[holds], label) for label, holds in parts]
        labels = [label for places, label in found for _ in places]
        return np.concatenate([places for places, _ in found]), labels


@dataclass(frozen=True, eq=False)
class InLine(RuleSource):
    """Which word of its line a position lies in."""

    def found(self, view: DocumentView) -> Found:
        """``1st``, ``2nd``, ``3rd-5th`` and so on, and ``last``."""
        lines = Extents.of([line.span() for line in _LINE.finditer(view.document.text)])
        return of_words(view, places_in(item_of(view.words, lines)))


@dataclass(frozen=True, eq=False)
class InSentence(RuleSource):
    """Which word of its sentence a position lies in."""

    def found(self, view: DocumentView) -> Found:
        """``1st``, ``2nd``, ``3rd-5th`` and so on, and ``last``."""
        return of_words(view, places_in(item_of(view.words, view.sentences)))


@dataclass(frozen=True, eq=False)
class InWindow(RuleSource):
    """Which place a position has in its window: 0, 1, 2-3, 4-7, and so on by powers of two."""

    def found(self, view: DocumentView) -> Found:
        """The power of two."""
        labels = [window_label(int(place)) for place in view.in_window]
        return np.arange(len(view), dtype=np.int32), labels


def window_label(place: int) -> str:
    """Where a place lies among powers of two.

    Examples:
        >>> [window_label(place) for place in (0, 1, 2, 3, 4, 100)]
        ['0', '1', '2-3', '2-3', '4-7', '64-127']
    """
    if place < 2:
        return str(place)
    low = 1 << (place.bit_length() - 1)
    return f"{low}-{2 * low - 1}"


def places_in(item: NDArray[np.int32]) -> list[tuple[str, ...]]:
    """The place of each word in what it lies in.

    Args:
        item: of each word what it lies in, such as its sentence, in order; -1 in none.
    """
    found, place = list[tuple[str, ...]](), 0
    each = item.tolist()
    for at, own in enumerate(each):
        place = place + 1 if at and each[at - 1] == own else 1
        last = at + 1 == len(each) or each[at + 1] != own
        found.append((_place(place), _LAST) if last else (_place(place),))
    return [labels if own >= 0 else () for labels, own in zip(found, each, strict=True)]


def _place(place: int) -> str:
    return next((label for most, label in _PLACES if place <= most), _BEYOND)


@dataclass(frozen=True, eq=False)
class Space(RuleSource):
    """White space that says something: breaks of lines and paragraphs, tabs, several spaces."""

    def found(self, view: DocumentView) -> Found:
        """``line break``, ``paragraph break`` (two or more), ``tab``, ``spaces`` (two or more)."""
        matches = _SPACES.finditer(view.document.text)
        return of_spans(view, Spans.of([(*m.span(), _space(m)) for m in matches]))


def _space(match: re.Match[str]) -> str:
    if match["breaks"] is None:
        return "tab" if match["tabs"] else "spaces"
    several = len(_LINE_END.findall(match["breaks"])) > 1
    return "paragraph break" if several else "line break"
