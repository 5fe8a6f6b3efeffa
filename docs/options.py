"""Write the reference of options from the table of the command line: ``python docs/options.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from andornot.cli.settings import GROUPS, Setting
from andornot.cli.table import TABLE

PAGE = Path(__file__).resolve().parent / "reference" / "options.md"

_HEAD = """# Options

The options of the commands that explain, train, attack and reproduce, under the headings of their
help. `python docs/options.py` writes this page from the table that the commands are made of.

- On the command line, write the flag: `andornot explain --beam-size 5`.
- In a file for `andornot explain --config FILE`, write it without dashes: `beam-size: 5`.
- In Python, write what the second column says; a bare name is a keyword of `dissect`.

An option that would do nothing is refused, and so is one that is given twice.
"""


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
                _flags(setting),
                f"`{setting.python}`" if setting.python else "",
                _default(setting),
                setting.help,
                _where(setting),
            )
            yield "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(cell: str) -> str:
    """A text that is neither the end of a cell nor HTML."""
    return cell.replace("|", "\\|") if cell.startswith("`") else cell.replace("<", "&lt;")


def _flags(setting: Setting) -> str:
    first, *older = setting.flags
    value = setting.placeholder
    names = "".join(f" (older name: `{flag}`)" for flag in older)
    return f"`{first} {value}`{names}" if value else f"`{first}`{names}"


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
