"""Edits of sentence pairs: insert, delete or replace words, or repeat the premise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from andornot.errors import OptionError
from andornot.text.concepts import SIDES, word_overlap
from andornot.text.pairs import Pair, Sentence

Where = Literal["start", "determiner", "end"]

PLACES: tuple[Where, ...] = ("start", "determiner", "end")
"""Where a word can be inserted: first; behind the first determiner (``a sleeping man ...``);
last, before the full stop."""

# fmt: off
DETERMINERS = frozenset({
    "a", "an", "any", "each", "every", "her", "his", "its", "my", "no", "our", "some", "that",
    "the", "their", "these", "this", "those", "your",
})
# fmt: on
_STOPS = frozenset(".!?")


@dataclass(frozen=True)
class Word:
    """A word on one side of a pair.

    Attributes:
        side: ``pre`` or ``hyp``.
        text: the word.
    """

    side: str
    text: str

    def __post_init__(self) -> None:
        if self.side not in SIDES or not self.text.strip():
            raise OptionError(
                f"{self.side}:{self.text} names no word on a side; write pre:WORD or hyp:WORD"
            )

    @classmethod
    def read(cls, text: str) -> Word:
        """From ``pre:WORD`` or ``hyp:WORD``.

        Raises:
            OptionError: it is not written so.
        """
        side, _, word = text.partition(":")
        return cls(side, word)

    def __str__(self) -> str:
        return f"{self.side}:{self.text}"


@dataclass(frozen=True)
class Insert:
    """Insert words, each at the same kind of place in its own sentence."""

    words: tuple[Word, ...]
    where: Where

    def __str__(self) -> str:
        place = "behind a determiner" if self.where == "determiner" else f"at the {self.where}"
        return f"{' and '.join(map(str, self.words))} {place}"


@dataclass(frozen=True)
class Delete:
    """Delete a word wherever it stands on its side, whatever its case."""

    word: Word

    def __str__(self) -> str:
        return f"without {self.word}"


@dataclass(frozen=True)
class Replace:
    """Replace a word wherever it stands on its side, whatever its case."""

    word: Word
    by: str

    def __str__(self) -> str:
        return f"{self.word} becomes {self.by}"


@dataclass(frozen=True)
class Repeat:
    """Add words of the premise that the hypothesis lacks, in order, until both overlap so much.

    Attributes:
        above: add words until the IoU of the two sets of words is above this, or none are left.
    """

    above: float

    def __str__(self) -> str:
        return f"words of the premise until they overlap above {self.above:.0%}"


@dataclass(frozen=True)
class Scatter:
    """Add random words, as many as :class:`Repeat` would: its control.

    Attributes:
        above: as in ``Repeat``.
        vocabulary: words to draw from, each as often as it is frequent.
        seed: together with the pair's id it decides what is drawn.
    """

    above: float
    vocabulary: tuple[str, ...] = field(repr=False)
    seed: int

    def __str__(self) -> str:
        return f"random words, as many as would overlap above {self.above:.0%} (draw {self.seed})"


PairEdit = Insert | Delete | Replace | Repeat | Scatter


def apply_edit(pair: Pair, edit: PairEdit) -> Pair | None:
    """The edited pair; None where there is nothing to edit.

    Its id and label stay, though the label may no longer be true; tags and raw text are dropped.
    """
    if isinstance(edit, Insert):
        return _inserted(pair, edit)
    if isinstance(edit, Delete):
        return _substituted(pair, edit.word, ())
    if isinstance(edit, Replace):
        return _substituted(pair, edit.word, tuple(edit.by.split()))
    missing = _missing(pair, edit.above)
    if not missing:
        return None
    if isinstance(edit, Scatter):
        seed = [edit.seed, *pair.id.encode()]
        missing = tuple(np.random.default_rng(seed).choice(edit.vocabulary, len(missing)).tolist())
    return _with_tokens(pair, "hyp", _before_stop(pair.hypothesis.tokens, missing))


def _inserted(pair: Pair, edit: Insert) -> Pair | None:
    for word in edit.words:
        tokens = (pair.premise if word.side == "pre" else pair.hypothesis).tokens
        new = tuple(word.text.split())
        if edit.where == "start":
            tokens = (*new, *tokens)
        elif edit.where == "end":
            tokens = _before_stop(tokens, new)
        else:
            at = next((i for i, t in enumerate(tokens) if t.lower() in DETERMINERS), None)
            if at is None:
                return None
            tokens = (*tokens[: at + 1], *new, *tokens[at + 1 :])
        pair = _with_tokens(pair, word.side, tokens)
    return pair


def _substituted(pair: Pair, word: Word, by: tuple[str, ...]) -> Pair | None:
    tokens = (pair.premise if word.side == "pre" else pair.hypothesis).tokens
    old = word.text.lower()
    new = tuple(t for token in tokens for t in (by if token.lower() == old else (token,)))
    return _with_tokens(pair, word.side, new) if new and new != tokens else None


def _missing(pair: Pair, above: float) -> tuple[str, ...]:
    """The first words of the premise that raise the overlap above a share."""
    added: list[str] = []
    for token in pair.premise.tokens:
        longer = _with_tokens(pair, "hyp", (*pair.hypothesis.tokens, *added))
        if word_overlap(longer) > above:
            break
        if token not in _STOPS and token.lower() not in longer.hypothesis.words:
            added.append(token)
    return tuple(added)


def _before_stop(tokens: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """Words put last, but before the full stop."""
    end = len(tokens) - (len(tokens) > 1 and tokens[-1] in _STOPS)
    return (*tokens[:end], *new, *tokens[end:])


def _with_tokens(pair: Pair, side: str, tokens: Sequence[str]) -> Pair:
    sentence = Sentence(tuple(tokens), raw=spelled(tokens))
    if side == "pre":
        return replace(pair, premise=sentence)
    return replace(pair, hypothesis=sentence)


def spelled(tokens: Sequence[str]) -> str:
    """Tokens as people write them: no blank before a full stop, a comma or ``n't``."""
    return re.sub(r" (?=[.,!?;:](?: |$)|n't\b|'(?:s|re|ve|ll|d|m)\b)", "", " ".join(tokens))
