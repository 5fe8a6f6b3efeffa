"""The whole pipeline on one page: from a network and probing data to a run on disk.

    probing data -> concept table ---------+
    network -> activations -> responses ---+-> search -> explanations -> a run directory

Each step is a stage that is keyed by all it depends on (see ``runs.cache``): an interrupted run
goes on where it stopped, and a changed option repeats only what hangs on it. What differs between
images and sentences is in the probe (see ``probes``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from andornot._tools.checks import number, whole_number
from andornot._tools.executors import engine_of
from andornot._tools.files import writing
from andornot._tools.parallel import n_workers
from andornot._tools.progress import tell
from andornot._tools.whole_folders import sweep_folders
from andornot.concepts.relations import Relations, check_relations
from andornot.counting.ranges import Ranges
from andornot.counting.thresholds import Threshold
from andornot.errors import DamagedError, OptionError, quoted
from andornot.pipeline.assess import trusted, with_agreement
from andornot.pipeline.count import few_active, responses_of
from andornot.pipeline.record import concepts_of, record
from andornot.pipeline.saturated import saturated, saturated_units
from andornot.pipeline.search import explain_layer, with_ranges
from andornot.pipeline.state import Pipeline
from andornot.pipeline.steady import note_company
from andornot.pipeline.two_passes import pass_twice
from andornot.pipeline.write import write_run
from andornot.probes.base import Probe, Recording
from andornot.probes.directions import Directions, check_one_layer
from andornot.runs.cache import alone, forget
from andornot.runs.commit import claim
from andornot.runs.run import Run
from andornot.search.options import SearchOptions
from andornot.trust.measure import LONGEST
from andornot.trust.options import TrustOptions

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import nn

    from andornot.data.images.dataset import ProbingData
    from andornot.data.sentences.pairs import PairData
    from andornot.models import LoadedModel, Preprocessing
    from andornot.models.sentences import PairModel
    from andornot.probes.pairs import Words

_TRUST = TrustOptions()


def dissect(
    model: nn.Module | LoadedModel | PairModel | str,
    layer: str | Sequence[str],
    data: ProbingData | PairData | str | Path,
    out: str | Path = "andornot-run",
    *,
    weights: str | Path | None = None,
    preprocessing: Preprocessing | Mapping[str, Any] | str | None = None,
    words: Words | None = None,
    relations: Relations | None = None,
    threshold: Threshold | Ranges | None = None,
    min_active: float | None = None,
    recording: Recording | None = None,
    folds: int = 5,
    units: Sequence[int] | None = None,
    directions: Directions | ArrayLike | str | Path | None = None,
    jobs: int | None = None,
    trust: TrustOptions | None = _TRUST,
    store: bool = True,
    memory: float = 4.0,
    executor: Executor | str | None = None,
    verify: bool = False,
    **search: Any,
) -> Run:
    """Explain the units of one or several layers of a network.

    Args:
        model: a network, or the text that names one: for images a module or what
            ``models.load_model`` reads, for sentence pairs a ``models.sentences.PairModel`` or what
            ``models.sentences.load_pair_model`` reads.
        layer: a layer, or several; for images a dotted path, for sentence pairs a name that the
            model has among its layers (units at each pair) or token layers (units at each token).
        data: images or sentence pairs, or the text that names them (see
            ``data.images.open.open_data`` and ``data.sentences.open.open_pairs``).
        out: the run's directory; a run that was interrupted there goes on.
        weights: of images: a file of weights, when ``model`` is a text.
        preprocessing: of images: how one becomes the network's input (a ``Preprocessing``, its
            fields ``height``, ``width``, ``mean`` and ``std``, or a preset's name); the model's
            own if not given.
        words: of sentences: which words become concepts (see ``probes.pairs.Words``).
        relations: for each name of a relation, concepts with those whose union they stand for
            (see ``concepts.relations``); each becomes a concept ``NAME(concept)``.
        threshold: where a unit counts as active. By default the top 0.5 % of its activations; of
            sentence pairs above 0, where a layer's activations are never below it. Give
            ``counting.ranges.Ranges`` to explain the whole range of activations in pieces.
        min_active: share of all positions on which a unit must be active to be explained; by
            default 0.05 for units at sentence pairs (the paper's 500 of 10,000), else 0; also 0
            for directions that are active in their highest values.
        recording: batch size, device and the like.
        folds: folds of samples to count in.
        units: explain only these units.
        directions: explain directions in the space of the layer's units in their place: an array
            ``(units, directions)``, or a file of one (see ``probes.directions``).
        jobs: threads; all cores if not given.
        trust: how often to search again on held-out samples, on resamples and by chance, so that
            each explanation says how far it can be trusted (see ``trust``); None for not at all.
        store: keep the activations. If not, the network runs twice and only counts are kept: the
            same formulas, without what looks at activations again (trust, correlations, ranges).
        memory: without a store, gigabytes that the largest activations of all units may take.
        executor: where the network runs and formulas are searched for, in shards of samples and
            blocks of units: any ``concurrent.futures.Executor``, ``processes:N`` or
            ``dask:ADDRESS`` (see ``_tools.executors``); this process if not given.
        verify: read all data files, and use nothing stored that was made from other bytes;
            otherwise a file is the same as long as its size and its time of change are.
        **search: options of :class:`~andornot.explainer.SearchOptions`: ``length``,
            ``beam_size``, ``search``, ``metric``, ``operators``, ``categories``, ``profile``, ...;
            with ``length="auto"`` held-out samples choose each formula's length, up to 10.

    Returns:
        The finished run; as its caller named the network, it may load that again, code or not.

    Raises:
        AndornotError: something about the data, the model, the options or the disk is wrong; what
            was done before is kept.

    Examples:
        >>> above_zero = andornot.Threshold(None, fixed=0.0)
        >>> found = andornot.dissect(
        ...     "colours.py:net", "relu", "squares", "again",
        ...     threshold=above_zero, length=2, trust=None,
        ... )
        >>> print(found.result())
        4 units, 4 with a formula:
        unit 0: red (IoU 1.000)
        unit 1: green (IoU 1.000)
        unit 2: blue (IoU 1.000)
        unit 3: red OR yellow (IoU 1.000)
    """
    if not isinstance(trust, TrustOptions | None) or not isinstance(recording, Recording | None):
        raise OptionError("trust is TrustOptions and recording a Recording; give these, or None")
    choose_length = isinstance(length := search.get("length"), str) and length == "auto"
    if choose_length:
        search["length"] = LONGEST
    options = SearchOptions.of(**search)
    if choose_length:
        _check_choice(options, trust, folds, store)
    # for its errors alone: before anything is loaded
    n_workers(jobs)
    _check(options, threshold, folds, min_active, relations)
    _check_store(options, threshold, store, memory)
    layers = _layers(layer)
    chosen = None if directions is None else Directions.given(directions)
    if chosen is not None:
        check_one_layer(layers)
    probe = _probe(
        model, layers, data, recording or Recording(),
        weights=weights, preprocessing=preprocessing, words=words,
    )  # fmt: skip
    pipeline = Pipeline(
        probe=probe,
        out=Path(out),
        folds=int(folds),  # of NumPy too, which cannot divide a digest
        threshold=threshold,
        min_active=min_active,
        relations=relations,
        search=options,
        units=units,
        jobs=jobs,
        # trust counts stored activations again, by scores that a search for correlation lacks
        trust=trust if store and not options.correlates else None,
        choose_length=choose_length,
        store=store,
        memory=memory * 1e9,
        directions=chosen,
        verify=verify,
    )
    with alone(pipeline.out):
        cache = pipeline.out / "cache"
        with writing(pipeline.out):
            # first, since it refuses a folder in which files of other people are in the way
            claim(pipeline.out)
            cache.mkdir(exist_ok=True)
            for folder in (cache, pipeline.out / "results"):
                sweep_folders(folder)  # of a run that was killed
        with nullcontext() if executor is None else engine_of(executor, cache, jobs) as engine:
            pipeline.engine = engine
            return _whole_run(pipeline)


def _check_choice(
    options: SearchOptions, trust: TrustOptions | None, folds: int, store: bool
) -> None:
    """Refuse to choose lengths without held-out samples."""
    if options.correlates:
        raise OptionError(
            "length 'auto' is chosen by held-out IoU, which a search for correlation does not "
            "have; give a length"
        )
    if not store:
        raise OptionError(
            "length 'auto' looks at the activations again, so they have to be stored; leave store "
            "on, or give a length"
        )
    if trust is None or folds < 2:
        raise OptionError(
            "length 'auto' is chosen by held-out samples; leave trust on, with 2 folds or more"
        )


def _check(
    options: SearchOptions,
    threshold: Threshold | Ranges | None,
    folds: int,
    min_active: float | None,
    relations: Relations | None,
) -> None:
    """Refuse what cannot be done, before anything is loaded."""
    if not isinstance(threshold, Threshold | Ranges | None):
        raise OptionError(
            f"threshold is {quoted(threshold)}; give andornot.Threshold(...), or Ranges"
        )
    if isinstance(threshold, Ranges) and options.correlates:
        raise OptionError(
            "correlation looks at all activations at once; leave ranges out, or choose "
            "another metric"
        )
    if whole_number(folds, "folds") < 1:
        raise OptionError(f"folds is {folds}; it must be at least 1")
    if min_active is not None and not 0 <= number(min_active, "min_active") < 1:
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
    if not number(memory, "memory") > 0:
        raise OptionError(f"memory is {memory} GB; it must be more than 0")


def _probe(
    model: Any,
    layers: tuple[str, ...],
    data: Any,
    recording: Recording,
    *,
    weights: str | Path | None,
    preprocessing: Preprocessing | Mapping[str, Any] | str | None,
    words: Words | None,
) -> Probe:
    """What the network is and what it is shown, by the data's modality."""
    from andornot.probes.pairs import PairProbe, Words, is_pairs

    if is_pairs(data):
        if preprocessing is not None:
            raise OptionError("preprocessing is an option for images; leave it out here")
        return PairProbe.of(model, layers, data, recording, words or Words(), weights)
    from andornot.probes.images import ImageProbe

    if words is not None:
        raise OptionError("words are an option for sentence pairs; leave them out for images")
    return ImageProbe.of(model, layers, data, recording, weights, preprocessing)


def _layers(layer: object) -> tuple[str, ...]:
    """The layers' names, each once."""
    names = [layer] if isinstance(layer, str) else layer
    if not isinstance(names, Sequence) or not names or not all(isinstance(n, str) for n in names):
        raise OptionError(f"layer is {layer!r}; name one or several that andornot layers lists")
    return tuple(dict.fromkeys(names))


def _whole_run(p: Pipeline) -> Run:
    """Run all steps; parts that turn out to be damaged are made again, each once."""
    mended: set[Path] = set()
    while True:
        try:
            return _run(p)
        except DamagedError as error:
            # once only: a disk that spoils each new copy would keep us here for ever
            if error.path in mended or not forget(p.out / "cache", error.path):
                raise
            mended.add(error.path)
            tell(f"{error.path} is damaged or lost, so it is made again")


def _run(p: Pipeline) -> Run:
    p.start()
    if p.directions is not None:
        p.note(p.directions.sentence(p.probe.layers[0]))
    data_key = p.probe.data.fingerprint()
    table, table_stage = concepts_of(p, data_key)
    # mistakes in the search options shall not show only after the network has run
    table.select(p.search.categories, p.search.concepts)
    if p.store:
        record(p, data_key)
    else:
        pass_twice(p, data_key, table, table_stage)
    note_company(p)
    for layer in p.probe.layers:  # of what was recorded before
        p.units_of(layer)
    results = {}
    for layer in p.probe.layers:
        responses, status = responses_of(p, layer, table, table_stage)
        stuck = saturated_units(p, layer, responses, status)
        told = saturated(p, layer, table, stuck), few_active(p, layer, table, status, stuck)
        if any(told):
            p.note("; ".join(filter(None, told)))
        results[layer] = explain_layer(p, layer, responses, status, table)
        if p.store:
            result = trusted(p, layer, responses, results[layer], table)
            result = with_agreement(p, layer, result, table)
            results[layer] = with_ranges(p, layer, result, responses, status, table)
    write_run(p, data_key, results, table)
    # only now: up to its commit the run that lay here is made of the older stages
    for stage in p.stages.values():
        stage.remove_older()
    return Run.open(p.out, trust_code=True)  # the caller named the network, a moment ago
