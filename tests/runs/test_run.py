"""A run on disk: parts that are gone are told in a sentence, and explaining again mends them."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import andornot
from analysis_cases import LAYER, picture_run
from andornot import Threshold
from andornot.cli import cli, main
from andornot.data.images.open import open_data
from andornot.errors import DataError, FormulaError, OptionError, RunError
from andornot.probes.base import Recording
from andornot.report.write import write_report
from andornot.runs.run import Run

pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("home")
    picture_run(home, LAYER)
    return home


@pytest.fixture
def run(home, tmp_path) -> Run:
    """A run of one's own, to damage."""
    shutil.copytree(home, tmp_path / "home")
    return Run.open(tmp_path / "home" / "run")


def test_values_are_those_that_were_recorded(run):
    whole = np.concatenate([block for _, block in run.activations().blocks()])
    for sample in (0, 13, len(whole) - 1):
        np.testing.assert_array_equal(run.values(sample), whole[sample])
    np.testing.assert_array_equal(run.activations().rows(5, 25), whole[5:25])
    for first, last in ((-1, 3), (40, len(whole) + 1)):
        with pytest.raises(RunError, match=f"has no rows {first} to"):
            run.activations().rows(first, last)


@pytest.mark.parametrize("how_many", ["one", "all"])
def test_activations_that_are_gone(run, how_many):
    paths = run.activations().paths
    for path in paths[-1:] if how_many == "one" else paths:
        path.unlink()
    with pytest.raises(RunError, match=r"lacks recorded activations .* repeat andornot explain"):
        run.activations()
    done = CliRunner().invoke(cli, ["analyze", "contributions", str(run.path)])
    assert isinstance(done.exception, RunError)


def test_weights_of_the_head_that_are_gone(tmp_path):
    run = picture_run(tmp_path, LAYER)
    weights = run.head_weights()
    next(run.path.rglob("head.npy")).unlink()
    with pytest.raises(RunError, match=r"head\.npy is gone; repeat andornot explain"):
        run.head_weights()
    again = andornot.dissect(
        f"{tmp_path / 'network.py'}:net", LAYER, open_data(f"labelmaps:{tmp_path / 'data'}"),
        run.path, recording=Recording(batch_size=10, device="cpu"), length=3,
        threshold=Threshold(0.05), folds=2,
    )  # fmt: skip
    np.testing.assert_array_equal(again.head_weights(), weights)


def test_a_unit_that_there_is_not_is_refused_with_the_first_batch(tmp_path):
    with pytest.raises(OptionError, match="there is no unit 9 in relu2; it has units 0 to 8"):
        picture_run(tmp_path, LAYER, units=[9])
    assert not list(tmp_path.rglob("shards/*.npy"))


def test_the_manifest_names_the_network_from_anywhere(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(tmp_path)
    run = picture_run(Path("home"), LAYER)
    noted = json.loads((run.path / "manifest.json").read_text(encoding="utf-8"))["model"]
    assert noted["spec"] == f"{home / 'network.py'}:net"


def test_what_is_mistyped_is_told_before_any_work(run, tmp_path):
    with pytest.raises(DataError, match=r"holds no attack\.json; give a folder"):
        write_report(run, tmp_path / "out", attacks=[tmp_path / "nowhere"])
    (tmp_path / "file").touch()
    for arguments, message in (
        (["demo", "--out", tmp_path / "file"], "is a file; give a folder"),
        (["show", run.path, "--samples", 3], "was made from images, which a terminal cannot show"),
        (["figures", run.path, "--also", "net.pt"], "--also is for edits"),
    ):
        done = CliRunner().invoke(cli, [str(a) for a in arguments])
        assert done.exit_code == 2
        assert message in done.output


def test_a_report_on_few_units_says_that_others_are_not_compared(run, tmp_path):
    page = write_report(run, tmp_path / "out", [0, 1]).parent / "unit" / "relu2-00000.html"
    sentence = "Only the 2 units of this report are looked at, of 9 in the run."
    assert sentence in page.read_text(encoding="utf-8")


def test_an_interrupted_report_does_not_promise_to_go_on(run, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "result", interrupt)
    with pytest.raises(SystemExit) as ended:
        main(["report", str(run.path), "--quiet"])
    assert ended.value.code == 130
    said = capsys.readouterr().err.strip()
    assert said == (
        "andornot: interrupted; the same command starts afresh, and nothing is left half done"
    )
    assert not (run.path / "report").exists()


def test_activations_are_read_as_an_array(run):
    whole = np.concatenate([block for _, block in run.activations().blocks()])
    recorded = run.activations()
    np.testing.assert_array_equal(np.asarray(recorded), whole)
    assert recorded.shape == whole.shape
    assert len(recorded) == len(run.samples)
    for key in (0, -1, slice(3, 25), (slice(None), 4), [30, 2]):
        np.testing.assert_array_equal(recorded[key], whole[key])


def test_a_score_has_names_and_is_the_pair_that_it_was(run):
    score: Any = run.score(4, "  NOT NOT red ")
    again: Any
    counts, folds = score
    assert score == (counts, folds)
    assert (score[0], score[1], len(score)) == (counts, folds, 2)
    assert tuple in type(score).__mro__
    assert str(score.formula) == "NOT NOT red"
    assert score.formula == andornot.parse("NOT NOT red")
    assert score.unit == 4
    assert score.scores() == counts.scores()
    assert score.iou == counts.iou == score.scores()["iou"]
    assert score.precision == counts.precision == counts.tp / (counts.tp + counts.fp)
    assert score.recall == counts.recall == counts.tp / (counts.tp + counts.fn)
    assert sum(fold.tp for fold in folds) == counts.tp
    assert str(score).startswith(f"unit 4: NOT NOT red (IoU {counts.iou:.3f}, precision ")
    assert repr(score) == f"<UnitScore of {score}>"
    again = pickle.loads(pickle.dumps(score))
    assert (again, again.formula, again.unit) == (score, score.formula, 4)
    assert run.score(4, score.formula) == score
    told = json.loads(json.dumps(score.as_dict()))
    assert (told["unit"], told["formula"], told["scores"]) == (4, "NOT NOT red", score.scores())
    assert [andornot.Counts(**fold) for fold in told["folds"]] == list(folds)
    with pytest.raises(FormulaError, match="colour"):
        run.score(4, "colour")


def test_a_result_of_a_run_is_saved_and_comes_back(run, tmp_path):
    run.result().save(tmp_path / "result.json")
    assert andornot.Result.load(tmp_path / "result.json") == run.result()
    assert repr(run).count("\n") == repr(run.result()[-1]).count("\n") == 0
