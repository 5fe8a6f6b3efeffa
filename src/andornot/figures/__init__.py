"""Figures for print, in the manner of the paper's: ``write_figures(run, out)``.

Nothing heavy is imported here, so that the command line can list the figures at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from andornot._tools.extras import install
from andornot.errors import OptionError

if TYPE_CHECKING:
    from andornot.figures.request import Choices
    from andornot.figures.write import Written
    from andornot.views.given import Run

FIGURES: Final = {
    "length": "IoU by maximum length of the formula (Figure 3)",
    "growth": "one unit as formulas get longer (Figure 4)",
    "kinds": "example units of each kind (Figures 5 and 6)",
    "accuracy": "IoU and accuracy (Figure 7)",
    "contributions": "units that speak for classes (Figure 8)",
    "edits": "copy-paste edits against their controls (Figures 8 and 9)",
    "uniqueness": "distinct formulas and concepts (Appendix A)",
}
"""What each figure shows, with the paper's numbers, in the order of the paper."""

FORMATS: Final = ("pdf", "svg", "png")


def write_figures(
    run: Run,
    out: str | Path,
    layer: str | None = None,
    *,
    only: Collection[str] | None = None,
    formats: Sequence[str] = FORMATS,
    choices: Choices | None = None,
) -> Written:
    """Draw figures of one layer of a run, and write each as files ``OUT/NAME.FORMAT``.

    ``OUT/CAPTIONS.txt`` gets a caption for each. A figure that the run cannot give is left out,
    and the reason is kept.

    Args:
        run: the run.
        out: the folder, made if it is not there; files of the same names are replaced.
        layer: needed if the run has several.
        only: names of :data:`FIGURES`; all if not given.
        formats: among :data:`FORMATS`.
        choices: which units, classes and samples to show.

    Raises:
        OptionError: there is no such layer, figure or format, or matplotlib is not installed.
        RunError: the folder cannot be written to.

    Examples:
        >>> written = write_figures(run, "figures", only=["length"], formats=["svg"])
        >>> [file.name for file in written.files]
        ['length.svg', 'CAPTIONS.txt']
    """
    from andornot._tools.checks import as_path, several

    only = None if only is None else several(only, "only")
    formats, folder = several(formats, "formats"), as_path(out, "out")
    for given, known, what in ((only or (), FIGURES, "figure"), (formats, FORMATS, "format")):
        if unknown := [name for name in given if name not in known]:
            raise OptionError(f"there is no {what} {unknown[0]!r}; choose among {', '.join(known)}")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise OptionError(
            "figures need the package matplotlib, which is not installed; "
            f"install it with {install('figures')}"
        ) from None
    from andornot.figures.request import Choices, FigureRequest
    from andornot.figures.write import write_all

    wanted = [name for name in FIGURES if only is None or name in only]
    request = FigureRequest.of(run, layer, choices or Choices())
    return write_all(request, folder, wanted, tuple(dict.fromkeys(formats)))
