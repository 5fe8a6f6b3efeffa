"""Single texts in a table: their concepts, what is told of damage, and a run on them."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot import Run, dissect
from andornot.cli import main
from andornot.data.sentences.concepts import STOP_WORDS
from andornot.data.sentences.single import open_single
from andornot.errors import DataError, ModelError, OptionError

ROWS = [
    ["review", "sentiment"],
    ["A great, great film!", "Positive"],
    ["The plot is dull.", "negative"],
    ["the  plot is dull.", "negative"],
    ["   ", "negative"],
    ["Not great", ""],
]


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "reviews.csv", ROWS)


def has(data, sample):
    return {data.names[i] for i in np.flatnonzero(data.labels(sample)[:, 0])}


def test_words_of_a_text_are_its_concepts(file):
    data = open_single(f"sentences:{file}")
    assert data.sample_ids == ("0", "1", "2", "4")
    assert data.dropped == {"an empty text": 1}
    assert data.classes == ("positive", "negative", "negative", "")
    assert has(data, 0) == {"great", "film", "!"}  # "a" and "," are stop words
    assert data.groups[1] == data.groups[2] != data.groups[0]  # the same words
    assert len(set(open_single(f"sentences:{file}", group="none").groups)) == 4


def test_most_frequent_words_come_first(file):
    names = open_single(f"sentences:{file}").names
    assert names[:4] == ("dull", "great", "is", "plot")
    assert open_single(f"sentences:{file},words=2").names == names[:2]


def test_only_the_beginning_is_read_by_network_and_concepts(file):
    data = open_single(f"sentences:{file},cut=2")
    assert data.texts[0].text == "A great"
    assert has(data, 0) == {"great"}


WORDS = st.text("ab'! ,.\u00e9\u0130", max_size=20)


@given(WORDS, st.integers(1, 8))
def test_a_cut_text_is_a_beginning_of_so_many_words(text, cut):
    from andornot.data.sentences.readers import tokenize
    from andornot.data.sentences.single import _first

    found = _first(text, cut)
    assert text.startswith(found)
    assert tokenize(found) == tokenize(text)[:cut]


@pytest.mark.parametrize(
    ("rows", "spec", "error", "says"),
    [
        ([["body", "y"], ["a b", "1"]], "", DataError, "no column 'text' or 'sentence'"),
        ([["text"], ["a", "b"]], "", DataError, "row 2: 2 cells for the 1 columns"),
        ([["text"], [" "]], "", DataError, "holds no text"),
        ([["text", "text"], ["a", "b"]], "", DataError, "has 2 columns called 'text'"),
        ([["text"]], "", DataError, "holds no text"),
        ([["text"], ["a"]], ",cut=0", OptionError, "cut"),
        ([["text"], ["a"]], ",cut=x", OptionError, "write a whole number"),
        ([["text"], ["a"]], ",hypothesis=b", OptionError, "has the option 'hypothesis'"),
        ([["text"], ["a"]], ",split=dev", OptionError, "no text in the split 'dev'"),
        ([["text"], ["a"]], ",group=film", DataError, "no column 'film' for the group"),
    ],
)
def test_damage_is_told(tmp_path, rows, spec, error, says):
    path = write(tmp_path / "a.csv", rows)
    with pytest.raises(error, match=says.replace("(", r"\(")):
        open_single(f"sentences:{path}{spec}")


def test_files_of_other_kinds_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('{"text": "a"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"looks like JSON lines; give a CSV"):
        open_single(f"sentences:{path}")
    with pytest.raises(DataError, match="there is no file"):
        open_single(f"sentences:{tmp_path / 'b.csv'}")
    path.write_bytes(b"PAR1....")
    with pytest.raises(DataError, match="is no text"):
        open_single(f"sentences:{path}")


def test_who_gives_a_table_of_texts_as_pairs_is_led_here(file):
    from andornot.data.sentences.open import open_pairs

    with pytest.raises(DataError, match="sentences:FILE"):
        open_pairs(f"pairs:{file}")


MODEL = """
import numpy as np
from andornot.models.sentences import RecordedPairs


class Net:
    layers = ("units",)
    class_names = ("negative", "positive")
    fingerprint = "1"

    def record(self, texts, layers):
        units = [["great" in t.text, "dull" in t.text] for t in texts]
        values = np.array(units, np.float32)
        return RecordedPairs({layer: values[:, :, None, None] for layer in layers}, values[:, ::-1])
"""


@pytest.fixture
def run(tmp_path):
    pytest.importorskip("torch", reason="torch is not installed")
    rows = [[f"{w} film {i} <b>&amp;", c] for i in range(20) for w, c in WORDED]
    path = write(tmp_path / "many.csv", [["text", "label"], *rows])
    (tmp_path / "net.py").write_text(MODEL, encoding="utf-8")
    model = f"{tmp_path / 'net.py'}:Net"
    return dissect(model, "units", f"sentences:{path}", tmp_path / "run", length=1, trust=None)


WORDED = [("great", "positive"), ("dull", "negative"), ("long", "negative")]


def test_a_run_names_the_words_and_opens_again(run, capsys):
    assert [str(e.formula) for e in run.result()] == ["great", "dull"]
    assert [e.iou for e in run.result()] == [1, 1]
    again = Run.open(run.path)
    assert again.modality.samples == "sentences"
    with pytest.raises(SystemExit) as ended:
        main(["show", str(run.path), "--units", "0", "--samples", "2", "--trust-code"])
    assert not ended.value.code
    shown = capsys.readouterr().out
    assert "great film" in shown


def test_its_pages_escape_the_texts(run):
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    from andornot import write_report

    out = write_report(run, run.path.parent / "pages")
    folder = run.path.parent / "pages"
    pages = [p.read_text(encoding="utf-8") for p in folder.glob("unit/*.html")]
    assert pages, out
    assert any("great film" in page for page in pages)
    assert not any("film 0 <b>" in page for page in pages)


def test_other_models_are_refused():
    from insides import load_single_model

    with pytest.raises(ModelError, match="names no classifier of texts"):
        load_single_model("net.pt")


def test_stop_words_are_no_concepts(file):
    assert not set(open_single(f"sentences:{file}").names) & STOP_WORDS
