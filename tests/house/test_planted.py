"""Planted units: each is what it says, and what is measured of it is told by a second way too."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from andornot import ConceptTable
from andornot.errors import DataError
from andornot.trust.options import TrustOptions
from benchmarks.cli import bench
from benchmarks.planted import MEANINGS, NOISE, NOTHING, SUM, Planter, measure, planted, summary

FEW = TrustOptions(resamples=1, bootstrap=40, nulls=1)


def _masks():
    """Six kinds of patches on 40 maps of 12 by 12, and five more concepts on top of them."""
    rng = np.random.default_rng(5)
    maps = np.repeat(np.repeat(rng.integers(0, 6, (40, 4, 4)), 3, axis=1), 3, axis=2)
    masks = [maps == k for k in range(6)]
    masks += [np.repeat(np.repeat(rng.random((40, 3, 3)) < 0.3, 4, 1), 4, 2) for _ in range(5)]
    return np.stack(masks)


MASKS = _masks()


@pytest.fixture(scope="module")
def table():
    names = [f"c{k}" for k in range(len(MASKS))]
    return ConceptTable.from_masks(MASKS, names, folds=np.arange(40) % 5)


@pytest.mark.parametrize("meaning", MEANINGS)
def test_a_clean_unit_is_where_its_formula_holds(table, meaning):
    unit = Planter(table, 1).unit(meaning, "none", 0.0)
    # from the masks of single concepts on the maps, without the table's atoms
    said = unit.truth.evaluate(lambda name: MASKS[int(name[1:])])
    np.testing.assert_array_equal(unit.mask, said.ravel())
    wanted = {"one concept": 1, "three concepts": 3, "five concepts": 5}.get(meaning, 2)
    assert unit.truth.length == wanted


@pytest.mark.parametrize("noise", [n for n in NOISE if n != "none"])
def test_noise_does_what_it_says(table, noise):
    strength = 7 if noise == "blur" else NOISE[noise][0]
    if noise == "blur":
        pytest.importorskip("torch", reason="torch is not installed")
    unit = Planter(table, 2).unit("one concept", noise, strength)
    both, clean, mask = (unit.mask & unit.clean).sum(), unit.clean.sum(), unit.mask.sum()
    if noise == "missed":
        assert both == mask < clean
        assert 0.7 < mask / clean < 0.9
    elif noise == "false alarms":
        assert both == clean < mask
        assert 1.4 < mask / clean < 1.6
    elif noise == "blur":
        assert mask == pytest.approx(clean, rel=0.2)
        assert 0 < both < clean
    else:
        whole = (unit.mask == unit.clean).reshape(40, -1).all(axis=1)
        assert 32 <= whole.sum() < 40  # a fifth of the samples at most
        assert mask == clean


def test_what_has_no_meaning_is_not_found(table):
    planter = Planter(table, 3)
    hidden = planter.unit(NOTHING[0], "none", 0.0)
    assert hidden.truth is None
    assert hidden.hidden
    rows = measure(table, [hidden], length=1, options=FEW, jobs=1)
    assert rows["formula"][0] not in hidden.hidden
    assert not rows["exact"][0]
    half = planter.unit(SUM, "none", 0.0)
    assert (half.clean & ~half.mask).sum() == 0


def test_clean_units_are_recovered(table):
    rows = measure(
        table, [Planter(table, s).unit("a OR b", "none", 0.0) for s in range(3)], length=2,
        options=FEW, jobs=1,
    )  # fmt: skip
    assert rows["same"].all()
    assert (rows["iou"] == 1).all()
    assert (rows["overlap"] == 1).all()
    assert summary(rows)["units"].tolist() == [3]


def test_there_are_as_many_of_each(table):
    units = list(planted(table, each=1))
    sorts = {(u.meaning, u.noise, u.strength) for u in units}
    assert len(sorts) == len(units)
    assert {u.meaning for u in units} == {*MEANINGS, SUM, *NOTHING}
    assert {u.strength for u in units if u.noise == "blur"} == {7}  # the maps are of 12


def test_too_little_to_plant_on(table):
    few = ConceptTable.from_masks(np.ones((2, 3, 4, 4), bool), ["a", "b"])
    with pytest.raises(DataError, match="only 0 concepts are on 10 groups"):
        Planter(few, 0)


def test_the_command_prints_the_summary():
    words = ["planted", "--samples", "40", "--each", "1", "--nulls", "1", "--length", "1"]
    done = CliRunner().invoke(bench, [*words, "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert len(report["units"]) == sum(row["units"] for row in report["summary"])
    assert report["stages"][0]["processed"] == len(report["units"])
