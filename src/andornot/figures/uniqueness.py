"""How many different formulas and concepts there are, and of what sort (Appendix A)."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from andornot.figures.style import BLUE, FULL, INK, SERIES, VERMILLION, CaptionedFigure, new_figure
from andornot.views.figures.uniqueness import UniquenessFigure, uniqueness_figure
from andornot.views.given import Answer


def draw(answer: Answer) -> CaptionedFigure:
    """Distinct formulas and concepts by maximum length, and the categories of the concepts.

    Args:
        answer: of ``analyses.uniqueness``.
    """
    shown = uniqueness_figure(answer)
    figure = new_figure(FULL, 2.4)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    _counts(left, shown)
    _shares(right, shown)
    caption = (
        f"(a) Distinct explanations and distinct concepts among {max(shown.units):,} "
        "units by maximum length of the formula.",
        "(b) Categories of the concepts that these formulas name, as shares of all mentions, beside"
        " their shares of the concepts that occur (vocabulary).",
        *shown.sentences,
    )
    return CaptionedFigure(figure, caption)


def _counts(axes: Axes, shown: UniquenessFigure) -> None:
    lengths = shown.lengths
    axes.plot(lengths, shown.units, ":", color=INK, label="units", linewidth=0.9)
    axes.plot(lengths, shown.formulas, "o-", color=BLUE, label="distinct explanations")
    axes.plot(lengths, shown.concepts, "s--", color=VERMILLION, label="distinct concepts")
    axes.set(xlabel="maximum length of the formula", ylabel="number")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    axes.set_title("(a)")
    axes.legend()


def _shares(axes: Axes, shown: UniquenessFigure) -> None:
    """Stacked bars: a bar for each length, and one for the vocabulary."""
    lengths = shown.share_lengths
    places = [*range(len(lengths)), len(lengths) + 1.0]
    bottom = [0.0] * len(places)
    for kind, colour in zip(shown.categories, SERIES, strict=False):
        heights = [*kind.shares, kind.of_vocabulary]
        axes.bar(places, heights, 0.8, bottom, color=colour, label=kind.name, edgecolor="white",
                 linewidth=0.4)  # fmt: skip
        bottom = [b + h for b, h in zip(bottom, heights, strict=True)]
    axes.set_xticks(places, [*map(str, lengths), "vocabulary"])
    axes.set(xlabel="maximum length of the formula", ylabel="share of mentions", ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_title("(b)")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), reverse=True)
