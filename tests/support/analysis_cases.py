"""Small runs for the tests of the analyses: pictures of coloured squares, and sentence pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import andornot
from andornot.counting.thresholds import Threshold
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.data.images.open import open_data
from andornot.probes.base import Recording

COLOURS = {"red": (220, 30, 30), "green": (30, 220, 30), "blue": (30, 30, 220),
           "yellow": (220, 220, 30)}  # fmt: skip
CLASSES = ("Red", "Green", "Blue")
LAYER, EARLY = "relu2", "relu1"
N_SAMPLES = 48

NETWORK = """
from collections import OrderedDict
import torch
from torch import nn

def net():
    torch.manual_seed(3)
    module = nn.Sequential(OrderedDict(
        first=nn.Conv2d(3, 6, 3, padding=1), relu1=nn.ReLU(), pool1=nn.MaxPool2d(2),
        second=nn.Conv2d(6, 9, 3, padding=1), relu2=nn.ReLU(),
        pool2=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten(), head=nn.Linear(9, 3),
    ))
    with torch.no_grad():
        module.second.weight[8] = 0
        module.second.bias[8] = -1  # a dead unit
        module.head.weight *= 20
    preprocessing = {"height": 16, "width": 16, "mean": (0, 0, 0), "std": (1, 1, 1)}
    return module, {"preprocessing": preprocessing, "class_names": CLASSES}
"""


def squares(folder: Path):
    """Pictures with two or three squares each; their class is a colour, and some have none."""
    rng = np.random.default_rng(0)
    names = list(COLOURS)

    def samples():
        for i in range(N_SAMPLES):
            image, labels = np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), np.int32)
            for c in rng.choice(4, rng.integers(2, 4), replace=False):
                y, x = rng.integers(0, 10, 2)
                image[y : y + 6, x : x + 6] = COLOURS[names[c]]
                labels[y : y + 6, x : x + 6] = c + 1
            label = "" if i % 7 == 3 else names[labels[labels > 0][0] - 1] + "-s"
            yield NewSample(f"s{i:02d}", Image.fromarray(image), {"square": labels}, label=label)

    write_labelmaps(folder, dict.fromkeys(names, "colour"), samples())
    return folder


def picture_run(folder: Path, layers=(LAYER, EARLY), network=NETWORK, **options):
    """A run on the squares, of a network that is loaded from a file."""
    file = folder / "network.py"
    file.write_text(network.replace("CLASSES", repr(CLASSES)))
    data = open_data(f"labelmaps:{squares(folder / 'data')}")
    given: dict[str, Any] = {"length": 3, "threshold": Threshold(0.05), "folds": 2} | options
    return andornot.dissect(
        f"{file}:net", layers, data, folder / "run",
        recording=Recording(batch_size=10, device="cpu"), **given,
    )  # fmt: skip


def pair_run(folder: Path, layer="mlp.4", **options):
    """A run of a small random classifier on sentence pairs, loaded from a checkpoint."""
    import torch

    from andornot.data.sentences.pairs import Pair, PairData, Sentence
    from andornot.models.sentences import EntailmentNet, PairClassifier, Vocabulary, save_classifier
    from nli_cases import SMALL, grammar

    torch.manual_seed(1)
    plain = grammar(60)
    words = Vocabulary.from_pairs(plain)
    module = EntailmentNet(SMALL, len(words), words.padding)
    with torch.no_grad():
        head: Any = module.mlp[-1]
        head.weight *= 20
    model = folder / "model.pt"
    save_classifier(PairClassifier(module, words, "cpu"), model)
    pairs = [
        Pair(p.id, Sentence(p.premise.tokens), Sentence(p.hypothesis.tokens), p.label)
        for p in plain
    ]
    data = PairData(folder / "pairs.tok", "pairs", tuple(pairs))
    run = andornot.dissect(
        str(model), layer, data, folder / "run", recording=Recording(device="cpu"),
        **({"length": 2, "folds": 2, "min_active": 0.0} | options),
    )  # fmt: skip
    return run, data
