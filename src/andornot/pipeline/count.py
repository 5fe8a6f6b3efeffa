"""Thresholds and counts per atom of a layer's units, found again where they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial

import numpy as np

from andornot._tools.files import writing
from andornot._tools.progress import track
from andornot._tools.reading import read_array
from andornot.concepts.table import ConceptTable
from andornot.counting.ranges import Ranges
from andornot.counting.responses import Counted, Responses, count_responses, known_positions
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
from andornot.errors import DataError, OptionError, RunError
from andornot.pipeline.state import Pipeline
from andornot.probes.base import made_with
from andornot.runs import stage_names
from andornot.runs.cache import Stage

_FEW = 50
"""With fewer activations above the threshold, a formula rests on a handful of places."""
_COUNTED = ("thresholds", "extremes", "areas", "peaks")


def responses_of(
    p: Pipeline, layer: str, table: ConceptTable, table_stage: Stage
) -> tuple[Responses, list[str]]:
    """Counts and state of all units of a layer, counted now if they are not stored."""
    # the rule is part of the stage's key, so it comes first; two passes have found theirs
    if p.store:
        p.rules[layer] = p.threshold or p.probe.threshold(partial(lowest_value, p.shards(layer)))
    stage = responses_stage(p, layer, table_stage)
    responses = kept_counts(stage, p.rules[layer])
    if responses is None:
        _count(p, layer, table, stage)
        responses = Responses.load(stage.path / "responses.npz")
    return responses, list(stage.info["status"])


def responses_stage(p: Pipeline, layer: str, table_stage: Stage) -> Stage:
    """The stage that holds a layer's thresholds and counts."""
    return p.stage(
        stage_names.responses(layer),
        activations=p.stages[stage_names.activations(layer)].key,
        concepts=table_stage.key,
        threshold=asdict(p.rules[layer]),
        # an upgrade of what computes counts has them computed again
        versions=made_with("numpy", "numba"),
    )


def kept_counts(stage: Stage, rule: Threshold | Ranges) -> Responses | None:
    """The counts of a layer; None where there are none yet, or damaged ones."""
    if has_arrays(stage, (*_COUNTED, "borders") if isinstance(rule, Ranges) else _COUNTED):
        with suppress(DataError):
            return Responses.load(stage.path / "responses.npz")
    return None


def has_arrays(stage: Stage, names: Sequence[str]) -> bool:
    """Whether a stage is done and its arrays can be read."""
    try:
        for name in names:
            read_array(stage.path / f"{name}.npy", mmap_mode="r")
    except RunError:
        return False
    return stage.done


def _count(p: Pipeline, layer: str, table: ConceptTable, stage: Stage) -> None:
    shards, rule = p.shards(layer), p.rules[layer]
    n_blocks = len(shards.paths)
    positions = known_positions(table)
    if isinstance(rule, Threshold):
        n = n_values(rule, shards.n_samples, shards.map_shape, positions)
        check_quantile(rule, n)
    with stage.timer.timed("thresholds"):
        found = find_thresholds(shards, rule, positions, p.jobs)
    with stage.timer.timed("counting"):
        blocks = track(shards.blocks(), f"counting {layer}", n_blocks)
        counted = count_responses(shards, found.values, table, p.jobs, blocks)
    save_counts(stage, found, counted)


def save_counts(stage: Stage, found: UnitThresholds, counted: Counted) -> None:
    """Keep thresholds and counts of a layer."""
    with writing(stage.path):
        stage.write("responses.npz", counted.responses.writer())
        stage.write_array("thresholds.npy", found.values)
        stage.write_array("extremes.npy", np.stack([found.lowest, found.highest]))
        if found.borders is not None:
            stage.write_array("borders.npy", found.borders)
        stage.write_array("areas.npy", counted.areas)
        stage.write_array("peaks.npy", counted.peaks)
    stage.finish(status=found.status)


def few_active(
    p: Pipeline, layer: str, table: ConceptTable, status: Sequence[str], stuck: Sequence[int]
) -> str:
    """Warn where the quantile leaves so few activations that formulas describe single places.

    Args:
        p: the run.
        layer: the layer.
        table: the concept table.
        status: of each unit of the layer.
        stuck: units with no value above the threshold at all, of which nothing is said here.

    Returns:
        a sentence for the notes, or nothing.
    """
    rule = p.rules[layer]
    if not isinstance(rule, Threshold) or rule.quantile is None:
        return ""
    height, width = p.stages[stage_names.activations(layer)].info["map_shape"]
    n_rows = p.n_samples if p.probe.rows is None else int(p.probe.rows[-1])
    n = n_values(rule, n_rows, (height, width), known_positions(table))
    above = values_above(rule.quantile, n)
    larger = modality_named(p.probe.modality).level(p.probe.level).larger
    fire = sum(status[unit] == ALIVE for unit in p.units_of(layer)) - len(stuck)
    if above >= _FEW or (stuck and not fire):
        return ""
    return (
        f"the top {rule.quantile:g} of {n:,} activations are {above}, so each "
        f"{'other unit' if stuck else 'unit'} of {layer} "
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
