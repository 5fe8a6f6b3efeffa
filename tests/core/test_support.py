"""How much there is to learn units and concepts from, and what is left out for want of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import andornot
import naive
from activation_cases import recordings
from andornot._tools import progress
from andornot.concepts.table import ConceptTable
from andornot.counting.groups import active_groups
from andornot.counting.range_counts import count_lower_ranges
from andornot.counting.responses import Responses, count_responses
from andornot.errors import AndornotError, DataError, OptionError
from andornot.explainer import explain_responses, searched_concepts, supports
from andornot.measures.scores import Counts
from andornot.pipeline.stream import explain_to_parquet
from andornot.results.explanation import Certificate, Explanation
from andornot.results.trust import HeldOutChance, Stability, Trust
from andornot.results.verdict import LEAST_GROUPS, LEAST_POSITIONS, Support, Verdict, listed
from andornot.search.options import SearchOptions
from andornot.trust.repeat import Repeats
from strategies import labelled

RNG = np.random.default_rng(7)

# --- groups of samples in which units are active --------------------------------------------------


@given(st.data(), st.integers(0, 6), st.integers(1, 4))
def test_groups_are_counted_as_sets_of_samples(draw, n_samples, n_units):
    groups = draw.draw(st.lists(st.integers(0, 4), min_size=n_samples, max_size=n_samples))
    flat = draw.draw(
        st.lists(st.sampled_from([0, 0, 1, 3]), min_size=n_samples * n_units,
                 max_size=n_samples * n_units)
    )  # fmt: skip
    areas = np.array(flat, np.int32).reshape(n_samples, n_units)
    found = active_groups(areas, np.array(groups, np.int32))
    units = [{(s, 0) for s in np.flatnonzero(areas[:, u]).tolist()} for u in range(n_units)]
    assert found.tolist() == [naive.active_groups(unit, groups) for unit in units]
    assert active_groups(areas > 0, np.array(groups, np.int32)).tolist() == found.tolist()


@given(recordings(), st.data())
def test_all_ways_of_counting_tell_the_same_groups(recording, draw):
    data, recorded, thresholds = recording
    n, n_units = len(data.maps), recorded.n_units
    # one fold, so that any samples may share a group
    numbers = draw.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    table = replace(data, folds=[0] * n).table.grouped(numbers)
    counted = count_responses(recorded, thresholds, table, jobs=1)
    active = [
        {(s, 0) for s in np.flatnonzero(counted.areas[:, u]).tolist()} for u in range(n_units)
    ]
    expected = [naive.active_groups(unit, numbers) for unit in active]
    assert counted.responses.active_groups.tolist() == expected
    some = draw.draw(st.lists(st.integers(0, n_units - 1), max_size=3))
    assert counted.responses.select(some).active_groups.tolist() == [expected[u] for u in some]


@given(st.data(), st.integers(1, 5), st.integers(1, 3))
def test_masks_and_sparse_rows_tell_the_same_groups(draw, n_samples, side):
    size = 3 * n_samples * side
    flat = draw.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    masks = np.array(flat).reshape(3, n_samples, side)
    numbers = draw.draw(st.lists(st.integers(0, 2), min_size=n_samples, max_size=n_samples))
    table = ConceptTable.from_masks(masks[:1], ["a"], groups=numbers)
    expected = [
        naive.active_groups(set(map(tuple, np.argwhere(unit).tolist())), numbers) for unit in masks
    ]
    assert Responses.from_masks(masks, table).active_groups.tolist() == expected
    rows = scipy.sparse.csr_array(masks.reshape(3, -1).astype(float))
    assert Responses.from_sparse(rows, table).active_groups.tolist() == expected


@given(recordings(), st.data())
def test_a_lower_range_has_groups_of_its_own(recording, draw):
    data, recorded, _ = recording
    n, n_units = len(data.maps), recorded.n_units
    numbers = draw.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    table = replace(data, folds=[0] * n).table.grouped(numbers)
    borders = np.tile([-0.5, 0.4, 0.9, 2.0], (n_units, 1))
    above = {b: count_responses(recorded, borders[:, b], table, jobs=1) for b in range(3)}
    found = list(count_lower_ranges(recorded, borders, above[2], table, jobs=1))
    for part, (wide, narrow) in zip(found, [(1, 2), (0, 1)], strict=True):
        only = above[wide].areas > above[narrow].areas
        assert part.active_groups.tolist() == active_groups(only, np.array(numbers)).tolist()


def test_responses_keep_their_groups_on_disk(tmp_path):
    table = ConceptTable.from_masks(np.ones((1, 4, 2), bool), ["a"], groups=[0, 0, 1, 1])
    responses = Responses.from_masks(RNG.random((3, 4, 2)) < 0.3, table)
    responses.save(tmp_path / "r.npz")
    again = Responses.load(tmp_path / "r.npz")
    assert again.active_groups.tolist() == responses.active_groups.tolist()
    replace(responses, active_groups=None).save(tmp_path / "r.npz")  # as versions before did
    assert Responses.load(tmp_path / "r.npz").active_groups is None


# --- support of explanations ----------------------------------------------------------------------

MASKS = RNG.random((4, 60, 3)) < 0.3
TABLE = ConceptTable.from_masks(MASKS, list("abcd"), groups=np.arange(60) // 3)


def few(n_samples):
    """A unit that is true on the first positions of so many samples."""
    mask = np.zeros((60, 3), bool)
    mask[:n_samples] = True
    return mask


GROUPS = naive.active_groups(set(map(tuple, np.argwhere(MASKS[0]).tolist())), np.arange(60) // 3)


def test_every_explanation_of_arrays_tells_its_support(tmp_path):
    units = np.stack([MASKS[0], few(10), few(30), ~few(60)])
    result = andornot.explain(units, TABLE, length=1)
    assert [e.support for e in result] == [
        Support(int(MASKS[0].sum()), GROUPS), Support(30, 4), Support(90, 10), Support(0, 0),
    ]  # fmt: skip
    assert [e.support.is_enough for e in result] == [True, False, True, False]
    assert result[1].verdict is Verdict.TOO_LITTLE_DATA
    assert result[2].verdict is Verdict.NOT_TESTED
    assert result.to_frame()["active_groups"].tolist() == [GROUPS, 4, 10, 0]
    result.save(tmp_path / "r.json")
    assert andornot.Result.load(tmp_path / "r.json") == result
    with ThreadPoolExecutor(1) as executor:
        assert andornot.explain(units, TABLE, length=1, executor=executor) == result


def test_what_atoms_cannot_tell_is_not_held_against_a_unit():
    responses = replace(Responses.from_masks(few(10)[None], TABLE), active_groups=None)
    (e,) = andornot.explain(responses, TABLE, length=1)
    assert e.support == Support(30, None)
    assert e.verdict is Verdict.NOT_TESTED
    assert "active_groups" not in andornot.explain(responses, TABLE).to_frame()


def test_the_least_numbers_are_those_that_were_asked_for():
    responses = Responses.from_masks(few(10)[None], TABLE)
    assert supports(responses, (30, 4)) == [Support(30, 4, 30, 4)]
    for least, enough in [((30, 4), True), ((31, 4), False), ((30, 5), False), ((0, 0), True)]:
        (e,) = explain_responses(responses, TABLE, SearchOptions(length=1), least=least)
        assert e.support.is_enough is enough


def test_rows_in_a_file_tell_of_groups(tmp_path):
    responses = Responses.from_masks(np.stack([MASKS[0], few(10), ~few(60), ~few(60)]), TABLE)
    told, untold = responses, replace(responses, active_groups=None)
    for which, expected in ((told, [GROUPS, 4, 0, 0]), (untold, [None] * 4)):
        explain_to_parquet(which, TABLE, tmp_path / "u.parquet", block=3, length=1)
        column = pd.read_parquet(tmp_path / "u.parquet")["active_groups"]
        assert [None if pd.isna(v) else int(v) for v in column] == expected


# --- the order of lists ---------------------------------------------------------------------------


def explanation(unit, verdict, gain, iou):
    """One with a verdict, as its trust and support make it."""
    enough = verdict is not Verdict.TOO_LITTLE_DATA
    chance = HeldOutChance(
        39, 0, 0.025 if verdict in (Verdict.SOLID, Verdict.PARTIAL) else 0.5, 8, 0.1, 0.01, gain,
        1.0 if verdict is Verdict.SOLID else 0.1, gain + 1, 0.1, 0.1, 0.1,
    )  # fmt: skip
    stability = Stability(0, 1, 9, 9, 1.0, (), 0.9)
    trust = None
    if verdict is not Verdict.NOT_TESTED:
        trust = Trust(1, None, stability, None, held_out_chance=chance)
    found = andornot.explain([[True, False]], ConceptTable.from_masks([[True, False]], ["a"]))[0]
    counts = Counts.of(iou, 100, 100, 200)
    return replace(
        found, unit=unit, trust=trust, support=Support(30 if enough else 29, 10), counts=counts
    )


@given(st.lists(st.tuples(st.sampled_from(Verdict), st.floats(-3, 3), st.integers(1, 100)),
                max_size=8))  # fmt: skip
def test_no_list_is_led_by_what_has_too_little_data(drawn):
    explained = [explanation(unit, *what) for unit, what in enumerate(drawn)]
    assert [e.verdict for e in explained] == [verdict for verdict, _, _ in drawn]
    nothing = Explanation(99, "dead", Counts(0, 0, 0, 9), (), (None,), Certificate(0.0, 0.0, True))
    order = listed([nothing, *explained])
    assert sorted(e.unit for e in order) == sorted([*range(len(drawn)), 99])
    assert order[-1] is nothing
    enough = [e.support.is_enough for e in order[:-1]]
    assert enough == sorted(enough, reverse=True)
    for verdict in Verdict:
        gains = [
            e.trust.held_out_chance.gain
            for e in order[:-1]
            if e.verdict is verdict and e.trust is not None
        ]
        assert gains == sorted(gains, reverse=True)


# --- support of concepts --------------------------------------------------------------------------


@given(labelled())
def test_samples_of_concepts_are_counted_as_sets(data):
    table = data.table
    assert table.sample_counts.tolist() == naive.sample_counts(data.carried, data.names)
    members = data.names[:2]
    union = table.derive("EITHER", {data.names[0]: members})
    held = [[p & set(members) and {"x"} for p in sample] for sample in data.carried]
    assert union.sample_counts[-1] == naive.sample_counts(held, ["x"])[0]


@given(labelled(), st.integers(0, 12), st.integers(0, 3))
def test_a_search_uses_the_concepts_that_hold_often_enough(data, positions, samples):
    table = data.table
    on = [sum(name in p for own in data.carried for p in own) for name in data.names]
    of = naive.sample_counts(data.carried, data.names)
    expected = [c for c in range(len(on)) if on[c] >= positions and of[c] >= samples]
    options = SearchOptions(min_support=(positions, samples))
    if expected:
        assert searched_concepts(table, options).tolist() == expected
        sizes = np.zeros(table.n_atoms, np.int64)  # a draw of the samples counts otherwise
        (repeated,) = Repeats.of(table, options)._problems([(np.zeros(0, "i4"), sizes[:0])], sizes)
        assert repeated.candidates.tolist() == expected
    else:
        with pytest.raises(OptionError, match=r"no concept is left.*, or lower min_support"):
            searched_concepts(table, options)


def rare_table():
    """``rare`` fits the unit best, and holds on three samples; ``often`` nearly as well."""
    masks = np.zeros((3, 40, 4), bool)
    masks[0, :3] = True
    masks[1, :6] = True
    masks[2, ::2] = True
    return ConceptTable.from_masks(masks, ["rare", "often", "else"]), masks[:1]


KEPT: list[tuple[dict[str, Any], str]] = [
    ({}, "rare"),
    ({"min_support": (12, 3)}, "rare"),
    ({"min_support": (13, 0)}, "often"),
    ({"min_support": (0, 4)}, "often"),
    ({"min_support": [np.int64(1), 4]}, "often"),
    ({"min_support": (0, 4), "search": "beam"}, "often"),
    ({"min_support": (0, 4), "search": "exhaustive"}, "often"),
    ({"min_support": (0, 4), "search": "optimal"}, "often"),
    ({"min_support": (0, 4), "profile": "mu2020"}, "often"),
    ({"min_support": (0, 4), "only": ["rare", "else"]}, "else"),
]


@pytest.mark.parametrize(("options", "found"), KEPT, ids=str)
def test_formulas_do_without_concepts_that_hold_too_rarely(options, found):
    table, unit = rare_table()
    result = andornot.explain(unit, table, length=1, **options)
    assert str(result[0].formula) == found
    for scored in andornot.explain(unit, table, length=3, **options)[0].beam:
        assert ("rare" in scored.formula.concepts) <= (found == "rare")


def test_the_option_is_kept_with_the_result(tmp_path):
    table, unit = rare_table()
    result = andornot.explain(unit, table, length=1, min_support=(0, 4))
    assert result.search == SearchOptions(1, min_support=(0, 4))
    result.save(tmp_path / "r.json")
    loaded = andornot.Result.load(tmp_path / "r.json")
    assert loaded.search == result.search
    assert "min_support" not in SearchOptions().as_dict()
    with pytest.raises(OptionError, match=r"min_support is \(0, 3\) here, but"):
        andornot.assess(result, unit, table, min_support=(0, 3))


def test_how_many_concepts_are_left_out_is_told(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(progress, "_visible", True)
    table, unit = rare_table()
    said = "note: 1 of 3 concepts hold on fewer than 4 samples, and are left out of the search"
    andornot.explain(unit, table, length=1, min_support=(0, 4))
    assert said in " ".join(capsys.readouterr().err.split())
    responses = Responses.from_masks(unit, table)
    explain_to_parquet(responses, table, tmp_path / "u", length=1, min_support=(0, 4))
    assert said in " ".join(capsys.readouterr().err.split())
    assert pd.read_parquet(tmp_path / "u")["formula"].tolist() == ["often"]
    andornot.explain(unit, table, length=1, min_support=(0, 3))
    assert "left out" not in capsys.readouterr().err


def test_parts_of_a_file_hang_on_the_samples_of_concepts(tmp_path, monkeypatch):
    """Two tables of the same atoms, whose concepts hold on other numbers of samples."""
    from andornot.pipeline import stream

    masks = np.zeros((2, 8, 2), bool)
    masks[0, :3, 0] = masks[1, 4:] = True
    spread = ConceptTable.from_masks(masks, ["a", "b"])
    dense = ConceptTable.from_masks(masks.reshape(2, 4, 4), ["a", "b"])
    responses = Responses.from_masks(masks[:1], spread)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stream, "_join", fail)
    with pytest.raises(KeyboardInterrupt):
        explain_to_parquet(responses, spread, tmp_path / "u", length=1, min_support=(0, 3))
    monkeypatch.undo()
    done = explain_to_parquet(responses, dense, tmp_path / "u", length=1, min_support=(0, 2))
    assert done.kept == 0
    assert pd.read_parquet(tmp_path / "u")["formula"].tolist() == ["a"]


def test_a_table_of_counts_alone_can_be_asked_for_positions():
    table, unit = rare_table()
    responses, bare = Responses.from_masks(unit, table), replace(table, positions=None)
    found = andornot.explain(responses, bare, length=1, min_support=(13, 0))
    assert str(found[0].formula) == "often"
    with pytest.raises(DataError, match=r"kept only counts.*ask for positions alone"):
        andornot.explain(responses, bare, length=1, min_support=(13, 1))


WRONG: list[Any] = ["30,5", "x", 5, (), (1,), (1, 2, 3), (-1, 2), (1.5, 2), (True, 2), ("1", "2"),
                    (None, 1), (2**63, 1)]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_support_that_is_no_pair_gets_a_sentence(wrong):
    makers: list[Callable[..., object]] = [SearchOptions, andornot.RunOptions.of]
    for make in makers:
        with pytest.raises(AndornotError) as caught:
            make(min_support=wrong)
        assert "give the least numbers of positions and of samples, such as (30, 5)" in str(
            caught.value
        )


def test_the_constants_stand_in_one_place():
    options = andornot.RunOptions()
    assert options.least_active == (LEAST_POSITIONS, LEAST_GROUPS)
    assert (Support(1).least_positions, Support(1).least_groups) == options.least_active
