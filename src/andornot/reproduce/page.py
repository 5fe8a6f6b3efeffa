"""A reproduction as a page to read, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from andornot.reproduce.figure import VERDICTS, Figure, for_scale, shown
from andornot.reproduce.reproduction import Reproduction


def markdown(made: Reproduction) -> str:
    """A page to read: what is comparable, a table for each group, notes, and what made it."""
    notes = made.notes()
    parts = [
        f"# {made.title}",
        f"**{made.standing.sentence}**",
        made.summary,
        *(_table(name, figures, notes) for name, figures in made.groups().items()),
        "## Notes\n\n" + "\n".join(f"{number}. {why}." for why, number in notes.items()),
        "## Verdicts\n\n" + "\n".join(f"- *{name}*: {text}." for name, text in VERDICTS.items()),
        "## Keep in mind\n\n" + "\n".join(f"- {sentence}" for sentence in made.remarks),
        *(_facts(name, values) for name, values in made.facts.items()),
        f"The run is in `{made.run}`: every command that takes a RUN takes it.",
    ]
    return "\n\n".join(parts) + "\n"


def _table(name: str, figures: Sequence[Figure], notes: Mapping[str, int]) -> str:
    lines = [
        f"## {name}\n",
        "| figure | in the paper | paper | here | tolerance | verdict | note |",
        "|---|---|---:|---:|---:|---|---|",
    ]
    for f in figures:
        room = "" if f.tolerance is None else f"± {shown(f.tolerance)}"
        what = f.name if not f.beside else f"{f.name}<br>*{f.beside}*"
        note = str(notes[f.why]) if f.why else ""
        cells = (what, f.place, for_scale(f), shown(f.ours), room, f.verdict, note)
        lines.append(_row(cells))
    return "\n".join(lines)


def _facts(name: str, values: Mapping[str, Any]) -> str:
    rows = (_row((key, "–" if value is None else str(value))) for key, value in values.items())
    return "\n".join((f"## {name.capitalize()}\n", "| | |", "|---|---|", *rows))


def _row(cells: Iterable[str]) -> str:
    escaped = (cell.replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
