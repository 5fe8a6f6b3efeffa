"""A probe: a network together with the samples that it is shown. What the pipeline asks of it.

There is one for images (``images.ImageProbe``) and one for sentence pairs (``pairs.PairProbe``);
``plain.PlainProbe`` is the start of any other. The pipeline itself knows samples, rows of
activations and a concept table, and no modality.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from andornot._tools.timer import Timer
from andornot.concepts.table import ConceptTable
from andornot.counting.thresholds import Threshold
from andornot.data.modality import Level
from andornot.data.samples import Samples
from andornot.data.sources.named import UserSource
from andornot.probes.recording import Recording as Recording


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


@dataclass(frozen=True)
class Facts:
    """What a run notes of its network, and of how samples become its input.

    Attributes:
        spec: the text that names it, or its type.
        weights: where its weights came from if not from ``spec``.
        fingerprint: a digest of its code and weights.
        class_names: in the order of its logits; None if they have no names.
        notes: sentences that a reader of results should know.
        preprocessing: of images: how one becomes the network's input.
        words: of sentences: which words become concepts.
        reading: of running text: how documents become positions, and which concepts they get.
    """

    spec: str
    weights: str | None
    fingerprint: str
    class_names: tuple[str, ...] | None
    notes: tuple[str, ...]
    preprocessing: Mapping[str, Any] | None = None
    words: Mapping[str, Any] | None = None
    reading: Mapping[str, Any] | None = None


def made_with(*packages: str) -> dict[str, str]:
    """The versions of andornot and of packages, as part of the key of what they shape."""
    from andornot._version import __version__

    found = {"andornot": __version__}
    for package in sorted(packages):
        with suppress(importlib.metadata.PackageNotFoundError, ValueError):
            found[package] = importlib.metadata.version(package)
    return found


def libraries(module: Any) -> list[str]:
    """The packages that the parts of a torch module come from, such as torchvision."""
    homes = {type(part).__module__.partition(".")[0] for part in module.modules()}
    return sorted({"torch", *homes})


def usual_threshold(level: Level, lowest: Callable[[], float]) -> Threshold:
    """The threshold of a layer, where the user gave none.

    Args:
        level: what its positions are.
        lowest: finds its lowest activation, for which all of them may be read.
    """
    if level.above_zero and lowest() >= 0:
        return Threshold(quantile=None, fixed=0.0)
    return Threshold()


def told(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """What is kept of an answer: mean and mean size over each map, float64 ``(rows, units, 2)``."""
    maps = values.reshape(*values.shape[:2], -1).astype(np.float64)
    return np.stack([maps.mean(axis=2), np.abs(maps).mean(axis=2)], axis=2)


def same_answer(before: NDArray[np.float64], now: NDArray[np.float64], share: float) -> bool:
    """Whether two answers differ nowhere by more than a share of their root mean square."""
    if (before.shape, before.dtype) != (now.shape, now.dtype):
        return False
    finite = before[np.isfinite(before)]
    size = float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0
    return bool(np.allclose(now, before, rtol=0.0, atol=share * size, equal_nan=True))


def answer_file(name: str) -> str:
    """Where an answer of the network lies in the stage ``network``."""
    return f"answer_{quote(name, safe='')}.npy"


class Probe(Protocol):
    """A network and the samples that it is shown."""

    @property
    def modality(self) -> str:
        """The name of its modality (see ``data.modality``)."""

    @property
    def level(self) -> str:
        """What a sample's positions are: ``image``, ``pair``, ``token``, ..."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers to explain, each once."""

    @property
    def data(self) -> Samples:
        """The samples."""

    @property
    def sources(self) -> tuple[UserSource, ...]:
        """Concepts that the user adds to those of the data."""

    @property
    def recording(self) -> Recording:
        """Batch size, device and the like."""

    @property
    def batch_size(self) -> int:
        """Samples in a forward pass."""

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

    def threshold(self, lowest: Callable[[], float]) -> Threshold:
        """The threshold of a layer, where the user gave none.

        Args:
            lowest: finds the layer's lowest activation, for which all of them may be read.
        """

    def model_key(self) -> dict[str, Any]:
        """All that shapes what the network answers, the samples aside."""

    def answers(self) -> dict[str, NDArray[np.float64]]:
        """What ``layer NAME`` and ``logits`` give for a few fixed inputs (see :func:`told`).

        Nothing if the network fails on them.
        """

    def content(self, part: str, jobs: int | None) -> str:
        """A digest of the bytes of all files that ``labels`` or ``images`` are read from.

        Empty where ``data.fingerprint()`` holds their content.
        """

    def layer_key(self) -> dict[str, Any]:
        """What further shapes the activations that are recorded of a layer."""

    def concept_key(self) -> dict[str, Any]:
        """What shapes the concept table, the samples and the folds aside."""

    def spellings(self, name: str) -> Sequence[str]:
        """What a name in a relation of the user may be called among the concepts."""

    def build_table(
        self, directory: Path, folds: int, jobs: int | None, known_only: bool
    ) -> ConceptTable:
        """Build the concept table and write it as a directory, whole or not at all.

        With ``known_only`` its atoms are told apart by what is known there too.
        """

    def batches(
        self, layers: Sequence[str], start: int, logits: bool, clock: Timer
    ) -> Generator[Batch, None, None]:
        """Run the network over the samples from ``start`` on; times go to ``clock``."""

    def head(self, layer: str, n_units: int) -> NDArray[np.float32] | None:
        """Weights from units to classes, ``(n_classes, n_units)``, where a linear head follows."""

    def suspects(self, company: bool) -> list[str]:
        """Parts of the network that mix the samples of a batch, or else that draw at random."""

    def facts(self) -> Facts:
        """What the manifest says of the network and of what comes before it."""
