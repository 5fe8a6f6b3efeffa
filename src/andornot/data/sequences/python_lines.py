"""Lines of a text as Python counts them, and places in them as characters of the text."""

from __future__ import annotations

import re
from typing import Final

_END: Final = re.compile(r"\r\n|\r|\n")


class Lines:
    r"""A text and its lines, which end at ``\n``, ``\r\n`` or ``\r`` and nowhere else.

    ``ast`` and ``tokenize`` name a line and a column: the one counts bytes of UTF-8, the other
    characters.

    Attributes:
        text: the text.
        plain: the same with ``\n`` as every line's end: lines and columns stay as they are.

    Examples:
        >>> lines = Lines("a\r\n\u00e9 = 1")
        >>> lines.at(2, 2), lines.at_byte(2, 3)
        (5, 5)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.plain = _END.sub("\n", text)
        self._starts = [0, *(found.end() for found in _END.finditer(text))]
        self._lines = self.plain.split("\n")
        self._ascii = text.isascii()

    def at(self, line: int, column: int) -> int:
        """The character at a column of characters in a line; lines count from 1."""
        if line > len(self._starts):
            return len(self.text)
        return self._starts[line - 1] + min(column, len(self._lines[line - 1]))

    def at_byte(self, line: int, column: int) -> int:
        """The character at a column of bytes in a line."""
        if not self._ascii and line <= len(self._lines):
            own = self._lines[line - 1]
            if not own.isascii():
                column = len(own.encode()[:column].decode("utf-8", "ignore"))
        return self.at(line, column)

    def end_of(self, line: int) -> int:
        """The character behind a line and what ends it."""
        return self._starts[line] if line < len(self._starts) else len(self.text)
