"""The demo's classifier: small, repeatable, and units that only ever speak for a class."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is absent: the demo classifier needs it")

from andornot.demo.text import net as nets  # noqa: E402
from andornot.demo.text.world import draw_pairs  # noqa: E402
from andornot.models.sentences import (  # noqa: E402
    PairClassifier,
    accuracy,
    class_weights,
)


@pytest.fixture(scope="module")
def pairs():
    return draw_pairs(150, seed=1)


@pytest.fixture(scope="module")
def trained(pairs) -> PairClassifier:
    return nets.train(pairs, seed=5, steps=6)


def test_training_is_repeatable_and_leaves_the_callers_randomness_alone(
    pairs, trained: PairClassifier
) -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    threads = torch.get_num_threads()
    torch.manual_seed(0)
    again = nets.train(pairs, seed=5, steps=6)
    assert torch.rand(1) == expected
    assert torch.get_num_threads() == threads
    assert again.fingerprint == trained.fingerprint
    assert nets.train(pairs, seed=6, steps=6).fingerprint != trained.fingerprint


def test_units_only_ever_speak_for_a_class(pairs, trained: PairClassifier) -> None:
    weights = class_weights(trained, nets.LAYER)
    assert weights is not None
    assert weights.shape == (nets.UNITS, 3)
    assert (weights >= 0).all()
    assert (trained.record(pairs.pairs, [nets.LAYER]).activations[nets.LAYER] >= 0).all()


def test_the_prices_are_part_of_the_loss(pairs) -> None:
    """The loss by hand: cross-entropy, weights, and what all units give on an average pair."""
    torch.manual_seed(0)
    net = nets._new_net(40).eval()
    rows, lengths = torch.randint(1, 40, (8, 5)), torch.tensor([5, 4, 3, 5, 2, 5, 5, 1])
    labels = torch.tensor([0, 1, 2, 1])
    loss = nets._loss(net, rows, lengths, labels)
    u, v = net.encoder(rows, lengths).chunk(2)
    units = net.mlp[:2](net.bn(torch.cat([u, v, u - v, u * v], 1)))
    head: Any = net.mlp[-1]
    logits = head(units)
    by_hand = -logits.log_softmax(1)[torch.arange(4), labels].mean()
    by_hand += 0.003 * head.weight.sum() + 0.03 * units.sum() / 4
    torch.testing.assert_close(loss, by_hand)


def test_it_learns(pairs) -> None:
    assert accuracy(nets.train(pairs, steps=40), pairs.pairs) > 0.8
