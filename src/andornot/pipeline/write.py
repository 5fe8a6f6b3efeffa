"""The last step: write what a run found, and put all that shaped it into its manifest."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.files import writing
from andornot._tools.reading import read_array, read_json
from andornot.concepts.table import ConceptTable
from andornot.errors import RunError
from andornot.pipeline.state import Pipeline
from andornot.pipeline.tables import summary, write_explanations, write_samples
from andornot.results.result import Result
from andornot.runs.commit import MANIFEST, commit, new_results


def write_run(p: Pipeline, data_key: str, results: dict[str, Result], table: ConceptTable) -> None:
    """Write the tables of units and samples, and let them and their manifest be the run."""
    data = p.probe.data
    with writing(p.out), new_results(p.out) as tables:
        with p.timer("results").timed("save"):
            names = p.probe.class_names
            heads = {layer: _head(p, layer) for layer in results}
            write_explanations(tables, results, heads, names)
            logits = p.stages["logits"].path / "logits.npy"
            write_samples(
                tables, data, p.folds, read_array(logits) if logits.exists() else None, names
            )
        facts = p.probe.facts() | {
            "level": p.probe.level,
            "data": {
                "kind": data.kind,
                "path": str(data.path),
                "source": getattr(data, "source", None),
                "fingerprint": data_key,
                "samples": len(data),
                "concepts": table.n_concepts,
            },
            "folds": p.folds,
            "min_active": p.least_active(p.probe.layers[0]),
            "relations": p.relations,
            "search": asdict(p.search),
            "store": p.store,
            "trust": p.trust and asdict(p.trust) | {"choose_length": p.choose_length},
            "layers": {
                layer: summary(result) | {"threshold": asdict(p.rules[layer])}
                for layer, result in results.items()
            },
        }
        if p.directions is not None:  # of the one layer that there is
            facts["directions"] = p.directions.facts()
        _note_replaced(p, facts)
        facts["notes"] = p.notes
        commit(p.out, tables, facts, p.stages, p.timers, time.perf_counter() - p.started)


def _note_replaced(p: Pipeline, facts: dict[str, Any]) -> None:
    """Say that other results lay here, and which pages were made of them."""
    before: Any = None
    with suppress(RunError):
        before = read_json(p.out / MANIFEST)
    was, now = _told(before), _told(json.loads(json.dumps(facts)))
    if was is None or now is None or was == now:
        return
    pages = [index.parent.name for index in sorted(p.out.glob("*/index.html"))]
    if pages or was[:2] != now[:2]:
        stale = f"; make {' and '.join(pages)} anew, which tell of those" if pages else ""
        p.note(f"these results take the place of other ones that lay in {p.out}{stale}")


def _told(manifest: Any) -> tuple[Any, ...] | None:
    """What tells the results of two runs apart, above all the units; None of a damaged manifest."""
    try:
        layers = manifest["layers"]
        units = {layer: facts["units"] for layer, facts in layers.items()}
        data, model = manifest["data"]["fingerprint"], manifest["model"]["fingerprint"]
    except (KeyError, TypeError, AttributeError):
        return None
    return units, (data, model), layers, manifest.get("search")


def _head(p: Pipeline, layer: str) -> NDArray[np.float32] | None:
    path = p.stages[f"activations {layer}"].path / "head.npy"
    return read_array(path) if path.exists() else None
