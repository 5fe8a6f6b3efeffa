"""Ask for one view of a run, without all the others."""

from __future__ import annotations

from typing import Any, Final

from andornot._tools.checks import whole_number
from andornot.errors import OptionError
from andornot.formula import Formula
from andornot.runs.run import Run, check_run
from andornot.views.answers import ask_all
from andornot.views.galleries import AnyGallery, open_gallery
from andornot.views.layer_context import LayerContext, matcher_of
from andornot.views.parts import FormulaPart
from andornot.views.unit_in_layer import UnitView, view_unit

_QUESTIONS: Final = ("accuracy", "vocabulary")
"""The analyses of which a unit's view tells."""


def gallery(run: Run, layer: str | None = None, data: Any = None) -> AnyGallery:
    """The units of a layer with the samples that show them; ``gallery.unit(3)`` is one of them.

    Args:
        run: the run.
        layer: one of its layers; not needed if there is only one.
        data: what the run was made from; found again by the manifest if not given.

    Raises:
        DataError: the data is not there any more, has changed, or is another.
        OptionError: the layer is unknown, or the data has no images or sentences.

    Examples:
        >>> samples = gallery(run)
        >>> samples.layer, str(samples.unit(0).explanation.formula)
        ('relu', 'red')
    """
    check_run(run)
    return open_gallery(run, layer, data)


def unit_view(
    run: Run, unit: int, layer: str | None = None, *, n_samples: int = 16, data: Any = None
) -> UnitView[Any]:
    """All that a report shows of a unit.

    Args:
        run: the run.
        unit: the unit's number.
        layer: its layer; not needed if there is only one.
        n_samples: how many images or pairs to show, at most.
        data: what the run was made from; found again by the manifest if not given.

    Raises:
        DataError: the images or the sentences of the run cannot be opened.
        OptionError: the layer is unknown, the unit was not explained, or ``n_samples`` is below 1.

    Examples:
        >>> view = unit_view(run, 3)  # all that the page of unit 3 shows
        >>> view.entry.formula, view.kind[0]
        ('red OR yellow', 'disjunction')
        >>> view.as_dict()["n_positions"]  # all of it as plain data, which JSON can hold
        1536
    """
    check_run(run)
    whole_number(n_samples, "n_samples")  # and what it may be says who looks for them
    layer = run.layer(layer)
    result = run.result(layer)
    number = result[unit].unit  # raises before the data is opened
    units = tuple(e.unit for e in result)
    answers, _ = ask_all(run, layer, _QUESTIONS)
    context = LayerContext(run, layer, units, open_gallery(run, layer, data), answers)
    return view_unit(context, units.index(number), n_samples)


def formula_tree(
    run: Run, unit: int, formula: Formula | str | None = None, layer: str | None = None
) -> FormulaPart:
    """A formula part by part: how well each part matches a unit, and what it adds to the whole.

    Args:
        run: the run.
        unit: the unit's number.
        formula: any formula over the run's concepts; the unit's own if not given.
        layer: the unit's layer; not needed if there is only one.

    Raises:
        OptionError: the layer is unknown, the unit was not explained, or it has no formula.
        FormulaError: the text is no formula, or names a concept that the run has not.

    Examples:
        >>> tree = formula_tree(run, 3, "red OR yellow")
        >>> [(part.concept, round(part.iou, 3), round(part.without, 3)) for part in tree.concepts()]
        [('red', 0.868, 0.132), ('yellow', 0.132, 0.868)]
    """
    check_run(run)
    layer = run.layer(layer)
    e = run.result(layer)[unit]
    wanted = e.formula if formula is None else run.concepts.parse(formula)
    if wanted is None:
        raise OptionError(f"unit {e.unit} has no formula ({e.status}); give one to look at")
    return matcher_of(run, layer, e.unit).tree(wanted)
