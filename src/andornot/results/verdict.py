"""The verdict: one word for each explanation, and the rule and constants behind it.

An explanation was searched for among very many formulas, so its score on the samples that it was
searched on says little: it grows with how often a unit fires. The verdict rests on held-out scores
alone, held against held-out scores of the same search where there is nothing to find. All constants
stand here; they were set once on units whose meaning is known (``docs/explanation/trust.md``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

LEVEL: Final = 0.05
"""The largest p-value of an explanation that is more than chance; also the share of false
discoveries that is let pass when explanations are counted."""

SOLID_GAIN: Final = math.log(2)
"""Least lower end of the gain of a solid explanation: surely twice the odds of chance."""

STABLE: Final = 0.8
"""Least stability of a solid explanation: IoU with what redraws of the samples give."""

CORE_SHARE: Final = 0.8
"""In what share of the redraws a concept must come back to belong to the core."""

MOST: Final = 0.5
"""A formula explains most of a unit if its held-out IoU is surely above this."""

PART_OF_MAPS: Final = 0.04
"""It explains a part of a unit of images above this: the bar of Network Dissection's detectors."""

PART_OF_ROWS: Final = 0.1
"""The same of units whose samples have one row of positions, such as sentences and tokens."""

LEAST_POSITIONS: Final = 30
LEAST_GROUPS: Final = 10
"""Active positions, and groups of samples with one, below which there is too little data."""


class Verdict(StrEnum):
    """How far an explanation can be relied on.

    Examples:
        >>> run.result()[3].verdict  # three shuffles can tell no more
        <Verdict.NOT_TESTED: 'not tested'>
        >>> [str(verdict) for verdict in andornot.Verdict]
        ['solid', 'partial', 'chance', 'not tested', 'too little data']
    """

    SOLID = "solid"
    PARTIAL = "partial"
    CHANCE = "chance"
    NOT_TESTED = "not tested"
    TOO_LITTLE_DATA = "too little data"

    @property
    def meaning(self) -> str:
        """What it says, in one sentence for those who do not know the method.

        Examples:
            >>> print(andornot.Verdict.TOO_LITTLE_DATA.meaning)
            the unit is active on too few positions or groups of samples to tell
        """
        return _MEANING[self]


_MEANING: Final = {
    Verdict.SOLID: "fits samples it was not found on at twice the odds of chance or better, and "
    "holds at much the same positions when the samples are drawn again, if not always in the same "
    "words",
    Verdict.PARTIAL: "fits better than chance on samples it was not found on, but not surely at "
    "twice the odds, or holds elsewhere when the samples are drawn again",
    Verdict.CHANCE: "fits samples it was not found on no better than chance does, or what it has "
    "above chance hangs on so few samples that, drawn again, it may have nothing",
    Verdict.TOO_LITTLE_DATA: "the unit is active on too few positions or groups of samples to tell",
    Verdict.NOT_TESTED: "was not held against chance, or not enough",
}


class Extent(StrEnum):
    """How much of a unit an explanation explains, whether or not it is more than chance.

    Examples:
        >>> [str(extent) for extent in andornot.Extent]
        ['most', 'part', 'little']
    """

    MOST = "most"
    PART = "part"
    LITTLE = "little"


@dataclass(frozen=True)
class Support:
    """How much there is to learn a unit from.

    Attributes:
        positions: active positions.
        groups: groups of samples with an active position; None where that is not known.
        least_positions, least_groups: with fewer there is too little data.

    Examples:
        >>> Support(positions=200, groups=3).is_enough
        False
    """

    positions: int
    groups: int | None = None
    least_positions: int = LEAST_POSITIONS
    least_groups: int = LEAST_GROUPS

    @property
    def is_enough(self) -> bool:
        """Whether there is enough; groups that are not known are not held against a unit."""
        too_few_groups = self.groups is not None and self.groups < self.least_groups
        return self.positions >= self.least_positions and not too_few_groups

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Support:
        """Back from :meth:`as_dict`."""
        return cls(**data)


class _Luck(Protocol):
    """What a verdict reads of ``HeldOutChance``; that record's module reads this one."""

    @property
    def p_value(self) -> float: ...
    @property
    def nulls(self) -> int: ...
    @property
    def reached(self) -> int: ...
    @property
    def gain(self) -> float: ...
    @property
    def low(self) -> float: ...


class _Stable(Protocol):
    """What a verdict reads of ``Stability``."""

    @property
    def mask_iou(self) -> float | None: ...


class _Measured(Protocol):
    """What a verdict reads of ``Trust``."""

    @property
    def held_out_chance(self) -> _Luck | None: ...
    @property
    def stability(self) -> _Stable | None: ...
    @property
    def held_out_iou(self) -> float | None: ...


class _Judged(Protocol):
    """What an order reads of ``Explanation``."""

    @property
    def unit(self) -> int: ...
    @property
    def score(self) -> float: ...
    @property
    def verdict(self) -> Verdict | None: ...
    @property
    def trust(self) -> _Measured | None: ...


E = TypeVar("E", bound=_Judged)


def verdict_of(support: Support, trust: _Measured | None) -> Verdict:
    """The verdict of an explanation: the first that applies.

    Args:
        support: how much the unit is active.
        trust: what was measured; None where trust is off.
    """
    chance = None if trust is None else trust.held_out_chance
    if not support.is_enough:
        return Verdict.TOO_LITTLE_DATA
    if chance is None or trust is None or not _could_pass(chance):
        return Verdict.NOT_TESTED
    if not is_above(chance):
        return Verdict.CHANCE
    stability = None if trust.stability is None else trust.stability.mask_iou
    if stability is None:
        return Verdict.NOT_TESTED
    return Verdict.SOLID if chance.low >= SOLID_GAIN and stability >= STABLE else Verdict.PARTIAL


def is_doubtful(e: _Judged) -> bool:
    """Whether a formula is no more than chance, or there is too little data to tell."""
    return e.verdict in (Verdict.CHANCE, Verdict.TOO_LITTLE_DATA)


def is_above(chance: _Luck) -> bool:
    """Whether a unit's score is more than chance gives: surely, and by few shuffles reached."""
    return chance.p_value <= LEVEL and chance.low > 0


def _could_pass(chance: _Luck) -> bool:
    """Whether the shuffles are enough for a small p-value, or were ended since many did as well."""
    ended = chance.reached > 0 and chance.p_value == chance.reached / chance.nulls
    return ended or 1 / (chance.nulls + 1) <= LEVEL


def listed(explanations: Iterable[E]) -> list[E]:
    """Explanations as all lists show them: by verdict, then by gain, then by unit.

    Explanations without a gain are in the order of their held-out IoU, or of their score where
    there is none. Units with too little data come after those that were not tested, so that where
    nothing was tested no unit of three positions comes first; what has no formula comes last.
    """
    return sorted(explanations, key=_place)


_LISTED: Final = (
    Verdict.SOLID, Verdict.PARTIAL, Verdict.CHANCE, Verdict.NOT_TESTED, Verdict.TOO_LITTLE_DATA,
)  # fmt: skip


def _place(e: _Judged) -> tuple[int, float, float, int]:
    verdict, trust = e.verdict, e.trust
    if verdict is None:
        return len(_LISTED), 0.0, 0.0, e.unit
    chance = None if trust is None else trust.held_out_chance
    gain = -math.inf if chance is None else chance.gain
    held_out = None if trust is None else trust.held_out_iou
    return _LISTED.index(verdict), -gain, -(e.score if held_out is None else held_out), e.unit
