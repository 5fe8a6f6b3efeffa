"""The commands ``attack`` and ``edit``, on the sentence pairs of a small model."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

import andornot
from andornot.cli.attack import attack, edit

pytest.importorskip("torch", reason="torch is not installed")

import gossip_cases
from andornot.edits import finished

run = gossip_cases.run


def invoke(command, *arguments):
    arguments = (*map(str, arguments), "--trust-code")  # the network is a Python file
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_attack_prints_what_it_found_and_writes_it(run, tmp_path):
    out = tmp_path / "out"
    printed = invoke(
        attack, run, "--from", "entailment", "--to", "contradiction", "--quiet", "--out", out
    )
    assert "insert hyp:nobody" in printed
    assert "-> nobody the" in printed
    assert {p.name for p in out.iterdir()} >= {"attack.json", "edits.csv", "sentences.txt"}


def test_attack_keeps_what_it_found_in_the_run(run):
    printed = invoke(attack, run, "--from", "entailment", "--to", "contradiction", "--quiet")
    folder = run / "attacks" / "entailment-to-contradiction"
    assert f"written: {folder}" in printed
    again = finished(andornot.Run.open(run), "entailment", "contradiction")
    assert again.tables["edits"]["edit"][0] in printed
    first = again.examples[0]
    assert "nobody" in first.after.hypothesis.tokens
    assert first.before.hypothesis.text == " ".join(first.before.hypothesis.tokens)


def test_attack_prints_json(run):
    found = json.loads(
        invoke(attack, run, "--from", "Entailment", "--to", "neutral", "--quiet", "--json")
    )
    best = found["tables"]["edits"][0]
    assert best["edit"].startswith("insert hyp:sad")
    assert (best["flip_rate"], best["control_rate"]) == (1.0, 0.0)
    assert (found["source"], found["target"]) == ("entailment", "neutral")


def test_words_of_a_pair_are_changed(run):
    sample = andornot.Run.open(run).samples["sample"][0]
    printed = invoke(edit, "words", run, sample, "--insert", "hyp:nobody")
    assert "-> nobody the man runs" in printed
    told = json.loads(invoke(edit, "words", run, sample, "--replace", "hyp:the=sad", "--json"))
    assert (told[0]["before"], told[0]["after"]) == ("entailment", "neutral")


def test_one_change_at_a_time(run):
    done = CliRunner().invoke(edit, ["words", str(run), "x"])
    assert done.exit_code == 2
    assert "give one of --insert, --delete and --replace" in done.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--file", "a.png", "--out", "x.txt"], "x.txt is no name of a picture; let it end in"),
        (["--file", "a.png", "--out", "x.png", "--grid", "neutral"], "for one picture, not for"),
    ],
)
def test_a_picture_is_not_written_into_a_text(run, options, message):
    done = CliRunner().invoke(edit, ["paste", str(run), "x", *options])
    assert message in str(done.exception) + done.output


def test_nothing_heavy_is_imported_for_help():
    code = "import sys, andornot.cli.attack; print({'torch', 'numpy', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
