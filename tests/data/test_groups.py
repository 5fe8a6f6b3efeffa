"""Groups of samples: read from each format, named by the user, and kept by tables and runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import naive
from andornot import ConceptTable
from andornot.cli import cli
from andornot.data import samples
from andornot.data.images.convert import convert
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.data.images.open import open_data
from andornot.data.images.table import build_table
from andornot.data.samples import group_names, groups_by_name, groups_of
from andornot.data.sentences.open import open_pairs
from andornot.errors import DataError, OptionError

IDS = st.lists(st.sampled_from([*"abc", "a~", "b~", "a~~"]), min_size=1, unique=True)


@given(IDS, st.data())
def test_a_sample_that_shares_its_group_with_no_other_is_its_own(ids, data):
    said = data.draw(st.lists(st.sampled_from(["", "a", "b", "a~"]), min_size=len(ids)))[: len(ids)]
    names = group_names(ids, said)
    for i, one in enumerate(names):
        together = {j for j, name in enumerate(said) if said[i] and name == said[i]} | {i}
        assert {j for j, name in enumerate(names) if name == one} == together
        assert len(together) == 1 or one == said[i]
        assert len(together) > 1 or one.rstrip("~") == ids[i].rstrip("~")
    if len(set(said)) == len(said):
        assert names == tuple(ids)  # folds stay as they were


def table_of(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def numbered(names):
    return [names.index(name) for name in names]


def test_groups_of_tables(tmp_path):
    rows = ("a\tx\tone\tv1", "a\ty\ttwo\tv2", "b\tz\ttwo\tv1", "c\tx\t\tv3")
    file = table_of(tmp_path / "my.tsv", "premise\thypothesis\tdoc\tid", *rows)
    plain = open_pairs(f"pairs:{file}", tagger=None)
    assert plain.groups == ("a", "a", "v1~2", "v3")  # pairs of one premise
    assert plain.subset([0, 2]).groups == ("v1", "v1~2")
    named = open_pairs(f"pairs:{file},group=doc", tagger=None)
    assert named.groups == ("v1", "two", "two", "v3")
    assert open_pairs(f"pairs:{file}", columns={"group": "doc"}).groups == named.groups
    by_id = open_pairs(f"pairs:{file},group=^(v1),tagger=none")
    assert by_id.groups == ("v1", "v2", "v1", "v3")
    none = open_pairs(f"pairs:{file}", tagger=None, group="none")
    assert none.groups == none.sample_ids
    assert len({d.fingerprint() for d in (plain, named, by_id, none)}) == 1
    assert [d.source["group"] for d in (plain, named, by_id)] == [None, "doc", "^(v1)"]


def test_groups_of_snli_are_captions(tmp_path):
    rows = [
        {"sentence1": text, "sentence2": "y", "gold_label": "neutral", "captionID": caption}
        for text, caption in [("a", "1#0"), ("b", "1#0"), ("a", "1#1"), ("c", None), ("c", None)]
    ]
    file = tmp_path / "snli.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    assert numbered(open_pairs(f"snli:{file}", tagger=None).groups) == [0, 0, 2, 3, 3]
    rows = ("premise\thypothesis\tcaptionID", "a\tx\t1#0", "b\tx\t1#0")
    assert open_pairs(f"pairs:{table_of(tmp_path / 'a.tsv', *rows)}").groups == ("1#0",) * 2


def conllu(*sentences: str) -> str:
    return "".join(f"{s}1\tGo\tgo\tVERB\t_\t_\t0\troot\t_\t_\n\n" for s in sentences)


def test_groups_of_conllu_are_documents(tmp_path):
    file = tmp_path / "a.conllu"
    file.write_text(conllu("# newdoc id = A\n", "", "", "", "# newdoc\n", "", "# newdoc\n", ""))
    data = open_pairs(f"pairs:{file}")
    assert data.groups == ("document A", "document A", *data.sample_ids[2:])
    file.write_text(conllu("", "", "", ""))  # without documents, pairs of one premise
    assert open_pairs(f"pairs:{file}").groups == ("Go", "Go")


@pytest.fixture
def pictures(tmp_path):
    def new(i):
        image = Image.new("RGB", (4, 4))
        maps = {"object": np.full((4, 4), 1 + i % 2, np.uint8)}
        return NewSample(f"s{i // 3}_{i}", image, maps, group=f"film {i // 2}" if i < 4 else "")

    concepts = {"sky": "object", "sea": "object"}
    return write_labelmaps(tmp_path / "films", concepts, (new(i) for i in range(6)))


def test_groups_of_pictures(pictures, tmp_path):
    films = ["film 0", "film 0", "film 1", "film 1", *pictures.sample_ids[4:]]
    assert list(pictures.groups) == films
    assert list(convert(pictures, tmp_path / "again").groups) == films
    by_name = open_data(pictures.path, group=r"^(s\d+)_")
    assert by_name.groups == ("s0",) * 3 + ("s1",) * 3
    none = open_data(pictures.path, group="none")
    assert none.groups == none.sample_ids
    assert len({d.fingerprint() for d in (pictures, by_name, none)}) == 1
    table = build_table(by_name, tmp_path / "table", 5)
    assert table.positions.groups.tolist() == [0, 0, 0, 1, 1, 1]
    assert table.positions.folds.tolist() == [naive.fold(g, 5) for g in by_name.groups]
    assert build_table(none, tmp_path / "none", 5).positions.groups is None


@pytest.mark.parametrize("group", ["", "doc", "^v", "none"])
def test_a_look_at_the_data_counts_groups(tmp_path, group):
    rows = ("a\tx\tone\tv1", "a\ty\ttwo\tv2", "b\tz\ttwo\tv3")
    file = table_of(tmp_path / "my.tsv", "premise\thypothesis\tdoc\tid", *rows)
    asked = ["data", "check", f"pairs:{file},tagger=none", "--json"]
    done = CliRunner().invoke(cli, asked + (["--group", group] if group else []))
    told = {"": "2, 1 of several (up to 2)", "^v": "1, 1 of several (up to 3)"}
    told |= {"doc": told[""], "none": "each its own"}
    assert json.loads(done.stdout)["facts"]["groups"] == told[group]


def test_data_of_a_user_need_not_know_of_groups():
    class Own:
        sample_ids = ("a", "b")

    data: Any = Own()
    assert groups_of(data) == ("a", "b")


def test_expressions_name_groups_and_are_bounded(monkeypatch):
    ids = ["seq1_f1", "seq1_f2", "other"]
    assert groups_by_name(ids, r"^(seq\d+)_") == ("seq1", "seq1", "")
    assert groups_by_name(ids, r"^(seq)?\w+") == ("seq", "seq", "")
    assert groups_by_name(ids, r"^\w{4}") == ("seq1", "seq1", "othe")
    for expression, why in [("^(", "no regular expression"), ("^x", "matches no id of the 3")]:
        with pytest.raises(OptionError, match=why):
            groups_by_name(ids, expression)
    monkeypatch.setattr(samples, "_PATIENCE", 0.5)
    with pytest.raises(OptionError, match="needs too much time"):
        groups_by_name(["a" * 40 + "b"], "^(a+)+$")


def test_mistakes_get_a_sentence(tmp_path, pictures):
    file = table_of(tmp_path / "my.tsv", "premise\thypothesis", "a\tx")
    tokens = table_of(tmp_path / "my.tok", "a b", "c d")
    wrong: list[tuple[Path, dict[str, Any], str]] = [
        (file, {"group": "doc"}, "no column 'doc' for the group"),
        (tokens, {"group": "doc"}, "no column|no use"),
        (file, {"group": "doc", "columns": {"group": "doc"}}, "given twice"),
    ]
    for data, options, why in wrong:
        with pytest.raises((DataError, OptionError), match=why):
            open_pairs(f"pairs:{data}", **options)
    others: tuple[Any, ...] = ("video", 3, "")
    for group in others:
        with pytest.raises(OptionError, match=r"group is .*; of images, give none or"):
            open_data(pictures.path, group=group)


MASKS = np.eye(4, dtype=bool)[:, None, :].repeat(3, 1)
NAMES = list("abcd")


def test_tables_of_arrays_have_groups(tmp_path):
    table = ConceptTable.from_masks(MASKS, NAMES, groups=["u", "v", "u"])
    assert table.positions.groups.tolist() == [0, 1, 0]
    table.save(tmp_path / "t")
    assert ConceptTable.load(tmp_path / "t").positions.groups.tolist() == [0, 1, 0]
    plain = ConceptTable.from_masks(MASKS, NAMES)
    assert plain.grouped([3, 1, 2]).positions.groups is None
    assert table.digest == plain.digest
    for one, other, groups in [
        (table, plain, [0, 1, 0, 2, 3, 4]), (plain, table, [0, 1, 2, 3, 4, 3]),
    ]:  # fmt: skip
        assert one.merge(other).positions.groups.tolist() == groups
        assert one.merge(other).positions.n_groups == 5
    assert plain.merge(plain).positions.groups is None
    assert table.positions.by_cell().groups.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("groups", "folds", "why"),
    [
        (["u", "v"], None, "groups for 2 samples and 3"),
        (["u", 1.5, "u"], None, "group of sample 1 is 1.5"),
        (["u", None, "u"], None, "group of sample 1 is None"),
        (["u", "v", "u"], [0, 0, 1], "'u' has samples in the folds 0 and 1"),
    ],
)
def test_groups_that_cannot_be(groups, folds, why):
    with pytest.raises(DataError, match=why):
        ConceptTable.from_masks(MASKS, NAMES, folds=folds, groups=groups)
    with pytest.raises(DataError, match="kept only counts"):
        replace(ConceptTable.from_masks(MASKS, NAMES), positions=None).grouped(["u"] * 3)
