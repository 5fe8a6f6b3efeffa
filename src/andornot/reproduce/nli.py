"""The paper's experiment on sentence pairs: a BiLSTM classifier and SNLI's validation set."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from andornot.analyses.outcomes import outcomes
from andornot.counting.thresholds import Threshold
from andornot.probes.base import Recording
from andornot.reproduce import measured, sources
from andornot.reproduce import published as paper
from andornot.reproduce.comparability import (
    SNLI_DEV_TEXTS,
    Comparability,
    all_units,
    digest,
    letters,
)
from andornot.reproduce.figure import Figure, absent, found
from andornot.reproduce.measured import figures_or_reason
from andornot.reproduce.published import SentenceClaim
from andornot.reproduce.reproduction import Reproduction, facts_of
from andornot.reproduce.request import ReproduceRequest
from andornot.results.explanation import OK

if TYPE_CHECKING:
    from andornot.data.sentences.pairs import Pair, PairData
    from andornot.models.sentences import PairModel
    from andornot.runs.run import Run

BEAM_SIZE = 10
LEAST_ACTIVE = 0.05
"""Share of the pairs on which a unit must be active: 500 of 10,000."""

SNLI_TRAIN = 500_000
"""A network that learned from fewer pairs did not learn from SNLI's 549,367 labelled ones."""

_WIDTHS = ((1024, 1024), (1024,))
"""ReLU layers of the paper's text, and of the code that was published with it."""


def reproduce(request: ReproduceRequest) -> Reproduction:
    """Run the experiment, and put each figure beside the paper's.

    Raises:
        AndornotError: data or network are missing or cannot be used; the message says what to do.
    """
    from andornot.models.sentences import load_pair_model
    from andornot.pipeline.dissect import dissect
    from andornot.probes.pairs import Words

    started = time.perf_counter()
    own = request.data is None
    sources.check(
        request.folder,
        {
            "snli": own,
            "glove6b": own and request.vectors is None,
            "mu2020-nli": request.model is None,
        },
        "--data, --model and --vectors",
    )
    data = open_sentences(request)
    spec = request.model or str(sources.nli_network(request.folder))
    model = load_pair_model(spec, device=request.device)
    vectors = request.vectors or (sources.word_vectors(request.folder) if own else None)
    run = dissect(
        spec, request.layer or model.layers[-1], data, request.run,
        words=Words(vectors=vectors), threshold=Threshold(quantile=None, fixed=0.0),
        min_active=LEAST_ACTIVE, recording=Recording(request.batch_size, request.device),
        length=request.length or paper.NLI_LENGTH, beam_size=BEAM_SIZE, search="beam",
        profile=request.profile, units=request.units, jobs=request.jobs, trust=None,
    )  # fmt: skip
    texts = digest(letters(p.premise.text, p.hypothesis.text) for p in data.pairs)
    comparable = _comparability(run, model, texts)
    figures = tuple(_figures(run, model, comparable))
    facts = facts_of(run, texts, time.perf_counter() - started)
    remarks = (*paper.NLI_REMARKS, *_about_network(spec, comparable))
    return Reproduction("nli", run.path, comparable, figures, facts, remarks)


def open_sentences(request: ReproduceRequest) -> PairData:
    """The sentence pairs, those without a gold label too, as in the paper.

    Raises:
        AndornotError: they cannot be opened.
    """
    from andornot.data.sentences.open import open_pairs

    spec = request.data or f"snli:{sources.snli(request.folder)}"
    kind, _, path = spec.partition(":")
    is_snli = kind == "snli"
    split = "dev" if is_snli and Path(path).expanduser().is_dir() else None
    data = open_pairs(spec, split, keep_unlabelled=is_snli)
    return data if request.samples is None else data.subset(request.spread(len(data)))


def _comparability(run: Run, model: PairModel, texts: str) -> Comparability:
    """Whether these are the paper's pairs and its network, or one of its kind."""
    where = run.record.data
    data: tuple[str, ...] = ()
    if texts != SNLI_DEV_TEXTS:
        data = (
            f"the {where.samples:,} pairs of {Path(where.path).name} are not the 10,000 of "
            "SNLI's validation set",
        )
    spec, units = Path(run.record.model.spec), all_units(run)
    if (layer := run.layer()) != model.layers[-1]:
        other = (f"the layer {layer} is not the last one, which the paper explains",)
        return Comparability(data, other, other, units)
    if _is_published(spec, model):
        return Comparability(data, units=units)
    name = f"the network {spec.name} is not the one that was published with the paper"
    reason = _other_kind(spec, model)
    kind = (f"{name}, {reason}",) if reason else ()
    return Comparability(data, (f"{name}, so its units have other numbers",), kind, units)


def _about_network(spec: str, comparable: Comparability) -> tuple[str, ...]:
    """A warning, where a network that looks like the authors' may be another."""
    if comparable.network:
        return ()
    return (
        f"{Path(spec).name} is known by its name, its form and its sizes only: no checksum is "
        "published for it.",
    )


def _is_published(path: Path, model: PairModel) -> bool:
    """Whether a file is taken for the checkpoint that the authors published.

    It must have the published name, form (words in ``stoi``) and widths of ReLU layers. No
    checksum is published, so a network that is trained again alike passes for it.
    """
    if _hidden(model) not in _WIDTHS:
        return False
    if path.name != sources.nli_network(path.parent).name or not path.is_file():
        return False
    from andornot.models.weights import read_torch

    values = read_torch(path)
    return isinstance(values, dict) and "stoi" in values


def _other_kind(path: Path, model: PairModel) -> str:
    """Why a network is not one of the paper's kind, trained on SNLI; empty if it is."""
    hidden = _hidden(model)
    if hidden not in _WIDTHS:
        return f"nor of its sizes (ReLU layers of {_listed(hidden)} units)"
    pairs = 0
    with suppress(OSError, ValueError, KeyError, TypeError):
        report = json.loads((path.parent / "report.json").read_text(encoding="utf-8"))
        pairs = int(report["n_pairs"])
    if pairs < SNLI_TRAIN:
        known = f"it learned from {pairs:,} pairs" if pairs else "it does not say from what it did"
        return f"nor one that learned from all of SNLI ({known})"
    return ""


def _hidden(model: PairModel) -> tuple[int, ...] | None:
    """Widths of a network's ReLU layers; None if it does not tell."""
    config = getattr(getattr(model, "module", None), "config", None)
    return None if config is None else tuple(config.hidden)


def _listed(widths: Sequence[int] | None) -> str:
    return "unknown" if widths is None else " and ".join(f"{n:,}" for n in widths)


def _figures(run: Run, model: PairModel, comparable: Comparability) -> list[Figure]:
    explained = sum(e.status == OK for e in run.result())
    return [
        found(paper.N_PAIRS, len(run.samples), comparable),
        found(paper.N_NEURONS, run.responses().n_units, comparable),
        found(paper.N_RELIABLE, explained, comparable, "these have a formula"),
        *measured.means(run, paper.NLI_MEANS, comparable),
        measured.growth(run, paper.NLI_GROWTH, comparable),
        *_accuracy(run, comparable),
        *measured.units(run, paper.NLI_UNITS, paper.NLI_UNIT_WHY, comparable, spelled=True),
        *measured.weights(run, paper.NLI_UNITS, comparable),
        *_sentences(model, comparable),
        *measured.distinct_formulas(run, (1, 3, paper.NLI_LENGTH), "A.2", comparable),
    ]


def _accuracy(run: Run, comparable: Comparability) -> list[Figure]:
    claims = (paper.NLI_R, paper.NLI_TREND)

    def measure() -> list[Figure]:
        right = outcomes(run)
        said = f"of {len(right.rows):,} pairs with a gold label"
        return [
            found(paper.NLI_RIGHT, right.accuracy, comparable, said),
            # below 0, so a correlation that moves up is a weaker one
            *measured.correlation(run, claims, 3, ("weaker", "stronger"), comparable),
        ]

    return figures_or_reason((paper.NLI_RIGHT, *claims), measure)


def _sentences(model: PairModel, comparable: Comparability) -> list[Figure]:
    """What the network says of the paper's sentences, before and after the edit."""
    from andornot.data.sentences.pairs import LABELS

    if not set(LABELS) <= set(model.class_names):
        why = f"the network's classes are {', '.join(model.class_names)}, not those of the paper"
        return [absent(about.claim(), why) for about in paper.NLI_SENTENCES]
    return [_sentence(model, about, comparable) for about in paper.NLI_SENTENCES]


def _sentence(model: PairModel, about: SentenceClaim, comparable: Comparability) -> Figure:
    pairs = [_pair("before", *about.before), _pair("after", *about.after)]
    said = [model.class_names[i] for i in model.record(pairs, ()).logits.argmax(axis=1)]
    beside = (
        f"premise: {about.before[0]} Hypothesis: {about.before[1]} "
        f"Truth: {' to '.join(about.truth)}"
    )
    return found(about.claim(), " to ".join(said), comparable, beside)


def _pair(name: str, premise: str, hypothesis: str) -> Pair:
    from andornot.data.sentences.pairs import Pair, Sentence
    from andornot.data.sentences.readers import tokenize

    first, second = (Sentence(tokenize(text), raw=text) for text in (premise, hypothesis))
    return Pair(name, first, second)
