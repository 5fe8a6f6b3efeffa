"""Runs on data in which two concepts always come together: what is said of that, and where."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

import andornot
from andornot import Run, Threshold
from andornot.cli import cli
from andornot.counting.rules import Ranges
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.data.images.open import open_data
from andornot.models import Preprocessing
from andornot.probes.recording import Recording
from andornot.results.explanation import Twins
from andornot.trust.options import TrustOptions
from andornot.views import array_views

pytest.importorskip("torch", reason="torch is not installed")

from red_blue_cases import RedAndBlue

NAMES = {"red": "colour", "blue": "colour", "tomato": "fruit", "sky": "place"}
CANNOT = "red = tomato: on these data, concepts with = between them can stand in for each other"


def pictures():
    """A red or a blue half; all that is red is a tomato, and most that is blue is sky."""
    for i in range(24):
        image, halves = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.int32)
        colour = i % 2
        image[:4, :, 2 * colour] = 100 + 5 * i
        halves[:4] = 1 + colour
        things = halves + 2 * (halves > 0)
        if i == 1:
            things[:2, :4] = 0
        yield NewSample(f"{i:02d}", Image.fromarray(image), {"colour": halves, "thing": things})


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twins") / "data"
    write_labelmaps(folder, NAMES, pictures())
    return open_data(f"labelmaps:{folder}")


def run_of(data, out, **options) -> Run:
    given = {"length": 2, "trust": None, "folds": 2} | options
    threshold = given.pop("threshold", Threshold(quantile=None, fixed=0.2))
    return andornot.dissect(
        RedAndBlue(), "layer", data, out,
        preprocessing=Preprocessing(8, 8, (0, 0, 0), (1, 1, 1)), threshold=threshold,
        recording=Recording(batch_size=8, device="cpu"), **given,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(data, tmp_path_factory) -> Run:
    return run_of(data, tmp_path_factory.mktemp("run") / "run")


def said(*words) -> str:
    done = CliRunner().invoke(cli, list(map(str, words)))
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_a_run_keeps_what_cannot_be_told_apart(run):
    red, blue = run.result()
    assert (str(red.formula), red.twins) == ("red", (Twins("red", ("tomato",)),))
    assert (str(blue.formula), blue.twins) == ("blue", ())
    frame = pd.read_parquet(run.path / "explanations.parquet")
    assert frame["twins"].tolist() == ["red = tomato", ""]
    rows = json.loads((run.path / "explanations.json").read_text())["layers"]["layer"]
    assert rows[0]["twins"] == [{"concept": "red", "others": ["tomato"], "more": 0}]
    assert "twins" not in rows[1]


def test_the_terminal_says_it(run):
    assert "with the number of formulas: red = tomato (1)" in said("show", run.path)
    text = said("show", run.path, "--units", "0")
    assert CANNOT in text
    assert "Near-twins" not in text
    assert "can stand in for each other" not in said("show", run.path, "--units", "1")


def test_near_twins_on_request(run):
    text = said("show", run.path, "--near-twins")
    assert "Near-twins of red (Jaccard index above 0.9): tomato (the very same positions)" in text
    assert "Near-twins of blue (Jaccard index above 0.9): sky (0.979)" in text
    assert "sky" not in said("show", run.path, "--near-twins", "--units", "0")


def test_pages_and_notebook_say_it(run, tmp_path):
    said("report", run.path, "--out", tmp_path / "pages", "--quiet")
    pages = {page.name: page.read_text() for page in (tmp_path / "pages").rglob("*.html")}
    telling = [name for name, page in pages.items() if CANNOT in page]
    assert len(telling) == 1
    here = "red = tomato: on these data, they hold on the very same positions"
    assert sum(here in page for page in pages.values()) == 1
    red, blue = run.result()
    assert CANNOT in red._repr_html_()
    assert "cannot be told" not in blue._repr_html_()
    views = array_views(run.result(), run.responses(), run.concepts)
    assert [view.entry.twins[:12] for view in views.units()] == ["red = tomato", ""]


def test_only_concepts_that_a_search_may_use_are_meant(data, tmp_path):
    only = run_of(data, tmp_path / "run", concepts=["red", "blue", "sky"])
    assert [e.twins for e in only.result()] == [(), ()]
    assert "none" in said("show", only.path, "--near-twins", "--units", "0")
    often = run_of(data, tmp_path / "often", min_support=(380, 1))
    assert "sky" not in said("show", often.path, "--near-twins")


def test_ranges_and_chosen_lengths_say_it_too(data, tmp_path):
    ranged = run_of(data, tmp_path / "ranged", threshold=Ranges(3))
    told = [e for e in ranged.result().rows() if e.formula == andornot.parse("red")]
    assert len(told) > 1
    assert all(e.shown.twins == (Twins("red", ("tomato",)),) for e in told)
    few = TrustOptions(resamples=2, bootstrap=40, nulls=2)
    auto = run_of(data, tmp_path / "auto", length="auto", trust=few)
    for e in auto.result():
        assert e.shown == e.best_by_length[e.trust.shown - 1]
    frame = auto.result().to_frame()
    assert frame["shown_twins"].iloc[0] == frame["twins"].iloc[0] == "red = tomato"
