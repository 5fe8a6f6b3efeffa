"""Look at a run: ``andornot show`` and ``score``."""

from __future__ import annotations

from pathlib import Path

import click

from andornot.cli import completion
from andornot.cli.machine import print_json
from andornot.cli.options import AGAINST, DATA, JSON, LAYER, RUN, TRUST_CODE, open_run, refuse
from andornot.cli.settings import GroupedCommand
from andornot.cli.values import UnitRanges

SORTS = ("verdict", "held-out", "iou", "unit")
"""In which order units can be listed (``views.run_table.SORTS``, which need not be loaded)."""


@click.command()
@RUN
@click.argument("unit", type=int, shell_complete=completion.unit)
@click.argument("formula", nargs=-1, required=True, shell_complete=completion.formula)
@LAYER
@JSON
def score(run: Path, unit: int, formula: tuple[str, ...], layer: str | None, as_json: bool) -> None:
    """Score any FORMULA for a UNIT of a RUN: counts, all scores, IoU in each fold."""
    from andornot.runs.run import Run

    opened = Run.open(run)
    parsed = opened.concepts.parse(" ".join(formula))
    counts, folds = opened.score(unit, parsed, layer)
    report = {
        "unit": unit,
        "formula": str(parsed),
        "length": parsed.length,
        **vars(counts),
        **counts.scores(),
        "iou_by_fold": [fold.iou for fold in folds],
    }
    if as_json:
        print_json(report)
        return
    for name, value in report.items():
        if isinstance(value, list):
            value = "  ".join(f"{v:.4f}" for v in value)
        click.echo(f"{name:<12} {f'{value:.6f}' if isinstance(value, float) else value}")


@click.command(
    cls=GroupedCommand,
    headings={
        "Which units": ("layer", "units", "best", "sort", "against"),
        "What of them": ("samples", "near_twins"),
    },
)
@RUN
@LAYER
@click.option(
    "--best",
    type=click.IntRange(min=1),
    metavar="N",
    default=20,
    show_default=True,
    help="Show the N best units.",
)
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    default=SORTS[0],
    show_default=True,
    help="List units by verdict and gain, by held-out IoU, by IoU in sample, or by number.",
)
@AGAINST
@click.option("--units", type=UnitRanges(), metavar="3,5-9", help="Show these units one by one.")
@click.option(
    "--samples", type=int, metavar="N", help="Show units one by one, with N sentence pairs each."
)
@click.option(
    "--near-twins",
    is_flag=True,
    help="Show units one by one, and which concepts hold nearly where those of their formulas do.",
)
@DATA
@TRUST_CODE
@JSON
def show(
    run: Path,
    layer: str | None,
    best: int,
    sort: str,
    against: Path | None,
    units: list[int] | None,
    samples: int | None,
    near_twins: bool,
    data: str | None,
    trust_code: bool,
    as_json: bool,
) -> None:
    """Print the table of a RUN's best units again, or units with the sentences that show them.

    Where the output is a file or a pipe, the table is TSV.
    """
    opened = open_run(run, trust_code)
    if samples is not None and not opened.modality.terminal:
        raise click.UsageError(
            f"{run} was made from {opened.modality.samples}, which a terminal cannot show; leave "
            "--samples out, or use andornot report"
        )
    if units is None and samples is None and not near_twins:
        from andornot.cli.printing import print_run
        from andornot.views.run_table import run_table

        twin = None if against is None else open_run(against, trust_code=False)
        print_run(run_table(opened, best, layer, sort, twin), "json" if as_json else None)
        return
    refuse(["sort", "against"], "it is for the table of units")
    from andornot.runs.reopen import samples_from

    count = 10 if samples is None else samples
    how = {"layer": layer, "data": samples_from(opened, data), "near_twins": near_twins}
    if as_json:
        from andornot.views.in_words import units_in_words

        told = units_in_words(opened, units, best, count, **how)
        print_json({"run": str(run), "sentences": told.sentences, "units": list(told.units)})
        return
    from andornot.cli.terminal import print_units

    print_units(opened, units, best, count, **how)
