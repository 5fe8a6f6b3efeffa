"""The page of a unit, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from andornot._tools.commands import command
from andornot._tools.words import count, percent
from andornot.formula_forms import MEANING, kind_of
from andornot.report.layer_context import Chapter
from andornot.report.unit_links import UnitRef
from andornot.results.explanation import STATUS_MEANING, Explanation
from andornot.results.result import Result
from andornot.views.formula_tree import Part, Share, failures
from andornot.views.neighbours import Match
from andornot.views.plots import Plot, activation_histogram, trust_by_length, unit_by_length
from andornot.views.unit import ClassWeight, Group, Row, UnitEntry, unit_entry

T = TypeVar("T")


@dataclass(frozen=True)
class UnitPage(Generic[T]):
    """All that the page of a unit says.

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
        nearest: other units that fire on the same, with the cosine.
        command: how to score a formula for this unit.
    """

    ref: UnitRef
    before: UnitRef | None
    after: UnitRef | None
    entry: UnitEntry[T]
    n_positions: int
    true_negatives: int
    kind: tuple[str, str]
    tree: Part | None
    missed: tuple[Share, ...]
    alarms: tuple[Share, ...]
    lengths: Plot | None
    lower: tuple[Row, ...]
    unaccounted: Group[T] | None
    activations: Plot | None
    runners_up: tuple[Row, ...]
    classes: tuple[tuple[int, ClassWeight], ...]
    are_weights: bool
    in_use: tuple[str, ...]
    nearest: tuple[tuple[UnitRef, float], ...]
    command: str


def unit_page(
    chapter: Chapter,
    refs: Sequence[UnitRef],
    place: int,
    groups: Sequence[Group[T]],
    nearest: Sequence[Match],
    unaccounted: Group[T] | None = None,
) -> UnitPage[T]:
    """The page of the unit at a place among those of a layer.

    Args:
        chapter: the layer.
        refs: its units.
        place: the unit's place among them.
        groups: samples that show it.
        nearest: the nearest of these units.
        unaccounted: samples whose active positions no concept accounts for.
    """
    e, links = chapter.explanations[place], chapter.links
    tree, missed, alarms = _formula(chapter, e)
    histogram = chapter.histograms[e.unit]
    threshold = float(chapter.gallery.thresholds[e.unit])
    return UnitPage(
        ref=refs[place],
        before=refs[place - 1] if place else None,
        after=refs[place + 1] if place + 1 < len(refs) else None,
        entry=unit_entry(chapter.run, chapter.layer, e, groups, chapter.run.positions.position),
        n_positions=sum(asdict(e.counts).values()),
        true_negatives=e.counts.tn,
        kind=kind_words(e),
        tree=tree,
        missed=missed,
        alarms=alarms,
        lengths=lengths_plot(e),
        lower=lower_rows(chapter.gallery.result, e),
        unaccounted=unaccounted,
        activations=None if histogram is None else activation_histogram(histogram, threshold),
        runners_up=runner_up_rows(e),
        classes=() if links is None else links.of_unit(e.unit),
        are_weights=links is not None and links.are_weights,
        in_use=_in_use(chapter.accuracies.get(e.unit)),
        nearest=tuple((refs[match.index], match.score) for match in nearest),
        command=_command(chapter, e),
    )


def _formula(
    chapter: Chapter, e: Explanation
) -> tuple[Part | None, tuple[Share, ...], tuple[Share, ...]]:
    if e.formula is None:
        return None, (), ()
    matcher = chapter.matcher(e.unit)
    return matcher.tree(e.formula), *failures(matcher, chapter.run.concepts.mask(e.formula))


def kind_words(e: Explanation) -> tuple[str, str]:
    """The sort of a unit's formula, and what that means; empty where there is no formula."""
    return ("", "") if e.formula is None else (kind_of(e.formula), MEANING[kind_of(e.formula)])


def runner_up_rows(e: Explanation) -> tuple[Row, ...]:
    """The formulas that came next, by rank."""
    return tuple(
        Row(str(rank), str(s.formula), s.iou) for rank, s in enumerate(e.runners_up, start=2)
    )


def lengths_plot(e: Explanation) -> Plot | None:
    """IoU by length, with all that is known of it."""
    if e.formula is None or len(e.by_length) < 2:
        return None
    if e.trust is None or e.trust.held_out is None:
        return unit_by_length(e.by_length)
    chance = () if e.trust.chance is None else e.trust.chance.null
    held = e.trust.held_out
    return trust_by_length(held.in_sample, held.by_length, chance)


def lower_rows(result: Result, e: Explanation) -> tuple[Row, ...]:
    """The lower ranges of a unit's activations, with their formulas."""
    _, *lower = reversed(result.ranges(e.unit))
    rows = []
    for other in lower:
        low, high = other.range or (0.0, 0.0)
        status = STATUS_MEANING.get(other.status, other.status)
        formula = status if other.formula is None else str(other.formula)
        rows.append(Row(f"{low:.3g} to {high:.3g}", formula, other.iou))
    return tuple(rows)


def _in_use(row: dict[str, Any] | None) -> tuple[str, ...]:
    """How the network does while a unit is active, and without it."""
    if row is None or not row["active_samples"]:
        return ()
    where = count(int(row["active_samples"]), "sample")
    found = [f"While it is active the network is right on {percent(row['accuracy'])} of {where}."]
    if "accuracy_lost" in row and row["accuracy_lost"] == row["accuracy_lost"]:
        lost = 100 * float(row["accuracy_lost"])
        moved = f"{'falls' if lost > 0 else 'rises'} by {abs(lost):.2f} percentage points"
        found.append(f"Without it the network's accuracy {moved if lost else 'stays the same'}.")
    return tuple(found)


def _command(chapter: Chapter, e: Explanation) -> str:
    """How to score its formula, or another one, on the command line, wherever one stands there."""
    layer = ["--layer", chapter.layer] if len(chapter.run.layers) > 1 else []
    formula = "FORMULA" if e.formula is None else str(e.formula)
    plain = ["--"] if formula.startswith("-") else []  # what follows is no option
    return command("score", *layer, *plain, chapter.run.path.resolve(), e.unit, formula)
