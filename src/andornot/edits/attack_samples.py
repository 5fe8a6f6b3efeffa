"""Show samples before and after an edit: a sheet of pictures, or lines of text."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from andornot.data.sentences.pairs import Pair
from andornot.edits.investigation import EditExample

TILE = 192
"""Width and height of a picture on a sheet, in pixels."""

_MARGIN = 8
_LINE = 16
_WHITE = (255, 255, 255)
_BLACK = (0, 0, 0)


def contact_sheet(title: str, examples: Sequence[EditExample], columns: int = 4) -> Image.Image:
    """Pictures before and after an edit, side by side, with what the network says of them.

    Args:
        title: what stands above.
        examples: at least one, of images.
        columns: pairs of pictures in a row.
    """
    cell = 2 * TILE + 3 * _MARGIN, TILE + 2 * _LINE + _MARGIN
    columns = min(columns, len(examples))
    rows = -(-len(examples) // columns)
    sheet = Image.new("RGB", (columns * cell[0], rows * cell[1] + 2 * _LINE), _WHITE)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default()
    pen.text((_MARGIN, _MARGIN), title, _BLACK, font)
    for i, example in enumerate(examples):
        left = (i % columns) * cell[0] + _MARGIN
        top = (i // columns) * cell[1] + 2 * _LINE
        for k, image in enumerate((example.before, example.after)):
            place = left + k * (TILE + _MARGIN), top
            sheet.paste(image.resize((TILE, TILE), Image.Resampling.LANCZOS), place)
        before, after = example.probability
        pen.text((left, top + TILE + 2), example.sample, _BLACK, font)
        told = f"now {example.answer} (target {before:.2f} to {after:.2f})"
        pen.text((left, top + TILE + 2 + _LINE), told, _BLACK, font)
    return sheet


def lines(example: EditExample) -> str:
    """A sentence pair before and after an edit, as a few lines of text."""
    before, after = example.before, example.after
    assert isinstance(before, Pair)
    assert isinstance(after, Pair)
    told = [f"  premise     {before.premise.text}"]
    if after.premise.text != before.premise.text:
        told.append(f"           -> {after.premise.text}")
    told.append(f"  hypothesis  {before.hypothesis.text}")
    if after.hypothesis.text != before.hypothesis.text:
        told.append(f"           -> {after.hypothesis.text}")
    p = example.probability
    told.append(f"  now {example.answer} (target {p[0]:.2f} to {p[1]:.2f})")
    return "\n".join(told)
