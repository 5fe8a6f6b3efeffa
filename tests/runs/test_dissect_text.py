"""Runs on sentence pairs: at pairs and at tokens, interrupted, and fed with bad input."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import andornot
from andornot import Threshold
from andornot.concepts.relations import read_relations
from andornot.errors import DataError, FormulaError, ModelError, OptionError
from andornot.models.sentences import RecordedPairs
from andornot.pipeline import record
from andornot.probes.base import Recording
from andornot.probes.pairs import Words
from andornot.runs.run import Run
from pair_cases import pair, pairs_of, tagged

NOUNS = ("dog", "cat", "man", "girl")
VERBS = ("runs", "sleeps", "eats")
N_PAIRS = 48


def pairs():
    """Pairs of three to seven words; every fifth hypothesis has a ``no``."""

    def sentence(i, no):
        really = "really/RB " * (i % 3)
        return tagged(f"{'no' if no else 'the'}/DT {NOUNS[i % 4]}/NN {really}{VERBS[i % 3]}/VBZ")

    labels = ("contradiction", "entailment", "neutral")
    return pairs_of(
        (
            pair(sentence(i, False), sentence(i // 4, i % 5 == 0), labels[i % 3], f"p{i}", "dev")
            for i in range(N_PAIRS)
        ),
        "pairs.tok",
    )


class Counting:
    """Units count things: ``no`` and ``dog`` in the hypothesis, all words, cats; one is dead.

    Its tokens' units are the length of the word, whether it is ``dog``, and minus that.
    """

    layers = ("counts",)
    token_layers = ("letters",)
    class_names = ("entailment", "neutral", "contradiction")
    fingerprint = "counting 1"

    def __init__(self):
        self.seen = []

    def _see(self, pairs):
        if len(pairs) != 4:  # with 4 it is asked whether it is still the same
            self.seen.append(len(pairs))

    def record(self, pairs, layers):
        self._see(pairs)
        rows = [
            [
                p.hypothesis.tokens.count("no"),
                p.hypothesis.tokens.count("dog"),
                len(p.hypothesis.tokens),
                (*p.premise.tokens, *p.hypothesis.tokens).count("cat"),
                0,
                p.id == "p0",
            ]
            for p in pairs
        ]
        values = np.array(rows, np.float32)
        return RecordedPairs(dict.fromkeys(layers, values[:, :, None, None]), values[:, [1, 2, 0]])

    def record_tokens(self, pairs, layers):
        self._see(pairs)
        tokens = [(*p.premise.tokens, *p.hypothesis.tokens) for p in pairs]
        values = [
            np.array([[len(t), t == "dog", -float(t == "dog")] for t in words], np.float32)
            for words in tokens
        ]
        return dict.fromkeys(layers, values)


@pytest.fixture
def run_with(tmp_path):
    def run(model=None, layer="counts", data=None, **changes):
        options: dict[str, Any] = {"length": 2, "folds": 3} | changes
        options = {"recording": Recording(batch_size=7)} | options
        return andornot.dissect(
            model or Counting(), layer, data or pairs(), tmp_path / "run", **options
        )

    return run


def test_a_run_at_pairs(run_with):
    run = run_with()
    result, data = run.result(), pairs()
    assert run.manifest["level"] == "pair"
    assert run.manifest["layers"]["counts"]["threshold"]["fixed"] == 0
    assert [e.status for e in result] == ["ok", "ok", "ok", "ok", "dead", "rare"]
    assert str(result[0].formula) == "hyp:no"
    assert str(result[1].formula) == "hyp:dog"
    assert str(result[3].formula) in ("pre:cat OR hyp:cat", "hyp:cat OR pre:cat")
    assert [result[u].iou for u in (0, 1, 3)] == [1, 1, 1]
    negated = [i for i, p in enumerate(data.pairs) if "no" in p.hypothesis.tokens]
    assert result[0].counts.tp == len(negated) == run.areas()[:, 0].sum()
    assert list(run.samples["sample"]) == list(data.sample_ids)
    assert run.samples["predicted_class"].isin(Counting.class_names).all()
    recorded = Counting().record(data.pairs, ("counts",))
    for i in (0, 17, N_PAIRS - 1):
        assert (run.values(i) == recorded.activations["counts"][i]).all()
    assert (run.logits == recorded.logits).all()
    assert (run.peaks() == recorded.activations["counts"][:, :, 0, 0]).all()


@pytest.mark.parametrize(("layer", "fixed"), [("counts", 0), ("letters", None)])
def test_without_a_store_the_lowest_values_choose_the_same_threshold(run_with, layer, fixed):
    """Units that are never below 0 are active above it; others in their top values."""
    run = run_with(layer=layer, store=False)
    assert run.manifest["layers"][layer]["threshold"]["fixed"] == fixed


def test_a_run_at_tokens(run_with):
    run = run_with(layer="letters", threshold=Threshold(quantile=None, fixed=0.5))
    result, data, positions = run.result(), pairs(), run.concepts.positions
    assert run.manifest["level"] == "token"
    assert str(result[1].formula) == "word:dog"
    assert [e.status for e in result] == ["ok", "ok", "inactive"]
    tokens = [(*p.premise.tokens, *p.hypothesis.tokens) for p in data.pairs]
    assert result[1].counts.tp == sum(words.count("dog") for words in tokens)
    assert sum(vars(result[1].counts).values()) == sum(map(len, tokens))
    for i, words in enumerate(tokens):
        lengths = [len(w) for w in words]
        assert run.values(i).shape == (3, 1, len(words))
        assert run.values(i)[0, 0].tolist() == lengths
        assert positions.sample(i).shape == (1, len(words))
        assert run.peaks()[i].tolist() == [
            max(lengths),
            "dog" in words,
            -float(set(words) == {"dog"}),
        ]
        assert run.areas()[i].tolist() == [len(words), words.count("dog"), 0]
    folds = run.responses().unit_folds(1).sum(axis=0)
    for fold in range(3):
        inside = run.samples["fold"] == fold
        assert folds[fold] == sum(tokens[i].count("dog") for i in np.flatnonzero(inside))


@pytest.mark.parametrize("layer", ["counts", "letters"])
def test_an_interrupted_recording_goes_on(run_with, monkeypatch, layer):
    monkeypatch.setattr(record, "_SHARD_BYTES", 1)

    class Tired(Counting):
        def record(self, pairs, layers):
            if pairs[0].id == "p21":
                raise KeyboardInterrupt
            return super().record(pairs, layers)

    with pytest.raises(KeyboardInterrupt):
        run_with(Tired(), layer)
    model = Counting()
    run = run_with(model, layer)
    assert sum(model.seen) == (N_PAIRS - 21) * (1 if layer == "counts" else 2)
    values = [run.values(i) for i in range(N_PAIRS)]
    whole = Counting()
    if layer == "counts":
        expected = list(whole.record(pairs().pairs, [layer]).activations[layer])
    else:
        expected = [v.T[:, None] for v in whole.record_tokens(pairs().pairs, [layer])[layer]]
    assert all((a == b).all() for a, b in zip(values, expected, strict=True))


def test_a_repeated_run_records_nothing_again(run_with):
    run_with()
    model = Counting()
    assert str(run_with(model, length=1).result()[0].formula) == "hyp:no"
    assert not model.seen
    run_with(model, words=Words(n_words=3))
    assert not model.seen  # other concepts, the same activations


def test_units_that_seldom_fire_can_be_kept(run_with):
    assert run_with(min_active=0).result()[5].status == "ok"
    strict = run_with(min_active=0.5).result()
    assert [e.status for e in strict] == ["rare", "rare", "ok", "rare", "dead", "rare"]
    assert run_with(min_active=1 / N_PAIRS).result()[5].status == "ok"  # the least share is enough
    with pytest.raises(OptionError, match="min_active is 1"):
        run_with(min_active=1)


def test_relations_of_the_user(run_with, tmp_path):
    file = tmp_path / "kinds.yaml"
    file.write_text("KIND: {cat: [cat, dog], unicorn: [dog]}\n")
    run = run_with(relations=read_relations(file), concepts=["KIND(hyp:cat)", "hyp:no"])
    table = run.concepts
    assert [n for n in table.names if n.startswith("KIND")] == ["KIND(pre:cat)", "KIND(hyp:cat)"]
    union = table.concept_mask("hyp:cat") | table.concept_mask("hyp:dog")
    assert (table.concept_mask("KIND(hyp:cat)") == union).all()
    assert str(run.result()[1].formula) == "KIND(hyp:cat)"
    assert "kind" in table.categories[table.index("KIND(hyp:cat)")]
    tokens = run_with(layer="letters", relations={"KIND": {"cat": ["cat", "dog"]}})
    assert "KIND(word:cat)" in tokens.concepts.names
    with pytest.raises(OptionError, match="relation KIND has no concept of this data"):
        run_with(relations={"KIND": {"unicorn": ["dog"]}})


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("KIND: cat", "KIND must give a list of concepts for each concept"),
        ("KIND: {cat: dog}", "KIND of 'cat' must be a list of names"),
        ("KIND: {cat: [no]}", "put quotes round"),
        ("[]", "must give relations as"),
        ("KIND: {cat: [", "cannot be read"),
    ],
)
def test_relations_that_are_none(tmp_path, text, error):
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(DataError, match=error):
        read_relations(tmp_path / "r.yaml")


class Wrong(Counting):
    def __init__(self, values):
        super().__init__()
        self.values = values

    def record(self, pairs, layers):
        return RecordedPairs(dict.fromkeys(layers, self.values), np.zeros((len(pairs), 3), "f4"))

    def record_tokens(self, pairs, layers):
        return {layer: [self.values] * len(pairs) for layer in layers}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"layer": "nothing"}, ModelError, "has no layer 'nothing'; its layers are counts"),
        ({"layer": ["counts", "letters"]}, OptionError, "explain those of each sort"),
        ({"preprocessing": "imagenet"}, OptionError, "preprocessing is an option for images"),
        ({"weights": "x.pt"}, OptionError, "bring weights"),
        ({"recording": Recording(tokens=1)}, OptionError, "options for images"),
        ({"words": Words(vectors="absent.txt")}, DataError, r"no file absent\.txt of word vectors"),
        ({"model": object()}, ModelError, "cannot read sentence pairs"),
        ({"model": Wrong(np.zeros((2, 3), "f4"))}, ModelError, r"array of shape \(2, 3\)"),
        (
            {"model": Wrong(np.zeros((2, 3), "f4")), "layer": "letters"},
            ModelError,
            r"for the pair p0; a model must give \(6, units\)",
        ),
        ({"concepts": ["hyp:dgo"]}, FormulaError, "hyp:dog"),
    ],
)
def test_what_cannot_be_explained(run_with, changes, error, message):
    with pytest.raises(error, match=message):
        run_with(**changes)


def test_words_are_no_option_for_images(tmp_path):
    with pytest.raises(OptionError, match="option for sentence pairs"):
        andornot.dissect("x.py:f", "l", "labelmaps:.", tmp_path / "run", words=Words())


def test_a_unit_with_nan_is_reported(run_with):
    class Broken(Counting):
        def record(self, pairs, layers):
            recorded = super().record(pairs, layers)
            for values in recorded.activations.values():
                values[0, 2] = np.nan
            return recorded

    result = run_with(Broken()).result()
    assert [e.status for e in result][:3] == ["ok", "ok", "nan"]


def test_the_default_threshold_of_units_below_zero_is_a_quantile(run_with):
    class Signed(Counting):
        def record(self, pairs, layers):
            recorded = super().record(pairs, layers)
            shifted = {layer: v - 0.5 for layer, v in recorded.activations.items()}
            return RecordedPairs(shifted, recorded.logits)

    with pytest.raises(OptionError, match=r"the quantile 0\.005 of 48 values"):
        run_with(Signed())
    run = run_with(Signed(), threshold=Threshold(0.25))
    assert run.manifest["layers"]["counts"]["threshold"]["quantile"] == 0.25


@pytest.fixture
def snli(shared_data):
    folder = shared_data / "nli"
    spec = f"pairs:{folder}/snli_1.0_dev.feats,labels={folder}/snli_1.0_dev.compexp_preds.csv"
    return spec, folder


def test_the_command_line_on_real_pairs(snli, tmp_path, capsys, monkeypatch):
    from andornot.cli import main

    monkeypatch.setenv("COLUMNS", "160")  # a narrow terminal shows fewer columns
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # a table, as in a terminal
    spec, folder = snli
    out = tmp_path / "run"
    arguments = [
        "explain", "--model", str(folder / "nli_bilstm.pt"), "--layer", "mlp.1", "--data", spec,
        "--samples", "300", "--vectors", str(folder / "glove.twitter.25d.12k.txt"),
        "--words", "300", "--length", "2", "--out", str(out),
    ]  # fmt: skip
    with pytest.raises(SystemExit) as done:
        main(arguments)
    assert done.value.code == 0
    printed = capsys.readouterr().out
    assert "leans to" in printed
    run = Run.open(out)
    frame = pd.read_parquet(out / "explanations.parquet")
    weights = ["weight_entailment", "weight_neutral", "weight_contradiction"]
    assert set(weights) <= set(frame)
    model: Any = andornot.models.sentences.load_classifier(folder / "nli_bilstm.pt")
    head = model.module.mlp[3].weight.detach()
    assert np.allclose(frame[weights].to_numpy(), head.numpy().T)
    stored = json.loads((out / "explanations.json").read_text())["layers"]["mlp.1"][7]
    assert stored["weights"]["neutral"] == pytest.approx(float(head[1, 7]))
    # the scores again, from the model and the sentences alone
    data = andornot.data.sentences.open.open_pairs(spec, limit=300)
    model = andornot.models.sentences.load_classifier(folder / "nli_bilstm.pt")
    active = model.record(data.pairs, ["mlp.1"]).activations["mlp.1"][:, :, 0, 0] > 0
    explained = [e for e in run.result() if e.formula is not None]
    assert len(explained) > 200
    assert all(active[:, e.unit].sum() >= 15 for e in explained)
    for e in explained:
        first = e.best_by_length[0]
        side, _, name = str(first.formula).partition(":")
        if side not in ("pre", "hyp") or name.startswith("tag:"):
            continue
        sentences = [p.premise if side == "pre" else p.hypothesis for p in data.pairs]
        holds = np.array([name in s.words or name in s.tags for s in sentences])
        both, either = holds & active[:, e.unit], holds | active[:, e.unit]
        assert first.iou == pytest.approx(both.sum() / either.sum(), abs=1e-12)


def test_layers_of_a_pair_model(snli, capsys):
    from andornot.cli import main

    with pytest.raises(SystemExit) as done:
        main(["layers", "--model", str(snli[1] / "nli_bilstm.pt")])
    assert done.value.code == 0
    printed = capsys.readouterr().out
    assert "mlp.1" in printed
    assert "encoder.rnn" in printed
    assert "256" in printed


def test_options_for_the_other_modality_are_refused(snli, tmp_path, capsys):
    from andornot.cli import main

    arguments = ["explain", "--model", "m.pt", "--layer", "x", "--out", str(tmp_path / "r")]
    for extra, message in [
        (["--data", snli[0], "--size", "224"], "--size is an option for images"),
        (["--data", "broden:x", "--words", "5"], "--words is an option for sentences"),
    ]:
        with pytest.raises(SystemExit) as done:
            main([*arguments, *extra])
        assert done.value.code == 2
        assert message in capsys.readouterr().err
