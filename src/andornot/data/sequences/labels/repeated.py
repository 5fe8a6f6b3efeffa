"""What occurred before in the document: the token, the pair of tokens, the word, a label."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from andornot.data.sequences.align import overlapping
from andornot.data.sequences.document import Extents, Spans
from andornot.data.sequences.labels.base import RuleSource, united
from andornot.data.sequences.view import DocumentView, Found

WORD: Final = "word"
TOKEN: Final = "token"
PAIR: Final = "token pair"
"""This token and the one before it stood together before: what induction heads see."""


@dataclass(frozen=True, eq=False)
class Repeated(RuleSource):
    """Labels that occurred before.

    A word or a label of a layer must have occurred in an item that begins earlier: the second token
    of a word is no repetition of its first.

    Attributes:
        layers: of which it is asked, besides tokens: ``word``, and layers of the annotation.
    """

    layers: tuple[str, ...] = field(kw_only=True)

    def key(self) -> Mapping[str, Any]:
        """Also the layers."""
        return {**super().key(), "layers": self.layers}

    def found(self, view: DocumentView) -> Found:
        """``token``, ``token pair``, and the names of layers."""
        tokens = list(view.tokens)
        before = [None, *pairwise(tokens)][: len(tokens)]
        parts: list[tuple[str, NDArray[Any]]] = [
            (TOKEN, np.flatnonzero(seen_before(tokens))),
            (PAIR, np.flatnonzero(seen_before(before))),
            *((layer, self._of_layer(view, layer)) for layer in self.layers),
        ]
        labels = [label for label, places in parts for _ in range(len(places))]
        return np.concatenate([places for _, places in parts]).astype(np.int32), labels

    def _of_layer(self, view: DocumentView, layer: str) -> NDArray[np.int32]:
        spans = view.document.layers.get(layer)
        if spans is None and layer == WORD:
            words = tuple(word.lower() for word in view.texts_of_words)
            spans = Spans(view.words, words)
        if spans is None:
            return np.zeros(0, np.int32)
        again = _repeated(spans)
        extents = Extents(spans.extents.starts[again], spans.extents.ends[again])
        extents, _ = united(extents, np.zeros(len(extents), np.int64))
        return overlapping(view.positions, extents)[0]


def _repeated(spans: Spans) -> NDArray[np.bool_]:
    """Whether a stretch that begins earlier has the label of each."""
    begun = dict[str, int]()
    starts = spans.extents.starts.tolist()
    for start, label in zip(starts, spans.labels, strict=True):
        begun[label] = min(start, begun.get(label, start))
    later = (start > begun[label] for start, label in zip(starts, spans.labels, strict=True))
    return np.fromiter(later, np.bool_, len(starts))


def seen_before(items: Sequence[Hashable]) -> NDArray[np.bool_]:
    """Whether each item occurred earlier; None never did.

    Examples:
        >>> seen_before(["a", "b", "a", None, None]).tolist()
        [False, False, True, False, False]
    """
    return np.fromiter(_seen(items), np.bool_, len(items))


def _seen(items: Sequence[Hashable]) -> Iterator[bool]:
    seen = set[Hashable]()
    for item in items:
        yield item is not None and item in seen
        seen.add(item)
