"""Small vector plots: what is drawn where, as data; a template writes it as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from andornot.views.plain import View

WIDTH: Final = 460
HEIGHT: Final = 260
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 46
"""Size of a plot and of its margins, in units of the SVG."""

_GAP: Final = 0.5


@dataclass(frozen=True)
class Scale(View):
    """From values to places along an axis.

    Attributes:
        low, high: the values at its ends.
        start, end: where these ends lie.
        label: what the axis shows.
        ticks: values to write down, with their texts.
    """

    low: float
    high: float
    start: float
    end: float
    label: str
    ticks: tuple[tuple[float, str], ...] = ()

    def __call__(self, value: float) -> float:
        """Where a value lies."""
        span = self.high - self.low or 1.0
        return round(self.start + (self.end - self.start) * (value - self.low) / span, 2)


@dataclass(frozen=True)
class Bar(View):
    """A rectangle, with a class of the style sheet and a text to point at."""

    x: float
    y: float
    width: float
    height: float
    look: str
    title: str


@dataclass(frozen=True)
class Dot(View):
    """A point; ``of`` is the unit that it stands for, by layer and number, where that is shown."""

    x: float
    y: float
    look: str
    title: str
    of: tuple[str, int] | None = None


@dataclass(frozen=True)
class Curve(View):
    """A line through points, or with ``closed`` an area."""

    points: tuple[tuple[float, float], ...]
    look: str
    closed: bool = False

    @property
    def path(self) -> str:
        """In the words of SVG."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in self.points) + ("Z" if self.closed else "")


@dataclass(frozen=True)
class Label(View):
    """A text beside what it names, with the look of that."""

    x: float
    y: float
    look: str
    text: str


@dataclass(frozen=True)
class PlotTable(View):
    """What a plot shows as a table, for those who cannot see it: headings, and rows of texts."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Plot(View):
    """A plot.

    Attributes:
        title: what it shows, in a line.
        summary: what can be seen in it, for those who cannot see it.
        x, y: the axes.
        bars, curves, dots: what is drawn, in this order.
        rules: vertical lines with a text.
        key: what the looks mean.
        labels: names beside curves, in place of a key.
        numbers: the same as a table; None where there is one elsewhere.
    """

    title: str
    summary: str
    x: Scale
    y: Scale
    bars: tuple[Bar, ...] = ()
    curves: tuple[Curve, ...] = ()
    dots: tuple[Dot, ...] = ()
    rules: tuple[tuple[float, str], ...] = ()
    key: tuple[tuple[str, str], ...] = ()
    labels: tuple[Label, ...] = ()
    numbers: PlotTable | None = None


def x_axis(low: float, high: float, label: str) -> Scale:
    """A horizontal axis with round numbers on it."""
    return _with_ticks(Scale(low, high, LEFT, WIDTH - RIGHT, label))


def y_axis(low: float, high: float, label: str) -> Scale:
    """A vertical axis with round numbers on it."""
    return _with_ticks(Scale(low, high, HEIGHT - BOTTOM, TOP, label))


def _with_ticks(scale: Scale, about: int = 5) -> Scale:
    return replace(
        scale, ticks=tuple((v, f"{v:g}") for v in round_numbers(scale.low, scale.high, about))
    )


def round_numbers(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two values, evenly spaced, about so many of them."""
    if not high > low:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{i * step:.10g}") for i in range(first, last + 1)]


def bar(x: Scale, y: Scale, left: float, right: float, value: float, look: str, title: str,
        base: float = 0.0) -> Bar:  # fmt: skip
    """A rectangle between two places of the horizontal axis, up from ``base``."""
    at, top = x(left), y(base + value)
    width = max(x(right) - at - _GAP, 0.5)
    return Bar(at, top, round(width, 2), round(y(base) - top, 2), look, title)


def iou_histogram(table: pd.DataFrame) -> Plot:
    """How many units have which IoU, with the longest formulas and with single concepts.

    Args:
        table: ``histogram`` of the analysis ``length``: from, to, and a column for each length.
    """
    short, long = list(table.columns[2:])
    longest = long.removeprefix("length_")
    x = x_axis(0, float(table["to"].iloc[-1]), "IoU")
    y = y_axis(0, float(table[[short, long]].to_numpy().max()), "units")
    bars = tuple(
        bar(
            x, y, row["from"], row["to"], row[long], "main",
            f"IoU {row['from']:.3f} to {row['to']:.3f}: {row[long]:.0f} units",
        )
        for _, row in table.iterrows()
    )  # fmt: skip
    steps = [(x(0), y(0))]
    for _, row in table.iterrows():
        steps += [(x(row["from"]), y(row[short])), (x(row["to"]), y(row[short]))]
    return Plot(
        "Units by IoU",
        f"Histogram of the IoU of units with formulas of up to {longest} concepts, with that of "
        "single concepts as a line; the table below has the numbers.",
        x, y, bars=bars, curves=(Curve((*steps, (steps[-1][0], y(0))), "second"),),
        key=(("main", f"up to {longest} concepts"), ("second", "one concept")),
        numbers=PlotTable(
            ("IoU", "units with one concept", f"with up to {longest}"),
            tuple(
                (f"{row['from']:.3f} to {row['to']:.3f}", f"{row[short]:,.0f}", f"{row[long]:,.0f}")
                for _, row in table.iterrows()
            ),
        ),
    )  # fmt: skip


def iou_by_length(table: pd.DataFrame) -> Plot:
    """Mean IoU by maximum length, with the quartiles as a band.

    Args:
        table: ``by_length`` of the analysis ``length``.
    """
    n = [float(v) for v in table["length"]]
    x = lengths_axis(len(n))
    y = y_axis(0, float(table[["mean", "q75"]].to_numpy().max()), "IoU")
    low = [(x(a), y(b)) for a, b in zip(n, table["q25"], strict=True)]
    high = [(x(a), y(b)) for a, b in zip(n, table["q75"], strict=True)]
    mean = [(x(a), y(b)) for a, b in zip(n, table["mean"], strict=True)]
    dots = tuple(
        Dot(*point, "main", f"up to {int(a)}: mean IoU {value:.4f}")
        for point, a, value in zip(mean, n, table["mean"], strict=True)
    )
    return Plot(
        "IoU by length of the formula",
        f"Mean IoU rises from {table['mean'].iloc[0]:.3f} with one concept to "
        f"{table['mean'].iloc[-1]:.3f} with up to {len(n)}.",
        x, y, dots=dots,
        curves=(Curve((*low, *reversed(high)), "band", closed=True), Curve(tuple(mean), "main")),
        key=(("main", "mean"), ("band", "middle half of the units")),
        numbers=PlotTable(
            ("concepts, at most", "mean IoU", "middle half of the units"),
            tuple(
                (f"{n:.0f}", f"{mean:.3f}", f"{low:.3f} to {high:.3f}")
                for n, mean, low, high in table[["length", "mean", "q25", "q75"]].to_numpy()
            ),
        ),
    )  # fmt: skip


def lengths_axis(n: int) -> Scale:
    """A horizontal axis of the numbers of concepts."""
    scale = x_axis(0.5, n + 0.5, "concepts in the formula, at most")
    return replace(scale, ticks=tuple((float(i), str(i)) for i in range(1, n + 1)))


def category_shares(table: pd.DataFrame) -> Plot:
    """Which categories the concepts of formulas are of, by maximum length.

    Args:
        table: ``categories`` of the analysis ``uniqueness``.
    """
    lengths = sorted(table["length"].unique())
    last = table[table["length"] == lengths[-1]]
    kinds = list(last.sort_values("uses", ascending=False)["category"])
    x, y = lengths_axis(len(lengths)), y_axis(0, 1, "share of all mentions")
    bars: list[Bar] = []
    for n, own in table.groupby("length"):
        base, share = 0.0, dict(zip(own["category"], own["share"], strict=True))
        for i, kind in enumerate(kinds):
            title = f"{kind}: {share[kind]:.1%} with up to {n} concepts"
            place = float(str(n))
            bars.append(
                bar(x, y, place - 0.4, place + 0.4, share[kind], f"kind-{i % 8}", title, base)
            )
            base += share[kind]
    most = last.sort_values("share").iloc[-1]
    return Plot(
        "What the formulas speak of",
        f"Share of each category among the concepts of the formulas, by length; with up to "
        f"{lengths[-1]} concepts most are of the category {most['category']} "
        f"({most['share']:.0%}).",
        x, y, bars=tuple(bars),
        key=tuple((f"kind-{i % 8}", str(kind)) for i, kind in enumerate(kinds)),
        numbers=PlotTable(
            ("category", *(f"up to {n}" for n in lengths)),
            tuple((str(kind), *(_share(table, kind, n) for n in lengths)) for kind in kinds),
        ),
    )  # fmt: skip


def _share(table: pd.DataFrame, category: str, length: int) -> str:
    """The share of a category among formulas of a length; a dash where it has none."""
    own = table[(table["category"] == category) & (table["length"] == length)]["share"]
    return f"{own.iloc[0]:.1%}" if len(own) else "–"


def accuracy_scatter(
    table: pd.DataFrame, quantity: str, label: str, units: Mapping[int, tuple[str, int]]
) -> Plot:
    """A quantity of each unit against its IoU; each point says which unit it is.

    Args:
        table: ``units`` of the analysis ``accuracy``.
        quantity: one of its columns.
        label: what that is.
        units: layer and number of each unit that is shown.
    """
    known = table[np.isfinite(table[quantity])]
    values = known[quantity]
    room = 0.05 * float(values.max() - values.min()) or 0.01
    x = x_axis(0, float(known["iou"].max()) * 1.02, "IoU")
    y = y_axis(float(values.min()) - room, float(values.max()) + room, label)
    return Plot(
        f"IoU and {label}",
        f"A point for each of {len(known):,} units: its IoU, and its {label}; the correlations "
        "are in the text.",
        x, y, dots=tuple(
            Dot(
                x(row["iou"]), y(row[quantity]), "unit",
                f"unit {row['unit']}: {row['formula']}", units.get(int(row["unit"])),
            )
            for _, row in known.iterrows()
        ),
        numbers=PlotTable(
            ("IoU", "units", f"median {label}", "lowest to highest"), _by_iou(known, quantity)
        ),
    )  # fmt: skip


def _by_iou(known: pd.DataFrame, quantity: str) -> tuple[tuple[str, ...], ...]:
    """What a scatter shows, in rows: a quantity of the units of each range of IoU that has any."""
    step = next(s for s in (0.01, 0.02, 0.05, 0.1) if known["iou"].max() <= 10 * s or s == 0.1)
    # an IoU of 0.3 is in the range from 0.3, whatever 0.3 / 0.1 is in binary
    places = np.floor(known["iou"] / step + 1e-9).clip(upper=round(1 / step) - 1).astype(int)
    return tuple(
        (
            f"{int(place) * step:.2f} to {(int(place) + 1) * step:.2f}", f"{len(own):,}",
            f"{own.median():.3f}", f"{own.min():.3f} to {own.max():.3f}",
        )
        for place, own in ((str(at), own) for at, own in known[quantity].groupby(places))
    )  # fmt: skip
