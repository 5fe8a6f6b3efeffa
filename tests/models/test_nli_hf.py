"""A sequence classifier of transformers goes through the protocol; a tiny random BERT here."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch

from andornot.cli import main
from andornot.errors import ModelError
from andornot.models import load_model
from andornot.models.from_hf import import_transformers
from andornot.models.sentences import (
    PairModel,
    TokenModel,
    accuracy,
    class_weights,
    load_pair_model,
)
from nli_cases import grammar, pair

if find_spec("transformers") is None:
    pytest.skip("transformers is not installed", allow_module_level=True)
transformers = import_transformers()

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "dog", "cat", "run", "##s", "never",
          "sleep", "##ing", "near", "house", ".", "man"]  # fmt: skip
NAMES = ("entailment", "neutral", "contradiction")


def small_config(**changes):
    return transformers.BertConfig(
        vocab_size=len(PIECES),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=12,
        max_position_embeddings=40,
        id2label=dict(enumerate(NAMES)),
        label2id={name: i for i, name in enumerate(NAMES)},
        **changes,
    )


def save_tokeniser(path, **options):
    from tokenizers import BertWordPieceTokenizer

    words = BertWordPieceTokenizer({piece: i for i, piece in enumerate(PIECES)})
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words._tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        **options,
    )
    fast.save_pretrained(path)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("bert")
    torch.manual_seed(0)
    transformers.BertForSequenceClassification(small_config()).save_pretrained(path)
    save_tokeniser(path)
    return path


@pytest.fixture(scope="module")
def model(directory):
    return load_pair_model(f"hf:{directory}", device="cpu")


PAIRS = [pair("A dog runs near a house .", "a cat never sleeping"), pair("man", "dogs")]


def plain(model, one):
    """One pair through the network without batches, padding or hooks."""
    encoded = model.tokenizer(one.premise.text, one.hypothesis.text, return_tensors="pt")
    with torch.inference_mode():
        return encoded, model.module(**encoded, output_hidden_states=True)


def test_it_is_a_pair_model(model):
    assert isinstance(model, PairModel)
    assert isinstance(model, TokenModel)
    assert model.class_names == NAMES
    assert {"bert.pooler", "bert.pooler.activation", "classifier"} <= set(model.layers)
    assert {"bert.encoder.layer.0", "bert.encoder.layer.1.intermediate"} <= set(model.token_layers)
    assert not set(model.layers) & set(model.token_layers)


def test_recorded_activations_are_those_of_a_plain_forward(model):
    pairs = PAIRS * 20  # two batches
    recorded = model.record(pairs, ["bert.pooler"])
    assert recorded.activations["bert.pooler"].shape == (40, 8, 1, 1)
    assert recorded.activations["bert.pooler"].dtype == np.float32
    for index in (0, 1, 31, 32, 39):
        _, output = plain(model, pairs[index])
        np.testing.assert_allclose(recorded.logits[index], output.logits[0].numpy(), atol=1e-5)
        with torch.inference_mode():
            pooled = model.module.bert.pooler(output.hidden_states[-1])[0].numpy()
        np.testing.assert_allclose(
            recorded.activations["bert.pooler"][index, :, 0, 0], pooled, atol=1e-5
        )


def test_a_token_is_the_mean_of_its_pieces(model):
    found = model.record_tokens(PAIRS, ["bert.encoder.layer.1"])["bert.encoder.layer.1"]
    # A dog run ##s near a house . | a cat never sleep ##ing, after [CLS] and around [SEP]
    first = [[1], [2], [3, 4], [5], [6], [7], [8], [10], [11], [12], [13, 14]]
    second = [[1], [3, 4]]
    for one, pieces, values in zip(PAIRS, (first, second), found, strict=True):
        encoded, output = plain(model, one)
        assert encoded["input_ids"].shape[1] == max(map(max, pieces)) + 2
        states = output.hidden_states[-1][0].numpy()
        wanted = np.array([states[part].mean(0) for part in pieces])
        np.testing.assert_allclose(values, wanted, atol=1e-5)


def test_tokens_that_the_model_never_sees_are_zero(model):
    found = model.record_tokens([pair("dog \u200b cat", "a")], ["bert.encoder.layer.1"])
    values = found["bert.encoder.layer.1"][0]
    assert values.shape == (4, 8)
    assert not values[1].any()
    assert values[[0, 2, 3]].any(axis=1).all()


def test_weights_of_the_units_to_the_classes(model):
    weights = class_weights(model, "bert.pooler")
    assert weights.shape == (8, 3)
    recorded = model.record(PAIRS, ["bert.pooler"])
    bias = model.module.classifier.bias.detach().numpy()
    np.testing.assert_allclose(
        recorded.activations["bert.pooler"][:, :, 0, 0] @ weights + bias, recorded.logits, atol=1e-5
    )


def test_fingerprint_follows_weights_and_tokeniser(model, directory, tmp_path):
    shutil.copytree(directory, tmp_path / "copy")
    assert load_pair_model(f"hf:{tmp_path / 'copy'}").fingerprint == model.fingerprint
    save_tokeniser(tmp_path / "copy", model_max_length=30)
    assert load_pair_model(f"hf:{tmp_path / 'copy'}").fingerprint != model.fingerprint


def test_long_pairs_and_wrong_layers(model):
    with pytest.raises(ModelError, match=r"Pair 'long' is 44 pieces .* reads at most 40"):
        model.record([*grammar(1), pair("dog " * 20, "dog " * 21, name="long")], ["bert.pooler"])
    with pytest.raises(ModelError, match=r"no layer 'bert\.encoder\.layer\.1' of this kind"):
        model.record(PAIRS, ["bert.encoder.layer.1"])
    with pytest.raises(ModelError, match=r"no layer 'bert\.pooler' of this kind"):
        model.record_tokens(PAIRS, ["bert.pooler"])


def test_directories_that_hold_no_classifier(directory, tmp_path):
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        load_pair_model(f"hf:{tmp_path}")
    shutil.copytree(directory, tmp_path / "cut")
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(ModelError, match="cannot load a sequence classifier"):
        load_pair_model(f"hf:{tmp_path / 'cut'}")
    bare = tmp_path / "bare"
    transformers.BertModel(small_config()).save_pretrained(bare)
    save_tokeniser(bare)
    with pytest.raises(ModelError, match=r"lacks 2 weights .*\(such as classifier\.bias\)"):
        load_pair_model(f"hf:{bare}")


def test_a_tokeniser_without_padding(directory, tmp_path):
    path = shutil.copytree(directory, tmp_path / "bert")
    (path / "special_tokens_map.json").unlink(missing_ok=True)
    config = json.loads((path / "tokenizer_config.json").read_text())
    del config["pad_token"]
    (path / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="has no padding, which andornot needs: save one that has"):
        load_pair_model(f"hf:{path}", device="cpu")


def test_tokenisers_that_count_the_blank_to_a_piece(tmp_path):
    """Byte-level pieces, as RoBERTa and GPT have them; a model with two positions set aside."""
    from tokenizers import ByteLevelBPETokenizer
    from tokenizers.processors import TemplateProcessing

    bpe = ByteLevelBPETokenizer(trim_offsets=False)
    bpe.train_from_iterator(["the dog runs and the cat sleeps"] * 9, vocab_size=280,
                            special_tokens=["<s>", "<pad>", "</s>"])  # fmt: skip
    ends = [("<s>", 0), ("</s>", 2)]
    bpe._tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ends
    )
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe._tokenizer,
        pad_token="<pad>",
        model_input_names=["input_ids", "attention_mask"],
    )
    fast.save_pretrained(tmp_path)
    config = transformers.RobertaConfig(
        vocab_size=300, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=12, max_position_embeddings=70, num_labels=3,
    )  # fmt: skip
    transformers.RobertaForSequenceClassification(config).save_pretrained(tmp_path)
    model: Any = load_pair_model(f"hf:{tmp_path}", device="cpu")
    layer = "roberta.encoder.layer.0"
    assert layer in model.token_layers
    one = pair("the zebra runs", "\u00e9t\u00e9 dog")
    values = model.record_tokens([one], [layer])[layer][0]
    encoded, output = plain(model, one)
    pieces = fast.convert_ids_to_tokens(encoded["input_ids"][0])
    assert pieces[:9] == ["<s>", "the", "\u0120", "z", "e", "b", "r", "a", "\u0120runs"]
    assert len(pieces) == 18  # and </s> </s>, five bytes of the accented word, the dog, </s>
    owned = [[1], [3, 4, 5, 6, 7], [8], [11, 12, 13, 14, 15], [16]]
    states = output.hidden_states[-1][0].numpy()
    wanted = [states[part].mean(0) for part in owned]
    np.testing.assert_allclose(values, np.array(wanted), atol=1e-5)
    empty = model.record_tokens([pair("", "dog")], [layer])[layer][0]
    assert empty.shape == (1, 8)
    with pytest.raises(ModelError, match="failed on a batch of pairs"):
        model.record([pair("z" * 30, "z" * 35)], model.layers[-1:])


@pytest.mark.parametrize(
    ("name", "config", "pair_layer", "token_layer", "has_head"),
    [
        ("DistilBert", {"dim": 8, "n_layers": 1, "n_heads": 2, "hidden_dim": 12},
         "pre_classifier", "distilbert.transformer.layer.0", True),
        ("Roberta", {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
         "intermediate_size": 12}, "classifier.dense", "roberta.encoder.layer.0", True),
        ("Electra", {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
         "intermediate_size": 12, "embedding_size": 6}, "classifier.dense",
         "electra.encoder.layer.0", True),
        ("XLNet", {"d_model": 8, "n_layer": 1, "n_head": 2, "d_inner": 12},
         "sequence_summary.summary", None, True),
    ],
)  # fmt: skip
def test_other_families(name, config, pair_layer, token_layer, has_head, tmp_path):
    """Layers give a row for each pair, and no one gives the tokens first (XLNet does inside)."""
    import andornot
    from andornot import Threshold
    from andornot.demo.text.world import draw_pairs
    from andornot.probes.recording import Recording

    sizes = {"vocab_size": len(PIECES), "num_labels": 3}
    torch.manual_seed(0)
    kind = getattr(transformers, f"{name}Config")
    made = getattr(transformers, f"{name}ForSequenceClassification")(kind(**config, **sizes))
    made.save_pretrained(tmp_path)
    save_tokeniser(tmp_path, model_input_names=["input_ids", "attention_mask"])
    model: Any = load_pair_model(f"hf:{tmp_path}", device="cpu")
    assert pair_layer in model.layers
    assert token_layer is None or token_layer in model.token_layers
    assert not any("rel_attn" in path for path in model.token_layers)
    weights = class_weights(model, pair_layer)
    assert (weights is not None and weights.shape == (8, 3)) == has_head
    for layer in filter(None, (pair_layer, token_layer)):
        run = andornot.dissect(
            model, layer, draw_pairs(40), tmp_path / layer, trust=None, length=1, min_active=0.0,
            recording=Recording(device="cpu"), threshold=Threshold(0.2),
        )  # fmt: skip
        assert len(run.result()) == 8
        assert not [note for note in run.manifest["notes"] if "batch" in note]


def test_as_many_pieces_as_pairs(model, monkeypatch):
    """Layers that give the pieces first look like those that give the pairs first, by luck."""
    monkeypatch.setattr(type(model), "_shapes", lambda _, premise, pairs: (
        {"first": (2, 2, 8) if pairs == 2 else (4, 3, 8), "table": (2, 8),
         "scores": (2, 2) if pairs == 2 else (3, 4), "right": (pairs, 2 if pairs == 2 else 4, 8)},
        2 if pairs == 2 else 4,
    ))  # fmt: skip
    fresh = type(model).__new__(type(model))  # type: ignore[call-overload]
    assert (fresh.layers, fresh.token_layers) == ((), ("right",))


def test_its_accuracy_on_the_command_line(directory, model, tmp_path, capsys):
    from andornot.cli import main

    pairs = grammar(12)
    rows = (f"{p.premise.text}\t{p.hypothesis.text}\t{p.label}" for p in pairs)
    path = tmp_path / "x.tsv"
    path.write_text("\n".join(["premise\thypothesis\tlabel", *rows]))
    command = ["nli", "accuracy", "--model", f"hf:{directory}", "--data", f"pairs:{path}"]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--device", "cpu", "--json"])
    assert ended.value.code == 0
    report = json.loads(capsys.readouterr().out)
    assert report["accuracy"] == pytest.approx(accuracy(model, pairs))
    assert report["classes"] == list(NAMES)


def layers(capsys, directory):
    """What ``andornot layers`` says, on standard output and error."""
    with pytest.raises(SystemExit):
        main(["layers", "--model", f"hf:{directory}"])
    return capsys.readouterr()


def test_directories_for_texts_are_not_asked_for_sizes_of_images(directory, tmp_path, capsys):
    assert "bert.pooler" in layers(capsys, directory).out
    transformers.BertModel(small_config()).save_pretrained(tmp_path)
    save_tokeniser(tmp_path)
    assert "lacks 2 weights of a sequence classifier" in layers(capsys, tmp_path).err
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"architectures": None}))
    assert "lacks 2 weights of a sequence classifier" in layers(capsys, tmp_path).err
    (tmp_path / "config.json").write_text("[1]")
    assert "transformers cannot load" in layers(capsys, tmp_path).err


def test_a_directory_of_transformers_runs_no_code_of_its_own(tmp_path, monkeypatch):
    own = {"model_type": "theirs", "auto_map": {"AutoConfig": "theirs.C", "AutoModel": "theirs.M"}}
    (tmp_path / "config.json").write_text(json.dumps(own))
    tokenizer = {"tokenizer_class": "Theirs", "auto_map": {"AutoTokenizer": ["theirs.T", None]}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    (tmp_path / "theirs.py").write_text(
        "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n"
    )
    monkeypatch.setattr("builtins.input", lambda _question: "y")
    for load in (load_model, load_pair_model):
        with pytest.raises(ModelError, match="comes with Python code of its own, which is not run"):
            load(f"hf:{tmp_path}")
    assert not (tmp_path / "theirs.ran").exists()
