"""Training learns, stops early, and goes on after an interruption as if nothing had happened."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from andornot.data.sentences.vectors import Vectors
from andornot.errors import DataError, ModelError, OptionError, RunError
from andornot.models.sentences import (
    TrainOptions,
    accuracy,
    hold_out,
    load_classifier,
    train,
    training,
)
from nli_cases import QUICK, SMALL, grammar, pair

PAIRS, VALIDATION = grammar(240)[:180], grammar(240)[180:]


@pytest.fixture(autouse=True)
def _one_thread():
    """Bits depend on the number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def go(out, options=QUICK, **more):
    return train(PAIRS, VALIDATION, out, SMALL, options, device="cpu", **more)


def weights(path):
    return torch.load(path, weights_only=True)["state_dict"]


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_it_learns_the_grammar(tmp_path):
    report = go(tmp_path, replace(QUICK, epochs=25, patience=25))
    assert report.validation > 0.9
    assert report.validation == max(epoch.validation for epoch in report.epochs)
    assert report.epochs[-1].loss < report.epochs[0].loss / 2
    assert report.epochs[-1].accuracy > 0.9
    model = load_classifier(report.model, device="cpu")
    assert accuracy(model, VALIDATION) == report.validation
    saved = json.loads((tmp_path / "report.json").read_text())
    assert saved["epochs"][3]["validation"] == report.epochs[3].validation
    assert (saved["best"], saved["n_pairs"], saved["n_validation"]) == (report.best, 180, 60)


def test_the_seed_is_all_that_counts(tmp_path):
    torch.manual_seed(5)
    state = torch.get_rng_state()
    one = go(tmp_path / "a", replace(QUICK, epochs=1))
    assert torch.equal(torch.get_rng_state(), state)  # the caller's random numbers are untouched
    torch.manual_seed(6)
    two = go(tmp_path / "b", replace(QUICK, epochs=1))
    three = go(tmp_path / "c", replace(QUICK, epochs=1, seed=1))
    assert one.epochs == two.epochs
    assert same(weights(one.model), weights(two.model))
    assert not same(weights(one.model), weights(three.model))


class Stopped(BaseException):
    """Stands for a kill at any moment."""


@pytest.mark.parametrize("steps", [1, 4, 5, 11, 12, 13, 26, 31])
def test_an_interrupted_training_goes_on_to_the_same_bits(steps, tmp_path, monkeypatch):
    """12 batches an epoch, a checkpoint after every 4: stop after any number of them."""
    monkeypatch.setattr(training, "PIECE", 4)
    monkeypatch.setattr(training, "PAUSE", 0.0)
    whole = go(tmp_path / "whole")

    step, left = training._Training._step, [steps]

    def dying(self, chosen):
        if not left[0]:
            raise Stopped
        left[0] -= 1
        step(self, chosen)

    monkeypatch.setattr(training._Training, "_step", dying)
    with pytest.raises(Stopped):
        go(tmp_path / "cut")
    left[0] = 1000
    again = go(tmp_path / "cut")
    assert 1000 - left[0] == 36 - steps // 4 * 4  # only what was not saved is done again
    assert again.epochs == whole.epochs
    for name in ("best.pt", "last.pt"):
        assert same(weights(tmp_path / "cut" / name), weights(tmp_path / "whole" / name))


def test_checkpoints_in_an_epoch_wait_for_the_pause(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "PIECE", 2)
    saved = []
    save = training._Training._save
    monkeypatch.setattr(
        training._Training, "_save", lambda self: (saved.append(self.progress.piece), save(self))
    )
    go(tmp_path, replace(QUICK, epochs=1))
    assert saved == [0]  # at the end only: an epoch takes less than the pause
    monkeypatch.setattr(training, "PAUSE", 0.0)
    go(tmp_path, replace(QUICK, epochs=2))
    assert saved == [0, 1, 2, 3, 4, 5, 0]


def test_a_stop_while_a_checkpoint_is_written_leaves_nothing_behind(tmp_path, monkeypatch):
    go(tmp_path, replace(QUICK, epochs=1))
    before = (tmp_path / "last.pt").read_bytes()

    def stopped(values, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", stopped)
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path)
    assert (tmp_path / "last.pt").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".json") == [
        "best.pt",
        "last.pt",
    ]


def test_each_epoch_is_told(tmp_path):
    told: list[object] = []
    report = go(tmp_path, on_epoch=lambda number, epoch: told.append((number, epoch)))
    assert told == list(enumerate(report.epochs, 1))
    go(tmp_path, replace(QUICK, epochs=4), on_epoch=lambda number, epoch: told.append(number))
    assert told[3:] == [4]  # what was told before is not told again


def test_a_finished_training_can_be_prolonged(tmp_path):
    whole = go(tmp_path / "whole")
    go(tmp_path / "parts", replace(QUICK, epochs=1))
    parts = go(tmp_path / "parts")
    assert parts.epochs == whole.epochs
    before = (tmp_path / "parts" / "last.pt").stat().st_mtime_ns
    assert go(tmp_path / "parts") == parts
    assert (tmp_path / "parts" / "last.pt").stat().st_mtime_ns == before


def test_patience_ends_it(tmp_path, monkeypatch):
    scripted = iter([0.5, 0.6, 0.6, 0.4, 0.9])
    monkeypatch.setattr(training, "accuracy", lambda model, pairs: next(scripted))
    report = go(tmp_path, replace(QUICK, epochs=5, patience=2))
    assert [epoch.validation for epoch in report.epochs] == [0.5, 0.6, 0.6, 0.4]
    assert (report.best, report.stopped_early, report.validation) == (2, True, 0.6)
    assert not same(weights(tmp_path / "best.pt"), weights(tmp_path / "last.pt"))


def test_vectors_start_the_embedding_and_join_the_vocabulary(tmp_path, monkeypatch):
    words = ("Dog", "dog", "zebra", "runs")
    matrix = np.arange(16, dtype=np.float32).reshape(4, 4)
    monkeypatch.setattr(training._Training, "_step", lambda self, chosen: _seen(self, chosen))
    report = go(
        tmp_path, replace(QUICK, epochs=1), vectors=Vectors(words, matrix, Path("glove.txt"))
    )
    model = load_classifier(report.model, device="cpu")
    embedding = model.module.encoder.emb.weight.detach().numpy()
    rows = model.vocabulary.encode(["dog", "zebra", "runs", "quagga"])
    np.testing.assert_array_equal(embedding[rows[:3]], matrix[1:])
    assert rows[3] == model.vocabulary.unknown
    assert report.n_words == len(model.vocabulary) == embedding.shape[0]
    assert embedding.shape[1] == model.module.config.embedding == 4


def _seen(training_, chosen):
    training_.progress.seen += len(chosen)


def test_other_data_options_or_damage_are_refused(tmp_path):
    go(tmp_path, replace(QUICK, epochs=1))
    others = [
        lambda: go(tmp_path, replace(QUICK, learning_rate=0.5)),
        lambda: train(PAIRS[1:], VALIDATION, tmp_path, SMALL, QUICK),
        lambda: train(PAIRS, VALIDATION[1:], tmp_path, SMALL, QUICK),
        lambda: train(PAIRS, VALIDATION, tmp_path, replace(SMALL, state=6), QUICK),
    ]
    for other in others:
        with pytest.raises(RunError, match="of other data or with other options"):
            other()
    (tmp_path / "last.pt").write_bytes((tmp_path / "last.pt").read_bytes()[:2000])
    with pytest.raises(RunError, match=r"last\.pt cannot be read .*delete it"):
        go(tmp_path)


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot write to .*it is a file"):
        go(tmp_path / "file")
    (tmp_path / "out" / "best.pt").mkdir(parents=True)
    with pytest.raises(RunError, match=r"a folder is in its place .*best\.pt\); move what is"):
        go(tmp_path / "out", replace(QUICK, epochs=1))
    (tmp_path / "out" / "report.json").mkdir()
    (tmp_path / "out" / "best.pt").rmdir()
    with pytest.raises(RunError, match=r"a folder is in its place .*report\.json\)"):
        go(tmp_path / "out", replace(QUICK, epochs=1))


def test_a_loss_that_explodes_is_said_so(tmp_path):
    with pytest.raises(ModelError, match=r"The loss became .* in epoch 1: choose a learning rate"):
        go(tmp_path, replace(QUICK, learning_rate=1e30))


def test_a_last_batch_of_one_pair_is_left_out(tmp_path):
    report = train(PAIRS[:33], VALIDATION, tmp_path, SMALL, QUICK, device="cpu")
    assert len(report.epochs) == 3


@pytest.mark.parametrize("pairs", [[], PAIRS[:1], [*PAIRS[:3], pair("a", "b", "-")]])
def test_pairs_that_cannot_be_learned_from(pairs, tmp_path):
    with pytest.raises(DataError):
        train(pairs, VALIDATION, tmp_path, SMALL, QUICK)
    with pytest.raises(DataError, match="no sentence pairs"):
        train(PAIRS, [], tmp_path, SMALL, QUICK)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 0},
        {"patience": 0},
        {"batch_size": 1},
        {"min_count": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"seed": -1},
    ],
)
def test_options_out_of_range(options):
    with pytest.raises(OptionError, match="must be"):
        TrainOptions(**options)


def test_held_out_pairs_share_no_premise_with_the_others():
    pairs = [pair(f"Premise {i // 3}", f"h {i}", name=str(i)) for i in range(3000)]
    learn, held = hold_out(pairs, 0.2)
    assert len(learn) + len(held) == 3000
    assert 500 < len(held) < 700
    assert not {p.premise for p in learn} & {p.premise for p in held}
    for one in held:
        digest = hashlib.sha256(" ".join(one.premise.tokens).lower().encode()).hexdigest()
        assert int(digest[:16], 16) < 0.2 * 16**16
    assert hold_out(pairs[:60], 0.2)[1] == [p for p in held if int(p.id) < 60]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": "3"}, "epochs is '3'; give a whole number"),
        ({"epochs": 1.5}, "epochs is 1.5; give a whole number"),
        ({"seed": None}, "seed is None; give a whole number"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'; give a number"),
    ],
)
def test_options_of_a_wrong_kind(options, said):
    with pytest.raises(OptionError, match=said):
        TrainOptions(**options)


@pytest.mark.parametrize(("n", "share"), [(0, 0.1), (1, 0.5), (9, 0.0), (9, 1.0), (9, 1e-9)])
def test_nothing_to_hold_out(n, share):
    with pytest.raises(OptionError):
        hold_out(grammar(n), share)
