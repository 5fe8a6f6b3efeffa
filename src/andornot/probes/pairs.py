"""A classifier of sentence pairs and its pairs, as the pipeline asks for them.

Units of a layer that gives one value for each pair have the pairs as positions; units of an
encoder have the tokens: those of the premise, then those of the hypothesis, of each pair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from andornot._tools.checks import users_path
from andornot._tools.progress import track
from andornot._tools.timer import Timer
from andornot.concepts.positions import offsets_of
from andornot.concepts.surroundings import Surroundings
from andornot.concepts.table import ConceptTable
from andornot.counting.thresholds import Threshold
from andornot.data.classes import about_numbers
from andornot.data.modality import Modality
from andornot.data.sentences.concepts import SIDES, STOP_WORDS, pair_concepts
from andornot.data.sentences.modality import PAIR as AT_PAIRS
from andornot.data.sentences.modality import SENTENCES
from andornot.data.sentences.modality import TOKEN as AT_TOKENS
from andornot.data.sentences.open import open_pairs
from andornot.data.sentences.pairs import PairData
from andornot.data.sentences.tokens import surroundings_of, token_concepts
from andornot.data.sources.named import UserSource, key_of_sources
from andornot.errors import AndornotError, DataError, ModelError, OptionError, quoted
from andornot.models.sentences.load import load_pair_model
from andornot.models.sentences.protocol import PairModel, TokenModel, class_weights
from andornot.probes.base import (
    Batch,
    Facts,
    Recording,
    libraries,
    made_with,
    told,
    usual_threshold,
)
from andornot.probes.words import Words as Words
from andornot.specs import absolute

PAIR, TOKEN = AT_PAIRS.name, AT_TOKENS.name

_ASKED = 4
"""Pairs by whose answers a model is known again."""


@dataclass(frozen=True)
class PairProbe:
    """A classifier that reads sentence pairs; a ``base.Probe``.

    Attributes:
        model: the classifier.
        spec: the text that it was loaded from, or its type.
        layers: names of layers, all of one level.
        data: the pairs.
        recording: batch size and device.
        words: which words become concepts.
        weights: ``random:SEED`` where they were drawn anew, else None.
        sources: concepts that the user adds; workers get none of them, as functions may not travel.
    """

    model: PairModel
    spec: str
    layers: tuple[str, ...]
    data: PairData = field(repr=False)
    recording: Recording
    words: Words
    weights: str | None = None
    sources: tuple[UserSource, ...] = ()

    modality: ClassVar[str] = SENTENCES.name
    about: ClassVar[Modality] = SENTENCES
    """What is said of the samples, and which levels there are."""

    @classmethod
    def open(cls, spec: str | Path) -> Any:
        """The samples that a text names."""
        return open_pairs(spec)

    @classmethod
    def load(cls, spec: str, device: str, weights: str | None) -> PairModel:
        """The classifier that a text names."""
        return load_pair_model(spec, device=device, weights=weights)

    @classmethod
    def of(
        cls,
        model: PairModel | str,
        layers: tuple[str, ...],
        data: Any,
        recording: Recording,
        words: Words | None = None,
        weights: str | Path | None = None,
        sources: tuple[UserSource, ...] = (),
    ) -> Self:
        """Load what is given as a text, and check the layers.

        Raises:
            AndornotError: the data or the model cannot be used, or an option is for images.
        """
        recording.check_no_maps()
        drawn = None if weights is None else str(weights)
        if drawn is not None and not (drawn.startswith("random:") and isinstance(model, str)):
            raise OptionError(
                f"models of {cls.about.samples} bring weights; name their file as model"
            )
        pairs = cls.open(data) if isinstance(data, str | Path) else data
        if pairs.further:
            sources, pairs = (*pairs.further, *sources), replace(pairs, further=())
        spec = model if isinstance(model, str) else type(model).__name__
        if isinstance(model, str):
            model = cls.load(model, recording.device, drawn)
        if not isinstance(model, PairModel):
            raise ModelError(
                f"the model {spec} cannot read {cls.about.samples}; give FILE.pt, hf:DIRECTORY or "
                "an object with layers, class_names, fingerprint and record "
                "(see docs/how-to/classifiers.md)"
            )
        probe = cls(model, spec, layers, pairs, recording, words or Words(), drawn, sources)
        probe.check_layers()
        return probe

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process a model from a function goes by its name, any other as it is."""
        spec = absolute(self.spec) or self.spec
        named = spec.rpartition(":")[0].endswith(".py")
        rest = (spec, self.layers, self.data, self.recording, self.words, self.weights)
        return _sent, (type(self), None if named else self.model, *rest)

    def check_layers(self) -> None:
        """Refuse unknown layers, and pair layers together with token layers.

        Raises:
            AndornotError: there are such layers.
        """
        _check_layers(self.model, self.layers)

    @property
    def _word(self) -> str:
        """A sample, in a word."""
        return self.about.levels[0].position

    @property
    def level(self) -> str:
        """``pair`` or ``token``, as the layers are."""
        return PAIR if self.layers[0] in self.model.layers else TOKEN

    @property
    def batch_size(self) -> int:
        """Pairs in a forward pass."""
        return self.recording.batch_size or self.about.batch

    @cached_property
    def rows(self) -> NDArray[np.int64] | None:
        """Where each pair's tokens start; None where a sample is one position."""
        if self.level != TOKEN:
            return None
        return offsets_of([sum(len(s.tokens) for s in pair.sentences) for pair in self.data.pairs])

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class, in the order of the logits."""
        return tuple(self.model.class_names)

    @property
    def min_active(self) -> float:
        """The paper's 5 % at pair level; no limit at token level."""
        return self.about.level(self.level).min_active

    def threshold(self, lowest: Callable[[], float]) -> Threshold:
        """Above 0 for units that are never below it, as after a ReLU; else the top 0.5 %."""
        return usual_threshold(self.about.level(self.level), lowest)

    def model_key(self) -> dict[str, Any]:
        """The model's own fingerprint, and what shapes the last bits."""
        key = {
            "model": self.model.fingerprint,
            "batch_size": self.batch_size,
            "device": getattr(getattr(self.model, "device", None), "type", None),
        }
        module: Any = getattr(self.model, "module", None)
        if not hasattr(module, "named_buffers"):
            return key | {"versions": made_with("numpy")}
        from andornot.models.weights import unsaved_buffers

        versions = made_with("numpy", "tokenizers", *libraries(module))
        return key | {"buffers": unsaved_buffers(module), "versions": versions}

    def answers(self) -> dict[str, NDArray[np.float64]]:
        """What the model gives for the first pairs, which are part of its keys."""
        pairs = self.data.samples[:_ASKED]
        with suppress(AndornotError), _same_chance(self.model):
            found = self._record(pairs, self.layers, True, slice(0, len(pairs)))
            told_of = {f"layer {name}": told(rows) for name, rows in found.activations.items()}
            return told_of if found.logits is None else told_of | {"logits": told(found.logits)}
        return {}

    def content(self, part: str, jobs: int | None) -> str:  # noqa: ARG002
        """The bytes of a file of word vectors; the pairs themselves are in their fingerprint."""
        if part != "labels" or self.words.vectors is None:
            return ""
        try:
            with users_path(self.words.vectors, "the file of vectors").open("rb") as file:
                return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
        except OSError as error:
            raise DataError(
                f"{self.words.vectors} cannot be read ({error.strerror}): restore it."
            ) from None

    def layer_key(self) -> dict[str, Any]:
        """Nothing further."""
        return {}

    def concept_key(self) -> dict[str, Any]:
        """The level, and which words become concepts."""
        versions = made_with("numpy")
        words = {"level": self.level, "words": self.words.key(), "versions": versions}
        return words | key_of_sources(self.sources)

    def spellings(self, name: str) -> Sequence[str]:
        """What a relation's name may be called in the table."""
        if self.level == TOKEN:
            return (name, f"word:{name}")
        return (name, *(f"{side}:{name}" for side in SIDES))

    def build_table(
        self,
        directory: Path,
        folds: int,
        jobs: int | None,  # noqa: ARG002
        known_only: bool,  # noqa: ARG002
    ) -> ConceptTable:
        """Words, tags, overlap and neighbours of all pairs, or of all tokens; all are known."""
        build, usual = self._builder()
        table = build(
            self.data,
            n_words=self.words.n_words,
            stop_words=usual if self.words.stop_words is None else self.words.stop_words,
            vectors=self.words.vectors,
            n_neighbors=self.words.n_neighbors,
            n_folds=folds,
            sources=self.sources,
        )
        table.save(directory)
        return ConceptTable.load(directory)

    @cached_property
    def surroundings(self) -> Callable[[int], Surroundings] | None:
        """How the tokens of each pair lie to each other; None where no token is a position."""
        return None if self.level != TOKEN else lambda i: surroundings_of(self.data.pairs[i])

    def _builder(self) -> tuple[Callable[..., ConceptTable], Collection[str]]:
        """What makes the table, and which words are no concepts by default."""
        return (pair_concepts, STOP_WORDS) if self.level == PAIR else (token_concepts, ())

    def batches(
        self, layers: Sequence[str], start: int, logits: bool, clock: Timer
    ) -> Generator[Batch, None, None]:
        """Run the model over the pairs from ``start`` on.

        Raises:
            ModelError: what the model gives has another shape than asked for.
        """
        size, total = self.batch_size, len(self.data)
        steps = range(start, total, size)
        for first in track(steps, "running the network", -(-total // size), start // size):
            samples = slice(first, min(first + size, total))
            pairs = self.data.samples[samples]
            with clock.timed("forward"):
                batch = self._record(pairs, layers, logits, samples)
            yield batch

    def _record(
        self, pairs: Sequence[Any], layers: Sequence[str], logits: bool, samples: slice
    ) -> Batch:
        given: NDArray[np.float32] | None
        try:
            if self.level != TOKEN:
                recorded = self.model.record(pairs, layers)
                found = {layer: recorded.activations[layer] for layer in layers}
                given = recorded.logits
            else:
                assert isinstance(self.model, TokenModel)
                tokens = self.model.record_tokens(pairs, layers) if layers else {}
                found = {layer: _flat(tokens[layer], pairs, layer) for layer in layers}
                # token models give their logits in another call
                given = self.model.record(pairs, ()).logits if logits else None
        except AndornotError as error:
            raise type(error)(
                f"at {self._word}s {pairs[0].id} to {pairs[-1].id}: {error}"
            ) from error
        return self._checked(Batch(samples, found, given if logits else None), pairs)

    def _checked(self, batch: Batch, pairs: Sequence[Any]) -> Batch:
        """What the model gave, if it has the shape that was asked for."""
        for layer, values in batch.activations.items():
            if (
                values.ndim != 4
                or values.shape[2:] != (1, 1)
                or (self.level != TOKEN and len(values) != len(pairs))
            ):
                raise ModelError(
                    f"the layer {layer} gave an array of shape {values.shape} for {len(pairs)} "
                    f"{self._word}s; a model must give ({len(pairs)}, units, 1, 1)"
                )
        return batch

    def head(self, layer: str, n_units: int) -> NDArray[np.float32] | None:
        """Weights from units to classes, where a linear head follows."""
        if self.level == TOKEN:
            return None
        weights = class_weights(self.model, layer)
        return None if weights is None or len(weights) != n_units else weights.T

    def suspects(self, company: bool) -> list[str]:
        """Parts of the network that mix pairs, or else that draw at random, where it is torch's."""
        module = getattr(self.model, "module", None)
        if module is None:
            return []
        from andornot.models.chance import drawing_parts, mixing_parts

        return mixing_parts(module) if company else drawing_parts(module)

    def facts(self) -> Facts:
        """What the manifest says of the network and of the words."""
        dropped = [
            f"{n:,} {self._word} was left out: {why}"
            if n == 1
            else f"{n:,} {self._word}s were left out: {why}"
            for why, n in self.data.dropped.items()
            if n
        ]
        numbered = about_numbers(self.data.classes, self.class_names)
        drawn = [] if self.weights is None else [f"all weights were drawn anew ({self.weights})"]
        return Facts(
            spec=absolute(self.spec),
            weights=self.weights,
            fingerprint=self.model.fingerprint,
            class_names=self.class_names,
            notes=(*drawn, *self.data.notes, *numbered, *dropped),
            words=self.words.facts(),
        )


def _same_chance(model: PairModel) -> AbstractContextManager[None]:
    """See ``models.asked``; a model without a torch module needs no torch."""
    if not hasattr(getattr(model, "module", None), "named_buffers"):
        return nullcontext()
    from andornot.models.asked import same_chance

    return same_chance()


def _sent(kind: type[PairProbe], model: PairModel | None, spec: str, *rest: Any) -> PairProbe:
    layers, data, recording, words, weights = rest
    if model is None:
        model = kind.load(spec, recording.device, weights)
    return kind(model, spec, layers, data, recording, words, weights)


def _flat(
    tokens: Sequence[NDArray[np.float32]], pairs: Sequence[Any], layer: str
) -> NDArray[np.float32]:
    """The tokens of all pairs as rows, ``(tokens, units, 1, 1)``."""
    for pair, values in zip(pairs, tokens, strict=True):
        expected = len(pair.premise.tokens) + len(pair.hypothesis.tokens)
        if values.ndim != 2 or len(values) != expected:
            raise ModelError(
                f"the layer {layer} gave an array of shape {values.shape} for the pair {pair.id}; "
                f"a model must give ({expected}, units), a row for each token"
            )
    return np.concatenate(list(tokens))[:, :, None, None]


def _check_layers(model: PairModel, layers: Sequence[str]) -> None:
    """Refuse unknown layers, and pair layers together with token layers."""
    at_pairs, at_tokens = tuple(model.layers), tuple(getattr(model, "token_layers", ()))
    for layer in layers:
        if layer not in (*at_pairs, *at_tokens):
            raise ModelError(
                f"the model has no layer {quoted(layer)}; its layers are "
                f"{', '.join(at_pairs) or 'none'} (a value for each pair) and "
                f"{', '.join(at_tokens) or 'none'} (a value for each token)"
            )
    if len({layer in at_pairs for layer in layers}) > 1:
        raise OptionError(
            f"the layers {', '.join(layers)} have pairs and tokens as positions; explain those of "
            "each sort in a run of their own"
        )
