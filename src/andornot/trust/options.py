"""How much work goes into finding out how far explanations can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Integral
from typing import Final

from andornot._tools.checks import make_plain
from andornot.errors import OptionError, quoted

LONGEST: Final = 10
"""The longest formula that is tried where held-out samples choose the length."""


@dataclass(frozen=True)
class TrustOptions:
    """How often to draw, search and shuffle.

    Attributes:
        resamples: searches on samples drawn again, for stability; 0 for none.
        bootstrap: draws of samples behind an interval, at least ``resamples``.
        nulls: searches on the annotations of other samples; 0 for none. No p-value can be below
            ``1 / (nulls + 1)``.
        seed: of all draws.

    Raises:
        OptionError: a number cannot be used.

    Examples:
        >>> TrustOptions(nulls=99).nulls  # p-values go down to 0.01
        99
    """

    resamples: int = 20
    bootstrap: int = 1000
    nulls: int = 39
    seed: int = 0

    def __post_init__(self) -> None:
        make_plain(self, *(field.name for field in fields(self)))
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 0:
                raise OptionError(
                    f"{field.name} is {quoted(value)}; give a whole number, 0 or more"
                )
        if self.bootstrap < max(self.resamples, 40):
            raise OptionError(
                f"bootstrap is {self.bootstrap}; an interval needs at least 40 draws, and as many "
                "as there are resamples"
            )
