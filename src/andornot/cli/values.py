"""Kinds of values on the command line: unit numbers, numbers, names."""

from __future__ import annotations

import re
from typing import Any

import click
from click.shell_completion import CompletionItem

from andornot._tools.numerals import whole
from andornot.cli import completion
from andornot.errors import quoted

_UNITS = 1 << 24
"""No layer has so many units; a list of them would fill the memory."""


class UnitRanges(click.ParamType[Any]):
    """Unit numbers such as ``0-63,70``."""

    name = "units"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> list[int] | None:
        """Read the text; lists pass through."""
        if value is None:
            return None
        units: list[int] = []
        for part in value if isinstance(value, list) else str(value).split(","):
            text = str(part).strip()
            ends = [whole(end) for end in text.split("-", 1)]
            first, last = ends[0], ends[-1]
            if first is None or last is None or last >= _UNITS:
                self.fail(f"{quoted(text)} is no unit or range; write for instance 0-63,70")
            if last < first:
                self.fail(f"{quoted(text)} runs backwards; write the smaller number first")
            units += range(first, last + 1)
        return list(dict.fromkeys(units))

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Propose units of the run that was named."""
        return completion.units(ctx, param, incomplete)


class Numbers(click.ParamType[Any]):
    """One or more numbers, such as ``0.485,0.456,0.406``."""

    name = "numbers"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> tuple[float, ...] | None:
        """Read the text; sequences pass through."""
        if value is None or isinstance(value, tuple):
            return value
        parts = value if isinstance(value, list) else str(value).split(",")
        try:
            return tuple(float(part) for part in parts)
        except (TypeError, ValueError):
            self.fail(f"{value!r} is no list of numbers; write for instance 0.5,0.5,0.5")


class Names(click.ParamType[Any]):
    """Names separated by commas; one that has commas stands in double quotes, as in formulas."""

    name = "names"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> tuple[str, ...] | None:
        """Read the text; sequences pass through."""
        if value is None or isinstance(value, tuple):
            return value
        if isinstance(value, list):
            return tuple(str(part).strip() for part in value)
        return tuple(_name(part) for part in _LISTED.findall(str(value)))


# A name in quotes, or whatever stands up to the next comma; a lone quote is a sign like others.
_LISTED = re.compile(r'(?:^|,)(\s*"(?:[^"\\]|\\.)*"\s*(?=,|$)|[^,]*)')


def _name(part: str) -> str:
    """A name as it was listed, without the quotes round it."""
    plain = part.strip()
    if len(plain) > 1 and plain[0] == plain[-1] == '"':
        return re.sub(r"\\(.)", r"\1", plain[1:-1])
    return plain


class Length(click.ParamType[Any]):
    """A number of concepts, or ``auto``."""

    name = "length"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> int | str:
        """Read the text."""
        if str(value).strip().lower() == "auto":
            return "auto"
        try:
            return int(str(value))
        except ValueError:
            self.fail(f"{value!r} is neither a number of concepts nor 'auto'")


class Widths(click.ParamType[Any]):
    """One or more whole numbers, such as ``1024,1024``."""

    name = "widths"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> tuple[int, ...]:
        """Read the text; sequences pass through."""
        parts = value.split(",") if isinstance(value, str) else value
        try:
            return tuple(int(part) for part in parts)
        except ValueError:
            self.fail(f"{value!r} is no list of whole numbers; write for instance 1024,1024")


class LeastSupport(click.ParamType[Any]):
    """The least numbers of positions and of samples, such as ``30,5``."""

    name = "support"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> tuple[int, int] | None:
        """Read the text; sequences pass through."""
        if value is None:
            return None
        parts = value if isinstance(value, list | tuple) else str(value).split(",")
        numbers = [n for part in parts if (n := whole(str(part).strip())) is not None]
        if len(numbers) != len(parts) or len(numbers) != 2:
            self.fail(
                f"{quoted(value)} is not two whole numbers; write the least positions and samples, "
                "as 30,5"
            )
        return numbers[0], numbers[1]
