"""Samples in a notebook: everything is inside the HTML, and it needs neither styles nor scripts.

Where notebooks are only read, such as on code hosts, styles are mostly taken out. So masks are
drawn into the pictures, marks of words differ by their tags, and rows are those of a table.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, ClassVar, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot.views.image_gallery import ImageView
from andornot.views.row_gallery import RowView
from andornot.views.sentence_gallery import MarkedView, marks_at
from andornot.views.token_gallery import PassageView
from andornot.views.token_marks import (
    BOTH,
    DECISIVE,
    EXCLUDED,
    FORBIDDEN,
    FORMULA,
    NAMED,
    TOKEN_MARKS,
    UNIT,
    Token,
)
from andornot.views.unit import AGREEMENT, FORMULA_ONLY, UNIT_ONLY, Colour, Group

V = TypeVar("V")

SIDE: Final = 168
SMALL_SIDE: Final = 112
"""Longer side of a picture of a unit, and of one in a gallery, in pixels."""

_QUALITY: Final = 70
_GREYED: Final = 0.62
_TINT: Final = 0.66
_PER_ROW: Final = 4

CELL: Final = 'align="left" valign="top" style="text-align:left;vertical-align:top"'

KEY: Final = (
    (UNIT_ONLY, "only the unit is active"),
    (AGREEMENT, "both"),
    (FORMULA_ONLY, "only the formula holds"),
)
"""The colours of masks and bars, and what they mean."""


def image_tag(pixels: NDArray[np.uint8], alt: str, size: tuple[int, int], **how: Any) -> str:
    """A picture that holds all of itself.

    Args:
        pixels: uint8 ``(height, width, 3)``.
        alt: what is to be seen, in words.
        size: width and height at which it is shown.
        **how: how it is stored; as PNG where nothing is given.
    """
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, **(how or {"format": "PNG", "optimize": True}))
    kind = "webp" if how else "png"
    data = base64.b64encode(file.getvalue()).decode("ascii")
    said = escape(alt, quote=True)
    return (
        f'<img src="data:image/{kind};base64,{data}" width="{size[0]}" height="{size[1]}" '
        f'alt="{said}" title="{said}">'
    )


def swatch(colour: Colour) -> str:
    """A small field of a colour."""
    return image_tag(np.full((1, 1, 3), colour, np.uint8), "", (14, 14))


def mask_key() -> str:
    """What the colours of masks mean."""
    told = " &nbsp; ".join(f"{swatch(colour)} {text}" for colour, text in KEY)
    return f"<p><small>{told}</small></p>"


def picture(view: ImageView, side: int) -> str:
    """An image as it is, and below it in grey with both masks."""
    longer = max(view.shape)
    height, width = (max(1, round(n * side / longer)) for n in view.shape)
    size = (width, height)
    plain = np.asarray(view.image.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    grey = plain.mean(axis=2, keepdims=True).repeat(3, axis=2) * _GREYED
    unit, formula = (_at(mask, size) for mask in (view.unit_mask, view.formula_mask))
    regions = (unit & ~formula, unit & formula, formula & ~unit)
    for region, (colour, _) in zip(regions, KEY, strict=True):
        grey[region] = (1 - _TINT) * grey[region] + _TINT * np.array(colour)
    both = np.concatenate([plain, grey.round().astype(np.uint8)])
    return image_tag(both, view.alt, (width, 2 * height), format="WEBP", quality=_QUALITY)


def _at(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask at another size, ``(width, height)``."""
    return np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))


_MARKS: Final = {
    DECISIVE: ("<mark><b>", "</b></mark>"),
    BOTH: ("<mark><b>", "</b></mark>"),
    UNIT: ("<mark><i>", "</i></mark>"),
    NAMED: ("<u>", "</u>"),
    FORMULA: ("<u>", "</u>"),
    FORBIDDEN: ("<s>", "</s>"),
    EXCLUDED: ("<s>", "</s>"),
}
"""The tags that mark words, by the sort of mark."""


def _sentence(tokens: Sequence[Token]) -> str:
    """A sentence with its marks."""
    return "".join(" " * token.space + _word(token.text, token.mark.kind) for token in tokens)


def _word(text: str, kind: str) -> str:
    before, after = _MARKS.get(kind, ("", ""))
    return f"{before}{escape(text)}{after}"


def cells(pieces: Sequence[str], per_row: int) -> str:
    """Pieces of a page side by side, so many in a row."""
    rows = (pieces[first : first + per_row] for first in range(0, len(pieces), per_row))
    told = ("".join(f"<td {CELL}>{piece}</td>" for piece in row) for row in rows)
    return f"<table><tbody>{''.join(f'<tr>{row}</tr>' for row in told)}</tbody></table>"


class NotebookSamples(Generic[V]):
    """Shows samples in a notebook; a modality names its own.

    Attributes:
        in_row: units beside each other in a gallery.
    """

    in_row: ClassVar[int] = 1

    def key(self, level: str) -> str:  # noqa: ARG002
        """What colours and marks mean, at a level of the run."""
        return ""

    def text(self, view: V) -> str:
        """A sample as text."""
        lines = getattr(view, "lines", ())
        return "<br>".join(escape(" ".join(filter(None, line))) for line in lines)

    def samples(self, groups: Sequence[Group[V]]) -> str:
        """The samples of a unit."""
        return "".join(
            f"<p><b>{escape(group.heading)}</b></p>{cells(list(map(self.text, group.samples)), 1)}"
            for group in groups
        )

    def small(self, views: Iterable[V]) -> str:
        """The samples of a unit among others."""
        return "<br>".join(f"<small>{self.text(view)}</small>" for view in views)


class NotebookRows(NotebookSamples[RowView]):
    """Samples of which nothing is known but text."""


class NotebookPairs(NotebookSamples[MarkedView]):
    """Sentences, or pairs of them, with marked words."""

    def key(self, level: str) -> str:
        """What the marks of words mean."""
        told = (f"{_word('word', kind)} {escape(text)}" for kind, text in marks_at(level).items())
        return f"<p><small>{' &nbsp; '.join(told)}</small></p>"

    def text(self, view: MarkedView) -> str:
        """The sentences, and what is known of them."""
        told = [f"activation {view.activation:.2f}"]
        told += [f"gold {view.label}"] if view.label else []
        if view.prediction:
            told.append(f"model says {view.prediction}{' (wrong)' * view.is_wrong}")
        lines = [_sentence(tokens) for _, tokens in view.lines]
        return f"{'<br>'.join(lines)}<br><small>{escape(' · '.join([*told, view.remark]))}</small>"


class NotebookPassages(NotebookSamples[PassageView]):
    """Passages of documents; what each was chosen for stands between brackets."""

    def key(self, level: str) -> str:  # noqa: ARG002
        """What the marks of pieces mean."""
        told = (f"{_word('word', kind)} {escape(text)}" for kind, text in TOKEN_MARKS.items())
        chosen = "[word] what the passage was chosen for"
        return f"<p><small>{' &nbsp; '.join([*told, chosen])}</small></p>"

    def text(self, view: PassageView) -> str:
        """The passage, and what is known of it."""
        pieces = (
            f"[{_word(piece.text, piece.mark.kind)}]"
            if piece.centre
            else _word(piece.text, piece.mark.kind)
            for piece in view.pieces
        )
        said = escape(f"{view.name} · {view.remark}")
        return f'<span dir="auto">{"".join(pieces)}</span><br><small>{said}</small>'


class NotebookImages(NotebookSamples[ImageView]):
    """Images, and below each of them the same with both masks."""

    in_row = 2

    def key(self, level: str) -> str:  # noqa: ARG002
        """What the colours of masks mean."""
        return mask_key()

    def samples(self, groups: Sequence[Group[ImageView]]) -> str:
        """The images of a unit, each with the heading of its group."""
        shown = [_captioned(group.heading, view) for group in groups for view in group.samples]
        return cells(shown, _PER_ROW)

    def small(self, views: Iterable[ImageView]) -> str:
        """Images without a word."""
        return " ".join(picture(view, SMALL_SIDE) for view in views)


def _captioned(heading: str, view: ImageView) -> str:
    """A picture with the heading of its group, and what is said of it."""
    under = f"<br>under the unit: {escape(', '.join(view.labels))}" if view.labels else ""
    said = f"{escape(view.name)}<br>{escape(view.caption)}{under}"
    above = f"<small><b>{escape(heading)}</b></small><br>"
    return f"{above}{picture(view, SIDE)}<br><small>{said}</small>"
