"""Read ADE20K (Zhou et al. 2019), the full edition 2021_17_01, as published.

Beside ``X.jpg`` lie ``X_seg.png`` (objects), ``X_parts_1.png`` and on (parts, parts of parts), and
``X.json``. A pixel's class is ``(R // 10) * 256 + G``, 0 is none, B tells instances; the JSON gives
the names of the classes, and the scene. The pickled index of the publishers is not read.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.progress import track
from andornot.data.images.dataset import CODES_UNKNOWN, FolderData, Sample, Void, check_categories
from andornot.data.images.files import AnyFile, read_colour_ids, read_json_file, records
from andornot.errors import DataError
from andornot.formula import nfc

CATEGORIES = ("object", "part", "scene")
_N_CLASSES = (255 // 10 + 1) * 256


@dataclass
class _Legend:
    """What the JSON files say of classes and scenes, while they are read.

    Attributes:
        names: of each class, with all synonyms.
        categories: of each class, as met.
        scenes: of each image, by its stem.
    """

    names: dict[int, str] = field(default_factory=dict)
    categories: dict[int, set[str]] = field(default_factory=dict)
    scenes: dict[str, str] = field(default_factory=dict)


def decode(path: AnyFile) -> NDArray[np.int32]:
    """Read the classes of a map, (H, W).

    Raises:
        DataError: the file is damaged or no colour PNG.
    """
    pixels = read_colour_ids(path)
    return pixels[..., 0] // 10 * 256 + pixels[..., 1]


def read_ade20k(path: Path, categories: Collection[str] | None = None) -> FolderData:
    """Read a folder of ADE20K images; maps and images are opened only when asked for.

    All JSON files are read at once, for they alone name the classes. A class is called by the
    first of its synonyms, unless another class has the same; then by all of them. A scene is a
    concept with ``-s`` behind its name, and the class of its images.

    Args:
        path: any folder above the images, such as ``ADE20K_2021_17_01``.
        categories: keep only the concepts of these: ``object``, ``part``, ``scene``.

    Raises:
        DataError: there is no annotated image, or a JSON file is damaged.
        OptionError: a category that is none of these.
    """
    check_categories(CATEGORIES, categories)
    chosen = [c for c in CATEGORIES if categories is None or c in categories]
    stems = list(_find(path))
    if not stems:
        raise DataError(
            f"{path} holds no X.jpg with X_seg.png and X.json beside it, as ADE20K: give the "
            "folder that was unpacked."
        )
    legend = _Legend()
    for stem, _ in track(stems, "reading ADE20K's index", len(stems)):
        _add(legend, path, stem)
    kept = {
        number: tuple(c for c in chosen if c in legend.categories[number])
        for number in sorted(legend.names)
    }
    numbers = [number for number, several in kept.items() if several]
    scenes = sorted(set(legend.scenes.values())) if "scene" in chosen else []
    names = _short_names(legend.names)
    codes = np.full(_N_CLASSES, CODES_UNKNOWN, np.int32)
    codes[[0, *legend.names]] = 0
    codes[numbers] = np.arange(1, len(numbers) + 1)
    places = {scene: len(numbers) + i for i, scene in enumerate(scenes)}
    samples = [_sample(stem, n, legend.scenes[stem], chosen, places) for stem, n in stems]
    layers = {layer for sample in samples for layer, _ in sample.maps}
    return FolderData(
        path=path,
        kind="ade20k",
        names=(*(names[number] for number in numbers), *(f"{scene}-s" for scene in scenes)),
        categories=(*(kept[number] for number in numbers), *(("scene",) for _ in scenes)),
        samples=tuple(samples),
        codes=dict.fromkeys(sorted(layers), codes),
        legend="its JSON file",
        decode=decode,
        void={"object": Void((0,), ("object",))},
    )


def _find(path: Path) -> Iterator[tuple[str, int]]:
    """The annotated images below a folder: path without suffix, and number of part levels."""
    for folder, folders, files in os.walk(path):
        here = set(files)
        # A folder beside X.json holds the instances of X, hundreds of thousands in all.
        folders[:] = sorted(f for f in folders if f"{f}.json" not in here and f[0] != ".")
        for name in sorted(files):
            stem = name.removesuffix("_seg.png")
            if name == stem or not {f"{stem}.jpg", f"{stem}.json"} <= here:
                continue
            levels = 0
            while f"{stem}_parts_{levels + 1}.png" in here:
                levels += 1
            yield (Path(folder) / stem).relative_to(path).as_posix(), levels


def _add(legend: _Legend, path: Path, stem: str) -> None:
    """Add what one JSON file says."""
    file = path / f"{stem}.json"
    data = read_json_file(file)
    inner: Any = data.get("annotation") if isinstance(data, dict) else None
    for entry in records(inner, "object", {"name": str, "name_ndx": int}, str(file)):
        number, parts = entry["name_ndx"], entry.get("parts")
        if not 0 < number < _N_CLASSES or not entry["name"].strip():
            raise DataError(
                f"{file}: {entry['name'][:40]!r} has the class {number}: mend the file."
            )
        level = parts.get("part_level") if isinstance(parts, dict) else 0
        legend.names.setdefault(number, nfc(entry["name"].strip()))
        legend.categories.setdefault(number, set()).add("part" if level else "object")
    scene = inner.get("scene")
    several = [s for s in scene if isinstance(s, str) and s] if isinstance(scene, list) else []
    # outdoor, urban, street: the first two are kinds of scenes.
    legend.scenes[stem] = nfc("/".join(several[2:]) or Path(stem).parent.name)


def _short_names(names: Mapping[int, str]) -> dict[int, str]:
    """The shortest name of each class that no other class has."""
    first = {number: name.partition(",")[0].strip() for number, name in names.items()}
    firsts, wholes = Counter(first.values()), Counter(names.values())
    return {
        number: first[number]
        if firsts[first[number]] == 1
        else (name if wholes[name] == 1 else f"{name} {number}")
        for number, name in names.items()
    }


def _sample(
    stem: str, levels: int, scene: str, chosen: Collection[str], places: Mapping[str, int]
) -> Sample:
    """The sample of one image."""
    maps = [("object", f"{stem}_seg.png")] if "object" in chosen else []
    if "part" in chosen:
        maps += [(f"part {i}", f"{stem}_parts_{i}.png") for i in range(1, levels + 1)]
    folders = stem.split("/")
    unknown = ("part",) if "part" in chosen and not levels else ()
    return Sample(
        id=f"{stem}.jpg",
        image=f"{stem}.jpg",
        maps=tuple(maps),
        concepts=(places[scene],) if scene in places else (),
        split=next((f for f in folders if f in ("training", "validation")), ""),
        label=scene,
        unknown=unknown,
    )
