"""What a run may be asked for: as keywords, as whole records, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import andornot
from andornot import (
    ConceptTable,
    Execution,
    OptionError,
    Ranges,
    Recording,
    RunOptions,
    SearchOptions,
    Threshold,
    TrustOptions,
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
        ({"execution": Execution(memory=0)}, "memory is 0 GB"),
        ({"execution": Execution(jobs=0)}, "jobs is 0; give 1 or more"),
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
]


@pytest.mark.parametrize(("keywords", "options"), SAME, ids=str)
def test_keywords_and_records_say_the_same(keywords, options):
    assert RunOptions.of(**keywords) == options


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
