"""What the README and the docs print is what the program does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from andornot.cli import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def commands():
    for page in PAGES:
        for block in blocks(page, ""):
            for line in block.replace("\\\n", " ").splitlines():
                line = line.split("#")[0].strip()
                if line.startswith("andornot ") and "[" not in line:
                    yield pytest.param(line, id=f"{page.name}: {line[:40]}")


def test_the_example_in_the_readme(capsys):
    (code,) = blocks(ROOT / "README.md", "python")
    exec(compile(code, "README.md", "exec"), {})
    first, *_ = capsys.readouterr().out.splitlines()
    assert first == "(water OR river) AND NOT blue 1.0"


@pytest.mark.parametrize("line", list(commands()))
def test_commands_have_the_options_that_are_shown(line):
    _, *words = shlex.split(line)
    command: click.Command = cli
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    assert command is not cli
    known = {option for p in command.params for option in p.opts}
    assert {word for word in words if word.startswith("--")} <= known | {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
