"""Models by name: from Python files, torchvision and transformers; and their heads."""

import dataclasses
import json
import py_compile
import subprocess
import sys
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from andornot.errors import ModelError
from andornot.models import (
    Preprocessing,
    Recorder,
    from_torchvision,
    head_weights,
    list_layers,
    load_model,
)
from andornot.models.from_hf import import_transformers, quiet, read_preprocessing
from andornot.models.from_torchvision import import_torchvision
from andornot.models.sentences import load_pair_model
from insides import install

TINY = """
from dataclasses import dataclass
import torch
from torch import nn
import helper_of_tiny

@dataclass
class Options:
    channels: int = 4

def tiny():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, Options().channels, 1), nn.Flatten(1), nn.Linear(16, 2))

def with_extras():
    return tiny(), {"preprocessing": "cifar10", "class_names": ["cat", "dog"]}

def bad_preset():
    return tiny(), {"preprocessing": "imagnet"}

def bad_key():
    return tiny(), {"classes": 2}

def not_a_module():
    return 3

def fails():
    raise RuntimeError("no luck")
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    (tmp_path / "helper_of_tiny.py").write_text("")
    (tmp_path / "tiny.py").write_text(TINY)
    return tmp_path / "tiny.py"


def test_module_from_a_file(tiny):
    path = list(sys.path)
    loaded = load_model(f"{tiny}:tiny")
    assert not loaded.module.training
    assert (loaded.preprocessing, loaded.class_names, loaded.weights) == (None, None, None)
    assert sys.path == path
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded.spec = "x"  # type: ignore[misc]


def test_extras_from_a_file_and_their_override(tiny):
    loaded = load_model(f"{tiny}:with_extras")
    assert loaded.preprocessing == Preprocessing.preset("cifar10")
    assert loaded.class_names == ("cat", "dog")
    mine = Preprocessing.preset("half", 8, 8)
    loaded = load_model(f"{tiny}:with_extras", preprocessing=mine, class_names=["a", "b"])
    assert (loaded.preprocessing, loaded.class_names) == (mine, ("a", "b"))


def test_weights_go_into_a_module_from_a_file(tiny, tmp_path):
    plain = load_model(f"{tiny}:tiny")
    state = {k: v + 1 for k, v in plain.module.state_dict().items()}
    torch.save(state, tmp_path / "w.pt")
    loaded = load_model(f"{tiny}:tiny", tmp_path / "w.pt")
    assert torch.equal(loaded.module.state_dict()["0.weight"], state["0.weight"])
    assert loaded.fingerprint != plain.fingerprint
    assert loaded.weights == str(tmp_path / "w.pt")


def test_fingerprint_follows_the_source_of_a_file(tiny):
    before = load_model(f"{tiny}:tiny").fingerprint
    assert before == load_model(f"{tiny}:tiny").fingerprint
    tiny.write_text(TINY + "# changed\n")
    assert before != load_model(f"{tiny}:tiny").fingerprint


def test_what_lies_compiled_beside_a_file_is_not_run(tiny, tmp_path):
    (tmp_path / "other.py").write_text("raise OSError('this is another file')")
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    beside = cache_from_source(str(tiny))
    py_compile.compile(str(tmp_path / "other.py"), beside, invalidation_mode=unchecked)
    load_model(f"{tiny}:tiny")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("nothing", "no function 'nothing'"),
        ("bad_preset", "'imagnet' is unknown"),
        ("bad_key", "key 'classes'"),
        ("not_a_module", "returned int"),
        ("fails", "RuntimeError: no luck"),
    ],
)
def test_bad_functions(tiny, function, words):
    with pytest.raises(ModelError, match=words) as caught:
        load_model(f"{tiny}:{function}")
    assert str(tiny) in str(caught.value)


SCRIPTS = {
    "ends": "import sys; sys.exit(0)",
    "reads arguments": """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, required=True)
options = parser.parse_args()
""",
    "says why": "raise SystemExit('no data here')",
}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_file_cannot_end_the_program(tmp_path, kind, capsys):
    path = tmp_path / "script.py"
    path.write_text(f"{SCRIPTS[kind]}\ndef net(): pass\n")
    why = ": no data here" if kind == "says why" else ""
    words = rf"script\.py ended the program \(SystemExit{why}\) while it was imported: put"
    for load in (load_model, load_pair_model):
        with pytest.raises(ModelError, match=words):
            load(f"{path}:net")
    assert capsys.readouterr() == ("", "")
    path.write_text("import sys\ndef net(): sys.exit(3)\n")
    with pytest.raises(ModelError, match=r"\(SystemExit\) in net: put"):
        load_model(f"{path}:net")


def test_what_a_file_says_on_the_way_is_shown(tmp_path, capsys):
    (tmp_path / "says.py").write_text(
        "import sys\nfrom torch import nn\nprint('loading', file=sys.stderr)\nkept = sys.stderr\n"
        "def net():\n    print('built', file=kept)\n    return nn.Conv2d(3, 2, 1)\n"
        "def fails(): raise OSError('line one\\nline two')\n"
    )
    load_model(f"{tmp_path / 'says.py'}:net")
    assert capsys.readouterr().err == "loading\nbuilt\n"
    with pytest.raises(ModelError, match="OSError: line one line two"):
        load_model(f"{tmp_path / 'says.py'}:fails")


def test_a_file_that_imports_torchvision_gets_its_operators(tmp_path, monkeypatch):
    monkeypatch.setattr(from_torchvision, "_libraries", [])
    monkeypatch.setattr(torch.library, "Library", lambda *_: SimpleNamespace(define=list))
    (tmp_path / "net.py").write_text(
        "from torch import nn\nfrom andornot.models import from_torchvision\n"
        "if not from_torchvision._libraries:\n    try:\n"
        "        raise RuntimeError('operator torchvision::nms does not exist')\n"
        "    except RuntimeError as error:\n"
        "        raise ImportError('Could not import ViT') from error\n"
        "def net(): return nn.Conv2d(3, 2, 1)\n"
    )
    assert isinstance(load_model(f"{tmp_path / 'net.py'}:net").module, nn.Conv2d)


def test_a_torchvision_that_cannot_be_imported_is_a_sentence(monkeypatch):
    def breaks() -> None:
        raise RuntimeError("compiled with different CUDA versions")

    monkeypatch.setattr(from_torchvision, "_import", breaks)
    with pytest.raises(ModelError, match=r"cannot be imported .*CUDA versions.*: install the one"):
        from_torchvision.import_torchvision.__wrapped__()


EMPTY = """
import torch
from torch import nn

def lazy():
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2))

def meta():
    with torch.device("meta"):
        return nn.Linear(3, 2)

def scripted():
    return torch.jit.script(nn.Sequential(nn.Linear(3, 2)))

def traced():
    return torch.jit.trace(nn.Sequential(nn.Linear(3, 2)), torch.zeros(1, 3))
"""


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("lazy", r"lazy modules without weights \(0\.weight has no shape yet\): run one batch"),
        ("meta", r"has no weights \(weight is on the meta device"),
        ("scripted", r"TorchScript module .* takes no hooks.*: give the Python class"),
        ("traced", r"TorchScript module .* takes no hooks.*: give the Python class"),
    ],
)
@pytest.mark.parametrize("weights", [None, "random:0"])
def test_networks_without_weights_or_hooks(tmp_path, function, words, weights):
    (tmp_path / "empty.py").write_text(EMPTY)
    with pytest.raises(ModelError, match=words):
        load_model(f"{tmp_path / 'empty.py'}:{function}", weights)


def test_bad_files(tmp_path):
    with pytest.raises(ModelError, match=r"none\.py does not exist"):
        load_model(f"{tmp_path / 'none.py'}:f")
    (tmp_path / "broken.py").write_text("def f(:\n")
    with pytest.raises(ModelError, match="SyntaxError"):
        load_model(f"{tmp_path / 'broken.py'}:f")


@pytest.mark.parametrize("spec", ["resnet18", "torchvision:", "hf:", "model.py", ":f", ""])
def test_specs_that_mean_nothing(spec):
    with pytest.raises(ModelError, match=r"write torchvision:NAME, hf:DIRECTORY or"):
        load_model(spec)


def test_without_torch_there_is_advice():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import andornot.models\n"
        "assert 'numpy' not in sys.modules\n"
        "try: andornot.models.load_model\n"
        "except andornot.errors.ModelError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert install("torch") in done.stdout


# torchvision


@pytest.fixture(scope="module")
def torchvision():
    if find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    return import_torchvision()


def test_random_torchvision_models_say_so(torchvision):
    loaded = load_model("torchvision:squeezenet1_1")
    assert "random" in loaded.notes[0]
    assert loaded.preprocessing == Preprocessing.preset("imagenet")
    assert len(loaded.class_names) == 1000


def test_the_number_of_classes_comes_from_the_weights(torchvision, tmp_path):
    trained = torchvision.models.shufflenet_v2_x0_5(num_classes=7)
    torch.save({"state_dict": trained.state_dict()}, tmp_path / "w.pt")
    loaded: Any = load_model("torchvision:shufflenet_v2_x0_5", tmp_path / "w.pt")
    assert loaded.module.fc.out_features == 7
    assert loaded.class_names is None
    assert loaded.notes == ()
    assert torch.equal(loaded.module.fc.weight, trained.fc.weight)


def test_weights_for_another_torchvision_model(torchvision, tmp_path):
    torch.save(torchvision.models.shufflenet_v2_x0_5().state_dict(), tmp_path / "w.pt")
    with pytest.raises(ModelError, match="for another model"):
        load_model("torchvision:squeezenet1_1", tmp_path / "w.pt")
    with pytest.raises(ModelError, match="for another model"):
        load_model("torchvision:shufflenet_v2_x1_0", tmp_path / "w.pt")


def test_unknown_torchvision_models_get_close_matches(torchvision):
    with pytest.raises(ModelError, match="resnet18"):
        load_model("torchvision:resnet81")
    with pytest.raises(ModelError, match="no image classifier"):
        load_model("torchvision:fcn_resnet50")


def test_vision_transformer_of_torchvision(torchvision):
    module = torchvision.models.VisionTransformer(
        image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=16
    )
    with Recorder(module, ["encoder.layers.encoder_layer_1"]) as recorder:
        got = recorder.record(torch.zeros(2, 3, 32, 32))
    assert got.activations["encoder.layers.encoder_layer_1"].shape == (2, 8, 4, 4)


def test_swin_maps_are_read_channels_last(torchvision):
    module = torchvision.models.SwinTransformer([4, 4], 8, [1, 1], [1, 1], [2, 2])
    found = {info.path: info for info in list_layers(module, torch.zeros(1, 3, 32, 32))}
    assert (found["features.1"].units, found["features.1"].grid) == (8, (8, 8))


# transformers


@pytest.fixture(scope="module")
def vit(tmp_path_factory) -> Path:
    if find_spec("transformers") is None:
        pytest.skip("transformers is not installed")
    transformers = import_transformers()
    directory = tmp_path_factory.mktemp("vit")
    config = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=32,
        patch_size=8,
        id2label={0: "a", 1: "b", 2: "c"},
        label2id={"a": 0, "b": 1, "c": 2},
    )
    torch.manual_seed(0)
    with quiet(transformers):
        transformers.ViTForImageClassification(config).save_pretrained(directory)
    settings = {"size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "resample": 3}
    settings |= {"image_std": [0.25] * 3, "do_normalize": True, "rescale_factor": 1 / 255}
    (directory / "preprocessor_config.json").write_text(json.dumps(settings))
    return directory


def test_transformers_directory(vit, capfd):
    loaded = load_model(f"hf:{vit}")
    assert capfd.readouterr() == ("", "")
    assert loaded.class_names == ("a", "b", "c")
    assert loaded.notes == ()
    assert loaded.preprocessing == Preprocessing(32, 32, (0.5,) * 3, (0.25,) * 3, "bicubic")
    batch = torch.randn(3, 3, 32, 32)
    layers = {info.path: info for info in list_layers(loaded.module, batch[:1])}
    assert layers["vit"].kind == "tokens"
    assert (layers["vit.layernorm"].units, layers["vit.layernorm"].grid) == (16, (4, 4))
    with Recorder(loaded.module, ["vit.layernorm"]) as recorder:
        got = recorder.record(batch)
    with torch.no_grad():
        body: Any = loaded.module.vit
        hidden = body(batch).last_hidden_state
        logits = loaded.module(batch).logits
    want = hidden[:, 1:].reshape(3, 4, 4, 16).permute(0, 3, 1, 2)
    np.testing.assert_allclose(got.activations["vit.layernorm"], want, atol=1e-5)
    np.testing.assert_allclose(got.logits, logits, atol=1e-5)


def test_transformers_with_weights_from_a_file(vit, tmp_path):
    state = {k: v + 1 for k, v in load_model(f"hf:{vit}").module.state_dict().items()}
    torch.save(state, tmp_path / "w.pt")
    loaded: Any = load_model(f"hf:{vit}", tmp_path / "w.pt")
    assert torch.equal(loaded.module.classifier.bias, state["classifier.bias"])


def test_random_weights_of_transformers_are_noted(vit, tmp_path):
    state = load_model(f"hf:{vit}").module.state_dict()
    save_file(
        {k: v for k, v in state.items() if "classifier" not in k},
        tmp_path / "model.safetensors",
        metadata={"format": "pt"},
    )
    (tmp_path / "config.json").write_bytes((vit / "config.json").read_bytes())
    loaded = load_model(f"hf:{tmp_path}")
    assert "2 weights are not in" in loaded.notes[0]
    assert loaded.preprocessing is None


@pytest.fixture(scope="module")
def clip(vit, tmp_path_factory) -> tuple[Path, nn.Module]:
    transformers = import_transformers()
    directory = tmp_path_factory.mktemp("clip")
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 8}
    words = sizes | {"vocab_size": 20, "max_position_embeddings": 8}
    pictures = sizes | {"image_size": 32, "patch_size": 8}
    config = transformers.CLIPConfig(text_config=words, vision_config=pictures, projection_dim=4)
    torch.manual_seed(0)
    with quiet(transformers):
        module = transformers.CLIPModel(config).eval()
        module.save_pretrained(directory)
    settings = json.loads((vit / "preprocessor_config.json").read_text())
    (directory / "processor_config.json").write_text(json.dumps({"image_processor": settings}))
    return directory, module


def test_of_a_model_of_images_and_texts_the_part_for_images_is_taken(clip):
    directory, whole = clip
    loaded = load_model(f"hf:{directory}")
    assert "its part for images, vision_model" in loaded.notes[0]
    assert loaded.preprocessing == Preprocessing(32, 32, (0.5,) * 3, (0.25,) * 3, "bicubic")
    pictures = torch.rand(2, 3, 32, 32)
    assert [info.path for info in list_layers(loaded.module, pictures[:1])][-1] == "post_layernorm"
    with torch.no_grad():
        wanted = whole.vision_model(pictures).last_hidden_state
        assert torch.equal(loaded.module(pictures).last_hidden_state, wanted)
    from_file = load_model(f"hf:{directory}", directory / "model.safetensors")
    assert from_file.fingerprint == loaded.fingerprint


def test_bad_transformers_directories(vit, tmp_path):
    with pytest.raises(ModelError, match=r"no config\.json"):
        load_model(f"hf:{tmp_path}")
    (tmp_path / "config.json").write_text((vit / "config.json").read_text())
    with pytest.raises(ModelError, match="cannot load the model"):
        load_model(f"hf:{tmp_path}")


@pytest.mark.parametrize(
    ("settings", "want"),
    [
        ({"size": 20}, (20, 20, 0.5, 0.2)),
        ({"size": {"shortest_edge": 20}}, (20, 20, 0.5, 0.2)),
        (
            {
                "size": {"shortest_edge": 20},
                "do_center_crop": True,
                "crop_size": {"height": 18, "width": 16},
            },
            (18, 16, 0.5, 0.2),
        ),
        ({"size": 20, "do_normalize": False}, (20, 20, 0, 1)),
        ({"size": 20, "rescale_factor": 2 / 255}, (20, 20, 0.25, 0.1)),
        ({"size": 20, "rescale_factor": 2 / 255, "rescale_offset": True}, (20, 20, 0.75, 0.1)),
        ({"size": 20, "do_rescale": False}, (20, 20, 0.5 / 255, 0.2 / 255)),
        ({"size": 20, "do_flip_channel_order": True}, "blue, green, red"),
        ({}, "size"),
        ({"size": {"longest_edge": 20}}, "height is None"),
    ],
)
def test_preprocessing_of_transformers(tmp_path, settings, want):
    settings = {"image_mean": [0.5] * 3, "image_std": [0.2] * 3} | settings
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    if isinstance(want, str):
        with pytest.raises(ModelError, match=want):
            read_preprocessing(tmp_path)
        return
    got = read_preprocessing(tmp_path)
    assert (got.height, got.width) == want[:2]
    np.testing.assert_allclose([got.mean, got.std], [[want[2]] * 3, [want[3]] * 3], atol=1e-12)


# heads


def test_head_weights_right_after_the_layer():
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    net = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(4, 2))
    found, head = head_weights(net, "0", 4), cast(Any, net[4])
    assert found.path == "4"
    np.testing.assert_array_equal(found.weight, head.weight.detach().numpy())
    assert head_weights(net, "0.1", 4).path == "4"
    convolution = nn.Sequential(body, nn.Conv2d(4, 6, 1), nn.ReLU())
    assert head_weights(convolution, "0", 4).weight.shape == (6, 4)


@pytest.mark.parametrize(
    "after",
    [
        (nn.Linear(4, 4), nn.Linear(4, 2)),
        (nn.BatchNorm2d(4), nn.Linear(4, 2)),
        (nn.Linear(36, 2),),
        (nn.Conv2d(4, 4, 3),),
        (nn.Conv2d(4, 4, 1, groups=2),),
        (nn.BatchNorm2d(4),),
        (),
    ],
)
def test_no_head_weights_where_units_do_not_lead_straight_to_classes(after):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), *after)
    assert head_weights(net, "0", 4) is None
