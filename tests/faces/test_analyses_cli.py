"""``andornot analyze``: what is printed and written, and how mistakes are answered."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis_cases import EARLY, LAYER, picture_run
from andornot.analyses import QUESTIONS, accuracy
from andornot.cli.analyze import analyze
from andornot.errors import OptionError
from bars import bars_are_on

pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return picture_run(tmp_path_factory.mktemp("pictures"))


def ask(*arguments):
    return CliRunner().invoke(analyze, [str(a) for a in arguments])


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_is_printed(run, question):
    done = ask(question, run.path, "--layer", LAYER, "--rows", 2)
    assert done.exit_code == 0, done.output
    said = "8 units;" if question == "scores" else "8 units with a formula; left out: 1 dead."
    assert said in done.output
    assert "more rows of" in done.output
    assert " nan" not in done.output


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_as_json(run, question):
    done = ask(question, run.path, "--layer", LAYER, "--json")
    found = json.loads(done.stdout, parse_constant=pytest.fail)
    assert found["name"] == question
    assert found["sentences"]
    assert all(isinstance(rows, list) for rows in found["tables"].values())


def test_the_command_says_what_the_api_says(run, tmp_path):
    out = tmp_path / "out"
    done = ask("accuracy", run.path, "--layer", LAYER, "--least-active", 1, "--seed", 3, "--out",
               out)  # fmt: skip
    assert "wrote 7 files to" in done.output
    answer = accuracy.answer(run, LAYER, least_active=1, seed=3)
    for name, table in answer.tables.items():
        pd.testing.assert_frame_equal(pd.read_parquet(out / f"accuracy-{name}.parquet"), table)
    assert all(sentence in done.output for sentence in answer.sentences)


def test_chosen_samples_and_ablation(run, tmp_path):
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(run.samples["sample"][:20]) + "\n\n")
    done = ask("accuracy", run.path, "--layer", EARLY, "--samples", ids, "--ablate", "--units",
               "0-1", "--ablate-samples", 8, "--quiet", "--trust-code")  # fmt: skip
    assert "without each of 2 units was computed on 8 samples" in done.output
    done = ask("contributions", run.path, "--layer", EARLY, "--ablate", "--quiet", "--classes",
               "Red,Blue", "--trust-code")  # fmt: skip
    assert "by margin lost without it" in done.output
    assert "Green" not in done.output


@pytest.mark.parametrize("question", [*QUESTIONS, "all"])
def test_bars_can_be_turned_off(run, tmp_path, question):
    out = ("--out", tmp_path)
    assert ask(question, run.path, "--layer", LAYER, "--quiet", *out).exit_code == 0
    assert not bars_are_on()


def test_all_questions_of_all_layers(run, tmp_path):
    done = ask("all", run.path, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    for layer in (LAYER, EARLY):
        written = {p.name for p in (tmp_path / "out" / layer).iterdir()}
        assert {f"{question}.txt" for question in QUESTIONS} <= written
    one = ask("all", run.path, "--layer", LAYER, "--out", tmp_path / "one")
    assert (tmp_path / "one" / "length.txt").exists(), one.output


def test_what_cannot_be_answered_is_said(tmp_path):
    short = picture_run(tmp_path, LAYER, length=1)
    done = ask("all", short.path, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "length: cannot be answered:" in done.output
    assert not (tmp_path / "out" / "length.txt").exists()
    assert (tmp_path / "out" / "kinds.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["accuracy", "--units", "3"], "give both or neither"),
        (["accuracy", "--samples", "nowhere.txt"], "nowhere.txt cannot be read"),
        (["kinds", "--wordnet", "--vectors", "v.txt"], "not both"),
    ],
)
def test_mistakes(run, arguments, message):
    question, *options = arguments
    done = ask(question, run.path, "--layer", LAYER, *options)
    assert done.exit_code == 2
    assert message in done.output


def test_empty_lists_of_samples(run, tmp_path):
    ids = tmp_path / "ids.txt"
    ids.write_text("\n")
    assert "holds no ids" in ask("accuracy", run.path, "--layer", LAYER, "--samples", ids).output


def test_a_layer_must_be_named(run):
    assert isinstance(ask("length", run.path).exception, OptionError)


def test_nothing_heavy_is_imported_for_help():
    code = (
        "import sys; from andornot.cli.analyze import analyze\n"
        "print({'torch', 'pandas', 'scipy', 'numba'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
