"""Read images with label maps from parquet files, laid out as on the Hugging Face hub.

An image is a struct of ``bytes`` and ``path``. The column ``image`` holds the images, every other
such column one label map for each. What the ids mean stands in a file beside: ``concepts.csv`` (as
in a label-map folder, a column being a layer) or ``id2label.json``. Cells are read when they are
asked for, a row group at a time.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from andornot._tools.looks import PARQUET, amiss, check_file
from andornot.data.images.dataset import CODES_UNKNOWN, FolderData, Sample, Void
from andornot.data.images.files import AnyFile, Embedded, parse_id, read_json_file, safe_relative
from andornot.data.images.labelmaps import (
    LEGEND,
    Legend,
    categories_in,
    id_codes,
    read_legend,
    restrict,
)
from andornot.errors import DataError
from andornot.formula import nfc

ID2LABEL = "id2label.json"
NO_LABEL = ("", "unlabeled", "unlabelled", "void", "ignore", "background")
"""Names that the id 0 has where it is no label; under any other name it is a concept."""

IGNORED = 255
"""The id that by custom means no label, unless it has a name."""

_IMAGE = "image"
_lock = Lock()


def parquet_files(path: Path) -> list[Path]:
    """The parquet files that a path means: itself, or those of a folder."""
    return sorted(path.glob("*.parquet")) if path.is_dir() else [path]


@dataclass(frozen=True)
class ParquetFiles:
    """Image files in the cells of parquet files, called ``FILE#ROW#COLUMN``.

    Attributes:
        folder: where the parquet files lie.
    """

    folder: Path

    def get(self, file: str) -> AnyFile:
        """Return the image file of a cell.

        Raises:
            DataError: the cell is empty or cannot be read.
        """
        path, row, column = self._parts(file)
        where = f"{path}, row {row}, column {column}"
        with _lock:  # several threads want rows of one group: it is read once
            # by its time of change too, so a file that was exchanged is read anew
            starts = _group_starts(path, path.stat().st_mtime_ns)
            group = next(i for i, start in enumerate(starts[1:]) if row < start)
            cells = _cells(path, path.stat().st_mtime_ns, group, column)
        data = cells[row - starts[group]].as_py()
        if not isinstance(data, bytes):
            raise DataError(f"{where} holds no image file: leave the row out, or embed the file.")
        return Embedded(where, data)

    def stamp(self, file: str) -> tuple[int, int]:
        """Return size and time of change of the parquet file that holds a cell."""
        stat = self._parts(file)[0].stat()
        return stat.st_size, stat.st_mtime_ns

    def _parts(self, file: str) -> tuple[Path, int, str]:
        name, row, column = file.split("#", 2)
        path = self.folder / name
        if not path.is_file():
            raise DataError(f"{path} is missing: restore it, or take its samples out.")
        return path, int(row), column


def read_parquet(path: Path, categories: Collection[str] | None = None) -> FolderData:
    """Read parquet files of one layout; their cells are opened only when asked for.

    A file's split is its name up to the first ``-``. The class of an image is that of a column of
    class labels, if there is one.

    Args:
        path: a file, or a folder with files ``*.parquet``.
        categories: keep only the concepts of these; None keeps all.

    Raises:
        DataError: a file is damaged, has no image or no label map, or the ids have no names.
        OptionError: a category that no concept has.
    """
    files = parquet_files(path)
    folder = path if path.is_dir() else path.parent
    if not files:
        raise DataError(f"{path} holds no parquet file: give a *.parquet or a folder of them.")
    legend = _read_names(folder)
    kept = restrict(legend.categories, categories)
    positions = {name: i for i, name in enumerate(kept)}
    samples = _distinct([sample for file in files for sample in _samples(file)])
    layers = sorted({layer for sample in samples for layer, _ in sample.maps})
    codes = {layer: id_codes(legend, layer, positions) for layer in layers}
    void = {}
    for layer, table in codes.items():
        if table[IGNORED] == CODES_UNKNOWN:
            # nobody named it, so the custom holds
            table[IGNORED] = 0
            void[layer] = Void((IGNORED,), categories_in(table, tuple(kept.values())))
    return FolderData(
        path=path,
        kind="parquet",
        names=tuple(kept),
        categories=tuple(kept.values()),
        samples=tuple(samples),
        codes=codes,
        legend=LEGEND if (folder / LEGEND).is_file() else ID2LABEL,
        files=ParquetFiles(folder),
        void=void,
    )


def _read_names(folder: Path) -> Legend:
    """What the ids mean, from the file beside the parquet files."""
    if (folder / LEGEND).is_file():
        return read_legend(folder / LEGEND)
    file = folder / ID2LABEL
    if not file.is_file():
        raise DataError(
            f"{folder} lacks {LEGEND} or {ID2LABEL}, which say what the ids in the label maps "
            f"mean: write {LEGEND} there, with the columns id,name,category."
        )
    data = read_json_file(file)
    legend = Legend()
    for number, name in data.items() if isinstance(data, dict) else ():
        if not isinstance(name, str):
            raise DataError(f'{file}: the name of {number!r} is no text: write {{"1": "sky"}}.')
        label, name = parse_id(number, str(file), lowest=0), nfc(name.strip())
        if label or name.lower() not in NO_LABEL:
            legend.ids.setdefault("", {})[label] = name
            if name:
                legend.categories[name] = ("object",)
    if not legend.categories:
        raise DataError(f"{file} names no concept: mend it.")
    return legend


def _samples(file: Path) -> list[Sample]:
    """The samples of one file, in the order of its rows."""
    table = _opened(file)
    schema = table.schema_arrow
    columns = [field.name for field in schema if _holds_images(field.type)]
    layers = [name for name in columns if name != _IMAGE]
    if _IMAGE not in columns or not layers:
        raise DataError(
            f"{file} needs a column 'image' and one more of label maps, each a struct of bytes and "
            f"path; it has {', '.join(schema.names)[:200] or 'no column'}."
        )
    paths = _paths(table, file)
    labels = _classes(table, file)
    split = file.stem.partition("-")[0] if "-" in file.stem else ""
    return [
        Sample(
            id=f"{split}/{name}" if split else name,
            image=f"{file.name}#{row}#{_IMAGE}",
            maps=tuple((layer, f"{file.name}#{row}#{layer}") for layer in layers),
            split=split,
            label=label,
        )
        for row, (name, label) in enumerate(zip(paths, labels, strict=True))
    ]


def _distinct(samples: list[Sample]) -> list[Sample]:
    """Samples with ids that are all different.

    Files of one split may hold images of one path, such as shards that each count from 0; images
    are called by file and row then.
    """
    if len({sample.id for sample in samples}) == len(samples):
        return samples
    return [replace(sample, id=_by_row(sample)) for sample in samples]


def _by_row(sample: Sample) -> str:
    file, row, _ = sample.image.rsplit("#", 2)
    name = f"{Path(file).stem}/{int(row):06}"
    return f"{sample.split}/{name}" if sample.split else name


def _opened(file: Path) -> Any:
    """A parquet file; only its footer is read.

    Raises:
        DataError: it is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_file(file)
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError, ValueError) as error:
        why = amiss(file, PARQUET)
        raise DataError(f"{file} cannot be read as parquet ({error}): {why}.") from None


def _column(file: Path, table: Any, column: str, group: int | None = None) -> Any:
    """A column, or what of it lies in a row group, as one Arrow array."""
    import pyarrow as pa

    names = [column]
    try:
        found = table.read(names) if group is None else table.read_row_group(group, names)
        return found.column(0).combine_chunks()
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError) as error:
        raise DataError(
            f"{file}: the column {column} cannot be read ({error}): {amiss(file, PARQUET)}."
        ) from None


def _holds_images(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_struct(kind)) and {"bytes", "path"} <= {f.name for f in kind}


def _paths(table: Any, file: Path) -> list[str]:
    """An id for each row: the image's path, where every row has one of its own, or its number."""
    rows = range(table.metadata.num_rows)
    cells = _column(file, table, f"{_IMAGE}.path")
    paths = [str(cell["path"] or "") if cell else "" for cell in cells.to_pylist()]
    stems = {path.rpartition(".")[0] for path in paths}
    if not all(paths) or len(stems) < len(paths):
        return [f"{file.stem}/{row:06}" for row in rows]
    return [
        safe_relative(path, f"{file}, row {row}") for row, path in zip(rows, paths, strict=True)
    ]


def _classes(table: Any, file: Path) -> list[str]:
    """The class of each row, from the first column of class labels; empty where there is none."""
    nothing = [""] * table.metadata.num_rows
    noted = (table.schema_arrow.metadata or {}).get(b"huggingface", b"{}")
    try:
        features = json.loads(noted)["info"]["features"]
        found = ((c, f["names"]) for c, f in features.items() if f.get("_type") == "ClassLabel")
        column, names = next(found)
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError):
        return nothing
    numbers = _column(file, table, column).to_pylist()
    return [_name(names, number) for number in numbers]


def _name(names: Sequence[str], number: Any) -> str:
    known = isinstance(number, int) and isinstance(names, list) and 0 <= number < len(names)
    return nfc(str(names[number])) if known else ""


@lru_cache(maxsize=64)
def _group_starts(path: Path, _changed: int) -> tuple[int, ...]:
    """The first row of each row group, and the number of rows."""
    metadata = _opened(path).metadata
    starts = [0]
    for group in range(metadata.num_row_groups):
        starts.append(starts[-1] + metadata.row_group(group).num_rows)
    return tuple(starts)


@lru_cache(maxsize=4)  # samples are read in turn: at most two groups of two columns at a time
def _cells(path: Path, _changed: int, group: int, column: str) -> Any:
    """The bytes in a column of one row group, as an Arrow array."""
    return _column(path, _opened(path), f"{column}.bytes", group).field("bytes")
