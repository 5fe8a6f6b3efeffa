"""The code in the pages of docs/ and in the README: found, run, and checked.

A page is run from top to bottom in a scratch directory. ``python`` blocks share a namespace;
``bash`` blocks run line by line. Comments on a line of their own say the rest:

    <!-- needs: REASON -->  the next block cannot run here; its commands and syntax are checked
    <!-- file: NAME -->     the next block is written to this file
    <!-- prints -->         the next block is what the block before it prints
    <!-- demo: NAME -->     the scratch directory has demo/NAME, as `andornot demo` leaves it
    <!-- slow -->           the page takes its time
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest
from markdown_it import MarkdownIt

from andornot._tools.progress import show_progress
from andornot.cli import cli, main
from benchmarks.cli import bench

ROOT = Path(__file__).resolve().parents[2]
SHOWN = {"text", "csv", "yaml", "toml", "json", "mermaid", "pycon", "dockerfile"}
"""Languages of blocks that are only looked at."""
_COMMENT = re.compile(r"<!--\s*(needs|file|prints|demo|slow)\b:?\s*(.*?)\s*-->")


@dataclass(frozen=True)
class Block:
    """A fenced block: where its code begins, its language, and what comments say of it."""

    page: str
    line: int
    language: str
    text: str
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def is_code(self) -> bool:
        """Whether it is to be run, or at least checked."""
        return self.language in ("python", "bash") and "file" not in self.notes

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """A page's blocks, the demos that it goes on from, and whether it takes its time."""

    name: str
    blocks: tuple[Block, ...]
    demos: frozenset[str]
    slow: bool


def page_files() -> list[Path]:
    """The README and every page of the docs."""
    docs = sorted((ROOT / "docs").rglob("*.md"))
    return [ROOT / "README.md", *(file for file in docs if "_build" not in file.parts)]


def read_page(file: Path) -> Page:
    """Find the blocks of a page; comments count for the block that follows them."""
    name = file.relative_to(ROOT).as_posix()
    blocks, demos, slow, notes = [], set(), False, {}
    for token in MarkdownIt("commonmark").parse(file.read_text(encoding="utf-8")):
        if token.type == "html_block":
            for key, value in _COMMENT.findall(token.content):
                slow |= key == "slow"
                demos |= {value} if key == "demo" else set()
                notes[key] = value
        elif token.type == "fence":
            assert token.map is not None
            language = token.info.split()[0] if token.info else ""
            blocks.append(Block(name, token.map[0] + 2, language, token.content, notes))
            notes = {}
        elif token.type == "inline":
            notes = {}
    return Page(name, tuple(blocks), frozenset(demos), slow)


def command_lines(block: Block) -> Iterator[list[str]]:
    """The words of each command in a block; comments are dropped."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            yield words


def check(block: Block) -> None:
    """Refuse a block that could not run anywhere: bad Python, or a command that is not there."""
    if block.language == "python":
        compile(block.text, str(block), "exec")
        return
    for words in command_lines(block):
        if words[0] == "andornot":
            check_command(words[1:])
        elif words[:3] == ["python", "-m", "benchmarks"]:
            check_command(words[3:], bench)


def check_command(words: list[str], command: click.Command = cli) -> None:
    """Ask the parser: are command and options there, and has each what it needs?"""
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    assert command is not cli, words
    if {"-h", "--help"} & set(words):
        return
    context = click.Context(command)
    given, left, _ = command.make_parser(context).parse_args(list(words))
    assert not left, f"{command.name} takes no {left}"
    if "config" not in given:
        missing = [p.name for p in command.params if p.required and given.get(p.name) is None]
        assert not missing, f"{command.name} needs {missing}"


class Runner:
    """Runs the blocks of one page in the current directory."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self.printed = ""

    def run(self, block: Block) -> str:
        """Run, write, compare or check one block; answer which of these it was."""
        if "file" in block.notes:
            Path(block.notes["file"]).parent.mkdir(parents=True, exist_ok=True)
            Path(block.notes["file"]).write_text(block.text, encoding="utf-8")
            return "written"
        if "needs" in block.notes:
            check(block)
            return "checked"
        if "prints" in block.notes:
            assert _plain(self.printed) == _plain(block.text)
            return "compared"
        if not block.is_code:
            return "shown"
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self._python(block) if block.language == "python" else self._bash(block, out)
        self.printed = out.getvalue()
        return "executed"

    def _python(self, block: Block) -> None:
        code = "\n" * (block.line - 1) + block.text
        exec(compile(code, str(ROOT / block.page), "exec"), self.namespace)

    def _bash(self, block: Block, out: io.StringIO) -> None:
        commands = list(command_lines(block))
        if all(words[0] == "andornot" for words in commands) and not _has_shell(block.text):
            for words in commands:
                run_command(words[1:])
            return
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            capture_output=True, text=True, env=os.environ | {"PATH": path},
        )  # fmt: skip
        out.write(done.stdout)
        assert done.returncode == 0, f"{block}: {done.stdout}{done.stderr}"


def _has_shell(text: str) -> bool:
    """Whether a block needs more of a shell than words and comments (signs in quotes apart)."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'|#.*", "", text)
    return any(sign in bare for sign in "|<>&;$*?`")


def run_command(words: list[str]) -> None:
    """Run a command in this process; it has to end well."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    show_progress(False)
    assert not ended.value.code, f"andornot {shlex.join(words)} ended with {ended.value.code}"


def _plain(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]
