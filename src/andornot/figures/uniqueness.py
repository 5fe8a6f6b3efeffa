"""How many different formulas and concepts there are, and of what sort (Appendix A)."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from andornot.analyses.answer import Answer
from andornot.figures.style import BLUE, FULL, INK, SERIES, VERMILLION, Drawing, new_figure

_MOST_CATEGORIES = 7


def draw(answer: Answer) -> Drawing:
    """Distinct formulas and concepts by maximum length, and the categories of the concepts.

    Args:
        answer: of ``analyses.uniqueness``.
    """
    by_length = answer.tables["by_length"]
    figure = new_figure(FULL, 2.4)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    _counts(left, by_length)
    _shares(right, answer.tables["categories"])
    caption = (
        f"(a) Distinct explanations and distinct concepts among {int(by_length['units'].max()):,} "
        "units by maximum length of the formula.",
        "(b) Categories of the concepts that these formulas name, as shares of all mentions, beside"
        " their shares of the concepts that occur (vocabulary).",
        *answer.sentences,
    )
    return Drawing(figure, caption)


def _counts(axes: Axes, table: pd.DataFrame) -> None:
    lengths = table["length"]
    axes.plot(lengths, table["units"], ":", color=INK, label="units", linewidth=0.9)
    axes.plot(lengths, table["distinct_formulas"], "o-", color=BLUE, label="distinct explanations")
    axes.plot(lengths, table["distinct_concepts"], "s--", color=VERMILLION,
              label="distinct concepts")  # fmt: skip
    axes.set(xlabel="maximum length of the formula", ylabel="number")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    axes.set_title("(a)")
    axes.legend()


def _shares(axes: Axes, table: pd.DataFrame) -> None:
    """Stacked bars: a bar for each length, and one for the vocabulary."""
    last = table[table["length"] == table["length"].max()]
    names = list(last.sort_values(["share", "category"], ascending=[False, True])["category"])
    shares = table.pivot(index="length", columns="category", values="share")[names]
    vocabulary = last.set_index("category")["share_of_vocabulary"][names]
    if len(names) > _MOST_CATEGORIES:
        rest, names = names[_MOST_CATEGORIES:], [*names[:_MOST_CATEGORIES], "others"]
        shares["others"] = shares[rest].sum(axis=1)
        vocabulary["others"] = vocabulary[rest].sum()
    lengths = [int(n) for n in shares.index]
    places = [*range(len(lengths)), len(lengths) + 1.0]
    bottom = [0.0] * len(places)
    for name, colour in zip(names, SERIES, strict=False):
        heights = [*shares[name], float(vocabulary[name])]
        axes.bar(places, heights, 0.8, bottom, color=colour, label=name, edgecolor="white",
                 linewidth=0.4)  # fmt: skip
        bottom = [b + h for b, h in zip(bottom, heights, strict=True)]
    axes.set_xticks(places, [*map(str, lengths), "vocabulary"])
    axes.set(xlabel="maximum length of the formula", ylabel="share of mentions", ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_title("(b)")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), reverse=True)
