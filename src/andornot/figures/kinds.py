"""Example units of each kind, with samples that show them (Figures 5 and 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from andornot.analyses import kinds
from andornot.analyses.kinds import POLYSEMANTIC
from andornot.errors import OptionError
from andornot.figures.cells import (
    put_head,
    put_pair_legend,
    put_pairs,
    put_picture_legend,
    put_pictures,
    put_weights,
)
from andornot.figures.examples import VERDICTS, Example, choose_examples
from andornot.figures.request import Request
from andornot.figures.sheet import Sheet, Word, words
from andornot.figures.style import FAINT, FULL, RULE, Drawing
from andornot.formula_forms import MEANING
from andornot.views.galleries import AnyGallery
from andornot.views.image_gallery import PictureGallery
from andornot.views.sentence_gallery import PairGallery

IMAGES: Final = 5
PAIRS: Final = 2
"""Samples shown for each unit."""

_GUTTER: Final = 0.2
_PAD: Final = 0.06
_EDGE: Final = 0.02


def draw(request: Request) -> Drawing:
    """The best explained units of each kind, two to a row.

    Raises:
        AndornotError: the images or sentences are not there, or a unit has no formula.
    """
    cells, length = _cells(request), request.short
    gallery = request.gallery
    answer = kinds.answer(
        request.run, request.layer, length=length, similarity=request.choices.similarity
    )
    examples = choose_examples(request, answer, cells.samples)
    sheet, y = Sheet(FULL), 0.02
    for number, (kind, group) in enumerate(groupby(examples, key=lambda e: e.kind)):
        y = _heading(sheet, y, chr(ord("a") + number), kind)
        y = _group(sheet, y, list(group), gallery, cells) + 0.1
    cells.legend(sheet, _EDGE, y, gallery)
    caption = [*_which(request), *cells.caption(examples)]
    return Drawing(sheet.figure(), (*caption, *answer.sentences))


@dataclass(frozen=True)
class Cells:
    """How a figure shows units with their samples; a modality names its own.

    Attributes:
        samples: how many of each unit.
        cell: draws a unit into a sheet, at x and y and with a width; gives where it ends.
        legend: says at x and y what its marks mean.
        caption: sentences on how the samples are shown.
    """

    samples: int
    cell: Callable[[Sheet, float, float, float, Example, Any], float]
    legend: Callable[[Sheet, float, float, Any], float]
    caption: Callable[[Sequence[Example]], list[str]]


def _cells(request: Request) -> Cells:
    modality = request.run.modality
    if not modality.cells:
        raise OptionError(
            f"this figure shows samples, and no way to draw {modality.samples} is known; leave it "
            "out"
        )
    cells: Cells = modality.find(modality.cells)
    return cells


def _heading(sheet: Sheet, y: float, letter: str, kind: str) -> float:
    meaning = VERDICTS.get(kind) or MEANING.get(kind, "")
    text = [Word(f"({letter})", bold=True), *words(kind, bold=True)]
    return sheet.text(_EDGE, y, [*text, *words(meaning, FAINT)], FULL - 2 * _EDGE, 8) + 0.03


def _group(
    sheet: Sheet, y: float, examples: Sequence[Example], gallery: AnyGallery, cells: Cells
) -> float:
    """Put units into two columns; a row is as high as the higher of its cells."""
    width = (FULL - _GUTTER - 2 * _EDGE) / 2
    for first in range(0, len(examples), 2):
        bottoms = [
            cells.cell(sheet, _EDGE + column * (width + _GUTTER), y, width, example, gallery)
            for column, example in enumerate(examples[first : first + 2])
        ]
        y = max(bottoms) + 0.08
    return y


def _pictures(
    sheet: Sheet, x: float, y: float, width: float, example: Example, gallery: PictureGallery
) -> float:
    below = put_head(sheet, x, y, width, example)
    return put_pictures(sheet, x, below + 0.04, width, example, gallery, IMAGES)


def _sentences(
    sheet: Sheet, x: float, y: float, width: float, example: Example, gallery: PairGallery
) -> float:
    left, inner = x + _PAD, width - 2 * _PAD
    below = put_head(sheet, left, y + _PAD / 2, inner, example)
    below = put_weights(sheet, left, below, inner, example, gallery)
    below = put_pairs(sheet, left, below, inner, example, gallery) + _PAD
    sheet.box(x, y, width, below - y, "none", RULE)
    return below


def _picture_legend(sheet: Sheet, x: float, y: float, _gallery: PictureGallery) -> float:
    return put_picture_legend(sheet, x, y)


def _which(request: Request) -> list[str]:
    if request.choices.units is None:
        which = "The units of each kind with the highest IoU"
    else:
        which = "Units that were chosen by hand"
    return [f"{which}, with their best formulas of up to {request.short} concepts."]


def _caption_of_sentences(_examples: Sequence[Example]) -> list[str]:
    return [
        f"Of each unit the {PAIRS} pairs that excite it most, with the words marked that its "
        "formula names; a prediction that is wrong is orange."
    ]


def _caption_of_pictures(examples: Sequence[Example]) -> list[str]:
    shown = [
        f"Of each unit the {IMAGES} images that excite it most: above where the unit is active, "
        "below how that compares with where the formula holds."
    ]
    if any(example.kind == POLYSEMANTIC for example in examples):
        shown.append(
            "Of a candidate for polysemanticity they are the images with most positions of one "
            "part, then of the other."
        )
    return shown


PICTURES: Final = Cells(IMAGES, _pictures, _picture_legend, _caption_of_pictures)
SENTENCES: Final = Cells(PAIRS, _sentences, put_pair_legend, _caption_of_sentences)
