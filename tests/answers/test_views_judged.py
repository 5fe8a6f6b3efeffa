"""Verdicts as views have them, and the formula that is shown in place of the longest one."""

from __future__ import annotations

from dataclasses import replace

import pytest

import andornot
from andornot.results.trust import Core
from andornot.results.verdict import Extent, Verdict
from andornot.views.answers import layer_answers
from andornot.views.judged import as_shown, headline_of, judged
from verdict_cases import judged as given
from verdict_cases import one_of_each, world


def test_an_explanation_is_shown_by_the_shorter_formula():
    _, table, result = world(1)
    e = given(result[0], Verdict.SOLID, shown=2)
    shown = as_shown(e, table)
    assert (shown.formula, shown.counts) == (e.shown.formula, e.shown.counts)
    assert shown.formula == e.best_by_length[1].formula != e.formula
    assert (shown.verdict, shown.trust) == (e.verdict, e.trust)
    assert shown.certificate.score == e.best_by_length[1].score
    longest = given(result[0], Verdict.SOLID)
    assert as_shown(longest) is longest
    untested = replace(e, trust=None)
    assert as_shown(untested) is untested


def test_analyses_say_which_formulas_they_count_where_pages_show_shorter_ones():
    _, _, result = world(1)
    shorter = replace(result, explanations=(given(result[0], Verdict.SOLID, shown=2),))
    (said,) = layer_answers("layer", shorter, {}, {}).opening
    assert f"up to {len(result[0].best_by_length)} concepts. Of 1 unit" in said
    assert layer_answers("layer", result, {}, {}).opening == ()


def test_what_has_no_formula_is_not_judged():
    table = andornot.ConceptTable.from_masks([[True, False]], ["water"])
    e = andornot.explain([[False, False]], table)[0]
    assert e.formula is None
    assert judged(e).verdict == ""
    assert as_shown(e) is e


@pytest.mark.parametrize(
    ("verdict", "look"),
    [
        (Verdict.SOLID, "sure"),
        (Verdict.PARTIAL, ""),
        (Verdict.CHANCE, "doubtful"),
        (Verdict.TOO_LITTLE_DATA, "doubtful"),
        (Verdict.NOT_TESTED, ""),
    ],
)
def test_only_what_is_solid_looks_sure(verdict, look):
    _, _, result = world(1)
    told = judged(given(result[0], verdict))
    assert (told.verdict, told.look, told.meaning) == (str(verdict), look, verdict.meaning)
    assert (told.chance is None) == (verdict is Verdict.NOT_TESTED)


@pytest.mark.parametrize(
    ("held_out", "extent"), [(0.9, Extent.MOST), (0.3, Extent.PART), (0.06, Extent.LITTLE)]
)
def test_how_much_is_explained_is_said_in_words(held_out, extent):
    _, _, result = world(1)
    told = judged(given(result[0], Verdict.SOLID, held_out=held_out))
    assert told.extent == str(extent)
    words = {"most": "most of", "part": "a part of", "little": "little of"}[told.extent]
    assert told.lines[0].endswith(f"it explains {words} the unit")


def test_a_core_of_nothing_is_said():
    _, _, result = world(1)
    e = given(result[0], Verdict.PARTIAL)
    e = replace(e, trust=replace(e.trust, core=Core(None, 0.0)))
    assert "core: none" in judged(e).lines[-1]


def test_a_headline_says_what_is_pooled_and_whether_there_is_a_twin():
    result = one_of_each()
    said = " ".join(headline_of({"a": result}))
    assert "no untrained twin was run" in said
    assert "by an estimate that pools the shuffles" not in said
    many = tuple(replace(e, unit=n) for n, e in enumerate(result.explanations * 2))
    doubtful = [given(e, Verdict.CHANCE) for e in many[1:]]
    whole = replace(result, explanations=(many[0], *doubtful))
    twin = " ".join(headline_of({"a": whole}, {"a": whole}))
    assert "and held out above 95 % of the units of an untrained twin" in twin
    assert "by an estimate that pools the shuffles of all units, since 39 are too few" in twin


def test_a_headline_of_nothing():
    table = andornot.ConceptTable.from_masks([[True, False]], ["water"])
    silent = andornot.explain([[False, False]], table)
    first, why = headline_of({"a": silent})
    assert first == "No unit has a formula."
    assert why.startswith(
        "1 of 1 unit cannot be explained: 1 inactive (nowhere above the threshold"
    )
    _, _, untested = world(2)
    said = headline_of({"a": untested})
    assert said == ("None of 2 formulas was held against chance: not tested.",)
