"""A run tells where thresholds cut through nearly equal values, on the unit and as a note."""

from __future__ import annotations

import pytest

import andornot
from andornot.cli import main
from andornot.probes.base import Recording
from andornot.report.write import write_report

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch import nn  # noqa: E402

from andornot.models import Preprocessing  # noqa: E402
from pass_cases import write_world  # noqa: E402


class Net(nn.Module):
    """Two units of red, which also hang on the place: one widely, the other hardly at all."""

    def __init__(self):
        super().__init__()
        self.conv, self.act = nn.Conv2d(3, 2, 1), nn.Sigmoid()
        places = torch.rand(2, 24, 24, generator=torch.Generator().manual_seed(0))
        self.register_buffer("places", places * torch.tensor([4.0, 0.04])[:, None, None])
        with torch.no_grad():
            red = torch.tensor([[2.0, -1.0, -1.0], [9.0, -9.0, -9.0]])
            self.conv.weight[:] = red[..., None, None]
            self.conv.bias[:] = -4.0

    def forward(self, x):
        return self.act(self.conv(x) + self.places).mean((2, 3))


def dissect(made_once, out):
    return andornot.dissect(
        Net(), "act", f"labelmaps:{made_once('world', write_world) / 'data'}", out,
        recording=Recording(device="cpu"), trust=None, length=1,
        preprocessing=Preprocessing(24, 24, (0, 0, 0), (1, 1, 1)),
        threshold=andornot.Threshold(0.1),
    )  # fmt: skip


@pytest.fixture
def run(made_once, tmp_path):
    return dissect(made_once, tmp_path / "run")


def test_it_is_told_on_the_unit_and_of_the_layer(run, capsys, tmp_path):
    assert [e.plateau is None for e in run.result()] == [True, False]
    plateau = run.result()[1].plateau
    (note,) = [n for n in run.manifest["notes"] if "nearly equal" in n]
    assert note.startswith("the threshold of 1 of 2 units of act cuts through")
    # it comes back from the files
    again = andornot.Run.open(run.path)
    assert again.result() == run.result()
    with pytest.raises(SystemExit):
        main(["show", str(run.path), "--units", "1"])
    told = " ".join(capsys.readouterr().out.split())
    assert f"Beware: {plateau}." in told
    page = write_report(run, tmp_path / "pages").parent / "unit"
    beware = ["Beware:" in path.read_text("utf-8") for path in sorted(page.glob("*.html"))]
    assert beware == [False, True]


def test_a_second_run_finds_it_in_the_cache(run, made_once, monkeypatch):
    from andornot.pipeline import plateaus

    monkeypatch.setattr(plateaus, "find_plateaus", None)
    again = dissect(made_once, run.path)
    assert again.result()[1].plateau is not None
