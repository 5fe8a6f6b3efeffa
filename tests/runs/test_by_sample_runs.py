"""Runs in which each sample counts once: what they find, keep, show and refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import andornot
from andornot import Run, Threshold
from andornot.analyses import baseline
from andornot.cli import cli
from andornot.counting.rules import Ranges
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.data.images.open import open_data
from andornot.errors import OptionError, RunError
from andornot.pipeline.options import RunOptions
from andornot.probes.base import Recording
from andornot.search.options import SearchOptions
from andornot.trust.options import TrustOptions

torch = pytest.importorskip("torch", reason="torch is not installed")

from pass_cases import n_recorded  # noqa: E402
from test_dissect import Colours, preprocessing  # noqa: E402
from test_dissect_text import run_with as run_on_pairs  # noqa: E402, F401

N = 36
FEW = TrustOptions(resamples=3, bootstrap=40, nulls=4)
OPTIONS: dict[str, Any] = {
    "threshold": Threshold(None, fixed=0.4),
    "recording": Recording(batch_size=5, device="cpu"),
    "preprocessing": preprocessing(),
    "folds": 3, "length": 2, "trust": None,
}  # fmt: skip


def rooms():
    """Kitchens with a small red thing, baths with a green one, and a table that is anywhere."""
    rng = np.random.default_rng(0)
    for i in range(N):
        image, labels = np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), np.int32)
        y, x = 2 * rng.integers(0, 6, 2)
        image[y : y + 4, x : x + 4, i % 3] = 220
        y, x = 2 * rng.integers(0, 6, 2)
        labels[y : y + 4, x : x + 4] = 1
        scene = ["kitchen", "bath", "hall"][i % 3]
        yield NewSample(f"{i:02d}", Image.fromarray(image), {"thing": labels}, [scene])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("rooms")
    names = {"table": "object", "kitchen": "scene", "bath": "scene", "hall": "scene"}
    write_labelmaps(home, names, rooms())
    return home


@pytest.fixture(scope="module")
def explained(folder, tmp_path_factory):
    """Makes a run on the rooms, with a folder of its own, or in one that is there."""

    def explain(out=None, model=None, **changes):
        torch.manual_seed(0)
        out = out or tmp_path_factory.mktemp("run")
        data = changes.pop("data", f"labelmaps:{folder}")
        return andornot.dissect(model or Colours(), "layer", data, out, **OPTIONS | changes)

    return explain


@pytest.fixture(scope="module")
def run(explained):
    return explained(unit_of_count="sample", trust=FEW)


@pytest.fixture(scope="module")
def by_position(explained):
    return explained()


def test_scenes_explain_units_that_their_area_never_could(run, by_position):
    found, area = run.result(), by_position.result()
    assert [str(found[u].formula) for u in (0, 1, 2)] == ["kitchen", "bath", "hall"]
    assert [found[u].iou for u in (0, 1, 2)] == [1, 1, 1]
    assert found[0].counts == andornot.Counts(12, 0, 0, 24)
    assert max(area[u].iou for u in (0, 1, 2)) < 0.1
    assert run.manifest["unit_of_count"] == "sample"
    assert by_position.manifest["unit_of_count"] == "position"


def test_counts_are_those_of_samples(run):
    table, responses, active = run.concepts, run.responses(), run.areas() > 0
    assert (table.n_positions, run.at_positions.n_positions) == (N, N * 256)
    assert responses.totals.tolist() == active.sum(axis=0).tolist()
    folds = run.samples["fold"].to_numpy()
    for unit in range(4):
        for fold in range(3):
            inside = active[folds == fold, unit].sum()
            assert responses.unit_folds(unit)[:, fold].sum() == inside
    score = run.score(0, "kitchen AND table")
    assert score.counts == andornot.Counts(12, 0, 0, 24)  # anywhere, not at one place
    assert run.shown_positions.sample(0).shape == (16, 16)
    assert run.result().table == table.digest
    again = andornot.explain(active.T, table, length=2)
    explained = [e for e in run.result() if e.formula is not None]
    assert [e.counts for e in explained] == [again[e.unit].counts for e in explained]


def test_trust_is_that_of_samples(run):
    masks = (run.areas() > 0).T
    assessed = andornot.assess(
        andornot.explain(masks, run.concepts, length=2), masks, run.concepts, options=FEW
    )
    for e in run.result():
        if e.formula is None:
            continue
        same = assessed[e.unit].trust  # a fixed threshold, so folds find no other
        assert e.trust.held_out.by_length == same.held_out.by_length
        assert e.trust.stability == same.stability
    assert run.result()[0].trust.held_out_iou == 1


def test_what_was_recorded_and_counted_serves_both(explained):
    net = Colours()
    first = explained(model=net, unit_of_count="sample", trust=FEW)
    recorded = net.calls
    second = explained(first.path, net, unit_of_count="sample", trust=FEW, length=1)
    assert net.calls == recorded
    assert first.areas().tolist() == second.areas().tolist()
    positions = explained(first.path, net)
    assert net.calls == recorded
    assert n_recorded(positions.path) == N


def test_no_store_finds_the_same(run, explained):
    kept = explained(unit_of_count="sample", store=False)
    assert [(str(e.formula), e.counts) for e in kept.result()] == [
        (str(e.formula), e.counts) for e in run.result()
    ]


def test_the_least_share_is_one_of_samples(explained):
    """Unit 0 is active in a third of the images, on less than a tenth of their positions."""
    assert explained(unit_of_count="sample", min_active=0.3).result()[0].status == "ok"
    assert explained(unit_of_count="sample", min_active=0.4).result()[0].status == "rare"


def test_formulas_can_be_scored_where_they_are_known(folder, explained):
    data = open_data(f"labelmaps:{folder}")

    # nobody looked for scenes in the second half
    some = [s if i < N // 2 else replace(s, unknown=("scene",)) for i, s in enumerate(data.samples)]
    half = replace(data, samples=tuple(some))
    found = explained(unit_of_count="sample", data=half, known_only=True)
    e = found.result()[0]
    assert str(e.formula) == "kitchen"
    assert sum(vars(e.counts).values()) == N // 2
    assert found.score(0, "kitchen").counts == e.counts
    assert found.score(0, "table").counts.tp == 12


def test_pages_and_terminal_show_it(run, tmp_path):
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    text = shown(run, 0)
    assert "Each image counts once" in text
    assert "100% of the 12 images" in text
    out = tmp_path / "report"
    written = CliRunner().invoke(cli, ["report", str(run.path), "--out", str(out)])
    assert written.exit_code == 0, written.output
    page = next((out / "unit").glob("*00000.html")).read_text()
    assert "formula holds" in page
    assert "by area" not in page
    assert "counted once" in (out / "index.html").read_text()


def test_what_looks_at_positions_is_refused(run, by_position):
    for question in ("vocabulary", "scores", "metrics"):
        with pytest.raises(RunError, match="without --unit-of-count sample"):
            andornot.analyze(run, question)
    with pytest.raises(OptionError, match="same --unit-of-count"):
        baseline.answer(run, against=by_position)
    with pytest.raises(OptionError, match="same --unit-of-count"):
        baseline.answer(by_position, against=run)
    assert all(e.agreement is None for e in run.result())


def test_questions_of_formulas_are_answered(run):
    for question in ("length", "uniqueness", "kinds"):
        assert andornot.analyze(run, question).sentences


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"unit_of_count": "image"}, "give 'position' or 'sample'"),
        ({"unit_of_count": 1}, "give 'position' or 'sample'"),
        ({"threshold": Ranges(3)}, "leave ranges out"),
        ({"search": SearchOptions(metric="pearson")}, "choose another metric"),
    ],
)
def test_options_that_cannot_be(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        RunOptions(**{"unit_of_count": "sample", "trust": None} | options)


def test_pairs_are_counted_the_same_either_way(run_on_pairs):  # noqa: F811
    one = run_on_pairs(trust=None)
    before = list(one.result())
    other = run_on_pairs(trust=None, unit_of_count="sample")
    assert list(other.result()) == before
    assert not other.by_sample
    assert any("counting samples is counting positions" in n for n in other.manifest["notes"])


def test_tokens_vote_in_their_pair(run_on_pairs):  # noqa: F811
    above = Threshold(None, fixed=0.5)
    found = run_on_pairs(layer="letters", threshold=above, unit_of_count="sample", trust=FEW)
    e = found.result()[1]
    assert str(e.formula) == "word:dog"
    assert e.counts.tp == (found.areas()[:, 1] > 0).sum()
    assert sum(vars(e.counts).values()) == len(found.samples)
    assert found.values(0).shape[2] == found.at_positions.positions.shapes[0, 1]
    assert andornot.analyze(found, "uniqueness").sentences


def shown(run, unit):
    """What ``andornot show`` prints of a unit, on a line."""
    found = CliRunner().invoke(cli, ["show", str(run.path), "--units", str(unit)])
    assert found.exit_code == 0, found.output
    return " ".join(found.output.split())


def test_both_readings_are_told_where_scenes_stand_beside_things(by_position, run):
    e = by_position.result()[0]
    vote = run.score(0, e.shown.formula)
    told = f"IoU of {e.shown.iou:.3f} by area, and of {vote.iou:.3f} by image"
    assert told in shown(by_position, 0)


def test_one_reading_is_enough_without_scenes(folder, explained, run):
    things = explained(data=open_data(f"labelmaps:{folder}", categories=["object"]))
    e = next(e for e in things.result() if e.formula is not None)
    for one in (shown(things, e.unit), shown(run, 0)):
        assert "by area" not in one


def test_runs_of_before_counted_positions(by_position):
    path = by_position.path / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest.pop("unit_of_count")
    assert not Run(by_position.path, manifest).by_sample
