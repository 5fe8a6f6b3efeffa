"""IoU against accuracy over units, and their correlation by maximum length of the formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from andornot.analyses.accuracy import ACTIVE, CAUSAL
from andornot.analyses.answer import Answer
from andornot.errors import RunError
from andornot.views.plain import View


@dataclass(frozen=True)
class CorrelationByLength(View):
    """A correlation at each maximum length, with its interval."""

    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class AccuracyPanel(View):
    """One quantity against IoU.

    Attributes:
        quantity: a key of ``analyses.accuracy.ACTIVE`` or ``CAUSAL``.
        meaning: what that is, in words.
        iou, values: a point for each unit.
        lengths: the maximum lengths of formulas.
        pearson: Pearson's correlation of the two at each of them.
        given_size: the same with the number of active samples held fixed.
        p: the p-value at the longest.
        n: how many units are compared.
    """

    quantity: str
    meaning: str
    iou: tuple[float, ...]
    values: tuple[float, ...]
    lengths: tuple[int, ...]
    pearson: CorrelationByLength
    given_size: CorrelationByLength
    p: float
    n: int


@dataclass(frozen=True)
class AccuracyFigure(View):
    """IoU and accuracy.

    Attributes:
        panels: one or two quantities.
        longest: the largest maximum length.
        sentences: what was found.
    """

    panels: tuple[AccuracyPanel, ...]
    longest: int
    sentences: tuple[str, ...]


def accuracy_figure(answer: Answer, least_active: int) -> AccuracyFigure:
    """What the figure shows.

    Args:
        answer: of ``analyses.accuracy``.
        least_active: what it was asked with; other units are left out here too.

    Raises:
        RunError: nothing varies that could be compared with IoU.
    """
    found, units = answer.tables["correlations"], answer.tables["units"]
    units = units[units["active_samples"] >= least_active]
    shown = _shown(found, units)
    if not shown:
        raise RunError(
            "too few units can be compared, or all are alike, so there is no correlation with IoU "
            "to draw; probe more samples that have a class"
        )
    return AccuracyFigure(
        panels=tuple(_panel(units, found, quantity) for quantity in shown),
        longest=int(found["length"].max()),
        sentences=tuple(answer.sentences),
    )


def _shown(found: pd.DataFrame, units: pd.DataFrame) -> list[str]:
    """For each column the first quantity that differs among most units."""
    known = set(found["quantity"])
    shown = []
    for quantities in (ACTIVE, CAUSAL):
        left = [q for q in quantities if q in known]
        telling = [q for q in left if units[q].nunique() > len(units) // 10]
        shown += (telling or left)[:1]
    return shown


def _panel(units: pd.DataFrame, found: pd.DataFrame, quantity: str) -> AccuracyPanel:
    rows = found[found["quantity"] == quantity]
    last = rows.iloc[-1]
    return AccuracyPanel(
        quantity=quantity,
        meaning={**ACTIVE, **CAUSAL}[quantity],
        iou=_floats(units["iou"]),
        values=_floats(units[quantity]),
        lengths=tuple(int(n) for n in rows["length"]),
        pearson=_correlation(rows, "pearson"),
        given_size=_correlation(rows, "given_size"),
        p=float(last["pearson_p"]),
        n=int(last["n"]),
    )


def _correlation(rows: pd.DataFrame, name: str) -> CorrelationByLength:
    return CorrelationByLength(*(_floats(rows[f"{name}{end}"]) for end in ("", "_low", "_high")))


def _floats(column: Any) -> tuple[float, ...]:
    return tuple(map(float, column))
