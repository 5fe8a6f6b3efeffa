"""What programs read of a command: one JSON document, or a table as TSV where output is piped.

A person at a terminal gets a table as wide as the terminal is. Whatever else a command says then
goes to the standard error output, so that a file or a pipe gets the table and nothing else.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click

from andornot.cli.ending import say


def is_watched() -> bool:
    """Whether a person reads the standard output, and no file or pipe.

    ``FORCE_COLOR`` and ``TTY_COMPATIBLE`` say so to all that rich prints, and so they do here.
    """
    from rich.console import Console

    return Console().is_terminal


def print_json(value: Any) -> None:
    """Print a view, or plain values and views, as one JSON document; NaN becomes null."""
    from andornot.views.plain import plain

    data = plain(value)
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    if _fits(text) != text:
        text = json.dumps(data, indent=1, allow_nan=False)
    click.echo(text)


def print_tsv(rows: Iterable[Mapping[Any, Any]], columns: Iterable[str]) -> None:
    r"""Print a table for programs: a header, then a row a line, whole texts, tabs between cells.

    A cell with a tab, a line break or a quotation mark stands in quotation marks, as ``csv`` and
    ``pandas.read_csv(..., sep="\t")`` read it; what is missing is empty.
    """
    from andornot.views.plain import plain

    names, lines = list(columns), io.StringIO()
    writer = csv.writer(lines, "excel-tab", lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(plain(row.get(name))) for name in names])
    click.echo(_fits(lines.getvalue()), nl=False)


def beside(sentence: str) -> None:
    """Say something that is no part of a table: behind it at a terminal, else as a note."""
    if is_watched():
        click.echo(_fits(sentence))
    else:
        say(sentence)


def _cell(value: Any) -> Any:
    """A value in a cell: lists and records as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _fits(text: str) -> str:
    """A text, with escapes for what the standard output cannot say."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
