"""``andornot bench``: runs the benchmarks, which lie beside the package in a checkout of it."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click

import andornot
from andornot.errors import OptionError


@click.command(
    add_help_option=False,  # --help is handed on as all other words are
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND] ...")
@click.pass_context
def bench(context: click.Context, words: tuple[str, ...]) -> None:
    """Measure how long things take; in a checkout of andornot only.

    Benchmarks are not part of the installed package: get a checkout, and there say
    `python -m benchmarks`, which takes the same words.
    """
    if (root := checkout()) is not None:
        group = _benchmarks(root)
        with group.make_context("bench", list(words), parent=context.parent) as inner:
            group.invoke(inner)
    elif set(context.help_option_names) & set(words):
        click.echo(context.get_help())
    else:
        raise OptionError(
            "benchmarks are not part of the installed package; get a checkout of andornot, and "
            "run python -m benchmarks in it"
        )


def checkout() -> Path | None:
    """The root of the checkout that this package lies in, or None.

    The package's own place says so, and never the current directory: that may be a stranger's,
    whose code shall not run.
    """
    package = Path(andornot.__file__).resolve().parent
    root = package.parent.parent
    with suppress(OSError):
        ours = b'\nname = "andornot"' in (root / "pyproject.toml").read_bytes()
        if ours and package == root / "src" / "andornot" and (root / "benchmarks").is_dir():
            return root
    return None


def _benchmarks(root: Path) -> click.Command:
    """The command of the benchmarks, found before any other package of their name."""
    sys.path.insert(0, str(root))
    try:
        command: click.Command = import_module("benchmarks.cli").bench
    finally:
        sys.path.remove(str(root))
    return command
