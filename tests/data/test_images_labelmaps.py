"""Our own format: written and read back, and with every mistake that a hand can make."""

from __future__ import annotations

import os
import re
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from andornot.data.images.convert import convert
from andornot.data.images.dataset import FolderData
from andornot.data.images.files import parse_id
from andornot.data.images.labelmaps import NewSample, read_labelmaps, write_labelmaps
from andornot.data.images.open import open_data
from andornot.errors import DataError, OptionError
from odd_numbers import ODD

CONCEPTS = "id,name,category\n1,sky,object\n2,tree,object\n300,leaf,part\n,outdoor,scene\n"
SAMPLES = "sample,split,class,concepts\na.png,train,park,outdoor\nsub/b.jpg,val,,\n"


def save_map(folder: Path, name: str, ids: np.ndarray) -> Path:
    """Write a label map below ``labels``; its dtype decides the sort of PNG."""
    path = folder / "labels" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(ids).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images; a.png has an object map of half its size."""
    (tmp_path / "images/sub").mkdir(parents=True)
    Image.fromarray(np.full((8, 12, 3), 90, np.uint8)).save(tmp_path / "images/a.png")
    Image.fromarray(np.full((6, 6, 3), 90, np.uint8)).save(tmp_path / "images/sub/b.jpg")
    save_map(tmp_path, "object/a.png", np.tile(np.array([0, 1, 2], np.uint8), (4, 2)))
    (tmp_path / "concepts.csv").write_text(CONCEPTS)
    (tmp_path / "samples.csv").write_text(SAMPLES)
    return tmp_path


def names_at(data: FolderData, i: int, place: tuple[int, int]) -> list[str]:
    return [data.names[m[place] - 1] for m in data.labels(i).maps if m[place]]


def test_what_the_folder_says(folder: Path) -> None:
    data = read_labelmaps(folder)
    assert data.names == ("sky", "tree", "leaf", "outdoor")
    assert data.categories == (("object",), ("object",), ("part",), ("scene",))
    assert (data.sample_ids, data.splits) == (("a.png", "sub/b.jpg"), ("train", "val"))
    assert (data.classes, data.kind) == (("park", ""), "labelmaps")
    assert data.labels(0).concepts == (3,)
    assert names_at(data, 0, (3, 4)) == ["sky"]


def test_an_image_without_maps_has_its_own_size(folder: Path) -> None:
    labels = read_labelmaps(folder).labels(1)
    assert (labels.maps, labels.concepts, labels.shape) == ((), (), (6, 6))


def test_samples_are_optional_and_may_be_few(folder: Path) -> None:
    (folder / "samples.csv").write_text("sample\nsub/b.jpg\n")
    assert read_labelmaps(folder).splits == ("", "")
    (folder / "samples.csv").unlink()
    assert read_labelmaps(folder).classes == ("", "")


def test_all_sorts_of_png_mean_the_same(folder: Path) -> None:
    ids = np.array([[0, 1, 2], [2, 1, 0]]).repeat(2, axis=0).repeat(2, axis=1)
    palette = Image.fromarray(ids.astype(np.uint8)).convert("P")
    palette.putpalette([7, 8, 9] * 256)
    palette.putdata(ids.ravel().tolist())
    rgb = np.zeros((*ids.shape, 3), np.uint8)
    rgb[..., 0] = ids
    expected = ids.tolist()
    for name, image in {
        "grey": Image.fromarray(ids.astype(np.uint8)),
        "grey16": Image.fromarray(ids.astype(np.uint16)),
        "palette": palette,
        "rgb": Image.fromarray(rgb),
        "rgba": Image.fromarray(rgb).convert("RGBA"),
    }.items():
        image.save(folder / "labels/object/a.png")
        maps = read_labelmaps(folder).labels(0).maps
        assert maps[0].tolist() == expected, name
        assert maps[0].dtype == np.int32


def test_one_bit_and_large_ids(folder: Path) -> None:
    Image.fromarray(np.eye(4, 6, dtype=bool)).save(folder / "labels/object/a.png")
    save_map(folder, "part/a.png", np.full((4, 6), 300, np.uint16))
    maps = read_labelmaps(folder).labels(0).maps
    assert maps[0].tolist() == np.eye(4, 6, dtype=int).tolist()
    assert (maps[1] == 3).all()


def test_four_bit_grey_is_refused(folder: Path) -> None:
    def chunk(tag: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 6, 4, 4, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0\x11\x11\x11" * 4)) + chunk(b"IEND", b"")
    (folder / "labels/object/a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + body)
    with pytest.raises(DataError, match="mode L that cannot hold label ids"):
        read_labelmaps(folder).labels(0)


def test_ids_by_layer(folder: Path) -> None:
    (folder / "concepts.csv").write_text(
        "id,name,category,layer\n1,sky,object,object\n1,leaf,part,part\n2,window,object,object\n"
        "2,window,part,part\n3,shared,object;part,\n,outdoor,scene,\n"
    )
    save_map(folder, "object/a.png", np.tile(np.array([1, 2, 3], np.uint8), (4, 2)))
    save_map(folder, "part/a.png", np.tile(np.array([1, 2, 3], np.uint8), (4, 2)))
    data = read_labelmaps(folder)
    assert data.names == ("sky", "leaf", "window", "shared", "outdoor")
    assert data.categories[2:4] == (("object", "part"), ("object", "part"))
    found = [names_at(data, 0, (0, x)) for x in range(3)]
    assert found == [["sky", "leaf"], ["window", "window"], ["shared", "shared"]]
    parts = read_labelmaps(folder, ["part"])
    assert parts.names == ("leaf", "window", "shared")
    assert parts.categories == (("part",),) * 3
    assert names_at(parts, 0, (0, 0)) == ["leaf"]
    assert parts.labels(0).concepts == ()


def test_hidden_files_are_left_out(folder: Path) -> None:
    (folder / "images/.ipynb_checkpoints").mkdir()
    (folder / "images/.ipynb_checkpoints/x.png").write_bytes(b"")
    (folder / "images/._a.png").write_bytes(b"")
    (folder / "images/notes.txt").write_text("not an image")
    (folder / "labels/.DS_Store").write_text("")
    assert len(read_labelmaps(folder)) == 2


def test_unknown_category(folder: Path) -> None:
    with pytest.raises(OptionError, match="no category colour: choose among object, part, scene"):
        read_labelmaps(folder, ["object", "colour"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,name\n1,sky\n", r"concepts\.csv lacks the column category"),
        ("id,name,category\n", "names no concept"),
        ("id,name,category\n1,,object\n", "row 2: a concept needs a name and a category"),
        ("id,name,category\n1,sky,\n", "row 2: a concept needs a name and a category"),
        ("id,name,category\nx,sky,object\n", "row 2, column id: 'x' is not a whole number"),
        ("id,name,category\n0,sky,object\n", "'0' is not a whole number from 1 to 65535"),
        ("id,name,category\n65536,sky,object\n", "'65536' is not a whole number"),
        ("id,name,category\n1,sky,object\n1,sea,object\n", "row 3: the id 1 is already 'sky'"),
        ("id,name,category,layer\n1,sky,object,objects\n", "the layer 'objects', but labels/obj"),
    ],
)
def test_bad_concepts(folder: Path, text: str, message: str) -> None:
    (folder / "concepts.csv").write_text(text)
    (folder / "samples.csv").unlink()
    with pytest.raises(DataError, match=message):
        read_labelmaps(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,split\n", r"samples\.csv lacks the column sample"),
        ("sample\nc.png\n", r"row 2: the image 'c\.png' is not in the folder"),
        ("sample\n../a.png\n", r"row 2: the path '\.\./a\.png' leads out"),
        ("sample\na.png\na.png\n", r"row 3: the image 'a\.png' already has a row"),
        (
            "sample,concepts\na.png,outdoor;indoor\n",
            r"row 2: concepts\.csv has no concept 'indoor'",
        ),
    ],
)
def test_bad_samples(folder: Path, text: str, message: str) -> None:
    (folder / "samples.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_labelmaps(folder)


@pytest.mark.parametrize("name", ["object/c.png", "a.png", "object/sub/a.png"])
def test_a_map_without_an_image(folder: Path, name: str) -> None:
    save_map(folder, name, np.zeros((4, 6), np.uint8))
    with pytest.raises(DataError, match=f"labels/{name} belongs to no image"):
        read_labelmaps(folder)


def test_two_images_of_one_stem(folder: Path) -> None:
    (folder / "images/a.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"both a\.jpg and a\.png"):
        read_labelmaps(folder)


def test_no_images(folder: Path, tmp_path: Path) -> None:
    (folder / "images").rename(folder / "pictures")
    with pytest.raises(DataError, match="has no folder 'images'"):
        read_labelmaps(folder)
    (folder / "images").mkdir()
    (folder / "labels").rename(folder / "maps")
    (folder / "samples.csv").unlink()
    with pytest.raises(DataError, match="holds no image"):
        read_labelmaps(folder)


def test_a_misspelt_folder_of_maps(folder: Path) -> None:
    (folder / "labels").rename(folder / "label")
    with pytest.raises(DataError, match=r"has no label map, but concepts\.csv gives ids"):
        read_labelmaps(folder)


def test_half_written_folder(folder: Path) -> None:
    (folder / "concepts.csv").unlink()
    with pytest.raises(DataError, match=r"has no concepts\.csv"):
        read_labelmaps(folder)


def test_layers_of_two_sizes(folder: Path) -> None:
    save_map(folder, "part/a.png", np.zeros((8, 12), np.uint8))
    with pytest.raises(DataError, match=r"part/a\.png is 12 x 8 positions, but .* to be 6 x 4"):
        read_labelmaps(folder).labels(0)


def test_map_of_another_frame(folder: Path) -> None:
    save_map(folder, "object/a.png", np.zeros((12, 8), np.uint8))
    with pytest.raises(DataError, match=r"is 8 x 12 positions and its image 12 x 8 pixels"):
        read_labelmaps(folder).labels(0)


@pytest.mark.parametrize("shape", [(3, 5), (74, 112), (75, 112), (800, 1200)])
def test_rounding_of_the_frame_is_forgiven(folder: Path, shape: tuple[int, int]) -> None:
    save_map(folder, "object/a.png", np.zeros(shape, np.uint8))  # the image is 12 x 8
    assert read_labelmaps(folder).labels(0).shape == shape


def test_label_without_a_name(folder: Path) -> None:
    save_map(folder, "object/a.png", np.full((4, 6), 9, np.uint8))
    with pytest.raises(DataError, match=r"a\.png holds the label id 9, which concepts\.csv does"):
        read_labelmaps(folder).labels(0)


def test_a_photo_taken_upright(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter
    Image.fromarray(np.zeros((12, 8, 3), np.uint8)).save(folder / "images/a.png", exif=exif)
    data = read_labelmaps(folder)
    assert data.image(0).size == (12, 8)
    assert data.labels(0).shape == (4, 6)


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[2].joinpath("docs/reference/data.md").read_text()
    tables = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    concepts, samples = (next(t for t in tables if t.startswith(h)) for h in ("id", "sample"))
    (tmp_path / "concepts.csv").write_text(concepts)
    (tmp_path / "samples.csv").write_text(samples)
    (tmp_path / "images/more").mkdir(parents=True)
    for name in ("kitchen1.jpg", "more/attic.png"):
        Image.new("RGB", (8, 6)).save(tmp_path / "images" / name)
    for name in ("object/kitchen1.png", "object/more/attic.png", "part/kitchen1.png"):
        save_map(tmp_path, name, np.full((3, 4), 4, np.uint8))
    data = read_labelmaps(tmp_path)
    assert data.classes == ("kitchen", "attic")
    assert [len(data.labels(i).maps) for i in range(2)] == [2, 1]
    assert [data.names[c] for c in data.labels(0).concepts] == ["indoors", "home"]
    assert names_at(data, 1, (0, 0)) == ["leg"]


def test_a_data_set_of_whole_images_alone_is_written_and_read(tmp_path: Path) -> None:
    image = Image.new("RGB", (4, 3))
    samples = [NewSample("a", image, concepts=["indoors"]), NewSample("b", image)]
    data = write_labelmaps(tmp_path / "scenes", {"indoors": "scene"}, samples)
    assert [data.labels(i).concepts for i in range(2)] == [(0,), ()]
    assert data.labels(0).maps == ()


def samples_of(maps: list[np.ndarray]) -> list[NewSample]:
    return [
        NewSample(
            name=f"group/{i}",
            image=Image.fromarray(np.full((*ids.shape, 3), i, np.uint8)),
            maps={"object": ids},
            concepts=("red, or not",) * (i % 2),
            split="train",
            label=f"class {i}",
        )
        for i, ids in enumerate(maps)
    ]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        hnp.arrays(np.int32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5),
                   elements=st.integers(0, 3)),
        min_size=1, max_size=3,
    ),
    st.sampled_from([0, 400]),
)  # fmt: skip
def test_what_is_written_is_read_back(maps: list[np.ndarray], more: int) -> None:
    concepts = {"sky": "object", 'a "b"': "part", "red, or not": "color"}
    concepts |= {f"concept {i}": "object" for i in range(more)}  # above 255: 16-bit maps
    with tempfile.TemporaryDirectory() as place:
        written = write_labelmaps(Path(place, "world"), concepts, iter(samples_of(maps)))
        data = read_labelmaps(Path(place, "world"))
        assert data.samples == written.samples
        assert data.names == tuple(concepts)
        assert data.categories == tuple((c,) for c in concepts.values())
        assert data.fingerprint() == written.fingerprint()
        for i, ids in enumerate(maps):
            assert data.labels(i).maps[0].tolist() == ids.tolist()
            assert data.labels(i).concepts == (2,) * (i % 2)
            assert data.image(i).getpixel((0, 0)) == (i, i, i)
        assert data.classes == tuple(f"class {i}" for i in range(len(maps)))


def test_an_interrupted_write_leaves_nothing_in_place(tmp_path: Path) -> None:
    ids = np.ones((2, 2), int)

    def broken():
        yield samples_of([ids])[0]
        raise KeyboardInterrupt

    concepts = {"sky": "object", "sea": "object", "red, or not": "color"}
    with pytest.raises(KeyboardInterrupt):
        write_labelmaps(tmp_path / "world", concepts, broken())
    assert not (tmp_path / "world").exists()
    assert len(write_labelmaps(tmp_path / "world", concepts, samples_of([ids, ids]))) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["world"]
    with pytest.raises(OptionError, match="exists already"):
        write_labelmaps(tmp_path / "world", concepts, samples_of([ids]))


@pytest.mark.parametrize(
    ("concepts", "ids", "error", "message"),
    [
        ({"a;b": "object"}, np.ones((2, 2), int), OptionError, "without ';'"),
        ({"sky": "object"}, np.ones((2, 2)), DataError, "got float64"),
        ({"sky": "object"}, np.full((2, 2), 2), DataError, "whole numbers from 0 to 1"),
        ({"sky": "object"}, np.full((2, 2), -1), DataError, "whole numbers from 0 to 1"),
        ({"sky": "object"}, np.ones(3, int), DataError, r"of shape \(3,\)"),
    ],
)
def test_what_cannot_be_written(
    tmp_path: Path, concepts: dict[str, str], ids: np.ndarray, error: type, message: str
) -> None:
    sample = NewSample("a", Image.new("RGB", (2, 2)), {"object": ids})
    with pytest.raises(error, match=message):
        write_labelmaps(tmp_path / "world", concepts, [sample])
    assert not (tmp_path / "world").exists()


def test_an_id_without_a_name_is_no_label(folder: Path) -> None:
    ids = np.tile(np.array([0, 1, 255], np.uint8), (4, 2))
    save_map(folder, "object/a.png", ids)
    with pytest.raises(DataError, match=r"label id 255, .*with neither name nor category if it"):
        read_labelmaps(folder).labels(0)
    (folder / "concepts.csv").write_text(CONCEPTS + "255,,\n0,,\n")
    data = read_labelmaps(folder)
    assert data.names == ("sky", "tree", "leaf", "outdoor")
    assert data.labels(0).maps[0][0].tolist() == [0, 1, 0, 0, 1, 0]


def test_an_id_may_be_no_label_in_one_layer_only(folder: Path) -> None:
    ids = np.tile(np.array([0, 1, 2], np.uint8), (4, 2))
    save_map(folder, "part/a.png", ids)
    legend = "id,name,category,layer\n1,sky,object,\n2,tree,object,\n2,,,part\n,outdoor,scene,\n"
    (folder / "concepts.csv").write_text(legend)
    data = read_labelmaps(folder)
    assert [m[0].tolist() for m in data.labels(0).maps] == [[0, 1, 2] * 2, [0, 1, 0] * 2]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("255,,\n255,edge,part\n", "the id 255 is already 'no label': give 'edge' another"),
        ("255,edge,part\n255,,\n", "the id 255 is already 'edge': give 'no label' another"),
        ("255,,part\n", "needs a name and a category .an id that has neither means no label"),
        (",,\n", "needs a name and a category"),
        ("-1,,\n", "'-1' is not a whole number from 0 to 65535"),
    ],
)
def test_rows_without_a_name_that_say_nothing(folder: Path, rows: str, message: str) -> None:
    (folder / "concepts.csv").write_text(CONCEPTS + rows)
    with pytest.raises(DataError, match=message):
        read_labelmaps(folder)


SPLIT, COMPOSED = "cafe\u0301", "caf\u00e9"


def test_names_are_composed_however_the_files_spell_them(folder: Path) -> None:
    (folder / "images/a.png").rename(folder / f"images/{SPLIT}.png")
    (folder / "labels/object/a.png").rename(folder / f"labels/object/{COMPOSED}.png")
    legend = CONCEPTS.replace("sky", SPLIT).replace("outdoor", "p\u00e9nombre")
    (folder / "concepts.csv").write_text(legend, encoding="utf-8")
    row = f"{COMPOSED}.png,{SPLIT},{SPLIT},pe\u0301nombre\n"
    (folder / "samples.csv").write_text(f"sample,split,class,concepts\n{row}", encoding="utf-8")
    data = read_labelmaps(folder)
    assert data.names == (COMPOSED, "tree", "leaf", "p\u00e9nombre")
    at = data.sample_ids.index(f"{SPLIT}.png")  # a path stays as the disk has it
    assert (data.splits[at], data.classes[at]) == (COMPOSED, COMPOSED)
    assert data.labels(at).concepts == (3,)
    assert names_at(data, at, (0, 1)) == [COMPOSED]
    assert open_data(folder, split=SPLIT).sample_ids == (f"{SPLIT}.png",)


def test_categories_are_composed(folder: Path) -> None:
    (folder / "concepts.csv").write_text(CONCEPTS.replace("part", SPLIT), encoding="utf-8")
    for typed in (SPLIT, COMPOSED):
        assert open_data(folder, categories=[typed]).names == ("leaf",)


@pytest.mark.parametrize("place", ["images/a.png", "labels/object/a.png", "samples.csv"])
def test_pipes_are_refused_at_once(folder: Path, place: str) -> None:
    (folder / place).unlink()
    os.mkfifo(folder / place)

    def read_all() -> None:
        data = read_labelmaps(folder)
        data.image(0)
        data.labels(0)

    with pytest.raises(DataError, match=f"{place} is a named pipe, not a file"):
        read_all()
    if place != "samples.csv":
        with pytest.raises(DataError, match="is a named pipe"):
            read_labelmaps(folder).fingerprint()
        with pytest.raises(DataError, match="is a named pipe"):
            convert(read_labelmaps(folder), folder / "out")


def test_deep_images_are_scaled_or_refused(folder: Path) -> None:
    grey = np.arange(96, dtype=np.uint8).reshape(8, 12) * 2
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "images/a.png")
    np.testing.assert_array_equal(np.asarray(read_labelmaps(folder).image(0))[..., 2], grey)
    (folder / "images/a.png").unlink()
    Image.fromarray(grey.astype(np.float32)).save(folder / "images/a.tif")
    (folder / "samples.csv").unlink()
    with pytest.raises(DataError, match=r"images/a\.tif holds floats from 0 to 190"):
        read_labelmaps(folder).image(0)


def test_legends_of_another_kind_are_called_by_it(folder: Path) -> None:
    for data, message in {
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n": "git lfs pull",
        b"PK\x03\x04" + bytes(40): "it looks like a zip archive; unpack it, and give a table",
        b'{"1": "sky"}': "it looks like JSON; give a table as text",
        "id,name,category\n1,caf\u00e9,object\n".encode("latin-1"): "not UTF-8; save it as UTF-8",
        "id,name,category\n".encode("utf-16"): "text in UTF-16; save it as UTF-8",
    }.items():
        (folder / "concepts.csv").write_bytes(data)
        with pytest.raises(DataError, match=f"concepts.csv cannot be read as a CSV .*{message}"):
            read_labelmaps(folder)


def test_maps_of_another_kind_are_called_by_it(folder: Path) -> None:
    Image.new("L", (12, 8)).save(folder / "labels/object/a.png", format="JPEG")
    message = r"is not a readable image \(PNG\): it looks like a JPEG image; give a PNG image"
    with pytest.raises(DataError, match=message):
        read_labelmaps(folder).labels(0)


def test_names_of_files_that_are_not_utf8_are_refused_at_once(folder):
    image = next((folder / "images").glob("*.*"))
    odd = os.fsencode(image.parent) + b"/caf\xe9.png"
    try:
        Path(os.fsdecode(odd)).write_bytes(image.read_bytes())
    except OSError:
        pytest.skip("this file system wants UTF-8")
    with pytest.raises(DataError, match=r"has the image 'caf.udce9\.png', which is not UTF-8"):
        open_data(folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": "3"}, "limit is '3'; give a whole number"),
        ({"limit": 2.5}, "limit is 2.5; give a whole number"),
        ({"limit": 0}, "limit is 0; give 1 or more"),
        ({"categories": [1]}, "categories has 1 in it; give texts"),
        ({"categories": 3}, "categories is 3; give a list"),
        ({"colors": None}, "colors is None; give True, False or the path"),
        ({"split": 3}, "has no sample in the split '3'"),
    ],
)
def test_options_of_other_types_get_a_sentence(folder, options, message):
    with pytest.raises(OptionError, match=message):
        open_data(folder, **options)


@pytest.mark.parametrize("text", ODD)
def test_odd_digits_are_no_number_of_a_concept(text):
    with pytest.raises(DataError, match="not a whole number from 1"):
        parse_id(text, "here")
