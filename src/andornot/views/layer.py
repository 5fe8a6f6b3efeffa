"""A layer: what was explained, when its units are active, and what came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from andornot.formula_forms import MEANING, kind_of
from andornot.results.explanation import Explanation
from andornot.results.verdict import listed
from andornot.views.judged import as_shown
from andornot.views.layer_context import LayerContext
from andornot.views.of_run import directions_sentence, threshold, unit_of_count_sentence
from andornot.views.plain import View
from andornot.views.plots import (
    Plot,
    accuracy_scatter,
    category_shares,
    iou_by_length,
    iou_histogram,
)
from andornot.views.summary import KeyFigure, Summary, in_sample, tested_formulas
from andornot.views.unit_links import UnitLink
from andornot.views.unit_plots import trust_by_length
from andornot.views.wording import vocabulary_limit

_BEST = 12


@dataclass(frozen=True)
class LayerView(View):
    """What is said of a layer as a whole.

    Attributes:
        name: the layer.
        sentences: what must be known of its units or of how they were counted.
        numbers: what was found, one number each.
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
    numbers: tuple[KeyFigure, ...]
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
            *directions_sentence(context.run, context.layer),
            *unit_of_count_sentence(context.run),
        ),
        numbers=numbers_of(tuple(context.run.result(context.layer)), summary, len(refs)),
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


def numbers_of(
    explanations: Sequence[Explanation], shown: Summary, n_pages: int
) -> tuple[KeyFigure, ...]:
    """What was found in a layer, one number each; nothing of what is not known.

    Args:
        explanations: those of all its units.
        shown: what these come to.
        n_pages: how many units the report shows.
    """
    known = [e for e in explanations if e.formula is not None]
    figures = [
        KeyFigure(f"{len(explanations):,}", "units", ""),
        KeyFigure(f"{n_pages:,}", "units shown here", ""),
        KeyFigure(f"{len(known):,}", "units with a formula", ""),
    ]
    if not known:
        return tuple(figures)
    # held out, by chance and in sample: of the same formulas, so that they can be compared
    means = {f.label: f for f in shown.figures[2:] if f.label.startswith("mean IoU")}
    inside = in_sample([e for e, *_ in tested_formulas(known)] or known)
    means.setdefault(inside.label, inside)
    proven = sum(as_shown(e).certificate.proven for e in known)
    limited = sum(bool(vocabulary_limit(e)) for e in known)
    return (
        *figures,
        *means.values(),
        *_by_length([e.by_length for e in known if e.by_length]),
        KeyFigure(f"{proven:,}", "formulas proven the best", "as they are shown"),
        KeyFigure(
            f"{limited:,}",
            "units whose vocabulary is the limit",
            "no formula over these concepts could fit well; only more concepts could",
        ),
    )


def _by_length(ious: Sequence[Sequence[float]]) -> Iterator[KeyFigure]:
    """Mean IoU of the formulas of one concept, and of the longest ones."""
    lengths = [] if not ious else [1] if len(ious[0]) == 1 else [1, len(ious[0])]
    for length in lengths:
        mean = sum(own[length - 1] for own in ious) / len(ious)
        which = "one concept" if length == 1 else f"up to {length} concepts"
        note = "the best of all units with a formula, on the samples searched on"
        yield KeyFigure(f"{mean:.3f}", f"mean IoU, in sample, {which}", note)


def table_of_layers(layers: Iterable[LayerView]) -> tuple[tuple[KeyFigure, tuple[str, ...]], ...]:
    """The numbers of layers side by side: what each row is, and its number in each layer."""
    own = [{figure.label: figure for figure in layer.numbers} for layer in layers]
    rows = {label: figure for numbers in own for label, figure in numbers.items()}
    return tuple(
        (row, tuple(numbers[label].number if label in numbers else "–" for numbers in own))
        for label, row in rows.items()
    )


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
