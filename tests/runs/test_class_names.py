"""Names for the classes of a network that is in memory only."""

from __future__ import annotations

import pandas as pd
import pytest

import andornot
from andornot.errors import OptionError
from andornot.probes.base import Recording

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch import nn  # noqa: E402

from andornot.models import Preprocessing  # noqa: E402
from pass_cases import write_world  # noqa: E402


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)

    def forward(self, x):
        return self.conv(x).mean((2, 3))


@pytest.fixture
def run(made_once, tmp_path):
    def dissect(class_names):
        return andornot.dissect(
            Net(), "conv", f"labelmaps:{made_once('world', write_world) / 'data'}",
            tmp_path / "run", recording=Recording(device="cpu"), trust=None, length=1,
            preprocessing=Preprocessing(24, 24, (0, 0, 0), (1, 1, 1)), class_names=class_names,
        )  # fmt: skip

    return dissect


def test_classes_have_the_names_that_are_given(run):
    named = run(["warm", "cold"])
    assert list(named.class_names) == ["warm", "cold"]
    samples = pd.read_parquet(named.path / "samples.parquet")
    assert set(samples["predicted_class"]) <= {"warm", "cold"}
    assert not any("class name" in note for note in named.manifest["notes"])


def test_too_few_names_are_told_of(run):
    (note,) = (n for n in run(["warm"]).manifest["notes"] if "class name" in n)
    assert note.startswith("the network gives 2 scores, and 1 class name is known")


def test_names_that_are_none_are_refused(run):
    with pytest.raises(OptionError, match="class_names"):
        run([1, 2])
