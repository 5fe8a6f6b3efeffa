"""Runs with concepts that a user adds: what they say of it, and that reopening runs no code."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import andornot
import small_net
from andornot.cli import cli
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.data.images.open import open_data
from andornot.data.sentences.open import open_pairs
from andornot.errors import OptionError, RunError
from andornot.runs.manifest import Manifest
from andornot.runs.reopen import images_of, pairs_of
from manifest_cases import WHOLE
from reader_cases import explain as explain_pairs
from reader_cases import table_file as table_file

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("jinja2", reason="jinja2 is not installed")

SIDE = 8

CONCEPTS = """
def bright(picture, shape):
    return {"bright": picture.mean(axis=2) > 128}

bright.provenance = "network seer 1"

def negation(words):
    return {"negation": [word == "never" for word in words]}
"""
SILENT = "raise RuntimeError('this must not run')\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("added")

    def samples():
        for i in range(12):
            rng = np.random.default_rng(i)
            image = rng.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
            yield NewSample(f"{i}", Image.fromarray(image), {"k": rng.integers(0, 3, (SIDE, SIDE))})

    write_labelmaps(root / "data", {"cat": "thing", "dog": "thing"}, samples())
    (root / "net.py").write_text(small_net.source(SIDE))
    return root


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(CONCEPTS)
    return path


def said(*words, code=0):
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert done.exit_code == code, done.output + str(done.exception)
    return " ".join(done.output.split())


def explained(world, out, *more, code=0):
    return said(
        "explain", "--model", f"{world / 'net.py'}:net", "--layer", "0",
        "--data", f"labelmaps:{world / 'data'}", "--quantile", "0.2", "--length", "2",
        "--no-trust", "--device", "cpu", "--out", out, *more, code=code,
    )  # fmt: skip


def test_a_run_says_whom_concepts_come_from_and_reopening_runs_nothing(world, file, tmp_path):
    out = tmp_path / "run"
    printed = explained(world, out, "--concepts-by", f"{file}:bright")
    shown = "2 by people (annotation of labelmaps), 1 by a trained model (seer 1)"
    warned = "1 concept was labelled by a trained model (seer 1) and not by people"
    file.write_text(SILENT)
    for text in (printed, said("show", out)):
        assert f"concepts: {shown}" in text
        assert warned in text
    said("report", out, "--trust-code", "--quiet", "--samples", "2")
    page = " ".join((out / "report" / "index.html").read_text().split())
    assert f"<td>{shown}</td>" in page
    assert warned in page
    run = andornot.Run.open(out)
    (noted,) = run.record.concepts_by
    assert (noted.by, noted.told, noted.code) == ("network", "seer 1", f"{file.resolve()}:bright")
    assert run.concepts.names == ("cat", "dog", "bright")
    # opened again it is the data alone, and the same data
    assert images_of(run).names == ("cat", "dog")


def test_another_text_of_the_file_is_another_table_and_no_other_activations(world, file, tmp_path):
    def stages():
        explained(world, tmp_path / "run", "--concepts-by", f"{file}:bright")
        run = andornot.Run.open(tmp_path / "run")
        keys = {name: stage.key for name, stage in run.record.stages.items()}
        return keys, run.concepts.concept_counts[2]

    (before, count), (again, _) = stages(), stages()
    assert again == before
    file.write_text(CONCEPTS.replace("> 128", "> 140"))
    after, fewer = stages()
    assert fewer < count
    assert after["concepts"] != before["concepts"]
    assert after["activations 0"] == before["activations 0"]
    explained(world, tmp_path / "run")
    plain = andornot.Run.open(tmp_path / "run")
    explained(world, tmp_path / "other")
    other = andornot.Run.open(tmp_path / "other")
    assert plain.record.stages["concepts"].key == other.record.stages["concepts"].key
    assert "concepts_by" not in plain.manifest


@pytest.mark.slow
def test_workers_and_passes_need_no_function(world, file, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    data = open_data(f"labelmaps:{world / 'data'}", sources=[f"{file}:bright"])
    andornot.dissect(
        f"{world / 'net.py'}:net", "0", data, one, length=2, trust=None, store=False,
        executor="processes:1",
    )  # fmt: skip
    andornot.dissect(
        f"{world / 'net.py'}:net", "0", f"labelmaps:{world / 'data'}", other, length=2, trust=None,
        sources=[f"{file}:bright"],
    )  # fmt: skip
    found, expected = (andornot.Run.open(path) for path in (one, other))
    assert found.concepts.digest == expected.concepts.digest
    assert [str(e.formula) for e in found.result()] == [str(e.formula) for e in expected.result()]


def test_sentences_take_functions_too(table_file, file, tmp_path):
    run = explain_pairs(
        "pairs", table_file, tmp_path / "pairs", sources=[f"{file}:negation"], trust=None
    )
    at_tokens = explain_pairs(
        "tokens", table_file, tmp_path / "tokens", sources=[f"{file}:negation"], trust=None
    )
    file.write_text(SILENT)
    table = run.concepts
    assert (table.concept_mask("hyp:negation") == table.concept_mask("hyp:never")).all()
    assert not table.concept_mask("pre:negation").any()
    table = at_tokens.concepts
    assert (table.concept_mask("negation") == table.concept_mask("word:never")).all()
    assert pairs_of(andornot.Run.open(run.path)).further == ()
    assert "by a rule (negation in mine.py)" in said("show", at_tokens.path)
    added = open_pairs(f"pairs:{table_file}", tagger=None, sources=[lambda words: {"a": True}])
    assert added.fingerprint() == open_pairs(f"pairs:{table_file}", tagger=None).fingerprint()


def test_a_mistake_is_one_sentence_before_anything_is_loaded(file, tmp_path):
    with pytest.raises(OptionError, match="no function 'none'; check its name"):
        andornot.dissect("no model", "0", "no data", tmp_path / "run", sources=f"{file}:none")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (3, "concepts_by must be a list"),
        ([3], r"concepts_by\[0\] must be an object"),
        ([{"name": "a"}], r"concepts_by\[0\].by is missing"),
        ([{"name": "a", "by": 3}], r"concepts_by\[0\].by must be a text"),
    ],
)
def test_a_wrong_field_of_the_manifest_is_named(tmp_path, wrong, field):
    with pytest.raises(RunError, match=field):
        Manifest.from_json(WHOLE | {"concepts_by": wrong}, tmp_path / "manifest.json")


def test_the_manifest_is_written_as_it_was_read(tmp_path):
    added = {"name": "a", "by": "rule", "told": "a", "code": None, "key": "k", "newer": 1}
    for more in ({}, {"concepts_by": [added]}, {"concepts_by": None}):
        values = json.loads(json.dumps(WHOLE | more))
        assert Manifest.from_json(values, tmp_path / "manifest.json").as_json() == values
