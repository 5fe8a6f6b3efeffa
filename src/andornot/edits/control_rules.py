"""Which formulas can be no controls of an edit: they speak for the target class by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.edits.goals import Goal
from andornot.formula import Formula


@dataclass(frozen=True, eq=False)
class ControlRule:
    """Judges what could be a control, before any edit is made.

    A control is to tell what a patch does that says nothing of the target. What belongs to the
    target says something of it, and so does what the units that lead there answer to, whether
    their formulas name it or not.

    Attributes:
        table: the run's concepts.
        responses: on which positions its units are active.
        goals: what formulas ask for.
        belongs: why something belongs to the target; empty if it does not.
    """

    table: ConceptTable
    responses: Responses
    goals: Sequence[Goal]
    belongs: Callable[[Formula], str]

    @cached_property
    def pull(self) -> NDArray[np.float64]:
        """Active positions of the units that lead to the target, times their gain, (n_atoms,)."""
        pull = np.zeros(self.table.n_atoms)
        for unit, gain in {a.unit: a.gain for a in self.goals if a.role == "raise"}.items():
            atoms, counts = self.responses.unit(unit)
            pull[atoms] += gain * counts
        return pull

    def answered(self, formula: Formula) -> float:
        """How much the units answer where a formula holds, as a multiple of the whole data.

        0 where it holds nowhere.
        """
        held = self.table.mask(formula)
        n = int(self.table.counts[held].sum())
        usual = self.pull.sum() / self.table.n_positions
        return float(self.pull[held].sum() / n / usual) if n and usual else 0.0

    def __call__(self, formula: Formula) -> str:
        """Why a formula can be no control; empty if it can."""
        times = self.answered(formula)
        if times > 1:
            return f"units that lead to the target answer to it {times:.1f} times as much as usual"
        return self.belongs(formula)
