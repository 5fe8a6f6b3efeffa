"""Texts that name networks and weights: ``hf:DIRECTORY``, ``FILE.py:FUNCTION``, ``FILE#PART``."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from andornot._tools.files import split_part

_Named = TypeVar("_Named", str, str | None)


def python_function(named: str) -> tuple[Path, str] | None:
    """File and function of ``FILE.py:FUNCTION``; None of a text that names no Python file."""
    # the last colon, for a path on Windows has one of its own
    file, _, function = named.rpartition(":")
    return (Path(file), function) if file.endswith(".py") and function else None


def absolute(named: _Named) -> _Named:
    """The text that names a network or its weights, as it can be read from any directory.

    In ``hf:DIRECTORY``, ``FILE.py:FUNCTION``, ``FILE`` and ``FILE#PART`` the path becomes a whole
    one; other texts (``torchvision:resnet18``, the name of published weights) stay as they are.
    """
    if named is None:
        return None
    kind, _, directory = named.partition(":")
    if kind == "hf" and directory:
        return f"hf:{Path(directory).resolve()}"
    if python := python_function(named):
        return f"{python[0].resolve()}:{python[1]}"
    path, part = split_part(named)
    # no file here: the name of a network, or weights that are elsewhere
    if not path.is_file():
        return named
    return f"{path.resolve()}#{part}" if part else str(path.resolve())
