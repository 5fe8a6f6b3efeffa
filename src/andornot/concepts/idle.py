"""Formulas without parts that change no position of the data.

A search grows formulas a step at a time, and a later step may leave an earlier one with nothing to
do: in ``(a OR b) AND NOT c OR a`` the first ``a`` is idle if no ``a`` lies in ``c``. Such a part
says nothing of the unit, and whoever reads the formula looks for a reason that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.table import ConceptTable
from andornot.formula import And, Formula, Not, Or

BoolArray = NDArray[np.bool_]


def without_idle(formula: Formula, table: ConceptTable) -> Formula:
    """The formula without its idle parts; itself where each part does something.

    What is left has no part that could be left out. Its score is the same, and whatever is counted
    on any of the table's samples.

    Args:
        formula: over concepts of the table.
        table: the concepts.

    Raises:
        FormulaError: the formula names a concept that the table does not have.

    Examples:
        >>> masks = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]], bool)
        >>> table = andornot.ConceptTable.from_masks(masks, ["red", "car", "sky"])
        >>> print(without_idle(andornot.parse("(car OR sky) AND red OR red"), table))
        red
    """
    if formula.length == 1:
        return formula
    masks = {name: table.concept_mask(name) for name in formula.concepts}
    there = table.counts > 0

    def mask(one: Formula) -> BoolArray:
        return one.evaluate(masks.__getitem__) & there

    return _shortest(formula, mask(formula), mask)


def _shortest(formula: Formula, whole: BoolArray, mask: Callable[[Formula], BoolArray]) -> Formula:
    # what leaves out most comes first; among as many, the part that stands last is left out
    for less in sorted(with_less(formula), key=lambda one: one.length):
        if np.array_equal(mask(less), whole):
            return _shortest(less, whole, mask)
    return formula


def with_less(formula: Formula) -> Iterator[Formula]:
    """The formulas in which one operand of an AND or OR is left out, whatever it consists of.

    None of them begins with a NOT that stood elsewhere: ``a AND NOT b`` gives ``a`` alone.
    """
    if isinstance(formula, Not):
        yield from map(Not, with_less(formula.operand))
    if not isinstance(formula, And | Or):
        return
    yield formula.left
    if not isinstance(formula.right, Not):
        yield formula.right
    join = type(formula)
    yield from (join(less, formula.right) for less in with_less(formula.left))
    yield from (join(formula.left, less) for less in with_less(formula.right))
