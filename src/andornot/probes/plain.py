"""The start of a probe for any modality: samples of positions in a row, and how a network is run.

A new modality needs a subclass with ``modality``, ``level``, :meth:`PlainProbe.names_of_layers` and
:meth:`PlainProbe.record`, and samples that know their concepts (:class:`AnnotatedRows`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from andornot._tools.progress import track
from andornot._tools.timer import Timer
from andornot._tools.user_code import others_code
from andornot._tools.words import shortened
from andornot.concepts.folds import fold_of
from andornot.concepts.table import ConceptTable, TableBuilder
from andornot.counting.thresholds import Threshold
from andornot.data.classes import about_numbers
from andornot.data.modality import Level
from andornot.data.registry import modality_named, open_samples
from andornot.data.rows import check_samples_say, labels_of
from andornot.data.samples import Samples, groups_of
from andornot.data.sources.named import UserSource
from andornot.errors import AndornotError, ModelError, OptionError, quoted
from andornot.probes.base import Batch, Facts, Recording, made_with, told, usual_threshold
from andornot.specs import absolute, python_function

_ASKED = 4
"""Samples by whose answers a network is known again."""


class AnnotatedRows(Samples, Protocol):
    """Samples of positions in a row, with the concepts that hold at each."""

    @property
    def lengths(self) -> Sequence[int]:
        """How many positions each sample has, at least 1."""

    @property
    def names(self) -> Sequence[str]:
        """Name of each concept, all different."""

    @property
    def categories(self) -> Sequence[str]:
        """Category of each concept."""

    def labels(self, sample: int) -> NDArray[np.bool_]:
        """Which concepts hold where, ``(n_concepts, positions of the sample)``."""


@dataclass(frozen=True)
class PlainProbe(ABC):
    """A network and annotated samples, with the usual answers; a ``base.Probe``.

    Attributes:
        model: the network; its attribute ``fingerprint`` changes when it changes, and
            ``class_names``, if it has one, names the columns of its logits.
        spec: the text that it was loaded from, or its type.
        layers: names of layers.
        data: the samples.
        recording: batch size and device.
        weights: where weights came from, if not from ``spec``.
    """

    model: Any
    spec: str
    layers: tuple[str, ...]
    data: AnnotatedRows = field(repr=False)
    recording: Recording
    weights: str | None = None

    modality: ClassVar[str]
    level: ClassVar[str]
    sources: ClassVar[tuple[UserSource, ...]] = ()
    """Concepts that the user adds: none here, the samples bring all."""

    @classmethod
    def load(cls, spec: str, weights: str | None) -> Any:
        """The network that a text names: here what ``FILE.py:FUNCTION`` returns.

        Args:
            spec: the text.
            weights: a file of weights, or ``random:SEED``. Who can load these replaces this
                function, and names ``weights`` among the modality's ``arguments`` and ``options``.

        Raises:
            ModelError: there is none.
            OptionError: weights were given.
        """
        from andornot.models.from_file import call_function

        if weights is not None:
            raise OptionError(f"weights cannot be given for {cls.modality}; leave them out here")
        named = python_function(spec)
        if named is None:
            raise ModelError(
                f"{quoted(spec)} names no network for {cls.modality}; give FILE.py:FUNCTION"
            )
        return call_function(*named)

    @classmethod
    @abstractmethod
    def names_of_layers(cls, model: Any) -> Sequence[str]:
        """The layers that can be explained."""

    @abstractmethod
    def record(self, samples: range, layers: Sequence[str]) -> Mapping[str, NDArray[np.floating]]:
        """What these layers give for some samples.

        Returns:
            for each layer ``(positions, units)``, the positions of the samples one after another.
        """

    def logits(self, samples: range) -> NDArray[np.floating] | None:  # noqa: ARG002
        """The network's scores of each class, ``(samples, classes)``; None if there are none."""
        return None

    @classmethod
    def of(
        cls,
        model: Any,
        layers: tuple[str, ...],
        data: AnnotatedRows | str | Path,
        recording: Recording,
        weights: str | Path | None = None,
        sources: tuple[UserSource, ...] = (),
    ) -> Self:
        """Load what is given as a text, and check the layers.

        Raises:
            AndornotError: the data or the model cannot be used, or an option is for images.
        """
        recording.check_no_maps()
        if sources:
            raise OptionError(
                f"further sources of concepts are not known for {cls.modality}; leave them out"
            )
        named = None if weights is None else str(weights)
        spec = model if isinstance(model, str) else type(model).__name__
        samples = open_samples(data) if isinstance(data, str | Path) else data
        check_samples_say(samples, rows=True)
        if isinstance(model, str):
            with others_code(f"loading {shortened(model)} ({cls.modality})", ModelError):
                model = cls.load(model, named)
        if not isinstance(getattr(model, "fingerprint", None), str):
            raise ModelError(
                f"the model {spec} has no text as its attribute fingerprint; give it one that "
                "changes whenever the model does"
            )
        with others_code(f"listing the layers of {spec} ({cls.modality})", ModelError):
            known = tuple(map(str, cls.names_of_layers(model)))
        for layer in (layer for layer in layers if layer not in known):
            raise ModelError(
                f"the model has no layer {quoted(layer)}; it has {', '.join(known) or 'none'}"
            )
        return cls(model, spec, layers, samples, recording, named)

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process a model from a function goes by its name, any other as it is."""
        spec = absolute(self.spec)
        named = python_function(spec) is not None
        rest = (spec, self.layers, self.data, self.recording, self.weights)
        return _sent, (type(self), None if named else self.model, *rest)

    @property
    def _level(self) -> Level:
        return modality_named(self.modality).level(self.level)

    @property
    def batch_size(self) -> int:
        """Samples in a forward pass."""
        return self.recording.batch_size or modality_named(self.modality).batch

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Where each sample's positions start."""
        return np.concatenate([[0], np.cumsum(np.asarray(self.data.lengths, np.int64))])

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Name of each class, in the order of the logits; None if unknown."""
        names = getattr(self.model, "class_names", None)
        return None if names is None else tuple(map(str, names))

    @property
    def min_active(self) -> float:
        """Share of all positions on which a unit must be active to be explained, by default."""
        return self._level.min_active

    def threshold(self, lowest: Callable[[], float]) -> Threshold:
        """Above 0 for units that are never below it, as after a ReLU; else the top 0.5 %."""
        return usual_threshold(self._level, lowest)

    def model_key(self) -> dict[str, Any]:
        """The model's own fingerprint, and what shapes the last bits."""
        return {
            "model": self.model.fingerprint,
            "batch_size": self.batch_size,
            "device": self.recording.device,
            "versions": made_with("numpy", "torch"),
        }

    def answers(self) -> dict[str, NDArray[np.float64]]:
        """What the network gives for the first samples, which are part of its keys."""
        first = range(min(_ASKED, len(self.data)))
        with suppress(AndornotError):
            found = self._recorded(first, self.layers)
            answers = {f"layer {name}": told(values) for name, values in found.items()}
            logits = self._logits(first)
            return answers if logits is None else answers | {"logits": told(logits)}
        return {}

    def content(self, part: str, jobs: int | None) -> str:  # noqa: ARG002
        """Nothing: the samples' fingerprint holds all that is in them."""
        return ""

    def layer_key(self) -> dict[str, Any]:
        """Nothing further."""
        return {}

    def concept_key(self) -> dict[str, Any]:
        """The level; the samples bring their concepts with them."""
        return {"level": self.level, "versions": made_with("numpy")}

    def spellings(self, name: str) -> Sequence[str]:
        """A relation's names are those of the concepts."""
        return (name,)

    def build_table(
        self,
        directory: Path,
        folds: int,
        jobs: int | None,  # noqa: ARG002
        known_only: bool,  # noqa: ARG002
    ) -> ConceptTable:
        """Ask each sample once for what holds where."""
        names, groups = list(self.data.names), groups_of(self.data)
        builder = TableBuilder(names, list(self.data.categories))
        for i in track(range(len(self.data)), "building the concept table", len(self.data)):
            masks = labels_of(self.data, i)
            shape = 1, masks.shape[1]
            builder.add_atoms(builder.intern_columns(masks), shape, fold_of(groups[i], folds))
        table = builder.finish().grouped(groups)
        table.save(directory)
        return ConceptTable.load(directory)

    def batches(
        self, layers: Sequence[str], start: int, logits: bool, clock: Timer
    ) -> Generator[Batch, None, None]:
        """Run the network over the samples from ``start`` on.

        Raises:
            ModelError: what it gives has another shape than asked for.
        """
        size, total = self.batch_size, len(self.data)
        steps = range(start, total, size)
        for first in track(steps, "running the network", -(-total // size), start // size):
            samples = range(first, min(first + size, total))
            with clock.timed("forward"):
                found = self._recorded(samples, layers)
                scores = self._logits(samples) if logits else None
            yield Batch(slice(samples.start, samples.stop), found, scores)

    def _recorded(self, samples: range, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        expected = int(self.rows[samples.stop] - self.rows[samples.start])
        found = {}
        for layer, values in self._given(samples, layers).items() if layers else ():
            if values.ndim != 2 or len(values) != expected or not values.shape[1]:
                raise ModelError(
                    f"the layer {layer} gave an array of shape {values.shape} for {expected} "
                    f"positions; a model must give ({expected}, units)"
                )
            found[layer] = values[:, :, None, None]
        return found

    def _given(self, samples: range, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """What the subclass says of each layer; its own mistakes become sentences."""
        with self._asking("the activations", samples):
            given = self.record(samples, layers)
            missing = [layer for layer in layers if layer not in given]
            if missing:
                raise ModelError(
                    f"{type(self).__name__}.record gave nothing of the layer {quoted(missing[0])} "
                    f"but {', '.join(map(str, given)) or 'no layer at all'}; give an array for each"
                )
            return {layer: np.asarray(given[layer], np.float32) for layer in layers}

    def _asking(self, what: str, samples: range) -> AbstractContextManager[None]:
        """Around what the subclass does with some samples."""
        first, last = (quoted(self.data.sample_ids[i]) for i in (samples[0], samples[-1]))
        which = first if len(samples) == 1 else f"one of the samples {first} to {last}"
        return others_code(f"asking for {what} of {which} ({self.modality})", ModelError)

    def _logits(self, samples: range) -> NDArray[np.float32] | None:
        with self._asking("the logits", samples):
            found = self.logits(samples)
            scores = None if found is None else np.asarray(found, np.float32)
        if scores is None:
            return None
        if scores.ndim != 2 or len(scores) != len(samples):
            raise ModelError(
                f"the logits have the shape {scores.shape} for {len(samples)} samples; a model "
                f"must give ({len(samples)}, classes)"
            )
        return scores

    def head(self, layer: str, n_units: int) -> NDArray[np.float32] | None:  # noqa: ARG002
        """None: no linear head is known."""
        return None

    def suspects(self, company: bool) -> list[str]:  # noqa: ARG002
        """None are known."""
        return []

    def facts(self) -> Facts:
        """What the manifest says of the network."""
        return Facts(
            spec=absolute(self.spec),
            weights=absolute(self.weights),
            fingerprint=self.model.fingerprint,
            class_names=self.class_names,
            notes=about_numbers(self.data.classes, self.class_names),
        )


def _sent(kind: type[PlainProbe], model: Any, spec: str, *rest: Any) -> PlainProbe:
    loaded = kind.load(spec, rest[-1]) if model is None else model
    return kind(loaded, spec, *rest)
