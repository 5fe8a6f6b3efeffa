"""A few fixed pictures, to tell by a network's answers whether it is still the same."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from andornot.models.preprocess import Preprocessing

ASKED = 4
"""How many pictures."""


def asked_images(preprocessing: Preprocessing) -> torch.Tensor:
    """Pseudo-random pictures, ready for the network: one half grain, one half large soft spots."""
    rng = np.random.default_rng(0)
    grain, spots = (preprocessing.height, preprocessing.width, 3), (4, 4, 3)
    shapes = [grain, spots] * (ASKED // 2)
    pictures = [Image.fromarray(rng.integers(0, 256, shape, np.uint8)) for shape in shapes]
    images: NDArray[np.float32] = np.stack([preprocessing.apply(each) for each in pictures])
    return torch.from_numpy(images)


@contextmanager
def same_chance() -> Generator[None, None, None]:
    """Let what a network draws at random be the same each time, and nothing outside be changed."""
    with torch.random.fork_rng(devices=[]):
        # not torch.manual_seed: it seeds GPUs too, whose state would not be given back
        torch.default_generator.manual_seed(0)
        yield
