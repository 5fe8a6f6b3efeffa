"""How much work goes into finding out how far explanations can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Integral
from typing import Final

from andornot._tools.checks import flag, make_plain, number, put
from andornot.errors import OptionError, quoted

LONGEST: Final = 10
"""The longest formula that is tried where held-out samples choose the length."""


@dataclass(frozen=True)
class TrustOptions:
    """How often to draw, search and shuffle.

    Attributes:
        resamples: searches on samples drawn again, for stability; 0 for none.
        bootstrap: draws of samples behind an interval, at least ``resamples``.
        nulls: shuffles of the annotations that are searched, held out; 0 for none. No p-value can
            be below ``1 / (nulls + 1)``.
        seed: of all draws.
        in_sample: search the annotations of other samples in sample too, ``nulls`` times.
        part: held-out IoU above which a formula explains a part of its unit; by default .04 where
            samples are grids, and .1 where they are rows (see ``results.verdict``).

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
    in_sample: bool = False
    part: float | None = None

    def __post_init__(self) -> None:
        make_plain(self, *(field.name for field in fields(self)))
        put(self, "in_sample", flag(self.in_sample, "in_sample"))
        if self.part is not None and not 0 <= number(self.part, "part") < 1:
            raise OptionError(f"part is {self.part}; give an IoU, from 0 up to less than 1")
        for field in fields(self):
            if field.name in ("in_sample", "part"):
                continue
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
