"""A figure laid out by hand: text that breaks into lines, pictures, bars and small plots.

Places are in inches from the top left corner, as one writes; the height of the figure follows from
what was put there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path
from numpy.typing import NDArray

from andornot.figures.style import FAINT, FONT, INK, RULE, TEXT_SIZE
from andornot.formula import Formula

_LINE: Final = 1.32
"""From one line to the next, in sizes of the font."""

_ASCENT, _DESCENT = 0.95, 0.28
"""Height of the coloured ground of a word above and below its line, in sizes of the font."""


@dataclass(frozen=True)
class PlacedText:
    """A word in a text.

    Attributes:
        text: what is written.
        colour: of the letters.
        bold: whether they are.
        ground: colour behind it; none if empty.
        blank: whether a blank goes before it; if not, no line begins with it.
        struck: whether it is struck out.
    """

    text: str
    colour: str = INK
    bold: bool = False
    ground: str = ""
    blank: bool = True
    struck: bool = False


def words(text: str, colour: str = INK, bold: bool = False) -> list[PlacedText]:
    """The words of a plain text."""
    return [PlacedText(part, colour, bold) for part in text.split()]


def formula_words(formula: Formula | str) -> list[PlacedText]:
    """The words of a formula; operators are paler than concepts."""
    operators = ("OR", "AND", "NOT")
    return [PlacedText(p, FAINT if p in operators else INK) for p in str(formula).split()]


@cache
def text_width(text: str, size: float = TEXT_SIZE, bold: bool = False) -> float:
    """Width of a text in inches."""
    font = FontProperties(family=FONT, weight="bold" if bold else "normal", size=size)
    width: float = text_to_path.get_text_width_height_descent(text, font, False)[0]
    return width / 72


def line_height(size: float = TEXT_SIZE) -> float:
    """From one line to the next, in inches."""
    return _LINE * size / 72


@dataclass(frozen=True)
class Placed:
    """A word with its place in a line, in inches from the line's beginning."""

    x: float
    word: PlacedText


def break_lines(
    text: Iterable[PlacedText], width: float, size: float = TEXT_SIZE
) -> list[list[Placed]]:
    """Break a text into lines of at most this width; a word that is wider has one to itself."""
    gap = text_width("n n", size) - text_width("nn", size)
    lines: list[list[Placed]] = []
    x = 0.0
    for chunk in _chunks(text):
        widths = [text_width(word.text, size, word.bold) for word in chunk]
        if lines and x + gap + sum(widths) <= width:
            x += gap
        else:
            lines.append([])
            x = 0.0
        for word, own in zip(chunk, widths, strict=True):
            lines[-1].append(Placed(x, word))
            x += own
    return lines


def _chunks(text: Iterable[PlacedText]) -> list[list[PlacedText]]:
    """Words that stand together without a blank."""
    chunks: list[list[PlacedText]] = []
    for word in text:
        if word.blank or not chunks:
            chunks.append([])
        chunks[-1].append(word)
    return chunks


@dataclass
class Sheet:
    """A figure in the making.

    Attributes:
        width: of the figure, in inches.
        bottom: how far down something was put.
    """

    width: float
    bottom: float = 0.0
    _items: list[Callable[[Figure, float], None]] = field(default_factory=list)

    def text(
        self, x: float, y: float, text: Sequence[PlacedText], width: float, size: float = TEXT_SIZE
    ) -> float:
        """Write a text that breaks into lines; give the place below it."""
        for line in break_lines(text, width, size):
            y += line_height(size)
            self._line(x, y - (_LINE - 1) * size / 72, line, size)
        self.bottom = max(self.bottom, y)
        return y

    def picture(self, x: float, y: float, pixels: NDArray[np.uint8], side: float) -> None:
        """Put a picture into the middle of a square, as large as it fits."""
        h, w = pixels.shape[:2]
        high, wide = side * h / max(h, w), side * w / max(h, w)
        left, top = x + (side - wide) / 2, y + (side - high) / 2

        def draw(axes: Axes) -> None:
            axes.imshow(pixels, interpolation="antialiased", aspect="auto")
            axes.set_axis_off()

        self.plot(left, top, wide, high, draw)

    def plot(
        self, x: float, y: float, width: float, height: float, draw: Callable[[Axes], None]
    ) -> None:
        """Put axes there, and draw into them."""

        def put(figure: Figure, full: float) -> None:
            bottom = 1 - (y + height) / full
            draw(figure.add_axes((x / self.width, bottom, width / self.width, height / full)))

        self._items.append(put)
        self.bottom = max(self.bottom, y + height)

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, edge: str = "none"
    ) -> None:
        """Draw a rectangle; without a fill if that is ``none``."""

        def put(figure: Figure, full: float) -> None:
            corner = x / self.width, 1 - (y + height) / full
            patch = Rectangle(
                corner, width / self.width, height / full, facecolor=fill, edgecolor=edge,
                linewidth=0.6, transform=figure.transFigure, zorder=0,
            )  # fmt: skip
            figure.add_artist(patch)

        self._items.append(put)
        self.bottom = max(self.bottom, y + height)

    def rule(self, x: float, y: float, width: float, colour: str = RULE) -> None:
        """Draw a thin horizontal line."""
        self.box(x, y, width, 0.006, colour)

    def figure(self, margin: float = 0.03) -> Figure:
        """The finished figure, this much higher than what was put into it."""
        height = self.bottom + margin
        figure = Figure(figsize=(self.width, height))
        for item in self._items:
            item(figure, height)
        return figure

    def _line(self, x: float, y: float, line: list[Placed], size: float) -> None:
        for place in line:
            left, word = x + place.x, place.word
            wide = text_width(word.text, size, word.bold)
            if word.ground:
                high = (_ASCENT + _DESCENT) * size / 72
                top = y - _ASCENT * size / 72
                self.box(left - 0.012, top, wide + 0.024, high, word.ground)
            self._letters(left, y, word, size)
            if word.struck:
                self.box(left, y - 0.33 * size / 72, wide, 0.006, word.colour)

    def _letters(self, x: float, y: float, word: PlacedText, size: float) -> None:
        weight = "bold" if word.bold else "normal"

        def put(figure: Figure, full: float) -> None:
            place = x / self.width, 1 - y / full
            figure.text(*place, word.text, color=word.colour, weight=weight, size=size)

        self._items.append(put)
