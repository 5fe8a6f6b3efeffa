"""Looking through data before a run, and writing any of them as a label-map folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from andornot import ConceptTable
from andornot.cli import cli
from andornot.data.images.check import check_images
from andornot.data.images.convert import _distinct, _names, convert
from andornot.data.images.dataset import FolderData
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.data.images.open import open_data
from andornot.data.images.table import build_table
from andornot.data.sentences.check import check_pairs
from andornot.data.sentences.open import open_pairs
from andornot.errors import DataError, OptionError, RunError
from probing_cases import ade20k, cityscapes, coco, id2label, parquet, photo

CONCEPTS = {
    "sky": "object", "Sky": "object", "grass": "object", "lawn": "object", "all": "scene",
    "never": "scene",
}  # fmt: skip


def world(folder: Path) -> FolderData:
    """Four images: two are the same file in two splits; grass and lawn lie at one place."""
    maps = np.zeros((4, 6), int)
    maps[0], maps[1] = 1, 3

    def sample(name: str, seed: int, split: str, label: str = "") -> NewSample:
        pixels = Image.fromarray(photo(seed, 8, 12))
        lawn = np.where(maps == 3, 4, 0)
        return NewSample(name, pixels, {"a": maps, "b": lawn}, ["all"], split, label)

    samples = [
        sample("one", 1, "train", "home"),
        sample("two", 1, "val"),
        sample("three", 3, "train"),
        sample("four", 4, "train"),
    ]
    return write_labelmaps(folder, CONCEPTS, samples)


def test_what_a_look_finds(tmp_path: Path) -> None:
    found = check_images(world(tmp_path / "w"))
    assert found.unreadable == ()
    assert found.facts["samples"] == "4"
    assert found.facts["splits"] == "train 3, val 1"
    assert (found.facts["images"], found.facts["label maps"]) == ("12 x 8", "6 x 4")
    assert found.facts["layers"] == "a (4), b (4)"
    assert found.facts["concepts"] == "6 (object 4, scene 2)"
    assert found.facts["that occur"] == "4"
    assert found.facts["most frequent"].startswith("all 100.0%, sky 25.0%")
    text = "\n".join(found.warnings)
    for sentence in (
        "1 concept (all) holds on every position",
        "2 concepts (Sky, never) hold nowhere",
        "grass and lawn hold at exactly the same positions",
        "the names 'sky', 'Sky' differ by case or signs only",
        "1 images are the same file in several splits (train, val)",
        "3 samples have no class, the others have one",
    ):
        assert sentence in text
    assert len(found.warnings) == 6


def test_positions_without_concepts_and_rare_ones(tmp_path: Path) -> None:
    one = np.zeros((10, 10), int)
    one[0, 0] = 1
    samples = [NewSample(f"{i}", Image.fromarray(photo(1)[:4, :4]), {"a": one * i}) for i in (0, 1)]
    found = check_images(write_labelmaps(tmp_path / "w", {"dot": "object", "x": "object"}, samples))
    text = "\n".join(found.warnings)
    assert "1 concept (dot) holds in one sample only" in text
    assert "99.5% of all positions have no concept" in text
    assert "1 images are there several times within one split" in text
    assert found.facts["classes"] == "0"


def test_unreadable_files_are_all_named(tmp_path: Path) -> None:
    data = world(tmp_path / "w")
    (tmp_path / "w/images/two.png").write_bytes(b"rubbish")
    (tmp_path / "w/labels/a/one.png").unlink()
    found = check_images(data, jobs=2)
    assert len(found.unreadable) == 2
    assert "one.png is missing" in found.unreadable[0]
    assert "two.png is not a readable image" in found.unreadable[1]
    for file in (tmp_path / "w/images").iterdir():
        file.write_bytes(b"rubbish")
    everything = check_images(data)
    assert len(everything.unreadable) == 4
    assert everything.facts["images"] == "none that can be read"


def test_sentence_pairs(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    rows = ("a b\tc\tneutral\tdev", "a b\tc\tneutral\ttest", "d\td\t-\ttest", "d\td\t-\ttest")
    file.write_text("premise\thypothesis\tlabel\tsplit\n" + "\n".join(rows) + "\n")
    found = check_pairs(open_pairs(f"pairs:{file}", tagger=None))
    assert found.facts["pairs"] == "4"
    assert found.facts["splits"] == "dev 1, test 3"
    assert found.facts["classes"] == "neutral 2"
    assert found.facts["sentences"] == "1 to 2 tokens, 1 in the middle"
    text = "\n".join(found.warnings)
    for sentence in (
        "1 pairs are in several splits",
        "1 pairs are there several times",
        "2 pairs have the same sentence",
        "2 pairs have no class, the others",
        "have no part-of-speech tags",
    ):
        assert sentence in text
    file.write_text("premise\thypothesis\na\tb\n")
    found = check_pairs(open_pairs(f"pairs:{file}", tagger=None))
    assert "No pair has a class" in found.warnings[-1]
    rows = ("a b\tc\t0\tdev", "a d\tc\t2\tdev")
    file.write_text("premise\thypothesis\tlabel\tsplit\n" + "\n".join(rows) + "\n")
    found = check_pairs(open_pairs(f"pairs:{file}", tagger=None))
    assert any("The classes are numbers" in warning for warning in found.warnings)


# --- convert ---


def atoms(table: ConceptTable) -> set[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Each atom by its concepts, with its positions in each fold."""
    ends = zip(table.indptr[:-1], table.indptr[1:], table.fold_counts, strict=True)
    return {
        (tuple(sorted(table.names[c] for c in table.indices[start:end])), tuple(counts.tolist()))
        for start, end, counts in ends
    }


def same_table(one: FolderData, two: FolderData, folder: Path) -> None:
    tables = [build_table(d, folder / f"t{i}", 3) for i, d in enumerate((one, two))]
    assert tables[0].names == tables[1].names
    assert tables[0].categories == tables[1].categories
    assert atoms(tables[0]) == atoms(tables[1])
    assert sorted(zip(one.sample_ids, one.splits, one.classes, strict=True)) == sorted(
        zip(two.sample_ids, two.splits, two.classes, strict=True)
    )


def broden(root: Path) -> Path:
    """Two maps in one cell, labels of whole images, and an image without a map."""
    from probing_cases import save

    (root / "images").mkdir(parents=True)
    for i in range(2):
        save(root / f"images/{i}.jpg", photo(i, 8, 8))
        ids = np.zeros((4, 4, 3), np.uint8)
        ids[i, :, 0] = 1
        save(root / f"images/{i}_a.png", ids)
        ids[:, i, 0] = 2
        save(root / f"images/{i}_b.png", ids)
    rows = ("number,name,category", "1,sky,object(1)", "2,red-c,color(1)", "3,room-s,scene(1)")
    (root / "label.csv").write_text("\n".join(rows) + "\n")
    (root / "index.csv").write_text(
        "image,split,ih,iw,sh,sw,object,color,scene\n"
        "0.jpg,train,8,8,4,4,0_a.png;0_b.png,0_b.png,3\n1.jpg,val,8,8,4,4,,,3\n"
    )
    return root


@pytest.mark.parametrize("kind", ["ade20k", "broden", "cityscapes", "coco", "labelmaps", "parquet"])
def test_the_converted_folder_has_the_same_concept_table(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "in"
    if kind == "parquet":
        parquet(root / "a.parquet")
        id2label(root, _0="road", _1="sky", _2="tree")
    elif kind == "labelmaps":
        world(root)
    else:
        {"ade20k": ade20k, "broden": broden, "cityscapes": cityscapes, "coco": coco}[kind](root)
    for colors in (False, True) if kind != "broden" else (False,):
        data = open_data(root, colors=colors)
        out = tmp_path / f"out{colors}"
        written = convert(data, out)
        assert written.kind == "labelmaps"
        same_table(data, open_data(out), tmp_path)
        originals = {data.file(s.image).read_bytes() for s in data.samples}
        assert {p.read_bytes() for p in (out / "images").rglob("*.*")} == originals
        shutil.rmtree(tmp_path / "t0")


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.lists(st.lists(st.integers(0, 5), min_size=6, max_size=6), max_size=3),
            st.sets(st.sampled_from(sorted(CONCEPTS))),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_converting_twice_changes_nothing(tmp_path_factory, samples) -> None:
    folder = tmp_path_factory.mktemp("twice")
    made = (
        NewSample(
            name=f"{i}",
            image=Image.fromarray(photo(i, 2, 3)),
            maps={f"l{k}": np.array(rows).reshape(2, 3) for k, rows in enumerate(maps)}
            or {"l0": np.zeros((2, 3), int)},
            concepts=sorted(whole),
        )
        for i, (maps, whole) in enumerate(samples)
    )
    data = write_labelmaps(folder / "a", CONCEPTS, made)
    once = convert(data, folder / "b")
    twice = convert(once, folder / "c")
    same_table(data, once, folder)
    same_table(once, twice, folder)


def test_new_names_never_meet_names_that_are_there() -> None:
    names = _names(["a.jpg", "a.png", "a_jpg.bmp", "b.png"])
    assert names == ["a_jpg 2", "a_png", "a_jpg", "b"]
    assert _distinct(["object", "object", "object 2", "a/b"]) == [
        "object", "object 2", "object 2 2", "a_b",
    ]  # fmt: skip


def test_images_of_one_stem_get_names_of_their_own(tmp_path: Path) -> None:
    from probing_cases import save

    root = broden(tmp_path / "in")
    save(root / "images/0.png", photo(5, 8, 8))
    with (root / "index.csv").open("a") as file:
        file.write("0.png,train,8,8,4,4,0_a.png,,\n")
    written = convert(open_data(root), tmp_path / "out")
    assert written.sample_ids == ("0_jpg.jpg", "0_png.png", "1.jpg")


def test_what_cannot_be_converted(tmp_path: Path, monkeypatch) -> None:
    data = world(tmp_path / "in")
    with pytest.raises(OptionError, match="exists already: choose another folder"):
        convert(data, tmp_path / "in")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(RunError, match=r"cannot write to .*out: No space left on device"):
            convert(data, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    (tmp_path / "in/images/one.png").unlink()
    with pytest.raises(DataError, match=r"one.png is missing"):
        convert(data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def run(*words: str):
    return CliRunner().invoke(cli, ["data", *words], standalone_mode=False)


def test_the_command_line(tmp_path: Path) -> None:
    world(tmp_path / "in")
    done = run("check", f"{tmp_path / 'in'}", "--quiet")
    assert (done.exit_code, done.return_value) == (0, 0), done.output
    assert "look: grass and lawn" in done.stdout
    assert f"    --data labelmaps:{tmp_path / 'in'}\n" in done.stdout
    few = run("check", f"labelmaps:{tmp_path / 'in'}", "--split", "val", "--json", "--quiet")
    assert json.loads(few.stdout)["facts"]["samples"] == "1"
    done = run("convert", f"{tmp_path / 'in'}", str(tmp_path / "out"), "--samples", "2", "--colors")
    assert done.exit_code == 0, done.output
    assert f"    --data labelmaps:{tmp_path / 'out'}\n" in done.stdout
    assert "red-c" in open_data(tmp_path / "out").names
    (tmp_path / "in/images/one.png").write_bytes(b"rubbish")
    done = run("check", f"{tmp_path / 'in'}", "--quiet")
    assert done.return_value == 1
    assert "UNREADABLE: " in done.stdout
    assert "1 samples cannot be read: mend them or take them out." in done.stdout
    index = broden(tmp_path / "broden") / "index.csv"
    assert f"--data broden:{tmp_path / 'broden'}\n" in run("check", str(index), "--quiet").stdout
    pairs = tmp_path / "a.feats"
    pairs.write_text("tag;closed\na|DT b|NN\nc|NN\n")
    assert f"--data pairs:{pairs}" in run("check", str(pairs), "--quiet").stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["coco128_panoptic_raw_train", "broden_mini"])
def test_real_data_are_converted(shared_data: Path, tmp_path: Path, name: str) -> None:
    data = open_data(shared_data / "vision" / name)
    assert not check_images(data).unreadable
    same_table(data, convert(data, tmp_path / "out"), tmp_path)
