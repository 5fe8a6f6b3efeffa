"""Write what a run found: tables of units and samples, and a manifest of all that shaped them."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot.classes import told_apart
from andornot.explanations import Result
from andornot.files import write_json, write_whole
from andornot.probing.table import fold_of
from andornot.runs.stages import Stage, peak_rss_bytes
from andornot.samples import Samples

FORMAT = 1

MAX_WEIGHTS = 20
"""Most classes for which the table of units has a column each, with the unit's weight to it."""


def write_explanations(
    out: Path,
    results: Mapping[str, Result],
    heads: Mapping[str, NDArray[np.float32] | None],
    class_names: Sequence[str] | None,
) -> None:
    """Write ``explanations.parquet`` and ``explanations.json``.

    Args:
        out: the run's directory.
        results: for each layer its explanations.
        heads: for each layer the weights from its units to the classes, ``(classes, units)``.
        class_names: name of each class.
    """
    import pandas as pd

    frames, rows = [], {}
    for layer, result in results.items():
        weights = unit_weights(heads[layer], class_names)
        frame = result.to_frame()
        frame.insert(0, "layer", layer)
        units = frame["unit"].to_numpy()
        for name, column in weights.items():
            frame[f"weight_{name}"] = column[units]
        frames.append(frame)
        rows[layer] = [
            e.as_dict() | {"weights": {name: float(w[e.unit]) for name, w in weights.items()}}
            for e in result.rows()
        ]
    whole = pd.concat(frames, ignore_index=True)
    write_whole(out / "explanations.parquet", lambda path: whole.to_parquet(path, index=False))
    write_json(out / "explanations.json", {"format": FORMAT, "layers": rows})


def unit_weights(
    head: NDArray[np.float32] | None, class_names: Sequence[str] | None
) -> dict[str, NDArray[np.float32]]:
    """For each class the weight of each unit to it; empty where unknown, or classes are many."""
    if head is None or class_names is None:
        return {}
    if len(class_names) != len(head) or len(head) > MAX_WEIGHTS:
        return {}
    return dict(zip(told_apart(class_names), head, strict=True))


def write_samples(
    out: Path,
    data: Samples,
    folds: int,
    logits: NDArray[np.float32] | None,
    class_names: Sequence[str] | None,
) -> None:
    """Write ``samples.parquet``: id, split, class, fold and prediction of each sample."""
    import pandas as pd

    frame = pd.DataFrame(
        {
            "sample": list(data.sample_ids),
            "split": list(data.splits),
            "class": list(data.classes),
            "fold": [fold_of(i, folds) for i in data.sample_ids],
        }
    )
    if logits is not None:
        frame["prediction"] = logits.argmax(axis=1)
        if class_names is not None and len(class_names) == logits.shape[1]:
            frame["predicted_class"] = [class_names[i] for i in frame["prediction"]]
    write_whole(out / "samples.parquet", lambda path: frame.to_parquet(path, index=False))


def write_manifest(
    out: Path, facts: Mapping[str, Any], stages: Mapping[str, Stage], seconds: float
) -> None:
    """Write ``manifest.json``: what the run was made of, where its parts lie, how long it took."""
    parts: dict[str, dict[str, Any]] = {}
    for name, stage in stages.items():
        parts[name] = {"seconds": stage.seconds}
        if stage.key:
            parts[name] = stage.info | {"path": str(stage.path.relative_to(out))}
    manifest = {
        "format": FORMAT,
        "made": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": versions(),
        **facts,
        "stages": parts,
        "seconds": round(seconds, 3),
        "peak_rss_bytes": peak_rss_bytes(),
    }
    write_json(out / "manifest.json", manifest)


def summary(result: Result) -> dict[str, Any]:
    """Units of a layer by status, and the mean IoU by length of those that have a formula."""
    explained = [e for e in result if e.formula is not None]
    states = [e.status for e in result]
    by_length = np.array([e.by_length for e in explained])
    return {
        "units": len(result),
        "status": {state: states.count(state) for state in sorted(set(states))},
        "mean_iou_by_length": by_length.mean(axis=0).tolist() if len(explained) else [],
    }


def versions() -> dict[str, str]:
    """What a result was computed with: Python, the platform, and the packages that are there."""
    found = {"python": sys.version.split()[0], "platform": platform.platform()}
    for package in ("andornot", "numpy", "numba", "torch", "torchvision", "transformers", "pillow"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
