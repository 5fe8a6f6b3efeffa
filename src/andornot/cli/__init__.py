"""The command line: parse, call the API, print. Each command does only what the API does.

Nothing heavy is imported before a command needs it, so that ``andornot --help`` answers at once.
"""

from __future__ import annotations

import sys

import click

from andornot import __version__
from andornot.cli.analyze import analyze
from andornot.cli.attack import attack, edit
from andornot.cli.bench import bench
from andornot.cli.data import data
from andornot.cli.demo import demo
from andornot.cli.explain import explain, layers
from andornot.cli.figures import figures
from andornot.cli.look import page, score, show
from andornot.cli.nli import nli
from andornot.cli.report import report
from andornot.cli.reproduce import reproduce
from andornot.errors import AndornotError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="andornot")
def cli() -> None:
    """Explain the neurons of a network as logical formulas over human concepts."""


COMMANDS = (
    explain, layers, score, show, page, report, analyze, figures, edit, attack, demo, bench, nli,
    data, reproduce,
)  # fmt: skip


@cli.command("help", hidden=True)
@click.argument("command", nargs=-1)
@click.pass_context
def _help(context: click.Context, command: tuple[str, ...]) -> None:
    """Say what a command does, as its --help."""
    assert context.parent is not None
    cli.main([*command, "--help"], prog_name="andornot")


for _command in COMMANDS:
    cli.add_command(_command)


_GO_ON = ("explain", "nli train", "data get", "reproduce")
"""Commands that go on where they were interrupted."""


_EXTRAS = {
    "distributed": "dask",
    "jinja2": "report",
    "matplotlib": "figures",
    "pycocotools": "coco",
    "safetensors": "torch",
    "spacy": "nlp",
    "torch": "torch",
    "torchvision": "torchvision",
    "transformers": "hf",
}
"""Packages that not everyone has, and the extra that brings each."""


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
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRAS:
            raise
        remedy = f'run pip install "andornot[{_EXTRAS[package]}]"'
        click.echo(f"andornot: this needs {package}, which is not installed; {remedy}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        given = " ".join(sys.argv[1:] if arguments is None else arguments)
        goes_on = given.startswith(_GO_ON)
        then = "goes on from here" if goes_on else "starts afresh, and nothing is left half done"
        click.echo(f"andornot: interrupted; the same command {then}", err=True)
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)
