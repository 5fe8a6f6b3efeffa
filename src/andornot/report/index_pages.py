"""The pages of concepts and of classes, and the list that the gallery searches, as data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from andornot._tools.words import count
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.data.classes import match_classes
from andornot.formula_forms import kind_of
from andornot.report.attacks import AttackNote
from andornot.report.layer_context import Chapter, ClassLinks
from andornot.report.unit_links import UnitRef
from andornot.results.explanation import Explanation
from andornot.views.formula_tree import ROLES, Part
from andornot.views.neighbours import best_units
from andornot.views.unit import plain_concepts
from andornot.views.wording import better_than_chance, held_out_iou

_UNITS: Final = 10
"""Units for a class, and as many against it."""


class Listed(Protocol):
    """The units of a layer as lists need them, of a run or of arrays."""

    @property
    def units(self) -> Sequence[int]:
        """The units to show, by their rows in the responses."""

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """Those of these units."""

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
class Use:
    """A unit that names a concept: in which role, and how well the concept alone fits it."""

    unit: UnitRef
    role: str
    iou: float


@dataclass(frozen=True)
class ConceptPage:
    """A concept that some formula names.

    Attributes:
        name: of the concept.
        href: its page, from the report's folder.
        category: its categories.
        members: what it is the union of, if it is a derived concept.
        n_positions: on how many positions it holds.
        share: the same as a share of all positions.
        uses: the units whose formulas name it, by role, best first.
        best: units that it alone describes best, with the IoU.
    """

    name: str
    href: str
    category: str
    members: tuple[str, ...]
    n_positions: int
    share: float
    uses: tuple[Use, ...]
    best: tuple[tuple[UnitRef, float], ...]

    def n_uses(self, role: str) -> int:
        """How many units name it in a role."""
        return sum(use.role == role for use in self.uses)


def concept_href(table: ConceptTable, name: str) -> str:
    """The page of a concept that some formula names."""
    return f"concept/{table.index(name):05d}.html"


def class_href(c: int) -> str:
    """The page of a class, by its number."""
    return f"class/{c:04d}.html"


def concept_pages(
    table: ConceptTable,
    chapters: Sequence[tuple[Listed, Sequence[UnitRef], Mapping[int, Part]]],
) -> list[ConceptPage]:
    """A page for each concept that formulas name, in the order of the table.

    Args:
        table: the concepts.
        chapters: each layer with its units, and their formulas as trees by number of the unit.
    """
    uses: dict[int, list[Use]] = defaultdict(list)
    for _, refs, trees in chapters:
        for ref in refs:
            for name, use in _uses(ref, trees.get(ref.unit)):
                uses[table.index(name)].append(use)
    columns = sorted(uses)
    best: dict[int, list[tuple[UnitRef, float]]] = defaultdict(list)
    for chapter, refs, _ in chapters:
        found = best_units(chapter.responses, chapter.units, table, columns)
        for column, matches in zip(columns, found, strict=True):
            best[column] += [(refs[match.index], match.score) for match in matches]
    return [_concept_page(table, column, uses[column], best[column]) for column in columns]


def _uses(ref: UnitRef, tree: Part | None) -> list[tuple[str, Use]]:
    """The concepts of a unit's formula, each once for each of its roles."""
    if tree is None:
        return []
    found = {(part.concept, part.role): part.iou for part in tree.concepts()}
    return [(name, Use(ref, role, iou)) for (name, role), iou in found.items()]


def _concept_page(
    table: ConceptTable,
    column: int,
    uses: Sequence[Use],
    best: Sequence[tuple[UnitRef, float]],
) -> ConceptPage:
    name, n = table.names[column], int(table.concept_counts[column])
    members = plain_concepts(table, name)
    order = list(ROLES)
    return ConceptPage(
        name=name,
        href=concept_href(table, name),
        category=" + ".join(table.categories[column]) or "none",
        members=() if members == (name,) else members,
        n_positions=n,
        share=n / max(table.n_positions, 1),
        uses=tuple(sorted(uses, key=lambda u: (order.index(u.role), -u.unit.iou, u.unit.unit))),
        best=tuple(sorted(best, key=lambda found: -found[1])[:_UNITS]),
    )


@dataclass(frozen=True)
class Links:
    """Units that go with a class: which, and by what quantity."""

    heading: str
    quantity: str
    rows: tuple[tuple[UnitRef, float], ...]


@dataclass(frozen=True)
class ClassPage:
    """A class of the network.

    Attributes:
        name: of the class.
        href: its page, from the report's folder.
        sentences: how often it occurs and is predicted.
        links: the units that go with it, layer by layer and quantity by quantity.
        attacks: what was tried to lead samples to it, or away from it.
    """

    name: str
    href: str
    sentences: tuple[str, ...]
    links: tuple[Links, ...]
    attacks: tuple[AttackNote, ...]


def class_pages(
    samples: pd.DataFrame,
    chapters: Sequence[tuple[Chapter, Sequence[UnitRef]]],
    attacks: Sequence[AttackNote],
) -> list[ClassPage]:
    """A page for each class of the network; none where classes are not known."""
    linked = [(chapter, refs) for chapter, refs in chapters if chapter.links is not None]
    if not linked:
        return []
    names = linked[0][0].links.names if linked[0][0].links else ()
    labels = match_classes(list(samples["class"]), names)
    # a network with a single class gives everything that class
    known = "prediction" in samples and len(names) > 1
    said = samples["prediction"].to_numpy() if known else None
    return [
        ClassPage(
            name=name,
            href=class_href(c),
            sentences=_about_class(None if said is None else said == c, labels == c),
            links=tuple(
                link for chapter, refs in linked for link in _links(chapter, refs, c, len(linked))
            ),
            attacks=tuple(note for note in attacks if name in (note.target, note.source)),
        )
        for c, name in enumerate(names)
    ]


def _about_class(said: NDArray[np.bool_] | None, own: NDArray[np.bool_]) -> tuple[str, ...]:
    """How often a class is predicted, and how often rightly.

    Args:
        said: bool ``(n_samples,)``, where the network sees it; None if that is not known.
        own: which samples are of it.
    """
    if said is None:
        return ()
    found = [f"The network sees it in {int(said.sum()):,} of {count(len(said), 'sample')}."]
    if n := int(own.sum()):
        right = int((own & said).sum())
        found.append(
            f"{count(n, 'sample')} {'is' if n == 1 else 'are'} of this class; the network is right "
            f"on {right:,} of them ({right / n:.0%})."
        )
    return tuple(found)


def _links(chapter: Chapter, refs: Sequence[UnitRef], c: int, n_layers: int) -> list[Links]:
    """The units of a layer for a class and against it."""
    if chapter.links is None:
        return []
    values = np.nan_to_num(chapter.links.values[c, list(chapter.units)])
    weights = chapter.links.are_weights
    quantity = "weight" if weights else "correlation"
    of_layer = f" ({chapter.layer})" if n_layers > 1 else ""
    speak = "Units that speak {} it" if weights else "Units that go {} its prediction"
    found = []
    for sign, words in ((1, ("for", "with")), (-1, ("against", "against"))):
        order = np.argsort(-sign * values, kind="stable")[:_UNITS]
        rows = tuple((refs[i], float(values[i])) for i in order if sign * values[i] > 0)
        heading = speak.format(words[0 if weights else 1]) + of_layer
        found += [Links(heading, quantity, rows)] if rows else []
    return found


def gallery_rows(
    chapter: Listed, refs: Sequence[UnitRef], number: int, categories: Sequence[str]
) -> list[dict[str, Any]]:
    """What the gallery searches and sorts by, a plain row for each unit.

    Args:
        chapter: the layer.
        refs: its units.
        number: the layer's place among the report's layers.
        categories: all categories of concepts; rows name them by their place here.
    """
    table, links = chapter.table, chapter.links
    place = {name: i for i, name in enumerate(categories)}
    rows = []
    for ref, e in zip(refs, chapter.explanations, strict=True):
        kinds = set()
        if e.formula is not None and table is not None:
            columns = [table.index(name) for name in e.formula.concepts]
            kinds = {place[c] for column in columns for c in table.categories[column]}
        ious = e.by_length
        row = {
            "layer": number,
            "unit": ref.unit,
            "href": ref.href,
            "formula": ref.formula,
            "status": "" if e.formula is not None else ref.status,
            "iou": round(ref.iou, 4),
            "gain": round(ious[-1] - ious[0], 4) if e.formula is not None else 0,
            "active": (e.counts.tp + e.counts.fn) / max(sum(astuple(e.counts)), 1),
            "length": 0 if e.formula is None else e.formula.length,
            "kind": "" if e.formula is None else kind_of(e.formula),
            "categories": sorted(kinds),
            "classes": [] if links is None else links.fed(ref.unit),
            "chance": list(better_than_chance(e)),
        }
        if (outside := held_out_iou(e)) is not None:
            row["held"] = round(outside, 4)
        if ref.thumb is not None:
            row |= {"image": ref.thumb.file, "overlay": ref.thumb.overlay}
        rows.append(row | ({"example": ref.example} if ref.example else {}))
    return rows
