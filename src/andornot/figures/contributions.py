"""For some classes the units that contribute most, with their formulas (Figure 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from andornot.figures.cells import signed
from andornot.figures.sheet import PlacedText, Sheet, formula_words, line_height, words
from andornot.figures.style import BLUE, FAINT, FULL, RULE, CaptionedFigure
from andornot.views.figures.contributions import (
    CLASSES,
    IMAGES,
    UNITS,
    ClassPanel,
    ContributionsFigure,
    contributions_figure,
)
from andornot.views.figures.request import FigureRequest

_GUTTER: Final = 0.25
_GAP: Final = 0.04


def draw(request: FigureRequest) -> CaptionedFigure:
    """The units with the largest weights to each class, or else those that go with it most.

    Raises:
        OptionError: there is no such class.
        RunError: no unit has a formula or goes together with a class, or there are no logits or
            names of classes.
    """
    shown = contributions_figure(request)
    panels = shown.panels
    scale = _Scale.of([value for panel in panels for value in panel.values])
    sheet, y = Sheet(FULL), 0.0
    columns = 2 if shown.of_images else 1  # formulas on text are long
    width = (FULL - _GUTTER * (columns - 1)) / columns
    for first in range(0, len(panels), columns):
        places = enumerate(panels[first : first + columns])
        y = 0.12 + max(
            _put(sheet, column * (width + _GUTTER), y, width, panel, shown.quantity, scale)
            for column, panel in places
        )
    return CaptionedFigure(sheet.figure(), (*_caption(shown), *shown.sentences))


def _put(
    sheet: Sheet, x: float, y: float, width: float, panel: ClassPanel, quantity: str, scale: _Scale
) -> float:
    y = sheet.text(x, y, words(panel.name, bold=True), width, 8) + 0.02
    sheet.rule(x, y, width)
    y += 0.03
    if panel.images:
        side = (width - (IMAGES - 1) * _GAP) / IMAGES
        for column, picture in enumerate(panel.images):
            sheet.picture(x + column * (side + _GAP), y, np.asarray(picture.image), side)
        y += side + 0.04
    y = _header(sheet, x, y, quantity)
    for i in range(len(panel.units)):
        y = _row(sheet, x, y, width, panel, i, scale)
    return y


_BAR: Final = 0.3
_COLUMNS: Final = (0.0, 0.3, 0.3 + _BAR + 0.05, 1.0, 1.3)
"""Where a unit's number, its bar, its value, its IoU and its formula begin."""


@dataclass(frozen=True)
class _Scale:
    """Where bars begin and end in their column, in inches: all of them have room there.

    Attributes:
        low: the lowest value, or 0.
        high: the highest value, or 0.
    """

    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> _Scale:
        """That of all values of a figure."""
        return cls(min(0.0, *values), max(0.0, *values))

    def bar(self, value: float) -> tuple[float, float]:
        """Left end and width of the bar of a value; it begins or ends where 0 is."""
        inch = _BAR / ((self.high - self.low) or 1.0)
        return (min(value, 0.0) - self.low) * inch, abs(value) * inch


def _row(
    sheet: Sheet, x: float, y: float, width: float, panel: ClassPanel, i: int, scale: _Scale
) -> float:
    """A unit's number, its value as a bar and in digits, its IoU and its formula."""
    value, line = panel.values[i], panel.units[i]
    unit, bar, digits, iou, formula = (x + column for column in _COLUMNS)
    sheet.text(unit, y, [PlacedText(str(line.unit), bold=True)], 1)
    left, width_of_bar = scale.bar(value)
    sheet.box(bar + left, y + 0.025, width_of_bar, line_height() - 0.05, BLUE)
    if scale.low:
        sheet.box(bar + scale.bar(0)[0], y, 0.006, line_height(), RULE)
    sheet.text(digits, y, [PlacedText(signed(value, 2))], 1)
    sheet.text(iou, y, [PlacedText(f"{line.iou:.2f}", FAINT)], 1)
    text = formula_words(line.formula)
    return sheet.text(formula, y, text, width - _COLUMNS[-1]) + 0.015


def _header(sheet: Sheet, x: float, y: float, quantity: str) -> float:
    unit, bar, _, iou, formula = (x + column for column in _COLUMNS)
    for left, name in ((unit, "unit"), (bar, quantity), (iou, "IoU"), (formula, "formula")):
        below = sheet.text(left, y, words(name, FAINT), 1, 6)
    return below


def _caption(shown: ContributionsFigure) -> list[str]:
    by = {
        "weight": "largest weights to",
        "correlation": "highest correlation with the prediction of",
    }[shown.quantity]
    caption = [
        f"The {UNITS} units with the {by} some classes, with their best formulas of up to "
        f"{shown.short} concepts.",
    ]
    if shown.some_classes:
        caption.append(
            f"The classes are the {CLASSES} that the network predicts most often; others by "
            "--classes."
        )
    if shown.of_images:
        caption.append("Images: those of the class that the network is surest of.")
    return caption
