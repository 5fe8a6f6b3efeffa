"""How explanations show themselves in a notebook, as HTML."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from andornot.results.explanation import Explanation
from andornot.results.result import Result
from andornot.views.judged import DOUBTFUL, SURE
from andornot.views.unit import CSS_COLOURS, UnitEntry, best_entries, entry_of

_PARTS: Final = (("unit", "only the unit"), ("both", "both"), ("formula", "only the formula"))
"""The parts of the bar: their colours, and what they mean."""

_CELL: Final = 'style="text-align:left"'


def explanation_html(e: Explanation) -> str:
    """A unit: the verdict, its formula, how well it agrees, and the best of each length."""
    unit: UnitEntry[Any] = entry_of(e)
    if unit.formula is None:
        return f"<p>{escape(f'unit {unit.unit}: {unit.status}')}</p>"
    rows = "".join(
        f"<tr><td>{row.label}</td><td>{row.iou:.3f}</td><td {_CELL}>{escape(row.formula)}</td></tr>"
        for row in unit.each_length
    )
    known = "".join(f"<br>{escape(line)}" for line in unit.judged.lines)
    more = f"; {unit.judged.in_sample}" if unit.judged.in_sample else ""
    twins = f"<p>{escape(unit.twins)}</p>" if unit.twins else ""
    return (
        f"<p>unit {unit.unit}: <b>{unit.judged.verdict}</b>, {escape(unit.judged.meaning)}<br>"
        f"{_formula(unit)}{known}</p>{twins}"
        f"<p>In sample: IoU {unit.iou:.3f}{escape(more)}</p>{_bar(unit)}"
        f"<table><thead><tr><th>concepts</th><th>IoU</th><th {_CELL}>best formula</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def result_html(result: Result) -> str:
    """What a layer comes to, and its first units."""
    best = best_entries(result)
    rows = "".join(map(_row, best.units))
    headers = ("unit", "verdict", "held out", "chance", "IoU", "agreement")
    head = "".join(f"<th>{header}</th>" for header in headers)
    return (
        f"<p>{escape(' '.join(best.headline))}</p>"
        f"<p>{best.n_explained:,} of {best.n_units:,} units have a formula; "
        f"the first {len(best.units)}, by verdict:</p>"
        f"<table><thead><tr>{head}<th {_CELL}>formula</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _row(unit: UnitEntry[Any]) -> str:
    judged = unit.judged
    numbers = "".join(
        f"<td>{'–' if iou is None else f'{iou:.3f}'}</td>"
        for iou in (judged.held_out, judged.chance, unit.iou)
    )
    return (
        f"<tr><td>{unit.unit}</td><td>{judged.verdict}</td>{numbers}<td>{_bar(unit)}</td>"
        f"<td {_CELL}>{_formula(unit)}</td></tr>"
    )


def _formula(unit: UnitEntry[Any]) -> str:
    """A formula in the weight that it deserves."""
    text = escape(unit.formula or "")
    plain = '<span style="opacity:.6">' + text + "</span>" if unit.judged.look == DOUBTFUL else text
    return f"<b>{text}</b>" if unit.judged.look == SURE else plain


def _bar(unit: UnitEntry[Any]) -> str:
    """The positions of unit only, both, and formula only, as parts of a bar."""
    parts = "".join(
        f'<span title="{text}: {n:,}" style="flex:{n} 1 0;background:{CSS_COLOURS[name]}"></span>'
        for n, (name, text) in zip(unit.counts, _PARTS, strict=True)
    )
    return (
        '<div style="display:flex;width:16em;height:.9em;border:1px solid #888">' + parts + "</div>"
    )
