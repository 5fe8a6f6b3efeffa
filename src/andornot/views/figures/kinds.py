"""Example units of each kind, with samples that show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from andornot.analyses import kinds
from andornot.analyses.kinds import POLYSEMANTIC
from andornot.errors import OptionError
from andornot.formula_forms import MEANING
from andornot.results.explanation import Explanation
from andornot.views.figures.examples import (
    VERDICTS,
    ChosenUnit,
    FormulaLine,
    choose_examples,
    formula_line,
)
from andornot.views.figures.request import FigureRequest
from andornot.views.plain import View


@dataclass(frozen=True, eq=False)
class ExampleUnit(View):
    """A unit with samples that show it.

    Attributes:
        line: the unit, with a short formula.
        samples: views of images or of sentence pairs.
        weights: its weights to classes, where a linear head follows; only on text.
    """

    line: FormulaLine
    samples: tuple[Any, ...]
    weights: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Kind(View):
    """Units of one kind: its name, what it means, and examples."""

    name: str
    meaning: str
    units: tuple[ExampleUnit, ...]


@dataclass(frozen=True, eq=False)
class KindsFigure(View):
    """Example units of each kind.

    Attributes:
        cells: what draws units with their samples (see ``figures.kinds``).
        level: the level of the run, such as ``image``.
        kinds: the kinds.
        short: most concepts of a formula.
        by_hand: whether somebody chose the units.
        has_candidate: whether a candidate for polysemanticity is among them.
        sentences: what was found.
    """

    cells: Any
    level: str
    kinds: tuple[Kind, ...]
    short: int
    by_hand: bool
    has_candidate: bool
    sentences: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        found = super().as_dict()
        del found["cells"]
        return found


def kinds_figure(request: FigureRequest) -> KindsFigure:
    """The first units of each kind, by verdict and gain.

    Raises:
        AndornotError: the images or sentences are not there, or a unit has no formula.
    """
    cells = _cells(request)
    _ = request.gallery  # the samples have to be there before anything is asked
    answer = kinds.answer(
        request.run, request.layer, length=request.short, similarity=request.choices.similarity
    )
    examples = choose_examples(request, answer, cells.samples)
    return KindsFigure(
        cells=cells,
        level=request.run.level,
        kinds=tuple(
            _kind(request, name, list(own)) for name, own in groupby(examples, key=lambda e: e.kind)
        ),
        short=request.short,
        by_hand=request.choices.units is not None,
        has_candidate=any(example.kind == POLYSEMANTIC for example in examples),
        sentences=tuple(answer.sentences),
    )


def _cells(request: FigureRequest) -> Any:
    """What draws units with their samples, as the run's modality names it."""
    modality = request.run.modality
    if not modality.cells:
        raise OptionError(
            f"this figure shows samples, and no way to draw {modality.samples} is known; leave it "
            "out"
        )
    return modality.find(modality.cells)


def _kind(request: FigureRequest, name: str, examples: Sequence[ChosenUnit]) -> Kind:
    meaning = VERDICTS.get(name) or MEANING.get(name, "")
    return Kind(name, meaning, tuple(_unit(request, example) for example in examples))


def _unit(request: FigureRequest, example: ChosenUnit) -> ExampleUnit:
    e: Explanation = example.explanation
    assert e.formula is not None
    atoms, samples = request.gallery.atoms_of(e.formula), example.samples
    shown = tuple(request.gallery.view(e, atoms, sample) for sample in samples)
    weights = None if request.of_images else request.run.class_weights(request.layer)
    named = tuple((name, float(own[e.unit])) for name, own in (weights or {}).items())
    return ExampleUnit(formula_line(e), shown, named)
