"""Shuffles of the annotations inside folds, so that held-out scores can be had of chance as well.

Annotations change places among groups of samples: groups of one size, in one fold and of one
*stratum* (samples for which the same categories were annotated), so that what is shuffled has the
same folds, the same positions of each atom in each fold, and the same mixture of data sets. The
orders are drawn evenly from all there are, the true one included: as if the true one had been drawn
too, which is what makes ``(1 + reached) / (1 + nulls)`` a p-value.

Groups of several sizes cannot change places whole. Then the samples of the fold move on around a
circle, and, of sentences of several lengths, its positions; both are approximate, for neighbours
stay neighbours.
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
from andornot.trust.shuffled import pools_of_sizes

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shuffles:
    """Random orders of the samples, or of all positions.

    Attributes:
        positions: what is shuffled: the samples, or each position as a sample of its own.
        orders: int32 ``(n, n_samples)``: sample ``s`` carries the annotations of ``orders[b, s]``.
        is_exact: whether only groups of one size, and samples of one size, changed places.
        digits: decimal logarithm of how many different orders there are.
    """

    positions: AtomMap
    orders: NDArray[np.int32]
    is_exact: bool
    digits: float

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
    strata = strata_of(positions, known)
    if _moves_positions(positions):
        alone = positions.each_alone()
        per_position = np.repeat(strata, np.diff(positions.offsets))
        wheels = [_Pool.of([part]) for part in _parts(alone.folds, per_position)]
        return _drawn(alone, [pool.turned() for pool in wheels], count, rng)
    pools = []
    for part in _parts(positions.folds, strata):
        numbers, sizes = np.unique(positions.group_numbers[part], return_counts=True)
        by_group = np.argsort(positions.group_numbers[part], kind="stable")
        groups = np.split(part[by_group], np.cumsum(sizes)[:-1])
        assert len(groups) == len(numbers)
        pools += [_Pool.of(members) for members in pools_of_sizes(groups)]
    return _drawn(positions, pools, count, rng)


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
    """Groups of samples that change places with each other.

    Attributes:
        members: their samples, group after group.
        size: samples of a group; 0 where groups differ in size, so that samples move on around
            the circle.
    """

    members: Ints
    size: int

    @classmethod
    def of(cls, groups: list[Ints]) -> _Pool:
        sizes = {len(group) for group in groups}
        return cls(np.concatenate(groups), sizes.pop() if len(sizes) == 1 else 0)

    def turned(self) -> _Pool:
        """The same members, moved on around the circle."""
        return _Pool(self.members, 0)

    @property
    def n_groups(self) -> int:
        return len(self.members) // self.size

    def draw(self, rng: np.random.Generator) -> Ints:
        """The members in a random order."""
        if self.size:
            order = rng.permutation(self.n_groups)
            return self.members.reshape(self.n_groups, self.size)[order].ravel()
        return np.roll(self.members, -int(rng.integers(len(self.members))))

    @cached_property
    def digits(self) -> float:
        if self.size:
            return math.lgamma(self.n_groups + 1) / math.log(10)
        return math.log10(max(1, len(self.members)))


def _drawn(
    positions: AtomMap, pools: list[_Pool], count: int, rng: np.random.Generator
) -> Shuffles:
    orders = np.empty((count, positions.n_samples), np.int32)
    for order in orders:
        for pool in pools:
            order[pool.members] = pool.draw(rng)
    shapes = positions.shapes
    even = all((shapes[p.members] == shapes[p.members[:1]]).all() for p in pools)
    is_exact = even and all(pool.size for pool in pools)
    return Shuffles(positions, orders, is_exact, sum(pool.digits for pool in pools))


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
