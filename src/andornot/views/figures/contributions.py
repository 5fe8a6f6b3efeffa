"""For some classes the units that contribute most, with their formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from andornot.analyses import contributions
from andornot.analyses.answer import Answer
from andornot.analyses.contributions import FOR
from andornot.analyses.outcomes import known_logits, outcomes
from andornot.data.classes import by_prediction, class_index
from andornot.data.images.dataset import ProbingData
from andornot.data.images.pixels import to_rgb
from andornot.errors import RunError
from andornot.runs.run import Run
from andornot.views.figures.examples import FormulaLine, formula_line, shortened
from andornot.views.figures.request import FigureRequest
from andornot.views.plain import View

CLASSES: Final = 4
UNITS: Final = 5
IMAGES: Final = 4
"""Shown if nothing else was asked for: classes, units for each, images of each."""


@dataclass(frozen=True, eq=False)
class PictureView(View):
    """A picture of the data, by its number and its id there."""

    data: ProbingData
    sample: int
    name: str

    @property
    def image(self) -> Image.Image:
        """The picture, RGB; read when it is asked for."""
        return to_rgb(self.data.image(self.sample), self.name)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; the picture itself stays where it is, under its name."""
        return {"sample": self.sample, "name": self.name}


@dataclass(frozen=True, eq=False)
class ClassPanel(View):
    """What is shown of one class.

    Attributes:
        name: the class.
        values: weight (or correlation) of each unit, the largest first.
        units: the units, with short formulas.
        images: images that the network is surest to be of the class; none on text.
    """

    name: str
    values: tuple[float, ...]
    units: tuple[FormulaLine, ...]
    images: tuple[PictureView, ...]


@dataclass(frozen=True, eq=False)
class ContributionsFigure(View):
    """Units that speak for classes.

    Attributes:
        quantity: what units are ranked by: ``weight`` or ``correlation``.
        panels: the classes.
        short: most concepts of a formula.
        of_images: whether images of the classes are shown.
        some_classes: whether the classes are only those that the network predicts most often.
        sentences: what was found.
    """

    quantity: str
    panels: tuple[ClassPanel, ...]
    short: int
    of_images: bool
    some_classes: bool
    sentences: tuple[str, ...]


def contributions_figure(request: FigureRequest) -> ContributionsFigure:
    """The units with the largest weights to each class, or else those that go with it most.

    Raises:
        OptionError: there is no such class.
        RunError: no unit has a formula or goes together with a class, or there are no logits or
            names of classes.
    """
    logits, names = known_logits(request.run)
    often = by_prediction(logits.argmax(axis=1), len(names))[:CLASSES]
    wanted = request.choices.classes or [names[c] for c in often]
    chosen = [names[class_index(names, name)] for name in wanted]
    answer = contributions.answer(request.run, request.layer, top=UNITS, classes=chosen)
    quantity, table = _ranking(answer)
    panels = (
        _panel(request, name, table[table["class"] == name], quantity)
        for name in dict.fromkeys(chosen)
    )
    shown = tuple(panel for panel in panels if panel.units)
    if not shown:
        raise RunError(
            f"no unit goes together with {' or '.join(chosen)}, which are predicted for all "
            "samples or for none; choose other classes or probe other samples"
        )
    some = request.choices.classes is None and len(names) > CLASSES
    return ContributionsFigure(
        quantity, shown, request.short, request.of_images, some, tuple(answer.sentences)
    )


def _ranking(answer: Answer) -> tuple[str, pd.DataFrame]:
    """What units are ranked by, and the ranking."""
    if "weights" not in answer.tables:
        return "correlation", answer.tables["correlation"]
    table = answer.tables["weights"]
    return "weight", table[table["side"] == FOR]


def _panel(request: FigureRequest, name: str, rows: pd.DataFrame, quantity: str) -> ClassPanel:
    explained = {e.unit: e for e in request.units.explanations}
    return ClassPanel(
        name,
        tuple(float(value) for value in rows[quantity]),
        tuple(
            formula_line(shortened(explained[int(unit)], request.short)) for unit in rows["unit"]
        ),
        _images(request, name) if request.of_images else (),
    )


def _images(request: FigureRequest, name: str) -> tuple[PictureView, ...]:
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
    return tuple(PictureView(data, i, data.sample_ids[i]) for i in best)


def _labels(run: Run) -> NDArray[np.int64]:
    """The class of each sample; -1 where it has none that the network knows."""
    labels = np.full(len(run.samples), -1)
    try:
        found = outcomes(run)
    except RunError:  # no sample has a class of the network
        return labels
    labels[found.rows] = found.labels
    return labels
