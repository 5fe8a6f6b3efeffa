"""How large the problem of a bench is."""

from __future__ import annotations

from andornot.errors import OptionError


def check_least(size: object, **lowest: int) -> None:
    """Refuse a size with a number that is too small to measure anything.

    Raises:
        OptionError: a number is below its ``lowest``.
    """
    for name, least in lowest.items():
        given = getattr(size, name)
        if given < least:
            raise OptionError(f"{name} is {given}; a bench needs {least} or more")
