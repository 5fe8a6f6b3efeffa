"""Classifiers that are shown edited samples: that of a run, opened again, and others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from andornot.errors import ModelError
from andornot.models import LoadedModel, Preprocessing, Recorder, image_batches, load_model
from andornot.models.images import ImageSource
from andornot.models.sentences.load import load_pair_model
from andornot.models.sentences.protocol import PairModel
from andornot.models.sentences.single import load_single_model
from andornot.models.threads import threads

S_contra = TypeVar("S_contra", contravariant=True)
_IMAGES, _PAIRS = 8, 256  # in a forward pass; few images stay in the cache


class Classifier(Protocol[S_contra]):
    """What is asked of a network here: names of classes, and logits of samples."""

    @property
    def name(self) -> str:
        """What to call it."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class, in the order of the logits."""

    def logits(self, samples: S_contra, /) -> NDArray[np.float32]:
        """Logits, (samples, classes)."""


@dataclass(frozen=True)
class ImageClassifier:
    """A network that sorts images.

    Attributes:
        model: the network.
        preprocessing: how an image becomes its input.
        name: what to call it.
        device: ``auto``, ``cpu``, ``cuda``, ...
    """

    model: LoadedModel
    preprocessing: Preprocessing
    name: str
    device: str = "auto"

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class.

        Raises:
            ModelError: they are not known.
        """
        if self.model.class_names is None:
            raise ModelError(f"the classes of {self.name} have no names; give class_names")
        return self.model.class_names

    def logits(self, samples: ImageSource) -> NDArray[np.float32]:
        """Logits of images.

        Raises:
            AndornotError: an image cannot be read, or the network gives no row of class scores.
        """
        found = [np.zeros((0, len(self.class_names)), np.float32)]
        with (
            threads(torch.get_num_threads() // 2),  # two more edit the images
            Recorder(self.model.module, [], device=self.device) as recorder,
            closing(image_batches(samples, self.preprocessing, _IMAGES)) as batches,
        ):
            for _, batch in batches:
                logits = recorder.record(batch).logits
                if logits is None or logits.shape[1] != len(self.class_names):
                    raise ModelError(
                        f"{self.name} does not give a score for each of its "
                        f"{len(self.class_names)} named classes; choose a classifier"
                    )
                found.append(logits)
        return np.concatenate(found)


@dataclass(frozen=True)
class SentenceClassifier:
    """A classifier of sentences, or of pairs of them.

    Attributes:
        model: the classifier.
        name: what to call it.
    """

    model: PairModel
    name: str

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class."""
        return tuple(self.model.class_names)

    def logits(self, samples: Sequence[Any]) -> NDArray[np.float32]:
        """Logits of pairs, or of single sentences, as the model reads them."""
        found = [np.zeros((0, len(self.class_names)), np.float32)]
        for start in range(0, len(samples), _PAIRS):
            found.append(self.model.record(samples[start : start + _PAIRS], ()).logits)
        return np.concatenate(found)


def image_classifier(
    model: LoadedModel | str, preprocessing: Preprocessing | None = None
) -> ImageClassifier:
    """A classifier from a network, or from the text that names one.

    Args:
        model: a loaded network, or ``SPEC`` or ``SPEC,weights=FILE`` (see ``models.load_model``).
        preprocessing: in place of the network's own.

    Raises:
        ModelError: it cannot be loaded, or does not say how images become its input.
    """
    name = model if isinstance(model, str) else model.spec
    if isinstance(model, str):
        spec, _, weights = model.partition(",weights=")
        model = load_model(spec, weights or None)
    chosen = preprocessing or model.preprocessing
    if chosen is None:
        raise ModelError(
            f"the model {name} does not say how images become its input; give preprocessing"
        )
    return ImageClassifier(model, chosen, name)


def pair_classifier(model: PairModel | str, name: str | None = None) -> SentenceClassifier:
    """A classifier from a pair model, or from the text that names one.

    Args:
        model: the model, or its text.
        name: what to call it; by default its text, or its type.

    Raises:
        ModelError: it cannot be loaded.
    """
    return _sentence_classifier(load_pair_model, model, name)


def single_classifier(model: PairModel | str, name: str | None = None) -> SentenceClassifier:
    """The same of a model of single sentences."""
    return _sentence_classifier(load_single_model, model, name)


def _sentence_classifier(
    load: Callable[[str], PairModel], model: PairModel | str, name: str | None
) -> SentenceClassifier:
    if isinstance(model, str):
        return SentenceClassifier(load(model), name or model)
    return SentenceClassifier(model, name or type(model).__name__)
