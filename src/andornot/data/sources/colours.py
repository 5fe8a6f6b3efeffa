"""The eleven basic colours, from the pixels of each position: a rule."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot.concepts.provenance import Provenance
from andornot.data.sources.base import Labels, Plain, SampleView

CATEGORY = "color"
NAMES = (
    "black", "blue", "brown", "green", "grey", "orange", "pink", "purple", "red", "white", "yellow",
)  # fmt: skip
COLORS = tuple(f"{name}-c" for name in NAMES)
"""The concepts: the eleven names with the suffix that Broden gives to colours."""

PIXELS = Provenance.rule("colours of the pixels")


@dataclass(frozen=True, eq=False)
class Colours(Plain):
    """Names the colour of each position.

    Attributes:
        bins: int32, index into ``COLORS`` for each bin of R, G and B; shape (32, 32, 32).
        provenance: which rule.
    """

    bins: NDArray[np.int32]
    provenance: Provenance = PIXELS

    names = COLORS
    categories = ((CATEGORY,),) * len(COLORS)

    def key(self) -> Mapping[str, Any]:
        """Which colour each bin has."""
        return {"colours": hashlib.sha256(self.bins.tobytes()).hexdigest()}

    def labels(self, sample: SampleView) -> Labels:
        """A map of colours; none of a grey image."""
        found = color_map(sample.picture, sample.grid, self.bins + np.int32(1))
        if found is None:
            return Labels((), (), sample.grid)
        return Labels((found,), (), sample.grid, (CATEGORY,))


def color_map(
    image: Image.Image, shape: tuple[int, int], bins: NDArray[np.int32]
) -> NDArray[np.int32] | None:
    """Look up the colour of each position of an image.

    Args:
        image: RGB; it is brought to ``shape`` by averaging the pixels under each position.
        shape: (H, W) of the result.
        bins: what to return for each bin of R, G and B; shape (32, 32, 32).

    Returns:
        A map of that shape; None for a grey image (R = G = B at every pixel), which tells
        nothing of the colours of what it shows.
    """
    pixels = np.asarray(image)
    if (pixels == pixels[..., :1]).all():
        return None
    rows, columns = shape
    small = np.asarray(image.resize((columns, rows), Image.Resampling.BOX)) >> 3
    found: NDArray[np.int32] = bins[small[..., 0], small[..., 1], small[..., 2]]
    return found
