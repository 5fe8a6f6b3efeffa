"""A network that ponds decide for, and scenes with and without them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from andornot.data.images.labelmaps import NewSample

torch = pytest.importorskip("torch", reason="torch is not installed")

SIZE = 24


BLUE, GREEN, MOSS, GREY, RED = (
    (40, 60, 220), (40, 220, 60), (60, 90, 60), (120, 120, 120), (210, 50, 40)
)  # fmt: skip


class Ponds(torch.nn.Module):  # type: ignore[name-defined, misc]
    """Two units, bright green and bright blue; each leads to one class."""

    def __init__(self):
        super().__init__()
        self.units = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 1), torch.nn.ReLU())
        self.head = torch.nn.Linear(2, 2)
        with torch.no_grad():
            self.units[0].weight[:] = torch.tensor([[-0.5, 1.0, -0.5], [-0.5, -0.5, 1.0]])[
                :, :, None, None
            ]
            self.units[0].bias[:] = -0.3  # moss is green, but not enough
            self.head.weight[:] = torch.tensor([[-1.0, 1.0], [1.0, -1.0]])
            self.head.bias[:] = 0

    def forward(self, x):
        return self.head(self.units(x).mean((2, 3)))


NAMES = {
    "pond": "object", "moss": "object", "ball": "object", "stone": "object", "post": "object",
    "blue": "color", "green": "color", "grey": "color", "red": "color",
}  # fmt: skip


def scene(i, rng, paint=None):
    """A pond, blue in a lake and green in a swamp, and things that mean nothing."""
    pixels = np.full((SIZE, SIZE, 3), GREY, np.uint8)
    objects, colours = np.zeros((2, SIZE, SIZE), np.int32)
    ids = {name: n + 1 for n, name in enumerate(NAMES)}
    colours[:] = ids["grey"]

    def put(name, y, x, height, width, colour, paint):
        where = np.s_[y : y + height, x : x + width]
        pixels[where], objects[where], colours[where] = paint, ids[name], ids[colour]

    green = i % 2 == 1
    colour = "red" if paint == RED else "green" if green else "blue"
    put("pond", 10, 4 + int(rng.integers(0, 4)), 8, 10, colour, paint or (GREEN if green else BLUE))
    put("moss", 0, 0, 4, 8, "green", MOSS)
    put("ball", 20, int(rng.integers(0, 18)), 4, 5, "red", RED)
    put("stone", 1, 12, 5, 5, "grey", GREY)
    put("post", 0, 20, 7, 4, "red", RED)
    return NewSample(
        f"{i:02d}", Image.fromarray(pixels), {"object": objects, "color": colours},
        label="swamp" if green else "lake",
    )  # fmt: skip
