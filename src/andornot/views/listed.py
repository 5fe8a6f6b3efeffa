"""The units of a layer as lists need them, and what the list of units searches and sorts by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Protocol

from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.formula_forms import kind_of
from andornot.results.explanation import Explanation
from andornot.views.class_links import ClassLinks
from andornot.views.parts import FormulaPart
from andornot.views.plain import View
from andornot.views.unit_links import UnitLink
from andornot.views.wording import better_than_chance, held_out_iou


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
        """A unit's formula, part by part; None where that is not known."""

    @property
    def responses(self) -> Responses:
        """Active positions of each unit by atom."""

    @property
    def table(self) -> ConceptTable | None:
        """The concepts; None where they were not given."""

    @property
    def links(self) -> ClassLinks | None:
        """How units go together with classes; None where no class is known."""


@dataclass(frozen=True)
class UnitRow(View):
    """A unit in the list of all units.

    Attributes:
        layer: its layer's place among those that are shown.
        unit: its number.
        formula: its formula, as text; None where there is none.
        status: why there is no formula; empty where there is one.
        iou: intersection over union, to four decimals.
        gain: what the longest formulas add to the IoU of one concept, likewise.
        active: share of the positions on which it is active.
        length: concepts in its formula.
        kind: the sort of its formula.
        categories: those of its concepts, by their places among all categories.
        classes: the classes that it feeds, by number.
        chance: the keys of ``wording.BETTER`` that are true of it.
        held: held-out IoU; None where that is not known.
        example: the sentences that excite it most; empty where there are none.
    """

    layer: int
    unit: int
    formula: str | None
    status: str
    iou: float
    gain: float
    active: float
    length: int
    kind: str
    categories: tuple[int, ...]
    classes: tuple[int, ...]
    chance: tuple[str, ...]
    held: float | None
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
    return UnitList(
        layers=tuple(context.layer for context in contexts),
        categories=categories,
        classes=() if links is None else links.names,
        are_weights=None if links is None else links.are_weights,
        units=tuple(
            row
            for number, context in enumerate(contexts)
            for row in _rows(context, number, categories)
        ),
    )


def _rows(context: Listed, number: int, categories: Sequence[str]) -> list[UnitRow]:
    """A row for each unit of the layer with this number."""
    place = {name: i for i, name in enumerate(categories)}
    return [
        _row(context, ref, e, number, place)
        for ref, e in zip(context.refs, context.explanations, strict=True)
    ]


def _row(
    context: Listed, ref: UnitLink, e: Explanation, number: int, place: dict[str, int]
) -> UnitRow:
    has_formula, outside = e.formula is not None, held_out_iou(e)
    ious = e.by_length
    return UnitRow(
        layer=number,
        unit=ref.unit,
        formula=ref.formula,
        status="" if has_formula else ref.status,
        iou=round(ref.iou, 4),
        gain=round(ious[-1] - ious[0], 4) if has_formula else 0,
        active=(e.counts.tp + e.counts.fn) / max(sum(astuple(e.counts)), 1),
        length=0 if e.formula is None else e.formula.length,
        kind="" if e.formula is None else kind_of(e.formula),
        categories=_categories(context.table, e, place),
        classes=() if context.links is None else tuple(context.links.fed(ref.unit)),
        chance=better_than_chance(e),
        held=None if outside is None else round(outside, 4),
        example=ref.example,
    )


def _categories(
    table: ConceptTable | None, e: Explanation, place: dict[str, int]
) -> tuple[int, ...]:
    """The categories of a unit's concepts, by place."""
    if e.formula is None or table is None:
        return ()
    columns = [table.index(name) for name in e.formula.concepts]
    return tuple(sorted({place[c] for column in columns for c in table.categories[column]}))
