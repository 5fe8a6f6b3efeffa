"""Write a report: a folder of pages on all units of a run, or on explanations of arrays.

OUT/index.html              overview
OUT/units.html, units.js    gallery of the units, and the list that it searches
OUT/unit/LAYER-NUMBER.html  a page for each unit
OUT/compare.html            two units side by side; compare/LAYER-NUMBER.js for each
OUT/concepts.html, concepts.js  all concepts; concept/NUMBER.html for each, up to a number
OUT/classes.html            classes of the network; class/NUMBER.html for each
OUT/analyses.html           what the analyses found
OUT/find.js                 what the search finds, read when it is first used
OUT/images/                 images, each once
OUT/tables/                 tables as CSV and Parquet
OUT/static/                 style sheet and script

The folder opens from the disk in any browser, and asks nothing of any network. Of arrays there are
no classes, no analyses and no images, and without a concept table no concepts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from andornot._tools.files import writing
from andornot._tools.progress import track
from andornot._tools.whole_folders import check_whole, whole_folder
from andornot.errors import OptionError
from andornot.report.addresses import COMPARE, Addresses, slugs
from andornot.report.compared import BESIDE, CLOSEST, write_compared, write_compared_list
from andornot.report.find import SampleIndex, concept_row, concept_rows, ordered, search_index
from andornot.report.folder import TOP, copy_static, load_template, write_list
from andornot.report.pictures import Thumb, store_sheets
from andornot.report.samples import SamplePages
from andornot.views.answers import LayerAnswers
from andornot.views.attacks import AttackView, attack_view, check_attacks
from andornot.views.classes import ClassView
from andornot.views.collection import Views, run_views
from andornot.views.concepts import ConceptView
from andornot.views.formula_steps import MOST_STEPS
from andornot.views.given import Run
from andornot.views.judged import INSTEAD
from andornot.views.listed import UnitList, UnitRow
from andornot.views.parts import ROLES
from andornot.views.plots import HEIGHT, WIDTH
from andornot.views.samples import SILENT, STRONGEST, UNEXPLAINED
from andornot.views.unit import CSS_COLOURS, Group, Story
from andornot.views.unit_links import UnitLink

_ROWS: Final = 100
"""Concepts in the table before its script has run; as many as the script shows at once."""


def write_report(
    run: Run,
    out: str | Path,
    units: Sequence[int] | None = None,
    n_samples: int = 16,
    *,
    n_units: int | None = None,
    layer: str | None = None,
    data: Any = None,
    story: Story | None = None,
    attacks: Sequence[str | Path] = (),
    against: Run | None = None,
) -> Path:
    """Write a report; an older one in that folder is replaced.

    Args:
        run: the run to show.
        out: the folder.
        units: the units to show, in this order; all if not given.
        n_samples: how many samples to show for each unit, at most.
        n_units: show only so many units of each layer, the first ones (by verdict, then by gain)
            after those that the story names; for when ``units`` is not given.
        layer: the layer to show; all if not given.
        data: the samples that the run was made from; found again by the manifest if not
            given.
        story: what the first page tells first.
        attacks: folders that ``andornot attack --out`` wrote; the pages of classes show them.
        against: a run of the same network with random weights; units count as explained only
            where they lie above it.

    Returns:
        The path of the first page, ``out/index.html``.

    Raises:
        OptionError: jinja2 is missing, a unit was not explained, ``n_samples`` or ``n_units`` is
            below 1, ``against`` cannot be compared with, or ``out`` holds other files.
        DataError: the samples of the run, or an attack, cannot be opened.
        RunError: the folder cannot be written.

    Examples:
        >>> print(write_report(run, "pages", n_samples=4).name)
        index.html
    """
    out = Path(out)
    if n_samples < 1:
        raise OptionError(f"the number of samples is {n_samples}; it must be at least 1")
    check_out(out)
    # before the folder is begun, as all checks: pages of a large run take minutes
    check_attacks(attacks, run)
    views = run_views(run, layer, data, units, n_units, story, against)
    return write_pages(views, out, n_samples, attacks)


def check_out(out: Path) -> None:
    """Refuse a folder that cannot become a report, before any work is done.

    Raises:
        OptionError: jinja2 is missing, or the folder holds other files.
        RunError: it cannot be written.
    """
    load_template("base.html.j2")
    check_whole(out, TOP)


def write_pages(
    views: Views, out: Path, n_samples: int = 16, attacks: Sequence[str | Path] = ()
) -> Path:
    """Write the pages of a report; gives the first one.

    Raises:
        DataError: an attack cannot be opened.
        RunError: the folder cannot be written.
    """
    load_template(views.whole.pieces)  # a modality names it, which may be of another package
    with whole_folder(out, top=TOP) as folder, writing(out):
        make = views.sample_pages() or SamplePages
        report = _Report(views, folder, make(folder))
        copy_static(folder)
        attack_views = [attack_view(attack) for attack in attacks]
        report.write_thumbs()
        report.write_units(n_samples)
        report.write_lists()
        report.write_classes(attack_views)
        report.write_index()
        report.write_first()
        report.write_tables()
    return out / "index.html"


@dataclass(frozen=True, eq=False)
class _Report:
    """A report on its way.

    Attributes:
        views: gives the views.
        folder: where it is written.
        samples: puts samples on pages.
        thumbs: a small picture of each unit, by layer and number.
        shown: which units' pages show each sample.
        classes: those of the network, once they are written; and what the analyses found.
    """

    views: Views
    folder: Path
    samples: SamplePages[Any]
    thumbs: dict[tuple[str, int], Thumb] = field(default_factory=dict)
    shown: SampleIndex = field(default_factory=SampleIndex)
    classes: list[ClassView] = field(default_factory=list)
    answers: list[LayerAnswers] = field(default_factory=list)

    @cached_property
    def addresses(self) -> Addresses:
        """Where pages lie."""
        paged = frozenset(view.number for view in self.concepts or () if view.has_page)
        return Addresses(slugs(self.views.layers), self.views.concept_numbers, paged)

    @cached_property
    def concepts(self) -> list[ConceptView] | None:
        """All concepts; None where they are not known."""
        return self.views.concepts()

    def href(self, ref: UnitLink) -> str:
        """The page of a unit."""
        return self.addresses.unit(ref.layer, ref.unit)

    def thumb(self, ref: UnitLink) -> Thumb | None:
        """The small picture of a unit, where there are pictures."""
        return self.thumbs.get((ref.layer, ref.unit))

    def write_thumbs(self) -> None:
        """Write a small picture of each unit."""
        for ref, view in self.views.pictures():
            if thumb := self.samples.thumb(view):
                self.thumbs[ref.layer, ref.unit] = thumb

    def write_units(self, n_samples: int) -> None:
        """Write the page of each unit, and what the page that compares loads of it."""
        views = zip(self.views.units(n_samples), self.views.compared(), strict=True)
        for place, (view, compared) in enumerate(views):
            for group in view.entry.groups:
                for sample in group.samples:
                    self.shown.add(self.samples.found_by(sample), place)
            groups = tuple(map(self._stored, view.entry.groups))
            left = None if view.unaccounted is None else self._stored(view.unaccounted)
            entry = replace(view.entry, groups=groups)
            page = replace(view, entry=entry, unaccounted=left)
            self._write(self.href(page.ref), "unit", page=page)
            write_compared(self.folder, self.addresses, compared, self._strongest(groups))

    def _strongest(self, groups: Sequence[Group[Any]]) -> list[dict[str, Any]]:
        """The stored samples that excite a unit most, as plain data."""
        return [
            self.samples.plain(shown)
            for group in groups
            if group.key == STRONGEST
            for shown in group.samples[:BESIDE]
        ]

    def _stored(self, group: Group[Any]) -> Group[Any]:
        """Samples as pages show them; images are stored."""
        return replace(group, samples=tuple(map(self.samples.shown, group.samples)))

    @cached_property
    def units(self) -> UnitList:
        """The list of all units."""
        return self.views.unit_list()

    def write_lists(self) -> None:
        """Write the gallery, and the list that it searches, and the pages of concepts."""
        units = self.units
        write_list(self.folder, self._searched(units))
        feeds = None if units.are_weights is None else units
        self._write("units.html", "units", n_units=len(units.units), feeds=feeds)
        if self.concepts is not None:
            self._write_concepts(self.concepts)
        if self._compares:
            write_compared_list(self.folder, self.addresses, units, self.views.neighbours)
            pairs = self.views.neighbours.closest(CLOSEST)
            self._write(COMPARE, "compare", pairs=pairs)

    @property
    def _compares(self) -> bool:
        """Whether there are two units to compare."""
        return len(self.views.neighbours.refs) > 1

    def _write_concepts(self, concepts: list[ConceptView]) -> None:
        """Write the table of concepts, and the pages of those that have one."""
        write_list(self.folder, concept_rows(concepts, self.addresses), "concepts", "Concepts")
        paged = [view for view in concepts if view.has_page]
        first = [concept_row(view, self.addresses) for view in ordered(concepts)[:_ROWS]]
        self._write(
            "concepts.html", "concepts", rows=first, n_concepts=len(concepts), n_pages=len(paged),
            n_used=sum(bool(view.uses) for view in concepts),
        )  # fmt: skip
        for view in track(paged, "writing concepts", len(paged)):
            self._write(self.addresses.concept(view.name), "concept", page=view)

    def write_index(self) -> None:
        """Write what the search finds."""
        index = search_index(
            self.units, self.views.signed_concepts(), self.concepts or (), self.classes,
            self.answers, self.shown, self.views.samples_called[1], self.addresses, self._pages(),
        )  # fmt: skip
        write_list(self.folder, index, "find", "Index")

    def _searched(self, units: UnitList) -> dict[str, Any]:
        """The list that the gallery searches, as its script reads it."""
        feeds = "feeds" if units.are_weights else "goes with"
        return {
            "layers": units.layers,
            "categories": units.categories,
            "classes": units.classes,
            "feeds": "" if not self.views.has_samples else feeds,
            "instead": INSTEAD,
            "units": [self._row(units.layers[row.layer], row) for row in units.units],
        }

    def _row(self, layer: str, row: UnitRow) -> dict[str, Any]:
        """A unit in that list, with its page and its picture, and without what is not known."""
        told = {"layer": row.layer, "unit": row.unit, "href": self.addresses.unit(layer, row.unit)}
        told |= row.as_dict()
        some = {name: text for name in ("why", "example") if (text := told.pop(name))}
        told |= {name: n for name in ("held", "chance") if (n := told.pop(name)) is not None}
        if thumb := self.thumbs.get((layer, row.unit)):
            told |= {"image": thumb.file, "overlay": thumb.overlay}
        return told | some

    def write_classes(self, attacks: Sequence[AttackView]) -> None:
        """Write the pages of classes, with what attacks found of them, and of the analyses."""
        sheets = {
            note: store_sheets(self.folder, note, i) for i, note in enumerate(attacks, start=1)
        }
        classes, answers = self.views.classes(attacks), self.views.answers()
        self.classes.extend(classes or ())
        self.answers.extend(answers or ())
        if classes is not None:
            self._write("classes.html", "classes", pages=classes)
            for page in classes:
                href = self.addresses.class_(page.number)
                self._write(href, "class", page=page, sheets=sheets)
        if answers is not None:
            slug = self.addresses.slugs
            self._write("analyses.html", "analyses", layers=answers, slugs=slug, cell=_cell)

    def write_first(self) -> None:
        """Write the first page."""
        # a unit that a story names is that of the first layer that has its number
        hrefs = {
            row.unit: self.addresses.unit(self.units.layers[row.layer], row.unit)
            for row in reversed(self.units.units)
        }
        template = "overview" if self.views.has_samples else "arrays"
        self._write("index.html", template, whole=self.views.whole, unit_hrefs=hrefs)

    def write_tables(self) -> None:
        """Write the tables."""
        for layer, name, write in self.views.tables():
            folder = self.folder / "tables" / (self.addresses.slugs[layer] if layer else "")
            folder.mkdir(parents=True, exist_ok=True)
            write(folder / name)

    @cached_property
    def _shared(self) -> dict[str, Any]:
        """What templates of all pages are told."""
        whole = self.views.whole
        return {
            "title": whole.title,
            "level": whole.level,
            "left_out": whole.left_out,
            "several_layers": whole.several_layers,
            "called_one": self.views.samples_called[0],
            "called": self.views.samples_called[1],
            "nav": self._pages(),
            "at": whole,
            "pieces": whole.pieces,
            "has_samples": self.views.has_samples,
            "marks": self.samples.marks(whole.level),
            "colours": CSS_COLOURS,
            "roles": ROLES,
            "size": (WIDTH, HEIGHT),
            "fails": (UNEXPLAINED, SILENT),
            "most_steps": MOST_STEPS,
            "href": self.href,
            "thumb_of": self.thumb,
            "unit_href": self.addresses.unit,
            "concept_href": self.addresses.concept,
            "class_href": self.addresses.class_,
            "beside_href": self.addresses.beside if self._compares else None,
        }

    def _pages(self) -> tuple[str, ...]:
        """The pages that all pages lead to."""
        is_run = self.views.has_samples
        concepts = ("concepts.html",) if self.views.knows_concepts else ()
        return (
            *("index.html", "units.html", *concepts),
            *((COMPARE,) if self._compares else ()),
            *(("classes.html", "analyses.html") if is_run else ()),
        )

    def _write(self, href: str, template: str, **values: Any) -> None:
        """Fill a template, and write it to a page."""
        root = "../" * href.count("/")
        html = load_template(f"{template}.html.j2").render(
            here=template, root=root, **self._shared, **values
        )
        path = self.folder / href
        path.parent.mkdir(exist_ok=True)
        path.write_text(html, encoding="utf-8")


def _cell(value: Any) -> str:
    """A value in a table."""
    if value is None or value != value:  # missing
        return "–"
    if isinstance(value, float):
        return f"{value:.2e}" if value != 0 and abs(value) < 1e-3 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
