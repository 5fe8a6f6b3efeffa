"""Commands that are shown are read by a shell as they were meant."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from andornot._tools.commands import command, one_word

pytestmark = pytest.mark.skipif(os.name == "nt", reason="quoted for another shell there")
ODD = ("my runs/it's one", 'a "b"', "$HOME", "a;b", "plain", "sky AND (red OR 'x')")


@pytest.mark.parametrize("odd", ODD)
def test_a_shell_reads_what_was_meant(odd):
    assert shlex.split(command("score", Path("/") / odd, 3, odd)) == [
        "andornot", "score", str(Path("/") / odd), "3", odd,
    ]  # fmt: skip
    assert shlex.split(one_word(odd)) == [odd]
