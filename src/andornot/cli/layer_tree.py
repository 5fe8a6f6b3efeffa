"""What ``andornot layers`` prints: a tree for people, a table or JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from andornot.cli.ending import say
from andornot.cli.machine import is_watched, print_json, print_tsv
from andornot.views.layer_tree import LayerLine, TreeLine, layer_tree

if TYPE_CHECKING:
    from rich.text import Text

_COLUMNS = ("layer", "type", "output", "units", "kind", "shape", "usual")
_STEP = 2
_LEAST = 24
"""Columns that what is told of a layer needs beside its name."""


def print_layers(
    lines: Sequence[LayerLine],
    notes: Sequence[str],
    *,
    under: str | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Print the layers of a network.

    Raises:
        OptionError: no module is called ``under``.
    """
    tree = layer_tree(lines, under, everything)
    inside = [line for line in lines if under is None or f"{line.layer}.".startswith(f"{under}.")]
    if as_json:
        print_json({"layers": [_row(line) for line in inside], "notes": list(notes)})
    elif is_watched():
        _print_tree(tree, len(inside), any(line.usual for line in lines))
    else:
        print_tsv(
            (_row(line) | {"shape": "x".join(map(str, line.shape))} for line in inside), _COLUMNS
        )
    for note in notes:
        say(f"note: {note}")


def _row(line: LayerLine) -> dict[str, object]:
    return line.as_dict() | {"output": line.output}


def _print_tree(tree: Sequence[TreeLine], layers: int, has_usual: bool) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    for text in _texts(tree, console.width):
        console.print(text, soft_wrap=True)
    hidden = layers > len(tree)
    for sentence in _legend(layers, hidden, has_usual):
        console.print(sentence)


def _texts(tree: Sequence[TreeLine], width: int) -> Iterator[Text]:
    """The lines of a screen: names, with what is told beside them, or below if there is no room."""
    from rich.text import Text

    named = [" " * _STEP * line.depth + line.name for line in tree]
    beside = max(map(len, named), default=0) + _STEP
    below = width - beside < _LEAST
    for line, name in zip(tree, named, strict=True):
        indent = _STEP * (line.depth + 2) if below else beside
        told = f"{line.about} <- usual" if line.usual else line.about
        parts = wrap(told, max(_LEAST // 2, width - indent)) or [""]
        style = "bold green" if line.usual else ""
        rest = [" " * indent + part for part in parts]
        first = [name] if below else [name.ljust(indent) + parts[0]]
        for at, text in enumerate([*first, *(rest if below else rest[1:])]):
            shown = Text(text.rstrip(), style=style)
            if not style:
                shown.stylize("dim", len(name) if at == 0 else 0)
            yield shown


def _legend(layers: int, hidden: bool, has_usual: bool) -> Iterator[str]:
    if hidden:
        yield (
            f"{layers:,} layers, folded: --under PATH shows what is inside a module, --all each; "
            "| cat lists whole paths"
        )
    yield "--layer takes the whole path, names joined by dots from the margin inwards"
    if has_usual:
        yield (
            "usual are the last with maps of their size: late layers know things, early ones "
            "colours and textures; small maps need more images"
        )
