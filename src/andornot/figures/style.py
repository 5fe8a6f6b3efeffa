"""What all figures share: sizes, colours and fonts.

Figures are made without pyplot and without the user's matplotlibrc, so that they look the same
everywhere. The font comes with matplotlib. In PDF files text stays text with its font embedded;
in SVG files, which cannot rely on a font, letters are outlines.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from matplotlib import style as matplotlib_style
from matplotlib.figure import Figure

COLUMN: Final = 3.25
FULL: Final = 6.75
"""Widths in inches: of a column, and of a page."""

INK: Final = "#1a1a1a"
FAINT: Final = "#6b6b6b"
RULE: Final = "#c8c8c8"

BLUE: Final = "#0072b2"
VERMILLION: Final = "#d55e00"
GREEN: Final = "#009e73"
SKY: Final = "#56b4e9"
ORANGE: Final = "#e69f00"
PURPLE: Final = "#cc79a7"
PALE_BLUE: Final = "#cfe3f1"
"""Okabe and Ito's colours, which colour-blind people can tell apart."""

SERIES: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, "#f0e442", "#999999")

FONT: Final = "DejaVu Sans"
"""Comes with matplotlib."""

TEXT_SIZE: Final = 7.0
"""Size of plain text, in points."""

_STYLE: Final[dict[str, Any]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.labelpad": 3.0,
    "axes.labelsize": 8.0,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 8.0,
    "axes.titleweight": "bold",
    "figure.dpi": 300.0,
    "font.family": FONT,
    "font.size": TEXT_SIZE,
    "legend.fontsize": TEXT_SIZE,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.0,
    "pdf.fonttype": 42,  # TrueType, embedded
    "savefig.dpi": 300.0,
    "svg.fonttype": "path",
    "svg.hashsalt": "andornot",  # the same file for the same figure
    "text.color": INK,
    "text.hinting": "none",  # letters as wide as they were measured
    "text.parse_math": False,  # the tag PRP$ is no formula of TeX
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "xtick.labelsize": TEXT_SIZE,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": TEXT_SIZE,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.6,
}


@dataclass(frozen=True, eq=False)
class CaptionedFigure:
    """A figure with its caption.

    Attributes:
        figure: the figure.
        caption: what it shows, then what was found and what that cannot tell.
    """

    figure: Figure
    caption: tuple[str, ...]


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save in the style of this package, whatever the user's settings are."""
    with matplotlib_style.context(["default", _STYLE]):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that finds room for its labels by itself; width and height in inches."""
    return Figure(figsize=(width, height), layout="constrained")
