"""Tell the format of an annotation file by its content, and say how it can be read.

Names of files do not tell: every tool writes ``.json``. So the keys of a file are looked at, in
what was read already or in its first and last megabyte, for indexes may be large.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from andornot._tools.looks import special
from andornot.errors import DataError

_ENDS = 1 << 20
"""Bytes that are looked at from either end of a file."""

_MOST = 64
"""Files that are looked at in a folder: nearly always the first tells."""

_COCO_OUT = "as 'COCO 1.0' and read that by coco-instances:FOLDER"


@dataclass(frozen=True)
class Format:
    """A format of annotations.

    Attributes:
        name: as people call it.
        kind: what reads it here, as in ``voc:FOLDER``; empty if nothing does.
        remedy: where nothing does, how to get from it to a kind that is read.
    """

    name: str
    kind: str = ""
    remedy: str = ""

    def sentence(self, path: Path) -> str:
        """What a file is, and what to do with it."""
        if self.kind:
            return f"{path} looks like {self.name}: read it by {self.kind}:{path}."
        return f"{path} looks like {self.name}, which is not read here: {self.remedy}."


PANOPTIC = Format("COCO panoptic segmentation", "coco")
INSTANCES = Format("COCO instances", "coco-instances")
LABELME = Format("labelme JSON", "labelme")
CAPTIONS = Format("COCO captions", remedy="give the file instances_*.json, which has outlines")
RESULTS = Format(
    "a list of COCO results",
    remedy="put it under 'annotations' into a file that has 'images' and 'categories' too, and "
    "read that by coco-instances:FILE",
)
LABEL_STUDIO = Format(
    "Label Studio's JSON",
    remedy="export the project there as 'COCO' (with its images) and read that by "
    "coco-instances:FOLDER",
)
SUPERVISELY = Format(
    "Supervisely's JSON",
    remedy="export the project there as COCO and read that by coco-instances:FOLDER",
)
VIA = Format(
    "VGG Image Annotator's JSON",
    remedy="export the annotations there in COCO format and read that by coco-instances:FILE",
)
CVAT = Format("CVAT's XML", remedy=f"export the task there {_COCO_OUT}")
VOC_BOXES = Format(
    "Pascal VOC's XML of boxes",
    remedy="boxes are no outlines; if there is a folder SegmentationClass, give the folder above "
    f"it, as in voc:FOLDER; otherwise draw outlines, for example in CVAT, export them {_COCO_OUT}",
)
OLD_LABELME = Format(
    "XML of the old online LabelMe",
    remedy=f"import it into CVAT (as 'LabelMe 3.0'), export it there {_COCO_OUT}",
)
YOLO_BOXES = Format(
    "YOLO annotations of boxes",
    remedy=f"boxes are no outlines; draw outlines, for example in CVAT, export them {_COCO_OUT}",
)
YOLO = Format(
    "YOLO annotations",
    remedy=f"import them into CVAT (as 'Ultralytics YOLO Segmentation'), export them there "
    f"{_COCO_OUT}",
)

_YOLO_ROW = re.compile(r"\d+(\s+-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?){4,}\s*")
_SUFFIXES = (".json", ".xml", ".yaml", ".yml", ".txt")


def seen_in(data: Any) -> Format | None:
    """The format of what a JSON file holds; None if it is none that is known."""
    return _by_keys(_keys(data))


def seen_at(path: Path) -> Format | None:
    """The format of a file, by what stands near its ends; None if it is none that is known."""
    if special(path):  # to open a pipe is to wait
        return None
    try:
        with path.open("rb") as file:
            ends = file.read(_ENDS)
            file.seek(max(len(ends), path.stat().st_size - _ENDS))
            text = (ends + file.read(_ENDS)).decode("utf-8", "replace")
    except OSError:
        return None
    match path.suffix.lower():
        case ".json":
            return _by_keys(set(re.findall(r'"(\w+)"\s*:', text)))
        case ".xml":
            return _of_xml(text)
        case ".yaml" | ".yml":
            names = re.search(r"^names\s*:", text, re.MULTILINE)
            return YOLO if names and re.search(r"^(nc|train|val)\s*:", text, re.MULTILINE) else None
        case ".txt":
            rows = [row for row in text.splitlines()[:10] if row.strip()]
            if not rows or not all(map(_YOLO_ROW.fullmatch, rows)):
                return None
            return YOLO_BOXES if all(len(row.split()) == 5 for row in rows) else YOLO
    return None


def look(path: Path) -> tuple[Path, Format] | None:
    """A file of a known format at or below a path, and its format: one that is read, if any is."""
    found = None
    for file in annotation_files(path):
        seen = seen_at(file)
        if seen is not None and seen.kind:
            return file, seen
        found = found or (None if seen is None else (file, seen))
    return found


def refusal(path: Path, otherwise: str) -> DataError:
    """Why a folder or file is not of the kind that it was to be.

    Args:
        path: the folder or file.
        otherwise: what to say if it holds nothing that is known.
    """
    found = look(path)
    if found is None:
        return DataError(otherwise)
    file, seen = found
    if seen == LABELME and path.is_dir():
        return DataError(f"{path} holds files of labelme: read the folder by labelme:{path}.")
    return DataError(seen.sentence(file))


def expect(data: Any, path: Path, kind: str) -> None:
    """Refuse what a JSON file holds if it is of another kind.

    Raises:
        DataError: it is; the message says which, and how to read it.
    """
    seen = seen_in(data)
    if seen is not None and seen.kind != kind:
        raise DataError(seen.sentence(path))


def annotation_files(path: Path) -> Iterator[Path]:
    """The first files at or below a path that may hold annotations; hidden ones are left out."""
    if path.is_file():
        yield path
        return
    left = _MOST
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if name[0] != ".")
        for name in sorted(files):
            if name[0] != "." and name.lower().endswith(_SUFFIXES) and left:
                left -= 1
                yield Path(folder) / name
        if not left:
            return


def _keys(data: Any, depth: int = 5) -> set[str]:
    """The keys of a JSON value and of the first values in it."""
    if not depth:
        return set()
    if isinstance(data, dict):
        inner = [_keys(value, depth - 1) for value in list(data.values())[:50]]
        return set(data).union(*inner)
    if isinstance(data, list):
        return set().union(*(_keys(value, depth - 1) for value in data[:20]))
    return set()


def _by_keys(keys: set[str]) -> Format | None:
    """The format that has such keys; what only one format has comes first."""
    signs = (
        (PANOPTIC, "segments_info" in keys),
        (INSTANCES, "images" in keys and keys & {"segmentation", "bbox"}),
        (LABELME, "shapes" in keys and keys & {"imagePath", "imageData", "imageHeight"}),
        (LABEL_STUDIO, keys & {"polygonlabels", "brushlabels", "rectanglelabels", "completed_by"}),
        (LABEL_STUDIO, {"annotation_id", "annotator"} <= keys),
        (SUPERVISELY, keys & {"classTitle", "projectType"}),
        (VIA, keys & {"_via_img_metadata", "shape_attributes"}),
        (CAPTIONS, {"images", "caption"} <= keys),
        (RESULTS, {"image_id", "category_id"} <= keys and "images" not in keys),
    )
    return next((seen for seen, found in signs if found), None)


def _of_xml(text: str) -> Format | None:
    """The format of an XML file."""
    if "<annotations>" in text and re.search("<(image|track|meta)[ >]", text):
        return CVAT
    if "<annotation" not in text:
        return None
    return OLD_LABELME if "<pt>" in text else VOC_BOXES if "<filename>" in text else None
