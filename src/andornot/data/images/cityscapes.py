"""Read Cityscapes (Cordts et al. 2016) as published: fine annotations of streets.

``gtFine/SPLIT/CITY/X_gtFine_labelIds.png`` holds the label ids of
``leftImg8bit/SPLIT/CITY/X_leftImg8bit.png``.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from andornot.data.images.dataset import CODES_UNKNOWN, FolderData, Sample, Void, check_categories
from andornot.data.images.files import LARGEST_ID
from andornot.errors import DataError

LABELS = {
    "void": "ego vehicle, rectification border, out of roi, static, dynamic, ground",
    "flat": "road, sidewalk, parking, rail track",
    "construction": "building, wall, fence, guard rail, bridge, tunnel",
    "object": "pole, polegroup, traffic light, traffic sign",
    "nature": "vegetation, terrain",
    "sky": "sky",
    "human": "person, rider",
    "vehicle": "car, truck, bus, caravan, trailer, train, motorcycle, bicycle",
}
"""The published labels by category; their ids are 1, 2, ... in this order, 0 is unlabelled."""

NO_LABEL = 255
"""What the id -1 (number plates) becomes in a PNG."""

_IMAGES, _MAPS = "_leftImg8bit.png", "_gtFine_labelIds.png"


def read_cityscapes(path: Path, categories: Collection[str] | None = None) -> FolderData:
    """Read the images that have fine annotations; files are opened only when asked for.

    The class of an image is its city.

    Args:
        path: the folder that holds ``leftImg8bit`` and ``gtFine``.
        categories: keep only the concepts of these; None keeps all.

    Raises:
        DataError: there is no annotation, or one without its image.
        OptionError: a category that no concept has.
    """
    check_categories(LABELS, categories)
    every = [(name, group) for group, names in LABELS.items() for name in names.split(", ")]
    kept = [(name, group) for name, group in every if categories is None or group in categories]
    codes = np.full(LARGEST_ID + 1, CODES_UNKNOWN, np.int32)
    codes[[0, NO_LABEL]] = 0
    for label, pair in enumerate(every, 1):
        codes[label] = kept.index(pair) + 1 if pair in kept else 0
    maps = sorted((path / "gtFine").glob(f"*/*/*{_MAPS}"))
    if not maps:
        raise DataError(
            f"{path} has no gtFine/SPLIT/CITY/*{_MAPS}: unpack gtFine_trainvaltest.zip and "
            "leftImg8bit_trainvaltest.zip there."
        )
    return FolderData(
        path=path,
        kind="cityscapes",
        names=tuple(name for name, _ in kept),
        categories=tuple((group,) for _, group in kept),
        samples=tuple(_sample(path, file.relative_to(path).as_posix()) for file in maps),
        codes={"labelIds": codes},
        legend="the list of Cityscapes",
        void={"labelIds": Void((0, NO_LABEL), tuple(dict.fromkeys(group for _, group in kept)))},
    )


def _sample(path: Path, labels: str) -> Sample:
    """The sample of a label map, whose path names its image."""
    _, split, city, name = labels.split("/")
    image = f"leftImg8bit/{split}/{city}/{name.removesuffix(_MAPS)}{_IMAGES}"
    if not (path / image).is_file():
        raise DataError(
            f"{path / labels} has no image {image}: unpack leftImg8bit_trainvaltest.zip too."
        )
    return Sample(
        id=image.removeprefix("leftImg8bit/"),
        image=image,
        maps=(("labelIds", labels),),
        split=split,
        label=city,
    )
