"""Read the files of a data set, and say clearly what is wrong with them."""

from __future__ import annotations

import csv
import io
import json
import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from andornot._tools import looks
from andornot._tools.looks import amiss, check_file
from andornot._tools.numerals import whole
from andornot.data.images.formats import seen_at
from andornot.errors import DataError, quoted

LARGEST_ID = 0xFFFF
"""Largest label id that a label map can hold: two bytes."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
IMAGE_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")

_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# What Pillow lets through when a file is damaged; it has no common base of its own.
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)


@dataclass(frozen=True)
class Embedded:
    """An image file that lies inside another file, such as in a cell of a parquet table.

    Attributes:
        name: where it lies, for messages.
        data: its bytes.
    """

    name: str
    data: bytes = field(repr=False)

    def __str__(self) -> str:
        return self.name

    def read_bytes(self) -> bytes:
        """Its bytes, as a path gives those of its file."""
        return self.data


AnyFile = Path | Embedded
"""An image file: on disk, or inside another file."""


def content(file: AnyFile) -> Path | bytes:
    """What can be looked at: a path, or the bytes of an embedded file."""
    return file.data if isinstance(file, Embedded) else file


def read_rows(path: Path, required: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV file, each with its line number, cells stripped of blanks.

    Args:
        path: a UTF-8 file with a header line (a byte order mark is skipped).
        required: columns that must be there.

    Raises:
        DataError: the file is missing or not UTF-8, lacks a column, or has a row of the
            wrong width.
    """
    check_file(path)
    try:
        # spreadsheets begin a file with a byte order mark
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            _check_header(path, reader.fieldnames or (), required)
            for row in reader:
                if None in row or None in row.values():
                    raise DataError(
                        f"{path}, row {reader.line_num}: the row has not as many cells as the "
                        f"header ({len(reader.fieldnames or ())}); quote cells that hold commas."
                    )
                yield reader.line_num, {column: cell.strip() for column, cell in row.items()}
    except FileNotFoundError:
        raise DataError(f"{path} is missing: a data set of this kind needs it.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        why = amiss(path, looks.TABLE)
        raise DataError(
            f"{path} cannot be read as a CSV file in UTF-8 ({error}): {why}."
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): mend its rights.") from error


def _check_header(path: Path, columns: Collection[str], required: Collection[str]) -> None:
    missing = [column for column in required if column not in columns]
    seen = looks.looks_like(path) if missing else ""
    if seen not in ("", looks.EMPTY, looks.TABLE, looks.TEXT):
        raise DataError(f"{path} cannot be read as a CSV file: {amiss(path, looks.TABLE)}.")
    if missing:
        raise DataError(
            f"{path} lacks the column {', '.join(missing)} (its header names "
            f"{', '.join(columns) or 'nothing'}): the first line must name comma-separated columns."
        )
    twice = sorted({column for column in columns if list(columns).count(column) > 1})
    if twice:
        raise DataError(f"{path} names the column {', '.join(twice)} twice: rename one of them.")


def parse_id(text: str, where: str, lowest: int = 1, highest: int = LARGEST_ID) -> int:
    """Return the number that a cell holds, or raise DataError if it is none in this range."""
    number = whole(text)
    if number is not None and lowest <= number <= highest:
        return number
    raise DataError(f"{where}: {quoted(text)} is not a whole number from {lowest} to {highest}.")


def safe_relative(text: str, where: str) -> str:
    """Return ``text`` if, taken as a path, it stays inside the folder it is relative to.

    Raises:
        DataError: the path is empty, absolute, has a drive letter, or climbs with ``..``.
    """
    windows, posix = PureWindowsPath(text), PurePosixPath(text)
    outside = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts
    if not text or outside:
        raise DataError(
            f"{where}: the path {text!r} leads out of the data set; give it relative to the "
            "folder of images, without '..'."
        )
    return posix.as_posix()


def check_pixels(height: int, width: int, where: str) -> None:
    """Refuse a size that would fill the memory (``PIL.Image.MAX_IMAGE_PIXELS``, if it is set).

    Raises:
        DataError: there are more pixels than that.
    """
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and height * width > limit:
        raise DataError(
            f"{where} is {width} x {height} pixels, more than the {limit} that are read safely: "
            "shrink it."
        )


@contextmanager
def opened(
    path: AnyFile, formats: tuple[str, ...] = IMAGE_FORMATS
) -> Iterator[ImageFile.ImageFile]:
    """Open an image for the body of a ``with``; its pixels are read on first use.

    Raises:
        DataError: the file is missing, damaged, of another format, or decompresses to
            more than ``PIL.Image.MAX_IMAGE_PIXELS`` pixels.
    """
    if isinstance(path, Path):
        check_file(path)
    try:
        source = io.BytesIO(path.data) if isinstance(path, Embedded) else path
        with Image.open(source, formats=formats) as image:
            # Pillow only warns until twice this size; we stop at once.
            check_pixels(image.height, image.width, str(path))
            yield image
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path} is missing: restore it, or take its sample out.") from None
    except _BOMBS as error:
        raise DataError(f"{path} is too large to be read safely ({error}): shrink it.") from error
    except UnidentifiedImageError:
        why = amiss(content(path), *(looks.IMAGES[name] for name in formats))
        raise DataError(f"{path} is not a readable image ({', '.join(formats)}): {why}.") from None
    except _DAMAGE as error:
        raise DataError(f"{path} is damaged and cannot be read ({error}): replace it.") from error


def read_label_ids(path: AnyFile) -> NDArray[np.int32]:
    """Read the label ids of a PNG, shape (H, W).

    A grey (8 or 16 bits) or palette PNG holds the ids themselves; a colour PNG holds
    ``R + 256 * G``, as in Broden. 0 means no label.

    Raises:
        DataError: the file cannot be read, or is no PNG of one of these sorts.
    """
    with opened(path, formats=("PNG",)) as image:
        # Pillow stretches 2 and 4 bits of grey to 8, which would change every id.
        stretched = image.mode == "L" and image.tile[0].args != "L"
        pixels = np.asarray(image)
        mode = image.mode
    if mode in ("RGB", "RGBA"):
        if pixels[..., 2].any():
            raise DataError(
                f"{path} uses its blue channel, but a label is R + 256 * G with B = 0; if it is "
                "painted in an image editor, give concepts.csv a column 'color' instead of 'id'."
            )
        # Widened first: 256 * G overflows a byte.
        return pixels[..., 0] + 256 * pixels[..., 1].astype(np.int32)
    if mode not in ("1", "L", "P", "I;16", "I") or stretched:
        raise DataError(
            f"{path} is a PNG of mode {mode} that cannot hold label ids: save it as 8-bit or "
            "16-bit grey, palette or RGB."
        )
    return pixels.astype(np.int32)


def read_colour_ids(path: AnyFile) -> NDArray[np.int32]:
    """Read the pixels of a colour PNG that holds ids in all three channels, int32 (H, W, 3).

    Raises:
        DataError: the file cannot be read, or is no colour PNG.
    """
    with opened(path, formats=("PNG",)) as image:
        if image.mode not in ("RGB", "RGBA"):
            raise DataError(
                f"{path} is a PNG of mode {image.mode}, but its ids are spread over red, green and "
                "blue: save it as colour (RGB), or take the file that was published."
            )
        return np.asarray(image)[..., :3].astype(np.int32)


def read_json_file(path: Path) -> Any:
    """Read a JSON file; bytes that are not UTF-8 are taken for Latin-1, as ADE20K has some.

    Raises:
        DataError: it is missing or damaged.
    """
    check_file(path)
    try:
        data = path.read_bytes()
        try:
            return json.loads(data)
        except UnicodeDecodeError:
            return json.loads(data.decode("latin-1"))
    except FileNotFoundError:
        raise DataError(f"{path} is missing: a data set of this kind needs it.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): mend its rights.") from None
    except (ValueError, RecursionError) as error:
        seen = seen_at(path)
        if seen is not None and not seen.kind:
            raise DataError(seen.sentence(path)) from None
        why = amiss(path, looks.JSON)
        raise DataError(f"{path} cannot be read as JSON ({error}): {why}.") from None


def records(
    data: Any, key: str, fields: Mapping[str, type | tuple[type, ...]], where: str
) -> list[dict[str, Any]]:
    """Return the list that JSON data hold under a key, if each entry has these fields.

    Args:
        data: what a JSON file holds.
        key: name of the list.
        fields: what an entry must have, and of which type, or of one of which.
        where: the file, for messages.

    Raises:
        DataError: the list is missing, or an entry lacks a field.
    """
    found = data.get(key) if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise DataError(f"{where} has no list {key!r}: it is no file of this kind, or damaged.")
    for number, entry in enumerate(found):
        for name, kind in fields.items():
            value = entry.get(name) if isinstance(entry, dict) else None
            if not isinstance(value, kind) or isinstance(value, bool):
                kinds = kind if isinstance(kind, tuple) else (kind,)
                raise DataError(
                    f"{where}: entry {number} of {key!r} lacks the field {name!r}, or has no "
                    f"{' or '.join(k.__name__ for k in kinds)} there: mend the file, or export it "
                    "again."
                )
    return found
