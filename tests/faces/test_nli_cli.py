"""``andornot nli``: what it prints, what it leaves, and how mistakes read."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed")

import torch

from andornot.cli import main
from andornot.cli.nli import train
from andornot.errors import OptionError
from andornot.models.sentences import Config, load_classifier, load_pair_model, training
from nli_cases import grammar

SMALL = ["--state", "5", "--hidden", "8,7", "--batch-size", "16", "--learning-rate", "0.01"]


@pytest.fixture(autouse=True)
def _one_thread():
    """Bits depend on the number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def table(path, pairs, labels=True):
    rows = [f"{p.premise.text}\t{p.hypothesis.text}\t{p.label if labels else '-'}" for p in pairs]
    path.write_text("\n".join(["sentence1\tsentence2\tgold_label", *rows]) + "\n")
    return f"pairs:{path}"


@pytest.fixture
def files(tmp_path):
    """Two files of pairs, the second as tokens with its labels beside it."""
    pairs = grammar(240)
    one = table(tmp_path / "one.tsv", pairs[:150])
    two = tmp_path / "two.tok"
    two.write_text("".join(f"{p.premise.text}\n{p.hypothesis.text}\n" for p in pairs[150:]))
    gold = tmp_path / "gold.csv"
    gold.write_text("\n".join(["gt", "UNK", *(p.label for p in pairs[151:])]))
    return ["--data", one, "--data", f"pairs:{two},labels={gold}"]


def call(*arguments):
    """Run a command; its exit status."""
    with pytest.raises(SystemExit) as ended:
        main(["nli", *map(str, arguments)])
    return ended.value.code


def learn(files, out, *more, epochs=2):
    return call("train", *files, *SMALL, "--epochs", epochs, "--device", "cpu", "--out", out, *more)


def test_train_from_several_files(files, tmp_path, capsys):
    assert learn(files, tmp_path / "out", "--embedding", 6) == 0
    out = capsys.readouterr().out
    assert "one.tsv: 150 pairs\n" in out
    assert "two.tok: 89 pairs (1 left out with no gold label)\n" in out
    n_learn, n_validation = map(
        int, re.search(r"(\d+) pairs to learn.*?(\d+) to val", out).groups()
    )
    assert n_learn + n_validation == 239
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["n_pairs"], report["n_validation"]) == (n_learn, n_validation)
    for number, epoch in enumerate(report["epochs"], 1):
        assert f"epoch {number} of 2: loss {epoch['loss']:.3f}" in out
    assert f"best: epoch {report['best']}, validation accuracy" in out
    model: Any = load_pair_model(str(tmp_path / "out" / "best.pt"), device="cpu")
    assert model.module.config == Config(embedding=6, state=5, hidden=(8, 7))


def test_validation_files_and_vectors(files, tmp_path, capsys):
    check = table(tmp_path / "check.tsv", grammar(60))
    vectors = tmp_path / "glove.txt"
    vectors.write_text("dog 1 2 3\nzebra 4 5 6\n, 7 8 9\nsadly 1 0 1\n")
    code = learn(files, tmp_path / "out", "--validation", check, "--vectors", vectors, epochs=1)
    assert code == 0
    out = capsys.readouterr().out
    assert "239 pairs to learn from, 60 to validate with" in out
    assert re.search(r"vectors of 2 of \d+ words, 3 numbers", out)
    words = load_classifier(tmp_path / "out" / "best.pt", device="cpu").vocabulary
    assert "dog" in words
    assert "zebra" not in words  # it occurs nowhere, so it is not even read


def test_a_training_that_was_stopped_goes_on(files, tmp_path, capsys, monkeypatch):
    assert learn(files, tmp_path / "whole") == 0
    monkeypatch.setattr(training, "PIECE", 4)
    monkeypatch.setattr(training, "PAUSE", 0.0)
    assert learn(files, tmp_path / "pieces") == 0
    step, left = training._Training._step, [19]

    def stopping(self, chosen):
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        step(self, chosen)

    monkeypatch.setattr(training._Training, "_step", stopping)
    capsys.readouterr()
    assert learn(files, tmp_path / "cut") == 130
    assert "interrupted; the same command goes on from here" in capsys.readouterr().err
    assert learn(files, tmp_path / "cut") == 0
    out = capsys.readouterr().out
    assert "epoch 2 of 2" in out
    assert "epoch 1 of 2" not in out
    weights = [torch.load(tmp_path / d / "last.pt", weights_only=True)["state_dict"]
               for d in ("pieces", "cut")]  # fmt: skip
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_accuracy_by_class(tmp_path, capsys):
    (tmp_path / "model.py").write_text(
        "import numpy as np\nfrom andornot.models.sentences.protocol import RecordedPairs\n"
        "class Longer:\n"
        "    layers, fingerprint = ('x',), 'longer'\n"
        "    class_names = ('entailment', 'neutral', 'contradiction')\n"
        "    def record(self, pairs, layers):\n"
        "        long = [len(p.hypothesis.tokens) > 3 for p in pairs]\n"
        "        return RecordedPairs({}, np.array([[1 - x, x, 0] for x in long], np.float32))\n"
    )
    data = table(tmp_path / "x.tsv", grammar(30))
    model = ["--model", f"{tmp_path / 'model.py'}:Longer"]
    assert call("accuracy", *model, "--data", data) == 0
    out = capsys.readouterr().out
    assert "accuracy 0.6667 on 30 pairs" in out
    assert re.search(r"contradiction\W+0\W+10\W+0\W+0\.000", out)
    assert call("accuracy", *model, "--data", data, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["confusion"] == [[10, 0, 0], [0, 10, 0], [0, 10, 0]]
    assert (report["pairs"], report["accuracy"]) == (30, pytest.approx(2 / 3))


MISTAKES = {
    "both": (["--validation", "pairs:x.csv", "--hold-out", "0.1"], "or --hold-out, not both"),
    "share": (["--hold-out", "2"], "the share to hold out is 2.0"),
    "file": (["--data", "pairs:nowhere.csv"], "there is no file nowhere.csv"),
    "kind": (["--data", "imdb:x"], "'imdb:x' names no sentence pairs"),
    "option": (["--data", "pairs:x.tok,labls=y"], "has the option 'labls'"),
    "vectors": (["--vectors", "nowhere.txt"], "nowhere.txt cannot be read"),
    "length": (["--vectors", "x", "--embedding", "3"], "word vectors bring their own length"),
    "epochs": (["--epochs", "0"], "epochs is 0"),
    "hidden": (["--hidden", "0"], "must be at least 1"),
    "classes": (["--classes", "yes,no"], "the classes are yes, no"),
    "device": (["--device", "abacus"], "abacus"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gets_one_sentence(name, files, tmp_path, capsys):
    options, expected = MISTAKES[name]
    assert learn(files, tmp_path / "out", "--quiet", *options) == 2
    out, err = capsys.readouterr()
    assert not out
    assert expected in err
    assert len(err.strip().splitlines()) == 1


def test_another_training_in_the_same_place_is_refused(files, tmp_path, capsys):
    assert learn(files, tmp_path / "out", "--quiet", epochs=1) == 0
    assert capsys.readouterr() == ("", "")
    assert learn(files, tmp_path / "out", "--quiet", "--seed", 1) == 2
    assert "holds a training of other data or with other options" in capsys.readouterr().err


def test_pairs_without_any_label(tmp_path, capsys):
    data = table(tmp_path / "x.tsv", grammar(6), labels=False)
    assert call("train", "--data", data, "--out", tmp_path / "out") == 2
    assert re.search(r"no pair of .*x\.tsv has a label", capsys.readouterr().err)


def test_widths_that_are_no_numbers(files, tmp_path, capsys):
    assert learn(files, tmp_path / "out", "--hidden", "8,x") == 2
    assert "write for instance 1024,1024" in capsys.readouterr().err


def test_the_networks_offered_are_those_of_the_api():
    (network,) = (p for p in train.params if p.name == "network")
    kind: Any = network.type
    with pytest.raises(OptionError) as told:
        Config.preset("other")
    assert str(told.value).endswith(f"choose one of {', '.join(kind.choices)}")


@pytest.mark.slow
def test_train_and_judge_on_real_pairs(shared_data, tmp_path, capsys):
    nli_data = shared_data / "nli"
    files = ["--data", f"pairs:{nli_data / 'cad_nli_train.tsv'},limit=1500",
             "--data", f"pairs:{nli_data / 'SICK_train.txt'},limit=500",
             "--vectors", nli_data / "glove.twitter.25d.12k.txt"]  # fmt: skip
    assert learn(files, tmp_path / "out", "--state", 16, epochs=1) == 0
    data = f"snli:{nli_data / 'snli_1.0_dev.first1289_parsed.jsonl'},limit=200"
    model = tmp_path / "out" / "best.pt"
    capsys.readouterr()
    assert call("accuracy", "--model", model, "--data", data, "--device", "cpu") == 0
    out = capsys.readouterr().out
    assert "1,273" not in out
    assert re.search(r"accuracy 0\.\d{4} on 200 pairs", out)
