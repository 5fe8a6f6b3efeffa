"""The network, its checkpoints and what it records, against plain loops and plain forwards."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from andornot.errors import DataError, ModelError, OptionError, RunError
from andornot.models.sentences import (
    Config,
    EntailmentNet,
    PairClassifier,
    PairModel,
    TokenModel,
    Vocabulary,
    accuracy,
    class_weights,
    confusion,
    load_classifier,
    load_pair_model,
    protocol,
    save_classifier,
)
from andornot.models.sentences.hooks import caught, inference
from insides import install
from nli_cases import SMALL, grammar, pair


def small(config=SMALL, pairs=None):
    """A random network whose batch norm has seen something."""
    words = Vocabulary.from_pairs(pairs or grammar(40))
    torch.manual_seed(0)
    module = EntailmentNet(config, len(words), words.padding)
    model = PairClassifier(module, words, "cpu")
    module.train()
    with torch.no_grad():
        for _ in range(5):
            module(*model.encode(grammar(40)))
    module.eval()
    return model


def plain_states(model, tokens):
    """The encoder's states of one sentence without padding or packing, (tokens, units)."""
    rows = torch.tensor([model.vocabulary.encode(tokens)])
    with torch.inference_mode():
        return model.module.encoder.rnn(model.module.encoder.emb(rows))[0][0].numpy()


def plain_layers(model, one):
    """Input and output of every perceptron layer for one pair, in NumPy, after the paper."""
    if model.module.config.pooling == "max":
        u, v = (plain_states(model, s.tokens).max(0) for s in (one.premise, one.hypothesis))
    else:
        half = model.module.config.state
        u, v = (
            np.concatenate([states[-1, :half], states[0, half:]])
            for states in (plain_states(model, s.tokens) for s in (one.premise, one.hypothesis))
        )
    state = {k: x.numpy() for k, x in model.module.state_dict().items()}
    x = np.concatenate([u, v, u - v, u * v])
    x = (x - state["bn.running_mean"]) / np.sqrt(state["bn.running_var"] + 1e-5)
    x = x * state["bn.weight"] + state["bn.bias"]
    layers, last = {}, 3 * len(model.module.config.hidden)
    for i in range(0, last + 1, 3):
        x = state[f"mlp.{i}.weight"] @ x + state[f"mlp.{i}.bias"]
        if i < last:
            x = np.maximum(x, 0)
            layers[f"mlp.{i + 1}"] = x
    return layers, x


CONFIGS = [
    SMALL,
    replace(SMALL, pooling="last"),
    replace(SMALL, bidirectional=False, pooling="last", hidden=(9,)),
]


@pytest.mark.parametrize("config", CONFIGS)
def test_recorded_activations_are_those_of_a_plain_forward(config):
    model, pairs = small(config), grammar(300)  # more than one batch, sentences of many lengths
    recorded = model.record(pairs, model.layers)
    assert list(recorded.activations) == list(model.layers)
    for index in (0, 1, 2, 77, 255, 256, 299):
        layers, logits = plain_layers(model, pairs[index])
        np.testing.assert_allclose(recorded.logits[index], logits, atol=2e-5)
        for name, values in layers.items():
            np.testing.assert_allclose(
                recorded.activations[name][index, :, 0, 0], values, atol=2e-5
            )


def test_shapes_and_types():
    model = small()
    recorded = model.record(grammar(5), ["mlp.4"])
    assert recorded.activations["mlp.4"].shape == (5, 7, 1, 1)
    assert recorded.activations["mlp.4"].dtype == recorded.logits.dtype == np.float32
    assert recorded.logits.shape == (5, 3)
    assert model.layers == ("mlp.1", "mlp.4")
    assert isinstance(model, PairModel)
    assert isinstance(model, TokenModel)


def test_the_default_is_the_network_of_the_paper():
    module = EntailmentNet(Config(), 10)
    linears = [m for m in module.mlp if isinstance(m, torch.nn.Linear)]
    sizes = [(m.in_features, m.out_features) for m in linears]
    assert sizes == [(2048, 1024), (1024, 1024), (1024, 3)]
    assert module.bn.num_features == 2048
    assert module.encoder(torch.tensor([[1, 2]]), torch.tensor([2])).shape == (1, 512)


def test_networks_by_name():
    assert Config.preset("paper") == Config()
    module = EntailmentNet(Config.preset("published-code"), 10)
    linears = [m for m in module.mlp if isinstance(m, torch.nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linears] == [(2048, 1024), (1024, 3)]
    assert (module.encoder.pooling, module.encoder.rnn.bidirectional) == ("last", False)
    with pytest.raises(OptionError, match="'bowman' is unknown; choose one of paper, published"):
        Config.preset("bowman")


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"embedding": "300"}, "is '300'; give a whole number"),
        ({"state": 1.5}, "is 1.5; give a whole number"),
        ({"hidden": 5}, "hidden is 5; give a list"),
        ({"classes": 3}, "classes"),
        ({"dropout": "some"}, "dropout is 'some'; give a number"),
    ],
)
def test_sizes_of_a_wrong_kind(sizes, said):
    with pytest.raises(OptionError, match=said):
        Config(**sizes)


@pytest.mark.parametrize("odd", [3, ["paper"]])
def test_names_of_networks_are_texts(odd):
    with pytest.raises(OptionError, match="choose one of paper"):
        Config.preset(odd)


def test_token_states_are_those_of_each_sentence_alone():
    model = small()
    pairs = [*grammar(3), pair("one", "two three four five six seven eight")]
    states = model.record_tokens(pairs, model.token_layers)["encoder.rnn"]
    for one, found in zip(pairs, states, strict=True):
        wanted = [plain_states(model, s.tokens) for s in (one.premise, one.hypothesis)]
        np.testing.assert_allclose(found, np.concatenate(wanted), atol=1e-6)
        assert found.shape == (len(one.premise.tokens) + len(one.hypothesis.tokens), 10)


def test_neither_padding_nor_company_changes_a_pair():
    model = small()
    long = pair("a " * 50, "b " * 60)
    alone = model.record([grammar(1)[0]], []).logits
    together = model.record([grammar(1)[0], long], []).logits
    np.testing.assert_allclose(alone[0], together[0], atol=1e-6)


def test_recording_leaves_no_trace():
    model = small()
    model.module.train()
    before = {k: v.clone() for k, v in model.module.state_dict().items()}
    model.record(grammar(4), model.layers)
    assert model.module.training
    assert not any(m._forward_hooks for m in model.module.modules())
    assert all(torch.equal(v, before[k]) for k, v in model.module.state_dict().items())


def test_unknown_words_case_and_empty_sentences():
    model = small()
    words = model.vocabulary
    assert words.encode(["DOG", "dog", "zebra"]) == [words.encode(["dog"])[0]] * 2 + [1]
    assert words.encode([]) == [words.unknown]
    empty = model.record([pair("", "dog")], model.layers)
    assert np.isfinite(empty.logits).all()
    states = model.record_tokens([pair("", "dog cat")], ["encoder.rnn"])["encoder.rnn"]
    assert states[0].shape == (2, 10)


def test_vocabulary_counts():
    pairs = [pair("b a a", "c B"), pair("a", "<pad>")]
    assert Vocabulary.from_pairs(pairs).words == ("<pad>", "<unk>", "a", "b", "c")
    assert Vocabulary.from_pairs(pairs, min_count=2).words == ("<pad>", "<unk>", "a", "b")
    assert "A" in Vocabulary.from_pairs(pairs)


@pytest.mark.parametrize("layer", ["encoder.rnn", "mlp.0", "nothing"])
def test_layers_of_another_kind(layer):
    with pytest.raises(ModelError, match=f"no layer '{layer}' of this kind.*mlp.1, mlp.4"):
        small().record(grammar(2), [layer])
    with pytest.raises(ModelError, match=r"choose one of: encoder\.rnn"):
        small().record_tokens(grammar(2), ["mlp.1"])


def test_class_weights_turn_units_into_logits():
    model = small()
    weights = class_weights(model, "mlp.4")
    assert weights.shape == (7, 3)
    recorded = model.record(grammar(6), ["mlp.4"])
    bias = model.module.mlp[6].bias.detach().numpy()
    np.testing.assert_allclose(
        recorded.activations["mlp.4"][:, :, 0, 0] @ weights + bias, recorded.logits, atol=1e-5
    )
    assert class_weights(model, "mlp.1") is None


def test_confusion_counts_labels_by_answers(monkeypatch):
    monkeypatch.setattr(protocol, "CHUNK", 7)  # the last of several chunks is shorter
    model, pairs = small(), grammar(30)
    answers = model.record(pairs, []).logits.argmax(1)
    expected = np.zeros((3, 3), int)
    for one, answer in zip(pairs, answers, strict=True):
        expected[model.class_names.index(one.label), answer] += 1
    counts = confusion(model, pairs)
    assert counts.tolist() == expected.tolist()
    assert accuracy(model, pairs) == counts.trace() / 30


def test_accuracy_and_labels():
    model = small()
    pairs = grammar(30)
    names = [model.class_names[i] for i in model.record(pairs, []).logits.argmax(1)]
    right = [replace(p, label=name.upper()) for p, name in zip(pairs, names, strict=True)]
    assert accuracy(model, right) == 1
    numbered = [
        replace(p, label=str(model.class_names.index(n))) for p, n in zip(right, names, strict=True)
    ]
    assert accuracy(model, numbered) == 1
    with pytest.raises(DataError, match="pair 'g3' has the label '-', but the classes are entail"):
        accuracy(model, [*right[:3], replace(right[3], label="-")])
    with pytest.raises(DataError, match="no sentence pairs"):
        accuracy(model, [])


# checkpoints


@pytest.mark.parametrize("config", CONFIGS)
def test_a_checkpoint_gives_the_same_model(config, tmp_path):
    model = small(config)
    save_classifier(model, tmp_path / "deep" / "model.pt")
    again: Any = load_pair_model(str(tmp_path / "deep" / "model.pt"), device="cpu")
    assert again.module.config == config
    assert again.vocabulary == model.vocabulary
    assert again.fingerprint == model.fingerprint
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["model.pt"]
    np.testing.assert_array_equal(
        again.record(grammar(9), []).logits, model.record(grammar(9), []).logits
    )


def test_fingerprints_tell_models_apart(tmp_path):
    model = small()
    prints = {model.fingerprint, small(replace(SMALL, pooling="last")).fingerprint}
    other = PairClassifier(model.module, replace(model.vocabulary, unknown=2), "cpu")
    assert len(prints | {other.fingerprint}) == 3


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_bare_state_dict_with_its_words(suffix, tmp_path):
    model = small()
    path = tmp_path / f"bare{suffix}"
    if suffix == ".pt":
        torch.save(model.module.state_dict(), path)
    else:
        from safetensors.torch import save_file

        save_file(model.module.state_dict(), path)
    with pytest.raises(ModelError, match=r"without their words.*bare_vocab\.json"):
        load_classifier(path)
    (tmp_path / "bare_vocab.json").write_text(json.dumps(model.vocabulary.words))
    again = load_classifier(path, device="cpu")
    np.testing.assert_array_equal(
        again.record(grammar(9), []).logits, model.record(grammar(9), []).logits
    )
    last = load_classifier(path, pooling="last", device="cpu")
    assert last.module.config == replace(SMALL, pooling="last")


def test_the_checkpoint_of_the_published_code(tmp_path):
    """One direction, the last state, words in ``stoi`` with UNK 0 and PAD 1."""
    model = small(CONFIGS[2])
    words = ("UNK", "PAD", *model.vocabulary.words[2:])
    stoi = {word: row for row, word in enumerate(words)}
    itos = {row: word for word, row in stoi.items()}
    values = {"state_dict": model.module.state_dict(), "stoi": stoi, "itos": itos}
    torch.save(values, tmp_path / "model_best.pth")
    again = load_classifier(tmp_path / "model_best.pth", device="cpu")
    assert again.module.config == CONFIGS[2]
    assert (again.vocabulary.unknown, again.vocabulary.padding) == (0, 1)
    assert again.vocabulary.encode(["dog"]) == model.vocabulary.encode(["dog"])
    np.testing.assert_array_equal(
        again.record(grammar(9), []).logits, model.record(grammar(9), []).logits
    )


def test_the_other_network_of_the_published_code_is_refused(tmp_path):
    """Its "minimal" one has no hidden layer: u * v leads straight to the classes."""
    state = {
        "encoder.emb.weight": torch.zeros(4, 2),
        "encoder.rnn.weight_hh_l0": torch.zeros(12, 3),
        "mlp.weight": torch.zeros(3, 3),
    }
    stoi = {"UNK": 0, "PAD": 1, "a": 2, "b": 3}
    torch.save({"state_dict": state, "stoi": stoi, "itos": {}}, tmp_path / "minimal.pth")
    with pytest.raises(ModelError, match="not the weights of a sentence-pair classifier of ours"):
        load_classifier(tmp_path / "minimal.pth")


def broken(tmp_path, **changes):
    model = small()
    save_classifier(model, tmp_path / "m.pt")
    values = torch.load(tmp_path / "m.pt", weights_only=True)
    for key, value in changes.items():
        if value is None:
            del values[key]
        else:
            values[key] = value
    torch.save(values, tmp_path / "m.pt")
    return tmp_path / "m.pt"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 9}, "is of format 9, but this version reads format 1"),
        ({"unknown": None}, "is damaged"),
        ({"config": {"size": 3}}, "sizes cannot be read"),
        ({"words": ["a", "b"]}, "are for .* words, but the vocabulary has 2"),
        ({"state_dict": {"x": torch.zeros(1)}}, "for another model: .* missing"),
        ({"state_dict": None}, "holds no state dict"),
    ],
)
def test_damaged_checkpoints(changes, message, tmp_path):
    with pytest.raises(ModelError, match=message):
        load_classifier(broken(tmp_path, **changes))


def test_files_that_are_no_models(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        load_classifier(tmp_path / "none.pt")
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(ModelError, match="cannot be read as a torch file"):
        load_classifier(tmp_path / "text.pt")
    torch.save(Config, tmp_path / "object.pt")
    with pytest.raises(ModelError, match="holds a Python object"):
        load_classifier(tmp_path / "object.pt")
    torch.save({"conv1.weight": torch.zeros(2, 2)}, tmp_path / "vision.pt")
    with pytest.raises(ModelError, match=r"vision\.pt cannot be used: These are not the weights"):
        load_classifier(tmp_path / "vision.pt")
    torch.save({"stoi": {"a": 0}, "state_dict": {"x": torch.zeros(1)}}, tmp_path / "odd.pt")
    with pytest.raises(ModelError, match="stoi must be a dictionary"):
        load_classifier(tmp_path / "odd.pt")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("{}", "not a JSON list of words"),
        ("[1]", "not a JSON list of words"),
        ('["<pad>", "a"]', "lacks <unk>"),
    ],
)
def test_bad_vocabularies(text, message, tmp_path):
    torch.save(small().module.state_dict(), tmp_path / "m.pt")
    (tmp_path / "v.json").write_text(text)
    with pytest.raises(ModelError, match=message):
        load_classifier(tmp_path / "m.pt", tmp_path / "v.json")
    with pytest.raises(ModelError, match=r"none\.json cannot be read"):
        load_classifier(tmp_path / "m.pt", tmp_path / "none.json")


@pytest.mark.parametrize("prefix", ["model.", "module.", "net._orig_mod.", "model.module."])
def test_weights_that_were_wrapped(tmp_path, prefix):
    model = small()
    state = {prefix + name: value for name, value in model.module.state_dict().items()}
    state = {name.replace(".rnn.", ".module.rnn."): value for name, value in state.items()}
    torch.save({"state_dict": {}, "ema": state}, tmp_path / "m.pt")
    (tmp_path / "m_vocab.json").write_text(json.dumps(model.vocabulary.words))
    pairs = grammar(5)
    for name in ("m.pt", "m.pt#ema"):
        again = load_pair_model(str(tmp_path / name), device="cpu")
        assert np.array_equal(again.record(pairs, ()).logits, model.record(pairs, ()).logits)


def test_a_network_of_pairs_can_be_trained_afterwards():
    module = nn.ModuleDict({"layer": nn.Linear(2, 2)})
    with inference(module), caught({"layer": module["layer"]}):
        kept = torch.ones(1, 2)
        module["layer"](kept)
    module["layer"](kept).sum().backward()
    assert module["layer"].weight.grad is not None


def test_vocabulary_of_another_model(tmp_path):
    torch.save(small().module.state_dict(), tmp_path / "m.pt")
    (tmp_path / "v.json").write_text('["<pad>", "<unk>", "a"]')
    with pytest.raises(ModelError, match="the vocabulary has 3: give the vocabulary that"):
        load_classifier(tmp_path / "m.pt", tmp_path / "v.json")


def test_nothing_is_half_written(tmp_path, monkeypatch):
    model = small()
    save_classifier(model, tmp_path / "m.pt")
    before = (tmp_path / "m.pt").read_bytes()

    def full(values, path):
        path.write_bytes(b"half")
        raise RuntimeError("[enforce fail] file write failed: No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(RunError, match=r"cannot write to .*m\.pt: .*No space left"):
        save_classifier(model, tmp_path / "m.pt")
    assert [p.name for p in tmp_path.iterdir()] == ["m.pt"]
    assert (tmp_path / "m.pt").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"embedding": 0}, "at least 1"),
        ({"hidden": ()}, "at least 1"),
        ({"pooling": "mean"}, "'mean' is unknown"),
        ({"dropout": 1.0}, "under 1"),
    ],
)
def test_sizes_that_make_no_network(changes, message):
    with pytest.raises(ModelError, match=message):
        replace(SMALL, **changes)


def test_without_torch_there_is_advice():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import andornot.models.sentences as nli, andornot.errors\n"
        "nli.PairModel, nli.RecordedPairs, nli.Vocabulary\n"
        "try: nli.load_classifier\n"
        "except andornot.errors.ModelError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert install("torch") in done.stdout


# models of one's own

OWN = """
import numpy as np
from andornot.models.sentences.protocol import RecordedPairs

class Overlap:
    layers = ("overlap",)
    class_names = ("entailment", "neutral", "contradiction")
    fingerprint = "overlap-1"

    def record(self, pairs, layers):
        share = [len(set(p.premise.tokens) & set(p.hypothesis.tokens)) for p in pairs]
        values = np.array(share, np.float32)
        logits = np.stack([values, 3 - values, 0 * values], 1)
        return RecordedPairs({name: values[:, None, None, None] for name in layers}, logits)

def overlap():
    return Overlap()

def wrong():
    return 3
"""


def test_a_model_from_a_file(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(OWN)
    model = load_pair_model(f"{file}:overlap")
    recorded = model.record([pair("a b", "b c")], model.layers)
    assert recorded.activations["overlap"].item() == 1
    assert isinstance(model, PairModel)
    assert not isinstance(model, TokenModel)
    assert class_weights(model, "overlap") is None
    with pytest.raises(ModelError, match="returned int, which lacks layers, class_names"):
        load_pair_model(f"{file}:wrong")
    with pytest.raises(ModelError, match=r"none\.py does not exist"):
        load_pair_model(f"{tmp_path / 'none.py'}:f")
    with pytest.raises(ModelError, match=r"write FILE\.pt, hf:DIRECTORY or"):
        load_pair_model("bert")


# the real small checkpoint


def real_pairs(shared_data):
    """The labelled dev pairs, read by hand."""
    nli = shared_data / "nli"
    lines = (nli / "snli_1.0_dev.tok").read_text(encoding="utf-8").split("\n")
    with (nli / "snli_1.0_dev.compexp_preds.csv").open(encoding="utf-8") as file:
        labels = [row["gt"] for row in csv.DictReader(file)]
    return [
        pair(lines[2 * i], lines[2 * i + 1], label, str(i))
        for i, label in enumerate(labels)
        if label != "UNK"
    ]


def test_the_small_real_checkpoint_is_as_good_as_it_says(shared_data):
    model = load_classifier(shared_data / "nli" / "nli_bilstm.pt", device="cpu")
    assert model.module.config == Config(embedding=50, state=100, hidden=(256,))
    held_out = real_pairs(shared_data)[7800:]
    assert len(held_out) == 2042
    assert accuracy(model, held_out) == pytest.approx(0.640, abs=0.0015)
    assert model.layers == ("mlp.1",)
    assert class_weights(model, "mlp.1").shape == (256, 3)
    layers, logits = plain_layers(model, held_out[5])
    recorded = model.record(held_out[:8], ["mlp.1"])
    np.testing.assert_allclose(
        recorded.activations["mlp.1"][5, :, 0, 0], layers["mlp.1"], atol=1e-4
    )
    np.testing.assert_allclose(recorded.logits[5], logits, atol=1e-4)


def test_the_example_in_the_docs_runs(tmp_path):
    text = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "classifiers.md").read_text(
        encoding="utf-8"
    )
    code = next(part for part in text.split("```python\n") if part.startswith("import numpy"))
    (tmp_path / "overlap.py").write_text(code.split("```")[0])
    model = load_pair_model(f"{tmp_path / 'overlap.py'}:Overlap")
    recorded = model.record([pair("a b c", "b c d"), pair("a", "b")], model.layers)
    assert recorded.activations["shared words"].ravel().tolist() == [2, 0]
    assert accuracy(model, [pair("a b", "a", "entailment")]) == 1
    assert isinstance(model, PairModel)
