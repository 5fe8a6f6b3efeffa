"""A layer of a run, ready to be viewed: what all its units share is computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.progress import track
from andornot._tools.statistics import correlations
from andornot.analyses.answer import Answer
from andornot.analyses.importance import pooled_activations
from andornot.analyses.outcomes import Outcomes, outcomes
from andornot.analyses.vocabulary import active_by_atom, best_union, has_concept
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.data.classes import told_apart
from andornot.results.explanation import Explanation
from andornot.runs.run import Run
from andornot.views.class_links import ClassLinks
from andornot.views.histograms import Histogram, histograms
from andornot.views.parts import FormulaPart, Matcher
from andornot.views.samples import Gallery
from andornot.views.unit_links import UnitLink, unit_ref


@dataclass(frozen=True, eq=False)
class LayerContext:
    """A layer of a run on its way to views.

    Attributes:
        run: the run.
        layer: one of its layers.
        units: the units to show, by number.
        gallery: finds the samples that show them.
        answers: what the analyses found, by name.
    """

    run: Run
    layer: str
    units: tuple[int, ...]
    gallery: Gallery[Any]
    answers: Mapping[str, Answer]
    _trees: dict[int, FormulaPart | None] = field(default_factory=dict, init=False, repr=False)

    @property
    def table(self) -> ConceptTable:
        """The concepts of the run."""
        return self.run.concepts

    @property
    def known_only(self) -> bool:
        """Whether formulas are scored only where all their concepts are known."""
        return self.run.known_only

    @cached_property
    def explanations(self) -> tuple[Explanation, ...]:
        """Of the units to show."""
        return tuple(self.gallery.result[unit] for unit in self.units)

    @cached_property
    def refs(self) -> tuple[UnitLink, ...]:
        """The units as other views point at them."""
        listed = track(self.explanations, f"listing {self.layer}", len(self.units))
        return tuple(unit_ref(self.layer, e, self.gallery.example(e.unit)) for e in listed)

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
        return matcher_of(self.run, self.layer, unit)

    def tree(self, e: Explanation) -> FormulaPart | None:
        """The formula that is shown of a unit, part by part; None where there is none."""
        if e.unit not in self._trees:
            found = None if e.shown is None else self.matcher(e.unit).tree(e.shown.formula)
            self._trees[e.unit] = found
        return self._trees[e.unit]

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
    def outcomes(self) -> Outcomes | None:
        """How the network does on samples of a class which it knows; None if that was not asked."""
        return outcomes(self.run) if "accuracy" in self.answers else None

    @cached_property
    def accuracies(self) -> dict[int, dict[str, Any]]:
        """What the analysis of accuracy says of each unit, by number."""
        if "accuracy" not in self.answers:
            return {}
        rows = self.answers["accuracy"].tables["units"].to_dict("records")
        return {int(row["unit"]): {str(k): v for k, v in row.items()} for row in rows}


def matcher_of(run: Run, layer: str, unit: int) -> Matcher:
    """What scores formulas for a unit of a layer."""
    table = run.concepts
    active = active_by_atom(run.responses(layer), unit, table.n_atoms)
    return Matcher(table, active, run.known_only)
