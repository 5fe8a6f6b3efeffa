"""What a source of concepts can see of one document: the document, and its positions.

A source is asked for labels at positions, not for columns of a table: which labels become concepts
is decided when all documents have been seen, by how many positions and documents have each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from andornot._tools.words import brief
from andornot.concepts.provenance import Provenance
from andornot.data.sequences.align import item_of
from andornot.data.sequences.document import Document, Extents

Found = tuple[NDArray[np.int32], Sequence[str]]
"""Positions and labels, of the same length: which label holds at which position."""


@dataclass(frozen=True, eq=False)
class DocumentView:
    """A document and the positions that it has under a network.

    Attributes:
        index: its place in the data set.
        document: the document.
        positions: the characters of each position, in order.
        tokens: what the network calls each position, such as ``Ġsea``; the characters themselves
            where positions are no tokens of a network's.
        in_window: int32, the place of each position in the window that it was read in.
        words: where the words are: the document's own, or found by rule.

    Examples:
        >>> text = "the sea"
        >>> view = DocumentView(
        ...     0, Document("1", text), Extents.of([(0, 3), (3, 5), (5, 7)]), ("the", "Ġs", "ea"),
        ...     np.arange(3, dtype=np.int32), Extents.of([(0, 3), (4, 7)]),
        ... )
        >>> view.word.tolist()
        [0, 1, 1]
    """

    index: int
    document: Document
    positions: Extents
    tokens: Sequence[str]
    in_window: NDArray[np.int32]
    words: Extents

    __repr__ = brief

    def __len__(self) -> int:
        return len(self.positions)

    @cached_property
    def word(self) -> NDArray[np.int32]:
        """The word that each position lies in, -1 in none; int32 ``(n,)``."""
        return item_of(self.positions, self.words)


class LabelSource(Protocol):
    """Labels that come from one hand; each becomes the concept ``category:label``.

    A source of one category. ``most`` is a cap: of more labels with enough support only the most
    frequent ones become concepts.
    """

    @property
    def category(self) -> str:
        """The category of all its concepts, and what stands before the colon of their names."""

    @property
    def provenance(self) -> Provenance:
        """Whom the labels come from."""

    @property
    def most(self) -> int | None:
        """How many labels may become concepts; None: all with enough support."""

    def key(self) -> Mapping[str, Any]:
        """All that shapes the labels, the documents aside; as JSON can say it."""

    def found(self, view: DocumentView) -> Found:
        """Which labels hold where; a pair that is found twice counts once."""
