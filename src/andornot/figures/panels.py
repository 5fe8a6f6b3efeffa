"""Draw a unit's mask and its formula's mask on the images that show them, as figures have them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot._tools.colours import LUMINANCE
from andornot.views.image_gallery import ImageView
from andornot.views.samples import BoolArray
from andornot.views.unit import AGREEMENT, FORMULA_ONLY, UNIT_ONLY, Colour

_DIMMED = 0.25
_GREYED = 0.45
_TINT = 0.6
_LINE = 2


def enlarge(mask: BoolArray, shape: tuple[int, int]) -> BoolArray:
    """A mask at another size; every pixel takes the value of the position it lies in."""
    rows = (np.arange(shape[0]) * 2 + 1) * mask.shape[0] // (2 * shape[0])
    columns = (np.arange(shape[1]) * 2 + 1) * mask.shape[1] // (2 * shape[1])
    enlarged: BoolArray = mask[rows[:, None], columns]
    return enlarged


def outline(mask: BoolArray, width: int = _LINE) -> BoolArray:
    """The pixels of a mask that lie within ``width`` of its border (the frame is no border)."""
    inner = mask
    for _ in range(width):
        padded = np.pad(inner, 1, mode="edge")
        inner = inner & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner


def panels(view: ImageView) -> tuple[NDArray[np.uint8], ...]:
    """A sample as it is, where the unit is active, where the formula holds, and both together.

    Returns:
        Four images, uint8 ``(height, width, 3)`` each.
    """
    shape = view.shape
    image = view.image.convert("RGB").resize(shape[::-1], Image.Resampling.LANCZOS)
    pixels = np.asarray(image, np.float64)
    unit, formula = enlarge(view.unit_mask, shape), enlarge(view.formula_mask, shape)
    drawn = (
        pixels,
        _spotlight(pixels, unit, UNIT_ONLY),
        _spotlight(pixels, formula, FORMULA_ONLY),
        _compared(pixels, unit, formula),
    )
    return tuple(panel.round().astype(np.uint8) for panel in drawn)


def _spotlight(pixels: NDArray[np.float64], mask: BoolArray, colour: Colour) -> NDArray[np.float64]:
    """The image inside a mask, dimmed outside, with the mask's outline."""
    lit = np.where(mask[..., None], pixels, _DIMMED * pixels)
    lit[outline(mask)] = colour
    return lit


def _compared(
    pixels: NDArray[np.float64], unit: BoolArray, formula: BoolArray
) -> NDArray[np.float64]:
    """Both masks as tints on the grey image."""
    grey = pixels @ LUMINANCE
    tinted = np.repeat(_GREYED * grey[..., None], 3, axis=2)
    regions = (
        (unit & formula, AGREEMENT),
        (unit & ~formula, UNIT_ONLY),
        (formula & ~unit, FORMULA_ONLY),
    )
    for region, colour in regions:
        shade = 0.35 + 0.65 * grey[region, None] / 255
        tinted[region] = (1 - _TINT) * grey[region, None] * shade + _TINT * np.array(colour)
        tinted[region & outline(region, 1)] = colour
    return tinted
