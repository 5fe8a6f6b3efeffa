"""Words, tags, marks and the like of sentences, at pairs and at tokens: a rule for each.

Of sentences whose sample is one position, a concept holds if it does anywhere in a segment. Where
tokens are the positions, it holds at each token that has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.provenance import Provenance
from andornot.data.sources.base import Labels, Plain, SampleView, Segment

Reader = Callable[[Segment], Sequence[Iterable[str]]]
"""What holds at each token of a segment, by the names that concepts have."""

WORDS = Provenance.rule("words that occur")
PLACE = Provenance.rule("place in the sentence")
OVERLAP = Provenance.rule("words in common")


def words_of(segment: Segment) -> Sequence[Iterable[str]]:
    """The words, in lower case."""
    return [(word,) for word in segment.words]


def marks_of(segment: Segment) -> Sequence[Iterable[str]]:
    """The marks, such as ``deprel:nsubj``."""
    return segment.marks or [()] * len(segment.tokens)


def places_of(segment: Segment) -> Sequence[Iterable[str]]:
    """Whether a token is the ``first`` or the ``last`` of its segment."""
    end = len(segment.tokens) - 1
    return [("first",) * (i == 0) + ("last",) * (i == end) for i in range(end + 1)]


def tags_of(called: Mapping[str, str]) -> Reader:
    """The tags, by what the concept of each is called."""

    def read(segment: Segment) -> Sequence[Iterable[str]]:
        if not called or segment.tags is None:
            return [()] * len(segment.tokens)
        return [(called[tag],) for tag in segment.tags]

    return read


@dataclass(frozen=True, eq=False)
class OfTokens(Plain):
    """Concepts that tokens have.

    Attributes:
        names: of the concepts.
        categories: of each of them.
        read: what holds at each token.
        provenance: whom they come from.
        prefix: what stands before a name in ``names``, such as ``word:``.
        segment: which segment is asked; None for all.
    """

    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    read: Reader
    provenance: Provenance
    prefix: str = ""
    segment: int | None = None

    @cached_property
    def _index(self) -> Mapping[str, int]:
        return {name.removeprefix(self.prefix): i for i, name in enumerate(self.names)}

    def labels(self, sample: SampleView) -> Labels:
        """Where each concept holds."""
        segments = sample.segments
        asked = segments if self.segment is None else segments[self.segment : self.segment + 1]
        found = [[self._places(held) for held in self.read(segment)] for segment in asked]
        return labels_of(found, sample)

    def _places(self, held: Iterable[str]) -> list[int]:
        """The places of those names that are concepts, for not all words are."""
        return [self._index[name] for name in held if name in self._index]

    def links(self, sample: SampleView) -> NDArray[np.int64] | None:
        """The heads of words, where tokens are positions and each sentence knows them."""
        if not sample.by_token:
            return None
        found, start = [], 0
        for segment in sample.segments:
            if segment.heads is None:
                return None
            found += [head + start if head >= 0 else -1 for head in segment.heads]
            start += len(segment.tokens)
        return np.array(found, np.int64)


def of_tokens(
    names: tuple[str, ...],
    category: str,
    read: Reader,
    provenance: Provenance,
    prefix: str = "",
    segment: int | None = None,
) -> OfTokens:
    """Concepts of one category; see :class:`OfTokens`."""
    return OfTokens(names, ((category,),) * len(names), read, provenance, prefix, segment)


@dataclass(frozen=True, eq=False)
class SegmentNames(Plain):
    """A concept for each segment, which holds at all its tokens."""

    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    provenance: Provenance = PLACE

    def labels(self, sample: SampleView) -> Labels:
        """The segment of each token."""
        each = [[[i]] * len(segment.tokens) for i, segment in enumerate(sample.segments)]
        return labels_of(each, sample)


@dataclass(frozen=True, eq=False)
class Overlap(Plain):
    """How many words the segments have in common: the IoU of their sets lies above a share.

    Attributes:
        levels: for each concept the share.
    """

    levels: Mapping[str, float]
    provenance: Provenance = OVERLAP

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each level."""
        return tuple(self.levels)

    @property
    def categories(self) -> tuple[tuple[str, ...], ...]:
        """All are of overlap."""
        return (("overlap",),) * len(self.levels)

    def labels(self, sample: SampleView) -> Labels:
        """The levels that the sample lies above."""
        overlap = overlap_of(sample.segments)
        held = [i for i, least in enumerate(self.levels.values()) if overlap > least]
        return Labels((), tuple(held), sample.grid)


def overlap_of(segments: Sequence[Segment]) -> float:
    """The IoU of the sets of words of two segments, in lower case."""
    one, other = (set(segment.words) for segment in segments)
    return len(one & other) / len(one | other)


def labels_of(found: Sequence[Sequence[Sequence[int]]], sample: SampleView) -> Labels:
    """Labels from the concepts of each token of each segment."""
    if not sample.by_token:
        whole = {concept for tokens in found for held in tokens for concept in held}
        return Labels((), tuple(sorted(whole)), sample.grid)
    tokens = [held for part in found for held in part]
    maps = np.zeros((max(map(len, tokens), default=0), 1, len(tokens)), np.int32)
    for place, held in enumerate(tokens):
        maps[: len(held), 0, place] = [concept + 1 for concept in held]
    return Labels(tuple(maps), (), sample.grid)
