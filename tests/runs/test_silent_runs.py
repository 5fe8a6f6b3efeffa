"""Runs most of whose units have no formula say why, with the numbers, and what to try."""

from __future__ import annotations

import warnings

import pytest

import andornot
from andornot import Threshold
from andornot._tools.progress import show_progress
from andornot.errors import NoFormulaWarning
from andornot.probes.base import Recording
from insides import run_headline

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch import nn  # noqa: E402

from andornot.models import Preprocessing  # noqa: E402
from pass_cases import write_world  # noqa: E402

RED = Threshold(quantile=None, fixed=0.5)


class Net(nn.Module):
    """Three units: dead ones behind a ReLU, and as many as are wanted that are red."""

    def __init__(self, alive):
        super().__init__()
        self.conv, self.relu = nn.Conv2d(3, 3, 1), nn.ReLU()
        with torch.no_grad():
            self.conv.weight[:] = torch.tensor([1.0, -0.5, -0.5])[None, :, None, None]
            self.conv.bias[:] = torch.where(torch.arange(3) < alive, 0.0, -9.0)

    def forward(self, x):
        return self.relu(self.conv(x)).mean((2, 3))


@pytest.fixture
def run(made_once, tmp_path):
    def dissect(alive, **options):
        return andornot.dissect(
            Net(alive), "relu", f"labelmaps:{made_once('world', write_world) / 'data'}",
            tmp_path / "run", recording=Recording(device="cpu"), trust=None, length=1,
            preprocessing=Preprocessing(24, 24, (0, 0, 0), (1, 1, 1)), **options,
        )  # fmt: skip

    return dissect


def note(run):
    return "".join(n for n in run.manifest["notes"] if "cannot be explained" in n)


@pytest.mark.parametrize(
    ("alive", "options", "words"),
    [
        (0, {}, ["3 of 3 units of relu", "3 dead (0 on every position)", "before a ReLU"]),
        (1, {"threshold": RED}, ["2 of 3 units of relu", "2 dead (0 on every position)"]),
        (
            3,
            {"threshold": Threshold(quantile=None, fixed=50.0)},
            ["nowhere above the threshold", "the threshold is 50, and their largest value 1"],
        ),
        (
            3,
            {"min_active": 0.99, "threshold": RED},
            [
                "rare (active on too few positions)",
                "lower --min-active",
                "min_active 0.99 asks for 13,686 ",
            ],
        ),
        (3, {"threshold": RED}, []),
    ],
)
def test_a_run_says_why_and_what_to_try(run, alive, options, words):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoFormulaWarning)
        made = run(alive, **options)
    told = note(made)
    assert bool(told) == bool(words)
    assert [word for word in words if word not in told] == []
    assert any("cannot be explained" in s for s in run_headline(made)) == bool(words)


def test_a_run_without_any_formula_warns_where_no_progress_is_shown(run, capsys):
    with pytest.warns(NoFormulaWarning, match="3 of 3 units of relu cannot be explained"):
        run(0)
    show_progress(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            run(0)
    finally:
        show_progress(False)
    assert "note: 3 of 3 units of relu cannot be explained" in capsys.readouterr().err
