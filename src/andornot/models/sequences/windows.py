"""Cut a sequence of tokens into windows that a model can read, each token counted once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from andornot.errors import OptionError


@dataclass(frozen=True)
class Window:
    """Tokens that are read together.

    Attributes:
        first: the first token that is read.
        counted: the first that counts; those before it only give it a left context.
        stop: the token behind the last, which is the last that counts too.
    """

    first: int
    counted: int
    stop: int


def windows_of(n: int, room: int | None, overlap: int | None = None) -> Iterator[Window]:
    """The windows of ``n`` tokens, from left to right.

    Each token counts in one window, and has there as many tokens to its left as stand before it,
    or at least ``overlap``.

    Args:
        n: how many tokens.
        room: most tokens in a window; None if there is no limit.
        overlap: how many tokens a window has in common with the one before; half of ``room`` if
            not given.

    Raises:
        OptionError: there is no room for an overlap and a token.

    Examples:
        >>> for window in windows_of(10, 6):
        ...     print(window)
        Window(first=0, counted=0, stop=6)
        Window(first=3, counted=6, stop=9)
        Window(first=6, counted=9, stop=10)
    """
    room = max(n, 1) if room is None else room
    overlap = room // 2 if overlap is None else overlap
    if room < 1 or not 0 <= overlap < room:
        raise OptionError(
            f"windows of {room} tokens cannot have {overlap} in common; let the overlap be at "
            "least 0 and under the number of tokens that the model reads at once"
        )
    first, counted = 0, 0
    while counted < n:
        stop = min(first + room, n)
        yield Window(first, counted, stop)
        first, counted = stop - overlap, stop
