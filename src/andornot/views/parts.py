"""A formula part by part: how well each fits, what it adds, and what stands out where all fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.table import ConceptTable
from andornot.formula import And, Concept, Formula, Not, Or
from andornot.formula_forms import operands
from andornot.measures.scores import Counts
from andornot.views.plain import View

_LEAST_SHARE: Final = 0.02
_LEAST_LIFT: Final = 1.25
"""A concept stands out among some positions if it covers so much of them, and so many times as
much as of all."""

BoolArray = NDArray[np.bool_]
SetExpression = Callable[["BoolArray | None"], "BoolArray | None"]

ALONE: Final = "alone"
ALTERNATIVE: Final = "OR"
CONDITION: Final = "AND"
EXCLUDED: Final = "NOT"

ROLES: Final = {
    ALONE: "the whole formula",
    ALTERNATIVE: "one of several alternatives",
    CONDITION: "a condition",
    EXCLUDED: "excluded",
}
"""What a concept can be in a formula."""


@dataclass(frozen=True)
class FormulaPart(View):
    """A part of a formula.

    Attributes:
        operator: ``AND`` or ``OR``; empty for a concept.
        concept: the concept's name; empty for an operator.
        negated: whether it stands after NOT; its scores are those without the NOT.
        role: of a concept, a key of :data:`ROLES`; empty for an operator.
        counts: how it alone matches the unit.
        without: IoU of the whole formula if this part is left out of it; None for the whole.
        parts: what the operator joins.
    """

    operator: str
    concept: str
    negated: bool
    role: str
    counts: Counts
    without: float | None
    parts: tuple[FormulaPart, ...] = ()

    @property
    def iou(self) -> float:
        """How well it alone matches the unit."""
        return self.counts.iou

    def concepts(self) -> Iterator[FormulaPart]:
        """Its concepts, from left to right."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.concepts()


@dataclass(frozen=True, eq=False)
class Matcher:
    """Scores any union of atoms for one unit.

    Attributes:
        table: the concepts.
        active: int64 ``(n_atoms,)``, positions of each atom on which the unit is active.
        known_only: whether to count only where all concepts of a formula are known.
        there: bool ``(n_atoms,)``, the atoms to count on, for a formula; None for all.
    """

    table: ConceptTable
    active: NDArray[np.int64]
    known_only: bool = False
    there: BoolArray | None = None

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Positions of each atom to count on."""
        counts = self.table.counts
        return counts if self.there is None else np.where(self.there, counts, 0)

    def where_counted(self, formula: Formula) -> Matcher:
        """The same, on the positions on which this formula is scored."""
        if not self.known_only:
            return self
        there = self.table.known_atoms(formula)
        return replace(self, active=np.where(there, self.active, 0), there=there)

    def counts(self, atoms: BoolArray) -> Counts:
        """Counts of the formula that is the union of these atoms."""
        hit, held = int(self.active[atoms].sum()), int(self.sizes[atoms].sum())
        return Counts.of(hit, held, int(self.active.sum()), int(self.sizes.sum()))

    def tree(self, formula: Formula) -> FormulaPart:
        """A formula as a tree, in which chains of one operator are one node.

        All its parts are counted on the positions on which the whole is scored.
        """
        return self.where_counted(formula)._part(formula, False, ALONE, lambda atoms: atoms)

    def _part(
        self, formula: Formula, negated: bool, place: str, replace: SetExpression
    ) -> FormulaPart:
        """A part.

        Args:
            formula: the part.
            negated: whether it stands after NOT.
            place: the operator that joins it to others.
            replace: gives the whole formula's atoms if this part had others, or (None) were left
                out; None if nothing is left then.
        """
        if isinstance(formula, Not):
            inside = _negated(replace)
            return self._part(formula.operand, not negated, place, inside)
        atoms = self.table.mask(formula)
        rest = replace(None)
        without = None if rest is None else self.counts(rest).iou
        if isinstance(formula, Concept):
            role = EXCLUDED if negated else place
            return FormulaPart("", formula.name, negated, role, self.counts(atoms), without)
        kind = And if isinstance(formula, And) else Or
        parts = self._chain(list(operands(formula, kind)), kind, negated, replace)
        return FormulaPart(
            kind.__name__.upper(), "", negated, "", self.counts(atoms), without, tuple(parts)
        )

    def _chain(
        self,
        formulas: Sequence[Formula],
        kind: type[And] | type[Or],
        negated: bool,
        replace: SetExpression,
    ) -> Iterator[FormulaPart]:
        masks = [self.table.mask(formula) for formula in formulas]
        for i, formula in enumerate(formulas):
            others = _joined(kind, masks[:i] + masks[i + 1 :])

            def with_part(atoms: BoolArray | None, others: BoolArray = others) -> BoolArray | None:
                return replace(others if atoms is None else _joined(kind, [others, atoms]))

            # under a NOT the two operators change places (De Morgan)
            place = CONDITION if (kind is And) != negated else ALTERNATIVE
            yield self._part(formula, negated, place, with_part)


def _negated(replace: SetExpression) -> SetExpression:
    return lambda atoms: replace(None if atoms is None else ~atoms)


def _joined(kind: type[And] | type[Or], masks: Sequence[BoolArray]) -> BoolArray:
    return reduce(np.logical_and if kind is And else np.logical_or, masks)


@dataclass(frozen=True)
class Share(View):
    """A concept, the share of some positions that it covers, and of all positions."""

    concept: str
    share: float
    usual: float


def failures(
    matcher: Matcher, atoms: BoolArray, n: int = 5
) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
    """Which concepts stand out where a formula misses the unit, and where it gives a false alarm.

    Of false alarms those are left out that hold wherever the formula does: nothing else could be.

    Args:
        matcher: the unit, where the formula is counted.
        atoms: what the formula is the union of.
        n: how many concepts to name at most.
    """
    missed = np.where(atoms, 0, matcher.active)
    alarms = np.where(atoms, matcher.sizes - matcher.active, 0)
    implied = _shares(matcher, np.where(atoms, matcher.sizes, 0)) == 1
    return _standing_out(matcher, missed, n), _standing_out(matcher, alarms, n, implied)


def _standing_out(
    matcher: Matcher, positions: NDArray[np.int64], n: int, but: BoolArray | None = None
) -> tuple[Share, ...]:
    """The plain concepts that cover much of these positions, given by atom, and more than usual.

    They are ranked by ``share * log(share / usual share)``, their part of the divergence between
    these positions and all; concepts of ``but`` are left out.
    """
    table = matcher.table
    share, usual = _shares(matcher, positions), _shares(matcher, matcher.sizes)
    if table.bases:
        share[np.array(table.bases) >= 0] = 0
    if but is not None:
        share[but] = 0
    telling = (share >= _LEAST_SHARE) & (share >= _LEAST_LIFT * usual)
    rank = np.where(telling, share * np.log(np.maximum(share, 1e-12) / np.maximum(usual, 1e-12)), 0)
    most = np.argsort(-rank, kind="stable")[:n]
    return tuple(
        Share(table.names[c], float(share[c]), float(usual[c])) for c in most if rank[c] > 0
    )


def _shares(matcher: Matcher, positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of some positions, given by atom, that each concept covers, where it is known."""
    table = matcher.table
    per_entry = np.repeat(positions, np.diff(table.indptr))
    looked = np.full(table.n_concepts, positions.sum())
    if matcher.there is not None and table.known is not None:
        known = table.known_concepts
        assert known is not None
        pattern = table.known.pattern
        per_entry = per_entry * known[np.repeat(pattern, np.diff(table.indptr)), table.indices]
        looked = np.bincount(pattern, positions, minlength=len(known)) @ known
    covered = np.bincount(table.indices, per_entry, minlength=table.n_concepts)
    shares: NDArray[np.float64] = covered / np.maximum(looked, 1)
    return shares
