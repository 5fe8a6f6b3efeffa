"""Edits of sentences: insert, delete or replace words; of pairs, take those of the premise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar

import numpy as np

from andornot._tools.checks import is_one_of
from andornot.data.sentences.concepts import SIDES, word_overlap
from andornot.data.sentences.pairs import Pair, Sentence
from andornot.data.sentences.single import OneSentence
from andornot.errors import OptionError, quoted

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
_CONCEPT = "word"  # so concepts call the words of a sentence by itself
_STOPS = frozenset(".!?")
_NEAR = 20  # a random word is drawn among so many of next rank on either side


@dataclass(frozen=True)
class Word:
    """A word of a sentence, or on one side of a pair.

    Attributes:
        side: ``pre`` or ``hyp``; empty of a sentence by itself.
        text: the word.

    Raises:
        OptionError: there is no such side, or no word.

    Examples:
        >>> Word.read("hyp:nobody")
        Word(side='hyp', text='nobody')
        >>> print(Word("pre", "man"), Word.read("great"))
        pre:man great
    """

    side: str
    text: str

    def __post_init__(self) -> None:
        is_text = isinstance(self.text, str) and self.text.strip()
        if not is_one_of(self.side, ("", *SIDES)) or not is_text:
            raise OptionError(
                f"{self.side}:{self.text} names no word on a side; write pre:WORD or hyp:WORD, or "
                "for a sentence by itself WORD"
            )

    @classmethod
    def read(cls, text: str) -> Word:
        """From ``pre:WORD`` or ``hyp:WORD``; of a sentence by itself ``WORD`` or ``word:WORD``.

        Raises:
            OptionError: it is not written so.
        """
        side, _, word = text.partition(":") if isinstance(text, str) else ("", "", "")
        if word and side in (_CONCEPT, *SIDES):
            return cls("" if side == _CONCEPT else side, word)
        return cls("", text)  # a word may have a colon itself

    def __str__(self) -> str:
        return f"{self.side}:{self.text}" if self.side else self.text


@dataclass(frozen=True)
class Insert:
    """Insert words, each at the same kind of place in its own sentence.

    Examples:
        >>> pair = Pair("1", Sentence(("A", "man", "runs", ".")), Sentence(("He", "moves", ".")))
        >>> print(apply_edit(pair, Insert((Word.read("hyp:nobody"),), "start")).hypothesis.text)
        nobody He moves .
    """

    words: tuple[Word, ...]
    where: Where

    def __str__(self) -> str:
        place = "behind a determiner" if self.where == "determiner" else f"at the {self.where}"
        return f"{' and '.join(map(str, self.words))} {place}"


@dataclass(frozen=True)
class Delete:
    """Delete a word wherever it stands in its sentence, whatever its case.

    Examples:
        >>> pair = Pair("1", Sentence(("A", "big", "man", "runs")), Sentence(("He", "moves")))
        >>> print(apply_edit(pair, Delete(Word.read("pre:big"))).premise.text)
        A man runs
        >>> apply_edit(pair, Delete(Word.read("pre:dog"))) is None
        True
    """

    word: Word

    def __str__(self) -> str:
        return f"without {self.word}"


@dataclass(frozen=True)
class Replace:
    """Replace a word wherever it stands in its sentence, whatever its case.

    Examples:
        >>> pair = Pair("1", Sentence(("A", "man", "runs")), Sentence(("A", "man", "moves")))
        >>> edit = Replace(Word.read("hyp:man"), "dog")
        >>> print(edit)
        hyp:man becomes dog
        >>> print(apply_edit(pair, edit).hypothesis.text)
        A dog moves
    """

    word: Word
    by: str

    def __str__(self) -> str:
        return f"{self.word} becomes {self.by}"


@dataclass(frozen=True)
class Repeat:
    """Add words of the premise that the hypothesis lacks, in order, until both overlap so much.

    Attributes:
        above: add words until the IoU of the two sets of words is above this, or none are left.

    Examples:
        >>> pair = Pair("1", Sentence(("A", "man", "runs", ".")), Sentence(("He", "moves", ".")))
        >>> print(apply_edit(pair, Repeat(above=0.4)).hypothesis.text)
        He moves A man .
    """

    above: float

    def __str__(self) -> str:
        return f"words of the premise until they overlap above {self.above:.0%}"


@dataclass(frozen=True)
class Reword:
    """Put words of the premise in place of those that it lacks, until both overlap so much.

    Words that are not wanted go first, all of them; then the others from the left; then words are
    added as :class:`Repeat` does. A word is replaced by the first missing one of the same tag,
    where tags are known and there is one, and by the first missing one elsewhere.

    Attributes:
        above: replace words until the IoU of the two sets of words is above this, or none are left.
        unwanted: words in lower case that are to go, whatever the overlap.

    Examples:
        >>> pair = Pair("1", Sentence(("A", "man", "runs", ".")), Sentence(("He", "moves", ".")))
        >>> print(apply_edit(pair, Reword(above=0.4)).hypothesis.text)
        A man .
    """

    above: float
    unwanted: frozenset[str] = field(default=frozenset(), repr=False)

    def __str__(self) -> str:
        return f"with words of the premise until they overlap above {self.above:.0%}"


@dataclass(frozen=True)
class Scatter:
    """Random words where :class:`Repeat` or :class:`Reword` puts those of the premise: a control.

    As many words change, at the same places. Each is as frequent as the word that the edit puts
    there, and stands neither in the premise nor in the hypothesis, so the overlap does not rise.

    Attributes:
        edit: what it is compared with.
        ranked: words to draw from, the most frequent first.
        seed: together with the pair's id it decides what is drawn.
    """

    edit: Repeat | Reword
    ranked: tuple[str, ...] = field(repr=False)
    seed: int

    def __str__(self) -> str:
        instead = str(self.edit).replace(
            "words of the premise until they", "random words, as would"
        )
        return f"{instead} (draw {self.seed})"


PairEdit = Insert | Delete | Replace | Repeat | Reword | Scatter


S = TypeVar("S", Pair, OneSentence)


def apply_edit(sample: S, edit: PairEdit) -> S | None:
    """The edited pair or sentence; None where there is nothing to edit.

    Its id and label stay, though the label may no longer be true; tags and raw text are dropped.

    Raises:
        OptionError: it is no edit of such a sample.

    Examples:
        >>> from andornot.data.sentences.single import OneSentence
        >>> one = OneSentence("1", Sentence(("Great", "food", "!"), raw="Great food!"))
        >>> apply_edit(one, Replace(Word.read("great"), "dull")).text
        'dull food!'
    """
    if isinstance(edit, Insert):
        return _inserted(sample, edit)
    if isinstance(edit, Delete):
        return _substituted(sample, edit.word, ())
    if isinstance(edit, Replace):
        return _substituted(sample, edit.word, tuple(edit.by.split()))
    if isinstance(sample, Pair):
        return _overlapped(sample, edit)
    raise OptionError(
        f"{quoted(edit)} is no edit of a sentence by itself; give an Insert, a Delete or a Replace"
    )


def _overlapped(pair: Pair, edit: Repeat | Reword | Scatter) -> Pair | None:
    """The pair with another overlap, or with random words in the same places."""
    given: object = edit
    if not isinstance(given, Repeat | Reword | Scatter):
        raise OptionError(
            f"{quoted(given)} is no edit of sentences; give an Insert, a Delete, a Replace, a "
            "Repeat or a Reword"
        )
    changes = _changes(pair, edit.edit if isinstance(edit, Scatter) else edit)
    if isinstance(edit, Scatter):
        changes = _scattered(pair, edit, changes)
    return _changed(pair, changes) if changes else None


def _inserted(sample: S, edit: Insert) -> S | None:
    tokens: tuple[str, ...]
    new: tuple[str, ...]
    for word in edit.words:
        tokens = sample.sentences[_place(sample, word)].tokens
        new = tuple(word.text.split())
        if edit.where == "start":
            tokens = (*new, *tokens)
        elif edit.where == "end":
            tokens = _before_stop(tokens, new)
        else:
            at: int = next((i for i, t in enumerate(tokens) if t.lower() in DETERMINERS), -1)
            if at < 0:
                return None
            tokens = (*tokens[: at + 1], *new, *tokens[at + 1 :])
        sample = _with_tokens(sample, _place(sample, word), tokens)
    return sample


def _place(sample: Pair | OneSentence, word: Word) -> int:
    """Which of the sentences a word is in.

    Raises:
        OptionError: the sample has no such side.
    """
    if word.side in sample.sides:
        return sample.sides.index(word.side)
    write = "pre:WORD or hyp:WORD" if len(sample.sides) > 1 else "WORD alone"
    raise OptionError(
        f"{quoted(str(word))} does not say which word of {quoted(sample.id)} is meant; write "
        f"{write}"
    )


def _substituted(sample: S, word: Word, by: tuple[str, ...]) -> S | None:
    place = _place(sample, word)
    tokens = sample.sentences[place].tokens
    old = word.text.lower()
    new = tuple(t for token in tokens for t in (by if token.lower() == old else (token,)))
    return _with_tokens(sample, place, new) if new and new != tokens else None


class _Change(NamedTuple):
    """A word that comes into the hypothesis: in place of the token ``at``, or last if it is -1."""

    at: int
    word: str


_ADDED = -1


def _changes(pair: Pair, edit: Repeat | Reword) -> list[_Change]:
    """What an edit that raises the overlap does, word by word."""
    unwanted = edit.unwanted if isinstance(edit, Reword) else frozenset()
    missing = _lacking(pair, unwanted)
    places = _foreign(pair, unwanted) if isinstance(edit, Reword) else []
    found: list[_Change] = []
    while missing:
        at = places.pop(0) if places else _ADDED
        must = at != _ADDED and pair.hypothesis.words[at] in unwanted
        if not must and word_overlap(_changed(pair, found)) > edit.above:
            break
        chosen = missing.pop(_of_tag(pair, missing, at))
        found.append(_Change(at, pair.premise.tokens[chosen]))
    return found


def _lacking(pair: Pair, unwanted: frozenset[str]) -> list[int]:
    """Where the words of the premise stand that the hypothesis lacks, each once; no signs."""
    places = dict[str, int]()
    for i, word in enumerate(pair.premise.words):
        if _is_spoken(word) and word not in unwanted and word not in pair.hypothesis.words:
            places.setdefault(word, i)
    return list(places.values())


def _foreign(pair: Pair, unwanted: frozenset[str]) -> list[int]:
    """Tokens of the hypothesis that may be replaced: first unwanted ones, then from the left."""
    words = pair.hypothesis.words
    kept = set(pair.premise.words) - unwanted
    places = [i for i, word in enumerate(words) if _is_spoken(word) and word not in kept]
    return sorted(places, key=lambda i: words[i] not in unwanted)


def _is_spoken(word: str) -> bool:
    """Whether a token is more than a sign."""
    return any(c.isalnum() for c in word)


def _of_tag(pair: Pair, missing: Sequence[int], at: int) -> int:
    """Which of the missing words goes to a place: the first of its tag, or else the first."""
    premise, hypothesis = pair.premise.tags, pair.hypothesis.tags
    if at == _ADDED or premise is None or hypothesis is None:
        return 0
    alike = [n for n, i in enumerate(missing) if premise[i] == hypothesis[at]]
    return alike[0] if alike else 0


def _scattered(pair: Pair, edit: Scatter, changes: Sequence[_Change]) -> list[_Change]:
    """The same changes with random words of nearest rank in frequency."""
    # by the pair's id, so that what one gets does not hang on the other pairs
    rng = np.random.default_rng([edit.seed, *pair.id.encode()])
    taken = {*pair.premise.words, *pair.hypothesis.words}
    found = []
    for at, word in changes:
        rank = edit.ranked.index(word.lower()) if word.lower() in edit.ranked else len(edit.ranked)
        near = edit.ranked[max(0, rank - _NEAR) : rank + _NEAR]
        new = [w for w in near if w not in taken] or list(near)
        found.append(_Change(at, new[int(rng.integers(len(new)))]))
        taken.add(found[-1].word)
    return found


def _changed(pair: Pair, changes: Sequence[_Change]) -> Pair:
    """The pair with words replaced and added in its hypothesis."""
    tokens = list(pair.hypothesis.tokens)
    for at, word in changes:
        if at != _ADDED:
            tokens[at] = word
    added = [change.word for change in changes if change.at == _ADDED]
    return _with_tokens(pair, SIDES.index("hyp"), _before_stop(tokens, added))


def _before_stop(tokens: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """Words put last, but before the full stop."""
    end = len(tokens) - (len(tokens) > 1 and tokens[-1] in _STOPS)
    return (*tokens[:end], *new, *tokens[end:])


def _with_tokens(sample: S, place: int, tokens: Sequence[str]) -> S:
    """The sample with another sentence, with blanks between all tokens if the old one had them."""
    sentences: list[Sentence] = list(sample.sentences)
    raw = None if sentences[place].raw is None else spelled(tokens)
    sentences[place] = Sentence(tuple(tokens), raw=raw)
    return sample.with_sentences(sentences)


def spelled(tokens: Sequence[str]) -> str:
    """Tokens as people write them: no blank before a full stop, a comma or ``n't``."""
    return re.sub(r" (?=[.,!?;:](?: |$)|n't\b|'(?:s|re|ve|ll|d|m)\b)", "", " ".join(tokens))
