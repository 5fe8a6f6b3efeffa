"""A small convolutional network that learns the demo world's classes in seconds.

Its last maps feed the classes by weights that are never negative, and it pays a little for each
weight: so a unit has to be evidence *for* a class, and a class that two unrelated things belong
to gets units that fire on both. Nothing but the class of each picture is ever shown to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from andornot._tools.progress import track
from andornot.demo.training import batches, repeatable
from andornot.demo.vision.canvas import SIZE
from andornot.demo.vision.scenes import CLASSES
from andornot.demo.vision.world import World, draw_world
from andornot.models import LoadedModel, fingerprint
from andornot.models.preprocess import Preprocessing

LAYER = "units"
"""Dotted path of the layer to explain: ReLU maps that feed the classes linearly."""

UNITS = 2 * len(CLASSES)
QUANTILE = 0.02
"""Share of the positions on which a unit counts as active in the demo. The paper's .005 suits
its large data; here the planted things cover about 1 to 5 % of all pixels."""

PREPROCESSING = Preprocessing.preset("half", SIZE, SIZE)

_STRONGEST = 0.1  # share of a unit's map that counts as its answer: about the size of a thing
_HEAD_START = 0.4  # weight from a unit to its first class before training
_WEIGHT_PRICE = 0.003  # added to the loss for each 1.0 of weight from a unit to a class
_LEARNING_RATE = 4e-3


class DemoNet(nn.Module):
    """Four convolutions; what the last one's units find, added up, decides for a class.

    ``forward`` takes images of shape (n, 3, SIZE, SIZE), preprocessed by ``PREPROCESSING``, and
    gives logits of shape (n, classes).
    """

    def __init__(self, classes: int = len(CLASSES), units: int = UNITS) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            *_convolution(3, 16, stride=2),
            *_convolution(16, 32, stride=2),
            *_convolution(32, 48, dilation=2),
        )
        self.units = nn.Sequential(*_convolution(48, units, dilation=2))
        self.head = nn.Linear(units, classes)
        with torch.no_grad():
            # Each class starts with units of its own, so that none is left without any.
            self.head.weight.abs_().mul_(0.2)
            own = torch.arange(units)
            self.head.weight[own % classes, own] += _HEAD_START

    def forward(self, images: Tensor) -> Tensor:
        """Logits of a batch."""
        maps = self.units(self.stem(images)).flatten(2)
        strongest = maps.topk(max(1, int(maps.shape[2] * _STRONGEST)), sorted=False).values
        logits: Tensor = self.head(strongest.mean(2))
        return logits


def _convolution(
    inputs: int, outputs: int, stride: int = 1, dilation: int = 1
) -> tuple[nn.Module, ...]:
    conv = nn.Conv2d(
        inputs, outputs, 3, stride=stride, padding=dilation, dilation=dilation, bias=False
    )
    return conv, nn.BatchNorm2d(outputs), nn.ReLU()


def train(world: World, seed: int = 0, steps: int = 600, batch_size: int = 32) -> DemoNet:
    """Train a network on the world's "train" pictures, on the CPU.

    Args:
        world: what to learn from.
        seed: the same seed gives the same network on the same machine.
        steps: how often the weights are changed.
        batch_size: pictures that each step learns from.

    Returns:
        The network, ready for use (in eval mode).
    """
    pictures = world.split("train")
    rgb, labels = pictures.rgb, _labels(pictures)
    batch_size = min(batch_size, len(rgb))
    with repeatable(seed):
        net = DemoNet()
        optimizer = torch.optim.AdamW(net.parameters(), lr=_LEARNING_RATE, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, steps)
        for chosen in track(batches(len(rgb), steps, batch_size), "training the net", steps):
            images = _images(rgb[chosen.numpy()])
            loss = _loss(net, images.flip(3) if torch.rand(()) < 0.5 else images, labels[chosen])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                net.head.weight.clamp_(min=0)
    return net.eval()


def trained_again(source: Mapping[str, Any]) -> LoadedModel:
    """The network of a run of the demo, from what its manifest says of its pictures."""
    module = train(draw_world(**source), source["seed"])
    return LoadedModel(module, "andornot.demo", None, fingerprint(module), PREPROCESSING, CLASSES)


def accuracy(net: nn.Module, world: World) -> float:
    """Share of the pictures whose class the network gets right; pass ``world.split("val")``."""
    with torch.no_grad():
        chunks = [net(_images(world.rgb[i : i + 128])) for i in range(0, len(world), 128)]
    return float((torch.cat(chunks).argmax(1) == _labels(world)).float().mean())


def _loss(net: DemoNet, images: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy, and a small price for each weight from a unit to a class."""
    return functional.cross_entropy(net(images), labels) + _WEIGHT_PRICE * net.head.weight.sum()


def _images(rgb: NDArray[np.uint8]) -> Tensor:
    """What ``PREPROCESSING`` gives, for many pictures at once."""
    mean, std = PREPROCESSING.mean[0], PREPROCESSING.std[0]
    values = (torch.from_numpy(rgb).float() / 255 - mean) / std
    return values.permute(0, 3, 1, 2)


def _labels(world: World) -> Tensor:
    return torch.tensor([CLASSES.index(label) for label in world.classes])
