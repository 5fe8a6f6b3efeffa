"""Opening data by a short text, choosing samples, and the key of what is on disk."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from andornot.data.images.colors import COLORS
from andornot.data.images.dataset import FolderData
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.data.images.open import open_data
from andornot.errors import DataError, OptionError

SPLITS = ("train", "val", "train", "train", "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five images, red but for the third, which is grey."""
    samples = (
        NewSample(
            name=f"{i}",
            image=Image.new("RGB", (4, 4), (90, 90, 90) if i == 2 else (250, 0, 0)),
            maps={"object": np.eye(2, dtype=int)},
            concepts=("indoor",),
            split=split,
        )
        for i, split in enumerate(SPLITS)
    )
    write_labelmaps(tmp_path / "world", {"sky": "object", "indoor": "scene"}, samples)
    return tmp_path / "world"


@pytest.fixture
def broden(tmp_path: Path) -> Path:
    """A Broden folder whose images nobody opens."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/label.csv").write_text("number,name,category\n1,sky,object(1)\n")
    for index in ("index", "index_few"):
        text = f"image,split,ih,iw,sh,sw,object\n{index}.jpg,,8,8,4,4,\n"
        (tmp_path / f"mine/{index}.csv").write_text(text)
    return tmp_path / "mine"


def test_the_kind_is_named_or_told_by_the_files(folder: Path, broden: Path) -> None:
    for spec in (f"labelmaps:{folder}", f"{folder}", folder):
        assert open_data(spec).kind == "labelmaps"
    for spec in (f"broden:{broden}", f"{broden}", f"broden:{broden}/index.csv"):
        assert open_data(spec).sample_ids == ("index.jpg",)
    for spec in (f"broden:{broden}/index_few.csv", broden / "index_few.csv"):
        assert open_data(spec).sample_ids == ("index_few.jpg",)


def test_what_is_no_data_set(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DataError, match="there is no data set at nowhere"):
        open_data("broden:nowhere")
    with pytest.raises(DataError, match="there is no data set at yolo:"):
        open_data(f"yolo:{folder}")
    with pytest.raises(
        DataError, match=r"has neither label\.csv \(Broden\), concepts\.csv \(label maps\), pan"
    ):
        open_data(tmp_path)
    with pytest.raises(DataError, match=r"label\.csv is missing"):
        open_data(f"broden:{folder}")


def test_split_and_limit(folder: Path) -> None:
    def ids(**options: object) -> tuple[str, ...]:
        return open_data(folder, **options).sample_ids  # type: ignore[arg-type]

    assert ids(split="train") == ("0.png", "2.png", "3.png")
    assert ids(limit=2) == ("0.png", "2.png")
    assert ids(limit=9) == ids()
    assert ids(split="train", limit=1) == ("0.png",)
    with pytest.raises(OptionError, match="no sample in the split 'test': it has train, val"):
        ids(split="test")
    with pytest.raises(OptionError, match="limit is 0; give 1 or more"):
        ids(limit=0)


def test_subset(folder: Path) -> None:
    data = open_data(folder)
    few = data.subset(np.array([3, 1]))
    assert few.sample_ids == ("3.png", "1.png")
    assert (few.names, few.splits) == (data.names, ("train", "val"))
    for wrong in ([], [5], [-1], [1, 1]):
        with pytest.raises(OptionError, match="a subset needs at least one sample, each once"):
            data.subset(wrong)


def test_colours_from_pixels(folder: Path) -> None:
    data = open_data(folder, colors=True)
    assert data.names == ("sky", "indoor", *COLORS)
    assert data.categories[2:] == (("color",),) * 11
    labels = data.labels(0)
    assert [m.shape for m in labels.maps] == [(2, 2), (2, 2)]
    assert {data.names[i - 1] for i in labels.maps[1].flat} == {"red-c"}
    assert len(data.labels(2).maps) == 1  # the grey image
    assert len(open_data(folder).labels(0).maps) == 1
    assert open_data(folder, categories=["scene"], colors=True).names == ("indoor", *COLORS)


def test_colours_by_a_table_of_ones_own(folder: Path, tmp_path: Path) -> None:
    rows = (f"{r},{g},{b},blue\n" for r, g, b in np.ndindex(32, 32, 32))
    (tmp_path / "t.csv").write_text("r_bin,g_bin,b_bin,color\n" + "".join(rows))
    data = open_data(folder, colors=tmp_path / "t.csv")
    assert {data.names[i - 1] for i in data.labels(0).maps[1].flat} == {"blue-c"}
    assert data.fingerprint() != open_data(folder, colors=True).fingerprint()


def test_colours_twice(folder: Path) -> None:
    (folder / "concepts.csv").write_text("id,name,category\n1,red-c,color\n,indoor,scene\n")
    with pytest.raises(OptionError, match=r"has colours of its own \(red-c\)"):
        open_data(folder, colors=True)
    assert "red-c" in open_data(folder, categories=["scene"], colors=True).names


def change(path: Path) -> None:
    """Rewrite a file with the same number of bytes, a moment later."""
    before = path.stat()
    path.write_bytes(path.read_bytes())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


def test_the_fingerprint_follows_every_file(folder: Path) -> None:
    keys = [open_data(folder).fingerprint()]
    assert open_data(folder).fingerprint() == keys[0]
    for name in ("labels/object/3.png", "images/1.png"):
        change(folder / name)
        keys.append(open_data(folder).fingerprint())
    for name, old, new in (
        ("concepts.csv", "sky", "sea"),
        ("concepts.csv", "object", "part"),
        ("concepts.csv", "1,sea", "7,sea"),
        ("samples.csv", "val", "train"),
        ("samples.csv", "4.png,,,indoor", "4.png,,,"),
        ("samples.csv", "0.png,train,", "0.png,train,kitchen"),
    ):
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))
        keys.append(open_data(folder).fingerprint())
    keys.append(open_data(folder, colors=True).fingerprint())
    keys.append(open_data(folder, categories=["scene"]).fingerprint())
    keys.append(open_data(folder, limit=2).fingerprint())
    assert len(set(keys)) == len(keys) == 12


def test_the_fingerprint_survives_a_move(folder: Path) -> None:
    key = open_data(folder).fingerprint()
    assert open_data(folder.rename(folder.with_name("elsewhere"))).fingerprint() == key


def test_data_travel_to_other_processes(folder: Path) -> None:
    data = open_data(folder, colors=True)
    twin: FolderData = pickle.loads(pickle.dumps(data))
    assert twin.fingerprint() == data.fingerprint()
    assert (twin.labels(0).maps[1] == data.labels(0).maps[1]).all()


def test_real_data_are_read_and_keyed_fast(shared_data: Path) -> None:
    start = time.perf_counter()
    data = open_data(shared_data / "vision/broden_mini")
    data.fingerprint()
    # 0.1 s on one core for 1,685 images; the bound is loose for a busy machine.
    assert time.perf_counter() - start < 2
    assert len(data) == 1685
