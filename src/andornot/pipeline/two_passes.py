"""Two passes of the network where no activations are stored: thresholds, then counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from andornot._tools.executors import Engine
from andornot._tools.files import writing
from andornot._tools.reading import read_array
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import known_positions
from andornot.counting.thresholds import (
    NOT_FINITE,
    Threshold,
    UnitThresholds,
    is_upsampled,
    n_values,
)
from andornot.pipeline.count import (
    check_quantile,
    count_place,
    has_arrays,
    kept_counts,
    save_counts,
)
from andornot.pipeline.journal import Journal
from andornot.pipeline.passes import CountPass, Pass, StatisticsPass, ThresholdPass, run_pass
from andornot.pipeline.plan import Plan
from andornot.pipeline.record import finish_layer, finish_logits, recorded_of
from andornot.pipeline.steady import try_network
from andornot.pipeline.values import (
    Concepts,
    CountPlace,
    NetworkStages,
    RecordedLayer,
    RecordedNetwork,
)
from andornot.runs import stage_names
from andornot.runs.cache import Stage


def pass_twice(
    plan: Plan, concepts: Concepts, network: NetworkStages, engine: Engine | None, log: Journal
) -> RecordedNetwork:
    """Run the network twice, for all layers that are not counted yet, and keep no activations."""
    # the rule of a layer hangs on its lowest value, which this pass finds; if that makes it a fixed
    # one, the quantiles are not used
    guess = plan.options.threshold or Threshold()
    assert isinstance(guess, Threshold)
    work = StatisticsPass(
        plan.probe, (), not network.logits.done, plan.options.units,
        concepts.stage.path.resolve(), dict.fromkeys(network.layers, guess), plan.memory,
        plan.options.execution.jobs,
        directions=plan.directions,
    )  # fmt: skip
    found = _threshold_stages(plan, concepts, network, guess, log)
    _first_pass(plan, work, concepts.table, network, found, engine, log)
    recorded = recorded_of(plan, network)
    rules = {name: _rule(plan, stage) for name, stage in found.items()}
    thresholds = {
        layer.name: _thresholds(layer, rules[layer.name], found[layer.name], concepts.table, work)
        for layer in recorded.layers
    }
    places = {
        layer.name: count_place(plan, layer, rules[layer.name], concepts, log)
        for layer in recorded.layers
    }
    _second_pass(plan, work, concepts.table, places, thresholds, engine, log)
    counted = (replace(layer, counts=places[layer.name]) for layer in recorded.layers)
    return replace(recorded, layers=tuple(counted))


def _threshold_stages(
    plan: Plan, concepts: Concepts, network: NetworkStages, guess: Threshold, log: Journal
) -> dict[str, Stage]:
    """For each layer the stage that holds what the first pass finds of its units."""
    # at native resolution no threshold hangs on the sizes of label maps
    grids = concepts.stage.key if is_upsampled(guess) else None
    stages = {
        layer: plan.stage(
            stage_names.thresholds(layer), activations=stage.key, rule=asdict(guess), grids=grids
        )
        for layer, stage in network.layers.items()
    }
    for stage in stages.values():
        log.enter(stage)
    return stages


def _first_pass(
    plan: Plan,
    work: StatisticsPass,
    table: ConceptTable,
    network: NetworkStages,
    found: Mapping[str, Stage],
    engine: Engine | None,
    log: Journal,
) -> None:
    """Find the thresholds and logits that are missing."""
    layers = tuple(
        layer
        for layer, stage in network.layers.items()
        if not (stage.done and has_arrays(found[layer], ("thresholds", "extremes")))
    )
    keys = [*(stage.key for stage in found.values()), network.logits.key]
    stage = plan.stage(stage_names.FIRST_PASS, keys=keys)
    log.enter(stage)
    if layers or work.logits:
        work = replace(work, layers=layers)
        company = try_network(work, network.trial, engine, log) or {}
        passed = _pass(work, table, stage, engine, log)
        assert isinstance(passed, ThresholdPass)
        for layer in layers:
            top, recorded = passed.tops[layer], network.layers[layer]
            values = top.thresholds(work.rules[layer])
            _save_thresholds(found[layer], values, log)
            shape = passed.map_shapes[layer]
            finish_layer(plan, layer, recorded, len(values.values), shape, company, log)
        if work.logits:
            finish_logits(network.logits, passed.logits, company, log)
    _leave(stage, log)


def _save_thresholds(stage: Stage, values: UnitThresholds, log: Journal) -> None:
    with writing(stage.path):
        stage.write_array("thresholds.npy", values.values)
        stage.write_array("extremes.npy", np.stack([values.lowest, values.highest]))
    log.finish(stage, status=values.status)


def _second_pass(
    plan: Plan,
    work: StatisticsPass,
    table: ConceptTable,
    places: Mapping[str, CountPlace],
    thresholds: Mapping[str, UnitThresholds],
    engine: Engine | None,
    log: Journal,
) -> None:
    """Count the layers that are not counted yet."""
    layers = tuple(layer for layer, place in places.items() if kept_counts(place) is None)
    keys = [place.stage.key for place in places.values()]
    stage = plan.stage(stage_names.SECOND_PASS, keys=keys)
    log.enter(stage)
    if layers:
        values = {layer: thresholds[layer].values for layer in layers}
        work = replace(work, layers=layers, logits=False, thresholds=values)
        passed = _pass(work, table, stage, engine, log)
        assert isinstance(passed, CountPass)
        for layer in layers:
            counted = passed.counts[layer].finish()
            save_counts(places[layer].stage, thresholds[layer], counted, log)
    _leave(stage, log)


def _pass(
    work: StatisticsPass, table: ConceptTable, stage: Stage, engine: Engine | None, log: Journal
) -> Pass:
    stage.undo()
    return run_pass(work, table, engine, stage.path / "partial.npz", log.clock(stage.name))


def _leave(stage: Stage, log: Journal) -> None:
    """Note that a pass is through, and remove what it had when it was interrupted."""
    if not stage.done:
        log.finish(stage)
    with writing(stage.path):
        stage.remove("partial.npz")


def _extremes(stage: Stage) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The lowest and the highest value of each unit, as the first pass found them."""
    lowest, highest = read_array(stage.path / "extremes.npy")
    return lowest, highest


def _rule(plan: Plan, stage: Stage) -> Threshold:
    """Where the units of a layer count as active, by their values where the user does not say."""
    lowest, _ = _extremes(stage)
    rule = plan.options.threshold or plan.probe.threshold(
        lambda: float(np.nanmin(lowest, initial=np.inf))
    )
    assert isinstance(rule, Threshold)
    return rule


def _thresholds(
    layer: RecordedLayer, rule: Threshold, stage: Stage, table: ConceptTable, work: StatisticsPass
) -> UnitThresholds:
    """The thresholds of a layer's units by its rule."""
    values = read_array(stage.path / "thresholds.npy")
    lowest, highest = _extremes(stage)
    status = tuple(stage.info["status"])
    if rule.fixed is not None:
        nowhere = np.array([state == NOT_FINITE for state in status])
        values = np.where(nowhere, np.nan, rule.fixed)
    else:
        n = n_values(rule, work.n_rows, layer.map_shape, known_positions(table))
        check_quantile(rule, n)
    return UnitThresholds(values, status, lowest, highest)
