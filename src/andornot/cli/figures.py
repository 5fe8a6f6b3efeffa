"""``andornot figures``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from andornot.cli.analyze import read_ids
from andornot.cli.options import DATA, LAYER, QUIET, RUN, TRUST_CODE, folder_name, open_run
from andornot.cli.settings import GroupedCommand
from andornot.cli.values import Names, UnitRanges
from andornot.errors import RunError
from andornot.figures import FIGURES, FORMATS, write_figures

_PATH = click.Path(path_type=Path)


@click.command(
    cls=GroupedCommand,
    headings={
        "What is drawn": ("layer", "only", "units", "classes", "samples", "vectors", "formats"),
        "Edits": ("source", "target", "also"),
    },
    epilog=f"Figures: {'; '.join(f'{n}: {what}' for n, what in FIGURES.items())}.",
)
@RUN
@LAYER
@click.option(
    "--out",
    type=_PATH,
    metavar="DIR",
    help="Write into this folder  [default: RUN/figures, with the layer if several].",
)
@click.option(
    "--format",
    "formats",
    type=Names(),
    default=",".join(FORMATS),
    show_default=True,
    metavar="NAMES",
    help="Write files of these kinds.",
)
@click.option("--only", type=Names(), metavar="NAMES", help="Draw only these figures.")
@click.option(
    "--units",
    type=UnitRanges(),
    metavar="3,5-9",
    help="Take these units as examples, instead of the best of each kind.",
)
@click.option(
    "--classes",
    type=Names(),
    metavar="NAMES",
    help="Draw contributions to these classes  [default: the 4 predicted most often].",
)
@click.option(
    "--vectors",
    type=_PATH,
    metavar="FILE",
    help="Read word vectors in GloVe's "
    "format, to tell kinds by their words  [default: those of the run's NEIGHBORS].",
)
@click.option(
    "--samples",
    type=_PATH,
    metavar="FILE",
    help="Read ids of samples, one a line, such as held-out ones, to judge accuracy on.",
)
@click.option("--from", "source", metavar="CLASS", help="Show edits that lead from this class.")
@click.option("--to", "target", metavar="CLASS", help="Show edits that lead to this class.")
@click.option(
    "--also",
    multiple=True,
    metavar="MODEL",
    help="Show the edits to this network too; may be repeated.",
)
@DATA
@TRUST_CODE
@QUIET
def figures(
    run: Path,
    layer: str | None,
    out: Path | None,
    formats: tuple[str, ...],
    only: tuple[str, ...] | None,
    trust_code: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Draw the paper's figures of a RUN, as files for print."""
    from andornot._tools.progress import show_progress
    from andornot._tools.writable import check_folder

    show_progress(not quiet)
    opened = open_run(run, trust_code)
    layer = opened.layer(layer)
    folder = out or opened.place(
        f"figures-{folder_name(layer)}" if len(opened.layers) > 1 else "figures"
    )
    check_folder(folder)
    written = write_figures(
        opened, folder, layer, only=only, formats=formats, choices=_choices(opened, options)
    )
    for file in written.files:
        click.echo(f"wrote {file}")
    for name, why in written.left_out.items():
        click.echo(f"{name}: left out: {why}")
    if not written.files:
        raise RunError(
            f"no figure could be drawn of {run}, for what is said above; choose others with --only"
        )


def _choices(run: Any, options: dict[str, Any]) -> Any:
    """What the options say of what to show."""
    from andornot.figures.request import Choices
    from andornot.runs.reopen import samples_from

    source, target = options["source"], options["target"]
    if (source is None) != (target is None):
        raise click.UsageError("give both --from and --to, or neither")
    if options["also"] and source is None:
        raise click.UsageError("--also is for edits; give --from and --to too")
    return Choices(
        data=samples_from(run, options["data"]),
        units=options["units"],
        classes=options["classes"],
        samples=read_ids(options["samples"]),
        similarity=options["vectors"],
        edit=None if source is None else (source, target),
        also=options["also"],
    )
