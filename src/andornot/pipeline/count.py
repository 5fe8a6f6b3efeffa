"""Thresholds and counts per atom of a layer's units, found again where they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np

from andornot._tools.files import writing
from andornot._tools.progress import track
from andornot._tools.reading import read_array
from andornot.concepts.table import ConceptTable
from andornot.counting.ranges import Ranges
from andornot.counting.responses import LayerCounts, Responses, count_responses, known_positions
from andornot.counting.stores import lowest_value
from andornot.counting.thresholds import (
    ALIVE,
    Threshold,
    UnitThresholds,
    find_thresholds,
    n_values,
    values_above,
)
from andornot.data.registry import modality_named
from andornot.errors import DamagedError, DataError, OptionError, RunError
from andornot.pipeline.journal import Journal
from andornot.pipeline.plan import Plan
from andornot.pipeline.values import Concepts, CountedLayer, CountPlace, RecordedLayer
from andornot.probes.base import made_with
from andornot.runs import stage_names
from andornot.runs.cache import Stage

_FEW = 50
"""With fewer activations above the threshold, a formula rests on a handful of places."""
_COUNTED = ("thresholds", "extremes", "areas", "peaks")


def responses_of(
    plan: Plan, layer: RecordedLayer, concepts: Concepts, log: Journal
) -> CountedLayer:
    """Counts and state of all units of a layer, counted now if they are not stored.

    Raises:
        DamagedError: they were damaged since the second pass, and only another one counts again.
    """
    place = layer.counts
    if place is None:
        # the rule is part of the stage's key, so it comes first; two passes have found theirs
        rule = plan.options.threshold or plan.probe.threshold(partial(lowest_value, layer.shards))
        place = count_place(plan, layer, rule, concepts, log)
    responses = kept_counts(place)
    if responses is None:
        if layer.counts is not None:
            raise DamagedError(place.stage.path / "responses.npz", "or what lies beside it")
        _count(plan, layer, place, concepts.table, log)
        responses = Responses.load(place.stage.path / "responses.npz")
    return CountedLayer(layer, place, responses, tuple(place.stage.info["status"]))


def counted_by_sample(counted: CountedLayer, table: ConceptTable) -> CountedLayer:
    """The layer counted anew: a unit is active in a sample if it is active anywhere in it.

    Args:
        counted: the layer, with the active positions of each sample beside it.
        table: the concept table of samples.
    """
    responses = Responses.from_masks((counted.array("areas") > 0).T, table)
    return replace(counted, responses=responses)


def count_place(
    plan: Plan, layer: RecordedLayer, rule: Threshold | Ranges, concepts: Concepts, log: Journal
) -> CountPlace:
    """The stage that holds a layer's thresholds and counts."""
    stage = plan.stage(
        stage_names.responses(layer.name),
        activations=layer.stage.key,
        concepts=concepts.stage.key,
        threshold=asdict(rule),
        # an upgrade of what computes counts has them computed again
        versions=made_with("numpy", "numba"),
    )
    log.enter(stage)
    return CountPlace(rule, stage)


def kept_counts(place: CountPlace) -> Responses | None:
    """The counts of a layer; None where there are none yet, or damaged ones."""
    names = (*_COUNTED, "borders") if isinstance(place.rule, Ranges) else _COUNTED
    if has_arrays(place.stage, names):
        with suppress(DataError):
            return with_groups(place.stage.path / "responses.npz")
    return None


def with_groups(path: Path) -> Responses:
    """Counts of a run that tell in how many groups of samples units are active.

    Raises:
        DataError: they are missing or damaged, or of a version that did not count groups.
    """
    responses = Responses.load(path)
    if responses.active_groups is None:
        raise DataError(f"{path} does not tell of groups of samples; count again")
    return responses


def has_arrays(stage: Stage, names: Sequence[str]) -> bool:
    """Whether a stage is done and its arrays can be read."""
    try:
        for name in names:
            read_array(stage.path / f"{name}.npy", mmap_mode="r")
    except RunError:
        return False
    return stage.done


def _count(
    plan: Plan, layer: RecordedLayer, place: CountPlace, table: ConceptTable, log: Journal
) -> None:
    shards, rule, clock = layer.shards, place.rule, log.clock(place.stage.name)
    n_blocks = len(shards.paths)
    positions = known_positions(table)
    if isinstance(rule, Threshold):
        n = n_values(rule, shards.n_rows, shards.map_shape, positions)
        check_quantile(rule, n)
    with clock.timed("thresholds"):
        found = find_thresholds(shards, rule, positions, plan.options.execution.jobs)
    with clock.timed("counting"):
        blocks = track(shards.blocks(), f"counting {layer.name}", n_blocks)
        counted = count_responses(shards, found.values, table, plan.options.execution.jobs, blocks)
    save_counts(place.stage, found, counted, log)


def save_counts(stage: Stage, found: UnitThresholds, counted: LayerCounts, log: Journal) -> None:
    """Keep thresholds and counts of a layer."""
    with writing(stage.path):
        stage.write("responses.npz", counted.responses.writer())
        stage.write_array("thresholds.npy", found.values)
        stage.write_array("extremes.npy", np.stack([found.lowest, found.highest]))
        if found.borders is not None:
            stage.write_array("borders.npy", found.borders)
        stage.write_array("areas.npy", counted.areas)
        stage.write_array("peaks.npy", counted.peaks)
    log.finish(stage, status=found.status)


def few_active(plan: Plan, counted: CountedLayer, table: ConceptTable, stuck: Sequence[int]) -> str:
    """Warn where the quantile leaves so few activations that formulas describe single places.

    Args:
        plan: the inputs of the run.
        counted: the layer.
        table: the concept table.
        stuck: units with no value above the threshold at all, of which nothing is said here.

    Returns:
        a sentence for the notes, or nothing.
    """
    layer, rule = counted.layer, counted.rule
    if not isinstance(rule, Threshold) or rule.quantile is None:
        return ""
    n_rows = plan.n_samples if plan.probe.rows is None else int(plan.probe.rows[-1])
    n = n_values(rule, n_rows, layer.map_shape, known_positions(table))
    above = values_above(rule.quantile, n)
    larger = modality_named(plan.probe.modality).level(plan.probe.level).larger
    fire = sum(counted.status[unit] == ALIVE for unit in layer.units) - len(stuck)
    if above >= _FEW or (stuck and not fire):
        return ""
    return (
        f"the top {rule.quantile:g} of {n:,} activations are {above}, so each "
        f"{'other unit' if stuck else 'unit'} of {layer.name} "
        f"is active in {'one place' if above == 1 else f'{above} places'} only and its formula "
        f"may be chance; bring more samples, {larger}or a "
        "larger quantile"
    )


def check_quantile(rule: Threshold, n: int) -> None:
    """Refuse a quantile that leaves none of ``n`` values above the threshold."""
    if rule.quantile is not None and not values_above(rule.quantile, n):
        raise OptionError(
            f"the quantile {rule.quantile} of {n} values is less than one value, so no unit could "
            "be active; give a larger quantile or more samples"
        )
