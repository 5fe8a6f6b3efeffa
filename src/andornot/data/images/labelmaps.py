"""Label-map folders: our own plain format for annotated images (``docs/reference/data.md``).

::

    concepts.csv            id,name,category[,layer]   or   color,name,category
                            (a row without name and category: that id or colour is no label)
    samples.csv             sample[,split][,class][,concepts][,group]      (optional)
    images/**/NAME.jpg      or .png, .webp, .bmp, .tif
    labels/LAYER/**/NAME.png    (optional; grey, palette or R + 256 * G, 0 is no label;
                            or painted in the colours that concepts.csv names)
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from andornot._tools.checks import as_path
from andornot._tools.files import writing
from andornot._tools.looks import check_file
from andornot._tools.tables import from_harmless, harmless_cell
from andornot._tools.whole_folders import whole_folder
from andornot.concepts.known import every_category
from andornot.data.images.dataset import CODES_UNKNOWN, FolderData, Sample, check_categories
from andornot.data.images.files import (
    IMAGE_SUFFIXES,
    LARGEST_ID,
    AnyFile,
    opened,
    parse_id,
    read_label_ids,
    read_rows,
    safe_relative,
)
from andornot.data.images.painted import Paint, parse_color
from andornot.errors import DataError, OptionError
from andornot.formula import nfc

LEGEND = "concepts.csv"
SAMPLES = "samples.csv"

_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif"}


@dataclass
class Legend:
    """``concepts.csv`` while it is read.

    Attributes:
        categories: of each concept, by name, in the order of the file.
        ids: for each layer (empty: any layer) the name of each label id; empty for no label.
        colors: the label id and the name of each colour, where maps are painted.
    """

    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ids: dict[str, dict[int, str]] = field(default_factory=dict)
    colors: dict[int, tuple[int, str]] = field(default_factory=dict)


def read_labelmaps(path: Path, categories: Collection[str] | None = None) -> FolderData:
    """Read a label-map folder; its maps and images are opened only when asked for.

    Args:
        path: the folder, with ``concepts.csv`` and ``images``.
        categories: keep only the concepts of these categories; None keeps all.

    Raises:
        DataError: a file is missing, lacks columns, or contradicts another.
        OptionError: a category that no concept has.
    """
    if not (path / LEGEND).is_file():
        raise DataError(
            f"{path} has no {LEGEND}, which names the labels: write one, with a line for each "
            "concept (see docs/reference/data.md)."
        )
    legend = read_legend(path / LEGEND)
    kept = restrict(legend.categories, categories)
    positions = {name: i for i, name in enumerate(kept)}
    samples = _scan(path)
    layers = sorted({layer for sample in samples.values() for layer, _ in sample.maps})
    named = any(name for ids in legend.ids.values() for name in ids.values())
    if samples and named and not layers:
        raise DataError(
            f"{path} has no label map, but {LEGEND} gives ids for them: put the maps into "
            "labels/LAYER, or leave the ids out if all concepts are of whole images."
        )
    strange = sorted(set(legend.ids) - {"", *map(nfc, layers)})
    if strange:
        raise DataError(
            f"{path / LEGEND} names the layer {strange[0]!r}, but labels/{strange[0]} holds no "
            "label map: correct the name, or take the rows out."
        )
    if (path / SAMPLES).exists():
        _add_rows(samples, path / SAMPLES, legend, positions)
    paint = Paint.of(LEGEND, legend.colors) if legend.colors else None
    codes = {layer: id_codes(legend, layer, positions) for layer in layers}
    every = every_category(kept.values())
    by_layer = {
        # named so, it shows that category, though its ids may name concepts of others
        layer: (layer,) if layer in every else categories_in(table, tuple(kept.values()))
        for layer, table in codes.items()
    }
    return FolderData(
        path=path,
        kind="labelmaps",
        names=tuple(kept),
        categories=tuple(kept.values()),
        samples=tuple(_with_unknown(s, by_layer, kept) for s in samples.values()),
        codes=codes,
        legend=LEGEND,
        decode=paint or read_label_ids,
        decoded_by=paint.digest if paint else "",
    )


def read_legend(path: Path) -> Legend:
    """Read ``concepts.csv``; rows of one name are one concept."""
    legend, painted = Legend(), False
    for line, cells in _read_rows(path, ("name", "category")):
        row = {"color" if column == "colour" else column: cell for column, cell in cells.items()}
        where = f"{path}, row {line}"
        if "id" not in row and "color" not in row:
            raise DataError(
                f"{path} lacks the column id, or color for maps that are painted in an image "
                f"editor (its header names {', '.join(row)}): name it in the first line."
            )
        row["name"] = name = nfc(row["name"])
        painted, add = "color" in row, _add_color if "color" in row else _add_id
        # a name that was forgotten has its category still
        if not name and (row.get("color") or (row.get("id") and not row["category"])):
            add(legend, row, where)
            continue
        parts = [part.strip() for part in nfc(row["category"]).split(";") if part.strip()]
        if not name or not parts:
            raise DataError(
                f"{where}: a concept needs a name and a category (an id that has neither means no "
                "label)."
            )
        known = legend.categories.get(name, ())
        legend.categories[name] = tuple(dict.fromkeys((*known, *parts)))
        add(legend, row, where)
    if painted and not legend.colors:
        raise DataError(
            f"{path} has a column color but no colour in it: give each concept its own."
        )
    if not legend.categories:
        raise DataError(f"{path} names no concept: a data set needs at least one.")
    return legend


def _add_id(legend: Legend, row: Mapping[str, str], where: str) -> None:
    """Note the label id that a row gives, if it gives one; an id without a name is no label."""
    if not row["id"]:
        return
    name = row["name"]
    number = parse_id(row["id"], f"{where}, column id", lowest=1 if name else 0)
    ids = legend.ids.setdefault(nfc(row.get("layer", "")), {})
    if ids.setdefault(number, name) != name:
        raise DataError(
            f"{where}: the id {number} is already {ids[number] or 'no label'!r}: give "
            f"{name or 'no label'!r} another, or tell them apart by a column 'layer'."
        )


def _add_color(legend: Legend, row: Mapping[str, str], where: str) -> None:
    """Note the colour that a row gives, if it gives one; a colour without a name is no label."""
    if row.get("id") or row.get("layer"):
        raise DataError(
            f"{where}: maps are either painted or hold ids, and colours mean the same in all "
            "layers: leave the columns id and layer out beside color."
        )
    if not row["color"]:
        return
    color, name = parse_color(row["color"], f"{where}, column color"), row["name"]
    number = len(legend.colors) + 1 if name else 0
    if legend.colors.setdefault(color, (number, name))[1] != name:
        raise DataError(
            f"{where}: the colour {row['color']} is already "
            f"{legend.colors[color][1] or 'no label'!r}: give {name or 'no label'!r} another."
        )
    if name:
        legend.ids.setdefault("", {})[legend.colors[color][0]] = name


def restrict(
    categories: Mapping[str, tuple[str, ...]], wanted: Collection[str] | None
) -> dict[str, tuple[str, ...]]:
    """Keep the concepts of the wanted categories, and of each only those categories."""
    known = dict.fromkeys(category for several in categories.values() for category in several)
    check_categories(known, wanted)
    kept = {
        name: tuple(c for c in several if wanted is None or c in wanted)
        for name, several in categories.items()
    }
    return {name: several for name, several in kept.items() if several}


def id_codes(legend: Legend, layer: str, positions: Mapping[str, int]) -> NDArray[np.int32]:
    """Make the table from label id to concept index + 1; a layer's own ids come first."""
    codes = np.full(LARGEST_ID + 1, CODES_UNKNOWN, dtype=np.int32)
    # before the names, since in parquet files 0 may be a class
    codes[0] = 0
    for number, name in {**legend.ids.get("", {}), **legend.ids.get(nfc(layer), {})}.items():
        codes[number] = positions.get(name, -1) + 1
    return codes


def categories_in(
    codes: NDArray[np.int32], categories: Sequence[tuple[str, ...]]
) -> tuple[str, ...]:
    """The categories of the concepts that a layer can show, by its table of codes."""
    return every_category(categories[code - 1] for code in np.unique(codes[codes > 0]).tolist())


def _with_unknown(
    sample: Sample, by_layer: Mapping[str, tuple[str, ...]], kept: Mapping[str, tuple[str, ...]]
) -> Sample:
    """A sample that says which categories it has no label map for, nor a concept of the whole."""
    categories = list(kept.values())
    shown = every_category(by_layer[layer] for layer, _ in sample.maps)
    said = every_category(categories[concept] for concept in sample.concepts)
    unknown = [c for c in every_category(by_layer.values()) if c not in (*shown, *said)]
    return replace(sample, unknown=tuple(unknown))


def _scan(path: Path) -> dict[str, Sample]:
    """Find the images and their label maps, in alphabetical order.

    Raises:
        DataError: no folder of images, two images of one stem, or a map without an image.
    """
    if not (path / "images").is_dir():
        raise DataError(f"{path} has no folder 'images': put the images there.")
    stems: dict[str, str] = {}
    for name in _files(path / "images", IMAGE_SUFFIXES):
        stem = name.rpartition(".")[0]
        if stem in stems:
            raise DataError(
                f"{path / 'images'} holds both {stems[stem]} and {name}: their label maps would "
                "have the same name; rename one."
            )
        stems[stem] = name
    # some systems take accents apart in names when they copy, so maps and images may differ
    composed = {nfc(stem): name for stem, name in stems.items()}
    maps: dict[str, list[tuple[str, str]]] = {name: [] for name in stems.values()}
    for name in _files(path / "labels", IMAGE_SUFFIXES):
        if not name.lower().endswith(".png"):
            raise DataError(
                f"{path / 'labels' / name} is no PNG: save it as PNG, which keeps every label as "
                "it is."
            )
        layer, _, rest = name.partition("/")
        stem = rest.rpartition(".")[0]
        image = stems.get(stem) or composed.get(nfc(stem))
        if image is None:
            raise DataError(
                f"{path / 'labels' / name} belongs to no image: call it labels/LAYER/NAME.png "
                "after images/NAME.jpg (or .png), with a folder for each layer."
            )
        maps[image].append((layer, f"labels/{name}"))
    return {
        name: Sample(id=name, image=f"images/{name}", maps=tuple(found))
        for name, found in maps.items()
    }


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[str]:
    """List what has one of these suffixes below a folder, leaving out hidden files and folders."""
    files = (file.relative_to(folder) for file in folder.rglob("*"))
    return sorted(
        file.as_posix()
        for file in files
        if file.suffix.lower() in suffixes and not any(part[0] == "." for part in file.parts)
    )


def _add_rows(
    samples: dict[str, Sample], path: Path, legend: Legend, positions: Mapping[str, int]
) -> None:
    """Add what ``samples.csv`` says to the samples; its rows may leave images out."""
    seen: set[str] = set()
    composed = {nfc(name): name for name in samples}
    for line, row in _read_rows(path, ("sample",)):
        where = f"{path}, row {line}"
        name = safe_relative(row["sample"], where)
        name = name if name in samples else composed.get(nfc(name), name)
        if name not in samples:
            raise DataError(
                f"{where}: the image {name!r} is not in the folder 'images'; give its path there, "
                "with the suffix."
            )
        if name in seen:
            raise DataError(f"{where}: the image {name!r} already has a row: keep one of them.")
        seen.add(name)
        listed = nfc(row.get("concepts", "")).split(";")
        named = dict.fromkeys(concept.strip() for concept in listed if concept.strip())
        for concept in named:
            if concept not in legend.categories:
                raise DataError(
                    f"{where}: {LEGEND} has no concept {concept!r}; add it there (its id may be "
                    "empty), or correct the name."
                )
        samples[name] = replace(
            samples[name],
            split=nfc(row.get("split", "")),
            label=nfc(row.get("class", "")),
            group=nfc(row.get("group", "")),
            concepts=tuple(positions[concept] for concept in named if concept in positions),
        )


@dataclass(frozen=True)
class NewSample:
    """One annotated image on its way to disk.

    Attributes:
        name: its path below ``images``, without suffix, such as ``rooms/one``.
        image: pixels are written as PNG, so that nothing is lost; a file is copied as it is.
        maps: for each layer the concept index + 1 at each position (0 for none), shape (H, W).
        concepts: names of concepts that hold for the whole image.
        split: such as ``train``; may be empty.
        label: its class; may be empty.
        group: what it shares with samples of which it is not independent; may be empty.

    Examples:
        >>> from PIL import Image
        >>> picture = Image.new("RGB", (2, 2))
        >>> NewSample("rooms/one", picture, concepts=["kitchen"], split="train").concepts
        ['kitchen']
    """

    name: str
    image: Image.Image | AnyFile
    maps: Mapping[str, ArrayLike] = field(default_factory=dict)
    concepts: Sequence[str] = ()
    split: str = ""
    label: str = ""
    group: str = ""


def write_labelmaps(
    path: str | Path, concepts: Mapping[str, str], samples: Iterable[NewSample]
) -> FolderData:
    """Write a label-map folder, one sample at a time, and return it as read back.

    The folder appears when it is whole.

    Args:
        path: a folder that does not exist yet.
        concepts: category of each concept, by name; ids are 1, 2, ... in this order.
        samples: may be a generator.

    Raises:
        OptionError: ``path`` exists, or a name cannot be written.
        RunError: it cannot be written.
        DataError: a sample names a concept or holds an id that is not there.

    Examples:
        >>> from PIL import Image
        >>> sea = NewSample("coast", Image.new("RGB", (2, 2)), {"areas": [[0, 0], [1, 1]]})
        >>> data = write_labelmaps("coasts", {"water": "object"}, [sea])
        >>> data.labels(0).maps[0].tolist()
        [[0, 0], [1, 1]]
    """
    if any(";" in name for name in concepts) or len(concepts) > LARGEST_ID:
        raise OptionError(
            f"a label-map folder holds at most {LARGEST_ID} concepts, without ';' in their names: "
            "leave some out, or rename them."
        )
    path = as_path(path, "path")
    with whole_folder(path, vacant=True) as aside, writing(path):
        (aside / "images").mkdir()
        rows = (_write_sample(aside, sample, len(concepts)) for sample in samples)
        _write_rows(aside / SAMPLES, ("sample", "split", "class", "concepts", "group"), rows)
        has_maps = (aside / "labels").is_dir()  # without, no concept has an id
        table = (
            (str(i) if has_maps else "", name, category)
            for i, (name, category) in enumerate(concepts.items(), 1)
        )
        _write_rows(aside / LEGEND, ("id", "name", "category"), table)
        data = read_labelmaps(aside)
    return replace(data, path=path)


def _write_sample(folder: Path, sample: NewSample, n_concepts: int) -> tuple[str, ...]:
    """Write the image and the maps of a sample; return its row of ``samples.csv``."""
    name = safe_relative(f"{sample.name}.png", "a new sample")
    image = _write_image(folder / "images" / name, sample.image)
    for layer, values in sample.maps.items():
        ids = np.asarray(values)
        whole = ids.ndim == 2 and ids.dtype.kind in "iub"
        if not whole or ids.min(initial=0) < 0 or ids.max(initial=0) > n_concepts:
            raise DataError(
                f"layer {layer!r} of sample {sample.name!r} is to be an array (H, W) of whole "
                f"numbers from 0 to {n_concepts}; got {ids.dtype} of shape {ids.shape}."
            )
        depth = np.uint8 if n_concepts < 256 else np.uint16
        where = f"a layer of sample {sample.name!r}"
        _save(
            Image.fromarray(ids.astype(depth)),
            folder / "labels" / safe_relative(layer, where) / name,
        )
    written = image.relative_to(folder / "images").as_posix()
    return written, sample.split, sample.label, ";".join(sample.concepts), sample.group


def _write_image(path: Path, image: Image.Image | AnyFile) -> Path:
    """Write an image as PNG, or copy its file under a suffix of its own."""
    if isinstance(image, Image.Image):
        _save(image, path)
        return path
    suffix = Path(str(image)).suffix
    if suffix.lower() not in IMAGE_SUFFIXES:
        with opened(image) as found:
            suffix = _SUFFIXES[found.format or "PNG"]
    target = path.with_name(path.name.removesuffix(".png") + suffix)
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(image, Path):
        check_file(image)
    try:
        data = image.read_bytes()
    except OSError as error:
        raise DataError(f"{image} cannot be read ({error.strerror}): restore it.") from None
    target.write_bytes(data)
    return target


def _save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, format="PNG")


def _read_rows(path: Path, required: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file, as :func:`_write_rows` was given them."""
    for line, row in read_rows(path, required):
        yield line, {column: from_harmless(cell) for column, cell in row.items()}


def _write_rows(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Write a CSV file in which no spreadsheet finds a formula (see ``_tools.tables``)."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(tuple(map(harmless_cell, row)) for row in rows)
