"""Example units of each kind, with samples that show them (Figures 5 and 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from andornot.figures.cells import (
    put_head,
    put_pair_legend,
    put_pairs,
    put_picture_legend,
    put_pictures,
    put_weights,
)
from andornot.figures.sheet import PlacedText, Sheet, words
from andornot.figures.style import FAINT, FULL, RULE, CaptionedFigure
from andornot.views.figures.kinds import ExampleUnit, Kind, KindsFigure, kinds_figure
from andornot.views.figures.request import FigureRequest
from andornot.views.sentence_gallery import short_marks_at

IMAGES: Final = 5
PAIRS: Final = 2
"""Samples shown for each unit."""

_GUTTER: Final = 0.2
_PAD: Final = 0.06
_EDGE: Final = 0.02


def draw(request: FigureRequest) -> CaptionedFigure:
    """The best explained units of each kind, two to a row.

    Raises:
        AndornotError: the images or sentences are not there, or a unit has no formula.
    """
    shown = kinds_figure(request)
    cells: Cells = shown.cells
    sheet, y = Sheet(FULL), 0.02
    for number, kind in enumerate(shown.kinds):
        y = _heading(sheet, y, chr(ord("a") + number), kind)
        y = _group(sheet, y, kind.units, cells) + 0.1
    cells.legend(sheet, _EDGE, y, shown.level)
    return CaptionedFigure(
        sheet.figure(), (*_which(shown), *cells.caption(shown), *shown.sentences)
    )


@dataclass(frozen=True)
class Cells:
    """How a figure shows units with their samples; a modality names its own.

    Attributes:
        samples: how many of each unit.
        cell: draws a unit into a sheet, at x and y and with a width; gives where it ends.
        legend: says at x and y what its marks mean, at a level.
        caption: sentences on how the samples are shown.
    """

    samples: int
    cell: Callable[[Sheet, float, float, float, ExampleUnit], float]
    legend: Callable[[Sheet, float, float, str], float]
    caption: Callable[[KindsFigure], list[str]]


def _heading(sheet: Sheet, y: float, letter: str, kind: Kind) -> float:
    text = [PlacedText(f"({letter})", bold=True), *words(kind.name, bold=True)]
    return sheet.text(_EDGE, y, [*text, *words(kind.meaning, FAINT)], FULL - 2 * _EDGE, 8) + 0.03


def _group(sheet: Sheet, y: float, units: Sequence[ExampleUnit], cells: Cells) -> float:
    """Put units into two columns; a row is as high as the higher of its cells."""
    width = (FULL - _GUTTER - 2 * _EDGE) / 2
    for first in range(0, len(units), 2):
        bottoms = [
            cells.cell(sheet, _EDGE + column * (width + _GUTTER), y, width, unit)
            for column, unit in enumerate(units[first : first + 2])
        ]
        y = max(bottoms) + 0.08
    return y


def _pictures(sheet: Sheet, x: float, y: float, width: float, unit: ExampleUnit) -> float:
    below = put_head(sheet, x, y, width, unit.line)
    return put_pictures(sheet, x, below + 0.04, width, unit.samples[:IMAGES], IMAGES)


def _sentences(sheet: Sheet, x: float, y: float, width: float, unit: ExampleUnit) -> float:
    left, inner = x + _PAD, width - 2 * _PAD
    below = put_head(sheet, left, y + _PAD / 2, inner, unit.line)
    below = put_weights(sheet, left, below, inner, unit.weights)
    below = put_pairs(sheet, left, below, inner, unit.samples) + _PAD
    sheet.box(x, y, width, below - y, "none", RULE)
    return below


def _picture_legend(sheet: Sheet, x: float, y: float, _level: str) -> float:
    return put_picture_legend(sheet, x, y)


def _pair_legend(sheet: Sheet, x: float, y: float, level: str) -> float:
    return put_pair_legend(sheet, x, y, short_marks_at(level))


def _which(shown: KindsFigure) -> list[str]:
    which = "Units that were chosen by hand"
    if not shown.by_hand:
        which = "The units of each kind with the highest IoU"
    return [f"{which}, with their best formulas of up to {shown.short} concepts."]


def _caption_of_pairs(_shown: KindsFigure) -> list[str]:
    return _caption_of_marked("pairs")


def _caption_of_singles(_shown: KindsFigure) -> list[str]:
    return _caption_of_marked("sentences")


def _caption_of_marked(samples: str) -> list[str]:
    return [
        f"Of each unit the {PAIRS} {samples} that excite it most, with the words marked that its "
        "formula names; a prediction that is wrong is orange."
    ]


def _caption_of_pictures(shown: KindsFigure) -> list[str]:
    said = [
        f"Of each unit the {IMAGES} images that excite it most: above where the unit is active, "
        "below how that compares with where the formula holds."
    ]
    if shown.has_candidate:
        said.append(
            "Of a candidate for polysemanticity they are the images with most positions of one "
            "part, then of the other."
        )
    return said


PICTURES: Final = Cells(IMAGES, _pictures, _picture_legend, _caption_of_pictures)
SENTENCES: Final = Cells(PAIRS, _sentences, _pair_legend, _caption_of_pairs)
SINGLE: Final = Cells(PAIRS, _sentences, _pair_legend, _caption_of_singles)
