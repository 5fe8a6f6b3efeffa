"""Formulas that begin with NOT: planted units, automatic use, trust, and all who read formulas."""

from __future__ import annotations

import numpy as np
import pytest

import andornot
from andornot.concepts.table import ConceptTable
from andornot.errors import OptionError
from andornot.formula import parse
from andornot.formula_forms import kind_of, terms
from andornot.search.options import SearchOptions
from andornot.search.problem import AND, AND_NOT, OR, Found
from andornot.trust.options import TrustOptions
from insides import chain

SHAPE = (60, 20)
"""Samples and positions."""

PLANTED = {
    "NOT a": lambda a, b, c: ~a,
    "b AND NOT a": lambda a, b, c: b & ~a,
    "NOT a AND NOT b": lambda a, b, c: ~a & ~b,
    "NOT a OR b": lambda a, b, c: ~a | b,
    "(NOT a AND NOT b) OR c": lambda a, b, c: (~a & ~b) | c,
    "(NOT a OR b) AND NOT c": lambda a, b, c: (~a | b) & ~c,
}


@pytest.fixture(scope="module")
def masks():
    return np.random.default_rng(3).random((7, *SHAPE)) < 0.35


def planted(masks, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    units = np.stack([rule(*masks[:3]) for rule in PLANTED.values()])
    return units ^ (rng.random(units.shape) < noise)


def table_of(masks, names="abcdefg"):
    return ConceptTable.from_masks(masks, list(names))


@pytest.mark.parametrize("search", ["beam", "exhaustive", "optimal", "auto"])
def test_planted_units_are_found_and_proven(masks, search):
    units, table = planted(masks), table_of(masks)
    found = andornot.explain(units, table, length=3, search=search, negated_first=True)
    assert [e.formula for e in found] == [parse(text) for text in PLANTED]
    for text, e, unit in zip(PLANTED, found, units, strict=True):
        assert e.iou == 1.0
        assert search == "beam" or e.certificate.proven
        assert str(e.formula).startswith(("NOT ", "(NOT ")) == (text != "b AND NOT a")
        assert andornot.score(str(e.formula), unit, table).iou == 1.0
        assert andornot.parse(str(e.formula)) == e.formula
    without = andornot.explain(units, table, length=3, search=search)
    worse = [e.iou < 1 for e in without]
    # some have another form: NOT b is what is left
    assert worse == [text != "b AND NOT a" for text in PLANTED]


def test_with_noise_they_are_found_too(masks):
    units = planted(masks, 0.1, 1)
    found = andornot.explain(units, table_of(masks), length=3, negated_first=True)
    assert [e.formula for e in found if e.formula.length <= 2] == [
        parse(text) for text in PLANTED if parse(text).length <= 2
    ] or all(e.best_by_length[parse(text).length - 1].formula == parse(text)
             for e, text in zip(found, PLANTED, strict=True))  # fmt: skip


def test_trees_find_them_from_left_to_right(masks):
    found = andornot.explain(
        planted(masks), table_of(masks), length=4, search="optimal", space="trees",
        negated_first=True,
    )  # fmt: skip
    assert [e.iou for e in found] == [1.0] * len(PLANTED)


@pytest.mark.parametrize(
    ("names", "on"),
    [
        ("a b c d e f g", False),
        ("a b c d e f PREV(a)", True),
        ("a b c d e f AFTER5(x)", True),
        ("a b c d e f NEIGHBORS(a)", False),
        ("a b c d e f PREVIOUS(a)", False),
    ],
)
def test_it_is_on_by_itself_where_concepts_look_around(masks, names, on):
    table = ConceptTable.from_masks(masks, names.split())
    assert table.has_context == on
    (unit,) = planted(masks)[:1]
    by_itself = andornot.explain([unit], table, length=2)[0]
    assert (str(by_itself.formula) == "NOT a") == on
    off = andornot.explain([unit], table, length=2, negated_first=False)[0]
    assert off.iou < 1
    published = andornot.explain([unit], table, length=2, profile="mu2020")[0]
    assert published.iou < 1


def test_of_a_concept_that_is_everywhere_or_nowhere_not_says_nothing():
    masks = np.array([[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0]], bool)
    table = table_of(masks, "abc")
    for search in ("beam", "exhaustive", "optimal"):
        (e,) = andornot.explain(
            [[True, True, True, True]], table, length=2, search=search, negated_first=True
        )
        # not NOT b, nor NOT c OR c, though they are true wherever a is
        assert all(not str(s.formula).startswith("NOT") or s.iou < 1 for s in e.beam)
        assert str(e.formula) == "a"


def test_what_has_another_form_takes_it():
    found = Found.of_steps((0, 1, 2, 3), (AND_NOT, AND_NOT, AND, OR), 1, 2, 0.5)
    assert str(found.formula("abcd")) == "((c AND NOT a) AND NOT b) OR d".replace(
        "((c AND NOT a) AND NOT b)", "(c AND NOT a AND NOT b)"
    )
    assert found.steps == (OR, AND_NOT, AND_NOT, OR)
    after_or = Found.of_steps((0, 1, 2), (AND_NOT, OR, AND), 1, 2, 0.5)
    assert after_or.negated
    assert str(after_or.formula("abc")) == "(NOT a OR b) AND c"


def test_options_say_what_cannot_be():
    with pytest.raises(OptionError, match="negated_first is 'yes'; give True or False"):
        SearchOptions(negated_first="yes")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="begins with NOT; leave negated_first out"):
        SearchOptions(negated_first=True, profile="mu2020")
    assert "negated_first" not in SearchOptions().as_dict()
    assert SearchOptions(negated_first=False).as_dict()["negated_first"] is False


def test_trust_measures_them(masks):
    units, table = planted(masks, 0.05, 2), table_of(masks)
    units = np.concatenate([units, np.random.default_rng(9).random((1, *SHAPE)) < 0.4])
    result = andornot.explain(units, table, length=2, negated_first=True)
    trust = TrustOptions(resamples=5, bootstrap=40, nulls=20, seed=2)
    result = result.assess(units, table, options=trust)
    for text, e in zip(PLANTED, result, strict=False):
        assert e.verdict in ("solid", "partial")
        if parse(text).length <= 2:
            assert e.formula == parse(text)
            held = e.trust.held_out
            assert [parse(f) for f in held.formulas] == [e.formula] * len(held.formulas)
            assert held.by_length[-1] > 0.8
            assert e.trust.core.formula is not None
            assert parse(e.trust.core.formula) == e.formula
            assert e.trust.core.iou == pytest.approx(held.by_length[e.formula.length - 1])
    assert result[-1].verdict == "chance"


@pytest.mark.parametrize(
    ("text", "kind", "parts", "edits"),
    [
        ("NOT a", "negation", [("", "NOT a")], []),
        ("NOT a AND NOT b", "negation", [("", "NOT a"), ("AND", "NOT b")], []),
        ("NOT a OR b", "mixed", [("", "NOT a"), ("OR", "b")], ["b"]),
        (
            "(NOT a AND NOT b) OR c", "mixed",
            [("", "NOT a"), ("AND", "NOT b"), ("OR", "c")], ["c"],
        ),
        (
            "(NOT a OR b) AND NOT c", "specialisation",
            [("", "NOT a"), ("OR", "b"), ("AND", "NOT c")], ["b AND NOT c"],
        ),
    ],
)  # fmt: skip
def test_they_are_taken_apart(text, kind, parts, edits):
    formula = parse(text)
    assert str(formula) == text
    assert kind_of(formula) == kind
    assert [(operator, str(part)) for operator, part in chain(formula)] == parts
    # no edit can paste what is absent
    assert [str(term) for term in terms(formula)] == edits


def test_pages_show_them(masks, tmp_path):
    units, table = planted(masks), table_of(masks)
    result = andornot.explain(units, table, length=3, negated_first=True)
    result.report(tmp_path / "report")
    pages = "".join(p.read_text() for p in (tmp_path / "report").rglob("*.html"))
    assert "they may begin with NOT" in pages
    assert "NOT a AND NOT b" in pages
