"""Open any probing data set by a short text, as the command line and configurations do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.checks import texts, users_path, whole_number
from andornot._tools.looks import looks_like
from andornot.concepts.provenance import Provenance
from andornot.data.images.ade20k import read_ade20k
from andornot.data.images.broden import LEGEND as BRODEN_LEGEND
from andornot.data.images.broden import read_broden
from andornot.data.images.cityscapes import read_cityscapes
from andornot.data.images.coco import indexes, read_coco
from andornot.data.images.coco_instances import indexes as instance_indexes
from andornot.data.images.coco_instances import read_coco_instances
from andornot.data.images.colors import color_bins, read_color_bins
from andornot.data.images.dataset import FolderData
from andornot.data.images.files import IMAGE_SUFFIXES
from andornot.data.images.formats import look
from andornot.data.images.labelmaps import LEGEND, read_labelmaps
from andornot.data.images.labelme import read_labelme
from andornot.data.images.parquet import parquet_files, read_parquet
from andornot.data.images.voc import read_voc, root_of
from andornot.data.samples import OWN, groups_by_name, is_expression
from andornot.data.sources.colours import CATEGORY, COLORS, Colours
from andornot.data.sources.named import named_sources
from andornot.errors import DataError, OptionError, quoted
from andornot.formula import nfc

Reader = Callable[[Path, Collection[str] | None], FolderData]

READERS: dict[str, Reader] = {
    "ade20k": read_ade20k,
    "broden": read_broden,
    "cityscapes": read_cityscapes,
    "coco": read_coco,
    "coco-instances": read_coco_instances,
    "labelmaps": read_labelmaps,
    "labelme": read_labelme,
    "parquet": read_parquet,
    "voc": read_voc,
}
"""How each kind of data set is read; its name is what stands before the colon."""


def open_data(
    spec: str | Path,
    *,
    categories: Collection[str] | None = None,
    split: str | None = None,
    limit: int | None = None,
    colors: bool | str | Path = False,
    group: str | None = None,
    sources: Sequence[Any] = (),
) -> FolderData:
    """Open a probing data set.

    Args:
        spec: a kind and a path, such as ``broden:FOLDER``, ``broden:FOLDER/index_ade20k.csv`` or
            ``coco:FOLDER`` (kinds: ``READERS``), or a plain path, whose kind its files tell.
        categories: keep only the concepts of these categories of the data set.
        split: keep only the samples of this split.
        limit: keep at most so many samples, spread evenly over the index (which often is
            sorted by source).
        colors: True names the colour of each position from the image's pixels, by our own
            rule; a path does so by a table of the user's (see ``colors``).
        group: which samples are not independent of each other: a regular expression that begins
            with ``^`` and is matched to their ids (see ``data.samples.groups_by_name``), or
            ``none``, so that each is its own group; as the data set has it if not given.
        sources: further concepts, as ``dissect`` takes them: ``FILE.py:FUNCTION`` (which runs that
            file), the name of an entry point, functions or sources (see ``data.sources``).

    Raises:
        DataError: the data set is missing, damaged or inconsistent.
        OptionError: an option fits neither us nor the data set.

    Examples:
        >>> data = open_data("squares")  # the same as "labelmaps:squares"
        >>> len(data), data.names
        (24, ('red', 'green', 'blue', 'yellow'))
        >>> len(open_data("squares", limit=6))
        6
    """
    reader, path = _resolve(str(spec))
    if categories is not None:
        categories = [nfc(category) for category in texts(categories, "categories")]
    if not isinstance(colors, bool | str | Path):
        raise OptionError(f"colors is {quoted(colors)}; give True, False or the path of a table")
    data = reader(path, categories)
    if group is not None:
        data = _with_groups(data, group)
    if split is not None:
        split = nfc(str(split))
        inside = [i for i, name in enumerate(data.splits) if name == split]
        if not inside:
            known = ", ".join(sorted(set(data.splits) - {""})) or "no split at all"
            raise OptionError(f"{path} has no sample in the split {split!r}: it has {known}.")
        data = data.subset(inside)
    if limit is not None:
        limit = whole_number(limit, "limit", 1)
        step = max(1.0, len(data) / limit)
        data = data.subset(int(i * step) for i in range(min(limit, len(data))))
    if colors is not False:
        bins = color_bins() if colors is True else read_color_bins(Path(colors))
        data = _with_colors(data, bins, colors)
    source = {
        # whole paths: the run may be opened again from another directory
        "spec": f"{data.kind}:{path.absolute()}",
        "categories": None if categories is None else sorted(categories),
        "split": split,
        "limit": limit,
        "colors": colors if isinstance(colors, bool) else str(Path(colors).absolute()),
        "group": group,
    }
    return replace(data, source=source, further=named_sources(sources))


def _resolve(spec: str) -> tuple[Reader, Path]:
    """Tell the reader and the path that a text means."""
    kind, colon, rest = spec.partition(":")
    kind = kind if colon else ""  # a folder may be called as a kind is
    path = users_path(rest if kind in READERS else spec, "the data set")
    if not path.exists():
        raise DataError(
            f"there is no data set at {path}: give a folder, or KIND:FOLDER with one of the kinds "
            f"{', '.join(READERS)}."
        )
    return READERS[kind if kind in READERS else kind_of(path)], path


def kind_of(path: Path) -> str:
    """Tell the kind of a data set by its files.

    Raises:
        DataError: it is none that we know.
    """
    folder = path if path.is_dir() else path.parent
    signs = {
        "parquet": path.suffix == ".parquet" or (path.is_dir() and bool(parquet_files(path))),
        "coco": bool(indexes(path)),
        "broden": (folder / BRODEN_LEGEND).is_file(),
        "labelmaps": (path / LEGEND).is_file(),
        "cityscapes": (path / "gtFine").is_dir(),
        "ade20k": any((path / below).is_dir() for below in ("images/ADE", "ADE")),
        "voc": root_of(path) is not None,
        "coco-instances": bool(instance_indexes(path)),
    }
    for kind, found in signs.items():
        if found:
            return kind
    seen = look(path)
    if seen is not None and not seen[1].kind:
        raise DataError(seen[1].sentence(seen[0]))
    if seen is not None or path.suffix == ".json":
        return "coco" if seen is None else seen[1].kind
    if not path.is_dir():
        raise DataError(
            f"{path} looks like {looks_like(path)}, which is no data set that we know: give a "
            "folder, a JSON file of annotations or a parquet file (see docs/reference/data.md)."
        )
    if any(file.suffix.lower() in IMAGE_SUFFIXES for file in path.iterdir()):
        raise DataError(
            f"{path} holds images, but nothing says what is on them: put them into a folder "
            f"'images', their label maps beside it into 'labels/LAYER', and name the labels in "
            f"{LEGEND} (see docs/reference/data.md)."
        )
    raise DataError(
        f"{path} is no data set that we know: it has neither {BRODEN_LEGEND} (Broden), {LEGEND} "
        "(label maps), panoptic_*.json or instances_*.json (COCO), SegmentationClass (Pascal VOC), "
        "files of labelme, gtFine (Cityscapes), images/ADE (ADE20K) nor *.parquet; say what it is, "
        "as in broden:FOLDER."
    )


def _with_groups(data: FolderData, group: str) -> FolderData:
    """The samples with the groups that a user names."""
    if not isinstance(group, str) or not (group == OWN or is_expression(group)):
        raise OptionError(
            f"group is {quoted(group)}; of images, give {OWN} or a regular expression over their "
            r"ids that begins with ^, such as '^(seq\d+)_'"
        )
    names = [""] * len(data) if group == OWN else groups_by_name(data.sample_ids, group)
    pairs = zip(data.samples, names, strict=True)
    return replace(data, samples=tuple(replace(sample, group=name) for sample, name in pairs))


def _with_colors(
    data: FolderData, bins: NDArray[np.int32], colors: bool | str | Path
) -> FolderData:
    """Add the eleven colours, taken from the pixels, after the concepts of the data set."""
    taken = sorted(set(COLORS) & set(data.names))
    if taken or any(CATEGORY in several for several in data.categories):
        raise OptionError(
            f"{data.path} has colours of its own ({', '.join(taken) or CATEGORY}): leave colors "
            "off, or choose categories without them."
        )
    table = "" if colors is True else f", by {Path(str(colors)).name}"
    rule = Provenance.rule(f"colours of the pixels{table}")
    return replace(
        data,
        names=data.names + COLORS,
        categories=data.categories + ((CATEGORY,),) * len(COLORS),
        colors=Colours(bins, rule),
    )
