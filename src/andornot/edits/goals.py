"""What the units of a network ask for: the terms of formulas whose units lead to a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from andornot._tools.statistics import column_correlations
from andornot.formula import Formula
from andornot.formula_forms import Term, terms
from andornot.results.explanation import Explanation
from andornot.runs.run import Run

Role = Literal["raise", "silence"]


@dataclass(frozen=True)
class Goal:
    """A term of a unit's formula that an edit can serve.

    Attributes:
        unit: the unit.
        formula: its whole formula.
        term: one way to make the formula true.
        role: ``raise`` makes the term true, since the unit leads to the target; ``silence`` makes
            it false where it was true, since the unit leads to the source.
        iou: how well the formula fits the unit.
        gain: the unit's weight to the target minus that to the source.
    """

    unit: int
    formula: Formula
    term: Term
    role: Role
    iou: float
    gain: float

    @property
    def strength(self) -> float:
        """By how much serving it should help: the size of the gain, times the IoU."""
        return abs(self.gain) * self.iou


def weights(run: Run, layer: str | None = None) -> tuple[NDArray[np.float64], bool]:
    """What leads from units to classes.

    Returns:
        float64 (classes, units), and whether they are connection weights. Where no linear head
        follows the layer they are Pearson correlations, over the run's samples, between a unit's
        largest activation and a class's logit minus the mean logit of the sample.
    """
    head = run.head_weights(layer)
    if head is not None:
        return head.astype(np.float64), True
    assert run.logits is not None  # who asks has class names already
    # what raises all logits of a sample alike speaks for no class
    logits = run.logits - run.logits.mean(axis=1, keepdims=True)
    return column_correlations(logits, np.nan_to_num(run.peaks(layer))), False


def _described(explanation: Explanation) -> float:
    """How well a formula describes its unit: held out, where that was asked."""
    trust = explanation.trust
    if trust is None or trust.held_out is None:
        return explanation.iou
    return trust.held_out.by_length[-1]


def goals_of(
    run: Run, layer: str | None, source: int, target: int, n_units: int
) -> tuple[Goal, ...]:
    """The goals of the units that count most, strongest first.

    Args:
        run: the run.
        layer: its layer; not needed if there is only one.
        source: number of the class to lead away from.
        target: number of the class to lead to.
        n_units: how many units that lead to the target, and how many that lead to the source.
    """
    to_class, _ = weights(run, layer)
    gains = to_class[target] - to_class[source]
    explained = [e for e in run.result(layer) if e.formula is not None]
    found: list[Goal] = []
    for role, sign in (("raise", 1), ("silence", -1)):
        leading = [e for e in explained if sign * gains[e.unit] > 0]
        # weighed by the IoU: of a unit that its formula hardly describes, an edit moves little. The
        # verdict has no say here: each edit gets a test of its own on samples that nobody looked at
        leading.sort(key=lambda e: (-sign * gains[e.unit] * _described(e), e.unit))
        for e in leading[:n_units]:
            assert e.formula is not None
            gain = float(gains[e.unit])
            found += [
                Goal(e.unit, e.formula, term, role, e.iou, gain)  # type: ignore[arg-type]
                for term in terms(e.formula)
            ]
    return tuple(sorted(found, key=lambda goal: -goal.strength))
