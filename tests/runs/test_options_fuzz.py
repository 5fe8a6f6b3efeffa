"""Options change at random in one folder, and each run there is what a new folder would hold."""

from __future__ import annotations

import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import andornot
from andornot import Threshold
from andornot.counting.rules import Ranges
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.data.images.open import open_data
from andornot.pipeline import record
from andornot.probes.recording import Recording
from andornot.runs.run import Run
from andornot.trust.options import TrustOptions

torch = pytest.importorskip("torch", reason="torch is not installed")

from run_reader import Told, looked, plain, stored  # noqa: E402

FAST, SLOW = 8, 40
SEVERAL = 3
"""Options that change at most before the next run."""
TRUST: Any = {"resamples": 2, "bootstrap": 40, "nulls": 2}
NAMES = {"red": "colour", "green": "colour", "stripe": "shape", "dot": "shape"}
CHOICES: dict[str, tuple[Any, ...]] = {
    "length": (1, 2, 3, "auto"),
    "beam_size": (2, 5, 10),
    "metric": ("iou", "f1", "mcc", "pearson"),
    "operators": (("OR", "AND", "AND NOT"), ("OR",), ("AND", "OR")),
    "categories": (None, ("colour",), ("shape", "colour")),
    "concepts": (None, ("red", "stripe"), ("red", "green", "dot")),
    "penalty": (1.0, 0.9),
    "limit": (None, 2),
    "search": ("auto", "beam", "optimal", "exhaustive"),
    "space": ("left-deep", "trees"),
    "nodes": (None, 5),
    "threshold": (
        Threshold(0.1), Threshold(0.1, resolution="upsampled"), Threshold(0.3),
        Threshold(None, 0.3), Ranges(2), Ranges(3, "quantiles"), None,
    ),
    "folds": (1, 2, 3),
    "trust": (None, TrustOptions(**TRUST), TrustOptions(**(TRUST | {"nulls": 3, "seed": 1}))),
    "layer": ("layer", "early", ("early", "layer"), ("layer", "early")),
    "units": (None, (0,), (2, 1)),
    "store": (True, True, False),
    "memory": (4.0, 1.0),
    "min_active": (None, 0.0, 0.2),
    "least_active_positions": (30, 0, 90),
    "least_active_groups": (10, 2),
    "min_support": (None, (60, 0), (9, 7)),
    "relations": (None, {"NEAR": {"red": ["green", "dot"]}}),
    "batch": (3, 4),
    "jobs": (1, 2),
    "executor": (False, True),
    "samples": (None, 6),
    "split": (None, "b"),
    "colors": (False, True),
    "size": (8, 12),
    "verify": (False, True),
    "weight": (0.0, 0.5),
    "scale": (1.0, 2.0),
}  # fmt: skip
"""What each option may be; ``weight`` and ``scale`` are of the network."""
FIRST = {name: values[0] for name, values in CHOICES.items()} | {"length": 2}


class Net(torch.nn.Module):  # type: ignore[name-defined, misc]
    """Two layers and a head; what it answers hangs on weights and on a plain attribute."""

    def __init__(self, weight: float, scale: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.early = torch.nn.Conv2d(3, 3, 3, padding=1)
        self.layer = torch.nn.Conv2d(3, 4, 1)
        self.head = torch.nn.Linear(4, 2)
        self.scale = scale
        with torch.no_grad():
            self.early.weight[0] += weight

    def forward(self, x):
        x = (self.early(x) * self.scale - 0.1).relu()
        return self.head(self.layer(x).relu().mean((2, 3)))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Pictures with two kinds of labels, each in a category of its own."""
    folder, rng = tmp_path_factory.mktemp("world") / "data", np.random.default_rng(0)

    def samples():
        for i in range(12):
            colour = np.kron(rng.integers(0, 3, (4, 4)), np.ones((3, 3), np.int64))
            shape = np.kron(rng.choice([0, 3, 4], (4, 4)), np.ones((3, 3), np.int64))
            image = rng.integers(0, 120, (12, 12, 3)).astype(np.uint8)
            image[colour == 1, 0] = image[colour == 2, 1] = 255
            image[shape == 3, 2] = 255
            labels = {"colour": colour.astype(np.int32), "shape": shape.astype(np.int32)}
            yield NewSample(
                f"{i:02d}", Image.fromarray(image), labels, label=f"c{i % 2}", split="ab"[i % 2]
            )

    write_labelmaps(folder, NAMES, samples())
    return folder


def dissect(data: Path, out: Path, options: dict[str, Any]) -> Run:
    from andornot.models import Preprocessing

    given = dict(options)
    size, batch = given.pop("size"), given.pop("batch")
    net = Net(given.pop("weight"), given.pop("scale"))
    opened = open_data(
        f"labelmaps:{data}", limit=given.pop("samples"), split=given.pop("split"),
        colors=given.pop("colors"),
    )  # fmt: skip
    with ThreadPoolExecutor(2) if given.pop("executor") else nullcontext() as executor:
        return andornot.dissect(
            net, given.pop("layer"), opened, out, executor=executor,
            recording=Recording(batch_size=batch, device="cpu"),
            preprocessing=Preprocessing(size, size, (0, 0, 0), (1, 1, 1)), **given,
        )  # fmt: skip


def changed(options: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Some options are others; at least one."""
    names = rng.sample(sorted(CHOICES), rng.randint(1, SEVERAL))
    return options | {
        name: rng.choice([value for value in CHOICES[name] if value != options[name]])
        for name in names
    }


def held(data: Path, out: Path, options: dict[str, Any]) -> Any:
    """All that a run holds; or what is said if the options exclude each other."""
    made = looked(lambda: dissect(data, out, options).layers)
    if isinstance(made, Told):
        return made.sentence.replace(str(out), "RUN")
    run = Run.open(out)
    return {name: plain(read()) for name, read in stored(run)}


def walk(data: Path, home: Path, count: int, seed: int) -> None:
    """Change options so many times; some changes are refused besides, in both folders alike."""
    rng, options, done = random.Random(seed), FIRST, 0
    held(data, home / "walk", options)
    while done < count:
        tried = changed(options, rng)
        shutil.rmtree(home / "new", ignore_errors=True)
        fresh = held(data, home / "new", tried)
        there = held(data, home / "walk", tried)
        what = {name: tried[name] for name in tried if tried[name] != options[name]}
        assert_same(there, fresh, f"after {what} of {tried}")
        if not isinstance(fresh, str):
            options, done = tried, done + 1


def assert_same(there: Any, fresh: Any, when: str) -> None:
    if isinstance(fresh, str) or isinstance(there, str):
        assert there == fresh, when
        return
    assert there.keys() == fresh.keys(), when
    for name in fresh:
        assert there[name] == fresh[name], f"{name} is another one {when}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_forty_changes_of_options_in_one_folder(data, tmp_path, monkeypatch, seed):
    monkeypatch.setattr(record, "_SHARD_BYTES", 1)
    walk(data, tmp_path, SLOW, seed)


def test_some_changes_of_options_in_one_folder(data, tmp_path):
    walk(data, tmp_path, FAST, 3)
