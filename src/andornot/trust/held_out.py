"""Search on one part of the samples, score on the rest, fold by fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot._tools.progress import track
from andornot.concepts.positions import AtomMap
from andornot.counting.active import UnitPositions
from andornot.counting.responses import known_positions
from andornot.results.trust import HeldOut
from andornot.search.problem import Found
from andornot.trust.draws import UNITS_AT_ONCE, draw_samples, ratio_intervals
from andornot.trust.options import TrustOptions
from andornot.trust.parts import PartCounter
from andornot.trust.recount import Recount
from andornot.trust.repeat import ByLength, OfLength, Repeats, ratio

Ints = NDArray[np.int64]

_SEARCHED, _HELD_OUT = 0, 1
_BOTH, _EITHER = 0, 1


def measure_held_out(
    recount: Recount,
    repeats: Repeats,
    options: TrustOptions | None = None,
    *,
    show_longest: bool = False,
    ious: Sequence[float] | None = None,
) -> list[HeldOut | None]:
    """Held-out IoU by length of each unit of the recount.

    Where thresholds are quantiles, they too come from the samples that are searched on. None for
    all units where fewer than two folds have samples.

    Args:
        recount: the units' masks.
        repeats: the search.
        options: how often to draw, for intervals.
        show_longest: the longest formula is shown, not that of the length that pays.
        ious: IoU of the longest formula of each unit, as the run found it (see
            :func:`length_shown`).
    """
    positions = known_positions(repeats.table)
    # folds may be empty: those without samples are passed over
    folds = np.unique(positions.folds).tolist()
    found: list[HeldOut | None] = [None] * recount.responses.n_units
    if len(folds) < 2:
        return found
    options = options or TrustOptions()
    counter = PartCounter.of(repeats)
    draws = draw_samples(np.arange(positions.n_groups), options.bootstrap, options.seed)
    for some, units in recount.listed():
        parts = _Parts(counter, repeats, units, folds)
        own = [0.0 if ious is None else ious[unit] for unit in some]
        rows = zip(some, parts.measure(draws, own, show_longest=show_longest), strict=True)
        for unit, held_out in rows:
            found[unit] = held_out
    return found


class _Parts:
    """The folds, each with the other samples, for some units."""

    def __init__(
        self,
        counter: PartCounter,
        repeats: Repeats,
        units: Sequence[UnitPositions],
        folds: list[int],
    ) -> None:
        self.counter, self.repeats, self.units, self.folds = counter, repeats, units, folds
        sizes = repeats.table.fold_counts
        # as (n, 2): the part that is searched, the fold
        self.sizes = [
            np.stack([sizes.sum(axis=1) - sizes[:, f], sizes[:, f]], axis=1) for f in folds
        ]
        self.counts = list(ordered_map(self._counted, units, repeats.jobs))

    def _counted(self, unit: UnitPositions) -> list[tuple[NDArray[np.int32], Ints]]:
        """For each fold the atoms on which a unit is active, and its positions in both parts."""
        atoms, inside, outside = self.counter.count(unit)
        found = []
        for fold in self.folds:
            there = (inside[fold] + outside[fold]) > 0
            active = np.stack([outside[fold, there], inside[fold, there]], axis=1)
            found.append((atoms[there], active))
        return found

    def measure(
        self, draws: NDArray[np.uint16], ious: Sequence[float], *, show_longest: bool
    ) -> Iterator[HeldOut]:
        """The record of each unit."""
        n_folds = len(self.folds)
        searches = track(range(n_folds), "holding out a fold", n_folds)
        found = list(zip(*(self._search(at) for at in searches), strict=True))

        def one(unit: int) -> tuple[HeldOut, Ints]:
            return self._unit(unit, found[unit], ious[unit], show_longest=show_longest)

        scored = ordered_map(one, range(len(self.units)), self.repeats.jobs)
        while some := list(islice(scored, UNITS_AT_ONCE)):
            # all draws are one matrix product for some units together
            by_group = np.stack([counts for _, counts in some], axis=2)
            intervals = ratio_intervals(by_group.reshape(len(by_group), -1), draws)
            for (held_out, _), interval in zip(some, intervals, strict=True):
                yield replace(held_out, interval=interval)

    def _search(self, at: int) -> list[ByLength]:
        """What is found of all units without a fold."""
        rows = ((own[at][0], own[at][1][:, _SEARCHED]) for own in self.counts)
        return list(self.repeats.by_length(rows, self.sizes[at][:, _SEARCHED].copy()))

    def _unit(
        self, unit: int, found_without: Sequence[ByLength], iou: float, *, show_longest: bool
    ) -> tuple[HeldOut, Ints]:
        """The record without its interval, and hits and unions ``(n_groups, 2)``."""
        length, counter = self.repeats.length, self.counter
        masks = np.zeros((counter.n_folds, length, counter.n_atoms), np.uint8)
        counts = np.empty((len(self.folds), 2, length, 2), np.int64)
        ceilings = np.empty((len(self.folds), 2), np.int64)
        for at, (fold, best) in enumerate(zip(self.folds, found_without, strict=True)):
            for n in range(length):
                if (found := best(n)) is not None:
                    masks[fold, n] = self.repeats.atoms_of(*found[2:])
            counts[at] = self._score(at, unit, masks[fold])
            ceilings[at] = self._ceiling(at, unit)
        both, active = counter.by_sample(self.units[unit], masks)
        areas = counter.areas(masks)
        held_out = _held_out(counts, ceilings)
        shown = (length if show_longest else length_shown(held_out, iou)) - 1
        either = active + areas[:, shown] - both[:, shown]
        by_group = sums_of_rows(np.stack([both[:, shown], either], axis=1), counter.positions)
        formulas: list[str | None] = [None] * counter.n_folds
        for fold, best in zip(self.folds, found_without, strict=True):
            formulas[fold] = self._text(best(shown))
        counted = replace(
            held_out,
            hits=tuple(both.sum(axis=0).tolist()),
            area=tuple(areas.sum(axis=0).tolist()),
            active=int(active.sum()),
            formulas=tuple(formulas),
        )
        return counted, by_group

    def _text(self, found: OfLength | None) -> str | None:
        if found is None:
            return None
        i, t, concepts, operators = found
        own = Found.of_steps(concepts.tolist(), operators.tolist(), i, t, 0.0)
        return str(own.formula(self.repeats.table.names))

    def _score(self, at: int, unit: int, masks: NDArray[np.uint8]) -> Ints:
        """Intersection and union ``(2, length, 2)``: of both parts, by length."""
        atoms, active = self.counts[unit][at]
        sizes = self.sizes[at]
        counts = np.empty((2, len(masks), 2), np.int64)
        for n, mask in enumerate(masks.view(np.bool_)):
            # without a formula nothing is shared, and the union is what the unit is active on
            both = active[mask[atoms]].sum(axis=0)
            counts[:, n, _BOTH] = both
            counts[:, n, _EITHER] = active.sum(axis=0) + sizes[mask].sum(axis=0) - both
        return counts

    def _ceiling(self, at: int, unit: int) -> Ints:
        """Held-out intersection and union of the best union of atoms of the searched part.

        The best union for IoU takes atoms in descending order of the share on which the unit is
        active, up to some point (see ``search.ceiling``).
        """
        atoms, active = self.counts[unit][at]
        k, n = active[:, _SEARCHED], self.sizes[at][atoms, _SEARCHED]
        # atoms without a hit only add to the union
        some = np.flatnonzero(k > 0)
        order = some[np.argsort(-k[some] / n[some], kind="stable")]
        both = np.cumsum(k[order])
        score = both / (k.sum() + np.cumsum(n[order]) - both)
        best = order[: int(score.argmax()) + 1] if len(order) else order
        hits = active[best, _HELD_OUT].sum()
        area = self.sizes[at][atoms[best], _HELD_OUT].sum()
        return np.array([hits, active[:, _HELD_OUT].sum() + area - hits])


def sums_of_rows(values: Ints, positions: AtomMap) -> Ints:
    """Sums of the rows of the samples of each group."""
    if positions.groups is None:
        return values
    order = np.argsort(positions.group_numbers, kind="stable")
    starts = np.searchsorted(positions.group_numbers[order], np.arange(positions.n_groups))
    sums: Ints = np.add.reduceat(values[order], starts, axis=0)
    return sums


def _held_out(counts: Ints, ceiling: Ints) -> HeldOut:
    """From the counts of one unit by fold: ``(folds, 2, length, 2)`` and ``(folds, 2)``."""
    pooled = counts.sum(axis=0)
    iou = ratio(pooled[..., _BOTH], pooled[..., _EITHER])
    top = ceiling.sum(axis=0)
    by_fold = ratio(counts[:, _HELD_OUT, :, _BOTH], counts[:, _HELD_OUT, :, _EITHER])
    return HeldOut(
        by_length=tuple(iou[_HELD_OUT].tolist()),
        in_sample=tuple(iou[_SEARCHED].tolist()),
        ceiling=float(ratio(top[_BOTH], top[_EITHER])),
        length=length_that_pays(by_fold),
    )


REACHED: Final = 0.95
"""Share of the IoU of a run's formula that the folds' formulas must reach on the samples they were
found on, for these to tell which length pays."""


def length_shown(held_out: HeldOut, iou: float) -> int:
    """The length that pays; the longest where repeats did not find as good a formula as the run.

    Repeats are beams. Where these pass over the best formula, held-out samples say nothing of it.

    Args:
        held_out: what was measured of a unit.
        iou: of the longest formula that the run found, on all samples.
    """
    reached = held_out.in_sample[-1] >= REACHED * iou
    return held_out.length if reached else len(held_out.by_length)


def length_that_pays(by_fold: NDArray[np.float64]) -> int:
    """The shortest length that does about as well as the best one, on held-out samples.

    Args:
        by_fold: held-out IoU ``(folds, lengths)``.

    Returns:
        The shortest length whose mean over folds falls short of the largest mean by no more than
        one standard error of the difference over folds.
    """
    best = int(by_fold.mean(axis=0).argmax())
    short = by_fold[:, best : best + 1] - by_fold
    # of the difference fold by fold: folds that are hard for both lengths do not count
    error = short.std(axis=0, ddof=1) / np.sqrt(len(by_fold))
    # never empty: the best length is short of itself by 0
    return int(np.flatnonzero(short.mean(axis=0) <= error)[0]) + 1
