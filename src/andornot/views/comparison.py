"""A unit as it is put beside another: what is said of both, in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Final

from andornot._tools.words import count
from andornot.counting.overlaps import Overlaps
from andornot.formula_forms import kind_of
from andornot.results.explanation import Explanation
from andornot.results.verdict import Extent
from andornot.views.findable import signed
from andornot.views.judged import HOW_MUCH, as_shown, judged
from andornot.views.listed import Listed
from andornot.views.neighbours import Neighbours
from andornot.views.plain import View
from andornot.views.unit_links import UnitLink
from andornot.views.unit_title import core_of

UNKNOWN: Final = "–"
"""What stands for a number that is not known."""


@dataclass(frozen=True)
class Compared(View):
    """A unit as it is put beside another.

    Attributes:
        ref: the unit.
        facts: what is known of it: a name, and a text. All units have the same names in one order,
            but for the formulas by length, which come last.
        concepts: those of its formula: a name, and whether it stands after NOT.
        classes: the classes that it goes with most: number, name, and weight or correlation.
        near: the units whose masks overlap its own most: the place of each among all units, and on
            how many positions both are active; None where that is not known.
        all_near: whether it shares no position with units other than these.
        total: on how many positions it is active.
    """

    ref: UnitLink
    facts: tuple[tuple[str, str], ...]
    concepts: tuple[tuple[str, bool], ...]
    classes: tuple[tuple[int, str, float], ...]
    near: tuple[tuple[int, int], ...] | None
    all_near: bool
    total: int


def compared_units(contexts: Sequence[Listed], neighbours: Neighbours) -> Iterator[Compared]:
    """All units of some layers as they are put beside others, one after another.

    Args:
        contexts: the layers.
        neighbours: of the same units.
    """
    place = 0
    for context in contexts:
        for ref, e in zip(context.refs, context.explanations, strict=True):
            yield _compared(context, ref, e, neighbours, place)
            place += 1


def _compared(
    context: Listed, ref: UnitLink, e: Explanation, neighbours: Neighbours, place: int
) -> Compared:
    links = () if context.links is None else context.links.of_unit(ref.unit)
    known = neighbours.overlaps
    # counts of a formula may be of fewer positions: of those where it is known
    total = e.counts.tp + e.counts.fn if known is None else int(known.totals[place])
    n = sum(astuple(e.counts)) if context.table is None else context.table.n_positions
    return Compared(
        ref=ref,
        facts=tuple(_facts(e, ref, f"{total / max(n, 1):.2%} of all positions ({total:,})")),
        concepts=signed(e),
        classes=tuple((number, own.name, own.weight) for number, own in links),
        near=None if known is None else tuple(_near(known, place)),
        all_near=known is not None and bool((known.others[place] < 0).any()),
        total=total,
    )


def _near(known: Overlaps, place: int) -> Iterator[tuple[int, int]]:
    for other, shared in zip(known.others[place], known.shared[place], strict=True):
        if other >= 0:
            yield int(other), int(shared)


def _facts(e: Explanation, ref: UnitLink, active: str) -> Iterator[tuple[str, str]]:
    """What is known of a unit, a name and a text each."""
    shown = as_shown(e)
    yield from _held_out(e)
    yield "active on", active
    said = shown.formula is not None
    yield "unit and formula", f"{shown.counts.tp:,}" if said else UNKNOWN
    yield "only the unit", f"{shown.counts.fn:,}" if said else UNKNOWN
    yield "only the formula", f"{shown.counts.fp:,}" if said else UNKNOWN
    yield "IoU in sample", f"{ref.iou:.3f}" if said else UNKNOWN
    yield "kind of formula", UNKNOWN if shown.formula is None else kind_of(shown.formula)
    for length, best in enumerate(e.best_by_length, start=1):
        if best is not None and best.formula.length == length:
            yield f"best with {count(length, 'concept')}", f"{best.formula} (IoU {best.iou:.3f})"


def _held_out(e: Explanation) -> Iterator[tuple[str, str]]:
    """What is known of it held out."""
    view, trust = judged(e), e.trust
    held = None if trust is None else trust.held_out
    luck = None if trust is None else trust.held_out_chance
    yield "held-out IoU", _with(view.held_out, None if held is None else held.interval)
    yield "chance, held out likewise", _number(view.chance)
    gain = None if luck is None else (luck.low, luck.high)
    yield "gain over chance", _with(view.gain, gain, 2)
    yield "explains", HOW_MUCH[Extent(view.extent)] if view.extent else UNKNOWN
    yield "precision, held out", _number(view.precision, 2)
    yield "recall, held out", _number(view.recall, 2)
    yield "core", core_of(e, as_shown(e)) or UNKNOWN
    stability = None if trust is None or trust.stability is None else trust.stability.mask_iou
    yield "stability", _number(stability, 2)


def _number(value: float | None, digits: int = 3) -> str:
    return UNKNOWN if value is None else f"{value:.{digits}f}"


def _with(value: float | None, interval: tuple[float, float] | None, digits: int = 3) -> str:
    """A number with the interval that it lies in, as far as they are known."""
    if value is None or not interval:
        return _number(value, digits)
    low, high = (_number(end, digits) for end in interval)
    return f"{_number(value, digits)} ({low} to {high})"
