"""Explanations as rows of a table, in data frames and in ``explanations.parquet``.

The columns are public: some may be added, none goes (``docs/reference/deprecation.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from andornot.results.explanation import Explanation, Twins


def explanation_row(e: Explanation) -> dict[str, Any]:
    """An explanation as a row of a table: formula, scores, counts, the best of each length."""
    row: dict[str, Any] = {
        "unit": e.unit,
        "formula": None if e.formula is None else str(e.formula),
        "iou": e.iou,
        "length": 0 if e.formula is None else e.formula.length,
        "tp": e.counts.tp,
        "fp": e.counts.fp,
        "fn": e.counts.fn,
        "tn": e.counts.tn,
        "status": e.status,
        "score": e.score,
        "upper_bound": e.certificate.upper_bound,
        "proven": e.certificate.proven,
        "ceiling": e.certificate.ceiling,
        "attained": e.certificate.attained,
        "ties": e.certificate.ties,
        "twins": _twins_text(e.twins),
    }
    row |= {name: value for name, value in e.counts.scores().items() if name != "iou"}
    for n, best in enumerate(e.best_by_length, start=1):
        row[f"formula_{n}"] = None if best is None else str(best.formula)
        row[f"iou_{n}"] = 0.0 if best is None else best.iou
    if e.range is not None:
        row |= {"range_low": e.range[0], "range_high": e.range[1]}
    if e.agreement is not None:
        row |= e.agreement.as_dict()
    if e.support is not None and e.support.groups is not None:
        row |= {"active_groups": e.support.groups}
    return row if e.trust is None else row | _judged(e) | e.trust.columns()


def _judged(e: Explanation) -> dict[str, Any]:
    """The verdict, and the formula that it is about."""
    shown = e.shown
    return {
        "verdict": None if e.verdict is None else str(e.verdict),
        "shown_formula": None if shown is None else str(shown.formula),
        "shown_iou": None if shown is None else shown.iou,
        "shown_twins": "" if shown is None else _twins_text(shown.twins),
    }


def _twins_text(twins: Sequence[Twins]) -> str:
    """Concepts and what cannot be told from them in a cell: ``asked = refund; late = rude``."""
    # empty and not None where there is nothing, so that the column always is one of texts
    return "; ".join(map(str, twins))
