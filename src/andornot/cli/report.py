"""``andornot report``."""

from __future__ import annotations

from pathlib import Path

import click

from andornot.cli.options import TRUST_CODE, open_run
from andornot.cli.values import Units

_FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("run", type=_FOLDER)
@click.option("--layer", help="Only this layer; default: all.")
@click.option("--units", type=Units(), metavar="3,5-9", help="Only these units; default: all.")
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
def report(
    run: Path,
    layer: str | None,
    units: list[int] | None,
    samples: int,
    attacks: tuple[Path, ...],
    data: str | None,
    trust_code: bool,
    out: Path | None,
    quiet: bool,
) -> None:
    """Show all of a RUN as a folder of pages that opens in any browser, without a network."""
    from andornot.progress import show_progress
    from andornot.report.site.write import write_report
    from andornot.runs.reopen import samples_from
    from andornot.writable import check_page

    show_progress(not quiet)
    opened = open_run(run, trust_code)
    folder = out or opened.place("report")
    check_page(folder)
    written = write_report(
        opened,
        folder,
        units,
        samples,
        layer=layer,
        attacks=attacks,
        data=samples_from(opened, data),
    )
    click.echo(f"wrote {written}")
