"""One unit as its formula gets longer, with the formula's mask at each length (Figure 4)."""

from __future__ import annotations

from typing import Final

from andornot.figures.cells import iou_word, put_picture_legend
from andornot.figures.panels import panels
from andornot.figures.sheet import Sheet, formula_words, words
from andornot.figures.style import COLUMN, CaptionedFigure
from andornot.views.figures.growth import IMAGES, STRONGEST, GrowthRow, growth_figure
from andornot.views.figures.request import FigureRequest

_GAP: Final = 0.04


def draw(request: FigureRequest) -> CaptionedFigure:
    """The unit that gains most from longer formulas: its best formula of up to 1, 3, ... concepts.

    Raises:
        OptionError: the run is on sentences, or searched for single concepts only, or the unit
            that was asked for has no formula.
        AndornotError: the images are not there.
    """
    shown = growth_figure(request)
    sheet, y = Sheet(COLUMN), 0.0
    for row in shown.rows:
        y = _row(sheet, y, row) + 0.06
    put_picture_legend(sheet, 0, y)
    how = "that was chosen by hand" if shown.by_hand else "that gains most IoU"
    lengths = [row.length for row in shown.rows]
    caption = (
        f"Unit {shown.unit} of {shown.layer}, the one {how}, with its best formulas of up to "
        f"{', '.join(map(str, lengths[:-1]))} and {lengths[-1]} concepts.",
        f"First {STRONGEST} of the images that excite it most, then those on which the first and "
        "the last of these formulas differ most; where the unit is active does not change.",
    )
    return CaptionedFigure(sheet.figure(), caption)


def _row(sheet: Sheet, y: float, row: GrowthRow) -> float:
    """A formula, and below it images that compare its mask with the unit's."""
    line = row.line
    head = words(f"Unit {line.unit}, length {row.length}:", bold=True)
    y = sheet.text(0, y, [*head, *formula_words(line.formula), iou_word(line.iou)], COLUMN) + _GAP
    side = (COLUMN - (IMAGES - 1) * _GAP) / IMAGES
    for column, view in enumerate(row.images):
        sheet.picture(column * (side + _GAP), y, panels(view)[-1], side)
    return y + side
