"""The paper's experiment on images: ResNet-18 of Places365, probed with ADE20K in Broden."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from andornot._tools.commands import command
from andornot.analyses import contributions, kinds
from andornot.analyses.kinds import COHERENT, INCOHERENT, POLYSEMANTIC, UNKNOWN
from andornot.counting.thresholds import Threshold
from andornot.downloads.catalogue import find
from andornot.downloads.get import checksum
from andornot.formula_forms import SINGLE, SPECIALISATION
from andornot.probes.base import Recording
from andornot.reproduce import measured, sources
from andornot.reproduce import published as paper
from andornot.reproduce.comparability import ADE20K_IDS, Comparability, all_units, digest
from andornot.reproduce.figure import Claim, Figure, absent, found
from andornot.reproduce.measured import figures_or_reason
from andornot.reproduce.reproduction import Reproduction, facts_of
from andornot.reproduce.request import ReproduceRequest

if TYPE_CHECKING:
    from andornot.data.images.dataset import FolderData
    from andornot.models import LoadedModel
    from andornot.runs.run import Run

LAYER = "layer4"
BEAM_SIZE = 10
QUANTILE = 0.005
_ADE20K = "ade20k/"


def reproduce(request: ReproduceRequest) -> Reproduction:
    """Run the experiment, and put each figure beside the paper's.

    Raises:
        AndornotError: data or network are missing or cannot be used; the message says what to do.
    """
    from andornot.pipeline.dissect import dissect

    started = time.perf_counter()
    theirs = request.model is None
    sources.check(
        request.folder,
        {"broden224": request.data is None, "places-resnet18": theirs},
        "--data, --model and --weights",
        besides=("places-classes",) if theirs else (),
    )
    data, model = open_images(request), _network(request)
    run = dissect(
        model, request.layer or LAYER, data, request.run,
        preprocessing=request.preset or ("places365" if theirs else None),
        threshold=Threshold(QUANTILE),
        recording=Recording(request.batch_size, request.device),
        length=request.length or paper.VISION_LENGTH, beam_size=BEAM_SIZE, search="beam",
        profile=request.profile, units=request.units, jobs=request.jobs, trust=None,
    )  # fmt: skip
    comparable = _comparability(run)
    figures = tuple(_figures(run, request, comparable))
    facts = facts_of(run, digest(run.samples["sample"]), time.perf_counter() - started)
    remarks = (*paper.VISION_REMARKS, *_about_weights(run, comparable))
    return Reproduction("vision", run.path, comparable, figures, facts, remarks)


def open_images(request: ReproduceRequest) -> FolderData:
    """The images: of Broden those of ADE20K, as in the paper, where there are any.

    Raises:
        AndornotError: they cannot be opened.
    """
    from andornot.data.images.open import open_data

    spec = request.data or f"broden:{sources.broden(request.folder)}"
    kind, colon, path = spec.partition(":")
    if kind == "broden" and colon:
        spec = f"broden:{sources.broden_index(Path(path).expanduser())}"
    data = open_data(spec)
    ade20k = [i for i, name in enumerate(data.sample_ids) if name.startswith(_ADE20K)]
    if 0 < len(ade20k) < len(data):
        data = data.subset(ade20k)
    return data if request.samples is None else data.subset(request.spread(len(data)))


def _network(request: ReproduceRequest) -> LoadedModel:
    from dataclasses import replace

    from andornot.models import load_model

    weights = request.weights
    if request.model is None:
        weights = sources.places_weights(request.folder)
    model = load_model(request.model or sources.NETWORK, weights)
    names = request.classes
    if names is None and request.model is None:
        beside = sources.places_classes(request.folder)
        names = beside if beside.is_file() else None
    return model if names is None else replace(model, class_names=sources.read_classes(names))


def _comparability(run: Run) -> Comparability:
    """Whether these are the paper's images and its network."""
    samples = run.samples["sample"]
    noted, item = run.record.model, find("places-resnet18")
    weights = Path(noted.weights or "")
    data: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    if digest(samples) != ADE20K_IDS:
        where = run.record.data.path
        data = (
            f"the {len(samples):,} images of {Path(where).name} are not the paper's 22,210 "
            "images of ADE20K",
        )
    n_classes = 0 if run.logits is None else run.logits.shape[1]
    same = (noted.spec, run.layer(), n_classes) == (sources.NETWORK, LAYER, 365)
    if not (same and (weights.name == item.file or _is_reported(weights))):
        name = f"{Path(noted.spec).name}, layer {run.layer()}"
        network = (f"the network ({name}) is not the ResNet-18 of Places365, layer {LAYER}",)
    return Comparability(data, network, network, all_units(run))


def _about_weights(run: Run, comparable: Comparability) -> tuple[str, ...]:
    """A warning, where weights that are called like the paper's may be others."""
    weights = Path(run.record.model.weights or "")
    if comparable.network or _is_reported(weights):
        return ()
    return (
        f"{weights.name} is known by its name only: its checksum is not the one that another "
        "project states for this file.",
    )


def _is_reported(weights: Path) -> bool:
    """Whether a file of weights has the checksum that is known of the paper's network."""
    known = find("places-resnet18").reported
    return weights.is_file() and checksum(weights, known.partition(":")[0]) == known


def _figures(run: Run, request: ReproduceRequest, comparable: Comparability) -> list[Figure]:
    table, longest = run.concepts, paper.VISION_LENGTH
    found_here = int(np.count_nonzero(table.concept_counts))
    return [
        found(paper.N_IMAGES, len(run.samples), comparable),
        found(paper.N_CONCEPTS, found_here, comparable),
        found(paper.N_CHANNELS, run.responses().n_units, comparable),
        *measured.means(run, paper.VISION_MEANS, comparable),
        measured.gain(run, paper.VISION_GAIN, longest, comparable),
        *_accuracy(run, request, comparable),
        *_kinds(run, request, comparable),
        *measured.units(run, paper.VISION_UNITS, paper.VISION_UNIT_WHY, comparable, spelled=False),
        *_scenes(run, request, comparable),
        *measured.distinct_formulas(run, (1, 3, longest), "A.1", comparable),
    ]


def _accuracy(run: Run, request: ReproduceRequest, comparable: Comparability) -> list[Figure]:
    claims = (paper.VISION_R, paper.VISION_TREND)
    if run.class_names is None:
        return [absent(claim, _nameless(request)) for claim in claims]
    return figures_or_reason(
        claims,
        lambda: measured.correlation(
            run, claims, paper.VISION_LENGTH, ("rises", "falls"), comparable
        ),
    )


def _nameless(request: ReproduceRequest) -> str:
    get = command("data", "get", "places-classes", "--to", request.folder)
    return (
        "the network does not name its classes; give their names with --classes (those of "
        f"Places365 come by {get}) and start again"
    )


def _kinds(run: Run, request: ReproduceRequest, comparable: Comparability) -> list[Figure]:
    """The kinds that words tell; whether something is coherent to the eye they do not."""
    claims = (
        paper.MEANINGFUL,
        paper.POLYSEMANTIC,
        *(claim for claim, _ in paper.KINDS_OF_MEANINGFUL.values()),
    )
    vectors = request.vectors or sources.word_vectors(request.folder)
    if not (request.vectors or vectors.is_file()):
        get = command("data", "get", "glove6b", "--to", request.folder)
        why = (
            f"nothing is known here of what words mean; give word vectors with --vectors ({get} "
            "gets some) and start again"
        )
        return [absent(claim, why) for claim in claims]
    return figures_or_reason(claims, lambda: _kinds_of(run, vectors, comparable))


def _kinds_of(run: Run, vectors: Path, comparable: Comparability) -> list[Figure]:
    verdicts: Any = kinds.answer(run, similarity=vectors).tables["verdicts"]
    known = verdicts[verdicts["verdict"] != UNKNOWN]
    meaningful = known[known["verdict"] != POLYSEMANTIC]
    counts = ", ".join(f"{row['units']:,} {row['verdict']}" for _, row in verdicts.iterrows())
    polysemantic = measured.share(known, "verdict", [POLYSEMANTIC])
    return [
        found(paper.MEANINGFUL, 1 - polysemantic, comparable, f"by {vectors.name}: {counts}"),
        found(paper.POLYSEMANTIC, polysemantic, comparable),
        *(
            found(claim, measured.share(meaningful, "verdict", _SORTS[name]), comparable, said)
            for name, (claim, said) in paper.KINDS_OF_MEANINGFUL.items()
        ),
    ]


_SORTS = {
    "coherent": (COHERENT, SINGLE),
    "incoherent": (INCOHERENT,),
    "specialisation": (SPECIALISATION,),
}
"""What ``andornot analyze kinds`` calls the paper's kinds of meaningful units."""


def _scenes(run: Run, request: ReproduceRequest, comparable: Comparability) -> list[Figure]:
    """The units with the largest weights to the scenes that the paper names."""
    names = run.class_names
    if names is None:
        return [absent(c, _nameless(request)) for c in paper.SCENE_UNITS.values()]
    figures: list[Figure] = []
    for scene, claim in paper.SCENE_UNITS.items():
        if scene not in names:
            figures.append(absent(claim, "the network has no such class"))
        else:
            speakers = partial(_speakers, run, scene, claim, comparable)
            figures += figures_or_reason([claim], speakers)
    return figures


def _speakers(run: Run, scene: str, claim: Claim, comparable: Comparability) -> list[Figure]:
    weights = contributions.answer(run, classes=[scene], top=4).tables["weights"]
    rows = weights[weights["side"] == contributions.FOR]
    listed = "; ".join(f"{row['unit']}: {row['formula']}" for _, row in rows.iterrows())
    return [found(claim, listed, comparable)]
