"""Parts of formulas that change no position of the data, and what is shown in their place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
import naive
from andornot import ConceptTable, parse
from andornot.concepts.idle import with_less, without_idle
from andornot.formula import And, Concept, Formula, Not, Or
from andornot.results.explanation import Explanation
from andornot.results.result import Result
from insides import as_shown, longest, steps_of
from strategies import cases

Steps = list[tuple[str, str]]


def of_steps(steps: Steps) -> Formula:
    formula: Formula = Concept(steps[0][1])
    for operator, name in steps[1:]:
        one = Concept(name)
        formula = (
            Or(formula, one) if operator == "OR"
            else And(formula, Not(one) if operator == "AND NOT" else one)
        )  # fmt: skip
    return formula


@given(st.data(), cases(max_concepts=4, max_positions=7))
def test_what_is_left_holds_on_the_same_positions_and_needs_each_step(data, case):
    operators = st.sampled_from(["OR", "AND", "AND NOT"])
    steps: Steps = data.draw(
        st.lists(st.tuples(operators, st.sampled_from(case.names)), min_size=1, max_size=6)
    )
    masks = dict(zip(case.names, case.concepts, strict=True))
    formula = of_steps(steps)
    less = without_idle(formula, case.table)
    assert naive.holds(less, masks, case.n) == naive.grown(steps, masks, case.n)
    idle = naive.idle_steps(steps, masks, case.n)
    assert (less.length < formula.length) if idle else less.length <= formula.length
    for one in with_less(less):
        assert naive.holds(one, masks, case.n) != naive.holds(less, masks, case.n)


def test_one_operand_is_left_out_at_a_time():
    found = set(map(str, with_less(parse("(a OR b) AND NOT c"))))
    # never "NOT c", which a search does not begin with
    assert found == {"a OR b", "a AND NOT c", "b AND NOT c"}
    assert set(map(str, with_less(parse("NOT a AND b")))) == {"NOT a", "b"}
    assert set(map(str, with_less(parse("NOT (a OR b)")))) == {"NOT a", "NOT b"}
    assert not list(with_less(parse("a")))


def explained(**options: Any) -> tuple[Explanation, ConceptTable]:
    rng = np.random.default_rng(3)
    masks = rng.random((6, 40)) < 0.4
    table = ConceptTable.from_masks(masks, list("abcdef"))
    units = rng.random((40, 40)) < 0.5
    found = andornot.explain(units, table, length=6, beam_size=1, search="beam", **options)
    idle = [e for e in found if e.beam and without_idle(e.beam[0].formula, table) != e.formula]
    return idle[0], table


def test_a_formula_is_shown_without_idle_parts_and_stays_as_it_was_found():
    e, table = explained()
    assert e.shown is not None
    assert e.formula is not None
    assert e.shown.formula.length < e.formula.length == e.beam[0].formula.length
    assert (table.mask(e.shown.formula) == table.mask(e.formula)).all()
    assert (e.shown.counts, e.shown.score) == (e.counts, e.score)
    assert str(e) == f"unit {e.unit}: {e.shown.formula} (IoU {e.iou:.3f})"
    row = Result((e,)).to_frame().iloc[0]
    assert row["formula"] == str(e.formula)


def test_it_comes_back_from_plain_data():
    e, _ = explained()
    again = Explanation.from_dict(e.as_dict())
    assert again == e
    assert again.shown == e.shown


def test_each_step_of_a_page_is_one_that_counts():
    e, table = explained()
    shown = as_shown(e, table)
    steps = steps_of(e, shown)
    assert steps is not None
    assert e.shown is not None
    assert shown.formula == e.shown.formula
    assert len(steps.steps) == e.shown.formula.length
    assert f"IoU {e.iou:.3f}" in steps.meaning


def test_a_page_says_why_it_shows_another_formula_than_was_found():
    e, _ = explained()
    row = longest(e)
    assert row is not None
    assert row.formula == str(e.formula)
    assert "on the same positions" in row.why


def test_a_shorter_formula_pays_less_for_its_length():
    e, _ = explained(penalty=0.999)
    assert e.shown is not None
    assert e.shown.score == pytest.approx(e.iou * 0.999 ** (e.shown.formula.length - 1))
    assert e.score == pytest.approx(e.iou * 0.999 ** (len(e.beam[0].formula.concepts) - 1))


def test_the_published_search_is_shown_word_for_word():
    e, _ = explained(profile="mu2020")
    assert e.shown is not None
    assert e.shown.formula == e.formula
