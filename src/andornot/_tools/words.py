"""Words for numbers, as they stand in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

_FEW = 5
"""A list of more values is printed by its length."""


def count(n: int, thing: str) -> str:
    """A number of things: ``1 unit``, ``1,024 units``."""
    return f"{n:,} {thing}" + ("" if n == 1 else "s")


def percent(share: float) -> str:
    """A share in per cent, with a digit behind the point."""
    return f"{100 * share:.1f} %"


def p_value(p: float) -> str:
    """A p-value, as it is written in a sentence."""
    # below, floats are 0 or lose digits, and "p = 0" would be wrong
    return "p < 1e-300" if p < 1e-300 else f"p = {p:.2g}"


def shortened(text: str, most: int = 160) -> str:
    """A text on one line, without its end if it is longer than so many characters."""
    line = " ".join(text[: 4 * most].split())  # not all of what may be megabytes
    whole = len(text) <= 4 * most and len(line) <= most
    return line if whole else f"{line[: most - 3].rstrip()}..."


def nearest(name: str, known: Iterable[str]) -> str:
    """Which known name is meant, in brackets, to stand behind a wrong one; nothing if none is."""
    close = get_close_matches(name, sorted(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def brief(record: Any) -> str:
    """A dataclass on one line: arrays by type and shape, long lists by their length."""
    told = (f"{f.name}={_told(getattr(record, f.name))}" for f in fields(record))
    return f"<{type(record).__name__}: {', '.join(told)}>"


def _told(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype} {tuple(value.shape)}"
    if isinstance(value, tuple | list | dict) and len(value) > _FEW:
        return f"{len(value):,} values"
    return shortened(repr(value), 100)
