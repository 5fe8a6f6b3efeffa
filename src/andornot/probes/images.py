"""A vision network and annotated images, as the pipeline asks for them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from andornot._tools.checks import texts
from andornot._tools.progress import track
from andornot._tools.timer import Timer
from andornot.concepts.table import ConceptTable
from andornot.counting.thresholds import Threshold
from andornot.data.classes import about_numbers
from andornot.data.images.dataset import FolderData, ProbingData
from andornot.data.images.modality import IMAGE, IMAGES
from andornot.data.images.open import open_data
from andornot.data.images.table import build_table
from andornot.data.sources.named import UserSource, key_of_sources
from andornot.errors import AndornotError, ModelError
from andornot.models import (
    LoadedModel,
    Preprocessing,
    Recorder,
    fingerprint,
    head_weights,
    image_batches,
    load_model,
)
from andornot.models.asked import asked_images, same_chance
from andornot.models.chance import drawing_parts, mixing_parts
from andornot.models.record import choose_device
from andornot.models.weights import unsaved_buffers
from andornot.probes.base import (
    Batch,
    Facts,
    Recording,
    libraries,
    made_with,
    told,
    usual_threshold,
)
from andornot.specs import absolute


@dataclass(frozen=True)
class ImageProbe:
    """A network that looks at annotated images; a ``base.Probe``.

    Attributes:
        model: the network.
        preprocessing: how an image becomes its input.
        layers: dotted paths.
        data: the images and their labels;
        recording: batch size, device and layout.
        sources: concepts that the user adds; workers get none of them, as functions may not travel.
    """

    model: LoadedModel
    preprocessing: Preprocessing
    layers: tuple[str, ...]
    data: ProbingData
    recording: Recording
    sources: tuple[UserSource, ...] = ()

    modality = IMAGES.name
    level = IMAGE.name
    rows = None
    min_active = IMAGE.min_active

    @classmethod
    def of(
        cls,
        model: nn.Module | LoadedModel | str,
        layers: tuple[str, ...],
        data: ProbingData | str | Path,
        recording: Recording,
        weights: str | Path | None = None,
        preprocessing: Preprocessing | Mapping[str, Any] | str | None = None,
        sources: tuple[UserSource, ...] = (),
        class_names: Sequence[str] | None = None,
    ) -> ImageProbe:
        """Load what is given as a text, and find the preprocessing.

        Raises:
            AndornotError: the data or the model cannot be used.
        """
        source = open_data(data) if isinstance(data, str | Path) else data
        if isinstance(source, FolderData) and source.further:
            sources, source = (*source.further, *sources), replace(source, further=())
        if isinstance(model, str):
            loaded = load_model(model, weights)
        elif isinstance(model, LoadedModel):
            loaded = model
        else:
            loaded = LoadedModel(model, type(model).__name__, None, fingerprint(model))
        if class_names is not None:
            loaded = replace(loaded, class_names=texts(class_names, "class_names"))
        chosen = _preprocessing(preprocessing, loaded)
        return cls(loaded, chosen, layers, source, recording, sources)

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process, where no table is built."""
        return self.__dict__ | {"sources": ()}

    @property
    def batch_size(self) -> int:
        """Images in a forward pass."""
        return self.recording.batch_size or IMAGES.batch

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Name of each class, in the order of the logits; None if unknown."""
        return self.model.class_names

    def threshold(self, lowest: Callable[[], float]) -> Threshold:
        """The top 0.5 % of each unit's values, as in the paper."""
        return usual_threshold(IMAGE, lowest)

    def model_key(self) -> dict[str, Any]:
        """Weights and preprocessing, and what shapes the last bits."""
        module = self.model.module
        return {
            "model": self.model.fingerprint,
            "buffers": unsaved_buffers(module),
            "preprocessing": self.preprocessing.to_dict(),
            "batch_size": self.recording.batch_size or IMAGES.batch,
            # its kind and not its number: a run may go on on another GPU of the machine
            "device": choose_device(self.recording.device).type,
            "versions": made_with("numpy", "pillow", *libraries(module)),
        }

    def answers(self) -> dict[str, NDArray[np.float64]]:
        """What the network gives for a few fixed pictures."""
        return network_answers(self.model.module, self.preprocessing, self.layers, self.recording)

    def content(self, part: str, jobs: int | None) -> str:
        """Of data in a folder; data in memory have it in their fingerprint."""
        if not isinstance(self.data, FolderData):
            return ""
        return self.data.content(part, jobs)

    def layer_key(self) -> dict[str, Any]:
        """How outputs become maps."""
        return {"tokens": self.recording.tokens, "layout": self.recording.layout}

    def concept_key(self) -> dict[str, Any]:
        """What decodes label maps: the data set brings its concepts with it."""
        return {"versions": made_with("numpy", "pillow")} | key_of_sources(self.sources)

    def spellings(self, name: str) -> Sequence[str]:
        """A relation's names are those of the concepts."""
        return (name,)

    def build_table(
        self, directory: Path, folds: int, jobs: int | None, known_only: bool
    ) -> ConceptTable:
        """Read all label maps once."""
        return build_table(self.data, directory, folds, jobs, self.sources, known_only)

    def batches(
        self, layers: Sequence[str], start: int, logits: bool, clock: Timer
    ) -> Generator[Batch, None, None]:
        """Run the network over the images from ``start`` on.

        Raises:
            AndornotError: an image or an activation cannot be used; the message names samples.
        """
        size = self.batch_size
        steps = range(start, len(self.data), size)
        ids = self.data.sample_ids
        with (
            _recorder(
                self.model.module, layers or self.layers[:1], logits, self.recording
            ) as recorder,
            closing(image_batches(self.data, self.preprocessing, size, start)) as images,
        ):
            for _ in track(steps, "running the network", -(-len(ids) // size), start // size):
                with clock.timed("read"):
                    samples, batch = next(images)
                try:
                    with clock.timed("forward"):
                        recorded = recorder.record(batch)
                except AndornotError as error:
                    # of its own kind, so that whoever catches it by kind still does
                    raise type(error)(
                        f"at samples {ids[samples.start]} to {ids[samples.stop - 1]}: {error}"
                    ) from error
                yield Batch(samples, recorded.activations, recorded.logits)

    def head(self, layer: str, n_units: int) -> NDArray[np.float32] | None:
        """Weights from units to classes, where a linear head follows."""
        found = head_weights(self.model.module, layer, n_units)
        return None if found is None else found.weight

    def suspects(self, company: bool) -> list[str]:
        """Parts of the network that mix images, or else that draw at random."""
        return mixing_parts(self.model.module) if company else drawing_parts(self.model.module)

    def facts(self) -> Facts:
        """What the manifest says of the network and of the preprocessing."""
        numbered = about_numbers(self.data.classes, self.model.class_names)
        return Facts(
            spec=absolute(self.model.spec),
            weights=absolute(self.model.weights),
            fingerprint=self.model.fingerprint,
            class_names=self.model.class_names,
            notes=(*self.model.notes, *numbered),
            preprocessing=self.preprocessing.to_dict(),
        )


def network_answers(
    module: nn.Module, preprocessing: Preprocessing, layers: Sequence[str], recording: Recording
) -> dict[str, NDArray[np.float64]]:
    """What a network gives for a few fixed pictures; see ``base.Probe.answers``."""
    # a network that draws at random gives the same here, so only what has changed is noticed
    with suppress(AndornotError), same_chance():
        with _recorder(module, layers, True, recording) as recorder:
            found = recorder.record(asked_images(preprocessing))
        answers = {f"layer {name}": told(maps) for name, maps in found.activations.items()}
        return answers if found.logits is None else answers | {"logits": told(found.logits)}
    return {}


def _recorder(
    module: nn.Module, layers: Sequence[str], logits: bool, recording: Recording
) -> Recorder:
    return Recorder(
        module,
        list(layers),
        device=recording.device,
        logits=logits,
        tokens=recording.tokens,  # type: ignore[arg-type]
        layout=recording.layout,  # type: ignore[arg-type]
    )


def _preprocessing(
    wanted: Preprocessing | Mapping[str, Any] | str | None, model: LoadedModel
) -> Preprocessing:
    if isinstance(wanted, str):
        return Preprocessing.preset(wanted)
    if isinstance(wanted, Mapping):
        return Preprocessing.from_dict(wanted)
    chosen = wanted or model.preprocessing
    if chosen is None:
        raise ModelError(
            f"the model {model.spec} does not say how images become its input; "
            "give preprocessing (a preset such as 'imagenet', or size, mean and std)"
        )
    return chosen
