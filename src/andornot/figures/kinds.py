"""Example units of each kind, with samples that show them (Figures 5 and 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from andornot.figures.cells import (
    put_head,
    put_pair_legend,
    put_pairs,
    put_picture_legend,
    put_pictures,
    put_weights,
)
from andornot.figures.sheet import Sheet, Word, words
from andornot.figures.style import FAINT, FULL, RULE, Drawing
from andornot.views.figures.kinds import (
    IMAGES,
    PAIRS,
    ExampleUnit,
    Kind,
    KindsFigure,
    kinds_figure,
)
from andornot.views.figures.request import Request
from andornot.views.token_marks import SHORT_MARKS

_GUTTER: Final = 0.2
_PAD: Final = 0.06
_EDGE: Final = 0.02


def draw(request: Request) -> Drawing:
    """The best explained units of each kind, two to a row.

    Raises:
        AndornotError: the images or sentences are not there, or a unit has no formula.
    """
    shown = kinds_figure(request)
    sheet, y = Sheet(FULL), 0.02
    for number, kind in enumerate(shown.kinds):
        y = _heading(sheet, y, chr(ord("a") + number), kind)
        y = _group(sheet, y, kind.units, shown.level) + 0.1
    if shown.level in SHORT_MARKS:
        put_pair_legend(sheet, _EDGE, y, SHORT_MARKS[shown.level])
    else:
        put_picture_legend(sheet, _EDGE, y)
    return Drawing(sheet.figure(), (*_caption(shown), *shown.sentences))


def _heading(sheet: Sheet, y: float, letter: str, kind: Kind) -> float:
    text = [Word(f"({letter})", bold=True), *words(kind.name, bold=True)]
    return sheet.text(_EDGE, y, [*text, *words(kind.meaning, FAINT)], FULL - 2 * _EDGE, 8) + 0.03


def _group(sheet: Sheet, y: float, units: Sequence[ExampleUnit], level: str) -> float:
    """Put units into two columns; a row is as high as the higher of its cells."""
    width = (FULL - _GUTTER - 2 * _EDGE) / 2
    for first in range(0, len(units), 2):
        bottoms = [
            _cell(sheet, _EDGE + column * (width + _GUTTER), y, width, unit, level)
            for column, unit in enumerate(units[first : first + 2])
        ]
        y = max(bottoms) + 0.08
    return y


def _cell(sheet: Sheet, x: float, y: float, width: float, unit: ExampleUnit, level: str) -> float:
    if level not in SHORT_MARKS:
        below = put_head(sheet, x, y, width, unit.line)
        return put_pictures(sheet, x, below + 0.04, width, unit.samples, IMAGES)
    left, inner = x + _PAD, width - 2 * _PAD
    below = put_head(sheet, left, y + _PAD / 2, inner, unit.line)
    below = put_weights(sheet, left, below, inner, unit.weights)
    below = put_pairs(sheet, left, below, inner, unit.samples) + _PAD
    sheet.box(x, y, width, below - y, "none", RULE)
    return below


def _caption(shown: KindsFigure) -> list[str]:
    which = "Units that were chosen by hand"
    if not shown.by_hand:
        which = "The units of each kind with the highest IoU"
    said = [f"{which}, with their best formulas of up to {shown.short} concepts."]
    if shown.level in SHORT_MARKS:
        return [
            *said,
            f"Of each unit the {PAIRS} pairs that excite it most, with the words marked that its "
            "formula names; a prediction that is wrong is orange.",
        ]
    said.append(
        f"Of each unit the {IMAGES} images that excite it most: above where the unit is active, "
        "below how that compares with where the formula holds."
    )
    if shown.has_candidate:
        said.append(
            "Of a candidate for polysemanticity they are the images with most positions of one "
            "part, then of the other."
        )
    return said
