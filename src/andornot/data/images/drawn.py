"""Label maps that are drawn from shapes: polygons, run lengths and the like.

Shapes overlap, and a label map holds one label at a position. So the maps of a sample are stacked:
the concepts of a position stand in as many layers, the first of them in the first layer. That
takes as few layers as there can be, and the same ones each time.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from andornot.data.images.files import check_pixels
from andornot.errors import DataError

LAYER = "object"
"""The name of each layer that is drawn."""

ERASED = 0
"""The label id of a shape that takes away what shapes before it drew."""

FARTHEST = 100_000
"""Pixels from the corner of a picture to a point of a shape: beyond lie mistakes, and shapes that
would take hours to draw."""

Frame = tuple[int, int]
"""Height and width in pixels."""


class Shape(Protocol):
    """What an annotation file says of one region of an image."""

    @property
    def label(self) -> int:
        """Its label id; ``ERASED`` if it takes labels away."""

    def mask(self, frame: Frame) -> NDArray[np.bool_]:
        """Where it is, as a new array of the shape ``frame``; raises DataError without a place."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Draws the label maps of samples when they are asked for.

    Attributes:
        shapes: of each sample, by its id, in the order of the file.
        frames: size of the image as the annotation file gives it, by the sample's id; where it
            gives none, shapes mean the upright image.
        where: the annotation files, for messages.
    """

    shapes: Mapping[str, Sequence[Shape]]
    frames: Mapping[str, Frame]
    where: str

    def maps(
        self, sample: str, codes: NDArray[np.int32], image: Frame, sideways: int
    ) -> list[NDArray[np.int32]]:
        """Draw a sample.

        Args:
            sample: its id.
            codes: from label id to concept index + 1, 0 where the label is left out.
            image: size of the image, upright.
            sideways: the EXIF orientation, if by it the stored image lies on its side; else 0.

        Returns:
            One map at least, of concept index + 1; all of one shape.

        Raises:
            DataError: a shape cannot be drawn, or the image is another than was annotated.
        """
        frame, shapes = self.frames.get(sample, image), self.shapes.get(sample, ())
        upright = same_frame(frame, image)
        if not upright and not (sideways and same_frame(frame, image[::-1])):
            raise DataError(
                f"{self.where} says that the image {sample} is {frame[1]} x {frame[0]} pixels, but "
                f"it is {image[1]} x {image[0]}: put the image there that was annotated."
            )
        try:
            maps = stacked(shapes, codes, frame)
        except DataError as error:
            raise DataError(f"{self.where}, image {sample}: {error}") from None
        return maps if upright else [turned(labels, sideways) for labels in maps]


def stacked(
    shapes: Sequence[Shape], codes: NDArray[np.int32], frame: Frame
) -> list[NDArray[np.int32]]:
    """Draw shapes into as few layers as hold all concepts of each position.

    Args:
        shapes: in order.
        codes: from label id to concept index + 1, 0 where the label is left out.
        frame: size of the layers.
    """
    layers = [np.zeros(frame, np.int32)]
    depth = np.zeros(frame, np.int32)  # concepts that a position has so far
    for concept in sorted({int(codes[shape.label]) for shape in shapes} - {0}):
        here = _holds(concept, shapes, codes, frame)
        for level in range(int(depth[here].max(initial=-1)) + 1):
            if level == len(layers):
                layers.append(np.zeros(frame, np.int32))
            layers[level][here & (depth == level)] = concept
        depth += here
    return layers


def _holds(
    concept: int, shapes: Sequence[Shape], codes: NDArray[np.int32], frame: Frame
) -> NDArray[np.bool_]:
    """Where a concept holds: in any of its shapes, unless a later shape erases it."""
    here = np.zeros(frame, bool)
    for shape in shapes:
        if shape.label == ERASED:
            here &= ~shape.mask(frame)
        elif codes[shape.label] == concept:
            here |= shape.mask(frame)
    return here


def same_frame(one: Frame, other: Frame) -> bool:
    """Whether two sizes show the same frame at any scale.

    They agree within one per cent, or within one position of rounding.
    """
    return abs(one[0] - one[1] * other[0] / other[1]) <= max(1.0, 0.01 * one[0])


def turned(labels: NDArray[np.int32], orientation: int) -> NDArray[np.int32]:
    """Turn a map as an EXIF orientation from 5 to 8 turns the stored image."""
    flipped = labels.T if orientation in (5, 7) else labels.T[:, ::-1]
    return flipped if orientation in (5, 6) else flipped[::-1, ::-1]


def frame_of(entry: Mapping[str, Any], height: str, width: str, where: str) -> Frame | None:
    """The size that an entry of a JSON file gives; None if it gives none.

    Raises:
        DataError: it is no size, or larger than is read safely.
    """
    rows, columns = entry.get(height), entry.get(width)
    if rows is None and columns is None:
        return None
    # not isinstance: for Python True is an int
    if type(rows) is not int or type(columns) is not int or min(rows, columns) < 1:
        raise DataError(
            f"{where}: {height!r} and {width!r} are to be whole numbers above 0, got "
            f"{short(rows)} and {short(columns)}: mend them, or leave both out."
        )
    check_pixels(rows, columns, where)
    return rows, columns


def coordinates(values: Any, where: str) -> NDArray[np.float64]:
    """Numbers of a shape, as an array of any shape.

    Raises:
        DataError: they are no numbers, or lie farther off than any image reaches.
    """
    try:
        found = np.array(values)
    except (ValueError, OverflowError):
        found = np.array(None)
    if found.size and found.dtype.kind not in "iuf":
        raise DataError(f"{where} has points that are no numbers, {short(values)}: mend the file.")
    points = found.astype(np.float64)
    # written so that a point which is not a number (NaN) fails too
    if not (np.abs(points) <= FARTHEST).all():
        raise DataError(
            f"{where} has a point more than {FARTHEST:,} pixels off, or at no place at all: "
            "coordinates are pixels from the top left corner of the image; mend the file."
        )
    return points


def short(value: Any) -> str:
    """A value for a message, cut off where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def plain_name(value: Any, where: str) -> str:
    """The name of a concept, without blanks at its ends, composed (NFC).

    Raises:
        DataError: it is no text, or empty.
    """
    name = unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else ""
    if not name:
        raise DataError(f"{where} has no name, but {short(value)}: give it a name.")
    return name


def listing(folder: Path) -> Mapping[str, str]:
    """The files below a folder: their relative paths, by the same composed (NFC).

    Some systems take names apart (NFD) when they copy, so a file is found by its composed name.
    """
    return {unicodedata.normalize("NFC", path): path for path in _walk(folder)}


def _walk(folder: Path) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != ".")
        below = Path(here).relative_to(folder)
        yield from ((below / name).as_posix() for name in sorted(files) if name[0] != ".")
