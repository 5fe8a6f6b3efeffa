"""What sources of labels have in common: labels of words, of stretches, of positions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.provenance import Provenance
from andornot.data.sequences.align import overlapping
from andornot.data.sequences.document import Extents, Spans
from andornot.data.sequences.view import DocumentView, Found

NOTHING: Found = (np.zeros(0, np.int32), ())


@dataclass(frozen=True, eq=False)
class RuleSource:
    """A source (``view.LabelSource``) that a rule is behind.

    Attributes:
        category: of its concepts.
        provenance: whom its labels come from.
        most: how many labels may become concepts; None for all.
    """

    category: str
    provenance: Provenance
    most: int | None = None

    def key(self) -> Mapping[str, Any]:
        """What shapes the labels: by default the rule alone, which the program's version says."""
        return {"category": self.category, "most": self.most}

    @abstractmethod
    def found(self, view: DocumentView) -> Found:
        """Which labels hold where."""


def of_spans(view: DocumentView, spans: Spans) -> Found:
    """The labels of stretches at all positions that overlap them."""
    names = list(dict.fromkeys(spans.labels))
    number = {name: i for i, name in enumerate(names)}
    numbers = np.fromiter((number[label] for label in spans.labels), np.int64, len(spans))
    extents, numbers = united(spans.extents, numbers)
    positions, which = overlapping(view.positions, extents)
    return positions, [names[i] for i in numbers[which].tolist()]


def united(extents: Extents, labels: NDArray[np.int64]) -> tuple[Extents, NDArray[np.int64]]:
    """Stretches of one label that share characters as one, for nested ones count a position often.

    Args:
        extents: the stretches, in any order; none is empty.
        labels: a number from 0 for the label of each.

    Examples:
        >>> extents = Extents.of([(0, 9), (2, 3), (4, 6), (8, 12)])
        >>> one, labels = united(extents, np.array([0, 0, 1, 0]))
        >>> one.starts, one.ends, labels
        (array([0, 4], dtype=int32), array([12,  6], dtype=int32), array([0, 1]))
    """
    order = np.lexsort((extents.starts, labels))
    labels = labels[order]
    # each label has a range of numbers to itself, so that one running maximum serves all
    ground = labels * (int(extents.ends.max(initial=0)) + 1)
    starts, ends = extents.starts[order] + ground, extents.ends[order] + ground
    reach = np.maximum.accumulate(ends)
    first = np.append(True, starts[1:] >= reach[:-1])[: len(starts)]
    at = np.flatnonzero(first)
    last = np.append(at[1:], len(starts))[: len(at)] - 1
    ground = ground[at]
    apart = Extents((starts[at] - ground).astype(np.int32), (reach[last] - ground).astype(np.int32))
    return apart, labels[at]


def of_words(view: DocumentView, labels: Sequence[Sequence[str]]) -> Found:
    """The labels of words, of which each may have several, at all positions that overlap them."""
    positions, words = view.on_words
    sizes = np.array([len(own) for own in labels], np.int32)
    if not sizes.any():
        return NOTHING
    found = [label for word in words.tolist() for label in labels[word]]
    return np.repeat(positions, sizes[words]), found


def everywhere(view: DocumentView, labels: Sequence[str]) -> Found:
    """Labels that hold at all positions."""
    positions: NDArray[np.int32] = np.tile(np.arange(len(view), dtype=np.int32), len(labels))
    return positions, [label for label in labels for _ in range(len(view))]
