"""What every solver is given (a problem: atoms and counts) and gives back (formulas as steps).

Operators have their numbers here; of data and of other options nothing is known.

The space is that of the published search: left-deep formulas ``((C1 op C2) op C3) ...`` with
``op`` among OR, AND and AND NOT (Mu & Andreas 2020, Section 2). On request formulas may begin with
NOT too. To the kernels the operator before the first concept says which: OR joins it to a formula
that holds nowhere, AND NOT takes it away from one that holds everywhere. A formula that begins with
NOT and holds everywhere says nothing, so it is no candidate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from andornot.errors import OptionError, quoted
from andornot.formula import And, Concept, Formula, Not, Or

# of NumPy's type, since Numba compiles a kernel anew for each plain number written in a call
OR: Final = cast(int, np.int64(0))
AND: Final = cast(int, np.int64(1))
AND_NOT: Final = cast(int, np.int64(2))

OPERATORS: Final = {"OR": OR, "AND": AND, "AND NOT": AND_NOT}

Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.uint8]  # (n_atoms,) 1 where a formula is true, else 0
Words: TypeAlias = NDArray[np.uint64]  # a set, a bit for each thing that may be in it

Tree: TypeAlias = "int | tuple[int, Tree, Tree]"
"""A formula both of whose operands may be formulas: a column, or an operator and two trees."""


class Atoms(NamedTuple):
    """The concept table as the kernels read it; the same for all units."""

    counts: NDArray[np.int64]  # (n_atoms,) positions of each atom, n_a
    indptr: NDArray[np.int64]  # (n_atoms + 1,) where each atom's concepts start in indices
    indices: NDArray[np.int32]  # concepts, ascending within an atom
    concept_indptr: NDArray[np.int64]  # (n_concepts + 1,) the transpose of the two above
    concept_atoms: NDArray[np.int32]  # atoms, ascending within a concept
    concept_counts: NDArray[np.int64]  # (n_concepts,) positions of each concept
    n_positions: int  # all positions, N
    bits: Words = np.zeros((0, 0), np.uint64)  # (n_concepts, n_words), see ``bits``
    marks: Words = np.zeros((0, 0), np.uint64)  # (n_concepts, n_atom_words) a bit for each atom
    planes: Words = np.zeros((0, 0), np.uint64)  # (n_planes, n_atom_words) digits of ``counts``
    pairs: Ints = np.zeros((0, 0), np.int64)  # (n_concepts, n_concepts), see ``pairs``


@dataclass(frozen=True, eq=False)
class Problem:
    """One unit to explain.

    Attributes:
        atoms: the concept table.
        active: int32, atoms on which the unit is active, ascending.
        active_counts: int64, its active positions there, ``k_a``.
        candidates: int64, concepts that may stand in the formula, ascending.
        bases: for each concept the one that it was derived from, -1 for plain ones; empty when
            all are plain.
    """

    atoms: Atoms
    active: NDArray[np.int32]
    active_counts: NDArray[np.int64]
    candidates: NDArray[np.int64]
    bases: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """Active positions of the unit, ``A``."""
        return int(self.active_counts.sum())


@dataclass(frozen=True)
class Found:
    """A formula that a solver found, with its counts.

    Attributes:
        concepts: columns, from left to right.
        operators: the operator before each concept but the first.
        i: positions where formula and unit are both true.
        t: positions where the formula is true.
        score: what the search ranked it by.
        tree: how the formula is built, where it is not from left to right.
        known: active positions and all positions where its concepts are known, if it is scored on
            these alone.
        negated: whether NOT stands before the first concept.
    """

    concepts: tuple[int, ...]
    operators: tuple[int, ...]
    i: int
    t: int
    score: float
    tree: Tree | None = None
    known: tuple[int, int] | None = None
    negated: bool = False

    @classmethod
    def of_steps(
        cls, terms: Sequence[int], steps: Sequence[int], i: int, t: int, score: float
    ) -> Found:
        """From what a kernel wrote: concepts, and the operator before each, the first included.

        ``NOT a AND b`` says the same as ``b AND NOT a``, and takes that form: so NOT stands first
        only where nothing else would do.
        """
        terms, steps = list(terms), list(steps)
        if steps and steps[0] == AND_NOT:
            # steps of AND and AND NOT commute, up to the first OR
            cuts = list(takewhile(lambda k: steps[k] != OR, range(len(steps))))
            if first := next((k for k in cuts if steps[k] == AND), None):
                terms.insert(0, terms.pop(first))
                steps.pop(first)
                steps.insert(0, OR)
        negated = bool(steps) and steps[0] == AND_NOT
        return cls(tuple(terms), tuple(steps[1:]), i, t, score, negated=negated)

    @property
    def steps(self) -> tuple[int, ...]:
        """The operator before each concept, the first included, as kernels read it."""
        return (AND_NOT if self.negated else OR, *self.operators)

    def formula(self, names: Sequence[str]) -> Formula:
        """The formula, with names for columns."""
        if self.tree is not None:
            return tree_formula(self.tree, names)
        first = Concept(names[self.concepts[0]])
        result: Formula = Not(first) if self.negated else first
        for operator, column in zip(self.operators, self.concepts[1:], strict=True):
            result = _joined(operator, result, Concept(names[column]))
        return result


@dataclass(frozen=True)
class Solution:
    """What a solver found for one unit.

    Attributes:
        beam: the best formulas, best first; empty when no concept overlaps the unit.
        by_length: the best formula of up to 1, 2, ... concepts; None likewise.
        proven: True when no formula of the space up to that length scores higher.
        bounds: for each length what no formula of up to so many concepts exceeds; empty where the
            search says nothing of it.
        nodes: prefixes that an optimal search has tried with every concept.
    """

    beam: tuple[Found, ...]
    by_length: tuple[Found | None, ...]
    proven: bool
    bounds: tuple[float, ...] = ()
    nodes: int = 0


def tree_formula(tree: Tree, names: Sequence[str]) -> Formula:
    """A tree as a formula, with names for columns."""
    if isinstance(tree, int):
        return Concept(names[tree])
    operator, left, right = tree
    return _joined(operator, tree_formula(left, names), tree_formula(right, names))


def _joined(operator: int, left: Formula, right: Formula) -> Formula:
    if operator == OR:
        return Or(left, right)
    return And(left, Not(right) if operator == AND_NOT else right)


def operator_numbers(names: Sequence[str]) -> tuple[int, ...]:
    """Operators by name: ``"OR"``, ``"AND"``, ``"AND NOT"``, in any case.

    Raises:
        OptionError: a name is unknown, or there are none.
    """
    if names is not None and not isinstance(names, Iterable):
        raise OptionError(f"operators are {quoted(names)}; give some of {', '.join(OPERATORS)}")
    names = [names] if isinstance(names, str) else list(() if names is None else names)
    numbers = []
    for name in names:
        plain = " ".join(name.upper().replace("_", " ").split()) if isinstance(name, str) else ""
        if plain not in OPERATORS:
            raise OptionError(
                f"unknown operator {quoted(name)}; choose among {', '.join(OPERATORS)}"
            )
        numbers.append(OPERATORS[plain])
    if not numbers:
        raise OptionError(f"no operators given; choose among {', '.join(OPERATORS)}")
    # the order in which users name them must not decide between equal formulas
    return tuple(sorted(set(numbers)))
