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
from andornot.data.sequences.align import item_of, overlapping
from andornot.data.sequences.document import Document, Extents
from andornot.data.sequences.rules import sentences_of, words_of

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

    @classmethod
    def of(
        cls,
        index: int,
        document: Document,
        positions: Extents | None = None,
        tokens: Sequence[str] | None = None,
        in_window: NDArray[np.int32] | None = None,
    ) -> DocumentView:
        """A view with the document's own words, or those that a rule finds.

        Args:
            index: its place in the data set.
            document: the document.
            positions: the characters of each position; its words if not given.
            tokens: what the network calls each position; the characters themselves if not given.
            in_window: the place of each position in its window; its place in the document if not
                given.

        Examples:
            >>> view = DocumentView.of(0, Document("1", "the sea"))
            >>> view.tokens, view.word.tolist()
            (('the', 'sea'), [0, 1])
        """
        text = document.text
        words = words_of(text) if document.words is None else document.words
        positions = words if positions is None else positions
        if tokens is None:
            tokens = tuple(positions.of_text(text, i) for i in range(len(positions)))
        if in_window is None:
            in_window = np.arange(len(positions), dtype=np.int32)
        return cls(index, document, positions, tokens, in_window, words)

    @cached_property
    def on_words(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Each pair of a position and a word that it overlaps (see ``align.overlapping``)."""
        return overlapping(self.positions, self.words)

    @cached_property
    def texts_of_words(self) -> tuple[str, ...]:
        """The characters of each word."""
        return tuple(self.words.of_text(self.document.text, i) for i in range(len(self.words)))

    @cached_property
    def sentences(self) -> Extents:
        """Where the sentences are: the document's own, or found by rule."""
        own = self.document.sentences
        return sentences_of(self.document.text) if own is None else own

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
