"""A report on explanations of arrays: the pages of a run, but for what only a run knows.

OUT/index.html              overview
OUT/units.html, units.js    gallery of the units, and the list that it searches
OUT/unit/unit-NUMBER.html   a page for each unit
OUT/concepts.html           concepts that formulas name; concept/NUMBER.html for each
OUT/tables/                 the explanations as CSV and Parquet
OUT/static/                 style sheet and script

Arrays have no samples to show, no network and no classes. Parts of formulas, near units and pages
of concepts need the masks and the concept table, which a result does not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from andornot._tools.checks import as_path
from andornot._tools.files import writing
from andornot._tools.tables import write_csv
from andornot._tools.whole_folders import check_whole, whole_folder
from andornot._version import __version__
from andornot.analyses.length import by_length_table, histogram_table
from andornot.analyses.vocabulary import active_by_atom
from andornot.concepts.table import ConceptTable, check_table
from andornot.counting.responses import Responses
from andornot.errors import OptionError
from andornot.explainer import score_responses
from andornot.report.folder import TOP, copy_static, load_template, write_list
from andornot.report.index_pages import concept_href, concept_pages, gallery_rows
from andornot.report.overview import (
    best_units,
    kinds_found,
    left_out,
    mean_trust,
    trust_sentences,
)
from andornot.report.unit_links import UnitRef, unit_ref
from andornot.report.unit_page import (
    UnitPage,
    kind_words,
    lengths_plot,
    lower_rows,
    runner_up_rows,
)
from andornot.results.explanation import Explanation
from andornot.results.result import Result
from andornot.views.formula_tree import ROLES, Matcher, Part, Share, failures
from andornot.views.neighbours import Match, nearest_units
from andornot.views.plots import HEIGHT, WIDTH, Plot, iou_by_length, iou_histogram, trust_by_length
from andornot.views.unit import CSS_COLOURS, derived, entry_of, length_sentence
from andornot.views.wording import BETTER

_NAME: Final = "unit"
"""What the only layer of a report on arrays is called, in addresses."""


def report_result(
    result: Result,
    out: str | Path,
    unit_masks: ArrayLike | Responses | None = None,
    concepts: ConceptTable | None = None,
    *,
    title: str = "Units",
) -> Path:
    """Write the pages of a result; an older report in that folder is replaced.

    Args:
        result: the explanations.
        out: the folder.
        unit_masks: the masks that were explained, or their responses, in the same order.
        concepts: the concept table of the search; it goes with the masks.
        title: what the first page is called.

    Returns:
        The path of the first page.

    Raises:
        OptionError: jinja2 is missing, there is nothing to show, masks and table are not those that
            were explained, or ``out`` holds other files.
        DataError: masks do not fit the table.
        RunError: the folder cannot be written.
    """
    out = as_path(out, "path")
    if not isinstance(title, str) or not title.strip():
        raise OptionError("title is blank; give a text, or leave it out")
    if not len(result):
        raise OptionError(
            "the result has no explanation, so there is nothing to report; give one that has"
        )
    load_template("base.html.j2")
    check_whole(out, TOP)
    shown = _shown(result, unit_masks, concepts)
    with whole_folder(out, top=TOP) as folder, writing(out):
        copy_static(folder)
        report = _Report(shown, folder, title)
        trees = report.unit_pages()
        report.index_pages(trees)
        report.tables()
    return out / "index.html"


def _shown(
    result: Result, unit_masks: ArrayLike | Responses | None, concepts: ConceptTable | None
) -> _Shown:
    """What is to be shown, checked."""
    if unit_masks is None and concepts is None:
        return _Shown(result)
    if unit_masks is None or concepts is None:
        missing = "unit_masks" if unit_masks is None else "concepts"
        raise OptionError(f"{missing} are missing; give masks and concepts together, or neither")
    check_table(concepts, "concepts")
    if result.table not in (None, concepts.digest):
        raise OptionError(
            "the explanations were searched for in another concept table; give the one that was "
            "given to explain"
        )
    responses = (
        unit_masks
        if isinstance(unit_masks, Responses)
        else Responses.from_masks(unit_masks, concepts)
    )
    # a table knows its digest and masks have none, so counts tell whether they are the ones
    _check_masks(result, responses, concepts)
    return _Shown(result, responses, concepts)


def _check_masks(result: Result, responses: Responses, concepts: ConceptTable) -> None:
    """Refuse masks of other units, or in another order.

    Raises:
        OptionError: they are.
    """
    if responses.n_units != len(result) or responses.n_atoms != concepts.n_atoms:
        raise OptionError(
            f"there are {len(result)} explanations for {responses.n_units} unit masks on "
            f"{responses.n_atoms} atoms of {concepts.n_atoms}; give the masks that were explained"
        )
    known_only = _known_only(result)
    for place, e in enumerate(result):
        if e.formula is None:
            continue
        counts = score_responses(e.formula, responses, place, concepts, known_only)
        if counts != e.counts:
            raise OptionError(
                f"the formula of unit {e.unit} is true on {counts.tp:,} of its active positions "
                f"here, and was on {e.counts.tp:,} when it was explained; give masks and concepts "
                "as they were given to explain, in the order of the result"
            )


@dataclass(frozen=True, eq=False)
class _Shown:
    """A result with what is known of its units and concepts; a layer, to the pages' functions."""

    result: Result
    given: Responses | None = None
    table: ConceptTable | None = None
    links: None = field(default=None, init=False)

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """Of all units."""
        return self.result.explanations

    @property
    def units(self) -> range:
        """The units by their rows in the responses."""
        return range(len(self.result))

    @property
    def responses(self) -> Responses:
        """Active positions by atom; only asked for where they were given."""
        assert self.given is not None
        return self.given

    def matcher(self, place: int) -> Matcher | None:
        """What scores formulas for a unit; None where no masks were given."""
        if self.given is None or self.table is None:
            return None
        active = active_by_atom(self.given, place, self.table.n_atoms)
        return Matcher(self.table, active)

    def near(self) -> list[tuple[Match, ...]]:
        """The nearest of the other units, for each unit."""
        if self.given is None:
            return [()] * len(self.result)
        return list(nearest_units(self.given, self.units))


@dataclass(frozen=True)
class _Summary:
    """What the first page says."""

    sentences: tuple[str, ...]
    plots: tuple[Plot, ...]
    kinds: tuple[tuple[str, str, int], ...]
    left_out: tuple[tuple[str, int], ...]
    best: tuple[UnitRef, ...]


@dataclass(frozen=True, eq=False)
class _Report:
    """A report on its way."""

    shown: _Shown
    folder: Path
    title: str

    @cached_property
    def refs(self) -> list[UnitRef]:
        """The units, as pages point at them."""
        return [unit_ref(_NAME, _NAME, e, None, "") for e in self.shown.explanations]

    def unit_pages(self) -> dict[int, Part]:
        """Write the page of each unit; gives formulas as trees, by number of the unit."""
        trees, near = {}, self.shown.near()
        for place, ref in enumerate(self.refs):
            page = self._unit_page(place, near[place])
            if page.tree is not None:
                trees[ref.unit] = page.tree
            self._write(ref.href, "unit", page=page)
        return trees

    def _unit_page(self, place: int, near: Sequence[Match]) -> UnitPage[Any]:
        e, refs, table = self.shown.explanations[place], self.refs, self.shown.table
        tree, missed, alarms = _parts(self.shown.matcher(place), e)
        return UnitPage(
            ref=refs[place],
            before=refs[place - 1] if place else None,
            after=refs[place + 1] if place + 1 < len(refs) else None,
            entry=entry_of(e, (), "position", () if table is None else derived(table, e), ()),
            n_positions=_positions(e),
            true_negatives=e.counts.tn,
            kind=kind_words(e),
            tree=tree,
            missed=missed,
            alarms=alarms,
            lengths=lengths_plot(e),
            lower=lower_rows(self.shown.result, e),
            unaccounted=None,
            activations=None,
            runners_up=runner_up_rows(e),
            classes=(),
            are_weights=False,
            in_use=(),
            nearest=tuple((refs[match.index], match.score) for match in near),
            command=_command(e, place, _known_only(self.shown.result)),
        )

    def index_pages(self, trees: dict[int, Part]) -> None:
        """Write the pages that lead to units."""
        shown, refs, table = self.shown, self.refs, self.shown.table
        kinds = () if table is None else table.categories
        categories = sorted({category for own in kinds for category in own})
        data = {
            "layers": [_NAME],
            "categories": categories,
            "classes": [],
            "feeds": "",
            "chance": list(BETTER.items()),
            "units": gallery_rows(shown, refs, 0, categories),
        }
        write_list(self.folder, data)
        self._write("units.html", "units", n_units=len(refs), feeds=None, better=BETTER)
        if table is not None:
            pages = concept_pages(table, [(shown, refs, trees)])
            often = sorted(pages, key=lambda page: (-len(page.uses), page.name))
            self._write("concepts.html", "concepts", pages=often)
            for page in pages:
                self._write(page.href, "concept", page=page)
        self._write("index.html", "arrays", layer=self._summary(), facts=_facts(shown))

    def _summary(self) -> _Summary:
        explanations, refs = self.shown.explanations, self.refs
        found = [e for e in explanations if e.formula is not None]
        explained = f"{len(found):,} of {len(explanations):,} units have a formula."
        return _Summary(
            (explained, *length_sentence(self.shown.result), *trust_sentences(explanations)),
            tuple(_plots(found)),
            kinds_found(explanations),
            left_out(refs),
            best_units(refs),
        )

    def tables(self) -> None:
        """Write the explanations as tables."""
        folder, table = self.folder / "tables", self.shown.result.to_frame()
        folder.mkdir()
        table.to_parquet(folder / "explanations.parquet", index=False)
        write_csv(table, folder / "explanations.csv")

    def _write(self, href: str, template: str, **values: Any) -> None:
        """Fill a template, and write it to a page."""
        table = self.shown.table
        html = load_template(f"{template}.html.j2").render(
            here=template,
            root="../" * href.count("/"),
            title=self.title,
            level="array",
            pieces="rows.html.j2",
            has_samples=False,
            nav=("index.html", "units.html", *(() if table is None else ("concepts.html",))),
            left_out="",
            several_layers=False,
            colours=CSS_COLOURS,
            roles=ROLES,
            size=(WIDTH, HEIGHT),
            fails=(),
            concept_href=lambda name: "" if table is None else concept_href(table, name),
            **values,
        )
        path = self.folder / href
        path.parent.mkdir(exist_ok=True)
        path.write_text(html, encoding="utf-8")


def _parts(
    matcher: Matcher | None, e: Explanation
) -> tuple[Part | None, tuple[Share, ...], tuple[Share, ...]]:
    """The formula as a tree, and which concepts cover what it misses or wrongly takes."""
    if matcher is None or e.formula is None:
        return None, (), ()
    return matcher.tree(e.formula), *failures(matcher, matcher.table.mask(e.formula))


def _positions(e: Explanation) -> int:
    return e.counts.tp + e.counts.fp + e.counts.fn + e.counts.tn


def _known_only(result: Result) -> bool:
    """Whether formulas are scored where they are known."""
    return result.search is not None and result.search.known_only


def _command(e: Explanation, place: int, known_only: bool) -> str:
    """How to score its formula, or another one, in Python."""
    formula = "FORMULA" if e.formula is None else str(e.formula)
    more = ", known_only=True" if known_only else ""
    return f"andornot.score({formula!r}, unit_masks[{place}], concepts{more})"


def _plots(found: Sequence[Explanation]) -> list[Plot]:
    """The figures on all units that have a formula."""
    iou = np.array([e.by_length for e in found], np.float64)
    if not iou.size or iou.shape[1] < 2 or not iou.max() > 0:
        return []
    plots = [iou_histogram(histogram_table(iou)), iou_by_length(by_length_table(iou))]
    means = mean_trust(found)
    return plots if means is None else [*plots, trust_by_length(*means)]


def _facts(shown: _Shown) -> tuple[tuple[str, str], ...]:
    """How the explanations were made: what, and its value."""
    search, table = shown.result.search, shown.table
    facts = [("positions", f"{_positions(shown.explanations[0]):,}")]
    if table is not None:
        facts.append(("concepts", f"{table.n_concepts:,}"))
    if search is not None:
        operators = ", ".join(search.operators)
        facts += [
            ("formulas", f"up to {search.length} concepts, with {operators}"),
            ("search", f"{search.search}, beam size {search.beam_size}, for {search.metric}"),
        ]
    return (*facts, ("written", f"with andornot {__version__}"))
