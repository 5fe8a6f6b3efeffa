"""What a file is, by its first bytes: errors say what stands where another kind was expected."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Final

from andornot.errors import AndornotError, DataError

TORCH: Final = "a file of torch.save"
PICKLE: Final = "a Python pickle"
SAFETENSORS: Final = "a safetensors file"
NPY: Final = "a NumPy array (.npy)"
NPZ: Final = "NumPy arrays (.npz)"
PARQUET: Final = "a parquet file"
JSON: Final = "JSON"
JSON_LINES: Final = "JSON lines"
TABLE: Final = "a table as text (CSV or TSV)"
TEXT: Final = "plain text"
EMPTY: Final = "empty"
UNKNOWN: Final = "no kind of file that we know"

IMAGES: Final = {
    "JPEG": "a JPEG image",
    "PNG": "a PNG image",
    "WEBP": "a WebP image",
    "BMP": "a BMP image",
    "TIFF": "a TIFF image",
}
"""What images that we read look like, by the name that Pillow has for their format."""

_HEAD = 4096

_SIGNS: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", IMAGES["PNG"]),
    (0, b"\xff\xd8\xff", IMAGES["JPEG"]),
    (8, b"WEBP", IMAGES["WEBP"]),
    (0, b"II*\0", IMAGES["TIFF"]),
    (0, b"MM\0*", IMAGES["TIFF"]),
    (0, b"II+\0", IMAGES["TIFF"]),
    (0, b"MM\0+", IMAGES["TIFF"]),
    (0, b"GIF8", "a GIF image"),
    (0, b"8BPS", "a Photoshop image"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (4, b"ftypavif", "an AVIF image"),
    (4, b"ftyphei", "a HEIC image"),
    (4, b"ftyp", "a video (MP4)"),
    (128, b"DICM", "a DICOM image"),
    (344, b"n+1\0", "a NIfTI image"),
    (344, b"ni1\0", "a NIfTI image"),
    (0, b"PAR1", PARQUET),
    (0, b"ARROW1", "an Arrow (Feather) file"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (512, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),  # MATLAB puts its own header first
    (0, b"MATLAB 5.0", "a MATLAB file"),
    (0, b"\x93NUMPY", NPY),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", TORCH),  # before torch 1.6
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\0", "an xz archive"),
    (0, b"\x28\xb5\x2f\xfd", "a zstandard archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-zip archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"%PDF", "a PDF"),
    (0, b"\x7fELF", "a program"),
    (0, b"\xff\xfe", "text in UTF-16"),
    (0, b"\xfe\xff", "text in UTF-16"),
)
"""Where which bytes stand, and what has them there."""

_HELP: Final = {
    EMPTY: "copy or download it again",
    "text in UTF-16": "save it as UTF-8",
    "text that is not UTF-8": "save it as UTF-8",
    "a Git LFS pointer, which only stands for the file": "run 'git lfs pull' where it comes from",
    "a web page (HTML)": "downloads that fail leave one; download the file itself",
}
"""What to do about files that stand for others; else the wanted kind is to be given."""

_SPECIAL: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def special(path: Path) -> str:
    """What stands at a path if it is no file, such as ``a named pipe``; else empty.

    Nothing is opened: to open a pipe is to wait for whoever writes into it. What is not there at
    all is left to those who open it.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    return next((what for is_one, what in _SPECIAL if is_one(mode)), "")


def check_file(path: Path, error: type[AndornotError] = DataError) -> None:
    """Refuse what is there and is no file, before it is opened (see :func:`special`).

    Raises:
        AndornotError: of the type ``error``.
    """
    what = special(path)
    if what:
        raise error(f"{path} is {what}, not a file: put the file there, or take it out.")


def looks_like(source: Path | bytes) -> str:
    """What a file looks like, as ``a PNG image``; it is opened if it is a file at all.

    Args:
        source: the file, or its bytes.
    """
    if isinstance(source, bytes):
        return _kind(source[:_HEAD])
    try:
        if what := special(source):
            return what
        with source.open("rb") as file:
            return _kind(file.read(_HEAD))
    except OSError:
        return UNKNOWN


def amiss(source: Path | bytes, *wanted: str) -> str:
    """Say why a file cannot be read as what it should be, and what to do: the end of a sentence.

    Args:
        source: the file, or its bytes.
        wanted: the kinds that could be read, as :func:`looks_like` calls them.
    """
    seen = looks_like(source)
    if seen in wanted:
        return "it is damaged or cut short, so copy, export or download it again"
    unpack = "unpack it, and " if seen.endswith("archive") else ""
    advice = _HELP.get(seen) or f"{unpack}give {' or '.join(wanted)}"
    return f"{'it is' if seen in _HELP else 'it looks like'} {seen}; {advice}"


def _kind(head: bytes) -> str:
    if not head:
        return EMPTY
    # what a disk or a copy that broke off leaves
    if not any(head):
        return "nothing but zeros"
    for at, sign, kind in _SIGNS:
        if head[at : at + len(sign)] == sign:
            return kind
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(head)
    # two letters alone begin many a text; these reserved bytes do not
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return IMAGES["BMP"]
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return PICKLE
    # safetensors has no magic bytes: the length of a header in JSON, then the header
    if head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") < 1 << 32:
        return SAFETENSORS
    return _written(head)


def _zipped(head: bytes) -> str:
    """What kind of archive a zip is, by the name of its first file."""
    if b"/data.pkl" in head[:256]:
        return TORCH
    if b".npyPK" in head or b".npy" in head[30:100]:
        return NPZ
    return "an Office document" if b"[Content_Types].xml" in head[:100] else "a zip archive"


def _written(head: bytes) -> str:
    """What kind of text it is."""
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head):
        return UNKNOWN
    try:
        # the last character may be cut
        text = head.decode("utf-8-sig", "strict" if len(head) < _HEAD else "ignore").lstrip()
    except UnicodeDecodeError:
        return "text that is not UTF-8"
    lower = text[:512].lower()
    if text.startswith("version https://git-lfs"):
        return "a Git LFS pointer, which only stands for the file"
    if lower.startswith(("<!doctype html", "<html")):
        return "a web page (HTML)"
    if text.startswith("<"):
        return "an SVG drawing" if "<svg" in lower else "XML"
    if text.startswith(("{", "[")):
        return _json(text)
    lines = text.splitlines()[:2]
    apart = [sign for sign in ",;\t" if all(sign in line for line in lines)]
    return TABLE if lines and apart else TEXT


def _json(text: str) -> str:
    """JSON, or a value a line."""
    first, _, rest = text.partition("\n")
    try:
        # a first line that is JSON by itself, with more after it: a value a line
        json.loads(first)
    except (ValueError, RecursionError):
        return JSON
    return JSON_LINES if rest.strip() else JSON
