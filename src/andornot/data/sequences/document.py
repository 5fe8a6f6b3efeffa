"""A document: a text, and annotation that lies on stretches of its characters.

Annotation comes in *layers* (word, tag, entity, any layer of a user's), and so do a network's
tokens: the two meet through characters (see ``align``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from andornot._tools.words import brief
from andornot.errors import DataError, quoted


@dataclass(frozen=True, eq=False)
class Extents:
    """Stretches of a text, in order: the n-th is the characters from ``starts[n]`` to ``ends[n]``.

    Attributes:
        starts: int32 ``(n,)``, the first character of each.
        ends: int32 ``(n,)``, the character behind each.

    Examples:
        >>> words = Extents.of([(0, 3), (4, 7)])
        >>> len(words), [words.of_text("the sea", i) for i in range(2)]
        (2, ['the', 'sea'])
    """

    starts: NDArray[np.int32]
    ends: NDArray[np.int32]

    __repr__ = brief

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def of(cls, pairs: Sequence[tuple[int, int]]) -> Extents:
        """From pairs of the first character and the one behind the last."""
        both = np.array(pairs, np.int32).reshape(-1, 2)
        return cls(both[:, 0].copy(), both[:, 1].copy())

    def of_text(self, text: str, index: int) -> str:
        """What stands there."""
        return text[self.starts[index] : self.ends[index]]


@dataclass(frozen=True, eq=False)
class Spans:
    """A layer of annotation: labelled stretches, which may overlap, nest, and share their place.

    Attributes:
        extents: where each lies.
        labels: the label of each; a stretch with two labels stands twice.
    """

    extents: Extents
    labels: tuple[str, ...]

    __repr__ = brief

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def of(cls, labelled: Sequence[tuple[int, int, str]]) -> Spans:
        """From start, end and label of each.

        Examples:
            >>> Spans.of([(0, 3, "DET"), (4, 7, "NOUN")]).labels
            ('DET', 'NOUN')
        """
        extents = Extents.of([(start, end) for start, end, _ in labelled])
        return cls(extents, tuple(label for _, _, label in labelled))


@dataclass(frozen=True, eq=False)
class Document:
    """A sample of running text.

    Attributes:
        id: unique in the data set.
        text: the text as the network reads it.
        layers: the annotation by the name of its layer, such as ``tag``; a label ``NOUN`` of it
            becomes the concept ``tag:NOUN``.
        labels: what holds of the whole document, by category, such as ``{"genre": ("email",)}``.
        words: where its words are, in order and apart; None where nobody says, so that a rule must.
        heads: int32, for each word the word that it hangs on, -1 of a root or where nobody says;
            None without syntax.
        sentences: where its sentences are; None where nobody says.
        unannotated: layers, and categories of labels, that nobody looked for in this document.
        split: such as ``train``; empty if unknown.
        group: what it has in common with documents of which it is not independent; may be empty.

    Examples:
        >>> document = Document("1", "the sea", {"tag": Spans.of([(4, 7, "NOUN")])})
        >>> document.layers["tag"].labels
        ('NOUN',)
    """

    id: str
    text: str
    layers: Mapping[str, Spans] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Extents | None = None
    heads: NDArray[np.int32] | None = None
    sentences: Extents | None = None
    unannotated: frozenset[str] = frozenset()
    split: str = ""
    group: str = ""

    __repr__ = brief

    def __post_init__(self) -> None:
        named = [(f"layer {quoted(name)}", own.extents) for name, own in self.layers.items()]
        named += [("words", self.words)] if self.words is not None else []
        named += [("sentences", self.sentences)] if self.sentences is not None else []
        for what, extents in named:
            self._check(what, extents)

    def _check(self, what: str, extents: Extents) -> None:
        """Offsets that lie would give labels to the wrong tokens, without a word."""
        starts, ends = extents.starts, extents.ends
        wrong = (starts < 0) | (ends <= starts) | (ends > len(self.text))
        for i in np.flatnonzero(wrong)[:1]:
            raise DataError(
                f"document {quoted(self.id)} has {len(self.text):,} characters, and its {what} has "
                f"a span from {starts[i]} to {ends[i]}; mend the span"
            )
