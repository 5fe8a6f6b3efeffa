"""What was planted in a demo world, and which explanations name it.

A fact is checked by the meaning of a formula, not by its spelling: the formula is asked what it
says of a few imaginary positions, each a set of concepts. ``water AND green``, ``water AND NOT
blue`` and ``(water OR parasol) AND green`` all tell green water from blue water and from green
that is no water; ``green AND waterside`` does not, for it calls a green bush water.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from andornot.formula import Formula
from andornot.results.result import Result
from andornot.results.verdict import Verdict

MIN_IOU = 0.1
"""A formula that fits its unit worse than this does not count as having found a fact."""

_RELIABLE: Final = (Verdict.SOLID, Verdict.PARTIAL)
"""Verdicts on formulas that count; one that may be chance has found nothing."""

Position = frozenset[str]


class FactReading(NamedTuple):
    """One way to name a fact: true at each position of ``true``, false at each of ``false``."""

    true: tuple[Position, ...]
    false: tuple[Position, ...]


@dataclass(frozen=True)
class Planted:
    """A fact that was planted in the world.

    Attributes:
        name: two or three words.
        kind: "shortcut" (one thing gives the class away) or "polysemantic" (one class is two
            unrelated things).
        story: the fact in plain words.
        classes: the classes that it is about.
        readings: a formula names the fact if it has one of these readings.
    """

    name: str
    kind: Literal["shortcut", "polysemantic"]
    story: str
    classes: tuple[str, ...]
    readings: tuple[FactReading, ...]

    def named_by(self, formula: Formula) -> bool:
        """Whether the formula says what was planted (it may say a little more)."""
        return any(_has_reading(formula, reading) for reading in self.readings)

    def shown_by(self, unit: UnitFormula) -> bool:
        """Whether the unit's formula names the fact, and the unit speaks for one of its classes."""
        fitting = not unit.favours or unit.favours in self.classes
        return fitting and self.named_by(unit.formula)


class UnitFormula(NamedTuple):
    """A unit with the formula that is shown of it.

    Attributes:
        unit: its number.
        formula: that formula.
        verdict: how far it can be relied on, in a word.
        iou: how well it fits samples that it was not found on.
        favours: the class to which it has the greatest weight; empty where that does not matter.
    """

    unit: int
    formula: Formula
    verdict: str
    iou: float
    favours: str = ""


@dataclass(frozen=True)
class PlantedFinding:
    """A planted fact and the units whose formulas name it, the best first."""

    planted: Planted
    matches: tuple[UnitFormula, ...]

    @property
    def found(self) -> bool:
        """Whether any unit's formula names the fact."""
        return bool(self.matches)

    @property
    def how(self) -> str:
        """Which units name it, in a sentence."""
        if not self.matches:
            return "No unit's formula names it."
        best, others = self.matches[0], len(self.matches) - 1
        more = f", and {others} more unit{'s' if others > 1 else ''}" if others else ""
        favours = f", for {best.favours}" if best.favours else ""
        score = f"held-out IoU {best.iou:.2f}"
        return (
            f"Named by unit {best.unit}, {best.verdict}: {best.formula} ({score}{favours}){more}."
        )

    def __str__(self) -> str:
        found = "Found" if self.found else "Not found"
        return f"{found}: {self.planted.name}. {self.planted.story} {self.how}"


def find_planted(
    planted: Iterable[Planted], units: Iterable[UnitFormula], min_iou: float = MIN_IOU
) -> tuple[PlantedFinding, ...]:
    """Look for planted facts in the formulas of units.

    Args:
        planted: what to look for.
        units: each unit that has a formula, the best first.
        min_iou: leave out units whose formula fits worse.

    Returns:
        A finding for each fact, found or not, in order.
    """
    good = [unit for unit in units if unit.iou >= min_iou and unit.verdict in _RELIABLE]
    return tuple(
        PlantedFinding(fact, tuple(unit for unit in good if fact.shown_by(unit)))
        for fact in planted
    )


def shown_formulas(result: Result, favours: Sequence[str] = ()) -> tuple[UnitFormula, ...]:
    """The units that have a formula, in the order of lists, by the formula that is shown.

    Args:
        result: the explanations.
        favours: the class that each unit favours, by its number; empty where that does not matter.
    """
    return tuple(
        UnitFormula(
            e.unit,
            e.shown.formula,
            str(e.verdict),
            (e.trust and e.trust.held_out_iou) or 0.0,
            favours[e.unit] if favours else "",
        )
        for e in result.best()
        if e.shown is not None
    )


def _has_reading(formula: Formula, reading: FactReading) -> bool:
    positions = (*reading.true, *reading.false)
    answers = formula.evaluate(lambda name: np.array([name in p for p in positions]))
    return bool(answers[: len(reading.true)].all() and not answers[len(reading.true) :].any())
