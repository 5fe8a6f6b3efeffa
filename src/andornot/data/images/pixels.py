"""Images of any type as 8-bit RGB: deeper ones are scaled by their type, and never clipped."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from andornot.errors import DataError

_ORIENTATION, _BITS, _WHITE_IS_ZERO, _SIGNED = 0x0112, 258, 262, 339
"""Tags of EXIF and TIFF."""


def to_rgb(image: Image.Image, where: str) -> Image.Image:
    """Return an image as 8-bit RGB, as a copy.

    Args:
        image: of any mode; palettes, transparency and CMYK are Pillow's to convert.
        where: what to call it in messages.

    Raises:
        DataError: its values have no known scale.
    """
    return eight_bits(image, where).convert("RGB")


def upright_rgb(image: Image.Image, where: str) -> Image.Image:
    """The same, turned as its EXIF orientation says."""
    return to_rgb(ImageOps.exif_transpose(eight_bits(image, where)), where)


def eight_bits(image: Image.Image, where: str) -> Image.Image:
    """Return an image of 8 bits a channel as it is, and a deeper one as 8-bit grey.

    White is what the type says: 65535 for 16 bits, 1 for floats. As where Pillow reads 16-bit
    colour, the upper 8 of 16 bits are kept. (Pillow itself would clip: of 16 bits nearly all
    becomes white, of floats all black.)

    Raises:
        DataError: the values have no known scale.
    """
    if image.mode == "F":
        grey = _of_floats(np.asarray(image), where)
    elif image.mode == "I" or image.mode.startswith("I;"):
        grey = (np.asarray(image).astype(np.int64) >> _surplus(image, where)).astype(np.uint8)
    else:
        return image
    tags: Any = getattr(image, "tag_v2", {})
    shallow = Image.fromarray(255 - grey if tags.get(_WHITE_IS_ZERO) == 0 else grey)
    # a new image has no EXIF, and upright_rgb looks there
    shallow.getexif()[_ORIENTATION] = image.getexif().get(_ORIENTATION, 1)
    return shallow


def _of_floats(values: NDArray[np.float32], where: str) -> NDArray[np.uint8]:
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    if not (low >= 0 and high <= 1):  # a NaN is neither
        raise DataError(
            f"{where} holds floats from {low:g} to {high:g}, of which nobody says which is white: "
            "bring them to 0 to 1, or save it as 8-bit RGB."
        )
    return (values * 255).round().astype(np.uint8)


def _surplus(image: Image.Image, where: str) -> int:
    """How many bits a whole number has beyond eight, by the type of the image.

    Raises:
        DataError: it has 32, and the values look like none of 16.
    """
    tags: Any = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS, (32 if image.mode == "I" and image.format != "PNG" else 16,))[0]
    signed = tags.get(_SIGNED, (1,))[0] == 2
    values = np.asarray(image)
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    # 32-bit values of up to 255 may be those of 8 bits as well as very dark ones of 16
    if low < 0 or high > 0xFFFF or (bits == 32 and 0 < high < 256):
        raise DataError(
            f"{where} holds whole numbers from {low} to {high} in {bits} bits, of which nobody "
            "says which is white: save it with 8 or 16 bits and no sign."
        )
    return 4 if bits == 12 else 7 if bits == 16 and signed else 8
