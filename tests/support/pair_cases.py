"""Sentence pairs that a test writes by hand, for the tests of every room."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from andornot.data.sentences.pairs import Pair, PairData, Sentence


def sentence(text: str) -> Sentence:
    """A sentence of the words between blanks."""
    return Sentence(tuple(text.split()))


def tagged(text: str) -> Sentence:
    """A sentence with tags, from ``word/TAG`` between blanks."""
    words, tags = zip(*(token.rsplit("/", 1) for token in text.split()), strict=True)
    return Sentence(words, tags)


def pair(
    premise: str | Sentence, hypothesis: str | Sentence, label: str = "", name: str = "p",
    split: str = "",
) -> Pair:  # fmt: skip
    """A pair of two sentences or of their words."""
    first, second = (sentence(s) if isinstance(s, str) else s for s in (premise, hypothesis))
    return Pair(name, first, second, label, split)


def pairs_of(pairs: Iterable[Pair], name: str = "made") -> PairData:
    """A data set of pairs, which lies in no file."""
    return PairData(Path(name), "pairs", tuple(pairs))
