"""A unit's mask and its formula's as one small picture, exact to the position.

The picture has a pixel for each position and lies over the image, which the pages share. Where it
is transparent neither holds; its three colours are those of ``unit``. Style sheets make the
views of one mask from it: of these colours, red tells whether the unit is active, and blue whether
the formula holds.
"""

from __future__ import annotations

import base64
import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot.views.unit import AGREEMENT, FORMULA_ONLY, UNIT_ONLY

NEITHER, UNIT, BOTH, FORMULA = range(4)
"""Values of its pixels."""

_PALETTE: Final = bytes((0, 0, 0, *UNIT_ONLY, *AGREEMENT, *FORMULA_ONLY))
_OPACITY: Final = bytes((0, 255, 255, 255))


def mask_png(unit: NDArray[np.bool_], formula: NDArray[np.bool_]) -> bytes:
    """A PNG of ``(height, width)`` positions, with two bits a position."""
    values = np.where(unit, np.where(formula, BOTH, UNIT), np.where(formula, FORMULA, NEITHER))
    picture = Image.fromarray(values.astype(np.uint8), "P")
    picture.putpalette(_PALETTE)
    file = io.BytesIO()
    picture.save(file, "PNG", bits=2, transparency=_OPACITY)
    return file.getvalue()


def data_url(png: bytes) -> str:
    """The PNG as an address that holds all of it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
