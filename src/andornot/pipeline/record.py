"""What a run records first: the concept table, and what the network gives for each sample."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.executors import Engine
from andornot._tools.files import writing
from andornot._tools.folders import keep_aside
from andornot._tools.progress import tell
from andornot._tools.words import count
from andornot.concepts.table import ConceptTable
from andornot.counting.stores import Shards, is_shard
from andornot.data.samples import groups_of
from andornot.data.sources.related import Related
from andornot.errors import DataError
from andornot.pipeline.context import Context
from andornot.pipeline.editions import data_edition, network_editions, note_labels
from andornot.pipeline.journal import Journal
from andornot.pipeline.passes import RecordingPass, check_units
from andornot.pipeline.plan import Plan
from andornot.pipeline.steady import Company, try_network
from andornot.pipeline.values import (
    Concepts,
    DataEdition,
    NetworkStages,
    RecordedLayer,
    RecordedNetwork,
)
from andornot.runs import stage_names
from andornot.runs.cache import Stage, remove_stage
from andornot.runs.run import DIRECTIONS

_SHARD_BYTES = 32 * 2**20


def concepts_of(plan: Plan, log: Journal) -> Concepts:
    """The concept table with the user's relations, built now if it is not stored."""
    inputs: dict[str, Any] = plan.probe.concept_key()
    if plan.options.relations is not None:
        inputs["relations"] = plan.options.relations
    context = Context.of(plan)
    if context is not None:
        inputs["context"] = context.key()
    groups = groups_of(plan.probe.data)
    if len(set(groups)) < len(groups):  # where each is its own, stages of before go on
        inputs["groups"] = groups
    if plan.tells_known:  # no part of the key elsewhere, so that stages of before go on
        inputs["known_only"] = True
    data = data_edition(plan, log)
    if "sources" in inputs:  # these may look at the pictures themselves
        inputs["images"] = data.images
    stage = plan.stage(
        stage_names.CONCEPTS, data=data.key, labels=data.labels, folds=plan.folds, **inputs
    )
    clock = log.enter(stage)
    if stage.done:
        with suppress(DataError):  # a damaged table is built again
            table = ConceptTable.load(stage.path)
            if context is not None:
                log.note(context.sentence(plan, table))
            return _counted_as_asked(plan, data, stage, table, log)
    with clock.timed("table"), writing(stage.path):
        remove_stage(stage.path)  # what a killed process left, or what is damaged
        table = _built(plan, stage.path, context)
        if plan.options.relations is not None:
            table = Related(plan.options.relations, plan.probe.spellings).derive(table)
            table.save_atoms(stage.path)
    if context is not None:
        log.note(context.sentence(plan, table))
    # before the table counts as done: a kill between the two leaves no table of unknown bytes
    note_labels(plan, data, log)
    log.finish(
        stage, n_atoms=table.n_atoms, n_positions=table.n_positions, n_samples=plan.n_samples
    )
    return _counted_as_asked(plan, data, stage, table, log)


def _built(plan: Plan, directory: Path, context: Context | None) -> ConceptTable:
    """The table of the samples' own concepts, and of those that look around."""
    if context is not None:
        return context.build(plan, directory)
    return plan.probe.build_table(
        directory, plan.folds, plan.options.execution.jobs, plan.tells_known
    )


def _counted_as_asked(
    plan: Plan, data: DataEdition, stage: Stage, table: ConceptTable, log: Journal
) -> Concepts:
    """The table together with the one of what counts once."""
    scored = table.by_sample() if plan.counts_samples else table
    if plan.counts_samples and scored is table:
        log.note("each sample is a single position, so counting samples is counting positions")
    return Concepts(data, stage, table, scored)


def network_stages(plan: Plan, data: DataEdition, log: Journal) -> NetworkStages:
    """The stages that hold what the network gives: one for each layer, one for the logits."""
    inputs = {"data": data.key, "images": data.images} | plan.probe.model_key()
    shape = plan.probe.layer_key()
    answers = network_editions(plan, log, **inputs, **shape)  # of the layers themselves
    if plan.directions is not None:
        shape = shape | {"directions": plan.directions.digest}
    layers = {
        layer: plan.stage(
            stage_names.activations(layer),
            layer=layer, answers=answers.get(f"layer {layer}"), **inputs, **shape,
        )
        for layer in plan.probe.layers
    }  # fmt: skip
    logits = plan.stage(stage_names.LOGITS, answers=answers.get("logits"), **inputs)
    recorded = (*layers.values(), logits)
    trial = plan.stage(stage_names.TRIAL, keys=[stage.key for stage in recorded])
    for stage in (*recorded, trial):
        log.enter(stage)
    for stage in layers.values():
        _undo_incomplete(stage, directions=plan.directions is not None)
    if logits.done and logits.info["n_classes"] and not (logits.path / "logits.npy").exists():
        logits.undo()
    return NetworkStages(layers, logits, trial)


def _undo_incomplete(stage: Stage, *, directions: bool) -> None:
    """Undo a layer that lacks a file beside its shards, which nobody who reads these would miss."""
    if stage.done and stage.info.get("head") and not head_file(stage).exists():
        stage.undo()
    if stage.done and directions and not (stage.path / DIRECTIONS).exists():
        stage.undo()


def record(
    plan: Plan, network: NetworkStages, engine: Engine | None, log: Journal
) -> RecordedNetwork:
    """Run the network once over all samples, for all layers that are not recorded yet."""
    for stage in network.layers.values():
        _drop_damaged(stage)  # it may be that nothing else reads them in this run
        if stage.done and _samples_in(plan, stage.shards) < plan.n_samples:
            stage.undo()
    if not all(stage.done for stage in (*network.layers.values(), network.logits)):
        _forward(plan, network, engine, log)
    return recorded_of(plan, network)


def _drop_damaged(stage: Stage) -> None:
    """Remove files of activations that are not as they were written; they are recorded again."""
    for path in stage.shards.damaged():
        tell(f"{path} is damaged, so it is made again")
        with writing(path):
            if is_shard(path):
                path.unlink()
            else:  # it has the name of one, and is somebody's, or a link
                keep_aside(path)


def _samples_in(plan: Plan, shards: Shards) -> int:
    """How many samples are recorded; shards hold whole samples."""
    if plan.probe.rows is None:
        return shards.n_rows
    return int(np.searchsorted(plan.probe.rows, shards.n_rows, side="right")) - 1


def _forward(plan: Plan, network: NetworkStages, engine: Engine | None, log: Journal) -> None:
    stages = {layer: stage for layer, stage in network.layers.items() if not stage.done}
    logits = network.logits
    # whole paths, since workers may have another current directory
    shards = {layer: Shards(stage.shards.directory.resolve()) for layer, stage in stages.items()}
    logit_shards = None if logits.done else Shards((logits.path / "shards").resolve())
    # one pass serves all layers, so its time is noted once, with the first of them
    clock = log.clock(next(iter(stages.values()), logits).name)
    work = RecordingPass(
        plan.probe, tuple(stages), logit_shards is not None, plan.options.units, shards,
        logit_shards, _SHARD_BYTES, directions=plan.directions,
    )  # fmt: skip
    company = try_network(work, network.trial, engine, log) or {}
    if engine is None:
        work.record_here(clock)
    else:
        with clock.timed("record"):
            work.record(engine)
    for layer, stage in stages.items():
        found = shards[layer]
        finish_layer(plan, layer, stage, found.n_units, found.map_shape, company, log)
    if logit_shards is not None:
        values = np.concatenate([block for _, block in logit_shards.blocks()])
        finish_logits(logits, values, company, log)


def finish_layer(
    plan: Plan,
    layer: str,
    stage: Stage,
    n_units: int,
    map_shape: tuple[int, int],
    company: Company,
    log: Journal,
) -> None:
    """Note what is known of a layer, with the weights of a linear head behind it, or directions.

    Directions have no weights to classes: what a class takes of each unit says nothing of how
    much of it is due to a direction, as many of which as one likes may share in one unit.
    """
    head = plan.probe.head(layer, n_units) if plan.directions is None else None
    if plan.directions is not None:
        with writing(stage.path):
            stage.write_array(DIRECTIONS, plan.directions.weights)
    if head is not None:
        with writing(stage.path):
            stage.write_array(head_file(stage).name, head)
    log.finish(
        stage, units=n_units, map_shape=map_shape, head=head is not None, company=company.get(layer)
    )


def head_file(stage: Stage) -> Path:
    """Where the weights from a layer's units to the classes lie, if a linear head follows."""
    return stage.path / "head.npy"


def finish_logits(
    stage: Stage, values: NDArray[np.float32], company: Company, log: Journal
) -> None:
    """Keep the logits; a network without a row of scores for each sample gave no columns."""
    if values.size:
        with writing(stage.path):
            stage.write_array("logits.npy", values)
    log.finish(stage, n_classes=int(values.shape[1]), company=company.get(""))


def note_class_names(plan: Plan, recorded: RecordedNetwork, log: Journal) -> None:
    """Say where there are not as many names as classes, so that no class has one."""
    names, n_classes = plan.probe.class_names, int(recorded.logits.info["n_classes"])
    if names is not None and n_classes and len(names) != n_classes:
        log.note(
            f"the network gives {count(n_classes, 'score')}, and {count(len(names), 'class name')} "
            f"{'is' if len(names) == 1 else 'are'} known, so classes go without names; give one "
            "for each, in their order"
        )


def recorded_of(plan: Plan, network: NetworkStages) -> RecordedNetwork:
    """What is noted of all layers and logits, once they are done.

    Raises:
        OptionError: a layer lacks a unit that is to be explained.
        DamagedError: a note is damaged or lost.
    """
    noted = {layer: stage.info for layer, stage in network.layers.items()}
    layers = tuple(_layer(plan, name, network.layers[name], info) for name, info in noted.items())
    shares = {
        name: info.get("company") for name, info in ({"": network.logits.info} | noted).items()
    }
    company = {name: share for name, share in shares.items() if share}
    return RecordedNetwork(layers, network.logits, company)


def _layer(plan: Plan, name: str, stage: Stage, info: Mapping[str, Any]) -> RecordedLayer:
    height, width = info["map_shape"]
    # of what was recorded before, nobody has asked
    units = check_units(plan.options.units, name, int(info["units"]))
    return RecordedLayer(name, stage, tuple(units), (height, width))
