"""Read the JSON files of labelme, one for each image.

``shapes`` lists regions with a label, a ``shape_type`` and points; ``flags`` say what holds for the
whole image. Shapes are drawn by Pillow with labelme's own settings, so a mask is the one that
labelme exports. The image lies where ``imagePath`` says, or inside the file (``imageData``).
"""

from __future__ import annotations

import base64
import hashlib
import math
import posixpath
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from andornot._tools.progress import track
from andornot.data.images.dataset import FolderData, Sample, check_categories
from andornot.data.images.drawn import (
    ERASED,
    LAYER,
    Drawn,
    Frame,
    coordinates,
    frame_of,
    listing,
    plain_name,
    short,
)
from andornot.data.images.files import IMAGE_SUFFIXES, AnyFile, Embedded, opened, read_json_file
from andornot.data.images.formats import LABELME, expect, refusal, seen_in
from andornot.errors import DataError

KIND = "labelme"
CATEGORIES = ("object", "flag")

NO_LABEL = ("_background_", "__ignore__")
"""Labels that labelme itself keeps for regions without one: they take away what lies below."""

SPLITS = ("train", "training", "val", "valid", "validation", "test", "testing")
"""Folders whose name is a split."""

_LINE, _POINT = 10, 5
"""Width of a line and radius of a point in pixels, as labelme draws them."""


@dataclass(frozen=True, slots=True)
class DrawnRegion:
    """A region with a shape that labelme knows.

    Attributes:
        label: its label id.
        kind: labelme's ``shape_type``.
        points: x and y, float64 (n, 2).
        patch: of a mask, the PNG file with its pixels, from the first point on.
    """

    label: int
    kind: str
    points: NDArray[np.float64]
    patch: Embedded | None = None

    def mask(self, frame: Frame) -> NDArray[np.bool_]:
        """Where it is."""
        if self.patch is not None:
            return _pasted(self.patch, self.points, frame)
        image = Image.new("L", frame[::-1])
        _SHAPES[self.kind][2](ImageDraw.Draw(image), [(x, y) for x, y in self.points.tolist()])
        return np.asarray(image) > 0


Points = list[tuple[float, float]]


def _polygon(draw: ImageDraw.ImageDraw, points: Points) -> None:
    draw.polygon(points, fill=1, outline=1)


def _rectangle(draw: ImageDraw.ImageDraw, points: Points) -> None:
    (left, right), (top, bottom) = (sorted(side) for side in zip(*points, strict=True))
    draw.rectangle((left, top, right, bottom), fill=1, outline=1)


def _circle(draw: ImageDraw.ImageDraw, points: Points) -> None:
    """From the centre and a point on the rim."""
    _disc(draw, points[0], math.dist(*points))


def _line(draw: ImageDraw.ImageDraw, points: Points) -> None:
    draw.line(points, fill=1, width=_LINE, joint="curve")


def _point(draw: ImageDraw.ImageDraw, points: Points) -> None:
    _disc(draw, points[0], _POINT)


def _disc(draw: ImageDraw.ImageDraw, centre: tuple[float, float], radius: float) -> None:
    x, y = centre
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=1, outline=1)


_MANY = 1 << 62
_SHAPES: dict[str, tuple[int, int, Callable[[ImageDraw.ImageDraw, Points], None]]] = {
    "polygon": (3, _MANY, _polygon),
    "rectangle": (2, 2, _rectangle),
    "oriented_rectangle": (4, 4, _polygon),
    "circle": (2, 2, _circle),
    "line": (2, 2, _line),
    "linestrip": (2, _MANY, _line),
    "point": (1, 1, _point),
    "mask": (2, 2, _rectangle),
}
"""Of each shape the least and the most points, and what draws it."""


def _pasted(file: Embedded, points: NDArray[np.float64], frame: Frame) -> NDArray[np.bool_]:
    """Where a mask is whose pixels are a picture of their own.

    Corners at whole pixels bound it; others only say where it begins, as they were rounded.
    """
    with opened(file, formats=("PNG",)) as image:
        patch = np.asarray(image.convert("L")) > 0
    (left, top), (right, bottom) = points.round().astype(int).tolist()
    if (points == points.round()).all():
        patch = patch[: max(bottom - top + 1, 0), : max(right - left + 1, 0)]
    here = Image.new("L", frame[::-1])
    here.paste(Image.fromarray(patch.astype(np.uint8)), (left, top))
    return np.asarray(here) > 0


@dataclass(frozen=True)
class LabelmeFiles:
    """Files of a folder; one that ends in ``.json`` means the image inside that file."""

    folder: Path

    def get(self, file: str) -> AnyFile:
        """Return an image file.

        Raises:
            DataError: the JSON file cannot be read, or holds no image any more.
        """
        path = self.folder / file
        if path.suffix.lower() != ".json":
            return path
        data = read_json_file(path)
        where = f"{path}, imageData"
        return _embedded(data.get("imageData") if isinstance(data, dict) else None, where)

    def stamp(self, file: str) -> tuple[int, int]:
        """Return a file's size in bytes and its time of change in nanoseconds."""
        try:
            stat = (self.folder / file).stat()
        except OSError as error:
            raise DataError(
                f"{self.folder / file} is missing or cannot be opened ({error.strerror}): "
                "restore it, or take its JSON file out."
            ) from None
        return stat.st_size, stat.st_mtime_ns


def _embedded(value: Any, where: str) -> Embedded:
    """An image file from its text in a JSON file (base64)."""
    try:
        data = base64.b64decode(value) if isinstance(value, str) else b""
    except ValueError:
        data = b""
    if not data:
        raise DataError(f"{where} is no image file written as text (base64): {short(value)}.")
    return Embedded(where, data)


@dataclass
class _Found:
    """What the JSON files say, while they are read.

    Attributes:
        samples: of all files, each with its flags.
        shapes, frames: see :class:`Drawn`.
        groups: the categories of each concept, by name; its place, from 1, is its label id.
        digest: of the bytes of all files.
    """

    samples: list[tuple[Sample, tuple[str, ...]]] = field(default_factory=list)
    shapes: dict[str, list[DrawnRegion]] = field(default_factory=dict)
    frames: dict[str, Frame] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)
    digest: Any = field(default_factory=hashlib.sha256)


def read_labelme(path: Path, categories: Collection[str] | None = None) -> FolderData:
    """Read labelme's files; masks are drawn and images opened only when asked for.

    Labels are concepts of the category ``object``; flags that are set are concepts of whole
    images, of the category ``flag``. Images without a JSON file are passed over; in a folder, so
    are JSON files of other kinds. The split is that folder of a file's path which is named so.

    Args:
        path: a folder, at any depth above the JSON files, or one JSON file.
        categories: keep only the concepts of these; None keeps all.

    Raises:
        DataError: there is no such file, or one is damaged, or its image is missing.
        OptionError: a category that no concept has.
    """
    root = path if path.is_dir() else path.parent
    there, found = listing(root), _Found()
    files = [name for name in there.values() if name.lower().endswith(".json")]
    files = files if path.is_dir() else [path.name]
    for name in track(files, "reading labelme's files", len(files)):
        data = read_json_file(root / name)
        if seen_in(data) == LABELME or any(_beside(name, there)):
            _read(name, data, root, there, found)
    if not found.samples:
        raise refusal(path, f"{path} holds no JSON file of labelme: give the folder of them.")
    if not found.groups:
        raise DataError(f"{path} has neither a shape nor a flag: a data set needs one concept.")
    check_categories(CATEGORIES, categories)
    kept = {
        name: tuple(c for c in CATEGORIES if c in found.groups[name] and _wanted(c, categories))
        for name in sorted(found.groups)
    }
    names = [name for name, several in kept.items() if several]
    codes = [names.index(name) + 1 if "object" in kept[name] else 0 for name in found.groups]
    return FolderData(
        path=root,
        kind=KIND,
        names=tuple(names),
        categories=tuple(kept[name] for name in names),
        samples=tuple(
            replace(s, concepts=tuple(names.index(f) for f in flags if "flag" in kept[f]))
            for s, flags in found.samples
        ),
        codes={LAYER: np.array([0, *codes], np.int32)},
        legend="its JSON file",
        files=LabelmeFiles(root),
        drawn=Drawn(found.shapes, found.frames, str(path)),
        decoded_by=found.digest.hexdigest(),
    )


def _wanted(category: str, categories: Collection[str] | None) -> bool:
    return categories is None or category in categories


def _read(name: str, data: Any, root: Path, there: Mapping[str, str], found: _Found) -> None:
    """Add what one JSON file says."""
    where = str(root / name)
    expect(data, root / name, KIND)
    # labels lie in this file, not in maps with a size and a time of their own
    found.digest.update(name.encode() + (root / name).read_bytes())
    shapes, flags = (
        data.get(key) if isinstance(data, dict) else None for key in ("shapes", "flags")
    )
    if not isinstance(shapes, list) or not isinstance(flags or {}, dict):
        raise DataError(
            f"{where} has no list 'shapes', or its 'flags' are no object: a file of labelme needs "
            "'shapes', 'imagePath' and 'imageData'."
        )
    sample_id, image = _image(name, data, there, where)
    drawings = [_drawing(s, found, f"{where}, shape {i}") for i, s in enumerate(shapes)]
    marked = [plain_name(f, f"{where}, a flag") for f, on in (flags or {}).items() if on is True]
    for flag in marked:
        found.groups.setdefault(flag, set()).add("flag")
    split = next((part for part in name.split("/")[:-1] if part.lower() in SPLITS), "")
    sample = Sample(id=sample_id, image=image, split=split)
    found.samples.append((sample, tuple(dict.fromkeys(marked))))
    found.shapes[sample_id] = drawings
    frame = frame_of(data, "imageHeight", "imageWidth", where)
    if frame is not None:
        found.frames[sample_id] = frame


def _stem(name: str) -> str:
    """A path without its suffix."""
    return name.rpartition(".")[0]


def _beside(name: str, there: Mapping[str, str]) -> Iterator[str]:
    """The composed paths of images that are called as a JSON file is."""
    stem = unicodedata.normalize("NFC", _stem(name))
    suffixes = (*IMAGE_SUFFIXES, *(suffix.upper() for suffix in IMAGE_SUFFIXES))
    return (f"{stem}{suffix}" for suffix in suffixes if f"{stem}{suffix}" in there)


def _image(
    name: str, data: Mapping[str, Any], there: Mapping[str, str], where: str
) -> tuple[str, str]:
    """Id and path of the image of a JSON file; the file's own path if the image is inside.

    The image is where ``imagePath`` says, or else beside the JSON file under the same name.
    """
    given = data.get("imagePath")
    # written on Windows it has backslashes
    given = given.replace("\\", "/") if isinstance(given, str) else ""
    folder = posixpath.dirname(name)
    tried = (posixpath.normpath(posixpath.join(folder, file)) for file in (given, Path(given).name))
    for path in (*(unicodedata.normalize("NFC", path) for path in tried), *_beside(name, there)):
        if path.lower().endswith(IMAGE_SUFFIXES) and path in there:
            return path, there[path]
    if data.get("imageData") is not None:
        suffix = Path(given).suffix.lower()
        suffix = suffix if suffix in IMAGE_SUFFIXES else ".png"
        return unicodedata.normalize("NFC", _stem(name)) + suffix, name
    raise DataError(
        f"{where} is of the image {short(data.get('imagePath'))}, which is neither there, nor "
        "beside it, nor inside it: put the image beside it, and give a folder above both."
    )


def _drawing(entry: Any, found: _Found, at: str) -> DrawnRegion:
    """A shape of a JSON file, its label noted among the concepts."""
    if not isinstance(entry, dict):
        raise DataError(f"{at} is no object, but {short(entry)}: mend the file.")
    # files of old versions have no shape_type, and hold polygons only
    name, kind = plain_name(entry.get("label"), at), entry.get("shape_type") or "polygon"
    if not isinstance(kind, str) or kind not in _SHAPES:
        raise DataError(
            f"{at} has the shape_type {short(kind)}, which is none of {', '.join(_SHAPES)}: draw "
            "it as one of these."
        )
    points = coordinates(entry.get("points"), at)
    least, most, _ = _SHAPES[kind]
    if points.ndim != 2 or points.shape[1] != 2 or not least <= len(points) <= most:
        wanted = f"{least}" if least == most else f"at least {least}"
        raise DataError(
            f"{at} is to have {wanted} points [x, y], as a {kind} has, got "
            f"{short(entry.get('points'))}: mend the file."
        )
    patch = _embedded(entry.get("mask"), f"{at}, mask") if kind == "mask" else None
    if name in NO_LABEL:
        return DrawnRegion(ERASED, kind, points, patch)
    found.groups.setdefault(name, set()).add("object")
    return DrawnRegion(list(found.groups).index(name) + 1, kind, points, patch)
