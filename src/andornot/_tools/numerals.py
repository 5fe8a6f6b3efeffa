"""Whole numbers as people write them."""

from __future__ import annotations

_MOST = 20
"""Digits: more than any number has that we can use, and few enough for any machine."""


def whole(text: str) -> int | None:
    """The whole number that a text spells in plain digits; None if it spells none.

    ``str.isdigit`` alone says yes to a raised two, and to thousands of digits, none of which
    ``int`` takes.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST else None
