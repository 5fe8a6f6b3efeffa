"""A result as a value: pieces of it, how it prints, and the file that it is saved to."""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
from andornot import ConceptTable, Result
from andornot.counting.responses import count_responses
from andornot.counting.stores import InMemory, Shards
from andornot.counting.thresholds import Threshold, find_thresholds
from andornot.errors import AndornotError, DataError, OptionError, OutOfRangeError, RunError
from andornot.measures.scores import Agreement
from andornot.results.explanation import Explanation
from andornot.results.trust import Chance, HeldOut, Stability, Trust
from andornot.search.options import SearchOptions
from andornot.trust.measure import shortened
from strategies import cases

NUMBERS = [7, 100, 3, 4, 51]
TRUST = Trust(
    2,
    HeldOut((0.1, 1 / 3), (0.2, 0.4), 0.5, 1),
    Stability(0.1, 0.7, 20, 3, 0.25, (("a", 0.5), ("b OR c", 1.0))),
    Chance(39, (0.2, 0.4), (0.1, 1 / 7), 0.03, 0.025, 0.05, 1e-17, 1e-300),
)


def found(units: list[int] | None = None, n: int = 5, **options) -> Result:
    rng = np.random.default_rng(0)
    table = ConceptTable.from_masks(rng.random((4, 40)) < 0.4, ["a", "b", "c", "d"])
    return andornot.explain(rng.random((n, 40)) < 0.3, table, length=2, units=units, **options)


@pytest.fixture(scope="module")
def whole() -> Result:
    return found(NUMBERS)


def told(error: type[AndornotError], call, *args) -> str:
    with pytest.raises(AndornotError) as caught:
        call(*args)
    assert type(caught.value) is error
    text = str(caught.value)
    assert "\n" not in text
    return text


# --- the formula that is shown ---

SEARCHES = [
    {"search": "beam"}, {"search": "optimal"}, {"search": "exhaustive"}, {"profile": "mu2020"},
    {"space": "trees", "search": "optimal"}, {"penalty": 0.95}, {"metric": "mcc"},
]  # fmt: skip


@pytest.mark.parametrize("options", SEARCHES)
def test_the_formula_shown_is_the_best_of_the_length_that_pays(options):
    for e in several(**options):
        assert e.shown == e.beam[0], "nothing is known of held-out samples"
        assert "shown_formula" not in e.as_dict()
        for length in (1, 2, 3):
            trusted = replace(e, trust=Trust(3, shown_length=length))
            best = e.beam[0] if length == 3 else e.best_by_length[length - 1]
            assert trusted.shown == best
            assert best.formula.length <= length
            assert Explanation.from_dict(trusted.as_dict()).shown == best
            assert trusted.as_dict()["shown_formula"] == str(best.formula)
            row = Result((trusted,)).to_frame().iloc[0]
            assert (row["shown_formula"], row["shown_iou"]) == (str(best.formula), best.iou)
            assert (row["formula"], row["iou"]) == (str(e.formula), e.iou)


@pytest.mark.parametrize("options", SEARCHES)
def test_the_longest_formula_is_shown_where_no_shorter_one_was_chosen(options):
    """As of the published search, and of runs of older versions."""
    for e in several(**options):
        assert replace(e, trust=Trust(3)).shown == e.beam[0]
        plain = replace(e, trust=TRUST).as_dict()
        plain["trust"] |= {"length": 3}
        for name in ("shown_length", "part", "core", "held_out_chance"):
            del plain["trust"][name]
        assert Explanation.from_dict(plain).shown == e.beam[0]


def test_of_a_chosen_length_no_longer_formula_is_shown():
    for e in several():
        for chosen in (1, 2, 3):
            shorter = shortened(e, chosen)
            for shown in (None, *range(1, chosen + 1)):
                trusted = replace(shorter, trust=Trust(chosen, shown_length=shown))
                assert trusted.shown == e.best_by_length[(shown or chosen) - 1]
                assert trusted.formula == e.best_by_length[chosen - 1].formula


def test_each_range_has_a_formula_of_its_own_to_show():
    top, low, lowest = several()
    result = Result.of_rows(
        [
            replace(top, unit=7, range=(2.0, 3.0), trust=Trust(3, shown_length=1)),
            replace(low, unit=7, range=(1.0, 2.0)),
            replace(lowest, unit=7, range=(0.0, 1.0)),
        ]
    )
    shown = [e.shown for e in result.ranges(7)]
    assert shown == [lowest.beam[0], low.beam[0], top.best_by_length[0]]
    frame = result.to_frame()
    assert frame["shown_formula"].isna().tolist() == [False, True, True]


def test_a_length_without_a_formula_shows_the_whole_one():
    e = several()[0]
    without = replace(
        e, best_by_length=(None, *e.best_by_length[1:]), trust=Trust(3, shown_length=1)
    )
    assert without.shown == e.beam[0]
    unexplained = replace(e, beam=(), best_by_length=(None,) * 3, trust=None)
    assert unexplained.shown is None
    assert unexplained.twins == ()


def several(**options) -> tuple[Explanation, ...]:
    """Three units that need three concepts."""
    rng = np.random.default_rng(3)
    masks = rng.random((5, 200)) < 0.35
    a, b, c, d, e = masks
    units = np.array([(a | b) & ~c, (c | d) & ~b, (d | e) & ~a])
    table = ConceptTable.from_masks(masks, list("abcde"))
    explanations = andornot.explain(units, table, length=3, **options).explanations
    assert all(one.formula.length == 3 for one in explanations)
    return explanations


# --- pieces ---


def test_a_number_means_the_unit_and_a_negative_one_counts_from_the_end(whole):
    assert [whole[u].unit for u in NUMBERS] == NUMBERS
    assert [whole[-k].unit for k in range(1, 6)] == NUMBERS[::-1]
    assert whole[np.int64(-1)] is whole[51]


ENDS = st.none() | st.integers(-9, 9)


@given(ENDS, ENDS, st.none() | st.integers(-4, 4).filter(bool))
def test_a_slice_goes_by_place_as_that_of_a_list(start, stop, step):
    whole = found(NUMBERS)
    part = whole[start:stop:step]
    assert list(part) == list(whole)[start:stop:step]
    assert (part.search, part.table) == (whole.search, whole.table)
    assert part[:2] == Result(part.explanations[:2])


def test_a_slice_keeps_the_lower_ranges_of_its_units(whole):
    top = [replace(e, range=(2.0, 3.0)) for e in whole]
    low = [replace(e, range=(-math.inf, 2.0)) for e in whole]
    both = Result.of_rows(row for pair in zip(top, low, strict=True) for row in pair)
    assert both[1:3].ranges(100) == (low[1], top[1])
    assert [e.unit for e in both[1:3].rows()] == [100, 100, 3, 3]
    assert len(both[:0].lower) == 0


def test_units_are_selected_by_number_in_the_order_asked_for(whole):
    part = whole.select([51, 7])
    assert part.explanations == (whole[51], whole[7])
    assert part.search == whole.search
    assert "no explanation of unit 5;" in told(OutOfRangeError, whole.select, [7, 5])
    assert "units is 'x'" in told(OptionError, whole.select, ["x"])


@pytest.mark.parametrize("wrong", [0, -6, 10**30, "7", 7.0, None, (1, 2), [7]])
def test_what_is_no_unit_is_told_in_a_sentence(whole, wrong):
    text = told(OutOfRangeError, whole.__getitem__, wrong)
    assert "results are indexed by the number of the unit, and this one has units 3 to 100" in text
    with pytest.raises(IndexError):
        whole[wrong]


@pytest.mark.parametrize("wrong", [slice("a", None), slice(None, 1.5), slice(None, None, 0)])
def test_what_is_no_slice_is_told_in_a_sentence(whole, wrong):
    assert "cannot be cut by slice(" in told(OptionError, whole.__getitem__, wrong)


# --- printed ---


def many(n: int, length: int = 30) -> tuple[ConceptTable, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    masks = rng.random((n, 60, 2, 2)) < 0.3
    names = [f"{'long ' * length}{i}" for i in range(n)]
    return ConceptTable.from_masks(masks, names), masks, rng.random((60, n, 2, 2), np.float32)


def test_whatever_is_printed_has_ten_lines_at_most_and_says_the_useful_first(tmp_path):
    table, masks, values = many(300)
    result = andornot.explain(masks[:40], table, length=3, beam_size=5, search="beam")
    result = Result(tuple(replace(e, trust=TRUST) for e in result))
    store, activations = Shards(tmp_path), InMemory(values)
    store.append(0, values)
    thresholds = find_thresholds(activations, Threshold(0.2), table.positions)
    counted = count_responses(activations, thresholds.values, table)
    things = [
        result, result[0], result[0].trust, table, table.positions, counted, counted.responses,
        activations, store, Shards(tmp_path / "none"), thresholds, result[:0],
    ]  # fmt: skip
    for thing in things:
        for text in (repr(thing), str(thing)):
            assert text.count("\n") < 10, text
            assert len(text) < 2_000, text
    assert repr(result).startswith("<Result of 40 units, 40 with a formula:\nunit ")
    assert "... and 32 more" in repr(result)
    assert repr(result[0]).startswith("<Explanation of unit 0, not tested: long ")
    assert "held-out IoU 0.333" in repr(result[0])
    assert repr(table).startswith("<ConceptTable of 300 concepts on 240 positions (")
    assert repr(counted.responses).startswith("<Responses of 300 units, active on ")
    assert repr(store) == f"<Activations of shape (60, 300, 2, 2) in {tmp_path}>"
    assert repr(result[:0]) == "<Result of 0 units, 0 with a formula>"


def test_a_printed_explanation_says_whether_it_is_proven_and_why_there_is_none():
    masks = np.eye(3, dtype=np.bool_)
    table = ConceptTable.from_masks(masks, ["a", "b", "c"])
    one, none = andornot.explain(np.stack([masks[0], np.zeros(3, np.bool_)]), table, length=1)
    assert repr(one) == "<Explanation of unit 0: a (IoU 1.000) (proven the best)>"
    assert repr(none) == "<Explanation of unit 1: nowhere above its threshold>"


# --- saved ---

SHARES = st.floats(0, 1)


@given(cases(), st.integers(1, 3), st.sampled_from(["auto", "beam"]), st.data())
def test_a_saved_result_comes_back_equal(tmp_path_factory, case, length, how, data):
    file = tmp_path_factory.getbasetemp() / f"saved-{os.getpid()}.json"
    masks = np.stack([case.unit_mask, np.zeros(case.n, np.bool_), ~case.unit_mask])
    numbers = data.draw(st.permutations([0, 5, 2**40]))
    result = andornot.explain(masks, case.table, length, 3, how, units=numbers)
    share = data.draw(SHARES)
    top = [
        replace(
            e,
            trust=data.draw(st.sampled_from([None, Trust(length), TRUST])),
            range=(share, math.inf),
            agreement=Agreement(share, -share, 1 / 3, 0.0, 1.0),
        )
        for e in result
    ]
    low = tuple(replace(e, range=(-math.inf, share)) for e in data.draw(st.permutations(top)))
    for kept in (result, replace(result, explanations=tuple(top), lower=low), Result(())):
        kept.save(file)
        again = Result.load(file)
        assert again == kept
        assert (again.search, again.table) == (kept.search, kept.table)
        assert list(again.rows()) == list(kept.rows())


def test_every_option_of_the_search_comes_back(tmp_path, whole):
    options = SearchOptions.of(
        length=np.int64(2),  # type: ignore[arg-type]
        beam_size=4, search="optimal", metric="f1", operators=["OR", "AND"],
        penalty=0.9, limit=3, categories="x", concepts=["a", "é", "d"], nodes=50, seconds=9.5,
    )  # fmt: skip
    replace(whole, search=options).save(tmp_path / "file")
    again = Result.load(tmp_path / "file")
    assert again.search == options
    assert again.search is not None
    assert again.search.concepts == ("a", "é", "d")


def test_a_loaded_result_can_be_examined(tmp_path):
    rng = np.random.default_rng(0)
    masks, units = rng.random((4, 40)) < 0.4, rng.random((2, 40)) < 0.3
    table = ConceptTable.from_masks(masks, ["a", "b", "c", "d"])
    andornot.explain(units, table, length=2).save(tmp_path / "file")
    again = andornot.assess(Result.load(tmp_path / "file"), units, table)
    again.save(tmp_path / "file")
    assert Result.load(tmp_path / "file") == again
    assert again[0].trust is not None
    other = ConceptTable.from_masks(~masks, ["a", "b", "c", "d"])
    with pytest.raises(AndornotError, match="another concept table"):
        andornot.assess(Result.load(tmp_path / "file"), units, other)


def test_only_our_own_file_is_replaced(tmp_path, whole):
    file = tmp_path / "file.json"
    whole.save(file)
    whole[:2].save(file)
    assert Result.load(file) == whole[:2]
    assert list(tmp_path.iterdir()) == [file]
    changed = file.read_text(encoding="utf-8").replace('"tp": ', '"tp":  1')
    for text in ("a diary", "{}", '{"andornot": "result"}', changed):
        file.write_text(text, encoding="utf-8")
        assert "is not replaced; choose another file" in told(OptionError, whole.save, file)
        assert file.read_text(encoding="utf-8") == text


def test_a_file_of_another_version_is_ours_and_told(tmp_path, whole):
    file = tmp_path / "file.json"
    whole.save(file)
    newer = json.loads(file.read_text(encoding="utf-8")) | {"format": 2}
    file.write_text(json.dumps(newer, indent=4), encoding="utf-8")
    assert told(DataError, Result.load, file) == (
        f"{file} holds a result of format 2, this version reads format 1; save it again with this "
        "version"
    )
    whole.save(file)
    assert Result.load(file) == whole


def test_places_where_nothing_can_be_saved(tmp_path, whole):
    assert "a folder is in its place" in told(RunError, whole.save, tmp_path)
    assert "there is no folder" in told(RunError, whole.save, tmp_path / "none" / "file")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert "a link is in its place" in told(RunError, whole.save, tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()
    assert "give a path" in told(OptionError, whole.save, 3)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("\0\xff", "is no JSON"),
        ("[1]", "holds no result that andornot saved"),
        ('{"format": 1, "layers": {}}', "holds no result that andornot saved"),
        ('{"andornot": "result"}', "is damaged"),
        ('{"andornot": "result", "format": 1, "content": {}, "digest": 3}', "is damaged"),
    ],
)
def test_foreign_and_damaged_files_get_a_sentence(tmp_path, text, sentence):
    file = tmp_path / "file"
    file.write_text(text, encoding="latin-1")
    assert sentence in told(DataError, Result.load, file)


def test_a_file_that_is_not_there_gets_a_sentence(tmp_path):
    assert "is not there; give a file" in told(DataError, Result.load, tmp_path / "none")
    assert "is no file; give a file" in told(DataError, Result.load, tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert "is no file; give a file" in told(DataError, Result.load, tmp_path / "pipe")


def test_no_change_of_a_saved_file_goes_unnoticed(tmp_path):
    file, rng = tmp_path / "file", np.random.default_rng(0)
    result = found(n=1)
    result.save(file)
    good = file.read_bytes()
    for at in rng.integers(0, len(good), 150):
        file.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with suppress(DataError):  # but a space, say, may have become another one
            assert Result.load(file) == result
        file.write_bytes(good[:at])
        told(DataError, Result.load, file)


def test_what_somebody_signed_but_did_not_get_right_is_told(tmp_path, whole):
    from andornot.results.saved import write_saved

    file = tmp_path / "file"
    whole.save(file)
    content = json.loads(file.read_text(encoding="utf-8"))["content"]
    row = content["explanations"][0]
    for wrong in (
        {"lower": None}, {"search": {"length": 0}}, {"search": {"colour": 3}}, {"search": 3},
        {"explanations": [row | {"beam": [{}]}]}, {"explanations": [row | {"unit": "x"}]},
        {"explanations": [row | {"range": [1]}]}, {"explanations": [[]]},
    ):  # fmt: skip
        write_saved(file, content | wrong)
        assert "is damaged" in told(DataError, Result.load, file)
