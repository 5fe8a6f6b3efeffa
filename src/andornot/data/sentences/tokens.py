"""Concepts of the tokens of sentence pairs, for units that fire at each token.

A sample is a pair, and its positions are the tokens of the premise, then those of the hypothesis:
a grid of one row. A unit's mask has the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from andornot._tools.progress import track
from andornot.concepts.surroundings import Surroundings
from andornot.concepts.table import ConceptTable, TableBuilder
from andornot.data.sentences.concepts import (
    folds_of,
    frequent_words,
    tag_names,
    tagger_of,
    view_of,
    with_neighbors,
)
from andornot.data.sentences.pairs import Pair, PairData
from andornot.data.sentences.vectors import Vectors
from andornot.data.sources.base import ConceptSource
from andornot.data.sources.named import named_sources
from andornot.data.sources.summed import Summed
from andornot.data.sources.words import (
    PLACE,
    WORDS,
    OfTokens,
    SegmentNames,
    marks_of,
    of_tokens,
    places_of,
    tags_of,
    words_of,
)

PLACES = ("first", "last")
SEGMENTS = ("premise", "hypothesis")


def token_concepts(
    data: PairData,
    n_words: int = 2000,
    stop_words: Iterable[str] = (),
    vectors: Vectors | str | Path | None = None,
    n_neighbors: int = 5,
    n_folds: int = 1,
    sources: Sequence[Any] = (),
) -> ConceptTable:
    """The concept table of the tokens of sentence pairs.

    Concepts of a token: its word (``word:man``), its tag (``tag:NN``), whether it is the ``first``
    or the ``last`` of its sentence, the sentence (``premise`` or ``hypothesis``), its marks
    (``deprel:nsubj``, ``feat:Number=Plur``), and ``NEIGHBORS(word:man)``. Categories are ``word``,
    ``tag``, ``place`` and ``segment``, of marks what stands before the colon, and further
    ``neighbors``.

    Args:
        data: sentence pairs; without tags there are no tag concepts.
        n_words: how many words, the most frequent ones of all sentences together.
        stop_words: words that are no concepts; none by default, since a unit may well fire on
            one of them.
        vectors: word vectors for NEIGHBORS, or their file; without them there are no such
            concepts. Neighbours are sought among the words that are concepts.
        n_neighbors: how many neighbours a word has.
        n_folds: number of folds of groups to count in.
        sources: what the user adds to these concepts and to what the data brings along, as
            ``data.sources.named.named_sources`` takes it.

    Raises:
        OptionError: a number is below 1.
        DataError: the vectors cannot be read, or a function of the user's fails.

    Examples:
        >>> from andornot.data.sentences.open import open_pairs
        >>> table = token_concepts(open_pairs("pairs:pairs.csv", tagger=None), n_words=2)
        >>> table.names
        ('word:.', 'word:a', 'first', 'last', 'premise', 'hypothesis')
        >>> table.n_positions  # one for each token
        35
    """
    words = frequent_words(data, n_words, stop_words)
    added = (*data.further, *named_sources(sources))
    further = (source.of(view_of(data, 0, by_token=True)) for source in added)
    concepts = Summed((*_own_sources(data, words), *further))
    builder = TableBuilder(concepts.names, concepts.categories)
    folds = enumerate(folds_of(data, n_folds))
    for i, fold in track(folds, "finding concepts in tokens", len(data)):
        labels = concepts.labels(view_of(data, i, by_token=True))
        builder.add(labels.maps, labels.concepts, fold)
    table = builder.finish().grouped(data.groups).told_by(concepts.known_provenance)
    return with_neighbors(table, words, [_word], vectors, n_neighbors)


def surroundings_of(pair: Pair) -> Surroundings:
    """How the tokens of a pair lie to each other: sentences are segments, and tokens are words.

    Examples:
        >>> from andornot.data.sentences.open import open_pairs
        >>> pair = open_pairs("pairs:pairs.csv", tagger=None).pairs[0]
        >>> [len(sentence.tokens) for sentence in pair.sentences]
        [4, 4]
        >>> surroundings_of(pair).segments.tolist()
        [0, 0, 0, 0, 1, 1, 1, 1]
    """
    sizes = [len(sentence.tokens) for sentence in pair.sentences]
    starts = np.cumsum([0, *sizes])
    heads = []
    for sentence, start in zip(pair.sentences, starts.tolist(), strict=False):
        own = sentence.heads or (-1,) * len(sentence.tokens)
        heads += [head + start if head >= 0 else -1 for head in own]
    syntax = any(sentence.heads is not None for sentence in pair.sentences)
    return Surroundings(
        np.arange(starts[-1], dtype=np.int32),
        heads=np.array(heads, np.int32) if syntax else None,
        segments=np.repeat(np.arange(len(sizes)), sizes).astype(np.int32),
    )


def _own_sources(data: PairData, words: Sequence[str]) -> Iterator[ConceptSource]:
    """The concepts of tokens."""
    yield of_tokens(tuple(map(_word, words)), "word", words_of, WORDS, _word(""))
    tags = {tag: tag for tag in tag_names(data)}
    yield of_tokens(tuple(map(_tag, tags)), "tag", tags_of(tags), tagger_of(data), _tag(""))
    yield of_tokens(PLACES, "place", places_of, PLACE)
    yield SegmentNames(SEGMENTS, (("segment",),) * len(SEGMENTS))
    marks = tuple(sorted({m for s in data.sentences() for own in s.marks or () for m in own}))
    kinds = tuple((mark.partition(":")[0],) for mark in marks)
    yield OfTokens(marks, kinds, marks_of, data.annotated_by)


def _word(word: str) -> str:
    return f"word:{word}"


def _tag(tag: str) -> str:
    return f"tag:{tag}"
