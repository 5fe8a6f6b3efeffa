"""What ``explain`` and ``show`` print of a run: what it comes to, its units, and the rest.

A terminal gets a table as wide as it is, or two lines for each unit where it is narrow; a file or
a pipe gets the table as TSV, and the rest as notes; ``--json`` gets all of it as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import Final, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from andornot.cli.ending import say
from andornot.cli.machine import is_watched, print_json, print_tsv
from andornot.views.judged import DOUBTFUL, SURE
from andornot.views.run_table import LayerTable, RunTable, UnitLine

Form = Literal["table", "tsv", "json"]

_VERDICT: Final = 10
"""The width of a verdict; longer ones take two lines, for the formula needs the room."""

_FORMULA, _SHARE = 28, 0.375
"""Columns of a terminal, and the share of all, that no number may take from the formula."""

_NARROW: Final = 50
"""Columns of a terminal below which a table is none."""

_PARTS: Final = 4
"""Parts of the work whose time is told."""

_FRAME: Final = 3
"""Columns that the lines of a table take for each of its own."""

_STYLES: Final = {SURE: "bold", DOUBTFUL: "dim"}

_NOT_LISTED: Final = ("look",)
"""What a line of a table knows for the eye only."""


def print_run(found: RunTable, form: Form | None = None, then: str = "") -> None:
    """Print the best units of each layer, what became of the others, and the time it took.

    Args:
        found: the run.
        form: how; if not given, a table for people, and TSV for files and pipes.
        then: what to do next, as the last line for people.
    """
    if form == "json":
        print_json(found)
    elif form == "tsv" or (form is None and not is_watched()):
        names = [field.name for field in fields(UnitLine) if field.name not in _NOT_LISTED]
        print_tsv((unit.as_dict() for layer in found.layers for unit in layer.units), names)
        for sentence in _all_sentences(found, then):
            say(sentence)
    else:
        _print_table(found, then)


def _all_sentences(found: RunTable, then: str) -> Iterator[str]:
    yield from found.headline.sentences
    for layer in found.layers:
        yield f"{layer.layer}: {len(layer.units):,} listed; {_units(layer)}"
        yield from layer.sentences
    yield from _ending(found)
    if then:
        yield then


def _print_table(found: RunTable, then: str) -> None:
    console = Console(markup=False, highlight=False)
    for sentence in found.headline.sentences:
        console.print(sentence, style="bold")
    for layer in found.layers:
        console.print()
        _print_layer(console, layer)
        console.print(_units(layer))
        for sentence in layer.sentences:
            console.print(sentence)
    console.print()
    for sentence in _ending(found):
        console.print(sentence)
    if then:
        console.print(then)


def _units(layer: LayerTable) -> str:
    """What became of all units of a layer."""
    status = ", ".join(f"{count} {state}" for state, count in layer.status.items())
    means = ", ".join(f"{iou:.4f}" for iou in layer.mean_iou_by_length)
    return f"{layer.n_units} units ({status}); mean IoU in sample by length: {means or 'none'}"


def _ending(found: RunTable) -> Iterator[str]:
    longest = sorted(found.seconds.items(), key=lambda one: -one[1])[:_PARTS]
    times = [f"{part} {seconds:.1f} s" for part, seconds in longest]
    rest = sum(found.seconds.values()) - sum(seconds for _, seconds in longest)
    told = ", ".join([*times, f"the rest {rest:.1f} s"] if len(found.seconds) > _PARTS else times)
    yield f"time: {told}; peak memory {found.peak_bytes / 2**30:.2f} GiB"
    if found.concepts_from:
        yield f"concepts: {found.concepts_from}"
    for note in found.notes:
        yield f"note: {note}"
    yield f"run: {found.folder}"


def _print_layer(console: Console, layer: LayerTable) -> None:
    """A table of units; two lines for each where a table would leave no room for formulas."""
    shown = [line for line in layer.units if line.formula is not None]
    if not shown:
        return
    # the frame's last line, and the columns that are always there
    always = 1 + 3 * _FRAME + _widest("unit", (line.unit for line in shown))
    always += min(_VERDICT, _widest("verdict", (line.verdict for line in shown)))
    least = max(_FORMULA, int(_SHARE * console.width))
    wanted = min(least, _widest("formula", (line.formula for line in shown)))
    if console.width < max(_NARROW, always + wanted):
        _print_lines(console, layer.title, shown)
        return
    cells = _fitting(_columns(layer, shown), console.width - always - wanted)
    table = Table(title=layer.title, title_justify="left")
    table.add_column("unit", justify="right", no_wrap=True)
    table.add_column("verdict", max_width=_VERDICT)
    for header in cells:
        is_text = header in ("extent", "leans to")
        table.add_column(header, justify="left" if is_text else "right", no_wrap=True)
    table.add_column("formula", overflow="fold")
    for line, *rest in zip(shown, *cells.values(), strict=True):
        formula = Text(str(line.formula))
        table.add_row(str(line.unit), line.verdict, *rest, formula, style=_STYLES.get(line.look))
    console.print(table)


def _print_lines(console: Console, title: str, shown: list[UnitLine]) -> None:
    console.print(Text(title, "italic"))
    for line in shown:
        held = "" if line.held_out is None else f", held out {_number(line.held_out)}"
        style = _STYLES.get(line.look, "")
        console.print(Text(f"{line.unit} {line.verdict}{held}{_span(line)}", style))
        console.print(Padding(Text(str(line.formula), style), (0, 0, 0, 2)))


def _span(line: UnitLine) -> str:
    told = _range(line)
    return f", from {told}" if told else ""


def _widest(header: str, cells: Iterable[object]) -> int:
    return max(cell_len(str(cell)) for cell in (header, *cells))


def _fitting(columns: dict[str, list[str]], room: int) -> dict[str, list[str]]:
    """The first columns that there is room for; those that come first matter most."""
    fitting = {}
    for header, cells in columns.items():
        room -= _widest(header, cells) + _FRAME
        if room < 0:
            break
        fitting[header] = cells
    return fitting


def _columns(layer: LayerTable, shown: list[UnitLine]) -> dict[str, list[str]]:
    """The cells of all columns between verdict and formula, those that matter most first."""

    def cells(cell: Callable[[UnitLine], str]) -> list[str]:
        return [cell(line) for line in shown]

    columns: dict[str, list[str]] = {}
    if any(line.range_low is not None for line in shown):
        columns["activation"] = cells(_range)
    if any(line.held_out is not None for line in shown):
        columns |= {
            "held out": cells(lambda line: _number(line.held_out)),
            "chance": cells(lambda line: _number(line.chance)),
            "gain": cells(lambda line: _number(line.gain, 2)),
            "extent": cells(lambda line: line.explains or "–"),
        }
    else:
        columns["IoU"] = cells(lambda line: _number(line.iou))
    if layer.metric != "iou":
        columns[layer.metric] = cells(lambda line: _number(line.score))
    if layer.has_head:
        columns["leans to"] = cells(_leaning)
    if "IoU" not in columns:
        columns |= {
            "precision": cells(lambda line: _number(line.precision, 2)),
            "recall": cells(lambda line: _number(line.recall, 2)),
            "IoU": cells(lambda line: _number(line.iou)),
        }
    return columns | {"1 concept": cells(lambda line: _number(line.iou_1))}


def _range(line: UnitLine) -> str:
    return "" if line.range_low is None else f"{line.range_low:.3g} to {line.range_high:.3g}"


def _leaning(line: UnitLine) -> str:
    return "none" if line.weight is None else f"{line.leans_to} {line.weight:+.2f}"


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
