"""The whole pipeline on one page: from a network and probing data to a run on disk.

    probing data -> concept table ---------+
    network -> activations -> responses ---+-> search -> explanations -> a run directory

Each step is a stage that is keyed by all it depends on (see ``stages``): an interrupted run goes
on where it stopped, and a changed option repeats only what hangs on it. What differs between
images and sentences is in the probe (see ``probe``).
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor
from contextlib import closing, nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from andornot.activations import InMemory, Shards, read_array, read_json
from andornot.agreement import agreements
from andornot.concepts import ConceptTable
from andornot.engine import Engine, engine_of
from andornot.errors import DataError, OptionError, RunError
from andornot.explainer import SearchOptions, explain_responses
from andornot.explanations import RARE, Explanation, Result
from andornot.moments import find_moments, units_at_once
from andornot.parallel import n_workers
from andornot.passes import (
    FirstPass,
    Recordings,
    SecondPass,
    Work,
    check_units,
    gathered,
    run_pass,
)
from andornot.positions import write_array, write_json
from andornot.probe import Probe, Recording
from andornot.progress import track
from andornot.range_counts import count_lower_ranges
from andornot.ranges import Ranges
from andornot.relations import Relations, check_relations, with_relations
from andornot.responses import Counted, Responses, count_responses, known_positions
from andornot.results import summary, write_explanations, write_manifest, write_samples
from andornot.run import Run
from andornot.scores import Agreement
from andornot.stages import Stage, alone, key_of, writing
from andornot.thresholds import (
    ALIVE,
    NOT_FINITE,
    Threshold,
    UnitThresholds,
    find_thresholds,
    is_upsampled,
    n_values,
    values_above,
)
from andornot.trust.evidence import RecordedEvidence
from andornot.trust.measure import LONGEST, Parts, with_trust
from andornot.trust.options import TrustOptions

if TYPE_CHECKING:
    from torch import nn

    from andornot.models import LoadedModel, Preprocessing
    from andornot.probing.dataset import ProbingData
    from andornot.text.nli import PairModel
    from andornot.text.pairs import PairData
    from andornot.text.probe import Words

_TRUST = TrustOptions()
_COUNTED = ("thresholds", "extremes", "areas", "peaks")
_SHARD_BYTES = 32 * 2**20
_PIPELINE_VERSION = 1
"""Raised when the same inputs come to give other stored results: it is part of every key."""


@dataclass
class _Pipeline:
    """One run on its way: inputs, where it goes, and the stages done so far."""

    probe: Probe
    out: Path
    folds: int
    threshold: Threshold | Ranges | None
    min_active: float
    relations: Relations | None
    search: SearchOptions
    units: Sequence[int] | None
    jobs: int | None
    trust: TrustOptions | None
    choose_length: bool
    store: bool
    memory: float
    engine: Engine | None = None
    stages: dict[str, Stage] = field(default_factory=dict)
    rules: dict[str, Threshold | Ranges] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    @property
    def n_samples(self) -> int:
        return len(self.probe.data)

    def stage(self, name: str, **depends_on: Any) -> Stage:
        key = key_of(version=_PIPELINE_VERSION, stage=name, **depends_on)
        stage = Stage(name, key, self.out / "cache")
        self.stages[name] = stage
        with writing(self.out):
            stage.path.mkdir(parents=True, exist_ok=True)
        return stage

    def shards(self, layer: str) -> Shards:
        return Shards(self.stages[f"activations {layer}"].path / "shards")


def dissect(
    model: nn.Module | LoadedModel | PairModel | str,
    layer: str | Sequence[str],
    data: ProbingData | PairData | str | Path,
    out: str | Path = "andornot-run",
    *,
    weights: str | Path | None = None,
    preprocessing: Preprocessing | str | None = None,
    words: Words | None = None,
    relations: Relations | None = None,
    threshold: Threshold | Ranges | None = None,
    min_active: float | None = None,
    recording: Recording | None = None,
    folds: int = 5,
    units: Sequence[int] | None = None,
    jobs: int | None = None,
    trust: TrustOptions | None = _TRUST,
    store: bool = True,
    memory: float = 4.0,
    executor: Executor | str | None = None,
    **search: Any,
) -> Run:
    """Explain the units of one or several layers of a network.

    Args:
        model: a network, or the text that names one: for images a module or what
            ``models.load_model`` reads, for sentence pairs a ``text.nli.PairModel`` or what
            ``text.nli.load_pair_model`` reads.
        layer: a layer, or several; for images a dotted path, for sentence pairs a name that the
            model has among its layers (units at each pair) or token layers (units at each token).
        data: images or sentence pairs, or the text that names them (see ``probing.open_data`` and
            ``text.open.open_pairs``).
        out: the run's directory; a run that was interrupted there goes on.
        weights: of images: a file of weights, when ``model`` is a text.
        preprocessing: of images: how one becomes the network's input, or a preset's name; the
            model's own if not given.
        words: of sentences: which words become concepts (see ``text.probe.Words``).
        relations: for each name of a relation, concepts with those whose union they stand for
            (see ``relations``); each becomes a concept ``NAME(concept)``.
        threshold: where a unit counts as active. By default the top 0.5 % of its activations; of
            sentence pairs above 0, where a layer's activations are never below it. Give
            ``ranges.Ranges`` to explain the whole range of activations in pieces.
        min_active: share of all positions on which a unit must be active to be explained; by
            default 0.05 for units at sentence pairs (the paper's 500 of 10,000), else 0.
        recording: batch size, device and the like.
        folds: folds of samples to count in.
        units: explain only these units.
        jobs: threads; all cores if not given.
        trust: how often to search again on held-out samples, on resamples and by chance, so that
            each explanation says how far it can be trusted (see ``trust``); None for not at all.
        store: keep the activations. If not, the network runs twice and only counts are kept: the
            same formulas, without what looks at activations again (trust, correlations, ranges).
        memory: without a store, gigabytes that the largest activations of all units may take.
        executor: where the network runs and formulas are searched for, in shards of samples and
            blocks of units: any ``concurrent.futures.Executor``, ``processes:N`` or
            ``dask:ADDRESS`` (see ``engine``); this process if not given.
        **search: options of :class:`~andornot.explainer.SearchOptions`: ``length``,
            ``beam_size``, ``search``, ``metric``, ``operators``, ``categories``, ``profile``, ...;
            with ``length="auto"`` held-out samples choose each formula's length, up to 10.

    Returns:
        The finished run.

    Raises:
        AndornotError: something about the data, the model, the options or the disk is wrong; what
            was done before is kept.
    """
    choose_length = search.get("length") == "auto"
    if choose_length:
        search["length"] = LONGEST
    options = SearchOptions.of(**search)
    if choose_length:
        _check_choice(options, trust, folds, store)
    n_workers(jobs)
    _check(options, threshold, folds, min_active, relations)
    _check_store(options, threshold, store, memory)
    probe = _probe(
        model, _layers(layer), data, recording or Recording(),
        weights=weights, preprocessing=preprocessing, words=words,
    )  # fmt: skip
    pipeline = _Pipeline(
        probe=probe,
        out=Path(out),
        folds=folds,
        threshold=threshold,
        min_active=probe.min_active if min_active is None else min_active,
        relations=relations,
        search=options,
        units=units,
        jobs=jobs,
        trust=trust if store and not options.correlates else None,
        choose_length=choose_length,
        store=store,
        memory=memory * 1e9,
    )
    with alone(pipeline.out):
        cache = pipeline.out / "cache"
        for left in cache.glob("engine-*"):  # by a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        with writing(cache):
            cache.mkdir(exist_ok=True)
        with nullcontext() if executor is None else engine_of(executor, cache, jobs) as engine:
            pipeline.engine = engine
            return _run(pipeline)


def _check_choice(
    options: SearchOptions, trust: TrustOptions | None, folds: int, store: bool
) -> None:
    """Refuse to choose lengths without held-out samples."""
    if options.correlates:
        raise OptionError(
            "length 'auto' is chosen by held-out IoU, which a search for correlation does not "
            "have; give a length"
        )
    if trust is None or folds < 2:
        raise OptionError(
            "length 'auto' is chosen by held-out samples; leave trust on, with 2 folds or more"
        )
    if not store:
        raise OptionError(
            "length 'auto' looks at the activations again, so they have to be stored; leave store "
            "on, or give a length"
        )


def _check(
    options: SearchOptions,
    threshold: Threshold | Ranges | None,
    folds: int,
    min_active: float | None,
    relations: Relations | None,
) -> None:
    """Refuse what cannot be done, before anything is loaded."""
    if isinstance(threshold, Ranges) and options.correlates:
        raise OptionError(
            "correlation looks at all activations at once; leave ranges out, or choose "
            "another metric"
        )
    if folds < 1:
        raise OptionError(f"folds is {folds}; it must be at least 1")
    if min_active is not None and not 0 <= min_active < 1:
        raise OptionError(f"min_active is {min_active}; give a share, from 0 up to less than 1")
    if relations is not None:
        check_relations(relations, "relations")


def _check_store(
    options: SearchOptions, threshold: Threshold | Ranges | None, store: bool, memory: float
) -> None:
    """Refuse what needs stored activations where there are none."""
    if not store and (options.correlates or isinstance(threshold, Ranges)):
        what = "correlation looks" if options.correlates else "ranges look"
        raise OptionError(
            f"{what} at the activations again, so they have to be stored; leave store on, or "
            f"{'choose another metric' if options.correlates else 'leave ranges out'}"
        )
    if not memory > 0:
        raise OptionError(f"memory is {memory} GB; it must be more than 0")


def _probe(
    model: Any,
    layers: tuple[str, ...],
    data: Any,
    recording: Recording,
    *,
    weights: str | Path | None,
    preprocessing: Preprocessing | str | None,
    words: Words | None,
) -> Probe:
    """What the network is and what it is shown, by the data's modality."""
    from andornot.text.probe import PairProbe, Words, is_pairs

    if is_pairs(data):
        if preprocessing is not None:
            raise OptionError("preprocessing is an option for images; leave it out here")
        return PairProbe.of(model, layers, data, recording, words or Words(), weights)
    from andornot.vision import ImageProbe

    if words is not None:
        raise OptionError("words are an option for sentence pairs; leave them out for images")
    return ImageProbe.of(model, layers, data, recording, weights, preprocessing)


def _layers(layer: object) -> tuple[str, ...]:
    """The layers' names, each once."""
    names = [layer] if isinstance(layer, str) else layer
    if not isinstance(names, Sequence) or not names or not all(isinstance(n, str) for n in names):
        raise OptionError(f"layer is {layer!r}; name one or several that andornot layers lists")
    return tuple(dict.fromkeys(names))


def _run(p: _Pipeline) -> Run:
    data_key = p.probe.data.fingerprint()
    table, table_stage = _concepts(p, data_key)
    # mistakes in the search options shall not show only after the network has run
    table.select(p.search.categories, p.search.concepts)
    (_record if p.store else _measure)(p, data_key, table, table_stage)
    for layer in p.probe.layers:  # of what was recorded before
        _units(p, layer)
    results = {}
    for layer in p.probe.layers:
        responses, status = _responses(p, layer, table, table_stage)
        results[layer] = _search(p, layer, responses, status, table)
        if p.store:
            result = _trust(p, layer, responses, results[layer], table)
            result = _with_agreement(p, layer, result, table)
            results[layer] = _with_ranges(p, layer, result, responses, status, table)
    _write(p, data_key, results, table)
    for stage in p.stages.values():
        if stage.key:
            stage.remove_older()
    return Run.open(p.out)


def _units(p: _Pipeline, layer: str) -> list[int]:
    """The units of a layer that are to be explained, each once."""
    return check_units(p.units, layer, int(p.stages[f"activations {layer}"].info["units"]))


def _concepts(p: _Pipeline, data_key: str) -> tuple[ConceptTable, Stage]:
    inputs: dict[str, Any] = p.probe.concept_key()
    if p.relations is not None:
        inputs["relations"] = p.relations
    stage = p.stage("concepts", data=data_key, folds=p.folds, **inputs)
    if stage.done:
        with suppress(DataError):  # a damaged table is built again
            return ConceptTable.load(stage.path), stage
    with stage.timed("table"), writing(stage.path):
        table = p.probe.build_table(stage.path, p.folds, p.jobs)
        if p.relations is not None:
            table = with_relations(table, p.relations, p.probe.spellings)
            table.save_atoms(stage.path)
    stage.finish(n_atoms=table.n_atoms, n_positions=table.n_positions, n_samples=p.n_samples)
    return table, stage


def _network_stages(p: _Pipeline, data_key: str) -> tuple[dict[str, Stage], Stage]:
    """The stages that hold what the network gives: one for each layer, one for the logits."""
    inputs = {"data": data_key} | p.probe.model_key()
    shape = p.probe.layer_key()
    stages = {
        layer: p.stage(f"activations {layer}", layer=layer, **inputs, **shape)
        for layer in p.probe.layers
    }
    logits = p.stage("logits", **inputs)
    for stage in stages.values():
        if stage.done and stage.info.get("head") and not _head_file(stage).exists():
            stage.undo()
    if logits.done and logits.info["n_classes"] and not (logits.path / "logits.npy").exists():
        logits.undo()
    return stages, logits


def _record(p: _Pipeline, data_key: str, _table: ConceptTable, _table_stage: Stage) -> None:
    """Run the network once over all samples, for all layers that are not recorded yet."""
    stages, logits = _network_stages(p, data_key)
    for layer, stage in stages.items():
        if stage.done and _recorded(p, p.shards(layer)) < p.n_samples:
            stage.undo()
    if all(stage.done for stage in (*stages.values(), logits)):
        return
    _forward(p, {layer: stage for layer, stage in stages.items() if not stage.done}, logits)


def _recorded(p: _Pipeline, shards: Shards) -> int:
    """How many samples are recorded; shards hold whole samples."""
    if p.probe.rows is None:
        return shards.n_samples
    return int(np.searchsorted(p.probe.rows, shards.n_samples, side="right")) - 1


def _forward(p: _Pipeline, stages: dict[str, Stage], logits: Stage) -> None:
    shards = {layer: Shards(p.shards(layer).directory.resolve()) for layer in stages}
    logit_shards = None if logits.done else Shards((logits.path / "shards").resolve())
    start = min(
        *(_recorded(p, store) for store in shards.values()),
        p.n_samples if logit_shards is None else logit_shards.n_samples,
        p.n_samples,
    )
    clock = next(iter(stages.values()), logits)
    work = Recordings(
        p.probe, tuple(stages), logit_shards is not None, p.units, shards, logit_shards,
        _SHARD_BYTES,
    )  # fmt: skip
    if p.engine is None:
        _record_here(work, start, clock)
    else:
        with clock.timed("record"):
            work.record(p.engine, start)
    for layer, stage in stages.items():
        _finish_layer(p, layer, stage, shards[layer].n_units, shards[layer].map_shape)
    if logit_shards is not None:
        _finish_logits(logits, np.concatenate([block for _, block in logit_shards.blocks()]))


def _record_here(work: Recordings, start: int, clock: Stage) -> None:
    """Record the samples from ``start`` on in this process."""
    with closing(work.batches(range(start, work.n_samples), clock)) as batches:
        for at, activations, output in gathered(batches, work.n_samples, work.size):
            with clock.timed("write"):
                for layer, store in work.stores.items():
                    store.append_missing(work.row(at), activations[layer])
                if work.logit_store is not None:
                    work.logit_store.append_missing(at, output)


def _finish_layer(
    p: _Pipeline, layer: str, stage: Stage, n_units: int, map_shape: tuple[int, int]
) -> None:
    """Note what is known of a layer, with the weights of a linear head behind it."""
    head = p.probe.head(layer, n_units)
    if head is not None:
        with writing(stage.path):
            write_array(_head_file(stage), head)
    stage.finish(units=n_units, map_shape=map_shape, head=head is not None)


def _head_file(stage: Stage) -> Path:
    """Where the weights from a layer's units to the classes lie, if a linear head follows."""
    return stage.path / "head.npy"


def _finish_logits(stage: Stage, values: NDArray[np.float32]) -> None:
    """Keep the logits; a network without a row of scores for each sample gave no columns."""
    if values.size:
        with writing(stage.path):
            write_array(stage.path / "logits.npy", values)
    stage.finish(n_classes=int(values.shape[1]))


def _measure(p: _Pipeline, data_key: str, table: ConceptTable, table_stage: Stage) -> None:
    """Run the network twice, for all layers that are not counted yet, and keep no activations."""
    stages, logits = _network_stages(p, data_key)
    guess = p.threshold or Threshold()
    assert isinstance(guess, Threshold)
    work = Work(
        p.probe, (), not logits.done, p.units,
        table_stage.path.resolve(), dict.fromkeys(p.probe.layers, guess), p.memory, p.jobs,
    )  # fmt: skip
    grids = table_stage.key if is_upsampled(guess) else None
    found = {
        layer: p.stage(
            f"thresholds {layer}", activations=stage.key, rule=asdict(guess), grids=grids
        )
        for layer, stage in stages.items()
    }
    first = [
        layer
        for layer, stage in stages.items()
        if not (stage.done and _has_arrays(found[layer], ("thresholds", "extremes")))
    ]
    if first or not logits.done:
        _first_pass(p, replace(work, layers=tuple(first)), table, found, logits)
    thresholds = {
        layer: _thresholds(p, layer, stage, table, work.n_rows) for layer, stage in found.items()
    }
    counted = {layer: _responses_stage(p, layer, table_stage) for layer in stages}
    second = tuple(n for n, stage in counted.items() if _counted(stage, p.rules[n]) is None)
    if second:
        values = {layer: thresholds[layer].values for layer in second}
        work = replace(work, layers=second, logits=False, thresholds=values)
        passed = _pass(p, "second pass", work, table, [counted[layer].key for layer in second])
        assert isinstance(passed, SecondPass)
        for layer in second:
            _save_counts(counted[layer], thresholds[layer], passed.counts[layer].finish())
        _finish_pass(p, "second pass")


def _first_pass(
    p: _Pipeline, work: Work, table: ConceptTable, found: dict[str, Stage], logits: Stage
) -> None:
    """Find thresholds and logits."""
    keys = [*(found[layer].key for layer in work.layers), logits.key if work.logits else ""]
    passed = _pass(p, "first pass", work, table, keys)
    assert isinstance(passed, FirstPass)
    for layer in work.layers:
        stage, top = found[layer], passed.tops[layer]
        values = top.thresholds(work.rules[layer])
        with writing(stage.path):
            write_array(stage.path / "thresholds.npy", values.values)
            write_array(stage.path / "extremes.npy", np.stack([values.lowest, values.highest]))
        stage.finish(status=values.status)
        recorded = p.stages[f"activations {layer}"]
        _finish_layer(p, layer, recorded, len(values.values), passed.map_shapes[layer])
    if work.logits:
        _finish_logits(logits, passed.logits)
    _finish_pass(p, "first pass")


def _pass(p: _Pipeline, name: str, work: Work, table: ConceptTable, keys: list[str]) -> object:
    stage = p.stage(name, keys=keys)
    return run_pass(work, table, p.engine, stage.path / "partial.npz", stage)


def _finish_pass(p: _Pipeline, name: str) -> None:
    stage = p.stages[name]
    stage.finish()
    for left in stage.path.glob("partial.npz*"):
        left.unlink()


def _thresholds(
    p: _Pipeline, layer: str, stage: Stage, table: ConceptTable, n_rows: int
) -> UnitThresholds:
    """What the first pass found, and which rule holds where the user gave none."""
    values = read_array(stage.path / "thresholds.npy")
    lowest, highest = read_array(stage.path / "extremes.npy")
    status = tuple(stage.info["status"])
    rule = p.threshold or p.probe.threshold(InMemory(lowest[None, :, None, None]))
    assert isinstance(rule, Threshold)
    p.rules[layer] = rule
    if rule.fixed is not None:
        nowhere = np.array([state == NOT_FINITE for state in status])
        values = np.where(nowhere, np.nan, rule.fixed)
    else:
        height, width = p.stages[f"activations {layer}"].info["map_shape"]
        _check_quantile(rule, n_values(rule, n_rows, (height, width), known_positions(table)))
    return UnitThresholds(values, status, lowest, highest)


def _has_arrays(stage: Stage, names: Sequence[str]) -> bool:
    """Whether a stage is done and its arrays can be read."""
    try:
        for name in names:
            read_array(stage.path / f"{name}.npy", mmap_mode="r")
    except RunError:
        return False
    return stage.done


def _responses_stage(p: _Pipeline, layer: str, table_stage: Stage) -> Stage:
    return p.stage(
        f"responses {layer}",
        activations=p.stages[f"activations {layer}"].key,
        concepts=table_stage.key,
        threshold=asdict(p.rules[layer]),
    )


def _counted(stage: Stage, rule: Threshold | Ranges) -> Responses | None:
    """The counts of a layer; None where there are none yet, or damaged ones."""
    if _has_arrays(stage, (*_COUNTED, "borders") if isinstance(rule, Ranges) else _COUNTED):
        with suppress(DataError):
            return Responses.load(stage.path / "responses.npz")
    return None


def _responses(
    p: _Pipeline, layer: str, table: ConceptTable, table_stage: Stage
) -> tuple[Responses, list[str]]:
    if p.store:
        p.rules[layer] = p.threshold or p.probe.threshold(p.shards(layer))
    stage = _responses_stage(p, layer, table_stage)
    responses = _counted(stage, p.rules[layer])
    if responses is None:
        _count(p, layer, table, stage)
        responses = Responses.load(stage.path / "responses.npz")
    return responses, list(stage.info["status"])


def _count(p: _Pipeline, layer: str, table: ConceptTable, stage: Stage) -> None:
    shards, rule = p.shards(layer), p.rules[layer]
    n_blocks = len(shards.paths)
    if table.positions is None:
        raise RunError(f"the concept table of {p.out} lost its positions; delete its cache folder")
    if isinstance(rule, Threshold):
        n = n_values(rule, shards.n_samples, shards.map_shape, table.positions)
        _check_quantile(rule, n)
    with stage.timed("thresholds"):
        found = find_thresholds(shards, rule, table.positions, p.jobs)
    with stage.timed("counting"):
        blocks = track(shards.blocks(), f"counting {layer}", n_blocks)
        counted = count_responses(shards, found.values, table, p.jobs, blocks)
    _save_counts(stage, found, counted)


def _save_counts(stage: Stage, found: UnitThresholds, counted: Counted) -> None:
    with writing(stage.path):
        counted.responses.save(stage.path / "responses.npz")
        write_array(stage.path / "thresholds.npy", found.values)
        write_array(stage.path / "extremes.npy", np.stack([found.lowest, found.highest]))
        if found.borders is not None:
            write_array(stage.path / "borders.npy", found.borders)
        write_array(stage.path / "areas.npy", counted.areas)
        write_array(stage.path / "peaks.npy", counted.peaks)
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
        result = Result(tuple(_explained(p, layer, responses, status, table, units)))
    p.stages[stage.name] = stage
    return result


def _explained(
    p: _Pipeline,
    layer: str,
    responses: Responses,
    status: list[str],
    table: ConceptTable,
    units: list[int],
) -> Generator[Explanation, None, None]:
    """Explain some units; ``responses`` and ``status`` are of all units of the layer."""
    least = math.ceil(Fraction(repr(float(p.min_active))) * table.n_positions)
    rare = (responses.totals < least) & (responses.totals > 0)
    states = [
        RARE if state == ALIVE and few else state for state, few in zip(status, rare, strict=True)
    ]
    correlate = p.search.correlates
    for part in units_at_once(table, len(units)) if correlate else [range(len(units))]:
        some = [units[i] for i in part]
        moments = find_moments(p.shards(layer), table, some, p.jobs) if correlate else None
        yield from explain_responses(
            responses.select(some), table, p.search,
            units=some, status=[states[u] for u in some], jobs=p.jobs, moments=moments,
            engine=p.engine,
        )  # fmt: skip


def _with_agreement(p: _Pipeline, layer: str, result: Result, table: ConceptTable) -> Result:
    """Add the scores with raw activations and by sample (see ``agreement``)."""
    counted = p.stages[f"responses {layer}"]
    formulas = {str(e.unit): str(e.formula) for e in result if e.formula is not None}
    stage = p.stage(f"scores {layer}", responses=counted.key, formulas=formulas)
    path = stage.path / "scores.json"
    found: dict[str, Any] = {}
    with suppress(RunError):  # not there yet, or damaged
        found = read_json(path)
    if found.keys() != formulas.keys():
        shards, thresholds = p.shards(layer), read_array(counted.path / "thresholds.npy")
        with stage.timed("scores"):
            scores = agreements(list(result), shards, thresholds, table, p.jobs)
        found = {str(unit): score.as_dict() for unit, score in scores.items()}
        with writing(path):
            write_json(path, found)
    stage.finish()
    scored = {int(unit): Agreement.from_dict(values) for unit, values in found.items()}
    return Result(tuple(replace(e, agreement=scored.get(e.unit)) for e in result))


def _with_ranges(
    p: _Pipeline,
    layer: str,
    result: Result,
    responses: Responses,
    status: list[str],
    table: ConceptTable,
) -> Result:
    """Add explanations of the lower ranges, where activations are cut into ranges."""
    if not isinstance(p.rules[layer], Ranges):
        return result
    counted = p.stages[f"responses {layer}"]
    borders = read_array(counted.path / "borders.npy")
    alive = [e.unit for e in result if status[e.unit] == ALIVE]
    stage = p.stage(f"ranges {layer}", responses=counted.key)
    lower: list[Explanation] = []

    def ranged(e: Explanation, number: int) -> Explanation:
        low, high = borders[e.unit, number : number + 2].tolist()
        return replace(e, range=(low, high)) if status[e.unit] == ALIVE else e

    for number, part in _lower_ranges(p, layer, stage, borders, responses, table):
        with p.stages[f"search {layer}"].timed("search"):
            lower += [ranged(e, number) for e in _explained(p, layer, part, status, table, alive)]
    top = borders.shape[1] - 2
    return Result(tuple(ranged(e, top) for e in result), tuple(lower))


def _lower_ranges(
    p: _Pipeline,
    layer: str,
    stage: Stage,
    borders: NDArray[np.float64],
    top: Responses,
    table: ConceptTable,
) -> Generator[tuple[int, Responses], None, None]:
    """The counts of each range but the top one, from the second highest down."""
    numbers = range(borders.shape[1] - 3, -1, -1)
    paths = {number: stage.path / f"range_{number}.npz" for number in numbers}
    if stage.done:
        with suppress(DataError):  # damaged counts are counted again
            yield from [(number, Responses.load(path)) for number, path in paths.items()]
            return
    counts = count_lower_ranges(p.shards(layer), borders, top, table, p.jobs)
    for number in track(numbers, "counting ranges", len(numbers)):
        with stage.timed("ranges"), writing(stage.path):
            part = next(counts)
            part.save(paths[number])
        yield number, part
    stage.finish()


def _trust(
    p: _Pipeline, layer: str, responses: Responses, result: Result, table: ConceptTable
) -> Result:
    """Find out how far the explanations can be trusted; each part is kept when it is done."""
    units = [e.unit for e in result if e.formula is not None]
    if p.trust is None or not units:
        return result
    counted = p.stages[f"responses {layer}"]
    found = [[b and str(b.formula) for b in (*e.beam[:1], *e.best_by_length)] for e in result]
    stage = p.stage(
        f"trust {layer}",
        responses=counted.key, formulas=found, search=asdict(p.search), trust=asdict(p.trust),
        choose_length=p.choose_length,
    )  # fmt: skip

    def keep(name: str, compute: Callable[[], Parts]) -> Parts:
        path = stage.path / f"{name}.json"
        with suppress(RunError, KeyError, TypeError):  # not there yet, or damaged
            kept: Any = read_json(path)["units"]
            if len(kept) == len(units):
                return list(kept)
        with stage.timed(name):
            parts = compute()
        with writing(path):
            write_json(path, {"units": parts})
        return parts

    thresholds = read_array(counted.path / "thresholds.npy")
    evidence = RecordedEvidence(
        table, p.shards(layer), p.rules[layer], thresholds, units, responses.select(units), p.jobs
    )
    trusted = with_trust(
        result, evidence, p.search, p.trust,
        choose_length=p.choose_length, jobs=p.jobs, keep=keep,
    )  # fmt: skip
    stage.finish()
    return trusted


def _write(p: _Pipeline, data_key: str, results: dict[str, Result], table: ConceptTable) -> None:
    stage = p.stages["results"] = Stage("results", "", p.out)
    data = p.probe.data
    with writing(p.out):
        with stage.timed("save"):
            names = p.probe.class_names
            heads = {layer: _head(p, layer) for layer in results}
            write_explanations(p.out, results, heads, names)
            logits = p.stages["logits"].path / "logits.npy"
            write_samples(
                p.out, data, p.folds, read_array(logits) if logits.exists() else None, names
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
            "min_active": p.min_active,
            "relations": p.relations,
            "search": asdict(p.search),
            "store": p.store,
            "trust": p.trust and asdict(p.trust) | {"choose_length": p.choose_length},
            "layers": {
                layer: summary(result) | {"threshold": asdict(p.rules[layer])}
                for layer, result in results.items()
            },
        }
        write_manifest(p.out, facts, p.stages, time.perf_counter() - p.started)


def _head(p: _Pipeline, layer: str) -> NDArray[np.float32] | None:
    path = p.stages[f"activations {layer}"].path / "head.npy"
    return read_array(path) if path.exists() else None
