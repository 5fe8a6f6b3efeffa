"""``andornot analyze``: the paper's questions, asked of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from andornot.analyses import QUESTIONS, REGISTRY
from andornot.cli import completion
from andornot.cli.machine import print_json
from andornot.cli.options import JSON, LAYER, RUN, TRUST_CODE, folder_name, open_run
from andornot.cli.settings import GroupedCommand
from andornot.cli.values import Names, UnitRanges
from andornot.errors import AndornotError

if TYPE_CHECKING:
    import pandas as pd

    from andornot.analyses.answer import Answer
    from andornot.analyses.importance import Importance
    from andornot.runs.run import Run

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)


@click.group()
def analyze() -> None:
    """Ask a RUN the questions of the paper: tables, and sentences that say what they mean."""


def _show_bars(_context: click.Context, _option: click.Parameter, quiet: bool) -> None:
    """Turn progress bars on, unless they are not wanted."""
    from andornot._tools.progress import show_progress

    show_progress(not quiet)


_QUIET = click.option(
    "--quiet", is_flag=True, expose_value=False, callback=_show_bars, help="Show no progress bars."
)


def _check(context: click.Context, _option: click.Parameter, out: Path | None) -> Path | None:
    """Make sure that tables can be written, and replace nobody's files, before any work."""
    if out is not None and not context.resilient_parsing:
        from andornot._tools.folders import check_free_for
        from andornot._tools.writable import check_folder

        names = QUESTIONS if context.info_name == "all" else (context.info_name,)
        check_folder(out)
        check_free_for(out, [f"{name}{rest}" for name in names for rest in (".txt", "-*.*")])
    return out


def _common(command: F) -> F:
    """Options that all questions have."""
    for option in (
        _QUIET,
        click.option(
            "--rows",
            type=click.IntRange(min=1),
            default=10,
            show_default=True,
            metavar="N",
            help="Print N rows of each table.",
        ),
        click.option(
            "--out",
            type=_FILE,
            metavar="DIR",
            callback=_check,
            help="Write tables as CSV and Parquet.",
        ),
        JSON,
        LAYER,
        RUN,
    ):
        command = option(command)
    return command


def _question(command: Callable[..., None]) -> click.Command:
    """The command of a question that has options of its own; its function is called like it."""
    name = command.__name__
    # what it has so far, before it gets what all have
    own = [str(parameter.name) for parameter in getattr(command, "__click_params__", ())]
    return analyze.command(
        name, cls=GroupedCommand, headings={"This question": own}, help=REGISTRY[name].help
    )(_common(command))


def _ablation(command: F) -> F:
    """Options of questions that can set units to zero."""
    for option in (
        click.option(
            "--ablate-samples", type=int, default=256, show_default=True, metavar="N",
            help="Run N samples with --ablate, spread evenly.",
        ),
        click.option("--units", type=UnitRanges(), metavar="3,5-9", help="Set these units to zero "
                     "with --ablate  [default: the 20 best]."),
        TRUST_CODE,
        click.option("--ablate", is_flag=True, help="Run the network again with units at zero; "
                     "not needed before a linear head."),
    ):  # fmt: skip
        command = option(command)
    return command


@_question
@click.option("--length", type=int, metavar="N", help="Take formulas of up to N concepts.")
@click.option(
    "--vectors",
    type=_FILE,
    metavar="FILE",
    help="Read word vectors in GloVe's format  [default: those of the run's NEIGHBORS].",
)
@click.option("--wordnet", is_flag=True, help="Use WordNet's path similarity instead (needs nltk).")
@click.option(
    "--threshold",
    type=float,
    help="Let words belong together from this mean "
    "similarity on  [default: what 95 % of random pairs stay below].",
)
@click.option(
    "--min-share",
    type=float,
    default=0.2,
    show_default=True,
    help="Ask each of two meanings to account for this share of the explained positions.",
)
@click.option(
    "--labels", type=_FILE, metavar="FILE", help="Read your own verdicts, as CSV of unit,label."
)
def kinds(
    run: Path,
    layer: str | None,
    length: int | None,
    vectors: Path | None,
    wordnet: bool,
    threshold: float | None,
    min_share: float,
    labels: Path | None,
    **shown: Any,
) -> None:
    """Ask with a measure of how near words are, and a person's own verdicts."""
    from andornot.analyses.coherence import WordNetSimilarity

    if wordnet and vectors is not None:
        raise click.UsageError("give --vectors or --wordnet, not both")
    similarity = WordNetSimilarity() if wordnet else vectors
    options = {"length": length, "threshold": threshold, "min_share": min_share, "labels": labels}
    _show(_ask("kinds", _open(run), layer, similarity=similarity, **options), **shown)


@_question
@_ablation
@click.option(
    "--least-active",
    type=int,
    default=10,
    show_default=True,
    metavar="N",
    help="Correlate only units active on N of the samples.",
)
@click.option(
    "--samples",
    type=_FILE,
    metavar="FILE",
    help="Read ids of samples to look at, one a line, such as held-out ones.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Draw the bootstrap from this seed."
)
def accuracy(
    run: Path,
    layer: str | None,
    least_active: int,
    samples: Path | None,
    seed: int,
    **options: Any,
) -> None:
    """Ask of chosen samples, and with units at zero."""
    opened, only = open_run(run, options["trust_code"]), read_ids(samples)
    causal = _causal(opened, layer, only, options)
    asked = {"only": only, "causal": causal, "least_active": least_active, "seed": seed}
    _show(_ask("accuracy", opened, layer, **asked), **_shown(options))


@_question
@_ablation
@click.option(
    "--top",
    type=int,
    default=5,
    show_default=True,
    metavar="N",
    help="Show N units for each class.",
)
@click.option("--classes", type=Names(), metavar="NAMES", help="Show only these classes.")
def contributions(
    run: Path, layer: str | None, top: int, classes: tuple[str, ...] | None, **options: Any
) -> None:
    """Ask of chosen classes, and with units at zero."""
    opened = open_run(run, options["trust_code"])
    causal = _causal(opened, layer, None, options)
    asked = {"top": top, "classes": classes, "causal": causal}
    _show(_ask("contributions", opened, layer, **asked), **_shown(options))


@_question
@click.option(
    "--units", type=UnitRanges(), metavar="3,5-9", help="Take these units  [default: the 20 best]."
)
@click.option(
    "--masking",
    is_flag=True,
    help="Mask labels too: run the network again on images with all painted over but the formula.",
)
@click.option(
    "--masked-samples",
    type=int,
    default=10,
    show_default=True,
    metavar="N",
    help="Take N images for each unit with --masking.",
)
@TRUST_CODE
def scores(
    run: Path,
    layer: str | None,
    units: list[int] | None,
    masking: bool,
    masked_samples: int,
    trust_code: bool,
    **shown: Any,
) -> None:
    """Ask of chosen units, and with label masking."""
    asked = {"units": units, "masking": masking, "masked_samples": masked_samples}
    _show(_ask("scores", open_run(run, trust_code), layer, **asked), **shown)


@_question
@click.option(
    "--units", type=UnitRanges(), metavar="3,5-9", help="Take only these units  [default: all]."
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Draw the wrong labels from this seed."
)
def metrics(run: Path, layer: str | None, units: list[int] | None, seed: int, **shown: Any) -> None:
    """Ask of chosen units, and draw wrong labels by a seed."""
    _show(_ask("metrics", _open(run), layer, units=units, seed=seed), **shown)


@_question
@click.option(
    "--units", type=UnitRanges(), metavar="3,5-9", help="Take only these units  [default: all]."
)
def vocabulary(run: Path, layer: str | None, units: list[int] | None, **shown: Any) -> None:
    """Ask of chosen units."""
    _show(_ask("vocabulary", _open(run), layer, units=units), **shown)


@_question
@click.option(
    "--against",
    type=_FILE,
    required=True,
    metavar="RUN",
    help="Compare with the same network with random weights (andornot explain --random-weights).",
)
def baseline(run: Path, layer: str | None, against: Path, **shown: Any) -> None:
    """Ask with a second run to compare with."""
    _show(_ask("baseline", _open(run), layer, against=_open(against)), **shown)


def _plain(question: str) -> None:
    """Make the command of a question that has no options of its own."""

    @analyze.command(question, help=REGISTRY[question].help)
    @_common
    def command(run: Path, layer: str | None, **shown: Any) -> None:
        _show(_ask(question, _open(run), layer), **shown)


for _name in REGISTRY:
    if _name not in analyze.commands:
        _plain(_name)


@analyze.command("all")
@RUN
@click.option(
    "--layer",
    shell_complete=completion.layers,
    help="Ask about this layer only  [default: all, each in a folder of its own].",
)
@click.option(
    "--out",
    type=_FILE,
    required=True,
    metavar="DIR",
    callback=_check,
    help="Write the tables here.",
)
@_QUIET
def ask_all(run: Path, layer: str | None, out: Path) -> None:
    """Ask all questions, with default options; what a run cannot answer is said in a sentence."""
    opened = _open(run)
    layers = opened.layers if layer is None else (opened.layer(layer),)
    for name in layers:
        folder = out / folder_name(name) if len(layers) > 1 else out
        for question in QUESTIONS:
            try:
                answer = _ask(question, opened, name)
            except AndornotError as error:
                click.echo(f"{question}: cannot be answered: {error}\n")
                continue
            answer.write(folder)
            click.echo("\n".join((answer.title, *_listed(answer), "")))
        click.echo(f"wrote {folder}")


def _open(path: Path) -> Run:
    from andornot.runs.run import Run

    return Run.open(path)


def _ask(question: str, run: Run, layer: str | None, **options: Any) -> Answer:
    from andornot.analyses.ask import analyze as ask

    return ask(run, question, layer, **options)


def read_ids(path: Path | None) -> tuple[str, ...] | None:
    """Ids of samples, one a line."""
    if path is None:
        return None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{path} cannot be read: {error}") from error
    ids = tuple(line.strip() for line in lines if line.strip())
    if not ids:
        raise click.UsageError(f"{path} holds no ids of samples; write one on each line")
    return ids


def _causal(
    run: Run, layer: str | None, only: tuple[str, ...] | None, options: dict[str, Any]
) -> Importance | None:
    """What is lost without units, where it was asked for."""
    from andornot.analyses.importance import ablation_importance
    from andornot.analyses.outcomes import outcomes

    if not options["ablate"]:
        if options["units"] is not None:
            raise click.UsageError("--units says what to --ablate; give both or neither")
        return None
    return ablation_importance(
        run,
        outcomes(run, only),
        layer,
        units=options["units"],
        samples=options["ablate_samples"],
    )


def _shown(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in ("as_json", "out", "rows")}


def _show(answer: Answer, as_json: bool, out: Path | None, rows: int) -> None:
    """Print an answer, and write its tables where wanted."""
    files = () if out is None else answer.write(out)
    if as_json:
        print_json(answer.as_dict())
        return
    for name, table in answer.tables.items():
        _print_table(name, table, rows)
    click.echo("\n".join((answer.title, *_listed(answer))))
    if files:
        click.echo(f"wrote {len(files)} files to {out}")


def _listed(answer: Answer) -> list[str]:
    return [f"- {sentence}" for sentence in answer.sentences]


def _print_table(name: str, table: pd.DataFrame, rows: int) -> None:
    """Print the first rows of a table, as wide as it is: a narrow terminal breaks its lines."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = _columns(table.head(rows))
    shown = Table(title=name, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for header, cells in columns.items():
        number = not any(cell[:1].isalpha() or cell[:1] in '("' for cell in cells)
        width = min(_WIDEST, max(map(len, (*cells, *header.split()))))
        shown.add_column(
            header, justify="right" if number else "left", width=width, overflow="ellipsis"
        )
    for row in zip(*columns.values(), strict=True):
        shown.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in row))
    Console(width=1000, highlight=False).print(shown)
    if len(table) > rows:
        click.echo(f"... {len(table) - rows:,} more rows of {name}; --out DIR writes all")
    click.echo()


_WIDEST = 60
"""Widest column of a printed table; longer texts are cut, not those in files."""


def _columns(table: pd.DataFrame) -> dict[str, list[str]]:
    """Headers and cells; an interval stands behind its value."""
    columns = {}
    for name in table.columns:
        if name.endswith(("_low", "_high")):
            continue
        cells = [_cell(value) for value in table[name]]
        if f"{name}_low" in table:
            spans = zip(table[f"{name}_low"], table[f"{name}_high"], strict=True)
            both = zip(cells, spans, strict=True)
            cells = [f"{cell} [{_cell(low)}, {_cell(high)}]" for cell, (low, high) in both]
        columns[name.replace("_", " ")] = cells
    return columns


def _cell(value: Any) -> str:
    """A value in a printed table."""
    if value is None or value != value:  # missing
        return "–"
    if isinstance(value, float):
        return f"{value:.1e}" if value != 0 and abs(value) < 1e-3 else f"{value:.3f}"
    return str(value)
