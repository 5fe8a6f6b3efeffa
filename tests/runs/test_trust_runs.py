"""Trust in runs: stored, shown, gone on with, and asked for."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import andornot
import naive
from andornot.analyses import baseline, trust
from andornot.data.images.open import open_data
from andornot.errors import OptionError, RunError
from andornot.runs.manifest_fields import check_manifest
from andornot.runs.reopen import images_of
from andornot.runs.run import Run
from andornot.trust import measure
from andornot.trust.options import TrustOptions
from manifest_cases import retold

torch = pytest.importorskip("torch", reason="torch is not installed")

from test_dissect import Colours, folder, run_with  # noqa: E402, F401

FEW = TrustOptions(resamples=3, bootstrap=40, nulls=4, in_sample=True)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Colours()


@pytest.fixture
def found(run_with, model):  # noqa: F811
    return run_with(model, trust=FEW)


def test_trust_is_stored_with_each_explanation(found):
    frame = pd.read_parquet(found.path / "explanations.parquet").set_index("unit")
    for e in Run.open(found.path).result():
        if e.formula is None:
            assert e.trust is None
            assert np.isnan(frame["held_out_iou"][e.unit])
            continue
        assert e.trust.length == 3
        assert frame.loc[e.unit, "held_out_iou_1"] == e.trust.held_out.by_length[0]
        assert frame.loc[e.unit, "p_value"] == e.trust.chance.p_value
        assert e.trust.stability.low <= e.iou <= e.trust.stability.high
    assert found.manifest["trust"]["nulls"] == 4


def test_each_part_is_kept_when_it_is_done(run_with, model, monkeypatch):  # noqa: F811
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(measure, "measure_chance", stop)
        with pytest.raises(KeyboardInterrupt):
            run_with(model, trust=FEW)
    with monkeypatch.context() as patch:
        for part in ("held_out", "stability", "core", "held_out_chance"):
            patch.setattr(measure, f"measure_{part}", stop)
        resumed = run_with(model, trust=FEW).result()
    for part in resumed.explanations:
        assert (part.trust is None) == (part.formula is None)
    monkeypatch.setattr(measure, "measure_chance", stop)
    with pytest.raises(KeyboardInterrupt):  # what was kept is not that of other options
        run_with(model, trust=TrustOptions(resamples=3, bootstrap=40, nulls=5, in_sample=True))


def test_a_damaged_part_is_measured_again(found, run_with, model):  # noqa: F811
    before = found.result()
    (file,) = (found.path / "cache").glob("trust_*/stability.json")
    for damage in ("{", '{"units": []}', "[]"):
        file.write_text(damage)
        assert run_with(model, trust=FEW).result() == before


def test_trust_can_be_left_out(run_with):  # noqa: F811
    run = run_with(trust=None)
    assert all(e.trust is None for e in run.result())
    assert "held_out_iou" not in run.result().to_frame()
    assert run.manifest["trust"] is None
    with pytest.raises(RunError, match="without --no-trust"):
        trust.answer(run)


def test_held_out_samples_choose_the_length(run_with):  # noqa: F811
    run = run_with(length="auto", trust=FEW)
    explained = [e for e in run.result() if e.formula is not None]
    assert explained
    for e in explained:
        assert e.trust.length == e.trust.held_out.length
        assert e.formula.length <= e.trust.length
        assert len(e.by_length) == measure.LONGEST
        assert e.iou == e.by_length[e.trust.length - 1]
    assert any(e.formula.length == 1 for e in explained)
    for wrong in ({"trust": None}, {"folds": 1}):
        with pytest.raises(OptionError, match="leave trust on"):
            run_with(**({"length": "auto", "trust": FEW} | wrong))


def test_groups_shape_trust_and_nothing_else(run_with, found, folder, model):  # noqa: F811
    """Another table and trust, the same activations, counts and formulas."""
    before = found.result()
    data = open_data(folder, group=r"^(\d)")
    assert len(set(data.groups)) < len(data)
    grouped = run_with(model, trust=FEW, data=data)
    assert grouped.samples["group"].tolist() == list(data.groups)
    folds = [naive.fold(group, 5) for group in data.groups]
    assert grouped.samples["fold"].tolist() == folds
    assert grouped.concepts.positions.folds.tolist() == folds
    assert grouped.manifest["data"]["groups"] == grouped.concepts.positions.n_groups
    assert grouped.manifest["data"]["source"]["group"] == r"^(\d)"
    assert grouped.manifest["data"]["fingerprint"] == found.manifest["data"]["fingerprint"]
    stages = [run.manifest["stages"] for run in (found, grouped)]
    for name, kept in (
        ("activations layer", True),
        ("concepts", False),
        ("responses layer", False),
    ):
        assert (stages[0][name]["path"] == stages[1][name]["path"]) == kept
    for one, other in zip(before, grouped.result(), strict=True):
        assert (one.formula, one.counts) == (other.formula, other.counts)
    assert images_of(grouped).sample_ids == data.sample_ids  # no expression is run again
    alone = run_with(model, trust=FEW, data=open_data(folder, group="none"))
    assert "groups" not in alone.manifest["data"]
    assert alone.samples["group"].tolist() == list(data.sample_ids)
    assert alone.result() == before
    assert alone.manifest["stages"]["concepts"]["path"] == stages[0]["concepts"]["path"]


def test_a_run_of_before_has_each_sample_as_its_own_group(found, run_with, model):  # noqa: F811
    """Its manifest, its table of samples and its concept table say nothing of groups."""
    text = json.loads((found.path / "manifest.json").read_text())
    del text["data"]["source"]["group"]
    assert check_manifest(text, found.path)["data"]["source"]["split"] is None
    assert images_of(Run(found.path, text)).groups == tuple(found.samples["sample"])
    (file,) = (found.path / "cache").glob("concepts*/positions.npz")
    with np.load(file) as arrays:
        assert sorted(arrays) == ["atom_offsets", "atoms", "folds", "shapes"]
    assert found.concepts.positions.groups is None


def test_a_table_by_length(found):
    told = trust.answer(found)
    table = told.tables["by_length"]
    explained = [e for e in found.result() if e.formula is not None]
    assert table["length"].tolist() == [1, 2, 3]
    means = np.mean([e.trust.held_out.by_length for e in explained], axis=0)
    assert table["held_out"].tolist() == pytest.approx(means)
    assert table["null"].tolist() == pytest.approx(
        np.mean([e.trust.chance.null for e in explained], axis=0)
    )
    assert table["units_it_pays_for"].sum() == len(explained)
    assert set(told.tables["units"]["unit"]) == {e.unit for e in explained}
    assert any("beat every one of 4 searches" in s for s in told.sentences)


def test_a_network_is_compared_with_itself_untrained(found, tmp_path, folder):  # noqa: F811
    from test_dissect import OPTIONS, preprocessing

    model = Colours()
    torch.nn.init.normal_(model.layer.weight)
    other = andornot.dissect(
        model, "layer", f"labelmaps:{folder}", tmp_path / "random",
        preprocessing=preprocessing(), trust=None, **OPTIONS,
    )  # fmt: skip
    told = baseline.answer(found, against=other)
    last = told.tables["by_length"].iloc[-1]
    ours = [e.iou for e in found.result() if e.formula is not None]
    theirs = [e.iou for e in other.result() if e.formula is not None]
    wins = np.mean([(a > b) + 0.5 * (a == b) for a in ours for b in theirs])
    assert last["beats"] == pytest.approx(wins)
    assert last["above"] == np.mean([a > np.quantile(theirs, 0.95) for a in ours])


def test_runs_on_different_samples_are_not_compared(found, tmp_path):
    other = retold(found, data={"fingerprint": "another"})
    with pytest.raises(OptionError, match="different samples"):
        baseline.answer(found, against=other)


NET = """
import torch
def net():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    torch.nn.init.constant_(model[0].bias, 0.5)
    return model
"""


def command(*arguments):
    from andornot.cli import cli

    return CliRunner().invoke(cli, [str(a) for a in arguments])


def test_the_command_line_draws_weights_and_says_what_is_real(folder, tmp_path):  # noqa: F811
    from andornot.runs.reopen import model_of

    (tmp_path / "net.py").write_text(NET)
    given = (
        "explain", "--model", f"{tmp_path / 'net.py'}:net", "--layer", "0", "--size", "16",
        "--data", f"labelmaps:{folder}", "--quantile", "0.1", "--folds", "2",
    )  # fmt: skip
    few = ("--resamples", "2", "--bootstrap", "40", "--nulls", "19", "--seed", "1")
    done = command(*given, *few, "--out", tmp_path / "own")
    assert done.exit_code == 0, done.output
    assert "\theld_out\t" in done.output, "a pipe gets a table for programs"
    assert "Verdicts on" in done.output
    done = command(*given, "--no-trust", "--random-weights", "4", "--out", tmp_path / "random")
    assert done.exit_code == 0, done.output
    assert "all weights are random (seed 4)" in " ".join(done.output.split())
    random = Run.open(tmp_path / "random", trust_code=True)
    assert random.manifest["model"]["weights"] == "random:4"
    assert model_of(random).fingerprint == random.manifest["model"]["fingerprint"]

    shown = command("show", tmp_path / "own", "--units", "0")
    assert "came back" in " ".join(shown.output.split())
    told = json.loads(command("analyze", "trust", tmp_path / "own", "--json").output)
    assert {"held_out", "null", "in_sample"} <= set(told["tables"]["by_length"][0])
    against = ("--against", tmp_path / "random")
    told = command("analyze", "baseline", tmp_path / "own", *against, "--quiet")
    assert "Mann-Whitney" in told.output
    done = command(*given, "--random-weights", "4", "--weights", "x.pt", "--out", tmp_path / "x")
    assert isinstance(done.exception, OptionError)
