"""A layer: what was explained, when its units are active, and what came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from andornot._tools.words import count
from andornot.formula_forms import MEANING, kind_of
from andornot.results.explanation import Explanation
from andornot.results.verdict import listed
from andornot.views.judged import as_shown
from andornot.views.layer_context import LayerContext
from andornot.views.of_run import looked_at, overview, threshold
from andornot.views.plain import View
from andornot.views.plots import (
    Plot,
    accuracy_scatter,
    category_shares,
    iou_by_length,
    iou_histogram,
)
from andornot.views.summary import Summary
from andornot.views.unit_links import UnitLink
from andornot.views.unit_plots import trust_by_length
from andornot.views.wording import held_out_iou, vocabulary_limit

_BEST = 12


@dataclass(frozen=True)
class LayerView(View):
    """What is said of a layer as a whole.

    Attributes:
        name: the layer.
        sentences: what was explained.
        active: when a unit counts as active.
        map_shape: height and width of a unit's map, in values.
        plots: its figures.
        summary: what all its units come to, shown or not.
        number: its number in the list of units.
        kinds: the sorts of formula: name, meaning, how many units.
        left_out: units without a formula: why, and how many.
        best: the first units that have a formula: by verdict, then by gain.
    """

    name: str
    sentences: tuple[str, ...]
    active: str
    map_shape: str
    plots: tuple[Plot, ...]
    summary: Summary
    kinds: tuple[tuple[str, str, int], ...]
    left_out: tuple[tuple[str, int], ...]
    best: tuple[UnitLink, ...]
    number: int = 0


def layer_view(context: LayerContext, summary: Summary, number: int = 0) -> LayerView:
    """What is said of a layer as a whole.

    Args:
        context: the layer.
        summary: what all its units come to.
        number: its number in the list of units.
    """
    refs = context.refs
    return LayerView(
        name=context.layer,
        sentences=(
            *overview(context.run, context.layer, looked_at(context.run), len(refs)),
            *trust_sentences(context.explanations),
        ),
        active=threshold(context.run, context.layer),
        map_shape=" × ".join(map(str, context.run.activations(context.layer).map_shape)),
        plots=_plots(context),
        summary=summary,
        kinds=kinds_found(context.explanations),
        left_out=left_out(refs),
        best=best_units(context.explanations, refs),
        number=number,
    )


def best_first(layers: Iterable[LayerView]) -> tuple[LayerView, ...]:
    """Layers with the best one first, by shares and scores held out.

    Where nothing was held against chance they keep the network's order.
    """
    return tuple(sorted(layers, key=lambda layer: [-value for value in layer.summary.rank]))


def kinds_found(explanations: Iterable[Explanation]) -> tuple[tuple[str, str, int], ...]:
    """The sorts of formula, most common first: name, meaning, how many units."""
    kinds = Counter(kind_of(e.shown.formula) for e in explanations if e.shown is not None)
    return tuple((kind, MEANING[kind], n) for kind, n in kinds.most_common())


def left_out(refs: Iterable[UnitLink]) -> tuple[tuple[str, int], ...]:
    """Units without a formula: why, and how many, most common first."""
    return tuple(Counter(ref.status for ref in refs if ref.formula is None).most_common())


def best_units(
    explanations: Iterable[Explanation], refs: Iterable[UnitLink]
) -> tuple[UnitLink, ...]:
    """The first units of a layer that have a formula: by verdict, then by gain."""
    by_unit = {ref.unit: ref for ref in refs if ref.formula}
    return tuple(by_unit[e.unit] for e in listed(explanations) if e.unit in by_unit)[:_BEST]


def trust_sentences(explanations: Sequence[Explanation]) -> tuple[str, ...]:
    """How good some explanations are and how far they hold; nothing of what is not known."""
    shown = [e for e in explanations if e.formula is not None]
    if not shown:
        return ()
    proven = sum(as_shown(e).certificate.proven for e in shown)
    said = [f"{proven:,} of the {count(len(shown), 'formula')} shown are proven the best."]
    both = [(_iou(e), outside) for e in shown if (outside := held_out_iou(e)) is not None]
    if both:
        inside, outside = (sum(ious) / len(both) for ious in zip(*both, strict=True))
        said.append(
            f"Formulas found without some samples and scored on these have a mean IoU of "
            f"{outside:.3f}, against {inside:.3f} for those found and scored on all."
        )
    luck = [chance.iou for e in shown if e.trust and (chance := e.trust.held_out_chance)]
    if luck:
        said.append(
            f"Found and scored likewise where there is nothing to find, they have "
            f"{sum(luck) / len(luck):.3f}."
        )
    limited = sum(bool(vocabulary_limit(e)) for e in shown)
    if limited:
        said.append(
            f"For {limited:,} the vocabulary is the limit: their ceiling is far below 1, so that "
            "only more annotated concepts could explain them better."
        )
    return tuple(said)


def _iou(e: Explanation) -> float:
    """IoU in sample of the formula that is shown."""
    return e.iou if e.shown is None else e.shown.iou


def mean_trust(explanations: Sequence[Explanation]) -> tuple[list[float], ...] | None:
    """Mean IoU by length in sample, held out and by chance; None where that is not known."""
    known = [e.trust for e in explanations if e.trust is not None and e.trust.held_out is not None]
    held = [trust.held_out for trust in known if trust.held_out is not None]
    if not held:
        return None
    chance = [trust.chance.null for trust in known if trust.chance is not None]
    columns = ([h.in_sample for h in held], [h.by_length for h in held], chance)
    return tuple([sum(ious) / len(ious) for ious in zip(*rows, strict=True)] for rows in columns)


def _plots(context: LayerContext) -> tuple[Plot, ...]:
    """The figures that the answers allow."""
    plots, answers = [], context.answers
    if "length" in answers:
        tables = answers["length"].tables
        plots += [iou_histogram(tables["histogram"]), iou_by_length(tables["by_length"])]
    if "trust" in answers:
        table = answers["trust"].tables["by_length"]
        # what chance gives in sample is known only where it was asked for
        columns = (table[c].dropna() for c in ("in_sample", "held_out", "null"))
        means = [tuple(map(float, column)) for column in columns]
        plots += [trust_by_length(*means)] if len(table) > 1 else []
    if "uniqueness" in answers:
        plots.append(category_shares(answers["uniqueness"].tables["categories"]))
    if "accuracy" in answers:
        table = answers["accuracy"].tables["units"]
        units = {unit: (context.layer, unit) for unit in context.units}
        quantity, label = "accuracy", "accuracy while active"
        if table["accuracy"].nunique(dropna=True) < 2:  # every prediction is right, say
            quantity, label = "margin", "logit margin while active"
        plots.append(accuracy_scatter(table, quantity, label, units))
    return tuple(plots)
