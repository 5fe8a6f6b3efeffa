"""Counts by tile and by pair against those position by position, and what hangs on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from andornot.concepts.table import ConceptTable
from andornot.counting.active import list_maps, list_masks
from andornot.counting.responses import count_responses
from andornot.counting.stores import InMemory
from andornot.counting.thresholds import Threshold
from andornot.search.beam_room import Rows
from andornot.search.options import SearchOptions
from andornot.trust import parts as module
from andornot.trust import recount as recounts
from andornot.trust.exchange import Lenders
from andornot.trust.kernels import bound_orders, bound_parts
from andornot.trust.parts import PartCounter
from andornot.trust.recount import StoredRecount
from andornot.trust.repeat import Repeats
from andornot.trust.tiles import CodeTiles, UnitTiles, tiles_of

N_FOLDS = 3


def world(seed, shape=(11, 18), n_samples=9):
    """A table of maps, and a unit listed under a threshold for each fold and its own."""
    rng = np.random.default_rng(seed)
    maps = rng.integers(0, 4, (n_samples, *shape)) * (rng.random((n_samples, *shape)) < 0.5)
    names = ["a", "b", "c"]
    folds = (np.arange(n_samples) % N_FOLDS).astype(np.int32)
    table = ConceptTable.from_label_maps([m[None] for m in maps], names, folds=folds)
    values = rng.random((n_samples, 1, 4, 5)).astype(np.float32)
    steps = [[0.5, 0.52, 0.5, 0.51], [0.6, np.nan, 0.55, 0.6], [0.9, 0.2, 0.9, 0.1]][seed % 3]
    (unit,) = list_maps(InMemory(values), np.array([steps]), table.positions, [0], jobs=1)
    orders = np.stack([rng.permutation(n_samples) for _ in range(6)]).astype(np.int32)
    return table, unit, orders


def by_position(counter, unit, orders):
    """Counted without tiles."""
    return [counter.count(unit, order) for order in orders]


def assert_same(rows, expected):
    assert len(rows.indptr) == len(expected) + 1
    for at, parts in enumerate(expected):
        for one, other in zip(rows.one(at), parts, strict=True):
            assert one.tolist() == other.tolist()


def without_idle(counts):
    """Without atoms on which the unit is active only below all thresholds."""
    kept = (counts.inside + counts.outside).any(axis=0)
    return type(counts)(counts.atoms[kept], counts.inside[:, kept], counts.outside[:, kept])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shape", [(8, 8), (11, 18), (16, 9)])
def test_tiles_and_pairs_count_what_positions_do(seed, shape):
    table, unit, orders = world(seed, shape)
    counter = PartCounter(table.positions, table.n_atoms, N_FOLDS)
    assert counter.tiles is not None
    own = UnitTiles.of(unit.spelt_out, unit.needed[:N_FOLDS], counter.tiles)
    lenders = Lenders.of(orders)
    pairs = counter.pairs(own, lenders)
    some = [5, 0, 3]
    plain = by_position(counter, unit, orders)
    for rows, numbers in (
        (counter.count_orders(unit, orders), range(6)),
        (counter.count_paired(own, pairs, lenders, some), some),
    ):
        for at, number in enumerate(numbers):
            one, other = without_idle(rows.one(at)), without_idle(plain[number])
            for found, expected in zip(one, other, strict=True):
                assert found.tolist() == expected.tolist()


def test_samples_without_tiles_are_counted_position_by_position():
    rng = np.random.default_rng(0)
    for shape in [(1, 40), (7, 30), (30, 7)]:
        masks = rng.random((3, 8, *shape)) < 0.4
        folds = (np.arange(8) % 2).astype(np.int32)
        table = ConceptTable.from_masks(masks[:2], ["a", "b"], folds=folds)
        assert CodeTiles.of(table.positions) is None
        counter = PartCounter(table.positions, table.n_atoms, 2)
        (unit,) = list_masks(masks[2:].reshape(1, -1), table.positions, 3)
        orders = np.stack([rng.permutation(8) for _ in range(3)]).astype(np.int32)
        assert_same(counter.count_orders(unit, orders), by_position(counter, unit, orders))


def test_pairs_that_do_not_fit_are_not_kept(monkeypatch):
    table, unit, orders = world(1)
    counter = PartCounter(table.positions, table.n_atoms, N_FOLDS)
    own = UnitTiles.of(unit.spelt_out, unit.needed[:N_FOLDS], counter.tiles)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_MOST_CELLS", 3)
        assert counter.pairs(own, Lenders.of(orders)) is None
    with monkeypatch.context() as patch:
        patch.setattr(module, "_MOST_DENSE", 1)
        assert counter.pairs(own, Lenders.of(orders)) is None


def test_each_sample_finds_its_lender():
    _, _, orders = world(0)
    lenders = Lenders.of(orders)
    assert (lenders.lenders[lenders.place] == orders).all()


@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_bounds_from_counts_are_those_from_positions(length, negated):
    table, unit, orders = world(length)
    # one threshold for all folds, so that no position is idle
    unit = replace(unit, needed=np.ones_like(unit.needed))
    counter = PartCounter(table.positions, table.n_atoms, N_FOLDS)
    rows, lenders, n = counter.count_orders(unit, orders), Lenders.of(orders), len(orders)
    sizes = np.ascontiguousarray(table.fold_counts.T)
    areas = np.array([[s[table.mask(name)].sum() for name in table.names] for s in sizes])
    totals = sizes.sum(axis=1) if negated else np.full(N_FOLDS, -1)
    found, expected = np.empty((2, N_FOLDS, n), np.int64)
    bound_parts(
        rows.indptr, rows.atoms, rows.inside, sizes, table.indptr, table.indices, areas, totals,
        length, 40, 300, np.zeros((2, 3), np.int64), found,
    )  # fmt: skip
    spelt = unit.under(table.positions.folds)
    tally = np.zeros((n, table.n_atoms), np.int32)
    for tiles in (None, counter.tiles):
        bound_orders(
            spelt.samples, spelt.starts, spelt.positions, table.positions.folds, lenders.first,
            lenders.lenders, lenders.null_first, lenders.nulls, *counter.atom_arguments,
            tiles_of(spelt, tiles), sizes, table.indptr, table.indices, areas, totals, length,
            40, 300, tally, np.empty_like(tally), np.zeros((2, n), np.int64), counter.local,
            np.empty(table.n_atoms, np.int64), np.zeros((2, 3), np.int64), expected,
        )  # fmt: skip
        assert found.tolist() == expected.tolist()


def test_what_is_found_is_counted_elsewhere_as_its_masks_are():
    """Of formulas with each operator; not of those that nobody wants."""
    table, unit, orders = world(2)
    counter = PartCounter(table.positions, table.n_atoms, N_FOLDS)
    rows = counter.count_orders(unit, orders)
    outer = table.fold_counts.sum(axis=1) - table.fold_counts[:, 0]
    options = SearchOptions.of(length=3, beam_size=4, search="beam")
    repeats = Repeats.of(table, options, jobs=1).on(outer)
    wanted, inner = np.arange(len(orders)) != 1, table.fold_counts[:, 0].copy()
    found = repeats.held_out_counts(
        Rows(rows.indptr, rows.atoms, rows.outside[0]), rows.inside[0], inner, range(2, 4), wanted
    )
    assert not found[1].any()
    for b in np.flatnonzero(wanted).tolist():
        own = rows.one(b)
        (masks,) = repeats.masks([(own.atoms, own.outside[0])], range(2, 4))
        for mask, (both, either) in zip(masks, found[b].tolist(), strict=True):
            assert both == own.inside[0][mask[own.atoms]].sum()
            assert either == own.inside[0].sum() + inner[mask].sum() - both


def test_lists_are_kept_and_counted_by_sample_from_there(monkeypatch):
    """As counting once more has it; where lists do not fit, they are made anew."""
    table, _, _ = world(4)
    values = np.random.default_rng(4).random((9, 3, 4, 5)).astype(np.float32)
    recorded, thresholds = InMemory(values), np.array([0.5, 0.7, 2.0])
    responses = count_responses(recorded, thresholds, table, jobs=1).responses
    rule = Threshold(0.3)
    for room in (2**20, 1):
        monkeypatch.setattr(recounts, "_LIST_BYTES", room)
        recount = StoredRecount(table, recorded, rule, thresholds, [0, 1, 2], responses, 1)
        counted = recount.sample_atoms()
        first = [unit for _, units in recount.listed() for unit in units]
        second = [unit for _, units in recount.listed() for unit in units]
        for one, other in zip(first, second, strict=True):
            assert one is not other
            assert (one.firsts is other.firsts) == (room > 1)
        again = recount.sample_atoms()
        for name in ("indptr", "atoms", "fold_counts"):
            one, other = getattr(counted, name), getattr(again, name)
            assert (one.dtype, one.tolist()) == (other.dtype, other.tolist())
