"""Small data sets in the layouts of their publishers."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def save(path: Path, pixels: np.ndarray) -> None:
    """Write an image and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def photo(seed: int, height: int = 4, width: int = 6) -> np.ndarray:
    """Some pixels, others for each seed."""
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3)).astype(np.uint8)


def spread(ids: np.ndarray) -> np.ndarray:
    """Ids over red, green and blue, as COCO has them."""
    return np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8)


def ade_map(classes: np.ndarray, instances: int = 0) -> np.ndarray:
    """Classes as ADE20K writes them: tens of red, green; blue tells instances."""
    red = classes // 256 * 10
    blue = np.full_like(classes, instances)
    return np.stack([red, classes % 256, blue], axis=-1).astype(np.uint8)


def ade20k(root: Path) -> Path:
    """Two images: a street with a car, its wheel and the wheel's hub; a room with a window."""
    street = root / "images/ADE/training/urban/street/ADE_train_1"
    room = root / "images/ADE/validation/home/bedroom/ADE_val_1"
    car, wheel, hub, window, bank, bank2 = 401, 2900, 900, 3050, 70, 71
    objects = np.zeros((4, 6), int)
    objects[2:] = car
    objects[0] = bank
    wheels = np.zeros_like(objects)
    wheels[3, :3] = wheel
    hubs = np.zeros_like(objects)
    hubs[3, 0] = hub
    save(street.with_suffix(".jpg"), photo(1))
    save(Path(f"{street}_seg.png"), ade_map(objects, 7))
    save(Path(f"{street}_parts_1.png"), ade_map(wheels))
    save(Path(f"{street}_parts_2.png"), ade_map(hubs))
    save(street / "instance_000_ADE_train_1.png", photo(9))
    save(street / "x_seg.png", photo(9))
    entries = ((car, "car, auto", 0), (bank, "bank", 0), (wheel, "wheel", 1), (hub, "hub", 2))
    ade_json(street, ["outdoor", "urban", "street"], entries)
    windows = np.zeros((4, 6), int)
    windows[1] = window
    windows[2] = bank2
    save(room.with_suffix(".jpg"), photo(2))
    save(Path(f"{room}_seg.png"), ade_map(windows))
    save(Path(f"{room}_parts_1.png"), ade_map(np.zeros((4, 6), int)))
    ade_json(room, [], ((window, "window", 0), (window, "window", 1), (bank2, "bank, shore", 0)))
    return root


def ade_json(stem: Path, scene: Sequence[str], objects: Sequence[tuple[int, str, int]]) -> None:
    """Write ``X.json``, in Latin-1 as some of the published files are."""
    entries = [
        {"name": name, "name_ndx": number, "parts": {"part_level": level}, "raw_name": "cafe\xe9"}
        for number, name, level in objects
    ]
    text = json.dumps({"annotation": {"scene": scene, "object": entries}}, ensure_ascii=False)
    stem.with_suffix(".json").write_text(text, encoding="latin-1")


CATEGORIES = (
    {"id": 1, "name": "person", "supercategory": "person", "isthing": 1},
    {"id": 200, "name": "sky", "supercategory": "outdoor", "isthing": 0},
    {"id": 7, "name": "kite", "supercategory": "sports", "isthing": 1},
)


def coco(root: Path, split: str = "val", folder: str = "annotations") -> Path:
    """Two annotated images and one without annotation."""
    index = root / folder / f"panoptic_{split}.json"
    ids = np.zeros((4, 6), int)
    ids[0], ids[1], ids[2] = 5, 70_000, 300
    segments = {5: 200, 70_000: 1, 300: 1}
    images, annotations = [], []
    for i in range(3):
        images.append({"id": i, "file_name": f"{i}.jpg"})
        save(root / split / f"{i}.jpg", photo(i))
    for i in range(2):
        turned = ids if i == 0 else ids[::-1]
        save(index.with_suffix("") / f"{i}.png", spread(turned))
        listed = [{"id": s, "category_id": c} for s, c in segments.items()]
        annotations.append({"image_id": i, "file_name": f"{i}.png", "segments_info": listed})
    coco_json(index, images=images, annotations=annotations)
    return root


def coco_json(index: Path, **changes: object) -> None:
    """Write an index, or change keys of the one that is there."""
    old = json.loads(index.read_text()) if index.exists() else {"categories": CATEGORIES}
    index.write_text(json.dumps(old | changes))


def cityscapes(root: Path) -> Path:
    """An image of Aachen and one of Bonn, the latter all unlabelled or number plate."""
    maps = {"train/aachen": [0, 7, 26, 33], "val/bonn": [0, 255, 0, 255]}
    for i, (place, rows) in enumerate(maps.items()):
        labels = np.repeat(np.array(rows, np.uint8)[:, None], 6, axis=1)
        name = f"{place}/{place[-5:]}_000000_00001{i}"
        save(root / f"leftImg8bit/{name}_leftImg8bit.png", photo(i))
        save(root / f"gtFine/{name}_gtFine_labelIds.png", labels)
        save(root / f"gtFine/{name}_gtFine_color.png", photo(i))
    return root


def encoded(pixels: np.ndarray, form: str = "PNG") -> bytes:
    """The bytes of an image file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=form)
    return buffer.getvalue()


def parquet(
    file: Path,
    n: int = 5,
    paths: Sequence[str | None] | None = None,
    columns: Mapping[str, Sequence[bytes | None]] | None = None,
    group: int = 2,
) -> Path:
    """Images with one label map each (ids 0, 1, 2 and 255), and classes a and b in turn."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids = np.tile(np.array([0, 1, 2, 2, 1, 255], np.uint8), (4, 1))
    cells: dict[str, Sequence[bytes | None]] = {
        "image": [encoded(photo(i), "JPEG") for i in range(n)],
        "annotation": [encoded(np.roll(ids, i, axis=1)) for i in range(n)],
    }
    cells |= columns or {}
    names = paths or [f"p{i}.jpg" for i in range(n)]
    table = {
        column: [
            None if data is None else {"bytes": data, "path": name}
            for data, name in zip(found, names, strict=True)
        ]
        for column, found in cells.items()
    }
    arrays = pa.table(table | {"scene": [i % 2 for i in range(n)]})
    features = {"scene": {"names": ["a", "b"], "_type": "ClassLabel"}, "image": {"_type": "Image"}}
    noted = {"huggingface": json.dumps({"info": {"features": features}})}
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(arrays.replace_schema_metadata(noted), file, row_group_size=group)
    return file


def id2label(folder: Path, **names: str) -> None:
    """Write ``id2label.json``; keys are ``_0``, ``_1``, ..."""
    found = {key.removeprefix("_"): name for key, name in names.items()}
    (folder / "id2label.json").write_text(json.dumps(found))
