"""The command line: parse, call the API, print. Each command does only what the API does.

Nothing heavy is imported before a command needs it, so that ``andornot --help`` answers at once.
"""

from __future__ import annotations

import signal
import sys
from contextlib import suppress

import click

from andornot._tools.extras import install
from andornot._version import __version__
from andornot.cli.analyze import analyze
from andornot.cli.attack import attack, edit
from andornot.cli.bench import bench
from andornot.cli.data import data
from andornot.cli.demo import demo
from andornot.cli.ending import OutputError, end_by, interruption, output, say, signals
from andornot.cli.explain import explain, layers
from andornot.cli.figures import figures
from andornot.cli.look import score, show
from andornot.cli.nli import nli
from andornot.cli.report import page, report
from andornot.cli.reproduce import reproduce
from andornot.cli.settings import SectionedGroup
from andornot.errors import AndornotError

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""What all commands have in common."""


SECTIONS = {
    "Explain": ("demo", "layers", "explain"),
    "Look": ("show", "report", "figures", "page"),
    "Ask": ("score", "analyze"),
    "Edit": ("edit", "attack"),
    "Data and networks": ("data", "nli"),
    "The paper, and speed": ("reproduce", "bench"),
}
"""Headings of the help, and the commands under each."""


@click.group(cls=SectionedGroup, sections=SECTIONS, context_settings=SETTINGS)
@click.version_option(__version__, prog_name="andornot")
def cli() -> None:
    """Explain the neurons of a network as logical formulas over human concepts.

    Begin with "andornot demo", which needs no data. With a network and data of
    your own, "andornot explain" makes a RUN, a folder that most other commands look at.
    """


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


def main(
    arguments: list[str] | None = None, command: click.Command = cli, name: str = "andornot"
) -> None:
    """Run the command line; a user's mistake ends in one sentence and exit status 2.

    A signal that ends it gives 128 and its number: 130 after Ctrl-C, 143 after SIGTERM, 129 after
    SIGHUP; output that nobody reads any more (``| head``) gives 1, without a word.

    Args:
        arguments: the words of the command line; those of this process if not given.
        command: what to run.
        name: what it is called in its help.
    """
    with signals():
        status = _run(arguments, command, name)
    if arguments is None and status > 128:
        # only the interpreter is left to end, which another Ctrl-C would make it complain about
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(status)


def _run(arguments: list[str] | None, command: click.Command, name: str) -> int:
    """Run a command, and say what ended it before its time: the exit status."""
    try:
        with output():
            status = command.main(args=arguments, prog_name=name, standalone_mode=False)
        return status if isinstance(status, int) else 0
    except SystemExit:
        raise
    except BaseException as error:  # whatever became of a Ctrl-C on its way up
        number = interruption(error)
        return _failed(error) if number is None else end_by(number)


def _failed(error: BaseException) -> int:
    """Say what went wrong: the exit status; an error in this program is raised again."""
    if isinstance(error, click.ClickException):
        with suppress(OSError):
            error.show()
        return error.exit_code
    if isinstance(error, AndornotError):
        say(f"andornot: {error}")
        return 2
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or "").partition(".")[0]
        if package in _EXTRAS:
            remedy = install(_EXTRAS[package])
            say(f"andornot: this needs {package}, which is not installed; run {remedy}")
            return 2
    if isinstance(error, BrokenPipeError):
        return 1
    if isinstance(error, OutputError):
        say(
            f"andornot: cannot write to the standard output: {error.strerror}; send it elsewhere "
            "and run the command again"
        )
        return 2
    raise error
