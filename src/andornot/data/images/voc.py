"""Read Pascal VOC segmentation (Everingham et al. 2010), and what tools write in its layout.

``SegmentationClass/X.png`` holds the label ids of ``JPEGImages/X.jpg``: 0 is background, 255 is
void, along the edges. ``ImageSets/Segmentation/SPLIT.txt`` lists the images of a split. What the
ids mean are VOC's own twenty classes, or those that a file beside lists.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from andornot._tools.looks import check_file
from andornot._tools.numerals import whole
from andornot.concepts.known import every_category
from andornot.data.images.dataset import CODES_UNKNOWN, FolderData, Sample, Void
from andornot.data.images.drawn import listing, plain_name
from andornot.data.images.files import IMAGE_SUFFIXES, LARGEST_ID, AnyFile, opened, read_label_ids
from andornot.data.images.formats import refusal
from andornot.data.images.labelmaps import restrict
from andornot.data.images.painted import Paint
from andornot.errors import DataError

KIND = "voc"
CLASSES = {
    "aeroplane": "vehicle", "bicycle": "vehicle", "bird": "animal", "boat": "vehicle",
    "bottle": "indoor", "bus": "vehicle", "car": "vehicle", "cat": "animal", "chair": "indoor",
    "cow": "animal", "diningtable": "indoor", "dog": "animal", "horse": "animal",
    "motorbike": "vehicle", "person": "person", "pottedplant": "indoor", "sheep": "animal",
    "sofa": "indoor", "train": "vehicle", "tvmonitor": "indoor",
}  # fmt: skip
"""VOC's own classes, each with its group; their ids are 1, 2, ... in this order."""

VOID = 255
MAPS = ("SegmentationClass", "SegmentationClassPNG")
"""Folders of label maps: VOC's own, and that of older exports of labelme."""

COLORS = "labelmap.txt"
NAMES = ("class_names.txt", "labels.txt")
"""Files that name the ids: CVAT's, with a colour for each class; labelme's, a name a line."""

_BACKGROUND = ("background", "_background_", "__background__")
_IGNORED = ("__ignore__", "ignore", "void")


@dataclass(frozen=True, eq=False)
class Colored:
    """Reads maps by what their pixels look like or by their ids: as ``FolderData.decode``.

    Attributes:
        paint: what the colours mean.
        always: whether palettes are taken for their colours, for their order is not VOC's.
    """

    paint: Paint
    always: bool

    def __call__(self, path: AnyFile) -> NDArray[np.int32]:
        """Read the label ids of a map, (H, W).

        Raises:
            DataError: the file cannot be read, or has a colour without a meaning.
        """
        with opened(path, formats=("PNG",)) as image:
            painted = image.mode in ("RGB", "RGBA") or (self.always and image.mode == "P")
        return self.paint(path) if painted else read_label_ids(path)


def folder_of(path: Path) -> Path | None:
    """The folder with the label maps in a folder of this layout; None if there is none."""
    return next((path / name for name in MAPS if (path / name).is_dir()), None)


def root_of(path: Path) -> Path | None:
    """The folder of a data set of this layout: the one given, or the only one in it."""
    if folder_of(path) is not None:
        return path
    below = [f for f in path.glob("VOC*") if folder_of(f) is not None] if path.is_dir() else []
    return below[0] if len(below) == 1 else None


def read_voc(path: Path, categories: Collection[str] | None = None) -> FolderData:
    """Read the images that have a label map; files are opened only when asked for.

    Categories of VOC's own classes are its groups (``animal``, ``vehicle``, ``indoor``,
    ``person``); other classes are an ``object``.

    Args:
        path: the folder with ``JPEGImages`` and ``SegmentationClass``, or the folder above it.
        categories: keep only the concepts of these; None keeps all.

    Raises:
        DataError: a file is missing or damaged, or contradicts another.
        OptionError: a category that no concept has.
    """
    root = root_of(path)
    if root is None:
        raise refusal(
            path,
            f"{path} has no folder SegmentationClass, with a PNG for each image: give the folder "
            "that holds it and JPEGImages, such as VOCdevkit/VOC2012.",
        )
    ids, paint, legend = _legend(root)
    kept = restrict(
        {
            name: (CLASSES.get(name, "object") if legend == "" else "object",)
            for name in ids.values()
        },
        categories,
    )
    codes = np.full(LARGEST_ID + 1, CODES_UNKNOWN, np.int32)
    codes[[0, VOID]] = 0
    for number, name in ids.items():
        codes[number] = list(kept).index(name) + 1 if name in kept else 0
    decode = Colored(paint, always=legend == COLORS)
    return FolderData(
        path=root,
        kind=KIND,
        names=tuple(kept),
        categories=tuple(kept.values()),
        samples=_samples(root),
        codes={MAPS[0]: codes},
        legend=legend or "the list of Pascal VOC",
        decode=decode,
        decoded_by=f"{decode.always} {paint.digest}",
        void={MAPS[0]: Void((VOID,), every_category(kept.values()))},
    )


def color_of(number: int) -> int:
    """The colour of an entry of VOC's palette, ``65536 R + 256 G + B``.

    The bits of the number go to red, green and blue in turn, the highest of a channel first.
    """
    red, green, blue = (
        sum((number >> 3 * bit + channel & 1) << 7 - bit for bit in range(3))
        for channel in range(3)
    )
    return red << 16 | green << 8 | blue


def _legend(root: Path) -> tuple[dict[int, str], Paint, str]:
    """What label ids mean, what colours mean, and the file that says so; empty for VOC's own."""
    if (root / COLORS).is_file():
        colors = _read_colors(root / COLORS)
        return {n: name for n, name in colors.values() if n}, Paint.of(COLORS, colors), COLORS
    file = next((root / name for name in NAMES if (root / name).is_file()), None)
    ids = dict(enumerate(CLASSES, 1)) if file is None else _read_names(file)
    colors = {color_of(number): (number, name) for number, name in ids.items()}
    colors |= {color_of(0): (0, ""), color_of(VOID): (0, "")}
    legend = "" if file is None else file.name
    return ids, Paint.of(legend or "the list of Pascal VOC", colors), legend


def _lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a text file, stripped and composed (NFC), with their numbers; no empty ones."""
    check_file(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text in UTF-8: {error}.") from None
    lines = enumerate(unicodedata.normalize("NFC", text).splitlines(), 1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def _read_names(path: Path) -> dict[int, str]:
    """Names of label ids, one a line; a background in the first line has the id 0."""
    # labelme's list begins with it, for the id -1
    names = [name for _, name in _lines(path) if name != "__ignore__"]
    first = 0 if names and names[0].lower() in _BACKGROUND else 1
    ids = {number: name for number, name in enumerate(names, first) if number}
    if not ids or max(ids) >= VOID:
        raise DataError(f"{path} is to name from 1 to {VOID - 1} classes, one a line: mend it.")
    return ids


def _read_colors(path: Path) -> dict[int, tuple[int, str]]:
    """Label id and name of each colour, from ``NAME:R,G,B:PARTS:ACTIONS``, one a line."""
    colors: dict[int, tuple[int, str]] = {}
    for line, text in _lines(path):
        # CVAT's first line says what the cells are
        if text[0] == "#":
            continue
        # from the right, since a name may hold a colon
        name, *cells = text.rsplit(":", 3)
        channels = [whole(c.strip()) for c in cells[0].split(",")] if len(cells) == 3 else []
        known = [c for c in channels if c is not None and c < 256]
        if len(channels) != 3 or len(known) != 3:
            raise DataError(f"{path}, row {line}: write NAME:R,G,B:: with three numbers up to 255.")
        color = int.from_bytes(bytes(known))
        none = name.strip().lower() in (*_BACKGROUND, *_IGNORED)
        number = 0 if none else sum(n > 0 for n, _ in colors.values()) + 1
        name = "" if none else plain_name(name, f"{path}, row {line}")
        if colors.setdefault(color, (number, name))[1] != name:
            raise DataError(f"{path}, row {line}: an earlier row has this colour; give it another.")
    if not any(number for number, _ in colors.values()):
        raise DataError(f"{path} names no class: a data set needs at least one.")
    return colors


def _samples(root: Path) -> tuple[Sample, ...]:
    """The images that have a label map, in alphabetical order."""
    folder = folder_of(root) or root
    images = _by_stem(root / "JPEGImages", IMAGE_SUFFIXES)
    maps = _by_stem(folder, (".png",))
    if not maps or not images:
        empty = root / "JPEGImages" if maps else folder
        raise DataError(
            f"{empty} holds no image: unpack JPEGImages and {folder.name} side by side."
        )
    splits = _splits(root / "ImageSets" / "Segmentation", maps, folder)
    lost = next((stem for stem in maps if stem not in images), None)
    if lost is not None:
        raise DataError(
            f"{folder / maps[lost]} has no image JPEGImages/{lost}.jpg: put it there, or take the "
            "label map out."
        )
    return tuple(
        Sample(
            id=unicodedata.normalize("NFC", images[stem]),
            image=f"JPEGImages/{images[stem]}",
            maps=((MAPS[0], f"{folder.name}/{file}"),),
            split=splits.get(stem, ""),
        )
        for stem, file in sorted(maps.items())
    )


def _by_stem(folder: Path, suffixes: tuple[str, ...]) -> dict[str, str]:
    """The image files below a folder, by their composed paths without suffix."""
    found: dict[str, str] = {}
    for composed, file in listing(folder).items():
        stem, _, suffix = composed.rpartition(".")
        if f".{suffix.lower()}" not in suffixes:
            continue
        if stem in found:
            raise DataError(
                f"{folder} holds both {found[stem]} and {file}, which would have the same label "
                "map: take one out."
            )
        found[stem] = file
    return found


def _splits(folder: Path, maps: Mapping[str, str], labelled: Path) -> dict[str, str]:
    """The split of each image that a list names; that of the first list, train and val first."""
    first = ("train", "val", "test")
    # trainval names the images of both, so it decides last
    lists = sorted(
        folder.glob("*.txt"),
        key=lambda file: (file.stem == "trainval", file.stem not in first, file.stem),
    )
    splits: dict[str, str] = {}
    for file in lists:
        for line, text in _lines(file):
            stem = text.strip('"')
            # other lists may name images that others annotated, and test images nobody did
            if stem not in maps and file.stem in ("train", "val"):
                raise DataError(
                    f"{file}, row {line}: {text[:60]!r} has no label map {labelled.name}/"
                    f"{stem[:60]}.png; put it there, or take the row out."
                )
            splits.setdefault(stem, file.stem)
    return splits
