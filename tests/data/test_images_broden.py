"""Reading Broden: against a slow reading of the files themselves, and with every damage."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from andornot.data.images.broden import read_broden
from andornot.data.images.dataset import FolderData
from andornot.data.images.open import open_data
from andornot.data.images.table import build_table
from andornot.errors import DataError, OptionError

INDEX = "image,split,ih,iw,sh,sw,object,part,scene\n"
ROW = "a.jpg,train,8,8,4,4,a_object.png,,7\n"
LABELS = """number,name,category,frequency,coverage,syns
1,window,part(3);object(2),5,1.0,
2,"chair, soft",object(2),2,1.0,seat;stool
300,leg,part(1),1,1.0,
7,attic-s,scene(1),1,1.0,
8,red and blue,object(1);scene(2),1,1.0,
"""


def save_ids(path: Path, ids: np.ndarray) -> None:
    """Write labels as Broden does."""
    rgb = np.zeros((*ids.shape, 3), np.uint8)
    rgb[..., 0], rgb[..., 1] = ids % 256, ids // 256
    Image.fromarray(rgb).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One image with an object map (window on the upper half) and a scene."""
    (tmp_path / "images").mkdir()
    pixels = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
    Image.fromarray(pixels).save(tmp_path / "images/a.jpg")
    ids = np.zeros((4, 4), int)
    ids[:2] = 1
    save_ids(tmp_path / "images/a_object.png", ids)
    (tmp_path / "label.csv").write_text(LABELS)
    (tmp_path / "index.csv").write_text(INDEX + ROW)
    return tmp_path


def write_row(folder: Path, row: str) -> None:
    (folder / "index.csv").write_text(INDEX + row)


def named(data: FolderData, i: int) -> np.ndarray:
    """For each position the set of names that hold there: what labels() comes to."""
    labels = data.labels(i)
    found = np.empty(labels.shape, object)
    for place in np.ndindex(labels.shape):
        here = {data.names[m[place] - 1] for m in labels.maps if m[place]}
        found[place] = here | {data.names[c] for c in labels.concepts}
    return found


def named_slowly(index: Path, row: dict[str, str]) -> np.ndarray:
    """The same from the raw files, pixel by pixel, one cell after another."""
    with (index.parent / "label.csv").open() as file:
        names = {int(label["number"]): label["name"] for label in csv.DictReader(file)}
    found: Any = np.empty((int(row["sh"]), int(row["sw"])), object)
    for place in np.ndindex(found.shape):
        found[place] = set()
    for category in list(row)[6:]:
        for part in filter(None, row[category].split(";")):
            if part.isdigit():
                for here in found.flat:
                    here.add(names[int(part)])
                continue
            image = Image.open(index.parent / "images" / part)
            for y, x in np.ndindex(found.shape):
                red, green, _ = cast(tuple[int, ...], image.getpixel((x, y)))
                if red + 256 * green:
                    found[y, x].add(names[red + 256 * green])
    return found


def test_names_categories_class_and_split(folder: Path) -> None:
    data = read_broden(folder)
    assert data.names == ("window", "chair, soft", "leg", "attic-s", "red and blue")
    assert data.categories[0] == ("part", "object")
    assert (data.sample_ids, data.splits, data.classes) == (("a.jpg",), ("train",), ("attic-s",))
    assert (data.kind, len(data), data.image(0).size) == ("broden", 1, (8, 8))


def test_labels_above_255_do_not_overflow(folder: Path) -> None:
    save_ids(folder / "images/a_part.png", np.full((4, 4), 300))
    write_row(folder, "a.jpg,train,8,8,4,4,,a_part.png,\n")
    assert (named(read_broden(folder), 0) == {"leg"}).all()


def test_a_cell_mixes_maps_and_numbers_and_blanks(folder: Path) -> None:
    save_ids(folder / "images/a_2.png", np.full((4, 4), 2))
    write_row(folder, "a.jpg,val,8,8,4,4,a_object.png; 8 ;a_2.png,,7;8\n")
    data = read_broden(folder)
    found = named(data, 0)
    assert found[0, 0] == {"window", "chair, soft", "attic-s", "red and blue"}
    assert found[3, 3] == {"chair, soft", "attic-s", "red and blue"}
    assert data.labels(0).concepts == (4, 3)  # each once, dominant first


def test_one_label_in_two_categories_is_their_union(folder: Path) -> None:
    ids = np.zeros((4, 4), int)
    ids[:, 0] = 1
    save_ids(folder / "images/a_part.png", ids)
    write_row(folder, "a.jpg,train,8,8,4,4,a_object.png,a_part.png,\n")
    expected = np.zeros((4, 4), bool)
    expected[:2], expected[:, 0] = True, True
    found = named(read_broden(folder), 0)
    assert [[here == {"window"} for here in row] for row in found] == expected.tolist()


def test_categories_leave_out_maps_and_concepts_but_not_the_class(folder: Path) -> None:
    data = read_broden(folder, ["part"])
    assert data.names == ("window", "leg")
    assert data.categories == (("part",), ("part",))
    assert data.samples[0].maps == ()
    assert data.classes == ("attic-s",)
    assert data.labels(0).concepts == ()
    assert data.labels(0).shape == (4, 4)


def test_another_index_in_the_same_folder(folder: Path) -> None:
    (folder / "index_few.csv").write_text(INDEX + ROW.replace("train", "few"))
    assert read_broden(folder / "index_few.csv").splits == ("few",)


@pytest.mark.parametrize("categories", [["texture"], [], ["object", "furniture"]])
def test_unknown_category(folder: Path, categories: list[str]) -> None:
    with pytest.raises(OptionError, match=r"no category .*choose among object, part, scene"):
        read_broden(folder, categories)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.jpg,train,8,8,4,4,,,99\n", r"index.csv, row 2, column scene: .* number 99"),
        ("a.jpg,train,8,8,4,4,,oops,\n", r"row 2, column part .*'oops' is not a whole number"),
        ("a.jpg,train,8,8,4,x,,,\n", "row 2, column sw: 'x' is not a whole number"),
        ("a.jpg,train,8,8,4,0,,,\n", "row 2, column sw: '0' is not a whole number from 1"),
        ("../a.jpg,train,8,8,4,4,,,\n", "column image: the path '../a.jpg' leads out"),
        ("/etc/a.jpg,train,8,8,4,4,,,\n", "leads out of the data set"),
        ("C:\\a.jpg,train,8,8,4,4,,,\n", "leads out of the data set"),
        (",train,8,8,4,4,,,\n", "the path '' leads out"),
        ("a.jpg,train,8,8,4,4,x/../../a.png,,\n", "column object: .* leads out"),
        ("a.jpg,train,8,8,4,4,x\\..\\a.png,,\n", "column object: .* leads out"),
        ("a.jpg,train,8\n", "row 2: the row has not as many cells"),
        ("a.jpg,train,8,8,4,4,a.png,b.png,,,\n", "row 2: the row has not as many cells"),
        (ROW + ROW, "image 'a.jpg' 2 times"),
        ("", "lists no image"),
    ],
)
def test_bad_index(folder: Path, row: str, message: str) -> None:
    write_row(folder, row)
    with pytest.raises(DataError, match=message):
        read_broden(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,category\nx,object\n", "label.csv lacks the column number"),
        ("number;name;category\n", "lacks the column number, name, category"),
        ("number,name,category\n", "names no label"),
        ("number,name,category\n0,x,object\n", "row 2: '0' is not a whole number from 1 to 65535"),
        ("number,name,category\n1,x,object\n1,y,object\n", "row 3: the number 1 is already 'x'"),
        ("number,name,category\n1,x,object\n2,x,object\n", "concept 'x' 2 times"),
        ("number,name,category\n1,,object\n", "row 2: the label 1 has no name"),
        ("number,name,category\n1,x,\n", "row 2: the label 'x' has no category"),
        ("number,name,category,name\n", "names the column name twice"),
        ("", "its header names nothing"),
        ("number,name,category\n1,caf\xe9,object\n", "cannot be read as a CSV file in UTF-8"),
    ],
)
def test_bad_legend(folder: Path, text: str, message: str) -> None:
    (folder / "label.csv").write_bytes(text.encode("latin-1"))
    write_row(folder, "a.jpg,train,8,8,4,4,,,\n")
    with pytest.raises(DataError, match=message):
        read_broden(folder)


def test_missing_files(folder: Path) -> None:
    data = read_broden(folder)
    (folder / "images/a.jpg").unlink()
    with pytest.raises(DataError, match=r"a\.jpg is missing"):
        data.image(0)
    with pytest.raises(DataError, match=r"a\.jpg is missing"):
        data.fingerprint()
    (folder / "images/a_object.png").unlink()
    with pytest.raises(DataError, match=r"a_object\.png is missing"):
        data.labels(0)
    (folder / "label.csv").unlink()
    with pytest.raises(DataError, match=r"label\.csv is missing"):
        read_broden(folder)


@pytest.mark.parametrize("keep", [0, 10, 100, -200])
def test_truncated_image(folder: Path, keep: int) -> None:
    file = folder / "images/a.jpg"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"a\.jpg is (damaged|not a readable image)"):
        read_broden(folder).image(0)


@pytest.mark.parametrize("keep", [0, 20, 45, -28])
def test_truncated_label_map(folder: Path, keep: int) -> None:
    file = folder / "images/a_object.png"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"a_object\.png is (damaged|not a readable image)"):
        read_broden(folder).labels(0)


def test_a_jpeg_is_no_label_map(folder: Path) -> None:
    (folder / "images/a_object.png").write_bytes((folder / "images/a.jpg").read_bytes())
    with pytest.raises(DataError, match=r"a_object\.png is not a readable image \(PNG\)"):
        read_broden(folder).labels(0)


def test_label_without_a_name(folder: Path) -> None:
    ids = np.array([[0, 1], [4444, 5555]]).repeat(2, axis=0).repeat(2, axis=1)
    save_ids(folder / "images/a_object.png", ids)
    message = r"a_object\.png holds the label id 4444, which label\.csv does not name \(nor 1 other"
    with pytest.raises(DataError, match=message):
        read_broden(folder).labels(0)


def test_map_of_the_wrong_size(folder: Path) -> None:
    save_ids(folder / "images/a_object.png", np.ones((4, 5), int))
    with pytest.raises(DataError, match=r"is 5 x 4 positions, but .* of a\.jpg are to be 4 x 4"):
        read_broden(folder).labels(0)


def test_a_blue_channel_is_no_broden_label(folder: Path) -> None:
    Image.fromarray(np.full((4, 4, 3), 1, np.uint8)).save(folder / "images/a_object.png")
    with pytest.raises(DataError, match="uses its blue channel"):
        read_broden(folder).labels(0)


def test_decompression_bombs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = read_broden(folder)
    for limit in (60, 20):  # 64 pixels: Pillow warns above the limit, and raises above twice
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(DataError, match=r"a\.jpg is too large to be read safely"):
            data.image(0)


@pytest.fixture(scope="module")
def mini(shared_data: Path) -> FolderData:
    return read_broden(shared_data / "vision/broden_mini")


def test_real_data_equals_a_slow_reading(mini: FolderData) -> None:
    index = mini.path / "index.csv"
    with index.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(mini) == 1685
    for i in (0, 150, 500, 800, 1300, 1600):  # one of each source
        assert (named(mini, i) == named_slowly(index, rows[i])).all(), rows[i]["image"]


def test_real_data_has_the_stated_concepts(mini: FolderData) -> None:
    count = {
        category: sum(category in several for several in mini.categories)
        for category in ("color", "object", "part", "scene")
    }
    assert count == {"color": 11, "object": 171, "part": 22, "scene": 15}
    both = [n for n, c in zip(mini.names, mini.categories, strict=True) if len(c) > 1]
    assert len(mini.names) == 217
    assert "window" in both
    assert len(both) == 2
    assert sum(label != "" for label in mini.classes) == 450
    assert set(mini.splits) == {"train", "val"}


def test_the_papers_own_index(shared_data: Path, tmp_path: Path) -> None:
    text = (shared_data / "vision/index_ade20k.csv").read_text()
    (tmp_path / "index_ade20k.csv").write_text(text)
    numbers = sorted({int(n) for n in re.findall(r"(?<=[,;])\d+(?=[,;\n])", text)})
    rows = [f"{n},label {n},scene({n})\n" for n in numbers if n]
    (tmp_path / "label.csv").write_text("number,name,category\n" + "".join(rows))
    data = read_broden(tmp_path / "index_ade20k.csv")
    assert len(data) == 22_210
    assert data.samples[1].maps[2] == ("part", "images/ade20k/ADE_train_00006107_part_1.png")
    assert data.classes[0] == "label 83"
    assert data.classes.count("") == 2477 + 1987  # scene empty, scene 0
    assert {sample.shape for sample in data.samples} == {(112, 112)}


def test_names_are_composed(folder: Path) -> None:
    (folder / "label.csv").write_text(
        LABELS.replace("window", "ve\u0301ntana").replace("object", "obje\u0301t"), "utf-8"
    )
    (folder / "index.csv").write_text(INDEX.replace("object", "obje\u0301t") + ROW, "utf-8")
    data = read_broden(folder)
    assert "v\u00e9ntana" in data.names
    assert named(data, 0)[0, 0] == {"v\u00e9ntana", "attic-s"}
    kept = open_data(folder, categories=["obje\u0301t"])
    assert kept.names == ("v\u00e9ntana", "chair, soft", "red and blue")


def test_scenes_of_real_images_are_whole_ones(mini: FolderData, tmp_path: Path) -> None:
    """Half of these images carry a scene and no map; objects and scenes never meet."""
    rooms = [i for i, name in enumerate(mini.sample_ids) if name.startswith("scene15")]
    others = sorted({*range(len(mini))} - {*rooms})
    data = mini.subset([*rooms[::8], *others[::24]])
    table = build_table(data, tmp_path / "table", known_only=True)
    samples, scenes = table.by_sample(), table.select(categories=["scene"])
    assert table.fills_samples[scenes].sum() > 8
    things = np.setdiff1d(np.arange(table.n_concepts), scenes)
    assert not table.fills_samples[things].any()
    carried = [
        {*labels.concepts, *(np.unique(labels.maps) - 1).tolist()} - {-1}
        for labels in map(data.labels, range(len(data)))
    ]
    found = np.zeros((len(data), table.n_concepts), bool)
    for concept in range(table.n_concepts):
        found[:, concept] = samples.concept_mask(table.names[concept])[samples.positions.atoms]
    assert [set(np.flatnonzero(row).tolist()) for row in found] == carried
    # whose scene is not told was not looked at for one
    known = samples.known_atoms(table.names[scenes[0]])[samples.positions.atoms]
    assert known.tolist() == [bool(own & {*scenes.tolist()}) for own in carried]
