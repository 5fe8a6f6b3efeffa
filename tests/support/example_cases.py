"""What the examples in docstrings are shown on: a network that sees colours, and two sentences.

The network has no training and no chance in it: its four units are differences of red, green and
blue, so what they are explained by can be read off their weights.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import andornot
from andornot.counting.thresholds import Threshold
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.probes.base import Recording
from andornot.runs.run import Run
from andornot.trust.options import TrustOptions

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0)}
N_PICTURES, SIDE = 24, 8

NETWORK = """
from collections import OrderedDict
import torch
from torch import nn

def net():
    colours = nn.Conv2d(3, 4, 1, bias=False)
    head = nn.Linear(4, 2, bias=False)
    with torch.no_grad():
        # red without yellow, green without yellow, blue, and red with yellow
        units = torch.tensor([[1.0, -1, -1], [-1, 1, -1], [-1, -1, 1], [1, 0, -1]])
        colours.weight.copy_(units[:, :, None, None])
        head.weight.copy_(torch.tensor([[9.0, 0, 0, 0], [0, 9, 0, 0]]))
    module = nn.Sequential(OrderedDict(
        colours=colours, relu=nn.ReLU(), mean=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten(), head=head,
    ))
    preprocessing = {"height": 8, "width": 8, "mean": (0, 0, 0), "std": (1, 1, 1)}
    return module, {"preprocessing": preprocessing, "class_names": ["fire", "grass"]}
"""

CLASSIFIER = """
import numpy as np
from andornot.models.sentences.protocol import RecordedPairs

class Long:
    layers, class_names, fingerprint = ["words"], ["no", "yes"], "long, version 1"

    def record(self, pairs, layers):
        n = np.array([[len(pair.hypothesis.tokens)] for pair in pairs], np.float32)
        return RecordedPairs({"words": n[:, :, None, None]}, np.hstack([8 - n, n]))

model = Long
"""

PAIRS = """\
premise,hypothesis,label
A man is sleeping .,Nobody is awake .,neutral
A man is sleeping .,A man is awake .,contradiction
Two dogs run .,Two dogs move .,entailment
A dog runs .,A dog sleeps .,contradiction
"""


def squares(folder: Path) -> None:
    """Write pictures of two squares each, large and small; the class is that of the large one."""

    def samples():
        names = list(COLOURS)
        for i in range(N_PICTURES):
            large, small = i % 2, (i // 2 + i % 2 + 1) % 4
            image, labels = np.zeros((SIDE, SIDE, 3), np.uint8), np.zeros((SIDE, SIDE), np.int32)
            for c, (first, last) in ((large, (0, 5)), (small, (5, 8))):
                image[first:last, first:last] = COLOURS[names[c]]
                labels[first:last, first:last] = c + 1
            label = ("fire", "grass")[large]
            yield NewSample(f"s{i:02d}", Image.fromarray(image), {"squares": labels}, label=label)

    write_labelmaps(folder, dict.fromkeys(COLOURS, "colour"), samples())


FILMS = """text,label
A dull film.,bad
A great film!,good
"Great, great film.",good
"Not great, dull.",bad
"""
"""Single sentences with a class."""


def write_files(folder: Path) -> None:
    """Write all that examples name but the run: pictures, the network, a classifier, pairs."""
    (folder / "colours.py").write_text(NETWORK)
    (folder / "counting.py").write_text(CLASSIFIER)
    (folder / "pairs.csv").write_text(PAIRS)
    (folder / "films.csv").write_text(FILMS)
    squares(folder / "squares")


def dissect(folder: Path) -> None:
    """Write the same, and a run of the network on the pictures."""
    write_files(folder)
    andornot.dissect(
        f"{folder / 'colours.py'}:net", "relu", str(folder / "squares"), folder / "run",
        threshold=Threshold(None, fixed=0.0), folds=2, length=2, jobs=1,
        trust=TrustOptions(resamples=2, bootstrap=40, nulls=3, in_sample=True),
        recording=Recording(device="cpu"),
    )  # fmt: skip


def opened(folder: Path) -> Run:
    """The run in such a folder; its network may be loaded again."""
    return Run.open(folder / "run", trust_code=True)
