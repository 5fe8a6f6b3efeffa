"""The headline of a unit: its formula where that is more than chance, else what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from andornot._tools.words import count
from andornot.concepts.table import ConceptTable
from andornot.formula import Formula, parse, quote
from andornot.formula_forms import positive_concepts
from andornot.results.explanation import RARE, STATUS_MEANING, Explanation
from andornot.results.verdict import LEAST_GROUPS, Support, Verdict
from andornot.views.judged import INSTEAD, why_chance
from andornot.views.plain import View

NOT_TESTED: Final = "A formula, not held against chance"


@dataclass(frozen=True)
class Title(View):
    """The headline of a unit.

    Attributes:
        text: in a line; the formula where it is more than chance.
        is_formula: whether it is the formula.
        why: why the formula stands below it and not in it, in a sentence; empty where it does not.
    """

    text: str
    is_formula: bool = False
    why: str = ""


def title_of(
    e: Explanation,
    shown: Explanation,
    position: str = "position",
    least: int | None = None,
    table: ConceptTable | None = None,
) -> Title:
    """The headline of a unit.

    Args:
        e: its explanation.
        shown: the same by the formula that is shown.
        position: what a position is called, in the singular.
        least: active positions that it takes to be explained; None if that is not known.
        table: the concepts, where they are known.
    """
    if shown.formula is None:
        return _nothing(e, position, least)
    if e.verdict is Verdict.CHANCE:
        return Title(INSTEAD[Verdict.CHANCE], why=_chance(e) + _rare(shown.formula, table))
    if e.verdict is Verdict.TOO_LITTLE_DATA:
        support = e.support or Support(e.counts.tp + e.counts.fn)
        return Title(INSTEAD[Verdict.TOO_LITTLE_DATA], why=_too_little(support, position))
    if e.verdict is Verdict.NOT_TESTED:
        return Title(NOT_TESTED, why=_NOT_TESTED)
    return Title(str(shown.formula), is_formula=True)


def _nothing(e: Explanation, position: str, least: int | None) -> Title:
    """Why there is no formula, and of a unit that is rarely active how rarely."""
    if e.status != RARE:
        return Title(f"No formula: {STATUS_MEANING.get(e.status, e.status)}")
    c = e.counts
    n = c.tp + c.fp + c.fn + c.tn
    takes = "" if least is None else f"; to be explained, it takes {least:,}"
    return Title(
        f"No formula: active on too few {position}s to be explained",
        why=f"It is active on {c.tp + c.fn:,} of {count(n, position)}{takes}.",
    )


_NOT_TESTED: Final = (
    "It is the best on the samples that were searched; whether it is more than luck was not, or "
    "not enough, tested."
)


def _chance(e: Explanation) -> str:
    """Which of the two ways of being no more than chance it is."""
    _, clause = why_chance(e)
    return "; ".join(filter(None, ("The best that was found stands below", clause))) + "."


def _rare(formula: Formula, table: ConceptTable | None) -> str:
    """That a concept of the formula holds on too few samples to be more than luck; or nothing."""
    if table is None or table.positions is None:
        return ""
    names = dict.fromkeys(name for name in positive_concepts(formula) if name in table.names)
    few = [(name, int(table.sample_counts[table.index(name)])) for name in names]
    told = [f"{quote(name)} on {n:,}" for name, n in few if n < LEAST_GROUPS]
    if not told:
        return ""
    return (
        f" Of all samples, {', '.join(told)} only: about concepts on fewer than {LEAST_GROUPS} "
        "there is too little data."
    )


def _too_little(support: Support, position: str) -> str:
    """How much there is, and how much it would take."""
    needed = [count(support.least_positions, position)]
    there = [count(support.positions, position)]
    if support.groups is not None:
        there.append(count(support.groups, "group") + " of samples")
        needed.append(f"{support.least_groups:,} groups")
    return (
        f"The unit is active on {' in '.join(there)}; a verdict takes {' in '.join(needed)}. What "
        "stands below may be luck."
    )


def core_of(e: Explanation, shown: Explanation) -> str:
    """What of a formula came back in most draws of the samples, in words; empty if not known."""
    core = None if e.trust is None else e.trust.core
    if core is None or shown.formula is None:
        return ""
    if core.formula is None:
        return "no part came back in most draws"
    whole = parse(core.formula) == shown.formula
    return f"core: {'all of it' if whole else core.formula}"
