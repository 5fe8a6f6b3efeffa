"""Whole runs on running text, with a small model of the test's own."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from andornot import Threshold
from andornot.concepts.context_options import ContextOptions
from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.document import Document, Extents, Spans
from andornot.data.sequences.options import ConceptOptions
from andornot.errors import DataError, ModelError, OptionError
from andornot.pipeline.dissect import dissect
from andornot.probes.base import Recording
from andornot.probes.reading import Reading
from andornot.probes.tokens import TokenProbe
from insides import Places
from token_cases import Pieces, Signs, drawn_documents

FEW = ConceptOptions(own=("token", "word"), min_support=(1, 1))
PLAIN: dict[str, Any] = {
    "text_concepts": FEW, "length": 2, "trust": None, "threshold": Threshold(0.05),
    "context": ContextOptions(around=()),
}  # fmt: skip


def probe_of(data, model=None, at="token", pool="last", **more):
    model = model or Pieces()
    return TokenProbe.of(
        model, (model.layers[0],), data, Recording(), reading=Reading(at, pool, **more),
        text_concepts=FEW,
    )  # fmt: skip


def recorded(probe):
    parts = [
        probe.record(range(at, min(at + 3, len(probe.data))), probe.layers)[probe.layers[0]]
        for at in range(0, len(probe.data), 3)
    ]
    return np.concatenate(parts)


def by_hand(probe, pool):
    """Word by word from the values of tokens: the slow and obvious way."""
    tokens = probe_of(probe.data, probe.model)
    values, found = recorded(tokens), []
    for document, own in zip(probe.data.documents, tokens._positions, strict=True):
        n = len(own)
        mine, values = values[:n], values[n:]
        for word in (m.span() for m in __import__("re").finditer(r"\w+|[^\w\s]", document.text)):
            inside = [
                mine[i]
                for i in range(n)
                if own.extents.starts[i] < word[1] and word[0] < own.extents.ends[i]
            ]
            pooled = {"last": lambda rows: rows[-1], "largest": lambda rows: np.max(rows, 0),
                      "mean": lambda rows: np.mean(np.array(rows, np.float64), 0)}  # fmt: skip
            if inside:
                found.append(pooled[pool](inside))
    return np.array(found, np.float32)


def test_a_search_that_asks_for_less_finds_less_frequent_concepts(tmp_path):
    data = drawn_documents(12)
    rare = replace(data.documents[0], text=f"{data.documents[0].text} islands")
    data = replace(data, documents=(rare, *data.documents[1:]))
    more = PLAIN | {"text_concepts": ConceptOptions(own=("word",), regexes={"isle": "island"})}
    made = [
        dissect(Pieces(), "pieces", data, tmp_path / str(support), min_support=support, **more)
        for support in (None, (1, 1))
    ]
    assert [("word:islands" in run.concepts.names) for run in made] == [False, True]
    assert "regex:isle" in made[1].concepts.names
    assert made[1].record.reading["concepts"]["min_support"] == [1, 1]


@pytest.mark.parametrize("pool", ["last", "largest", "mean"])
def test_a_word_is_what_its_tokens_give(pool):
    probe = probe_of(drawn_documents(5, end=". Hm"), at="word", pool=pool)
    assert (recorded(probe) == by_hand(probe, pool)).all()
    assert probe.level == "text word"


def test_a_document_is_one_position():
    data = drawn_documents(6)
    probe, tokens = probe_of(data, at="document", pool="largest"), probe_of(data)
    assert probe.rows.tolist() == list(range(7))
    values = np.split(recorded(tokens), tokens.rows[1:-1])
    assert (recorded(probe) == np.array([own.max(axis=0) for own in values])).all()


def test_labels_meet_the_tokens_of_awkward_texts(tmp_path):
    text = "a😀\te\u0301 海x"
    spans = Spans.of([(1, 2, "FACE"), (3, 5, "ACCENT"), (6, 7, "SEA")])
    documents = tuple(Document(str(i), text, {"mark": spans}) for i in range(2))
    data = SequenceData(Path("drawn"), "texts", documents)
    probe = probe_of(data, Signs())
    table = probe.build_table(tmp_path / "table", 1, None, False)
    own = table.positions.sample(0).ravel()
    held = {
        name: np.flatnonzero(table.concept_mask(f"mark:{name}")[own]).tolist()
        for name in ("FACE", "ACCENT", "SEA")
    }
    # bytes: a one, the face four, the tab one, e one, its accent two, a blank one, the sign three
    assert held == {"FACE": [1, 2, 3, 4], "ACCENT": [6, 7, 8], "SEA": [10, 11, 12]}
    extents, names = Places.load(tmp_path / "table").of(1)
    assert len(extents) == 14
    assert names[1:3] == ["<F0>", "<9F>"]
    assert extents.of_text(text, 3) == "😀"


def test_a_run_finds_what_the_model_looks_for(tmp_path):
    data = drawn_documents()
    run = dissect(Pieces(), "pieces", data, tmp_path / "run", **PLAIN)
    result = run.result()
    assert str(result[0].formula) == "token:␣sea"
    assert run.level == "text token"
    assert run.modality.name == "sequences"
    assert run.record.reading["positions"]["at"] == "token"
    assert run.record.reading["concepts"]["min_support"] == [1, 1]
    # each token once, though documents are longer than the window
    tokens = [m[0] for d in data.documents for m in Pieces.pattern.finditer(d.text)]
    assert run.at_positions.n_positions == len(tokens)
    assert result[0].counts.tp + result[0].counts.fp == tokens.count(" sea")
    assert any("read in several windows" in note for note in run.record.model.notes)


def test_trust_shuffles_documents(tmp_path):
    few = {**PLAIN, "trust": dissect.__kwdefaults__["trust"]}
    run = dissect(Pieces(), "pieces", drawn_documents(30), tmp_path / "run", **few)
    verdicts = [str(run.result()[unit].verdict) for unit in range(4)]
    assert verdicts[0] == "solid"
    nine = dissect(Pieces(), "pieces", drawn_documents(9), tmp_path / "nine", **few)
    assert {str(e.verdict) for e in nine.result()} == {"too little data"}


class Tired(Pieces):
    """Is stopped by hand after some windows."""

    left = 10**9

    def record(self, windows, layers):
        type(self).left -= len(windows)
        if self.left < 0:
            raise KeyboardInterrupt
        return super().record(windows, layers)


def test_an_interrupted_run_goes_on_and_finds_the_same(tmp_path):
    data = drawn_documents(60)
    whole = dissect(Pieces(), "pieces", data, tmp_path / "whole", **PLAIN)
    Tired.left = 200
    with pytest.raises(KeyboardInterrupt):
        dissect(Tired(), "pieces", data, tmp_path / "run", **PLAIN)
    Tired.left = 10**9
    again = dissect(Tired(), "pieces", data, tmp_path / "run", **PLAIN)
    used = 10**9 - Tired.left
    assert 0 < used < 60 * 5  # not all anew
    assert again.result() == whole.result()
    assert (np.asarray(again.activations()) == np.asarray(whole.activations())).all()


def test_documents_without_a_position_are_left_out(tmp_path):
    data = drawn_documents(12)
    empty = Document("empty", "")
    data = replace(data, documents=(*data.documents[:3], empty, *data.documents[3:]))
    run = dissect(Pieces(), "pieces", data, tmp_path / "run", **PLAIN)
    assert len(run.samples) == 12
    assert any("left out: 1 (documents without a token)" in note for note in run.record.model.notes)
    with pytest.raises(DataError, match="no document of drawn has a position"):
        probe_of(SequenceData(Path("drawn"), "texts", (empty,)))


def test_another_tokenizer_makes_another_table(tmp_path):
    data = drawn_documents(12)
    probe, other = probe_of(data), probe_of(data, Signs())
    assert probe.concept_key() != other.concept_key()
    assert probe.layer_key() != probe_of(data, overlap=3).layer_key()


def test_a_probe_travels(tmp_path):
    probe = probe_of(drawn_documents(3), at="word", overlap=2)
    there = pickle.loads(pickle.dumps(probe))
    assert there.reading == probe.reading
    assert there.concepts == probe.concepts
    assert (recorded(there) == recorded(probe)).all()


def test_sentences_are_read_one_by_one():
    data = SequenceData(
        Path("drawn"), "texts",
        (Document("a", "sea hill. sea old", sentences=Extents.of([(0, 9), (10, 17)])),),
    )  # fmt: skip
    model = Pieces()
    probe = TokenProbe.of(
        model, ("place",), data, Recording(), reading=Reading(cut="sentence"), text_concepts=FEW
    )
    places = probe.record(range(1), ("place",))["place"].ravel().tolist()
    assert places == [0, 1, 2, 3, 0, 1]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"layer": "other"}, ModelError, "the model has no layer 'other'"),
        ({"weights": "random:0"}, OptionError, "bring their weights"),
        ({"words": 3}, OptionError, "words are an option for sentence pairs"),
        ({"model": object()}, ModelError, "which lacks layers"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path, given, error, message):
    usual = {"model": Pieces(), "layer": "pieces", "data": drawn_documents(3), "out": tmp_path}
    with pytest.raises(error, match=message):
        dissect(**{**usual, **given})


@pytest.mark.parametrize(
    "given", [{"at": "sign"}, {"pool": None}, {"cut": "line"}, {"overlap": -1}]
)
def test_a_reading_that_cannot_be_is_told(given):
    with pytest.raises(OptionError):
        Reading(**given)


def test_what_stands_before_is_looked_at_where_nobody_says(tmp_path):
    more = {name: value for name, value in PLAIN.items() if name != "context"}
    run = dissect(Pieces(), "pieces", drawn_documents(), tmp_path / "run", **more)
    table = run.concepts
    made = [name for name in table.names if name.startswith("PREV(")]
    assert "PREV(token:␣sea)" in made
    assert run.record.context["around"] == ["PREV"]
    assert any("concepts look around (PREV)" in note for note in run.record.notes)
    # counted again from the texts themselves
    tokens = [[m[0] for m in Pieces.pattern.finditer(d.text)] for d in drawn_documents().documents]
    expected = sum(own[:-1].count(" sea") for own in tokens)
    assert table.concept_counts[table.index("PREV(token:␣sea)")] == expected
    assert Places.load(tmp_path / "run" / run.record.stages["concepts"].path).of(1)
    again = dissect(Pieces(), "pieces", drawn_documents(), tmp_path / "run", **more)
    assert str(again.result()[0].formula) == str(run.result()[0].formula)
