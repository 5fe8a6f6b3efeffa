"""A threshold that cuts through nearly equal values of a unit, and what that means in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Plateau:
    r"""How many values of a unit lie close to its threshold, where that is most of them.

    Attributes:
        within: how close, in activation.
        active: values above the threshold.
        above: of these, those above it by more than that.
        below: values above what lies that much below the threshold, all the active among them.

    Examples:
        >>> told = str(Plateau(within=0.002, active=400, above=3, below=2_000))
        >>> print(told.partition(":")[0].replace(", and ", "\n"))
        397 of the 400 values above the threshold lie within 0.002 of it
        1,600 more as close below it
    """

    within: float
    active: int
    above: int
    below: int

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Plateau:
        """Back from :meth:`as_dict`."""
        counts = (int(data[name]) for name in ("active", "above", "below"))
        return cls(float(data["within"]), *counts)

    def __str__(self) -> str:
        near = self.active - self.above
        some = f"all {near:,}" if near == self.active else f"{near:,} of the {self.active:,}"
        return (
            f"{some} values above the threshold lie within {self.within:.2g} of it, and "
            f"{self.below - self.active:,} more as close below it: what counts as active is cut "
            "out of nearly equal values, and the formula describes that cut"
        )
