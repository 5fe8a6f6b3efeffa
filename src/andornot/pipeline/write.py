"""The last step: write what a run found, and put all that shaped it into its manifest."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.files import writing
from andornot._tools.reading import read_array
from andornot._tools.timer import peak_rss_bytes
from andornot.concepts.table import ConceptTable
from andornot.data.registry import data_kind, noted_name
from andornot.data.samples import Samples
from andornot.errors import RunError
from andornot.pipeline.journal import Journal
from andornot.pipeline.plan import Plan
from andornot.pipeline.record import head_file
from andornot.pipeline.tables import summary, write_explanations, write_samples
from andornot.pipeline.values import Concepts, ExplainedLayer, RecordedNetwork
from andornot.runs import stage_names
from andornot.runs.cache import Stage, key_of
from andornot.runs.commit import commit, new_results, versions
from andornot.runs.manifest import (
    MANIFEST,
    ConceptOrigin,
    DataSource,
    DirectionsSource,
    LayerRecord,
    Manifest,
    ModelSource,
    RecordingPart,
    Searched,
    StageRecord,
    Trusted,
    WordsPart,
)


def write_run(
    plan: Plan,
    concepts: Concepts,
    recorded: RecordedNetwork,
    explained: Sequence[ExplainedLayer],
    log: Journal,
) -> None:
    """Write the tables of units and samples, and let them and their manifest be the run."""
    with writing(plan.out), new_results(plan.out) as tables:
        with log.clock(stage_names.RESULTS).timed("save"):
            names = plan.probe.class_names
            results = {each.layer.name: each.result for each in explained}
            heads = {each.layer.name: _head(each.layer.stage) for each in explained}
            write_explanations(tables, results, heads, names)
            logits = recorded.logits.path / "logits.npy"
            kept = read_array(logits) if logits.exists() else None
            write_samples(tables, plan.probe.data, plan.folds, kept, names)
        # after the tables, as it says how long they took
        manifest = _manifest(plan, concepts, explained, log)
        # before the commit, which replaces the manifest that is compared
        replaced = _replaced(plan, manifest)
        if replaced:
            log.note(replaced)
        commit(plan.out, tables, replace(manifest, notes=tuple(log.notes)))


def remove_older(log: Journal) -> None:
    """Remove what other runs left of the stages of this one."""
    for stage in log.stages.values():
        stage.remove_older()


def _manifest(
    plan: Plan, concepts: Concepts, explained: Sequence[ExplainedLayer], log: Journal
) -> Manifest:
    """All that shaped the run; its notes and where its results lie come in later."""
    facts = plan.probe.facts()
    return Manifest(
        made=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        versions=versions(),
        model=ModelSource(
            spec=facts.spec,
            weights=facts.weights,
            fingerprint=facts.fingerprint,
            class_names=facts.class_names,
            notes=facts.notes,
        ),
        preprocessing=facts.preprocessing,
        words=None if facts.words is None else WordsPart.of(facts.words),
        reading=facts.reading,
        recording=RecordingPart.of(asdict(plan.probe.recording)),
        modality=noted_name(plan.probe.modality),
        level=plan.probe.level,
        data=_data(plan, concepts),
        folds=plan.folds,
        # the same for all layers: it hangs on the rule with directions only, and these have one
        min_active=plan.least_active(explained[0].rule),
        unit_of_count="sample" if concepts.by_sample else "position",
        least_active_positions=plan.options.least_active_positions,
        least_active_groups=plan.options.least_active_groups,
        relations=plan.options.relations,
        concepts_by=_added_concepts(plan),
        directions=None
        if plan.directions is None
        else DirectionsSource.of(plan.directions.facts()),
        search=Searched.of(plan.options.search.as_dict()),
        store=plan.options.execution.store,
        trust=_trusted(plan),
        layers={each.layer.name: _layer(each) for each in explained},
        stages={name: _stage(plan, name, log) for name in log.clocks},
        seconds=round(time.perf_counter() - log.started, 3),
        peak_rss_bytes=peak_rss_bytes(),
    )


def _data(plan: Plan, concepts: Concepts) -> DataSource:
    data, table = plan.probe.data, concepts.table
    path, source = _found_again(data)
    return DataSource(
        kind=data.kind,
        path=path,
        source=source,
        fingerprint=concepts.data.key,
        samples=len(data),
        concepts=table.n_concepts,
        groups=_groups(table),
    )


def _found_again(data: Samples) -> tuple[str, Mapping[str, Any] | None]:
    """Where the samples lie and what opens them, for someone in another directory."""
    path, source = str(data.path), getattr(data, "source", None)
    kind = data_kind(data.kind)
    if kind is None or not kind.files:  # samples that are drawn lie nowhere
        return path, source
    if isinstance(source, Mapping) and isinstance(source.get("spec"), str):
        name, _, rest = source["spec"].partition(":")
        source = {**source, "spec": f"{name}:{_whole(rest)}"}
    return _whole(path), source


def _whole(path: str) -> str:
    """A path from the root; what names nothing, such as a file with options, stays as it is."""
    return str(Path(path).absolute()) if path and Path(path).exists() else path


def _added_concepts(plan: Plan) -> tuple[ConceptOrigin, ...] | None:
    """Where the concepts come from that the user added."""
    found = tuple(
        ConceptOrigin(
            name=source.who,
            by=source.provenance.by,
            told=source.provenance.name,
            code=source.code,
            key=key_of(**source.key()),
        )
        for source in plan.probe.sources
    )
    return found or None


def _groups(table: ConceptTable) -> int | None:
    """How many groups of samples there are, where samples share one."""
    positions = table.positions
    return None if positions is None or positions.groups is None else positions.n_groups


def _trusted(plan: Plan) -> Trusted | None:
    if plan.options.trusts is None:
        return None
    return Trusted.of(asdict(plan.options.trusts) | {"choose_length": plan.options.choose_length})


def _layer(explained: ExplainedLayer) -> LayerRecord:
    return LayerRecord.of(summary(explained.result) | {"threshold": asdict(explained.rule)})


def _stage(plan: Plan, name: str, log: Journal) -> StageRecord:
    if name not in log.stages:
        return StageRecord.of({"seconds": log.clocks[name].seconds})
    stage = log.stages[name]
    return StageRecord.of(stage.info | {"path": stage.path.relative_to(plan.out).as_posix()})


def _replaced(plan: Plan, manifest: Manifest) -> str:
    """Say that other results lay here, and which pages were made of them; nothing if none did."""
    before = None
    with suppress(RunError):  # there were none, or damaged ones
        before = Manifest.read(plan.out / MANIFEST)
    if before is None or _told(before) == _told(manifest):
        return ""
    pages = [index.parent.name for index in sorted(plan.out.glob("*/index.html"))]
    # who changed an option of the search expects other results, but may not think of pages
    if not pages and _told(before)[:2] == _told(manifest)[:2]:
        return ""
    stale = f"; make {' and '.join(pages)} anew, which tell of those" if pages else ""
    return f"these results take the place of other ones that lay in {plan.out}{stale}"


def _told(manifest: Manifest) -> tuple[Any, ...]:
    """What tells the results of two runs apart, above all the units."""
    units = {layer: facts.units for layer, facts in manifest.layers.items()}
    prints = manifest.data.fingerprint, manifest.model.fingerprint
    return units, prints, manifest.layers, manifest.search, manifest.unit_of_count


def _head(stage: Stage) -> NDArray[np.float32] | None:
    path = head_file(stage)
    return read_array(path) if path.exists() else None
