"""Networks whose answer is no function of the sample are refused or told of, on every path."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import andornot
from andornot import Threshold
from andornot.errors import DamagedError, ModelError
from andornot.pipeline import dissect as dissection
from andornot.pipeline.steady import _share
from andornot.pipeline.write import write_run
from andornot.probes.base import Recording
from pair_cases import pair, pairs_of

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch import nn  # noqa: E402
from torch.nn.functional import dropout  # noqa: E402

from andornot.models import Preprocessing  # noqa: E402
from andornot.models.sentences import RecordedPairs  # noqa: E402
from pass_cases import N_SAMPLES, write_world  # noqa: E402

ASKED = 4
"""Made-up pictures on which a network is asked whether it is still the same."""


class Net(nn.Module):
    """A convolution, then ``change`` of what it gives in ``out``, and two classes."""

    def __init__(self, change, out=None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 6, 3)
        self.out = out or nn.Identity()
        self.change = change
        self.seen: list[int] = []

    def forward(self, x):
        self.seen.append(len(x))
        given = self.out(self.change(self.conv(x)))
        return given[:, :2].flatten(2).mean(2) if given.ndim > 2 else given[:, :2]


def same(x):
    return x


def noisy(x):
    return dropout(x, 0.1)


def permuted(x):
    """Its patches in another order each time, as ViTMAE has them."""
    return x.flatten(2)[:, :, torch.randperm(x.shape[2] * x.shape[3])].reshape(x.shape)


def centred(x):
    return x - x.mean(0)


@pytest.fixture(scope="module")
def world(made_once):
    return f"labelmaps:{made_once('world', write_world) / 'data'}"


@pytest.fixture
def run(world, tmp_path):
    def dissect(net, layer="out", batch_size=None, device="cpu", **options):
        given: dict[str, Any] = {"trust": None, "length": 1, "threshold": Threshold(0.1)} | options
        return andornot.dissect(
            net, layer, world, tmp_path / "run", recording=Recording(batch_size, device),
            preprocessing=Preprocessing(24, 24, (0, 0, 0), (1, 1, 1)), **given,
        )  # fmt: skip

    return dissect


def notes(run):
    return [note for note in run.manifest["notes"] if "batch" in note]


@pytest.mark.parametrize("change", [noisy, permuted, lambda x: x + torch.rand(len(x), 6, 1, 1)])
@pytest.mark.parametrize("options", [{}, {"store": False}, {"batch_size": 1}])
def test_what_is_drawn_at_random_is_refused(run, change, options):
    told = r"the layer out gives other values when the same .* again \(they differ by [\d.]+ times"
    with pytest.raises(ModelError, match=told):
        run(Net(change), **options)


def test_it_is_refused_elsewhere_as_here(run):
    for store in (True, False):
        with ThreadPoolExecutor(2) as executor, pytest.raises(ModelError, match="no function of"):
            run(Net(noisy), executor=executor, store=store)


def test_layers_before_it_and_logits(run):
    """A layer before the chance is sound, but what the network says of classes is not."""
    with pytest.raises(ModelError, match="the network's output gives other values"):
        run(Net(noisy), layer="conv")


class Stubborn(nn.Dropout):
    """Stays on, whatever one says (Monte Carlo dropout)."""

    def train(self, mode: bool = True):
        return super().train(True)


def test_the_likely_reason_is_named(run):
    with pytest.raises(ModelError, match=r"because out \(Stubborn\) stays in training mode"):
        run(Net(same, Stubborn(0.5)))
    with pytest.raises(ModelError, match=r"dropout or noise without training=self\.training"):
        run(Net(noisy))


@pytest.mark.parametrize("options", [{}, {"store": False}, {"batch_size": 5}])
def test_what_hangs_on_the_batch_is_told_of(run, options):
    net = Net(same, nn.BatchNorm2d(6, track_running_stats=False))
    first = run(net, **options)
    assert len(notes(first)) == 1
    assert "because out (BatchNorm2d) has no running statistics" in notes(first)[0]
    assert "the layer out by 0." in notes(first)[0]
    net.seen.clear()
    assert notes(run(net, **options)) == notes(first)  # found again, and tells it again
    assert sum(net.seen) <= ASKED


def test_company_without_a_known_reason_and_elsewhere(run):
    with ThreadPoolExecutor(2) as executor:
        (note,) = notes(run(Net(centred), executor=executor))
    assert "something in it looks across the samples of a batch" in note


@pytest.mark.parametrize("store", [True, False])
def test_what_was_tried_before_a_part_was_damaged_is_not_told_of_what_is_made_again(
    run, tmp_path, monkeypatch, store
):
    net, spoiled = Net(centred), []

    def write(*given):
        if spoiled:
            return write_run(*given)
        spoiled.append(next((tmp_path / "run" / "cache").glob("network-*/answer_*.npy")))
        net.change = same
        raise DamagedError(spoiled[0], "the disk")

    monkeypatch.setattr(dissection, "write_run", write)
    found = run(net, store=store)
    assert spoiled
    assert not notes(found)
    for stage in found.manifest["stages"].values():
        assert not stage.get("company")


def test_samples_in_batches_of_their_own_have_no_company(run):
    assert not notes(run(Net(same, nn.BatchNorm2d(6, track_running_stats=False)), batch_size=1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_sound_networks_pass(run, dtype):
    out = nn.Sequential(nn.BatchNorm2d(6), *(nn.Conv2d(6, 6, 3, padding=1) for _ in range(8)))
    net = Net(same, out).to(dtype)
    assert not run(net).manifest["notes"]
    assert sum(net.seen) <= ASKED + N_SAMPLES + 2 * 8


@pytest.mark.parametrize(("batch_size", "cost"), [(None, 16), (32, 16), (7, 6), (2, 4), (1, 2)])
def test_it_costs_a_batch_at_most(run, batch_size, cost):
    net = Net(same)
    run(net, batch_size=batch_size)
    assert sum(net.seen) - N_SAMPLES - ASKED == cost


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_rounding_is_let_pass_and_chance_is_not(scale):
    rng = np.random.default_rng(0)
    values = (scale * rng.normal(size=(8, 4, 5, 5))).astype(np.float32)
    rounded = values * (1 + 1e-4 * rng.normal(size=values.shape)).astype(np.float32)
    assert _share(values, rounded) == 0
    assert _share(values, np.flip(values, 3)) > 1
    coarse = torch.from_numpy(values).to(torch.bfloat16).float().numpy()
    assert _share(coarse, coarse * np.float32(1.02)) == 0
    assert _share(values, values * np.float32(1.02)) > 0
    nearly_constant = (100 * scale + 1e-5 * values).astype(np.float32)
    assert _share(nearly_constant, np.nextafter(nearly_constant, np.float32(np.inf))) == 0
    assert _share(0 * values, 0 * values) == 0
    broken = np.where(values > scale, np.float32(np.nan), values)
    assert _share(broken, broken) == 0


# ---- the samples' axis


class Rows(nn.Module):
    """Gives ``make`` of a batch of pictures."""

    def __init__(self, make) -> None:
        super().__init__()
        self.make = make

    def forward(self, x):
        return self.make(x)


def no_rows(x):
    """(T, D), as many rows as a trial has samples, whatever the batch."""
    return torch.ones(8, 5)


def tokens_first(x):
    return nn.functional.avg_pool2d(x, 6).flatten(2).permute(2, 0, 1)  # (9, n, 6) of 22 x 22


def of_the_batch(x):
    return x.flatten(1) @ x.flatten(1).T  # (n, n)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (no_rows, "on 4 images, but its first dimension must be the images"),
        (tokens_first, "its first dimension must be the images"),
        (of_the_batch, r"gives .* numbers for a sample, as the size of the batch"),
    ],
)
@pytest.mark.parametrize("batch_size", [None, 9])
def test_the_first_axis_must_be_the_samples(run, make, words, batch_size):
    """Also where the number of tokens is that of the batch."""
    net = Net(same)
    net.out = Rows(lambda x: (make(x), x)[0])
    net.forward = lambda x: (net.out(net.conv(x)), x.flatten(1)[:, :2])[1]
    with pytest.raises(ModelError, match=f"{words}|first dimension|size of the batch"):
        run(net, batch_size=batch_size)


# ---- sentence pairs


class Words:
    """One unit at each pair and at each token: how long it is, changed by ``change``."""

    layers, token_layers = ("length",), ("letters",)
    class_names, fingerprint = ("yes", "no"), "words"

    def __init__(self, change) -> None:
        self.change = change

    def record(self, pairs, layers):
        sizes = [len(p.premise.tokens) + 2 * len(p.hypothesis.tokens) for p in pairs]
        values = self.change(np.array(sizes, np.float32)[:, None])
        return RecordedPairs(
            dict.fromkeys(layers, values[:, :, None, None]), np.hstack([values, -values])
        )

    def record_tokens(self, pairs, layers):
        found = [
            self.change(np.array([[len(t)] for s in p.sentences for t in s.tokens], np.float32))
            for p in pairs
        ]
        shift = self.change(np.zeros((len(pairs), 1), np.float32)).ravel()
        return {layer: [v + s for v, s in zip(found, shift, strict=True)] for layer in layers}


PAIRS = tuple(
    pair(f"a {'big ' * (i % 5)}dog", f"cat {'runs ' * (i % 3)}", name=f"p{i}") for i in range(20)
)


@pytest.mark.parametrize("layer", ["length", "letters"])
@pytest.mark.parametrize("store", [True, False])
def test_sentences_and_tokens(tmp_path, layer, store):
    data = pairs_of(PAIRS)
    rng = np.random.default_rng(0)
    options = {"store": store, "trust": None, "length": 1, "min_active": 0.0}

    def dissect(change, name):
        return andornot.dissect(Words(change), layer, data, tmp_path / name, **options)

    assert not notes(dissect(lambda v: v, "sound"))
    assert notes(dissect(lambda v: v - v.mean() + len(v), "company"))
    with pytest.raises(ModelError, match=f"the layer {layer} gives other values"):
        dissect(lambda v: v + rng.normal(size=v.shape).astype(np.float32), "chance")
