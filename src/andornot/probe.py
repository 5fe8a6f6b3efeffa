"""A probe: a network together with the samples that it is shown. What the pipeline asks of it.

There is one for images (``vision.ImageProbe``) and one for sentence pairs (``text.probe``). The
pipeline itself knows samples, rows of activations and a concept table, and no modality.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.table import ConceptTable
from andornot.counting.activations import Activations
from andornot.counting.thresholds import Threshold
from andornot.errors import OptionError
from andornot.runs.stages import Stage
from andornot.samples import Samples


@dataclass(frozen=True)
class Recording:
    """How activations are recorded.

    Attributes:
        batch_size: samples in a forward pass; 32 images or 256 sentence pairs if not given.
        device: ``auto``, ``cpu``, ``cuda``, ...
        tokens: of images only: leading tokens of a transformer that are not patches, or ``auto``.
        layout: of images only: how four-axis outputs lie, ``auto``, ``channels_first`` or
            ``channels_last``.
    """

    batch_size: int | None = None
    device: str = "auto"
    tokens: int | str = "auto"
    layout: str = "auto"

    def __post_init__(self) -> None:
        if self.batch_size is not None and self.batch_size < 1:
            raise OptionError(f"batch_size is {self.batch_size}; it must be at least 1")


@dataclass(frozen=True)
class Batch:
    """What one forward pass gave.

    Attributes:
        samples: which samples it was.
        activations: for each layer float32 ``(rows, units, height, width)``; see ``Probe.rows``.
        logits: float32 ``(samples, classes)``; None if they were not asked for or there are none.
    """

    samples: slice
    activations: dict[str, NDArray[np.float32]]
    logits: NDArray[np.float32] | None


def absolute(named: str | None) -> str | None:
    """The text that names a network or its weights, as it can be read from any directory.

    In ``hf:DIRECTORY``, ``FILE.py:FUNCTION`` and ``FILE`` the path becomes a whole one; other
    texts (``torchvision:resnet18``, the name of published weights) stay as they are.
    """
    if named is None:
        return None
    kind, _, directory = named.partition(":")
    if kind == "hf" and directory:
        return f"hf:{Path(directory).resolve()}"
    file, _, function = named.rpartition(":")
    if file.endswith(".py"):
        return f"{Path(file).resolve()}:{function}"
    return str(Path(named).resolve()) if Path(named).is_file() else named


class Probe(Protocol):
    """A network and the samples that it is shown."""

    @property
    def level(self) -> str:
        """What a sample's positions are: ``image``, ``pair`` or ``token``."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers to explain, each once."""

    @property
    def data(self) -> Samples:
        """The samples."""

    @property
    def recording(self) -> Recording:
        """Batch size, device and the like."""

    @property
    def rows(self) -> NDArray[np.int64] | None:
        """Where each sample's rows of activations start, ``(n_samples + 1,)``.

        None: each sample has one row, a map of any size. Otherwise each *position* has one.
        """

    @property
    def class_names(self) -> Sequence[str] | None:
        """Name of each class, in the order of the logits; None if unknown."""

    @property
    def min_active(self) -> float:
        """Share of all positions on which a unit must be active to be explained, by default."""

    def threshold(self, activations: Activations) -> Threshold:
        """The threshold of a layer, where the user gave none."""

    def model_key(self) -> dict[str, Any]:
        """All that shapes what the network answers, the samples aside."""

    def layer_key(self) -> dict[str, Any]:
        """What further shapes the activations that are recorded of a layer."""

    def concept_key(self) -> dict[str, Any]:
        """What shapes the concept table, the samples and the folds aside."""

    def spellings(self, name: str) -> Sequence[str]:
        """What a name in a relation of the user may be called among the concepts."""

    def build_table(self, directory: Path, folds: int, jobs: int | None) -> ConceptTable:
        """Build the concept table and write it as a directory, whole or not at all."""

    def batches(
        self, layers: Sequence[str], start: int, logits: bool, clock: Stage
    ) -> Generator[Batch, None, None]:
        """Run the network over the samples from ``start`` on; times go to ``clock``."""

    def head(self, layer: str, n_units: int) -> NDArray[np.float32] | None:
        """Weights from units to classes, ``(n_classes, n_units)``, where a linear head follows."""

    def suspects(self, company: bool) -> list[str]:
        """Parts of the network that mix the samples of a batch, or else that draw at random."""

    def facts(self) -> dict[str, Any]:
        """What the manifest says of model and data."""
