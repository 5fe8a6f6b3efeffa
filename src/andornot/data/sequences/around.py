"""How the positions of a document lie to each other, for concepts that look around."""

from __future__ import annotations

from typing import Final

import numpy as np

from andornot.concepts.surroundings import Surroundings
from andornot.data.sequences.view import DocumentView

ON_TOKENS: Final = frozenset({"token", "piece", "space", "window"})
"""Categories whose labels lie on the network's tokens; those of all others lie on words."""


def surroundings_of(view: DocumentView) -> Surroundings:
    """The words and tokens of a document, and its syntax. Sentences of one document look across.

    Examples:
        >>> from andornot.data.sequences.document import Document, Extents
        >>> text, words = "the sea", Extents.of([(0, 3), (4, 7)])
        >>> document = Document("1", text, words=words, heads=np.array([1, -1], np.int32))
        >>> view = DocumentView(
        ...     0, document, Extents.of([(0, 3), (3, 5), (5, 7)]), ("the", "Ġs", "ea"),
        ...     np.arange(3, dtype=np.int32), words,
        ... )
        >>> around = surroundings_of(view)
        >>> around.items("tag").tolist(), around.items("token").tolist()
        ([0, 1, 1], [0, 1, 2])
    """
    document = view.document
    return Surroundings(
        view.word,
        np.arange(len(view), dtype=np.int32),
        # heads are of the document's own words, and not of those that a rule finds
        document.heads if document.words is not None else None,
        by_token=ON_TOKENS,
    )
