"""IoU against accuracy, and their correlation by maximum length of the formula (Figure 7)."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from andornot._tools.words import p_value
from andornot.figures.style import BLUE, COLUMN, FULL, RULE, VERMILLION, CaptionedFigure, new_figure
from andornot.views.figures.accuracy import AccuracyFigure, AccuracyPanel, accuracy_figure
from andornot.views.given import Answer

_LABELS: Final = {
    "accuracy": "accuracy while active",
    "margin": "logit margin while active",
    "loss": "cross-entropy while active",
    "accuracy_lost": "accuracy lost without it",
    "margin_lost": "logit margin lost without it",
    "loss_gained": "cross-entropy gained without it",
}
"""What stands at an axis, said of a unit."""


def draw(answer: Answer, least_active: int = 10) -> CaptionedFigure:
    """Scatter of IoU and accuracy over units, and below it their correlation by length.

    Where every prediction is right, the logit margin stands for accuracy. A second column shows
    what is lost without each unit, where that is known.

    Args:
        answer: of ``analyses.accuracy``.
        least_active: what it was asked with; other units are left out here too.

    Raises:
        RunError: nothing varies that could be compared with IoU.
    """
    shown = accuracy_figure(answer, least_active)
    panels = shown.panels
    figure = new_figure(FULL if len(panels) > 1 else COLUMN, 3.7)
    axes = figure.subplots(2, len(panels), squeeze=False, height_ratios=(3, 2))
    for column, panel in enumerate(panels):
        _scatter(axes[0, column], panel)
        _by_length(axes[1, column], panel)
    figure.align_ylabels(axes)
    figure.legend(*axes[1, 0].get_legend_handles_labels(), loc="outside lower center",
                  ncols=len(panels))  # fmt: skip
    return CaptionedFigure(figure, (*_caption(shown), *shown.sentences))


def _scatter(axes: Axes, panel: AccuracyPanel) -> None:
    axes.scatter(panel.iou, panel.values, s=7, color=BLUE, alpha=0.45, linewidth=0)
    r, low, high = (ends[-1] for ends in (panel.pearson.value, panel.pearson.low,
                                          panel.pearson.high))  # fmt: skip
    text = f"r = {r:.2f} [{low:.2f}, {high:.2f}]".replace("-", "−")
    axes.set_title(
        f"{text}, {p_value(panel.p)}, {panel.n:,} units",
        fontweight="normal", fontsize=7,
    )  # fmt: skip
    axes.set(xlabel=f"IoU (length {panel.lengths[-1]})", ylabel=_LABELS[panel.quantity])
    axes.set_xlim(left=0)
    if panel.quantity.startswith("accuracy"):
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: _percent(share)))


def _percent(share: float) -> str:
    return f"{round(100 * share, 6):g}%".replace("-", "−")


def _by_length(axes: Axes, panel: AccuracyPanel) -> None:
    """Pearson's correlation with its interval, plain and at a given number of active samples."""
    lines = (
        (panel.pearson, "Pearson's r", BLUE, "o-"),
        (panel.given_size, "with the number of active samples held fixed", VERMILLION, "s--"),
    )
    for line, label, colour, marks in lines:
        if np.isnan(line.value).all():  # nothing varies that could be held fixed
            continue
        axes.fill_between(panel.lengths, line.low, line.high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(panel.lengths, line.value, marks, color=colour, label=label)
    axes.axhline(0, color=RULE, linewidth=0.8, zorder=0)
    axes.set(xlabel="maximum length of the formula", ylabel="correlation with IoU")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(-1.0, min(bottom, -0.2)), min(1.0, max(top, 0.2)))


def _caption(shown: AccuracyFigure) -> list[str]:
    named = " and ".join(panel.meaning for panel in shown.panels)
    caption = [
        f"Top: IoU of the best formula of up to {shown.longest} concepts against {named}; a point "
        "is a unit.",
        "Bottom: Pearson correlation of these quantities by maximum length of the formula, with "
        "95 % bootstrap intervals over units.",
    ]
    if "accuracy" not in [panel.quantity for panel in shown.panels]:
        caption.append("Accuracy hardly differs among units, so another quantity stands for it.")
    return caption
