"""The bench of beam searches against the optimum."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from andornot.cli import cli
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.errors import OptionError
from andornot.explainer import explain, explain_responses
from andornot.runs.run import Run
from andornot.search.options import SearchOptions
from benchmarks.shortfall import lines, shortfall


@pytest.fixture(scope="module")
def run():
    """What of a run the bench asks for, on random masks; the last unit is active nowhere."""
    rng = np.random.default_rng(0)
    masks, units = rng.random((9, 200)) < 0.3, rng.random((8, 200)) < 0.2
    units[-1] = False
    table = ConceptTable.from_masks(masks, list("abcdefghi"))
    responses = Responses.from_masks(units, table)
    return SimpleNamespace(
        concepts=table,
        manifest={"search": {"categories": None, "concepts": None}},
        layer=lambda name=None: name or "layer",
        responses=lambda _: responses,
        result=lambda _: explain(responses, table, length=1),
    )


def test_what_a_beam_misses_is_what_the_exhaustive_search_finds(run):
    report = shortfall(run, length=3, beam_sizes=(1, 100), jobs=1)
    assert report["units"] == 7
    assert report["proven"] == {2: 7, 3: 7}
    assert len(report["rows"]) == 2 * 2 * 2
    for row in report["rows"]:
        how = {"length": row["length"], "beam_size": row["beam_size"]}
        profile: dict[str, Any] = {"profile": "mu2020"} if row["profile"] == "mu2020" else {}
        ious = [
            np.array([e.iou for e in explain_responses(run.responses(None), run.concepts, options)])
            for options in (
                SearchOptions(length=row["length"], search="exhaustive"),
                SearchOptions(**how, **profile, search="beam"),
            )
        ]
        gaps = ious[0] - ious[1]
        missed = gaps > 1e-9
        assert row["missed"] == missed.sum()
        assert row["largest_gap"] == pytest.approx(gaps.max(), abs=1e-9)
        if missed.any():
            assert row["mean_gap"] == pytest.approx(gaps[missed].mean())
            losses = gaps[missed] / ious[0][missed]
            assert row["largest_loss"] == pytest.approx(losses.max())
    narrow = [row["missed"] for row in report["rows"] if row["beam_size"] == 1]
    assert max(narrow) > 0
    text = "\n".join(lines(report))
    assert "layer: 7 units" in text
    assert "length 3: optimum proven for 7 units" in text


def test_left_deep_formulas_may_miss_the_best_tree(run):
    report = shortfall(run, length=4, beam_sizes=(10,), over_trees=True, jobs=1)
    rows = {(row["profile"], row["length"]): row for row in report["rows"]}
    assert report["proven"][4] == 7
    assert rows["left-deep", 2]["missed"] == 0
    assert 0 < rows["left-deep", 4]["missed"] <= rows["default", 4]["missed"]


def test_the_command_prints_the_table_or_json(run, monkeypatch):
    monkeypatch.setattr(Run, "open", lambda path: run)
    words = ["bench", "shortfall", "RUN", "--length", "2", "--beam-sizes", "1,5", "--units", "0-2"]
    shown = CliRunner().invoke(cli, words)
    assert shown.exit_code == 0, shown.output
    assert "optimum proven for 3 units" in shown.output
    report = json.loads(CliRunner().invoke(cli, [*words, "--json"]).output)
    assert {row["beam_size"] for row in report["rows"]} == {1, 5}


def test_what_cannot_be_compared(run):
    with pytest.raises(OptionError, match="length is 1"):
        shortfall(run, length=1)
    with pytest.raises(OptionError, match="none of these units"):
        shortfall(run, units=[7])
