"""Commands as people can copy them, whatever blanks and quotes are in a path or a formula."""

from __future__ import annotations

import os
import shlex
import subprocess


def command(*parts: object) -> str:
    """A command of ours as a line for this system's shell, such as ``andornot show 'my run'``."""
    return _line("andornot", *parts)


def one_word(part: object) -> str:
    """A single word of such a line, such as a path or ``KIND:PATH``."""
    return _line(part)


def _line(*parts: object) -> str:
    words = [str(part) for part in parts]
    # shlex quotes for POSIX shells only
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
