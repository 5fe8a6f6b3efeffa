"""A network in a file that can fail or kill its process, annotated images, and what runs share."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import andornot
from andornot.counting.stores import Shards
from andornot.counting.thresholds import Threshold
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.probes.base import Recording
from andornot.runs.run import Run

LAYERS = ("first", "second", "relu")
N_SAMPLES = 24
TRIAL, TRIAL_CALLS = 4, 3
"""Samples and calls that it costs to try the network first: two together, then each alone."""
NET = """
    import os
    from pathlib import Path
    import torch

    HERE = Path(__file__).parent

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Conv2d(3, 6, 3, padding=1)
            self.second = torch.nn.Conv2d(6, 5, 3, stride=2)
            self.relu = torch.nn.ReLU()
            self.head = torch.nn.Linear(5, 2)

        def forward(self, x):
            if len(x) == 4:  # it is asked whether it is still the same (models.asked)
                return self.answer(x)
            for what in ("kill", "fail"):
                flag = HERE / f"{what} {os.getpid()}"
                try:
                    (HERE / what).rename(flag)  # only one process gets it
                except OSError:
                    continue
                if int(flag.read_text()) > 1:
                    flag.write_text(str(int(flag.read_text()) - 1))
                    flag.rename(HERE / what)
                elif what == "kill":
                    os.kill(os.getpid(), 9)
                else:
                    raise RuntimeError("out of luck")
            with (HERE / "seen").open("a") as file:
                file.write(f"{os.getpid()} {len(x)}\\n")
            return self.answer(x)

        def answer(self, x):
            return self.head(self.relu(self.second(self.first(x).relu())).mean((2, 3)))

    def net():
        torch.manual_seed(0)
        return Net(), {"class_names": ["odd", "even"]}
"""


def write_world(folder: Path) -> None:
    """``net.py``, and ``data`` with images of red and blue squares on noise."""
    (folder / "net.py").write_text(textwrap.dedent(NET))
    rng = np.random.default_rng(0)

    def samples():
        for i in range(N_SAMPLES):
            image = rng.integers(0, 256, (24, 24, 3), np.uint8)
            labels = np.kron(rng.integers(0, 4, (6, 6)), np.ones((4, 4), np.int64))
            image[labels == 1] = (255, 0, 0)
            image[labels == 2] = (0, 0, 255)
            yield NewSample(f"{i:02d}", Image.fromarray(image), {"squares": labels})

    names = {"red": "colour", "blue": "colour", "noise": "colour"}
    write_labelmaps(folder / "data", names, samples())


def seen(folder: Path) -> int:
    """How many samples the network has seen, in whatever process; counting begins anew."""
    path = folder / "seen"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    path.unlink(missing_ok=True)
    return sum(int(line.split()[1]) for line in lines)


def n_recorded(run: Path) -> int:
    """How many samples of the first recording of a run are on disk, also while it is not done."""
    return Shards(next((run / "cache").glob("activations*")) / "shards").n_rows


def dissect(folder: Path, out: str, **changes) -> Run:
    """A run on the world, by default of all three layers and without trust."""
    from andornot.models import Preprocessing

    options: dict[str, Any] = {
        "layer": LAYERS, "threshold": Threshold(0.03), "length": 2, "trust": None,
        "recording": Recording(batch_size=3, device="cpu"),
        "preprocessing": Preprocessing(24, 24, (0, 0, 0), (1, 1, 1)),
    } | changes  # fmt: skip
    data = f"labelmaps:{folder / 'data'}"
    return andornot.dissect(f"{folder / 'net.py'}:net", data=data, out=folder / out, **options)


def assert_same_run(first: Run, second: Run) -> None:
    """All that both keep is the same to the last bit."""
    assert first.layers == second.layers
    for layer in first.layers:
        for name in ("thresholds", "extremes", "areas", "peaks"):
            one, other = (getattr(run, name)(layer) for run in (first, second))
            assert one.dtype == other.dtype
            assert one.tobytes() == other.tobytes(), (layer, name)
        one, other = (run.responses(layer) for run in (first, second))
        for name in ("indptr", "atoms", "fold_counts"):
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), (layer, name)
        for one, other in zip(first.result(layer), second.result(layer), strict=True):
            assert (one.status, one.beam, one.counts) == (other.status, other.beam, other.counts)
            assert one.certificate == other.certificate
        assert (first.head_weights(layer) is None) == (second.head_weights(layer) is None)
    assert (first.logits is None) == (second.logits is None)
    if first.logits is not None and second.logits is not None:
        assert first.logits.tobytes() == second.logits.tobytes()
    assert first.samples.equals(second.samples)
    assert not [p for p in second.path.rglob("*") if p.suffix == ".tmp" or "partial" in p.name]


def stored_world(folder: Path) -> Path:
    """The world with a run ``stored`` on it; the network has seen nothing since."""
    write_world(folder)
    dissect(folder, "stored")
    seen(folder)
    return folder


@pytest.fixture(scope="module")
def world(made_once, tmp_path_factory):
    """A copy of :func:`stored_world`, for one file of tests."""
    made = made_once("stored-world", stored_world)
    return shutil.copytree(made, tmp_path_factory.mktemp("world") / "own")


@pytest.fixture
def stored(world):
    """The run on it."""
    return Run.open(world / "stored")
