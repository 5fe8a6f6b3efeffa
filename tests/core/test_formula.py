"""Formulas: printer and parser, canonical key, evaluation."""

from __future__ import annotations

import pickle
from collections import Counter
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import andornot
import naive
from andornot.errors import FormulaError
from andornot.formula import And, Concept, Formula, Not, Or, parse, quote, read_back, readings
from strategies import MANY, as_mask

ODD_NAMES = [
    "", " ", "  a", "a ", "a  b", "a\tb", "a\nb", "a b", "\u2003", "a\x1cb", "a\x85b",
    "AND", "OR", "NOT", "salt AND pepper", "NOT a", "a OR", "and", "or not", "AND'", "ANDROID",
    '"', '\\', '\\"', '"a"', 'a"b', "a\\b", "a\\", '\\\\"', "(", ")", "f(x)", "a:b", "pre:tok:cat",
    "a,b", "it's", "R&B", "a & b", "a | b", "a|b", "c++ !", "!", "~", "&", "&&", "|a", "!a", "a ~b",
    "¬", "a ∧ b", "a∨b", "& a", "a &", "!!", "-!", "NEIGHBORS(a & b)", "NEIGHBORS(!a)", "F(&)",
    "naïve café", "日本語", "\x00", "parse('a')", "a-s", "front left door", "0",
]  # fmt: skip

names = (
    st.sampled_from(ODD_NAMES) | st.text(max_size=6) | st.text(alphabet='ab &|!~¬∧()"', max_size=7)
)
few_names = st.sampled_from(["a", "b", "c"])


def trees(leaf_names, max_leaves=8):
    return st.recursive(
        leaf_names.map(Concept),
        lambda inner: (
            st.builds(Not, inner) | st.builds(And, inner, inner) | st.builds(Or, inner, inner)
        ),
        max_leaves=max_leaves,
    )


def structure(formula):
    """The tree as nested tuples, without any canonical form."""
    if isinstance(formula, Concept):
        return formula.name
    if isinstance(formula, Not):
        return ("NOT", structure(formula.operand))
    return (type(formula).__name__, structure(formula.left), structure(formula.right))


def canonical(formula: Any):
    """Order and grouping left out, the slow way: bags of operands."""
    while isinstance(formula, Not) and isinstance(formula.operand, Not):
        formula = formula.operand.operand
    if isinstance(formula, Concept):
        return formula.name
    if isinstance(formula, Not):
        return ("not", canonical(formula.operand))
    bag = Counter()
    two: Any = formula
    for side in (canonical(two.left), canonical(two.right)):
        kind = type(formula).__name__
        same = isinstance(side, tuple) and side[0] == kind
        bag.update(dict(side[1]) if same else [side])
    return (type(formula).__name__, frozenset(bag.items()))


def rearranged(formula: Any, draw):
    """The same formula with operands swapped, regrouped and doubly negated here and there."""
    if isinstance(formula, Not):
        result = Not(rearranged(formula.operand, draw))
    elif isinstance(formula, And | Or):
        kind = type(formula)
        left, right = formula.left, formula.right
        if draw(st.booleans()):
            left, right = right, left
        if type(left) is kind and draw(st.booleans()):
            same: Any = left
            left, right = same.left, kind(same.right, right)
        result = kind(rearranged(left, draw), rearranged(right, draw))
    else:
        result = formula
    return Not(Not(result)) if draw(st.integers(0, 4)) == 0 else result


@given(trees(names))
@example(Or(Concept("a"), Or(Concept("b"), Concept("c"))))
@example(And(Concept("a"), And(Concept("b"), Concept("c"))))
@example(Not(Not(And(Concept("a"), Concept("b")))))
def test_text_and_formula_are_inverse(formula):
    again = parse(str(formula))
    assert structure(again) == structure(formula)
    assert again == formula
    assert hash(again) == hash(formula)
    assert str(again) == str(formula)


# --- signs in place of words ---


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a & b", "a AND b"),
        ("a && b", "a AND b"),
        ("a | b || c", "a OR b OR c"),
        ("a ∨ b ∧ ¬c", "a OR (b AND NOT c)"),
        ("~a", "NOT a"),
        ("! a", "NOT a"),
        ("!~a", "NOT NOT a"),
        ("a & ~b OR NOT !c", "(a AND NOT b) OR NOT NOT c"),
        ("!(a | b)&c", "NOT (a OR b) AND c"),
        ("(a)&b", "a AND b"),
        ("(a)&&!b", "a AND NOT b"),
        ('"a"|"b & c"', 'a OR "b & c"'),
        ("~NEIGHBORS(a)|b", "NOT NEIGHBORS(a) OR b"),
        ("NEIGHBORS(a & b) & c", "NEIGHBORS(a & b) AND c"),
        # a sign within a name is a part of it
        ("R&B", "R&B"),
        ("a|b & c", "a|b AND c"),
        ("c++ !", "c++ !"),
        ("a !b", "a !b"),
        ("at&t store | wow!", "at&t store OR wow!"),
    ],
)
def test_signs_are_operators_where_no_name_has_them(text, printed):
    assert str(parse(text)) == printed


@pytest.mark.parametrize(
    ("text", "character", "fragment"),
    [
        ("a &", 4, "expected a concept name"),
        ("a & & b", 5, "expected a concept name"),
        ("| a", 1, "expected a concept name"),
        ("a & (b | ~", 11, "expected a concept name"),
        ("a & !", 6, "expected a concept name"),
        ("(a) b", 5, "expected AND, OR or the end"),
        ("(a) !b", 5, "expected AND, OR or the end"),
    ],
)
def test_errors_of_signs_say_where(text, character, fragment):
    with pytest.raises(FormulaError, match=f"at character {character}: {fragment}"):
        parse(text)


@given(trees(names))
def test_signs_mean_what_words_mean(formula):
    """Any formula, its operators replaced by signs one by one, names in quotes."""

    def signed(f: Any) -> str:
        if isinstance(f, Concept):
            return quote(f.name)
        if isinstance(f, Not):
            return f"~({signed(f.operand)})"
        return f"({signed(f.left)}) {'&' if isinstance(f, And) else '|'} ({signed(f.right)})"

    assert structure(parse(signed(formula))) == structure(formula)


@given(trees(names))
def test_what_was_written_is_read_back(formula):
    """Files hold what ``str`` wrote, where only words are operators."""
    assert structure(read_back(str(formula))) == structure(formula)


@given(st.text(alphabet='ab&|!~ANDORT ()"', max_size=12))
def test_a_table_reads_every_text_as_it_did_without_signs(text):
    """What was a formula over known names before signs were read is the same one today."""
    try:
        before = read_back(text)
    except FormulaError:
        return
    known = dict.fromkeys((*before.concepts, "a", "b"))
    table = andornot.ConceptTable.from_masks(
        np.ones((len(known), 1), bool), [name for name in known if name.strip()]
    )
    if all(name.strip() for name in before.concepts):
        assert structure(table.parse(text)) == structure(before)


@given(st.text(alphabet='ab&|!~AND ()"', max_size=12))
def test_text_without_signs_has_one_reading(text):
    found = list(readings(text))
    if not set("&|!~") & set(text):
        assert len(found) <= 1
    with suppress(FormulaError):
        assert parse(text) in found


def test_a_table_tells_what_is_wrong_with_the_likeliest_reading():
    names = ["cat", "dog", "R&B"]
    table = andornot.ConceptTable.from_masks(np.eye(3, dtype=bool), names)
    with pytest.raises(FormulaError, match=r"no concept is named 'dgo'.*did you mean 'dog'"):
        table.parse("cat&!dgo")
    with pytest.raises(FormulaError, match="expected a concept name"):
        table.parse("cat & | dog")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_every_name_survives_everywhere(name):
    concept = Concept(name)
    for formula in (
        concept,
        Not(concept),
        Or(concept, concept),
        And(Not(concept), Or(concept, concept)),
    ):
        assert structure(parse(str(formula))) == structure(formula)


def test_the_readme_formula_prints_exactly_so():
    formula = And(Or(Concept("water"), Concept("river")), Not(Concept("blue")))
    assert str(formula) == "(water OR river) AND NOT blue"
    assert parse("(water OR river) AND NOT blue") == formula
    assert andornot.parse(str(formula)) == formula
    assert repr(formula) == "parse('(water OR river) AND NOT blue')"
    assert (Concept("water") | Concept("river")) & ~Concept("blue") == formula


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a OR b AND c", "a OR (b AND c)"),
        ("a AND b OR c", "(a AND b) OR c"),
        ("NOT a AND b", "NOT a AND b"),
        ("NOT (a AND b)", "NOT (a AND b)"),
        ("a OR b OR c", "a OR b OR c"),
        ("a OR (b OR c)", "a OR (b OR c)"),
        ("((a))", "a"),
        ("  front   left\tdoor ", "front left door"),
        ("NOT NOT a", "NOT NOT a"),
        ("a and b", "a and b"),
        ('"a"', "a"),
        ('"a" AND"b"', "a AND b"),
        ("(a)AND(b)", "a AND b"),
        (r'"\x"', "x"),
    ],
)
def test_precedence_and_layout(text, printed):
    assert str(parse(text)) == printed


@MANY
@given(trees(few_names, max_leaves=4), trees(few_names, max_leaves=4))
def test_equality_is_order_and_grouping_and_no_more(first, second):
    assert (first == second) == (canonical(first) == canonical(second))
    if first == second:
        assert hash(first) == hash(second)
        assert Counter(first.concepts) == Counter(second.concepts)


@MANY
@given(trees(few_names), st.data())
def test_rearranged_formulas_are_the_same_value(formula, data):
    other = rearranged(formula, data.draw)
    assert other == formula
    assert hash(other) == hash(formula)
    assert not other < formula
    assert not formula < other
    assert len({other, formula}) == 1


@given(st.lists(trees(few_names, max_leaves=4), max_size=8), st.randoms(use_true_random=False))
def test_order_is_total(formulas, random):
    for first in formulas:
        for second in formulas:
            assert (first < second) + (second < first) + (first == second) == 1
    shuffled = random.sample(formulas, len(formulas))
    assert sorted(shuffled) == sorted(formulas)
    lengths = [f.length for f in sorted(formulas)]
    assert lengths == sorted(lengths), "short formulas come first"


@given(trees(few_names), st.lists(st.frozensets(st.integers(0, 6)), min_size=3, max_size=3))
def test_masks_follow_the_sets(formula, sets):
    positions = dict(zip("abc", sets, strict=True))

    def holds(f):
        if isinstance(f, Concept):
            return positions[f.name]
        if isinstance(f, Not):
            return frozenset(range(7)) - holds(f.operand)
        return naive.compose(holds(f.left), type(f).__name__.upper(), holds(f.right))

    got = formula.evaluate(lambda name: as_mask(positions[name], 7))
    assert got.dtype == np.bool_
    assert set(np.flatnonzero(got).tolist()) == holds(formula)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a OR (b OR c)", "(c OR a) OR b"),
        ("a AND b AND c AND d", "(d AND c) AND (b AND a)"),
        ("a OR NOT NOT (b OR c)", "c OR b OR a"),
        ("NOT (a AND NOT NOT b)", "NOT NOT NOT (b AND a)"),
    ],
)
def test_grouping_does_not_matter(first, second):
    assert parse(first) == parse(second)
    assert hash(parse(first)) == hash(parse(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a OR b", "a AND b"),
        ("(a OR b) AND c", "a OR (b AND c)"),
        ("a OR a", "a"),
        ("a AND NOT b", "b AND NOT a"),
        ("NOT a", "NOT NOT a"),
    ],
)
def test_other_formulas_stay_apart(first, second):
    assert parse(first) != parse(second)


def test_length_counts_concepts_and_not_adds_nothing():
    formula = parse("NOT (a OR NOT b) AND a")
    assert formula.concepts == ("a", "b", "a")
    assert formula.length == 3
    assert parse("NOT NOT a").length == 1


def test_formulas_are_frozen_and_picklable():
    formula = parse("(a OR b) AND NOT c")
    with pytest.raises(AttributeError):
        formula.left = Concept("x")  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        Concept("a").name = "b"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(formula)) == formula
    assert formula != "(a OR b) AND NOT c"
    assert Concept("a") != Not(Concept("a"))


@pytest.mark.parametrize(
    ("text", "character", "fragment"),
    [
        ("", 1, "expected a concept name"),
        ("   ", 4, "expected a concept name"),
        ("a AND", 6, "expected a concept name"),
        ("AND a", 1, "expected a concept name"),
        ("a OR OR b", 6, "expected a concept name"),
        ("(a OR b", 8, "closing bracket"),
        ("a)", 2, "expected AND, OR or the end"),
        ("a (b)", 3, "expected AND, OR or the end"),
        ("a NOT b", 3, "expected AND, OR or the end"),
        ('a "b"', 3, "expected AND, OR or the end"),
        ('a AND "b', 7, "not closed"),
        ('a AND "b\\"', 7, "not closed"),
        ("()", 2, "expected a concept name"),
    ],
)
def test_errors_say_what_and_where(text, character, fragment):
    with pytest.raises(FormulaError) as caught:
        parse(text)
    message = str(caught.value)
    assert fragment in message
    assert f"at character {character}:" in message
    assert repr(text) in message
    assert "\n" not in message


PIECES = ["a", " ", "AND ", "OR ", "NOT ", "(", ")", '"', "\\"]


@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_text_is_a_formula_or_a_formula_error(pieces):
    try:
        formula = parse("".join(pieces))
    except FormulaError:
        return
    assert isinstance(formula, Formula)
    assert structure(parse(str(formula))) == structure(formula)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 500 + "a" + ")" * 500,
        "NOT " * 500 + "a",
        "a OR " * 500 + "a",
        "a AND " * 500 + "a",
        # chains of moderate length, each in the brackets of the next: a tree 1,500 deep
        "(" * 10 + "a" + (" OR b" * 150 + ")") * 10,
    ],
    ids=["brackets", "nots", "ors", "ands", "chains in brackets"],
)
def test_too_deep_a_formula_is_refused_in_one_sentence(text):
    with pytest.raises(FormulaError, match="write it shorter"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    ["NOT " * 200 + "a", " OR ".join(["a"] * 200), "NOT (a OR (b AND " * 60 + "c" + "))" * 60],
    ids=["nots", "ors", "mixed"],
)
def test_what_is_read_can_be_used(text):
    formula = parse(text)
    assert parse(str(formula)) == formula
    assert hash(formula) == hash(parse(text))
    assert formula.evaluate(lambda name: np.array([True])).shape == (1,)


def test_names_are_quoted_only_where_needed():
    assert quote("front left door") == "front left door"
    assert quote("a:b-c") == "a:b-c"
    assert quote("salt AND pepper") == '"salt AND pepper"'
    assert quote('say "x"') == r'"say \"x\""'
    assert quote("") == '""'
