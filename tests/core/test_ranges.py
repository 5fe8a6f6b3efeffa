"""Ranges of activations: their borders, the counts in each, and a formula for each."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from andornot.concepts.table import ConceptTable
from andornot.counting import ranges as module
from andornot.counting.range_counts import count_lower_ranges, difference
from andornot.counting.ranges import Ranges, find_borders
from andornot.counting.responses import Responses, count_responses
from andornot.counting.stores import InMemory
from andornot.counting.thresholds import Threshold, find_thresholds
from andornot.errors import OptionError
from andornot.explainer import explain_responses
from andornot.search.options import SearchOptions
from strategies import labelled


def maps(*units):
    """Activations of single positions, a row of values for each unit."""
    return InMemory(np.array(units, np.float32).T[:, :, None, None], block_size=3)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=12), st.integers(2, 4))
def test_clusters_have_the_least_sum_of_squares(values, k):
    """Few distinct whole numbers, each in a bin of its own."""
    (borders,) = find_borders(maps(values), Ranges(k))
    positive = np.array([v for v in values if v > 0], float)
    assert (np.diff(borders) >= 0).all()
    assert borders[0] == 0
    assert borders[-1] == max(values)
    parts = [positive[(positive > a) & (positive <= b)] for a, b in itertools.pairwise(borders)]
    assert sum(map(len, parts)) == len(positive)
    if len(set(positive)) >= k:
        squares = sum(((p - p.mean()) ** 2).sum() for p in parts)
        assert squares == pytest.approx(naive.clusters(positive, k), abs=1e-9)


@given(st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=30), st.integers(2, 5))
def test_quantiles_hold_as_many_values_each(values, k):
    (borders,) = find_borders(maps(values), Ranges(k, "quantiles"))
    kept = np.array([v for v in values if min(values) < 0 or v > 0])
    if not len(kept):
        assert borders.tolist() == [0] * (k + 1)
        return
    assert borders[0] < kept.min()
    assert borders[-1] == kept.max()
    for j in range(1, k):
        assert (kept <= borders[j]).sum() >= j * len(kept) / k
        assert (kept < borders[j]).sum() < j * len(kept) / k


def test_units_that_cannot_be_cut():
    nothing, same, broken = [0.0] * 4, [2.0] * 4, [1.0, np.nan, 2.0, 3.0]
    borders = find_borders(maps(nothing, same, broken, [0, 1, 1, 5]), Ranges(3))
    assert borders[0].tolist() == [0, 0, 0, 0]
    assert borders[1].tolist() == [0, 0, 0, 2]
    assert np.isnan(borders[2]).all()
    assert borders[3].tolist() == [0, 0, 1, 5]  # two values: the upper two ranges


def test_few_units_at_a_time_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    recorded = InMemory(rng.normal(size=(7, 5, 2, 3)).astype(np.float32), block_size=2)
    usual = find_borders(recorded, Ranges(4), jobs=1)
    monkeypatch.setattr(module, "_BUFFER_BYTES", 4 * 42 * 2)
    assert find_borders(recorded, Ranges(4), jobs=2).tolist() == usual.tolist()


@pytest.mark.parametrize("wrong", [{"k": 1}, {"k": 2.5}, {"k": 1000}, {"by": "size"}])
def test_ranges_that_make_no_sense(wrong):
    with pytest.raises(
        OptionError, match=r"ranges.*(give a whole number from 2|choose 'clusters')"
    ):
        Ranges(**wrong)


def test_the_top_range_is_a_threshold():
    recorded = maps([0, 1, 2, 8, 9], [0, 0, 0, 0, 0])
    found = find_thresholds(recorded, Ranges(2), table_of(5).positions)
    assert found.values.tolist() == [2, 0]
    assert found.borders.tolist() == [[0, 2, 9], [0, 0, 0]]
    assert found.status == ("ok", "dead")
    assert find_thresholds(recorded, Threshold(0.5), table_of(5).positions).borders is None


def table_of(n):
    return ConceptTable.from_masks(np.ones((1, n), np.bool_), ["a"])


@given(labelled(), st.integers(1, 3), st.data())
def test_counts_are_those_of_pixels(data, k, draw):
    table, n = data.table, len(data.maps)
    values = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0])
    flat = draw.draw(st.lists(values, min_size=n * 8, max_size=n * 8))
    recorded = InMemory(np.array(flat, np.float32).reshape(n, 2, 2, 2))
    borders = np.sort(np.random.default_rng(k).normal(size=(2, k + 2)))
    borders[:, -1] = 2
    top = count_responses(recorded, borders[:, -2], table, jobs=1)
    lower = list(count_lower_ranges(recorded, borders, top, table, jobs=1))
    parts = [*reversed(lower), top.responses]
    assert len(parts) == k + 1
    for unit in range(2):
        for number, part in enumerate(parts):
            low, high = borders[unit, number : number + 2]
            counts = np.zeros((table.n_atoms, table.n_folds), int)
            for i, fold in enumerate(data.folds):
                shape = data.maps[i].shape[1:]
                f = naive.upsample(recorded.values[i, unit], *shape)
                atoms = table.positions.sample(i)[(f > low) & (f <= high + 1e-12)]
                np.add.at(counts[:, fold], atoms, 1)
            assert part.unit_folds(unit).tolist() == counts.tolist()
            assert part.counts.all()


@given(st.data())
def test_a_difference_holds_what_only_the_wider_one_has(data):
    wide = np.array(data.draw(st.lists(st.booleans(), min_size=8, max_size=8))).reshape(2, 4)
    narrow = wide & np.array(data.draw(st.lists(st.booleans(), min_size=8, max_size=8))).reshape(
        2, 4
    )
    table = ConceptTable.from_masks(np.eye(3, 4, dtype=bool), ["a", "b", "c"])
    found = difference(Responses.from_masks(wide, table), Responses.from_masks(narrow, table))
    expected = Responses.from_masks(wide & ~narrow, table)
    assert found.indptr.tolist() == expected.indptr.tolist()
    assert found.atoms.tolist() == expected.atoms.tolist()
    assert found.counts.tolist() == expected.counts.tolist()


def test_a_unit_of_two_levels_gets_a_formula_for_each():
    rng = np.random.default_rng(0)
    masks = rng.random((4, 400)) < 0.3
    low, high = masks[0] & ~masks[1], masks[1]
    values = np.where(high, 5.0, np.where(low, 1.0, 0.0)) * rng.uniform(0.9, 1.1, 400)
    recorded, table = maps(values), ConceptTable.from_masks(masks, ["A", "B", "C", "D"])
    borders = find_borders(recorded, Ranges(2))
    top = count_responses(recorded, borders[:, -2].copy(), table)
    (lower,) = count_lower_ranges(recorded, borders, top, table)
    formulas = [
        str(explain_responses(part, table, SearchOptions(length=2))[0].formula)
        for part in (top.responses, lower)
    ]
    assert formulas == ["B", "A AND NOT B"]
