"""Runs with several ranges of activations: explained, written and shown."""

from __future__ import annotations

import pandas as pd
import pytest

import andornot
import naive
from andornot.counting.ranges import find_borders
from andornot.counting.rules import Ranges
from andornot.errors import OptionError
from andornot.explainer import SearchOptions, explain_responses


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    pytest.importorskip("torch", reason="torch is not installed")
    from analysis_cases import LAYER, picture_run

    folder = tmp_path_factory.mktemp("ranged")
    return picture_run(folder, LAYER, threshold=Ranges(3), trust=None, length=2)


def test_each_range_has_an_explanation(run):
    result = run.result()
    assert len(result) == 9
    borders = find_borders(run.activations(), Ranges(3))
    assert run.thresholds().tolist() == borders[:, -2].tolist()
    for e in result:
        if e.status == "dead":
            assert result.ranges(e.unit) == (e,)
            assert e.range is None
            continue
        ranges = result.ranges(e.unit)
        assert ranges[-1] is e
        ends = [part.range for part in ranges]
        assert ends == list(zip(borders[e.unit], borders[e.unit, 1:], strict=False))
        positive = sum(part.counts.tp + part.counts.fn for part in ranges)
        assert positive == n_positive(run, e.unit)


def n_positive(run, unit):
    """On how many positions the activations of a unit are above 0."""
    grids = [run.concepts.positions.sample(i).shape for i in range(len(run.samples))]
    maps = (naive.upsample(run.values(i)[unit], *grid) for i, grid in enumerate(grids))
    return sum(int((values > 0).sum()) for values in maps)


def test_tables_have_a_row_for_each_range(run):
    frame = run.result().to_frame()
    assert len(frame) == 8 * 3 + 1
    alive = frame[frame["range_low"].notna()]
    assert (alive.groupby("unit")["range_low"].diff().dropna() <= 0).all()
    written = pd.read_parquet(run.path / "explanations.parquet")
    assert written["range_low"].tolist()[:3] == frame["range_low"].tolist()[:3]
    assert run.manifest["layers"][run.layer()]["threshold"] == {"k": 3, "by": "clusters"}


def test_scores_and_ranges_are_shown(run):
    from click.testing import CliRunner

    from andornot.cli import cli

    shown = CliRunner().invoke(cli, ["show", str(run.path), "--best", "2"])
    assert shown.exit_code == 0, shown.output
    assert "activation" in shown.output
    e = run.result().best()[0]
    assert -1 < e.agreement.pearson < 1
    for question in ("scores", "metrics"):
        done = CliRunner().invoke(cli, ["analyze", question, str(run.path), "--quiet"])
        assert done.exit_code == 0, done.output
    masked = ["analyze", "scores", str(run.path), "--quiet", "--units", f"{e.unit}", "--json"]
    done = CliRunner().invoke(cli, [*masked, "--masking", "--trust-code"])
    assert done.exit_code == 0, done.output
    assert '"label_masking": ' in done.output


def dissected(folder, out, **options):
    """The network and the pictures of ``run`` once more."""
    from analysis_cases import LAYER
    from andornot.data.images.open import open_data
    from andornot.probes.recording import Recording

    return andornot.dissect(
        f"{folder / 'network.py'}:net", LAYER, open_data(f"labelmaps:{folder / 'data'}"), out,
        recording=Recording(batch_size=10, device="cpu"), folds=2, length=2, trust=None, **options,
    )  # fmt: skip


def test_the_same_run_again_counts_nothing_again(run, monkeypatch):
    from andornot.pipeline import assess, count
    from andornot.pipeline import search as explain

    monkeypatch.setattr(explain, "count_lower_ranges", None)
    monkeypatch.setattr(assess, "agreements", None)
    monkeypatch.setattr(count, "count_responses", None)
    before = run.result()
    again = dissected(run.path.parent, run.path, threshold=Ranges(3))
    assert again.result() == before


def test_correlation_can_be_searched_for_with_a_threshold_only(run, tmp_path):
    with pytest.raises(OptionError, match="leave ranges out"):
        dissected(run.path.parent, tmp_path, threshold=Ranges(3), metric="pearson")
    with pytest.raises(OptionError, match="cannot look for correlation"):
        dissected(run.path.parent, tmp_path, metric="pearson", search="exhaustive")
    found = dissected(run.path.parent, tmp_path, metric="pearson")
    scores = [e.score for e in found.result() if e.formula is not None]
    assert len(scores) == 8
    for e in found.result():
        if e.formula is not None:
            assert e.score == pytest.approx(e.agreement.pearson, abs=1e-8)
            assert e.score <= e.certificate.upper_bound + 1e-9
    with pytest.raises(OptionError, match="nothing can be correlated"):
        explain_responses(found.responses(), found.concepts, SearchOptions(metric="pearson"))


def test_units_are_shown_one_by_one_with_all_their_ranges(run):
    from click.testing import CliRunner

    from andornot.cli import cli

    unit = run.result().best()[0].unit
    shown = CliRunner().invoke(cli, ["show", str(run.path), "--units", str(unit)])
    assert shown.exit_code == 0, shown.output
    lines = " ".join(shown.output.split())
    assert lines.count("Activations from") == 2
    assert "Scores: correlation with the raw activations" in lines
