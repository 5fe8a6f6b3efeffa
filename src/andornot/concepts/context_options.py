"""Which concepts look around, and how: options only.

Nothing heavy is imported here: the command line asks this record for its defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from andornot._tools.checks import make_plain, put, several, texts, whole_number
from andornot.errors import OptionError, quoted

LEAST: Final = (20, 10)
"""Positions and samples on which a new concept must hold, where nobody says."""

FOUND: Final = "found"
"""In ``around_of``: the concepts that a search without context found."""


@dataclass(frozen=True)
class ContextOptions:
    """Which concepts look around, and how (see ``concepts.operators``).

    Attributes:
        around: names of operators, in any case, such as ``prev`` and ``with``; ``FILE.py:FUNCTION``
            (which runs that file) or a function makes one of your own, from the mask of a concept
            in a sample, bool ``(height, width)``, to another. None: what is usual for the samples,
            ``prev`` for running text and nothing for others; empty: none.
        around_of: categories or names of the concepts that they are made of; None for all. The
            word ``found`` alone: search without context first, and look around the concepts that
            came up. That is a heuristic: a concept that helps only in context is not found.
        min_support: positions and samples on which a new concept must hold to be made; None: as the
            search asks of all concepts, and else 20 positions in 10 samples.
        max_around: most new concepts; those that hold in the most samples are made.

    Raises:
        OptionError: a value cannot be used.

    Examples:
        >>> ContextOptions(around="prev,after", around_of=("word", "tag")).around
        ('PREV', 'AFTER')
    """

    around: tuple[str | Callable[..., Any], ...] | None = None
    around_of: tuple[str, ...] | None = None
    min_support: tuple[int, int] | None = None
    max_around: int = 1000

    def __post_init__(self) -> None:
        make_plain(self, "max_around")
        if self.around is not None:
            put(self, "around", tuple(map(_named, _listed(self.around, "around"))))
        if self.around_of is not None:
            put(self, "around_of", texts(_listed(self.around_of, "around_of"), "around_of"))
        self._check_numbers()

    def _check_numbers(self) -> None:
        whole_number(self.max_around, "max_around", least=1)
        if self.min_support is None:
            return
        both = tuple(several(self.min_support, "min_support"))
        if len(both) != 2:
            raise OptionError(
                f"min_support is {quoted(self.min_support)}; give positions and samples, "
                "as (20, 10)"
            )
        put(self, "min_support", tuple(whole_number(n, "min_support", least=0) for n in both))

    @property
    def of_found(self) -> bool:
        """Whether to look around the concepts that a search without context finds."""
        return self.around_of == (FOUND,)

    def facts(self) -> dict[str, Any]:
        """What a manifest says of them; functions by their names."""
        around = None if self.around is None else tuple(_told(one) for one in self.around)
        return {
            "around": around, "around_of": self.around_of, "min_support": self.min_support,
            "max_around": self.max_around,
        }  # fmt: skip


def _listed(given: Any, what: str) -> tuple[Any, ...]:
    """Several values; a text is cut at commas, and a function stands alone."""
    if isinstance(given, str):
        return tuple(part.strip() for part in given.split(",") if part.strip())
    return (given,) if callable(given) else tuple(several(given, what))


def _named(given: Any) -> Any:
    if not isinstance(given, str) and not callable(given):
        raise OptionError(
            f"around has {quoted(given)}; give the name of an operator, or a function"
        )
    return given.upper() if isinstance(given, str) and ":" not in given else given


def _told(operator: Any) -> str:
    return operator if isinstance(operator, str) else str(getattr(operator, "__name__", operator))
