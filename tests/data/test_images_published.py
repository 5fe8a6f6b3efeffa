"""Data sets as their publishers lay them out: ADE20K, COCO panoptic, Cityscapes, parquet."""

from __future__ import annotations

import json
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from andornot import Run
from andornot.cli import cli
from andornot.data.images.dataset import FolderData
from andornot.data.images.open import kind_of, open_data
from andornot.errors import DataError, OptionError
from probing_cases import (
    ade20k,
    ade_json,
    cityscapes,
    coco,
    coco_json,
    encoded,
    id2label,
    parquet,
    photo,
    save,
    spread,
)

MAKERS = {"ade20k": ade20k, "coco": coco, "cityscapes": cityscapes}


def at(data: FolderData, i: int, row: int, column: int) -> set[str]:
    """The concepts of one position."""
    labels = data.labels(i)
    found = {data.names[m[row, column] - 1] for m in labels.maps if m[row, column]}
    return found | {data.names[c] for c in labels.concepts}


@pytest.fixture
def street(tmp_path: Path) -> FolderData:
    return open_data(ade20k(tmp_path))


def test_ade20k(street: FolderData) -> None:
    assert (street.kind, street.splits) == ("ade20k", ("training", "validation"))
    assert street.classes == ("street", "bedroom")
    # by number; two classes begin with bank, so both are called by all their synonyms
    assert street.names == (
        *("bank", "bank, shore", "car", "hub", "wheel", "window"),
        *("bedroom-s", "street-s"),
    )
    assert dict(zip(street.names, street.categories, strict=True)) == {
        "bank": ("object",), "bank, shore": ("object",), "car": ("object",), "hub": ("part",),
        "wheel": ("part",), "window": ("object", "part"), "bedroom-s": ("scene",),
        "street-s": ("scene",),
    }  # fmt: skip
    assert at(street, 0, 3, 0) == {"car", "wheel", "hub", "street-s"}
    assert at(street, 0, 3, 5) == {"car", "street-s"}
    assert at(street, 0, 1, 0) == {"street-s"}
    assert at(street, 1, 2, 0) == {"bank, shore", "bedroom-s"}
    assert street.image(0).size == (6, 4)


def test_categories_of_ade20k(tmp_path: Path) -> None:
    parts = open_data(ade20k(tmp_path), categories=["part"])
    assert parts.names == ("hub", "wheel", "window")
    assert parts.categories == (("part",),) * 3
    assert [len(parts.labels(i).maps) for i in (0, 1)] == [2, 1]
    assert at(parts, 0, 3, 0) == {"wheel", "hub"}
    assert at(parts, 1, 1, 0) == set()  # there the window is an object
    assert open_data(tmp_path, categories=["scene"]).names == ("bedroom-s", "street-s")
    with pytest.raises(OptionError, match="no category colour: choose among object, part, scene"):
        open_data(tmp_path, categories=["colour"])


def test_what_can_be_wrong_with_ade20k(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no X.jpg with X_seg.png and X.json"):
        open_data(f"ade20k:{tmp_path}")
    root = ade20k(tmp_path)
    stem = next(root.rglob("ADE_train_1.jpg")).with_suffix("")
    ade_json(stem, [], ((401, "car", 0), (2900, "wheel", 1)))
    data = open_data(root)
    assert data.classes[0] == "street"  # from the folder
    with pytest.raises(DataError, match=r"_seg.png holds the label id 70, which its JSON file"):
        data.labels(0)
    for bad, message in {
        '{"annotation"': "cannot be read as JSON",
        "[]": "has no list 'object'",
        '{"annotation": {"object": [{"name": "car"}]}}': "lacks the field 'name_ndx'",
        '{"annotation": {"object": [{"name": "car", "name_ndx": 0}]}}': "has the class 0",
        '{"annotation": {"object": [{"name": "car", "name_ndx": true}]}}': "lacks the field",
    }.items():
        stem.with_suffix(".json").write_text(bad)
        with pytest.raises(DataError, match=message):
            open_data(root)
    stem.with_suffix(".json").write_text("[" * 100_000)
    with pytest.raises(DataError, match="cannot be read as JSON"):
        open_data(root)


@pytest.mark.parametrize("folder", ["annotations", "."])
def test_coco(tmp_path: Path, folder: str) -> None:
    coco(tmp_path, "val", folder)
    coco(tmp_path, "train", folder)
    data = open_data(tmp_path)
    assert (data.kind, data.names) == ("coco", ("person", "sky", "kite"))
    assert data.categories == (("thing", "person"), ("stuff", "outdoor"), ("thing", "sports"))
    assert data.sample_ids == ("train/0.jpg", "train/1.jpg", "val/0.jpg", "val/1.jpg")
    assert data.splits == ("train", "train", "val", "val")
    expected = [[2] * 6, [1] * 6, [1] * 6, [0] * 6]
    assert data.labels(0).maps[0].tolist() == expected
    assert data.labels(3).maps[0].tolist() == expected[::-1]
    assert open_data(tmp_path, categories=["stuff"]).labels(0).maps[0].max() == 1
    one = open_data(f"coco:{tmp_path / folder}/panoptic_val.json")
    assert one.sample_ids == data.sample_ids[2:]
    assert one.subset([1]).labels(0).maps[0].tolist() == expected[::-1]


def test_what_can_be_wrong_with_coco(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no panoptic_\*\.json, nor has its folder"):
        open_data(f"coco:{tmp_path}")
    coco(tmp_path)
    index = tmp_path / "annotations/panoptic_val.json"
    good = index.read_text()
    save(index.with_suffix("") / "1.png", spread(np.full((4, 6), 9)))
    with pytest.raises(DataError, match=r"1\.png holds the segment 9, which panoptic_val\.json"):
        open_data(tmp_path).labels(1)
    save(index.with_suffix("") / "1.png", np.zeros((4, 6), np.uint8))
    with pytest.raises(DataError, match="is a PNG of mode L, but its ids are spread over red"):
        open_data(tmp_path).labels(1)
    annotation = {"image_id": 0, "file_name": "0.png"}
    for changes, message in (
        ({"categories": []}, "names no category"),
        ({"categories": {}}, "has no list 'categories'"),
        ({"categories": [{"id": 1, "name": " "}]}, "the category 1 has no name"),
        ({"annotations": [{}]}, "entry 0 of 'annotations' lacks the field 'image_id'"),
        ({"annotations": []}, "holds no image"),
        ({"images": [{"id": 0, "file_name": "../0.jpg"}]}, "leads out of the data set"),
        ({"images": [{"id": 0, "file_name": "9.jpg"}]}, "has no image 9.jpg, neither in val"),
        ({"images": [{"id": 0, "file_name": "0.jpg"}]}, "is of the image 1, which is not among"),
        ({"categories": [{"id": 1, "name": "person"}]}, "of the category 200, which 'categories'"),
        (
            {"annotations": [annotation | {"segments_info": [{"id": 2**24, "category_id": 1}]}]},
            "or its id does not fit into a PNG",
        ),
    ):
        index.write_text(good)
        coco_json(index, **changes)
        with pytest.raises(DataError, match=message):
            open_data(tmp_path)


def test_cityscapes(tmp_path: Path) -> None:
    data = open_data(cityscapes(tmp_path))
    assert (data.kind, len(data.names), data.classes) == ("cityscapes", 33, ("aachen", "bonn"))
    assert data.splits == ("train", "val")
    assert data.names[6] == "road"  # id 7 of the publishers
    assert data.names[25] == "car"
    assert data.names[32] == "bicycle"
    assert [at(data, 0, row, 0) for row in range(4)] == [set(), {"road"}, {"car"}, {"bicycle"}]
    assert data.labels(1).maps[0].max() == 0
    vehicles = open_data(tmp_path, categories=["vehicle"])
    assert vehicles.names[0] == "car"
    assert at(vehicles, 0, 1, 0) == set()
    labels = next(tmp_path.glob("gtFine/train/*/*labelIds.png"))
    save(labels, np.full((4, 6), 300, np.uint16))
    with pytest.raises(DataError, match="holds the label id 300, which the list of Cityscapes"):
        data.labels(0)
    image = next(tmp_path.glob("leftImg8bit/val/*/*"))
    image.unlink()
    with pytest.raises(DataError, match=r"has no image leftImg8bit/val/bonn/.*unpack leftImg8bit"):
        open_data(tmp_path)
    with pytest.raises(DataError, match=r"has no gtFine/SPLIT/CITY"):
        open_data(f"cityscapes:{tmp_path / 'leftImg8bit'}")


def test_parquet(tmp_path: Path) -> None:
    parquet(tmp_path / "train-00000-of-00002.parquet")
    parquet(tmp_path / "train-00001-of-00002.parquet", paths=[f"q{i}.png" for i in range(5)])
    parquet(tmp_path / "val-00000-of-00001.parquet", paths=[None] * 5)
    id2label(tmp_path, _0="Unlabeled", _1="sky", _2="tree")
    data = open_data(tmp_path)
    assert (data.kind, len(data), data.names) == ("parquet", 15, ("sky", "tree"))
    assert data.sample_ids[:6:5] == ("train/p0.jpg", "train/q0.png")
    assert data.sample_ids[-1] == "val/val-00000-of-00001/000004"
    assert set(data.splits) == {"train", "val"}
    assert data.classes[:3] == ("a", "b", "a")
    assert data.labels(0).maps[0][0].tolist() == [0, 1, 2, 2, 1, 0]
    assert data.labels(4).maps[0][0].tolist() == np.roll([0, 1, 2, 2, 1, 0], 4).tolist()
    assert data.image(4).size == (6, 4)
    assert np.abs(np.asarray(data.image(4), int) - photo(4)).mean() < 60  # JPEG
    one = open_data(tmp_path / "val-00000-of-00001.parquet")
    assert one.labels(3).maps[0].tolist() == data.labels(3).maps[0].tolist()


def test_parquet_with_a_legend_of_ours(tmp_path: Path) -> None:
    extra = {"part": [encoded(np.full((4, 6), 1, np.uint8))] * 5}
    parquet(tmp_path / "a.parquet", columns=extra)
    (tmp_path / "concepts.csv").write_text(
        "id,name,category,layer\n1,sky,object,annotation\n2,tree,object,annotation\n"
        "1,leaf,part,part\n255,rim,object,annotation\n"
    )
    data = open_data(tmp_path, colors=True)
    assert data.names[:4] == ("sky", "tree", "leaf", "rim")
    assert at(data, 0, 0, 5) - set(data.names[4:]) == {"rim", "leaf"}
    assert data.splits[0] == ""
    assert open_data(tmp_path, categories=["part"]).names == ("leaf",)


def test_id_0_may_be_a_concept(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet")
    id2label(tmp_path, _0="road", _1="sky", _2="tree")
    assert at(open_data(tmp_path), 0, 0, 0) == {"road"}


def test_what_can_be_wrong_with_parquet(tmp_path: Path) -> None:
    file = parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"lacks concepts\.csv or id2label\.json"):
        open_data(file)
    for names, message in (({}, "names no concept"), ({"_x": "sky"}, "'x' is not a whole number")):
        id2label(tmp_path, **names)
        with pytest.raises(DataError, match=message):
            open_data(file)
    (tmp_path / "id2label.json").write_text('{"1": 2}')
    with pytest.raises(DataError, match="the name of '1' is no text"):
        open_data(file)
    id2label(tmp_path, _1="sky")
    with pytest.raises(DataError, match=r"row 0, column annotation holds the label id 2"):
        open_data(file).labels(0)
    id2label(tmp_path, _1="sky", _2="tree")
    label = encoded(np.zeros((4, 6), np.uint8))
    parquet(file, columns={"annotation": [label, label, label, None, label]})
    with pytest.raises(DataError, match="row 3, column annotation holds no image file"):
        open_data(file).labels(3)
    parquet(file, columns={"image": [b"rubbish"] * 5})
    with pytest.raises(DataError, match=r"row 1, column image is not a readable image"):
        open_data(file).image(1)
    parquet(file, paths=["../p.jpg", *(f"{i}.jpg" for i in range(4))])
    with pytest.raises(DataError, match="leads out of the data set"):
        open_data(file)
    data = file.read_bytes()
    for bad in (b"", b"PAR1" * 10, data[: len(data) // 2], data[:-1]):
        file.write_bytes(bad)
        with pytest.raises(DataError, match="cannot be read as parquet"):
            open_data(file)
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": ["a"]}), file)
    with pytest.raises(DataError, match=r"needs a column 'image' and one more .*it has text"):
        open_data(file)


def test_a_parquet_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    file = parquet(tmp_path / "a.parquet")
    id2label(tmp_path, _1="sky", _2="tree")
    data = open_data(file)
    before, key = data.labels(0).maps[0], data.fingerprint()
    os.utime(file, ns=(1, 1))
    assert data.fingerprint() != key
    blank = [encoded(np.zeros((4, 6), np.uint8))] * 5
    parquet(file, columns={"annotation": blank})
    assert data.labels(0).maps[0].max() == 0 < before.max()
    file.unlink()
    with pytest.raises(DataError, match="is missing"):
        data.labels(0)


def make(kind: str, root: Path) -> FolderData:
    """A small data set of a kind."""
    if kind == "parquet":
        id2label(root, _1="sky", _2="tree") if root.exists() else root.mkdir()
        id2label(root, _1="sky", _2="tree")
        return open_data(parquet(root / "a.parquet").parent)
    return open_data(MAKERS[kind](root))


@pytest.mark.parametrize("kind", [*MAKERS, "parquet"])
def test_every_kind_is_told_by_its_files_and_opened_again(tmp_path: Path, kind: str) -> None:
    data = make(kind, tmp_path / "d")
    assert data.kind == kind == kind_of(tmp_path / "d")
    assert data.source is not None
    again = open_data(**data.source)
    assert again.fingerprint() == data.fingerprint()
    assert again.sample_ids == data.sample_ids
    few = open_data(tmp_path / "d", limit=1)
    assert len(few) == 1
    assert few.fingerprint() != data.fingerprint()
    twin = pickle.loads(pickle.dumps(data))
    assert (twin.labels(0).maps[0] == data.labels(0).maps[0]).all()
    with_colors = open_data(tmp_path / "d", colors=True)
    assert len(with_colors.names) == len(data.names) + 11


def test_the_fingerprint_of_coco_follows_its_segments(tmp_path: Path) -> None:
    data = open_data(coco(tmp_path))
    index = tmp_path / "annotations/panoptic_val.json"
    text = json.dumps(json.loads(index.read_text()))
    index.write_text(text.replace('"category_id": 200', '"category_id": 7', 1))
    other = open_data(tmp_path)
    assert other.labels(0).maps[0].tolist() != data.labels(0).maps[0].tolist()
    assert other.fingerprint() != data.fingerprint()


def test_real_coco(shared_data: Path) -> None:
    data = open_data(shared_data / "vision/coco128_panoptic_raw_train")
    assert (data.kind, len(data), len(data.names)) == ("coco", 100, 133)
    whole = json.loads(
        (shared_data / "vision/coco128_panoptic_raw_train/panoptic_train2017.json").read_text()
    )
    names = {c["id"]: c["name"] for c in whole["categories"]}
    for i in (0, 17, 99):
        number = int(re.findall(r"\d+", data.sample_ids[i])[-1])
        (noted,) = [a for a in whole["annotations"] if a["image_id"] == number]
        areas: dict[str, int] = {}
        for segment in noted["segments_info"]:
            name = names[segment["category_id"]]
            areas[name] = areas.get(name, 0) + segment["area"]
        counts = np.bincount(data.labels(i).maps[0].ravel())
        found = {data.names[c - 1]: int(n) for c, n in enumerate(counts) if c and n}
        assert found == areas


@pytest.mark.slow
def test_units_are_explained_on_real_coco(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    vision = shared_data / "vision"
    words = ("explain", "--model", "torchvision:squeezenet1_0", "--layer", "features")
    options = ("--weights", str(vision / "weights/squeezenet1_0_imagenet.pt"), "--units", "0-3")
    data = ("--data", f"coco:{vision / 'coco128_panoptic_raw_train'}", "--samples", "8")
    main = (*words, *options, *data, "--out", str(tmp_path / "run"), "--quiet")
    done = CliRunner().invoke(cli, main, standalone_mode=False)
    assert done.exception is None, done.output
    run = Run.open(tmp_path / "run")
    assert run.manifest["data"]["kind"] == "coco"
    best = run.result("features").best(1)[0]
    assert best.iou > 0.05
    assert (
        open_data(**run.manifest["data"]["source"]).fingerprint()
        == (run.manifest["data"]["fingerprint"])
    )


def nested(root: Path, split: str, day: str, top: int, below: int) -> None:
    """Two images in folders, whose names every split has: category ``top`` above ``below``."""
    index = root / f"annotations/panoptic_{split}.json"
    images, annotations = [], []
    for i in range(2):
        name = f"{day}/left/{i:04}"
        ids = np.full((4, 6), 2)
        ids[:2] = 1
        save(root / split / f"{name}.jpg", photo(i))
        save(index.with_suffix("") / f"{name}.png", spread(ids))
        segments = [{"id": 1, "category_id": top}, {"id": 2, "category_id": below}]
        images.append({"id": i, "file_name": f"{name}.jpg"})
        annotations.append({"image_id": i, "file_name": f"{name}.png", "segments_info": segments})
    coco_json(index, images=images, annotations=annotations)


def test_files_of_one_name_in_several_folders_of_coco(tmp_path: Path) -> None:
    nested(tmp_path, "train", "day1", top=1, below=200)
    nested(tmp_path, "val", "day2", top=200, below=1)
    data = open_data(tmp_path)
    found = {name: at(data, i, 0, 0) for i, name in enumerate(data.sample_ids)}
    assert found == {
        "train/day1/left/0000.jpg": {"person"},
        "train/day1/left/0001.jpg": {"person"},
        "val/day2/left/0000.jpg": {"sky"},
        "val/day2/left/0001.jpg": {"sky"},
    }


def test_what_coco_lists_twice(tmp_path: Path) -> None:
    index = coco(tmp_path) / "annotations/panoptic_val.json"
    whole = json.loads(index.read_text())
    one, two = whole["annotations"]
    segment = one["segments_info"][0]
    for changes, message in (
        ({"annotations": [one, two | {"file_name": "0.png"}]}, r"lists .*/0\.png twice"),
        ({"annotations": [one, two | {"file_name": "./0.png"}]}, r"lists .*/0\.png twice"),
        ({"images": [*whole["images"], {"id": 0, "file_name": "1.jpg"}]}, "the image 0 twice"),
        (
            {"categories": [*whole["categories"], {"id": 7, "name": "sea"}]},
            "lists the category 7 twice",
        ),
        (
            {"annotations": [one | {"segments_info": [segment, segment | {"category_id": 1}]}]},
            "lists the segment 5 twice",
        ),
    ):
        index.write_text(json.dumps(whole | changes))
        with pytest.raises(DataError, match=message):
            open_data(tmp_path)


def test_ids_of_coco_as_text(tmp_path: Path) -> None:
    index = coco(tmp_path) / "annotations/panoptic_val.json"
    expected = [open_data(tmp_path).labels(i).maps[0].tolist() for i in (0, 1)]
    text = re.sub(r'("(?:id|image_id|category_id)": )(\d+)', r'\1"\2"', index.read_text())
    index.write_text(text)
    data = open_data(tmp_path)
    assert [data.labels(i).maps[0].tolist() for i in (0, 1)] == expected
    index.write_text(text.replace('"70000"', '"7e4"'))
    with pytest.raises(DataError, match=r"the segment '7e4' .* does not fit into a PNG"):
        open_data(tmp_path)


def test_things_of_coco_by_true_and_false(tmp_path: Path) -> None:
    index = coco(tmp_path) / "annotations/panoptic_val.json"
    before = open_data(tmp_path)
    text = index.read_text().replace('"isthing": 1', '"isthing": true')
    index.write_text(text.replace('"isthing": 0', '"isthing": false'))
    assert '"isthing": true' in index.read_text()
    data = open_data(tmp_path)
    assert data.categories == before.categories
    assert data.fingerprint() == open_data(tmp_path).fingerprint()
    assert open_data(tmp_path, categories=["stuff"]).names == ("sky",)


def test_parquet_files_whose_images_are_called_alike(tmp_path: Path) -> None:
    """Shards that each count from 0 are one sound split."""
    parquet(tmp_path / "train-00000-of-00002.parquet", n=2)
    parquet(tmp_path / "train-00001-of-00002.parquet", n=2)
    id2label(tmp_path, _1="sky", _2="tree")
    data = open_data(tmp_path)
    assert data.sample_ids == (
        "train/train-00000-of-00002/000000", "train/train-00000-of-00002/000001",
        "train/train-00001-of-00002/000000", "train/train-00001-of-00002/000001",
    )  # fmt: skip


def test_an_empty_name_in_parquet_means_no_label(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet")
    id2label(tmp_path, _1="sky", _2="")
    data = open_data(tmp_path)
    assert data.names == ("sky",)
    assert data.labels(0).maps[0][0].tolist() == [0, 1, 0, 0, 1, 0]


def test_deep_images_in_parquet(tmp_path: Path) -> None:
    grey = photo(0)[..., 0]
    images = [encoded(grey.astype(np.uint16) * 257), encoded(grey.astype(np.float32), "TIFF")]
    label = encoded(np.zeros((4, 6), np.uint8))
    columns = {"image": images, "annotation": [label] * 2}
    parquet(tmp_path / "a.parquet", n=2, columns=columns)
    id2label(tmp_path, _1="sky")
    data = open_data(tmp_path)
    np.testing.assert_array_equal(np.asarray(data.image(0))[..., 0], grey)
    with pytest.raises(DataError, match="row 1, column image holds floats from 0 to"):
        data.image(1)


def test_files_of_another_kind_are_called_by_it(tmp_path: Path) -> None:
    root = coco(tmp_path / "coco")
    index = root / "annotations/panoptic_val.json"
    index.write_bytes(encoded(photo(0)))
    with pytest.raises(DataError, match=r"cannot be read as JSON .*: it looks like a PNG image; "):
        open_data(root)
    index.write_text("<html><body>404 Not Found</body></html>")
    with pytest.raises(DataError, match=r"it is a web page \(HTML\); .*download the file itself"):
        open_data(root)
    file = tmp_path / "p/a.parquet"
    parquet(file)
    id2label(file.parent, _1="sky")
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n")
    with pytest.raises(DataError, match=r"cannot be read as parquet .*Git LFS.*git lfs pull"):
        open_data(file)
    file.write_bytes(b"PAR1" + bytes(9))
    with pytest.raises(DataError, match="it is damaged or cut short, so copy, export or download"):
        open_data(file)


def test_names_of_published_sets_are_composed(tmp_path: Path) -> None:
    split, composed = "cafe\u0301", "caf\u00e9"
    index = coco(tmp_path / "coco") / "annotations/panoptic_val.json"
    index.write_text(index.read_text().replace('"kite"', f'"{split}"'))
    assert open_data(tmp_path / "coco").names[2] == composed
    stem = next(ade20k(tmp_path / "ade").rglob("ADE_val_1.jpg")).with_suffix("")
    file = stem.with_suffix(".json")
    text = file.read_text("latin-1").replace('"window"', json.dumps(split))
    file.write_text(text.replace("\u00e9", ""))
    assert composed in open_data(tmp_path / "ade").names
    parquet(tmp_path / "p/a.parquet")
    id2label(tmp_path / "p", _1=split, _2="tree")
    assert open_data(tmp_path / "p").names == (composed, "tree")


@pytest.mark.parametrize("written", ["café", "cafe\u0301", "sub\\x"])
@pytest.mark.parametrize("stored", ["café", "cafe\u0301"])
def test_files_of_coco_are_found_however_they_are_spelled(tmp_path, written, stored) -> None:
    coco(tmp_path)
    stored = stored if "\\" not in written else "sub/x"
    index = tmp_path / "annotations/panoptic_val.json"
    for folder, suffix in ((tmp_path / "val", "jpg"), (index.with_suffix(""), "png")):
        (folder / "sub").mkdir()
        (folder / f"0.{suffix}").rename(folder / f"{stored}.{suffix}")
    data = json.loads(index.read_text())
    data["images"][0]["file_name"] = f"{written}.jpg"
    data["annotations"][0]["file_name"] = f"{written}.png"
    index.write_text(json.dumps(data))
    found = open_data(tmp_path)
    assert found.sample_ids[0] == f"val/{'sub/x' if 'sub' in written else 'café'}.jpg"
    assert found.labels(0).maps[0].any()
    assert found.image(0).size == (6, 4)
    assert found.fingerprint()
