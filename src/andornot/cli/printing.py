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

_WIDE, _WIDER, _WIDEST = 100, 120, 140
"""Columns of a terminal from which more numbers are shown beside the formula."""

_VERDICT = 10
"""The width of a verdict; longer ones take two lines, for the formula needs the room."""

_STYLES = {"sure": "bold", "doubtful": "dim"}

SORTS = ("verdict", "held-out", "iou", "unit")
"""In which order units can be listed."""


def print_run(
    run: Run,
    best: int,
    layer: str | None = None,
    told: bool = False,
    sort: str = "verdict",
    against: Run | None = None,
) -> None:
    """Print the best units of each layer, what became of the others, and the time it took.

    Args:
        run: the run.
        best: units to list.
        layer: this layer only.
        told: whether the notes that the run itself made were told while it went on.
        sort: in which order, one of :data:`SORTS`.
        against: a run of the same network with random weights, to compare with.

    Raises:
        OptionError: the runs cannot be compared.
    """
    from rich.console import Console

    from andornot.views.of_run import run_headline
    from andornot.views.origins import model_labelled, origins

    headline = run_headline(run, against)
    console = Console(markup=False, highlight=False)
    for name in run.layers if layer is None else (run.layer(layer),):
        title = "best" if sort == SORTS[0] else f"by {sort}, the first"
        _print_layer(console, run, name, _sorted(run.result(name), sort)[:best], title)
        _print_concepts(console, run.result(name), best)
        _print_twins(console, run.result(name))
        _print_certificates(console, run.result(name))
        _print_scores(console, run.result(name))
    for sentence in headline:
        console.print(sentence)
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


def _sorted(result: Result, sort: str) -> list[Explanation]:
    """The explanations in an order of :data:`SORTS`."""
    ranked = result.best()
    if sort == "iou":
        return sorted(ranked, key=lambda e: -e.iou)
    if sort == "unit":
        return sorted(ranked, key=lambda e: e.unit)
    if sort == "held-out":
        return sorted(ranked, key=lambda e: -((e.trust and e.trust.held_out_iou) or 0.0))
    return ranked


def _print_layer(
    console: Console, run: Run, layer: str, units: list[Explanation], which: str
) -> None:
    from rich.table import Table
    from rich.text import Text

    from andornot.views.judged import judged

    directions = run.record.directions
    of = "units" if directions is None else f"of {directions.shape[1]} directions over the units"
    table = Table(title=f"{which} {of} of layer {layer}", title_justify="left")
    if any(e.range is not None for e in units):
        result = run.result(layer)
        units = [e for top in units for e in reversed(result.ranges(top.unit))]
    shown = [e for e in units if e.formula is not None]
    cells = {"unit": [str(e.unit) for e in shown]} | _cells(console.width, run, layer, shown)
    table.add_column("unit", justify="right", no_wrap=True)
    table.add_column("verdict", max_width=_VERDICT)
    for header in list(cells)[1:]:
        is_text = header in ("extent", "leans to")
        table.add_column(header, justify="left" if is_text else "right", no_wrap=True)
    table.add_column("formula", overflow="fold")
    for e, unit, *rest in zip(shown, *cells.values(), strict=True):
        told = judged(e)
        formula = Text(str(e.shown.formula if e.shown else e.formula))
        table.add_row(unit, told.verdict, *rest, formula, style=_STYLES.get(told.look))
    console.print(table)
    summary = run.record.layers[layer]
    status = ", ".join(f"{count} {state}" for state, count in summary.status.items())
    means = ", ".join(f"{iou:.4f}" for iou in summary.mean_iou_by_length)
    console.print(f"{summary.units} units ({status}); mean IoU by length: {means or 'none'}")


def _cells(width: int, run: Run, layer: str, shown: list[Explanation]) -> dict[str, list[str]]:
    """The cells of the columns between verdict and formula, by header, as many as there is room.

    Held-out numbers come first. A class takes the place of a second score.
    """
    from andornot.views.judged import judged

    told = [judged(e) for e in shown]
    trusted = any(e.trust is not None for e in shown)
    cells: dict[str, list[str]] = {}
    if trusted:
        cells |= {
            "held out": [_number(one.held_out) for one in told],
            "chance": [_number(one.chance) for one in told],
            "gain": [_number(one.gain, 2) for one in told],
        }
    if trusted and width >= _WIDE:
        cells["extent"] = [one.extent or "–" for one in told]
    if trusted and width >= _WIDEST:
        cells["precision"] = [_number(one.precision, 2) for one in told]
        cells["recall"] = [_number(one.recall, 2) for one in told]
    if not trusted or width >= _WIDEST:
        cells["IoU"] = [f"{e.iou:.3f}" for e in shown]
    if width >= (_WIDEST if trusted else _WIDE):
        cells["1 concept"] = [f"{e.by_length[0]:.3f}" for e in shown]
    if width >= (_WIDER if trusted else _WIDE):
        cells |= _last(run, layer, shown, trusted and width < _WIDEST)
    if any(e.range is not None for e in shown):
        spans = ["" if e.range is None else "{:.3g} to {:.3g}".format(*e.range) for e in shown]
        cells["activation"] = spans
    return cells


def _last(run: Run, layer: str, shown: list[Explanation], narrow: bool) -> dict[str, list[str]]:
    """The class that each unit leans to, or another score, where there is room for it."""
    if weights := run.class_weights(layer):
        return {"leans to": [_favourite(e, weights) for e in shown]}
    metric = run.record.search.metric
    second = "f1" if metric == "iou" else metric
    return {} if narrow else {second: [_second(e, second) for e in shown]}


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _second(e: Explanation, metric: str) -> str:
    """Another score; of what was searched for, the score itself, since counts may not give it."""
    return f"{e.score if metric == e.metric else e.counts.score(metric):.3f}"


def _favourite(e: Explanation, weights: Mapping[str, NDArray[np.float32]]) -> str:
    """The class that a unit speaks for most, with its weight to it, if it speaks for any."""
    to_class = {name: float(weight[e.unit]) for name, weight in weights.items()}
    favourite = max(to_class, key=to_class.__getitem__)
    return f"{favourite} {to_class[favourite]:+.2f}" if to_class[favourite] >= 0.005 else "none"


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
            f"optimum: {proven} of {len(known)} longest formulas are proven the best; on average "
            f"they attain {100 * sum(shares) / len(shares):.0f} % of the ceiling, what any formula "
            "over these concepts could reach"
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
