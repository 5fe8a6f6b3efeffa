"""Formulas of up to four concepts that are trees and equal no left-deep formula.

Each family is written once, as text. ``A`` and ``B`` cut the positions into four cells (both, A
alone, B alone, neither); in each cell the formula is true, or false, or true where a formula of
``x`` and ``y`` is, the same one in all such cells. So a family follows from three things: the cells
where it is true (its *base*), the cells that ``x`` and ``y`` decide (its *region*), and how they do
(its *form*, ``x`` and ``y``, each perhaps negated, joined by AND or by OR). The search needs no
more than that. That the list is complete is shown in docs/explanation/proofs.md, section "Trees".
"""

from __future__ import annotations

import itertools
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from andornot.formula import And, Concept, Formula, Not, Or, parse
from andornot.search.problem import AND, AND_NOT, OPERATORS, OR, Tree

CELLS: Final = ((True, True), (True, False), (False, True), (False, False))
"""Truth of A and of B in each cell."""

TEXTS: Final = {
    3: (
        "A AND NOT (x AND y)",
        "A AND NOT (x AND NOT y)",
    ),
    4: (
        "(A AND B) AND NOT (x AND y)",
        "(A AND B) AND NOT (x AND NOT y)",
        "(A AND NOT B) AND NOT (x AND y)",
        "(A AND NOT B) AND NOT (x AND NOT y)",
        "(A OR B) AND NOT (x AND y)",
        "(A OR B) AND NOT (x AND NOT y)",
        "(A OR B) AND (x OR y)",
        "(A AND B) OR (x AND y)",
        "(A AND B) OR (x AND NOT y)",
        "(A AND NOT B) OR (x AND y)",
        "(A AND NOT B) OR (x AND NOT y)",
        "(A AND NOT (x AND y)) OR B",
        "(A AND NOT (x AND NOT y)) OR B",
        "A AND NOT ((x AND y) AND B)",
        "A AND NOT ((x OR y) AND B)",
        "A AND NOT (B AND NOT (x AND y))",
        "A AND NOT (B AND NOT (x AND NOT y))",
        "A AND NOT ((x AND y) AND NOT B)",
        "A AND NOT ((x AND NOT y) AND NOT B)",
        "A AND NOT ((x OR y) AND NOT B)",
    ),
}
"""By length. Both orders of (A AND B) OR (x AND NOT y) are there: the search takes the operand
that can gain more as A and B."""

Form: TypeAlias = tuple[bool, bool, bool]
"""Whether x and y are joined by OR (else AND), whether x is negated, whether y is."""

FORMS: Final[tuple[Form, ...]] = tuple(
    (joined, not_x, not_y) for joined, not_x, not_y in itertools.product((False, True), repeat=3)
)
"""All forms; the number of one has its three truths for bits."""


class Kinds(NamedTuple):
    """Families by the cells of their base and region, as the kernels read them."""

    base: NDArray[np.bool_]  # (n_kinds, 4) cells where the formula is true
    region: NDArray[np.bool_]  # (n_kinds, 4) cells that x and y decide
    symmetric: NDArray[np.bool_]  # (n_kinds,) whether A and B may change places
    single: NDArray[np.bool_]  # (n_kinds,) whether B is absent
    overlap: NDArray[np.bool_]  # (n_kinds,) whether B changes nothing where A and B are disjoint
    cuts: NDArray[np.int64]  # (n_kinds,) to how many of x and y all is confined that the forms take
    # out of the region; 0 where it is to none, where the region is not in A alone, or where x = A
    # may be new since an operator is missing
    family: NDArray[np.int64]  # (n_kinds, n_forms) place in the list of families, -1 for none


def families(length: int, operators: tuple[int, ...]) -> list[Tree]:
    """The families of exactly this length that these operators make; leaves are 0 to 3.

    Leaf 0 stands for ``A``, 1 for ``B``, 2 for ``x`` and 3 for ``y``.
    """
    found = [tree_of(parse(text)) for text in TEXTS.get(length, ())]
    return [tree for tree in found if _operators(tree) <= set(operators)]


def tree_of(formula: Formula) -> Tree:
    """A formula over the concepts ``A``, ``B``, ``x``, ``y`` as a tree."""
    if isinstance(formula, Concept):
        return "ABxy".index(formula.name)
    assert isinstance(formula, And | Or)
    left, right, operator = formula.left, formula.right, OR
    if isinstance(formula, And):
        operator = AND_NOT if isinstance(right, Not) else AND
        right = right.operand if isinstance(right, Not) else right
    return operator, tree_of(left), tree_of(right)


def _operators(tree: Tree) -> set[int]:
    if isinstance(tree, int):
        return set()
    operator, left, right = tree
    return {operator} | _operators(left) | _operators(right)


def fill(tree: Tree, concepts: tuple[int, ...]) -> Tree:
    """The tree with concepts for its leaves."""
    if isinstance(tree, int):
        return concepts[tree]
    operator, left, right = tree
    return operator, fill(left, concepts), fill(right, concepts)


def in_order(tree: Tree) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The leaves from left to right, and the operators between them."""
    if isinstance(tree, int):
        return (tree,), ()
    operator, left, right = tree
    (leaves, operators), (more, others) = in_order(left), in_order(right)
    return leaves + more, (*operators, operator, *others)


def evaluate(tree: Tree, values: tuple[bool, ...]) -> bool:
    """Truth of a tree for the truth of its leaves."""
    if isinstance(tree, int):
        return values[tree]
    operator, left, right = tree[0], evaluate(tree[1], values), evaluate(tree[2], values)
    if operator == OR:
        return left or right
    return left and right != (operator == AND_NOT)


def kinds_of(trees: list[Tree], operators: tuple[int, ...]) -> Kinds:
    """The families, grouped by base and region; ``operators`` are all that may be used."""
    rows: dict[tuple[tuple[bool, ...], ...], list[int]] = {}
    for family, tree in enumerate(trees):
        base, region, form = shape(tree)
        rows.setdefault((base, region), [-1] * len(FORMS))[FORMS.index(form)] = family
    cells = np.array(list(rows), np.bool_).reshape(-1, 2, 4)
    # nothing but A: what holds in one of its cells holds in the other
    alone = (cells[:, :, 0] == cells[:, :, 1]) & (cells[:, :, 2] == cells[:, :, 3])
    cuts = np.array([_cuts(row) for row in rows.values()], np.int64)
    return Kinds(
        base=np.ascontiguousarray(cells[:, 0]),
        region=np.ascontiguousarray(cells[:, 1]),
        symmetric=(cells[:, :, 1] == cells[:, :, 2]).all(axis=1),
        single=alone.all(axis=1),
        overlap=(cells[:, :, 2] == cells[:, :, 3]).all(axis=1),
        cuts=cuts * (~cells[:, 1, 2:].any(axis=1) & (len(operators) == len(OPERATORS))),
        family=np.array(list(rows.values()), np.int64).reshape(-1, len(FORMS)),
    )


def _cuts(row: list[int]) -> int:
    """Concepts to which all is confined that the forms of a kind take out; 0 if it is not."""
    used = [form for form, family in zip(FORMS, row, strict=True) if family >= 0]
    # NOT x OR ... takes out a part of x; NOT x AND NOT y takes out x and y
    if not all(not_x and (by_or or not_y) for by_or, not_x, not_y in used):
        return 0
    return 1 if all(by_or for by_or, _, _ in used) else 2


def shape(tree: Tree) -> tuple[tuple[bool, ...], tuple[bool, ...], Form]:
    """Base, region and form of a family."""
    decided = {cell: tuple(evaluate(tree, (*cell, x, y)) for x, y in CELLS) for cell in CELLS}
    base = tuple(all(decided[cell]) for cell in CELLS)
    region = tuple(len(set(decided[cell])) == 2 for cell in CELLS)
    (rule,) = {row for row in decided.values() if len(set(row)) == 2}
    (form,) = (form for form in FORMS if rule == tuple(_holds(form, x, y) for x, y in CELLS))
    return base, region, form


def _holds(form: Form, x: bool, y: bool) -> bool:
    joined_by_or, not_x, not_y = form
    left, right = x != not_x, y != not_y
    return left or right if joined_by_or else left and right
