"""The command line of the benchmarks; ``andornot bench`` hands its words on to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from andornot.cli import SETTINGS
from andornot.cli.options import model_of, preprocessing_of, tokens_and_layout
from andornot.cli.table import options_of
from andornot.cli.values import UnitRanges

F = TypeVar("F", bound=Callable[..., Any])


def _number(flag: str, default: int, what: str) -> Callable[[F], F]:
    """An option that is a whole number."""
    return click.option(flag, type=int, default=default, show_default=True, metavar="N", help=what)


_JOBS = click.option("--jobs", type=int, help="Use N threads  [default: all cores].")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group(invoke_without_command=True, context_settings=SETTINGS)
@_JSON
@_number("--samples", 22_210, "Draw N samples.")
@_number("--units", 512, "Draw N units.")
@_number("--concepts", 1_291, "Draw N concepts.")
@_number("--length", 10, "Search for formulas of up to N concepts.")
@_number("--beam-size", 10, "Keep N formulas at each step.")
@_number("--seed", 0, "Draw from this seed.")
@_JOBS
@click.option("--quick", is_flag=True, help="Take a small problem instead of the paper's size.")
@click.option("--no-peer", is_flag=True, help="Leave compositional_explanations out.")
@click.pass_context
def bench(ctx: click.Context, /, as_json: bool, no_peer: bool, **options: Any) -> None:
    """Time every stage on synthetic data of the paper's size.

    `text` does so for sentence pairs; `real` times a real run; `units` explains very many units,
    `scale` grows the number of samples; `peer` runs another package beside; `shortfall` says what
    beam searches miss; `proof` what proofs cost; `planted` what is found of units whose meaning is
    known; `null` what is said of units without any.
    """
    if ctx.invoked_subcommand is None:
        from benchmarks.measure import run_bench

        _print_bench(run_bench(peer=not no_peer, **options), as_json)


@bench.command("real")
@options_of("layers", "Network")
@click.option(
    "--layer", required=True, metavar="PATH", help="Take the layer with this dotted path."
)
@click.option("--data", required=True, metavar="SPEC", help="Name the data, as broden:DIR.")
@_number("--length", 10, "Search for formulas of up to N concepts.")
@_number("--beam-size", 10, "Keep N formulas at each step.")
@_JOBS
def bench_real(as_json: bool, **options: Any) -> None:
    """Time a real run, stage by stage; the run itself is thrown away."""
    from andornot.probes.base import Recording
    from benchmarks.measure import bench_real as run_bench_real

    model = model_of(options)
    report = run_bench_real(
        options["data"],
        model,
        options["layer"],
        preprocessing=preprocessing_of(options, model.preprocessing),
        recording=Recording(**tokens_and_layout(options)),
        length=options["length"],
        beam_size=options["beam_size"],
        jobs=options["jobs"],
    )
    _print_bench(report, as_json)


@bench.command("text")
@_number("--pairs", 10_000, "Draw N sentence pairs.")
@_number("--words", 2_000, "Draw N words.")
@_number("--units", 1_024, "Draw N units.")
@_number("--length", 5, "Search for formulas of up to N concepts.")
@_number("--beam-size", 10, "Keep N formulas at each step.")
@_number("--seed", 0, "Draw from this seed.")
@_JOBS
@click.option("--quick", is_flag=True, help="Take a small problem.")
@_JSON
def bench_text(as_json: bool, **options: Any) -> None:
    """Time concepts, counting and search on synthetic sentence pairs."""
    from benchmarks.text import run_text_bench

    _print_bench(run_text_bench(**options), as_json)


@bench.command("peer")
@_number("--seed", 0, "Draw from this seed.")
@_JOBS
@click.option("--quick", is_flag=True, help="Take small problems.")
@_JSON
def bench_peer(as_json: bool, **options: Any) -> None:
    """Compare beam and optimal searches with the package compositional_explanations."""
    from benchmarks import peer

    if not peer.installed():
        click.echo("null" if as_json else peer.ABSENT)
        return
    report = peer.compare_all(**options)
    if as_json:
        click.echo(json.dumps(report))
    else:
        click.echo("\n".join(line for part in report.values() for line in peer.lines(part)))


@bench.command("shortfall")
@click.argument("run_path", metavar="RUN", type=click.Path(file_okay=False))
@click.option("--layer", help="Take this layer, where the run has several.")
@_number("--length", 3, "Search for formulas of up to N concepts.")
@click.option("--beam-sizes", type=UnitRanges(), default="1,2,5,10,20,50,100", show_default=True,
              metavar="N,N,...", help="Try these sizes.")  # fmt: skip
@click.option(
    "--units", type=UnitRanges(), metavar="3,5-9", help="Take these units  [default: all]."
)
@click.option("--trees", "over_trees", is_flag=True, help="Compare with the optimum of trees.")
@_JOBS
@_JSON
def bench_shortfall(as_json: bool, run_path: str, **options: Any) -> None:
    """Say how often, and by how much, beam searches fall short of the proven optimum in RUN."""
    from andornot.runs.run import Run
    from benchmarks.shortfall import lines, shortfall

    report = shortfall(Run.open(run_path), **options)
    _print_lines(report, lines, as_json)


_TRIAL = (
    click.option("--data", default="drawn", show_default=True, metavar="SPEC",
                 help="Plant units over these annotations: drawn, tokens, broden:DIR, snli:FILE, "
                 "..."),
    click.option("--samples", type=int, help="Search on so many samples, and keep as many or more "
                 "aside  [default: 200 drawn maps, 2,000 drawn rows, half of real data]."),
    _number("--length", 3, "Search for formulas of up to N concepts."),
    _number("--nulls", 39, "Shuffle the samples N times."),
    _number("--frames", 1, "Repeat each sample N times with small changes, as a group."),
    click.option("--ignore-groups", is_flag=True, help="Do not tell the search of groups."),
    click.option("--maps", is_flag=True, help="Plant maps of activations, not masks."),
    _number("--seed", 0, "Draw from this seed."),
    _JOBS,
    _JSON,
)  # fmt: skip


def _trial(command: F) -> F:
    """What planted units are drawn and searched with."""
    for option in reversed(_TRIAL):
        command = option(command)
    return command


@bench.command("planted")
@_number("--each", 4, "Plant N units of each meaning, noise and strength.")
@click.option("--figure", type=click.Path(dir_okay=False),
              help="Draw the shares of verdicts too: .svg, .png, .pdf.")  # fmt: skip
@_trial
def bench_planted(as_json: bool, figure: str | None, **options: Any) -> None:
    """Plant units whose meaning is known, spoil them, and say what is found of it."""
    from benchmarks.calibration import Trial, planted_lines, run_planted_bench
    from benchmarks.planted_figure import draw
    from benchmarks.plots import check_plot

    if figure is not None:
        check_plot(figure)
    report = run_planted_bench(Trial(**options))
    _print_lines(report, planted_lines, as_json)
    if figure is not None:
        draw(report, figure)


@bench.command("null")
@_number("--each", 100, "Plant N units of each sort.")
@_trial
def bench_null(as_json: bool, **options: Any) -> None:
    """Plant units without any meaning, and say how many are called more than chance."""
    from benchmarks.calibration import Trial, null_lines, run_null_bench

    report = run_null_bench(Trial(**options))
    _print_lines(report, null_lines, as_json)


@bench.command("proof")
@click.argument("run_path", metavar="[RUN]", required=False, type=click.Path(file_okay=False))
@click.option("--layer", help="Take this layer, where the run has several.")
@click.option("--length", "lengths", type=UnitRanges(), default="3", show_default=True,
              metavar="3,5", help="Prove optima of these lengths.")  # fmt: skip
@click.option(
    "--seconds",
    type=float,
    default=10.0,
    show_default=True,
    help="Give each unit so long.",
)
@_number("--units", 40, "Draw N units.")
@_number("--noise", 8, "Draw N units of pure noise; not with RUN.")
@_number("--samples", 22_210, "Draw so many; not with RUN.")
@_number("--concepts", 1_291, "Draw so many; not with RUN.")
@_JSON
def bench_proof(as_json: bool, run_path: str | None, **options: Any) -> None:
    """Time proofs of optima on one thread, and say what is left when the time is up.

    For units of a RUN, or of synthetic images of the paper's size.
    """
    from dataclasses import asdict

    from rich.console import Console

    from andornot.runs.run import Run
    from benchmarks.proof import prove_run, prove_synthetic, table_of

    layer = options.pop("layer")
    searched = options.pop("lengths"), options.pop("seconds")
    units = options.pop("units")
    if run_path is None:
        proofs = prove_synthetic(*searched, planted=units, **options)
    else:
        proofs = prove_run(Run.open(run_path), layer, *searched, units)
    if as_json:
        click.echo(json.dumps([asdict(p) for p in proofs]))
    else:
        Console(markup=False).print(table_of(proofs))


@bench.command("units")
@_number("--units", 131_072, "Draw N units.")
@_number("--positions", 100_000, "Draw N positions.")
@_number("--concepts", 5_000, "Draw N concepts.")
@_number("--length", 3, "Search for formulas of up to N concepts.")
@_number("--beam-size", 10, "Keep N formulas at each step.")
@click.option("--search", default="beam", show_default=True, metavar="auto|beam|optimal",
              help="Search like this.")  # fmt: skip
@_number("--seed", 0, "Draw from this seed.")
@_JOBS
@_JSON
def bench_units(as_json: bool, **options: Any) -> None:
    """Explain as many sparse units as a sparse autoencoder has, streamed to a Parquet file."""
    from benchmarks.units import run_units_bench

    _print_bench(run_units_bench(**options), as_json)


@bench.command("scale")
@click.option("--samples", type=UnitRanges(), default="1000,5000,22210,50000,100000,200000",
              metavar="N,N,...", help="Draw so many samples, one after another.")  # fmt: skip
@_number("--units", 64, "Draw N units.")
@click.option("--out", type=click.Path(dir_okay=False), help="Draw a plot too: .svg, .png, .pdf.")
@_number("--seed", 0, "Draw from this seed.")
@_JOBS
@_JSON
def bench_scale(as_json: bool, out: str | None, **options: Any) -> None:
    """Say how atoms, table, counting and search grow with the number of samples."""
    from benchmarks.plots import check_plot
    from benchmarks.scale import lines, plot, run_scale_bench

    if out is not None:
        check_plot(out)
    report = run_scale_bench(**options)
    _print_lines(report, lines, as_json)
    if out is not None:
        plot(report, out)


def _print_lines(
    report: dict[str, Any], lines: Callable[[dict[str, Any]], Iterable[str]], as_json: bool
) -> None:
    click.echo(json.dumps(report) if as_json else "\n".join(lines(report)))


def _print_bench(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report))
    else:
        from benchmarks.measure import print_bench

        print_bench(report)
