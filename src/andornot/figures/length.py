"""Distribution of IoU by maximum length of the formula (Figure 3)."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from andornot.analyses.answer import Answer
from andornot.figures.style import BLUE, COLUMN, INK, VERMILLION, Drawing, new_figure

MOST_BINS: Final = 30
"""Most bins of a histogram, from 0 to the largest IoU; few units get fewer."""

_WIDEST: Final = 0.84


def draw(answer: Answer) -> Drawing:
    """Histograms of the units' IoU at each maximum length, side by side, and a line of means.

    Args:
        answer: of ``analyses.length``.
    """
    by_length, units = answer.tables["by_length"], answer.tables["units"]
    lengths = [int(n) for n in by_length["length"]]
    iou = units[[f"iou_{n}" for n in lengths]].to_numpy(np.float64)
    figure = new_figure(COLUMN, 2.3)
    axes = figure.add_subplot()
    bins = min(MOST_BINS, 5 + int(np.sqrt(len(iou))))
    edges = np.linspace(0, max(float(iou.max()), 1e-6), bins + 1)
    counts = np.array([np.histogram(column, edges)[0] for column in iou.T])
    for n, own in zip(lengths, counts, strict=True):
        _violin(axes, n, own * (_WIDEST / counts.max()), edges)
    axes.vlines(lengths, by_length["q25"], by_length["q75"], color=INK, linewidth=1.6)
    axes.plot(lengths, by_length["mean"], "-o", color=VERMILLION, markeredgecolor="white",
              markeredgewidth=0.5, markersize=4)  # fmt: skip
    axes.set(
        xlabel="maximum length of the formula",
        ylabel="IoU",
        xlim=(lengths[0] - 0.6, lengths[-1] + 0.6),
        ylim=(0, edges[-1] * 1.02),
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12))
    caption = (
        f"Distribution of IoU over {len(iou):,} units by maximum length of the formula.",
        f"Each shape is a histogram with {bins} bins, all to one scale; the orange line goes "
        "through the means, dark bars reach from the lower to the upper quartile.",
        *answer.sentences,
    )
    return Drawing(figure, caption)


def _violin(axes: Axes, at: float, widths: NDArray[np.float64], edges: NDArray[np.float64]) -> None:
    """A histogram on its side, mirrored."""
    axes.barh(
        edges[:-1], widths, np.diff(edges), left=at - widths / 2, align="edge",
        color=BLUE, alpha=0.45, linewidth=0,
    )  # fmt: skip
