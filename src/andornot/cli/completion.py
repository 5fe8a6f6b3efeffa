"""What a shell proposes when the tab key is pressed: runs, their layers, units and concepts.

Nothing is loaded for it but two files of JSON that a run has, so that it answers at once. Where
something is missing or damaged there is no proposal, and no word: the command itself will say it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

METRICS: Final = (
    "iou", "f1", "cosine", "mcc", "precision", "recall", "accuracy", "pearson",
)  # fmt: skip
"""Names of scores; those of ``measures.scores``, which take long to load."""

OPERATORS: Final = ("AND", "OR", "NOT")

_MANIFEST: Final = "manifest.json"
_PLAIN: Final = re.compile(r"[\w .:+-]+")
"""Names that shells and formulas take as they are."""
_OPENS: Final = re.compile(r"(?<!\S)(?:AND|OR|NOT)\s+|\(\s*|(?<!\S)(?:[&|]{1,2}\s+|[!~]\s*)")
"""What a concept may stand behind."""


def _silent(find: Callable[[click.Context, str], Iterable[str | CompletionItem]]) -> Complete:
    """Make a completion of a function that finds words; whatever goes wrong, there are none."""

    @wraps(find)
    def complete(
        context: click.Context, _parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        try:
            found = list(find(context, incomplete))
        except Exception:  # a shell shows what a completion prints in the middle of a line
            return []
        items = [one if isinstance(one, CompletionItem) else CompletionItem(one) for one in found]
        return [one for one in items if one.type != "plain" or one.value.startswith(incomplete)]

    return complete


@_silent
def runs(_context: click.Context, incomplete: str) -> Iterable[str | CompletionItem]:
    """Directories with a run in them, and else any directory."""
    # first: what stands before it, a shell forgets
    yield CompletionItem(incomplete, type="dir")
    folder = incomplete.rpartition("/")[0]
    start = f"{folder}/" if "/" in incomplete else ""
    for path in sorted(Path(start or ".").iterdir()):
        if (path / _MANIFEST).is_file():
            yield start + path.name


@_silent
def layers(context: click.Context, _incomplete: str) -> Iterable[str]:
    """Layers of the run that was named; of ``explain`` those of the run that it goes on with."""
    return list(_manifest(context)["layers"])


@_silent
def unit(context: click.Context, _incomplete: str) -> Iterable[str]:
    """Numbers of units."""
    return _numbers(context)


@_silent
def units(context: click.Context, incomplete: str) -> Iterable[str]:
    """Numbers of units, behind a comma or a dash too."""
    before = re.sub(r"\d*$", "", incomplete)
    return [f"{before}{number}" for number in _numbers(context)]


@_silent
def metrics(_context: click.Context, _incomplete: str) -> Iterable[str]:
    """Names of scores."""
    return METRICS


@_silent
def formula(context: click.Context, incomplete: str) -> Iterable[str]:
    """Concepts of the run that was named, and the words between them.

    Inside quotes a shell hands over all that was typed since they were opened, so that proposals
    go on behind the last operator, and operators behind the last blank.
    """
    behind = [found.end() for found in _OPENS.finditer(incomplete)]
    before = incomplete[: max(behind, default=0)]
    blank = incomplete[: incomplete.rfind(" ") + 1]
    yield from (blank + operator for operator in OPERATORS)
    yield from (before + name for name in _concepts(context) if _PLAIN.fullmatch(name))


@_silent
def concepts(context: click.Context, incomplete: str) -> Iterable[str]:
    """Concepts of a run, behind a comma too."""
    before = incomplete[: incomplete.rfind(",") + 1]
    return [before + name for name in _concepts(context) if "," not in name]


def _run(context: click.Context) -> Path:
    """The run that the words before name; of a run that is being made, where it will lie."""
    if all(parameter.name != "run" for parameter in context.command.params):
        return Path(context.params["out"])
    # behind an option that still waits for its value, click has not told the words apart
    return Path(context.params.get("run") or context.args[0])


def _manifest(context: click.Context) -> Any:
    return json.loads((_run(context) / _MANIFEST).read_text(encoding="utf-8"))


def _numbers(context: click.Context) -> list[str]:
    of_layers = _manifest(context)["layers"]
    chosen = context.params.get("layer")
    counts = [part["units"] for name, part in of_layers.items() if chosen in (None, name)]
    return [str(number) for number in range(max(counts))]


def _concepts(context: click.Context) -> list[str]:
    run = _run(context)
    part = str(_manifest(context)["stages"]["concepts"]["path"])
    folder = (run / part).resolve()
    if not folder.is_relative_to(run.resolve()):  # a manifest may come from anybody
        return []
    names: list[str] = json.loads((folder / "concepts.json").read_text(encoding="utf-8"))["names"]
    return names
