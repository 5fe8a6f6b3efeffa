"""Read COCO panoptic segmentation as published (Kirillov et al. 2019).

``panoptic_SPLIT.json`` lists categories, images and, for each annotated image, a colour PNG and
its segments: a pixel's segment is ``R + 256 * G + 256**2 * B``, 0 is none, and the JSON gives the
category of each segment. A concept is a category; instances of it are not told apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.numerals import whole
from andornot.concepts.known import every_category
from andornot.data.images.dataset import FolderData, Sample, Void, check_categories
from andornot.data.images.drawn import listing
from andornot.data.images.files import (
    AnyFile,
    read_colour_ids,
    read_json_file,
    records,
    safe_relative,
)
from andornot.data.images.formats import expect, refusal
from andornot.errors import DataError
from andornot.formula import nfc

LAYER = "panoptic"

_ID = (int, str)
"""Ids are numbers where COCO published them, and often text elsewhere."""

_SORTS = {"1": "thing", "true": "thing", "0": "stuff", "false": "stuff"}
"""What ``isthing`` means, however it is written."""


def indexes(path: Path) -> list[Path]:
    """The files ``panoptic_*.json`` of a folder, or of its folder ``annotations``."""
    folders = (path, path / "annotations") if path.is_dir() else ()
    return sorted(file for folder in folders for file in folder.glob("panoptic_*.json"))


@dataclass(frozen=True, eq=False)
class Segments:
    """Reads panoptic PNGs: from segments to label ids.

    Attributes:
        labels: for each PNG, by its whole path below the data set, int64 ``(2, n)``: its segment
            ids, ascending, and the label id of each.
        legend: the file that lists the segments, for messages.
        root: the folder of the data set.
    """

    labels: Mapping[str, NDArray[np.int64]]
    legend: str
    root: Path

    def __call__(self, path: AnyFile) -> NDArray[np.int32]:
        """Read the label ids of a PNG, (H, W).

        Raises:
            DataError: the file is damaged, or holds a segment that the JSON does not list.
        """
        pixels = read_colour_ids(path)
        ids = pixels[..., 0] + 256 * pixels[..., 1] + 65536 * pixels[..., 2]
        segments, labels = self.labels[Path(str(path)).relative_to(self.root).as_posix()]
        places = np.searchsorted(segments, ids)
        # for an id beyond the last, searchsorted gives a place behind the end
        unknown = segments[places.clip(max=len(segments) - 1)] != ids
        if unknown.any():
            raise DataError(
                f"{path} holds the segment {ids[unknown][0]}, which {self.legend} does not list: "
                "take both from one edition, and the PNG as it was published (RGB)."
            )
        found: NDArray[np.int32] = labels.astype(np.int32)[places]
        return found

    def digest(self) -> str:
        """A digest of all it knows.

        The samples say where each PNG lies; here its folder and name do, as they always did, so
        that what was computed stays valid.
        """
        digest = hashlib.sha256()
        named = [("/".join(name.split("/")[-2:]), table) for name, table in self.labels.items()]
        for name, table in sorted(named, key=lambda entry: entry[0]):
            digest.update(name.encode() + table.tobytes())
        return digest.hexdigest()


def read_coco(path: Path, categories: Collection[str] | None = None) -> FolderData:
    """Read COCO panoptic data; maps and images are opened only when asked for.

    Categories of concepts are ``thing`` or ``stuff``, and COCO's own super-categories.

    Args:
        path: the folder, with ``panoptic_*.json`` in it or in ``annotations``, or one such file.
        categories: keep only the concepts of these; None keeps all.

    Raises:
        DataError: a file is missing, damaged, or contradicts another.
        OptionError: a category that no concept has.
    """
    files = indexes(path) if path.is_dir() else [path]
    if not files:
        raise refusal(
            path,
            f"{path} has no panoptic_*.json, nor has its folder 'annotations': unpack the panoptic "
            "annotations there.",
        )
    first = files[0].parent
    root = first.parent if first.name == "annotations" else first
    known: dict[str, tuple[str, ...]] = {}
    samples: list[Sample] = []
    labels: dict[str, NDArray[np.int64]] = {}
    for file in files:
        data = read_json_file(file)
        expect(data, file, "coco")
        places = _categories(data, known, str(file))
        for sample, table in _annotated(data, file, root, places):
            png = sample.maps[0][1]
            if png in labels:
                raise DataError(f"{file} lists {png} twice: each image needs a PNG of its own.")
            samples.append(sample)
            labels[png] = table
    check_categories(dict.fromkeys(c for several in known.values() for c in several), categories)
    kept = {
        name: tuple(c for c in several if categories is None or c in categories)
        for name, several in known.items()
    }
    names = [name for name, several in kept.items() if several]
    codes = [0, *(names.index(name) + 1 if kept[name] else 0 for name in known)]
    legend = files[0].name if len(files) == 1 else "panoptic_*.json"
    decode = Segments(labels, legend, root)
    return FolderData(
        path=root,
        kind="coco",
        names=tuple(names),
        categories=tuple(kept[name] for name in names),
        samples=tuple(samples),
        codes={LAYER: np.array(codes, np.int32)},
        legend=decode.legend,
        decode=decode,
        decoded_by=decode.digest(),
        void={LAYER: Void((0,), every_category(kept.values()))},
    )


def _categories(data: Any, known: dict[str, tuple[str, ...]], where: str) -> dict[str, int]:
    """The label id of each category id: the category's place, from 1, among those known."""
    places: dict[str, int] = {}
    for category in records(data, "categories", {"id": _ID, "name": str}, where):
        name, number = nfc(category["name"].strip()), str(category["id"])
        if not name:
            raise DataError(f"{where}: the category {number} has no name: give it one.")
        sort = _SORTS.get(str(category.get("isthing")).lower())
        several = [c for c in (sort, category.get("supercategory")) if isinstance(c, str) and c]
        several = [nfc(c) for c in several]
        known[name] = tuple(dict.fromkeys((*known.get(name, ()), *several))) or ("object",)
        place = list(known).index(name) + 1
        if places.setdefault(number, place) != place:
            raise DataError(f"{where} lists the category {number} twice: give one another id.")
    if not places:
        raise DataError(f"{where} names no category: a data set needs at least one concept.")
    return places


def _annotated(
    data: Any, file: Path, root: Path, places: Mapping[str, int]
) -> Iterator[tuple[Sample, NDArray[np.int64]]]:
    """The annotated images of one index, each with its segments (see :class:`Segments`)."""
    where = str(file)
    split = file.stem.removeprefix("panoptic_")
    images: dict[str, str] = {}
    for entry in records(data, "images", {"id": _ID, "file_name": str}, where):
        image = safe_relative(entry["file_name"].replace("\\", "/"), where)
        if images.setdefault(str(entry["id"]), image) != image:
            raise DataError(f"{where} lists the image {entry['id']} twice: give one another id.")
    fields: dict[str, type | tuple[type, ...]]
    fields = {"image_id": _ID, "file_name": str, "segments_info": list}
    annotations = records(data, "annotations", fields, where)
    known = [images[i] for a in annotations if (i := str(a["image_id"])) in images]
    folder = _image_folder(root, split, known[0]) if known else ""
    maps = file.with_suffix("").relative_to(root).as_posix()
    pictures = _on_disk(root / folder, known)
    pngs = [safe_relative(a["file_name"].replace("\\", "/"), where) for a in annotations]
    drawn = _on_disk(root / maps, pngs)
    for annotation, name in zip(annotations, pngs, strict=True):
        number = str(annotation["image_id"])
        if number not in images:
            raise DataError(
                f"{where}: an annotation is of the image {number}, which is not among 'images': "
                "add it there, or take the annotation out."
            )
        image = nfc(f"{folder}{images[number]}")
        stored, png = f"{folder}{pictures[images[number]]}", f"{maps}/{drawn[name]}"
        sample = Sample(id=image, image=stored, maps=((LAYER, png),), split=split)
        yield sample, _segments(annotation, places, f"{where}, image {image}")


def _image_folder(root: Path, split: str, first: str) -> str:
    """Where the images of a split lie below the data set, as a prefix of their paths."""
    folders = (f"{split}/", f"images/{split}/", "images/", "")
    for folder in folders:
        if (root / folder / _on_disk(root / folder, [first])[first]).is_file():
            return folder
    raise DataError(
        f"{root} has no image {first}, neither in {split}, images/{split} nor images: put the "
        f"images of the split into the folder {split}."
    )


def _on_disk(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Of each file below a folder its path on disk, where letters may be taken apart (NFD)."""
    wanted = list(names)
    # most are plain, and a large folder need not be listed for them
    there = {} if all(map(str.isascii, wanted)) else listing(folder)
    return {name: there.get(nfc(name), name) for name in wanted}


def _segments(
    annotation: dict[str, Any], places: Mapping[str, int], where: str
) -> NDArray[np.int64]:
    """Segment ids, ascending, and their label ids; 0, no label, is among them."""
    found = {0: 0}
    for segment in records(annotation, "segments_info", {"id": _ID, "category_id": _ID}, where):
        label, text = places.get(str(segment["category_id"])), str(segment["id"])
        number = whole(text) or 0
        if label is None or not 0 < number < 2**24:
            raise DataError(
                f"{where}: the segment {text[:20]!r} is of the category "
                f"{segment['category_id']!r}, which 'categories' does not list, or its id does not "
                "fit into a PNG (1 to 16777215): mend the file, or export it again."
            )
        if found.setdefault(number, label) != label:
            raise DataError(f"{where} lists the segment {number} twice: give one another id.")
    return np.array(sorted(found.items()), np.int64).T.copy()
