"""Held out against held out: the same search where there is nothing to find.

Annotations are shuffled inside folds (``exchange``); the search runs on what is outside a fold and
its formula is scored inside, as for the unit itself. Few shuffles are searched in full, for the
mean and the spread of what chance gives. For a p-value it is enough to know whether a shuffle
reaches the unit's score, and that is mostly decided without a search: no set of atoms of a fold has
more hits for its size than those that are worth it (``kernels.bound_orders``).

Where held-out samples chose the length of the unit's formula, a shuffle chooses its own in the same
way. At the length that suits the unit best, but no shuffle, noise would seem too real: of units of
noise with three lengths to choose from, 9 % had p <= .05.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from andornot._tools.parallel import chunks, ordered_map
from andornot._tools.progress import track
from andornot.counting.active import UnitPositions
from andornot.counting.responses import known_positions
from andornot.explainer import searched_concepts
from andornot.results.trust import HeldOut, HeldOutChance
from andornot.search.beam_room import Rows
from andornot.trust.chance import FEWEST_GROUPS, pooled_p
from andornot.trust.exchange import Lenders, Shuffles, draw_shuffles
from andornot.trust.held_out import length_that_pays
from andornot.trust.kernels import bound_orders, bound_parts
from andornot.trust.options import TrustOptions
from andornot.trust.parts import PairCounts, PartCounter, PartRows
from andornot.trust.recount import Recount
from andornot.trust.repeat import Repeats, ratio
from andornot.trust.tiles import UnitTiles, tiles_of

Ints = NDArray[np.int64]

SEARCHED = 8
"""Shuffles that are searched in full, for the mean and the spread of chance."""

ENOUGH = 10
"""So many shuffles that reach a unit's score end the counting: its p-value is far from small."""

MOST_KEPT = 1 / 2
"""Where more groups keep their place, as where there are nearly as many folds as groups, chance
holds much of the unit itself, and nothing can be told either."""

FEWEST_DIGITS = 2.0
"""With fewer than 100 orders the true one comes up so often that nothing can be told."""

_TALLIES = 2_000_000
"""Counts of several shuffles by atom that a thread holds at a time."""

_TRIED = 6
"""Shuffles that are bounded before it is decided whether to bound the others."""

_MOSTLY_OPEN = 0.6
"""Share of open ones among these above which the others are searched at once."""

_OPEN = 2**40
"""Stands for the bound of what is not bounded; real ones may be as large, and are open too."""

_PAIRED = 64
"""The first shuffle for which it pays to count what a unit shares with each lender, once for all
shuffles: a unit that chance reaches often ends before."""

_REPEATED = 3
"""So often must a sample borrow from one lender in the mean, for that to pay."""

_TOGETHER = 16
"""Shuffles that no bound decides which are searched for before the next look at ``ENOUGH``."""


@dataclass(frozen=True, eq=False)
class Null:
    """What became of the shuffles of one unit.

    Attributes:
        searched: held-out IoU of those that were searched in full.
        reached: how many reach the unit's own.
        nulls: how many were decided on.
        ended: whether that was ended early.
    """

    searched: NDArray[np.float64]
    reached: int
    nulls: int
    ended: bool

    @property
    def p_value(self) -> float:
        """With the unit itself as one of the draws; as Besag and Clifford (1991) if it ended."""
        return self.reached / self.nulls if self.ended else (1 + self.reached) / (1 + self.nulls)


def measure_held_out_chance(
    recount: Recount,
    repeats: Repeats,
    held_out: Sequence[HeldOut | None],
    lengths: Sequence[int],
    options: TrustOptions,
    is_test: Sequence[bool] | None = None,
    unexplained: int = 0,
    *,
    is_chosen: bool = True,
) -> list[HeldOutChance | None]:
    """Search for each unit on shuffled annotations, held out.

    Args:
        recount: the units' masks.
        repeats: the search.
        held_out: what was measured of each unit.
        lengths: of the formula that is shown of each.
        options: how many shuffles, and the seed.
        is_test: whether each unit has enough data to be a test; the q-values are over these.
        unexplained: further units that were searched for and have no formula: tests that failed.
        is_chosen: whether held-out samples chose the lengths, so that they choose those of each
            shuffle as well; else shuffles are searched at the length of their unit.

    Returns:
        None for all units where there are too few groups, or no nulls are wanted.
    """
    positions = known_positions(repeats.table)
    nothing: list[HeldOutChance | None] = [None] * len(lengths)
    if positions.n_groups < FEWEST_GROUPS or not options.nulls or None in held_out:
        return nothing
    shuffles = draw_shuffles(positions, repeats.table.known, options.nulls, options.seed)
    if shuffles.digits < FEWEST_DIGITS or shuffles.kept > MOST_KEPT:
        return nothing
    own = [h for h in held_out if h is not None]
    nulls = _measure(recount, repeats, own, lengths, shuffles, is_chosen=is_chosen)
    tests = np.ones(len(own), np.bool_) if is_test is None else np.array(is_test, np.bool_)
    scores = np.array([h.by_length[n - 1] for h, n in zip(own, lengths, strict=True)])
    p = np.array([null.p_value for null in nulls])
    pooled = np.ones(len(own))
    searched = np.array([null.searched for null in nulls]).T
    # of units with little data the spread says little, so others are not measured by it
    pooled[tests] = pooled_p(scores[tests], searched[:, tests]) if tests.any() else 1.0
    q, q_pooled = (_corrected(values, tests, unexplained) for values in (p, pooled))
    return [
        _record(h, n, null, float(a), float(b), float(c), is_exact=shuffles.is_exact)
        for h, n, null, a, b, c in zip(own, lengths, nulls, q, pooled, q_pooled, strict=True)
    ]


def _corrected(
    p: NDArray[np.float64], tests: NDArray[np.bool_], unexplained: int
) -> NDArray[np.float64]:
    """p-values corrected over the units that are tests; what is none keeps its own."""
    corrected = p.copy()
    if tests.any():
        several = np.concatenate([p[tests], np.ones(unexplained)])
        corrected[tests] = stats.false_discovery_control(several)[: int(tests.sum())]
    return corrected


def _record(
    held: HeldOut, length: int, null: Null, q: float, pooled: float, q_pooled: float, *,
    is_exact: bool,
) -> HeldOutChance:  # fmt: skip
    hits = held.hits[length - 1]
    union = held.active + held.area[length - 1] - hits
    mean = float(null.searched.mean())
    chance = log_odds(mean, union)
    low, high = held.interval or (0.0, 1.0)
    return HeldOutChance(
        nulls=null.nulls, reached=null.reached, p_value=null.p_value,
        searched=len(null.searched), iou=mean,
        # of a single null there is no n - 1 to divide by
        spread=float(null.searched.std(ddof=min(1, len(null.searched) - 1))),
        gain=log_odds(held.by_length[length - 1], union) - chance,
        low=log_odds(low, union) - chance, high=log_odds(high, union) - chance,
        q_value=q, p_pooled=pooled, q_pooled=q_pooled, exact=is_exact,
    )  # fmt: skip


def log_odds(iou: float, union: int) -> float:
    """Logarithm of hits for each error, of so many positions; half of one more on both sides.

    The halves keep it finite where there is no hit or no error (Haldane 1956); of many positions
    they change nothing that is printed.
    """
    return math.log((iou * union + 0.5) / ((1 - iou) * union + 0.5))


def _measure(
    recount: Recount,
    repeats: Repeats,
    held_out: Sequence[HeldOut],
    lengths: Sequence[int],
    shuffles: Shuffles,
    *,
    is_chosen: bool,
) -> list[Null]:
    sizes = repeats.table.fold_counts
    # what is searched without each fold; prepared once for all units
    searches = [repeats.on(sizes.sum(axis=1) - sizes[:, f]) for f in range(sizes.shape[1])]
    # the same atoms where each position moves by itself: its own counter for those
    counter = PartCounter(shuffles.positions, repeats.table.n_atoms, repeats.table.n_folds)
    positions = known_positions(repeats.table)
    moves = shuffles.positions is not positions
    bounds = _Bounds.of(counter, shuffles, repeats)
    found: list[Null] = []
    for some, units in recount.listed():

        def one(at: int, some: range = some, units: list[UnitPositions] = units) -> Null:
            unit, number = units[at], some[at]
            unit = unit.one_by_one(positions) if moves else unit
            n = lengths[number]
            held = held_out[number]
            among = range(1, repeats.length + 1) if is_chosen else range(n, n + 1)
            return _Unit(unit, held, n, among, counter, shuffles, searches, bounds).null()

        found += ordered_map(one, range(len(units)), repeats.jobs)
    return list(track(found, "searching where there is nothing", len(found)))


@dataclass(frozen=True, eq=False)
class _Bounds:
    """What the bounds of all units share: lenders of the shuffles, some shuffles at a time."""

    parts: list[tuple[slice, Lenders]]
    sizes: Ints
    indptr: Ints
    indices: NDArray[np.int32]
    areas: Ints
    totals: Ints
    has_samples: NDArray[np.bool_]
    lenders: Lenders | None

    @classmethod
    def of(cls, counter: PartCounter, shuffles: Shuffles, repeats: Repeats) -> _Bounds:
        step = max(1, _TALLIES // max(1, counter.n_atoms))
        parts = []
        # those that are searched in full need no bound
        first = SEARCHED
        while first < len(shuffles.orders):
            # few at first, which tell whether it pays to bound the others
            n = min(step, _TRIED) if first == SEARCHED else step
            some = slice(first, min(first + n, len(shuffles.orders)))
            first += n
            parts.append((some, shuffles.lenders(some)))
        table = repeats.table
        used = np.zeros(table.n_concepts, np.bool_)
        used[searched_concepts(table, repeats.options)] = True
        kept = used[table.indices]
        indptr = np.concatenate([[0], np.cumsum(kept)])[table.indptr]
        indices = table.indices[kept]
        atoms = np.repeat(np.arange(table.n_atoms), np.diff(indptr))
        areas = np.zeros((table.n_folds, table.n_concepts), np.int64)
        for fold, own in enumerate(areas):
            # of whole numbers below 2**53, so exact
            own[:] = np.bincount(indices, table.fold_counts[atoms, fold], table.n_concepts)
        has_samples = np.isin(np.arange(table.n_folds), known_positions(table).folds)
        sizes = np.ascontiguousarray(table.fold_counts.T)
        lenders = None
        # of fewer shuffles nothing is counted by pairs
        if counter.tiles is not None and len(shuffles.orders) > _PAIRED:
            lenders = shuffles.lenders(slice(None))
            if _REPEATED * len(lenders.lenders) > shuffles.orders.size:
                lenders = None
        may = bool(repeats.options.negated_first)
        totals = sizes.sum(axis=1) if may else np.full(table.n_folds, -1)
        return cls(parts, sizes, indptr, indices, areas, totals, has_samples, lenders)


@dataclass(frozen=True, eq=False)
class _Unit:
    """One unit, held against its shuffles.

    Attributes:
        unit: where it is active.
        held: its own held-out scores.
        length: of the formula that is shown.
        among: the lengths among which each shuffle chooses.
        counter, shuffles, searches, bounds: what all units share.
    """

    unit: UnitPositions
    held: HeldOut
    length: int
    among: range
    counter: PartCounter
    shuffles: Shuffles
    searches: Sequence[Repeats]
    bounds: _Bounds

    @property
    def hits(self) -> int:
        """Held-out hits of the unit's own formulas."""
        return self.held.hits[self.length - 1]

    @property
    def union(self) -> int:
        """Held-out union of the unit and its own formulas."""
        return self.held.active + self.held.area[self.length - 1] - self.hits

    def null(self) -> Null:
        """Decide on the shuffles."""
        orders = self.shuffles.orders
        n_full = min(SEARCHED, len(orders))
        counts = self._search_all(self._count(range(n_full)))
        chosen = np.array([self._chosen(counts[:, b]) for b in range(n_full)])
        scores = ratio(chosen[:, 0], chosen[:, 1])
        # in whole numbers, so that equal scores are equal
        reaches = (self._ahead(chosen) >= 0).tolist()
        open_ones, slack = self._open_ones()
        decided = dict(enumerate(reaches)) | dict.fromkeys(
            set(range(n_full, len(orders))) - set(open_ones), False
        )
        # each time all before the next open one are decided, so it can be told whether they suffice
        reached = sum(reaches)
        for some in chunks(open_ones, _TOGETHER):
            if reached >= ENOUGH:
                break
            reach = self._decide(some, slack)
            decided |= zip(some, reach, strict=True)
            reached += sum(reach)
        return _ended([decided[b] for b in range(len(orders)) if b in decided], scores)

    def _open_ones(self) -> tuple[list[int], Ints]:
        """The shuffles that no bound decides, and all bounds ``(n_folds, n_orders)``."""
        counter, bounds = self.counter, self.bounds
        unit = self.unit.under(counter.positions.folds)
        # what is not bounded here is open
        slack = np.full((counter.n_folds, len(self.shuffles.orders)), _OPEN)
        slack[:, :SEARCHED] = -1
        by_tile = tiles_of(unit, counter.tiles)
        for some, lenders in bounds.parts:
            n = some.stop - some.start
            tally = np.zeros((n, counter.n_atoms), np.int32)
            part = np.empty((counter.n_folds, n), np.int64)
            bound_orders(
                unit.samples, unit.starts, unit.positions, counter.positions.folds, lenders.first,
                lenders.lenders, lenders.null_first, lenders.nulls, *counter.atom_arguments,
                by_tile, bounds.sizes, bounds.indptr, bounds.indices, bounds.areas, bounds.totals,
                self.among[-1], self.hits, self.union, tally, np.empty_like(tally),
                np.zeros((2, n), np.int64), counter.local, np.empty(counter.n_atoms, np.int64),
                np.zeros((2, bounds.areas.shape[1]), np.int64), part,
            )  # fmt: skip
            slack[:, some] = part
            # of a unit whose score chance comes near, bounds decide too few to be worth it
            if (part.sum(axis=0) >= 0).mean() > _MOSTLY_OPEN:
                break
        return np.flatnonzero(slack.sum(axis=0) >= 0).tolist(), slack

    def _decide(self, some: Sequence[int], slack: Ints) -> list[bool]:
        """Whether shuffles reach the unit's score, searched fold by fold until that is certain."""
        parts = self._count(some)
        left = slack[:, some]
        if (left[0] == _OPEN).any():
            left = np.where(left[0] == _OPEN, self._slack(parts), left)
        counts = np.zeros((self.counter.n_folds, len(some), len(self.among), 2), np.int64)
        # the fold whose bound is the widest first: with it most are decided
        for fold in np.argsort(-left.sum(axis=1), kind="stable").tolist():
            still = left.sum(axis=0) >= 0
            if not still.any():
                break
            counts[fold] = self._search(parts, fold, still)
            # at least as much as at the length that is chosen in the end
            left[fold, still] = self._ahead(counts[fold, still]).max(axis=1)
        return [
            bool(total >= 0 and self._ahead(self._chosen(counts[:, at])) >= 0)
            for at, total in enumerate(left.sum(axis=0).tolist())
        ]

    def _ahead(self, counts: Ints) -> Ints:
        """By how much hits and unions ``(..., 2)`` exceed the unit's score; 0 or more reach it."""
        ahead: Ints = counts[..., 0] * self.union - self.hits * counts[..., 1]
        return ahead

    def _chosen(self, counts: Ints) -> Ints:
        """Hits and union at the length that is chosen, of ``(n_folds, n_lengths, 2)``."""
        if len(self.among) == 1:
            length = 1
        else:
            some = counts[self.bounds.has_samples]
            length = length_that_pays(ratio(some[..., 0], some[..., 1]))
        chosen: Ints = counts[:, length - 1].sum(axis=0)
        return chosen

    def _slack(self, parts: PartRows) -> Ints:
        """Bounds ``(n_folds, n)`` as of ``bound_orders``."""
        slack = np.empty((self.counter.n_folds, len(parts.indptr) - 1), np.int64)
        bounds = self.bounds
        bound_parts(
            parts.indptr, parts.atoms, parts.inside, bounds.sizes, bounds.indptr, bounds.indices,
            bounds.areas, bounds.totals, self.among[-1], self.hits, self.union,
            np.zeros((2, bounds.areas.shape[1]), np.int64), slack,
        )  # fmt: skip
        return slack

    def _count(self, some: Sequence[int]) -> PartRows:
        """Active positions on some shuffles, inside and outside of each fold."""
        counter, tiles, lenders = self.counter, self._tiles, self.bounds.lenders
        if tiles is None:
            return counter.count_orders(self.unit, self.shuffles.orders[list(some)])
        if lenders is not None and some[0] >= _PAIRED and self._pairs is not None:
            return counter.count_paired(tiles, self._pairs, lenders, some)
        return counter.count_tiled(tiles, self.shuffles.orders[list(some)])

    @cached_property
    def _tiles(self) -> UnitTiles | None:
        """The unit by tile, where its samples are maps of one size."""
        counter = self.counter
        if counter.tiles is None:
            return None
        needed = self.unit.needed[: counter.n_folds]
        return UnitTiles.of(self.unit.spelt_out, needed, counter.tiles)

    @cached_property
    def _pairs(self) -> PairCounts | None:
        """What it shares with all that its samples borrow, if that can be held."""
        if self._tiles is None or self.bounds.lenders is None:
            return None
        return self.counter.pairs(self._tiles, self.bounds.lenders)

    def _search_all(self, parts: PartRows) -> Ints:
        """Held-out hits and unions of what is found, ``(n_folds, n_shuffles, n_lengths, 2)``."""
        wanted = np.ones(len(parts.indptr) - 1, np.bool_)
        return np.stack([self._search(parts, f, wanted) for f in range(self.counter.n_folds)])

    def _search(self, parts: PartRows, fold: int, wanted: NDArray[np.bool_]) -> Ints:
        """The same without one fold, ``(n_shuffles, n_lengths, 2)``; 0 where it is not wanted."""
        search, sizes = self.searches[fold], self.bounds.sizes[fold]
        if search.options.search == "beam":
            rows = Rows(parts.indptr, parts.atoms, parts.outside[fold])
            return search.held_out_counts(rows, parts.inside[fold], sizes, self.among, wanted)
        found = np.zeros((len(wanted), len(self.among), 2), np.int64)
        for place in np.flatnonzero(wanted).tolist():
            own = parts.one(place)
            (masks,) = search.masks([(own.atoms, own.outside[fold])], self.among)
            inside = own.inside[fold]
            both = masks[:, own.atoms] @ inside
            found[place, :, 0] = both
            found[place, :, 1] = inside.sum() + masks @ sizes - both
        return found


def _ended(decided: list[bool], scores: NDArray[np.float64]) -> Null:
    """Counted in order, up to the shuffle with which enough have reached the unit's score."""
    reached = np.cumsum(decided)
    if len(reached) and reached[-1] >= ENOUGH:
        last = int(np.searchsorted(reached, ENOUGH))
        return Null(scores, ENOUGH, last + 1, ended=True)
    return Null(scores, int(reached[-1]), len(decided), ended=False)
