"""The units of a run as a table, for terminals and for programs: what ``explain`` ends with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andornot._tools.words import shortened
from andornot.results.explanation import Explanation
from andornot.results.headline import headline
from andornot.results.result import Result
from andornot.results.verdict import Verdict
from andornot.runs.run import Run
from andornot.views.judged import headline_of
from andornot.views.of_run import results_of
from andornot.views.origins import model_labelled, origins
from andornot.views.plain import View
from andornot.views.unit_links import unit_ref

SORTS: Final = ("verdict", "held-out", "iou", "unit")
"""In which order units can be listed."""

_COMMON: Final = 8
"""Concepts that are named of a layer."""

_LEAST_WEIGHT: Final = 0.005
"""Smaller weights read 0.00."""


@dataclass(frozen=True)
class UnitLine(View):
    """A unit as a line of a table; a number is None where it is not known.

    Attributes:
        layer: its layer.
        unit: its number.
        verdict: how far the formula can be relied on, in a word; empty where there is none.
        held_out: IoU on samples that the formula was not found on; ``held_out_low`` and
            ``held_out_high`` hold the middle 95 % of it.
        chance: the same where there is nothing to find.
        gain: how far it lies above chance: the logarithm of a ratio of odds.
        p: how often chance would reach the unit.
        extent: how much of the unit is explained: most, part or little.
        precision, recall: held out.
        formula: the formula that is shown, as text; None where there is none.
        length: its concepts.
        iou: its intersection over union, in sample.
        iou_1: the same of the best single concept.
        score: what it was searched for, where that is not IoU.
        status: ``ok``, or why there is no formula.
        active: positions on which the unit is active.
        range_low, range_high: the activations that count as active, where there are ranges.
        leans_to: the class that it speaks for most, where a linear head follows and it does.
        weight: its weight to that class.
        look: how it looks (see ``judged.VerdictView``).
    """

    layer: str
    unit: int
    verdict: str
    held_out: float | None
    held_out_low: float | None
    held_out_high: float | None
    chance: float | None
    gain: float | None
    p: float | None
    extent: str
    precision: float | None
    recall: float | None
    formula: str | None
    length: int
    iou: float
    iou_1: float
    score: float | None
    status: str
    active: int
    range_low: float | None
    range_high: float | None
    leans_to: str
    weight: float | None
    look: str

    @property
    def explains(self) -> str:
        """How much of the unit is explained; empty for what may be no more than chance."""
        return self.extent if self.verdict in (Verdict.SOLID, Verdict.PARTIAL) else ""


@dataclass(frozen=True)
class LayerTable(View):
    """The first units of a layer, and what became of all.

    Attributes:
        layer: its name.
        title: what is listed.
        n_units: all its units.
        status: how many of them are ``ok``, or have no formula, and why.
        mean_iou_by_length: in sample, of formulas of up to 1, 2, ... concepts.
        metric: what formulas were searched for.
        has_head: whether a linear head follows, so that units lean to classes.
        sentences: what else is known of all its units.
        units: the first ones, in the order that was asked for.
    """

    layer: str
    title: str
    n_units: int
    status: Mapping[str, int]
    mean_iou_by_length: tuple[float, ...]
    metric: str
    has_head: bool
    sentences: tuple[str, ...]
    units: tuple[UnitLine, ...]


@dataclass(frozen=True)
class Verdicts(View):
    """How many units of a run have which verdict (see ``results.headline``).

    Attributes:
        units: all units.
        formulas: those with a formula.
        verdicts: how many formulas have each verdict.
        tested: units with enough data that were held against chance.
        better: formulas that are more than chance, tested all at once.
        explained: units whose formula is solid, and explains at least a part of them.
        twin: whether an untrained twin had to be beaten.
        sentences: all that in words.
    """

    units: int
    formulas: int
    verdicts: Mapping[str, int]
    tested: int
    better: int
    explained: int
    twin: bool
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class RunTable(View):
    """The first units of the layers of a run.

    Attributes:
        folder: where the run lies.
        headline: what all its layers come to, whichever are listed.
        layers: those that are listed.
        concepts_from: whom the concepts come from, where a reader must know it.
        notes: what is to be known of the network, of the labels, and of how the run went.
        seconds: how long each part of the work took.
        peak_bytes: the most memory that it took.
    """

    folder: str
    headline: Verdicts
    layers: tuple[LayerTable, ...]
    concepts_from: str
    notes: tuple[str, ...]
    seconds: Mapping[str, float]
    peak_bytes: int


def run_table(
    run: Run,
    best: int,
    layer: str | None = None,
    sort: str = SORTS[0],
    against: Run | None = None,
    told: bool = False,
) -> RunTable:
    """The first units of each layer, what became of the others, and the time it took.

    Args:
        run: the run.
        best: units to list.
        layer: this layer only.
        sort: in which order, one of :data:`SORTS`.
        against: a run of the same network with random weights, to compare with.
        told: whether the notes that the run itself made were told while it went on.

    Raises:
        OptionError: the runs cannot be compared.
    """
    own, twin = results_of(run, against)
    names = run.layers if layer is None else (run.layer(layer),)
    notes = (*run.record.model.notes, *(() if told else run.record.notes), model_labelled(run))
    return RunTable(
        folder=str(run.path),
        headline=_verdicts(own, twin),
        layers=tuple(_layer(run, name, best, sort) for name in names),
        concepts_from=origins(run),
        notes=tuple(filter(None, notes)),
        seconds=_seconds(run),
        peak_bytes=run.record.peak_rss_bytes,
    )


def _verdicts(own: Mapping[str, Result], twin: Mapping[str, Result] | None) -> Verdicts:
    found = headline(own, twin)
    counted = {str(verdict): n for verdict, n in found.verdicts}
    return Verdicts(
        found.units, found.formulas, counted, found.tested, found.better, found.explained,
        found.twin, headline_of(own, twin),
    )  # fmt: skip


def _seconds(run: Run) -> dict[str, float]:
    parts: Counter[str] = Counter()
    for stage in run.record.stages.values():
        parts.update(stage.seconds)
    return dict(parts)


def _layer(run: Run, name: str, best: int, sort: str) -> LayerTable:
    result, summary = run.result(name), run.record.layers[name]
    directions = run.record.directions
    of = "units" if directions is None else f"of {directions.shape[1]} directions over the units"
    which = "best" if sort == SORTS[0] else f"by {sort}, the first"
    weights = run.class_weights(name)
    metric = run.record.search.metric
    chosen = [e for top in _sorted(result, sort)[:best] for e in reversed(result.ranges(top.unit))]
    return LayerTable(
        layer=name,
        title=f"{which} {of} of layer {name}",
        n_units=summary.units,
        status=dict(summary.status),
        mean_iou_by_length=tuple(summary.mean_iou_by_length),
        metric=metric,
        has_head=bool(weights),
        sentences=tuple(_sentences(result, best)),
        units=tuple(_line(name, e, weights, metric) for e in chosen),
    )


def _sorted(result: Result, sort: str) -> list[Explanation]:
    """The explanations in an order of :data:`SORTS`; all numbers are of the formula shown."""
    ranked = result.best()
    if sort == "iou":
        return sorted(ranked, key=lambda e: -(0.0 if e.shown is None else e.shown.iou))
    if sort == "unit":
        return sorted(ranked, key=lambda e: e.unit)
    if sort == "held-out":
        return sorted(ranked, key=lambda e: -((e.trust and e.trust.held_out_iou) or 0.0))
    return ranked


def _line(
    layer: str, e: Explanation, weights: Mapping[str, NDArray[np.float32]], metric: str
) -> UnitLine:
    ref, shown, trust = unit_ref(layer, e), e.shown, e.trust
    held = None if trust is None else trust.held_out
    luck = None if trust is None else trust.held_out_chance
    low, high = (held and held.interval) or (None, None)
    leans_to, weight = _favourite(e.unit, weights)
    return UnitLine(
        layer=layer,
        unit=e.unit,
        verdict=ref.judged.verdict,
        held_out=ref.judged.held_out,
        held_out_low=low,
        held_out_high=high,
        chance=ref.judged.chance,
        gain=ref.judged.gain,
        p=None if luck is None else luck.p_value,
        extent=ref.judged.extent,
        precision=ref.judged.precision,
        recall=ref.judged.recall,
        formula=ref.formula,
        length=0 if shown is None else shown.formula.length,
        iou=ref.iou,
        iou_1=next(iter(e.by_length), 0.0),
        score=None if shown is None or metric == "iou" else shown.score,
        status=e.status,
        active=e.counts.tp + e.counts.fn,
        range_low=None if e.range is None else e.range[0],
        range_high=None if e.range is None else e.range[1],
        leans_to=leans_to,
        weight=weight,
        look=ref.judged.look,
    )


def _favourite(unit: int, weights: Mapping[str, NDArray[np.float32]]) -> tuple[str, float | None]:
    """The class that a unit speaks for most, with its weight to it, if it speaks for any."""
    to_class = {name: float(weight[unit]) for name, weight in weights.items()}
    name = max(to_class, key=to_class.__getitem__, default="")
    return (name, to_class[name]) if name and to_class[name] >= _LEAST_WEIGHT else ("", None)


def _sentences(result: Result, best: int) -> Iterator[str]:
    yield from _concepts(result, best)
    yield from _twins(result)
    yield from _optimum(result)
    yield from _agreement(result)


def _concepts(result: Result, best: int) -> Iterator[str]:
    """What the units of a layer speak of most, where the table does not show them all."""
    singles = [b[0].formula for e in result if (b := e.best_by_length) and b[0] is not None]
    if len(singles) > best:
        counted = Counter(map(str, singles)).most_common()
        told = [f"{concept} {n:,}" for concept, n in counted[:_COMMON]]
        yield f"units by their best single concept: {_listed(told, len(counted), ', ')}"


def _twins(result: Result) -> Iterator[str]:
    """Which concepts of the formulas of a layer the data cannot tell from others."""
    found = Counter(str(one) for e in result if e.shown is not None for one in e.shown.twins)
    if found:
        told = [f"{shortened(names, 80)} ({n:,})" for names, n in found.most_common(_COMMON)]
        yield (
            "concepts that can stand in for each other in formulas, with the number of "
            f"formulas: {_listed(told, len(found), '; ')}"
        )


def _listed(told: Sequence[str], all_of_them: int, sign: str) -> str:
    return sign.join([*told, *(["..."] if all_of_them > len(told) else [])])


def _optimum(result: Result) -> Iterator[str]:
    """How many formulas of a layer are proven, and how much of their ceilings they attain."""
    known = [e.certificate for e in result if e.formula is not None]
    shares = [c.attained for c in known if c.attained is not None]
    if shares:
        proven = sum(c.proven for c in known)
        yield (
            f"optimum: {proven} of {len(known)} longest formulas are proven the best; on average "
            f"they attain {100 * sum(shares) / len(shares):.0f} % of the ceiling, what any formula "
            "over these concepts could reach"
        )


def _agreement(result: Result) -> Iterator[str]:
    """How well formulas agree with all activations of a layer, not only with the highest."""
    known = [e.agreement for e in result if e.agreement is not None]
    if known:
        correlation = sum(scores.pearson for scores in known) / len(known)
        coverage = sum(scores.explanation_coverage for scores in known) / len(known)
        yield (
            f"scores: mean correlation with the raw activations {correlation:.3f}; formulas meet "
            f"active positions in {100 * coverage:.0f} % of the samples that have some"
        )
