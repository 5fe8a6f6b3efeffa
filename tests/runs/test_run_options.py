"""What a run may be asked for: as keywords, as whole records, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import andornot
from andornot import (
    AndornotError,
    ConceptTable,
    Execution,
    OptionError,
    Ranges,
    Recording,
    RunOptions,
    SearchOptions,
    Threshold,
    TrustOptions,
    Words,
)


def dissect(**options: Any) -> None:
    """Options are looked at first, so there need be nothing of these names."""
    andornot.dissect("nothing.py:net", "layer", "labelmaps:nowhere", "out", **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"foldz": 3}, r"no search option 'foldz' \(did you mean folds\?\); there are beam_size"),
        ({"lenght": 3}, r"no search option 'lenght' \(did you mean length\?\)"),
        ({"exekutor": 3}, r"'exekutor' \(did you mean executor\?\)"),
        ({"weigths": 3}, r"'weigths' \(did you mean weights\?\)"),
        ({"zzz": 3}, "no search option 'zzz'; there are beam_size"),
        ({"search": SearchOptions(), "lenght": 3}, "'lenght' .did you mean length"),
        ({"quantile": 0.1}, "quantile belongs to the threshold"),
        ({"search": SearchOptions(), "quantile": 0.1}, "quantile belongs to the threshold"),
        ({"search": SearchOptions(), "length": 3}, "length is a part of search, which is given"),
        ({"search": SearchOptions(), "length": "auto"}, "length is a part of search"),
        ({"execution": Execution(), "jobs": 2}, "jobs is a part of execution, which is given too"),
        ({"pool": 3, "limit": 3}, "pool and limit are two names of one option"),
        ({"pool": 0}, "pool is 0; give at least 1, or None for no limit"),
        ({"pool": True}, "pool is True; give a whole number"),
        ({"search": "beem"}, "unknown search 'beem'"),
        ({"options": 3}, r"options are 3; give RunOptions\(...\)"),
        ({"options": RunOptions(), "length": 2}, "length is a part of options, which is given too"),
        ({"options": RunOptions(), "search": "beam"}, "search is a part of options"),
        ({"options": RunOptions(), "trust": TrustOptions(3)}, "trust is a part of options"),
        ({"options": RunOptions(), "trust": None}, "trust is a part of options"),
        ({"options": RunOptions(), "lenght": 2}, "'lenght' .did you mean length"),
        ({"execution": 2}, r"execution is 2; give Execution\(...\)"),
        ({"memory": 0}, "memory is 0 GB"),
        ({"jobs": 0}, "jobs is 0; give 1 or more"),
        ({"store": "no"}, "store is 'no'; give True or False"),
        ({"choose_length": "yes"}, "choose_length"),
        ({"options": RunOptions(), "foo": None}, "no search option 'foo'"),
        ({"options": RunOptions(), "length": None}, "length is a part of options"),
        ({"execution": Execution(store=False), "length": "auto"}, "so they have to be stored"),
        ({"folds": "5", "length": "auto"}, "folds is '5'; give a whole number"),
        ({"trust": 3, "lenght": 2}, "trust is TrustOptions"),
        ({"metric": "pearson", "threshold": Ranges(2)}, "correlation looks at all activations"),
    ],
    ids=str,
)
def test_a_mistake_gets_a_sentence_before_anything_is_loaded(options, said):
    with pytest.raises(OptionError, match=said) as caught:
        dissect(**options)
    assert str(caught.value).count("\n") == 0


def test_type_checkers_refuse_a_misspelt_option(tmp_path):
    with pytest.raises(OptionError, match="did you mean folds"):
        andornot.dissect("m", "l", "d", tmp_path, foldz=3)  # type: ignore[call-arg]
    with pytest.raises(OptionError, match="unknown space"):
        andornot.dissect("m", "l", "d", tmp_path, space="bushes")  # type: ignore[arg-type]
    assert SearchOptions.of(space="trees", categories="part").categories == ("part",)


SAME: list[tuple[dict[str, Any], RunOptions]] = [
    ({"search": "beam", "length": 2}, RunOptions(search=SearchOptions(2, search="beam"))),
    ({"search": SearchOptions(2)}, RunOptions(search=SearchOptions(2))),
    ({"pool": 4}, RunOptions(search=SearchOptions(limit=4))),
    ({"pool": None, "limit": 4}, RunOptions(search=SearchOptions(limit=4))),
    ({"pool": np.int64(4)}, RunOptions(search=SearchOptions(limit=4))),
    ({"length": "auto"}, RunOptions(search=SearchOptions(10), choose_length=True)),
    ({"jobs": 2, "store": False}, RunOptions(execution=Execution(jobs=2, store=False))),
    ({"execution": Execution(2)}, RunOptions(execution=Execution(jobs=2))),
    ({"categories": "part"}, RunOptions(search=SearchOptions(categories=("part",)))),
    ({"trust": None, "folds": 2}, RunOptions(trust=None, folds=2)),
    ({"recording": Recording(4)}, RunOptions(recording=Recording(4))),
    ({"threshold": Threshold(0.1)}, RunOptions(threshold=Threshold(0.1))),
    ({"min_support": [3, 2]}, RunOptions(search=SearchOptions(min_support=(3, 2)))),
    ({"least_active_groups": np.int64(2)}, RunOptions(least_active_groups=2)),
]


@pytest.mark.parametrize(("keywords", "options"), SAME, ids=str)
def test_keywords_and_records_say_the_same(keywords, options):
    assert RunOptions.of(**keywords) == options


WRONG: list[tuple[Callable[..., object], str, Any]] = [
    *[(SearchOptions, name, 3) for name in ("operators", "categories", "concepts", "metric")],
    *[(SearchOptions, name, "no") for name in ("length", "penalty", "limit", "seconds")],
    *[(SearchOptions, "known_only", wrong) for wrong in ("no", 1, None)],
    (SearchOptions, "metric", np.ones(2)),
    (SearchOptions, "penalty", Fraction(10**400)),
    *[(Execution, "store", wrong) for wrong in ("no", 1, None)],
    *[(Execution, "executor", wrong) for wrong in (3, "", "processes:0", "dask:")],
    *[(Execution, "jobs", wrong) for wrong in (0, "2", True)],
    *[(Execution, "memory", wrong) for wrong in (0, "2", None)],
    *[(RunOptions, name, wrong) for name in ("verify", "choose_length") for wrong in ("no", 1)],
    *[(RunOptions, "units", wrong) for wrong in ("a", [1.5], [], [True], 3)],
    *[(RunOptions, "directions", wrong) for wrong in ({}, [1, 2])],
    *[(RunOptions, name, "no") for name in ("search", "execution", "folds", "min_active")],
    *[
        (RunOptions, name, wrong)
        for name in ("least_active_positions", "least_active_groups")
        for wrong in ("no", -1, 0.5, True, None)
    ],
    *[(Recording, "tokens", wrong) for wrong in ("one", [1], np.ones(3), True)],
    *[(Recording, name, 3) for name in ("device", "layout")],
    *[(Words, name, "many") for name in ("n_words", "n_neighbors")],
    *[(Words, "stop_words", wrong) for wrong in (3, [3])],
]


@pytest.mark.parametrize(("record", "name", "wrong"), WRONG, ids=str)
def test_a_record_refuses_a_value_of_the_wrong_kind_as_it_is_made(record, name, wrong):
    with pytest.raises(AndornotError) as caught:
        record(**{name: wrong})
    said = str(caught.value)
    assert name in said
    assert "\n" not in said


SAID: list[tuple[Callable[..., Any], dict[str, Any], dict[str, Any]]] = [
    (
        SearchOptions,
        {"length": np.int64(2), "operators": "OR", "categories": ["k"], "concepts": "a"},
        {"length": 2, "operators": ("OR",), "categories": ("k",), "concepts": ("a",)},
    ),
    (
        SearchOptions,
        {"seconds": np.float32(3), "known_only": np.bool_(True), "min_support": np.array([3, 2])},
        {"seconds": 3.0, "known_only": True, "min_support": (3, 2)},
    ),
    (
        RunOptions,
        {"units": np.array([1, 2]), "verify": np.bool_(True)},
        {"units": (1, 2), "verify": True},
    ),
    (
        RunOptions,
        {"relations": {"KIND": {"a": ["b"]}}, "min_active": np.float32(0.5)},
        {"relations": {"KIND": {"a": ["b"]}}, "min_active": 0.5},
    ),
    (Execution, {"jobs": np.int64(2), "store": np.bool_(False)}, {"jobs": 2, "store": False}),
    (Recording, {"batch_size": np.int64(2), "tokens": np.int32(1)}, {"batch_size": 2, "tokens": 1}),
    (TrustOptions, {"nulls": np.int64(2)}, {"nulls": 2}),
    (Threshold, {"quantile": np.float32(0.5)}, {"quantile": 0.5}),
    (Words, {"n_words": np.int64(5), "stop_words": "the"}, {"n_words": 5, "stop_words": ("the",)}),
]


@pytest.mark.parametrize(("record", "given", "meant"), SAID, ids=range(len(SAID)))
def test_a_record_holds_plain_values_and_has_a_hash(record, given, meant):
    made, same = record(**given), record(**meant)
    assert made == same
    assert repr(made) == repr(same)  # 2, and not np.int64(2)
    assert hash(made) == hash(same)


def test_options_of_a_search_are_plain_data():
    given = SearchOptions.of(length=np.int64(2), categories=["k"], seconds=np.float32(3))  # type: ignore[arg-type]
    assert json.loads(json.dumps(given.as_dict()))["length"] == 2


def test_a_whole_record_is_taken_as_it_is():
    options = RunOptions(folds=3)
    assert RunOptions.given(options, {"search": None, "units": None}) is options
    assert RunOptions.given(None, {"search": None, "folds": 3}) == options


@pytest.mark.parametrize(
    ("keywords", "trusts"),
    [({}, 1), ({"store": False}, 0), ({"metric": "pearson"}, 0), ({"trust": None}, 0)],
)
def test_trust_is_found_where_there_is_something_to_count(keywords, trusts):
    assert RunOptions.of(**keywords).trusts == (TrustOptions() if trusts else None)


def test_pool_is_the_limit_in_arrays_too():
    masks = np.random.default_rng(0).random((6, 40)) < 0.4
    table = ConceptTable.from_masks(masks, list("abcdef"))
    units = np.random.default_rng(1).random((3, 40)) < 0.4
    result = andornot.explain(units, table, pool=2)
    assert result.search == SearchOptions(limit=2)
    assert list(result) == list(andornot.explain(units, table, limit=2))
    examined = andornot.examine(result, units, table, pool=2, options=TrustOptions(2, 40, 2))
    assert examined[0].formula == result[0].formula
    with pytest.raises(OptionError, match=r"jops.*did you mean jobs"):
        andornot.explain(units, table, jops=2)  # type: ignore[call-arg]
    with pytest.raises(OptionError, match=r"optoins.*did you mean options"):
        andornot.examine(result, units, table, optoins=2)  # type: ignore[call-arg]
    with pytest.raises(OptionError, match="pool is 3 here, but the explanations were searched"):
        andornot.examine(result, units, table, pool=3)
    with pytest.raises(OptionError, match="pool and limit are two names of one option"):
        andornot.examine(result, units, table, pool=2, limit=2)


def arrays() -> tuple[Any, ConceptTable]:
    masks = np.random.default_rng(0).random((4, 60)) < 0.4
    table = ConceptTable.from_masks(masks, list("abcd"))
    return np.random.default_rng(1).random((2, 60)) < 0.4, table


def test_arrays_are_explained_with_a_whole_record_too(tmp_path):
    units, table = arrays()
    options = SearchOptions(length=2, operators=("OR",))
    result = andornot.explain(units, table, search=options)
    assert result.search == options
    assert list(result) == list(andornot.explain(units, table, length=2, operators="OR"))
    found = andornot.assess(result, units, table, search=options, options=TrustOptions(2, 40, 2))
    assert found[0].trust is not None
    blocks = andornot.Responses.from_masks(units, table)
    written = andornot.explain_to_parquet(blocks, table, tmp_path / "u.parquet", search=options)
    assert written.units == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"length": 4}, "length is a part of search, which is given too"),
        ({"length": np.array([1, 2])}, "length is a part of search"),
        ({"only": ["a"]}, "is a part of search"),
        ({"metric": "f1"}, "metric is a part of search"),
        ({"lenght": 2}, "'lenght' .did you mean length"),
        ({"concepts": ["a"]}, r"concepts is the concept table here.*only=\[...\]"),
        ({"trust": 1}, "there are beam_size.*, only, .*; and beside the search executor, jobs"),
    ],
    ids=str,
)
def test_parts_beside_a_whole_record_are_refused_in_arrays_too(given, said):
    explain: Any = andornot.explain
    with pytest.raises(OptionError, match=said):
        explain(*arrays(), search=SearchOptions(length=2), **given)
