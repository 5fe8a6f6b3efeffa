"""What annotation tools write: COCO instances, Pascal VOC, labelme; formats that are not read."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from andornot import AndornotError
from andornot.cli import cli, main
from andornot.data.images.check import check_images
from andornot.data.images.coco_instances import Polygons, Runs, unpacked
from andornot.data.images.convert import convert
from andornot.data.images.drawn import ERASED, stacked, turned
from andornot.data.images.formats import seen_at
from andornot.data.images.labelme import DrawnRegion
from andornot.data.images.open import kind_of, open_data
from andornot.data.images.table import build_table
from andornot.data.images.voc import CLASSES, color_of
from andornot.errors import DataError, OptionError
from import_cases import (
    APART,
    CAFE,
    HOLE,
    coco_instances,
    held,
    labelme,
    labelme_json,
    mask,
    packed,
    picture,
    png_text,
    polygon,
    runs,
    shape,
    voc,
)
from insides import install
from probing_cases import coco, photo, save

MAKERS: dict[str, Callable[[Path], Path]] = {
    "coco-instances": coco_instances,
    "voc": voc,
    "labelme": labelme,
}
DEEP = 200_000
quietly = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pycocotools.mask.decode


# --- what is drawn ---


def test_coco_instances_are_the_masks_drawn_by_hand(tmp_path: Path) -> None:
    data = open_data(coco_instances(tmp_path))
    assert data.names == ("cat", CAFE, "mat")
    assert data.categories == (("animal",), ("object",), ("object",))
    assert data.sample_ids == (
        *("val/a/x.png", "val/b/x.png", f"val/{CAFE}.png", "val/empty.png"),
        *("val/turned.jpg", "val/stored.jpg"),
    )
    assert set(data.splits) == {"val"}
    assert held(data, 0) == {
        "cat": ["##....", "###.##", ".##.##", "......"],
        "mat": ["......", "######", "......", "......"],
        CAFE: ["......", "#.....", "#.....", "#....."],
    }
    assert len(data.labels(0).maps) == 3  # three concepts at one position
    assert held(data, 1) == {
        "cat": ["####..", "#..#..", "####..", "......"],  # the hole is a hole
        "mat": ["......", "####..", "#..#..", "####.."],
    }
    assert held(data, 2) == {"mat": ["##...."] * 4}  # nothing of what has no area or lies outside
    assert held(data, 3) == {}
    assert data.labels(3).shape == (4, 6)
    assert held(data, 4) == {"cat": ["###...", "......", "......", "......"]}
    # annotated as it is stored: both are turned clockwise
    assert held(data, 5) == {"cat": ["...#", "...#", "...#", "....", "....", "...."]}
    assert [data.image(i).size for i in (2, 4, 5)] == [(6, 4), (6, 4), (4, 6)]


@quietly
def test_the_masks_of_coco_are_those_of_pycocotools(tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    root = coco_instances(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()):
        published = COCO(str(root / "annotations/instances_val.json"))
    published.imgs |= {int(key): image for key, image in published.imgs.items()}
    data = open_data(root)
    theirs = published.annToMask(published.anns[0]) | published.annToMask(published.anns[1])
    assert mask(*held(data, 0)["cat"]).tolist() == theirs.astype(bool).tolist()
    crowd = published.annToMask(published.anns[4])
    assert mask(*held(data, 1)["cat"]).tolist() == crowd.astype(bool).tolist()


@quietly
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=9))
def test_run_lengths_are_packed_as_pycocotools_packs_them(lengths: list[int]) -> None:
    from pycocotools import mask as tools

    lengths = [lengths[0], *(length or 1 for length in lengths[1:])]
    assert unpacked(packed(lengths)).tolist() == lengths
    height, width = 1, max(sum(lengths), 1)
    theirs = tools.frPyObjects({"size": [height, width], "counts": lengths}, height, width)
    assert packed(lengths) == theirs["counts"].decode()
    drawn = Runs(1, packed(lengths)).mask((height, sum(lengths)))
    if sum(lengths):
        assert (drawn == tools.decode(theirs).astype(bool)).all()


@quietly
@given(
    st.lists(st.tuples(st.integers(-90, 400), st.integers(-90, 400)), min_size=3, max_size=7),
    st.integers(1, 20),
    st.integers(1, 20),
)
def test_polygons_are_drawn_as_pycocotools_draws_them(points, height: int, width: int) -> None:
    from pycocotools import mask as tools

    flat = [value / 10 for point in points for value in point]
    mine = Polygons(1, (np.array(flat), np.array(flat[:6]) + 2)).mask((height, width))
    parts = [flat, [value + 2 for value in flat[:6]]]
    theirs = tools.decode(tools.merge(tools.frPyObjects(parts, height, width)))
    assert (mine == theirs.astype(bool)).all()


def test_voc_maps_are_read_as_they_are(tmp_path: Path) -> None:
    data = open_data(voc(tmp_path))
    assert data.names == tuple(CLASSES)
    assert len(data.names) == 20
    assert dict(zip(data.names, data.categories, strict=True))["dog"] == ("animal",)
    assert data.sample_ids == ("a/x.jpg", "b/x.jpg", f"{CAFE}.jpg")
    assert data.splits == ("train", "val", "val")
    assert held(data, 0) == {
        "cat": ["..###.", "...##."] * 2,  # 0 and 255 are nothing
        "person": ["......", ".##..."] * 2,
    }
    assert held(data, 1)["person"] == ["......", "..##.."] * 2
    assert held(open_data(tmp_path, categories=["person"]), 0).keys() == {"person"}


def test_voc_maps_of_colours_are_read_by_their_colours(tmp_path: Path) -> None:
    published = {1: 0x800000, 2: 0x008000, 3: 0x808000, 9: 0xC00000, 20: 0x004080, 255: 0xE0E0C0}
    assert {number: color_of(number) for number in published} == published
    root = voc(tmp_path)
    before = [held(open_data(root), i) for i in range(3)]
    for file in (root / "SegmentationClass").rglob("*.png"):
        Image.open(file).convert("RGB").save(file)
    assert [held(open_data(root), i) for i in range(3)] == before


def test_names_of_ids_that_lie_beside_voc_maps(tmp_path: Path) -> None:
    root = voc(tmp_path)
    names = [
        "n1",
        "n2",
        "n3",
        "n4",
        "n5",
        "n6",
        "n7",
        f" {APART}",
        *(f"m{i}" for i in range(9, 16)),
    ]
    (root / "labels.txt").write_text("__ignore__\n_background_\n" + "\n".join(names) + "\n")
    data = open_data(root)
    assert held(data, 0).keys() == {CAFE, "m15"}
    assert data.categories[0] == ("object",)
    (root / "class_names.txt").write_text("\n".join(names))  # without a background: from 1
    assert held(open_data(root), 0) == held(data, 0)
    (root / "class_names.txt").write_text("_background_\nonly\n")
    with pytest.raises(DataError, match=r"holds the label id 8, which class_names\.txt does not"):
        open_data(root).labels(0)


def test_the_colours_of_cvat(tmp_path: Path) -> None:
    root = voc(tmp_path)
    (root / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\nperson:192,128,128::\n"
        "a: cat:64,0,0::\nvoid:224,224,192::\n"
    )
    data = open_data(root)
    assert data.names == ("person", "a: cat")
    assert held(data, 0)["a: cat"] == ["..###.", "...##."] * 2
    assert data.fingerprint() != open_data(voc(tmp_path / "other")).fingerprint()
    for file in (root / "SegmentationClass").rglob("*.png"):
        Image.open(file).convert("RGB").save(file)
    assert held(open_data(root), 0) == held(data, 0)


def test_labelme_shapes_are_the_masks_drawn_by_hand(tmp_path: Path) -> None:
    data = open_data(labelme(tmp_path))
    assert data.names == (CAFE, "cat", "indoor", "mat")
    assert data.categories == (("object",), ("object",), ("flag",), ("object",))
    ids = (f"{CAFE}.png", "a/x.jpg", "inside.jpg", "train/img/x.jpg", "turned.jpg")
    assert sorted(data.sample_ids) == sorted(ids)
    found = {name: held(data, i) for i, name in enumerate(data.sample_ids)}
    assert found["a/x.jpg"] == {
        "cat": [".##...", ".####.", ".##...", "......"],  # what lay under _background_ is gone
        CAFE: ["..#..."] * 4,
        "mat": ["......", "......", "......", "######"],
    }
    assert found["train/img/x.jpg"] == {"cat": ["###...", "###...", "###...", "......"]}
    assert found[f"{CAFE}.png"] == {}
    assert found["turned.jpg"] == {"mat": ["####..", "......", "......", "......"]}
    assert found["inside.jpg"] == {"cat": ["......", "......", ".....#", "......"]}
    first = data.sample_ids.index("a/x.jpg")
    assert data.labels(first).concepts == (2,)  # indoor; dark is not set
    assert len(data.labels(first).maps) == 2
    assert data.splits[data.sample_ids.index("train/img/x.jpg")] == "train"
    inside = data.sample_ids.index("inside.jpg")
    assert (np.asarray(data.image(inside)) == photo(5)).all()
    flags = open_data(tmp_path, categories=["flag"])
    assert (flags.names, held(flags, first), flags.labels(first).concepts) == (
        ("indoor",),
        {},
        (0,),
    )


@pytest.mark.parametrize(
    ("kind", "points", "rows"),
    [
        ("polygon", [[1, 1], [4, 1], [1, 4]], [".....", ".####", ".###.", ".##..", ".#..."]),
        ("polygon", [[1, 1], [2, 1], [3, 1]], [".....", ".###.", ".....", ".....", "....."]),
        ("polygon", [[-9, -9], [99, -9], [-9, 99]], ["#####"] * 5),
        ("rectangle", [[3, 2], [1, 1]], [".....", ".###.", ".###.", ".....", "....."]),
        (
            "oriented_rectangle",
            [[2, 0], [4, 2], [2, 4], [0, 2]],
            ["..#..", ".###.", "#####", ".###.", "..#.."],
        ),
        ("circle", [[2, 2], [2, 4]], [".###.", "#####", "#####", "#####", ".###."]),
        ("point", [[7, 7]], ["....." for _ in range(3)] + ["....#", "...##"]),
        ("line", [[0, 9], [9, 9]], ["....."] * 5),
        ("line", [[0, 8], [3, 8]], ["....."] * 4 + ["####."]),
        ("linestrip", [[8, -4], [8, 3]], ["....#"] * 4 + ["....."]),
    ],
)
def test_each_shape_of_labelme(kind: str, points: list[list[float]], rows: list[str]) -> None:
    found = DrawnRegion(1, kind, np.array(points, float)).mask((5, 5))
    assert ["".join(".#"[int(inside)] for inside in row) for row in found] == rows


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 3)), max_size=8))
def test_layers_are_few_and_lose_nothing(boxes: list[tuple[int, int, int]]) -> None:
    shapes = [DrawnRegion(n, "rectangle", np.array([[x, y], [x + 1, y + 1]])) for n, x, y in boxes]
    codes = np.array([0, 1, 2, 0, 2], np.int32)  # 3 is left out, 4 is another 2
    layers = stacked(shapes, codes, (5, 5))
    sets = np.empty((5, 5), object)
    for row, column in np.ndindex(5, 5):
        holds: set[int] = set()
        for n, x, y in boxes:
            if x <= column <= x + 1 and y <= row <= y + 1:
                holds = set() if n == ERASED else holds | {int(codes[n])} - {0}
        sets[row, column] = holds
        drawn = [int(layer[row, column]) for layer in layers if layer[row, column]]
        assert sorted(drawn) == sorted(holds)
    assert len(layers) == max(1, *(len(holds) for holds in sets.ravel()))


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_maps_are_turned_as_their_images_are(tmp_path: Path, orientation: int) -> None:
    path = picture(tmp_path / "a.png", 3, 5, orientation)
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))[..., 0].astype(np.int32)
        stored = np.asarray(image)[..., 0].astype(np.int32)
    assert turned(stored, orientation).tolist() == upright.tolist()


# --- what the pipeline does with it ---


@pytest.mark.parametrize("kind", MAKERS)
def test_each_kind_is_told_by_its_files_and_opened_again(tmp_path: Path, kind: str) -> None:
    data = open_data(MAKERS[kind](tmp_path))
    assert data.kind == kind == kind_of(tmp_path) == open_data(f"{kind}:{tmp_path}").kind
    assert data.source is not None
    assert open_data(**data.source).fingerprint() == data.fingerprint()
    assert open_data(tmp_path, limit=1).fingerprint() != data.fingerprint()
    twin = pickle.loads(pickle.dumps(data.subset([0])))
    assert held(twin, 0) == held(data, 0)
    colored = open_data(tmp_path, colors=True).labels(0)
    assert colored.layers[-1] == "color"
    assert len(colored.maps) == len(colored.layers) == len(data.labels(0).maps) + 1


@pytest.mark.parametrize("kind", MAKERS)
def test_each_kind_is_converted_and_checked(tmp_path: Path, kind: str) -> None:
    data = open_data(MAKERS[kind](tmp_path / "in"), colors=True)
    written = convert(data, tmp_path / "out")
    one, two = (build_table(d, tmp_path / f"t{i}") for i, d in enumerate((data, written)))
    assert one.names == two.names
    assert one.concept_counts.tolist() == two.concept_counts.tolist()
    assert sorted(one.counts.tolist()) == sorted(two.counts.tolist())
    done = CliRunner().invoke(cli, ["data", "check", str(tmp_path / "in"), "--quiet"])
    assert done.exit_code == 0, done.output
    assert f"{kind}:{tmp_path / 'in'}" in done.output


def test_what_has_no_annotation_is_told_of(tmp_path: Path) -> None:
    found = check_images(open_data(coco_instances(tmp_path)))
    assert found.facts["layers"] == "object (5)"
    assert any("1 of 6 images have no map in object (val/empty.png)" in w for w in found.warnings)
    (tmp_path / "val/b/x.png").unlink()
    found = check_images(open_data(tmp_path))
    assert len(found.unreadable) == 1
    assert "val/b/x.png is missing" in found.unreadable[0]


@pytest.mark.parametrize("kind", MAKERS)
def test_a_folder_may_be_called_as_a_kind_is(tmp_path: Path, monkeypatch, kind: str) -> None:
    (tmp_path / kind).mkdir()
    MAKERS[kind](tmp_path / kind)
    monkeypatch.chdir(tmp_path)
    assert open_data(kind).path == open_data(f"{kind}:{kind}").path == Path(kind)


def test_annotations_that_lie_deeper_are_pointed_at(tmp_path: Path) -> None:
    deep = tmp_path / "some/where"
    deep.mkdir(parents=True)
    coco_instances(deep)
    for spec in (tmp_path, f"coco-instances:{tmp_path}", f"labelme:{tmp_path}"):
        with pytest.raises(DataError, match=r"instances_val\.json looks like COCO instances: read"):
            open_data(spec)


def test_the_fingerprint_follows_the_annotations(tmp_path: Path) -> None:
    changes = {
        "coco-instances": ("annotations/instances_val.json", "900", "901"),
        "labelme": ("a/x.json", "[2, 2]", "[2, 1]"),
        "voc": ("labels.txt", "", ""),
    }
    for kind, (name, old, new) in changes.items():
        root = MAKERS[kind](tmp_path / kind)
        before = open_data(root).fingerprint()
        file = root / name
        text = file.read_text(encoding="utf-8") if file.exists() else "\n".join("abcdefghijklmno")
        file.write_text(text.replace(old, new), encoding="utf-8")
        assert open_data(root).fingerprint() != before, kind


@pytest.mark.parametrize("layout", ["beside", "roboflow", "result.json", "images/train"])
def test_layouts_of_coco_instances(tmp_path: Path, layout: str) -> None:
    source = coco_instances(tmp_path / "source")
    file, root = source / "annotations/instances_val.json", tmp_path / "d"
    image, index = {
        "beside": (root, root / "export.json"),
        "roboflow": (root / "train", root / "train/_annotations.coco.json"),
        "result.json": (root / "images", root / "result.json"),
        "images/train": (root / "images/train", root / "annotations/instances_train.json"),
    }[layout]
    shutil.copytree(source / "val", image)
    index.parent.mkdir(exist_ok=True)
    shutil.copy(file, index)
    data = open_data(root)
    assert data.kind == "coco-instances"
    assert held(data, 0) == held(open_data(source), 0)
    assert len(data) == len(open_data(f"coco-instances:{index}")) == 6
    splits = {"roboflow": "train", "images/train": "train"}
    assert set(data.splits) == {splits.get(layout, "")}


def test_two_splits_of_coco_instances_share_their_categories(tmp_path: Path) -> None:
    root = coco_instances(tmp_path)
    shutil.copytree(root / "val", root / "train")
    text = (root / "annotations/instances_val.json").read_text()
    (root / "annotations/instances_train.json").write_text(text.replace('"mat"', '"rug"'))
    data = open_data(root)
    assert data.names == ("cat", CAFE, "rug", "mat")
    assert len(data) == 12
    assert held(data, 0)["rug"] == held(data, 6)["mat"]


def test_sizes_that_the_file_leaves_out_are_those_of_the_image(tmp_path: Path) -> None:
    picture(tmp_path / "x.png")
    index = {
        "images": [{"id": 1, "file_name": "x.png"}],
        "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
        "annotations": [
            {"image_id": 1, "category_id": 1, "segmentation": [polygon(0, 0, 6, 4)]},
            {"image_id": 1, "category_id": 2, "segmentation": {"size": [4, 6], "counts": [23, 1]}},
        ],
    }
    file = tmp_path / "some.json"
    file.write_text(json.dumps(index))
    assert held(open_data(file), 0)["a"] == ["######"] * 4
    assert held(open_data(file), 0)["b"][3] == ".....#"
    index["images"][0] |= {"height": 4, "width": 9}
    del index["annotations"][1]
    file.write_text(json.dumps(index))
    with pytest.raises(
        DataError, match=r"says that the image x\.png is 9 x 4 pixels, but it is 6 x 4"
    ):
        open_data(file).labels(0)


# --- what is damaged ---


def one_coco(root: Path, **changes: object) -> Path:
    """A file of one image and one annotation, some keys of which are changed, or left out."""
    picture(root / "x.png")
    entries: dict[str, dict[str, object]] = {
        "image": {"id": 1, "file_name": "x.png", "height": 4, "width": 6},
        "category": {"id": 1, "name": "cat"},
        "annotation": {
            "id": 5, "image_id": 1, "category_id": 1, "segmentation": [polygon(0, 0, 2, 2)],
        },
    }  # fmt: skip
    for place, value in changes.items():
        name, _, key = place.partition("_")
        entries[name] |= {key: value}
        if value is None:
            del entries[name][key]
    plural = {"image": "images", "category": "categories", "annotation": "annotations"}
    file = root / "some.json"
    file.write_text(json.dumps({plural[name]: [entry] for name, entry in entries.items()}))
    return file


RUNS = {"size": [4, 6], "counts": runs(HOLE)}


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("annotation_segmentation", [[1, 2, 3, 4, 5, 6, 7]], "a polygon of 7 numbers, but each"),
        ("annotation_segmentation", [[[1, 2], [3, 4]]], "has a polygon of"),
        ("annotation_segmentation", [1, 2, 3, 4, 5, 6], "a list of polygons"),
        ("annotation_segmentation", [[1, 2, "3", 4, 5, 6]], "points that are no numbers"),
        ("annotation_segmentation", [[1, 2, None, 4, 5, 6]], "points that are no numbers"),
        ("annotation_segmentation", [[1, 2, float("nan"), 4, 5, 6]], "a point more than 100,000"),
        ("annotation_segmentation", [[1, 2, 1e300, 4, 5, 6]], "a point more than 100,000"),
        ("annotation_segmentation", [[1, 2, 10**400, 4, 5, 6]], "points that are no numbers"),
        ("annotation_segmentation", [], r"has no outline \(its 'segmentation' is \[\]\)"),
        ("annotation_segmentation", None, "has no outline"),
        ("annotation_segmentation", "polygon", "has no outline"),
        ("annotation_segmentation", {"counts": [24]}, "run lengths without 'size'"),
        ("annotation_segmentation", {"size": [4]}, "run lengths without 'size'"),
        ("annotation_segmentation", {"size": [4, -6]}, "whole numbers above 0, got 4 and -6"),
        (
            "annotation_segmentation",
            RUNS | {"size": [6, 4]},
            "of 4 x 6 pixels, but its image has 6",
        ),
        ("annotation_segmentation", RUNS | {"counts": [20, 5]}, "do not add up to the 24 pixels"),
        ("annotation_segmentation", RUNS | {"counts": [2**62, 2**62]}, "do not add up to"),
        ("annotation_segmentation", RUNS | {"counts": [30, -6]}, "are no list of counts"),
        ("annotation_segmentation", RUNS | {"counts": [[24]]}, "are no list of counts"),
        ("annotation_segmentation", RUNS | {"counts": [24.0]}, "are no list of counts"),
        ("annotation_segmentation", RUNS | {"counts": None}, "are no list of counts"),
        ("annotation_segmentation", RUNS | {"counts": "11"}, "do not add up to the 24 pixels"),
        ("annotation_segmentation", RUNS | {"counts": "1o"}, "damaged run lengths .the end is mis"),
        ("annotation_segmentation", RUNS | {"counts": "é"}, "damaged run lengths"),
        ("annotation_segmentation", RUNS | {"counts": "o" * 40 + "0"}, "damaged run lengths"),
        ("annotation_category_id", 7, "has the 'category_id' 7, which 'categories' does not list"),
        ("annotation_category_id", [1], "lacks 'category_id', a number or a text"),
        ("annotation_image_id", "other", "has the 'image_id' 'other', which 'images' does not"),
        ("annotation_image_id", None, "annotation 5 lacks 'image_id'"),
        ("category_name", " ", "category 1 has no name, but ' '"),
        ("category_name", 3, "category 1 has no name, but 3"),
        ("category_id", True, "lacks 'id'"),
        ("image_file_name", None, "image 1 lacks 'file_name'"),
        ("image_file_name", "../x.png", "leads out of the data set"),
        ("image_file_name", "lost.png", "has no image lost.png, neither in images nor beside some"),
        ("image_height", "4", "whole numbers above 0, got '4' and 6"),
        ("image_height", 10**9, "1000000000 pixels, more than"),
    ],
)
def test_what_can_be_wrong_with_coco_instances(tmp_path, place, value, message) -> None:
    file = one_coco(tmp_path, **{place: value})
    with pytest.raises(DataError, match=message) as caught:
        open_data(f"coco-instances:{file}")
    assert str(caught.value).startswith(str(tmp_path))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"categories": []}, "names no category"),
        ({"categories": {}}, "has no list 'categories' of objects"),
        ({"categories": [{"id": 1, "name": "a"}, {"id": "1", "name": "b"}]}, "an earlier category"),
        ({"images": [3]}, "has no list 'images' of objects"),
        ({"images": [], "annotations": []}, "lists no image"),
        ({"annotations": None}, "has no list 'annotations' of objects"),
        ({"images": [{"id": i, "file_name": "a/x.png"} for i in range(9)]}, "9 times"),
        ({"images": [{"id": 1, "file_name": "a/x.png"}] * 2}, "an id that an earlier image has"),
    ],
)
def test_what_can_be_wrong_with_the_lists_of_coco(tmp_path, changes, message) -> None:
    if "images" in changes:
        changes = {"annotations": [], **changes}
    root = coco_instances(tmp_path, **changes)
    with pytest.raises(DataError, match=message):
        open_data(f"coco-instances:{root}")


def test_a_polygon_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    far = [-99_999, -99_999, 99_999, 99_999] * 20
    data = open_data(one_coco(tmp_path, annotation_segmentation=[far]))
    with pytest.raises(DataError, match=r"image x\.png: a polygon is .* pixels around: mend"):
        data.labels(0)


def test_pycocotools_is_asked_for_where_it_is_missing(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    sentence = f"COCO instances need pycocotools, .*{re.escape(install('coco'))}"
    with pytest.raises(OptionError, match=sentence):
        open_data(coco_instances(tmp_path))
    with pytest.raises(SystemExit):
        main(["data", "check", str(tmp_path), "--quiet"])
    assert "[coco]" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["coco-instances", "labelme"])
def test_damaged_json_gets_one_sentence(tmp_path: Path, kind: str) -> None:
    root = MAKERS[kind](tmp_path)
    file = next(root.rglob("instances_val.json" if kind == "coco-instances" else "inside.json"))
    text = file.read_text(encoding="utf-8")
    for bad in (text[: len(text) // 2], "", "[" * DEEP, '{"a":' * DEEP, "\x00"):
        file.write_text(bad, encoding="utf-8")
        with pytest.raises(DataError, match="cannot be read as JSON") as caught:
            open_data(f"{kind}:{root}")
        assert str(file) in str(caught.value)


TWO = [[0, 0], [2, 2]]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("cat", "shape 0 is no object, but 'cat'"),
        (shape(" ", TWO), "shape 0 has no name, but ' '"),
        (shape(3, TWO), "shape 0 has no name, but 3"),
        (shape("cat", TWO, "blob"), "has the shape_type 'blob', which is none of polygon, rect"),
        (shape("cat", TWO, ["polygon"]), "which is none of polygon"),
        (shape("cat", TWO), r"is to have at least 3 points \[x, y\], as a polygon has"),
        (shape("cat", [[0, 0]] * 3, "rectangle"), "is to have 2 points"),
        (shape("cat", [[0, 0], [1]], "line"), "points that are no numbers"),
        (shape("cat", [0, 0, 1, 1], "line"), "is to have 2 points"),
        (shape("cat", [[0, 0, 0]] * 3), "is to have at least 3 points"),
        (shape("cat", [["0", "1"], ["2", "2"]], "line"), "points that are no numbers"),
        (shape("cat", None, "point"), "points that are no numbers"),
        (shape("cat", [[float("inf"), 0]], "point"), "a point more than 100,000 pixels off"),
        (shape("cat", TWO, "mask"), "mask is no image file written as text"),
        (shape("cat", TWO, "mask", mask="%%%"), "mask is no image file written as text"),
        (shape("cat", TWO, "mask", mask="aaaa"), "image x.png: .*mask is not a readable image"),
    ],
)
def test_what_can_be_wrong_with_shapes_of_labelme(tmp_path: Path, entry, message) -> None:
    picture(tmp_path / "x.png")
    labelme_json(tmp_path / "x.json", [entry], "x.png")
    with pytest.raises(DataError, match=message) as caught:
        open_data(f"labelme:{tmp_path}").labels(0)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shapes": None}, "has no list 'shapes'"),
        ({"shapes": {}}, "has no list 'shapes'"),
        ({"flags": ["indoor"]}, "its 'flags' are no object"),
        ({"flags": {" ": True}}, "a flag has no name"),
        ({"imageHeight": 4.5}, "whole numbers above 0, got 4.5 and 6"),
        ({"imageHeight": 9}, "says that the image x.png is 6 x 9 pixels, but it is 6 x 4"),
        ({"shapes": []}, "has neither a shape nor a flag"),
    ],
)
def test_what_can_be_wrong_with_a_file_of_labelme(tmp_path: Path, changes, message) -> None:
    picture(tmp_path / "x.png")
    file = labelme_json(tmp_path / "x.json", [shape("cat", TWO, "line")], "x.png")
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    with pytest.raises(DataError, match=message):
        open_data(f"labelme:{tmp_path}").labels(0)


def test_images_of_labelme_that_are_not_there(tmp_path: Path) -> None:
    line = [shape("cat", TWO, "line")]
    file = labelme_json(tmp_path / "d/x.json", line, "../../secret.png")
    picture(tmp_path / "secret.png")
    with pytest.raises(
        DataError, match=r"of the image '../../secret\.png', which is neither there"
    ):
        open_data(f"labelme:{tmp_path / 'd'}")
    labelme_json(file, line, "lost.png", imageData=png_text(photo(1)))
    data = open_data(file)
    assert data.image(0).size == (6, 4)
    labelme_json(file, line, "lost.png", imageData="####")
    with pytest.raises(DataError, match="imageData is no image file written as text"):
        data.image(0)
    file.unlink()
    with pytest.raises(DataError, match="is missing"):
        data.fingerprint()


def test_what_can_be_wrong_with_voc(tmp_path: Path) -> None:
    def refuses(message: str, labels: bool = False) -> None:
        with pytest.raises(DataError, match=message):
            open_data(f"voc:{tmp_path}").labels(0 if labels else 1)

    refuses("has no folder SegmentationClass")
    voc(tmp_path)
    save(tmp_path / "SegmentationClass/a/x.png", np.full((4, 6), 21, np.uint8))
    refuses("holds the label id 21, which the list of Pascal VOC does not name", labels=True)
    save(tmp_path / "SegmentationClass/a/x.png", np.zeros((9, 6), np.uint8))
    refuses("both must show the same frame", labels=True)
    (tmp_path / "SegmentationClass/a/x.png").write_bytes(b"\x89PNG")
    refuses("is not a readable image", labels=True)
    (tmp_path / "SegmentationClass/a/x.png").unlink()
    refuses(r"train\.txt, row 1: 'a/x' has no label map SegmentationClass/a/x\.png")
    (tmp_path / "ImageSets/Segmentation/train.txt").write_bytes(b"\xff")
    refuses("cannot be read as text in UTF-8")
    (tmp_path / "ImageSets/Segmentation/train.txt").unlink()
    picture(tmp_path / "JPEGImages/b/x.png")
    refuses(r"holds both b/x\.jpg and b/x\.png, which would have the same label map")
    (tmp_path / "JPEGImages/b/x.png").unlink()
    (tmp_path / "JPEGImages/b/x.jpg").unlink()
    refuses(r"b/x\.png has no image JPEGImages/b/x\.jpg")
    for text, message in {
        "cat": "row 1: write NAME:R,G,B::",
        "cat:1,2,300::": "row 1: write NAME:R,G,B::",
        f"cat:1,2,{'9' * 5000}::": "row 1: write NAME:R,G,B::",
        "cat:1,2,3::\ndog:1,2,3::": "row 2: an earlier row has this colour",
        "background:0,0,0::": "names no class",
        " :1,2,3::": "has no name",
    }.items():
        (tmp_path / "labelmap.txt").write_text(text)
        refuses(message)
    (tmp_path / "labelmap.txt").unlink()
    (tmp_path / "labels.txt").write_text("_background_\n")
    refuses("is to name from 1 to 254 classes")
    shutil.rmtree(tmp_path / "JPEGImages")
    refuses("is to name|JPEGImages holds no image")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_no_annotation_file_is_waited_for(tmp_path: Path) -> None:
    voc(tmp_path / "voc")
    os.mkfifo(tmp_path / "voc/ImageSets/Segmentation/zz.txt")
    with pytest.raises(DataError, match=r"zz\.txt is a named pipe"):
        open_data(tmp_path / "voc")
    labelme(tmp_path / "labelme")
    os.mkfifo(tmp_path / "labelme/0.json")
    assert kind_of(tmp_path / "labelme") == "labelme"
    with pytest.raises(DataError, match=r"0\.json is a named pipe"):
        open_data(tmp_path / "labelme")
    picture(tmp_path / "none/x.png")
    os.mkfifo(tmp_path / "none/x.json")
    with pytest.raises(DataError, match="has no COCO instances"):
        open_data(f"coco-instances:{tmp_path / 'none'}")


@pytest.mark.parametrize("place", ["category_name", "category_supercategory"])
def test_halves_of_characters_are_refused_at_once(tmp_path: Path, place: str) -> None:
    with pytest.raises(DataError, match=r"'x.ud800', which is not UTF-8: rename it"):
        open_data(one_coco(tmp_path, **{place: "x\ud800"}))


def test_the_folder_above_one_edition_of_voc(tmp_path: Path) -> None:
    voc(tmp_path / "VOC2012")
    assert open_data(tmp_path).kind == "voc"
    voc(tmp_path / "VOC2007")
    with pytest.raises(DataError, match="give the folder that holds it"):
        open_data(f"voc:{tmp_path}")


# --- formats that are something else ---


def test_one_kind_given_as_another_is_named(tmp_path: Path) -> None:
    instances = coco_instances(tmp_path / "i") / "annotations/instances_val.json"
    panoptic = coco(tmp_path / "p") / "annotations/panoptic_val.json"
    drawn = labelme(tmp_path / "l")
    labelled = one_coco(tmp_path)  # x.png beside it is called as it is
    labelled = labelled.rename(tmp_path / "x.json")
    for kind, path, message in (
        ("coco", instances, f"{instances} looks like COCO instances: read it by coco-instances:"),
        (
            "coco",
            tmp_path / "i",
            f"{instances} looks like COCO instances: read it by coco-instances:",
        ),
        ("coco-instances", panoptic, "looks like COCO panoptic segmentation: read it by coco:"),
        ("coco-instances", tmp_path / "p", "COCO panoptic segmentation: read it by coco:"),
        ("coco-instances", drawn / "a/x.json", "looks like labelme JSON: read it by labelme:"),
        ("coco-instances", drawn, "holds files of labelme: read the folder by labelme:"),
        ("labelme", instances, "looks like COCO instances: read it by coco-instances:"),
        ("labelme", labelled, "looks like COCO instances: read it by coco-instances:"),
        ("voc", drawn, "holds files of labelme: read the folder by labelme:"),
    ):
        with pytest.raises(DataError, match=message):
            open_data(f"{kind}:{path}")
    assert [kind_of(p) for p in (instances, panoptic, drawn / "a/x.json")] == [
        "coco-instances", "coco", "labelme",
    ]  # fmt: skip


STUDIO = [{"id": 1, "annotations": [{"result": [], "completed_by": 1}], "data": {"image": "a.jpg"}}]
STUDIO_MIN = [{"image": "a.jpg", "annotation_id": 2, "annotator": 1, "lead_time": 3.5}]
SUPERVISELY = {"size": {"height": 4}, "objects": [{"classTitle": "cat", "points": {}}]}
VIA = {"a.jpg1": {"filename": "a.jpg", "regions": [{"shape_attributes": {"name": "polygon"}}]}}
CAPTIONS = {"images": [{"id": 1}], "annotations": [{"image_id": 1, "caption": "a cat"}]}
RESULTS = [{"image_id": 1, "category_id": 2, "segmentation": [[1, 1, 2, 2, 3, 1]], "score": 0.5}]
CVAT = '<?xml version="1.0"?><annotations><version>1.1</version><image id="0" name="a"/>'
BOXES = "<annotation><filename>a.jpg</filename><object><bndbox></bndbox></object></annotation>"
POLYGONS = "<annotation><filename>a</filename><object><polygon><pt></pt></polygon></object>"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", STUDIO, "looks like Label Studio's JSON, which is not read here: export the"),
        ("a.json", STUDIO_MIN, "looks like Label Studio's JSON"),
        ("ann/a.jpg.json", SUPERVISELY, "looks like Supervisely's JSON"),
        ("via.json", VIA, "looks like VGG Image Annotator's JSON"),
        ("annotations/captions_val.json", CAPTIONS, "looks like COCO captions"),
        ("results.json", RESULTS, "looks like a list of COCO results"),
        ("annotations.xml", CVAT, "looks like CVAT's XML.* export the task there as 'COCO 1.0'"),
        ("Annotations/a.xml", BOXES, "looks like Pascal VOC's XML of boxes"),
        ("a.xml", POLYGONS, "looks like XML of the old online LabelMe"),
        ("labels/a.txt", "0 0.5 0.5 0.1 0.2\n3 0.1 0.1 1 1e-3\n", "looks like YOLO annotations"),
        ("data.yaml", "train: ../train\nnc: 2\nnames: [cat, dog]\n", "looks like YOLO annotations"),
    ],
)
def test_formats_that_are_not_read_are_named(tmp_path: Path, name, content, message) -> None:
    picture(tmp_path / "images/a.jpg")
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    for spec in (tmp_path, file, *(f"{kind}:{tmp_path}" for kind in MAKERS)):
        with pytest.raises(DataError, match=message) as caught:
            open_data(spec)
        assert str(file) in str(caught.value)
    if name.endswith(".json"):
        with pytest.raises(AndornotError, match=message):
            open_data(f"coco-instances:{file}")


def test_what_is_of_no_format_keeps_its_sentence(tmp_path: Path) -> None:
    for name in ("a.json", "a.xml", "a.yaml", "a.txt", "a.csv"):
        (tmp_path / name).write_text('{"names": 1}')
        assert seen_at(tmp_path / name) is None
    assert seen_at(tmp_path / "nothing.json") is None
    with pytest.raises(DataError, match="is no data set that we know"):
        open_data(tmp_path)
    with pytest.raises(DataError, match="holds no JSON file of labelme"):
        open_data(f"labelme:{tmp_path}")
    picture(tmp_path / "a.jpg")
    with pytest.raises(DataError, match="holds images, but nothing says what is on them"):
        open_data(tmp_path)
    with pytest.raises(DataError, match="has no list 'shapes'"):
        open_data(f"labelme:{tmp_path}")  # called as an image is


def test_real_panoptic_labels_as_instances(shared_data: Path, tmp_path: Path) -> None:
    root = shared_data / "vision/coco128_panoptic_raw_train"
    panoptic = open_data(root, limit=3)
    segments = []
    for i in range(3):
        (labels,) = panoptic.labels(i).maps
        segments += [
            (i, c, {"size": list(labels.shape), "counts": packed(runs(labels == c))})
            for c in np.unique(labels).tolist()
            if c
        ]
    for i, name in enumerate(panoptic.sample_ids):
        shutil.copy(root / name, tmp_path / f"{i}.jpg")
    (tmp_path / "all.json").write_text(
        json.dumps(
            {
                "images": [{"id": i, "file_name": f"{i}.jpg"} for i in range(3)],
                "categories": [{"id": c, "name": n} for c, n in enumerate(panoptic.names, 1)],
                "annotations": [
                    {"image_id": i, "category_id": c, "segmentation": s} for i, c, s in segments
                ],
            }
        )
    )
    data = open_data(tmp_path)
    assert data.names == panoptic.names
    for i in range(3):
        (mine,), (theirs,) = (d.labels(i).maps for d in (data, panoptic))
        assert (mine == theirs).all()


def test_rows_of_yolo_are_boxes_or_outlines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0 .5 .5 0.2 1.\r\n1 0.5 .5 2e-1 1\r\n")
    picture(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"YOLO annotations of boxes.*: boxes are no"):
        open_data(tmp_path)
    (tmp_path / "a.txt").write_text("0 .5 .5 .2 .2 .1 .3\n")
    with pytest.raises(DataError, match="looks like YOLO annotations, which"):
        open_data(tmp_path)


@pytest.mark.parametrize("kind", ["coco", "coco-instances", "labelme"])
def test_a_file_that_is_no_json_is_called_by_its_format(tmp_path: Path, kind: str) -> None:
    (tmp_path / "x.xml").write_text('<annotations><image id="0"></image></annotations>')
    with pytest.raises(DataError, match="looks like CVAT's XML, which is not read here: export"):
        open_data(f"{kind}:{tmp_path / 'x.xml'}")


def test_a_file_that_is_no_data_set_is_called_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="looks like a PNG image, which is no data set that we"):
        open_data(picture(tmp_path / "x.png"))
