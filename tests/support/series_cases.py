"""Temperature series, a network for them, and the entry point of the modality in the plug-in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

NETWORK = '''
import numpy as np
import torch
from torch import nn


class Warmth:
    """Unit 0 is active in the heat, unit 1 in the frost, unit 2 on days of change."""

    layers = ("conv", "sign")
    class_names = ("cold", "warm")
    fingerprint = "warmth 1"

    def __init__(self):
        self.conv = nn.Conv1d(1, 3, 3, padding=1)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([[[0, 1, 0]], [[0, -1, 0]], [[-1, 0, 1]]]))
            self.conv.bias.copy_(torch.tensor([-30, 0, 0]))

    def units(self, degrees):
        with torch.no_grad():
            values = self.conv(torch.tensor([[degrees]], dtype=torch.float32))[0].T
        return {"conv": values.relu().numpy(), "sign": np.sign(values.numpy())}

    def logits(self, degrees):
        return np.array([0, np.mean(degrees)], np.float32)


def network():
    return Warmth()
'''


def write_series(folder: Path, stations: int = 24, days: int = 60) -> Path:
    """Stations in which some days are hot and some are freezing; the first of both are episodes."""
    draw = np.random.default_rng(0)
    made = []
    for i in range(stations):
        degrees = draw.uniform(3, 25, days + i % 3).round(1)
        hot, cold = 5 + i % 7, 30 + i % 9
        degrees[hot : hot + 6] = draw.uniform(31, 38, 6).round(1)
        degrees[cold : cold + 4] = draw.uniform(-12, -1, 4).round(1)
        episodes = [
            ("heat wave", hot + 1, hot + 6),
            ("frost", cold + 1, cold + 4),
            ("spring", 1, 20),
        ]
        made.append(
            {"name": f"station {i:02}", "degrees": degrees.tolist(), "episodes": episodes,
             "climate": ("cold", "warm")[int(degrees.mean() > 13.5)],
             "split": ("train", "val")[i % 2]}
        )  # fmt: skip
    path = folder / "stations.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    (folder / "net.py").write_text(NETWORK, encoding="utf-8")
    return path


def install(folder: Path, name: str = "series", value: str = "plugin_series:SERIES") -> Path:
    """What pip would write of a package with this entry point; the folder to put on the path."""
    notes = folder / f"toy_{name}-1.0.dist-info"
    notes.mkdir(parents=True)
    (notes / "METADATA").write_text(f"Metadata-Version: 2.1\nName: toy-{name}\nVersion: 1.0\n")
    (notes / "entry_points.txt").write_text(f"[andornot.modalities]\n{name} = {value}\n")
    return folder
