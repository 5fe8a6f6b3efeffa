"""Look at a run: ``andornot show``, ``score`` and ``pictures``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from andornot.cli.printing import print_run
from andornot.cli.values import Units


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("unit", type=int)
@click.argument("formula")
@click.option("--layer", help="Layer, where the run has several.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def score(run: Path, unit: int, formula: str, layer: str | None, as_json: bool) -> None:
    """Score any FORMULA for a UNIT of a RUN: counts, all scores, IoU in each fold."""
    from andornot.formula import parse
    from andornot.run import Run

    parsed = parse(formula)
    counts, folds = Run.open(run).score(unit, parsed, layer)
    report = {
        "unit": unit,
        "formula": str(parsed),
        "length": parsed.length,
        **vars(counts),
        **counts.scores(),
        "iou_by_fold": [fold.iou for fold in folds],
    }
    if as_json:
        click.echo(json.dumps(report))
        return
    for name, value in report.items():
        if isinstance(value, list):
            value = "  ".join(f"{v:.4f}" for v in value)
        click.echo(f"{name:<12} {f'{value:.6f}' if isinstance(value, float) else value}")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--layer", help="Layer, where the run has several.")
@click.option("--best", type=int, default=20, show_default=True, help="Units to show.")
def show(run: Path, layer: str | None, best: int) -> None:
    """Print the table of a RUN's best units again."""
    from andornot.run import Run

    print_run(Run.open(run), best, layer)


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--layer", help="Layer, where the run has several.")
@click.option("--units", type=Units(), metavar="3,5-9", help="These units; default: the best.")
@click.option("--best", type=int, default=20, show_default=True, help="Number of units.")
@click.option("--samples", type=int, default=8, show_default=True, help="Images for each unit.")
@click.option("--data", metavar="SPEC", help="The run's data, if it has moved.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder; default RUN/pictures (with the layer, if several).",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def pictures(run: Path, out: Path | None, quiet: bool, **options: Any) -> None:
    """Draw units of a RUN: image, unit's mask and formula's mask side by side, on one page."""
    from andornot.probing.open import open_data
    from andornot.progress import show_progress
    from andornot.report.page import write_pictures
    from andornot.run import Run

    show_progress(not quiet)
    opened = Run.open(run)
    layer = opened.layer(options["layer"])
    several = len(opened.layers) > 1
    page = write_pictures(
        opened,
        out or run / (f"pictures-{layer}" if several else "pictures"),
        layer=layer,
        units=options["units"],
        n_units=options["best"],
        n_samples=options["samples"],
        data=None if options["data"] is None else open_data(options["data"]),
    )
    click.echo(f"wrote {page}")
