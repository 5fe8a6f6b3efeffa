"""Edits of images: paste a cut-out, or recolour a region (Section 6 of the paper)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from andornot._tools.checks import as_path, number
from andornot._tools.colours import LUMINANCE
from andornot.data.images.files import opened
from andornot.data.images.pixels import eight_bits, to_rgb
from andornot.errors import DataError, OptionError, quoted
from andornot.formula import Formula

BoolArray = NDArray[np.bool_]
Rgb = tuple[int, int, int]
RegionOf = Callable[[Formula], BoolArray]


@dataclass(frozen=True)
class Place:
    """Where a cut-out goes, and how large it becomes.

    Attributes:
        x: its centre, as a share of the image's width from the left.
        y: its centre, as a share of the image's height from the top.
        size: the square root of the share of the image's area that it covers: 0.5 covers a
            quarter. Two cut-outs at one size cover the same area, whatever their form.

    Raises:
        OptionError: it lies outside the image, or has no size.

    Examples:
        >>> print(Place(x=0.5, y=0.75, size=0.3))
        at 0.5,0.75 size 0.3
        >>> Place(x=2, y=0, size=0.3)
        Traceback (most recent call last):
            ...
        andornot.errors.OptionError: the place x=2, y=0, size=0.3 lies outside the image;
        give shares of the image from 0 to 1, and a size above 0
    """

    x: float
    y: float
    size: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            number(value, name)
        if not (0 <= self.x <= 1 and 0 <= self.y <= 1 and 0 < self.size <= 1):
            raise OptionError(
                f"the place x={self.x}, y={self.y}, size={self.size} lies outside the image; give "
                "shares of the image from 0 to 1, and a size above 0"
            )

    def __str__(self) -> str:
        return f"at {self.x:g},{self.y:g} size {self.size:g}"


GRID = tuple(
    Place(x, y, size) for size in (0.3, 0.5) for x, y in ((0.5, 0.5), (0.25, 0.7), (0.75, 0.7))
)
"""The places that an attack tries."""


@dataclass(frozen=True, eq=False)
class Cutout:
    """A piece of an image; two with the same pixels are equal, whatever they are called.

    Attributes:
        rgba: uint8 (height, width, 4); alpha says what belongs to it.
        name: what it shows, such as a formula.
        origin: the sample or file that it comes from.

    Examples:
        >>> water = Cutout(np.full((4, 2, 4), 255, np.uint8), "water", "a coast")
        >>> water.area
        8.0
    """

    rgba: NDArray[np.uint8] = field(repr=False)
    name: str
    origin: str

    @property
    def area(self) -> float:
        """Number of pixels that belong to it."""
        return float(self.rgba[..., 3].sum() / 255)

    @cached_property
    def _key(self) -> tuple[tuple[int, ...], bytes]:
        return self.rgba.shape, hashlib.sha256(np.ascontiguousarray(self.rgba).data).digest()

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Cutout) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)


@dataclass(frozen=True)
class Paste:
    """Put a cut-out into the image.

    Examples:
        >>> from PIL import Image
        >>> water = Cutout(np.full((2, 2, 4), 255, np.uint8), "water", "a coast")
        >>> edit = Paste(water, Place(0.5, 0.5, size=0.5))
        >>> print(edit)
        water from a coast at 0.5,0.5 size 0.5
        >>> edited = apply_edit(Image.new("RGB", (4, 4)), edit, lambda formula: None)
        >>> np.asarray(edited)[..., 0]
        array([[  0,   0,   0,   0],
               [  0, 255, 255,   0],
               [  0, 255, 255,   0],
               [  0,   0,   0,   0]], dtype=uint8)
    """

    cutout: Cutout
    place: Place

    def __str__(self) -> str:
        return f"{self.cutout.name} from {self.cutout.origin} {self.place}"


@dataclass(frozen=True)
class PasteOver:
    """Put a cut-out over the box around a region, so that it covers as much as the box does.

    Examples:
        >>> water = Cutout(np.full((2, 2, 4), 255, np.uint8), "water", "a coast")
        >>> print(PasteOver(water, andornot.parse("sand OR grass")))
        water from a coast over sand OR grass
    """

    cutout: Cutout
    region: Formula

    def __str__(self) -> str:
        return f"{self.cutout.name} from {self.cutout.origin} over {self.region}"


@dataclass(frozen=True)
class Recolour:
    """Give a region another colour.

    Attributes:
        region: the formula that says where.
        rgb: the colour, 0 to 255 each.
        colour: what the colour is called.

    Examples:
        >>> from PIL import Image
        >>> edit = Recolour(andornot.parse("water"), (0, 0, 255), "blue")
        >>> print(edit)
        water to blue
        >>> region = np.array([[True, False]])
        >>> edited = apply_edit(Image.new("RGB", (2, 1), "gray"), edit, lambda formula: region)
        >>> np.asarray(edited).tolist()
        [[[99, 99, 255], [128, 128, 128]]]
    """

    region: Formula
    rgb: Rgb
    colour: str

    def __str__(self) -> str:
        return f"{self.region} to {self.colour}"


ImageEdit = Paste | PasteOver | Recolour


def apply_edit(image: Image.Image, edit: ImageEdit, region_of: RegionOf) -> Image.Image | None:
    """The edited image; None where the edit's region is not in the image.

    Args:
        image: an RGB image.
        edit: what to do.
        region_of: gives the region where a formula holds, (height, width) of the image.

    Raises:
        OptionError: it is no edit of an image.
    """
    if isinstance(edit, Paste):
        return paste(image, edit.cutout, edit.place)
    given: object = edit
    if not isinstance(given, PasteOver | Recolour):
        raise OptionError(
            f"{quoted(given)} is no edit of an image; give a Paste, a PasteOver or a Recolour"
        )
    region = region_of(edit.region)
    if not region.any():
        return None
    if isinstance(edit, PasteOver):
        return paste(image, edit.cutout, place_over(region))
    return recolour(image, region, edit.rgb)


def paste(image: Image.Image, cutout: Cutout, place: Place) -> Image.Image:
    """Put a cut-out into an image; the result is a new image.

    A cut-out that would stand out of the frame is moved inside, and made smaller if it must be.
    """
    width, height = image.size
    rows, columns = cutout.rgba.shape[:2]
    scale = place.size * np.sqrt(width * height / cutout.area)
    scale = min(scale, width / columns, height / rows)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    # premultiplied, so that the pixels around the cut-out do not bleed into its edge
    piece = Image.fromarray(cutout.rgba, "RGBA").convert("RGBa")
    piece = piece.resize(size, Image.Resampling.BILINEAR).convert("RGBA")
    left = min(max(0, round(place.x * width - size[0] / 2)), width - size[0])
    top = min(max(0, round(place.y * height - size[1] / 2)), height - size[1])
    edited = to_rgb(image, "the image")
    edited.paste(piece, (left, top), piece)
    return edited


def place_over(region: BoolArray) -> Place:
    """The place at which a cut-out covers as much as the box around a region does."""
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    height, width = region.shape
    share = (np.ptp(rows) + 1) * (np.ptp(columns) + 1) / region.size
    return Place(
        float((columns[0] + columns[-1] + 1) / (2 * width)),
        float((rows[0] + rows[-1] + 1) / (2 * height)),
        float(np.sqrt(share)),
    )


def hidden(region: BoolArray, cutout: Cutout) -> float:
    """The share of a region that a cut-out hides when it is pasted over it.

    Args:
        region: (height, width); somewhere true.
        cutout: what is pasted.
    """
    white = np.concatenate([np.full_like(cutout.rgba[..., :3], 255), cutout.rgba[..., 3:]], 2)
    black = Image.new("RGB", region.shape[::-1])
    shown = paste(black, Cutout(white, cutout.name, cutout.origin), place_over(region))
    return float((np.asarray(shown)[..., 0][region] > 127).mean())


def recolour(image: Image.Image, region: BoolArray, rgb: Rgb) -> Image.Image:
    """Give a region another hue and saturation, and keep its luminance.

    Each pixel becomes the colour, made lighter or darker by the same amount in red, green and
    blue, so that its luminance stays (except where a channel would leave 0 to 255).

    Args:
        image: an RGB image.
        region: (height, width) of the image.
        rgb: the colour, 0 to 255 each.
    """
    pixels = np.asarray(to_rgb(image, "the image"), np.float64).copy()
    colour = np.array(rgb, np.float64)
    lighter = pixels[region] @ LUMINANCE - colour @ LUMINANCE
    pixels[region] = np.clip(colour + lighter[:, None], 0, 255)
    return Image.fromarray(pixels.round().astype(np.uint8))


def cut(image: Image.Image, region: BoolArray, name: str, origin: str) -> Cutout:
    """Cut a region out of an image.

    Args:
        image: an RGB image.
        region: (height, width) of the image; somewhere true.
        name: what it shows.
        origin: where the image comes from.
    """
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    alpha = np.where(region, 255, 0).astype(np.uint8)[..., None]
    rgba = np.concatenate([np.asarray(to_rgb(image, origin)), alpha], axis=2)
    return Cutout(np.ascontiguousarray(rgba[box]), name, origin)


def read_cutout(path: str | Path) -> Cutout:
    """Read a cut-out from an image file; without transparency the whole image is pasted.

    Raises:
        DataError: the file cannot be read, or nothing in it is visible.

    Examples:
        >>> from PIL import Image
        >>> Image.new("RGBA", (3, 2), "blue").save("water.png")
        >>> read_cutout("water.png")
        Cutout(name='water', origin='water.png')
    """
    path = as_path(path, "the cut-out")
    with opened(path) as image:
        rgba = np.asarray(eight_bits(image, str(path)).convert("RGBA"))
    if not rgba[..., 3].any():
        raise DataError(f"{path} is transparent everywhere; give an image of what is to be pasted")
    region = rgba[..., 3] > 0
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Cutout(np.ascontiguousarray(rgba[box]), path.stem, str(path))


def read_colour(text: str) -> Rgb:
    """A colour from ``#rrggbb`` or one of the names of HTML.

    Raises:
        OptionError: there is no such colour.
    """
    try:
        found = ImageColor.getrgb(re.sub(r"\s", "", text))
    except ValueError:
        raise OptionError(
            f"{quoted(text)} is no colour; write #rrggbb or a name such as steelblue"
        ) from None
    return found[0], found[1], found[2]
