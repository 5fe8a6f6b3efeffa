"""A network that takes no time, as the source of a Python file: one convolution, two classes."""

from __future__ import annotations

_SOURCE = """
import torch

def net():
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(), torch.nn.Linear(4, 2),
    )
    size = {"height": SIZE, "width": SIZE, "mean": [0, 0, 0], "std": [1, 1, 1]}
    return net, {"preprocessing": size, "class_names": ["sea", "land"]}

def bare():
    return net()[0]
"""


def source(size: int) -> str:
    """``net`` for images of so many pixels a side, and ``bare``, which does not say its input."""
    return _SOURCE.replace("SIZE", str(size))
