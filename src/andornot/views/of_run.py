"""What is said of a run and of its layers, in words, and of one of its units."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from andornot._tools.words import count
from andornot.analyses.units import check_comparable
from andornot.data.classes import told_apart
from andornot.errors import AndornotError, OptionError
from andornot.results.explanation import Explanation
from andornot.results.result import Result
from andornot.runs.manifest import RulePart
from andornot.runs.run import Run
from andornot.views.judged import headline_of
from andornot.views.origins import origins
from andornot.views.readings import both_readings
from andornot.views.unit import (
    COUNTED,
    MAX_WEIGHTS,
    ClassWeight,
    Group,
    UnitEntry,
    counted_where,
    derived,
    entry_of,
)
from andornot.views.wording import formulas_of

T = TypeVar("T")

_VISIBLE: Final = 0.0005
"""Smaller weights read 0.000."""


def unit_entry(
    run: Run,
    layer: str,
    e: Explanation,
    groups: Sequence[Group[T]],
    areas: NDArray[np.integer],
) -> UnitEntry[T]:
    """What a page says of a unit.

    Args:
        run: the run.
        layer: the unit's layer.
        e: its explanation.
        groups: samples that show it; empty groups are left out.
        areas: active positions of the layer's units in each sample, ``(n_samples, n_units)``.
    """
    position = run.positions.position
    own = derived(run.concepts, e), class_weights(run, layer, e.unit)
    entry = entry_of(e, groups, position, *own, run.concepts, _least(run))
    more = both_readings(run, e, areas[:, e.unit])
    firing = firing_sentence(run, areas[:, e.unit])
    entry = replace(entry, sentences=(*entry.sentences, *more), firing=firing)
    if not run.known_only:
        return entry
    return counted_where(entry, e, run.concepts.n_positions, position)


def firing_sentence(run: Run, areas: NDArray[np.integer]) -> str:
    """How often a unit is active, and in how many samples; empty where a level does not say it.

    Args:
        run: the run.
        areas: active positions of the unit in each sample, ``(n_samples,)``.
    """
    level, modality = run.positions, run.modality
    if not level.density:
        return ""
    n, positions = int(areas.sum()), run.at_positions.n_positions
    where = f"in {int((areas > 0).sum()):,} of {modality.counted(len(areas))}"
    share = f"{100 * n / positions:.2g} %"
    return f"It is active on {share} of the {level.position}s ({n:,} of {positions:,}), {where}."


def _least(run: Run) -> int:
    """Active positions that a unit of a run takes to be explained."""
    # the share as it was written: in floating point the ceiling of 0.07 * 100 is 8
    return math.ceil(Fraction(repr(float(run.record.min_active or 0))) * run.concepts.n_positions)


def run_headline(run: Run, against: Run | None = None) -> tuple[str, ...]:
    """What all layers of a run come to, in sentences.

    Args:
        run: the run.
        against: one of the same network with random weights, where there is one.

    Raises:
        OptionError: the runs cannot be compared.
    """
    return headline_of(*results_of(run, against))


def results_of(
    run: Run, against: Run | None = None
) -> tuple[dict[str, Result], dict[str, Result] | None]:
    """The explanations of all layers of a run, and of its untrained twin where there is one.

    Args:
        run: the run.
        against: one of the same network with random weights, where there is one.

    Raises:
        OptionError: the runs cannot be compared.
    """
    own = _results(run)
    if against is None:
        return own, None
    check_comparable(run, against)
    twin = _results(against)
    if own == twin:
        raise OptionError(
            f"{against.path} explains all units as {run.path} does, so it is no untrained twin; "
            "make one with --random-weights"
        )
    return own, twin


def _results(run: Run) -> dict[str, Result]:
    return {layer: run.result(layer) for layer in run.layers}


def class_weights(run: Run, layer: str, unit: int) -> tuple[ClassWeight, ...]:
    """A unit's weight to each class, in their order; empty where no linear head follows.

    Of more classes than :data:`MAX_WEIGHTS`, only those with the largest weights, for or against;
    weights that would be printed as 0 are left out.
    """
    head = run.head_weights(layer)
    if head is None:
        return ()
    named = run.class_names or [f"class {i}" for i in range(len(head))]
    names = told_apart([str(name) for name in named])
    # of the whole layer, so that bars of different units can be compared
    largest = float(np.abs(head).max()) or 1.0
    weights = head[:, unit]
    # sorted again: on each page classes stand in the network's order
    shown = np.sort(np.argsort(-np.abs(weights), kind="stable")[:MAX_WEIGHTS])
    return tuple(
        ClassWeight(names[i], float(weights[i]), float(weights[i]) / largest)
        for i in shown
        if abs(weights[i]) >= _VISIBLE
    )


def directions_sentence(run: Run, layer: str) -> tuple[str, ...]:
    """That units are directions, where they are."""
    noted = run.record.directions
    if noted is None:
        return ()
    units, count = noted.shape
    source = f" ({_last_part(noted.file)})" if noted.file else ""
    return (
        f"A unit here is one of {count:,} directions{source} over the {units:,} units of the layer "
        f"“{layer}”, none of its own; a direction turned round would be another one.",
    )


def unit_of_count_sentence(run: Run) -> tuple[str, ...]:
    """That each sample counts once, where it does."""
    if not run.by_sample:
        return ()
    sample = run.modality.sample
    return (
        f"Each {sample} counts once: a unit is active, and a concept holds, in it if that is so "
        "anywhere in it.",
    )


def threshold(run: Run, layer: str) -> str:
    """When a unit of a layer counts as active, after "if its value there is"."""
    rule = run.record.layers[layer].threshold or RulePart()
    if rule.k is not None:
        return f"in the top one of the {rule.k} ranges of its values"
    if rule.quantile is not None:
        return f"among the highest {100 * rule.quantile:g} % of its values"
    return "above its threshold" if rule.fixed is None else f"above {rule.fixed:g}"


def model_name(run: Run) -> str:
    """What to call the network; of ``FILE.py:FUNCTION`` the function."""
    return re.sub(r"^.*\.py:", "", _last_part(run.record.model.spec))


def data_name(run: Run) -> str:
    """What to call the data."""
    return _last_part(run.record.data.path)


def about(run: Run, layers: Sequence[str]) -> str:
    """What was looked at, in a line, in these layers."""
    shown = count(len(layers), "layer") if len(layers) > 1 else f"layer {layers[0]}"
    samples = f"{run.modality.counted(run.record.data.samples)} of {data_name(run)}"
    return f"{shown}, {samples}, {count(run.record.data.concepts, 'concept')}"


def _begin_with_not(run: Run) -> bool:
    """Whether formulas could begin with NOT; by itself, where concepts look around."""
    search = run.record.search
    if search.negated_first is not None or search.profile is not None:
        return bool(search.negated_first)
    try:
        return run.concepts.has_context
    except AndornotError:  # the table is lost: whoever needs it will say so
        return False


def facts_of(run: Run) -> tuple[tuple[str, str], ...]:
    """How the run was made: what, and its value."""
    m = run.record
    search = m.search
    made = [
        ("network", model_name(run)),
        ("data", f"{run.modality.seen} {run.modality.counted(m.data.samples)} of {data_name(run)}"),
        ("positions", f"{run.at_positions.n_positions:,}"),
        *([("counted once", f"each {run.modality.sample}")] if run.by_sample else []),
        ("concepts", f"{m.data.concepts:,}"),
        *([("concepts from", from_whom)] if (from_whom := origins(run)) else []),
        ("formulas", formulas_of(search.length, search.operators, _begin_with_not(run))),
        ("search", f"{search.search}, beam size {search.beam_size}, for {search.metric}"),
        *([("counted", COUNTED)] if run.known_only else []),
        ("made", f"{m.made[:10]}, with andornot {m.versions.get('andornot', '')}".rstrip()),
        ("fingerprints", f"network {m.model.fingerprint[:12]}, data "
         f"{m.data.fingerprint[:12]}"),
    ]  # fmt: skip
    return tuple((name, str(value)) for name, value in made)


def _last_part(path: str) -> str:
    """The last part of a path or of ``kind:path``; a page tells no one where files lie."""
    return re.split(r"[/\\]", str(path).rstrip("/\\"))[-1]
