"""``andornot reproduce``: the paper's main experiments, each figure beside the published one."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from andornot.cli.ending import goes_on_in
from andornot.cli.settings import GroupedCommand
from andornot.cli.table import options_of

if TYPE_CHECKING:
    from andornot.reproduce.figure import Figure
    from andornot.reproduce.reproduction import Reproduction


@click.group()
def reproduce() -> None:
    """Run the paper's main experiments, and print each figure beside the published one."""


@reproduce.command(cls=GroupedCommand)
@options_of("reproduce vision")
def vision(quiet: bool, **options: Any) -> None:
    """Explain ResNet-18 of Places365 on the ADE20K images of Broden, by up to 10 concepts."""
    _run("vision", quiet, options)


@reproduce.command(cls=GroupedCommand)
@options_of("reproduce nli")
def nli(quiet: bool, **options: Any) -> None:
    """Explain a BiLSTM classifier on SNLI's validation set, by formulas of up to 5 concepts."""
    _run("nli", quiet, options)


def _run(task: str, quiet: bool, options: dict[str, Any]) -> None:
    """Run an experiment, print its figures and write them."""
    from andornot._tools.folders import check_free_for
    from andornot._tools.progress import show_progress
    from andornot._tools.writable import check_folder
    from andornot.reproduce.reproduction import STEM
    from andornot.reproduce.request import ReproduceRequest

    show_progress(not quiet)
    request = ReproduceRequest(**options)
    check_folder(request.out)
    check_free_for(request.out, [f"{STEM}.*"])
    goes_on_in(request.run, "cache/**/*")
    made: Reproduction = import_module(f"andornot.reproduce.{task}").reproduce(request)
    files = made.write(request.out)
    if not quiet:
        _print(made)
    click.echo(f"written: {', '.join(map(str, files))}")


def _print(made: Reproduction) -> None:
    """Print a table for each group of figures, then the notes that they refer to."""
    from rich.console import Console

    from andornot.reproduce.figure import VERDICTS

    console, notes = Console(highlight=False), made.notes()
    console.width = max(console.width, _NARROWEST)
    console.print(f"\n{made.title}\n{made.standing.sentence}\n", markup=False)
    for name, figures in made.groups().items():
        console.print(_table(name, figures, notes))
    for why, number in notes.items():
        console.print(f"note {number}: {why}.", markup=False)
    seen = {figure.verdict for figure in made.figures}
    for verdict, text in VERDICTS.items():
        if verdict in seen:
            console.print(f"{verdict}: {text}.", markup=False)
    for sentence in made.remarks:
        console.print(f"keep in mind: {sentence}", markup=False)
    console.print(f"\n{made.summary}\n{made.standing.sentence}", markup=False)


_NARROWEST = 110
"""Columns that the tables need; a narrower terminal breaks their lines."""


def _table(name: str, figures: list[Figure], notes: dict[str, int]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from andornot.reproduce.figure import for_scale, shown

    table = Table(title=name, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("figure", overflow="fold", ratio=1)
    for header in ("paper", "here"):
        table.add_column(header, justify="right", overflow="fold", max_width=16)
    table.add_column("±", justify="right", no_wrap=True)
    table.add_column("verdict (note)", no_wrap=True)
    for f in figures:
        what = Text(f"{f.name} [{f.place}]")
        if f.beside:
            what.append(f"\n{f.beside}", style="dim")
        room = "" if f.tolerance is None else shown(f.tolerance)
        verdict = f"{f.verdict} ({notes[f.why]})" if f.why else f.verdict
        table.add_row(what, Text(for_scale(f)), Text(shown(f.ours)), room, verdict)
    return table
