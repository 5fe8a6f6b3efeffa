"""Runs that say other things of themselves than their files do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from andornot.runs.manifest import Manifest, ManifestPart, RulePart
from andornot.runs.run import Run

WHOLE: dict[str, Any] = {
    "format": 1,
    "made": "2026-01-01T00:00:00+0000",
    "versions": {"andornot": "0.2.0"},
    "model": {
        "spec": "net.py:net", "weights": None, "fingerprint": "f", "class_names": None, "notes": []
    },
    "recording": {"batch_size": None, "device": "cpu", "tokens": "auto", "layout": "auto"},
    "level": "pair",
    "data": {"kind": "pairs", "path": "p.tsv", "fingerprint": "d", "samples": 1, "concepts": 1},
    "search": {
        "length": 1, "beam_size": 1, "search": "beam", "metric": "iou", "operators": ["OR"]
    },
    "layers": {"1": {"units": 1, "status": {"ok": 1}, "mean_iou_by_length": [0.5]}},
    "stages": {
        "concepts": {"seconds": {}, "path": "cache/c"},
        "logits": {"seconds": {}, "path": "cache/l", "n_classes": 0},
        "activations 1": {"seconds": {}, "path": "cache/a"},
        "responses 1": {"seconds": {}, "path": "cache/r", "key": "k"},
    },
    "peak_rss_bytes": 1,
}  # fmt: skip
"""The least that a manifest of format 1 says: what no version left out."""


def run_at(path: Path, **changes: Any) -> Run:
    """A run that lies nowhere; changes as of :func:`retold`."""
    return retold(Run(path, Manifest.from_json(WHOLE, path / "manifest.json")), **changes)


def run_by(path: Path, rule: Mapping[str, Any] | None) -> Run:
    """A run that lies nowhere, whose units in layer ``1`` are active by a rule."""
    layer = run_at(path).record.layers["1"]
    return run_at(
        path, layers={"1": replace(layer, threshold=None if rule is None else RulePart.of(rule))}
    )


def retold(run: Run, **changes: Any) -> Run:
    """The run with other fields in its record; an object changes only the fields that it names."""
    record = run.record
    for name, value in changes.items():
        part = getattr(record, name)
        if isinstance(part, ManifestPart) and isinstance(value, Mapping):
            value = replace(part, **value)
        record = replace(record, **{name: value})  # type: ignore[arg-type]
    return Run(run.path, record, run.trust_code)
