"""The last step: write what a run found, and put all that shaped it into its manifest."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.files import writing
from andornot._tools.reading import read_array
from andornot._tools.timer import peak_rss_bytes
from andornot.concepts.table import ConceptTable
from andornot.errors import RunError
from andornot.pipeline.state import Pipeline
from andornot.pipeline.tables import summary, write_explanations, write_samples
from andornot.results.result import Result
from andornot.runs import stage_names
from andornot.runs.commit import commit, new_results, versions
from andornot.runs.manifest import (
    MANIFEST,
    DataSource,
    DirectionsSource,
    LayerRecord,
    Manifest,
    ModelSource,
    Recorded,
    Searched,
    StageRecord,
    Trusted,
    Words,
)


def write_run(p: Pipeline, data_key: str, results: dict[str, Result], table: ConceptTable) -> None:
    """Write the tables of units and samples, and let them and their manifest be the run."""
    data = p.probe.data
    with writing(p.out), new_results(p.out) as tables:
        with p.timer(stage_names.RESULTS).timed("save"):
            names = p.probe.class_names
            heads = {layer: _head(p, layer) for layer in results}
            write_explanations(tables, results, heads, names)
            logits = p.stages[stage_names.LOGITS].path / "logits.npy"
            write_samples(
                tables, data, p.folds, read_array(logits) if logits.exists() else None, names
            )
        # after the tables, as it says how long they took
        manifest = _manifest(p, data_key, results, table)
        # before the commit, which replaces the manifest that is compared; it may add a note
        _note_replaced(p, manifest)
        commit(p.out, tables, replace(manifest, notes=tuple(p.notes)))


def _manifest(
    p: Pipeline, data_key: str, results: dict[str, Result], table: ConceptTable
) -> Manifest:
    """All that shaped the run; where its results lie comes in with them."""
    facts = p.probe.facts()
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
        words=None if facts.words is None else Words.of(facts.words),
        recording=Recorded.of(asdict(p.probe.recording)),
        level=p.probe.level,
        data=_data(p, data_key, table),
        folds=p.folds,
        # the same for all layers: it hangs on the rule with directions only, and these have one
        min_active=p.least_active(p.probe.layers[0]),
        relations=p.relations,
        directions=None if p.directions is None else DirectionsSource.of(p.directions.facts()),
        search=Searched.of(p.search.as_dict()),
        store=p.store,
        trust=_trusted(p),
        layers={layer: _layer(p, layer, result) for layer, result in results.items()},
        stages={name: _stage(p, name) for name in p.timers},
        seconds=round(time.perf_counter() - p.started, 3),
        peak_rss_bytes=peak_rss_bytes(),
    )


def _data(p: Pipeline, data_key: str, table: ConceptTable) -> DataSource:
    data = p.probe.data
    return DataSource(
        kind=data.kind,
        path=str(data.path),
        source=getattr(data, "source", None),
        fingerprint=data_key,
        samples=len(data),
        concepts=table.n_concepts,
        groups=_groups(table),
    )


def _groups(table: ConceptTable) -> int | None:
    """How many groups of samples there are, where samples share one."""
    positions = table.positions
    return None if positions is None or positions.groups is None else positions.n_groups


def _trusted(p: Pipeline) -> Trusted | None:
    if p.trust is None:
        return None
    return Trusted.of(asdict(p.trust) | {"choose_length": p.choose_length})


def _layer(p: Pipeline, layer: str, result: Result) -> LayerRecord:
    return LayerRecord.of(summary(result) | {"threshold": asdict(p.rules[layer])})


def _stage(p: Pipeline, name: str) -> StageRecord:
    if name not in p.stages:
        return StageRecord.of({"seconds": p.timers[name].seconds})
    stage = p.stages[name]
    return StageRecord.of(stage.info | {"path": stage.path.relative_to(p.out).as_posix()})


def _note_replaced(p: Pipeline, manifest: Manifest) -> None:
    """Say that other results lay here, and which pages were made of them."""
    before = None
    with suppress(RunError):  # there were none, or damaged ones
        before = Manifest.read(p.out / MANIFEST)
    if before is None or _told(before) == _told(manifest):
        return
    pages = [index.parent.name for index in sorted(p.out.glob("*/index.html"))]
    # who changed an option of the search expects other results, but may not think of pages
    if pages or _told(before)[:2] != _told(manifest)[:2]:
        stale = f"; make {' and '.join(pages)} anew, which tell of those" if pages else ""
        p.note(f"these results take the place of other ones that lay in {p.out}{stale}")


def _told(manifest: Manifest) -> tuple[Any, ...]:
    """What tells the results of two runs apart, above all the units."""
    units = {layer: facts.units for layer, facts in manifest.layers.items()}
    prints = manifest.data.fingerprint, manifest.model.fingerprint
    return units, prints, manifest.layers, manifest.search


def _head(p: Pipeline, layer: str) -> NDArray[np.float32] | None:
    path = p.stages[stage_names.activations(layer)].path / "head.npy"
    return read_array(path) if path.exists() else None
