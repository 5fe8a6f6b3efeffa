"""Genres of real sentences: a network trained on a slice, its formulas recounted, an attack."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import andornot
from andornot.analyses.replay import Replay, Source
from andornot.edits import AttackOptions, attack
from andornot.models.sentences import accuracy
from andornot.probes.words import Words
from insides import open_single

pytest.importorskip("torch", reason="torch is not installed")

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "07_one_sentence.py"


def example():
    spec = importlib.util.spec_from_file_location("one_sentence", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def data(shared_data):
    return open_single(f"sentences:{shared_data / 'text' / 'en_ewt-ud-dev.conllu'}", limit=900)


@pytest.fixture(scope="module")
def model(data):
    return example().train(data.subset(range(0, 900, 2)))


@pytest.fixture(scope="module")
def run(data, model, tmp_path_factory):
    held_out = data.subset(range(1, 900, 2))
    out = tmp_path_factory.mktemp("genres") / "run"
    return andornot.dissect(
        model, "units", held_out, out, length=2, trust=None, words=Words(n_words=200)
    ), held_out


def lines_of(path):
    """Each sentence of a CoNLL-U file as (genre, rows), read by code that shares nothing."""
    genre, rows = "", []
    for line in Path(path).read_text(encoding="utf-8").split("\n"):
        if line.startswith("# newdoc id = "):
            genre = line.removeprefix("# newdoc id = ").split("-")[0]
        elif line and line[0].isdigit():
            cells = line.split("\t")
            rows += [cells] if cells[0].isdigit() else []
        elif not line and rows:
            yield genre, rows
            rows = []


def test_words_tags_and_classes_are_those_of_the_file(shared_data, run):
    found, held_out = run
    path = shared_data / "text" / "en_ewt-ud-dev.conllu"
    every = list(lines_of(path))
    step = len(every) / 900
    mine = [every[int(i * step)] for i in range(900)][1::2]
    assert list(held_out.classes) == [genre for genre, _ in mine]
    expected = {
        "word:i": [any(row[1].lower() == "i" for row in rows) for _, rows in mine],
        "lemma:be": [any(row[2].lower() == "be" for row in rows) for _, rows in mine],
        "tag:PROPN": [any(row[3] == "PROPN" for row in rows) for _, rows in mine],
        "feat:Person=1": [any("Person=1" in row[5].split("|") for row in rows) for _, rows in mine],
    }
    table = found.at_positions
    for name, holds in expected.items():
        mask = table.mask(name)[[table.positions.sample(i)[0, 0] for i in range(len(mine))]]
        assert mask.tolist() == holds, name
        assert 5 < sum(holds) < 400


def test_the_network_knows_more_than_the_commonest_genre(run, model):
    _, held_out = run
    commonest = max(held_out.classes.count(name) for name in held_out.labels) / len(held_out)
    assert accuracy(model, held_out.samples) > commonest + 0.05


def test_an_attack_does_to_each_example_what_it_says(run, model):
    found, held_out = run
    options = AttackOptions(n_edits=2, n_controls=2, n_samples=60)
    told = attack(found, "email", "reviews", model=model, data=held_out, options=options)
    assert len(told.tables["edits"])
    assert any(e.before.text != e.after.text for e in told.examples)
    for example_ in told.examples:
        logits = model.record([example_.after], ()).logits
        assert model.class_names[int(logits.argmax())] == example_.answer
        word = example_.edit.split()[1]
        assert example_.after.words.count(word) == example_.before.words.count(word) + 1


def test_a_unit_at_zero_changes_the_classes_by_its_weights(run, model):
    found, held_out = run
    rows = np.arange(40)
    replay = Replay.of(found, "units", Source(model, held_out))
    ((where, without),) = replay.passes(rows, found.logits[rows])
    unit = int(found.peaks("units")[rows].sum(0).argmax())
    own = found.peaks("units")[rows, unit][:, None] * model.module.head.weight[:, unit].tolist()
    assert np.allclose(without(unit), found.logits[rows][where] - own, atol=1e-4)
