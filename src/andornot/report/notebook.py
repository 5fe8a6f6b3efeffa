"""How explanations show themselves in a notebook, as HTML."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from andornot.results.explanation import Explanation
from andornot.results.result import Result
from andornot.views.unit import CSS_COLOURS, UnitEntry, best_entries, entry_of

_PARTS: Final = (("unit", "only the unit"), ("both", "both"), ("formula", "only the formula"))
"""The parts of the bar: their colours, and what they mean."""

_CELL: Final = 'style="text-align:left"'


def explanation_html(e: Explanation) -> str:
    """A unit: its formula, how well it agrees, and the best of each length."""
    unit: UnitEntry[Any] = entry_of(e)
    if unit.formula is None:
        return f"<p>{escape(f'unit {unit.unit}: {unit.status}')}</p>"
    rows = "".join(
        f"<tr><td>{row.label}</td><td>{row.iou:.3f}</td><td {_CELL}>{escape(row.formula)}</td></tr>"
        for row in unit.each_length
    )
    twins = f"<p>{escape(unit.twins)}</p>" if unit.twins else ""
    trust = f"<p>Trust: {escape(unit.trust)}</p>" if unit.trust else ""
    return (
        f"<p>unit {unit.unit}, IoU {unit.iou:.3f}<br><b>{escape(unit.formula)}</b></p>"
        f"{twins}{_bar(unit)}{trust}"
        f"<table><thead><tr><th>concepts</th><th>IoU</th><th {_CELL}>best formula</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def result_html(result: Result) -> str:
    """The best units of a layer, and how many there are."""
    best = best_entries(result)
    rows = "".join(
        f"<tr><td>{unit.unit}</td><td>{unit.iou:.3f}</td><td>{_bar(unit)}</td>"
        f"<td {_CELL}>{escape(unit.formula or '')}</td></tr>"
        for unit in best.units
    )
    return (
        f"<p>{best.n_explained:,} of {best.n_units:,} units have a formula; "
        f"the best {len(best.units)}:</p>"
        f"<table><thead><tr><th>unit</th><th>IoU</th><th>agreement</th><th {_CELL}>formula</th>"
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )


def _bar(unit: UnitEntry[Any]) -> str:
    """The positions of unit only, both, and formula only, as parts of a bar."""
    parts = "".join(
        f'<span title="{text}: {n:,}" style="flex:{n} 1 0;background:{CSS_COLOURS[name]}"></span>'
        for n, (name, text) in zip(unit.counts, _PARTS, strict=True)
    )
    return (
        '<div style="display:flex;width:16em;height:.9em;border:1px solid #888">' + parts + "</div>"
    )
