"""A formula one step a line: what it says, what each step is worth, and the headline above it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
from andornot.formula import And, Concept, Formula, Not, Or, parse
from andornot.results.explanation import Twins, UnknownNot
from andornot.results.trust import Core
from andornot.results.verdict import Support, Verdict
from andornot.trust.options import TrustOptions
from andornot.views.class_links import ClassLinks
from andornot.views.formula_steps import chain, in_order_of, steps_of
from andornot.views.judged import INSTEAD, NO_FORMULA, as_shown
from andornot.views.plots import HEIGHT, TOP
from andornot.views.unit import entry_of
from andornot.views.unit_plots import held_out_line, trust_by_length, unit_by_length
from andornot.views.unit_title import NOT_TESTED
from insides import operands
from trust_cases import noise_world
from verdict_cases import judged, world

NAMES = ("a", "b", "c", "d")

formulas = st.recursive(
    st.sampled_from(NAMES).map(Concept),
    lambda inner: st.one_of(
        inner.map(Not), st.tuples(inner, inner).map(lambda p: And(*p)),
        st.tuples(inner, inner).map(lambda p: Or(*p)),
    ),
    max_leaves=8,
)  # fmt: skip
grown = st.lists(
    st.tuples(st.sampled_from(("AND", "OR")), st.booleans(), st.sampled_from(NAMES)), max_size=5
)
"""Formulas as a search appends to them."""


def literal(negated: bool, name: str) -> Formula:
    return Not(Concept(name)) if negated else Concept(name)


def joined(parts) -> Formula:
    """The slow way to read steps: from the first to the last, each applies to all above it."""
    whole = parts[0][1]
    for operator, part in parts[1:]:
        whole = {"AND": And, "OR": Or}[operator](whole, part)
    return whole


def truth(formula: Formula) -> list[bool]:
    rows = np.array(list(product((False, True), repeat=len(NAMES))))
    return formula.evaluate(lambda name: rows[:, NAMES.index(name)]).tolist()


@given(formulas)
def test_steps_hold_where_the_formula_does(formula):
    parts = chain(formula)
    assert truth(joined(parts)) == truth(formula)
    assert sorted(name for _, part in parts for name in part.concepts) == sorted(formula.concepts)
    assert parts[0][0] == ""
    assert all(operator in ("AND", "OR") for operator, _ in parts[1:])


@given(st.sampled_from(NAMES), grown)
def test_what_a_search_appends_is_a_step_each_without_a_bracket(first, steps):
    formula: Formula = Concept(first)
    for operator, negated, name in steps:
        formula = {"AND": And, "OR": Or}[operator](formula, literal(negated, name))
    parts = chain(formula)
    assert len(parts) == formula.length
    assert not any(isinstance(part, And | Or) for _, part in parts)


@given(st.sampled_from(NAMES), grown, st.randoms())
def test_an_order_is_only_chosen_where_it_is_free(first, steps, random):
    formula: Formula = Concept(first)
    best: list[Formula | None] = [formula]
    for operator, negated, name in steps:
        formula = {"AND": And, "OR": Or}[operator](formula, literal(negated, name))
        best.append(formula)
    kind = And if isinstance(formula, And) else Or
    mixed = list(operands(formula, kind))
    random.shuffle(mixed)
    told = joined([("", mixed[0]), *((kind.__name__.upper(), part) for part in mixed[1:])])
    parts = in_order_of(chain(told), best)
    assert truth(joined(parts)) == truth(formula)
    # as the search came by them: each beginning is the best formula of its length
    prefixes = [joined(parts[:n]) for n in range(1, len(parts) + 1)]
    assert prefixes == best


def test_the_best_single_concept_stands_first():
    parts = in_order_of(chain(parse("a OR b OR c")), [parse("c"), parse("c OR a")])
    assert [str(part) for _, part in parts] == ["c", "a", "b"]
    assert [operator for operator, _ in parts] == ["", "OR", "OR"]


LENGTH = 3
SEARCH: dict[str, Any] = {"length": LENGTH, "beam_size": 4, "search": "beam"}


@pytest.mark.parametrize("seed", range(3))
def test_what_steps_add_is_what_searches_without_a_fold_gain(seed):
    """Searched again without each fold, and scored on it, by masks."""
    given_ = noise_world(seed)
    result = andornot.explain(given_.units, given_.table, **SEARCH)
    few = TrustOptions(resamples=2, bootstrap=40, nulls=2, seed=3)
    assessed = andornot.assess(result, given_.units, given_.table, options=few)
    numbers = 0
    for u, e in enumerate(assessed):
        sums = np.zeros((LENGTH, 2))
        for fold in range(3):
            kept, out = given_.folds != fold, given_.folds == fold
            own = andornot.explain(given_.units[u : u + 1, kept], given_.part(kept), **SEARCH)[0]
            for n, best in enumerate(own.best_by_length):
                mask = np.zeros(out.sum(), bool)
                if best is not None:
                    mask = best.formula.evaluate(
                        lambda name, out=out: given_.concepts[given_.table.names.index(name), out]  # type: ignore[misc]
                    )
                unit = given_.units[u, out]
                sums[n] += (unit & mask).sum(), (unit | mask).sum()
        held = [round(float(i / union), 3) for i, union in sums]
        found = steps_of(e, as_shown(e))
        assert found is not None
        assert found.held_out
        parts = [parse(step.text.removeprefix(step.operator)) for step in found.steps]
        prefixes = [
            joined([(s.operator, p) for s, p in zip(found.steps, parts, strict=True)][:n])
            for n in range(1, len(parts) + 1)
        ]
        known = [e.best_by_length[n].formula == prefix for n, prefix in enumerate(prefixes)]
        assert not known[-1] or f"IoU {held[len(parts) - 1]:.3f} on samples" in found.meaning
        both = [n > 0 and known[n] and known[n - 1] for n in range(len(parts))]
        # numbers of other formulas do not stand beside the words of this one
        any_ = any(both) and (found.found_again is None or found.found_again[0] > 0)
        for n, step in enumerate(found.steps):
            assert step.score == (held[n] if any_ and known[n] else None)
            assert step.adds == (round(held[n] - held[n - 1], 3) if any_ and both[n] else None)
        numbers += any_
    assert numbers


def step_by_step(e):
    """The explanation as if the search had come by its formula step by step."""
    parts = chain(e.formula)
    prefixes = [joined(parts[:n]) for n in range(1, len(parts) + 1)]
    own = zip(e.best_by_length, prefixes, strict=True)
    return replace(e, best_by_length=tuple(replace(best, formula=f) for best, f in own))


def test_what_is_added_makes_the_held_out_score():
    _, table, result = world(1)
    e = judged(result[0], Verdict.SOLID, held_out=0.61234)
    found = entry_of(step_by_step(e), table=table)
    steps = found.steps.steps
    assert len(steps) == 3
    assert sum(float(step.gain) for step in steps) == pytest.approx(0.612)
    assert found.judged.lines[0].startswith("held-out IoU 0.612"), "one rounding on a page"


def test_without_trust_numbers_are_said_to_be_of_the_samples_searched():
    _, table, result = world(1)
    found = entry_of(step_by_step(result[0]), table=table).steps
    assert not found.held_out
    assert "samples that were searched" in found.meaning
    last = max(n for n, step in enumerate(found.steps) if step.score is not None)
    assert found.steps[last].score == round(result[0].by_length[last], 3)
    assert f"IoU {found.steps[last].score:.3f} on" in found.meaning


def test_a_step_that_the_search_did_not_come_by_has_no_number():
    _, table, result = world(1)
    e = step_by_step(result[0])
    other = replace(e.best_by_length[0], formula=Concept("door"))
    found = entry_of(replace(e, best_by_length=(other, *e.best_by_length[1:])), table=table).steps
    gains = [step.gain for step in found.steps]
    assert gains == ["", "", f"{e.by_length[2] - e.by_length[1]:+.3f}"]
    assert "what it adds, where that is known" in found.meaning
    assert f"Together: IoU {e.by_length[2]:.3f} on samples that were searched" in found.meaning


def test_only_the_total_is_told_where_no_step_is_known_to_add_anything():
    _, table, result = world(1)
    e = step_by_step(result[0])
    other = [replace(best, formula=Concept("door")) for best in e.best_by_length[:2]]
    found = entry_of(replace(e, best_by_length=(*other, e.best_by_length[2])), table=table).steps
    assert [step.gain for step in found.steps] == ["", "", ""]
    assert found.meaning.endswith(
        f"Together: IoU {e.by_length[2]:.3f} on samples that were searched."
    )


def test_steps_have_no_numbers_where_no_fold_found_the_formula():
    _, table, result = world(1)
    e = step_by_step(judged(result[0], Verdict.SOLID, held_out=0.61234))
    held = replace(e.trust.held_out, formulas=("door", "door", "door"))
    found = entry_of(replace(e, trust=replace(e.trust, held_out=held)), table=table).steps
    assert [step.gain for step in found.steps] == ["", "", ""]
    assert "Together: IoU 0.612 on samples that were not searched" in found.meaning
    assert "3 searches of which none found this very formula" in found.meaning


@pytest.mark.parametrize(
    ("formula", "share", "told"),
    [
        ("a AND NOT b", 0.17, "known absent on 83 %, never labelled on 17 %"),
        ("(a AND NOT b) OR c", 0.17, "labelled on 83 %, never labelled on 17 %"),
        ("a AND NOT b", 0.001, "known absent on over 99 %, never labelled on under 1 %"),
        ("a AND NOT b", 0.999, "known absent on under 1 %, never labelled on over 99 %"),
        ("a AND NOT b", 1.0, "never labelled where the formula holds"),
    ],
)
def test_a_not_says_whether_it_is_known(formula, share, told):
    e = shown_as(formula)
    e = replace(e, unknown=(UnknownNot("b", ("object",), share),))
    steps = steps_of(e, e).steps
    assert [note for step in steps for note in step.notes] == [told]
    assert next(step for step in steps if step.notes).text == "AND NOT b"


def shown_as(formula: str, twins: tuple[Twins, ...] = ()):
    """An explanation by this formula, whatever it is worth."""
    table = andornot.ConceptTable.from_masks(np.eye(4, dtype=bool), NAMES)
    e = andornot.explain([[True, False, False, False]], table)[0]
    return replace(e, beam=(replace(e.beam[0], formula=parse(formula), twins=twins),))


def test_twins_stand_beside_their_concept():
    e = shown_as("a OR b", (Twins("b", ("x", "salt AND pepper", "y", "z"), 3),))
    steps = steps_of(e, e).steps
    assert [step.notes for step in steps] == [(), ('= x = "salt AND pepper" = y and 4 more',)]


def test_names_with_brackets_are_no_brackets_of_the_formula():
    e = shown_as('"(a" AND NOT (b OR "c OR d")')
    (first, second) = steps_of(e, e).steps
    assert (first.text, second.text) == ('"(a"', 'AND NOT (b OR "c OR d")')
    assert [w.concept for w in second.words if w.concept] == ["b", "c OR d"]


@pytest.mark.parametrize(
    ("verdict", "title"),
    [
        (Verdict.CHANCE, NO_FORMULA),
        (Verdict.TOO_LITTLE_DATA, INSTEAD[Verdict.TOO_LITTLE_DATA]),
        (Verdict.NOT_TESTED, NOT_TESTED),
    ],
)
def test_only_what_is_more_than_chance_is_a_headline(verdict, title):
    _, table, result = world(1)
    found = entry_of(judged(result[0], verdict), table=table)
    assert (found.title.text, found.title.is_formula) == (title, False)
    assert found.title.why
    assert found.steps is not None, "it stands below"
    for good in (Verdict.SOLID, Verdict.PARTIAL):
        told = entry_of(judged(result[0], good), table=table)
        assert (told.title.text, told.title.is_formula, told.title.why) == (told.formula, True, "")


def test_too_little_data_says_how_little():
    _, table, result = world(1)
    e = replace(result[0], support=Support(12, 3))
    assert entry_of(e, table=table, position="pixel").title.why.startswith(
        "The unit is active on 12 pixels in 3 groups of samples; a verdict takes 30 pixels in 10 "
    )


def test_a_rare_unit_says_how_rare():
    _, _, result = world(1)
    c = result[0].counts
    rare = replace(result[0], beam=(), best_by_length=(), status="rare")
    title = entry_of(rare, position="pair", least=5_000).title
    assert title.text == "No formula: active on too few pairs to be explained"
    n, of = c.tp + c.fn, c.tp + c.fp + c.fn + c.tn
    assert title.why == f"It is active on {n:,} of {of:,} pairs; to be explained, it takes 5,000."


def test_a_core_is_told_in_words():
    _, table, result = world(1)
    e = judged(result[0], Verdict.SOLID)
    assert entry_of(e, table=table).core == "core: apple"
    whole = Core(str(e.formula), 0.5)
    assert entry_of(replace(e, trust=replace(e.trust, core=whole))).core == "core: all of it"
    nothing = Core(None, 0.0)
    assert (
        entry_of(replace(e, trust=replace(e.trust, core=nothing))).core
        == "no part came back in most draws"
    )
    assert entry_of(result[0]).core == ""


def test_classes_of_a_unit_go_from_the_most_for_to_the_most_against():
    values = np.array([[0.1], [-0.4], [0.3], [np.nan]])
    found = ClassLinks(("a", "b", "c", "d"), values, True).of_unit(0)
    assert [(number, one.weight) for number, one in found] == [
        (2, 0.3),
        (0, 0.1),
        (3, 0),
        (1, -0.4),
    ]


iou = st.floats(0, 1)


@given(st.lists(st.tuples(iou, iou, iou), min_size=1, max_size=6), st.none() | iou, st.booleans())
def test_names_of_curves_cover_no_other_and_stay_inside(rows, luck, in_sample):
    searched, held, null = (list(column) for column in zip(*rows, strict=True))
    n = len(rows)
    plot = trust_by_length(
        searched, held, null if in_sample else (), luck=None if luck is None else (n, luck)
    )
    heights = sorted(label.y for label in plot.labels)
    assert len(heights) == 2 + in_sample + (luck is not None)
    assert all(b - a >= 13.9 for a, b in pairwise(heights))
    assert all(TOP <= y <= HEIGHT for y in heights)
    assert len({curve.look for curve in plot.curves}) == len(plot.curves)
    # the table says all that is drawn
    cells = [cell for row in plot.numbers.rows for cell in row[1:] if cell != "–"]
    assert len(cells) == len(plot.dots)
    assert plot.numbers.rows[-1][1:3] == (f"{searched[-1]:.3f}", f"{held[-1]:.3f}")


def test_a_line_of_held_out_scores():
    _, _, result = world(1)
    line = held_out_line(judged(result[0], Verdict.SOLID, held_out=0.6))
    assert (line.at, line.low, line.high, line.chance) == pytest.approx((0.6, 0.55, 0.65, 0.1))
    assert "0.600" in line.says
    assert "chance 0.100" in line.says
    assert held_out_line(result[0]) is None
    assert unit_by_length([0.1, 0.25]).numbers.rows == (("1", "0.100"), ("2", "0.250"))
