"""The shares of verdicts against how much planted units were spoilt, by what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final

from andornot.results.verdict import Verdict
from benchmarks.planted import HIDDEN, MEANINGS, NOISE, SUM
from benchmarks.plots import check_plot, save_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS: Final = {
    Verdict.SOLID: "#0072b2",
    Verdict.PARTIAL: "#8fc3e4",
    Verdict.CHANCE: "#d9d9d9",
    Verdict.TOO_LITTLE_DATA: "#f4f4f4",
}
_KINDS: Final = {
    "missed": ("share missed", "0", "{:.0%}"),
    "false alarms": ("false alarms a hit", "0", "{:g}"),
    "blur": ("rows of the unit's maps", "all", "{:g}"),
    "wrong labels": ("wrong annotations", "0", "{:.0%}"),
}
"""What the strengths of a noise are, how none of it is written, and how the others are."""

_MEANT: Final = (*MEANINGS, SUM, HIDDEN)


def draw(report: dict[str, Any], path: str | Path) -> None:
    """Draw what ``run_planted_bench`` found; the file's ending names its format.

    Raises:
        OptionError: matplotlib is not there or knows no such format, or the file is there already.
        RunError: it cannot be written.
    """
    check_plot(path)
    from andornot.figures.style import FULL, new_figure, styled

    rows = report["summary"]
    kinds = [noise for noise in _KINDS if any(row["noise"] == noise for row in rows)]
    with styled():
        figure = new_figure(FULL, 0.75 * len(_MEANT) + 0.6)
        widths = [1 + len(NOISE[noise]) for noise in kinds]
        grid = figure.subplots(
            len(_MEANT), len(kinds), squeeze=False, sharex="col", sharey=True, width_ratios=widths
        )
        for meaning, line in zip(_MEANT, grid, strict=True):
            for noise, axes in zip(kinds, line, strict=True):
                _bars(axes, _of(rows, meaning, noise), noise)
            line[0].set_ylabel(fill(meaning, 12), rotation=0, ha="right", va="center")
        for noise, axes in zip(kinds, grid[-1], strict=True):
            axes.set_xlabel(_KINDS[noise][0])
        handles, labels = grid[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
        save_plot(figure, path)


def _of(rows: Iterable[dict[str, Any]], meaning: str, noise: str) -> list[dict[str, Any]]:
    """What was found of one meaning: where nothing is spoilt, then by strength."""
    own = [row for row in rows if row["meaning"] == meaning and row["noise"] in ("none", noise)]
    return sorted(own, key=lambda row: row["noise"] != "none")


def _bars(axes: Axes, rows: Sequence[dict[str, Any]], noise: str) -> None:
    """A bar for each strength, stacked by verdict."""
    bottom = [0.0] * len(rows)
    for verdict, colour in _COLOURS.items():
        shares = [row[str(verdict)] for row in rows]
        axes.bar(range(len(rows)), shares, 0.86, bottom, color=colour, label=str(verdict),
                 edgecolor="#b0b0b0", linewidth=0.3)  # fmt: skip
        bottom = [low + own for low, own in zip(bottom, shares, strict=True)]
    _, none, form = _KINDS[noise]
    told = [none if row["noise"] == "none" else form.format(row["strength"]) for row in rows]
    axes.set_xticks(range(len(rows)), told)
    axes.set_yticks([0, 1], ["0", "100%"])
    axes.set_ylim(0, 1)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
