"""Show samples before and after an edit: a sheet of pictures, or lines of text."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from andornot.data.sentences.pairs import Pair
from andornot.data.sentences.single import OneSentence
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
    """Sentences before and after an edit, as a few lines of text."""
    told = [f"  {line}" for line in sides(example.before, example.after)]
    p = example.probability
    told.append(f"  now {example.answer} (target {p[0]:.2f} to {p[1]:.2f})")
    return "\n".join(told)


def sides(before: Pair | OneSentence, after: Pair | OneSentence) -> list[str]:
    """Each sentence of a sample, with what an edit made of it, if anything, on the next line."""
    told = []
    for name, old, new in zip(before.called, before.sentences, after.sentences, strict=True):
        told.append(f"{name:<11} {old.text}")
        if new.text != old.text:
            told.append(f"         -> {new.text}")
    return told
