"""The whole pipeline on one page: from a network and probing data to a run on disk.

    probing data -> concept table ---------+
    network -> activations -> responses ---+-> search -> explanations -> a run directory

Each step is a stage that is keyed by all it depends on (see ``runs.cache``): an interrupted run
goes on where it stopped, and a changed option repeats only what hangs on it. What differs between
images and sentences is in the probe (see ``probes``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from andornot._tools.executors import Engine, engine_of
from andornot._tools.files import writing
from andornot._tools.progress import tell
from andornot._tools.whole_folders import sweep_folders
from andornot.concepts.context_options import ContextOptions
from andornot.data.registry import check_arguments, modality_of_data
from andornot.data.sources.named import UserSource, named_sources
from andornot.errors import DamagedError, OptionError
from andornot.explainer import check_known, left_out, searched_concepts
from andornot.pipeline.assess import trusted, with_agreement
from andornot.pipeline.count import counted_by_sample, few_active, responses_of
from andornot.pipeline.journal import Journal
from andornot.pipeline.options import DissectKeywords, Execution, RunOptions
from andornot.pipeline.plan import Plan
from andornot.pipeline.plateaus import with_plateaus
from andornot.pipeline.record import concepts_of, network_stages, note_class_names, record
from andornot.pipeline.saturated import saturated, saturated_units
from andornot.pipeline.search import explain_layer, with_ranges
from andornot.pipeline.silent import note_silence
from andornot.pipeline.steady import note_company
from andornot.pipeline.two_passes import pass_twice
from andornot.pipeline.values import Concepts, ExplainedLayer, RecordedLayer
from andornot.pipeline.write import remove_older, write_run
from andornot.probes.base import Probe, Recording
from andornot.probes.directions import Directions, check_one_layer
from andornot.runs.cache import forget, locked_run_directory
from andornot.runs.commit import claim
from andornot.runs.run import Run

if TYPE_CHECKING:
    from torch import nn

    from andornot.counting.rules import Ranges, Threshold
    from andornot.data.images.dataset import ProbingData
    from andornot.data.sentences.pairs import PairData
    from andornot.data.sentences.single import SentenceData
    from andornot.data.sequences.data import SequenceData
    from andornot.models import LoadedModel, Preprocessing
    from andornot.models.sentences import PairModel
    from andornot.models.sequences.protocol import SequenceModel
    from andornot.probes.words import Words
    from andornot.search.options import Search, SearchOptions
    from andornot.trust.options import TrustOptions


_KNOWN_ONLY = (
    "each formula is scored where all its categories were annotated, so formulas with other "
    "categories are scored on other positions"
)


def dissect(
    model: nn.Module | LoadedModel | PairModel | SequenceModel | str,
    layer: str | Sequence[str],
    data: ProbingData | PairData | SentenceData | SequenceData | str | Path,
    out: str | Path = "andornot-run",
    *,
    weights: str | Path | None = None,
    preprocessing: Preprocessing | Mapping[str, Any] | str | None = None,
    words: Words | None = None,
    search: SearchOptions | Search | None = None,
    threshold: Threshold | Ranges | None = None,
    units: Sequence[int] | None = None,
    trust: TrustOptions | None = RunOptions.trust,
    recording: Recording | None = None,
    execution: Execution | None = None,
    options: RunOptions | None = None,
    sources: Sequence[Any] = (),
    **more: Unpack[DissectKeywords],
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
        words: of sentences: which words become concepts (see ``probes.words.Words``).
        search: how to search for formulas: a whole ``SearchOptions``, or its field ``search``
            alone, as ``"beam"``.
        threshold: where a unit counts as active. By default the top 0.5 % of its activations; of
            sentence pairs above 0, where a layer's activations are never below it. Give
            ``counting.ranges.Ranges`` to explain the whole range of activations in pieces.
        units: explain only these units.
        trust: how often to search again on held-out samples, on resamples and by chance, so that
            each explanation says how far it can be trusted (see ``trust``); None for not at all.
        recording: batch size, device and the like.
        execution: where it is computed, and what is kept (see ``pipeline.options.Execution``).
        options: all these options in one record, instead of each by name.
        sources: further concepts: ``FILE.py:FUNCTION`` (which runs that file), the name of an
            entry point of ``andornot.concepts``, functions or sources (see
            ``data.sources.functions``).
        **more: further options by name: of running text ``reading``, how documents become
            positions (a ``probes.reading.Reading``), and ``text_concepts``, which concepts it gets
            (a ``data.sequences.options.ConceptOptions``);
            those of ``pipeline.options.RunOptions`` (``relations``, ``context``,
            ``min_active``, ``unit_of_count``, ``least_active_positions``, ``least_active_groups``,
            ``folds``, ``directions``, ``verify``), and each field of ``Execution``
            (``jobs``, ``executor``, ``store``, ``memory``) and of
            :class:`~andornot.explainer.SearchOptions` (``length``, ``beam_size``, ``metric``,
            ``operators``, ``pool``, ``categories``, ``min_support``, ``profile``, ...) where those
            two are not given as a whole; of images ``class_names``, the network's classes in the
            order of its scores, in place of those that it brings; ``known_only`` goes without
            trust; with ``length="auto"`` held-out samples choose each formula's length, up to 10.

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
        unit 3: red OR yellow (IoU 1.000)
        unit 2: blue (IoU 1.000)
    """
    if "choose_length" in more:
        raise OptionError(
            'choose_length is a field of RunOptions; give length="auto", or options=RunOptions(...)'
        )
    names = ("class_names", "reading", "text_concepts")
    of_samples = {name: more.pop(name, None) for name in names}
    named: dict[str, Any] = {
        "search": search, "execution": execution, "threshold": threshold, "units": units,
        "recording": recording, **more,
    }  # fmt: skip
    if trust is not RunOptions.trust:
        named["trust"] = trust
    options = RunOptions.given(options, named)
    of_samples["text_concepts"] = _supported(data, of_samples["text_concepts"], options)
    layers, directions = _layers(layer), None
    if options.directions is not None:
        directions = Directions.given(options.directions)
        check_one_layer(layers)
    probe = _probe(
        model, layers, data, options.recording or Recording(),
        {"weights": weights, "preprocessing": preprocessing, "words": words, **of_samples},
        named_sources(sources),
    )  # fmt: skip
    plan = Plan(probe, Path(out), options, directions)
    with locked_run_directory(plan.out):
        cache = plan.out / "cache"
        with writing(plan.out):
            # first, since it refuses a folder in which files of other people are in the way
            claim(plan.out)
            cache.mkdir(exist_ok=True)
            for folder in (cache, plan.out / "results"):
                sweep_folders(folder)  # of a run that was killed
        jobs, executor = options.execution.jobs, options.execution.executor
        with nullcontext() if executor is None else engine_of(executor, cache, jobs) as engine:
            return _whole_run(plan, engine)


def _supported(data: Any, given: Any, options: RunOptions) -> Any:
    """Which concepts running text gets: those that the search finds frequent enough, and no fewer.

    A table of what is more frequent by default would leave nothing to a search that asks for less.
    """
    asked = options.search.min_support
    if asked is None or "text_concepts" not in modality_of_data(data).arguments:
        return given
    from andornot.data.sequences.options import ConceptOptions

    return (given or ConceptOptions()).or_as(asked)


def _probe(
    model: Any,
    layers: tuple[str, ...],
    data: Any,
    recording: Recording,
    own: dict[str, Any],
    sources: tuple[UserSource, ...],
) -> Probe:
    """What the network is and what it is shown, by the data's modality."""
    modality = modality_of_data(data)
    given = check_arguments(modality, own)
    if sources:  # a probe of another package need not know them
        given["sources"] = sources
    probe: Probe = modality.find(modality.probe).of(model, layers, data, recording, **given)
    return probe


def _layers(layer: object) -> tuple[str, ...]:
    """The layers' names, each once."""
    names = [layer] if isinstance(layer, str) else layer
    if not isinstance(names, Sequence) or not names or not all(isinstance(n, str) for n in names):
        raise OptionError(f"layer is {layer!r}; name one or several that andornot layers lists")
    return tuple(dict.fromkeys(names))


def _whole_run(plan: Plan, engine: Engine | None) -> Run:
    """Run all steps; parts that turn out to be damaged are made again, each once."""
    mended: set[Path] = set()
    started = time.perf_counter()
    while True:
        try:
            # each try has a journal of its own: of what came to nothing, nothing is told
            return _run(plan, engine, Journal(started))
        except DamagedError as error:
            # once only: a disk that spoils each new copy would keep us here for ever
            if error.path in mended or not forget(plan.out / "cache", error.path):
                raise
            mended.add(error.path)
            tell(f"{error.path} is damaged or lost, so it is made again")


def _run(plan: Plan, engine: Engine | None, log: Journal) -> Run:
    """All steps: each makes a value of those above it, and nothing changes that is made."""
    if plan.options.context.of_found:
        plan = replace(plan, found=_concepts_found(plan, engine))
    if plan.directions is not None:
        log.note(plan.directions.sentence(plan.probe.layers[0]))
    concepts = concepts_of(plan, log)
    # mistakes in the search options shall not show only after the network has run
    searched_concepts(concepts.scored, plan.options.search)
    check_known(concepts.scored, plan.options.search)
    if plan.options.search.known_only:
        log.note(_KNOWN_ONLY)
    if note := left_out(concepts.scored, plan.options.search):
        log.note(note)
    network = network_stages(plan, concepts.data, log)
    if plan.options.execution.store:
        recorded = record(plan, network, engine, log)
    else:
        recorded = pass_twice(plan, concepts, network, engine, log)
    note_company(plan.probe, network, recorded, log)
    note_class_names(plan, recorded, log)
    explained = [_explained(plan, layer, concepts, engine, log) for layer in recorded.layers]
    write_run(plan, concepts, recorded, explained, log)
    # only now: up to its commit the run that lay here is made of the older stages
    remove_older(log)
    return Run.open(plan.out, trust_code=True)  # the caller named the network, a moment ago


def _concepts_found(plan: Plan, engine: Engine | None) -> tuple[str, ...]:
    """The concepts in the formulas, of any length, of a search in which nothing looks around."""
    plain = replace(plan.options, context=ContextOptions(around=()))
    first, log = replace(plan, options=plain), Journal(time.perf_counter())
    concepts = concepts_of(first, log)
    network = network_stages(first, concepts.data, log)
    recorded = record(first, network, engine, log)
    names: set[str] = set()
    for layer in recorded.layers:
        counted = responses_of(first, layer, concepts, log)
        scored = counted_by_sample(counted, concepts.scored) if concepts.by_sample else counted
        for e in explain_layer(first, scored, concepts.scored, engine, log):
            found = (one.formula for one in e.best_by_length if one is not None)
            names.update(name for formula in found for name in formula.concepts)
    return tuple(name for name in concepts.table.names if name in names)


def _explained(
    plan: Plan, layer: RecordedLayer, concepts: Concepts, engine: Engine | None, log: Journal
) -> ExplainedLayer:
    """The steps for a layer."""
    table = concepts.table
    counted = responses_of(plan, layer, concepts, log)
    stuck = saturated_units(counted)
    told = saturated(plan, counted, table, stuck, log), few_active(plan, counted, table, stuck)
    if any(told):
        log.note("; ".join(filter(None, told)))
    scored = counted_by_sample(counted, concepts.scored) if concepts.by_sample else counted
    result = explain_layer(plan, scored, concepts.scored, engine, log)
    note_silence(plan, scored, concepts.scored, result, stuck, log)
    if plan.options.execution.store:
        result = with_plateaus(plan, counted, result, log)
        result = trusted(plan, counted, result, concepts, log)
        # these are scores on all positions
        if not (plan.options.search.known_only or concepts.by_sample):
            result = with_agreement(plan, counted, result, table, log)
        result = with_ranges(plan, counted, result, table, engine, log)
    return ExplainedLayer(layer, counted.rule, result)
