"""A unit among those of its layer: all that its page shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Generic, TypeVar

from andornot._tools.commands import command
from andornot._tools.progress import track
from andornot._tools.words import count, percent
from andornot.analyses.outcomes import Outcomes
from andornot.formula_forms import MEANING, kind_of
from andornot.results.explanation import Explanation
from andornot.views.judged import as_shown
from andornot.views.layer_context import LayerContext
from andornot.views.neighbours import Near, neighbours_of_run
from andornot.views.of_run import unit_entry
from andornot.views.parts import FormulaPart, Share, failures
from andornot.views.plain import View
from andornot.views.plots import Plot
from andornot.views.samples import grouped
from andornot.views.unit import (
    ClassWeight,
    Group,
    Range,
    Row,
    UnitEntry,
    lower_ranges,
    runner_up_rows,
)
from andornot.views.unit_links import UnitLink
from andornot.views.unit_plots import (
    HeldOutLine,
    activation_histogram,
    held_out_line,
    trust_by_length,
    unit_by_length,
)
from andornot.views.wording import vocabulary_limit

T = TypeVar("T")

_UNACCOUNTED: Final = 6
"""Samples of a unit that no concept accounts for."""


@dataclass(frozen=True)
class UnitView(View, Generic[T]):
    """All that is shown of a unit.

    Attributes:
        ref: the unit.
        before, after: the units before and after it; None at the ends.
        entry: what any page says of a unit, with its samples.
        n_positions: all positions of the data.
        true_negatives: positions where neither unit nor formula holds.
        kind: the sort of its formula, and what that means.
        tree: its formula, part by part; None where there is none.
        missed: concepts that cover most of the positions where only the unit is active.
        alarms: the same where only the formula holds.
        sure: held-out IoU on a line, with its interval; None where that is not known.
        lengths: IoU by length, where several lengths were searched; held out and by chance too,
            where that is known.
        lower: the formulas of the lower ranges, from the highest down; empty without ranges.
        unaccounted: samples whose active positions no concept accounts for, where the vocabulary
            is the limit; None elsewhere.
        activations: how its values are distributed; None if they do not differ.
        runners_up: all formulas that came next.
        classes: what it says for and against classes, with their numbers.
        are_weights: whether those are connection weights, else correlations.
        in_use: how the network does while it is active; empty if not known.
        nearest: other units that are active where it is, of all layers that are shown.
        command: how to score a formula for this unit.
    """

    ref: UnitLink
    before: UnitLink | None
    after: UnitLink | None
    entry: UnitEntry[T]
    n_positions: int
    true_negatives: int
    kind: tuple[str, str]
    tree: FormulaPart | None
    missed: tuple[Share, ...]
    alarms: tuple[Share, ...]
    sure: HeldOutLine | None
    lengths: Plot | None
    lower: tuple[Range, ...]
    unaccounted: Group[T] | None
    activations: Plot | None
    runners_up: tuple[Row, ...]
    classes: tuple[tuple[int, ClassWeight], ...]
    are_weights: bool
    in_use: tuple[str, ...]
    nearest: tuple[Near, ...]
    command: str


def view_units(
    context: LayerContext, n_samples: int, nearest: Sequence[tuple[Near, ...]]
) -> Iterator[UnitView[Any]]:
    """The units of a layer, one after another: samples of all at once would fill the memory.

    Args:
        context: the layer.
        n_samples: how many samples to show of each unit, at most.
        nearest: for each of its units those that are nearest.
    """
    tracked = track(nearest, f"writing {context.layer}", len(context.units))
    for place, near in enumerate(tracked):
        yield _view(context, place, n_samples, near)


def view_unit(context: LayerContext, place: int, n_samples: int) -> UnitView[Any]:
    """One unit of a layer, by its place among those that are shown."""
    own = [(context.layer, context.units)]
    nearest = neighbours_of_run(context.run, own, context.refs)
    return _view(context, place, n_samples, nearest.of(place))


def _view(
    context: LayerContext, place: int, n_samples: int, nearest: tuple[Near, ...]
) -> UnitView[Any]:
    """The unit at a place among those of its layer."""
    e, links, refs = context.explanations[place], context.links, context.refs
    shown = as_shown(e, context.table)
    groups = grouped(context.gallery.unit(e.unit, n_samples))
    missed, alarms = _failures(context, shown)
    histogram = context.histograms[e.unit]
    threshold = float(context.gallery.thresholds[e.unit])
    return UnitView(
        ref=refs[place],
        before=refs[place - 1] if place else None,
        after=refs[place + 1] if place + 1 < len(refs) else None,
        entry=unit_entry(context.run, context.layer, e, groups, context.gallery.areas),
        n_positions=sum(asdict(e.counts).values()),
        true_negatives=shown.counts.tn,
        kind=kind_words(shown),
        tree=context.tree(e),
        missed=missed,
        alarms=alarms,
        sure=held_out_line(e),
        lengths=lengths_plot(e),
        lower=lower_ranges(context.gallery.result.ranges(e.unit)),
        unaccounted=_unaccounted(context, shown),
        activations=None if histogram is None else activation_histogram(histogram, threshold),
        runners_up=runner_up_rows(e),
        classes=() if links is None else links.of_unit(e.unit),
        are_weights=links is not None and links.are_weights,
        in_use=_in_use(context.accuracies.get(e.unit), context.outcomes),
        nearest=nearest,
        command=_command(context, shown),
    )


def _failures(context: LayerContext, e: Explanation) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
    """Which concepts stand out where the formula misses the unit, and in its false alarms."""
    if e.formula is None:
        return (), ()
    matcher = context.matcher(e.unit).where_counted(e.formula)
    return failures(matcher, context.run.concepts.mask(e.formula))


def _unaccounted(context: LayerContext, e: Explanation) -> Group[Any] | None:
    """Samples of a unit that no concept accounts for, where the vocabulary is the limit."""
    samples = context.unaccounted.get(e.unit, [])[:_UNACCOUNTED]
    if e.formula is None or not samples or not vocabulary_limit(e):
        return None
    union = context.accounted(e.unit)
    shown = tuple(context.gallery.left_over(e, union, sample) for sample in samples)
    return Group("unaccounted", "Most left over", shown)


def kind_words(e: Explanation) -> tuple[str, str]:
    """The sort of a unit's formula, and what that means; empty where there is no formula."""
    return ("", "") if e.formula is None else (kind_of(e.formula), MEANING[kind_of(e.formula)])


def lengths_plot(e: Explanation) -> Plot | None:
    """IoU by length, with all that is known of it."""
    if e.formula is None or len(e.by_length) < 2:
        return None
    if e.trust is None or e.trust.held_out is None:
        return unit_by_length(e.by_length)
    chance = () if e.trust.chance is None else e.trust.chance.null
    held, luck = e.trust.held_out, e.trust.held_out_chance
    by_chance = None if luck is None else (e.trust.shown, luck.iou)
    return trust_by_length(held.in_sample, held.by_length, chance, luck=by_chance)


def _in_use(row: dict[str, Any] | None, of_all: Outcomes | None) -> tuple[str, ...]:
    """How the network does while a unit is active, and without it."""
    if row is None or of_all is None or not row["active_samples"]:
        return ()
    n = len(of_all.rows)
    if of_all.faultless:
        found = [f"The network is right on all {n:,} samples that have a class which it knows."]
    else:
        found = [
            f"While it is active the network is right on {percent(row['accuracy'])} of "
            f"{count(int(row['active_samples']), 'sample')}; on all {n:,} that have a class which "
            f"it knows, on {percent(of_all.accuracy)}."
        ]
    if "accuracy_lost" in row and row["accuracy_lost"] == row["accuracy_lost"]:
        lost = round(n * float(row["accuracy_lost"]))
        moved = f"{abs(lost):,} {'fewer' if lost > 0 else 'more'}" if lost else "as many"
        found.append(f"Without it the network is right on {moved} of them.")
    return tuple(found)


def _command(context: LayerContext, e: Explanation) -> str:
    """How to score its formula, or another one, on the command line, wherever one stands there."""
    layer = ["--layer", context.layer] if len(context.run.layers) > 1 else []
    formula = "FORMULA" if e.formula is None else str(e.formula)
    plain = ["--"] if formula.startswith("-") else []  # what follows is no option
    return command("score", *layer, *plain, context.run.path.resolve(), e.unit, formula)
