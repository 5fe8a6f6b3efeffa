"""Write what a run found: tables of units and samples, and a manifest of all that shaped them."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from andornot._tools.files import check_no_link, check_plain, json_writer, sync
from andornot._tools.folders import (
    LIST,
    Folder,
    check_is_folder,
    keep_aside,
    new_folder,
    remove_ours,
)
from andornot._tools.progress import tell
from andornot._tools.timer import Timer, peak_rss_bytes
from andornot.counting.stores import parse_json
from andornot.data.classes import told_apart
from andornot.data.images.table import fold_of
from andornot.data.samples import Samples
from andornot.errors import OptionError, RunError
from andornot.results.explanation import Result
from andornot.runs.cache import Stage, key_of

FORMAT = 1
MANIFEST: Final = "manifest.json"
EXPLANATIONS: Final = ("explanations.parquet", "explanations.json")
NEW: Final = "new"
SAMPLES: Final = "samples.parquet"
TABLES: Final = (*EXPLANATIONS, SAMPLES)
"""What a run found, in ``results/KEY``; copies lie beside the manifest, for people."""

MAX_WEIGHTS = 20
"""Most classes for which the table of units has a column each, with the unit's weight to it."""


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
    folder: Folder,
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
    folder.write(SAMPLES, lambda path: frame.to_parquet(path, index=False))


def claim(out: Path) -> None:
    """Make sure, before a run begins, that nothing of other people is in its way.

    Raises:
        OptionError: files there have the names that a run writes, and no run of ours wrote them.
        OSError: a link is in the place of a file or folder of the run.
    """
    for name in ("cache", "results", "attacks"):
        check_is_folder(out / name)
    for name in (MANIFEST, *TABLES):
        check_plain(out / name)
    folder = Folder.at(out)
    if not folder.listed:
        if _adopt(folder) and (out / LIST).exists():
            keep_aside(out / LIST)  # a damaged one
        folder.check_list()
    elif (out / MANIFEST).exists() and not folder.is_ours(MANIFEST):
        keep_aside(out / MANIFEST)
    folder.save()


def _adopt(folder: Folder) -> bool:
    """Take over what a version that kept no list wrote, or whose list is damaged or lost.

    Returns:
        Whether a run lies there.
    """
    lying = [name for name in (MANIFEST, *TABLES) if os.path.lexists(folder.path / name)]
    if not lying:
        return False
    manifest: dict[str, Any] = {}
    with suppress(RunError):
        manifest = parse_json(folder.path / MANIFEST)
    if manifest.get("format") != FORMAT or "stages" not in manifest:
        raise OptionError(
            f"{folder.path / lying[0]} is not of a finished run of andornot, so it is not "
            "replaced; move it away, or choose another directory"
        )
    results = manifest.get("results")
    digests = results.get("digests") if isinstance(results, dict) else None
    for name in lying:
        folder.adopt(name)
        if name != MANIFEST and isinstance(digests, dict):  # else people may have changed it
            folder.files[name] = [str(digests.get(name))]
    return True


@contextmanager
def new_results(out: Path) -> Iterator[Folder]:
    """An empty folder for the tables of a run; it goes in the end if it did not get its name."""
    check_no_link(out / "results")
    (out / "results").mkdir(exist_ok=True)
    tables = new_folder(out / "results", NEW)
    try:
        yield tables
    finally:
        shutil.rmtree(tables.path, ignore_errors=True)


def commit(
    out: Path,
    tables: Folder,
    facts: Mapping[str, Any],
    stages: Mapping[str, Stage],
    timers: Mapping[str, Timer],
    seconds: float,
) -> None:
    """Let new results and the manifest of what shaped them take the place of the old ones.

    All happens in one moment, when ``manifest.json`` is renamed: it names the folder of its
    results, and the former folder is deleted after that.
    """
    digests = {name: known[-1] for name, known in tables.files.items()}
    path = out / "results" / key_of(**digests)
    if not _is_there(path, digests):
        path = _cleared(path)
        tables.path.rename(path)
        sync(path.parent)
    parts: dict[str, dict[str, Any]] = {}
    for name, timer in timers.items():
        parts[name] = {"seconds": timer.seconds}
        if name in stages:
            stage = stages[name]
            parts[name] = stage.info | {"path": stage.path.relative_to(out).as_posix()}
    manifest = {
        "format": FORMAT,
        "made": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": versions(),
        **facts,
        "results": {"path": path.relative_to(out).as_posix(), "digests": digests},
        "stages": parts,
        "seconds": round(seconds, 3),
        "peak_rss_bytes": peak_rss_bytes(),
    }
    folder = Folder.at(out)
    folder.write(MANIFEST, json_writer(manifest))
    _copy_for_people(folder, path)
    for old in (out / "results").iterdir():
        if old != path and Folder.at(old).listed:
            remove_ours(old)


def _is_there(path: Path, digests: Mapping[str, str]) -> bool:
    """Whether these very tables lie in a folder already; its list is mended if need be."""
    folder = Folder.at(path, whole=True)
    folder.files = {name: [digest] for name, digest in digests.items()}
    if not all(folder.is_ours(name) for name in TABLES):
        return False
    if not all(Folder.at(path).is_ours(name) for name in TABLES):
        folder.save()
    return True


def _cleared(path: Path) -> Path:
    """A place for results where damaged ones, or other things, may lie; another one if need be."""
    remove_ours(path)
    return path.with_name(f"{path.name}-{secrets.token_hex(4)}") if os.path.lexists(path) else path


def _copy_for_people(folder: Folder, results: Path) -> None:
    """Put the tables where people expect them, but not in the place of what they changed."""
    for name in TABLES:
        try:
            folder.write(name, lambda aside, name=name: shutil.copyfile(results / name, aside))  # type: ignore[misc]
        except OptionError as error:
            tell(f"note: {error}; the new one is {results / name}")
    folder.save()


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
