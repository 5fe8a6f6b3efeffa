"""Concepts of the tokens of sentence pairs, for units that fire at each token.

A sample is a pair, and its positions are the tokens of the premise, then those of the hypothesis:
a grid of one row. A unit's mask has the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from andornot._tools.progress import track
from andornot.concepts.table import ConceptTable, TableBuilder
from andornot.data.sentences.concepts import (
    Columns,
    folds_of,
    frequent_words,
    tag_names,
    with_neighbors,
)
from andornot.data.sentences.pairs import Pair, PairData
from andornot.data.sentences.vectors import Vectors

PLACES = ("first", "last")
SEGMENTS = ("premise", "hypothesis")


def token_concepts(
    data: PairData,
    n_words: int = 2000,
    stop_words: Iterable[str] = (),
    vectors: Vectors | str | Path | None = None,
    n_neighbors: int = 5,
    n_folds: int = 1,
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

    Raises:
        OptionError: a number is below 1.
        DataError: the vectors cannot be read.

    Examples:
        >>> from andornot.data.sentences.open import open_pairs
        >>> table = token_concepts(open_pairs("pairs:pairs.csv", tagger=None), n_words=2)
        >>> table.names
        ('word:.', 'word:a', 'first', 'last', 'premise', 'hypothesis')
        >>> table.n_positions  # one for each token
        35
    """
    words = frequent_words(data, n_words, stop_words)
    columns = Columns()
    columns.add(map(_word, words), "word")
    columns.add(map(_tag, tag_names(data)), "tag")
    columns.add(PLACES, "place")
    columns.add(SEGMENTS, "segment")
    for mark in sorted({m for s in data.sentences() for marks in s.marks or () for m in marks}):
        columns.add((mark,), mark.partition(":")[0])
    builder = TableBuilder(list(columns.index), columns.categories)
    pairs = zip(data.pairs, folds_of(data, n_folds), strict=True)
    for pair, fold in track(pairs, "finding concepts in tokens", len(data)):
        builder.add(_layers(pair, columns.index), fold=fold)
    table = builder.finish().grouped(data.groups)
    return with_neighbors(table, words, [_word], vectors, n_neighbors)


def _word(word: str) -> str:
    return f"word:{word}"


def _tag(tag: str) -> str:
    return f"tag:{tag}"


def _layers(pair: Pair, index: Mapping[str, int]) -> list[NDArray[np.int32]]:
    """Label maps ``(1, n_tokens)`` of a pair: word, tag, first, last, segment, then marks."""
    n_marks = max((len(m) for s in pair.sentences for m in s.marks or ()), default=0)
    layers: list[list[int]] = [[] for _ in range(5 + n_marks)]
    for segment, sentence in zip(SEGMENTS, pair.sentences, strict=True):
        end = len(sentence.tokens) - 1
        for place, word in enumerate(sentence.words):
            tag = _tag(sentence.tags[place]) if sentence.tags else ""
            marks = sentence.marks[place] if sentence.marks else ()
            names = (
                _word(word),
                tag,
                "first" if place == 0 else "",
                "last" if place == end else "",
                segment,
                *marks,
                *("",) * (n_marks - len(marks)),
            )
            for layer, name in zip(layers, names, strict=True):
                layer.append(index.get(name, -1) + 1)
    return [np.array([layer], np.int32) for layer in layers]
