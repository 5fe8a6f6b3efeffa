"""The units of a layer as lists need them, and what the list of units searches and sorts by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Protocol

from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.formula import Formula
from andornot.formula_forms import kind_of
from andornot.results.explanation import Explanation
from andornot.results.verdict import listed
from andornot.views.class_links import ClassLinks
from andornot.views.parts import FormulaPart
from andornot.views.plain import View
from andornot.views.unit_links import UnitLink


class Listed(Protocol):
    """The units of a layer as lists need them, of a run or of arrays."""

    @property
    def layer(self) -> str:
        """The layer's name."""

    @property
    def units(self) -> Sequence[int]:
        """The units to show, by their rows in the responses."""

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """Those of these units."""

    @property
    def refs(self) -> Sequence[UnitLink]:
        """The same as other views point at them."""

    def tree(self, e: Explanation) -> FormulaPart | None:
        """The formula that is shown of a unit, part by part; None where that is not known."""

    @property
    def responses(self) -> Responses:
        """Active positions of each unit by atom."""

    @property
    def table(self) -> ConceptTable | None:
        """The concepts; None where they were not given."""

    @property
    def known_only(self) -> bool:
        """Whether formulas are scored only where all their concepts are known."""

    @property
    def links(self) -> ClassLinks | None:
        """How units go together with classes; None where no class is known."""


@dataclass(frozen=True)
class UnitRow(View):
    """A unit in the list of all units.

    Attributes:
        layer: its layer's place among those that are shown.
        unit: its number.
        formula: the formula that is shown, as text; None where there is none.
        status: why there is no formula; empty where there is one.
        verdict: how far it can be relied on, in a word.
        look: how it looks (see ``judged.VerdictView``).
        extent: how much of the unit it explains, in two words; empty where it may be chance.
        why: what makes it chance, in a few words; empty for other verdicts.
        place: its place among the units of all layers, by verdict, then by gain.
        iou: intersection over union, to four decimals.
        gain: what the longest formulas add to the IoU of one concept, likewise.
        active: share of the positions on which it is active.
        length: concepts in that formula.
        kind: the sort of its formula.
        categories: those of its concepts, by their places among all categories.
        classes: the classes that it feeds, by number.
        held: held-out IoU; None where that is not known.
        chance: the same where there is nothing to find, likewise.
        example: the sentences that excite it most; empty where there are none.
    """

    layer: int
    unit: int
    formula: str | None
    status: str
    verdict: str
    look: str
    extent: str
    why: str
    place: int
    iou: float
    gain: float
    active: float
    length: int
    kind: str
    categories: tuple[int, ...]
    classes: tuple[int, ...]
    held: float | None
    chance: float | None
    example: str


@dataclass(frozen=True)
class UnitList(View):
    """All units of all layers, as one searches them.

    Attributes:
        layers: names of the layers.
        categories: all categories of concepts.
        classes: names of the classes, where they are known.
        are_weights: whether units go with classes by connection weights, else by correlations;
            None where no class is known.
        units: a row for each unit.
    """

    layers: tuple[str, ...]
    categories: tuple[str, ...]
    classes: tuple[str, ...]
    are_weights: bool | None
    units: tuple[UnitRow, ...]


def unit_list(table: ConceptTable | None, contexts: Sequence[Listed]) -> UnitList:
    """The list of all units.

    Args:
        table: the concepts; None where they were not given.
        contexts: the layers.
    """
    kinds = () if table is None else table.categories
    categories = tuple(sorted({category for own in kinds for category in own}))
    links = next((context.links for context in contexts if context.links), None)
    order = places(contexts)
    return UnitList(
        layers=tuple(context.layer for context in contexts),
        categories=categories,
        classes=() if links is None else links.names,
        are_weights=None if links is None else links.are_weights,
        units=tuple(
            row
            for number, context in enumerate(contexts)
            for row in _rows(context, number, categories, order[number])
        ),
    )


def places(contexts: Sequence[Listed]) -> list[list[int]]:
    """The place of each unit of each layer in a list of the units of all layers."""
    # by identity: units of two layers have one number, and may be equal
    order = listed(e for context in contexts for e in context.explanations)
    place = {id(e): i for i, e in enumerate(order)}
    return [[place[id(e)] for e in context.explanations] for context in contexts]


def _rows(
    context: Listed, number: int, categories: Sequence[str], order: Sequence[int]
) -> list[UnitRow]:
    """A row for each unit of the layer with this number."""
    column = {name: i for i, name in enumerate(categories)}
    return [
        replace(_row(context, ref, e, column), layer=number, place=place)
        for ref, e, place in zip(context.refs, context.explanations, order, strict=True)
    ]


def _row(context: Listed, ref: UnitLink, e: Explanation, column: dict[str, int]) -> UnitRow:
    """A row for a unit, as if it were the first of the first layer."""
    formula = None if e.shown is None else e.shown.formula
    ious, judged = e.by_length, ref.judged
    return UnitRow(
        layer=0,
        unit=ref.unit,
        formula=ref.formula,
        status="" if formula else ref.status,
        verdict=judged.verdict,
        look=judged.look,
        extent=judged.how_much,
        why=judged.why,
        place=0,
        iou=round(ref.iou, 4),
        gain=round(ious[-1] - ious[0], 4) if formula else 0,
        active=(e.counts.tp + e.counts.fn) / max(sum(astuple(e.counts)), 1),
        length=0 if formula is None else formula.length,
        kind="" if formula is None else kind_of(formula),
        categories=_categories(context.table, formula, column),
        classes=() if context.links is None else tuple(context.links.fed(ref.unit)),
        held=_rounded(judged.held_out),
        chance=_rounded(judged.chance),
        example=ref.example,
    )


def _rounded(iou: float | None) -> float | None:
    return None if iou is None else round(iou, 4)


def _categories(
    table: ConceptTable | None, formula: Formula | None, column: dict[str, int]
) -> tuple[int, ...]:
    """The categories of a formula's concepts, by their places among all."""
    if formula is None or table is None:
        return ()
    own = [table.index(name) for name in formula.concepts]
    return tuple(sorted({column[c] for concept in own for c in table.categories[concept]}))
