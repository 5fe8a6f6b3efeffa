"""Explanations of arrays, ready to be viewed: the views of a run, but for what only a run knows.

Arrays have no samples to show, no network and no classes. Parts of formulas, near units and
concepts need the masks and the concept table, which a result does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from andornot._version import __version__
from andornot.analyses.length import by_length_table, histogram_table
from andornot.analyses.vocabulary import active_by_atom
from andornot.concepts.table import ConceptTable, check_table
from andornot.counting.overlaps import GivenMasks, nearest_masks
from andornot.counting.responses import Responses
from andornot.errors import OptionError
from andornot.explainer import score_responses
from andornot.results.explanation import Explanation
from andornot.results.headline import headline
from andornot.results.result import Result
from andornot.views.judged import as_shown
from andornot.views.layer import (
    LayerView,
    best_units,
    kinds_found,
    left_out,
    mean_trust,
    numbers_of,
)
from andornot.views.neighbours import KNOWN, Near, Neighbours, nearest_units
from andornot.views.parts import FormulaPart, Matcher, Share, failures
from andornot.views.plots import Plot, iou_by_length, iou_histogram
from andornot.views.summary import summary
from andornot.views.unit import (
    COUNTED,
    UnitEntry,
    counted_where,
    derived,
    entry_of,
    lower_ranges,
    runner_up_rows,
)
from andornot.views.unit_in_layer import UnitView, kind_words, lengths_plot
from andornot.views.unit_links import UnitLink, unit_ref
from andornot.views.unit_plots import held_out_line, trust_by_length
from andornot.views.wording import formulas_of

LAYER: Final = "unit"
"""What the only layer of arrays is called."""


def array_context(
    result: Result, unit_masks: ArrayLike | Responses | None, concepts: ConceptTable | None
) -> ArrayContext:
    """A result with what is known of its units and concepts, checked.

    Raises:
        OptionError: masks and table are not those that were explained.
        DataError: masks do not fit the table.
    """
    if unit_masks is None and concepts is None:
        return ArrayContext(result)
    if unit_masks is None or concepts is None:
        missing = "unit_masks" if unit_masks is None else "concepts"
        raise OptionError(f"{missing} are missing; give masks and concepts together, or neither")
    check_table(concepts, "concepts")
    if result.table not in (None, concepts.digest):
        raise OptionError(
            "the explanations were searched for in another concept table; give the one that was "
            "given to explain"
        )
    masks = None
    if isinstance(unit_masks, Responses):
        responses = unit_masks
    else:
        responses = Responses.from_masks(unit_masks, concepts)
        # numbers 0 and 1 may be masks too
        masks = np.asarray(unit_masks).astype(np.bool_, copy=False).reshape(responses.n_units, -1)
    # a table knows its digest and masks have none, so counts tell whether they are the ones
    _check_masks(result, responses, concepts)
    return ArrayContext(result, responses, concepts, masks)


def _check_masks(result: Result, responses: Responses, concepts: ConceptTable) -> None:
    """Refuse masks of other units, or in another order.

    Raises:
        OptionError: they are.
    """
    if responses.n_units != len(result) or responses.n_atoms != concepts.n_atoms:
        raise OptionError(
            f"there are {len(result)} explanations for {responses.n_units} unit masks on "
            f"{responses.n_atoms} atoms of {concepts.n_atoms}; give the masks that were explained"
        )
    known_only = _known_only(result)
    for place, e in enumerate(result):
        if e.formula is None:
            continue
        counts = score_responses(e.formula, responses, place, concepts, known_only)
        if counts != e.counts:
            raise OptionError(
                f"the formula of unit {e.unit} is true on {counts.tp:,} of its active positions "
                f"here, and was on {e.counts.tp:,} when it was explained; give masks and concepts "
                "as they were given to explain, in the order of the result"
            )


@dataclass(frozen=True, eq=False)
class ArrayContext:
    """A result with what is known of its units and concepts: what a layer is of a run.

    Attributes:
        result: the explanations.
        given: the responses of the units; None where no masks were given.
        table: the concepts; None where they were not given.
        masks: bool ``(n_units, n_positions)``; None where they were not given themselves.
    """

    result: Result
    given: Responses | None = None
    table: ConceptTable | None = None
    masks: NDArray[np.bool_] | None = None
    layer: str = field(default=LAYER, init=False)
    links: None = field(default=None, init=False)

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """Of all units."""
        return self.result.explanations

    @property
    def units(self) -> range:
        """The units by their rows in the responses."""
        return range(len(self.result))

    @property
    def responses(self) -> Responses:
        """Active positions by atom; only asked for where they were given."""
        assert self.given is not None
        return self.given

    @property
    def known_only(self) -> bool:
        """Whether formulas are scored only where all their concepts are known."""
        return _known_only(self.result)

    def matcher(self, place: int) -> Matcher | None:
        """What scores formulas for a unit; None where no masks were given."""
        if self.given is None or self.table is None:
            return None
        active = active_by_atom(self.given, place, self.table.n_atoms)
        return Matcher(self.table, active, _known_only(self.result))

    @cached_property
    def refs(self) -> tuple[UnitLink, ...]:
        """The units as other views point at them."""
        return tuple(unit_ref(LAYER, e) for e in self.explanations)

    @cached_property
    def places(self) -> dict[int, int]:
        """The row of each unit in the responses."""
        return {e.unit: place for place, e in enumerate(self.explanations)}

    def tree(self, e: Explanation) -> FormulaPart | None:
        """A unit's formula, part by part; None where no masks were given."""
        matcher = self.matcher(self.places[e.unit])
        return None if matcher is None or e.shown is None else matcher.tree(e.shown.formula)

    @cached_property
    def neighbours(self) -> Neighbours:
        """The nearest of the other units: by masks, or else by responses, where there are any."""
        if self.masks is not None:
            return Neighbours(self.refs, nearest_masks(GivenMasks(self.masks), KNOWN))
        near = () if self.given is None else tuple(nearest_units(self.given, self.units))
        return Neighbours(self.refs, None, near)


def array_units(context: ArrayContext) -> Iterator[UnitView[Any]]:
    """The units, one after another."""
    for place in context.units:
        yield _view(context, place, context.neighbours.of(place))


def _view(context: ArrayContext, place: int, near: tuple[Near, ...]) -> UnitView[Any]:
    e, refs = context.explanations[place], context.refs
    shown = as_shown(e, context.table)
    missed, alarms = _failures(context.matcher(place), shown)
    return UnitView(
        ref=refs[place],
        before=refs[place - 1] if place else None,
        after=refs[place + 1] if place + 1 < len(refs) else None,
        entry=_entry(context, e),
        n_positions=_positions(e),
        true_negatives=shown.counts.tn,
        kind=kind_words(shown),
        tree=context.tree(e),
        missed=missed,
        alarms=alarms,
        sure=held_out_line(e),
        lengths=lengths_plot(e),
        lower=lower_ranges(context.result.ranges(e.unit)),
        unaccounted=None,
        activations=None,
        runners_up=runner_up_rows(e),
        classes=(),
        are_weights=False,
        in_use=(),
        nearest=near,
        command=_command(shown, place, _known_only(context.result)),
    )


def _entry(context: ArrayContext, e: Explanation) -> UnitEntry[Any]:
    """What is said of a unit."""
    table = context.table
    known = () if table is None else derived(table, e)
    entry: UnitEntry[Any] = entry_of(e, derived=known, table=table)
    if not _known_only(context.result):
        return entry
    return counted_where(entry, e, None if table is None else table.n_positions, "position")


def _failures(
    matcher: Matcher | None, e: Explanation
) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
    """Which concepts stand out where the formula misses the unit, and in its false alarms."""
    if matcher is None or e.formula is None:
        return (), ()
    return failures(matcher.where_counted(e.formula), matcher.table.mask(e.formula))


def array_layer(context: ArrayContext) -> LayerView:
    """What is said of all units."""
    explanations = context.explanations
    found = [e for e in explanations if e.formula is not None]
    shown = summary(headline({LAYER: context.result}), explanations)
    return LayerView(
        name=LAYER,
        sentences=(),
        numbers=numbers_of(explanations, shown, len(context.refs)),
        active="",
        map_shape="",
        plots=tuple(_plots(found)),
        summary=shown,
        kinds=kinds_found(explanations),
        left_out=left_out(context.refs),
        best=best_units(explanations, context.refs),
    )


def _positions(e: Explanation) -> int:
    return e.counts.tp + e.counts.fp + e.counts.fn + e.counts.tn


def _known_only(result: Result) -> bool:
    """Whether formulas are scored where they are known."""
    return result.search is not None and result.search.known_only


def _command(e: Explanation, place: int, known_only: bool) -> str:
    """How to score its formula, or another one, in Python."""
    formula = "FORMULA" if e.formula is None else str(e.formula)
    more = ", known_only=True" if known_only else ""
    return f"andornot.score({formula!r}, unit_masks[{place}], concepts{more})"


def _plots(found: Sequence[Explanation]) -> list[Plot]:
    """The figures on all units that have a formula."""
    iou = np.array([e.by_length for e in found], np.float64)
    if not iou.size or iou.shape[1] < 2 or not iou.max() > 0:
        return []
    plots = [iou_histogram(histogram_table(iou)), iou_by_length(by_length_table(iou))]
    means = mean_trust(found)
    return plots if means is None else [*plots, trust_by_length(*means)]


def array_facts(context: ArrayContext) -> tuple[tuple[str, str], ...]:
    """How the explanations were made: what, and its value."""
    search, table = context.result.search, context.table
    facts = [("positions", f"{_positions(context.explanations[0]):,}")]
    if table is not None:
        facts.append(("concepts", f"{table.n_concepts:,}"))
    if search is not None:
        on = search.on_table(has_context=table is not None and table.has_context)
        facts += [
            ("formulas", formulas_of(on.length, on.operators, bool(on.negated_first))),
            ("search", f"{search.search}, beam size {search.beam_size}, for {search.metric}"),
        ]
        facts += [("counted", COUNTED)] if search.known_only else []
    return (*facts, ("written", f"with andornot {__version__}"))
