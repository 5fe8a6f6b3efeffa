"""What ``explain`` and ``show`` print of a run: its best units, proofs, trust, time and notes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from andornot._tools.words import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console

    from andornot.results.explanation import Explanation
    from andornot.results.result import Result
    from andornot.runs.run import Run


_COMMON = 8
"""Concepts that are named of a layer."""

_WIDE = 100
"""Columns of a terminal from which all numbers are shown beside the formula."""


def print_run(run: Run, best: int, layer: str | None = None, told: bool = False) -> None:
    """Print the best units of each layer, what became of the others, and the time it took.

    Args:
        run: the run.
        best: units to list.
        layer: this layer only.
        told: whether the notes that the run itself made were told while it went on.
    """
    from rich.console import Console

    from andornot.views.origins import model_labelled, origins

    console = Console(markup=False, highlight=False)
    for name in run.layers if layer is None else (run.layer(layer),):
        _print_layer(console, run, name, run.result(name).best(best))
        _print_concepts(console, run.result(name), best)
        _print_twins(console, run.result(name))
        _print_certificates(console, run.result(name))
        _print_scores(console, run.result(name))
        _print_trust(console, run.result(name))
    parts: dict[str, float] = {}
    for stage in run.record.stages.values():
        for part, seconds in stage.seconds.items():
            parts[part] = parts.get(part, 0.0) + seconds
    times = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in parts.items())
    console.print(f"time: {times}; peak memory {run.record.peak_rss_bytes / 2**30:.2f} GiB")
    if from_whom := origins(run):
        console.print(f"concepts: {from_whom}")
    notes = [] if told else run.record.notes
    about_labels = filter(None, (model_labelled(run),))
    for note in (*run.record.model.notes, *notes, *about_labels):
        console.print(f"note: {note}")
    console.print(f"run: {run.path}")


def _print_layer(console: Console, run: Run, layer: str, units: list[Explanation]) -> None:
    from rich.table import Table
    from rich.text import Text

    summary, weights = run.record.layers[layer], run.class_weights(layer)
    metric = run.record.search.metric
    second = "f1" if metric == "iou" else metric
    ranged = any(e.range is not None for e in units)
    directions = run.record.directions
    of = "units" if directions is None else f"of {directions.shape[1]} directions over the units"
    table = Table(title=f"best {of} of layer {layer}", title_justify="left")
    # the column is narrow where formulas are long, so a class takes the place of the second score
    trust = ["held out", "chance"] if any(e.trust is not None for e in units) else []
    narrow = console.width < _WIDE  # then the formula needs the room
    last = [] if narrow or weights else [second]
    for header in ("unit", "IoU", *([] if narrow else ["1 concept"]), *trust, *last):
        table.add_column(header, justify="right", no_wrap=True)
    if weights and not narrow:
        table.add_column("leans to", no_wrap=True)
    if ranged:
        table.add_column("activation", justify="right", no_wrap=True)
        result = run.result(layer)
        units = [e for top in units for e in reversed(result.ranges(top.unit))]
    table.add_column("formula", overflow="fold")
    for e in units:
        if e.formula is None:
            continue
        single = [] if narrow else [f"{e.by_length[0]:.3f}"]
        cells = [f"{e.iou:.3f}", *single, *(_trust(e) if trust else ())]
        if not narrow:
            cells.append(_favourite(e, weights) if weights else _second(e, second))
        if ranged:
            cells.append("" if e.range is None else "{:.3g} to {:.3g}".format(*e.range))
        luck = e.trust is not None and not e.trust.better_than_chance
        table.add_row(str(e.unit), *cells, Text(str(e.formula)), style="dim" if luck else None)
    console.print(table)
    status = ", ".join(f"{count} {state}" for state, count in summary.status.items())
    means = ", ".join(f"{iou:.4f}" for iou in summary.mean_iou_by_length)
    console.print(f"{summary.units} units ({status}); mean IoU by length: {means or 'none'}")


def _second(e: Explanation, metric: str) -> str:
    """Another score; of what was searched for, the score itself, since counts may not give it."""
    return f"{e.score if metric == e.metric else e.counts.score(metric):.3f}"


def _favourite(e: Explanation, weights: Mapping[str, NDArray[np.float32]]) -> str:
    """The class that a unit speaks for most, with its weight to it, if it speaks for any."""
    to_class = {name: float(weight[e.unit]) for name, weight in weights.items()}
    favourite = max(to_class, key=to_class.__getitem__)
    return f"{favourite} {to_class[favourite]:+.2f}" if to_class[favourite] >= 0.005 else "none"


def _trust(e: Explanation) -> tuple[str, str]:
    """IoU on held-out samples and by chance, at the length of the explanation."""
    if e.trust is None:
        return "–", "–"
    held_out, chance, at = e.trust.held_out, e.trust.chance, e.trust.length - 1
    return (
        f"{held_out.by_length[at]:.3f}" if held_out else "–",
        f"{chance.null[at]:.3f}" if chance else "–",
    )


def _print_concepts(console: Console, result: Result, best: int) -> None:
    """What the units of a layer speak of most, where the table does not show them all."""
    singles = [b[0].formula for e in result if (b := e.best_by_length) and b[0] is not None]
    if len(singles) > best:
        counted = Counter(map(str, singles)).most_common()
        told = [f"{concept} {n:,}" for concept, n in counted[:_COMMON]]
        more = ["..."] if len(counted) > _COMMON else []
        console.print(f"units by their best single concept: {', '.join([*told, *more])}")


def _print_twins(console: Console, result: Result) -> None:
    """Which concepts of the formulas of a layer the data cannot tell from others."""
    found = Counter(str(one) for e in result if e.shown is not None for one in e.shown.twins)
    if found:
        told = [f"{shortened(names, 80)} ({n:,})" for names, n in found.most_common(_COMMON)]
        more = ["..."] if len(found) > _COMMON else []
        console.print(
            f"concepts that cannot be told apart where formulas hang on them, with the number of "
            f"formulas: {'; '.join([*told, *more])}"
        )


def _print_certificates(console: Console, result: Result) -> None:
    """How many formulas of a layer are proven, and how much of their ceilings they attain."""
    known = [e.certificate for e in result if e.formula is not None]
    shares = [c.attained for c in known if c.attained is not None]
    if shares:
        proven = sum(c.proven for c in known)
        console.print(
            f"optimum: {proven} of {len(known)} formulas are proven the best; on average they "
            f"attain {100 * sum(shares) / len(shares):.0f} % of the ceiling, what any formula over "
            "these concepts could reach"
        )


def _print_scores(console: Console, result: Result) -> None:
    """How well formulas agree with all activations of a layer, not only with the highest."""
    known = [e.agreement for e in result if e.agreement is not None]
    if known:
        correlation = sum(scores.pearson for scores in known) / len(known)
        coverage = sum(scores.explanation_coverage for scores in known) / len(known)
        console.print(
            f"scores: mean correlation with the raw activations {correlation:.3f}; formulas meet "
            f"active positions in {100 * coverage:.0f} % of the samples that have some"
        )


def _print_trust(console: Console, result: Result) -> None:
    """How many formulas of a layer fit better than chance explains."""
    from andornot.results.trust import LEVEL

    known = [e.trust.chance for e in result if e.trust is not None and e.trust.chance is not None]
    if known:
        pooled = sum(chance.q_pooled <= LEVEL for chance in known)
        exact = sum(chance.q_value <= LEVEL for chance in known)
        beat = sum(chance.p_value <= 1 / (chance.nulls + 1) for chance in known)
        dim = "; the others are dim above" if pooled < len(known) else ""
        console.print(
            f"trust: {pooled or 'none'} of {len(known)} formulas fit better than chance explains, "
            f"at a false discovery rate of {LEVEL:g} ({exact} by p-values of each unit alone, "
            f"which {known[0].nulls} shuffles cannot bring below {1 / (known[0].nulls + 1):.2g}); "
            f"{beat} beat all {known[0].nulls} searches on shuffled samples{dim}"
        )
