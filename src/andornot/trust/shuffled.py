"""Count unit masks on the annotations of other samples: what a unit would meet by chance.

Masks keep their shape and size; only the annotations under them are those of another sample.
A unit's map is upsampled and compared with its threshold once, for all orders of samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot.concepts.positions import AtomMap, offsets_of
from andornot.counting.kernels import count_pairs
from andornot.counting.responses import ResponseBuilder, Responses
from andornot.counting.stores import Activations, extremes
from andornot.counting.thresholds import by_shape
from andornot.counting.upsample import axis

Ints = NDArray[np.int64]


LEAST = 5
"""Groups that exchange places with each other, at least; so many have 24 orders."""


def draw_orders(groups: NDArray[np.integer], count: int, seed: int) -> Ints:
    """Random orders in which no group of samples keeps its own place, ``(count, n_samples)``.

    Groups of equal size exchange places, their samples in order: each order is one cycle through
    all groups of a size, at random (Sattolo's permutations). Sizes that are rare exchange with
    the next ones (see ``LEAST``), as far as the smaller of two groups reaches; what is left over of
    the larger ones goes to each other, and back to its own group only where no other is as large.
    That is approximate, for a group then meets parts of several.

    Args:
        groups: the number of each sample's group, from 0.
        count: how many orders.
        seed: of all orders.

    Returns:
        For each order and sample the sample whose place it takes.
    """
    rng = np.random.default_rng(seed)
    orders = np.empty((count, len(groups)), np.int64)
    pools = _pools(groups)
    for order in orders:
        for members in pools:
            _exchange(order, [members[i] for i in rng.permutation(len(members))])
    return orders


def _pools(groups: NDArray[np.integer]) -> list[list[Ints]]:
    """The samples of each group, in lists of groups of about one size that exchange places."""
    sizes = np.bincount(groups)
    by_group = np.split(np.argsort(groups, kind="stable"), np.cumsum(sizes)[:-1])
    pools: list[list[Ints]] = [[]]
    for size in np.unique(sizes):
        # sizes ascend, so a rare one is joined by the next larger
        if len(pools[-1]) >= LEAST:
            pools.append([])
        pools[-1] += [by_group[g] for g in np.flatnonzero(sizes == size)]
    # the largest sizes have no next one, so they join those before
    if len(pools) > 1 and len(pools[-1]) < LEAST:
        pools[-2:] = [pools[-2] + pools[-1]]
    return pools


def _exchange(order: Ints, cycle: list[Ints]) -> None:
    """Let each group of samples take the place of the next one in a cycle."""
    least = [min(map(len, pair)) for pair in zip(cycle, cycle[1:] + cycle[:1], strict=True)]
    takes = [own[:n] for own, n in zip(cycle, least, strict=True)]
    gives = [own[:n] for own, n in zip(cycle[1:] + cycle[:1], least, strict=True)]
    order[np.concatenate(takes)] = np.concatenate(gives)
    # left over, both in the order of the groups
    wants = [own[n:] for own, n in zip(cycle, least, strict=True)]
    spare = [own[n:] for own, n in zip(cycle, least[-1:] + least[:-1], strict=True)]
    most = max(map(len, (*wants, *spare)))
    # by the longest piece, so that no group gets its own back unless it holds most of what is left
    order[np.concatenate(wants)] = np.roll(np.concatenate(spare), -most)


def shuffle_maps(
    activations: Activations,
    thresholds: NDArray[np.float64],
    positions: AtomMap,
    orders: Ints,
    n_atoms: int,
    units: Sequence[int],
    jobs: int | None = None,
) -> list[Responses]:
    """Count each order's masks by atom, where every sample has a map.

    Args:
        activations: of the layer.
        thresholds: of all its units; NaN for one that is active nowhere.
        positions: the samples' grids and atoms.
        orders: sample ``orders[r, s]`` lends its atoms to the map of sample ``s``.
        n_atoms: number of atoms.
        units: the units to count.
        jobs: threads; all cores if not given.

    Returns:
        For each order the responses of the units.
    """
    builder = ResponseBuilder(len(units), len(orders) * n_atoms, 1)
    places = (positions.codes, positions.offsets, positions.atom_offsets, positions.atoms)
    for start, block in activations.blocks():
        _, high = extremes(block, jobs)
        groups = list(_pairs(positions.shapes, orders[:, start : start + len(block)]))

        def count(
            unit: int,
            block: NDArray[np.float32] = block,
            high: NDArray[np.float32] = high,
            groups: list[_Pairs] = groups,
        ) -> list[tuple[Ints, Ints]]:
            values, peaks, threshold = block[:, unit], high[:, unit], float(thresholds[unit])
            return [pairs.count(values, peaks, threshold, places, n_atoms) for pairs in groups]

        for row, parts in enumerate(ordered_map(count, units, jobs)):
            for keys, counts in parts:
                builder.add(row, keys, counts)
    return split(builder.finish(), len(orders))


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Samples of a block with those that lend their annotations, all of these of one size.

    ``first[s]:first[s + 1]`` are the pairs of sample ``s``.
    """

    shape: tuple[int, int]
    first: Ints
    lenders: Ints
    orders: Ints

    def count(
        self,
        values: NDArray[np.float32],
        peaks: NDArray[np.float32],
        threshold: float,
        places: tuple[NDArray[np.uint16], Ints, Ints, NDArray[np.int32]],
        n_atoms: int,
    ) -> tuple[Ints, Ints]:
        """Count a unit's active positions by ``order * n_atoms + atom``; keys may repeat."""
        ys, xs = axis(values.shape[1], self.shape[0]), axis(values.shape[2], self.shape[1])
        keys, counts = count_pairs(
            values, peaks, threshold, self.first, self.lenders, self.orders,
            ys.starts, ys.weights, xs.starts, xs.weights, *places, n_atoms,
        )  # fmt: skip
        return keys, counts


def _pairs(shapes: Ints, orders: Ints) -> Iterator[_Pairs]:
    """The pairs of a block's samples, by the size of the lenders' grids."""
    n_orders, n_samples = orders.shape
    lenders = orders.T.ravel()
    for shape, pairs in by_shape(shapes[lenders]):
        sample, order = np.divmod(pairs, n_orders)
        first = np.searchsorted(sample, np.arange(n_samples + 1))
        yield _Pairs(shape, first, lenders[pairs], order)


def shuffle_rows(
    active: NDArray[np.bool_],
    positions: AtomMap,
    orders: Ints,
    n_atoms: int,
    jobs: int | None = None,
) -> list[Responses]:
    """Count each order's masks by atom, where masks are given position by position.

    Args:
        active: bool ``(n_units, n_positions)``.
        positions: the samples' grids and atoms.
        orders: sample ``orders[r, s]`` lends its atoms to the mask of sample ``s``; a mask is
            stretched to the lender's grid by taking the nearest position.
        n_atoms: number of atoms.
        jobs: threads; all cores if not given.
    """
    atoms = positions.each_alone().atoms
    builder = ResponseBuilder(len(active), len(orders) * n_atoms, 1)
    for number, order in enumerate(orders):
        sources = _sources(positions, order)

        def count(mask: NDArray[np.bool_], sources: Ints = sources) -> Ints:
            return np.bincount(atoms[mask[sources]], minlength=n_atoms)

        for unit, tally in enumerate(ordered_map(count, active, jobs)):
            there = np.flatnonzero(tally)
            builder.add(unit, there + number * n_atoms, tally[there])
    return split(builder.finish(), len(orders))


def _sources(positions: AtomMap, order: Ints) -> Ints:
    """The position whose mask each position gets, where samples borrow in this order."""
    owner = np.empty(len(order), np.int64)
    owner[order] = np.arange(len(order))  # whose masks stand on each sample's annotations
    to, since = positions.shapes, positions.shapes[owner]
    if (to == since).all() and (to == to[:1]).all():
        size = int(to[0].prod()) if len(to) else 0
        return (positions.offsets[owner][:, None] + np.arange(size)).ravel()
    parts = [
        positions.offsets[o] + (_nearest(h0, h)[:, None] * w0 + _nearest(w0, w)).ravel()
        for o, (h, w), (h0, w0) in zip(owner, to, since, strict=True)
    ]
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _nearest(native: int, size: int) -> Ints:
    """For each of ``size`` cells the one of ``native`` cells in which its centre lies."""
    # in whole numbers, so that no centre falls to the wrong side by rounding
    return (2 * np.arange(size) + 1) * native // (2 * size)


def split(together: Responses, parts: int) -> list[Responses]:
    """Responses whose atoms were numbered ``part * n_atoms + atom``, part by part."""
    n_atoms = together.n_atoms // max(1, parts)
    unit = np.repeat(np.arange(together.n_units), np.diff(together.indptr))
    part, atom = np.divmod(together.atoms, n_atoms)
    # stable, so that units and atoms keep their order in each part; NumPy sorts 16 bits by
    # radix, in linear time
    order = np.argsort(part.astype(np.uint16), kind="stable")
    stops = np.cumsum(np.bincount(part, minlength=parts))
    found = []
    for own in np.split(order, stops[:-1]):
        indptr = offsets_of(np.bincount(unit[own], minlength=together.n_units))
        found.append(Responses(indptr, atom[own], together.fold_counts[own], n_atoms))
    return found
