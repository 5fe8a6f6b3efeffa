"""Label maps painted in an image editor: a colour for each concept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor
from scipy.ndimage import maximum_filter, minimum_filter

from andornot.data.images.files import AnyFile, opened
from andornot.data.images.pixels import eight_bits
from andornot.errors import DataError, quoted

_AREA = 3
"""A colour that the legend lacks is a mistake where it fills a square of this side; on soft edges,
between two colours, it does not."""


_NEAR = 96
"""Two colours whose channels differ by no more than this in all may be meant to be one."""


@dataclass(frozen=True, eq=False)
class Paint:
    """Reads painted maps: as ``FolderData.decode``.

    Attributes:
        legend: the file that names the colours.
        colors: int32, sorted, each ``65536 R + 256 G + B``.
        ids: int32, the label id of each colour, 0 for no label.
        names: the concept of each colour, for messages.
    """

    legend: str
    colors: NDArray[np.int32]
    ids: NDArray[np.int32]
    names: tuple[str, ...]

    @classmethod
    def of(cls, legend: str, colors: Mapping[int, tuple[int, str]]) -> Paint:
        """From the label id and the concept of each colour."""
        order = sorted(colors)
        ids, names = zip(*(colors[color] for color in order), strict=True)
        return cls(legend, np.array(order, np.int32), np.array(ids, np.int32), names)

    @property
    def digest(self) -> str:
        """A key for what the colours mean."""
        return hashlib.sha256(self.colors.tobytes() + self.ids.tobytes()).hexdigest()

    def __call__(self, path: AnyFile) -> NDArray[np.int32]:
        """Read the label ids of a painted map, (H, W).

        What is more than half transparent has no label, and neither has a pixel of a colour that
        the legend lacks, such as an editor leaves on a soft edge.

        Raises:
            DataError: the file cannot be read, or a colour that the legend lacks covers an area.
        """
        with opened(path, formats=("PNG",)) as image:
            pixels = np.asarray(eight_bits(image, str(path)).convert("RGBA")).astype(np.int32)
        packed = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
        place = np.minimum(np.searchsorted(self.colors, packed), len(self.colors) - 1)
        seen = pixels[..., 3] >= 128
        known = self.colors[place] == packed
        self._check_others(path, np.where(seen & ~known, packed, -1))
        if np.count_nonzero(seen & known) < np.count_nonzero(seen & ~known):
            raise DataError(
                f"{path} is mostly painted in colours that {self.legend} does not name: paint with "
                "a hard brush at full opacity on an empty layer, and export that layer alone."
            )
        return np.where(seen & known, self.ids[place], np.int32(0))

    def _check_others(self, path: AnyFile, others: NDArray[np.int32]) -> None:
        """Refuse a colour that covers an area and that the legend does not name.

        Args:
            path: the map.
            others: the colours that the legend lacks, -1 where there is none; (H, W).
        """
        if others.max(initial=-1) < 0:
            return
        # beyond the border is another colour, so a square must lie inside as a whole
        outside = {"mode": "constant", "cval": -2}
        flat = minimum_filter(others, _AREA, **outside) == maximum_filter(others, _AREA, **outside)
        found, counts = np.unique(others[flat & (others >= 0)], return_counts=True)
        if not len(found):
            return
        color = int(found[counts.argmax()])
        apart = np.abs(_channels(self.colors) - _channels(np.array([color], np.int32))).sum(axis=1)
        nearest, like = int(apart.argmin()), ""
        if apart[nearest] <= _NEAR:
            name = self.names[nearest] or "no label"
            like = f"; it does name {written(int(self.colors[nearest]))} ({name})"
        raise DataError(
            f"{path} paints {np.mean(others == color):.1%} of its pixels in {written(color)}, "
            f"which {self.legend} does not name{like}: repaint it, or add a row for it (with an "
            "empty name if it means no label)."
        )


def parse_color(text: str, where: str) -> int:
    """Return ``65536 R + 256 G + B`` of a colour such as ``#87ceeb`` or ``red``.

    Raises:
        DataError: the text is no colour.
    """
    hexadecimal = len(text) == 6 and not set(text.lower()) - set("0123456789abcdef")
    try:
        channels = ImageColor.getrgb(f"#{text}" if hexadecimal else text)[:3]
    except ValueError:
        channels = (-1, -1, -1)
    if not all(0 <= channel <= 255 for channel in channels):
        raise DataError(
            f"{where}: {quoted(text)} is no colour; write it as your image editor does, like "
            "#87ceeb."
        )
    red, green, blue = channels
    return red << 16 | green << 8 | blue


def written(color: int) -> str:
    """A colour as image editors write it."""
    return f"#{color:06x}"


def _channels(colors: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.stack([colors >> 16, colors >> 8 & 255, colors & 255], axis=-1)
