"""What words have by their letters: the word itself, its case, digits, signs, affixes, script."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from andornot.data.sequences.labels.base import RuleSource, of_words
from andornot.data.sequences.view import DocumentView, Found

OfWord = Callable[[str], Sequence[str]]

_AFFIXES: Final = (2, 3, 4)
_REST: Final = 2
"""A word has this many letters beside its affix, at least."""
_LONGEST_SHAPE: Final = 24
_NAMED_SIGNS: Final = {
    ".": "period", ",": "comma", "?": "question mark", "!": "exclamation mark", ":": "colon",
    ";": "semicolon", '"': "quote", "'": "quote", "`": "quote", "/": "slash", "\\": "backslash",
    "…": "ellipsis", "@": "at sign", "#": "hash", "%": "percent", "&": "ampersand", "*": "star",
    "_": "underscore", "~": "tilde", "|": "bar", "^": "caret", "。": "period", "、": "comma",
    "，": "comma", "？": "question mark", "！": "exclamation mark", "：": "colon",
    "；": "semicolon",
}  # fmt: skip
_SORTS_OF_SIGNS: Final = {
    "Pd": "dash", "Ps": "opening bracket", "Pe": "closing bracket", "Pi": "quote", "Pf": "quote",
    "Sc": "currency", "Sm": "mathematics", "So": "symbol",
}  # fmt: skip
_NO_SCRIPTS: Final = frozenset({"FULLWIDTH", "HALFWIDTH", "MODIFIER"})


@dataclass(frozen=True, eq=False)
class OfWords(RuleSource):
    """Labels that a word has by its characters alone.

    Attributes:
        labels_of: gives them.
    """

    labels_of: OfWord = field(kw_only=True)

    def found(self, view: DocumentView) -> Found:
        """The labels of the words that a position overlaps."""
        return of_words(view, [self.labels_of(word) for word in view.texts_of_words])


def word_of(word: str) -> Sequence[str]:
    """The word in lower case."""
    return (word.lower(),)


@lru_cache(maxsize=1 << 16)
def case_of(word: str) -> Sequence[str]:
    """``lower``, ``Title``, ``UPPER`` or ``mixed``, of words with letters that have a case.

    Examples:
        >>> [case_of(word)[0] for word in ("sea", "Sea", "I", "USA", "McRae", "iPod")]
        ['lower', 'Title', 'Title', 'UPPER', 'mixed', 'mixed']
    """
    cased = [sign for sign in word if sign.isupper() or sign.islower() or sign.istitle()]
    if not cased:
        return ()
    small = [sign.islower() for sign in cased]
    if all(small):
        return ("lower",)
    if not small[0] and all(small[1:]):
        return ("Title",)
    return ("mixed",) if any(small) else ("UPPER",)


@lru_cache(maxsize=1 << 16)
def digits_of(word: str) -> Sequence[str]:
    """``some``, and ``all`` of words that have nothing else.

    Examples:
        >>> digits_of("2003"), digits_of("3rd"), digits_of("three")
        (('some', 'all'), ('some',), ())
    """
    digits = [sign.isdecimal() for sign in word]
    if not any(digits):
        return ()
    return ("some", "all") if all(digits) else ("some",)


@lru_cache(maxsize=1 << 16)
def shape_of(word: str) -> Sequence[str]:
    """Of words with a digit: ``d`` for each digit, ``x`` or ``X`` for letters, signs as they are.

    Examples:
        >>> shape_of("12:30"), shape_of("MP3"), shape_of("sea")
        (('dd:dd',), ('XXd',), ())
    """
    if len(word) > _LONGEST_SHAPE or not any(map(str.isdecimal, word)):
        return ()
    return ("".join(map(_shape, word)),)


def _shape(sign: str) -> str:
    if sign.isdecimal():
        return "d"
    return ("X" if sign.isupper() else "x") if sign.isalpha() else sign


@lru_cache(maxsize=1 << 16)
def signs_of(word: str) -> Sequence[str]:
    """The sorts of signs of a word that has neither letters nor digits.

    Examples:
        >>> signs_of("."), signs_of(":)"), signs_of("$"), signs_of("o'clock")
        (('period',), ('colon', 'closing bracket'), ('currency',), ())
    """
    if any(map(str.isalnum, word)):
        return ()
    sorts = (_NAMED_SIGNS.get(s) or _SORTS_OF_SIGNS.get(unicodedata.category(s)) for s in word)
    return tuple(dict.fromkeys(sort for sort in sorts if sort))


@lru_cache(maxsize=1 << 16)
def prefixes_of(word: str) -> Sequence[str]:
    """The first 2, 3 and 4 letters of words that have two more at least, in lower case.

    Examples:
        >>> prefixes_of("Undone")
        ('un-', 'und-', 'undo-')
    """
    low = _letters(word)
    return tuple(f"{low[:n]}-" for n in _AFFIXES if len(low) >= n + _REST)


@lru_cache(maxsize=1 << 16)
def suffixes_of(word: str) -> Sequence[str]:
    """The last 2, 3 and 4 letters, likewise.

    Examples:
        >>> suffixes_of("sailing"), suffixes_of("sea"), suffixes_of("B2B")
        (('-ng', '-ing', '-ling'), (), ())
    """
    low = _letters(word)
    return tuple(f"-{low[-n:]}" for n in _AFFIXES if len(low) >= n + _REST)


def _letters(word: str) -> str:
    """A word in lower case, composed; nothing where it has more than letters."""
    low = unicodedata.normalize("NFC", word.lower())
    return low if low.isalpha() else ""


@lru_cache(maxsize=1 << 16)
def scripts_of(word: str) -> Sequence[str]:
    """The scripts of a word's letters, by the names that Unicode gives these.

    Examples:
        >>> scripts_of("sea"), scripts_of("море"), scripts_of("海"), scripts_of("3")
        (('Latin',), ('Cyrillic',), ('Cjk',), ())
    """
    return tuple(dict.fromkeys(script for sign in word if (script := _script(sign))))


@lru_cache(maxsize=1 << 14)
def _script(sign: str) -> str:
    if not sign.isalpha():
        return ""
    words = unicodedata.name(sign, "").replace("-", " ").split()
    return next((word.capitalize() for word in words if word not in _NO_SCRIPTS), "")
