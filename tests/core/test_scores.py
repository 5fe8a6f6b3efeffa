"""Scores from four counts, against their textbook definitions, and as bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from andornot.errors import OptionError
from andornot.measures.scores import METRICS, Counts, metric_code, score
from strategies import cases


@given(cases(max_concepts=1))
def test_every_score_equals_its_definition(case):
    (mask,) = case.concepts[:1]
    both, extra, missed, rest = naive.counts(case.unit, mask, case.n)
    counts = Counts.of(both, len(mask), len(case.unit), case.n)
    assert counts == Counts(both, extra, missed, rest)
    assert counts.tp + counts.fp + counts.fn + counts.tn == case.n
    for name, code in METRICS.items():
        expected = naive.metric(name, case.unit, mask, case.n)
        assert counts.score(name) == pytest.approx(expected, abs=1e-12), name
        assert score(code, both, extra, len(case.unit), case.n) == counts.score(name)
    assert counts.iou == naive.iou(case.unit, mask)
    assert counts.scores() == {name: counts.score(name) for name in METRICS}


@given(st.data())
def test_more_hits_and_fewer_false_alarms_never_score_less(data):
    """The one fact that all pruning rests on."""
    n = data.draw(st.integers(1, 40), "N")
    a = data.draw(st.integers(0, n), "A")
    i = data.draw(st.integers(0, a), "I")
    e = data.draw(st.integers(0, n - a), "E")
    better_i = data.draw(st.integers(i, a), "I'")
    better_e = data.draw(st.integers(0, e), "E'")
    for name, code in METRICS.items():
        assert score(code, better_i, better_e, a, n) >= score(code, i, e, a, n) - 1e-12, name


@pytest.mark.parametrize("name", METRICS)
def test_scores_of_nothing_are_zero_and_never_an_error(name):
    code = METRICS[name]
    assert score(code, 0, 0, 0, 0) == 0.0
    for i, e, a, n in [(0, 0, 0, 5), (0, 0, 3, 5), (0, 5, 0, 5), (5, 0, 5, 5), (0, 0, 5, 5)]:
        assert -1 <= score(code, i, e, a, n) <= 1


@pytest.mark.parametrize("name", METRICS)
def test_a_perfect_formula_scores_one(name):
    assert score(METRICS[name], 3, 0, 3, 7) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_counts_of_hundreds_of_millions_of_positions_do_not_overflow(name):
    n, a, i, e = 278_000_000, 1_390_000, 900_000, 40_000_000
    exact = naive.metric_of_counts(name, i, e, a - i, n - a - e)
    assert score(METRICS[name], i, e, a, n) == pytest.approx(exact, rel=1e-12)


@given(cases(max_concepts=1))
def test_mcc_is_the_correlation_of_two_masks_and_cosine_their_cosine(case):
    unit, mask = np.zeros(case.n), np.zeros(case.n)
    unit[list(case.unit)], mask[list(case.concepts[0])] = 1, 1
    counts = Counts(*naive.counts(case.unit, case.concepts[0], case.n))
    if unit.std() and mask.std():
        assert counts.score("mcc") == pytest.approx(np.corrcoef(unit, mask)[0, 1], abs=1e-12)
    if unit.any() and mask.any():
        cosine = unit @ mask / np.linalg.norm(unit) / np.linalg.norm(mask)
        assert counts.score("cosine") == pytest.approx(cosine, abs=1e-12)


def test_a_metric_without_a_branch_has_no_score():
    assert math.isnan(score(len(METRICS), 1, 1, 2, 9))


def test_unknown_metric_lists_the_known_ones():
    assert metric_code("IoU") == METRICS["iou"]
    for wrong in ("jaccard", "", None, 3):
        with pytest.raises(OptionError, match="choose one of iou, f1"):
            metric_code(wrong)  # type: ignore[arg-type]
