"""IoU against accuracy, and their correlation by maximum length of the formula (Figure 7)."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from andornot._tools.words import p_value
from andornot.analyses.accuracy import ACTIVE, CAUSAL
from andornot.analyses.answer import Answer
from andornot.errors import RunError
from andornot.figures.style import BLUE, COLUMN, FULL, RULE, VERMILLION, Drawing, new_figure

_LABELS: Final = {
    "accuracy": "accuracy while active",
    "margin": "logit margin while active",
    "loss": "cross-entropy while active",
    "accuracy_lost": "accuracy lost without it",
    "margin_lost": "logit margin lost without it",
    "loss_gained": "cross-entropy gained without it",
}
"""What stands at an axis, said of a unit."""


def draw(answer: Answer, least_active: int = 10) -> Drawing:
    """Scatter of IoU and accuracy over units, and below it their correlation by length.

    Where every prediction is right, the logit margin stands for accuracy. A second column shows
    what is lost without each unit, where that is known.

    Args:
        answer: of ``analyses.accuracy``.
        least_active: what it was asked with; other units are left out here too.

    Raises:
        RunError: nothing varies that could be compared with IoU.
    """
    found, units = answer.tables["correlations"], answer.tables["units"]
    units = units[units["active_samples"] >= least_active]
    shown = _shown(found, units)
    if not shown:
        raise RunError(
            "too few units can be compared, or all are alike, so there is no correlation with IoU "
            "to draw; probe more samples that have a class"
        )
    figure = new_figure(FULL if len(shown) > 1 else COLUMN, 3.7)
    axes = figure.subplots(2, len(shown), squeeze=False, height_ratios=(3, 2))
    for column, quantity in enumerate(shown):
        rows = found[found["quantity"] == quantity]
        _scatter(axes[0, column], units, quantity, rows.iloc[-1])
        _by_length(axes[1, column], rows)
    figure.align_ylabels(axes)
    figure.legend(*axes[1, 0].get_legend_handles_labels(), loc="outside lower center",
                  ncols=len(shown))  # fmt: skip
    return Drawing(figure, (*_caption(shown, found), *answer.sentences))


def _shown(found: pd.DataFrame, units: pd.DataFrame) -> list[str]:
    """For each column the first quantity that differs among most units."""
    known = set(found["quantity"])
    shown = []
    for quantities in (ACTIVE, CAUSAL):
        left = [q for q in quantities if q in known]
        telling = [q for q in left if units[q].nunique() > len(units) // 10]
        shown += (telling or left)[:1]
    return shown


def _scatter(axes: Axes, units: pd.DataFrame, quantity: str, row: pd.Series) -> None:
    axes.scatter(units["iou"], units[quantity], s=7, color=BLUE, alpha=0.45, linewidth=0)
    low, high = row["pearson_low"], row["pearson_high"]
    p = p_value(row["pearson_p"])
    text = f"r = {row['pearson']:.2f} [{low:.2f}, {high:.2f}]".replace("-", "−")
    axes.set_title(
        f"{text}, {p}, {int(row['n']):,} units",
        fontweight="normal", fontsize=7,
    )  # fmt: skip
    axes.set(xlabel=f"IoU (length {int(row['length'])})", ylabel=_LABELS[quantity])
    axes.set_xlim(left=0)
    if quantity.startswith("accuracy"):
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: _percent(share)))


def _percent(share: float) -> str:
    return f"{round(100 * share, 6):g}%".replace("-", "−")


def _by_length(axes: Axes, rows: pd.DataFrame) -> None:
    """Pearson's correlation with its interval, plain and at a given number of active samples."""
    lines = (
        ("pearson", "Pearson's r", BLUE, "o-"),
        ("given_size", "with the number of active samples held fixed", VERMILLION, "s--"),
    )
    for name, label, colour, marks in lines:
        axes.fill_between(rows["length"], rows[f"{name}_low"], rows[f"{name}_high"],
                          color=colour, alpha=0.15, linewidth=0)  # fmt: skip
        axes.plot(rows["length"], rows[name], marks, color=colour, label=label)
    axes.axhline(0, color=RULE, linewidth=0.8, zorder=0)
    axes.set(xlabel="maximum length of the formula", ylabel="correlation with IoU")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(-1.0, min(bottom, -0.2)), min(1.0, max(top, 0.2)))


def _caption(shown: list[str], found: pd.DataFrame) -> list[str]:
    meanings = {**ACTIVE, **CAUSAL}
    last = int(found["length"].max())
    named = " and ".join(meanings[quantity] for quantity in shown)
    caption = [
        f"Top: IoU of the best formula of up to {last} concepts against {named}; a point is a "
        "unit.",
        "Bottom: Pearson correlation of these quantities by maximum length of the formula, with "
        "95 % bootstrap intervals over units.",
    ]
    if "accuracy" not in shown:
        caption.append("Accuracy hardly differs among units, so another quantity stands for it.")
    return caption
