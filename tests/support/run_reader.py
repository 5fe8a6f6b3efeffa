"""All that can be read of a run, in every way there is, as values that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from click.testing import CliRunner

from andornot.cli import cli
from andornot.edits import finished
from andornot.errors import AndornotError
from andornot.runs.run import Run

Classes = tuple[str, str] | None
"""Source and target of an attack that lies in a run."""


@dataclass(frozen=True)
class Told:
    """What an error said."""

    sentence: str


def ways(run: Run, attacked: Classes = None) -> Iterator[tuple[str, Callable[[], Any]]]:
    """All ways to read a run, by name."""
    yield from stored(run)
    show = ("show", str(run.path), "--layer", run.layers[0])
    yield "show", lambda: printed(*show)
    if run.manifest["level"] == "image":
        yield "units", lambda: printed(*show, "--units", "0-1")
    if attacked:
        yield "attack", lambda: attack_of(run, *attacked)


def stored(run: Run) -> Iterator[tuple[str, Callable[[], Any]]]:
    """All that a run holds, by name."""
    shaped = (
        *("level", "folds", "min_active", "least_active_positions", "least_active_groups"),
        *("relations", "search", "store", "trust", "layers"),
    )
    yield "manifest", lambda: {name: run.manifest[name] for name in shaped}
    for name in ("samples", "concepts", "logits"):
        yield name, partial(getattr, run, name)
    yield "table", lambda: run.read_table("explanations.parquet")
    for layer in run.layers:
        for name in ("responses", "thresholds", "areas", "peaks", "extremes", "head_weights"):
            yield f"{name} {layer}", partial(getattr(run, name), layer)
        yield f"result {layer}", partial(rows_of, run, layer)
        yield f"score {layer}", partial(scored, run, layer)
        if run.manifest["store"]:
            yield f"blocks {layer}", partial(recorded, run, layer)
            for sample in (0, 3, len(run.samples) - 1):
                yield f"values {layer} {sample}", partial(run.values, sample, layer)


def rows_of(run: Run, layer: str) -> list[Any]:
    return [e.as_dict() for e in run.result(layer).rows()]


def recorded(run: Run, layer: str) -> Any:
    return np.concatenate([block for _, block in run.activations(layer).blocks()])


def scored(run: Run, layer: str) -> Any:
    found = [e for e in run.result(layer) if e.formula is not None]
    return found and run.score(found[0].unit, str(found[0].formula), layer)


def printed(*words: str) -> str:
    done = CliRunner().invoke(cli, words)
    if done.exception is not None:
        raise done.exception
    return done.output.partition("\ntime: ")[0]


def attack_of(run: Run, source: str, target: str) -> Any:
    found = finished(run, source, target)
    if found is None:
        raise AndornotError("there is none")
    return [
        found.as_dict(),
        [(e.sample, e.edit, e.answer, np.asarray(e.before), np.asarray(e.after))
         for e in found.examples],
    ]  # fmt: skip


def plain(value: Any) -> Any:
    """What can be compared, of all that is read."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, pd.DataFrame):
        return value.to_json(double_precision=15)
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def looked(read: Callable[[], Any]) -> Any:
    try:
        return plain(read())
    except AndornotError as error:
        return Told(str(error))


def read_all(path: Path, attacked: Classes = None) -> dict[str, Any]:
    """What each way of reading gives, or says."""
    opened = looked(lambda: Run.open(path).layers)
    if isinstance(opened, Told):
        return {"open": opened}
    run, found = Run.open(path), {"open": opened}
    try:
        for name, read in ways(run, attacked):
            found[name] = looked(read)
    except AndornotError as error:  # the samples, say, of which one is looked up
        found["samples"] = Told(str(error))
    return found
