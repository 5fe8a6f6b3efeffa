"""Read Broden 1, the data set of Network Dissection (Bau et al. 2017), as published.

``index.csv`` (or another index in the same folder) has one row per image; each column after
the first six is a category, whose cells name label maps (PNG, label number = R + 256 * G) and
numbers of labels that hold for the whole image, separated by ``;``. ``label.csv`` names the
numbers. A label that occurs in the maps of several categories is one concept: their union.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.provenance import Provenance
from andornot.data.images.dataset import CODES_UNKNOWN, FolderData, Sample, check_categories
from andornot.data.images.files import LARGEST_ID, check_pixels, parse_id, read_rows, safe_relative
from andornot.data.sources.colours import CATEGORY
from andornot.errors import DataError
from andornot.formula import nfc

INDEX_COLUMNS = ("image", "split", "ih", "iw", "sh", "sw")
LEGEND = "label.csv"

_PEOPLE = Provenance.people("annotation of broden")
_COLOURS = Provenance.rule("Broden's colours, named by a table")


@dataclass(frozen=True)
class _Legend:
    """``label.csv``: for each label number its name and its categories."""

    names: dict[int, str]
    categories: dict[int, tuple[str, ...]]


def read_broden(path: Path, categories: Collection[str] | None = None) -> FolderData:
    """Read the index of a Broden folder; maps and images are opened only when asked for.

    Args:
        path: the folder, with ``index.csv``, or an index file in such a folder.
        categories: keep only the columns, and the concepts, of these; None keeps all.

    Raises:
        DataError: a file is missing, lacks columns, or contradicts another.
        OptionError: a category that the index does not have.
    """
    index = path / "index.csv" if path.is_dir() else path
    legend = _read_legend(index.parent / LEGEND)
    rows = list(read_rows(index, INDEX_COLUMNS))
    if not rows:
        raise DataError(f"{index} lists no image: a data set needs at least one.")
    known = {nfc(column): column for column in rows[0][1] if column not in INDEX_COLUMNS}
    check_categories(known, categories)
    chosen = [category for category in known if categories is None or category in categories]
    columns = {category: known[category] for category in chosen}
    kept = {
        number: tuple(c for c in names if categories is None or c in chosen)
        for number, names in legend.categories.items()
    }
    numbers = [number for number in legend.names if kept[number]]
    codes = np.full(LARGEST_ID + 1, CODES_UNKNOWN, dtype=np.int32)
    codes[[0, *legend.names]] = 0
    codes[numbers] = np.arange(1, len(numbers) + 1)
    return FolderData(
        path=index.parent,
        kind="broden",
        names=tuple(legend.names[number] for number in numbers),
        categories=tuple(kept[number] for number in numbers),
        samples=tuple(
            _sample(row, f"{index}, row {line}", columns, codes, legend) for line, row in rows
        ),
        # Broden numbers its labels once, for all categories together
        codes=dict.fromkeys(chosen, codes),
        legend=LEGEND,
        provenance=tuple(_COLOURS if kept[n] == (CATEGORY,) else _PEOPLE for n in numbers),
    )


def _read_legend(path: Path) -> _Legend:
    """Read ``label.csv``, whose categories look like ``material(36);object(3)``."""
    names: dict[int, str] = {}
    categories: dict[int, tuple[str, ...]] = {}
    for line, row in read_rows(path, ("number", "name", "category")):
        where = f"{path}, row {line}"
        number = parse_id(row["number"], where)
        if number in names:
            raise DataError(f"{where}: the number {number} is already {names[number]!r}.")
        if not row["name"]:
            raise DataError(f"{where}: the label {number} has no name.")
        names[number] = nfc(row["name"])
        listed = nfc(row["category"]).split(";")
        parts = (re.sub(r"\(\d+\)$", "", part.strip()) for part in listed)
        categories[number] = tuple(part for part in parts if part)
        if not categories[number]:
            raise DataError(f"{where}: the label {row['name']!r} has no category.")
    if not names:
        raise DataError(f"{path} names no label: a data set needs at least one concept.")
    return _Legend(names, categories)


def _sample(
    row: dict[str, str],
    where: str,
    columns: Mapping[str, str],
    codes: NDArray[np.int32],
    legend: _Legend,
) -> Sample:
    """Turn one row of the index into a sample; each category has its column."""
    image = safe_relative(row["image"], f"{where}, column image")
    maps: list[tuple[str, str]] = []
    concepts: dict[int, None] = {}
    unknown: list[str] = []
    for category, column in columns.items():
        numbers, files = _cell(row[column], f"{where}, column {category}", legend)
        # other data sets than those of this image were annotated for it
        unknown += [] if numbers or files else [category]
        maps += [(category, f"images/{file}") for file in files]
        concepts |= dict.fromkeys(int(codes[number]) - 1 for number in numbers if codes[number])
    scenes, _ = _cell(row.get("scene", ""), f"{where}, column scene", legend)
    shape = (
        parse_id(row["sh"], f"{where}, column sh"),
        parse_id(row["sw"], f"{where}, column sw"),
    )
    check_pixels(*shape, where)
    return Sample(
        id=image,
        image=f"images/{image}",
        maps=tuple(maps),
        concepts=tuple(concepts),
        split=nfc(row["split"]),
        label=legend.names[scenes[0]] if scenes else "",
        shape=shape,
        unknown=tuple(unknown),
    )


def _cell(cell: str, where: str, legend: _Legend) -> tuple[list[int], list[str]]:
    """Split a cell into label numbers of the whole image and paths of label maps."""
    numbers: list[int] = []
    files: list[str] = []
    for part in filter(None, (part.strip() for part in cell.split(";"))):
        if part.lower().endswith(".png"):
            files.append(safe_relative(part, where))
            continue
        number = parse_id(part, f"{where} (neither a PNG nor a label number)", lowest=0)
        if number == 0:  # as in a map, no label; 1,987 images of index_ade20k.csv have scene 0
            continue
        if number not in legend.names:
            raise DataError(f"{where}: {LEGEND} does not name the label number {number}.")
        numbers.append(number)
    return numbers, files
