"""Shuffles of the annotations inside folds, so that held-out scores can be had of chance as well.

Annotations change places among groups of samples: groups of one size, in one fold and of one
*stratum* (samples for which the same categories were annotated), so that what is shuffled has the
same folds, the same positions of each atom in each fold, and the same mixture of data sets. The
orders are drawn evenly from all there are, the true one included: as if the true one had been drawn
too, which is what makes ``(1 + reached) / (1 + nulls)`` a p-value.

Groups of a size that is rare cannot change places whole. Those of nearly one size do so then, as
far as the smaller of two reaches, and what is left over goes to each other; of rows of several
lengths, such as sentences, positions change places instead of samples. That is approximate. To turn
the whole fold around would be so too, and worse: groups then meet parts of two others, which have
less in common with them than one has, so that chance varies too little (of units of nothing 8 % had
a p-value up to .05, over documents of 1 to 20 sentences).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.known import Known
from andornot.concepts.positions import AtomMap, offsets_of
from andornot.trust.shuffled import LEAST

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shuffles:
    """Random orders of the samples, or of all positions.

    Attributes:
        positions: what is shuffled: the samples, or each position as a sample of its own.
        orders: int32 ``(n, n_samples)``: sample ``s`` carries the annotations of ``orders[b, s]``.
        is_exact: whether only groups of one size, and samples of one size, changed places.
        digits: decimal logarithm of how many different orders there are.
        kept: share of the groups that keep their place, in the mean over the orders.
    """

    positions: AtomMap
    orders: NDArray[np.int32]
    is_exact: bool
    digits: float
    kept: float

    def lenders(self, some: slice) -> Lenders:
        """Whose annotations each sample carries in some of the orders."""
        return Lenders.of(self.orders[some])


@dataclass(frozen=True, eq=False)
class Lenders:
    """For each sample all lenders, each once, and the orders in which it lends.

    Attributes:
        first: int64 ``(n_samples + 1,)``, where those of each sample start in ``lenders``.
        lenders: int32, the lenders of each sample.
        null_first: int64, where the orders of each of these start in ``nulls``.
        nulls: int32, numbers of orders.
        place: int32 ``(n, n_samples)``, where the lender of each sample stands in ``lenders``.
    """

    first: Ints
    lenders: NDArray[np.int32]
    null_first: Ints
    nulls: NDArray[np.int32]
    place: NDArray[np.int32]

    @classmethod
    def of(cls, orders: NDArray[np.int32]) -> Lenders:
        """From orders ``(n, n_samples)``."""
        by_sample = np.ascontiguousarray(orders.T)
        nulls = np.argsort(by_sample, axis=1, kind="stable").astype(np.int32)
        lenders = np.take_along_axis(by_sample, nulls, axis=1)
        is_new = np.ones(lenders.shape, np.bool_)
        is_new[:, 1:] = lenders[:, 1:] != lenders[:, :-1]
        starts = np.flatnonzero(is_new.ravel())
        numbers = (np.cumsum(is_new.ravel()) - 1).reshape(is_new.shape)
        place = np.empty(orders.shape, np.int32)
        np.put_along_axis(place, nulls.T, numbers.T, axis=0)
        return cls(
            offsets_of(is_new.sum(axis=1)), lenders.ravel()[starts],
            np.append(starts, lenders.size).astype(np.int64), nulls.ravel(),
            place,
        )  # fmt: skip


def draw_shuffles(positions: AtomMap, known: Known | None, count: int, seed: int) -> Shuffles:
    """Draw orders inside folds.

    Args:
        positions: the samples, their folds and groups.
        known: which categories were annotated; None where all were.
        count: how many orders.
        seed: of all of them.
    """
    rng = np.random.default_rng(seed)
    strata, groups = strata_of(positions, known), positions.group_numbers
    if _moves_positions(positions):
        widths = np.diff(positions.offsets)
        strata, groups = np.repeat(strata, widths), np.repeat(groups, widths)
        positions = positions.each_alone()
    pools = []
    for part in _parts(positions.folds, strata):
        sizes = np.unique(groups[part], return_counts=True)[1]
        by_group = part[np.argsort(groups[part], kind="stable")]
        pools += [_Pool(own) for own in _pools(np.split(by_group, np.cumsum(sizes)[:-1]))]
    return _drawn(positions, pools, count, rng)


def _pools(groups: list[Ints]) -> list[list[Ints]]:
    """Groups that change places with each other: of one size, or neighbours among rare sizes."""
    by_size: dict[int, list[Ints]] = {}
    for group in sorted(groups, key=len):
        by_size.setdefault(len(group), []).append(group)
    pools = [own for own in by_size.values() if len(own) >= LEAST]
    rare = [group for own in by_size.values() if len(own) < LEAST for group in own]
    starts = np.array_split(np.arange(len(rare)), max(1, len(rare) // LEAST))
    return [*pools, *([rare[i] for i in some] for some in starts if len(some))]


def _moves_positions(positions: AtomMap) -> bool:
    """Whether samples are sequences of several lengths, whose positions move one by one."""
    widths = positions.shapes[:, 1]
    return bool((positions.shapes[:, 0] == 1).all() and (widths != widths[:1]).any())


def _parts(folds: NDArray[np.int32], strata: Ints) -> Iterator[Ints]:
    """The samples of each fold and stratum, in order."""
    keys = folds.astype(np.int64) * (int(strata.max(initial=0)) + 1) + strata
    order = np.argsort(keys, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)


@dataclass(frozen=True, eq=False)
class _Pool:
    """Groups of samples that change places with each other."""

    groups: list[Ints]

    @cached_property
    def members(self) -> Ints:
        """All samples, group after group."""
        return np.concatenate(self.groups)

    @cached_property
    def is_even(self) -> bool:
        """Whether the groups are of one size."""
        return len({len(group) for group in self.groups}) == 1

    def draw(self, order: NDArray[np.int32], rng: np.random.Generator) -> None:
        """Let the groups change places at random, in an order of all samples."""
        places = rng.permutation(len(self.groups))
        if self.is_even:
            order[self.members] = self.members.reshape(len(places), -1)[places].ravel()
            return
        for cycle in _cycles(places.tolist()):
            _pass_on(order, [self.groups[i] for i in cycle])

    @property
    def digits(self) -> float:
        """Decimal logarithm of how many orders there are."""
        return math.lgamma(len(self.groups) + 1) / math.log(10)


def _cycles(places: list[int]) -> Iterator[list[int]]:
    """Who takes whose place, until it comes round again."""
    seen: set[int] = set()
    for first in range(len(places)):
        cycle, at = [], first
        while at not in seen:
            seen.add(at)
            cycle.append(at)
            at = places[at]
        if cycle:
            yield cycle


def _pass_on(order: NDArray[np.int32], cycle: list[Ints]) -> None:
    """Let each group take the place of the next, as far as both reach; what is left takes the rest.

    So each sample is somebody's, once.
    """
    pairs = list(zip(cycle, cycle[1:] + cycle[:1], strict=True))
    both = [min(len(own), len(other)) for own, other in pairs]
    takes = [own[:n] for (own, _), n in zip(pairs, both, strict=True)]
    gives = [other[:n] for (_, other), n in zip(pairs, both, strict=True)]
    takes += [own[n:] for (own, _), n in zip(pairs, both, strict=True)]
    gives += [other[n:] for (_, other), n in zip(pairs, both, strict=True)]
    order[np.concatenate(takes)] = np.concatenate(gives)


def _drawn(
    positions: AtomMap, pools: list[_Pool], count: int, rng: np.random.Generator
) -> Shuffles:
    orders = np.empty((count, positions.n_samples), np.int32)
    for order in orders:
        for pool in pools:
            pool.draw(order, rng)
    shapes = positions.shapes
    even = all((shapes[p.members] == shapes[p.members[:1]]).all() for p in pools)
    is_exact = even and all(pool.is_even for pool in pools)
    # of a random order of any number of groups, one keeps its place in the mean
    kept = len(pools) / max(1, sum(len(pool.groups) for pool in pools))
    return Shuffles(positions, orders, is_exact, sum(pool.digits for pool in pools), kept)


def strata_of(positions: AtomMap, known: Known | None) -> Ints:
    """A number for each sample: samples of one number had the same categories annotated.

    A category counts for a sample if it is known on some atom of the sample, and for a group if it
    counts for one of its samples, so that groups stay together. Atoms that do not tell what was
    annotated (``Known.by_atom``) do not count.
    """
    groups = positions.group_numbers
    if known is None:
        return np.zeros(positions.n_samples, np.int64)
    n_atoms = int(positions.atoms.max(initial=0)) + 1
    once = np.bincount(known.atoms, minlength=n_atoms)[known.atoms] == 1
    by_atom = np.zeros((n_atoms, len(known.categories)), np.bool_)
    by_atom[known.atoms[once]] = known.patterns[known.pattern[once]]
    own = np.repeat(groups, np.diff(positions.atom_offsets))
    by_group = np.zeros((positions.n_groups, len(known.categories)), np.bool_)
    np.logical_or.at(by_group, own, by_atom[positions.atoms])
    strata = np.unique(by_group, axis=0, return_inverse=True)[1].ravel()
    return strata.astype(np.int64)[groups]
