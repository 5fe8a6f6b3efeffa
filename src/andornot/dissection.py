"""The whole pipeline on one page: from a network and probing data to a run on disk.

    probing data -> concept table ---------+
    network -> activations -> responses ---+-> search -> explanations -> a run directory

Each step is a stage that is keyed by all it depends on (see ``stages``): an interrupted run goes
on where it stopped, and a changed option repeats only what hangs on it. What differs between
images and sentences is in the probe (see ``probe``).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from andornot.activations import Shards, read_array, read_json
from andornot.agreement import agreements
from andornot.concepts import ConceptTable
from andornot.errors import DataError, OptionError, RunError
from andornot.explainer import SearchOptions, explain_responses
from andornot.explanations import RARE, Explanation, Result
from andornot.moments import find_moments, units_at_once
from andornot.parallel import n_workers
from andornot.positions import write_json
from andornot.probe import Batch, Probe, Recording
from andornot.progress import track
from andornot.range_counts import count_lower_ranges
from andornot.ranges import Ranges
from andornot.relations import Relations, check_relations, with_relations
from andornot.responses import Responses, count_responses
from andornot.results import summary, write_explanations, write_manifest, write_samples
from andornot.run import Run
from andornot.scores import Agreement
from andornot.stages import Stage, alone, key_of, writing
from andornot.thresholds import ALIVE, Threshold, find_thresholds, n_values, values_above
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
        if trust is None or folds < 2:
            raise OptionError(
                "length 'auto' is chosen by held-out samples; leave trust on, with 2 folds or more"
            )
        search["length"] = LONGEST
    options = SearchOptions.of(**search)
    if isinstance(threshold, Ranges) and options.correlates:
        raise OptionError(
            "correlation looks at all activations at once; leave ranges out, or choose "
            "another metric"
        )
    n_workers(jobs)
    if folds < 1:
        raise OptionError(f"folds is {folds}; it must be at least 1")
    if min_active is not None and not 0 <= min_active < 1:
        raise OptionError(f"min_active is {min_active}; give a share, from 0 up to less than 1")
    if relations is not None:
        check_relations(relations, "relations")
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
        trust=None if options.correlates else trust,
        choose_length=choose_length,
    )
    with alone(pipeline.out):
        return _run(pipeline)


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
    _record(p, data_key)
    for layer in p.probe.layers:  # of what was recorded before
        _units(p, layer, p.shards(layer).n_units)
    results = {}
    for layer in p.probe.layers:
        responses, status = _responses(p, layer, table, table_stage)
        result = _search(p, layer, responses, status, table)
        result = _trust(p, layer, responses, result, table)
        result = _with_agreement(p, layer, result, table)
        results[layer] = _with_ranges(p, layer, result, responses, status, table)
    _write(p, data_key, results, table)
    for stage in p.stages.values():
        if stage.key:
            stage.remove_older()
    return Run.open(p.out)


def _units(p: _Pipeline, layer: str, n_units: int) -> list[int]:
    """The units of a layer with so many that are to be explained, each once."""
    wanted = range(n_units) if p.units is None else p.units
    if not len(wanted) or not all(isinstance(u, int | np.integer) for u in wanted):
        raise OptionError(f"units is {p.units!r}; give at least one unit, as whole numbers")
    if wrong := [u for u in wanted if not 0 <= u < n_units]:
        raise OptionError(
            f"there is no unit {wrong[0]} in {layer}; it has units 0 to {n_units - 1}"
        )
    return list(dict.fromkeys(int(u) for u in wanted))


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


def _record(p: _Pipeline, data_key: str) -> None:
    """Run the network once over all samples, for all layers that are not recorded yet."""
    inputs = {"data": data_key} | p.probe.model_key()
    shape = p.probe.layer_key()
    stages = {
        layer: p.stage(f"activations {layer}", layer=layer, **inputs, **shape)
        for layer in p.probe.layers
    }
    logits = p.stage("logits", **inputs)
    for layer, stage in stages.items():
        headless = stage.done and stage.info.get("head") and not _head_file(stage).exists()
        if stage.done and (headless or _recorded(p, p.shards(layer)) < p.n_samples):
            stage.undo()
    if logits.done and logits.info["n_classes"] and not (logits.path / "logits.npy").exists():
        logits.undo()
    if all(stage.done for stage in (*stages.values(), logits)):
        return
    _forward(p, {layer: stage for layer, stage in stages.items() if not stage.done}, logits)


def _row(p: _Pipeline, sample: int) -> int:
    """The first row of a sample in the activations."""
    return sample if p.probe.rows is None else int(p.probe.rows[sample])


def _recorded(p: _Pipeline, shards: Shards) -> int:
    """How many samples are recorded; shards hold whole samples."""
    if p.probe.rows is None:
        return shards.n_samples
    return int(np.searchsorted(p.probe.rows, shards.n_samples, side="right")) - 1


def _forward(p: _Pipeline, stages: dict[str, Stage], logits: Stage) -> None:
    shards = {layer: p.shards(layer) for layer in stages}
    logit_shards = None if logits.done else Shards(logits.path / "shards")
    start = min(
        *(_recorded(p, store) for store in shards.values()),
        p.n_samples if logit_shards is None else logit_shards.n_samples,
        p.n_samples,
    )
    clock = next(iter(stages.values()), logits)
    wanted = p.probe.batches(list(stages), start, logit_shards is not None, clock)
    with closing(wanted) as batches, closing(_blocks(p, batches, start)) as blocks:
        for at, activations, output in blocks:
            with clock.timed("write"):
                for layer, store in shards.items():
                    store.append_missing(_row(p, at), activations[layer])
                if logit_shards is not None:
                    logit_shards.append_missing(at, output)
    for layer, stage in stages.items():
        head = p.probe.head(layer, shards[layer].n_units)
        if head is not None:
            with writing(stage.path):
                np.save(_head_file(stage), head)
        n_units, shape = shards[layer].n_units, shards[layer].map_shape
        stage.finish(units=n_units, map_shape=shape, head=head is not None)
    if logit_shards is not None:
        _finish_logits(logits, logit_shards)


def _head_file(stage: Stage) -> Path:
    """Where the weights from a layer's units to the classes lie, if a linear head follows."""
    return stage.path / "head.npy"


def _finish_logits(stage: Stage, shards: Shards) -> None:
    """Join the shards; a network without a row of scores for each sample left them empty."""
    values = np.concatenate([block for _, block in shards.blocks()])
    if values.size:
        with writing(stage.path):
            np.save(stage.path / "logits.npy", values)
    stage.finish(n_classes=int(values.shape[1]))


def _blocks(
    p: _Pipeline, batches: Iterable[Batch], start: int
) -> Generator[tuple[int, dict[str, NDArray[np.float32]], NDArray[np.float32]], None, None]:
    """Batches, gathered to blocks of some size: first sample, activations, logits."""
    held: list[Batch] = []
    size, first = 0, start
    for batch in batches:
        if batch.samples.start == start:  # a unit that there is not shall not show only at the end
            for layer, values in batch.activations.items():
                _units(p, layer, values.shape[1])
        held.append(batch)
        size += sum(a.nbytes for a in batch.activations.values())
        if size >= _SHARD_BYTES or batch.samples.stop == p.n_samples:
            activations = {
                layer: np.concatenate([b.activations[layer] for b in held])
                for layer in batch.activations
            }
            rows = [b.logits for b in held if b.logits is not None]
            nothing = np.zeros((batch.samples.stop - first, 0), np.float32)
            yield first, activations, np.concatenate(rows) if rows else nothing
            held, size, first = [], 0, batch.samples.stop


def _responses(
    p: _Pipeline, layer: str, table: ConceptTable, table_stage: Stage
) -> tuple[Responses, list[str]]:
    source = p.stages[f"activations {layer}"]
    rule = p.rules[layer] = p.threshold or p.probe.threshold(p.shards(layer))
    stage = p.stage(
        f"responses {layer}",
        activations=source.key, concepts=table_stage.key, threshold=asdict(rule),
    )  # fmt: skip
    path = stage.path / "responses.npz"
    if stage.done:
        with suppress(DataError, RunError):  # damaged counts are counted again
            for name in (*_COUNTED, "borders") if isinstance(rule, Ranges) else _COUNTED:
                read_array(stage.path / f"{name}.npy", mmap_mode="r")
            return Responses.load(path), list(stage.info["status"])
    _count(p, layer, table, stage)
    return Responses.load(path), list(stage.info["status"])


def _count(p: _Pipeline, layer: str, table: ConceptTable, stage: Stage) -> None:
    if table.positions is None:
        raise RunError(f"the concept table of {p.out} lost its positions; delete its cache folder")
    shards, rule = p.shards(layer), p.rules[layer]
    n_blocks = len(shards.paths)
    if isinstance(rule, Threshold):
        _check_quantile(rule, n_values(shards, rule, table.positions))
    with stage.timed("thresholds"):
        found = find_thresholds(shards, rule, table.positions, p.jobs)
    with stage.timed("counting"):
        blocks = track(shards.blocks(), f"counting {layer}", n_blocks)
        counted = count_responses(shards, found.values, table, p.jobs, blocks)
    with writing(stage.path):
        counted.responses.save(stage.path / "responses.npz")
        np.save(stage.path / "thresholds.npy", found.values)
        np.save(stage.path / "extremes.npy", np.stack([found.lowest, found.highest]))
        if found.borders is not None:
            np.save(stage.path / "borders.npy", found.borders)
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
    units = _units(p, layer, p.shards(layer).n_units)
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
