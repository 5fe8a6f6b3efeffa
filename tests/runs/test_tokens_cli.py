"""Running text on the command line, on some real documents; skipped where they are absent."""

from __future__ import annotations

import json

import pytest

from andornot.cli import main
from andornot.runs.run import Run

MODEL = "from token_cases import Pieces\nmodel = Pieces\n"


@pytest.fixture(scope="module")
def slice_of_ewt(shared_data, tmp_path_factory):
    """Thirty documents of UD English-EWT."""
    text = (shared_data / "text/en_ewt-ud-dev.conllu").read_text(encoding="utf-8")
    documents = text.split("# newdoc id")[1:31]
    file = tmp_path_factory.mktemp("ewt") / "ewt.conllu"
    file.write_text("".join(f"# newdoc id{own}" for own in documents), encoding="utf-8")
    return file


def run_cli(capsys, *arguments, status=0):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert ended.value.code == status, said.err
    return said.err if status else said.out


def test_a_model_of_ones_own_from_explain_to_show(slice_of_ewt, tmp_path, capsys):
    (tmp_path / "own.py").write_text(MODEL)
    run_cli(
        capsys, "explain", "--model", f"{tmp_path / 'own.py'}:model", "--layer", "pieces",
        "--data", f"conllu:{slice_of_ewt}", "--out", tmp_path / "run", "--length", 2,
        "--no-trust", "--positions", "word", "--of-tokens", "largest", "--own", "word,suffix",
        "--regex", "sea=sea", "--min-support", "5,3", "--quantile", "0.02",
    )  # fmt: skip
    assert len(Run.open(tmp_path / "run").result()) == 4
    manifest = json.loads((tmp_path / "run/manifest.json").read_text(encoding="utf-8"))
    assert manifest["level"] == "text word"
    assert manifest["reading"]["positions"]["pool"] == "largest"
    assert manifest["reading"]["concepts"]["min_support"] == [5, 3]
    assert manifest["reading"]["concepts"]["own"] == ["word", "suffix"]
    words = sum(
        line[:1].isdigit() and line.split("\t")[0].isdigit()
        for line in slice_of_ewt.read_text(encoding="utf-8").splitlines()
    )
    # words that share their characters, as those of a contraction, are words each
    counts = run_cli(capsys, "score", tmp_path / "run", 2, "tag:NOUN")
    total = sum(
        int(line.split()[1])
        for line in counts.splitlines()
        if line.split()[:1] and line.split()[0] in ("tp", "fp", "fn", "tn")
    )
    assert total <= words
    assert total >= 0.97 * words
    shown = run_cli(capsys, "show", tmp_path / "run", "--units", 2, "--samples", 4)
    assert "It is active on" in shown
    assert "[" in shown


def test_the_encoder_of_a_classifier_reads_sentences(shared_data, slice_of_ewt, tmp_path, capsys):
    run_cli(
        capsys, "explain", "--model", shared_data / "nli/nli_bilstm.pt", "--layer", "encoder.rnn",
        "--data", f"conllu:{slice_of_ewt}", "--out", tmp_path / "run", "--units", "8", "--length",
        1, "--no-trust", "--own", "word", "--min-support", "5,3",
    )  # fmt: skip
    (found,) = Run.open(tmp_path / "run").result()
    assert str(found.formula) in ("word:not", "lemma:not")
    manifest = json.loads((tmp_path / "run/manifest.json").read_text(encoding="utf-8"))
    assert "the network reads one sentence at a time" in manifest["model"]["notes"]


def test_options_of_running_text_are_refused_elsewhere(tmp_path, capsys):
    (tmp_path / "pairs.csv").write_text("premise,hypothesis,label\na b,c,no\n")
    given = ("--model", "x.py:f", "--layer", "a", "--data", f"pairs:{tmp_path / 'pairs.csv'}")
    out = ("--out", tmp_path / "run", "--positions", "word")
    said = run_cli(capsys, "explain", *given, *out, status=2)
    assert "--positions is an option for documents" in said
