r"""Words and sentences by rule, for texts whose data say nothing of them.

A *word* is a run of letters and digits, with apostrophes inside it (``don't``); each Chinese,
Japanese-kana or similar sign is a word of its own, and so is each other sign that is no space. A
*sentence* ends behind ``.``, ``!`` or ``?`` (and quotes and brackets that close there) where a
space follows, behind their full-width kin, and at each line break.
"""

from __future__ import annotations

import re
from typing import Final

from andornot.data.sequences.document import Extents

# scripts that are written without spaces: the kana, and the unified ideographs of all planes
_ALONE: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# marks belong to the letter before them; joiners hold the parts of an emoji or a word together
_MARKS: Final = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
_TONES: Final = "\U0001f3fb-\U0001f3ff"
_LETTER: Final = rf"[^\W_{_ALONE}]"
_APOSTROPHES: Final = "'\u2019"
# the points and vowel signs of Hebrew, Arabic, Indic and other scripts are no letters to ``re``
_VOWELS: Final = (
    "\u0590-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u109f\u1780-\u17d3\u200c\u200d"
)
_LETTERS: Final = rf"{_LETTER}(?:{_LETTER}|[{_MARKS}{_VOWELS}])*"
_WORD: Final = re.compile(
    rf"{_LETTERS}(?:[{_APOSTROPHES}]{_LETTERS})*"
    rf"|[{_ALONE}][{_MARKS}]*"
    # an emoji with its skin tone, and those that a joiner makes one sign
    rf"|[^\s{_MARKS}\u200b-\u200f](?:[{_MARKS}{_TONES}]|\u200d[^\s\w])*"
)
# a run is taken whole, and what follows it asked of the match: no text makes this slow
_END: Final = re.compile(
    r"(?P<plain>[.!?]+[\"')\]\u2019\u201d]*)|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d]*|[\r\n]+"
)
_SIGN: Final = re.compile(r"\S")


def words_of(text: str) -> Extents:
    r"""Where the words of a text are, in order and apart.

    Examples:
        >>> text = "Don't panic: 3.5 \u6d77"
        >>> words = words_of(text)
        >>> [words.of_text(text, i) for i in range(len(words))]
        ["Don't", 'panic', ':', '3', '.', '5', '海']
    """
    return Extents.of([found.span() for found in _WORD.finditer(text)])


def sentences_of(text: str) -> Extents:
    """Where the sentences of a text are, without the spaces around them.

    Examples:
        >>> text = 'He said "go." Then he left.'
        >>> sentences = sentences_of(text)
        >>> [sentences.of_text(text, i) for i in range(len(sentences))]
        ['He said "go."', 'Then he left.']
    """
    ends = [
        found.end()
        for found in _END.finditer(text)
        if not found["plain"] or text[found.end() : found.end() + 1].isspace()
    ]
    ends.append(len(text))
    starts = [0, *ends[:-1]]
    return Extents.of(
        [
            (first.start(), start + len(text[start:end].rstrip()))
            for start, end in zip(starts, ends, strict=True)
            if (first := _SIGN.search(text, start, end))
        ]
    )
