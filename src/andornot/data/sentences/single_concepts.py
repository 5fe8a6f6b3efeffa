"""Concepts of single sentences: words and length, and lemmas, tags and marks where known."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from andornot.concepts.provenance import Provenance
from andornot.concepts.table import ConceptTable
from andornot.data.sentences.concepts import (
    STOP_WORDS,
    frequent_words,
    tag_names,
    tagger_of,
    view_of,
    whole_sample_table,
    with_neighbors,
)
from andornot.data.sentences.pairs import Sentence
from andornot.data.sentences.single import SentenceData
from andornot.data.sentences.vectors import Vectors
from andornot.data.sources.base import ConceptSource, Labels, Plain, SampleView, Segment
from andornot.data.sources.named import named_sources
from andornot.data.sources.summed import Summed
from andornot.data.sources.words import WORDS, OfTokens, marks_of, of_tokens, tags_of, words_of

LENGTHS: Final = (1, 6, 11, 21, 41)
"""The least tokens of each range of lengths; the last has no end."""

LENGTH: Final = Provenance.rule("number of words and signs")


def sentence_concepts(
    data: SentenceData,
    n_words: int = 2000,
    stop_words: Iterable[str] = STOP_WORDS,
    vectors: Vectors | str | Path | None = None,
    n_neighbors: int = 5,
    n_folds: int = 1,
    sources: Sequence[Any] = (),
) -> ConceptTable:
    """The concept table of sentences; a concept holds where the sentence has a token with it.

    Concepts are words (``word:great``), lemmas (``lemma:be``), tags (``tag:ADJ``), marks
    (``feat:Mood=Imp``), the number of tokens (``length:1-5``), and ``NEIGHBORS(word:great)``.
    Categories are what stands before the colon, and ``neighbors``.

    Args:
        data: sentences; what the file does not know gives no concepts, and neither does a mark
            that every sentence has, or a lemma that is always written as it is.
        n_words: how many words, and how many lemmas, the most frequent ones.
        stop_words: words and lemmas that are no concepts.
        vectors: word vectors for NEIGHBORS, or their file; without them there are no such
            concepts. Neighbours are sought among the words that are concepts.
        n_neighbors: how many neighbours a word has.
        n_folds: number of folds of groups to count in.
        sources: what the user adds, as ``data.sources.named.named_sources`` takes it.

    Raises:
        OptionError: a number is below 1.
        DataError: the vectors cannot be read, or a function of the user's fails.

    Examples:
        >>> from andornot.data.sentences.open_single import open_single
        >>> table = sentence_concepts(open_single("sentences:films.csv", tagger=None), n_words=3)
        >>> table.names[:3], table.n_positions
        (('word:great', 'word:film', 'word:dull'), 4)
    """
    words = frequent_words(data, n_words, stop_words)
    added = (*data.further, *named_sources(sources))
    further = (source.of(view_of(data, 0)) for source in added)
    own = _own_sources(data, words, n_words, frozenset(stop_words))
    table = whole_sample_table(
        data, Summed((*own, *further)), n_folds, "finding concepts in sentences"
    )
    return with_neighbors(table, words, ["word:".__add__], vectors, n_neighbors)


def _own_sources(
    data: SentenceData, words: Sequence[str], n_words: int, stop_words: frozenset[str]
) -> Iterator[ConceptSource]:
    """What the sentences themselves have."""
    yield of_tokens(tuple(f"word:{word}" for word in words), "word", words_of, WORDS, "word:")
    named = tuple(f"lemma:{lemma}" for lemma in _telling_lemmas(data, stop_words)[:n_words])
    yield of_tokens(named, "lemma", lemmas_of, data.annotated_by, "lemma:")
    tags = {tag: tag for tag in tag_names(data)}
    called = tuple(f"tag:{tag}" for tag in tags)
    yield of_tokens(called, "tag", tags_of(tags), tagger_of(data), "tag:")
    having = Counter(m for s in data.sentences() for m in {m for own in marks_of(s) for m in own})
    # a root, which every sentence has, would make a formula of any absence
    marks = tuple(sorted(mark for mark, n in having.items() if n < len(data)))
    kinds = tuple((mark.partition(":")[0],) for mark in marks)
    yield OfTokens(marks, kinds, marks_of, data.annotated_by)
    yield SentenceLength()


def _telling_lemmas(data: SentenceData, stop_words: frozenset[str]) -> list[str]:
    """The lemmas of which there are other forms too, the most frequent first."""
    forms: dict[str, Counter[str]] = {}
    for sentence in data.sentences():
        for word, held in zip(sentence.words, lemmas_of(sentence), strict=True):
            for lemma in held:
                forms.setdefault(lemma, Counter())[word] += 1
    telling = {own: n.total() for own, n in forms.items() if n.keys() != {own}}
    return sorted(telling.keys() - stop_words - {""}, key=lambda lemma: (-telling[lemma], lemma))


@dataclass(frozen=True, eq=False)
class SentenceLength(Plain):
    """How many words and signs a sentence has: one concept for each range."""

    provenance: Provenance = LENGTH

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each range."""
        ends = (*(str(first - 1) for first in LENGTHS[1:]), "")
        return tuple(f"length:{first}-{end}" for first, end in zip(LENGTHS, ends, strict=True))

    @property
    def categories(self) -> tuple[tuple[str, ...], ...]:
        """All are of length."""
        return (("length",),) * len(LENGTHS)

    def labels(self, sample: SampleView) -> Labels:
        """The range of a sentence."""
        n = sum(len(segment.tokens) for segment in sample.segments)
        return Labels((), (bisect_right(LENGTHS, n) - 1,), sample.grid)


def names_of_each(sentence: Sentence) -> tuple[frozenset[str], ...]:
    """The concepts that each token stands for."""
    read = {
        "word:": words_of(sentence),
        "lemma:": lemmas_of(sentence),
        "tag:": [(tag,) for tag in sentence.tags or ("",) * len(sentence.tokens)],
        "": marks_of(sentence),
    }
    return tuple(
        frozenset(f"{kind}{own}" for kind, held in read.items() for own in held[place])
        for place in range(len(sentence.tokens))
    )


def lemmas_of(segment: Segment) -> Sequence[Iterable[str]]:
    """The lemma of each token, in lower case; an empty one where nobody says."""
    lemmas = segment.lemmas or ("",) * len(segment.tokens)
    return [(lemma.lower(),) for lemma in lemmas]
