"""Write the reference of options from the table of the command line: ``python docs/options.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from andornot.cli.settings import GROUPS, Setting
from andornot.cli.table import TABLE

PAGE = Path(__file__).resolve().parent / "reference" / "options.md"

_HEAD = """# Options

The options of the commands that explain, train, attack and reproduce, under the headings of their
help. Each leads to where it is explained. `python docs/options.py` writes this page from the table
that the commands are made of.

- On the command line, write the flag: `andornot explain --beam-size 5`.
- In a file for `andornot explain --config FILE`, write it without dashes: `beam-size: 5`.
- In Python, write what the second column says; a bare name is a keyword of `dissect`.

An option that would do nothing is refused, and so is one that is given twice.
"""

_OF_GROUP = {
    "Data": "data.md",
    "Network": "models.md",
    "What counts as active": "../explanation/activity.md#thresholds",
    "Concepts": "../how-to/choosing.md#what-matters-more-than-any-of-this",
    "Search": "../how-to/choosing.md#search-and-space",
    "Trust": "../explanation/trust.md#what-is-measured",
    "Attack": "../how-to/edits.md",
    "Running": "../how-to/scale.md",
}
"""Where what stands under a heading is explained."""

_OF_COMMAND = {
    "nli": "../how-to/classifiers.md#train-it",
    "attack": "../how-to/edits.md#attack",
    "reproduce": "../how-to/reproduce.md#settings",
    "demo": "../start/first_run.md",
}
"""The same of options that only these commands have."""

_OF_OPTION = {
    "--group": "data.md#groups",
    "--weights": "models.md#weights",
    "--random-weights": "../explanation/trust.md#random-weights",
    "--layer": "models.md#layers",
    "--units": "models.md#layers",
    "--tokens": "models.md#layers",
    "--layout": "models.md#layers",
    "--directions": "../how-to/directions.md",
    **dict.fromkeys(("--preset", "--size", "--mean", "--std"), "models.md#preprocessing"),
    **dict.fromkeys(("--ranges", "--range-by"), "../explanation/activity.md#ranges"),
    "--unit-of-count": "../explanation/measures.md#area-or-vote",
    "--min-active": "../explanation/activity.md#units-without-a-formula",
    "--min-active-positions": "../explanation/trust.md#the-verdict",
    "--min-active-groups": "../explanation/trust.md#the-verdict",
    "--min-support": "../how-to/choosing.md#support",
    "--known-only": "data.md#what-nobody-labelled",
    "--concepts-by": "data.md#concepts-of-your-own",
    "--relations": "text.md#an-operator-of-your-own",
    "--colors": "data.md#colours",
    "--words": "text.md#concepts-of-pairs",
    "--stop-words": "text.md#concepts-of-pairs",
    "--neighbors": "text.md#concepts-of-pairs",
    **dict.fromkeys(
        (
            "--own",
            "--no-own",
            "--repeats",
            "--regex",
            "--regex-seconds",
            "--spacy",
            "--wordnet",
            "--hypernyms",
            "--max-concepts",
        ),
        "text.md#concepts-of-running-text",
    ),
    "--length": "../how-to/choosing.md#length",
    "--metric": "../how-to/choosing.md#metric",
    "--profile": "../how-to/reproduce.md#settings",
    "--nodes": "../explanation/proofs.md#what-is-proven-and-what-is-not",
    "--seconds": "../explanation/proofs.md#what-is-proven-and-what-is-not",
    "--config": "runs.md#options-from-a-file",
    "--out": "runs.md",
    "--no-store": "../how-to/scale.md#two-passes-instead-of-a-store",
    "--executor": "../how-to/scale.md#engines",
    "--verify": "data.md#what-is-checked-and-when-data-count-as-changed",
}
"""The same of options that have a place of their own."""


def page() -> str:
    """The whole page, as Markdown."""
    parts = [_HEAD]
    for group in GROUPS:
        rows = "\n".join(_rows(group))
        parts.append(
            f"## {group}\n\n| option | in Python | default | what it does | where |\n"
            f"|---|---|---|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


def _rows(group: str) -> Iterator[str]:
    for setting in TABLE:
        if setting.group == group:
            cells = (
                f"[{_flags(setting)}]({about(setting)}){_older(setting)}",
                f"`{setting.python}`" if setting.python else "",
                _default(setting),
                setting.help,
                _where(setting),
            )
            yield "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(cell: str) -> str:
    """A text that is neither the end of a cell nor HTML."""
    return cell.replace("|", "\\|") if "`" in cell[:2] else cell.replace("<", "&lt;")


def about(setting: Setting) -> str:
    """Where an option is explained, as a link from the page of options."""
    for name, place in _OF_COMMAND.items():
        if all(command.startswith(name) for command in setting.commands):
            return place
    return _OF_OPTION.get(setting.flags[0]) or _OF_GROUP[setting.group]


def _flags(setting: Setting) -> str:
    value = setting.placeholder
    return f"`{setting.flags[0]} {value}`" if value else f"`{setting.flags[0]}`"


def _older(setting: Setting) -> str:
    return "".join(f" (older name: `{flag}`)" for flag in setting.flags[1:])


def _default(setting: Setting) -> str:
    if setting.more.get("required"):
        return "required"
    own = setting.more.get("default")
    return setting.shown if own is None else str(own)


def _where(setting: Setting) -> str:
    commands = ", ".join(f"`{command}`" for command in setting.commands)
    return f"{commands}; {setting.only} only" if setting.only else commands


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
