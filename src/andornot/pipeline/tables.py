"""The tables of what a run found: units and samples as files, and the summary of a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.files import json_writer
from andornot._tools.folders import Folder
from andornot.concepts.folds import fold_of
from andornot.data.samples import Samples, groups_of
from andornot.results.result import Result
from andornot.runs.commit import EXPLANATIONS, SAMPLES
from andornot.runs.head_weights import unit_weights
from andornot.runs.manifest import FORMAT


def write_explanations(
    folder: Folder,
    results: Mapping[str, Result],
    heads: Mapping[str, NDArray[np.float32] | None],
    class_names: Sequence[str] | None,
) -> None:
    """Write ``explanations.parquet`` and ``explanations.json``.

    Args:
        folder: where.
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
    table, plain = EXPLANATIONS
    folder.write(table, lambda path: whole.to_parquet(path, index=False))
    folder.write(plain, json_writer({"format": FORMAT, "layers": rows}))


def write_samples(
    folder: Folder,
    data: Samples,
    folds: int,
    logits: NDArray[np.float32] | None,
    class_names: Sequence[str] | None,
) -> None:
    """Write ``samples.parquet``: id, split, class, group, fold and prediction of each sample."""
    import pandas as pd

    groups = groups_of(data)
    frame = pd.DataFrame(
        {
            "sample": list(data.sample_ids),
            "split": list(data.splits),
            "class": list(data.classes),
            "group": list(groups),
            "fold": [fold_of(group, folds) for group in groups],
        }
    )
    if logits is not None:
        frame["prediction"] = logits.argmax(axis=1)
        if class_names is not None and len(class_names) == logits.shape[1]:
            frame["predicted_class"] = [class_names[i] for i in frame["prediction"]]
    folder.write(SAMPLES, lambda path: frame.to_parquet(path, index=False))


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
