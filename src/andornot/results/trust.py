"""What is known of how far an explanation can be trusted: records, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from andornot.results.verdict import LEVEL as LEVEL
from andornot.results.verdict import MOST, PART_OF_MAPS, Extent, is_above

P = TypeVar("P", "HeldOut", "HeldOutChance", "Stability", "Core", "Chance")


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
        hits: held-out positions on which unit and formula are both true, by length.
        area: held-out positions on which the formula is true, by length.
        active: held-out positions on which the unit is active; 0 in runs of older versions, which
            noted none of the three.
        interval: the middle 95 % of the held-out IoU of the formula that is shown, over redraws of
            groups; the formulas of the folds stay. None in runs of older versions.
        formulas: what was found without each fold, of the length that is shown; None where nothing
            was, or the fold is empty.

    Examples:
        >>> held_out = run.result()[3].trust.held_out
        >>> [round(iou, 3) for iou in held_out.by_length], held_out.length
        ([0.868, 1.0], 2)
    """

    by_length: tuple[float, ...]
    in_sample: tuple[float, ...]
    ceiling: float
    length: int
    hits: tuple[int, ...] = ()
    area: tuple[int, ...] = ()
    active: int = 0
    interval: tuple[float, float] | None = None
    formulas: tuple[str | None, ...] = ()

    def precision(self, length: int) -> float | None:
        """How often the unit is active where the formula of up to ``length`` concepts holds."""
        return self.hits[length - 1] / max(1, self.area[length - 1]) if self.hits else None

    def recall(self, length: int) -> float | None:
        """How much of the unit's activity the formula of up to ``length`` concepts covers."""
        return self.hits[length - 1] / max(1, self.active) if self.hits else None

    def extent(self, part: float) -> Extent | None:
        """How much the shown formula explains; ``part`` is the IoU above which it is a part."""
        if self.interval is None:
            return None
        low, _ = self.interval
        return Extent.MOST if low > MOST else Extent.PART if low > part else Extent.LITTLE


@dataclass(frozen=True)
class HeldOutChance:
    """The same search, held out, where there is nothing to find: on shuffled annotations.

    Annotations change places among groups of samples of one size inside each fold, so that whole
    searches and held-out scores can be had as for the unit itself.

    Attributes:
        nulls: shuffles that were decided on; fewer than were asked for where so many reached the
            unit's score that more would not change what is said.
        reached: those whose held-out IoU is the unit's or more.
        p_value: ``(1 + reached) / (1 + nulls)``; ``reached / nulls`` where it was ended early.
        searched: shuffles that were searched in full, for the mean and the spread; the others were
            searched only as far as no bound decided whether they reach the unit's score.
        iou: mean held-out IoU of these.
        spread: its standard deviation.
        gain: logarithm of the odds of a hit against an error, the unit's over those of chance.
        low, high: the middle 95 % of the gain over redraws of groups of samples; formulas and
            chance stay.
        q_value: the p-value corrected over the units of the layer that have enough data, those
            for which no formula was found included (Benjamini & Hochberg).
        p_pooled, q_pooled: an estimate beyond the least p-value, from the nulls of all units.
        exact: whether all shuffles exchanged groups of one size; else groups of nearly one size
            changed places as far as both reach, which is approximate.

    Examples:
        >>> chance = run.result()[0].trust.held_out_chance
        >>> chance.nulls, chance.p_value  # three shuffles can tell no more
        (3, 0.25)
    """

    nulls: int
    reached: int
    p_value: float
    searched: int
    iou: float
    spread: float
    gain: float
    low: float
    high: float
    q_value: float
    p_pooled: float
    q_pooled: float
    exact: bool = True


@dataclass(frozen=True)
class Core:
    """The part of a formula that comes back when the samples are drawn again.

    Attributes:
        formula: the formula without the steps whose concept, with its sign, came back in too few
            of the redraws; None where nothing is left.
        iou: its held-out IoU: of what is left of each fold's formula.

    Examples:
        >>> run.result()[0].trust.core.formula
        'red'
    """

    formula: str | None
    iou: float


@dataclass(frozen=True)
class Stability:
    """The samples drawn again with replacement; the thresholds stay.

    Attributes:
        low, high: the middle 95 % of the formula's IoU over resamples of samples.
        resamples: how often the search was repeated.
        same: how many of the repeats found a formula that is true on the same positions.
        overlap: mean Jaccard index of the concepts of the formula and of those found again.
        concepts: each concept of the formula, and in what share of the repeats it came back.
        mask_iou: median over the repeats of the IoU of the masks of the formula that is shown and
            of the one that was found again; None in runs of older versions.
        signed: each concept of the formula that is shown, ``"NOT "`` before one that is taken away,
            and in what share of the repeats it came back with that sign, or one that the data
            cannot tell from it.

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
    mask_iou: float | None = None
    signed: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Chance:
    """The whole search where there is nothing to find, in sample; measured only where asked for.

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
        chance: in sample, where that was asked for; needs ten groups of samples.
        held_out_chance: needs ten groups of samples, and folds with groups to exchange.
        core: needs redraws.
        shown_length: the length of the formula that is shown: the shortest that does about as well
            as the best one; all that a verdict rests on is of this length. ``length`` where the
            longest formula is shown.
        part: held-out IoU above which a formula explains a part of the unit.

    Examples:
        >>> trust = run.result()[0].trust
        >>> print(str(trust).partition(";")[0])
        held-out IoU 1.000
        >>> trust.stability.resamples, trust.held_out_chance.nulls, trust.length
        (2, 3, 2)
    """

    length: int
    held_out: HeldOut | None = None
    stability: Stability | None = None
    chance: Chance | None = None
    held_out_chance: HeldOutChance | None = None
    core: Core | None = None
    shown_length: int | None = None
    part: float = PART_OF_MAPS

    @property
    def shown(self) -> int:
        """The length of the formula that is shown."""
        return self.length if self.shown_length is None else self.shown_length

    @property
    def held_out_iou(self) -> float | None:
        """Held-out IoU of the formula that is shown."""
        return None if self.held_out is None else self.held_out.by_length[self.shown - 1]

    @property
    def extent(self) -> Extent | None:
        """How much of the unit the formula that is shown explains; None where not known."""
        return None if self.held_out is None else self.held_out.extent(self.part)

    @property
    def better_than_chance(self) -> bool:
        """Whether the fit is more than chance explains, as far as is known: held out if it is."""
        if (luck := self.held_out_chance) is not None:
            return is_above(luck)
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
            # runs of older versions have no more
            part_from_dict(HeldOutChance, data.get("held_out_chance")),
            part_from_dict(Core, data.get("core")),
            data.get("shown_length"),
            data.get("part", PART_OF_MAPS),
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
        row |= self._in_sample_columns()
        if (luck := self.held_out_chance) is not None:
            row |= {"chance_held_out": luck.iou, "p_held_out": luck.p_value}
            row |= {"q_held_out": luck.q_value, "p_held_out_pooled": luck.p_pooled}
            row |= {"q_held_out_pooled": luck.q_pooled, "nulls": luck.nulls}
            row |= {"gain": luck.gain, "gain_low": luck.low, "gain_high": luck.high}
        return row | self._shown_columns()

    def _in_sample_columns(self) -> dict[str, Any]:
        """What chance gives in sample; the columns are there where it was not asked for, too."""
        names = ("p_value", "q_value", "null_iou", "p_pooled", "q_pooled", "excess_iou")
        if (chance := self.chance) is None:
            return dict.fromkeys(names)
        null = chance.null[self.length - 1]
        excess = chance.real[self.length - 1] - null
        values = (
            chance.p_value, chance.q_value, null, chance.p_pooled, chance.q_pooled, excess,
        )  # fmt: skip
        return dict(zip(names, values, strict=True))

    def _shown_columns(self) -> dict[str, Any]:
        """What is known of the formula that is shown."""
        row: dict[str, Any] = {"shown_length": self.shown, "shown_held_out_iou": self.held_out_iou}
        if (held := self.held_out) is not None:
            low, high = held.interval or (None, None)
            row |= {"shown_held_out_low": low, "shown_held_out_high": high}
            row |= {"precision_held_out": held.precision(self.shown)}
            row |= {"recall_held_out": held.recall(self.shown)}
            row |= {"extent": None if self.extent is None else str(self.extent)}
        if self.stability is not None:
            row |= {"stability": self.stability.mask_iou}
        if self.core is not None:
            row |= {"core": self.core.formula, "core_held_out_iou": self.core.iou}
        return row

    def __str__(self) -> str:
        return "; ".join(self._said()) or "nothing is known"

    def _said(self) -> Iterator[str]:
        if self.held_out is not None:
            yield f"held-out IoU {self.held_out.by_length[self.shown - 1]:.3f}"
        if (luck := self.held_out_chance) is not None:
            yield f"chance {luck.iou:.3f} (held out, p {luck.p_value:.2g})"
            yield f"gain {luck.gain:.2f} ({luck.low:.2f} to {luck.high:.2f})"
        if (stable := self.stability) is not None:
            if stable.mask_iou is not None:
                yield f"stability {stable.mask_iou:.2f}"
            yield f"in-sample 95 % interval {stable.low:.3f} to {stable.high:.3f}"
            if stable.resamples:
                yield f"came back {stable.same}/{stable.resamples}"
        if (chance := self.chance) is not None:
            yield f"chance in sample {chance.null[self.length - 1]:.3f}"
            yield (
                f"p {chance.p_value:.2g}, q {chance.q_value:.2g} "
                f"(pooled over units: p {chance.p_pooled:.2g}, q {chance.q_pooled:.2g})"
            )

    def __repr__(self) -> str:
        return f"<Trust at length {self.length}: {self}>"


def part_from_dict(kind: type[P], data: dict[str, Any] | None) -> P | None:
    """A part of a record from plain data; JSON has lists where records have tuples."""
    if data is None:
        return None
    return kind(**{name: _frozen(value) for name, value in data.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value
