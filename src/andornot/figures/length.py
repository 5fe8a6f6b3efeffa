"""Distribution of IoU by maximum length of the formula (Figure 3)."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from andornot.figures.style import BLUE, COLUMN, INK, VERMILLION, CaptionedFigure, new_figure
from andornot.views.figures.length import length_figure
from andornot.views.given import Answer

_WIDEST: Final = 0.84


def draw(answer: Answer) -> CaptionedFigure:
    """Histograms of the units' IoU at each maximum length, side by side, and a line of means.

    Args:
        answer: of ``analyses.length``.
    """
    shown = length_figure(answer)
    lengths, edges, counts = shown.lengths, np.array(shown.edges), np.array(shown.counts)
    figure = new_figure(COLUMN, 2.3)
    axes = figure.add_subplot()
    for n, own in zip(lengths, counts, strict=True):
        _violin(axes, n, own * (_WIDEST / counts.max()), edges)
    axes.vlines(lengths, shown.lower, shown.upper, color=INK, linewidth=1.6)
    axes.plot(lengths, shown.mean, "-o", color=VERMILLION, markeredgecolor="white",
              markeredgewidth=0.5, markersize=4)  # fmt: skip
    axes.set(
        xlabel="maximum length of the formula",
        ylabel="IoU",
        xlim=(lengths[0] - 0.6, lengths[-1] + 0.6),
        ylim=(0, edges[-1] * 1.02),
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12))
    caption = (
        f"Distribution of IoU over {shown.n_units:,} units by maximum length of the formula.",
        f"Each shape is a histogram with {len(edges) - 1} bins, all to one scale; the orange line "
        "goes through the means, dark bars reach from the lower to the upper quartile.",
        *shown.sentences,
    )
    return CaptionedFigure(figure, caption)


def _violin(axes: Axes, at: float, widths: NDArray[np.float64], edges: NDArray[np.float64]) -> None:
    """A histogram on its side, mirrored."""
    axes.barh(
        edges[:-1], widths, np.diff(edges), left=at - widths / 2, align="edge",
        color=BLUE, alpha=0.45, linewidth=0,
    )  # fmt: skip
