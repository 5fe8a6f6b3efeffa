"""Forms of formulas: what sort one is (Section 4), its alternatives, and what it asks for.

All is read off the formula alone: no table, no counts, no words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import product

from andornot.formula import And, Concept, Formula, Not, Or

_Literals = frozenset[tuple[str, bool]]
"""Concepts that hold (True) or do not (False), all at once."""

SINGLE = "single concept"
DISJUNCTION = "disjunction"
CONJUNCTION = "conjunction"
SPECIALISATION = "specialisation"
NEGATION = "negation"
MIXED = "mixed"
MEANING = {
    SINGLE: "one concept",
    DISJUNCTION: "L1 OR L2 OR ..., each a concept",
    MIXED: "L1 OR L2 OR ..., some of them with AND or NOT inside",
    CONJUNCTION: "L1 AND L2 AND ..., none of them after NOT",
    SPECIALISATION: "L1 AND NOT L2: at least one part after NOT and one not",
    NEGATION: "everything stands after NOT",
}
"""The sorts of formula, by their outermost operator."""


def kind_of(formula: Formula) -> str:
    """The sort of a formula (see :data:`MEANING`)."""
    plain = _without_double_negation(formula)
    if isinstance(plain, Concept):
        return SINGLE
    if isinstance(plain, Or):
        parts = list(operands(plain, Or))
        return DISJUNCTION if all(isinstance(p, Concept) for p in parts) else MIXED
    if isinstance(plain, And):
        negative = [isinstance(p, Not) for p in operands(plain, And)]
        if all(negative):
            return NEGATION
        return SPECIALISATION if any(negative) else CONJUNCTION
    return NEGATION


def _without_double_negation(formula: Formula) -> Formula:
    while isinstance(formula, Not) and isinstance(formula.operand, Not):
        formula = formula.operand.operand
    return formula


def operands(formula: Formula, operator: type[And] | type[Or]) -> Iterator[Formula]:
    """The parts that a chain of one operator joins; the formula itself if it is no such chain."""
    plain = _without_double_negation(formula)
    if isinstance(plain, operator):
        yield from operands(plain.left, operator)
        yield from operands(plain.right, operator)
    else:
        yield plain


def positive_concepts(formula: Formula, positive: bool = True) -> Iterator[str]:
    """Names of the concepts that do not stand after NOT (or after an even number of them)."""
    if isinstance(formula, Not):
        yield from positive_concepts(formula.operand, not positive)
    elif isinstance(formula, And | Or):
        yield from positive_concepts(formula.left, positive)
        yield from positive_concepts(formula.right, positive)
    elif positive:
        yield from formula.concepts


def negative_concepts(formula: Formula) -> Iterator[str]:
    """Names of the concepts that stand after NOT (or after an odd number of them)."""
    yield from positive_concepts(formula, positive=False)


@dataclass(frozen=True)
class Alternative:
    """One of several things that a formula lets hold.

    Attributes:
        name: the part that sets it apart, ``a`` of ``(a OR b) AND NOT c``.
        whole: with what all alternatives have in common, ``a AND NOT c``.
    """

    name: Formula
    whole: Formula


def alternatives(formula: Formula) -> tuple[Alternative, ...]:
    """The parts of a formula's OR, each with what else must hold; none if it offers no choice.

    The OR is the outermost operator, or the only OR among the parts of an outermost AND. Equal
    parts count once.
    """
    parts = list(operands(formula, And))
    choices = [part for part in parts if isinstance(part, Or)]
    # with several ORs an alternative would be a choice from each
    if len(choices) != 1:
        return ()
    # `is`, not `==`: another part that equals it is common to all
    common = [part for part in parts if part is not choices[0]]
    names = dict.fromkeys(operands(choices[0], Or))
    found = tuple(Alternative(name, reduce(And, common, name)) for name in names)
    return found if len(found) > 1 else ()


@dataclass(frozen=True)
class Term:
    """One way to make a formula true.

    Attributes:
        there: names of concepts that hold, in the formula's order; at least one.
        absent: names of concepts that do not hold.
    """

    there: tuple[str, ...]
    absent: tuple[str, ...] = ()

    @property
    def formula(self) -> Formula:
        """The term as a formula."""
        literals = [Concept(name) for name in self.there]
        return reduce(And, [*literals, *(Not(Concept(name)) for name in self.absent)])

    def __str__(self) -> str:
        return str(self.formula)


def all_of(names: tuple[str, ...]) -> Formula:
    """The formula that holds where all these concepts do.

    Args:
        names: at least one.
    """
    return Term(names).formula


def terms(formula: Formula) -> tuple[Term, ...]:
    """All ways to make a formula true: the terms of its disjunctive normal form.

    Contradictions and terms that another one covers are left out, and so is one that asks for
    nothing to be there (``NOT water``): no edit can paste that.

    Args:
        formula: as the search finds them; the number of terms is at most their length there,
            for each step of a search adds a single concept.
    """
    # reversed, so that of a name that stands twice its first place stays
    order = {name: i for i, name in reversed(list(enumerate(formula.concepts)))}
    found = [
        t for t in _normal(formula, True) if not any((name, not sign) in t for name, sign in t)
    ]
    # a term that asks for less holds wherever one that asks for more does
    least = [t for t in found if not any(other < t for other in found)]
    split = []
    for literals in dict.fromkeys(least):
        names = sorted(literals, key=lambda literal: order[literal[0]])
        there = tuple(name for name, sign in names if sign)
        if there:
            split.append(Term(there, tuple(name for name, sign in names if not sign)))
    return tuple(split)


def _normal(formula: Formula, sign: bool) -> list[_Literals]:
    """Conjunctions of literals whose disjunction is the formula, or its negation."""
    if isinstance(formula, Concept):
        return [frozenset({(formula.name, sign)})]
    if isinstance(formula, Not):
        return _normal(formula.operand, not sign)
    assert isinstance(formula, And | Or)
    left, right = _normal(formula.left, sign), _normal(formula.right, sign)
    # De Morgan: under NOT, AND and OR change places
    if isinstance(formula, And) != sign:
        return left + right
    return [a | b for a, b in product(left, right)]
