"""What andornot asks of a classifier of sentence pairs, whoever wrote it.

Nothing here needs torch: a model may be anything that can fill a ``RecordedPairs``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from andornot._tools.progress import track
from andornot.data.classes import match_classes
from andornot.errors import DataError, quoted


class SentenceLike(Protocol):
    """A sentence that is cut into tokens."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """Words and punctuation in order, as written."""

    @property
    def text(self) -> str:
        """The sentence as written, for models with a tokeniser of their own."""


class PairLike(Protocol):
    """A premise and a hypothesis, such as ``andornot.data.sentences.pairs.Pair``."""

    @property
    def id(self) -> str:
        """Name of the pair, for messages."""

    @property
    def premise(self) -> SentenceLike:
        """First sentence."""

    @property
    def hypothesis(self) -> SentenceLike:
        """Second sentence."""

    @property
    def label(self) -> str:
        """Name of its class, empty if unknown."""


Pairs = Sequence[PairLike]


@dataclass(frozen=True)
class RecordedPairs:
    """What n pairs gave.

    Attributes:
        activations: for each layer, float32 of shape (n, units, 1, 1).
        logits: float32 of shape (n, classes).
    """

    activations: dict[str, NDArray[np.float32]]
    logits: NDArray[np.float32]


Recorded = RecordedPairs
"""Its first name, which classifiers of users go on using."""


@runtime_checkable
class PairModel(Protocol):
    """A classifier of sentence pairs whose units can be explained; plain attributes will do.

    Examples:
        >>> class Long:
        ...     '''Says yes to long hypotheses; its one unit counts words.'''
        ...     layers, class_names, fingerprint = ["words"], ["no", "yes"], "long, version 1"
        ...     def record(self, pairs, layers):
        ...         n = np.array([[len(pair.hypothesis.tokens)] for pair in pairs], np.float32)
        ...         return RecordedPairs({"words": n[:, :, None, None]}, np.hstack([8 - n, n]))
        >>> model = Long()
        >>> isinstance(model, PairModel), model.layers, model.class_names, model.fingerprint
        (True, ['words'], ['no', 'yes'], 'long, version 1')
        >>> from andornot.data.sentences.pairs import Pair, Sentence
        >>> pair = Pair("1", Sentence(("He", "runs")), Sentence(("He", "moves")))
        >>> model.record([pair], model.layers).logits
        array([[6., 2.]], dtype=float32)
    """

    @property
    def layers(self) -> Sequence[str]:
        """Names of the layers that give one value for each pair and unit."""

    @property
    def class_names(self) -> Sequence[str]:
        """Name of each class, in the order of the logits."""

    @property
    def fingerprint(self) -> str:
        """Any text that changes when the model changes; results are cached under it."""

    def record(self, pairs: Pairs, layers: Sequence[str]) -> RecordedPairs:
        """Run the model on a batch of pairs and give what these layers say."""


@runtime_checkable
class TokenModel(PairModel, Protocol):
    """A pair model that can also say what its units give at each token.

    Examples:
        >>> from andornot.models.sentences.load import load_pair_model
        >>> isinstance(load_pair_model("counting.py:model"), TokenModel)  # no token layers
        False
    """

    @property
    def token_layers(self) -> Sequence[str]:
        """Names of the layers that give one value for each token and unit."""

    def record_tokens(
        self, pairs: Pairs, layers: Sequence[str]
    ) -> dict[str, list[NDArray[np.float32]]]:
        """Give each layer's activations, for each pair float32 of shape (tokens, units).

        Tokens are those of the premise, then those of the hypothesis.
        """


CHUNK = 1024
"""Pairs that a model is given at a time when all it is asked for is their classes."""


def accuracy(model: PairModel, pairs: Sequence[Any]) -> float:
    """Share of pairs, or single sentences, that a model gives their label, in whatever case.

    Raises:
        DataError: there are no pairs, or one has no label or one that the model does not know.
    """
    counts = confusion(model, pairs)
    return float(counts.trace() / counts.sum())


def confusion(model: PairModel, pairs: Sequence[Any]) -> NDArray[np.int64]:
    """Count pairs by their label and by what a model says.

    Returns:
        int64 (classes, classes) in the order of ``model.class_names``: a row is a label, a
        column an answer.

    Raises:
        DataError: there are no pairs, or one has no label or one that the model does not know.
    """
    labels = label_numbers(pairs, model.class_names)
    counts = np.zeros((len(model.class_names),) * 2, np.int64)
    steps = range(0, len(pairs), CHUNK)
    for start in track(steps, "classifying pairs", len(steps)):
        chunk = slice(start, start + CHUNK)
        answers = model.record(pairs[chunk], ()).logits.argmax(1)
        np.add.at(counts, (labels[chunk], answers), 1)
    return counts


def label_numbers(pairs: Sequence[Any], classes: Sequence[str]) -> NDArray[np.int64]:
    """Number each pair's label by its place in ``classes``, int64 (n,); see ``match_classes``.

    Raises:
        DataError: there are no pairs, or one has a label that is not among the classes.
    """
    if not pairs:
        raise DataError("there are no sentence pairs here; give at least one")
    numbers = match_classes([pair.label for pair in pairs], classes)
    for pair in (pairs[i] for i in np.flatnonzero(numbers < 0)[:1]):
        raise DataError(
            f"pair {quoted(pair.id)} has the label {quoted(pair.label)}, but the classes are "
            f"{', '.join(classes)}; leave it out or mend its label"
        )
    return numbers


def class_weights(model: PairModel, layer: str) -> NDArray[np.float32] | None:
    """Read the weights that lead from the units of a layer straight to the classes.

    Args:
        model: a pair model; its network is looked for in its attribute ``module``.
        layer: a name of ``model.layers``.

    Returns:
        float32 of shape (units, classes), the classes in the order of ``model.class_names``;
        None if the model has no such weights, for more layers lie between or its network is
        not a torch module that can be looked into.
    """
    module = getattr(model, "module", None)
    if module is None:
        return None
    from torch import nn

    from andornot.models.head import head_weights

    last = [part for part in module.modules() if isinstance(part, nn.Linear)][-1:]
    head = head_weights(module, layer, last[0].in_features) if last else None
    if head is None or len(head.weight) != len(model.class_names):
        return None
    return np.ascontiguousarray(head.weight.T)
