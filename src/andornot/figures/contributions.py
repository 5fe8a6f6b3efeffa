"""For some classes the units that contribute most, with their formulas (Figure 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from andornot.analyses import contributions
from andornot.analyses.answer import Answer
from andornot.analyses.contributions import FOR
from andornot.analyses.outcomes import known_logits, outcomes
from andornot.data.classes import class_index
from andornot.data.images.pixels import to_rgb
from andornot.errors import RunError
from andornot.figures.cells import signed
from andornot.figures.examples import shortened
from andornot.figures.request import Request
from andornot.figures.sheet import Sheet, Word, formula_words, line_height, words
from andornot.figures.style import BLUE, FAINT, FULL, Drawing
from andornot.results.explanation import Explanation
from andornot.runs.run import Run

CLASSES: Final = 4
UNITS: Final = 5
IMAGES: Final = 4
"""Shown if nothing else was asked for: classes, units for each, images of each."""

_GUTTER: Final = 0.25
_GAP: Final = 0.04


@dataclass(frozen=True, eq=False)
class Panel:
    """What is shown of one class.

    Attributes:
        name: the class.
        values: weight (or correlation) of each unit, the largest first.
        units: the units, with short formulas.
        images: images that the network is surest to be of the class; none on text.
    """

    name: str
    values: tuple[float, ...]
    units: tuple[Explanation, ...]
    images: tuple[np.ndarray, ...]


def draw(request: Request) -> Drawing:
    """The units with the largest weights to each class, or else those that go with it most.

    Raises:
        OptionError: there is no such class.
        RunError: no unit has a formula or goes together with a class, or there are no logits or
            names of classes.
    """
    names = known_logits(request.run)[1]
    wanted = request.choices.classes or names[:CLASSES]
    chosen = [names[class_index(names, name)] for name in wanted]
    answer = contributions.answer(request.run, request.layer, top=UNITS, classes=chosen)
    quantity, table = _ranking(answer)
    panels = [
        _panel(request, name, table[table["class"] == name], quantity)
        for name in dict.fromkeys(chosen)
    ]
    panels = [panel for panel in panels if panel.units]
    if not panels:
        raise RunError(
            f"no unit goes together with {' or '.join(chosen)}, which are predicted for all "
            "samples or for none; choose other classes or probe other samples"
        )
    largest = max(panel.values[0] for panel in panels)
    sheet, y = Sheet(FULL), 0.0
    columns = 2 if request.of_images else 1  # formulas on text are long
    width = (FULL - _GUTTER * (columns - 1)) / columns
    for first in range(0, len(panels), columns):
        places = enumerate(panels[first : first + columns])
        y = 0.12 + max(
            _put(sheet, column * (width + _GUTTER), y, width, panel, quantity, largest)
            for column, panel in places
        )
    return Drawing(sheet.figure(), (*_caption(request, quantity), *answer.sentences))


def _ranking(answer: Answer) -> tuple[str, pd.DataFrame]:
    """What units are ranked by, and the ranking."""
    if "weights" not in answer.tables:
        return "correlation", answer.tables["correlation"]
    table = answer.tables["weights"]
    return "weight", table[table["side"] == FOR]


def _panel(request: Request, name: str, rows: pd.DataFrame, quantity: str) -> Panel:
    explained = {e.unit: e for e in request.units.explanations}
    return Panel(
        name,
        tuple(float(value) for value in rows[quantity]),
        tuple(shortened(explained[int(unit)], request.short) for unit in rows["unit"]),
        _images(request, name) if request.of_images else (),
    )


def _images(request: Request, name: str) -> tuple[np.ndarray, ...]:
    """Images that the network takes for a class, those with the largest margin first.

    They are of that class if any images are, and else others.
    """
    logits, names = known_logits(request.run)
    number = names.index(name)
    margin = logits[:, number] - np.delete(logits, number, axis=1).max(axis=1)
    taken = margin > 0
    own = taken & (_labels(request.run) == number)
    shown = np.flatnonzero(own if own.any() else taken)
    best = [int(i) for i in shown[np.argsort(-margin[shown], kind="stable")][:IMAGES]]
    data = request.pictures.data
    return tuple(np.asarray(to_rgb(data.image(i), data.sample_ids[i])) for i in best)


def _labels(run: Run) -> NDArray[np.int64]:
    """The class of each sample; -1 where it has none that the network knows."""
    labels = np.full(len(run.samples), -1)
    try:
        found = outcomes(run)
    except RunError:  # no sample has a class of the network
        return labels
    labels[found.rows] = found.labels
    return labels


def _put(
    sheet: Sheet, x: float, y: float, width: float, panel: Panel, quantity: str, largest: float
) -> float:
    y = sheet.text(x, y, words(panel.name, bold=True), width, 8) + 0.02
    sheet.rule(x, y, width)
    y += 0.03
    if panel.images:
        side = (width - (IMAGES - 1) * _GAP) / IMAGES
        for column, pixels in enumerate(panel.images):
            sheet.picture(x + column * (side + _GAP), y, pixels, side)
        y += side + 0.04
    y = _header(sheet, x, y, quantity)
    for i in range(len(panel.units)):
        y = _row(sheet, x, y, width, panel, i, largest)
    return y


_BAR: Final = 0.3
_COLUMNS: Final = (0.0, 0.3, 0.3 + _BAR + 0.05, 1.0, 1.3)
"""Where a unit's number, its bar, its value, its IoU and its formula begin."""


def _row(
    sheet: Sheet, x: float, y: float, width: float, panel: Panel, i: int, largest: float
) -> float:
    """A unit's number, its value as a bar and in digits, its IoU and its formula."""
    value, e = panel.values[i], panel.units[i]
    unit, bar, digits, iou, formula = (x + column for column in _COLUMNS)
    sheet.text(unit, y, [Word(str(e.unit), bold=True)], 1)
    sheet.box(bar, y + 0.025, _BAR * value / largest, line_height() - 0.05, BLUE)
    sheet.text(digits, y, [Word(signed(value, 2))], 1)
    sheet.text(iou, y, [Word(f"{e.iou:.2f}", FAINT)], 1)
    text = formula_words(e.formula or "")
    return sheet.text(formula, y, text, width - _COLUMNS[-1]) + 0.015


def _header(sheet: Sheet, x: float, y: float, quantity: str) -> float:
    unit, bar, _, iou, formula = (x + column for column in _COLUMNS)
    for left, name in ((unit, "unit"), (bar, quantity), (iou, "IoU"), (formula, "formula")):
        below = sheet.text(left, y, words(name, FAINT), 1, 6)
    return below


def _caption(request: Request, quantity: str) -> list[str]:
    by = {
        "weight": "largest weights to",
        "correlation": "highest correlation with the prediction of",
    }[quantity]
    caption = [
        f"The {UNITS} units with the {by} some classes, with their best formulas of up to "
        f"{request.short} concepts.",
    ]
    if request.choices.classes is None and len(known_logits(request.run)[1]) > CLASSES:
        caption.append(f"The classes are the first {CLASSES} of the network; others by --classes.")
    if request.of_images:
        caption.append("Images: those of the class that the network is surest of.")
    return caption
