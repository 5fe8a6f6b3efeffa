"""How explanations show themselves in a notebook, as HTML."""

from __future__ import annotations

from html import escape
from typing import Final

from andornot.results.explanation import Explanation
from andornot.results.result import Result

_BEST: Final = 20
_COUNTS: Final = (("fn", "#d55e00", "only the unit"), ("tp", "#faf0a0", "both"),
                  ("fp", "#268be2", "only the formula"))  # fmt: skip
_CELL: Final = 'style="text-align:left"'


def explanation_html(e: Explanation) -> str:
    """A unit: its formula, how well it agrees, and the best of each length."""
    if e.formula is None:
        return f"<p>{escape(str(e))}</p>"
    rows = "".join(
        f"<tr><td>{n}</td><td>{best.iou:.3f}</td><td {_CELL}>{escape(str(best.formula))}</td></tr>"
        for n, best in enumerate(e.best_by_length, start=1)
        # a row for a length only where its formula is new; else it is that of the row above
        if best is not None and best.formula.length == n
    )
    trust = "" if e.trust is None else f"<p>Trust: {escape(str(e.trust))}</p>"
    return (
        f"<p>unit {e.unit}, IoU {e.iou:.3f}<br><b>{escape(str(e.formula))}</b></p>{_bar(e)}{trust}"
        f"<table><thead><tr><th>concepts</th><th>IoU</th><th {_CELL}>best formula</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def result_html(result: Result) -> str:
    """The best units of a layer, and how many there are."""
    shown = [e for e in result.best(_BEST) if e.formula is not None]
    rows = "".join(
        f"<tr><td>{e.unit}</td><td>{e.iou:.3f}</td><td>{_bar(e)}</td>"
        f"<td {_CELL}>{escape(str(e.formula))}</td></tr>"
        for e in shown
    )
    n = sum(e.formula is not None for e in result)
    return (
        f"<p>{n:,} of {len(result):,} units have a formula; the best {len(shown)}:</p>"
        f"<table><thead><tr><th>unit</th><th>IoU</th><th>agreement</th><th {_CELL}>formula</th>"
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )


def _bar(e: Explanation) -> str:
    """The positions of unit only, both, and formula only, as parts of a bar."""
    parts = "".join(
        f'<span title="{text}: {getattr(e.counts, name):,}" '
        f'style="flex:{getattr(e.counts, name)} 1 0;background:{colour}"></span>'
        for name, colour, text in _COUNTS
    )
    return (
        '<div style="display:flex;width:16em;height:.9em;border:1px solid #888">' + parts + "</div>"
    )
