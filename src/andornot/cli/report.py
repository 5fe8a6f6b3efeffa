"""``andornot report``, and ``andornot page``, which was once another way to make such pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from andornot.cli.ending import say
from andornot.cli.options import TRUST_CODE, folder_name, open_run, refuse
from andornot.cli.values import Units

if TYPE_CHECKING:
    from andornot.runs.run import Run

_FOLDER: Final = click.Path(path_type=Path)


@click.command()
@click.argument("run", type=_FOLDER)
@click.option("--layer", help="Only this layer; default: all.")
@click.option("--units", type=Units(), metavar="3,5-9", help="Only these units; default: all.")
@click.option(
    "--best", type=click.IntRange(min=1), metavar="N", help="Only the N best units of each layer."
)
@click.option(
    "--samples", type=int, default=16, show_default=True,
    help="Images or sentence pairs for each unit.",
)  # fmt: skip
@click.option(
    "--attack", "attacks", type=_FOLDER, multiple=True, metavar="DIR",
    help="What andornot attack --out wrote; may be repeated.",
)  # fmt: skip
@click.option("--data", metavar="SPEC", help="The run's data, if it has moved.")
@TRUST_CODE
@click.option("--out", type=_FOLDER, help="Folder; default RUN/report.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
def report(run: Path, trust_code: bool, out: Path | None, quiet: bool, **options: Any) -> None:
    """Show all of a RUN as a folder of pages that opens in any browser, without a network."""
    from andornot._tools.progress import show_progress

    if options["units"] is not None:
        refuse(["best"], "--units says which units")
    show_progress(not quiet)
    opened = open_run(run, trust_code)
    _write(opened, out or opened.place("report"), n_units=options.pop("best"), **options)


@click.command()
@click.argument("run", type=_FOLDER)
@click.option("--layer", help="Layer, where the run has several.")
@click.option("--units", type=Units(), metavar="3,5-9", help="These units; default: the best.")
@click.option(
    "--best", type=click.IntRange(min=1), default=20, show_default=True, help="Number of units."
)
@click.option(
    "--samples", type=int, help="Images or sentence pairs for each unit [default: 8, 10]."
)
@click.option("--data", metavar="SPEC", help="The run's data, if it has moved.")
@TRUST_CODE
@click.option("--out", type=_FOLDER, help="Folder; default RUN/page (with the layer, if several).")
@click.option("--quiet", is_flag=True, help="No progress bars.")
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
