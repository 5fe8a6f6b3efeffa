"""Which units stand first, or for others, where nobody names any: by verdict, not by IoU."""

from __future__ import annotations

import pytest

import example_cases
from andornot.analyses import accuracy, kinds, scores
from andornot.edits.goals import goals_of
from andornot.results.verdict import Verdict
from andornot.views.figures.examples import choose_examples
from andornot.views.figures.growth import growth_figure
from andornot.views.figures.request import Choices, FigureRequest
from verdict_cases import given_verdicts

pytest.importorskip("torch", reason="torch is not installed")

CHANCE, SOLID, PARTIAL = Verdict.CHANCE, Verdict.SOLID, Verdict.PARTIAL


@pytest.fixture(scope="module")
def plain(made_once):
    return example_cases.opened(made_once("examples", example_cases.dissect))


def test_answers_list_units_by_verdict(plain):
    run = given_verdicts(plain, (CHANCE, PARTIAL, CHANCE, SOLID))
    assert list(accuracy.answer(run).tables["units"]["unit"]) == [3, 1, 0, 2]
    assert list(scores.answer(run).tables["units"]["unit"]) == [3, 1, 0, 2]


def test_correlations_do_not_hang_on_the_order(plain):
    runs = (plain, given_verdicts(plain, (CHANCE, PARTIAL, CHANCE, SOLID)))
    first, second = (accuracy.answer(run).tables["correlations"] for run in runs)
    assert first.equals(second)


def test_an_attack_asks_units_whatever_their_verdict(plain):
    """Edits have a test of their own: the paper's "nobody" is asked for by units of no gain."""
    solid, chance = (
        goals_of(given_verdicts(plain, [v] * 4), None, 1, 0, 1) for v in (SOLID, CHANCE)
    )
    assert [goal.unit for goal in solid] == [goal.unit for goal in chance]
    assert {goal.role for goal in solid} == {"raise", "silence"}


def test_figures_show_what_is_solid_first(plain):
    verdicts = (CHANCE, PARTIAL, SOLID, CHANCE)
    run = given_verdicts(plain, verdicts)
    request = FigureRequest.of(run, None, Choices())
    chosen = choose_examples(request, kinds.answer(run, length=request.short), 2)
    by_kind: dict[str, list[int]] = {}
    for example in chosen:
        by_kind.setdefault(example.kind, []).append(example.explanation.unit)
    order = [2, 1, 0, 3]
    for units in by_kind.values():
        assert units == sorted(units, key=order.index)
    assert growth_figure(request).unit in (1, 2), "unit 3 gains most, and is no more than chance"
    solid = FigureRequest.of(given_verdicts(plain, [SOLID] * 4), None, Choices())
    assert growth_figure(solid).unit == 3
