"""Print a run as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from andornot.explanations import Explanation
    from andornot.run import Run


def print_run(run: Run, best: int, layer: str | None = None) -> None:
    """Print the best units of each layer, what became of the others, and the time it took."""
    from rich.console import Console

    console = Console()
    for name in run.layers if layer is None else (run.layer(layer),):
        _print_layer(console, run, name, run.result(name).best(best))
    parts: dict[str, float] = {}
    for stage in run.manifest["stages"].values():
        for part, seconds in stage["seconds"].items():
            parts[part] = parts.get(part, 0.0) + seconds
    times = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in parts.items())
    console.print(f"time: {times}; peak memory {run.manifest['peak_rss_bytes'] / 2**30:.2f} GiB")
    for note in run.manifest["model"]["notes"]:
        console.print(f"note: {note}")
    console.print(f"run: {run.path}")


def _print_layer(console: Console, run: Run, layer: str, units: list[Explanation]) -> None:
    from rich.table import Table
    from rich.text import Text

    summary, weights = run.manifest["layers"][layer], run.class_weights(layer)
    metric = run.manifest["search"]["metric"]
    second = "f1" if metric == "iou" else metric
    table = Table(title=f"best units of {layer}", title_justify="left")
    # the column is narrow where formulas are long, so a class takes the place of the second score
    for header in ("unit", "IoU", "IoU of 1", *([] if weights else [second])):
        table.add_column(header, justify="right", no_wrap=True)
    if weights:
        table.add_column("leans to", no_wrap=True)
    table.add_column("formula", overflow="fold")
    for e in units:
        if e.formula is None:
            continue
        cells = [f"{e.iou:.3f}", f"{e.by_length[0]:.3f}"]
        if not weights:
            cells.append(f"{e.counts.score(second):.3f}")
        else:
            to_class = {name: float(weight[e.unit]) for name, weight in weights.items()}
            favourite = max(to_class, key=to_class.__getitem__)
            cells.append(f"{favourite} {to_class[favourite]:+.2f}")
        table.add_row(str(e.unit), *cells, Text(str(e.formula)))
    console.print(table)
    status = ", ".join(f"{count} {state}" for state, count in summary["status"].items())
    means = ", ".join(f"{iou:.4f}" for iou in summary["mean_iou_by_length"])
    console.print(f"{summary['units']} units ({status}); mean IoU by length: {means or 'none'}")
