"""The command line: parse, call the API, print. Each command does only what the API does.

Nothing heavy is imported before a command needs it, so that ``andornot --help`` answers at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from andornot import __version__
from andornot.errors import AndornotError, OptionError

if TYPE_CHECKING:
    from andornot.models import Preprocessing
    from andornot.run import Run

F = TypeVar("F", bound=Callable[..., Any])


class Units(click.ParamType[Any]):
    """Unit numbers such as ``0-63,70``."""

    name = "units"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> list[int] | None:
        """Read the text; lists pass through."""
        if value is None:
            return None
        units: list[int] = []
        for part in value if isinstance(value, list) else str(value).split(","):
            first, dash, last = str(part).strip().partition("-")
            if not first.isdigit() or (dash and not last.isdigit()):
                self.fail(f"{str(part).strip()!r} is no unit or range; write for instance 0-63,70")
            if int(last or first) < int(first):
                self.fail(f"{str(part).strip()!r} runs backwards; write the smaller number first")
            units += range(int(first), int(last or first) + 1)
        return list(dict.fromkeys(units))


class Numbers(click.ParamType[Any]):
    """One or more numbers, such as ``0.485,0.456,0.406``."""

    name = "numbers"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> tuple[float, ...] | None:
        """Read the text; sequences pass through."""
        if value is None or isinstance(value, tuple):
            return value
        parts = value if isinstance(value, list) else str(value).split(",")
        try:
            return tuple(float(part) for part in parts)
        except (TypeError, ValueError):
            self.fail(f"{value!r} is no list of numbers; write for instance 0.5,0.5,0.5")


class Names(click.ParamType[Any]):
    """Names separated by commas."""

    name = "names"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> tuple[str, ...] | None:
        """Read the text; sequences pass through."""
        if value is None or isinstance(value, tuple):
            return value
        parts = value if isinstance(value, list) else str(value).split(",")
        return tuple(str(part).strip() for part in parts)


def _read_config(ctx: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    """Take defaults for the options of a command from a YAML or TOML file."""
    if path is None:
        return None
    known = {option.lstrip("-"): p for p in ctx.command.params for option in p.opts}
    defaults: dict[str, Any] = {}
    for name, value in _load_mapping(path).items():
        option = known.get(str(name).replace("_", "-"))
        if option is None or option.name is None:
            raise OptionError(
                f"{path} has the option {name!r}, which andornot {ctx.command.name} does not "
                f"know; it knows {', '.join(sorted(known))}"
            )
        if isinstance(value, float) and option.type is click.INT:
            raise OptionError(f"{path} gives {name} as {value}; it must be a whole number")
        single = option.multiple and not isinstance(value, list)
        defaults[option.name] = [value] if single else value
    ctx.default_map = {**(ctx.default_map or {}), **defaults}
    return path


def _load_mapping(path: Path) -> dict[str, Any]:
    import tomllib

    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        plain = " ".join(str(error).split())
        raise OptionError(f"the configuration {path} cannot be read: {plain}") from error
    if not isinstance(data, dict):
        raise OptionError(f"the configuration {path} must be a list of `option: value` lines")
    return data


def with_options(options: list[Callable[[F], F]]) -> Callable[[F], F]:
    """Put a group of options on a command, in their order."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


MODEL_OPTIONS: list[Callable[[Any], Any]] = [
    click.option(
        "--model",
        required=True,
        metavar="SPEC",
        help="torchvision:NAME, hf:DIRECTORY or path/to/file.py:function (which runs that file).",
    ),
    click.option(
        "--weights", metavar="FILE", help="State dict or checkpoint (.pt, .pth, .safetensors)."
    ),
    click.option(
        "--preset",
        metavar="NAME",
        help="Preprocessing by name, such as imagenet; default: the model's own.",
    ),
    click.option("--size", type=Numbers(), metavar="N or H,W", help="Input size in pixels."),
    click.option("--mean", type=Numbers(), metavar="R,G,B", help="Mean, white being 1."),
    click.option("--std", type=Numbers(), metavar="R,G,B", help="Standard deviation."),
    click.option(
        "--tokens", metavar="N", help="Leading tokens of a transformer that are no patches."
    ),
    click.option(
        "--layout",
        type=click.Choice(["channels_first", "channels_last"]),
        help="Axes of four-axis outputs; found by itself if it can be.",
    ),
]
"""Options that say which network, and how images become its input."""


SEARCH_OPTIONS: list[Callable[[Any], Any]] = [
    click.option(
        "--length", type=int, default=3, show_default=True, help="Longest formula, in concepts."
    ),
    click.option(
        "--beam-size", type=int, default=10, show_default=True, help="Formulas kept at each step."
    ),
    click.option(
        "--search",
        type=click.Choice(["auto", "beam", "exhaustive"]),
        default="auto",
        show_default=True,
        help="How to search.",
    ),
    click.option("--metric", default="iou", show_default=True, help="Score to search for."),
    click.option(
        "--operators",
        type=Names(),
        metavar="NAMES",
        help='Among OR, AND, AND NOT; default all, as "OR,AND,AND NOT".',
    ),
    click.option(
        "--penalty",
        type=float,
        default=1.0,
        show_default=True,
        help="Factor on the score for each further concept.",
    ),
    click.option(
        "--candidates", type=int, metavar="N", help="Compose only with the N best single concepts."
    ),
    click.option(
        "--categories", type=Names(), metavar="NAMES", help="Use only concepts of these categories."
    ),
    click.option("--concepts", type=Names(), metavar="NAMES", help="Use only these concepts."),
    click.option(
        "--profile",
        type=click.Choice(["mu2020"]),
        help="Repeat the published beam search move for move.",
    ),
]
"""Options that say what to search for."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="andornot")
def cli() -> None:
    """Explain the neurons of a network as logical formulas over human concepts."""


@cli.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    callback=_read_config,
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
    model = _load_model(options)
    run = dissect(
        model,
        options["layers"],
        _open_data(options),
        out,
        preprocessing=_preprocessing(options, model.preprocessing),
        threshold=_threshold(options),
        recording=Recording(
            options["batch_size"], options["device"], **_tokens_and_layout(options)
        ),
        folds=options["folds"],
        units=options["units"],
        jobs=options["jobs"],
        **_search(options),
    )
    if not quiet:
        _print_run(run, best)


@cli.command()
@with_options(MODEL_OPTIONS)
def layers(**options: Any) -> None:
    """List the layers of a network that can be explained, with their output for one image."""
    import torch
    from rich.console import Console
    from rich.table import Table

    from andornot.models import list_layers

    model = _load_model(options)
    chosen = _preprocessing(options, model.preprocessing)
    if chosen is None:
        raise OptionError(f"{options['model']} does not say its input size; give --size")
    blank = torch.zeros(1, 3, chosen.height, chosen.width)
    found = list_layers(model.module, blank, **_tokens_and_layout(options))
    table = Table()
    for header in ("layer", "type", "output", "units", "map"):
        table.add_column(header, overflow="fold")
    for info in found:
        shape, grid = "x".join(map(str, info.shape)), "x".join(map(str, info.grid))
        table.add_row(info.path, info.type, shape, str(info.units), grid)
    Console().print(table)


@cli.command()
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


@cli.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--layer", help="Layer, where the run has several.")
@click.option("--best", type=int, default=20, show_default=True, help="Units to show.")
def show(run: Path, layer: str | None, best: int) -> None:
    """Print the table of a RUN's best units again."""
    from andornot.run import Run

    _print_run(Run.open(run), best, layer)


@cli.command()
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


@cli.command()
@click.option("--out", type=click.Path(path_type=Path), default="demo", show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of world and training.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
def demo(out: Path, seed: int, quiet: bool) -> None:
    """Paint a small world with planted facts, train a network on it, and explain its units."""
    from andornot.demo.show import run_demo
    from andornot.progress import show_progress

    show_progress(not quiet)
    done = run_demo(out, seed)
    if not quiet:
        _print_run(done.run, 10)
    click.echo(f"\nThe network gets {done.accuracy:.0%} of held-out pictures right.")
    for finding in done.findings:
        click.echo(f"- {finding}")
    click.echo(f"\n{done.seconds:.0f} s in all. Look at the pictures: {done.page}")


@cli.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--samples", type=int, default=22_210, show_default=True)
@click.option("--units", type=int, default=512, show_default=True)
@click.option("--concepts", type=int, default=1_291, show_default=True)
@click.option("--length", type=int, default=10, show_default=True)
@click.option("--beam-size", type=int, default=10, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--jobs", type=int, help="Threads; default all cores.")
@click.option("--quick", is_flag=True, help="A small problem instead of the paper's size.")
@click.option("--no-peer", is_flag=True, help="Leave compositional_explanations out.")
@click.pass_context
def bench(ctx: click.Context, /, as_json: bool, no_peer: bool, **options: Any) -> None:
    """Time every stage on synthetic data of the paper's size; `bench real` times a real run."""
    if ctx.invoked_subcommand is None:
        from andornot.bench.measure import run_bench

        _print_bench(run_bench(peer=not no_peer, **options), as_json)


@bench.command("real")
@with_options(MODEL_OPTIONS)
@click.option("--layer", required=True, metavar="PATH", help="Dotted path of a layer.")
@click.option("--data", required=True, metavar="SPEC", help="broden:DIR or labelmaps:DIR.")
@click.option("--length", type=int, default=10, show_default=True)
@click.option("--beam-size", type=int, default=10, show_default=True)
@click.option("--jobs", type=int, help="Threads; default all cores.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bench_real(as_json: bool, **options: Any) -> None:
    """Time a real run, stage by stage; the run itself is thrown away."""
    from andornot.bench.measure import bench_real as run_bench_real
    from andornot.dissection import Recording

    model = _load_model(options)
    report = run_bench_real(
        options["data"],
        model,
        options["layer"],
        preprocessing=_preprocessing(options, model.preprocessing),
        recording=Recording(**_tokens_and_layout(options)),
        length=options["length"],
        beam_size=options["beam_size"],
        jobs=options["jobs"],
    )
    _print_bench(report, as_json)


def _print_bench(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report))
    else:
        from andornot.bench.measure import print_bench

        print_bench(report)


def _load_model(options: dict[str, Any]) -> Any:
    from andornot.models import load_model

    return load_model(options["model"], options["weights"])


def _open_data(options: dict[str, Any]) -> Any:
    from andornot.probing.open import open_data

    colors = options["colors"]
    return open_data(
        options["data"],
        split=options["split"],
        limit=options["samples"],
        colors={"yes": True, "true": True, "no": False, "false": False}.get(
            (colors or "no").lower(), colors
        ),
    )


def _threshold(options: dict[str, Any]) -> Any:
    from andornot.thresholds import Threshold

    quantile, fixed = options["quantile"], options["threshold"]
    context = click.get_current_context()
    if quantile is not None and fixed is not None:
        # what stands on the command line goes before a configuration file
        given = {name: context.get_parameter_source(name) for name in ("quantile", "threshold")}
        if given["quantile"] != given["threshold"]:
            on_line = click.core.ParameterSource.COMMANDLINE
            quantile = quantile if given["quantile"] == on_line else None
            fixed = fixed if given["threshold"] == on_line else None
    if quantile is None and fixed is None:
        quantile = 0.005
    return Threshold(quantile, fixed, options["resolution"])


def _tokens_and_layout(options: dict[str, Any]) -> dict[str, Any]:
    tokens, layout = options["tokens"], options["layout"]
    if tokens is not None and not str(tokens).isdigit():
        raise OptionError(f"--tokens is {tokens!r}; give the number of leading tokens, such as 1")
    return {"tokens": "auto" if tokens is None else int(tokens), "layout": layout or "auto"}


def _search(options: dict[str, Any]) -> dict[str, Any]:
    names = ("length", "beam_size", "search", "metric", "penalty", "categories", "profile")
    chosen = {name: options[name] for name in names}
    if options["operators"]:
        chosen["operators"] = options["operators"]
    return chosen | {"limit": options["candidates"], "concepts": options["concepts"]}


def _preprocessing(options: dict[str, Any], own: Preprocessing | None) -> Preprocessing | None:
    """Combine the preset (or the model's own preprocessing) with what is given singly."""
    from dataclasses import replace

    from andornot.models import Preprocessing

    size, mean, std = options["size"], options["mean"], options["std"]
    chosen = Preprocessing.preset(options["preset"]) if options["preset"] else own
    if size is None and mean is None and std is None:
        return chosen
    if size is not None and (len(size) not in (1, 2) or any(s != int(s) for s in size)):
        raise OptionError(f"--size is {size}; give whole pixels, as 224 or 224,224")
    if chosen is None:
        if size is None:
            raise OptionError("give --size too, the model does not say its own")
        chosen = Preprocessing(int(size[0]), int(size[-1]), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    changes: dict[str, Any] = {"mean": mean, "std": std}
    if size is not None:
        changes |= {"height": int(size[0]), "width": int(size[-1])}
    return replace(chosen, **{name: v for name, v in changes.items() if v is not None})


def _print_run(run: Run, best: int, layer: str | None = None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for name in run.layers if layer is None else (run.layer(layer),):
        result, summary = run.result(name), run.manifest["layers"][name]
        table = Table(title=f"best units of {name}", title_justify="left")
        metric = run.manifest["search"]["metric"]
        second = "f1" if metric == "iou" else metric
        for header in ("unit", "IoU", "IoU of 1", second):
            table.add_column(header, justify="right", no_wrap=True)
        table.add_column("formula", overflow="fold")
        for e in result.best(best):
            if e.formula is not None:
                numbers = (e.iou, e.by_length[0], e.counts.score(second))
                table.add_row(str(e.unit), *(f"{v:.3f}" for v in numbers), Text(str(e.formula)))
        console.print(table)
        status = ", ".join(f"{count} {state}" for state, count in summary["status"].items())
        means = ", ".join(f"{iou:.4f}" for iou in summary["mean_iou_by_length"])
        console.print(f"{summary['units']} units ({status}); mean IoU by length: {means or 'none'}")
    parts: dict[str, float] = {}
    for stage in run.manifest["stages"].values():
        for part, seconds in stage["seconds"].items():
            parts[part] = parts.get(part, 0.0) + seconds
    times = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in parts.items())
    console.print(f"time: {times}; peak memory {run.manifest['peak_rss_bytes'] / 2**30:.2f} GiB")
    for note in run.manifest["model"]["notes"]:
        console.print(f"note: {note}")
    console.print(f"run: {run.path}")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake ends in one sentence and exit status 2."""
    try:
        status = cli.main(args=arguments, prog_name="andornot", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except AndornotError as error:
        click.echo(f"andornot: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("andornot: interrupted; the same command goes on from here", err=True)
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)
