"""Small data sets as annotation tools write them, each with its awkward cases."""

from __future__ import annotations

import base64
import io
import json
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from andornot.data.images.dataset import FolderData
from probing_cases import encoded, photo

SIDEWAYS = 0x0112
CAFE = unicodedata.normalize("NFC", "café")
APART = unicodedata.normalize("NFD", CAFE)
assert CAFE != APART


def picture(path: Path, height: int = 4, width: int = 6, orientation: int = 1) -> Path:
    """Write an image, stored in this size; its EXIF orientation may turn it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[SIDEWAYS] = orientation
    Image.fromarray(photo(len(path.name), height, width)).save(path, exif=exif)
    return path


def mask(*rows: str) -> np.ndarray:
    """A mask drawn by hand: # is inside."""
    return np.array([[sign == "#" for sign in row] for row in rows])


def held(data: FolderData, i: int) -> dict[str, list[str]]:
    """Where each concept of a sample holds, drawn as :func:`mask` reads it."""
    labels = data.labels(i)
    found = {}
    for index, name in enumerate(data.names, 1):
        here = np.zeros(labels.shape, bool)
        for layer in labels.maps:
            here |= layer == index
        if here.any():
            found[name] = ["".join(".#"[int(inside)] for inside in row) for row in here]
    return found


def packed(lengths: Sequence[int]) -> str:
    """Lengths of runs in COCO's compressed text, written from its description."""
    text = ""
    for place, length in enumerate(lengths):
        value = length - lengths[place - 2] if place > 2 else length
        while True:
            bits, value = value & 31, value >> 5
            done = value == (-1 if bits & 16 else 0)
            text += chr(48 + bits + (0 if done else 32))
            if done:
                break
    return text


def runs(inside: np.ndarray) -> list[int]:
    """Lengths of runs down the columns, outside first."""
    flat = np.concatenate([[False], inside.T.ravel()])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return np.diff(np.concatenate([[0], edges, [inside.size]])).astype(int).tolist()


HOLE = mask("####..", "#..#..", "####..", "......")


def polygon(left: float, top: float, right: float, bottom: float) -> list[float]:
    """A rectangle as a polygon of COCO."""
    return [left, top, right, top, right, bottom, left, bottom]


def coco_instances(root: Path, **changes: object) -> Path:
    """Six images, and annotations of every sort."""
    picture(root / "val/a/x.png")
    picture(root / "val/b/x.png")
    picture(root / f"val/{APART}.png")
    picture(root / "val/empty.png")
    picture(root / "val/turned.jpg", 6, 4, orientation=6)  # 6 x 4 when it is upright
    picture(root / "val/stored.jpg", 4, 6, orientation=6)  # annotated as it is stored
    size = {"height": 4, "width": 6}
    names = ("a/x.png", "b\\x.png", f"{CAFE}.png", "empty.png", "turned.jpg", "stored.jpg")
    images = [{**size, "id": i if i % 2 else str(i), "file_name": n} for i, n in enumerate(names)]
    categories = [
        {"id": 3, "name": "cat", "supercategory": "animal"},
        {"id": "90", "name": f" {APART} ", "supercategory": "none"},
        {"id": 0, "name": "mat"},
    ]
    rows: Sequence[tuple[object, object, object, int]] = (
        (0, 3, [polygon(0, 0, 2, 2), polygon(4, 1, 6, 3)], 0),  # two parts
        ("0", 3, [polygon(1, 1, 3, 3)], 0),  # overlaps one of its own class
        (0, "0", [polygon(0, 1, 6, 2)], 0),  # and one of another
        (0, 90, [polygon(0, 1, 1, 4)], 0),
        (1, 3, {"size": [4, 6], "counts": runs(HOLE)}, 1),  # a crowd
        (1, 0, {"size": [4, 6], "counts": packed(runs(HOLE[::-1]))}, 0),
        (2, 3, [[1, 1, 4, 1, 2.5, 1]], 0),  # no area
        (2, 3, [[], [2, 2], [1, 1, 3, 3]], 0),
        (2, 0, [polygon(-50, -50, 2, 900)], 0),  # reaches out
        (2, 90, [polygon(70, 1, 80, 3)], 0),  # lies outside
        (4, 3, [polygon(0, 0, 3, 1)], 0),
        (5, 3, [polygon(0, 0, 3, 1)], 0),
    )
    annotations = [
        {"id": i, "image_id": im, "category_id": c, "segmentation": s, "iscrowd": crowd}
        for i, (im, c, s, crowd) in enumerate(rows)
    ]
    file = root / "annotations/instances_val.json"
    file.parent.mkdir(exist_ok=True)
    whole: Mapping[str, object] = {
        "images": images,
        "annotations": annotations,
        "categories": categories,
    }
    file.write_text(json.dumps({**whole, **changes}), encoding="utf-8")
    return root


def voc(root: Path) -> Path:
    """Three labelled images, two of one name; one image without labels."""
    ids = np.array([[0, 0, 8, 8, 8, 255], [0, 15, 15, 8, 8, 255]] * 2, np.uint8)
    for i, name in enumerate(("a/x", "b/x", APART)):
        picture(root / f"JPEGImages/{name}.jpg")
        image = Image.fromarray(np.roll(ids, i, axis=1), mode=None)
        image.putpalette(palette())
        path = root / f"SegmentationClass/{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
    picture(root / "JPEGImages/unlabelled.jpg")
    lists = root / "ImageSets/Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a/x\n", encoding="utf-8")
    (lists / "val.txt").write_text(f'b/x\n"{CAFE}"\n\n', encoding="utf-8")
    (lists / "trainval.txt").write_text("a/x\nb/x\n", encoding="utf-8")
    (lists / "test.txt").write_text("unlabelled\nnever_seen\n", encoding="utf-8")
    return root


def palette() -> list[int]:
    """Pascal VOC's palette, each colour after the published one."""
    published = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 8: (64, 0, 0)}
    published |= {15: (192, 128, 128), 20: (0, 64, 128), 255: (224, 224, 192)}
    return [channel for i in range(256) for channel in published.get(i, (1, 2, i))]


def png_text(pixels: np.ndarray) -> str:
    """An image file as text, as labelme embeds it."""
    return base64.b64encode(encoded(pixels)).decode()


def labelme_json(path: Path, shapes: Sequence[object], image: object, **more: object) -> Path:
    """Write a file of labelme."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = {"imageHeight": 4, "imageWidth": 6}
    data = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": image}
    text = json.dumps({**data, "imageData": None, **size, **more}, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def shape(label: object, points: object, kind: object = "polygon", **more: object) -> dict:
    """A shape of labelme."""
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, **more}


def box(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    """Two corners."""
    return [[left, top], [right, bottom]]


def labelme(root: Path) -> Path:
    """Files in nested folders, two of one name, images beside, elsewhere and inside."""
    picture(root / "a/x.jpg")
    picture(root / "train/img/x.jpg")
    picture(root / f"{APART}.png")
    picture(root / "turned.jpg", 6, 4, orientation=6)
    picture(root / "unlabelled.jpg")
    square = [[0, 0], [2, 0], [2, 2], [0, 2]]
    overlapping = [
        shape("cat", square),
        shape("cat", box(4, 1, 1, 1), "rectangle"),
        shape(f" {APART}", box(2, 0, 2, 3), "rectangle"),
        shape("_background_", box(0, 0, 0, 9), "rectangle"),
        shape("mat", box(0, 3, 5, 3), "rectangle"),
    ]
    labelme_json(root / "a/x.json", overlapping, "x.jpg", flags={"indoor": True, "dark": False})
    labelme_json(root / "train/ann/x.json", [shape("cat", square, None)], "..\\img\\x.jpg")
    labelme_json(root / f"{APART}.json", [], f"C:\\me\\{CAFE}.png")
    labelme_json(root / "turned.json", [shape("mat", box(0, 0, 3, 0), "rectangle")], "turned.jpg")
    inside = png_text(photo(5))
    patch = shape(
        "cat", box(4, 2, 6, 3), "mask", mask=png_text(np.eye(3, 3, 1, np.uint8)[:2] * 255)
    )
    labelme_json(root / "inside.json", [patch], "lost.jpg", imageData=inside, imageHeight=None)
    data = json.loads((root / "inside.json").read_text())
    (root / "inside.json").write_text(json.dumps({**data, "imageWidth": None}))
    (root / "settings.json").write_text('{"theme": "dark"}')
    return root


def bytes_of(image: Image.Image) -> bytes:
    """A PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
