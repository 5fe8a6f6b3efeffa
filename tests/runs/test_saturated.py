"""Units that often are at their largest value: told of, with thresholds that do."""

from __future__ import annotations

import re

import pytest

import andornot
from andornot import Threshold
from andornot.probes.base import Recording

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch import nn  # noqa: E402

from andornot.models import Preprocessing  # noqa: E402
from pass_cases import write_world  # noqa: E402


class Net(nn.Module):
    """Units for red, blue and light, a bound, and pixels or larger cells."""

    def __init__(self, bound, scale=20.0, cell=1, shift=0.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        with torch.no_grad():
            rows = torch.tensor([[1.0, -1, -1], [-1, -1, 1], [0.3, 0.3, 0.3]])
            self.conv.weight[:] = scale * rows[:, :, None, None]
            self.conv.bias[:] = torch.tensor([0.0, 0.0, shift])
        self.pool = nn.AvgPool2d(cell)
        self.bound = bound

    def forward(self, x):
        return self.bound(self.conv(self.pool(x))).mean((2, 3))


@pytest.fixture(scope="module")
def world(made_once):
    return f"labelmaps:{made_once('world', write_world) / 'data'}"


@pytest.fixture
def run(world, tmp_path):
    def dissect(net, threshold=None, **options):
        options = {"trust": None, "length": 1} | options
        return andornot.dissect(
            net, "bound", world, tmp_path / "run", recording=Recording(device="cpu"),
            threshold=threshold, preprocessing=Preprocessing(24, 24, (0, 0, 0), (1, 1, 1)),
            **options,
        )  # fmt: skip

    return dissect


def note(run):
    found = [n for n in run.manifest["notes"] if "equal the largest one" in n]
    assert len(found) <= 1
    return "".join(found)


def number(text, name):
    return float(re.search(rf"--{name} ([\d.e-]+)", text).group(1))


@pytest.mark.parametrize("resolution", ["native", "upsampled"])
@pytest.mark.parametrize(
    "net", [Net(nn.ReLU6()), Net(nn.Hardsigmoid()), Net(nn.ReLU6(), cell=4), Net(nn.Hardtanh(), 90)]
)
def test_what_is_proposed_makes_them_active(run, net, resolution):
    rule = Threshold(0.005, resolution=resolution)
    told = note(run(net, rule))
    units = [e.unit for e in run(net, rule).result() if e.status == "inactive"]
    assert units
    assert f"{len(units)} unit" in told
    assert f"({', '.join(map(str, units))}) fire" in told
    other = Threshold(number(told, "quantile"), resolution=resolution)
    for better in (other, Threshold(None, number(told, "threshold"))):
        again = run(net, better)
        assert not note(again)
        assert all(again.result()[unit].status != "inactive" for unit in units)
    assert note(run(net, rule)) == told  # found again


def test_a_smaller_quantile_for_those_that_are_rarely_at_the_top(run):
    net = Net(nn.ReLU6(), shift=-9.6)  # light is at the top on some pixels of noise
    told = note(run(net))
    assert "makes 1 of them" in told
    few = Threshold(float(re.search(r"\(--quantile ([\d.]+) makes", told).group(1)))
    assert [e.status != "inactive" for e in run(net, few).result()] == [False, False, True]


def test_without_a_store_it_is_told_too(run):
    assert "or a --threshold below 6" in note(run(Net(nn.ReLU6()), store=False))


def test_one_unit_is_told_of_as_one(run):
    told = note(run(Net(nn.ReLU6()), units=[0]))
    assert told.startswith("1 unit of bound (0) fires, but is told as inactive")
    assert told.endswith("would make it active")


@pytest.mark.parametrize("net", [Net(nn.ReLU()), Net(nn.Sigmoid(), 0.5)])
def test_other_units_are_not_told_of(run, net):
    assert not note(run(net, units=[2]))
    assert not note(run(net, Threshold(None, 50.0)))  # inactive by the user's own threshold


def test_too_few_places_are_not_the_reason(run):
    """With large cells a quantile leaves one value above it, but saturated units have none."""
    stuck = run(Net(nn.ReLU6(), 500, cell=6)).manifest["notes"]
    assert [note.partition(" fire")[0] for note in stuck[:-1]] == ["2 units of bound (0, 1)"]
    assert stuck[-1].startswith("3 of 3 units of bound cannot be explained")
    some, *_ = run(Net(nn.ReLU(), cell=6), units=[2]).manifest["notes"]
    assert "so each unit of bound is active in one place only" in some
