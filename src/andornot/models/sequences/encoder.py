"""The encoder of a classifier of sentence pairs, reading single sentences."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from andornot.data.sentences.readers import TOKEN
from andornot.data.sequences.document import Extents
from andornot.models.sentences.classifier import PairClassifier, pad_rows
from andornot.models.sentences.hooks import caught, inference, wanted
from andornot.models.sequences.protocol import Tokens, Windows
from andornot.models.threads import threads

_LONGEST: Final = 512
"""Words of a window: no sentence is longer, but a text without an end may be."""


class SentenceEncoderModel:
    """A ``SequenceModel`` over the encoder of a classifier of ours, which reads words.

    It reads both ways, so a unit may answer to words that come later in the sentence.
    """

    context, skip_first, cut = _LONGEST, False, "sentence"

    def __init__(self, classifier: PairClassifier) -> None:
        self._classifier = classifier

    @property
    def module(self) -> nn.Module:
        """The network."""
        return self._classifier.module

    @property
    def layers(self) -> tuple[str, ...]:
        """Path of the encoder, whose units have a state at each word."""
        return self._classifier.token_layers

    @cached_property
    def fingerprint(self) -> str:
        """That of the classifier."""
        return self._classifier.fingerprint

    def tokenize(self, text: str) -> Tokens:
        """Cut a text as sentences of a classifier are cut; words that it lacks are one token."""
        found = list(TOKEN.finditer(text))
        names = tuple(match[0] for match in found)
        extents = Extents.of([match.span() for match in found])
        numbers = self._classifier.vocabulary.encode(names) if names else []
        return Tokens(np.array(numbers, np.int64), extents, names)

    def record(self, windows: Windows, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The encoder's state at each word, the forward direction's units first."""
        module, classifier = self._classifier.module, self._classifier
        modules = wanted(module, layers, self.layers)
        rows = [ids.tolist() for ids in windows]
        padded = pad_rows(rows, classifier.vocabulary.padding, classifier.device)
        with threads(1), inference(module), caught(modules) as outputs:
            module.encoder(*padded)
        return {
            layer: np.concatenate(
                [own[: len(ids)] for own, ids in zip(outputs[layer].numpy(), rows, strict=True)]
            )
            for layer in layers
        }
