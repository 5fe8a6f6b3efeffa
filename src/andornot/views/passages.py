"""A passage of a text: what stands around one position, each piece with what is known of it.

Nothing of a text is hidden: a line break, a tab or a sign that turns the direction of writing is
shown by a sign of its own, so that no piece looks like another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from andornot.data.sequences.document import Extents
from andornot.views.plain import View
from andornot.views.token_marks import Mark

BEFORE: Final = 110
AFTER: Final = 70
"""Characters of a passage before its centre and behind it, at most."""

_LONGEST: Final = 60
"""Characters of a piece that are shown: a token may be as long as its text."""

_PICTURES: Final = {"\n": "↵", "\r": "␍", "\t": "⇥", "\v": "␋", "\f": "␌", "\u00a0": "⍽"}
_JOINERS: Final = "\u200c\u200d"
"""They shape letters and emoji, which are unreadable without them."""


@dataclass(frozen=True)
class PassagePiece(View):
    """A piece of a passage.

    Attributes:
        text: as it is shown.
        mark: its mark; none between positions.
        told: what is known of it, for whoever points at it; empty between positions.
        centre: whether the passage was chosen for it.
    """

    text: str
    mark: Mark = field(default_factory=Mark)
    told: str = ""
    centre: bool = False


def visible(text: str) -> str:
    r"""A text whose every sign is seen, cut short if it is long.

    Examples:
        >>> visible(" the\n"), visible("  "), visible("a\u202eb")
        (' the↵', '␣␣', 'a<U+202E>b')
    """
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    if not shown.strip(" "):
        return "␣" * len(shown)
    return shown if shown.isprintable() else "".join(map(_seen, shown))


def _seen(sign: str) -> str:
    if sign in _PICTURES:
        return _PICTURES[sign]
    return sign if sign.isprintable() or sign in _JOINERS else f"<U+{ord(sign):04X}>"


def span_of(extents: Extents, at: int, before: int = BEFORE, after: int = AFTER) -> range:
    """The positions of the passage around one of them."""
    starts, ends = extents.starts, extents.ends
    low = high = at
    while low and starts[at] - starts[low - 1] <= before:
        low -= 1
    while high + 1 < len(extents) and ends[high + 1] - ends[at] <= after:
        high += 1
    return range(low, high + 1)


def pieces_of(
    text: str,
    extents: Extents,
    span: range,
    marks: Sequence[Mark],
    told: Sequence[str],
    names: Sequence[str],
    centre: int,
) -> tuple[PassagePiece, ...]:
    """A passage as pieces: its positions, and what stands between them.

    Args:
        text: of the whole document.
        extents: of all its positions.
        span: those of the passage.
        marks: of each of these.
        told: what is known of each.
        names: what each is called, which is shown of those that add no characters to those before.
        centre: the position that the passage was chosen for.
    """
    found: list[PassagePiece] = []
    at = int(extents.starts[span.start])
    for place, mark, said, name in zip(span, marks, told, names, strict=True):
        start, end = int(extents.starts[place]), int(extents.ends[place])
        if start > at:
            found.append(PassagePiece(_gap(text[at:start])))
        own = text[max(start, at) : end]
        # pieces of one sign, such as an emoji, share its characters: the first shows them
        shown = visible(own) if own else f"⟨{visible(name)}⟩"
        found.append(PassagePiece(shown, mark, said, place == centre))
        at = max(at, end)
    return tuple(found)


def _gap(text: str) -> str:
    """What lies between positions: a blank stays one, so that a text reads as it was written."""
    return " " if re.fullmatch(r" +", text) else visible(text)
