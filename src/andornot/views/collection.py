"""All views of a run, or of explanations of arrays: what a report is written from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from andornot._tools.tables import write_csv
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.results.headline import headline
from andornot.results.result import Result
from andornot.runs.run import Run, check_run
from andornot.views.answers import LayerAnswers, ask_all, layer_answers
from andornot.views.arrays import (
    ArrayContext,
    array_context,
    array_facts,
    array_layer,
    array_units,
)
from andornot.views.attacks import AttackView
from andornot.views.card_pictures import card_pictures
from andornot.views.classes import ClassView, class_views
from andornot.views.comparison import Compared, compared_units
from andornot.views.concepts import ConceptView, concept_views
from andornot.views.findable import Signed, signed_concepts
from andornot.views.galleries import AnyGallery, open_gallery
from andornot.views.image_gallery import ImageView
from andornot.views.judged import headline_of, headline_sentences, silent_layers
from andornot.views.layer import LayerView, best_first, layer_view, table_of_layers
from andornot.views.layer_context import LayerContext
from andornot.views.listed import Listed, UnitList, unit_list
from andornot.views.neighbours import Neighbours, neighbours_of_run
from andornot.views.of_run import about, facts_of, model_name, results_of
from andornot.views.origins import model_labelled
from andornot.views.plain import View
from andornot.views.summary import KeyFigure, Summary, summary
from andornot.views.unit import Story, choose_units
from andornot.views.unit_in_layer import UnitView, view_units
from andornot.views.unit_links import UnitLink

_COUNTED = ("positions", "concepts")

ARRAY = "array"
"""The level of a report on arrays."""

WriteTable = Callable[[Path], object]


@dataclass(frozen=True)
class RunView(View):
    """What is said of a run as a whole, or of arrays.

    Attributes:
        title: what it is called.
        level: the level of the run, such as ``image`` or ``token``, or ``array``.
        position: a position, in the singular; and ``where`` with its article.
        pieces: the template that says how pages speak of samples.
        several_layers: whether the run has several.
        left_out: which units are not shown, in a sentence; empty if all are.
        about: what was looked at, in a line.
        summary: what all layers come to at a glance, shown or not.
        headline: the same in sentences: verdicts, and how much is explained.
        layers: the layers that are shown, the best one first.
        warning: whom the concepts come from, where a trained model labelled; else empty.
        facts: how the explanations were made: what, and its value.
        story: what is told first, where anything is.
    """

    title: str
    level: str
    position: str
    where: str
    pieces: str
    several_layers: bool
    left_out: str
    about: str
    summary: Summary
    headline: tuple[str, ...]
    layers: tuple[LayerView, ...]
    facts: tuple[tuple[str, str], ...]
    story: Story | None
    warning: str = ""

    @property
    def numbers(self) -> tuple[tuple[KeyFigure, tuple[str, ...]], ...]:
        """What was found in its layers, a row for each number, in the order of the layers."""
        return table_of_layers(self.layers)

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known of units, or of how they were counted, each sentence once."""
        return tuple(dict.fromkeys(note for layer in self.layers for note in layer.sentences))


class Views(ABC):
    """Views of all units, concepts and classes, made when they are asked for."""

    @property
    @abstractmethod
    def contexts(self) -> Sequence[Listed]:
        """The layers that are shown."""

    @property
    @abstractmethod
    def table(self) -> ConceptTable | None:
        """The concepts; None where they were not given."""

    @property
    @abstractmethod
    def layers(self) -> Sequence[str]:
        """The names of all layers, shown or not."""

    @cached_property
    @abstractmethod
    def whole(self) -> RunView:
        """What is said of all of it."""

    @property
    def has_samples(self) -> bool:
        """Whether there are samples to show."""
        return False

    def sample_pages(self) -> Any:
        """What puts samples on pages (see ``report.samples``), where there are samples."""
        return None

    @abstractmethod
    def pictures(self) -> Iterator[tuple[UnitLink, ImageView]]:
        """An image for each unit, one that excites it most; none where there are no images."""

    @abstractmethod
    def units(self, n_samples: int = 16) -> Iterator[UnitView[Any]]:
        """Each unit, with so many samples at most."""

    @cached_property
    @abstractmethod
    def neighbours(self) -> Neighbours:
        """Of each unit the nearest others."""

    def compared(self) -> Iterator[Compared]:
        """Each unit as it is put beside another, in the order of :meth:`units`."""
        return compared_units(self.contexts, self.neighbours)

    @abstractmethod
    def tables(self) -> Iterator[tuple[str, str, WriteTable]]:
        """Tables to write: the layer that one is of (or empty), a file's name, what writes it."""

    @property
    def knows_concepts(self) -> bool:
        """Whether concepts are known, so that something can be said of them."""
        return self.table is not None

    @property
    def concept_numbers(self) -> Mapping[str, int]:
        """The number of each concept, as :class:`ConceptView` has it."""
        return {} if self.table is None else {name: i for i, name in enumerate(self.table.names)}

    @property
    def samples_called(self) -> tuple[str, str]:
        """What a sample is called, and several."""
        return "sample", "samples"

    def signed_concepts(self) -> list[Signed]:
        """The concepts of each unit's formula, with whether they stand after NOT."""
        return signed_concepts(self.contexts)

    def unit_list(self) -> UnitList:
        """What the list of all units searches and sorts by."""
        return unit_list(self.table, self.contexts)

    def concepts(self) -> list[ConceptView] | None:
        """Each concept of the table; None where concepts are not known."""
        return None if self.table is None else concept_views(self.table, self.contexts)

    def classes(self, attacks: Sequence[AttackView]) -> list[ClassView] | None:  # noqa: ARG002
        """Each class of the network, with what was found of it; None where there is no network."""
        return None

    def answers(self) -> tuple[LayerAnswers, ...] | None:
        """What the analyses found; None where there was nothing to ask."""
        return None


@dataclass(frozen=True, eq=False)
class ViewsOfRun(Views):
    """The views of a run.

    Attributes:
        run: the run.
        asked: its layers that are shown, each with the reasons why some analyses found nothing.
        story: what is told first.
        against: a run of the same network with random weights, to compare with.
    """

    run: Run
    asked: tuple[tuple[LayerContext, Mapping[str, str]], ...]
    story: Story | None
    against: Run | None = None

    @cached_property
    def contexts(self) -> tuple[LayerContext, ...]:
        """Its layers that are shown."""
        return tuple(context for context, _ in self.asked)

    @property
    def table(self) -> ConceptTable:
        """The concepts."""
        return self.run.concepts

    @property
    def layers(self) -> Sequence[str]:
        """The names of all layers, shown or not."""
        return self.run.layers

    @cached_property
    def whole(self) -> RunView:
        """What is said of all of it."""
        results, twin = results_of(self.run, self.against)
        found = headline(results, twin)
        return RunView(
            title=f"Units of {model_name(self.run)}",
            level=self.run.level,
            position=self.run.positions.position,
            where=self.run.positions.where,
            pieces=self.run.modality.template,
            several_layers=len(self.run.layers) > 1,
            left_out=_left_out(self.contexts),
            about=about(self.run, tuple(context.layer for context in self.contexts)),
            summary=summary(found, (e for result in results.values() for e in result)),
            headline=(*headline_sentences(found), *silent_layers(results)),
            layers=best_first(
                layer_view(
                    context,
                    summary(headline(results, twin, context.layer), results[context.layer]),
                    number,
                )
                for number, context in enumerate(self.contexts)
            ),
            facts=facts_of(self.run),
            story=self.story,
            warning=model_labelled(self.run),
        )

    @property
    def has_samples(self) -> bool:
        """Whether there are samples to show."""
        return True

    def sample_pages(self) -> Any:
        """What puts samples on pages, as the run's modality names it."""
        return self.run.modality.find(self.run.modality.pages)

    @property
    def samples_called(self) -> tuple[str, str]:
        """What a sample is called, and several."""
        return self.run.modality.sample, self.run.modality.samples

    def pictures(self) -> Iterator[tuple[UnitLink, ImageView]]:
        """An image for each unit; none where there are no images."""
        if self.run.modality.pictures:
            yield from card_pictures(self.contexts)

    def units(self, n_samples: int = 16) -> Iterator[UnitView[Any]]:
        """Each unit, with so many samples at most."""
        first = 0
        for context in self.contexts:
            places = range(first, first + len(context.units))
            yield from view_units(context, n_samples, list(map(self.neighbours.of, places)))
            first = places.stop

    @cached_property
    def neighbours(self) -> Neighbours:
        """Of each unit the nearest others, of all layers that are shown."""
        units = [(context.layer, context.units) for context in self.contexts]
        refs = [ref for context in self.contexts for ref in context.refs]
        return neighbours_of_run(self.run, units, refs)

    def classes(self, attacks: Sequence[AttackView]) -> list[ClassView]:
        """Each class of the network, with what was found of it."""
        order = self._best_first
        return class_views(self.run.samples, sorted(self.contexts, key=order), attacks)

    def answers(self) -> tuple[LayerAnswers, ...]:
        """What the analyses found, of the best layer first."""
        asked = sorted(self.asked, key=lambda own: self._best_first(own[0]))
        return tuple(
            layer_answers(context.layer, self.run.result(context.layer), context.answers, why)
            for context, why in asked
        )

    def _best_first(self, context: LayerContext) -> int:
        """The place of a layer on the first page."""
        return [layer.name for layer in self.whole.layers].index(context.layer)

    def tables(self) -> Iterator[tuple[str, str, WriteTable]]:
        """The run's tables, and those of the analyses."""
        for name in ("explanations", "samples"):
            yield from _both(name, self.run.read_table(f"{name}.parquet"))
        for context in self.contexts:
            for answer in context.answers.values():
                for file, write in answer.writers().items():
                    yield context.layer, file, write


def run_views(
    run: Run,
    layer: str | None = None,
    data: Any = None,
    units: Sequence[int] | None = None,
    n_units: int | None = None,
    story: Story | None = None,
    against: Run | None = None,
) -> ViewsOfRun:
    """The views of a run; the analyses are asked at once.

    Args:
        run: the run.
        layer: the layer to show; all if not given.
        data: what the run was made from; found again by the manifest if not given.
        units: the units to show, in this order; all if not given.
        n_units: show only so many units of each layer, the first ones (by verdict, then by gain)
            after those that the story names; for when ``units`` is not given.
        story: what is told first.
        against: a run of the same network with random weights; units count as explained only
            where they lie above it.

    Raises:
        OptionError: the layer is unknown, a unit was not explained, ``n_units`` is below 1, or
            ``against`` cannot be compared with.
        DataError: the images or the sentences of the run cannot be opened.

    Examples:
        >>> views = run_views(run)
        >>> views.whole.title, [view.entry.formula for view in views.units(n_samples=2)]
        ('Units of net', ['red', 'green', 'blue', 'red OR yellow'])
    """
    check_run(run)
    results_of(run, against)  # raises before anything is asked
    names = run.layers if layer is None else (run.layer(layer),)
    galleries = _galleries(run, names, data)
    shown = [_shown_units(gallery.result, units, n_units, story) for gallery in galleries]
    asked = [ask_all(run, name) for name in names]
    contexts = (
        (LayerContext(run, gallery.layer, own, gallery, answers), why)
        for gallery, own, (answers, why) in zip(galleries, shown, asked, strict=True)
    )
    return ViewsOfRun(run, tuple(contexts), story, against)


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


def _left_out(contexts: Sequence[LayerContext]) -> str:
    """Which units are not shown, in a sentence; empty if all are."""
    shown, explained = (
        sum(map(len, units))
        for units in ([c.units for c in contexts], [c.gallery.result for c in contexts])
    )
    if shown == explained:
        return ""
    some = "1 unit of this report is" if shown == 1 else f"{shown:,} units of this report are"
    return f"Only the {some} looked at, of {explained:,} in the run."


@dataclass(frozen=True, eq=False)
class ViewsOfArrays(Views):
    """The views of explanations of arrays.

    Attributes:
        context: the explanations, and what is known of units and concepts.
        title: what all of it is called.
    """

    context: ArrayContext
    title: str

    @property
    def contexts(self) -> tuple[ArrayContext]:
        """The only one."""
        return (self.context,)

    @property
    def table(self) -> ConceptTable | None:
        """The concepts; None where they were not given."""
        return self.context.table

    @property
    def layers(self) -> Sequence[str]:
        """The name of the only one."""
        return (self.context.layer,)

    @cached_property
    def whole(self) -> RunView:
        """What is said of all of it."""
        layers, facts = (array_layer(self.context),), array_facts(self.context)
        return RunView(
            title=self.title,
            level=ARRAY,
            position="position",
            where="a position",
            pieces="rows.html.j2",
            several_layers=False,
            left_out="",
            about=", ".join(f"{value} {name}" for name, value in facts if name in _COUNTED),
            summary=layers[0].summary,
            headline=headline_of({self.context.layer: self.context.result}),
            layers=layers,
            facts=facts,
            story=None,
        )

    def pictures(self) -> Iterator[tuple[UnitLink, ImageView]]:
        """None: arrays have no images."""
        return iter(())

    @cached_property
    def neighbours(self) -> Neighbours:
        """Of each unit the nearest others."""
        return self.context.neighbours

    def units(self, n_samples: int = 16) -> Iterator[UnitView[Any]]:  # noqa: ARG002
        """Each unit; arrays have no samples."""
        return array_units(self.context)

    def tables(self) -> Iterator[tuple[str, str, WriteTable]]:
        """The explanations."""
        return _both("explanations", self.context.result.to_frame())


def array_views(
    result: Result,
    unit_masks: ArrayLike | Responses | None = None,
    concepts: ConceptTable | None = None,
    title: str = "Units",
) -> ViewsOfArrays:
    """The views of explanations of arrays.

    Args:
        result: the explanations.
        unit_masks: the masks that were explained, or their responses, in the same order.
        concepts: the concept table of the search; it goes with the masks.
        title: what all of it is called.

    Raises:
        OptionError: masks and table are not those that were explained.
        DataError: masks do not fit the table.

    Examples:
        >>> concepts = andornot.ConceptTable.from_masks([[True, False, True]], ["red"])
        >>> result = andornot.explain([[True, False, False]], concepts)
        >>> views = array_views(result, [[True, False, False]], concepts, "My units")
        >>> views.whole.title, [view.entry.formula for view in views.units()]
        ('My units', ['red'])
    """
    return ViewsOfArrays(array_context(result, unit_masks, concepts), title)


def _both(name: str, table: pd.DataFrame) -> Iterator[tuple[str, str, WriteTable]]:
    """What writes a table as Parquet and as CSV."""
    yield "", f"{name}.parquet", partial(table.to_parquet, index=False)
    yield "", f"{name}.csv", partial(write_csv, table)
