"""The demo network: small, deterministic, and linear from its units to the classes."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is absent: the demo network needs it")

from andornot.demo.vision import net as nets  # noqa: E402
from andornot.demo.vision.scenes import CLASSES  # noqa: E402
from andornot.demo.vision.world import World, draw_world  # noqa: E402
from andornot.models import head_weights  # noqa: E402


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(132, seed=1)


@pytest.fixture(scope="module")
def trained(world: World) -> nets.DemoNet:
    return nets.train(world, seed=5, steps=6)


def test_training_is_repeatable_and_leaves_the_callers_randomness_alone(
    world: World, trained: nets.DemoNet
) -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    again = nets.train(world, seed=5, steps=6)
    assert torch.rand(1) == expected
    state = again.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in trained.state_dict().items())
    other = nets.train(world, seed=6, steps=6)
    assert not torch.equal(other.head.weight, trained.head.weight)


def test_units_only_ever_speak_for_a_class(trained: nets.DemoNet) -> None:
    assert (trained.head.weight >= 0).all()
    assert not trained.training


def test_classes_add_up_what_the_units_find(world: World, trained: nets.DemoNet) -> None:
    """The forward pass by hand: the strongest tenth of each map, averaged, times the weights."""
    image = torch.from_numpy(nets.PREPROCESSING.apply(world.image(0)))[None]
    with torch.inference_mode():
        maps = trained.units(trained.stem(image))[0].numpy()
        logits = trained(image)[0].numpy()
    strongest = np.sort(maps.reshape(nets.UNITS, -1), axis=1)[:, -(maps[0].size // 10) :]
    by_hand = trained.head.weight.detach().numpy() @ strongest.mean(axis=1)
    by_hand += trained.head.bias.detach().numpy()
    assert maps.shape == (nets.UNITS, 24, 24)
    assert (maps >= 0).all()
    np.testing.assert_allclose(logits, by_hand, rtol=1e-4, atol=1e-5)


def test_its_head_is_found_by_the_models_module(trained: nets.DemoNet) -> None:
    head = head_weights(trained, nets.LAYER, nets.UNITS)
    assert head is not None
    assert head.weight.shape == (len(CLASSES), nets.UNITS)


def test_training_sees_what_the_preprocessing_gives(world: World) -> None:
    ours = nets._images(world.rgb[:2]).numpy()
    theirs = np.stack([nets.PREPROCESSING.apply(world.image(i)) for i in range(2)])
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_accuracy_counts_right_classes(world: World) -> None:
    class Always(torch.nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, images):
            return torch.eye(len(CLASSES))[torch.zeros(len(images), dtype=torch.long)]

    share = world.classes.count(CLASSES[0]) / len(world)
    assert nets.accuracy(Always(), world) == pytest.approx(share)
