"""``andornot explain`` and ``andornot layers``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from andornot.cli.config import read_config
from andornot.cli.options import (
    MODEL_OPTIONS,
    SEARCH_OPTIONS,
    data_of,
    model_of,
    preprocessing_of,
    search_of,
    threshold_of,
    tokens_and_layout,
    with_options,
)
from andornot.cli.printing import print_run
from andornot.cli.values import Units
from andornot.errors import OptionError


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    callback=read_config,
    is_eager=True,
    metavar="FILE",
    help="YAML or TOML file with any of these options.",
)
@with_options(MODEL_OPTIONS)
@click.option(
    "--layer",
    "layers",
    multiple=True,
    required=True,
    metavar="PATH",
    help="Dotted path of a layer (see andornot layers); may be given several times.",
)
@click.option("--data", required=True, metavar="SPEC", help="broden:DIR or labelmaps:DIR.")
@click.option("--split", help="Use only the samples of this split.")
@click.option("--samples", type=int, metavar="N", help="Use at most N samples, spread evenly.")
@click.option(
    "--colors",
    is_flag=False,
    flag_value="yes",
    metavar="[TABLE.csv]",
    help="Take the eleven basic colours from the pixels.",
)
@click.option(
    "--quantile", type=float, help="Share of activations above the threshold [default: 0.005]."
)
@click.option("--threshold", type=float, help="Fixed threshold instead of a quantile.")
@click.option(
    "--resolution",
    type=click.Choice(["native", "upsampled"]),
    default="native",
    show_default=True,
    help="Take the quantile over native or upsampled maps.",
)
@with_options(SEARCH_OPTIONS)
@click.option("--units", type=Units(), metavar="0-63,70", help="Explain only these units.")
@click.option("--folds", type=int, default=5, show_default=True, help="Folds of samples.")
@click.option("--batch-size", type=int, default=32, show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, ...")
@click.option("--jobs", type=int, help="Threads; default all cores.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="RUN",
    help="Directory of the run; one that was interrupted goes on.",
)
@click.option("--best", type=int, default=15, show_default=True, help="Units to print.")
@click.option("--quiet", is_flag=True, help="No progress bars, no table.")
def explain(out: Path, best: int, quiet: bool, **options: Any) -> None:
    """Explain the units of one or several layers: a table of formulas, and a run directory."""
    from andornot.dissection import Recording, dissect
    from andornot.progress import show_progress

    show_progress(not quiet)
    model = model_of(options)
    run = dissect(
        model,
        options["layers"],
        data_of(options),
        out,
        preprocessing=preprocessing_of(options, model.preprocessing),
        threshold=threshold_of(options),
        recording=Recording(options["batch_size"], options["device"], **tokens_and_layout(options)),
        folds=options["folds"],
        units=options["units"],
        jobs=options["jobs"],
        **search_of(options),
    )
    if not quiet:
        print_run(run, best)


@click.command()
@with_options(MODEL_OPTIONS)
def layers(**options: Any) -> None:
    """List the layers of a network that can be explained, with their output for one image."""
    import torch
    from rich.console import Console
    from rich.table import Table

    from andornot.models import list_layers

    model = model_of(options)
    chosen = preprocessing_of(options, model.preprocessing)
    if chosen is None:
        raise OptionError(f"{options['model']} does not say its input size; give --size")
    blank = torch.zeros(1, 3, chosen.height, chosen.width)
    found = list_layers(model.module, blank, **tokens_and_layout(options))
    table = Table()
    for header in ("layer", "type", "output", "units", "map"):
        table.add_column(header, overflow="fold")
    for info in found:
        shape, grid = "x".join(map(str, info.shape)), "x".join(map(str, info.grid))
        table.add_row(info.path, info.type, shape, str(info.units), grid)
    Console().print(table)
