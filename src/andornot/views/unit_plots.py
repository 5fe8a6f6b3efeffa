"""Plots of one unit: its IoU by length, how sure that is, and how strongly it fires."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from andornot.results.explanation import Explanation
from andornot.views.histograms import Histogram
from andornot.views.plain import View
from andornot.views.plots import (
    BOTTOM,
    HEIGHT,
    TOP,
    WIDTH,
    Curve,
    Dot,
    Label,
    Plot,
    PlotTable,
    bar,
    lengths_axis,
    x_axis,
    y_axis,
)

_BESIDE: Final = 146
_BESIDE_CHANCE: Final = 172
"""Room for names beside curves, and for those of chance in sample."""

_LINE: Final = 14.0
"""Least distance of two names, so that neither covers the other."""


@dataclass(frozen=True)
class HeldOutLine(View):
    """Held-out IoU on a line from 0 to 1, with its interval and with that of chance.

    Attributes:
        at: held-out IoU.
        low, high: the middle 95 % of it over redraws of the samples.
        chance: the same where there is nothing to find; None where that is not known.
    """

    at: float
    low: float
    high: float
    chance: float | None

    @property
    def says(self) -> str:
        """What can be seen, in words."""
        luck = "" if self.chance is None else f"; chance {self.chance:.3f}"
        return (
            f"Held-out IoU {self.at:.3f} on a line from 0 to 1, 95 % interval {self.low:.3f} to "
            f"{self.high:.3f}{luck}"
        )


def held_out_line(e: Explanation) -> HeldOutLine | None:
    """Held-out IoU of the formula that is shown, as a line; None where there is no interval."""
    held = None if e.trust is None else e.trust.held_out
    if e.trust is None or held is None or held.interval is None:
        return None
    luck = e.trust.held_out_chance
    at = held.by_length[e.trust.shown - 1]
    return HeldOutLine(at, *held.interval, None if luck is None else luck.iou)


def unit_by_length(ious: Sequence[float]) -> Plot:
    """IoU of one unit's best formula of each maximum length."""
    x, y = lengths_axis(len(ious)), y_axis(0, 1.05 * max(*ious, 1e-9), "IoU")
    points = tuple((x(i), y(iou)) for i, iou in enumerate(ious, start=1))
    return Plot(
        "IoU by length, on the samples searched",
        f"IoU rises from {ious[0]:.3f} with one concept to {ious[-1]:.3f} with up to {len(ious)}.",
        x, y, curves=(Curve(points, "main"),),
        dots=tuple(
            Dot(*point, "main", f"up to {i}: IoU {iou:.3f}")
            for i, (point, iou) in enumerate(zip(points, ious, strict=True), start=1)
        ),
        numbers=_by_length([("IoU", ious)]),
    )  # fmt: skip


def _by_length(columns: Sequence[tuple[str, Sequence[float]]]) -> PlotTable:
    """A row for each length."""
    rows = zip(*(ious for _, ious in columns), strict=True)
    return PlotTable(
        ("concepts, at most", *(name for name, _ in columns)),
        tuple((str(n), *(f"{iou:.3f}" for iou in row)) for n, row in enumerate(rows, start=1)),
    )


def trust_by_length(
    in_sample: Sequence[float],
    held_out: Sequence[float],
    null: Sequence[float],
    *,
    luck: tuple[int, float] | None = None,
) -> Plot:
    """IoU by length: on the samples searched, on others, and by chance.

    Curves may lie on each other, so each has a look of its own that shows through the next: a wide
    pale band with rings, a thin line with dots, a dashed one. Names stand at their ends.

    Args:
        in_sample: on the samples searched.
        held_out: on others.
        null: by chance, on the samples searched; empty if not known.
        luck: by chance on others: a length, and the IoU there; None if not known.
    """
    n = len(held_out)
    top = max(*in_sample, *held_out, *null, *(luck or ())[1:], 1e-9)
    room = _BESIDE_CHANCE if len(null) else _BESIDE
    x, y = replace(lengths_axis(n), end=WIDTH - room), y_axis(0, 1.05 * top, "IoU")
    lines = (("ring", "folds searched", in_sample), ("main", "held out", held_out),
             ("second", "chance, searched", null))  # fmt: skip
    shown = [(look, text, ious) for look, text, ious in lines if len(ious)]
    curves = [
        Curve(tuple((x(i), y(iou)) for i, iou in enumerate(ious, start=1)), look)
        for look, _, ious in shown
    ]
    dots = [
        Dot(x(i), y(iou), look, f"{text}, up to {i}: IoU {iou:.3f}")
        for look, text, ious in shown
        for i, iou in enumerate(ious, start=1)
    ]
    ends = [(y(ious[-1]), look, f"{text} {ious[-1]:.3f}") for look, text, ious in shown]
    columns = [(text, [f"{iou:.3f}" for iou in ious]) for _, text, ious in shown]
    said = f"; by chance {null[-1]:.3f}" if len(null) else ""
    if luck is not None:
        length, iou = luck
        dots.append(Dot(x(length), y(iou), "luck", f"chance, held out: IoU {iou:.3f}"))
        ends.append((y(iou), "luck", f"chance {iou:.3f}"))
        columns.append(
            ("chance, held out", [f"{iou:.3f}" if i == length else "–" for i in range(1, n + 1)])
        )
        said += f"; by chance, held out, {iou:.3f}"
    return Plot(
        "IoU by length, held out and by chance" if said else "IoU by length, held out",
        f"With up to {n} concepts the IoU is {in_sample[-1]:.3f} on the samples searched and "
        f"{held_out[-1]:.3f} held out{said}.",
        x, y, curves=tuple(curves), dots=tuple(dots), labels=_beside(x(n) + 12, ends),
        numbers=PlotTable(
            ("concepts, at most", *(name for name, _ in columns)),
            tuple(zip(map(str, range(1, n + 1)), *(cells for _, cells in columns), strict=True)),
        ),
    )  # fmt: skip


def _beside(x: float, ends: Sequence[tuple[float, str, str]]) -> tuple[Label, ...]:
    """Names at the ends of curves, moved apart where these are close, and inside the plot.

    Args:
        x: where the names begin.
        ends: of each curve, its height at the end, its look, and its name.
    """
    ordered = sorted(ends)
    low, heights = float(TOP), []
    for y, _, _ in ordered:
        heights.append(max(y, low))
        low = heights[-1] + _LINE
    high = float(HEIGHT - BOTTOM)
    for i in range(len(heights) - 1, -1, -1):
        heights[i] = min(heights[i], high)
        high = heights[i] - _LINE
    return tuple(
        Label(x, round(y + 4, 2), look, text)
        for y, (_, look, text) in zip(heights, ordered, strict=True)
    )


def _thousands(n: int) -> str:
    """A number such as ``10k`` or ``1M``."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if n >= size:
            return f"{n // size}{letter}"
    return str(n)


def activation_histogram(histogram: Histogram, threshold: float) -> Plot:
    """How often a unit takes which values, on a logarithmic scale, with its threshold."""
    top = math.ceil(math.log10(max(histogram.counts) + 1))
    x = x_axis(histogram.low, histogram.high, "activation")
    ticks = tuple((math.log10(10**p + 1), _thousands(10**p)) for p in range(top + 1))
    y = replace(y_axis(0, float(top) + 0.1, "values (logarithmic)"), ticks=ticks[: top + 1])
    edges = np.linspace(histogram.low, histogram.high, len(histogram.counts) + 1)
    bars = tuple(
        bar(
            x, y, float(a), float(b), math.log10(n + 1), "main" if b > threshold else "rest",
            f"{a:.3g} to {b:.3g}: {n:,} values",
        )
        for a, b, n in zip(edges[:-1], edges[1:], histogram.counts, strict=True)
        if n
    )  # fmt: skip
    shown = histogram.low <= threshold <= histogram.high
    return Plot(
        "How strongly it fires",
        f"Histogram of {histogram.total:,} activations from {histogram.low:.3g} to "
        f"{histogram.high:.3g}, with the threshold at {threshold:.3g}; "
        f"{histogram.zeros / histogram.total:.0%} are exactly 0.",
        x, y, bars=bars, rules=((x(threshold), f"threshold {threshold:.3g}"),) if shown else (),
        numbers=PlotTable(
            ("activation", "values"),
            tuple(
                (f"{a:.3g} to {b:.3g}", f"{n:,}")
                for a, b, n in zip(edges[:-1], edges[1:], histogram.counts, strict=True)
                if n
            ),
        ),
    )  # fmt: skip
