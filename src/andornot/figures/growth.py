"""One unit as its formula gets longer, with the formula's mask at each length (Figure 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from andornot.errors import OptionError
from andornot.figures.cells import iou_word, put_picture_legend
from andornot.figures.examples import shortened, strongest
from andornot.figures.request import Request
from andornot.figures.sheet import Sheet, formula_words, words
from andornot.figures.style import COLUMN, Drawing
from andornot.results.explanation import Explanation
from andornot.views.panels import panels

IMAGES: Final = 4
_STRONGEST: Final = 2
_GAP: Final = 0.04


def draw(request: Request) -> Drawing:
    """The unit that gains most from longer formulas: its best formula of up to 1, 3, ... concepts.

    Raises:
        OptionError: the run is on sentences, or searched for single concepts only, or the unit
            that was asked for has no formula.
        AndornotError: the images are not there.
    """
    longest = request.units.longest
    lengths = sorted({1, min(3, longest), longest})
    if len(lengths) == 1:
        raise OptionError(
            "the run was searched for single concepts only; explain again with --length 2 or more"
        )
    unit = _unit(request)
    samples = _samples(request, unit, lengths)
    sheet, y = Sheet(COLUMN), 0.0
    for length in lengths:
        y = _row(sheet, y, request, shortened(unit, length), length, samples) + 0.06
    put_picture_legend(sheet, 0, y)
    how = "that gains most IoU" if request.choices.units is None else "that was chosen by hand"
    caption = (
        f"Unit {unit.unit} of {request.layer}, the one {how}, with its best formulas of up to "
        f"{', '.join(map(str, lengths[:-1]))} and {lengths[-1]} concepts.",
        f"First {_STRONGEST} of the images that excite it most, then those on which the first and "
        "the last of these formulas differ most; where the unit is active does not change.",
    )
    return Drawing(sheet.figure(), caption)


def _row(
    sheet: Sheet, y: float, request: Request, e: Explanation, length: int, samples: Sequence[int]
) -> float:
    """A formula, and below it images that compare its mask with the unit's."""
    assert e.formula is not None
    head = words(f"Unit {e.unit}, length {length}:", bold=True)
    y = sheet.text(0, y, [*head, *formula_words(e.formula), iou_word(e.iou)], COLUMN) + _GAP
    atoms = request.run.concepts.mask(e.formula)
    side = (COLUMN - (IMAGES - 1) * _GAP) / IMAGES
    for column, sample in enumerate(samples):
        both = panels(request.pictures.view(e, atoms, sample))[-1]
        sheet.picture(column * (side + _GAP), y, both, side)
    return y + side


def _samples(request: Request, e: Explanation, lengths: Sequence[int]) -> list[int]:
    """Images that excite the unit most, and others on which it shows what longer formulas mend."""
    chosen = strongest(request, e.unit, _STRONGEST)
    first, last = (shortened(e, length).formula for length in (lengths[0], lengths[-1]))
    assert first is not None
    assert last is not None
    table = request.run.concepts
    moved = request.gallery.areas_of(table.mask(first) ^ table.mask(last))
    moved[chosen] = 0
    others = [int(sample) for sample in np.argsort(-moved, kind="stable") if moved[sample]]
    more = [s for s in strongest(request, e.unit, IMAGES) if s not in chosen]
    return list(dict.fromkeys([*chosen, *others[: IMAGES - len(chosen)], *more]))[:IMAGES]


def _unit(request: Request) -> Explanation:
    """The unit that was asked for first, or the one that gains most from length 1 on."""
    explained = request.units.explanations
    if not request.choices.units:
        return max(explained, key=lambda e: e.by_length[-1] - e.by_length[0])
    wanted = request.choices.units[0]
    found = [e for e in explained if e.unit == wanted]
    if not found:
        raise OptionError(f"unit {wanted} has no formula in this run; choose another unit")
    return found[0]
