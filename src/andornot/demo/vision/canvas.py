"""A canvas that remembers what it painted, so that annotations are exact by construction.

Every shape is painted with its own number into one small map. The picture and all label maps are
then only look-ups in tables with a row for each shape: there is no second drawing that could
disagree with the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIZE = 96
"""Height and width of a picture and of its label maps, in pixels."""

_FINE = 2  # the shapes are painted this much finer than the picture, which softens their edges

COLOURS: dict[str, tuple[int, int, int]] = {
    "black": (52, 50, 58),
    "blue": (70, 130, 200),
    "brown": (142, 98, 66),
    "grey": (152, 154, 160),
    "green": (98, 158, 82),
    "orange": (238, 142, 58),
    "pink": (240, 158, 178),
    "purple": (142, 102, 172),
    "red": (208, 58, 54),
    "white": (246, 242, 234),
    "yellow": (247, 207, 88),
}
"""The eleven basic colour terms of English and the paint that we use for each (sRGB)."""

TEXTURES = ("striped", "dotted", "checkered")
_RELIEFS = ("", "rippled", "leafy")

Point = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """What a shape is, and how it is painted.

    Attributes:
        thing: the object that the shape belongs to.
        colour: a name from ``COLOURS``.
        part: the part of the object that the shape is, or "".
        texture: a name from ``TEXTURES``, or "" for plain; the pattern is white on the colour.
        tint: from -1 (black) over 0 (the colour as it is) to 1 (white). It changes the paint and
            never the colour's name, so keep it small.
        relief: "rippled" (water) or "leafy" (plants): light and shade that has no label.
    """

    thing: str
    colour: str
    part: str = ""
    texture: str = ""
    tint: float = 0.0
    relief: str = ""

    def but(self, **changes: Any) -> Look:
        """The same look with some attributes changed."""
        return replace(self, **changes)


class Painted(NamedTuple):
    """A finished picture and what each of its pixels shows.

    Attributes:
        rgb: uint8 (SIZE, SIZE, 3).
        shapes: uint8 (SIZE, SIZE), an index into ``looks`` for each pixel.
        looks: what is seen there; the white of a texture has a look of its own.
    """

    rgb: NDArray[np.uint8]
    shapes: NDArray[np.uint8]
    looks: tuple[Look, ...]


class Canvas:
    """Paints shapes over each other; coordinates are pixels of the picture, y downwards."""

    def __init__(self, ground: Look, rng: np.random.Generator) -> None:
        """Start with a canvas that is ``ground`` everywhere; ``rng`` shades each shape anew."""
        self._rng = rng
        self._map = Image.new("L", (SIZE * _FINE, SIZE * _FINE), 0)
        self._pen = ImageDraw.Draw(self._map)
        self._looks = {ground: 0}

    def polygon(self, points: Sequence[Point], look: Look) -> None:
        """Paint the polygon with these corners."""
        self._pen.polygon([(x * _FINE, y * _FINE) for x, y in points], fill=self._number(look))

    def rectangle(self, x: float, y: float, width: float, height: float, look: Look) -> None:
        """Paint an upright rectangle; ``x``, ``y`` is its upper left corner."""
        self._pen.rectangle(_box(x, y, x + width, y + height), fill=self._number(look))

    def rounded(
        self, x: float, y: float, width: float, height: float, radius: float, look: Look
    ) -> None:
        """Paint an upright rectangle with round corners."""
        box = _box(x, y, x + width, y + height)
        self._pen.rounded_rectangle(box, radius * _FINE, fill=self._number(look))

    def ellipse(self, x: float, y: float, rx: float, ry: float, look: Look) -> None:
        """Paint an ellipse around ``x``, ``y``."""
        self._pen.ellipse(_box(x - rx, y - ry, x + rx, y + ry), fill=self._number(look))

    def line(self, points: Sequence[Point], width: float, look: Look) -> None:
        """Paint a line of some width through these points."""
        path = [(x * _FINE, y * _FINE) for x, y in points]
        self._pen.line(path, self._number(look), max(1, round(width * _FINE)), joint="curve")

    def arch(self, x: float, y: float, rx: float, ry: float, look: Look) -> None:
        """Paint the upper half of an ellipse around ``x``, ``y``."""
        box = _box(x - rx, y - ry, x + rx, y + ry)
        self._pen.pieslice(box, 180, 360, fill=self._number(look))

    def _number(self, look: Look) -> int:
        return self._looks.setdefault(look, len(self._looks))

    def finish(self) -> Painted:
        """The picture, lit and slightly grainy, with its annotations."""
        shapes = np.asarray(self._map)
        textures = np.array([_index(look.texture, TEXTURES) for look in self._looks])
        white = _pattern(textures[shapes], self._rng)
        paint = np.stack([_paint(look, self._rng) for look in self._looks])
        fine = paint[shapes]
        fine[white] = COLOURS["white"]
        corners = (fine[i::_FINE, j::_FINE] for i in range(_FINE) for j in range(_FINE))
        coarse = sum(corner.astype(np.float32) for corner in corners) / np.float32(_FINE**2)
        centre = np.s_[_FINE // 2 :: _FINE, _FINE // 2 :: _FINE]
        reliefs = np.array([_RELIEFS.index(look.relief) for look in self._looks])
        light = _light(self._rng) * _relief(reliefs[shapes[centre]], self._rng)
        grain = self._rng.normal(0.0, 5.0, (SIZE, SIZE, 1)).astype(np.float32)
        rgb = np.clip(coarse * light[:, :, None] + grain, 0, 255).astype(np.uint8)
        whitened = [look.but(colour="white") for look in self._looks]
        seen = shapes[centre] + np.uint8(len(whitened)) * white[centre]
        return Painted(rgb, seen, (*self._looks, *whitened))


def _box(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    return x0 * _FINE, y0 * _FINE, x1 * _FINE, y1 * _FINE


def _index(name: str, names: Sequence[str]) -> int:
    return names.index(name) + 1 if name else 0


def _paint(look: Look, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The look's colour, tinted, and a little different each time."""
    target = 255.0 if look.tint > 0 else 0.0
    rgb = np.array(COLOURS[look.colour]) * (1 - abs(look.tint)) + target * abs(look.tint)
    return np.clip(rgb + rng.normal(0.0, 5.0, 3), 0, 255).astype(np.uint8)


_Y, _X = np.mgrid[0 : SIZE * _FINE, 0 : SIZE * _FINE] / _FINE
_ROW, _COLUMN = (np.mgrid[0:SIZE, 0:SIZE] / SIZE).astype(np.float32)


def _pattern(texture: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Where the white of a texture shows, from the texture at each fine pixel."""
    white = np.zeros(texture.shape, dtype=bool)
    period, shift = rng.uniform(6.5, 8.5), rng.uniform(0.0, 8.0)
    slant = rng.choice([-0.35, 0.0, 0.35])
    for number in np.unique(texture[texture > 0]):
        here = texture == number
        x, y = _X[here] + shift, _Y[here] + shift
        if TEXTURES[number - 1] == "striped":
            white[here] = (x + slant * y) % period > period / 2
        elif TEXTURES[number - 1] == "checkered":
            white[here] = (x % period > period / 2) != (y % period > period / 2)
        else:
            half = period / 2
            odd = (y // period) % 2 * half  # every second row of dots is shifted
            away = ((x + odd) % period - half) ** 2 + (y % period - half) ** 2
            white[here] = away < (0.3 * period) ** 2
    return white


def _light(rng: np.random.Generator) -> NDArray[np.float32]:
    """Brightness over the picture: a lamp somewhere, and a day that is bright or dull."""
    angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 0.2)
    slope = (_COLUMN - 0.5) * np.cos(angle) + (_ROW - 0.5) * np.sin(angle)
    light: NDArray[np.float64] = rng.uniform(0.9, 1.07) * (1 + fall * slope)
    return light.astype(np.float32)


def _relief(relief: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
    """Brightness from ripples and leaves, from the relief at each pixel."""
    light = np.ones(relief.shape, dtype=np.float32)
    ripples = relief == _RELIEFS.index("rippled")
    if ripples.any():
        phase, bend = rng.uniform(0, 2 * np.pi, 2)
        swing = 1.8 * np.sin(22 * _COLUMN[ripples] + bend)
        wave = 107 * _ROW[ripples] + swing + phase  # 17 waves from top to bottom
        light[ripples] += 0.13 * np.maximum(np.sin(wave), -0.3)
    leaves = relief == _RELIEFS.index("leafy")
    if leaves.any():
        noise = rng.normal(0.0, 0.13, (SIZE + 2, SIZE + 2)).astype(np.float32)
        rows = noise[:-2] + noise[1:-1] + noise[2:]
        light[leaves] += (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:])[leaves] / 6
    return light
