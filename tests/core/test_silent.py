"""Units without a formula: it is told why, and what to try."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
from andornot import ConceptTable
from andornot.errors import NoFormulaWarning
from andornot.results.silent import _TRY, _WHY, silence
from insides import headline_of

TABLE = ConceptTable.from_masks(np.eye(3, 8, dtype=bool), ["a", "b", "c"])
ELSEWHERE = np.arange(8) == 7
SAID = {
    "inactive": (np.zeros(8), "False everywhere", "a lower threshold"),
    "no concept": (ELSEWHERE, "only where none holds", "more concepts"),
    "everywhere": (np.ones(8), "on every position", "a higher threshold"),
}


@pytest.mark.parametrize("kind", SAID)
def test_units_of_one_kind_are_told_of_with_what_to_try(kind):
    mask, why, what = SAID[kind]
    masks = np.stack([mask, mask, np.eye(1, 8)[0]])
    result = andornot.explain(masks, TABLE)
    told = result.silence()
    assert told.startswith("2 of 3 units cannot be explained: 2 ")
    assert why in told
    assert what in told.partition(";")[2]
    assert told in str(result)
    assert "units of relu cannot" in result.silence("relu")
    (sentence,) = [s for s in headline_of({"unit": result}) if "cannot be explained" in s]
    assert sentence.lower() == f"{told}.".lower()


@given(st.lists(st.sampled_from(["dead", "constant", "nan", "rare", "ok"]), max_size=9))
def test_it_is_told_of_half_of_the_units_or_more(states):
    masks = np.tile(np.eye(1, 8, dtype=bool), (len(states), 1))
    if not states:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoFormulaWarning)
        result = andornot.explain(masks, TABLE, length=1, status=states)
    told, silent = result.silence(), [state for state in states if state != "ok"]
    assert bool(told) == (2 * len(silent) >= len(states) and bool(silent))
    for state in set(silent) if told else ():
        assert f"{silent.count(state)} {_WHY[state]}" in told
        assert _TRY[state] in told


def test_where_no_unit_has_a_formula_there_is_a_warning_in_the_line_of_the_caller():
    for masks in (np.zeros((2, 8), bool), ELSEWHERE[None]):
        with pytest.warns(NoFormulaWarning, match="cannot be explained") as caught:
            andornot.explain(masks, TABLE)
        assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        andornot.explain(np.stack([np.zeros(8), np.eye(1, 8)[0]]), TABLE)
        assert silence([]) == ""
