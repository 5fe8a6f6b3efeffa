"""Units with the samples that show them, as cells of a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from andornot.figures.examples import Example
from andornot.figures.sheet import Sheet, Word, formula_words, line_height, text_width, words
from andornot.figures.style import BLUE, FAINT, INK, PALE_BLUE, RULE, VERMILLION
from andornot.views.image_gallery import PictureGallery
from andornot.views.panels import panels
from andornot.views.sentence_gallery import PairGallery, PairView
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
from andornot.views.unit import AGREEMENT, FORMULA_ONLY, UNIT_ONLY, Colour

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


def iou_word(iou: float) -> Word:
    """An IoU, as one word that no line breaks."""
    return Word(f"IoU {iou:.2f}" if iou >= 0.1 else f"IoU {iou:.3f}", FAINT)


def put_head(sheet: Sheet, x: float, y: float, width: float, example: Example) -> float:
    """Write a unit's number, formula and IoU."""
    e = example.explanation
    head = [
        Word("Unit", bold=True),
        Word(str(e.unit), bold=True),
        *formula_words(e.formula or ""),
        iou_word(e.iou),
    ]
    return sheet.text(x, y, head, width)


def put_pictures(
    sheet: Sheet,
    x: float,
    y: float,
    width: float,
    example: Example,
    gallery: PictureGallery,
    columns: int,
) -> float:
    """Show images: above where the unit is active, below how that compares with its formula."""
    e = example.explanation
    assert e.formula is not None
    atoms = gallery.run.concepts.mask(e.formula)
    side = (width - (columns - 1) * _GAP) / columns
    for column, sample in enumerate(example.samples[:columns]):
        _, active, _, compared = panels(gallery.view(e, atoms, sample))
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


def hexadecimal(colour: Colour) -> str:
    """A colour as matplotlib writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def put_weights(
    sheet: Sheet, x: float, y: float, width: float, example: Example, gallery: PairGallery
) -> float:
    """Write a unit's weights to the classes, where a linear head follows."""
    weights = gallery.run.class_weights(gallery.layer)
    if not weights:
        return y
    text = [Word("weights:", FAINT)]
    for name, own in weights.items():
        text += [
            *words(name, FAINT), Word(signed(float(own[example.explanation.unit]))),
        ]  # fmt: skip
    return sheet.text(x, y, text, width, _SMALL)


def put_pairs(
    sheet: Sheet, x: float, y: float, width: float, example: Example, gallery: PairGallery
) -> float:
    """Show sentence pairs with marked words, the activation, and true and predicted class."""
    e = example.explanation
    assert e.formula is not None
    atoms = gallery.run.concepts.mask(e.formula)
    for sample in example.samples:
        y = _pair(sheet, x, y + 0.05, width, gallery.view(e, atoms, sample))
    return y


def _pair(sheet: Sheet, x: float, y: float, width: float, view: PairView) -> float:
    indent = 0.27
    for side, tokens in (("Pre", view.premise), ("Hyp", view.hypothesis)):
        sheet.text(x, y, [Word(side, BLUE, bold=True)], indent)
        y = sheet.text(x + indent, y, _marked(tokens), width - indent)
    told = [Word("activation", FAINT), Word(f"{view.activation:.2f}")]
    if view.label:
        told += [Word("true", FAINT), Word(view.label)]
    if view.prediction:
        colour = VERMILLION if view.is_wrong else INK
        told += [Word("predicted", FAINT), Word(view.prediction, colour)]
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

PAIR_LEGEND: Final = (
    (DECISIVE, "makes the formula hold"),
    (NAMED, "named, not decisive"),
    (FORBIDDEN, "named after NOT"),
)
TOKEN_LEGEND: Final = (
    (BOTH, "unit and formula"),
    (UNIT, "only the unit"),
    (FORMULA, "only the formula"),
    (EXCLUDED, "excluded by NOT"),
)


def _looks(text: str, kind: str, blank: bool = True) -> Word:
    colour, ground, bold = _LOOKS.get(kind, (INK, "", False))
    return Word(text, colour, bold, ground, blank)


def _marked(tokens: Sequence[Token]) -> list[Word]:
    shown = [_looks(token.text, token.mark.kind, token.space) for token in tokens[:_MOST_TOKENS]]
    return shown if len(tokens) <= _MOST_TOKENS else [*shown, Word("…")]


def put_pair_legend(sheet: Sheet, x: float, y: float, gallery: PairGallery) -> float:
    """Say what the marks of words mean."""
    text: list[Word] = []
    for kind, meaning in PAIR_LEGEND if gallery.at_pairs else TOKEN_LEGEND:
        text += [_looks("word", kind), *words(meaning, FAINT), Word(" ")]
    return sheet.text(x, y, text, sheet.width - x)
