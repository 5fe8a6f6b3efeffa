"""Read COCO panoptic segmentation as published (Kirillov et al. 2019).

``panoptic_SPLIT.json`` lists categories, images and, for each annotated image, a colour PNG and
its segments: a pixel's segment is ``R + 256 * G + 256**2 * B``, 0 is none, and the JSON gives the
category of each segment. A concept is a category; instances of it are not told apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot.errors import DataError
from andornot.probing.dataset import FolderData, Sample, check_categories
from andornot.probing.files import AnyFile, read_colour_ids, read_json_file, records, safe_relative
from andornot.probing.formats import expect, refusal

LAYER = "panoptic"


def indexes(path: Path) -> list[Path]:
    """The files ``panoptic_*.json`` of a folder, or of its folder ``annotations``."""
    folders = (path, path / "annotations") if path.is_dir() else ()
    return sorted(file for folder in folders for file in folder.glob("panoptic_*.json"))


@dataclass(frozen=True, eq=False)
class Segments:
    """Reads panoptic PNGs: from segments to label ids.

    Attributes:
        labels: for each PNG, by its folder and name, int64 ``(2, n)``: its segment ids,
            ascending, and the label id of each.
        legend: the file that lists the segments, for messages.
    """

    labels: Mapping[str, NDArray[np.int64]]
    legend: str

    def __call__(self, path: AnyFile) -> NDArray[np.int32]:
        """Read the label ids of a PNG, (H, W).

        Raises:
            DataError: the file is damaged, or holds a segment that the JSON does not list.
        """
        pixels = read_colour_ids(path)
        ids = pixels[..., 0] + 256 * pixels[..., 1] + 65536 * pixels[..., 2]
        segments, labels = self.labels[_key(Path(str(path)))]
        places = np.searchsorted(segments, ids)
        unknown = segments[places.clip(max=len(segments) - 1)] != ids
        if unknown.any():
            raise DataError(
                f"{path} holds the segment {ids[unknown][0]}, which {self.legend} does not list: "
                "fetch both again, they must be of one edition."
            )
        found: NDArray[np.int32] = labels.astype(np.int32)[places]
        return found

    def digest(self) -> str:
        """A digest of all it knows."""
        digest = hashlib.sha256()
        for name, table in sorted(self.labels.items()):
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
            samples.append(sample)
            labels[_key(Path(sample.maps[0][1]))] = table
    check_categories(dict.fromkeys(c for several in known.values() for c in several), categories)
    kept = {
        name: tuple(c for c in several if categories is None or c in categories)
        for name, several in known.items()
    }
    names = [name for name, several in kept.items() if several]
    codes = [0, *(names.index(name) + 1 if kept[name] else 0 for name in known)]
    decode = Segments(labels, files[0].name if len(files) == 1 else "panoptic_*.json")
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
    )


def _key(path: Path) -> str:
    return "/".join(path.parts[-2:])


def _categories(data: Any, known: dict[str, tuple[str, ...]], where: str) -> dict[int, int]:
    """The label id of each category id: the category's place, from 1, among those known."""
    places = {}
    for category in records(data, "categories", {"id": int, "name": str}, where):
        name = category["name"].strip()
        if not name:
            raise DataError(f"{where}: the category {category['id']} has no name: give it one.")
        sort = {"1": "thing", "0": "stuff"}.get(str(category.get("isthing")))
        several = [c for c in (sort, category.get("supercategory")) if isinstance(c, str) and c]
        known[name] = tuple(dict.fromkeys((*known.get(name, ()), *several))) or ("object",)
        places[category["id"]] = list(known).index(name) + 1
    if not places:
        raise DataError(f"{where} names no category: a data set needs at least one concept.")
    return places


def _annotated(
    data: Any, file: Path, root: Path, places: Mapping[int, int]
) -> Iterator[tuple[Sample, NDArray[np.int64]]]:
    """The annotated images of one index, each with its segments (see :class:`Segments`)."""
    where = str(file)
    split = file.stem.removeprefix("panoptic_")
    images = {
        image["id"]: safe_relative(image["file_name"], where)
        for image in records(data, "images", {"id": int, "file_name": str}, where)
    }
    fields = {"image_id": int, "file_name": str, "segments_info": list}
    annotations = records(data, "annotations", fields, where)
    known = [images[a["image_id"]] for a in annotations if a["image_id"] in images]
    folder = _image_folder(root, split, known[0]) if known else ""
    maps = file.with_suffix("").relative_to(root).as_posix()
    for annotation in annotations:
        if annotation["image_id"] not in images:
            raise DataError(
                f"{where}: an annotation is of the image {annotation['image_id']}, which is not "
                "among 'images': fetch the file again."
            )
        image = f"{folder}{images[annotation['image_id']]}"
        png = f"{maps}/{safe_relative(annotation['file_name'], where)}"
        sample = Sample(id=image, image=image, maps=((LAYER, png),), split=split)
        yield sample, _segments(annotation, places, f"{where}, image {image}")


def _image_folder(root: Path, split: str, first: str) -> str:
    """Where the images of a split lie below the data set, as a prefix of their paths."""
    folders = (f"{split}/", f"images/{split}/", "images/", "")
    for folder in folders:
        if (root / folder / first).is_file():
            return folder
    raise DataError(
        f"{root} has no image {first}, neither in {split}, images/{split} nor images: put the "
        f"images of the split into the folder {split}."
    )


def _segments(
    annotation: dict[str, Any], places: Mapping[int, int], where: str
) -> NDArray[np.int64]:
    """Segment ids, ascending, and their label ids; 0, no label, is among them."""
    found = {0: 0}
    for segment in records(annotation, "segments_info", {"id": int, "category_id": int}, where):
        label = places.get(segment["category_id"])
        if label is None or not 0 < segment["id"] < 2**24:
            raise DataError(
                f"{where}: the segment {segment['id']} is of the category "
                f"{segment['category_id']}, which 'categories' does not list, or its id does not "
                "fit into a PNG: fetch the file again."
            )
        found[segment["id"]] = label
    return np.array(sorted(found.items()), np.int64).T.copy()
