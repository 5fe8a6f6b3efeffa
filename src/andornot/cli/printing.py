"""Print a run as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from andornot.run import Run


def print_run(run: Run, best: int, layer: str | None = None) -> None:
    """Print the best units of each layer, what became of the others, and the time it took."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for name in run.layers if layer is None else (run.layer(layer),):
        result, summary = run.result(name), run.manifest["layers"][name]
        table = Table(title=f"best units of {name}", title_justify="left")
        metric = run.manifest["search"]["metric"]
        second = "f1" if metric == "iou" else metric
        for header in ("unit", "IoU", "IoU of 1", second):
            table.add_column(header, justify="right", no_wrap=True)
        table.add_column("formula", overflow="fold")
        for e in result.best(best):
            if e.formula is not None:
                numbers = (e.iou, e.by_length[0], e.counts.score(second))
                table.add_row(str(e.unit), *(f"{v:.3f}" for v in numbers), Text(str(e.formula)))
        console.print(table)
        status = ", ".join(f"{count} {state}" for state, count in summary["status"].items())
        means = ", ".join(f"{iou:.4f}" for iou in summary["mean_iou_by_length"])
        console.print(f"{summary['units']} units ({status}); mean IoU by length: {means or 'none'}")
    parts: dict[str, float] = {}
    for stage in run.manifest["stages"].values():
        for part, seconds in stage["seconds"].items():
            parts[part] = parts.get(part, 0.0) + seconds
    times = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in parts.items())
    console.print(f"time: {times}; peak memory {run.manifest['peak_rss_bytes'] / 2**30:.2f} GiB")
    for note in run.manifest["model"]["notes"]:
        console.print(f"note: {note}")
    console.print(f"run: {run.path}")
