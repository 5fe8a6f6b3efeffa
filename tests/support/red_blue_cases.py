"""A network whose two units see red and blue, for tests that import PyTorch."""

from __future__ import annotations

import torch


class RedAndBlue(torch.nn.Module):
    """Units: red, and blue."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 2, 1, bias=False)
        with torch.no_grad():
            self.layer.weight[:] = 0
            self.layer.weight[0, 0] = self.layer.weight[1, 2] = 1

    def forward(self, x):
        return self.layer(x)
