"""Images deeper than 8 bits: scaled by their type, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from andornot.data.images.pixels import eight_bits, to_rgb, upright_rgb
from andornot.errors import DataError

GREY = np.arange(0, 252, 7, dtype=np.uint8).reshape(4, 9)


def grey_of(image: Image.Image) -> NDArray[np.uint8]:
    rgb = to_rgb(image, "x")
    assert rgb.mode == "RGB"
    pixels = np.asarray(rgb)
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


DEEP = {
    "a.png": GREY.astype(np.uint16) * 257,
    "a.tif": GREY.astype(np.uint16) * 257,
    "big-endian.tif": (GREY.astype(np.uint16) * 257).astype(">u2"),
    "long.tif": GREY.astype(np.int32) * 257,
    "float.tif": GREY.astype(np.float32) / 255,
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_images_are_scaled_by_their_type(name: str, tmp_path: Path) -> None:
    Image.fromarray(DEEP[name]).save(tmp_path / name)
    with Image.open(tmp_path / name) as image:
        assert image.mode not in ("L", "RGB")
        np.testing.assert_array_equal(grey_of(image), GREY)
        np.testing.assert_array_equal(np.asarray(upright_rgb(image, "x"))[..., 0], GREY)


def test_an_image_that_lies_on_its_side_is_turned(tmp_path: Path) -> None:
    lying = Image.fromarray(GREY.astype(np.uint16) * 257)
    lying.getexif()[0x0112] = 6
    lying.save(tmp_path / "a.png", exif=lying.getexif())
    with Image.open(tmp_path / "a.png") as image:
        upright = np.asarray(upright_rgb(image, "x"))[..., 0]
    np.testing.assert_array_equal(upright, np.rot90(GREY, -1))


def test_sixteen_bits_of_colour_and_of_grey_agree(tmp_path: Path) -> None:
    """Pillow keeps the upper byte of colour, so grey does too."""
    values = np.random.default_rng(0).integers(0, 65536, (6, 6)).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "grey.png")
    (tmp_path / "colour.png").write_bytes(_png_of_sixteen_bits(np.stack([values] * 3, axis=-1)))
    with (
        Image.open(tmp_path / "grey.png") as grey,
        Image.open(tmp_path / "colour.png") as colour,
    ):
        np.testing.assert_array_equal(np.asarray(to_rgb(colour, "x"))[..., 0], grey_of(grey))


def _png_of_sixteen_bits(pixels: NDArray[np.uint16]) -> bytes:
    """A colour PNG of 16 bits a channel, which Pillow reads and does not write."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (GREY.astype(np.float32), "holds floats from 0 to 245, of which nobody says"),
        (GREY.astype(np.float32) / 255 - 0.1, "holds floats from -0.1"),
        (np.full((2, 2), np.nan, np.float32), "holds floats from nan"),
        (GREY.astype(np.int32) * 70_000, "holds whole numbers from 0 to 17150000 in 32 bits"),
        (GREY.astype(np.int32) - 9, "holds whole numbers from -9 to 236"),
        (GREY.astype(np.int32), "holds whole numbers from 0 to 245 in 32 bits"),  # 8 bits or 16?
    ],
)
def test_values_without_a_scale_are_refused(values: NDArray[np.generic], message: str) -> None:
    with pytest.raises(DataError, match=f"a\\.tif {message}"):
        to_rgb(Image.fromarray(values), "a.tif")


def test_black_is_black_on_any_scale() -> None:
    for kind in (np.int32, np.float32, np.uint16):
        assert not grey_of(Image.fromarray(np.zeros((2, 2), kind))).any()


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_eight_bits_stay_as_they_are(mode: str) -> None:
    image = Image.effect_mandelbrot((9, 9), (-2, -1, 1, 1), 50).convert("RGB").convert(mode)
    assert eight_bits(image, "x") is image
    assert to_rgb(image, "x").tobytes() == image.convert("RGB").tobytes()
    assert to_rgb(image, "x") is not image


def test_where_small_values_are_white(tmp_path: Path) -> None:
    values = GREY.astype(np.uint16) * 257
    path = tmp_path / "a.tif"
    Image.fromarray(values).save(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"\x06\x01\x03\x00\x01\x00\x00\x00\x01")  # photometric: black is zero
    data[at + 8] = 0
    path.write_bytes(data)
    with Image.open(path) as image:
        np.testing.assert_array_equal(grey_of(image), 255 - GREY)
