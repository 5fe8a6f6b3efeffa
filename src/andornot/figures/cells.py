"""Units with the samples that show them, as cells of a sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from andornot._tools.colours import hexadecimal
from andornot.figures.panels import panels
from andornot.figures.sheet import PlacedText, Sheet, formula_words, line_height, text_width, words
from andornot.figures.style import BLUE, FAINT, INK, PALE_BLUE, RULE, VERMILLION
from andornot.views.figures.examples import FormulaLine
from andornot.views.image_gallery import ImageView
from andornot.views.sentence_gallery import MarkedView
from andornot.views.token_marks import (
    BOTH,
    DECISIVE,
    EXCLUDED,
    FORBIDDEN,
    FORMULA,
    NAMED,
    UNIT,
    Token,
)
from andornot.views.unit import AGREEMENT, FORMULA_ONLY, UNIT_ONLY

_GAP: Final = 0.04
_MOST_TOKENS: Final = 40
_SMALL: Final = 6.5

PICTURE_LEGEND: Final = (
    (UNIT_ONLY, "only the unit"),
    (AGREEMENT, "unit and formula"),
    (FORMULA_ONLY, "only the formula"),
)


def signed(value: float, digits: int = 3) -> str:
    """A number with its sign, a true minus included."""
    return f"{value:+.{digits}f}".replace("-", "−")


def iou_word(iou: float) -> PlacedText:
    """An IoU, as one word that no line breaks."""
    return PlacedText(f"IoU {iou:.2f}" if iou >= 0.1 else f"IoU {iou:.3f}", FAINT)


def put_head(sheet: Sheet, x: float, y: float, width: float, line: FormulaLine) -> float:
    """Write a unit's number, formula and IoU."""
    head = [
        PlacedText("Unit", bold=True),
        PlacedText(str(line.unit), bold=True),
        *formula_words(line.formula),
        iou_word(line.iou),
    ]
    return sheet.text(x, y, head, width)


def put_pictures(
    sheet: Sheet, x: float, y: float, width: float, views: Sequence[ImageView], columns: int
) -> float:
    """Show images: above where the unit is active, below how that compares with its formula."""
    side = (width - (columns - 1) * _GAP) / columns
    for column, view in enumerate(views):
        _, active, _, compared = panels(view)
        left = x + column * (side + _GAP)
        sheet.picture(left, y, active, side)
        sheet.picture(left, y + side + _GAP, compared, side)
    return y + 2 * side + _GAP


def put_picture_legend(sheet: Sheet, x: float, y: float) -> float:
    """Say what the colours of the lower row mean."""
    for colour, text in PICTURE_LEGEND:
        sheet.box(x, y + 0.03, 0.13, 0.09, hexadecimal(colour), RULE)
        sheet.text(x + 0.18, y, words(text), 2)
        x += 0.4 + text_width(text)
    return y + line_height()


def put_weights(
    sheet: Sheet, x: float, y: float, width: float, weights: Sequence[tuple[str, float]]
) -> float:
    """Write a unit's weights to the classes, where a linear head follows."""
    if not weights:
        return y
    text = [PlacedText("weights:", FAINT)]
    for name, own in weights:
        text += [*words(name, FAINT), PlacedText(signed(own))]
    return sheet.text(x, y, text, width, _SMALL)


def put_pairs(sheet: Sheet, x: float, y: float, width: float, views: Sequence[MarkedView]) -> float:
    """Show sentences with marked words, the activation, and true and predicted class."""
    for view in views:
        y = _pair(sheet, x, y + 0.05, width, view)
    return y


def _pair(sheet: Sheet, x: float, y: float, width: float, view: MarkedView) -> float:
    indent = 0.27 if len(view.lines) > 1 else 0.0  # one sentence needs no name
    for name, tokens in view.lines:
        side = name[:3].capitalize() if indent else ""
        sheet.text(x, y, [PlacedText(side, BLUE, bold=True)], indent)
        y = sheet.text(x + indent, y, _marked(tokens), width - indent)
    told = [PlacedText("activation", FAINT), PlacedText(f"{view.activation:.2f}")]
    if view.label:
        told += [PlacedText("true", FAINT), PlacedText(view.label)]
    if view.prediction:
        colour = VERMILLION if view.is_wrong else INK
        told += [PlacedText("predicted", FAINT), PlacedText(view.prediction, colour)]
    return sheet.text(x + indent, y, told, width - indent, _SMALL)


_LOOKS: Final = {
    DECISIVE: (INK, PALE_BLUE, True),
    BOTH: (INK, PALE_BLUE, True),
    NAMED: (INK, "#ebebeb", False),
    FORMULA: (INK, "#ebebeb", False),
    UNIT: (INK, "#fbe0cc", True),
    FORBIDDEN: (VERMILLION, "", True),
    EXCLUDED: (VERMILLION, "", True),
}
"""Colour of the letters, ground, and whether they are bold, for each sort of mark."""


def _looks(text: str, kind: str, blank: bool = True) -> PlacedText:
    colour, ground, bold = _LOOKS.get(kind, (INK, "", False))
    return PlacedText(text, colour, bold, ground, blank)


def _marked(tokens: Sequence[Token]) -> list[PlacedText]:
    shown = [_looks(token.text, token.mark.kind, token.space) for token in tokens[:_MOST_TOKENS]]
    return shown if len(tokens) <= _MOST_TOKENS else [*shown, PlacedText("…")]


def put_pair_legend(sheet: Sheet, x: float, y: float, marks: Mapping[str, str]) -> float:
    """Say what the marks of words mean."""
    text: list[PlacedText] = []
    for kind, meaning in marks.items():
        text += [_looks("word", kind), *words(meaning, FAINT), PlacedText(" ")]
    return sheet.text(x, y, text, sheet.width - x)
