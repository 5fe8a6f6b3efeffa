"""Something that a notebook shows as a page, and anything else as text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Shown:
    """A piece of a page.

    Attributes:
        html: as notebooks show it; it needs no other file.
        text: the same in a few words, as other shells show it.

    Examples:
        >>> Shown("<b>unit 3</b>", "unit 3")
        unit 3
    """

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text
