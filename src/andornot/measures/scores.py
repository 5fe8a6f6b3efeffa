"""Scores of a formula against a unit, from four counts, each with its optimistic bound.

Notation (Eq. 2 of Mu & Andreas 2020 for IoU): the unit is active on
``A`` of ``N`` positions, the formula holds on ``T``; ``I`` positions have both, and
``E = T - I`` are false alarms. Then TP = I, FP = E, FN = A - I, TN = N - A - E.

Every score here grows with ``I`` and falls with ``E`` while ``A`` and ``N`` stay, so the score at
``(largest possible I, smallest possible E)`` bounds the score of everything in between. That, and
that the pairs ``(I, E)`` which score below any ``s > 0`` form a convex set (Lemma 1 of
``docs/explanation/proofs.md``), is what the searches prune with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from andornot._tools.jit import Int, lean
from andornot.errors import OptionError, quoted

IOU: Final = 0
F1: Final = 1
COSINE: Final = 2
MCC: Final = 3
PRECISION: Final = 4
RECALL: Final = 5
ACCURACY: Final = 6

METRICS: Final[dict[str, int]] = {
    "iou": IOU,
    "f1": F1,
    "cosine": COSINE,
    "mcc": MCC,
    "precision": PRECISION,
    "recall": RECALL,
    "accuracy": ACCURACY,
}
"""Scores by name. Precision, recall and accuracy alone fail the missing- and extra-label tests of
Oikarinen et al. (2025): look at them, but do not rank explanations by them."""


def metric_code(name: str) -> int:
    """The number that the kernels know a score by.

    Raises:
        OptionError: no score has this name.
    """
    try:
        return METRICS[name.lower()]
    except (KeyError, AttributeError):
        raise OptionError(
            f"unknown metric {quoted(name)}; choose one of {', '.join(METRICS)}"
        ) from None


@lean
def score(metric: int, i: Int, e: Int, a: Int, n: Int) -> float:
    """One score from counts; 0 where its denominator is 0, and NaN if there is no such metric.

    ``i`` and ``e`` may be fractions: bounds ask between counts.

    Args:
        metric: a value of :data:`METRICS`.
        i: positions where both unit and formula are true.
        e: positions where only the formula is true.
        a: positions where the unit is active.
        n: all positions.
    """
    t = i + e
    if metric == IOU:
        return i / (a + e) if a + e > 0 else 0.0
    if metric == F1:
        return 2 * i / (a + t) if a + t > 0 else 0.0
    if metric == COSINE:
        # as floats, so that no product of counts can overflow
        return i / math.sqrt(float(a) * float(t)) if a > 0 and t > 0 else 0.0
    if metric == MCC:
        # as floats: the product of four counts does not fit 64 bits
        d = float(a) * float(n - a) * float(t) * float(n - t)
        return (float(i) * float(n) - float(a) * float(t)) / math.sqrt(d) if d > 0 else 0.0
    if metric == PRECISION:
        return i / t if t > 0 else 0.0
    if metric == RECALL:
        return i / a if a > 0 else 0.0
    if metric == ACCURACY:
        return (n - a - e + i) / n if n > 0 else 0.0
    return math.nan


PEARSON: Final = "pearson"
"""The score from raw activations that can be searched for; it is no function of four counts."""


def pearson(t: int, inside: float, total: float, squares: float, n: int) -> float:
    """Pearson correlation of raw activations ``f`` with a mask; 0 where one of them is constant.

    Args:
        t: positions of the mask.
        inside: sum of ``f`` over the mask.
        total: sum of ``f`` over all positions.
        squares: sum of ``f * f`` over all positions.
        n: all positions.
    """
    spread = squares - total * total / n if n else 0.0
    # with `not`, so that NaN counts as constant too
    if not 0 < t < n or not spread > _ROUNDING * squares:
        return 0.0
    return (inside - t * total / n) / math.sqrt(spread * (t * (n - t) / n))


_ROUNDING = 1e-14
"""A variance that is a smaller part of the mean square is rounding of a constant."""


def mask_cosine(t: int, inside: float, squares: float) -> float:
    """Cosine of raw activations and a mask; the arguments are those of :func:`pearson`."""
    return inside / math.sqrt(t * squares) if t > 0 and squares > 0 else 0.0


@dataclass(frozen=True)
class Counts:
    """The confusion table of a formula and a unit, in positions.

    Examples:
        >>> counts = Counts(tp=3, fp=1, fn=2, tn=94)
        >>> counts.iou, counts.precision, counts.recall
        (0.5, 0.75, 0.6)
        >>> sorted(counts.scores())[:4]
        ['accuracy', 'cosine', 'f1', 'iou']
    """

    tp: int
    fp: int
    fn: int
    tn: int

    @classmethod
    def of(cls, i: int, t: int, a: int, n: int) -> Counts:
        """From ``I``, ``T``, ``A`` and ``N`` as in the module's notation."""
        return cls(int(i), int(t - i), int(a - i), int(n - a - t + i))

    def score(self, metric: str) -> float:
        """The score of this name (see :data:`METRICS`)."""
        n = self.tp + self.fp + self.fn + self.tn
        # by the kernel that searches rank with, so that both agree to the last bit
        return float(score(metric_code(metric), self.tp, self.fp, self.tp + self.fn, n))

    @property
    def iou(self) -> float:
        """Intersection over union (Eq. 2)."""
        return self.score("iou")

    @property
    def precision(self) -> float:
        """Where the formula holds, the share of positions on which the unit is active."""
        return self.score("precision")

    @property
    def recall(self) -> float:
        """Where the unit is active, the share of positions on which the formula holds."""
        return self.score("recall")

    @property
    def auprc(self) -> float:
        """Area under precision and recall when the formula has to find the active positions.

        A formula is a yes or no, so the curve has two steps: its own precision up to its recall,
        then the share of active positions (AUPRC in Oikarinen et al. 2025).
        """
        n = self.tp + self.fp + self.fn + self.tn
        recall = self.score("recall")
        return recall * self.score("precision") + (1 - recall) * (self.tp + self.fn) / max(n, 1)

    def scores(self) -> dict[str, float]:
        """All scores by name."""
        return {name: self.score(name) for name in METRICS}


@dataclass(frozen=True)
class Agreement:
    """Further scores of one explanation: with the raw activations, and by sample.

    Attributes:
        pearson: correlation of the formula with the raw activations, over all positions.
        cosine_raw: their cosine.
        auprc: area under precision and recall of the formula, with the active positions to find.
        explanation_coverage: of the samples with active positions, the share where the formula
            holds on some of them.
        sample_coverage: of the samples where the formula holds, the share where the unit is active
            on some of its positions.
    """

    pearson: float
    cosine_raw: float
    auprc: float
    explanation_coverage: float
    sample_coverage: float

    def __str__(self) -> str:
        return (
            f"correlation with the raw activations {self.pearson:.3f}, cosine "
            f"{self.cosine_raw:.3f}, AUPRC {self.auprc:.3f}, explanation coverage "
            f"{self.explanation_coverage:.3f}, sample coverage {self.sample_coverage:.3f}"
        )

    def as_dict(self) -> dict[str, float]:
        """Plain data, for JSON and tables."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, float]) -> Agreement:
        """Back from :meth:`as_dict`."""
        return cls(**{name: float(value) for name, value in data.items()})
