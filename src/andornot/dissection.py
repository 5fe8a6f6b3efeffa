"""The whole pipeline on one page: from a network and annotated images to a run on disk.

    probing data -> concept table ---------+
    network -> activations -> responses ---+-> search -> explanations -> a run directory

Each step is a stage that is keyed by all it depends on (see ``stages``): an interrupted run goes
on where it stopped, and a changed option repeats only what hangs on it.
"""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from andornot.activations import Shards, read_array
from andornot.concepts import ConceptTable, TableBuilder
from andornot.errors import AndornotError, DataError, ModelError, OptionError, RunError
from andornot.explainer import SearchOptions, explain_responses
from andornot.explanations import Result
from andornot.parallel import n_workers
from andornot.positions import write_json
from andornot.probing.dataset import ProbingData
from andornot.probing.open import open_data
from andornot.probing.table import build_table, fold_of
from andornot.progress import track
from andornot.responses import Responses, count_responses
from andornot.run import FORMAT, Run
from andornot.stages import Stage, key_of, peak_rss_bytes, writing
from andornot.thresholds import Threshold, find_thresholds, n_values, values_above

if TYPE_CHECKING:
    from torch import nn

    from andornot.models import LoadedModel, Preprocessing

_COUNTED = ("thresholds", "extremes", "areas", "peaks")
_SHARD_BYTES = 32 * 2**20
_PIPELINE_VERSION = 1
"""Raised when the same inputs come to give other stored results: it is part of every key."""


@dataclass(frozen=True)
class Recording:
    """How activations are recorded.

    Attributes:
        batch_size: images in a forward pass.
        device: ``auto``, ``cpu``, ``cuda``, ...
        tokens: leading tokens of a transformer that are not patches, or ``auto``.
        layout: of four-axis outputs: ``auto``, ``channels_first`` or ``channels_last``.
    """

    batch_size: int = 32
    device: str = "auto"
    tokens: int | str = "auto"
    layout: str = "auto"

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise OptionError(f"batch_size is {self.batch_size}; it must be at least 1")


@dataclass
class _Pipeline:
    """One run on its way: inputs, where it goes, and the stages done so far."""

    model: LoadedModel
    preprocessing: Preprocessing
    layers: tuple[str, ...]
    data: ProbingData
    out: Path
    folds: int
    threshold: Threshold
    recording: Recording
    search: SearchOptions
    units: Sequence[int] | None
    jobs: int | None
    stages: dict[str, Stage] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def stage(self, name: str, **depends_on: Any) -> Stage:
        key = key_of(version=_PIPELINE_VERSION, stage=name, **depends_on)
        stage = Stage(name, key, self.out / "cache")
        self.stages[name] = stage
        with writing(self.out):
            stage.path.mkdir(parents=True, exist_ok=True)
        return stage


def dissect(
    model: nn.Module | LoadedModel | str,
    layer: str | Sequence[str],
    data: ProbingData | str | Path,
    out: str | Path = "andornot-run",
    *,
    weights: str | Path | None = None,
    preprocessing: Preprocessing | str | None = None,
    threshold: Threshold | None = None,
    recording: Recording | None = None,
    folds: int = 5,
    units: Sequence[int] | None = None,
    jobs: int | None = None,
    **search: Any,
) -> Run:
    """Explain the units of one or several layers of a network.

    Args:
        model: a module, or the text that names one (see ``models.load_model``).
        layer: dotted path of a layer, or several.
        data: probing data, or the text that names it (see ``probing.open_data``).
        out: the run's directory; a run that was interrupted there goes on.
        weights: a file of weights, when ``model`` is a text.
        preprocessing: how an image becomes the network's input, or a preset's name; the model's
            own if not given.
        threshold: where a unit counts as active; the top 0.5 % of its activations if not given.
        recording: batch size, device and layout.
        folds: folds of samples to count in.
        units: explain only these units.
        jobs: threads; all cores if not given.
        **search: options of :class:`~andornot.explainer.SearchOptions`: ``length``,
            ``beam_size``, ``search``, ``metric``, ``operators``, ``categories``, ``profile``, ...

    Returns:
        The finished run.

    Raises:
        AndornotError: something about the data, the model, the options or the disk is wrong; what
            was done before is kept.
    """
    from andornot.models import LoadedModel, load_model
    from andornot.models import fingerprint as fingerprint_of

    options = SearchOptions.of(**search)
    n_workers(jobs)
    if folds < 1:
        raise OptionError(f"folds is {folds}; it must be at least 1")
    source = open_data(data) if isinstance(data, str | Path) else data
    if isinstance(model, str):
        loaded = load_model(model, weights)
    elif isinstance(model, LoadedModel):
        loaded = model
    else:
        loaded = LoadedModel(model, type(model).__name__, None, fingerprint_of(model))
    pipeline = _Pipeline(
        model=loaded,
        preprocessing=_preprocessing(preprocessing, loaded),
        layers=_layers(layer),
        data=source,
        out=Path(out),
        folds=folds,
        threshold=threshold or Threshold(),
        recording=recording or Recording(),
        search=options,
        units=units,
        jobs=jobs,
    )
    # mistakes in the search options shall not show only after the network has run
    TableBuilder(source.names, source.categories).finish().select(
        options.categories, options.concepts
    )
    return _run(pipeline)


def _layers(layer: object) -> tuple[str, ...]:
    """The layers' names, each once."""
    names = [layer] if isinstance(layer, str) else layer
    if not isinstance(names, Sequence) or not names or not all(isinstance(n, str) for n in names):
        raise OptionError(f"layer is {layer!r}; name one or several that andornot layers lists")
    return tuple(dict.fromkeys(names))


def _preprocessing(wanted: Preprocessing | str | None, model: LoadedModel) -> Preprocessing:
    from andornot.models import Preprocessing

    if isinstance(wanted, str):
        return Preprocessing.preset(wanted)
    chosen = wanted or model.preprocessing
    if chosen is None:
        raise ModelError(
            f"the model {model.spec} does not say how images become its input; "
            "give preprocessing (a preset such as 'imagenet', or size, mean and std)"
        )
    return chosen


def _run(p: _Pipeline) -> Run:
    data_key = p.data.fingerprint()
    _record(p, data_key)
    for layer in p.layers:
        _units(p, layer)
    table, table_stage = _concepts(p, data_key)
    results = {}
    for layer in p.layers:
        responses, status = _responses(p, layer, table, table_stage)
        results[layer] = _search(p, layer, responses, status, table)
    _write(p, data_key, results)
    for stage in p.stages.values():
        if stage.key:
            stage.remove_older()
    return Run.open(p.out)


def _units(p: _Pipeline, layer: str) -> list[int]:
    """The units of a layer that are to be explained, each once."""
    n_units = Shards(p.stages[f"activations {layer}"].path / "shards").n_units
    wanted = range(n_units) if p.units is None else p.units
    if not len(wanted) or not all(isinstance(u, int | np.integer) for u in wanted):
        raise OptionError(f"units is {p.units!r}; give at least one unit, as whole numbers")
    if wrong := [u for u in wanted if not 0 <= u < n_units]:
        raise OptionError(
            f"there is no unit {wrong[0]} in {layer}; it has units 0 to {n_units - 1}"
        )
    return list(dict.fromkeys(int(u) for u in wanted))


def _concepts(p: _Pipeline, data_key: str) -> tuple[ConceptTable, Stage]:
    stage = p.stage("concepts", data=data_key, folds=p.folds)
    if stage.done:
        with suppress(DataError):  # a damaged table is built again
            return ConceptTable.load(stage.path), stage
    with stage.timed("table"), writing(stage.path):
        table = build_table(p.data, stage.path, p.folds, p.jobs)
    stage.finish(n_atoms=table.n_atoms, n_positions=table.n_positions, n_samples=len(p.data))
    return table, stage


def _record(p: _Pipeline, data_key: str) -> None:
    """Run the network once over all samples, for all layers that are not recorded yet."""
    inputs = {
        "data": data_key,
        "model": p.model.fingerprint,
        "preprocessing": p.preprocessing.to_dict(),
    }
    shape = {"tokens": p.recording.tokens, "layout": p.recording.layout}
    stages = {
        layer: p.stage(f"activations {layer}", layer=layer, **inputs, **shape) for layer in p.layers
    }
    logits = p.stage("logits", **inputs)
    for stage in stages.values():
        if stage.done and Shards(stage.path / "shards").n_samples < len(p.data):
            stage.undo()
    if logits.done and logits.info["n_classes"] and not (logits.path / "logits.npy").exists():
        logits.undo()
    if all(stage.done for stage in (*stages.values(), logits)):
        return
    _forward(p, {layer: stage for layer, stage in stages.items() if not stage.done}, logits)


def _forward(p: _Pipeline, stages: dict[str, Stage], logits: Stage) -> None:
    from andornot.models import Recorder, head_weights

    shards = {layer: Shards(stage.path / "shards") for layer, stage in stages.items()}
    logit_shards = None if logits.done else Shards(logits.path / "shards")
    stores = [*shards.values(), *([logit_shards] if logit_shards else [])]
    start = min(store.n_samples for store in stores)
    clock = next(iter(stages.values()), logits)
    with (
        Recorder(
            p.model.module,
            list(stages) or list(p.layers[:1]),
            device=p.recording.device,
            logits=logit_shards is not None,
            tokens=p.recording.tokens,  # type: ignore[arg-type]
            layout=p.recording.layout,  # type: ignore[arg-type]
        ) as recorder,
        closing(_shards_of(p, recorder, start, clock)) as blocks,
    ):
        for at, activations, output in blocks:
            with clock.timed("write"):
                for layer, store in shards.items():
                    store.append_missing(at, activations[layer])
                if logit_shards is not None:
                    logit_shards.append_missing(at, output)
    for layer, stage in stages.items():
        head = head_weights(p.model.module, layer, shards[layer].n_units)
        if head is not None:
            with writing(stage.path):
                np.save(stage.path / "head.npy", head.weight)
        stage.finish(units=shards[layer].n_units, map_shape=shards[layer].map_shape)
    if logit_shards is not None:
        _finish_logits(logits, logit_shards)


def _finish_logits(stage: Stage, shards: Shards) -> None:
    """Join the shards; a network without a row of scores for each image left them empty."""
    values = np.concatenate([block for _, block in shards.blocks()])
    if values.size:
        with writing(stage.path):
            np.save(stage.path / "logits.npy", values)
    stage.finish(n_classes=int(values.shape[1]))


def _shards_of(
    p: _Pipeline, recorder: Any, start: int, clock: Stage
) -> Generator[tuple[int, dict[str, NDArray[np.float32]], NDArray[np.float32]], None, None]:
    """Forward batches, gathered to blocks of some size: first sample, activations, logits."""
    held: list[Any] = []
    size, first = 0, start
    with closing(_batches(p, recorder, start, clock)) as batches:
        for samples, recorded in batches:
            held.append(recorded)
            size += sum(a.nbytes for a in recorded.activations.values())
            if size >= _SHARD_BYTES or samples.stop == len(p.data):
                activations = {
                    layer: np.concatenate([r.activations[layer] for r in held])
                    for layer in recorded.activations
                }
                rows = [r.logits for r in held if r.logits is not None]
                nothing = np.zeros((samples.stop - first, 0), np.float32)
                yield first, activations, np.concatenate(rows) if rows else nothing
                held, size, first = [], 0, samples.stop


def _batches(
    p: _Pipeline, recorder: Any, start: int, clock: Stage
) -> Generator[tuple[slice, Any], None, None]:
    from andornot.models import image_batches

    size = p.recording.batch_size
    steps = range(start, len(p.data), size)
    with closing(image_batches(p.data, p.preprocessing, size, start)) as batches:
        for _ in track(steps, "running the network", -(-len(p.data) // size), start // size):
            with clock.timed("read"):
                samples, batch = next(batches)
            try:
                with clock.timed("forward"):
                    recorded = recorder.record(batch)
            except AndornotError as error:
                ids = p.data.sample_ids
                raise type(error)(
                    f"at samples {ids[samples.start]} to {ids[samples.stop - 1]}: {error}"
                ) from error
            yield samples, recorded


def _responses(
    p: _Pipeline, layer: str, table: ConceptTable, table_stage: Stage
) -> tuple[Responses, list[str]]:
    source = p.stages[f"activations {layer}"]
    rule = asdict(p.threshold)
    stage = p.stage(
        f"responses {layer}", activations=source.key, concepts=table_stage.key, threshold=rule
    )
    path = stage.path / "responses.npz"
    if stage.done:
        with suppress(DataError, RunError):  # damaged counts are counted again
            for name in _COUNTED:
                read_array(stage.path / f"{name}.npy", mmap_mode="r")
            return Responses.load(path), list(stage.info["status"])
    _count(p, layer, table, stage, Shards(source.path / "shards"))
    return Responses.load(path), list(stage.info["status"])


def _count(p: _Pipeline, layer: str, table: ConceptTable, stage: Stage, shards: Shards) -> None:
    if table.positions is None:
        raise RunError(f"the concept table of {p.out} lost its positions; delete its cache folder")
    n_blocks = len(shards.paths)
    _check_quantile(p.threshold, n_values(shards, p.threshold, table.positions))
    with stage.timed("thresholds"):
        found = find_thresholds(shards, p.threshold, table.positions, p.jobs)
    with stage.timed("counting"):
        blocks = track(shards.blocks(), f"counting {layer}", n_blocks)
        counted = count_responses(shards, found.values, table, p.jobs, blocks)
    with writing(stage.path):
        counted.responses.save(stage.path / "responses.npz")
        np.save(stage.path / "thresholds.npy", found.values)
        np.save(stage.path / "extremes.npy", np.stack([found.lowest, found.highest]))
        np.save(stage.path / "areas.npy", counted.areas)
        np.save(stage.path / "peaks.npy", counted.peaks)
    stage.finish(status=found.status)


def _check_quantile(rule: Threshold, n: int) -> None:
    """Refuse a quantile that leaves none of ``n`` values above the threshold."""
    if rule.quantile is not None and not values_above(rule.quantile, n):
        raise OptionError(
            f"the quantile {rule.quantile} of {n} values is less than one value, so no unit could "
            "be active; give a larger quantile or more samples"
        )


def _search(
    p: _Pipeline, layer: str, responses: Responses, status: list[str], table: ConceptTable
) -> Result:
    stage = Stage(f"search {layer}", "", p.out)
    units = _units(p, layer)
    with stage.timed("search"):
        result = explain_responses(
            responses.select(units), table, p.search,
            units=units, status=[status[u] for u in units], jobs=p.jobs,
        )  # fmt: skip
    p.stages[stage.name] = stage
    return result


def _write(p: _Pipeline, data_key: str, results: dict[str, Result]) -> None:
    import pandas as pd

    frames = []
    for layer, result in results.items():
        frame = result.to_frame()
        frame.insert(0, "layer", layer)
        frames.append(frame)
    explanations = {layer: [e.as_dict() for e in result] for layer, result in results.items()}
    stage = p.stages["results"] = Stage("results", "", p.out)
    with writing(p.out):
        with stage.timed("save"):
            _write_parquet(pd.concat(frames, ignore_index=True), p.out / "explanations.parquet")
            write_json(p.out / "explanations.json", {"format": FORMAT, "layers": explanations})
            _write_parquet(_samples(p), p.out / "samples.parquet")
        write_json(p.out / "manifest.json", _manifest(p, data_key, results))


def _write_parquet(frame: Any, path: Path) -> None:
    aside = path.with_name(path.name + ".tmp")
    frame.to_parquet(aside, index=False)
    aside.replace(path)


def _samples(p: _Pipeline) -> Any:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "sample": list(p.data.sample_ids),
            "split": list(p.data.splits),
            "class": list(p.data.classes),
            "fold": [fold_of(i, p.folds) for i in p.data.sample_ids],
        }
    )
    path = p.stages["logits"].path / "logits.npy"
    if path.exists():
        logits = np.load(path, allow_pickle=False)
        frame["prediction"] = logits.argmax(axis=1)
        names = p.model.class_names
        if names is not None and len(names) == logits.shape[1]:
            frame["predicted_class"] = [names[i] for i in frame["prediction"]]
    return frame


def _manifest(p: _Pipeline, data_key: str, results: dict[str, Result]) -> dict[str, Any]:
    stages: dict[str, dict[str, Any]] = {}
    for name, stage in p.stages.items():
        stages[name] = {"seconds": stage.seconds}
        if stage.key:
            stages[name] = stage.info | {"path": str(stage.path.relative_to(p.out))}
    return {
        "format": FORMAT,
        "made": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": versions(),
        "data": {
            "kind": p.data.kind,
            "path": str(p.data.path),
            "source": getattr(p.data, "source", None),
            "fingerprint": data_key,
            "samples": len(p.data),
            "concepts": len(p.data.names),
        },
        "model": {
            "spec": p.model.spec,
            "weights": p.model.weights,
            "fingerprint": p.model.fingerprint,
            "class_names": p.model.class_names,
            "notes": p.model.notes,
        },
        "preprocessing": p.preprocessing.to_dict(),
        "recording": asdict(p.recording),
        "threshold": asdict(p.threshold),
        "folds": p.folds,
        "search": asdict(p.search),
        "layers": {layer: _summary(result) for layer, result in results.items()},
        "stages": stages,
        "seconds": round(time.perf_counter() - p.started, 3),
        "peak_rss_bytes": peak_rss_bytes(),
    }


def _summary(result: Result) -> dict[str, Any]:
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
