"""Concepts of sentence pairs: words, tags and overlap (Mu & Andreas 2020, Section 3, NLI).

A position is a pair. A word or a tag gives two concepts, whether it occurs in the premise and
whether it occurs in the hypothesis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from andornot._tools.checks import texts, whole_number
from andornot._tools.progress import track
from andornot.concepts.folds import fold_of
from andornot.concepts.table import ConceptTable
from andornot.data.sentences.pairs import Pair, PairData, Sentence
from andornot.data.sentences.vectors import Vectors, nearest, read_glove
from andornot.errors import DataError, OptionError, quoted

if TYPE_CHECKING:
    import scipy.sparse

STOP_WORDS = frozenset({"a", "an", "the", "of", ".", ","})
"""Words that are no concepts in the published code, however frequent."""

OVERLAPS: Mapping[str, float] = {
    "overlap-0%": 0.0, "overlap-25%": 0.25, "overlap-50%": 0.5, "overlap-75%": 0.75,
}  # fmt: skip
"""Concepts of overlap: the IoU of the two sets of words lies above this."""

NEIGHBORS = "NEIGHBORS"

SIDES = ("pre", "hyp")


@dataclass
class Columns:
    """Names of concepts with their categories, in order of the columns.

    Attributes:
        index: the column of each name.
        categories: the category of each column.
    """

    index: dict[str, int] = field(default_factory=dict)
    categories: list[str] = field(default_factory=list)

    def add(self, names: Iterable[str], category: str) -> None:
        """Add concepts of one category behind the others."""
        for name in names:
            if name in self.index:
                raise DataError(
                    f"two concepts are named {quoted(name)}; leave out the word or the tag"
                )
            self.index[name] = len(self.index)
            self.categories.append(category)


def pair_concepts(
    data: PairData,
    n_words: int = 2000,
    stop_words: Iterable[str] = STOP_WORDS,
    vectors: Vectors | str | Path | None = None,
    n_neighbors: int = 5,
    n_folds: int = 1,
) -> ConceptTable:
    """The concept table of sentence pairs (section 3 of the paper).

    Columns come in the published order: words and tags of the premise (``pre:man``, ``pre:NN``),
    those of the hypothesis (``hyp:man``), overlap (``overlap-75%``), then what is derived:
    ``NEIGHBORS(hyp:couch)`` holds where ``hyp:couch`` does, or any of its nearest words. Their
    categories are ``word``, ``tag`` and ``overlap``, and further ``neighbors``.

    Args:
        data: sentence pairs; without tags there are no tag concepts.
        n_words: how many words, the most frequent ones of all sentences together.
        stop_words: words that are no concepts; they still count as words for overlap.
        vectors: word vectors for NEIGHBORS, or their file (see ``vectors.read_glove``); without
            them there are no such concepts. Neighbours are sought among the words that are
            concepts.
        n_neighbors: how many neighbours a word has.
        n_folds: number of folds of groups to count in.

    Raises:
        OptionError: a number is below 1.
        DataError: the vectors cannot be read.

    Examples:
        >>> from andornot.data.sentences.open import open_pairs
        >>> table = pair_concepts(open_pairs("pairs:pairs.csv", tagger=None), n_words=3)
        >>> table.names[:6]
        ('pre:is', 'pre:man', 'pre:awake', 'hyp:is', 'hyp:man', 'hyp:awake')
        >>> table.n_positions  # one for each pair
        4
        >>> andornot.score("overlap-50%", [False, True, True, True], table).iou
        1.0
    """
    words = frequent_words(data, n_words, stop_words)
    tags = tag_names(data)
    columns = Columns()
    for side in SIDES:
        columns.add((f"{side}:{word}" for word in words), "word")
        columns.add((f"{side}:{tag}" for tag in tags.values()), "tag")
    columns.add(OVERLAPS, "overlap")
    rows = (_pair_columns(pair, columns.index, tags) for pair in data.pairs)
    table = ConceptTable.from_sparse(
        _matrix(track(rows, "finding concepts in pairs", len(data)), len(columns.index)),
        list(columns.index),
        columns.categories,
        folds=folds_of(data, n_folds),
        groups=data.groups,
    )
    return with_neighbors(
        table, words, [f"{side}:".__add__ for side in SIDES], vectors, n_neighbors
    )


def frequent_words(
    data: PairData, n_words: int, stop_words: Iterable[str] = STOP_WORDS
) -> tuple[str, ...]:
    """The most frequent words (in lower case) of premises and hypotheses together.

    A word counts as often as it occurs. Equally frequent words come in alphabetical order; the
    published code leaves their order to chance.

    Raises:
        OptionError: ``n_words`` is below 1.
    """
    if whole_number(n_words, "n_words") < 1:
        raise OptionError(f"n_words is {n_words}; it must be at least 1")
    counts = Counter(word for sentence in data.sentences() for word in sentence.words)
    for word in texts(stop_words, "stop_words"):
        counts.pop(word.lower(), None)
    # by the alphabet too, or the last words to become concepts would hang on the order of pairs
    return tuple(sorted(counts, key=lambda word: (-counts[word], word))[:n_words])


def tag_names(data: PairData) -> dict[str, str]:
    """What to call the concept of each tag, in alphabetical order; empty where tags are lacking.

    Words are in lower case, so a tag keeps its name unless it has no upper-case letter: ``:`` is
    a word as well, and the tag is then called ``tag::``.
    """
    if not data.has_tags:
        return {}
    tags = {tag for sentence in data.sentences() for tag in sentence.tags or ()}
    return {tag: tag if tag != tag.lower() else f"tag:{tag}" for tag in sorted(tags)}


def word_overlap(pair: Pair) -> float:
    """The IoU of the two sets of words of a pair, in lower case, stop words and signs included."""
    premise, hypothesis = set(pair.premise.words), set(pair.hypothesis.words)
    return len(premise & hypothesis) / len(premise | hypothesis)


def folds_of(data: PairData, n_folds: int) -> list[int]:
    """The fold of each pair, by the name of its group alone.

    Raises:
        OptionError: there are fewer than 1.
    """
    if whole_number(n_folds, "n_folds") < 1:
        raise OptionError(f"n_folds is {n_folds}; it must be at least 1")
    return [fold_of(group, n_folds) for group in data.groups]


def with_neighbors(
    table: ConceptTable,
    words: Sequence[str],
    namers: Sequence[Callable[[str], str]],
    vectors: Vectors | str | Path | None,
    n_neighbors: int,
) -> ConceptTable:
    """Derive ``NEIGHBORS(...)`` of every word that has a vector; the same table without vectors.

    Args:
        table: a table with concepts of words.
        words: the words.
        namers: each turns a word into the name of one of its concepts.
        vectors: word vectors, or their file.
        n_neighbors: how many neighbours a word has.
    """
    if vectors is None:
        return table
    known = vectors if isinstance(vectors, Vectors) else read_glove(vectors, words)
    near = nearest(words, known, n_neighbors)
    related = {
        named(word): [named(w) for w in (word, *others)]
        for named in namers
        for word, others in near.items()
    }
    return table.derive(NEIGHBORS, related)


def _pair_columns(pair: Pair, index: Mapping[str, int], tags: Mapping[str, str]) -> set[int]:
    """The columns that hold on a pair."""
    found = set()
    for side, sentence in zip(SIDES, pair.sentences, strict=True):
        names = {*sentence.words, *_tag_concepts(sentence, tags)}
        found |= {index.get(f"{side}:{name}", -1) for name in names}
    overlap = word_overlap(pair)
    found |= {index[name] for name, least in OVERLAPS.items() if overlap > least}
    return found - {-1}  # words that are too rare to be concepts


def _tag_concepts(sentence: Sentence, tags: Mapping[str, str]) -> Iterable[str]:
    return (tags[tag] for tag in sentence.tags or ()) if tags else ()


def _matrix(rows: Iterable[Iterable[int]], n_columns: int) -> scipy.sparse.csr_array:
    """Rows of columns as a sparse matrix."""
    import scipy.sparse

    indptr, indices = [0], list[int]()
    for row in rows:
        indices.extend(row)
        indptr.append(len(indices))
    true = np.ones(len(indices), np.bool_)
    shape = (len(indptr) - 1, n_columns)
    return scipy.sparse.csr_array((true, np.array(indices, np.int64), indptr), shape=shape)
