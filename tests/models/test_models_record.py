"""Layers and recordings of small networks, against the plainest forward pass."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from andornot.errors import ModelError, OptionError
from andornot.models import Recorder, list_layers
from andornot.models.shapes import first_tensor, unit_map


class Net(nn.Module):
    """Convolution, in-place ReLU used twice, pooling and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(4, 5, 3, stride=2, padding=1)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(5, 2)
        self.unused = nn.Linear(1, 1)
        self.head_runs = 0
        self.fail = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(self.conv2(self.relu(self.conv1(x))))
        self.head_runs += 1
        if self.fail:
            raise ValueError("on\npurpose")
        return self.head(self.drop(x).mean((2, 3)))


@pytest.fixture
def net() -> Net:
    torch.manual_seed(1)
    return Net()


@pytest.fixture
def batch() -> torch.Tensor:
    return torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(2))


def hooks(module: nn.Module) -> int:
    return sum(len(part._forward_hooks) for part in module.modules())


def test_layers_are_listed_as_they_run(net, batch):
    found = {info.path: info for info in list_layers(net, batch[:1])}
    assert list(found) == ["conv1", "relu", "conv2", "drop", "head"]
    assert found["conv2"].type == "Conv2d"
    assert found["conv2"].shape == (1, 5, 4, 4)
    assert (found["conv2"].kind, found["conv2"].units, found["conv2"].grid) == ("maps", 5, (4, 4))
    assert found["relu"].shape == (1, 5, 4, 4)  # its last use
    assert (found["head"].kind, found["head"].units, found["head"].grid) == ("vector", 2, (1, 1))
    assert hooks(net) == 0
    assert net.training


def test_recordings_equal_a_plain_forward_pass(net, batch):
    with Recorder(net, ["conv1", "relu", "head"], device="cpu") as recorder:
        got = recorder.record(batch)
    net.eval()
    with torch.no_grad():
        conv1 = net.conv1(batch)  # negative values too: the in-place ReLU has not touched them
        relu = torch.relu(net.conv2(torch.relu(conv1)))
        logits = net.head(relu.mean((2, 3)))
    assert conv1.min() < 0
    np.testing.assert_array_equal(got.activations["conv1"], conv1.numpy())
    np.testing.assert_array_equal(got.activations["relu"], relu.numpy())
    np.testing.assert_array_equal(got.activations["head"], logits.numpy()[:, :, None, None])
    np.testing.assert_array_equal(got.logits, logits.numpy())
    for array in got.activations.values():
        assert array.dtype == np.float32
        assert array.flags.c_contiguous


def test_recordings_stay_as_they_were(net, batch):
    with Recorder(net, ["conv1"]) as recorder:
        first = recorder.record(batch).activations["conv1"]
        kept = first.copy()
        recorder.record(batch + 1)
    np.testing.assert_array_equal(first, kept)


def test_forward_stops_after_the_last_wanted_layer(net, batch):
    with Recorder(net, ["conv1", "relu"], logits=False) as recorder:
        first = recorder.record(batch)
        runs = net.head_runs
        second = recorder.record(batch)
    assert (runs, net.head_runs) == (1, 1)  # the first batch runs through, later ones do not
    assert second.logits is None
    np.testing.assert_array_equal(first.activations["relu"], second.activations["relu"])


def test_everything_is_as_before_afterwards(net, batch):
    net.conv1.eval()
    modes = {path: part.training for path, part in net.named_modules()}
    with Recorder(net, ["conv1", "head"]) as recorder:
        assert not net.training
        recorder.record(batch)
        assert hooks(net) == 2
    assert hooks(net) == 0
    assert {path: part.training for path, part in net.named_modules()} == modes


@pytest.mark.parametrize(
    ("forward", "words"),
    [
        (lambda _self, x, *, mask: x * mask, "by position and nothing else: wrap it"),
        (lambda self, x: self[0](x.half()), "check size and number of channels of its input, and"),
    ],
)
def test_advice_on_a_network_that_fails_fits_the_failure(batch, forward, words):
    kind = type("Net", (nn.Sequential,), {"forward": forward})
    with pytest.raises(ModelError, match=words):
        list_layers(kind(nn.Conv2d(3, 2, 1)), batch)


def test_a_network_in_half_precision_is_listed_as_it_is_recorded(batch):
    net = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU()).half()
    assert [layer.path for layer in list_layers(net, batch[:1])] == ["0", "1"]
    with Recorder(net, ["1"]) as recorder:
        assert recorder.record(batch).activations["1"].dtype == np.float32


class Giving(nn.Module):
    def __init__(self, give) -> None:
        super().__init__()
        self.give = give

    def forward(self, x):
        return self.give(x)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning")
def test_sparse_and_quantized_outputs_are_read_as_what_they_stand_for(batch):
    def quantized(x):  # torch will give this up, and then this half of the test goes
        return torch.quantize_per_tensor(x, 0.1, 10, torch.quint8)

    for give in (torch.Tensor.to_sparse, quantized):
        with Recorder(nn.Sequential(Giving(torch.round), Giving(give)), ["1"]) as recorder:
            found = recorder.record(batch).activations["1"]
        given = give(batch.round())
        dense = given.dequantize() if given.is_quantized else given.to_dense()
        np.testing.assert_array_equal(found, dense.numpy())


def test_complex_numbers_are_no_activations(batch):
    net = nn.Sequential(Giving(torch.fft.fft2), Giving(torch.abs))
    assert [layer.path for layer in list_layers(net, batch)] == ["1"]
    with Recorder(net, ["1"]) as recorder:
        assert recorder.record(batch).activations["1"].dtype == np.float32
    with pytest.raises(ModelError, match="gives complex numbers"), Recorder(net, ["0"]) as recorder:
        recorder.record(batch)
    with Recorder(nn.Sequential(nn.Flatten(), Giving(torch.fft.fft)), ["0"]) as recorder:
        assert recorder.record(batch).logits is None


def test_hooks_go_when_the_model_fails(net, batch):
    net.fail = True
    with (
        pytest.raises(ModelError, match=r"shape \(6, 3, 8, 8\): ValueError: on purpose"),
        Recorder(net, ["conv1"]) as recorder,
    ):
        recorder.record(batch)
    assert hooks(net) == 0
    assert net.training


def test_a_recorder_goes_on_after_a_failed_batch(net, batch):
    with Recorder(net, ["relu"], logits=False) as recorder:
        with pytest.raises(ModelError):
            recorder.record(batch[:, :2])
        assert recorder.record(batch).activations["relu"].shape == (6, 5, 4, 4)


def test_unknown_layers_get_close_matches(net):
    with pytest.raises(ModelError, match=r"no layer 'conv3'; did you mean 'conv2' or 'conv1'"):
        Recorder(net, ["conv3"])
    with pytest.raises(ModelError, match="no layer ''"):
        Recorder(net, [""])


def test_a_shared_module_has_all_its_names(batch):
    relu = nn.ReLU()
    net = nn.Sequential(nn.Conv2d(3, 2, 1), relu, nn.Conv2d(2, 2, 1), relu)
    with Recorder(net, ["1", "3"]) as recorder:
        got = recorder.record(batch).activations
    np.testing.assert_array_equal(got["1"], got["3"])


def test_a_layer_that_does_not_run(net, batch):
    with (
        Recorder(net, ["unused"]) as recorder,
        pytest.raises(ModelError, match="'unused' gave no tensor"),
    ):
        recorder.record(batch)


def test_unknown_device(net):
    with pytest.raises(OptionError, match="'abacus'"):
        Recorder(net, ["conv1"], device="abacus")


def test_half_precision_models_get_half_precision_input(net, batch):
    net.to(torch.bfloat16)
    with Recorder(net, ["relu"]) as recorder:
        got = recorder.record(batch)
    assert got.activations["relu"].dtype == np.float32
    assert got.logits.dtype == np.float32


class Odd(nn.Module):
    """Returns what it is told to."""

    def __init__(self, make) -> None:
        super().__init__()
        self.make = make

    def forward(self, x):
        return self.make(x)


@pytest.mark.parametrize(
    ("make", "want"),
    [
        (lambda x: (x, x[:, :1]), lambda x: x),
        (lambda x: [None, (x,)], lambda x: x),
        (lambda x: {"a": None, "b": x}, lambda x: x),
        (lambda x: {"a": x, "last_hidden_state": x[:, :2]}, lambda x: x[:, :2]),
        (lambda x: x.permute(0, 2, 3, 1), lambda x: x),
        (lambda x: x.flatten(2).transpose(1, 2), lambda x: x),
        (lambda x: x.mean((2, 3)), lambda x: x.mean((2, 3), keepdim=True)),
        (lambda x: x.contiguous(memory_format=torch.channels_last), lambda x: x),
    ],
)
def test_outputs_of_many_forms(make, want, batch):
    with Recorder(nn.Sequential(Odd(make)), ["0"]) as recorder:
        got = recorder.record(batch).activations["0"]
    np.testing.assert_array_equal(got, want(batch).numpy())
    assert got.flags.c_contiguous


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: "text", "gave no tensor"),
        (lambda x: x[None], "first dimension must be the images"),
        (lambda x: x.sum(), "first dimension must be the images"),
        (lambda x: x.sum((1, 2, 3)), "no units that can be explained"),
        (lambda x: x[..., None], "no units that can be explained"),
        (lambda x: x.flatten(2).transpose(1, 2)[:, :40], "40 tokens"),
    ],
)
def test_outputs_that_cannot_be_used(make, words, batch):
    with (
        Recorder(nn.Sequential(Odd(make)), ["0"]) as recorder,
        pytest.raises(ModelError, match=words),
    ):
        recorder.record(batch)


@pytest.mark.parametrize("prefix", [0, 1, 2, 5])
def test_class_and_register_tokens_are_set_aside(prefix, batch):
    patches = batch.flatten(2).transpose(1, 2)
    special = torch.full((6, prefix, 3), 1e9)
    net = nn.Sequential(Odd(lambda x: torch.cat([special, patches], 1)))
    tokens: Any
    for tokens in ("auto", prefix):
        with Recorder(net, ["0"], tokens=tokens) as recorder:
            got = recorder.record(batch).activations["0"]
        np.testing.assert_array_equal(got, batch.numpy())


def test_token_grids_follow_the_proportions_of_the_image():
    assert unit_map((1, 197, 8), (224, 224)).grid == (14, 14)
    assert unit_map((1, 201, 8), (224, 224)).prefix == 5
    assert unit_map((1, 3136, 8), (224, 224)).grid == (56, 56)
    wide = unit_map((1, 14 * 28 + 1, 8), (224, 448))
    assert (wide.grid, wide.prefix) == ((14, 28), 1)
    assert unit_map((1, 25, 8), (160, 160)).prefix == 0
    assert unit_map((1, 25, 8), (160, 160), tokens=9).grid == (4, 4)
    with pytest.raises(ModelError, match="after 2 leading tokens"):
        unit_map((1, 197, 8), (224, 224), tokens=2)


def test_layout_of_maps():
    assert unit_map((1, 7, 7, 768), (224, 224)).units == 768
    assert unit_map((1, 768, 7, 7), (224, 224)).units == 768
    assert unit_map((1, 7, 7, 7), (224, 224)).channels_last is False
    assert unit_map((1, 7, 7, 768), (224, 224), layout="channels_first").units == 7
    assert unit_map((1, 7, 14, 768), (224, 448), layout="channels_last").grid == (7, 14)


def test_three_axes_that_end_in_one_are_not_tokens_of_one_unit():
    pooled = unit_map((2, 512, 1), (64, 64))  # no grid of patches has 512 to 504 tokens
    assert (pooled.kind, pooled.units, pooled.grid) == ("vector", 512, (1, 1))
    assert unit_map((2, 1, 1), (64, 64)).units == 1
    with pytest.raises(ModelError, match=r"64 units of one place, or one unit .* grid 8x8"):
        unit_map((2, 64, 1), (64, 64))
    units = unit_map((2, 64, 1), (64, 64), layout="channels_first")
    assert (units.units, units.grid) == (64, (1, 1))
    for told in ({"tokens": 0}, {"layout": "channels_last"}, {"layer": nn.Linear(4, 1)}):
        scores = unit_map((2, 64, 1), (64, 64), **told)
        assert (scores.kind, scores.units, scores.grid) == ("tokens", 1, (8, 8))
    assert unit_map((2, 65, 1), (64, 64), tokens=1).grid == (8, 8)


def test_some_layers_say_where_their_units_lie():
    """Whatever the shape looks like: (N, C, L), (N, A, A, C) and back."""
    conv = nn.Conv1d(3, 64, 1)
    for length, grid in ((1, (1, 1)), (16, (4, 4))):
        got = unit_map((2, 64, length), (64, 64), layer=conv)
        assert (got.kind, got.units, got.grid) == ("maps", 64, grid)
    assert unit_map((2, 5, 9, 7), (64, 96), layer=nn.Linear(3, 7)).units == 7
    assert unit_map((2, 8, 8, 4), (64, 64), layer=nn.MaxPool2d(2)).units == 8
    with pytest.raises(ModelError, match="17 tokens"):
        unit_map((2, 64, 17), (64, 64), layer=nn.AdaptiveAvgPool1d(17))


def test_units_of_three_axes_are_recorded_in_order(batch):
    net = nn.Sequential(nn.Flatten(2), nn.Conv1d(3, 4, 1), nn.AdaptiveMaxPool1d(1))
    with Recorder(net, ["1", "2"]) as recorder:
        got = recorder.record(batch).activations
    np.testing.assert_array_equal(got["2"][:, :, 0, 0], got["1"].max((2, 3)))
    assert got["1"].shape == (6, 4, 8, 8)
    listed = {info.path: (info.units, info.grid) for info in list_layers(net, batch[:1])}
    assert (listed["1"], listed["2"]) == ((4, (8, 8)), (4, (1, 1)))


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.flatten(2).permute(2, 0, 1),  # 64 tokens first
        lambda x: x.flatten(2).permute(0, 2, 1).reshape(len(x) * 64, 3),
        lambda x: torch.ones(1, 4, 5),
    ],
)
def test_layers_without_a_row_for_each_image_are_not_listed(make, batch):
    net = nn.Sequential(Odd(lambda x: (make(x), x)[0]), nn.Identity())
    assert list_layers(net, batch[:1]) == []


def test_layers_of_a_network_that_takes_one_image_only(batch):
    net = nn.Sequential(Odd(lambda x: x.reshape(1, 3, 8, 8)), nn.Conv2d(3, 2, 1))
    assert [info.path for info in list_layers(net, batch[:1])] == ["0", "1"]


def test_as_many_tokens_as_images(batch):
    """Tokens come first, as in sequence models, and there are six of them."""
    net = nn.Sequential(Odd(lambda x: x.mean(3)[:, :, :6].permute(2, 0, 1)))
    with (
        Recorder(net, ["0"], tokens=0) as recorder,
        pytest.raises(ModelError, match=r"\(6, 2, 3\) on 2 images, but its first dimension"),
    ):
        recorder.record(batch)


def test_first_tensor_of_nothing():
    assert first_tensor(None) is None
    assert first_tensor(("a", [1, {}])) is None


def test_logits_only_where_there_is_a_row_for_each_image(batch):
    for make, want in [
        (lambda x: x, None),
        (lambda x: {"logits": x[:, :, 0, 0]}, (6, 3)),
        (lambda x: (x[:, :, 0, 0],), None),
        (lambda x: x[:2, :, 0, 0], None),
    ]:
        with Recorder(Odd(make), []) as recorder:
            logits = recorder.record(batch).logits
        assert (None if logits is None else logits.shape) == want


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_cuda_records_the_same(net, batch):
    with Recorder(net, ["relu"], device="cpu") as recorder:
        want = recorder.record(batch)
    with Recorder(net, ["relu"], device="cuda") as recorder:
        got = recorder.record(batch)
    np.testing.assert_allclose(
        got.activations["relu"], want.activations["relu"], rtol=1e-2, atol=1e-3
    )
    assert net.conv1.weight.device.type == "cpu"


class Grid(nn.Module):
    """Keeps what it made in its first pass, as many networks keep positions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.grid: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if self.grid is None:
            self.grid = torch.linspace(0, 1, y.shape[-1])
        with torch.enable_grad():  # some networks look at their own gradients
            return (y * self.grid).mean((2, 3))


@pytest.mark.parametrize("how", ["record", "list"])
def test_a_network_can_be_trained_afterwards(how, batch):
    net = Grid()
    if how == "list":
        list_layers(net, batch[:1])
    else:
        with Recorder(net, ["conv"], device="cpu") as recorder:
            assert recorder.record(batch).logits.shape == (6, 4)
    net(batch).sum().backward()
    assert net.conv.weight.grad is not None


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_parts_that_torchscript_runs(batch):
    net = nn.Sequential(nn.Conv2d(3, 4, 1), torch.jit.script(nn.Sequential(nn.ReLU())))
    assert [info.path for info in list_layers(net, batch[:1])] == ["0"]
    with pytest.raises(ModelError, match="Layer '1' is a TorchScript module"):
        Recorder(net, ["1"])
    for refuses in (lambda m: list_layers(m, batch), lambda m: Recorder(m, ["0"])):
        with pytest.raises(ModelError, match="The model is a TorchScript module"):
            refuses(torch.jit.script(nn.Sequential(nn.ReLU())))


def test_a_single_map_of_the_images_size_is_no_tokens():
    with pytest.raises(ModelError, match=r"\(N, 64, 64\) has the size of the image.*--tokens 0"):
        unit_map((1, 64, 64), (64, 64))
    assert unit_map((1, 64, 64), (64, 64), tokens=0).grid == (8, 8)
    assert unit_map((1, 64, 32), (64, 64)).units == 32
