"""``andornot report``, and ``andornot page``, which was once another way to make such pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from andornot.cli import completion
from andornot.cli.ending import say
from andornot.cli.options import (
    AGAINST,
    DATA,
    LAYER,
    QUIET,
    RUN,
    TRUST_CODE,
    folder_name,
    open_run,
    refuse,
)
from andornot.cli.settings import GroupedCommand
from andornot.cli.values import UnitRanges

if TYPE_CHECKING:
    from andornot.runs.run import Run

_FOLDER: Final = click.Path(path_type=Path)


@click.command(
    cls=GroupedCommand,
    headings={
        "Which units": ("layer", "units", "best", "against"),
        "What of them": ("samples", "attacks"),
    },
)
@RUN
@click.option(
    "--layer", shell_complete=completion.layers, help="Show only this layer  [default: all]."
)
@click.option(
    "--units", type=UnitRanges(), metavar="3,5-9", help="Show only these units  [default: all]."
)
@click.option(
    "--best",
    type=click.IntRange(min=1),
    metavar="N",
    help="Show only the N best units of each layer.",
)
@click.option(
    "--samples", type=int, default=16, show_default=True,
    metavar="N",
    help="Show N samples for each unit.",
)  # fmt: skip
@click.option(
    "--attack", "attacks", type=_FOLDER, multiple=True, metavar="DIR",
    help="Show what andornot attack --out wrote here; may be repeated.",
)  # fmt: skip
@AGAINST
@DATA
@TRUST_CODE
@click.option("--out", type=_FOLDER, help="Write into this folder  [default: RUN/report].")
@QUIET
def report(run: Path, trust_code: bool, out: Path | None, quiet: bool, **options: Any) -> None:
    """Show all of a RUN as a folder of pages that opens in any browser, without a network."""
    from andornot._tools.progress import show_progress

    if options["units"] is not None:
        refuse(["best"], "--units says which units")
    show_progress(not quiet)
    opened = open_run(run, trust_code)
    if options["against"] is not None:
        options["against"] = open_run(options["against"], trust_code=False)
    _write(opened, out or opened.place("report"), n_units=options.pop("best"), **options)


@click.command()
@RUN
@LAYER
@click.option(
    "--units", type=UnitRanges(), metavar="3,5-9", help="Show these units  [default: the best]."
)
@click.option(
    "--best",
    type=click.IntRange(min=1),
    metavar="N",
    default=20,
    show_default=True,
    help="Show the N best units.",
)
@click.option(
    "--samples",
    type=int,
    metavar="N",
    help="Show N samples for each unit  [default: 8 images, 10 of other samples].",
)
@DATA
@TRUST_CODE
@click.option(
    "--out",
    type=_FOLDER,
    help="Write into this folder  [default: RUN/page, with the layer if several].",
)
@QUIET
def page(run: Path, trust_code: bool, out: Path | None, quiet: bool, **options: Any) -> None:
    """Alias of "andornot report --units": pages of a few units of a layer of a RUN."""
    from andornot._tools.progress import show_progress

    show_progress(not quiet)
    opened = open_run(run, trust_code)
    layer = options["layer"] = opened.layer(options["layer"])
    several = len(opened.layers) > 1
    folder = out or opened.place(f"page-{folder_name(layer)}" if several else "page")
    if options["samples"] is None:
        options["samples"] = opened.modality.shown
    _write(opened, folder, n_units=options.pop("best"), **options)
    say("andornot page is an old name: andornot report --units (or --best) is its name now")


def _write(run: Run, folder: Path, *, samples: int, data: str | None, **options: Any) -> None:
    """Write a report on an opened run, and say where it is."""
    from andornot._tools.writable import check_page
    from andornot.report.write import write_report
    from andornot.runs.reopen import samples_from

    check_page(folder)
    written = write_report(run, folder, n_samples=samples, data=samples_from(run, data), **options)
    click.echo(f"wrote {written}")
