"""The paper's classifier of sentence pairs, small enough to learn the demo language in seconds.

As in the demo of pictures, the weights from its units to the classes are never negative, and it
pays a little for each weight: so a unit has to be evidence *for* a class. It also pays for each
unit that fires, so that a unit is silent on most pairs. It is told nothing but the labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from andornot._tools.progress import track
from andornot.data.sentences.pairs import LABELS, PairData
from andornot.demo.text.world import draw_pairs
from andornot.demo.training import batches, repeatable
from andornot.models.sentences.classifier import PairClassifier, encode_pairs, pad_rows
from andornot.models.sentences.model import Config, EntailmentNet
from andornot.models.sentences.protocol import label_numbers
from andornot.models.sentences.vocabulary import Vocabulary

UNITS = 24
CONFIG = Config(embedding=32, state=32, hidden=(UNITS,), dropout=0.0)

LAYER = "mlp.1"
"""The layer to explain: ReLU units that feed the classes linearly."""

_HEAD_START = 0.4  # weight from a unit to its first class before training
_WEIGHT_PRICE = 0.003  # added to the loss for each 1.0 of weight from a unit to a class
_FIRING_PRICE = 0.03  # added to the loss for each 1.0 that a unit gives on a pair, on average
_LEARNING_RATE = 5e-3


def train(data: PairData, seed: int = 0, steps: int = 300, batch_size: int = 64) -> PairClassifier:
    """Train a classifier, on the CPU.

    Args:
        data: labelled pairs to learn from.
        seed: the same seed gives the same network on the same machine.
        steps: how often the weights are changed.
        batch_size: pairs that each step learns from.
    """
    words = Vocabulary.from_pairs(data.pairs)
    rows, lengths = pad_rows(encode_pairs(data.pairs, words), words.padding, torch.device("cpu"))
    labels = torch.from_numpy(label_numbers(data.pairs, LABELS))
    with repeatable(seed):
        net = _new_net(len(words))
        optimizer = torch.optim.AdamW(net.parameters(), lr=_LEARNING_RATE, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, steps)
        weights = _head(net).weight
        order = batches(len(data), steps, min(batch_size, len(data)))
        for chosen in track(order, "training the net", steps):
            both = torch.cat([chosen, len(data) + chosen])  # premises, then hypotheses
            longest = int(lengths[both].max())
            loss = _loss(net, rows[both, :longest], lengths[both], labels[chosen])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                weights.clamp_(min=0)
    return PairClassifier(net, words, "cpu")


def trained_again(source: Mapping[str, Any]) -> PairClassifier:
    """The network of a run of the demo, from what its manifest says of its pairs."""
    return train(draw_pairs(**(dict(source) | {"split": "train"})), source["seed"])


def _new_net(words: int) -> EntailmentNet:
    """An untrained network; each class starts with units of its own."""
    net = EntailmentNet(CONFIG, words)
    weights = _head(net).weight
    own = torch.arange(UNITS)
    with torch.no_grad():
        weights.abs_().mul_(0.2)
        weights[own % len(LABELS), own] += _HEAD_START
    return net


def _head(net: EntailmentNet) -> nn.Linear:
    head = net.mlp[-1]
    assert isinstance(head, nn.Linear)
    return head


def _loss(net: EntailmentNet, rows: Tensor, lengths: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy, and a small price for weights and for firing."""
    fired: list[Tensor] = []
    layer = net.get_submodule(LAYER)
    with layer.register_forward_hook(lambda _layer, _inputs, units: fired.append(units)):
        logits = net(rows, lengths)
    price = _WEIGHT_PRICE * _head(net).weight.sum() + _FIRING_PRICE * fired[0].mean(0).sum()
    return functional.cross_entropy(logits, labels) + price
