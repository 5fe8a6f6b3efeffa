"""A run on gossip: a network of pairs in a Python file, whose units are words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import andornot

MODEL = """
import numpy as np
from andornot.models.sentences.protocol import RecordedPairs


class Gossip:
    layers = ("words",)
    class_names = ("entailment", "neutral", "contradiction")
    fingerprint = "gossip"

    def record(self, pairs, layers):
        words = [pair.hypothesis.tokens for pair in pairs]
        units = np.array([["nobody" in w, "sad" in w] for w in words], np.float32)
        logits = units @ np.array([[0, 0, 3], [0, 2, 0]], np.float32)
        logits += np.array([0.5, 0, 0], np.float32)
        return RecordedPairs(dict.fromkeys(layers, units[:, :, None, None]), logits)


def gossip():
    return Gossip()
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made(tmp_path_factory.mktemp("gossip"))


def made(folder: Path, **options: Any) -> Path:
    """A run in a folder, beside its network and its pairs."""
    (folder / "gossip.py").write_text(MODEL, encoding="utf-8")
    rows = ["premise,hypothesis,label"]
    for i in range(60):
        noun, verb = ("man", "woman", "dog")[i // 3 % 3], ("runs", "sleeps")[i // 9 % 2]
        hypothesis, label = (
            (f"the {noun} {verb} .", "entailment"),
            (f"the sad {noun} {verb} .", "neutral" if i % 5 else "contradiction"),
            (f"nobody {verb} .", "contradiction" if i % 7 else "neutral"),
        )[i % 3]
        rows.append(f"the {noun} {verb} outside .,{hypothesis},{label}")
    (folder / "pairs.csv").write_text("\n".join(rows), encoding="utf-8")
    andornot.dissect(
        f"{folder / 'gossip.py'}:gossip", "words", f"pairs:{folder / 'pairs.csv'}", folder / "run",
        **{"length": 1, "min_active": 0.0} | options,
    )  # fmt: skip
    return folder / "run"
