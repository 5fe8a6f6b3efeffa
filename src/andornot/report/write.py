"""Write a report: a folder of pages on all units of a run.

OUT/index.html              overview
OUT/units.html, units.js    gallery of the units, and the list that it searches
OUT/unit/LAYER-NUMBER.html  a page for each unit
OUT/concepts.html           concepts that formulas name; concept/NUMBER.html for each
OUT/classes.html            classes of the network; class/NUMBER.html for each
OUT/analyses.html           what the analyses found
OUT/images/                 images, each once
OUT/tables/                 tables as CSV and Parquet
OUT/static/                 style sheet and script

The folder opens from the disk in any browser, and asks nothing of any network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from andornot._tools.files import writing
from andornot._tools.progress import track
from andornot._tools.tables import write_csv
from andornot._tools.whole_folders import check_whole, whole_folder
from andornot.errors import OptionError
from andornot.probes.pairs import TOKEN
from andornot.report.attacks import AttackNote, check_attacks, copy_attacks
from andornot.report.folder import TOP, copy_static, load_template, write_list
from andornot.report.index_pages import (
    ConceptPage,
    class_href,
    class_pages,
    concept_href,
    concept_pages,
    gallery_rows,
)
from andornot.report.layer_context import Chapter, ask_all
from andornot.report.overview import facts, summarize
from andornot.report.pictures import ImageStore
from andornot.report.unit_links import UnitRef, slugs, unit_ref
from andornot.report.unit_page import unit_page
from andornot.results.explanation import Explanation
from andornot.results.result import Result
from andornot.runs.run import Run
from andornot.views.formula_tree import ROLES, Part
from andornot.views.galleries import AnyGallery, open_gallery
from andornot.views.gallery import SILENT, UNEXPLAINED, grouped
from andornot.views.image_gallery import ImageView, PictureGallery
from andornot.views.neighbours import nearest_units
from andornot.views.plots import HEIGHT, WIDTH
from andornot.views.sentence_gallery import PairView
from andornot.views.token_marks import PAIR_MARKS, TOKEN_MARKS
from andornot.views.unit import CSS_COLOURS, Group, Story, choose_units, looked_at, model_name
from andornot.views.wording import BETTER, vocabulary_limit

_ROWS: Final = 12
"""Rows of a table that a page shows; its file has all."""

_UNACCOUNTED: Final = 6
"""Samples of a unit that no concept accounts for."""

_EXAMPLE: Final = 160
"""Most characters of an example in the gallery."""


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
) -> Path:
    """Write a report; an older one in that folder is replaced.

    Args:
        run: the run to show.
        out: the folder.
        units: the units to show, in this order; all if not given.
        n_samples: how many images or pairs to show for each unit, at most.
        n_units: show only so many units of each layer, the best explained ones after those that
            the story names; for when ``units`` is not given.
        layer: the layer to show; all if not given.
        data: the images or pairs that the run was made from; found again by the manifest if not
            given.
        story: what the first page tells first.
        attacks: folders that ``andornot attack --out`` wrote; the pages of classes show them.

    Returns:
        The path of the first page, ``out/index.html``.

    Raises:
        OptionError: jinja2 is missing, a unit was not explained, ``n_samples`` or ``n_units`` is
            below 1, or ``out`` holds other files.
        DataError: the images or the sentences of the run, or an attack, cannot be opened.
        RunError: the folder cannot be written.

    Examples:
        >>> print(write_report(run, "pages", n_samples=4).name)
        index.html
    """
    out = Path(out)
    if n_samples < 1:
        raise OptionError(f"the number of samples is {n_samples}; it must be at least 1")
    load_template("base.html.j2")
    check_whole(out, TOP)
    # before the folder is begun, as all checks: pages of a large run take minutes
    check_attacks(attacks, run)
    names = run.layers if layer is None else (run.layer(layer),)
    galleries = _galleries(run, names, data)
    shown = [_shown_units(gallery.result, units, n_units, story) for gallery in galleries]
    chapters = _chapters(run, galleries, shown)
    with whole_folder(out, top=TOP) as folder, writing(out):
        report = _Report(run, folder, n_samples, ImageStore(folder), _left_out(chapters))
        copy_static(folder)
        notes = copy_attacks(attacks, folder)
        trees = [report.unit_pages(chapter) for chapter in chapters]
        report.index_pages(chapters, trees, story, notes)
        report.copy_tables(chapters)
    return out / "index.html"


def _galleries(run: Run, layers: Sequence[str], data: Any) -> list[AnyGallery]:
    """The samples of each layer; the data is opened once."""
    galleries: list[AnyGallery] = []
    for name in layers:
        galleries.append(open_gallery(run, name, galleries[0].data if galleries else data))
    return galleries


def _shown_units(
    result: Result, units: Sequence[int] | None, n_units: int | None, story: Story | None
) -> tuple[int, ...]:
    """The units of a layer to show: those asked for, the best, or all."""
    if units is None and n_units is None:
        return tuple(e.unit for e in result)
    return tuple(choose_units(result, units, 1 if n_units is None else n_units, story))


def _chapters(
    run: Run, galleries: Sequence[AnyGallery], shown: Sequence[tuple[int, ...]]
) -> list[Chapter]:
    slug = slugs(run.layers)
    return [
        Chapter(run, g.layer, slug[g.layer], units, g, *ask_all(run, g.layer))
        for g, units in zip(galleries, shown, strict=True)
    ]


@dataclass(frozen=True)
class _Report:
    """A report on its way.

    Attributes:
        run: the run.
        folder: where it is written.
        n_samples: samples for each unit.
        images: where images go.
        left_out: which units are not shown, in a sentence; empty if all are.
    """

    run: Run
    folder: Path
    n_samples: int
    images: ImageStore
    left_out: str

    def unit_pages(self, chapter: Chapter) -> tuple[list[UnitRef], dict[int, Part]]:
        """Write the pages of a layer's units; gives the units, and their formulas as trees."""
        n = len(chapter.units)
        listed = track(chapter.explanations, f"listing {chapter.layer}", n)
        refs = [self._ref(chapter, e) for e in listed]
        nearest = nearest_units(chapter.responses, chapter.units)
        trees: dict[int, Part] = {}
        for place, matches in enumerate(track(nearest, f"writing {chapter.layer}", n)):
            # anew for each page: samples of all units at once would fill the memory
            view = chapter.gallery.unit(refs[place].unit, self.n_samples)
            groups = [self._shown(chapter, group, view.explanation) for group in grouped(view)]
            left = self._unaccounted(chapter, view.explanation)
            page = unit_page(chapter, refs, place, groups, matches, left)
            if page.tree is not None:
                trees[page.ref.unit] = page.tree
            self._write(page.ref.href, "unit", page=page)
        return refs, trees

    def _ref(self, chapter: Chapter, e: Explanation) -> UnitRef:
        """A unit as other pages point at it, with the sample that excites it most."""
        thumb, example = None, ""
        for view in chapter.gallery.unit(e.unit, 1).samples:
            if isinstance(view, ImageView):
                thumb = self.images.thumb(view)
            else:
                example = _example(view)
        return unit_ref(chapter.layer, chapter.slug, e, thumb, example)

    def _shown(self, chapter: Chapter, group: Group[Any], e: Explanation) -> Group[Any]:
        if not isinstance(chapter.gallery, PictureGallery):
            return group
        shown = tuple(self.images.masked(e.unit, view) for view in group.samples)
        return Group(group.key, group.heading, shown)

    def _unaccounted(self, chapter: Chapter, e: Explanation) -> Group[Any] | None:
        """Samples of a unit that no concept accounts for, where the vocabulary is the limit."""
        samples = chapter.unaccounted.get(e.unit, [])[:_UNACCOUNTED]
        if e.formula is None or not samples or not vocabulary_limit(e):
            return None
        gallery = chapter.gallery
        if not isinstance(gallery, PictureGallery):
            atoms = self.run.concepts.mask(e.formula)
            views = tuple(gallery.view(e, atoms, sample) for sample in samples)
            return Group("unaccounted", "Most left over", views)
        atoms = chapter.accounted(e.unit)
        pictures = tuple(
            self.images.unaccounted(e.unit, gallery.view(e, atoms, sample)) for sample in samples
        )
        return Group("unaccounted", "Most left over", pictures)

    def index_pages(
        self,
        chapters: Sequence[Chapter],
        written: Sequence[tuple[list[UnitRef], dict[int, Part]]],
        story: Story | None,
        attacks: Sequence[AttackNote],
    ) -> None:
        """Write the pages that lead to units."""
        shown = [(chapter, refs) for chapter, (refs, _) in zip(chapters, written, strict=True)]
        self._gallery(shown)
        for concept in self._concepts(shown, [trees for _, trees in written]):
            self._write(concept.href, "concept", page=concept)
        classes = class_pages(self.run.samples, shown, attacks)
        self._write("classes.html", "classes", pages=classes)
        for page in classes:
            self._write(page.href, "class", page=page)
        self._write("analyses.html", "analyses", chapters=chapters, n_rows=_ROWS, cell=_cell)
        layers = [summarize(chapter, refs, looked_at(self.run)) for chapter, refs in shown]
        hrefs = {ref.unit: ref.href for _, refs in reversed(shown) for ref in refs}
        about = {"story": story, "facts": facts(self.run), "unit_hrefs": hrefs}
        self._write("index.html", "overview", layers=layers, **about)

    def _gallery(self, shown: Sequence[tuple[Chapter, Sequence[UnitRef]]]) -> None:
        """Write the gallery, and the list that it searches."""
        categories = sorted({c for kinds in self.run.concepts.categories for c in kinds})
        rows = [
            row
            for number, (chapter, refs) in enumerate(shown)
            for row in gallery_rows(chapter, refs, number, categories)
        ]
        links = next((chapter.links for chapter, _ in shown if chapter.links), None)
        data = {
            "layers": [chapter.layer for chapter, _ in shown],
            "categories": categories,
            "classes": [] if links is None else list(links.names),
            "feeds": "feeds" if links and links.are_weights else "goes with",
            "chance": list(BETTER.items()),
            "units": rows,
        }
        write_list(self.folder, data)
        self._write("units.html", "units", n_units=len(rows), feeds=links, better=BETTER)

    def _concepts(
        self,
        shown: Sequence[tuple[Chapter, Sequence[UnitRef]]],
        trees: Sequence[dict[int, Part]],
    ) -> Iterator[ConceptPage]:
        """Write the list of concepts; gives the page of each."""
        linked = [(*pair, own) for pair, own in zip(shown, trees, strict=True)]
        pages = concept_pages(self.run.concepts, linked)
        often = sorted(pages, key=lambda page: (-len(page.uses), page.name))
        self._write("concepts.html", "concepts", pages=often)
        yield from track(pages, "writing concepts", len(pages))

    def copy_tables(self, chapters: Sequence[Chapter]) -> None:
        """Copy the run's tables, and write those of the analyses."""
        tables = self.folder / "tables"
        tables.mkdir()
        for name in ("explanations", "samples"):
            table = self.run.read_table(f"{name}.parquet")
            table.to_parquet(tables / f"{name}.parquet", index=False)
            write_csv(table, tables / f"{name}.csv")
        for chapter in chapters:
            for answer in chapter.answers.values():
                (tables / chapter.slug).mkdir(exist_ok=True)
                for name, write in answer.writers().items():
                    write(tables / chapter.slug / name)

    def _write(self, href: str, template: str, **values: Any) -> None:
        """Fill a template, and write it to a page."""
        level = self.run.level
        html = load_template(f"{template}.html.j2").render(
            here=template,
            root="../" * href.count("/"),
            title=f"Units of {model_name(self.run)}",
            level=level,
            left_out=self.left_out,
            several_layers=len(self.run.layers) > 1,
            marks=TOKEN_MARKS if level == TOKEN else PAIR_MARKS,
            colours=CSS_COLOURS,
            roles=ROLES,
            size=(WIDTH, HEIGHT),
            fails=(UNEXPLAINED, SILENT),
            concept_href=lambda name: concept_href(self.run.concepts, name),
            class_href=class_href,
            **values,
        )
        path = self.folder / href
        path.parent.mkdir(exist_ok=True)
        path.write_text(html, encoding="utf-8")


def _left_out(chapters: Sequence[Chapter]) -> str:
    """Which units are not shown, in a sentence; empty if all are."""
    shown, explained = (
        sum(map(len, units))
        for units in ([c.units for c in chapters], [c.gallery.result for c in chapters])
    )
    if shown == explained:
        return ""
    return f"Only the {shown:,} units of this report are looked at, of {explained:,} in the run."


def _example(view: PairView) -> str:
    """The sentences of a pair, as the gallery shows them."""
    sides = (view.premise, view.hypothesis)
    text = " → ".join("".join(" " * t.space + t.text for t in side) for side in sides)
    return text if len(text) <= _EXAMPLE else f"{text[: _EXAMPLE - 1].rstrip()}…"


def _cell(value: Any) -> str:
    """A value in a table."""
    if value is None or value != value:  # missing
        return "–"
    if isinstance(value, float):
        return f"{value:.2e}" if value != 0 and abs(value) < 1e-3 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
