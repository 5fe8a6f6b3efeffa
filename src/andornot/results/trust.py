"""What is known of how far an explanation can be trusted: records, and what is said of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, TypeVar

LEVEL: Final = 0.05
"""Share of false discoveries that is let pass when formulas are called better than chance."""

P = TypeVar("P", "HeldOut", "Stability", "Chance")


@dataclass(frozen=True)
class HeldOut:
    """The search repeated without a fold of samples, and its formulas scored on that fold.

    Intersections and unions are added up over the folds before they are divided.

    Attributes:
        by_length: held-out IoU of the best formula of up to 1, 2, ... concepts.
        in_sample: IoU of the same formulas on the samples that they were searched on.
        ceiling: held-out IoU of the best union of atoms of the other samples.
        length: the length that pays: the shortest whose held-out IoU, in the mean over folds,
            falls short of the best length's by no more than one standard error of the difference.

    Examples:
        >>> held_out = run.result()[3].trust.held_out
        >>> [round(iou, 3) for iou in held_out.by_length], held_out.length
        ([0.868, 1.0], 2)
    """

    by_length: tuple[float, ...]
    in_sample: tuple[float, ...]
    ceiling: float
    length: int


@dataclass(frozen=True)
class Stability:
    """The samples drawn again with replacement; the thresholds stay.

    Attributes:
        low, high: the middle 95 % of the formula's IoU over resamples of samples.
        resamples: how often the search was repeated.
        same: how many of the repeats found a formula that is true on the same positions.
        overlap: mean Jaccard index of the concepts of the formula and of those found again.
        concepts: each concept of the formula, and in what share of the repeats it came back.

    Examples:
        >>> stability = run.result()[0].trust.stability
        >>> stability.same, stability.resamples
        (2, 2)
        >>> stability.concepts
        (('red', 1.0),)
    """

    low: float
    high: float
    resamples: int
    same: int
    overlap: float
    concepts: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Chance:
    """The whole search where there is nothing to find.

    The unit's masks are paired with the annotations of other samples. ``real`` and ``null`` come
    from the same search.

    Attributes:
        nulls: how many such pairings were searched.
        real: IoU of the best formula of up to 1, 2, ... concepts, as this search found it.
        null: the same on other samples' annotations, mean over the pairings.
        spread: standard deviation of the null at the length of the explanation.
        p_value: ``(1 + nulls that reach the real IoU) / (nulls + 1)``, at that length; it cannot
            be smaller than ``1 / (nulls + 1)``.
        q_value: p-value corrected over the units of the layer, those for which no formula was found
            included (Benjamini & Hochberg).
        p_pooled: an estimate beyond that limit: the share of the null IoU of *all* units of the
            layer, each in standard deviations of its unit's other nulls, that reach the real one.
        q_pooled: likewise corrected.

    Examples:
        >>> chance = run.result()[0].trust.chance
        >>> chance.nulls, chance.p_value  # three searches can tell no more
        (3, 0.25)
        >>> chance.real[0] > chance.null[0]
        True
    """

    nulls: int
    real: tuple[float, ...]
    null: tuple[float, ...]
    spread: float
    p_value: float
    q_value: float
    p_pooled: float
    q_pooled: float


@dataclass(frozen=True, repr=False)
class Trust:
    """All that is known of one explanation; a part is None where it cannot be had.

    Attributes:
        length: how long the explanation could become; its IoU is the one that is examined.
        held_out: needs two folds with samples.
        stability: needs two samples.
        chance: needs two samples.

    Examples:
        >>> trust = run.result()[0].trust
        >>> print(str(trust).partition(";")[0])
        held-out IoU 1.000
        >>> trust.stability.resamples, trust.chance.nulls, trust.length
        (2, 3, 2)
    """

    length: int
    held_out: HeldOut | None = None
    stability: Stability | None = None
    chance: Chance | None = None

    @property
    def better_than_chance(self) -> bool:
        """Whether the fit is more than chance explains, as far as is known (pooled q-value)."""
        # what was not measured is not held against a unit
        return self.chance is None or self.chance.q_pooled <= LEVEL

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Trust:
        """Back from :meth:`as_dict`."""
        return cls(
            int(data["length"]),
            part_from_dict(HeldOut, data["held_out"]),
            part_from_dict(Stability, data["stability"]),
            part_from_dict(Chance, data["chance"]),
        )

    def columns(self) -> dict[str, Any]:
        """Cells for the table of units."""
        row: dict[str, Any] = {}
        if (held := self.held_out) is not None:
            row |= {"held_out_iou": held.by_length[self.length - 1]}
            row |= {f"held_out_iou_{n}": iou for n, iou in enumerate(held.by_length, start=1)}
            row |= {"in_sample_iou": held.in_sample[self.length - 1]}
            row |= {"ceiling_held_out": held.ceiling, "length_held_out": held.length}
        if (stable := self.stability) is not None:
            row |= {"iou_low": stable.low, "iou_high": stable.high}
            # without repeats nothing came back, and nothing is divided by 0
            row |= {"same_formula": stable.same / max(1, stable.resamples)}
            row |= {"same_concepts": stable.overlap}
        if (chance := self.chance) is not None:
            null = chance.null[self.length - 1]
            row |= {"p_value": chance.p_value, "q_value": chance.q_value, "null_iou": null}
            row |= {"p_pooled": chance.p_pooled, "q_pooled": chance.q_pooled}
            row |= {"excess_iou": chance.real[self.length - 1] - null}
        return row

    def __str__(self) -> str:
        said = []
        if self.held_out is not None:
            said.append(f"held-out IoU {self.held_out.by_length[self.length - 1]:.3f}")
        if (stable := self.stability) is not None:
            said.append(f"95 % interval {stable.low:.3f} to {stable.high:.3f}")
            if stable.resamples:
                said.append(f"came back {stable.same}/{stable.resamples}")
        if (chance := self.chance) is not None:
            said.append(f"chance {chance.null[self.length - 1]:.3f}")
            said.append(
                f"p {chance.p_value:.2g}, q {chance.q_value:.2g} "
                f"(pooled over units: p {chance.p_pooled:.2g}, q {chance.q_pooled:.2g})"
            )
        return "; ".join(said) or "nothing is known"

    def __repr__(self) -> str:
        return f"<Trust at length {self.length}: {self}>"


def part_from_dict(kind: type[P], data: dict[str, Any] | None) -> P | None:
    """A part of a record from plain data; JSON has lists where records have tuples."""
    if data is None:
        return None
    return kind(**{name: _frozen(value) for name, value in data.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value
