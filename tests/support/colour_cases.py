"""A run on small pictures of coloured squares, whose units are colours, nothing, and NaN."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import andornot
from andornot import Run, Threshold
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.probes.base import Recording

torch = pytest.importorskip("torch", reason="torch is not installed")

RED, DEAD, NOT_A_NUMBER = 0, 3, 4

EVIL = '<script>alert("sea & sky")</script>'


class Colours(torch.nn.Module):  # type: ignore[name-defined, misc]
    """Units: red, green, blue, nothing, NaN."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 5, 1, bias=False)
        with torch.no_grad():
            self.layer.weight[:] = 0
            self.layer.weight[:3, :, 0, 0] = torch.eye(3)
            self.layer.weight[NOT_A_NUMBER] = torch.nan

    def forward(self, x):
        return self.layer(torch.nn.functional.avg_pool2d(x, 4))


def samples():
    """Pictures of 32 x 24 pixels, maps of half that; the last ones are marked but not painted."""
    rng = np.random.default_rng(0)
    for i in range(12):
        image = rng.integers(0, 40, (24, 32, 3)).astype(np.uint8)
        labels = np.zeros((12, 16), np.int32)
        for colour in range(3):
            y, x = 4 * rng.integers(0, 5), 4 * rng.integers(0, 6)
            labels[y // 2 : y // 2 + 4, x // 2 : x // 2 + 4] = colour + 1
            if i < 9:
                image[y : y + 8, x : x + 8] = 0
                image[y : y + 8, x : x + 8, colour] = 150 + rng.integers(0, 100)
        yield NewSample(f"{i:02d}", Image.fromarray(image), {"square": labels})


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    from andornot.models import Preprocessing

    home = tmp_path_factory.mktemp("world")
    names = {"red square": "colour", "green square": "colour", EVIL: "colour"}
    data = write_labelmaps(home / "data", names, samples())
    return andornot.dissect(
        Colours(), "layer", data, home / "run",
        preprocessing=Preprocessing(24, 32, (0, 0, 0), (1, 1, 1)),
        threshold=Threshold(0.05), recording=Recording(batch_size=5, device="cpu"), folds=2,
        length=2, beam_size=3,
    )  # fmt: skip
