"""Concepts of sentence pairs: words, tags and overlap (Mu & Andreas 2020, Section 3, NLI).

A position is a pair. A word or a tag gives two concepts, whether it occurs in the premise and
whether it occurs in the hypothesis. What single sentences have is in ``single_concepts``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from andornot._tools.checks import texts, whole_number
from andornot._tools.progress import track
from andornot.concepts.folds import fold_of
from andornot.concepts.provenance import Provenance
from andornot.concepts.table import ConceptTable
from andornot.data.sentences.pairs import SIDES as SIDES
from andornot.data.sentences.pairs import Pair, PairData, SentenceSamples
from andornot.data.sentences.vectors import Vectors, nearest, read_glove
from andornot.data.sources.base import ConceptSource, SampleView
from andornot.data.sources.named import named_sources
from andornot.data.sources.related import Neighbors
from andornot.data.sources.summed import Summed
from andornot.data.sources.words import WORDS, Overlap, of_tokens, overlap_of, tags_of, words_of
from andornot.errors import OptionError

if TYPE_CHECKING:
    import scipy.sparse

STOP_WORDS = frozenset({"a", "an", "the", "of", ".", ","})
"""Words that are no concepts in the published code, however frequent."""

OVERLAPS: Mapping[str, float] = {
    "overlap-0%": 0.0, "overlap-25%": 0.25, "overlap-50%": 0.5, "overlap-75%": 0.75,
}  # fmt: skip
"""Concepts of overlap: the IoU of the two sets of words lies above this."""

NEIGHBORS = "NEIGHBORS"


def pair_concepts(
    data: PairData,
    n_words: int = 2000,
    stop_words: Iterable[str] = STOP_WORDS,
    vectors: Vectors | str | Path | None = None,
    n_neighbors: int = 5,
    n_folds: int = 1,
    sources: Sequence[Any] = (),
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
        sources: what the user adds to these concepts and to what the data brings along, as
            ``data.sources.named.named_sources`` takes it.

    Raises:
        OptionError: a number is below 1.
        DataError: the vectors cannot be read, or a function of the user's fails.

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
    added = (*data.further, *named_sources(sources))
    further = (source.of(view_of(data, 0), SIDES) for source in added)
    concepts = Summed((*_own_sources(data, words), *further))
    table = whole_sample_table(data, concepts, n_folds, "finding concepts in pairs")
    return with_neighbors(
        table, words, [f"{side}:".__add__ for side in SIDES], vectors, n_neighbors
    )


def whole_sample_table(
    data: SentenceSamples, concepts: Summed, n_folds: int, doing: str
) -> ConceptTable:
    """The table of samples that are one position each.

    Args:
        data: the samples.
        concepts: all sources.
        n_folds: number of folds of groups to count in.
        doing: what to call the work.
    """
    rows = (concepts.labels(view_of(data, i)).concepts for i in range(len(data)))
    return ConceptTable.from_sparse(
        _matrix(track(rows, doing, len(data)), len(concepts.names)),
        concepts.names,
        concepts.categories,
        folds=folds_of(data, n_folds),
        groups=data.groups,
    ).told_by(concepts.known_provenance)


def _own_sources(data: PairData, words: Sequence[str]) -> Iterator[ConceptSource]:
    """The concepts of pairs: words and tags of each side, in the published order, and overlap."""
    tags = tag_names(data)
    for place, side in enumerate(SIDES):
        named = tuple(f"{side}:{word}" for word in words)
        yield of_tokens(named, "word", words_of, WORDS, f"{side}:", place)
        called = tuple(f"{side}:{tag}" for tag in tags.values())
        yield of_tokens(called, "tag", tags_of(tags), tagger_of(data), f"{side}:", place)
    yield Overlap(OVERLAPS)


def tagger_of(data: SentenceSamples) -> Provenance:
    """Whom the tags come from."""
    return data.annotated_by if data.tagged_by is None else data.tagged_by


def view_of(data: SentenceSamples, i: int, by_token: bool = False) -> SampleView:
    """What a source can see of a sample, which is one position, or has one for each token."""
    sample = data.samples[i]
    n_positions = sum(len(s.tokens) for s in sample.sentences) if by_token else 1
    return SampleView(i, sample.id, (1, n_positions), segments=sample.sentences, by_token=by_token)


def frequent_words(
    data: SentenceSamples, n_words: int, stop_words: Iterable[str] = STOP_WORDS
) -> tuple[str, ...]:
    """The most frequent words (in lower case) of all sentences together.

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


def tag_names(data: SentenceSamples) -> dict[str, str]:
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
    return overlap_of(pair.sentences)


def folds_of(data: SentenceSamples, n_folds: int) -> list[int]:
    """The fold of each sample, by the name of its group alone.

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
        named(word): tuple(named(w) for w in (word, *others))
        for named in namers
        for word, others in near.items()
    }
    return Neighbors(NEIGHBORS, related).derive(table)


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
