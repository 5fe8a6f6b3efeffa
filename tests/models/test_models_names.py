"""Weights whose names wrappers, frames and older versions changed: do they arrive?"""

import pickle
import re
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file, save_model
from torch import nn
from torch.optim.swa_utils import AveragedModel

from andornot.errors import ModelError
from andornot.models import load_model
from andornot.models.from_torchvision import import_torchvision
from andornot.models.weights import load_file, load_weights, read_state_dict
from andornot.specs import absolute

PATH = Path("w.pt")
PICTURES = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    """A body and a head, with names in two levels."""

    def __init__(self, seed: int = 0, classes: int = 3) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.head = nn.Linear(4, classes)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


def answers(net: nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return net.eval()(PICTURES)


def renamed(state, pattern: str, by: str) -> dict:
    return {re.sub(pattern, by, name): value for name, value in state.items()}


def in_part(wrap) -> nn.Module:
    net = Net(1)
    net.body = wrap(net.body)
    return net


LAYOUTS = {
    "all in parallel": lambda: nn.DataParallel(Net(1)).state_dict(),
    "a part in parallel": lambda: in_part(nn.DataParallel).state_dict(),
    "a compiled part": lambda: renamed(Net(1).state_dict(), r"^body\.", "body._orig_mod."),
    "a compiled part inside": lambda: renamed(Net(1).state_dict(), r"^body\.0", "body._orig_mod.0"),
    "averaged": lambda: AveragedModel(Net(1)).state_dict(),
    "averaged, in parallel": lambda: nn.DataParallel(AveragedModel(Net(1))).state_dict(),
    "lightning": lambda: {"state_dict": renamed(Net(1).state_dict(), "^", "model."), "epoch": 1},
    "a prefix of two": lambda: renamed(Net(1).state_dict(), "^", "student.net."),
    "compiled in lightning": lambda: renamed(Net(1).state_dict(), "^", "net._orig_mod."),
    "averaged in lightning": lambda: renamed(AveragedModel(Net(1)).state_dict(), "^", "ema."),
    "half": lambda: {n: v.half() for n, v in nn.DataParallel(Net(1)).state_dict().items()},
}
PREFIXES = {
    "lightning": "'model.'",
    "a prefix of two": "'student.net.'",
    "compiled in lightning": "'net.'",
    "averaged in lightning": "'ema.'",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_wrapped_weights_arrive(layout, tmp_path):
    torch.save(LAYOUTS[layout](), tmp_path / "w.pt")
    net = Net()
    notes = load_file(net, tmp_path / "w.pt")
    torch.testing.assert_close(
        answers(net), answers(Net(1)), atol=1e-3 * (layout == "half"), rtol=0
    )
    assert len(notes) == (layout in PREFIXES)
    assert all(PREFIXES[layout] in note for note in notes)


@pytest.mark.parametrize("wrap", [nn.DataParallel, AveragedModel])
def test_the_network_may_be_wrapped_and_the_weights_not(wrap):
    net = wrap(Net())
    assert load_weights(net, Net(1).state_dict(), PATH) == ()
    assert torch.equal(answers(net.module), answers(Net(1)))


def test_the_network_may_have_the_prefix():
    net = nn.ModuleDict({"inner": Net()})
    (note,) = load_weights(net, Net(1).state_dict(), PATH)
    assert "lack the network's 'inner.'" in note
    assert torch.equal(answers(net["inner"]), answers(Net(1)))


def test_a_part_that_is_called_module_is_no_wrapper():
    net, trained = (nn.ModuleDict({"module": Net(s), "other": Net(s + 1)}) for s in (0, 2))
    load_weights(net, trained.state_dict(), PATH)
    assert torch.equal(answers(net["module"]), answers(Net(2)))
    assert torch.equal(answers(net["other"]), answers(Net(3)))


MISFITS = {
    "another name": (
        lambda: renamed(Net(1).state_dict(), "head", "fc"),
        "2 missing (head.weight, ",
    ),
    "one too many": (
        lambda: renamed(Net(1).state_dict(), "^", "model.") | {"model.x": torch.ones(1)},
        "0 missing (none) and 1 unexpected (x)",
    ),
    "another shape": (
        lambda: (
            renamed(Net(1).state_dict(), "^", "model.")
            | {"model.body.0.weight": torch.ones(4, 3, 1, 1)}
        ),
        "body.0.weight is (4, 3, 1, 1) in the file and (4, 3, 3, 3) in the model",
    ),
    "two prefixes": (
        lambda: renamed(Net(1).state_dict(), "^", "a.") | renamed(Net(2).state_dict(), "^", "b."),
        "the names under 'a' or 'b' would fit, so give w.pt#a",
    ),
    "a loss beside it": (
        lambda: renamed(Net(1).state_dict(), "^", "model.") | {"loss.weight": torch.ones(3)},
        "the names under 'model' would fit, so give w.pt#model",
    ),
    "other classes": (
        lambda: renamed(Net(1, 5).state_dict(), "^", "model."),
        "they have 5, the model has 3",
    ),
}


@pytest.mark.parametrize("kind", MISFITS)
def test_weights_that_do_not_fit_are_refused_and_change_nothing(kind):
    make, words = MISFITS[kind]
    net = Net()
    with pytest.raises(ModelError, match=re.escape(words)) as caught:
        load_weights(net, make(), PATH)
    assert "\n" not in str(caught.value)
    assert torch.equal(answers(net), answers(Net()))


class Silent(Net):
    """Loads in its own way, and answers nothing."""

    def state_dict(self):  # type: ignore[override]
        return super().state_dict()

    def load_state_dict(self, state, strict=True):  # type: ignore[override]
        super().load_state_dict(state, strict)


def test_networks_with_a_loader_of_their_own():
    net = Silent()
    load_weights(net, renamed(Net(1).state_dict(), "^", "model."), PATH)
    assert torch.equal(answers(net), answers(Net(1)))
    with pytest.raises(ModelError, match=r"1 missing \(head.bias\) and 0 unexpected"):
        load_weights(net, {n: v for n, v in Net().state_dict().items() if n != "head.bias"}, PATH)


# several sets in a file


def averaged_and_plain(path: Path) -> Path:
    sets = {"model": Net(1).state_dict(), "model_ema": AveragedModel(Net(2)).state_dict()}
    torch.save(sets | {"optimizer": {"state": {0: {"exp_avg": torch.ones(2, 2)}}}}, path)
    return path


def test_of_several_sets_the_usual_one_is_taken_and_said(tmp_path):
    path = averaged_and_plain(tmp_path / "w.pt")
    net = Net()
    assert load_file(net, path) == (
        f"Of the weights in {path} those under 'model' were taken; it also holds model_ema, to be "
        f"taken with {path}#model_ema.",
    )
    assert torch.equal(answers(net), answers(Net(1)))


def test_another_set_is_taken_by_its_name(tmp_path):
    net = Net()
    assert load_file(net, f"{averaged_and_plain(tmp_path / 'w.pt')}#model_ema") == ()
    assert torch.equal(answers(net), answers(Net(2)))


@pytest.mark.parametrize("name", ["a#b.pt", "a#model_ema"])
def test_a_file_may_have_the_sign_in_its_name(tmp_path, name):
    path = averaged_and_plain(tmp_path / name)
    assert torch.equal(read_state_dict(path)["head.bias"], Net(1).head.bias)
    assert torch.equal(read_state_dict(f"{path}#model_ema")["head.bias"], Net(2).head.bias)
    assert absolute(f"{path}#model_ema") == f"{path.resolve()}#model_ema"


def test_a_part_of_all_names_is_a_set_too(tmp_path):
    path = tmp_path / "w.safetensors"
    both = renamed(Net(1).state_dict(), "^", "student.") | renamed(Net(2).state_dict(), "^", "t.x.")
    save_file(both, path)
    for part, seed in (("student", 1), ("t.x", 2), ("t", 2)):
        net = Net()
        load_file(net, f"{path}#{part}")
        assert torch.equal(answers(net), answers(Net(seed)))


def test_what_advice_names_can_be_given(tmp_path):
    """Contrastive checkpoints hold two encoders, each name behind a wrapper's ``module.``."""
    net, other = Net(2), Net(3)
    state = {f"module.encoder_q.{n}": v for n, v in other.state_dict().items()}
    state |= {f"module.encoder_k.{n}": v for n, v in other.state_dict().items()}
    torch.save({"state_dict": state | {"module.queue": torch.zeros(3)}}, tmp_path / "moco.pt")
    with pytest.raises(ModelError, match=r"so give .*moco\.pt#encoder_q\.") as caught:
        load_file(net, tmp_path / "moco.pt")
    advised = re.search(r"give (\S+)\.$", str(caught.value))[1]
    load_file(net, advised)
    assert torch.equal(net.state_dict()["head.bias"], other.state_dict()["head.bias"])


def test_sets_of_unusual_names(tmp_path):
    torch.save({"ema": Net(1).state_dict(), "rng": torch.ones(3)}, tmp_path / "one.pt")
    assert torch.equal(read_state_dict(tmp_path / "one.pt")["head.bias"], Net(1).head.bias)
    torch.save({"gen": Net(1).state_dict(), "dis": Net(2).state_dict()}, tmp_path / "two.pt")
    with pytest.raises(
        ModelError, match=r"2 sets of weights \(gen, dis\): say which, as in .*#gen"
    ):
        read_state_dict(tmp_path / "two.pt")
    torch.save({"state_dict": {"dis": Net(2).state_dict()}}, tmp_path / "deep.pt")
    with pytest.raises(ModelError, match=r"has no part 'head': take one of gen, dis\."):
        read_state_dict(f"{tmp_path / 'two.pt'}#head")  # both have it
    assert set(read_state_dict(f"{tmp_path / 'two.pt'}#dis.head")) == {"weight", "bias"}
    found = read_state_dict(f"{tmp_path / 'deep.pt'}#state_dict.dis")
    assert torch.equal(found["head.bias"], Net(2).head.bias)
    with pytest.raises(ModelError, match=r"has no part 'gan': take one of gen, dis\."):
        read_state_dict(f"{tmp_path / 'two.pt'}#gan")


def test_a_run_finds_the_set_again(tmp_path, monkeypatch):
    (tmp_path / "net.py").write_text(
        "from torch import nn\ndef net(): return nn.Sequential(nn.Conv2d(3, 2, 1))\n"
    )
    states = [nn.Sequential(nn.Conv2d(3, 2, 1)).state_dict() for _ in range(2)]
    torch.save({"model": states[0], "ema": states[1]}, tmp_path / "w.pt")
    monkeypatch.chdir(tmp_path)
    loaded: Any = load_model("net.py:net", "w.pt#ema")
    assert torch.equal(loaded.module[0].weight, states[1]["0.weight"])
    monkeypatch.chdir("/")
    again = load_model(absolute("net.py:net") and f"{tmp_path}/net.py:net", f"{tmp_path}/w.pt#ema")
    assert again.fingerprint == loaded.fingerprint


# names of before


def test_the_networks_own_hooks_know_old_names(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces that its old function will go
        old = nn.Sequential(nn.utils.weight_norm(nn.Conv2d(3, 4, 3)), nn.Flatten())
    torch.save({f"model.{n}": v for n, v in old.state_dict().items()}, tmp_path / "w.pt")
    new = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), nn.Flatten())
    (note,) = load_file(new, tmp_path / "w.pt")
    assert "'model.'" in note
    torch.testing.assert_close(answers(new), answers(old))
    wider = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 5, 3)))
    with pytest.raises(ModelError, match="another model: size mismatch for 0"):
        load_file(wider, tmp_path / "w.pt")


def test_tensors_of_two_names(tmp_path):
    def tied(seed: int) -> Any:
        torch.manual_seed(seed)
        left = nn.Conv2d(3, 4, 1)
        return nn.ModuleDict({"left": left, "right": left, "head": nn.Linear(4, 2)})

    trained, net = tied(1), tied(0)
    save_model(trained, tmp_path / "w.safetensors")
    load_file(net, tmp_path / "w.safetensors")
    assert torch.equal(net["right"].weight, trained["left"].weight)
    assert torch.equal(net["head"].weight, trained["head"].weight)
    apart = trained.state_dict() | {"right.bias": torch.zeros(4)}
    with pytest.raises(ModelError, match=r"left\.bias and right\.bias differ, but are one tensor"):
        load_weights(net, apart, PATH)
    untied = nn.ModuleDict({n: nn.Conv2d(3, 4, 1) for n in ("left", "right")})
    with pytest.raises(ModelError, match=r"2 missing \(right"):
        load_weights(untied, {f"left.{n}": v for n, v in left_of(trained).items()}, PATH)


def left_of(net: Any) -> dict:
    return net["left"].state_dict()


def test_lazy_networks_take_their_shapes_from_weights(tmp_path):
    lazy = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2))
    trained = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 14 * 14, 2))
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    load_file(lazy, tmp_path / "w.pt")
    assert torch.equal(answers(lazy), answers(trained))


def test_scripts_are_no_weights_files(tmp_path):
    path = tmp_path / "w.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions of torch advise against it
        torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3))).save(path)
    with pytest.raises(ModelError, match=r"TorchScript archive: convert it once with torch\.save"):
        read_state_dict(path)


# torchvision's


@pytest.fixture(scope="module")
def torchvision():
    if find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    return import_torchvision()


def test_old_names_of_densenets(torchvision, tmp_path):
    make = torchvision.models.DenseNet
    sizes = {"growth_rate": 4, "block_config": (2, 1), "num_init_features": 8, "num_classes": 3}
    trained, net = make(**sizes), make(**sizes)
    old = renamed(trained.state_dict(), r"(denselayer\d\.)(norm|conv)(\d)", r"\1\2.\3")
    old = {f"module.{name}": v for name, v in old.items() if "num_batches" not in name}
    torch.save({"state_dict": old, "arch": "densenet"}, tmp_path / "w.pth.tar")
    pictures = torch.rand(1, 3, 32, 32)
    assert load_file(net, tmp_path / "w.pth.tar") == ()
    with torch.no_grad():
        assert torch.equal(net.eval()(pictures), trained.eval()(pictures))


def test_old_names_of_vision_transformers(torchvision, tmp_path):
    make = torchvision.models.VisionTransformer
    trained, net = (make(16, 8, 2, 2, 8, 6) for _ in range(2))
    nn.init.normal_(trained.heads.head.weight)
    old = renamed(trained.state_dict(), r"mlp\.0", "mlp.linear_1")
    torch.save(renamed(old, r"mlp\.3", "mlp.linear_2"), tmp_path / "w.pt")
    assert load_file(net, tmp_path / "w.pt") == ()
    assert torch.equal(answers(net), answers(trained))


def test_hooks_that_insist_on_a_version(torchvision, tmp_path):
    trained = torchvision.models.MNASNet(0.1, num_classes=3)
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    save_file(trained.state_dict(), tmp_path / "w.safetensors")  # these hold no versions
    for name in ("w.pt", "w.safetensors"):
        net = torchvision.models.MNASNet(0.1, num_classes=3)
        load_file(net, tmp_path / name)
        assert torch.equal(net.classifier[1].weight, trained.classifier[1].weight)


def test_features_in_parallel_and_other_classes(torchvision, tmp_path):
    trained = torchvision.models.squeezenet1_1(num_classes=7)
    state = renamed(trained.state_dict(), r"^features\.", "features.module.")
    torch.save({"arch": "squeezenet", "state_dict": state}, tmp_path / "w.pth.tar")
    loaded = load_model("torchvision:squeezenet1_1", tmp_path / "w.pth.tar")
    pictures = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(loaded.module(pictures), trained.eval()(pictures))
    assert loaded.notes == ()


def test_other_classes_go_to_another_process(torchvision, tmp_path):
    trained = torchvision.models.shufflenet_v2_x0_5(num_classes=7)
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    loaded = load_model("torchvision:shufflenet_v2_x0_5", tmp_path / "w.pt")
    there = pickle.loads(pickle.dumps(loaded))
    assert torch.equal(there.module.fc.weight, trained.fc.weight)
    assert (there.fingerprint, there.weights) == (loaded.fingerprint, loaded.weights)


def test_side_heads_that_the_file_lacks(torchvision, tmp_path, monkeypatch):
    monkeypatch.setattr(nn.init, "trunc_normal_", lambda tensor, **_: tensor)  # it takes seconds
    trained = torchvision.models.googlenet(num_classes=4, init_weights=False, aux_logits=False)
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    loaded: Any = load_model("torchvision:googlenet", tmp_path / "w.pt")
    assert torch.equal(loaded.module.fc.weight, trained.fc.weight)


def test_networks_that_compute_their_widths_with_tensors(torchvision, tmp_path):
    trained = torchvision.models.regnet_y_400mf(num_classes=3)
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    loaded: Any = load_model("torchvision:regnet_y_400mf", tmp_path / "w.pt")
    assert torch.equal(loaded.module.fc.weight, trained.fc.weight)
