"""One unit as its formula gets longer, with the formula's mask at each length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from andornot.errors import OptionError
from andornot.results.explanation import Explanation
from andornot.results.verdict import is_doubtful
from andornot.views.figures.examples import FormulaLine, formula_line, shortened, strongest
from andornot.views.figures.request import FigureRequest
from andornot.views.image_gallery import ImageView
from andornot.views.plain import View

IMAGES: Final = 4
STRONGEST: Final = 2
"""Images shown of each formula, and how many of them are those that excite the unit most."""


@dataclass(frozen=True, eq=False)
class GrowthRow(View):
    """The best formula of up to so many concepts, and images that compare it with the unit."""

    length: int
    line: FormulaLine
    images: tuple[ImageView, ...]


@dataclass(frozen=True, eq=False)
class GrowthFigure(View):
    """One unit as its formula gets longer.

    Attributes:
        unit: its number.
        layer: its layer.
        rows: a formula for each maximum length.
        by_hand: whether somebody chose the unit.
    """

    unit: int
    layer: str
    rows: tuple[GrowthRow, ...]
    by_hand: bool


def growth_figure(request: FigureRequest) -> GrowthFigure:
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
    rows = tuple(_row(request, shortened(unit, length), length, samples) for length in lengths)
    return GrowthFigure(unit.unit, request.layer, rows, request.choices.units is not None)


def _row(request: FigureRequest, e: Explanation, length: int, samples: Sequence[int]) -> GrowthRow:
    assert e.formula is not None
    atoms = request.gallery.atoms_of(e.formula)
    images = tuple(request.pictures.view(e, atoms, sample) for sample in samples)
    return GrowthRow(length, formula_line(e), images)


def _samples(request: FigureRequest, e: Explanation, lengths: Sequence[int]) -> list[int]:
    """Images that excite the unit most, and others on which it shows what longer formulas mend."""
    chosen = strongest(request, e.unit, STRONGEST)
    first, last = (shortened(e, length).formula for length in (lengths[0], lengths[-1]))
    assert first is not None
    assert last is not None
    table = request.run.concepts
    moved = request.gallery.areas_of(table.mask(first) ^ table.mask(last))
    moved[chosen] = 0
    others = [int(sample) for sample in np.argsort(-moved, kind="stable") if moved[sample]]
    more = [s for s in strongest(request, e.unit, IMAGES) if s not in chosen]
    return list(dict.fromkeys([*chosen, *others[: IMAGES - len(chosen)], *more]))[:IMAGES]


def _unit(request: FigureRequest) -> Explanation:
    """The unit that was asked for first, or the one that gains most from length 1 on.

    A unit whose formula is no more than chance, or that has too little data, comes last.
    """
    explained = request.units.explanations
    if not request.choices.units:
        return max(explained, key=lambda e: (not is_doubtful(e), e.by_length[-1] - e.by_length[0]))
    wanted = request.choices.units[0]
    found = [e for e in explained if e.unit == wanted]
    if not found:
        raise OptionError(f"unit {wanted} has no formula in this run; choose another unit")
    return found[0]
