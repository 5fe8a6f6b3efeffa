r"""What a position lies inside of: quotes, brackets, addresses, list items, headings, code.

Each is a stretch of text that a rule finds, a line or a paragraph (up to an empty line) at a time:

- *quotes* and *brackets*: between a mark that opens and the one that closes, in one paragraph;
  without the marks. Straight double quotes open and close in turn.
- *URL*, *e-mail*: an address, without the sign that ends a sentence.
- *list item*: a line that begins with ``-``, ``*``, ``+``, ``•``, ``1.``, ``1)`` or ``a)``.
- *heading*: a line that begins with up to six ``#``, or that ``===`` or ``---`` is under.
- *code*: lines between two of ``\`\`\``` or ``~~~``; or indented by four spaces or a tab behind an
  empty line.

No rule takes longer than the text is long, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from andornot.data.sequences.document import Spans
from andornot.data.sequences.labels.base import RuleSource, of_spans
from andornot.data.sequences.view import DocumentView, Found

Stretch = tuple[int, int]

_OPENED_BY: Final = {"”": "“", "»": "«", "''": "``", ")": "(", "]": "[", "}": "{", '"': '"'}
_LABELS: Final = {
    "“": "quotes", "«": "quotes", "``": "quotes", '"': "quotes", "(": "round brackets",
    "[": "square brackets", "{": "curly brackets",
}  # fmt: skip
_MARKS: Final = re.compile(r"(?P<gap>(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n))|``|''|[\"“”«»()\[\]{}]")
_URL: Final = re.compile(r"(?:https?|ftp)://[^\s<>\"]+|\bwww\.[^\s<>\"]+", re.IGNORECASE)
_BEHIND_URL: Final = ".,;:!?)]}'’”»*_"
_LOCAL: Final = re.compile(r"[\w.+-]")
_DOMAIN: Final = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_LINES: Final = re.compile(r"(?P<text>[^\r\n]*)(?:\r\n|\r|\n|$)")
_ITEM: Final = re.compile(r"[ \t]*(?:[-*+•‣◦·]|\(?[0-9]{1,3}[.)]|\(?[a-z]\))[ \t]+\S")
_HEADING: Final = re.compile(r" {0,3}#{1,6}[ \t]+\S")
_UNDERLINE: Final = re.compile(r"(?:={3,}|-{3,})[ \t]*")
_LONGEST_HEADING: Final = 100
_FENCE: Final = re.compile(r" {0,3}(```|~~~)")
_INDENTED: Final = ("    ", "\t")


@dataclass(frozen=True, eq=False)
class Inside(RuleSource):
    """What a position lies inside of."""

    def found(self, view: DocumentView) -> Found:
        """The label of each stretch that a position overlaps."""
        return of_spans(view, Spans.of(list(stretches(view.document.text))))


def stretches(text: str) -> Iterator[tuple[int, int, str]]:
    """All stretches with their labels; those of one label are apart and in order.

    Examples:
        >>> text = 'See "a (b) c" at www.x.org.'
        >>> [(label, text[start:end]) for start, end, label in stretches(text)]
        [('quotes', 'a (b) c'), ('round brackets', 'b'), ('URL', 'www.x.org')]
    """
    found: dict[str, list[Stretch]] = {label: [] for label in _LABELS.values()}
    for label, stretch in _between_marks(text):
        found[label].append(stretch)
    found |= {label: list(rule(text)) for label, rule in _RULES.items()}
    for label, own in found.items():
        yield from ((start, end, label) for start, end in joined(own))


def joined(found: Iterable[Stretch]) -> list[Stretch]:
    """The union of stretches, apart and in order; nesting would double what lies inside.

    Examples:
        >>> joined([(5, 6), (0, 3), (1, 2), (3, 4)])
        [(0, 4), (5, 6)]
    """
    apart: list[Stretch] = []
    for start, end in sorted(stretch for stretch in found if stretch[0] < stretch[1]):
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(apart[-1][1], end))
        else:
            apart.append((start, end))
    return apart


def _between_marks(text: str) -> Iterator[tuple[str, Stretch]]:
    opened: dict[str, list[int]] = {mark: [] for mark in _LABELS}
    for mark in _MARKS.finditer(text):
        sign = mark[0]
        opener = _OPENED_BY.get(sign)
        if mark["gap"]:
            for starts in opened.values():
                starts.clear()
        elif opener is not None and opened[opener]:
            yield _LABELS[opener], (opened[opener].pop(), mark.start())
        elif sign in opened:
            opened[sign].append(mark.end())


def _urls(text: str) -> Iterator[Stretch]:
    for found in _URL.finditer(text):
        yield found.start(), found.start() + len(found[0].rstrip(_BEHIND_URL))


def _addresses(text: str) -> Iterator[Stretch]:
    """E-mail addresses: from each ``@`` to both sides, so that nothing is looked at twice."""
    at = text.find("@")
    while at >= 0:
        start, domain = at, _DOMAIN.match(text, at + 1)
        while domain and start and _LOCAL.match(text[start - 1]):
            start -= 1
        if domain and start < at:
            yield start, domain.end()
        at = text.find("@", at + 1)


def _lines(text: str) -> Iterator[tuple[Stretch, str]]:
    for line in _LINES.finditer(text):
        yield line.span("text"), line["text"]


def _items(text: str) -> Iterator[Stretch]:
    return (place for place, line in _lines(text) if _ITEM.match(line))


def _headings(text: str) -> Iterator[Stretch]:
    # the line above, and whether the one above that was empty
    above, title, alone = (0, 0), "", True
    for place, line in _lines(text):
        if _HEADING.match(line):
            yield place
        elif alone and _UNDERLINE.fullmatch(line) and 0 < len(title) <= _LONGEST_HEADING:
            yield above
        above, title, alone = place, line.strip(), not title


def _code(text: str) -> Iterator[Stretch]:
    fence, after_empty = "", True
    for place, line in _lines(text):
        mark = _FENCE.match(line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
            after_empty = False
        elif fence or (after_empty and line.startswith(_INDENTED) and line.strip()):
            yield place  # indented lines that follow are code too, as ``after_empty`` stays
        else:
            after_empty = not line.strip()


_RULES: Final[dict[str, Callable[[str], Iterator[Stretch]]]] = {
    "URL": _urls,
    "e-mail": _addresses,
    "list item": _items,
    "heading": _headings,
    "code": _code,
}
