"""What the pages of a layer are made from, computed once for all its units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.progress import track
from andornot._tools.statistics import correlations
from andornot.analyses import QUESTIONS
from andornot.analyses.answer import Answer
from andornot.analyses.ask import analyze
from andornot.analyses.importance import pooled_activations
from andornot.analyses.vocabulary import active_by_atom, best_union, has_concept
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.data.classes import told_apart
from andornot.errors import AndornotError
from andornot.results.explanation import Explanation
from andornot.runs.run import Run
from andornot.views.formula_tree import Matcher
from andornot.views.gallery import Gallery
from andornot.views.histograms import Histogram, histograms
from andornot.views.unit import MAX_WEIGHTS, ClassWeight

FED = 3
"""A unit feeds at most so many classes: those with its largest positive weights."""


@dataclass(frozen=True, eq=False)
class ClassLinks:
    """How units go together with classes.

    Attributes:
        names: of the classes.
        values: ``(n_classes, n_units)``; NaN where unknown.
        are_weights: whether these are connection weights; else correlations with the prediction.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    are_weights: bool

    def of_unit(self, unit: int) -> tuple[tuple[int, ClassWeight], ...]:
        """The classes with the largest values, for or against, with their numbers, in order."""
        own = np.nan_to_num(self.values[:, unit])
        largest = float(np.abs(own).max(initial=0)) or 1.0
        shown = np.sort(np.argsort(-np.abs(own), kind="stable")[:MAX_WEIGHTS])
        return tuple(
            (int(c), ClassWeight(self.names[c], float(own[c]), float(own[c]) / largest))
            for c in shown
        )

    def fed(self, unit: int) -> list[int]:
        """The classes that a unit feeds (see :data:`FED`), most first."""
        own = np.nan_to_num(self.values[:, unit])
        return [int(c) for c in np.argsort(-own, kind="stable")[:FED] if own[c] > 0]


@dataclass(frozen=True, eq=False)
class Chapter:
    """A layer of a run on its way to pages.

    Attributes:
        run: the run.
        layer: one of its layers.
        slug: the layer's name in addresses.
        units: the units to show, by number.
        gallery: finds the samples that show them.
        answers: what the analyses found, by name.
        unanswered: why the others found nothing.
    """

    run: Run
    layer: str
    slug: str
    units: tuple[int, ...]
    gallery: Gallery[Any]
    answers: Mapping[str, Answer]
    unanswered: Mapping[str, str]

    @property
    def table(self) -> ConceptTable:
        """The concepts of the run."""
        return self.run.concepts

    @cached_property
    def explanations(self) -> tuple[Explanation, ...]:
        """Of the units to show."""
        return tuple(self.gallery.result[unit] for unit in self.units)

    @cached_property
    def responses(self) -> Responses:
        """Active positions of each unit by atom."""
        return self.run.responses(self.layer)

    @cached_property
    def histograms(self) -> list[Histogram | None]:
        """The distribution of activations of each unit of the layer."""
        return histograms(self.run.activations(self.layer))

    @cached_property
    def unaccounted(self) -> dict[int, list[int]]:
        """Samples of each unit with active positions that no concept accounts for, most first."""
        if "vocabulary" not in self.answers:
            return {}
        table = self.answers["vocabulary"].tables["samples"]
        found: dict[int, list[int]] = {}
        for unit, sample in zip(table["unit"], table["sample"], strict=True):
            found.setdefault(int(unit), []).append(int(sample))
        return found

    def accounted(self, unit: int) -> NDArray[np.bool_]:
        """The best union of atoms for a unit, those without a concept left out."""
        table = self.run.concepts
        union = best_union(self.matcher(unit).active, table.counts)
        return union & has_concept(table)

    def matcher(self, unit: int) -> Matcher:
        """What scores formulas for a unit."""
        table = self.run.concepts
        return Matcher(table, active_by_atom(self.responses, unit, table.n_atoms))

    @cached_property
    def links(self) -> ClassLinks | None:
        """How units go together with classes; None where no class is known."""
        logits, names = self.run.logits, self.run.class_names
        head = self.run.head_weights(self.layer)
        if head is not None:
            numbered = names or [f"class {i}" for i in range(len(head))]
            return ClassLinks(told_apart(numbered), head.astype(np.float64), True)
        if logits is None or names is None or len(names) != logits.shape[1]:
            return None
        said = logits.argmax(axis=1)
        indicator = np.array([said == c for c in range(len(names))], np.float64)
        pooled = pooled_activations(self.run, self.layer)
        return ClassLinks(told_apart(names), correlations(indicator, pooled), False)

    @cached_property
    def accuracies(self) -> dict[int, dict[str, Any]]:
        """What the analysis of accuracy says of each unit, by number."""
        if "accuracy" not in self.answers:
            return {}
        rows = self.answers["accuracy"].tables["units"].to_dict("records")
        return {int(row["unit"]): {str(k): v for k, v in row.items()} for row in rows}


def ask_all(run: Run, layer: str) -> tuple[dict[str, Answer], dict[str, str]]:
    """The answers to all questions that a layer can answer, and why it cannot answer the others."""
    answers: dict[str, Answer] = {}
    unanswered: dict[str, str] = {}
    for question in track(QUESTIONS, f"analysing {layer}", len(QUESTIONS)):
        try:
            answers[question] = analyze(run, question, layer)
        except AndornotError as error:
            # a page tells no one where files lie
            unanswered[question] = str(error).replace(str(run.path), run.path.name)
    return answers, unanswered
