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
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from andornot.results.explanation import Explanation
    from andornot.results.trust import Trust

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
    """How far an explanation can be relied on; in the order in which explanations are listed.

    Examples:
        >>> run.result()[3].verdict  # three shuffles can tell no more
        <Verdict.CHANCE: 'chance'>
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
        """What it says, in one sentence for those who do not know the method."""
        return _MEANING[self]


_MEANING: Final = {
    Verdict.SOLID: "fits samples it was not found on at twice the odds of chance or better, and "
    "comes back when the samples are drawn again",
    Verdict.PARTIAL: "fits better than chance on samples it was not found on, but not surely twice "
    "as well, or not in the same words: the idea may be right, the words may not",
    Verdict.CHANCE: "fits samples it was not found on no better than chance does",
    Verdict.TOO_LITTLE_DATA: "the unit is active on too few positions or groups of samples to tell",
    Verdict.NOT_TESTED: "was not held against chance",
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


def verdict_of(support: Support, trust: Trust | None) -> Verdict:
    """The verdict of an explanation: the first that applies.

    Args:
        support: how much the unit is active.
        trust: what was measured; None where trust is off.
    """
    chance = None if trust is None else trust.held_out_chance
    if not support.is_enough:
        return Verdict.TOO_LITTLE_DATA
    if chance is None or trust is None:
        return Verdict.NOT_TESTED
    if chance.p_value > LEVEL or chance.low <= 0:
        return Verdict.CHANCE
    stable = trust.stability is not None and (trust.stability.mask_iou or 0.0) >= STABLE
    return Verdict.SOLID if chance.low >= SOLID_GAIN and stable else Verdict.PARTIAL


def listed(explanations: Iterable[Explanation]) -> list[Explanation]:
    """Explanations as all lists show them: by verdict, then by gain, then by unit.

    Explanations without a gain are in the order of their held-out IoU, or of their IoU where there
    is none; what has no formula comes last.
    """
    return sorted(explanations, key=_place)


def _place(e: Explanation) -> tuple[int, float, float, int]:
    order = list(Verdict)
    verdict, trust = e.verdict, e.trust
    if verdict is None:
        return len(order), 0.0, 0.0, e.unit
    chance = None if trust is None else trust.held_out_chance
    gain = -math.inf if chance is None else chance.gain
    held_out = None if trust is None else trust.held_out_iou
    return order.index(verdict), -gain, -(e.iou if held_out is None else held_out), e.unit
