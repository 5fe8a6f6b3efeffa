"""What a run records first: the concept table, and what the network gives for each sample."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.files import writing
from andornot._tools.folders import keep_aside
from andornot._tools.progress import tell
from andornot.concepts.relations import with_relations
from andornot.concepts.table import ConceptTable
from andornot.counting.stores import Shards, is_shard
from andornot.data.samples import groups_of
from andornot.errors import DataError
from andornot.pipeline.editions import data_editions, network_editions, note_labels
from andornot.pipeline.passes import Recordings
from andornot.pipeline.state import Pipeline
from andornot.pipeline.steady import try_network
from andornot.runs import stage_names
from andornot.runs.cache import Stage, remove_stage
from andornot.runs.run import DIRECTIONS

_SHARD_BYTES = 32 * 2**20


def concepts_of(p: Pipeline, data_key: str) -> tuple[ConceptTable, Stage]:
    """The concept table with the user's relations, built now if it is not stored."""
    inputs: dict[str, Any] = p.probe.concept_key()
    if p.relations is not None:
        inputs["relations"] = p.relations
    groups = groups_of(p.probe.data)
    if len(set(groups)) < len(groups):  # where each is its own, stages of before go on
        inputs["groups"] = groups
    if p.search.known_only:  # no part of the key elsewhere, so that stages of before go on
        inputs["known_only"] = True
    p.editions = data_editions(p, data_key)
    stage = p.stage(
        stage_names.CONCEPTS, data=data_key, labels=p.editions["labels"], folds=p.folds, **inputs
    )
    if stage.done:
        with suppress(DataError):  # a damaged table is built again
            return ConceptTable.load(stage.path), stage
    with stage.timer.timed("table"), writing(stage.path):
        remove_stage(stage.path)  # what a killed process left, or what is damaged
        table = p.probe.build_table(stage.path, p.folds, p.jobs, p.search.known_only)
        if p.relations is not None:
            table = with_relations(table, p.relations, p.probe.spellings)
            table.save_atoms(stage.path)
    # before the table counts as done: a kill between the two leaves no table of unknown bytes
    note_labels(p)
    stage.finish(n_atoms=table.n_atoms, n_positions=table.n_positions, n_samples=p.n_samples)
    return table, stage


def record(p: Pipeline, data_key: str) -> None:
    """Run the network once over all samples, for all layers that are not recorded yet."""
    stages, logits = network_stages(p, data_key)
    for layer, stage in stages.items():
        _drop_damaged(stage)  # it may be that nothing else reads them in this run
        if stage.done and _recorded(p, p.shards(layer)) < p.n_samples:
            stage.undo()
    if all(stage.done for stage in (*stages.values(), logits)):
        return
    _forward(p, {layer: stage for layer, stage in stages.items() if not stage.done}, logits)


def _drop_damaged(stage: Stage) -> None:
    """Remove files of activations that are not as they were written; they are recorded again."""
    for path in stage.shards.damaged():
        tell(f"{path} is damaged, so it is made again")
        with writing(path):
            if is_shard(path):
                path.unlink()
            else:  # it has the name of one, and is somebody's, or a link
                keep_aside(path)


def network_stages(p: Pipeline, data_key: str) -> tuple[dict[str, Stage], Stage]:
    """The stages that hold what the network gives: one for each layer, one for the logits."""
    inputs = {"data": data_key, "images": p.editions["images"]} | p.probe.model_key()
    shape = p.probe.layer_key()
    answers = network_editions(p, **inputs, **shape)  # of the layers themselves
    if p.directions is not None:
        shape = shape | {"directions": p.directions.digest}
    stages = {
        layer: p.stage(
            stage_names.activations(layer),
            layer=layer, answers=answers.get(f"layer {layer}"), **inputs, **shape,
        )
        for layer in p.probe.layers
    }  # fmt: skip
    logits = p.stage(stage_names.LOGITS, answers=answers.get("logits"), **inputs)
    p.stage(stage_names.TRIAL, keys=[*(stage.key for stage in stages.values()), logits.key])
    for stage in stages.values():
        # these files lie beside the shards, and nobody who reads shards would miss them
        if stage.done and stage.info.get("head") and not _head_file(stage).exists():
            stage.undo()
        if stage.done and p.directions is not None and not (stage.path / DIRECTIONS).exists():
            stage.undo()
    if logits.done and logits.info["n_classes"] and not (logits.path / "logits.npy").exists():
        logits.undo()
    return stages, logits


def _recorded(p: Pipeline, shards: Shards) -> int:
    """How many samples are recorded; shards hold whole samples."""
    if p.probe.rows is None:
        return shards.n_samples
    return int(np.searchsorted(p.probe.rows, shards.n_samples, side="right")) - 1


def _forward(p: Pipeline, stages: dict[str, Stage], logits: Stage) -> None:
    # whole paths, since workers may have another current directory
    shards = {layer: Shards(p.shards(layer).directory.resolve()) for layer in stages}
    logit_shards = None if logits.done else Shards((logits.path / "shards").resolve())
    # one pass serves all layers, so its time is noted once, with the first of them
    clock = next(iter(stages.values()), logits).timer
    work = Recordings(
        p.probe, tuple(stages), logit_shards is not None, p.units, shards, logit_shards,
        _SHARD_BYTES, directions=p.directions,
    )  # fmt: skip
    try_network(p, work)
    if p.engine is None:
        work.record_here(clock)
    else:
        with clock.timed("record"):
            work.record(p.engine)
    for layer, stage in stages.items():
        finish_layer(p, layer, stage, shards[layer].n_units, shards[layer].map_shape)
    if logit_shards is not None:
        finish_logits(p, logits, np.concatenate([block for _, block in logit_shards.blocks()]))


def finish_layer(
    p: Pipeline, layer: str, stage: Stage, n_units: int, map_shape: tuple[int, int]
) -> None:
    """Note what is known of a layer, with the weights of a linear head behind it, or directions.

    Directions have no weights to classes: what a class takes of each unit says nothing of how
    much of it is due to a direction, as many of which as one likes may share in one unit.
    """
    head = p.probe.head(layer, n_units) if p.directions is None else None
    if p.directions is not None:
        with writing(stage.path):
            stage.write_array(DIRECTIONS, p.directions.weights)
    if head is not None:
        with writing(stage.path):
            stage.write_array(_head_file(stage).name, head)
    stage.finish(
        units=n_units, map_shape=map_shape, head=head is not None, company=p.company.get(layer)
    )


def _head_file(stage: Stage) -> Path:
    """Where the weights from a layer's units to the classes lie, if a linear head follows."""
    return stage.path / "head.npy"


def finish_logits(p: Pipeline, stage: Stage, values: NDArray[np.float32]) -> None:
    """Keep the logits; a network without a row of scores for each sample gave no columns."""
    if values.size:
        with writing(stage.path):
            stage.write_array("logits.npy", values)
    stage.finish(n_classes=int(values.shape[1]), company=p.company.get(""))
