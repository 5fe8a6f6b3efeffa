"""What to reproduce: data, network and how much of them; what is left out is the paper's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from andornot.errors import OptionError
from andornot.probes.recording import Recording
from andornot.reproduce.sources import FOLDER
from andornot.search.options import Profile


@dataclass(frozen=True)
class ReproduceRequest:
    """What to reproduce, and with what.

    Attributes:
        out: the folder for the figures; the run is ``out/run``, and goes on if it is interrupted.
        folder: where ``andornot data get`` put things.
        data: the text that names other data.
        model: the text that names another network.
        weights: of images: a file of weights for it.
        preset: of images: its preprocessing, by name.
        layer: the layer; by default ``layer4`` for images, the last of the perceptron for NLI.
        classes: of images: file of the names of the network's classes.
        vectors: file of word vectors, for NEIGHBORS and for the kinds of units.
        profile: ``mu2020`` repeats the published search move for move.
        length: longest formula; by default the paper's.
        units: only these units.
        samples: at most so many samples, spread evenly.
        batch_size: samples in a forward pass.
        device: ``auto``, ``cpu``, ``cuda``, ...
        jobs: threads; all cores if not given.
    """

    out: Path
    folder: Path = FOLDER
    data: str | None = None
    model: str | None = None
    weights: Path | None = None
    preset: str | None = None
    layer: str | None = None
    classes: Path | None = None
    vectors: Path | None = None
    profile: Profile | None = None
    length: int | None = None
    units: Sequence[int] | None = None
    samples: int | None = None
    batch_size: int | None = None
    device: str = Recording.device
    jobs: int | None = None

    def __post_init__(self) -> None:
        if self.length is not None and self.length < 2:
            raise OptionError(
                f"length is {self.length}; the paper compares lengths, so give at least 2"
            )
        if self.samples is not None and self.samples < 1:
            raise OptionError(f"samples is {self.samples}; give at least 1")
        if self.model is None and (self.weights is not None or self.preset is not None):
            raise OptionError("weights and preset belong to a model; name it with --model too")

    @property
    def run(self) -> Path:
        """Where the run lies."""
        return self.out / "run"

    def spread(self, n: int) -> list[int]:
        """Which of ``n`` samples to take."""
        step = max(1.0, n / (self.samples or n))
        return [int(i * step) for i in range(min(self.samples or n, n))]
