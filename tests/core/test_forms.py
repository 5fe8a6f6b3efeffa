"""Sorts of formulas, their alternatives and what they ask for, against truth tables."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot import And, Concept, Not, Or, parse
from andornot.formula_forms import (
    CONJUNCTION,
    DISJUNCTION,
    MEANING,
    MIXED,
    NEGATION,
    SINGLE,
    SPECIALISATION,
    alternatives,
    kind_of,
    positive_concepts,
    terms,
)

KINDS = {
    "a": SINGLE,
    "NOT NOT a": SINGLE,
    "a OR b OR c": DISJUNCTION,
    "a OR (b AND c)": MIXED,
    "(a AND NOT b) OR c": MIXED,
    "a OR NOT b": MIXED,
    "a AND b": CONJUNCTION,
    "(a OR b) AND c": CONJUNCTION,
    "a AND NOT b": SPECIALISATION,
    "(a OR b) AND NOT c AND NOT d": SPECIALISATION,
    "(a AND NOT b) AND c": SPECIALISATION,
    "NOT a AND NOT b": NEGATION,
    "NOT a": NEGATION,
    "NOT (a OR b)": NEGATION,
}


@pytest.mark.parametrize(("text", "kind"), KINDS.items())
def test_kinds(text, kind):
    assert kind_of(parse(text)) == kind
    assert kind in MEANING


def formulas():
    leaf = st.sampled_from("abcd").map(Concept)
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            inner.map(Not), st.builds(And, inner, inner), st.builds(Or, inner, inner)
        ),
        max_leaves=7,
    )


WORLD = {name: np.array([i >> n & 1 for i in range(16)], bool) for n, name in enumerate("abcd")}


@given(formulas())
def test_alternatives_together_are_the_formula(formula):
    parts = alternatives(formula)
    mask = formula.evaluate(WORLD.__getitem__)
    if parts:
        union = np.any([p.whole.evaluate(WORLD.__getitem__) for p in parts], axis=0)
        assert (union == mask).all()
        assert len({p.name for p in parts}) == len(parts) > 1
    assert kind_of(formula) in MEANING


def test_alternatives_with_what_they_share():
    parts = alternatives(parse("(water OR river OR water) AND NOT blue"))
    assert [str(p.name) for p in parts] == ["water", "river"]
    assert [str(p.whole) for p in parts] == ["water AND NOT blue", "river AND NOT blue"]
    assert not alternatives(parse("a AND NOT b"))
    assert not alternatives(parse("(a OR b) AND (c OR d)"))
    assert not alternatives(parse("a OR a"))


def test_concepts_that_do_not_stand_after_not():
    formula = parse("(a OR NOT b) AND NOT (c AND NOT d)")
    assert list(positive_concepts(formula)) == ["a", "d"]


def worlds():
    """Every set of true concepts but the empty one's kin: all 16."""
    return [set(s) for s in chain.from_iterable(combinations("abcd", n) for n in range(5))]


def holds(formula, world):
    return bool(formula.evaluate(lambda name: np.array([name in world]))[0])


class TestTerms:
    @given(formulas())
    def test_a_formula_is_true_where_a_term_is_or_where_nothing_needs_to_be_there(self, formula):
        found = terms(formula)
        for world in worlds():
            by_term = any(holds(t.formula, world) for t in found)
            assert not by_term or holds(formula, world)
            if holds(formula, world) and not by_term:
                # only an alternative without any concept that is there can be missing
                assert holds(formula, set())

    @given(formulas())
    def test_no_term_covers_another_or_contradicts_itself(self, formula):
        found = terms(formula)
        for one in found:
            assert one.there
            assert not set(one.there) & set(one.absent)
            for other in found:
                within = set(one.there) <= set(other.there) and set(one.absent) <= set(other.absent)
                assert one is other or not within

    def test_a_formula_of_the_search_gives_its_alternatives_in_order(self):
        found = terms(parse("((roof AND red) OR chimney) AND NOT white"))
        assert [str(t) for t in found] == ["roof AND red AND NOT white", "chimney AND NOT white"]
        assert terms(parse("NOT water")) == ()
