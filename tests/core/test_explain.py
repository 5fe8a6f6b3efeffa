"""The public face: arrays in, explanations out."""

from __future__ import annotations

import json
import signal
import threading
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba.core.config import DISABLE_JIT

import andornot
import naive
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.errors import DataError, FormulaError, OptionError
from andornot.measures.scores import METRICS
from andornot.results.explanation import Explanation
from strategies import MANY, as_mask, cases

NAMES = ["water", "river", "blue", "sky"]


def world():
    """A unit that is exactly ``(water OR river) AND NOT blue``, on 6 images of 4 x 5 pixels."""
    often = np.array([0.5, 0.3, 0.3, 0.4]).reshape(4, 1, 1, 1)
    masks = np.random.default_rng(0).random((4, 6, 4, 5)) < often
    unit = (masks[0] | masks[1]) & ~masks[2]
    return masks, unit


@pytest.fixture(scope="module")
def concepts():
    return ConceptTable.from_masks(world()[0], NAMES, ["scene", "scene", "color", None])


@pytest.fixture(scope="module")
def units():
    """The unit itself, another one, and one that is active nowhere."""
    _, unit = world()
    return np.stack([unit, np.random.default_rng(1).random(unit.shape) < 0.1, np.zeros_like(unit)])


def test_a_known_formula_is_found_by_every_search(units, concepts):
    for how in ("auto", "beam", "exhaustive"):
        result = andornot.explain(units, concepts, length=3, beam_size=10, search=how)
        first = result[0]
        assert first.formula == andornot.parse("(water OR river) AND NOT blue")
        assert str(first.formula) == "(water OR river) AND NOT blue"
        assert first.iou == first.score == 1.0
        assert first.status == "ok"
        assert first.counts.fp == first.counts.fn == 0
        assert len(first.by_length) == 3
        assert first.by_length[-1] == 1.0
        assert first.certificate.upper_bound == first.certificate.score == 1.0
        assert first.certificate.proven == (how != "beam")
        assert first.best_by_length[0].formula.length == 1
        assert str(first) == "unit 0: (water OR river) AND NOT blue (IoU 1.000)"
    published = andornot.explain(units, concepts, profile="mu2020")
    assert published[0].formula == first.formula
    assert published[0].score == published[0].iou == 1.0, "what is shown has no epsilon"


@MANY
@given(
    cases(), st.integers(1, 4), st.integers(1, 5),
    st.sampled_from(["auto", "beam", "exhaustive", "mu2020"]), st.sampled_from(list(METRICS)),
)  # fmt: skip
def test_what_an_explanation_says_is_true(case, length, size, how, metric):
    options = {"profile": how} if how == "mu2020" else {"search": how, "metric": metric}
    result = andornot.explain(case.unit_mask[None], case.table, length, size, **options)
    explanation = result[0]
    assert explanation.status == (
        "inactive" if not case.unit else "ok" if explanation.beam else "no concept"
    )
    for best in [*explanation.beam, *filter(None, explanation.best_by_length)]:
        mask = best.formula.evaluate(lambda name: as_mask(case.concepts[int(name[1:])], case.n))
        positions = set(np.flatnonzero(mask).tolist())
        c = best.counts
        assert (c.tp, c.fp, c.fn, c.tn) == naive.counts(case.unit, positions, case.n)
        assert c.tp + c.fp + c.fn + c.tn == case.n
        assert best.iou == naive.iou(case.unit, positions)
        assert andornot.score(best.formula, case.unit_mask, case.table) == c
        assert andornot.score(str(best.formula), case.unit_mask, case.table).iou == best.iou
        assert best.formula.length <= length
    scores = [best.score for best in explanation.beam]
    if how != "mu2020":  # there, an epsilon may rank equal IoUs
        assert scores == sorted(scores, reverse=True)
        assert len(explanation.beam) <= size
    assert len(explanation.by_length) == length
    certificate = explanation.certificate
    assert certificate.score == explanation.score <= certificate.upper_bound
    every = naive.all_formulas(case.concepts, min(length, 2))
    ranked_by = metric if how != "mu2020" else "iou"
    optimum = max(
        (naive.metric(ranked_by, case.unit, mask, case.n) for _, mask in every if mask), default=0
    )
    if explanation.beam:
        assert optimum <= certificate.upper_bound + 1e-12
        if certificate.proven:
            assert certificate.upper_bound == certificate.score


def test_reasons_for_no_formula(units, concepts):
    result = andornot.explain(units, concepts, length=2, status=["ok", "dead", "ok"])
    assert [e.status for e in result] == ["ok", "dead", "inactive"]
    blank = ConceptTable.from_masks(np.zeros((1, 6, 4, 5), np.bool_), ["nothing"])
    lonely = andornot.explain(units, blank, length=2)
    assert [e.status for e in lonely] == ["no concept", "no concept", "inactive"]
    for explanation in [result[1], result[2], *lonely]:
        assert explanation.formula is None
        assert explanation.iou == explanation.score == 0.0
        assert explanation.by_length == (0.0, 0.0)
        assert explanation.beam == explanation.runners_up == ()
        assert explanation.counts.tp == explanation.counts.fp == 0
        assert "unit" in str(explanation)
    assert result[1].counts.fn == units[1].sum()
    assert "never fires" in str(result[1])


def test_concepts_can_be_restricted(units, concepts):
    only = andornot.explain(units, concepts, only=["sky", "blue"])[0]
    assert set(only.formula.concepts) <= {"sky", "blue"}
    assert set(andornot.explain(units, concepts, only="sky")[0].formula.concepts) == {"sky"}
    scenes = andornot.explain(units, concepts, categories=["scene"])[0]
    assert set(scenes.formula.concepts) <= {"water", "river"}
    assert andornot.explain(units, concepts, only=None, categories=None)[0].iou == 1.0
    both = andornot.explain(units, concepts, only=["water", "sky"], categories="scene")[0]
    assert set(both.formula.concepts) == {"water"}
    with pytest.raises(OptionError, match="no concept is left"):
        andornot.explain(units, concepts, only=["sky"], categories=["color"])
    with pytest.raises(OptionError, match="no concept is left"):
        andornot.explain(units, concepts, only=[])
    with pytest.raises(FormulaError, match=r"'watr'.*'water'"):
        andornot.explain(units, concepts, only=["watr"])
    with pytest.raises(OptionError, match="category 'colour'"):
        andornot.explain(units, concepts, categories=["colour"])


def test_operators_and_metric_by_name(units, concepts):
    for operator, other in (("OR", "AND"), ("AND", "OR")):
        text = str(andornot.explain(units, concepts, operators=[operator])[0].formula)
        assert f" {other} " not in text
        assert "NOT" not in text
    f1 = andornot.explain(units, concepts, metric="f1", length=1)[1]
    assert f1.metric == "f1"
    assert f1.score == f1.counts.score("f1") != f1.iou
    recall = andornot.explain(units, concepts, metric="recall")[1]
    assert recall.score == recall.counts.score("recall")


def test_the_length_penalty_prefers_short_formulas(units, concepts):
    free = andornot.explain(units, concepts)[1]
    short = andornot.explain(units, concepts, penalty=0.01)[1]
    assert free.formula.length > short.formula.length == 1
    assert short.score == short.iou
    assert short.certificate.upper_bound >= short.score


def test_units_may_be_called_by_their_numbers(units, concepts):
    result = andornot.explain(units, concepts, units=[7, 100, 3])
    assert [e.unit for e in result] == [7, 100, 3]
    assert len(result) == 3
    assert result[7].iou == 1.0
    assert result[np.int64(100)].unit == 100
    with pytest.raises(OptionError, match=r"no explanation of unit 0; .* has units 3 to 100"):
        result[0]
    assert [e.unit for e in result.best()] == [7, 100, 3]
    assert [e.unit for e in result.best(1)] == [7]


def test_responses_count_as_masks(units, concepts):
    responses = Responses.from_masks(units, concepts)
    assert andornot.explain(responses, concepts) == andornot.explain(units, concepts)


@given(cases(), st.integers(1, 3), st.sampled_from(["auto", "beam"]))
def test_explanations_survive_json(case, length, how):
    masks = np.stack([case.unit_mask, np.zeros(case.n, np.bool_)])
    for explanation in andornot.explain(masks, case.table, length, 3, how):
        data = explanation.as_dict()
        again = Explanation.from_dict(json.loads(json.dumps(data, allow_nan=False)))
        assert again == explanation
        assert again.as_dict() == data
        assert data["iou"] == explanation.iou
        assert len(data["by_length"]) == length


def test_names_that_look_like_formulas_survive_json():
    names = ["salt AND pepper", 'a "b"', "(c)", "pre:tok:cat"]
    masks = np.eye(4, dtype=np.bool_)
    table = ConceptTable.from_masks(masks, names)
    result = andornot.explain(masks[:1] | masks[1:2], table)
    again = Explanation.from_dict(json.loads(json.dumps(result[0].as_dict())))
    assert again == result[0]
    assert set(again.formula.concepts) == set(names[:2])


def test_a_frame_has_a_row_for_each_unit(units, concepts):
    frame = andornot.explain(units, concepts, length=2).to_frame()
    assert frame["unit"].tolist() == [0, 1, 2]
    assert (frame[["tp", "fp", "fn", "tn"]].sum(axis=1) == concepts.n_positions).all()
    assert frame["length"].tolist()[2] == 0
    assert frame["formula"].isna().tolist() == [False, False, True]
    assert (frame["iou_2"] >= frame["iou_1"]).all()
    assert frame["iou_2"].tolist() == frame["iou"].tolist()
    assert frame.columns[:4].tolist() == ["unit", "formula", "iou", "length"]
    for name in METRICS:
        assert name in frame.columns


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda u, c: andornot.explain(u, c, lenght=2),  # type: ignore[call-arg]
            OptionError,
            r"no search option 'lenght' \(did you mean length\?\)",
        ),
        (lambda u, c: andornot.explain(u, c, jobs=0), OptionError, "jobs is 0"),
        (lambda u, c: andornot.explain(u, c, status=["ok"]), OptionError, "1 entries for 3 units"),
        (lambda u, c: andornot.explain(u, c, units=[1, 2]), OptionError, "2 entries for 3 units"),
        (lambda u, c: andornot.explain(u * 0.5, c), DataError, "dtype float64"),
        (lambda u, c: andornot.explain(u[0], c), DataError, "expected"),
        (lambda u, c: andornot.score("water AND", u[0], c), FormulaError, "character 10"),
        (lambda u, c: andornot.score("watr", u[0], c), FormulaError, "did you mean 'water'"),
        (lambda u, c: andornot.score("water", u[0, 0], c), DataError, "expected"),
        (lambda u, c: andornot.score("water", u[0] * 3, c), DataError, "dtype int64"),
    ],
)
def test_mistakes_are_told_in_one_sentence(units, concepts, call, error, message):
    with pytest.raises(error, match=message) as caught:
        call(units, concepts)
    assert "\n" not in str(caught.value)


def test_responses_of_another_table_are_refused(units, concepts):
    other = ConceptTable.from_masks(world()[0][:1], ["water"])
    with pytest.raises(DataError, match=r"counted over .* count them with this table"):
        andornot.explain(Responses.from_masks(units, concepts), other)


def test_any_status_can_be_printed(units, concepts):
    result = andornot.explain(units, concepts, status=["ok", "left out by hand", "ok"])
    assert str(result[1]) == "unit 1: left out by hand"


def test_trees_reach_what_no_formula_from_left_to_right_does():
    rng = np.random.default_rng(0)
    masks = rng.random((4, 400)) < 0.5
    a, b, c, d = masks
    table = ConceptTable.from_masks(masks, list("abcd"))
    unit = ((a & b) | (c & d))[None]
    trees = andornot.explain(unit, table, length=4, space="trees")[0]
    left = andornot.explain(unit, table, length=4)[0]
    assert trees.iou == 1 > left.iou
    whole: Any = trees.formula
    halves = (whole.left, whole.right)
    assert {frozenset(part.concepts) for part in halves} == {frozenset("ab"), frozenset("cd")}
    assert trees.certificate.proven
    assert left.certificate.proven
    trees_of_four: dict[str, Any] = {"length": 4, "space": "trees"}
    for other in ({"length": 5}, {"search": "beam"}, {"profile": "mu2020"}):
        with pytest.raises(OptionError, match="trees are searched"):
            andornot.explain(unit, table, **(trees_of_four | other))


@pytest.mark.skipif(DISABLE_JIT, reason="looks at the clock too rarely without the compiler")
def test_an_interrupted_proof_gives_the_bound_reached_so_far():
    rng = np.random.default_rng(0)
    masks = rng.random((300, 20_000)) < 0.02
    table = ConceptTable.from_masks(masks, [f"c{k}" for k in range(300)])
    units = rng.random((4, 20_000)) < 0.05
    explain = partial(andornot.explain, units, table, length=6, search="optimal", nodes=10**9)
    warm = andornot.explain(units, table, length=6, search="optimal", nodes=10)
    interrupt = threading.Timer(1.0, signal.raise_signal, [signal.SIGINT])
    interrupt.start()
    result = explain()
    interrupt.join()
    for found, least in zip(result, warm, strict=True):
        assert not found.certificate.proven
        assert least.score <= found.score <= found.certificate.upper_bound
        assert found.certificate.upper_bound <= found.certificate.ceiling
