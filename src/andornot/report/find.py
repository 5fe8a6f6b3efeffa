"""The index that the search of a report reads, and the rows of its table of concepts.

Each is one script, read when it is needed. ``static/search.js`` says what a query means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from andornot.report.addresses import Addresses
from andornot.views.answers import LayerAnswers
from andornot.views.classes import ClassView
from andornot.views.concepts import ConceptView
from andornot.views.findable import Signed
from andornot.views.judged import INSTEAD
from andornot.views.listed import UnitList
from andornot.views.parts import ROLES

LONGEST: Final = 200
"""Characters of a sample that are searched."""

_PAGES: Final = (
    ("Overview", "index.html", "summary headline how it was made tables download"),
    ("Units", "units.html", "gallery all units"),
    ("Compare", "compare.html", "two units side by side nearest overlap of masks"),
    ("Concepts", "concepts.html", "vocabulary table of concepts"),
    ("Classes", "classes.html", "labels predictions"),
    ("Analyses", "analyses.html", "questions tables statistics"),
)
"""Pages: name, address, and further words to find each by."""


@dataclass(frozen=True)
class SampleIndex:
    """Which units' pages show a sample: units by their place in the list of all units."""

    shown: dict[str, list[int]] = field(default_factory=dict)

    def add(self, text: str, unit: int) -> None:
        """A sample that is shown for a unit; once for each unit."""
        if not (text := " ".join(text.split())[:LONGEST]):
            return
        own = self.shown.setdefault(text, [])
        if not own or own[-1] != unit:
            own.append(unit)


def search_index(
    units: UnitList,
    signed: Sequence[Signed],
    concepts: Sequence[ConceptView],
    classes: Sequence[ClassView],
    answers: Sequence[LayerAnswers],
    samples: SampleIndex,
    called: str,
    addresses: Addresses,
    nav: Sequence[str],
) -> dict[str, Any]:
    """All that can be found, without what is not needed to find it.

    Args:
        units: the list of all units.
        signed: the concepts of each unit's formula, with whether they stand after NOT.
        concepts: all concepts; none where they are not known.
        classes: all classes.
        answers: what the analyses found.
        samples: which units' pages show each sample.
        called: what samples are called, in the plural.
        addresses: where pages lie.
        nav: the pages that there are.
    """
    names = {name: n for n, name in enumerate(sorted({n for own in signed for n, _ in own}), 1)}
    return {
        "layers": units.layers,
        "verdicts": _verdicts(units),
        "called": called.capitalize(),
        "instead": INSTEAD,
        "names": list(names),
        "units": [
            [
                row.layer, row.unit, row.place, row.formula, row.verdict, row.kind or row.status,
                [-names[name] if negated else names[name] for name, negated in own],
                addresses.unit(units.layers[row.layer], row.unit), row.extent,
            ]
            for row, own in zip(units.units, signed, strict=True)
        ],
        "concepts": [
            [v.name, v.category, len(v.uses), addresses.concept(v.name) if v.has_page else ""]
            for v in concepts
        ],
        "samples": list(samples.shown.items()),
        "classes": [[view.name, addresses.class_(view.number)] for view in classes],
        "pages": [page for page in (*_analyses(answers, addresses), *_PAGES) if _there(page, nav)],
    }  # fmt: skip


def _verdicts(units: UnitList) -> list[str]:
    """The verdicts that there are, best first."""
    placed = sorted(units.units, key=lambda row: row.place)
    return list(dict.fromkeys(row.verdict for row in placed if row.verdict))


def _analyses(answers: Sequence[LayerAnswers], addresses: Addresses) -> list[tuple[str, str, str]]:
    """The questions that were answered, of each layer."""
    several = len(answers) > 1
    return [
        (
            f"{answer.title}{f' ({own.layer})' if several else ''}",
            f"analyses.html#{addresses.slugs[own.layer]}-{answer.name}",
            answer.name,
        )
        for own in answers
        for answer in own.answers
    ]


def _there(page: tuple[str, str, str], nav: Sequence[str]) -> bool:
    return page[1].partition("#")[0] in nav


def concept_rows(concepts: Sequence[ConceptView], addresses: Addresses) -> dict[str, Any]:
    """The table of concepts, as its script reads it: first what formulas name, then by held out."""
    return {"rows": [concept_row(view, addresses) for view in ordered(concepts)]}


def ordered(concepts: Sequence[ConceptView]) -> list[ConceptView]:
    """Concepts by uses, then by what the best unit is worth held out, then by name."""
    return sorted(concepts, key=lambda v: (-len(v.uses), -(v.held_out or 0), v.name))


def concept_row(view: ConceptView, addresses: Addresses) -> Mapping[str, Any]:
    """A concept in that table; what is not known is left out."""
    best = view.best[0] if view.best else None
    row = {
        "name": view.name,
        "category": view.category,
        "href": addresses.concept(view.name) if view.has_page else "",
        "share": view.share,
        "samples": view.n_samples,
        "held": view.held_out,
        "best": best and f"unit {best.unit.unit}",
        "layer": best and best.unit.layer,
        "unit": best and addresses.unit(best.unit.layer, best.unit.unit),
        "iou": best and best.iou,
        "uses": len(view.uses),
        "roles": ", ".join(f"{n} {role}" for role in ROLES if (n := view.n_uses(role))),
    }
    return {name: _short(value) for name, value in row.items() if value not in (None, "")}


def _short(value: Any) -> Any:
    """Four digits are more than a table shows."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
