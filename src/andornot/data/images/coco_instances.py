"""Read COCO instances: objects outlined one by one (Lin et al. 2014).

``instances_SPLIT.json`` lists categories, images and annotations; the ``segmentation`` of an
annotation is a list of polygons, or run lengths down the columns of a mask. A concept is a
category; instances of it, and crowds, are not told apart.
"""

from __future__ import annotations

import hashlib
import posixpath
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from andornot._tools.extras import install
from andornot.data.images.dataset import FolderData, Sample, check_categories
from andornot.data.images.drawn import (
    LAYER,
    Drawn,
    Frame,
    Shape,
    coordinates,
    frame_of,
    listing,
    plain_name,
    short,
)
from andornot.data.images.files import read_json_file, safe_relative
from andornot.data.images.formats import INSTANCES, expect, refusal, seen_at
from andornot.errors import DataError, OptionError

T = TypeVar("T")

KIND = "coco-instances"
_ROBOFLOW = "_annotations.coco.json"
_NO_GROUP = ("", "none")

_MOST = 64
"""Files with other names that are looked at: a folder may hold one for each image."""

_LONGEST = 2_000_000
"""Pixels around a polygon: what is longer is no outline, and would fill the memory."""


@dataclass(frozen=True, slots=True)
class Polygons:
    """A region as the union of polygons, drawn by pycocotools.

    Attributes:
        label: its label id.
        rings: of each polygon x and y in turn, float64.
    """

    label: int
    rings: tuple[NDArray[np.float64], ...]

    def mask(self, frame: Frame) -> NDArray[np.bool_]:
        """Where it is."""
        tools = import_pycocotools()
        # with fewer than three points there is no area (and pycocotools would see a box)
        rings = [ring for ring in self.rings if len(ring) >= 6]
        here = np.zeros(frame, bool)
        for ring in rings:
            x, y = ring[0::2], ring[1::2]
            around = np.maximum(abs(x - np.roll(x, 1)), abs(y - np.roll(y, 1))).sum()
            if around > _LONGEST:
                raise DataError(f"a polygon is {around:,.0f} pixels around: mend the file.")
            (drawn,) = tools.frPyObjects([ring.tolist()], *frame)
            # unpacked by us, as all are: pycocotools leaves memory unset where runs are too short
            here |= Runs(self.label, drawn["counts"].decode("ascii")).mask(frame)
        return here


@dataclass(frozen=True, slots=True)
class Runs:
    """A region as lengths of runs, outside and inside in turn, down the columns of its frame.

    Attributes:
        label: its label id.
        counts: the lengths, int64, or the text that COCO packs them into.
    """

    label: int
    counts: NDArray[np.int64] | str

    def mask(self, frame: Frame) -> NDArray[np.bool_]:
        """Where it is."""
        lengths = unpacked(self.counts) if isinstance(self.counts, str) else self.counts
        inside = np.arange(len(lengths)) % 2 == 1
        return np.repeat(inside, lengths).reshape(frame[::-1]).T


def import_pycocotools() -> ModuleType:
    """Return ``pycocotools.mask``.

    Raises:
        OptionError: it is not installed.
    """
    try:
        from pycocotools import mask
    except ModuleNotFoundError as error:
        raise OptionError(
            f"COCO instances need pycocotools, which is not installed: run {install('coco')}."
        ) from error
    found: ModuleType = mask
    return found


def unpacked(text: str) -> NDArray[np.int64]:
    """Lengths of runs from COCO's compressed text.

    A character holds five bits of a number, lowest first, and whether more follow; from the fourth
    on, a number is the difference to the length two before. Not left to pycocotools, which reads
    beyond the end of a damaged text.

    Raises:
        ValueError: the text is none of these.
    """
    bits = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    if bits.min(initial=0) < 0 or bits.max(initial=0) > 63:
        raise ValueError("a character that does not belong there")
    ends = np.flatnonzero(bits < 32)  # without the bit that more follow
    if not len(ends) or ends[-1] != len(bits) - 1:
        raise ValueError("the end is missing")
    starts = np.append(0, ends[:-1] + 1)
    sizes = ends - starts + 1
    if sizes.max() > 7:
        raise ValueError("a number that no image is large enough for")
    place = np.arange(len(bits)) - np.repeat(starts, sizes)
    lengths = np.add.reduceat((bits & 31) << 5 * place, starts)
    lengths -= np.where(bits[ends] & 16, np.int64(1) << 5 * sizes, 0)
    # COCO's own code takes differences from the fourth number on: its condition is i > 2
    for start in (1, 2):
        lengths[start::2] = np.cumsum(lengths[start::2])
    return lengths


@dataclass
class _Found:
    """What the annotation files say, while they are read.

    Attributes:
        groups: the super-categories of each category, by name.
        samples: of all files.
        shapes, frames: see :class:`Drawn`.
        digest: of the bytes of all files.
    """

    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    shapes: dict[str, list[Shape]] = field(default_factory=dict)
    frames: dict[str, Frame] = field(default_factory=dict)
    digest: Any = field(default_factory=hashlib.sha256)


def indexes(path: Path) -> list[Path]:
    """The annotation files of a folder: by the names that they usually have, or else by content."""
    folders = [folder for folder in (path, path / "annotations") if folder.is_dir()]
    named = [file for folder in folders for file in sorted(folder.glob("instances_*.json"))]
    named = named or sorted([*path.glob(_ROBOFLOW), *path.glob(f"*/{_ROBOFLOW}")])
    every = (file for folder in folders for file in sorted(folder.glob("*.json")))
    return named or [file for file in islice(every, _MOST) if seen_at(file) == INSTANCES]


def read_coco_instances(path: Path, categories: Collection[str] | None = None) -> FolderData:
    """Read COCO instances; masks are drawn and images opened only when asked for.

    The category of a concept is COCO's super-category, or ``object`` where it has none. Images
    without annotation are samples without concepts.

    Args:
        path: the folder with ``instances_*.json`` in it or in ``annotations`` (or files
            ``*.json`` of this content), or one such file.
        categories: keep only the concepts of these; None keeps all.

    Raises:
        DataError: a file is missing, damaged, of another format, or contradicts another.
        OptionError: a category that no concept has, or pycocotools is missing.
    """
    import_pycocotools()
    files = indexes(path) if path.is_dir() else [path]
    if not files:
        raise refusal(
            path,
            f"{path} has no COCO instances (instances_*.json), nor has its folder 'annotations': "
            "unpack the annotations there, or give the file.",
        )
    root = _root(path)
    found = _Found()
    for file in files:
        _read(file, root, found)
    check_categories(
        dict.fromkeys(c for several in found.groups.values() for c in several), categories
    )
    kept = {
        name: tuple(c for c in several if categories is None or c in categories)
        for name, several in found.groups.items()
    }
    names = [name for name, several in kept.items() if several]
    codes = [0, *(names.index(name) + 1 if kept[name] else 0 for name in kept)]
    where = str(files[0]) if len(files) == 1 else f"{files[0].parent}/*.json"
    return FolderData(
        path=root,
        kind=KIND,
        names=tuple(names),
        categories=tuple(kept[name] for name in names),
        samples=tuple(found.samples),
        codes={LAYER: np.array(codes, np.int32)},
        legend=files[0].name,
        drawn=Drawn(found.shapes, found.frames, where),
        decoded_by=found.digest.hexdigest(),
    )


def _root(path: Path) -> Path:
    """The folder of a data set, from what the user gave."""
    if path.is_dir():
        return path
    return path.parent.parent if path.parent.name == "annotations" else path.parent


def _read(file: Path, root: Path, found: _Found) -> None:
    """Add what one annotation file says."""
    data, where = read_json_file(file), str(file)
    expect(data, file, KIND)
    # labels lie in this file, not in maps with a size and a time of their own
    found.digest.update(file.read_bytes())
    labels = _categories(data, found.groups, where)
    images = _images(data, where)
    split, ids = _split(file), {}
    places = _places([name for name, _ in images.values()], root, file, split)
    for (key, (_, frame)), (name, image) in zip(images.items(), places, strict=True):
        ids[key] = name
        found.samples.append(Sample(id=name, image=image, split=split))
        if frame is not None:
            found.frames[name] = frame
    for number, entry in enumerate(_entries(data, "annotations", where)):
        at = f"{where}, annotation {short(entry.get('id', number))}"
        label = _among(labels, entry, "category_id", "categories", at)
        sample = _among(ids, entry, "image_id", "images", at)
        value = entry.get("segmentation")
        if isinstance(value, dict):
            found.frames.setdefault(sample, _size(value, at))
            shape: Shape = _runs(value, label, found.frames[sample], at)
        else:
            shape = _polygons(value, label, at)
        found.shapes.setdefault(sample, []).append(shape)


def _among(known: Mapping[str, T], entry: Mapping[str, Any], key: str, of: str, at: str) -> T:
    """What an annotation's id means.

    Raises:
        DataError: the list of that name does not have it.
    """
    found = known.get(_key(entry, key, at))
    if found is None:
        raise DataError(
            f"{at} has the {key!r} {short(entry[key])}, which {of!r} does not list: add it there, "
            "or take the annotation out."
        )
    return found


def _entries(data: Any, key: str, where: str) -> list[dict[str, Any]]:
    """The objects in a list of a JSON file."""
    found = data.get(key) if isinstance(data, dict) else None
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise DataError(
            f"{where} has no list {key!r} of objects: a file of COCO instances needs 'images', "
            "'annotations' and 'categories'."
        )
    return found


def _key(entry: Mapping[str, Any], name: str, where: str) -> str:
    """An id as text: some tools write 7, others "7", and some both."""
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise DataError(
            f"{where} lacks {name!r}, a number or a text, but has {short(value)}: add it."
        )
    return str(value)


def _categories(data: Any, groups: dict[str, tuple[str, ...]], where: str) -> dict[str, int]:
    """The label id of each category id: the place, from 1, of its name among those known."""
    labels: dict[str, int] = {}
    for number, entry in enumerate(_entries(data, "categories", where)):
        at = f"{where}, category {short(entry.get('id', number))}"
        name, key = plain_name(entry.get("name"), at), _key(entry, "id", at)
        group = entry.get("supercategory")
        named = isinstance(group, str) and group.strip().lower() not in _NO_GROUP
        several = (*groups.get(name, ()), plain_name(group, at) if named else "object")
        groups[name] = tuple(dict.fromkeys(several))
        if key in labels:
            raise DataError(f"{at} has an id that an earlier category has: give it another.")
        labels[key] = list(groups).index(name) + 1
    if not labels:
        raise DataError(f"{where} names no category: a data set needs at least one concept.")
    return labels


def _images(data: Any, where: str) -> dict[str, tuple[str, Frame | None]]:
    """Path and size of each image, by its id."""
    images: dict[str, tuple[str, Frame | None]] = {}
    for number, entry in enumerate(_entries(data, "images", where)):
        at = f"{where}, image {short(entry.get('id', number))}"
        name = entry.get("file_name")
        if not isinstance(name, str):
            raise DataError(f"{at} lacks 'file_name', a text, but has {short(name)}: add it.")
        key = _key(entry, "id", at)
        if key in images:
            raise DataError(f"{at} has an id that an earlier image has: give it another.")
        images[key] = (
            safe_relative(name.replace("\\", "/"), at),
            frame_of(entry, "height", "width", at),
        )
    return images


def _split(file: Path) -> str:
    """The split that a file's name, or Roboflow's folder, tells."""
    if file.name == _ROBOFLOW:
        return file.parent.name
    return file.stem.removeprefix("instances_") if file.stem.startswith("instances_") else ""


def _places(names: list[str], root: Path, file: Path, split: str) -> Iterator[tuple[str, str]]:
    """Of each image its path below the data set: composed (NFC), and as it is on disk.

    They lie below the first folder of those that publishers use which holds any of them.
    """
    if not names:
        raise DataError(f"{file} lists no image: a data set needs at least one.")
    composed = [unicodedata.normalize("NFC", name) for name in names]
    for folder in dict.fromkeys((split, f"images/{split}", "images", "", _beside(file, root))):
        there = listing(root / folder) if (root / folder).is_dir() else {}
        if not there.keys().isdisjoint(composed):
            return (
                (posixpath.join(folder, name), posixpath.join(folder, there.get(name, name)))
                for name in composed
            )
    tried = f"{split}, images/{split}, images" if split else "images"
    raise DataError(
        f"{root} has no image {names[0]}, neither in {tried} nor beside {file.name}: put the "
        "images there."
    )


def _beside(file: Path, root: Path) -> str:
    """The folder of an annotation file, below the data set."""
    return "" if file.parent == root else file.parent.relative_to(root).as_posix()


def _polygons(value: Any, label: int, at: str) -> Polygons:
    """Polygons from what an annotation has for its segmentation."""
    if not isinstance(value, list) or not value:
        raise DataError(
            f"{at} has no outline (its 'segmentation' is {short(value)}): give it polygons or run "
            "lengths, or take it out."
        )
    if not all(isinstance(ring, list) for ring in value):
        raise DataError(
            f"{at} is to have a list of polygons, [[x, y, x, y, ...]], got {short(value)}: mend "
            "the file."
        )
    rings = tuple(coordinates(ring, at) for ring in value)
    for ring in rings:
        if ring.ndim != 1 or len(ring) % 2:
            raise DataError(
                f"{at} has a polygon of {len(ring)} numbers, but each point has two, "
                "[x, y, x, y, ...]: mend the file."
            )
    return Polygons(label, rings)


def _size(value: Mapping[str, Any], at: str) -> Frame:
    """The size that run lengths say they have."""
    size = value.get("size")
    sides = size if isinstance(size, list) and len(size) == 2 else [None, None]
    frame = frame_of({"height": sides[0], "width": sides[1]}, "height", "width", at)
    if frame is None:
        raise DataError(f"{at} has run lengths without 'size': [height, width]; add it.")
    return frame


def _runs(value: Mapping[str, Any], label: int, frame: Frame, at: str) -> Runs:
    """Run lengths from what an annotation has for its segmentation."""
    counts, size = value.get("counts"), _size(value, at)
    if size != frame:
        raise DataError(
            f"{at} has run lengths of {size[1]} x {size[0]} pixels, but its image has {frame[1]} x "
            f"{frame[0]}: mend the file."
        )
    try:
        lengths = unpacked(counts) if isinstance(counts, str) else np.array(counts)
    except ValueError as error:
        raise DataError(f"{at} has damaged run lengths ({error}): fetch the file again.") from None
    if lengths.dtype.kind != "i" or lengths.ndim != 1 or lengths.min(initial=0) < 0:
        raise DataError(
            f"{at} has run lengths that are no list of counts, {short(counts)}: mend the file."
        )
    pixels = frame[0] * frame[1]
    if lengths.max(initial=0) > pixels or lengths.sum() != pixels:
        raise DataError(
            f"{at} has run lengths that do not add up to the {pixels:,} pixels of its image: mend "
            "the file."
        )
    return Runs(label, counts if isinstance(counts, str) else lengths)
