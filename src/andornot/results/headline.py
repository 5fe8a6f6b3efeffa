"""What a whole run comes to: how many explanations have which verdict, and how many explain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andornot.errors import OptionError
from andornot.results.explanation import NO_CONCEPT, Explanation
from andornot.results.result import Result
from andornot.results.trust import HeldOutChance
from andornot.results.verdict import LEVEL, Extent, Support, Verdict

TWIN_SHARE: Final = 0.95
"""An explained unit beats this share of the units of an untrained twin."""

_FIRST_WANTED: Final = 100
"""One more than the fewest shuffles that are proposed: p-values are then whole hundredths."""

_TESTED: Final = (Verdict.SOLID, Verdict.PARTIAL, Verdict.CHANCE)


@dataclass(frozen=True)
class Headline:
    """How many units of a run have which verdict, and how many are explained.

    Attributes:
        units: all units that were looked at.
        verdicts: how many formulas have each verdict, in the order of :class:`Verdict`.
        tested: units with enough data that were held against chance, of all layers; those for which
            no formula was found are among them.
        better: formulas, solid or partial, that are more than chance when all of these are tested
            at once: the rate of false discoveries is :data:`LEVEL` (Benjamini & Hochberg).
        pooled: whether that rests on the nulls of all units together, an estimate, since the
            shuffles of a unit alone are too few for so many units.
        nulls: shuffles of the annotations; 0 where nothing was tested.
        explained: units whose formula is solid, among ``better``, explains at least a part of the
            unit, and is held out above what an untrained twin has, where there is one.
        twin: whether there is one.
        undecided: of the units that are tested and not among ``better``, those above all shuffles,
            which so few shuffles cannot tell from luck; 0 where more shuffles would hardly help.
        nulls_wanted: so many shuffles could tell; 0 where none are undecided.

    Examples:
        >>> found = headline({"relu": run.result()})
        >>> found.units, found.count(Verdict.SOLID), found.explained
        (4, 0, 0)
    """

    units: int
    verdicts: tuple[tuple[Verdict, int], ...]
    tested: int
    better: int
    pooled: bool
    nulls: int
    explained: int
    twin: bool
    undecided: int = 0
    nulls_wanted: int = 0

    def count(self, verdict: Verdict) -> int:
        """How many formulas have this verdict."""
        return dict(self.verdicts)[verdict]

    @property
    def formulas(self) -> int:
        """How many units have a formula."""
        return sum(n for _, n in self.verdicts)


def headline(
    results: Mapping[str, Result],
    twin: Mapping[str, Result] | None = None,
    layer: str | None = None,
) -> Headline:
    """Count the explanations of a run by their verdicts.

    Args:
        results: the explanations of all its layers, by name: they are tested at once.
        twin: those of the same network with random weights.
        layer: count the units of this layer only.

    Raises:
        OptionError: the twin lacks a layer that is counted, or its held-out scores.
    """
    bars = None if twin is None else {name: _bar(name, twin) for name in _counted(results, layer)}
    everything = [(name, e) for name, result in results.items() for e in result]
    nulls = max((luck.nulls for _, e in everything if (luck := _chance(e))), default=0)
    tested = [(name, e, p) for name, e in everything if nulls and (p := _p_values(e)) is not None]
    pooled, passed = _passed([p for _, _, p in tested], nulls)
    better = [
        (name, e)
        for (name, e, _), did in zip(tested, passed, strict=True)
        # what its own verdict calls chance is not counted as more than that
        if did and e.verdict is not Verdict.CHANCE and layer in (None, name)
    ]
    counted = [e for name in _counted(results, layer) for e in results[name]]
    above_all = [
        (name, bool(did))
        for (name, e, _), did in zip(tested, passed, strict=True)
        if (luck := _chance(e)) is not None and not luck.reached and e.verdict is not Verdict.CHANCE
    ]
    wanted = _wanted(len(tested), [did for _, did in above_all], nulls)
    verdicts = Counter(e.verdict for e in counted)
    return Headline(
        units=len(counted),
        verdicts=tuple((verdict, verdicts[verdict]) for verdict in Verdict),
        tested=len(tested),
        better=len(better),
        pooled=pooled,
        nulls=nulls,
        explained=sum(_explains(e, None if bars is None else bars[name]) for name, e in better),
        twin=twin is not None,
        undecided=sum(not did and layer in (None, name) for name, did in above_all if wanted),
        nulls_wanted=wanted,
    )


def _wanted(tested: int, above_all: Sequence[bool], nulls: int) -> int:
    """Shuffles with which all units above them would pass together; 0 where more hardly help.

    Args:
        tested: units that are tested at once.
        above_all: of those that no shuffle reaches, whether each is known to be more than chance.
        nulls: shuffles so far.
    """
    # by luck alone, one unit in so many lies above all shuffles, and comes down with more of them
    if all(above_all) or len(above_all) * (nulls + 1) <= tested:
        return 0
    least = tested / (LEVEL * len(above_all))
    wanted = _FIRST_WANTED
    while wanted < max(least, nulls + 2):
        wanted *= 2
    return wanted - 1


def _counted(results: Mapping[str, Result], layer: str | None) -> Iterable[str]:
    return results if layer is None else (layer,)


def _chance(e: Explanation) -> HeldOutChance | None:
    return None if e.trust is None else e.trust.held_out_chance


def _p_values(e: Explanation) -> tuple[float, float] | None:
    """A unit's p-value, by its own shuffles and pooled; None where it was not tested."""
    if e.status == NO_CONCEPT:
        # it was searched for like the others, and nothing was found
        support = e.support or Support(e.counts.tp + e.counts.fn)
        return (1.0, 1.0) if support.is_enough else None
    chance = _chance(e)
    if chance is None or e.verdict not in _TESTED:
        return None
    return chance.p_value, chance.p_pooled


def _passed(p_values: Sequence[tuple[float, float]], nulls: int) -> tuple[bool, NDArray[np.bool_]]:
    """Whether the pooled p-values had to be taken, and which units are more than chance."""
    if not p_values:
        return False, np.zeros(0, np.bool_)
    from scipy import stats

    own, pooled = (stats.false_discovery_control(p) for p in np.array(p_values).T)
    by_own: NDArray[np.bool_] = own <= LEVEL
    # where the least p-value of so few shuffles is too large for so many units, one alone cannot
    # pass, however far it lies above chance
    could = by_own.any() or len(own) / (nulls + 1) <= LEVEL
    return (False, by_own) if could else (True, np.asarray(pooled <= LEVEL))


def _explains(e: Explanation, bar: float | None) -> bool:
    trust = e.trust
    if trust is None or trust.held_out_iou is None or e.verdict is not Verdict.SOLID:
        return False
    above = bar is None or trust.held_out_iou > bar
    return above and trust.extent in (Extent.MOST, Extent.PART)


def _bar(layer: str, twin: Mapping[str, Result]) -> float:
    """The held-out IoU that so many units of a layer of the twin do not exceed."""
    if layer not in twin:
        raise OptionError(
            f"the run to compare with has no layer {layer}; explain the same layers of both "
            "networks"
        )
    enough = [e for e in twin[layer] if e.verdict not in (None, Verdict.TOO_LITTLE_DATA)]
    known = [iou for e in enough if e.trust and (iou := e.trust.held_out_iou) is not None]
    if len(known) < len(enough):
        raise OptionError(
            f"layer {layer} of the run to compare with has no held-out scores; explain it again "
            "without --no-trust, with 2 folds or more"
        )
    if not known:
        raise OptionError(
            f"layer {layer} of the run to compare with has no formula with enough data, so it sets "
            "no bar; give another run, such as one of other random weights"
        )
    return float(np.quantile(known, TWIN_SHARE))
