"""How well a formula that somebody asked for matches a unit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, NamedTuple

from andornot._tools.words import shortened
from andornot.formula import Formula
from andornot.measures.scores import Counts


class _Pair(NamedTuple):
    """What a score unpacks as: programs of before know it as this pair."""

    counts: Counts
    folds: tuple[Counts, ...]


class UnitScore(_Pair):
    """How well a formula matches a unit; it unpacks as ``counts, folds``.

    Attributes:
        counts: the four counts, over all positions.
        folds: the same in each fold of samples.
        formula: the formula, as it was understood.
        unit: the unit's number.

    Examples:
        >>> found = run.score(3, "red")
        >>> found.counts
        Counts(tp=354, fp=0, fn=54, tn=1128)
        >>> round(found.iou, 3), found.precision, round(found.recall, 3)
        (0.868, 1.0, 0.868)
        >>> round(found.scores()["f1"], 3)
        0.929
    """

    formula: Formula
    unit: int

    @classmethod
    def of(
        cls, counts: Counts, folds: tuple[Counts, ...], formula: Formula, unit: int
    ) -> UnitScore:
        """From its four parts."""
        # further fields are attributes, so that it still unpacks as the pair of before
        made = cls(counts, folds)
        made.formula, made.unit = formula, unit
        return made

    @property
    def iou(self) -> float:
        """Intersection over union."""
        return self.counts.iou

    @property
    def precision(self) -> float:
        """Where the formula holds, the share of positions on which the unit is active."""
        return self.counts.precision

    @property
    def recall(self) -> float:
        """Where the unit is active, the share of positions on which the formula holds."""
        return self.counts.recall

    def scores(self) -> dict[str, float]:
        """All scores by name (see ``andornot.measures.scores.METRICS``)."""
        return self.counts.scores()

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            "unit": self.unit,
            "formula": str(self.formula),
            "counts": asdict(self.counts),
            "scores": self.scores(),
            "folds": [asdict(fold) for fold in self.folds],
        }

    def __str__(self) -> str:
        return (
            f"unit {self.unit}: {self.formula} (IoU {self.iou:.3f}, precision "
            f"{self.precision:.3f}, recall {self.recall:.3f})"
        )

    def __repr__(self) -> str:
        return f"<UnitScore of {shortened(str(self))}>"
