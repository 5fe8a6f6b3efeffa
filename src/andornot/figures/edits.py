"""Copy-paste edits: flip rates against controls, and samples before and after (Figures 8, 9)."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from PIL import Image

from andornot.figures.sheet import PlacedText, Sheet, break_lines, formula_words, line_height, words
from andornot.figures.style import (
    BLUE,
    FAINT,
    FULL,
    INK,
    PALE_BLUE,
    RULE,
    VERMILLION,
    CaptionedFigure,
)
from andornot.views.figures.edits import (
    IMAGES,
    PAIRS,
    EditedSample,
    EditRow,
    SentenceTokens,
    edits_figure,
)

if TYPE_CHECKING:
    from andornot.views.given import Attack

_ROLES: Final = {"raise": "which leads there", "silence": "which leads away from there"}
"""What the unit has to do with the target, as an attack tells it."""

_SMALL: Final = 6.5
_SIDE: Final = 1.0
_GAP: Final = 0.04
_PIXELS: Final = 320


def draw(attack: Attack) -> CaptionedFigure:
    """How often edits lead to the target, and their controls, above samples before and after.

    Args:
        attack: what ``andornot.edits.attack`` found.
    """
    shown = edits_figure(attack)
    sheet = Sheet(FULL)
    title = f"{shown.source} to {shown.target}, {shown.n:,} samples"
    y = sheet.text(0, 0, words(title, bold=True), FULL, 8) + 0.04
    y = _rates(sheet, y, shown.rows) + 0.08
    for row, samples in shown.examples:
        y = _heading(sheet, y, row)
        y = _samples(sheet, y, samples, shown.target) + 0.08
    caption = (
        f"Edits that units' formulas ask for, made to samples of {shown.source}: share of samples "
        f"that become {shown.target} (dots), and the same of controls, on average (squares) and "
        "of the best one (white); bars are intervals that hold together.",
        "Below: samples before and after, with the probability of the target; those that an edit "
        "flips, in the order of the test, and only where it flips none others.",
        *shown.sentences,
    )
    return CaptionedFigure(sheet.figure(), caption)


def _heading(sheet: Sheet, y: float, row: EditRow) -> float:
    """An edit, and the unit that asks for it most strongly."""
    asked = [
        *words(row.edit, bold=True),
        *words(f"asked for by unit {row.unit}, {_ROLES[row.role]}:", FAINT),
        *formula_words(row.formula),
    ]
    return sheet.text(0, y, asked, FULL) + 0.03


def _rates(sheet: Sheet, y: float, rows: Sequence[EditRow]) -> float:
    """A row for each edit: its name, and its rate above that of its controls."""
    names, height = 2.9, 0.27
    for number, row in enumerate(rows):
        lines = break_lines(words(row.edit), names - 0.25, _SMALL)
        rest, lines = lines[2:], lines[:2]
        top = y + (number + 0.5) * height - len(lines) * line_height(_SMALL) / 2
        for i, line in enumerate(lines):
            said = [place.word for place in line]
            more = [PlacedText("…")] if rest and i == len(lines) - 1 else []
            sheet.text(0, top + i * line_height(_SMALL), said + more, names, _SMALL)
    sheet.plot(names, y, FULL - names - 0.15, len(rows) * height, lambda axes: _dots(axes, rows))
    return y + len(rows) * height + 0.34


def _dots(axes: Axes, rows: Sequence[EditRow]) -> None:
    places = np.arange(len(rows))
    looks = (
        ([row.flips for row in rows], "edit", VERMILLION, "o", -0.14),
        ([row.controls for row in rows], "controls, mean", BLUE, "s", 0.14),
    )
    for rates, label, colour, mark, shift in looks:
        value = np.array([rate.value for rate in rates])
        ends = np.abs(np.array([(rate.low, rate.high) for rate in rates]).T - value)
        axes.errorbar(value, places + shift, xerr=ends, fmt=mark, color=colour, label=label,
                      elinewidth=0.9, markersize=3.5)  # fmt: skip
    axes.plot([row.best_control for row in rows], places + looks[1][-1], "s", color=BLUE,
              label="best control", markerfacecolor="white", markersize=3.5)  # fmt: skip
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlim=(-0.02, 1.02), yticks=[])
    axes.set_xlabel("share of samples that become the target")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(axis="x", color=RULE, linewidth=0.4)
    axes.spines["left"].set_visible(False)
    axes.legend(loc="lower right", bbox_to_anchor=(1.01, 0.97), ncols=3)


def _samples(sheet: Sheet, y: float, samples: Sequence[EditedSample], target: str) -> float:
    if samples[0].images:
        return _pictures(sheet, y, samples, target)
    width = (FULL - 0.2) / PAIRS
    return max(
        _pair(sheet, i * (width + 0.2), y, width, sample, target)
        for i, sample in enumerate(samples)
    )


def _pictures(sheet: Sheet, y: float, samples: Sequence[EditedSample], target: str) -> float:
    width = (FULL - 0.2 * (IMAGES - 1)) / IMAGES
    bottoms = []
    for i, sample in enumerate(samples):
        x = i * (width + 0.2)
        for k, image in enumerate(sample.images):
            sheet.picture(x + k * (_SIDE + _GAP), y, _pixels(image), _SIDE)
        bottoms.append(_told(sheet, x, y + _SIDE, width, sample, target))
    return max(bottoms)


def _pixels(image: Image.Image) -> np.ndarray:
    small = image.convert("RGB")
    small.thumbnail((_PIXELS, _PIXELS), Image.Resampling.LANCZOS)
    return np.asarray(small)


def _told(
    sheet: Sheet, x: float, y: float, width: float, sample: EditedSample, target: str
) -> float:
    """What the network says of a sample after the edit."""
    before, after = sample.probability
    flipped = sample.answer == target
    text = [
        PlacedText("now", FAINT),
        *words(sample.answer, VERMILLION if flipped else INK),
        *words(f"(target {before:.2f} → {after:.2f})", FAINT),
    ]
    return sheet.text(x, y, text, width, _SMALL)


def _pair(
    sheet: Sheet, x: float, y: float, width: float, sample: EditedSample, target: str
) -> float:
    indent = 0.55
    names = ("Pre", "Hyp") if len(sample.sides) > 1 else ("",)  # one sentence needs no name
    for name, (old, new) in zip(names, sample.sides, strict=True):
        changed = old != new
        lines = [(f"Orig {name}" if changed else name, changes(old, old))]
        if changed:
            lines.append((f"Adv {name}", changes(old, new)))
        for label, text in lines:
            sheet.text(x, y, words(label, BLUE, bold=True), indent)
            y = sheet.text(x + indent, y, text, width - indent)
    return _told(sheet, x + indent, y, width - indent, sample, target)


def changes(old: SentenceTokens, new: SentenceTokens) -> list[PlacedText]:
    """The words of an edited sentence: new ones marked, deleted ones struck out."""
    text = []
    for what, a, b, c, d in SequenceMatcher(None, old.tokens, new.tokens, False).get_opcodes():
        if what in ("delete", "replace"):
            text += [PlacedText(token, FAINT, struck=True) for token in old.tokens[a:b]]
        ground = "" if what == "equal" else PALE_BLUE
        text += [
            PlacedText(new.tokens[i], bold=bool(ground), ground=ground, blank=new.spaces[i])
            for i in range(c, d)
        ]
    return text
