"""How IoU is distributed over units, by maximum length of the formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from andornot.analyses.answer import Answer
from andornot.views.plain import View

MOST_BINS: Final = 30
"""Most bins of a histogram, from 0 to the largest IoU; few units get fewer."""


@dataclass(frozen=True)
class LengthFigure(View):
    """Histograms of the units' IoU at each maximum length.

    Attributes:
        lengths: the maximum lengths.
        mean, lower, upper: mean IoU and its quartiles at each of them.
        edges: of the bins, all to one scale.
        counts: units in each bin, a row for each length.
        n_units: how many units there are.
        sentences: what was found.
    """

    lengths: tuple[int, ...]
    mean: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    edges: tuple[float, ...]
    counts: tuple[tuple[int, ...], ...]
    n_units: int
    sentences: tuple[str, ...]


def length_figure(answer: Answer) -> LengthFigure:
    """What the figure shows; ``answer`` is that of ``analyses.length``."""
    table, units = answer.tables["by_length"], answer.tables["units"]
    lengths = tuple(int(n) for n in table["length"])
    iou = units[[f"iou_{n}" for n in lengths]].to_numpy(np.float64)
    bins = min(MOST_BINS, 5 + int(np.sqrt(len(iou))))
    edges = np.linspace(0, max(float(iou.max()), 1e-6), bins + 1)
    counts = (np.histogram(column, edges)[0] for column in iou.T)
    return LengthFigure(
        lengths=lengths,
        mean=tuple(map(float, table["mean"])),
        lower=tuple(map(float, table["q25"])),
        upper=tuple(map(float, table["q75"])),
        edges=tuple(map(float, edges)),
        counts=tuple(tuple(map(int, own)) for own in counts),
        n_units=len(iou),
        sentences=tuple(answer.sentences),
    )
