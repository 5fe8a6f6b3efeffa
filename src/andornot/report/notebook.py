"""How runs, results and explanations show themselves in a notebook, as HTML.

A notebook keeps what it shows, so that is small, and whole in itself.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any, Final

import numpy as np

from andornot._tools.shown import Shown
from andornot._tools.words import count
from andornot.report.notebook_samples import (
    CELL,
    KEY,
    NotebookSamples,
    cells,
    image_tag,
)
from andornot.results.explanation import Explanation
from andornot.results.result import Result
from andornot.views.given import Run
from andornot.views.in_notebook import first_units_with_samples, run_in_brief, unit_with_samples
from andornot.views.judged import DOUBTFUL, SURE, VerdictView
from andornot.views.unit import BestUnits, UnitEntry, best_entries, entry_of

_LOOKS: Final = {
    SURE: "background:#0a6b45;color:#fff;border:1px solid #0a6b45",
    DOUBTFUL: "border:1px solid #c2571a",
}
"""How the word of a verdict looks, by the look of its formula; it is told apart by the word."""

_BAR: Final = (220, 12)
"""Width and height of the bar, in pixels."""

_FIRST: Final = 8
"""Units of each layer that a run lists."""


def explanation_html(e: Explanation) -> str:
    """A unit: the verdict, its formula, how well it agrees, and the best of each length."""
    unit: UnitEntry[Any] = entry_of(e)
    if unit.formula is None:
        return _head(unit)
    rows = "".join(
        f"<tr><td>{row.label}</td><td>{row.iou:.3f}</td><td {CELL}>{escape(row.formula)}</td></tr>"
        for row in unit.each_length
    )
    return (
        f"{_unit(unit)}<table><thead><tr><th>concepts</th><th>IoU</th>"
        f"<th {CELL}>best formula in sample</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def result_html(result: Result) -> str:
    """What a layer comes to, its first units, and where pages are to be had."""
    best = best_entries(result)
    return (
        f"<p>{escape(' '.join(best.headline))}</p>{_table(best)}<p><small>Pages for a browser: "
        "<code>result.report(FOLDER, unit_masks, concepts)</code>; of a run: <code>andornot report "
        "RUN</code>.</small></p>"
    )


def run_html(run: Run) -> str:
    """What a run comes to, the first units of each layer, and how to see one."""
    brief = run_in_brief(run, _FIRST)
    layers = "".join(f"<p><b>{escape(name)}</b></p>{_table(best)}" for name, best in brief.layers)
    return (
        f"<p>{escape(' '.join(brief.headline))}</p>{layers}<p><small>With samples: "
        "<code>run.gallery()</code> has the first units, <code>run.show(UNIT)</code> one of them. "
        "Pages for a browser: <code>andornot report RUN</code>.</small></p>"
    )


def show_unit(run: Run, unit: int, layer: str | None, n_samples: int, data: Any) -> Shown:
    """A unit with the samples that show it."""
    view = unit_with_samples(run, unit, layer, n_samples, data)
    (entry,) = view.units
    own = view.samples()
    shown = own.key(view.level) + own.samples(entry.groups) if entry.groups else ""
    return Shown(_unit(entry) + shown, *view.text)


def show_gallery(run: Run, n: int, layer: str | None, n_samples: int, data: Any) -> Shown:
    """The first units of a layer with the samples that excite them most."""
    view = first_units_with_samples(run, n, layer, n_samples, data)
    head = f"{count(len(view.units), 'unit')} of {view.layer}, by verdict, then by gain:"
    own = view.samples()
    legend = own.key(view.level) if any(unit.groups for unit in view.units) else ""
    table = cells([_card(unit, own) for unit in view.units], own.in_row)
    return Shown(f"<p>{escape(head)}</p>{legend}{table}", "\n".join([head, *view.text]))


def _card(unit: UnitEntry[Any], samples: NotebookSamples[Any]) -> str:
    """A unit among others."""
    held = unit.judged.held_out
    told = "" if held is None else f"held-out IoU {held:.3f}"
    views = (view for group in unit.groups for view in group.samples)
    return _head(replace(unit, core=""), told) + samples.small(views)


def _unit(unit: UnitEntry[Any]) -> str:
    """A unit without its samples."""
    if unit.formula is None:
        return _head(unit)
    more = f"; {unit.judged.in_sample}" if unit.judged.in_sample else ""
    lines = (*unit.judged.lines, f"in sample: IoU {unit.iou:.3f}{more}")
    notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in (unit.twins,) if note)
    return (
        f"{_head(unit)}<p><small>{'<br>'.join(map(escape, lines))}</small></p>"
        f"{_steps(unit)}{notes}{_bar(unit)}<p><small>{escape(' '.join(unit.sentences))}</small></p>"
    )


def _head(unit: UnitEntry[Any], more: str = "") -> str:
    """The verdict first, then the formula, or that there is none that is worth the name."""
    told = [f"<b>unit {unit.unit}</b>"]
    if unit.title.is_formula:  # of what is no more than chance, nobody asks how much it explains
        said = "" if unit.judged.is_little else unit.judged.how_much  # the badge says it
        told += [escape(said)] if said else []
        told += [escape(unit.core)] if unit.core else []
    told += [more] if more else []
    first = f"<p>{_badge(unit.judged)}{' · '.join(told)}</p>"
    if unit.title.is_formula:
        return f"{first}<p>{_formula(unit)}</p>"
    below = f"<p>{_formula(unit)}</p>" if unit.formula else ""
    why = f"<br><small>{escape(unit.title.why)}</small>" if unit.title.why else ""
    return f"{first}<p><b>{escape(unit.title.text)}</b>{why}</p>{below}"


def _steps(unit: UnitEntry[Any]) -> str:
    """A formula one step a line, with what each adds; empty where there is one step only."""
    if unit.steps is None or len(unit.steps.steps) < 2:
        return ""
    rows = "".join(
        f"<tr><td {CELL}>{escape(step.text)}"
        f"{''.join(f'<br><small>{escape(note)}</small>' for note in step.notes)}</td>"
        f"<td>{step.gain}</td></tr>"
        for step in unit.steps.steps
    )
    meaning = f"<p><small>{escape(unit.steps.meaning)}</small></p>" if unit.steps.meaning else ""
    return f"<table><tbody>{rows}</tbody></table>{meaning}"


def _badge(judged: VerdictView) -> str:
    """The verdict as a word in a frame; nothing where there is no formula."""
    if not judged.verdict:
        return ""
    look = _LOOKS.get(judged.look, "border:1px solid #888")
    said = escape(judged.meaning, quote=True)
    style = f"{look};border-radius:1em;padding:0 .55em"
    return f'<b style="{style}" title="{said}">{judged.badge}</b> '


def _table(best: BestUnits) -> str:
    """The first units of a layer, a row each."""
    rows = "".join(map(_row, best.units))
    headers = ("unit", "verdict", "held out", "chance", "IoU", "agreement")
    head = "".join(f"<th>{header}</th>" for header in headers)
    return (
        f"<p>{best.n_explained:,} of {best.n_units:,} units have a formula; "
        f"the first {len(best.units)}, by verdict:</p>"
        f"<table><thead><tr>{head}<th {CELL}>formula</th></tr></thead>"
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
        f"<td {CELL}>{_formula(unit)}</td></tr>"
    )


def _formula(unit: UnitEntry[Any]) -> str:
    """A formula in the weight that it deserves."""
    text = escape(unit.formula or "")
    plain = '<span style="opacity:.6">' + text + "</span>" if unit.judged.look == DOUBTFUL else text
    return f"<b>{text}</b>" if unit.judged.look == SURE else plain


def _bar(unit: UnitEntry[Any]) -> str:
    """The positions of unit only, both, and formula only, as parts of a bar."""
    ends = np.cumsum((0, *unit.counts)) * _BAR[0] // max(1, sum(unit.counts))
    pixels = np.zeros((1, _BAR[0], 3), np.uint8)
    for (colour, _), first, last in zip(KEY, ends, ends[1:], strict=False):
        pixels[:, first:last] = colour
    told = ", ".join(f"{text}: {n:,}" for n, (_, text) in zip(unit.counts, KEY, strict=True))
    return image_tag(pixels, told, _BAR)
