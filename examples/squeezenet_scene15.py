"""SqueezeNet 1.0 with a linear head for fifteen scenes, as a model for ``file.py:function``.

    andornot explain --model examples/squeezenet_scene15.py:squeezenet_scene15 --layer features ...

The weights are no part of the project. They are looked for in the directory that the environment
variable ANDORNOT_SHARED_DATA names, else in ``../shared/data`` beside the repository.
"""

import json
import os
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn


class Fire(nn.Module):
    """Squeeze to few channels, then expand by 1x1 and 3x3 convolutions (Iandola et al. 2016)."""

    def __init__(self, inputs: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], dim=1)


def features() -> nn.Sequential:
    """Build everything before the head; its keys are those of torchvision."""
    return nn.Sequential(
        nn.Conv2d(3, 96, 7, stride=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(96, 16, 64),
        Fire(128, 16, 64),
        Fire(128, 32, 128),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(256, 32, 128),
        Fire(256, 48, 192),
        Fire(384, 48, 192),
        Fire(384, 64, 256),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(512, 64, 256),
    )


def squeezenet_scene15() -> tuple[nn.Module, dict[str, object]]:
    """Build the network, load its two weights files, and name its classes."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    data = Path(os.environ.get("ANDORNOT_SHARED_DATA", beside))
    weights = data / "vision" / "weights"
    parts = OrderedDict(
        features=features(),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        classifier=nn.Linear(512, 15),
    )
    backbone = torch.load(weights / "squeezenet1_0_imagenet.pt", weights_only=True)
    head = torch.load(weights / "squeezenet_scene15_head.pt", weights_only=True)
    kept = {k: v for k, v in backbone.items() if k.startswith("features.")}
    parts["features"].load_state_dict({k.removeprefix("features."): v for k, v in kept.items()})
    parts["classifier"].load_state_dict(head)
    class_names = json.loads((weights / "scene15_classes.json").read_text(encoding="utf-8"))
    return nn.Sequential(parts), {"preprocessing": "imagenet", "class_names": class_names}
