"""Lexical coherence: how near the words of a formula's concepts are to each other.

A concept's phrase is its name without what is not language: ``pre:``, ``NEIGHBORS(...)``, the
``-s`` and ``-c`` of Broden's scenes and colours. Tags, overlap and places have no phrase.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.table import ConceptTable
from andornot.data.sentences.vectors import read_glove
from andornot.errors import OptionError

NO_LANGUAGE = frozenset({"tag", "overlap", "place", "segment"})
"""Categories of concepts whose names are no words."""

BACKGROUND_SHARE = 0.95
"""A pair of phrases is near if it is nearer than this share of all pairs of a run's phrases."""

_BACKGROUND_PAIRS = 2000
_CALL = re.compile(r'^[A-Z][A-Z0-9_]*\("?(.*?)"?\)$')
_PREFIX = re.compile(r"^(pre|hyp|word):")
_SUFFIX = re.compile(r"(?<=\w)-[sc]$")


class Similarity(Protocol):
    """A measure of how near two phrases are."""

    @property
    def name(self) -> str:
        """What is measured, in a few words."""

    def between(self, first: str, second: str) -> float | None:
        """How near two phrases are; None where one is unknown."""


def phrase_of(name: str) -> str:
    """The words of a concept's name, in lower case with single blanks: ``front left door``."""
    call = _CALL.match(name)
    plain = _SUFFIX.sub("", _PREFIX.sub("", call.group(1) if call else name))
    return " ".join(re.findall(r"[^\W_]+(?:['-][^\W_]+)*", plain.lower()))


def phrases(table: ConceptTable) -> dict[str, str]:
    """The phrase of each concept that has one."""
    named = {
        name: phrase_of(name)
        for name, kinds in zip(table.names, table.categories, strict=True)
        if not NO_LANGUAGE & set(kinds)
    }
    return {name: phrase for name, phrase in named.items() if phrase}


@dataclass(frozen=True, eq=False)
class VectorSimilarity:
    """The cosine of two phrases; a phrase is the mean of the vectors of its words.

    Attributes:
        path: word vectors in GloVe's text format.
        wanted: the phrases to be compared; only their words are read.
    """

    path: Path
    wanted: frozenset[str] = field(repr=False)

    @property
    def name(self) -> str:
        """What is measured."""
        return f"cosine of word vectors ({self.path.name})"

    @cached_property
    def _vectors(self) -> Mapping[str, NDArray[np.float64]]:
        """The unit vector of each phrase of which at least one word has a vector."""
        words = (word for phrase in self.wanted for word in phrase.split())
        known = read_glove(self.path, {part for w in words for part in (w, *w.split("-"))})
        found: dict[str, NDArray[np.float64]] = {}
        for phrase in self.wanted:
            rows = [known.matrix[known.index[w]] for w in _words_in(phrase, known.index)]
            mean = np.array(rows, np.float64).mean(axis=0) if rows else np.zeros(1)
            if mean.any():
                found[phrase] = mean / np.linalg.norm(mean)
        return found

    def between(self, first: str, second: str) -> float | None:
        """The cosine."""
        a, b = self._vectors.get(first), self._vectors.get(second)
        return None if a is None or b is None else float(a @ b)


def _words_in(phrase: str, known: Mapping[str, int]) -> list[str]:
    """The words of a phrase that are known; a compound counts as a whole, else by its parts."""
    words: list[str] = []
    for word in phrase.split():
        words += [word] if word in known else [part for part in word.split("-") if part in known]
    return words


class WordNetSimilarity:
    """Path similarity in WordNet, of the two nearest noun meanings; needs nltk and its wordnet.

    A phrase that WordNet lacks is taken by its last word (``left door`` by ``door``).
    """

    name = "WordNet path similarity"

    def __init__(self) -> None:
        """Find WordNet.

        Raises:
            OptionError: nltk, or its corpus wordnet, is not installed.
        """
        try:
            self._wordnet: Any = importlib.import_module("nltk.corpus").wordnet
            # nltk opens its corpus on first use, so one that is missing shows here and not later
            self._wordnet.synsets("dog")
        except (ImportError, LookupError) as error:
            raise OptionError(
                "WordNet is not installed; run pip install nltk and python -m nltk.downloader "
                "wordnet, or give word vectors with --vectors"
            ) from error
        self._nouns = lru_cache(maxsize=None)(self._find)

    def _find(self, phrase: str) -> tuple[Any, ...]:
        whole = self._wordnet.synsets(phrase.replace(" ", "_"), pos="n")
        return tuple(whole or self._wordnet.synsets(phrase.split()[-1], pos="n"))

    def between(self, first: str, second: str) -> float | None:
        """The largest path similarity of two meanings."""
        found = [
            similarity
            for a in self._nouns(first)
            for b in self._nouns(second)
            if (similarity := a.path_similarity(b)) is not None
        ]
        return max(found, default=None)


def mean_similarity(measure: Similarity, pairs: Iterable[tuple[str, str]]) -> float | None:
    """The mean over pairs of different phrases that are both known; None where there is none.

    Two equal phrases (``pre:man`` and ``hyp:man``) count 1.
    """
    values = (1.0 if a == b else measure.between(a, b) for a, b in pairs)
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def coherence(measure: Similarity, words: Sequence[str]) -> float | None:
    """The mean similarity of all pairs of different phrases; None if fewer than two are known."""
    return mean_similarity(measure, combinations(sorted(set(words)), 2))


def usual_threshold(measure: Similarity, words: Iterable[str], seed: int = 0) -> float | None:
    """What :data:`BACKGROUND_SHARE` of random pairs of different phrases stay below.

    None where too few phrases are known.
    """
    distinct = sorted(set(words))
    if len(distinct) < 3:
        return None
    rng = np.random.default_rng(seed)
    first = rng.integers(0, len(distinct), _BACKGROUND_PAIRS)
    # a step of at least 1 and less than all around: never the phrase itself
    second = (first + rng.integers(1, len(distinct), _BACKGROUND_PAIRS)) % len(distinct)
    values = (measure.between(distinct[i], distinct[j]) for i, j in zip(first, second, strict=True))
    known = [value for value in values if value is not None]
    return float(np.quantile(known, BACKGROUND_SHARE)) if len(known) >= 20 else None
