"""A formula as alternatives: which concepts must be there together, and which must not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import product

from andornot.formula import And, Concept, Formula, Not, Or

_Literals = frozenset[tuple[str, bool]]


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
    """The alternatives of a formula: its disjunctive normal form.

    Contradictions and alternatives that another one covers are left out, and so is one that asks
    for nothing to be there (``NOT water``): no edit can paste that.

    Args:
        formula: as the search finds them; the number of alternatives is at most their length
            there, for each step of a search adds a single concept.
    """
    order = {name: i for i, name in reversed(list(enumerate(formula.concepts)))}
    found = [
        t for t in _normal(formula, True) if not any((name, not sign) in t for name, sign in t)
    ]
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
    if isinstance(formula, And) != sign:
        return left + right
    return [a | b for a, b in product(left, right)]
