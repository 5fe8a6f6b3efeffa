"""What was planted in a demo world, and which explanations name it.

A fact is checked by the meaning of a formula, not by its spelling: the formula is asked what it
says of a few imaginary positions, each a set of concepts. ``water AND green``, ``water AND NOT
blue`` and ``(water OR parasol) AND green`` all tell green water from blue water and from green
that is no water; ``green AND waterside`` does not, for it calls a green bush water.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from andornot.formula import Formula

MIN_IOU = 0.1
"""A formula that fits its unit worse than this does not count as having found a fact."""

Position = frozenset[str]


class Reading(NamedTuple):
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
    readings: tuple[Reading, ...]

    def named_by(self, formula: Formula) -> bool:
        """Whether the formula says what was planted (it may say a little more)."""
        return any(_has_reading(formula, reading) for reading in self.readings)

    def shown_by(self, unit: UnitFormula) -> bool:
        """Whether the unit's formula names the fact, and the unit speaks for one of its classes."""
        fitting = not unit.favours or unit.favours in self.classes
        return fitting and self.named_by(unit.formula)


class UnitFormula(NamedTuple):
    """A unit with its formula.

    Attributes:
        unit: its number.
        formula: its formula.
        iou: how well that fits.
        favours: the class to which it has the greatest weight; empty where that does not matter.
    """

    unit: int
    formula: Formula
    iou: float
    favours: str = ""


@dataclass(frozen=True)
class PlantedFinding:
    """A planted fact and the units whose formulas name it, best IoU first."""

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
        return f"Named by unit {best.unit}: {best.formula} (IoU {best.iou:.2f}{favours}){more}."

    def __str__(self) -> str:
        found = "Found" if self.found else "Not found"
        return f"{found}: {self.planted.name}. {self.planted.story} {self.how}"


def find_planted(
    planted: Iterable[Planted], units: Iterable[UnitFormula], min_iou: float = MIN_IOU
) -> tuple[PlantedFinding, ...]:
    """Look for planted facts in the formulas of units.

    Args:
        planted: what to look for.
        units: each unit that has a formula.
        min_iou: leave out units whose formula fits worse.

    Returns:
        A finding for each fact, found or not, in order.
    """
    good = sorted((unit for unit in units if unit.iou >= min_iou), key=lambda unit: -unit.iou)
    return tuple(
        PlantedFinding(fact, tuple(unit for unit in good if fact.shown_by(unit)))
        for fact in planted
    )


def _has_reading(formula: Formula, reading: Reading) -> bool:
    positions = (*reading.true, *reading.false)
    answers = formula.evaluate(lambda name: np.array([name in p for p in positions]))
    return bool(answers[: len(reading.true)].all() and not answers[len(reading.true) :].any())
