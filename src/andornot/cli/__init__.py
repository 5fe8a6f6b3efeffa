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
from andornot.errors import AndornotError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="andornot")
def cli() -> None:
    """Explain the neurons of a network as logical formulas over human concepts."""


COMMANDS = (
    explain, layers, score, show, page, report, analyze, figures, edit, attack, demo, bench, nli,
    data,
)  # fmt: skip

for _command in COMMANDS:
    cli.add_command(_command)


_GO_ON = ("explain", "nli train", "data get")
"""Commands that go on where they were interrupted."""


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
        given = " ".join(sys.argv[1:] if arguments is None else arguments)
        goes_on = given.startswith(_GO_ON)
        then = "goes on from here" if goes_on else "starts afresh, and nothing is left half done"
        click.echo(f"andornot: interrupted; the same command {then}", err=True)
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)
