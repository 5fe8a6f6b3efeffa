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
from andornot.data.sequences.document import Spans
from andornot.data.sequences.view import DocumentView, Found

NOTHING: Found = (np.zeros(0, np.int32), ())


@dataclass(frozen=True, eq=False)
class Source:
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
    positions, which = overlapping(view.positions, spans.extents)
    return positions, [spans.labels[i] for i in which.tolist()]


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
