"""Two passes of the network where no activations are stored: thresholds, then counts."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np

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
    has_arrays,
    kept_counts,
    responses_stage,
    save_counts,
)
from andornot.pipeline.passes import FirstPass, SecondPass, Work, run_pass
from andornot.pipeline.record import finish_layer, finish_logits, network_stages
from andornot.pipeline.state import Pipeline
from andornot.pipeline.steady import try_network
from andornot.runs import stage_names
from andornot.runs.cache import Stage


def pass_twice(p: Pipeline, data_key: str, table: ConceptTable, table_stage: Stage) -> None:
    """Run the network twice, for all layers that are not counted yet, and keep no activations."""
    stages, logits = network_stages(p, data_key)
    # the rule of a layer hangs on its lowest value, which this pass finds; if that makes it a fixed
    # one, the quantiles are not used
    guess = p.threshold or Threshold()
    assert isinstance(guess, Threshold)
    work = Work(
        p.probe, (), not logits.done, p.units,
        table_stage.path.resolve(), dict.fromkeys(p.probe.layers, guess), p.memory, p.jobs,
        directions=p.directions,
    )  # fmt: skip
    # at native resolution no threshold hangs on the sizes of label maps
    grids = table_stage.key if is_upsampled(guess) else None
    found = {
        layer: p.stage(
            stage_names.thresholds(layer), activations=stage.key, rule=asdict(guess), grids=grids
        )
        for layer, stage in stages.items()
    }
    first = [
        layer
        for layer, stage in stages.items()
        if not (stage.done and has_arrays(found[layer], ("thresholds", "extremes")))
    ]
    p.stage(stage_names.FIRST_PASS, keys=[*(stage.key for stage in found.values()), logits.key])
    if first or not logits.done:
        _first_pass(p, replace(work, layers=tuple(first)), table, found, logits)
    _leave(p, stage_names.FIRST_PASS)
    thresholds = {
        layer: _thresholds(p, layer, stage, table, work.n_rows) for layer, stage in found.items()
    }
    counted = {layer: responses_stage(p, layer, table_stage) for layer in stages}
    second = tuple(n for n, stage in counted.items() if kept_counts(stage, p.rules[n]) is None)
    p.stage(stage_names.SECOND_PASS, keys=[stage.key for stage in counted.values()])
    if second:
        values = {layer: thresholds[layer].values for layer in second}
        work = replace(work, layers=second, logits=False, thresholds=values)
        passed = _pass(p, stage_names.SECOND_PASS, work, table)
        assert isinstance(passed, SecondPass)
        for layer in second:
            save_counts(counted[layer], thresholds[layer], passed.counts[layer].finish())
    _leave(p, stage_names.SECOND_PASS)


def _first_pass(
    p: Pipeline, work: Work, table: ConceptTable, found: dict[str, Stage], logits: Stage
) -> None:
    """Find thresholds and logits."""
    try_network(p, work)
    passed = _pass(p, stage_names.FIRST_PASS, work, table)
    assert isinstance(passed, FirstPass)
    for layer in work.layers:
        stage, top = found[layer], passed.tops[layer]
        values = top.thresholds(work.rules[layer])
        with writing(stage.path):
            stage.write_array("thresholds.npy", values.values)
            stage.write_array("extremes.npy", np.stack([values.lowest, values.highest]))
        stage.finish(status=values.status)
        recorded = p.stages[stage_names.activations(layer)]
        finish_layer(p, layer, recorded, len(values.values), passed.map_shapes[layer])
    if work.logits:
        finish_logits(p, logits, passed.logits)


def _pass(p: Pipeline, name: str, work: Work, table: ConceptTable) -> object:
    stage = p.stages[name]
    stage.undo()
    return run_pass(work, table, p.engine, stage.path / "partial.npz", stage.timer)


def _leave(p: Pipeline, name: str) -> None:
    """Note that a pass is through, and remove what it had when it was interrupted."""
    stage = p.stages[name]
    if not stage.done:
        stage.finish()
    with writing(stage.path):
        stage.remove("partial.npz")


def _thresholds(
    p: Pipeline, layer: str, stage: Stage, table: ConceptTable, n_rows: int
) -> UnitThresholds:
    """What the first pass found, and which rule holds where the user gave none."""
    values = read_array(stage.path / "thresholds.npy")
    lowest, highest = read_array(stage.path / "extremes.npy")
    status = tuple(stage.info["status"])
    rule = p.threshold or p.probe.threshold(lambda: float(np.nanmin(lowest, initial=np.inf)))
    assert isinstance(rule, Threshold)
    p.rules[layer] = rule
    if rule.fixed is not None:
        nowhere = np.array([state == NOT_FINITE for state in status])
        values = np.where(nowhere, np.nan, rule.fixed)
    else:
        height, width = p.stages[stage_names.activations(layer)].info["map_shape"]
        check_quantile(rule, n_values(rule, n_rows, (height, width), known_positions(table)))
    return UnitThresholds(values, status, lowest, highest)
