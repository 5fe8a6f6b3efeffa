"""Concepts: on what each holds, for which units it stands, and which units detect it best."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andornot._tools.words import count
from andornot.concepts.table import ConceptTable
from andornot.concepts.twins import equal_columns
from andornot.measures.detection import NONE, Detectors, detectors
from andornot.results.explanation import Explanation, Twins
from andornot.results.verdict import Support
from andornot.views.judged import DOUBTFUL
from andornot.views.listed import Listed, places
from andornot.views.parts import ROLES, FormulaPart
from andornot.views.plain import View
from andornot.views.unit import plain_concepts
from andornot.views.unit_links import UnitLink

_UNITS: Final = 10
"""Units that a concept alone describes best."""

MOST_PAGES: Final = 2_000
"""Concepts with a page of their own, at most, besides those that formulas name."""


@dataclass(frozen=True)
class Use(View):
    """A unit that names a concept: in which role, and how well the concept alone fits it."""

    unit: UnitLink
    role: str
    iou: float


@dataclass(frozen=True)
class Detector(View):
    """A unit that a concept alone describes: IoU on all samples, least and largest over folds.

    ``low`` and ``high`` are None where there are no folds in which either holds.
    """

    unit: UnitLink
    iou: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ConceptView(View):
    """A concept.

    Attributes:
        name: of the concept.
        number: its place in the table.
        category: its categories.
        members: what it is the union of, if it is a derived concept.
        n_positions: on how many positions it holds.
        share: the same as a share of all positions.
        n_samples: on how many samples it holds somewhere; None where that is not known.
        uses: the units whose formulas name it, by role, then by verdict and gain.
        best: units that it alone describes best; those of whose own formula there is too little
            data or that is no more than chance come last.
        held_out: IoU of the best unit, chosen outside each fold and scored in it; None where
            nothing was held out.
        held_out_says: the same in a sentence, or why there is none.
        has_page: whether it has a page of its own.
        twins: that others hold on the very same positions, as ``asked = refund``; empty where
            none does.
    """

    name: str
    number: int
    category: str
    members: tuple[str, ...]
    n_positions: int
    share: float
    n_samples: int | None
    uses: tuple[Use, ...]
    best: tuple[Detector, ...]
    held_out: float | None
    held_out_says: str
    has_page: bool = True
    twins: str = ""

    def n_uses(self, role: str) -> int:
        """How many units name it in a role."""
        return sum(use.role == role for use in self.uses)


def concept_views(table: ConceptTable, contexts: Sequence[Listed]) -> list[ConceptView]:
    """A view of each concept, in the order of the table.

    Args:
        table: the concepts.
        contexts: the layers.
    """
    uses = _all_uses(table, contexts)
    found = _Found.of(table, contexts)
    twins = equal_columns(table)
    samples = None if table.positions is None else table.sample_counts
    views = [
        ConceptView(
            name=name,
            number=column,
            category=" + ".join(table.categories[column]) or "none",
            members=() if (members := plain_concepts(table, name)) == (name,) else members,
            n_positions=int(table.concept_counts[column]),
            share=int(table.concept_counts[column]) / max(table.n_positions, 1),
            n_samples=None if samples is None else int(samples[column]),
            uses=uses.get(name, ()),
            best=found.best(column),
            held_out=found.held_out(column),
            held_out_says=found.says(column),
            twins=str(Twins.of(name, equal)) if (equal := twins.get(name)) else "",
        )
        for column, name in enumerate(table.names)
    ]
    return _with_pages(views)


def _with_pages(views: Sequence[ConceptView]) -> list[ConceptView]:
    """Who has a page: what formulas name, then what some unit detects best held out."""
    first = sorted(views, key=lambda v: (not v.uses, -(v.held_out or 0), v.number))[:MOST_PAGES]
    numbers = {view.number for view in first}
    return [replace(v, has_page=bool(v.uses) or v.number in numbers) for v in views]


def _all_uses(table: ConceptTable, contexts: Sequence[Listed]) -> dict[str, tuple[Use, ...]]:
    """The units that name each concept, by role, then as lists have them."""
    roles = list(ROLES)
    found: dict[str, list[tuple[int, int, Use]]] = defaultdict(list)
    for context, order in zip(contexts, places(contexts), strict=True):
        for ref, e, place in zip(context.refs, context.explanations, order, strict=True):
            for name, use in _uses(ref, context.tree(e)):
                found[table.names[table.index(name)]].append((roles.index(use.role), place, use))
    return {
        name: tuple(use for *_, use in sorted(own, key=lambda found: found[:2]))
        for name, own in found.items()
    }


def _uses(ref: UnitLink, tree: FormulaPart | None) -> list[tuple[str, Use]]:
    """The concepts of a unit's formula, each once for each of its roles."""
    if tree is None:
        return []
    found = {(part.concept, part.role): part.iou for part in tree.concepts()}
    return [(name, Use(ref, role, iou)) for (name, role), iou in found.items()]


@dataclass(frozen=True, eq=False)
class _Found:
    """What was found of all layers together.

    Attributes:
        layers: the units that detect each concept best, layer by layer.
        refs: the units of all layers, one layer after another.
        choice: the best of them all, held out.
        n_able: how many may be chosen.
    """

    layers: tuple[tuple[Sequence[UnitLink], Detectors], ...]
    refs: tuple[UnitLink, ...]
    choice: Detectors
    n_able: int

    @classmethod
    def of(cls, table: ConceptTable, contexts: Sequence[Listed]) -> _Found:
        """Layer by layer, so that no two are held at once."""
        layers: list[tuple[Sequence[UnitLink], Detectors]] = []
        refs: list[UnitLink] = []
        n_able = 0
        choice: Detectors | None = None
        for context in contexts:
            able = list(map(_has_enough, context.explanations))
            doubtful = [ref.judged.look == DOUBTFUL for ref in context.refs]
            responses = context.responses.select(context.units)
            own = detectors(responses, table, doubtful, able, _UNITS, known_only=context.known_only)
            choice = own if choice is None else choice.better_of(own, len(refs))
            layers.append((context.refs, own))
            refs += context.refs
            n_able += sum(able)
        assert choice is not None
        return cls(tuple(layers), tuple(refs), choice, n_able)

    def best(self, column: int) -> tuple[Detector, ...]:
        """The units that a concept alone describes best."""
        found = [
            Detector(refs[unit], float(iou), *_range(in_folds, own.used))
            for refs, own in self.layers
            for unit, iou, in_folds in zip(
                own.units[column].tolist(), own.ious[column], own.fold_ious[column], strict=True
            )
            if unit != NONE
        ]
        order = sorted(found, key=lambda d: (d.unit.judged.look == DOUBTFUL, -d.iou))
        return tuple(order[:_UNITS])

    @cached_property
    def _held_out(self) -> NDArray[np.float64] | None:
        return self.choice.held_out if self.n_able else None

    def held_out(self, column: int) -> float | None:
        """IoU of the best unit, held out."""
        value = math.nan if self._held_out is None else float(self._held_out[column])
        return None if math.isnan(value) else value

    def says(self, column: int) -> str:
        """The same in a sentence."""
        if not self.n_able:
            return "No unit has enough active positions to be called the best for it."
        if self._held_out is None:
            return (
                "These samples are in no folds, so nothing could be held out: the best of "
                f"{count(self.n_able, 'unit')} has a high IoU by the choice alone."
            )
        if (iou := self.held_out(column)) is None:
            return "It holds nowhere in these samples."
        return (
            f"In each fold the best of {count(self.n_able, 'unit')}, whatever their verdicts, was "
            "chosen on the other samples: on those of the fold, its IoU with the concept alone "
            f"is {iou:.3f}{self._who(column)}. That is what the choice is worth; the held-out "
            "number of a unit is of its own formula."
        )

    def _who(self, column: int) -> str:
        """Which units the folds chose, after a comma."""
        chosen = self.choice.chosen[column, self.choice.used]
        units = list(dict.fromkeys(chosen[chosen != NONE].tolist()))
        if len(units) == 1 and (chosen != NONE).all():
            ref = self.refs[units[0]]
            layer = f"{ref.layer}, " if len(self.layers) > 1 else ""
            return f"; all {len(chosen)} folds chose {layer}unit {ref.unit}"
        return f"; {len(chosen)} folds chose {count(len(units), 'unit')}" if units else ""


def _has_enough(e: Explanation) -> bool:
    """Whether a unit has enough active positions for its IoU to say something."""
    return (e.support or Support(e.counts.tp + e.counts.fn)).is_enough


def _range(
    in_folds: NDArray[np.float64], used: NDArray[np.bool_]
) -> tuple[float | None, float | None]:
    """The least and the largest over folds; None where there are not two folds."""
    known = in_folds[~np.isnan(in_folds)]
    if used.sum() < 2 or not len(known):
        return None, None
    return float(known.min()), float(known.max())
