"""A concept that formulas name: on what it holds, and for which units it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from andornot.concepts.table import ConceptTable
from andornot.concepts.twins import equal_columns
from andornot.results.explanation import Twins
from andornot.views.judged import DOUBTFUL
from andornot.views.listed import Listed, places
from andornot.views.neighbours import best_units
from andornot.views.parts import ROLES, FormulaPart
from andornot.views.plain import View
from andornot.views.unit import plain_concepts
from andornot.views.unit_links import UnitLink

_UNITS: Final = 10
"""Units that a concept alone describes best."""


@dataclass(frozen=True)
class Use(View):
    """A unit that names a concept: in which role, and how well the concept alone fits it."""

    unit: UnitLink
    role: str
    iou: float


@dataclass(frozen=True)
class ConceptView(View):
    """A concept that some formula names.

    Attributes:
        name: of the concept.
        number: its place in the table.
        category: its categories.
        members: what it is the union of, if it is a derived concept.
        n_positions: on how many positions it holds.
        share: the same as a share of all positions.
        uses: the units whose formulas name it, by role, then by verdict and gain.
        best: units that it alone describes best, with the IoU; those of whose own formula there is
            too little data or that is no more than chance come last.
        twins: that others hold on the very same positions, as ``asked = refund``; empty where
            none does.
    """

    name: str
    number: int
    category: str
    members: tuple[str, ...]
    n_positions: int
    share: float
    uses: tuple[Use, ...]
    best: tuple[tuple[UnitLink, float], ...]
    twins: str = ""

    def n_uses(self, role: str) -> int:
        """How many units name it in a role."""
        return sum(use.role == role for use in self.uses)


def concept_views(table: ConceptTable, contexts: Sequence[Listed]) -> list[ConceptView]:
    """A view of each concept that formulas name, in the order of the table.

    Args:
        table: the concepts.
        contexts: the layers.
    """
    uses: dict[int, list[Use]] = defaultdict(list)
    place = {
        (ref.layer, ref.unit): own
        for context, order in zip(contexts, places(contexts), strict=True)
        for ref, own in zip(context.refs, order, strict=True)
    }
    for context in contexts:
        for ref, e in zip(context.refs, context.explanations, strict=True):
            for name, use in _uses(ref, context.tree(e)):
                uses[table.index(name)].append(use)
    columns = sorted(uses)
    best: dict[int, list[tuple[UnitLink, float]]] = defaultdict(list)
    for context in contexts:
        doubtful = [ref.judged.look == DOUBTFUL for ref in context.refs]
        found = best_units(context.responses, context.units, table, columns, doubtful)
        for column, matches in zip(columns, found, strict=True):
            best[column] += [(context.refs[match.index], match.score) for match in matches]
    twins = equal_columns(table)
    return [
        _concept_view(
            table, column, uses[column], best[column], twins.get(table.names[column]), place
        )
        for column in columns
    ]


def _uses(ref: UnitLink, tree: FormulaPart | None) -> list[tuple[str, Use]]:
    """The concepts of a unit's formula, each once for each of its roles."""
    if tree is None:
        return []
    found = {(part.concept, part.role): part.iou for part in tree.concepts()}
    return [(name, Use(ref, role, iou)) for (name, role), iou in found.items()]


def _concept_view(
    table: ConceptTable,
    column: int,
    uses: Sequence[Use],
    best: Sequence[tuple[UnitLink, float]],
    equal: Sequence[str] | None,
    place: Mapping[tuple[str, int], int],
) -> ConceptView:
    """A concept; ``place`` is that of each unit in lists."""
    name, n = table.names[column], int(table.concept_counts[column])
    members = plain_concepts(table, name)
    order = list(ROLES)
    return ConceptView(
        name=name,
        number=column,
        category=" + ".join(table.categories[column]) or "none",
        members=() if members == (name,) else members,
        n_positions=n,
        share=n / max(table.n_positions, 1),
        uses=tuple(
            sorted(uses, key=lambda u: (order.index(u.role), place[u.unit.layer, u.unit.unit]))
        ),
        best=tuple(sorted(best, key=lambda f: (f[0].judged.look == DOUBTFUL, -f[1]))[:_UNITS]),
        twins=str(Twins.of(name, equal)) if equal else "",
    )
