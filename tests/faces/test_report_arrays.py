"""The report on explanations of arrays: whole, sound, and nothing on it that only a run knows."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import andornot
from andornot import ConceptTable, Responses, Result
from andornot.errors import AndornotError, OptionError, RunError
from andornot.report.write import write_report
from andornot.trust.options import TrustOptions
from report_cases import EVIL
from test_report_page import read
from test_report_site import assert_sound, listed, pages

NUMBERS = [4, 0, 300, 7, 9]


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    masks = rng.random((4, 20, 4, 4)) < 0.3
    units = [
        (masks[0] | masks[1]) & ~masks[2], masks[3] & (rng.random(masks[3].shape) < 0.7),
        np.zeros_like(masks[0]), masks[2], rng.random(masks[0].shape) < 0.1,
    ]  # fmt: skip
    names, folds = ["stripes", EVIL, "red square", "round"], np.arange(20) % 2
    table = ConceptTable.from_masks(masks, names, ["texture", "texture", "colour", None], folds)
    result = andornot.explain(np.stack(units), table, length=3, units=NUMBERS)
    few = TrustOptions(resamples=2, bootstrap=40, nulls=5)
    return andornot.assess(result, np.stack(units), table, options=few), np.stack(units), table


@pytest.fixture(scope="module")
def site(world, tmp_path_factory) -> Path:
    result, units, table = world
    return result.report(
        tmp_path_factory.mktemp("full") / "out", units, table, title="Ünits"
    ).parent


@pytest.fixture(scope="module")
def plain(world, tmp_path_factory) -> Path:
    return world[0].report(tmp_path_factory.mktemp("plain") / "out").parent


def unit_page(site: Path, unit: int) -> str:
    return re.sub(r"\s+", " ", read(site / "unit" / f"unit-{unit:05d}.html").text)


def test_both_are_sound_and_have_a_page_for_each_unit(site, plain):
    for place in (site, plain):
        assert_sound(place)
        found = {path.name for path in (place / "unit").iterdir()}
        assert found == {f"unit-{unit:05d}.html" for unit in NUMBERS}
        assert not list(place.glob("class*")) + list(place.glob("analyses*"))
        links = [tag.get("href") for tag in read(place / "index.html").all("a")]
        assert "classes.html" not in links
        assert ("concepts.html" in links) == (place / "concepts.html").exists() == (place == site)
        for page in pages(place).values():
            assert "What excites it" not in page.text
            assert "threshold" not in page.text.replace("nowhere above its threshold", "")


def test_the_overview_counts_what_was_found(site, world):
    result, _, table = world
    text = re.sub(r"\s+", " ", read(site / "index.html").text)
    assert "units with a formula4" in text
    assert f"{result[0].counts.tp:,}" in unit_page(site, 0)
    assert "no formulanowhere above its threshold" in text
    assert f"positions{table.n_positions}" in text
    assert "up to 3 concepts, with OR, AND, AND NOT" in text
    assert read(site / "index.html").text.count("Ünits") > 1


def test_parts_concepts_and_near_units_need_the_masks(site, plain, world):
    result = world[0]
    for place, there in ((site, True), (plain, False)):
        text = unit_page(place, 4)
        assert str(result[4].formula) in text
        assert ("Its parts" in text) is ("Nearest units" in text) is there
        assert "How sure it is" in text
        assert "Other formulas" in text
        assert "No formula: nowhere above its threshold" in unit_page(place, 300)
    single = pages(site)["concept/00003.html"].text
    assert "round" in single
    assert [row["unit"] for row in listed(plain)["units"]] == NUMBERS
    assert listed(plain)["categories"] == []
    assert listed(site)["categories"] == ["colour", "texture"]
    assert listed(site)["units"][3]["categories"] == [0]


def test_the_tables_are_those_of_the_frame(site, world):
    frame = pd.read_parquet(site / "tables" / "explanations.parquet")
    pd.testing.assert_frame_equal(frame, world[0].to_frame(), check_dtype=False)
    assert len(pd.read_csv(site / "tables" / "explanations.csv")) == 5


def test_responses_do_as_well_as_masks_and_an_older_report_is_replaced(world, tmp_path):
    result, units, table = world
    part = result[1:3]
    part.report(tmp_path / "out")
    page = part.report(tmp_path / "out", Responses.from_masks(units[1:3], table), table)
    assert page == tmp_path / "out" / "index.html"
    assert len(list((tmp_path / "out" / "unit").iterdir())) == 2
    assert (tmp_path / "out" / "concepts.html").exists()


def test_ranges_statuses_and_derived_concepts_of_ones_own(world, tmp_path):
    result, units, table = world
    top = [replace(e, range=(2.0, 3.0)) for e in result]
    low = [replace(e, range=(0.0, 2.0), status="by hand", beam=()) for e in result]
    both = Result((*top[:4], replace(top[4], status="so it is", beam=())), tuple(low))
    site = both.report(tmp_path / "out").parent
    assert "0 to 2" in unit_page(site, 4)
    assert "by hand" in unit_page(site, 4)
    assert "No formula: so it is" in unit_page(site, 9)
    more = table.derive("ANY", {"stripes": ["stripes", "round"]})
    found = andornot.explain(units[:1], more, length=1, only=["ANY(stripes)"])
    derived = found.report(tmp_path / "derived", units[:1], more).parent
    assert_sound(derived)
    assert "ANY(stripes) is stripes OR round" in unit_page(derived, 0)


def test_one_unit_without_a_formula_is_a_report_too(tmp_path):
    masks = np.eye(3, dtype=np.bool_)
    table = ConceptTable.from_masks(masks, ["a", "b", "c"])
    nothing = np.zeros((1, 3), np.bool_)
    assert_sound(andornot.explain(nothing, table, length=1).report(tmp_path / "one").parent)
    whole = andornot.explain(nothing, table).report(tmp_path / "two", nothing, table).parent
    assert_sound(whole)


def test_what_does_not_fit_is_told_before_anything_is_written(world, tmp_path):
    result, units, table = world
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "index.html").write_text("a diary")
    other = ConceptTable.from_masks(~units, list("abcde"))
    out = tmp_path / "out"
    for error, words, args in (
        (OptionError, "concepts are missing; give masks and concepts together", (out, units)),
        (OptionError, "unit_masks are missing", (out, None, table)),
        (OptionError, "searched for in another concept table", (out, units, other)),
        (OptionError, "there are 5 explanations for 4 unit masks", (out, units[:4], table)),
        (OptionError, "in the order of the result", (out, units[::-1], table)),
        (OptionError, "give a ConceptTable", (out, units, "table")),
        (OptionError, "give a path", (None,)),
        (OptionError, "other", (tmp_path / "mine",)),
        (RunError, "is a file", (tmp_path / "mine" / "index.html",)),
    ):
        with pytest.raises(error, match=words) as caught:
            result.report(*args)
        assert "\n" not in str(caught.value)
    with pytest.raises(OptionError, match="nothing to report"):
        result[:0].report(out)
    with pytest.raises(OptionError, match="title is blank"):
        result.report(out, title=" ")
    with pytest.raises(AndornotError, match="dtype"):
        result.report(out, 2 * units.astype(int), table)
    assert not out.exists()
    assert (tmp_path / "mine" / "index.html").read_text() == "a diary"


def test_a_result_of_a_run_may_be_shown_as_arrays_are(tmp_path):
    from report_cases import picture_run

    run = picture_run(tmp_path, n=8)
    out = run.result().report(tmp_path / "out", run.responses(), run.concepts).parent
    assert_sound(out)
    write_report(run, out, n_units=1)
    assert (out / "classes.html").exists()
