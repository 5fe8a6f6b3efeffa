"""Write tables as CSV, so that a spreadsheet takes no cell for a formula.

Names of concepts and classes, formulas and sentences are other people's. A spreadsheet calculates a
cell that begins with one of ``= + - @``, and may then open what it names; as OWASP advises, such a
text gets an apostrophe in front ("CSV Injection", owasp.org). Numbers stay as they are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

_QUOTE = "'"
_RISKY = re.compile(r"[=+\-@\uff1d\uff0b\uff0d\uff20\x00-\x1f\x7f]")
"""How a text begins that is more than a text: the four signs, also in full width, and control
characters, which spreadsheets pass over."""
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def harmless(value: T) -> T | str:
    """A cell that no spreadsheet calculates: a risky text with an apostrophe before it.

    A text that is a number, such as ``-0.5``, stays one.
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    return f"{_QUOTE}{value}" if _RISKY.match(value) else value


def harmless_cell(text: str) -> str:
    """The same for files that are read again: :func:`from_harmless` gives the very text back.

    To tell which apostrophes are ours, a text that only looks as if it had one gets one more.
    """
    # a text that only has an apostrophe stays; one more is needed only where ours could be meant
    return f"{_QUOTE}{text}" if _RISKY.match(text.lstrip(_QUOTE)) else text


def from_harmless(cell: str) -> str:
    """Undo :func:`harmless_cell`."""
    ours = cell.startswith(_QUOTE) and _RISKY.match(cell.lstrip(_QUOTE))
    return cell[1:] if ours else cell


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index; texts and headers are made harmless.

    Raises:
        OSError: it cannot be written.
    """
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    plain = table.set_axis([harmless(name) for name in table.columns], axis="columns")
    for at, kind in enumerate(table.dtypes):
        if not (is_numeric_dtype(kind) or is_bool_dtype(kind)):
            cells = map(harmless, table.iloc[:, at])
            # as objects: pandas would turn whole numbers beside missing ones into fractions
            plain.isetitem(at, np.fromiter(cells, dtype=object, count=len(table)))
    plain.to_csv(path, index=False)
