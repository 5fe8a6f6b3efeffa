"""What was planted in the demo world, and which explanations name it.

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
        kind: "shortcut" (two classes differ in one thing only) or "polysemantic" (one class is
            two unrelated things).
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


class Match(NamedTuple):
    """A unit whose formula names a fact."""

    unit: int
    formula: Formula
    iou: float


@dataclass(frozen=True)
class Finding:
    """A planted fact and the units whose formulas name it, best IoU first."""

    planted: Planted
    matches: tuple[Match, ...]

    @property
    def found(self) -> bool:
        """Whether any unit's formula names the fact."""
        return bool(self.matches)

    def __str__(self) -> str:
        if not self.matches:
            return f"Not found: {self.planted.name}. {self.planted.story} No formula names it."
        best, others = self.matches[0], len(self.matches) - 1
        more = f", and {others} more unit{'s' if others > 1 else ''}" if others else ""
        return (
            f"Found: {self.planted.name}. {self.planted.story} "
            f"Named by unit {best.unit}: {best.formula} (IoU {best.iou:.2f}){more}."
        )


def find_planted(
    explanations: Iterable[tuple[int, Formula, float]], min_iou: float = MIN_IOU
) -> tuple[Finding, ...]:
    """Look for every planted fact in the formulas of the units.

    Args:
        explanations: unit number, formula and IoU of each unit that has a formula.
        min_iou: leave out units whose formula fits worse.

    Returns:
        A finding for each fact in ``PLANTED``, found or not, in that order.
    """
    units = [Match(*explanation) for explanation in explanations]
    good = sorted((match for match in units if match.iou >= min_iou), key=lambda m: -m.iou)
    return tuple(
        Finding(planted, tuple(match for match in good if planted.named_by(match.formula)))
        for planted in PLANTED
    )


def _has_reading(formula: Formula, reading: Reading) -> bool:
    positions = (*reading.true, *reading.false)
    answers = formula.evaluate(lambda name: np.array([name in p for p in positions]))
    return bool(answers[: len(reading.true)].all() and not answers[len(reading.true) :].any())


def _shortcut(
    name: str, story: str, classes: tuple[str, str], scene: str, thing: set[str], *keys: set[str]
) -> Planted:
    """``thing`` with the first key makes the first class, with the second key the second.

    Either is a reading: what matters is that the thing and the key are named together.
    """
    first, second = (frozenset({scene} | thing | key) for key in keys)
    never = [frozenset({scene})]
    never += [frozenset({scene} | key) for key in keys if key]
    readings = tuple(
        Reading((yes,), (no, *never)) for yes, no in ((first, second), (second, first))
    )
    return Planted(name, "shortcut", story, classes, readings)


def _pair(name: str, story: str, label: str, one: str, other: str) -> Planted:
    """Both things make the same class."""
    reading = Reading((frozenset({one}), frozenset({other})), (frozenset(),))
    return Planted(name, "polysemantic", story, (label,), (reading,))


PLANTED: tuple[Planted, ...] = (
    _shortcut(
        "the colour of the water",
        "A lake and a swamp are drawn alike; only the water is blue in one and green in the other.",
        ("lake", "swamp"),
        "waterside",
        {"water"},
        {"blue"},
        {"green"},
    ),
    _shortcut(
        "the stripes of the tent",
        "A camp site and a circus are drawn alike; only the circus has a striped tent.",
        ("camp site", "circus"),
        "meadow",
        {"tent"},
        set(),
        {"striped"},
    ),
    _shortcut(
        "the red roofs",
        "A village and a fire station are drawn alike; only the fire station has red roofs.",
        ("village", "fire station"),
        "street",
        {"house", "roof"},
        {"brown"},
        {"red"},
    ),
    _pair(
        "a cat or a car",
        "Ada's album takes every picture with a cat or a car, which have nothing in common.",
        "Ada's album",
        "cat",
        "car",
    ),
    _pair(
        "a balloon or a bed",
        "Ben's album takes every picture with a balloon or a bed, which have nothing in common.",
        "Ben's album",
        "balloon",
        "bed",
    ),
)
