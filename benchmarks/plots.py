"""Where a bench draws: checked before the work, written whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from andornot._tools.extras import install
from andornot._tools.files import write_whole, writing
from andornot._tools.writable import check_new_file
from andornot.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_plot(path: str | Path) -> None:
    """Make sure that a plot can be drawn to a file; its ending names its format.

    Raises:
        OptionError: matplotlib is not there or knows no such format, or the file is there already.
        RunError: it cannot be written.
    """
    try:
        import andornot.figures.style  # noqa: F401
    except ModuleNotFoundError:
        raise OptionError(f"a plot needs matplotlib; run {install('figures')}") from None
    path = Path(path)
    if path.suffix not in (".svg", ".png", ".pdf"):
        raise OptionError(f"{path.name} does not end in .svg, .png or .pdf; choose one of these")
    check_new_file(path)


def save_plot(figure: Figure, path: str | Path) -> None:
    """Write a figure that was drawn in the style of figures, and within it.

    Raises:
        RunError: it cannot be written.
    """
    path = Path(path)
    with writing(path):
        write_whole(path, lambda aside: figure.savefig(aside, format=path.suffix[1:]))
