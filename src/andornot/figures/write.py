"""Draw the figures of a run, and write them to files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from andornot._tools.files import text_writer, writing
from andornot._tools.folders import check_free_for, listed
from andornot._tools.progress import track
from andornot.errors import AndornotError
from andornot.figures.accuracy import draw as draw_accuracy
from andornot.figures.contributions import draw as draw_contributions
from andornot.figures.edits import draw as draw_edits
from andornot.figures.growth import draw as draw_growth
from andornot.figures.kinds import draw as draw_kinds
from andornot.figures.length import draw as draw_length
from andornot.figures.style import CaptionedFigure, styled
from andornot.figures.uniqueness import draw as draw_uniqueness
from andornot.views.figures.edits import asked_attack
from andornot.views.figures.request import (
    FigureRequest,
    accuracy_answer,
    length_answer,
    uniqueness_answer,
)

CAPTIONS: Final = "CAPTIONS.txt"


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        files: figures, then the captions.
        left_out: for each figure that the run cannot give, why.
    """

    files: tuple[Path, ...]
    left_out: Mapping[str, str]


def _length(request: FigureRequest) -> CaptionedFigure:
    return draw_length(length_answer(request))


def _accuracy(request: FigureRequest) -> CaptionedFigure:
    return draw_accuracy(accuracy_answer(request))


def _uniqueness(request: FigureRequest) -> CaptionedFigure:
    return draw_uniqueness(uniqueness_answer(request))


def _edits(request: FigureRequest) -> CaptionedFigure:
    return draw_edits(asked_attack(request))


_DRAW: Final[Mapping[str, Callable[[FigureRequest], CaptionedFigure]]] = {
    "length": _length,
    "growth": draw_growth,
    "kinds": draw_kinds,
    "accuracy": _accuracy,
    "contributions": draw_contributions,
    "edits": _edits,
    "uniqueness": _uniqueness,
}

_PLAIN: Final[Mapping[str, dict[str, Any]]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
    "png": {"Software": None},
}
"""What keeps dates out of files, so that the same figure is the same file."""


def write_all(
    request: FigureRequest, out: Path, names: Sequence[str], formats: Sequence[str]
) -> Written:
    """Draw and write figures (see ``andornot.figures.write_figures``).

    Raises:
        RunError: the folder cannot be written to.
    """
    wanted = [CAPTIONS, *(f"{name}.{kind}" for name in names for kind in formats)]
    check_free_for(out, wanted)  # before any work is done
    files: list[Path] = []
    captions: list[str] = []
    left_out: dict[str, str] = {}
    for name in track(names, "drawing figures", len(names)):
        with styled():
            try:
                drawing = _DRAW[name](request)
            except AndornotError as error:
                left_out[name] = str(error)
                continue
            files += _save(drawing, out, name, formats)
        captions.append("\n".join((name, *drawing.caption)))
    if captions:
        text = "\n\n".join(captions) + "\n"
        with listed(out) as folder, writing(out):
            files.append(folder.write(CAPTIONS, text_writer(text)))
    return Written(tuple(files), left_out)


def _save(drawing: CaptionedFigure, out: Path, name: str, formats: Sequence[str]) -> list[Path]:
    def save(path: Path, kind: str) -> None:
        drawing.figure.savefig(path, format=kind, metadata=_PLAIN[kind])

    with listed(out) as folder, writing(out):
        return [folder.write(f"{name}.{kind}", partial(save, kind=kind)) for kind in formats]
