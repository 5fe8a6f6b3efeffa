"""Runs whose formulas begin with NOT: what is kept, and what pages and analyses say of them."""

from __future__ import annotations

import pytest

import andornot
from analysis_cases import LAYER, picture_run
from andornot import Threshold
from andornot.edits.goals import goals_of
from andornot.trust.options import TrustOptions


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    # units that are active on most positions are described by what is absent
    return picture_run(
        tmp_path_factory.mktemp("negated"), (LAYER,), negated_first=True,
        threshold=Threshold(0.7), length=2,
        trust=TrustOptions(resamples=4, bootstrap=40, nulls=20),
    )  # fmt: skip


def begun(run):
    return [
        e for e in run.result(LAYER) if e.formula and str(e.formula).startswith(("NOT", "(NOT"))
    ]


def test_the_run_keeps_what_was_asked_and_found(run, tmp_path):
    assert run.record.search.negated_first is True
    again = andornot.Run.open(run.path)
    assert again.record.search.options().negated_first is True
    assert begun(again)
    for e in begun(again):
        counts, *_ = again.score(e.unit, str(e.formula), LAYER)
        assert counts == e.counts
        assert e.trust.held_out is not None
    plain = picture_run(tmp_path, (LAYER,), threshold=Threshold(0.7), length=2, trust=None)
    assert plain.record.search.negated_first is None
    assert not begun(plain)
    for e, other in zip(run.result(LAYER), plain.result(LAYER), strict=True):
        assert e.iou >= other.iou


def test_pages_and_analyses_read_them(run, tmp_path):
    andornot.write_report(run, tmp_path / "report")
    pages = "".join(p.read_text() for p in (tmp_path / "report").rglob("*.html"))
    assert "they may begin with NOT" in pages
    for name in ("kinds", "uniqueness", "trust"):
        found = andornot.analyze(run, name, layer=LAYER)
        assert found.tables
    for goal in goals_of(run, LAYER, 0, 1, 9):
        assert goal.term.there
