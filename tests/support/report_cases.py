"""A small world of pictures, and a network with a linear head on it, for the tests of reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import andornot
from andornot.counting.thresholds import Threshold
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.probes.base import Recording
from andornot.runs.run import Run
from andornot.views.answers import ask_all as ask_all
from andornot.views.class_links import FED as FED

pytest.importorskip("jinja2", reason="jinja2 is not installed")
torch = pytest.importorskip("torch", reason="torch is not installed")

EVIL = "<script>alert('sea & sky')</script>"
CLASSES = ("Red one", "green", EVIL)
DEAD = 3


class Colours(torch.nn.Module):  # type: ignore[name-defined, misc]
    """Units: red, green, blue, nothing; three classes that take a colour each."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 4, 1, bias=False)
        self.head = torch.nn.Linear(4, 3, bias=False)
        with torch.no_grad():
            self.layer.weight[:] = 0
            self.layer.weight[:3, :, 0, 0] = torch.eye(3)
            self.head.weight[:] = torch.tensor([[2, -1, 0, 0], [0, 1.5, -1, 0], [-0.5, 0, 1, 0]])

    def forward(self, x):
        return self.head(self.layer(torch.nn.functional.avg_pool2d(x, 4)).mean((2, 3)))


def samples(n: int):
    """Pictures of 32 x 24 pixels, maps of half that; every fourth is marked but not painted."""
    rng = np.random.default_rng(0)
    for i in range(n):
        image = rng.integers(0, 40, (24, 32, 3)).astype(np.uint8)
        labels = np.zeros((12, 16), np.int32)
        for colour in range(3):
            y, x = 4 * rng.integers(0, 5), 4 * rng.integers(0, 6)
            labels[y // 2 : y // 2 + 4, x // 2 : x // 2 + 4] = colour + 1
            if i % 4:
                image[y : y + 8, x : x + 8] = 0
                image[y : y + 8, x : x + 8, colour] = 150 + rng.integers(0, 100)
        yield NewSample(f"{i:02d}", Image.fromarray(image), {"square": labels}, label="red one")


def picture_run(home: Path, n: int = 24, length: int = 3) -> Run:
    from andornot.models import LoadedModel, Preprocessing, fingerprint

    names = {"red square": "colour", "green square": "colour", EVIL: "shape"}
    model = Colours()
    loaded = LoadedModel(
        model, "tests.colours", None, fingerprint(model),
        Preprocessing(24, 32, (0, 0, 0), (1, 1, 1)), CLASSES,
    )  # fmt: skip
    return andornot.dissect(
        loaded, "layer", write_labelmaps(home / "data", names, samples(n)), home / "run",
        threshold=Threshold(0.05), recording=Recording(batch_size=5, device="cpu"), folds=2,
        length=length, beam_size=4,
    )  # fmt: skip


class TwoLayers(Colours):
    """A layer more behind that of colours, of half its size: sums and differences of colours."""

    def __init__(self):
        super().__init__()
        self.mixed = torch.nn.Conv2d(4, 3, 1, bias=False)
        with torch.no_grad():
            mix = [[1.0, 1, 0, 0], [0, 1, -1, 0], [0, 0, 1, 0]]
            self.mixed.weight[:] = torch.tensor(mix)[:, :, None, None]

    def forward(self, x):
        colours = self.layer(torch.nn.functional.avg_pool2d(x, 4))
        return self.head(colours.mean((2, 3))) + self.mixed(colours[:, :, ::2, ::2]).mean()


def two_layers(home: Path, **options) -> Run:
    """A run on two layers, of four and three units."""
    from andornot.models import LoadedModel, Preprocessing, fingerprint

    names, model = {"red": "colour", "green": "colour", EVIL: "shape"}, TwoLayers()
    loaded = LoadedModel(
        model, "tests.two", None, fingerprint(model), Preprocessing(24, 32, (0, 0, 0), (1, 1, 1)),
        ("a", "b", "c"),
    )  # fmt: skip
    return andornot.dissect(
        loaded, ["layer", "mixed"], write_labelmaps(home / "data", names, samples(12)),
        home / "run", threshold=Threshold(0.05), length=2, folds=2,
        recording=Recording(batch_size=5, device="cpu"), **options,
    )  # fmt: skip
