"""Two passes without a store: the same counts and formulas as with stored activations."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from typing import Any

import pytest

from activation_cases import assert_same
from andornot import AndornotError, Threshold
from andornot.counting.rules import Ranges
from andornot.errors import ModelError, OptionError, RunError
from andornot.probes.recording import Recording
from andornot.runs.run import Run
from andornot.trust.options import TrustOptions

torch = pytest.importorskip("torch", reason="torch is not installed")

import pass_cases  # noqa: E402
import test_dissect_text as text  # noqa: E402
from andornot.pipeline import dissect as dissection  # noqa: E402
from andornot.pipeline import passes  # noqa: E402
from andornot.pipeline import two_passes as twice  # noqa: E402
from andornot.pipeline.steady import note_company  # noqa: E402
from pass_cases import (  # noqa: E402
    LAYERS,
    N_SAMPLES,
    TRIAL,
    TRIAL_CALLS,
    assert_same_run,
    dissect,
    seen,
)
from test_dissect_text import run_with as text_run  # noqa: E402, F401

# ---- whole runs


world, stored = pass_cases.world, pass_cases.stored


@pytest.fixture(scope="module")
def calm(world):
    """The stages of an undisturbed run without a store."""
    return stages_of(dissect(world, "calm", store=False))


def stages_of(run):
    """Names of stages and where they lie, in their order."""
    found = [(name, stage.get("path")) for name, stage in run.manifest["stages"].items()]
    assert all((run.path / path / "stage.json").exists() for _, path in found if path)
    return found


@pytest.fixture
def out(tmp_path):
    return tmp_path / "run"


def test_two_passes_give_what_a_store_gives_for_all_layers_in_one_run(world, stored, out):
    run = dissect(world, out, store=False)
    assert_same_run(stored, run)
    assert seen(world) == 2 * N_SAMPLES + TRIAL
    assert not list(out.rglob("shards"))
    assert run.manifest["store"] is False
    with pytest.raises(RunError, match="kept no activations, which this needs; repeat"):
        run.activations("first")
    again = dissect(world, out, store=False, length=3)
    assert stages_of(again) == stages_of(run)
    assert seen(world) == 0  # all that is needed was found again


@pytest.mark.parametrize(
    "threshold", [Threshold(0.03, resolution="upsampled"), Threshold(None, 0.2)]
)
def test_two_passes_for_other_thresholds(world, out, threshold):
    plain = dissect(world, out / "a", threshold=threshold, layer="second")
    assert_same_run(
        plain, dissect(world, out / "b", threshold=threshold, layer="second", store=False)
    )


def test_a_second_layer_later_costs_only_itself(world, stored, out):
    dissect(world, out, layer="first", store=False)
    seen(world)
    run = dissect(world, out, store=False)
    assert seen(world) == 2 * N_SAMPLES + TRIAL
    assert_same_run(stored, run)


def test_a_store_can_be_added_and_left(world, stored, out):
    dissect(world, out, store=False)
    seen(world)
    run = dissect(world, out)
    assert (
        seen(world) == N_SAMPLES
    )  # the activations, of a network that was tried; the counts were there
    assert_same_run(stored, run)
    assert run.activations("first").n_rows == N_SAMPLES
    assert_same_run(stored, dissect(world, out, store=False))
    assert seen(world) == 0


@pytest.mark.parametrize("batch", [1, 5, 8, 9, 12, 16])
def test_an_interrupted_pass_goes_on_where_it_was(world, stored, calm, out, batch, monkeypatch):
    seen(world)
    monkeypatch.setattr(passes, "_SAVE_SHARE", 0)  # save after every batch
    (world / "fail").write_text(str(TRIAL_CALLS + batch))
    with pytest.raises(ModelError, match=r"at samples .* out of luck"):
        dissect(world, out, store=False)
    before = seen(world)
    assert before == TRIAL + 3 * (batch - 1)
    run = dissect(world, out, store=False)
    assert_same_run(stored, run)
    assert stages_of(run) == calm
    assert before + seen(world) == TRIAL + 2 * N_SAMPLES  # it is not tried again


@pytest.mark.parametrize("step", ["finish_layer", "finish_logits", "save_counts"])
@pytest.mark.parametrize("time", [1, 2])
def test_what_ends_between_the_layers_of_a_pass_is_not_mixed_up(
    world, stored, calm, out, step, time, monkeypatch
):
    """Their numbers stand in the file of the pass, and those that are through are not run again."""
    monkeypatch.setattr(passes, "_SAVE_SHARE", 0)
    times, done = [], getattr(twice, step)

    def stop(*given):
        times.append(1)
        if len(times) == time:
            raise KeyboardInterrupt
        done(*given)

    monkeypatch.setattr(twice, step, stop)
    with contextlib.suppress(KeyboardInterrupt):  # there is only one set of logits
        dissect(world, out, store=False)
    monkeypatch.setattr(twice, step, done)
    run = dissect(world, out, store=False)
    assert_same_run(stored, run)
    assert stages_of(run) == calm


@pytest.mark.parametrize("name", ["responses.npz", "areas.npy", "thresholds.npy"])
def test_counts_that_are_damaged_in_the_same_run_are_made_by_another_pass(
    world, stored, out, name, monkeypatch
):
    spoiled = []

    def spoil(*given):
        if not spoiled:
            spoiled.append(next(out.glob(f"cache/responses_second-*/{name}")))
            spoiled[0].write_bytes(spoiled[0].read_bytes()[:50])
        note_company(*given)

    monkeypatch.setattr(dissection, "note_company", spoil)
    assert_same_run(stored, dissect(world, out, store=False))
    assert spoiled


def test_a_damaged_file_of_an_interrupted_pass_is_left_aside(world, stored, out, monkeypatch):
    monkeypatch.setattr(passes, "_SAVE_SHARE", 0)
    (world / "fail").write_text(str(TRIAL_CALLS + 5))
    with pytest.raises(ModelError):
        dissect(world, out, store=False)
    partial = next(out.rglob("partial.npz"))
    partial.write_bytes(partial.read_bytes()[:100])
    assert_same_run(stored, dissect(world, out, store=False))


def test_a_killed_command_goes_on_where_it_was(world, stored, out):
    from andornot.cli import cli

    options = [
        "explain", "--model", f"{world / 'net.py'}:net", *(f"--layer={name}" for name in LAYERS),
        "--data", f"labelmaps:{world / 'data'}", "--size", "24", "--mean", "0,0,0",
        "--std", "1,1,1", "--quantile", "0.03", "--length", "2", "--batch-size", "3",
        "--device", "cpu", "--no-store", "--memory", "0.1", "--out", str(out), "--quiet",
    ]  # fmt: skip
    seen(world)
    (world / "kill").write_text(str(TRIAL_CALLS + 12))
    killed = subprocess.run([sys.executable, "-m", "andornot", *options], check=False)
    assert killed.returncode == -signal.SIGKILL
    before = seen(world)
    cli.main(options, standalone_mode=False)
    assert_same_run(stored, Run.open(out))
    assert seen(world) < 2 * N_SAMPLES
    assert before == TRIAL + 33


@pytest.mark.parametrize("name", ["responses.npz", "areas.npy", "thresholds.npy", "logits.npy"])
def test_damaged_statistics_are_found_again(world, stored, out, name):
    dissect(world, out, store=False)
    for path in out.rglob(name):
        path.unlink()
    assert_same_run(stored, dissect(world, out, store=False))


def test_memory_is_bounded_by_what_is_allowed(world, out):
    with pytest.raises(OptionError, match=r"need .* GB of memory, more than the 2e-05 GB"):
        dissect(world, out, store=False, memory=2e-5)
    # 24 samples, 24 x 24 values a unit, 6 units: 2 x 415 values of 4 bytes, and 8 bytes a sample
    needed = 6 * (2 * (int(0.03 * 24 * 24 * 24) + 1) * 4 + 8 * 24)
    dissect(world, out, layer="first", store=False, memory=needed / 1e9)
    with pytest.raises(OptionError, match="need"):
        dissect(world, out / "b", layer="first", store=False, memory=(needed - 1) / 1e9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": Ranges(3)}, "ranges look at the activations again"),
        ({"metric": "pearson"}, "correlation looks at the activations again"),
        ({"length": "auto", "trust": TrustOptions()}, "have to be stored"),
        ({"memory": 0}, "memory is 0 GB"),
        ({"units": [99]}, "there is no unit 99 in first; it has units 0 to 5"),
        ({"threshold": Threshold(1e-6)}, "less than one value"),
    ],
)
def test_what_needs_activations_or_cannot_be_is_refused(world, out, options, message):
    with pytest.raises(AndornotError, match=message):
        dissect(world, out, store=False, **options)


@pytest.mark.parametrize("layer", ["counts", "letters"])
def test_pairs_and_their_tokens(text_run, tmp_path, layer, monkeypatch):  # noqa: F811
    stored = text_run(layer=layer, trust=None)
    (tmp_path / "run").rename(tmp_path / "stored")
    stored = type(stored).open(tmp_path / "stored")
    model = text.Counting()
    assert_same_run(stored, text_run(model, layer=layer, store=False))
    assert sum(model.seen) >= 2 * text.N_PAIRS
    assert stored.manifest["layers"] == type(stored).open(tmp_path / "run").manifest["layers"]


# ---- real weights


class Residual(torch.nn.Module):  # type: ignore[name-defined, misc]
    """A block of the CIFAR ResNets, with the shortcut that has no weights."""

    def __init__(self, before, after, stride):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(after)
        self.conv2 = torch.nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(after)
        self.stride, self.more = stride, (after - before) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        short = x[:, :, :: self.stride, :: self.stride]
        return (y + torch.nn.functional.pad(short, (0, 0, 0, 0, self.more, self.more))).relu()


class ResNet20(torch.nn.Module):  # type: ignore[name-defined, misc]
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(16)
        widths = [(16, 16, 1), (16, 32, 2), (32, 64, 2)]
        for number, (before, after, stride) in enumerate(widths, 1):
            blocks = [Residual(before, after, stride)]
            blocks += [Residual(after, after, 1) for _ in range(2)]
            setattr(self, f"layer{number}", torch.nn.Sequential(*blocks))
        self.linear = torch.nn.Linear(64, 10)

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        return self.linear(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


def test_all_layers_of_a_resnet_in_one_run(shared_data, tmp_path):
    import andornot
    from andornot.data.images.open import open_data
    from andornot.models import Preprocessing

    vision = shared_data / "vision"
    net = ResNet20()
    weights = torch.load(vision / "weights" / "resnet20_cifar10.pt", weights_only=True)
    net.load_state_dict(weights)
    layers = [name for name, part in net.named_modules() if isinstance(part, Residual)]
    layers += ["conv1", "bn1", *(f"{n}.{p}" for n in layers for p in ("conv1", "bn1", "conv2"))]
    assert len(layers) == 38
    data = open_data(f"broden:{vision / 'broden_mini'}", limit=24)
    options: dict[str, Any] = {
        "recording": Recording(batch_size=16), "length": 1, "trust": None, "search": "beam",
        "preprocessing": Preprocessing(32, 32, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    }  # fmt: skip
    passed = andornot.dissect(net, layers, data, tmp_path / "passes", store=False, **options)
    some = ["conv1", "layer1.0.bn1", "layer2.0", "layer3.2"]
    stored = andornot.dissect(net, some, data, tmp_path / "stored", **options)
    for layer in some:
        assert passed.thresholds(layer).tobytes() == stored.thresholds(layer).tobytes()
        assert passed.areas(layer).tobytes() == stored.areas(layer).tobytes()
        assert_same(passed.responses(layer), stored.responses(layer))
        for one, other in zip(passed.result(layer), stored.result(layer), strict=True):
            assert (one.unit, one.beam) == (other.unit, other.beam)
    assert passed.logits.tobytes() == stored.logits.tobytes()
