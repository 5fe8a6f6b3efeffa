"""Vision models of transformers from random directories: which head they come with, and a run."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest
import torch

import andornot
from andornot import Threshold
from andornot.errors import ModelError
from andornot.models import head_weights, list_layers, load_model
from andornot.models.from_hf import about_queries, import_transformers
from andornot.probes.recording import Recording
from pass_cases import write_world

if find_spec("transformers") is None:
    pytest.skip("transformers is not installed", allow_module_level=True)
transformers = import_transformers()

_VIT = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 24, "image_size": 24, "patch_size": 6}  # fmt: skip
_SEGFORMER = {"num_encoder_blocks": 2, "depths": [1, 1], "sr_ratios": [2, 1],
              "hidden_sizes": [8, 16], "patch_sizes": [3, 3], "strides": [2, 2],
              "num_attention_heads": [1, 2], "mlp_ratios": [2, 2],
              "decoder_hidden_size": 12}  # fmt: skip
_MAE = {"decoder_hidden_size": 16, "decoder_num_hidden_layers": 1,
        "decoder_num_attention_heads": 2, "decoder_intermediate_size": 24}  # fmt: skip

# class, configuration, a layer, its units and map, the head behind it, whether there are logits
FAMILIES = [
    ("ViTForImageClassification", _VIT, "vit.layernorm", 16, (4, 4), "classifier", True),
    ("DeiTForImageClassification", _VIT, "deit.layernorm", 16, (4, 4), "classifier", True),
    ("DeiTForImageClassificationWithTeacher", _VIT, "deit.layernorm", 16, (4, 4), None, True),
    ("BeitForImageClassification", _VIT, "beit.layers.0", 16, (4, 4), None, True),
    ("SwinForImageClassification", {"image_size": 24, "patch_size": 2, "embed_dim": 8,
     "depths": [1, 1], "num_heads": [1, 2], "window_size": 3}, "swin.pooler", 16, (1, 1),
     "classifier", True),
    ("ConvNextForImageClassification", {"hidden_sizes": [8, 12], "depths": [1, 1],
     "num_stages": 2}, "convnext.layernorm", 12, (1, 1), "classifier", True),
    ("ResNetForImageClassification", {"embedding_size": 8, "hidden_sizes": [8, 12],
     "depths": [1, 1], "layer_type": "basic"}, "resnet.encoder.stages.1", 12, (3, 3),
     "classifier.1", True),
    ("SegformerForImageClassification", _SEGFORMER, "segformer.stages.1", 16, (6, 6),
     "classifier", True),
    ("SegformerForSemanticSegmentation", _SEGFORMER, "decode_head.activation", 12, (12, 12),
     "decode_head.classifier", False),
]  # fmt: skip


def save(name, config, path):
    kind = getattr(transformers, name)
    torch.manual_seed(0)
    kind(kind.config_class(**config)).save_pretrained(path)
    size = {"size": {"height": 24, "width": 24}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (path / "preprocessor_config.json").write_text(json.dumps(size))
    return f"hf:{path}"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_world(folder)
    return f"labelmaps:{folder / 'data'}"


def dissect(model, layer, world, out):
    return andornot.dissect(
        model, layer, world, out, threshold=Threshold(0.2), trust=None, length=1,
        recording=Recording(device="cpu"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "config", "layer", "units", "grid", "head", "classifies"), FAMILIES
)
def test_a_family_comes_with_its_head(
    name, config, layer, units, grid, head, classifies, world, tmp_path
):
    spec = save(name, config, tmp_path)
    loaded = load_model(spec)
    assert type(loaded.module).__name__ == name
    assert loaded.notes == ()
    found = {info.path: info for info in list_layers(loaded.module, torch.zeros(1, 3, 24, 24))}
    assert (found[layer].units, found[layer].grid) == (units, grid)
    weights = head_weights(loaded.module, layer, units)
    assert (None if weights is None else weights.path) == head
    run = dissect(spec, layer, world, tmp_path / "run")
    assert any(e.status == "ok" for e in run.result())
    assert (run.logits is not None) == classifies
    assert not [note for note in run.manifest["notes"] if "batch" in note]


@pytest.mark.parametrize(
    ("name", "config", "bare", "left_out"),
    [
        ("ViTMAEForPreTraining", _VIT | _MAE, "ViTMAEModel", 24),
        ("ViTForMaskedImageModeling", _VIT, "ViTModel", 3),
    ],
)
def test_a_head_that_is_left_out_is_told(name, config, bare, left_out, tmp_path, capsys):
    from andornot.cli import main

    spec = save(name, config, tmp_path)
    loaded = load_model(spec)
    assert type(loaded.module).__name__ == bare
    assert f"saved as {name} and is read as {bare}, without its head: " in loaded.notes[-1]
    assert f" {left_out} weights are left out (such as decoder." in loaded.notes[-1]
    with pytest.raises(SystemExit) as ended:
        main(["layers", "--model", spec])
    assert ended.value.code == 0
    assert f"is read as {bare}, without its head" in capsys.readouterr().err


def test_masked_patches_are_refused_and_whole_ones_are_not(world, tmp_path):
    spec = save("ViTMAEForPreTraining", _VIT | _MAE, tmp_path / "mae")
    with pytest.raises(ModelError, match=r"ViTMAEModel hides patches at random \(mask_ratio 0.75"):
        dissect(spec, "layernorm", world, tmp_path / "run")
    run = dissect(spec, "embeddings.patch_embeddings", world, tmp_path / "run")
    assert any(e.status == "ok" for e in run.result())


def test_weights_from_a_file_keep_the_head(tmp_path):
    name, config = "DeiTForImageClassificationWithTeacher", _VIT
    spec = save(name, config, tmp_path)
    torch.save(load_model(spec).module.state_dict(), tmp_path / "weights.pt")
    loaded = load_model(spec, tmp_path / "weights.pt")
    assert type(loaded.module).__name__ == name
    assert loaded.fingerprint == load_model(spec).fingerprint


def test_tokens_that_are_no_places_of_the_image(tmp_path):
    """Shapes cannot tell them from patches, so the configuration is asked."""
    config = transformers.YolosConfig(
        image_size=[32, 32], patch_size=8, hidden_size=8, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=8, num_detection_tokens=5,
    )  # fmt: skip
    transformers.YolosModel(config).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="has 5 detection tokens behind its patches"):
        load_model(f"hf:{tmp_path}")
    (note,) = about_queries(transformers.DetrConfig(num_queries=100), tmp_path)
    assert "layers that give 100 tokens (decoder, heads) hold no places" in note
    assert about_queries(transformers.ViTConfig(), tmp_path) == ()
