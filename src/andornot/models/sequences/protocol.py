"""What andornot asks of a model of sequences, whoever wrote it. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from andornot._tools.words import brief
from andornot.data.sequences.document import Extents

Windows = Sequence[NDArray[np.int64]]
"""Token numbers, an array for each window."""


@dataclass(frozen=True, eq=False)
class Tokens:
    """A text as a model reads it.

    Attributes:
        ids: int64 ``(n,)``, the number of each token, without those that ``prefix`` adds.
        extents: the characters of each, in order; several may share their characters, as the
            pieces of an emoji do, and a token without characters has an empty stretch.
        names: what the model calls each, such as ``Ġsea``.

    Examples:
        >>> Tokens.of([(7, 0, 3, "the"), (9, 3, 7, "Ġsea")]).extents.ends
        array([3, 7], dtype=int32)
    """

    ids: NDArray[np.int64]
    extents: Extents
    names: Sequence[str]

    __repr__ = brief

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, tokens: Sequence[tuple[int, int, int, str]]) -> Tokens:
        """From number, start, end and name of each."""
        ids = np.array([number for number, *_ in tokens], np.int64)
        extents = Extents.of([(start, end) for _, start, end, _ in tokens])
        return cls(ids, extents, tuple(name for *_, name in tokens))


@runtime_checkable
class SequenceModel(Protocol):
    """A model whose units give a value at each token; plain attributes will do.

    Further attributes are read where they are there:

    - ``prefix``: token numbers that go before each window, such as that of the beginning of a
      text. They are no positions, for their activations are huge and mean nothing.
    - ``skip_first``: whether the first token of what is read from its beginning is no position.
      True if not given and there is no ``prefix``: without one the first token plays its part.
    - ``cut``: ``sentence`` if the model was made to read one sentence at a time.
    - ``logits(documents)``: from whole documents as token numbers to float ``(documents,
      classes)``, with ``class_names``.
    - ``module``: its torch module, by which all weights can be drawn anew.

    Examples:
        >>> class Letters:
        ...     '''Reads letters; unit 0 marks vowels, unit 1 what follows one.'''
        ...     layers, fingerprint, context, skip_first = ["letters"], "letters 1", 64, False
        ...     def tokenize(self, text):
        ...         return Tokens.of([(ord(c), i, i + 1, c) for i, c in enumerate(text)])
        ...     def record(self, windows, layers):
        ...         found = []
        ...         for ids in windows:
        ...             vowel = np.isin(ids, [ord(c) for c in "aeiou"])
        ...             found.append(np.stack([vowel, np.append(False, vowel[:-1])], axis=1))
        ...         return {"letters": np.concatenate(found).astype(np.float32)}
        >>> model = Letters()
        >>> isinstance(model, SequenceModel)
        True
        >>> model.record([model.tokenize("sea").ids], model.layers)["letters"].T
        array([[0., 1., 1.],
               [0., 0., 1.]], dtype=float32)
    """

    @property
    def layers(self) -> Sequence[str]:
        """Names of the layers that give a value for each token and unit."""

    @property
    def fingerprint(self) -> str:
        """Any text that changes when the model changes; results are cached under it."""

    @property
    def context(self) -> int | None:
        """Most tokens of a window, those of ``prefix`` among them; None if there is no limit."""

    def tokenize(self, text: str) -> Tokens:
        """Cut a text into tokens, and say which characters each covers."""

    def record(
        self, windows: Windows, layers: Sequence[str]
    ) -> Mapping[str, NDArray[np.floating[Any]]]:
        """Run the model over some windows, each by itself.

        Args:
            windows: token numbers, those of ``prefix`` first; of any lengths up to ``context``.
            layers: some of ``layers``.

        Returns:
            for each layer ``(tokens, units)``, the tokens of the first window, then those of the
            next, a row for each number that was given.
        """


NEEDED: Final = ("layers", "fingerprint", "context", "tokenize", "record")
"""What an object needs to be a model of sequences."""


def prefix_of(model: Any) -> NDArray[np.int64]:
    """Token numbers that go before each window; int64."""
    return np.asarray(getattr(model, "prefix", ()), np.int64).reshape(-1)


def skips_first(model: Any) -> bool:
    """Whether the first token of what is read from its beginning is no position."""
    return bool(getattr(model, "skip_first", not len(prefix_of(model))))
