"""Running text of files, folders, tables and JSON lines; what is said before a run."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andornot.cli import main
from andornot.data.registry import open_samples, recognised
from andornot.data.sequences.check import check_sequences
from andornot.data.sequences.open import open_sequences
from andornot.errors import DataError, OptionError


def write(path, text):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def lines(path, *records):
    return write(path, "".join(json.dumps(record) + "\n" for record in records))


def test_a_text_file_is_a_document_as_it_is(tmp_path):
    text = "one\r\ntwo\rthree\u2028four\tfive\x85 e\u0301 \U0001f469\u200d\U0001f680\n\n"
    data = open_sequences(f"texts:{write(tmp_path / 'a.txt', chr(0xFEFF) + text)}")
    assert data.documents[0].text == text  # places count on the text as given
    assert data.sample_ids == ("a.txt",)
    assert data.documents[0].words is None


def test_files_of_a_folder_have_its_folders_as_labels(tmp_path):
    write(tmp_path / "train" / "pos" / "a.txt", "good")
    write(tmp_path / "train" / "neg" / "a.txt", "bad")
    write(tmp_path / "test" / "pos" / "b.txt", "fine")
    write(tmp_path / "test" / "pos" / "empty.txt", " \n")
    write(tmp_path / ".git" / "c.txt", "no text of anybody's")
    write(tmp_path / "d.json", "{}")
    data = open_sequences(f"texts:{tmp_path}")
    assert data.sample_ids == ("test/pos/b.txt", "train/neg/a.txt", "train/pos/a.txt")
    assert [d.labels["folder"] for d in data.documents] == [("pos",), ("neg",), ("pos",)]
    assert data.splits == ("test", "train", "train")
    assert data.dropped == {"an empty text": 1}
    assert open_sequences(f"texts:{tmp_path}", split="test").sample_ids == ("test/pos/b.txt",)
    assert open_sequences(f"texts:{tmp_path}", group="folder").groups[0] == "pos"


def test_a_link_does_not_lead_out_of_a_folder(tmp_path):
    secret = write(tmp_path / "secret.txt", "key")
    folder = write(tmp_path / "in" / "a.txt", "text").parent
    (folder / "b.txt").symlink_to(secret)
    (folder / "c.txt").symlink_to(folder / "a.txt")
    (folder / "d").symlink_to(tmp_path)
    data = open_sequences(f"texts:{folder}")
    assert data.sample_ids == ("a.txt", "c.txt")
    assert data.dropped == {"a link that leads out of the folder": 1}


RECORDS = [
    {"text": "a b", "id": 7, "topic": "x", "stars": 5.0, "who": f"w{n}", "tags": ["p", "q"],
     "deep": {"a": 1}, "split": "dev"} | {"text": f"text {n}", "id": n, "topic": "xy"[n % 2]}
    for n in range(6)
]  # fmt: skip


def test_fields_with_few_values_are_labels(tmp_path):
    path = lines(tmp_path / "a.jsonl", *RECORDS, {"text": "last", "stars": None})
    data = open_sequences(f"texts:{path}")
    assert data.documents[0].labels == {"topic": ("x",), "tags": ("p", "q")}
    assert data.classes[:2] == ("x", "y")
    assert data.documents[6].unannotated == {"topic", "tags"}
    assert data.sample_ids[:2] == ("0", "1")
    assert data.splits == ("dev",) * 6 + ("",)
    assert "'who' has 6 values" in data.notes[0]
    chosen = open_sequences(f"texts:{path},label=who,labels=stars+topic")
    assert chosen.documents[0].labels == {"who": ("w0",), "stars": ("5",), "topic": ("x",)}
    assert chosen.class_category == "who"
    assert open_sequences(f"texts:{path},labels=none").documents[0].labels == {"topic": ("x",)}
    assert open_sequences(f"texts:{path},group=topic").groups[:3] == ("x", "y", "x")


def test_documents_of_the_same_text_are_one_group(tmp_path):
    path = lines(tmp_path / "a.jsonl", *({"text": text} for text in "abca"))
    groups = open_sequences(f"texts:{path}").groups
    assert groups[0] == groups[3]
    assert len(set(groups)) == 3
    assert len(set(open_sequences(f"texts:{path},group=none").groups)) == 4


def test_a_table_keeps_its_texts_as_they_are(tmp_path):
    path = tmp_path / "reviews.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = [["body", "stars", "id"], [" two\r\nlines ", "5", "a"], ["x", "1", "a"],
                ["", "1", "c"], ["y", "unk", "d"]]  # fmt: skip
        csv.writer(file).writerows(rows)
    data = open_sequences(f"texts:{path},text=body,label=stars")
    assert [d.text for d in data.documents] == [" two\r\nlines ", "x", "y"]
    assert data.classes == ("5", "1", "")
    assert data.sample_ids == ("a", "a~2", "d")
    assert data.documents[2].unannotated == {"stars"}
    assert data.dropped == {"an empty text": 1}


def test_data_open_again_by_what_they_noted(tmp_path):
    path = lines(tmp_path / "a.jsonl", *RECORDS)
    data = open_sequences(f"texts:{path},label=topic", limit=3, group="^(.)")
    assert len(data) == 3
    again = open_sequences(**data.source)
    assert again.fingerprint() == data.fingerprint()
    assert open_samples(f"texts:{path},label=topic", limit=3).modality == "sequences"


@pytest.mark.parametrize(
    ("name", "text", "spec", "says"),
    [
        ("a.txt", b"good\n\xff\n", "", "a.txt, line 2: cannot be read as UTF-8"),
        ("a.txt", b"a\0b", "", "line 1: there is a zero byte"),
        ("a.txt", " \n", "", r"holds no document \(1 time an empty text\)"),
        ("a.jsonl", '{"text": "a"}\n{"text": ', "", "line 2: this is no JSON"),
        ("a.jsonl", "[1]\n", "", r"line 1: this is \[1\]; give an object a line"),
        ("a.jsonl", '{"text": "\\ud800"}\n', "", "line 1: 'text' is .*, which is no text"),
        ("a.jsonl", '{"text": 3}\n', "", "line 1: 'text' is 3, which is no text"),
        ("a.jsonl", '{"body": "a", "b": 1}\n', ",text=c", "line 1: there is no field 'c' for the"),
        ("a.jsonl", '{"text": "a", "b": 1}\n', ",label=c", "there is no field 'c' for the label"),
        ("a.jsonl", '{"text": "a", "b": 1}\n', ",group=c", "there is no field 'c' for the group"),
        ("a.jsonl", '{"text": "a", "b": 1}\n', ",labels=c", "has no field 'c' for labels"),
        ("a.jsonl", '{"text": "a", "b:c": 1}\n', ",labels=b:c", "a name without a colon"),
        ("a.csv", "text,b\na,1\nb\n", "", "row 3: 1 cells for the 2 columns"),
        ("a.csv", "a,b\na,1\n", "", "no column 'text' or 'content'"),
        ("a.csv", "text,b\na,1\n", ",group=c", "no column 'c' for the group"),
        ("a.csv", b"text,b\na,\xff\n", "", "a.csv, line 2: cannot be read as UTF-8"),
        ("a.csv", 'text,b\n"a,1\n', "", "row 2: unexpected end of data"),
        ("a.csv", "text,text\na,1\n", "", "has 2 columns called 'text'"),
    ],
)
def test_damage_is_told(tmp_path, name, text, spec, says):
    path = write(tmp_path / name, text)
    with pytest.raises(DataError, match=says):
        open_sequences(f"texts:{path}{spec}")


@pytest.mark.parametrize("name", ["b.txt", "b.csv", "b.jsonl", "b"])
def test_a_file_that_is_not_there_is_told(tmp_path, name):
    with pytest.raises(DataError, match=r"there is no file .*b"):
        open_sequences(f"texts:{tmp_path / name}")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (",split=dev", "no document in the split 'dev': it has no split at all"),
        (",limit=x", "write a whole number"),
        (",limit=0", "limit is 0"),
        (",text=body", "is no table, and has no use for text"),
        (",genre=^(", "genre is .*no regular expression"),
        (",group=^b", "which matches no id"),
        (",group=topic", "documents of .* have no label of that name"),
        (",enhanced=yes", "texts: has no option 'enhanced'"),
    ],
)
def test_options_that_do_not_fit_are_told(tmp_path, spec, says):
    path = write(tmp_path / "a.txt", "text")
    with pytest.raises(OptionError, match=says):
        open_sequences(f"texts:{path}{spec}")


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@settings(deadline=None, max_examples=60)
@given(st.lists(TEXT.filter(str.strip), min_size=1, max_size=4))
def test_random_texts_are_read_back(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("texts")
    lines(folder / "a.jsonl", *({"text": text} for text in texts))
    assert [d.text for d in open_sequences(f"texts:{folder / 'a.jsonl'}").documents] == texts
    write(folder / "a.txt", "\ufeff" + texts[0])
    assert open_sequences(f"texts:{folder / 'a.txt'}").documents[0].text == texts[0]


def test_what_is_there_is_said_before_a_run(tmp_path, capsys):
    path = lines(tmp_path / "a.jsonl", *RECORDS, {"text": "text 1"})
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["data", "check", str(path), "--quiet"])
    out = capsys.readouterr().out
    assert "documents      7, of 6 to 6 characters" in out
    assert "label topic    x 3, y 3 (people: labels of the file); unknown in 1 document" in out
    assert "look: 2 documents have the text of another" in out
    assert f"--data texts:{path}" in out


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.conllu", "1\ta\ta\tX\t_\t_\t0\troot\t_\t_\n", "conllu"),
        ("a.txt", "Plain text, of two\nlines.\n", "texts"),
        ("a.txt", "premise,hypothesis\na,b\n", "pairs"),
        ("a.jsonl", '{"text": "a", "spans": []}\n', "spans"),
        ("a.jsonl", '{"text": "a"}\n', "texts"),
        ("a.jsonl", '{"sentence1": "a", "sentence2": "b"}\n', "snli"),
        ("a.fasta", ">a\nMKV\n", "spans"),
        ("a.py", "a = 1\n", "code"),
        ("a.png", "", None),
    ],
)
def test_a_file_that_says_nothing_of_its_kind_is_known_by_its_look(tmp_path, name, text, kind):
    assert recognised(write(tmp_path / name, text)) == kind


def test_signs_of_strangers_do_nothing_to_a_terminal(tmp_path, capsys):
    evil = "\x1b[2J<b>"
    record = {"id": evil, "text": "sea", "labels": {evil: evil},
              "spans": [{"start": 0, "end": 3, "layer": f"l{evil}", "label": evil}]}  # fmt: skip
    path = lines(tmp_path / "a.jsonl", record, {"text": "b", evil: 1})
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["data", "check", str(path), "--quiet"])
    assert "\x1b" not in capsys.readouterr().out


def test_a_folder_is_known_by_what_most_of_it_is(tmp_path):
    write(tmp_path / "b" / "a.py", "a = 1\n")
    write(tmp_path / "b" / "b.py", "a = 1\n")
    write(tmp_path / "b" / "readme.md", "text")
    assert recognised(tmp_path) == "code"
    write(tmp_path / "c.png", "")
    assert recognised(tmp_path) is None


def test_spans_that_count_bytes_are_suspected(tmp_path):
    text = "the sea and the land é " + "the sea and the land " * 3
    spans: list[Any] = []
    for word in ("sea", "land"):
        at = text.find(word)
        while at >= 0:
            start = len(text[:at].encode())
            spans.append({"start": start, "end": start + len(word), "layer": "w", "label": word})
            at = text.find(word, at + 1)
    path = lines(tmp_path / "a.jsonl", {"text": text + "  ", "spans": spans})
    assert any(
        "count bytes" in w for w in check_sequences(open_sequences(f"spans:{path}")).warnings
    )
    for span in spans:
        span["start"], span["end"] = (
            len(text.encode()[:p].decode()) for p in (span["start"], span["end"])
        )
    path = lines(tmp_path / "b.jsonl", {"text": text, "spans": spans})
    assert not check_sequences(open_sequences(f"spans:{path}")).warnings
