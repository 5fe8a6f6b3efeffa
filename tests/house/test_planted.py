"""Planted units: each is what it says, and what is measured of it is told by a second way too."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from andornot import ConceptTable
from andornot.counting.upsample import upsample
from andornot.errors import DataError, OptionError
from andornot.formula import Concept, parse
from andornot.trust.exchange import strata_of
from andornot.trust.options import TrustOptions
from benchmarks.calibration import (
    Trial,
    coverage,
    expected_coverage,
    hardly_spoilt,
    measure,
    null_shares,
    planted_lines,
    recoverable,
    run_planted_bench,
    summary,
)
from benchmarks.cli import bench
from benchmarks.planted import (
    ANOTHER,
    HIDDEN,
    MEANINGS,
    NOISE,
    SHAPES,
    SUM,
    Planter,
    nothing,
    planted,
)
from benchmarks.seen import Recorded, seen
from benchmarks.worlds import TOKENS, Ground, drawn_tokens, frames, ground, part

FEW = TrustOptions(resamples=1, bootstrap=40, nulls=1)
N = 60


def _masks():
    """Six kinds of patches on 60 maps of 16 by 16, and five more concepts on top of them."""
    rng = np.random.default_rng(5)
    maps = np.repeat(np.repeat(rng.integers(0, 6, (N, 4, 4)), 4, axis=1), 4, axis=2)
    masks = [maps == k for k in range(6)]
    masks += [np.repeat(np.repeat(rng.random((N, 4, 4)) < 0.3, 4, 1), 4, 2) for _ in range(5)]
    return np.stack(masks)


MASKS = _masks()
NAMES = [f"c{k}" for k in range(len(MASKS))]
WHOLE = ConceptTable.from_masks(MASKS, NAMES, folds=np.arange(N) % 5)


@pytest.fixture(scope="module")
def place():
    return Ground.of(WHOLE, 40, 0, ignore_groups=False)


def by_position(table):
    """Which concepts hold at each position, ``(n_positions, n_concepts)``."""
    atoms = np.stack([table.concept_mask(name) for name in table.names], axis=1)
    return atoms[table.positions.each_alone().atoms]


# --- annotations ---


def test_a_part_of_a_table_is_that_of_its_samples():
    samples = np.array([7, 3, 50, 4, 5])
    chosen = part(WHOLE, samples)
    expected = MASKS[:, samples].reshape(len(MASKS), -1).T
    np.testing.assert_array_equal(by_position(chosen), expected)
    assert chosen.counts.min() > 0
    assert chosen.concept_counts.tolist() == expected.sum(axis=0).tolist()
    folds = chosen.positions.folds
    for fold in range(5):
        there = np.repeat(folds == fold, 16 * 16)
        own = chosen.fold_counts[:, fold] @ np.stack([chosen.concept_mask(n) for n in NAMES], 1)
        assert own.tolist() == expected[there].sum(axis=0).tolist()


def test_a_part_of_a_table_knows_what_was_annotated():
    """``c0`` was looked for in the first half of the samples alone."""
    known = {"zero": np.arange(N) < N // 2}
    masks = MASKS.copy()
    masks[0, N // 2 :] = False
    kinds = ["zero", *["rest"] * (len(NAMES) - 1)]
    table = ConceptTable.from_masks(masks, NAMES, kinds, known=known)
    samples = np.array([3, 4, 50, 51, 52])
    strata = strata_of(part(table, samples).positions, part(table, samples).known)
    assert strata.tolist() == strata_of(table.positions, table.known)[samples].tolist()
    assert len(set(strata.tolist())) == 2
    for chosen in (part(table, samples), part(frames(table, 2, 0), np.arange(10))):
        assert chosen.known.counts.sum() == pytest.approx(
            chosen.n_positions, abs=len(chosen.known.counts)
        )
    assert part(table, samples[:2]).unknown_share("c1", "c0") < table.unknown_share("c1", "c0")


def test_frames_are_groups_of_samples_that_hardly_move():
    three = frames(WHOLE, 3, 0)
    assert three.positions.groups.tolist() == np.repeat(np.arange(N), 3).tolist()
    holds = by_position(three).reshape(N, 3, 16, 16, -1)
    first = np.moveaxis(MASKS, 0, -1)
    np.testing.assert_array_equal(holds[:, 0], first)
    # moved by a cell of sixteen at most, so that the middle is the same but for that
    moves = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    for sample in range(N):
        middle = holds[sample, 1, 1:-1, 1:-1]
        near = [first[sample, 1 + y : 15 + y, 1 + x : 15 + x] for y, x in moves]
        assert any((middle == other).all() for other in near)
    assert (holds[:, 1] != first).any()


@pytest.mark.parametrize("ignore", [False, True])
def test_groups_stay_whole_whether_they_are_told_of_or_not(ignore):
    place = Ground.of(frames(WHOLE, 3, 0), 90, 1, ignore_groups=ignore)
    n = place.table.positions.n_samples
    groups = place.whole.positions.group_numbers
    assert n == 90
    assert not set(groups[:n]) & set(groups[n:])
    assert place.table.positions.n_groups == (90 if ignore else 30)
    if not ignore:
        folds = place.table.positions.folds.reshape(30, 3)
        assert (folds == folds[:, :1]).all()
    holds = by_position(place.whole)
    np.testing.assert_array_equal(by_position(place.table), holds[: n * 256])
    np.testing.assert_array_equal(by_position(place.others), holds[n * 256 :])


def test_rows_of_tokens_have_documents():
    table = drawn_tokens(300, 0)
    positions, holds = table.positions, by_position(table)
    assert positions.n_samples == 300
    assert 20 < positions.n_groups < 100
    words = holds[:, [name.startswith("word ") for name in table.names]]
    tags = holds[:, [name.startswith("tag ") for name in table.names]]
    assert (words.sum(axis=1) == 1).all()
    assert (tags.sum(axis=1) == 1).all()
    starts = np.flatnonzero(holds[:, table.names.index("first")])
    assert starts.tolist() == positions.offsets[:-1].tolist()


def test_too_few_samples_to_share_out():
    with pytest.raises(
        DataError, match="5 samples of 60, which are in 60 groups, are to be searched"
    ):
        Ground.of(WHOLE, 5, 0, ignore_groups=False)
    with pytest.raises(OptionError, match="samples is 0 and frames 1; give 1 or more"):
        ground(samples=0)


# --- units ---


@pytest.mark.parametrize("meaning", MEANINGS)
def test_a_clean_unit_is_where_its_formula_holds(meaning):
    unit = Planter(WHOLE, 1).unit(meaning, "none", 0.0)
    # from the masks of single concepts on the maps, without the table's atoms
    said = unit.truth.evaluate(lambda name: MASKS[int(name[1:])])
    np.testing.assert_array_equal(unit.mask, said.ravel())
    wanted = {"one concept": 1, "three concepts": 3, "five concepts": 5}.get(meaning, 2)
    assert unit.truth.length == wanted


def test_no_formula_is_a_shorter_one_in_disguise():
    """A concept that lies within another one makes ``a AND b`` and ``a OR b`` one concept."""
    masks = np.concatenate([MASKS, MASKS[:6] & MASKS[6:7]])
    names = [*NAMES, *(f"within c{k}" for k in range(6))]
    planter = Planter(ConceptTable.from_masks(masks, names), 0)
    for meaning in ("a OR b", "a AND b"):
        for _ in range(30):
            a, b = planter.formula(meaning).concepts
            assert f"within {a}" != b
            assert f"within {b}" != a


@pytest.mark.parametrize("noise", [n for n in NOISE if n != "none"])
def test_noise_does_what_it_says(noise):
    strength = 7 if noise == "blur" else NOISE[noise][0]
    if noise == "blur":
        pytest.importorskip("torch", reason="torch is not installed")
    unit = Planter(WHOLE, 2).unit("one concept", noise, strength)
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
        whole = (unit.mask == unit.clean).reshape(N, -1).all(axis=1)
        assert 0.8 * N <= whole.sum() < N  # a fifth of the samples at most
        assert mask == clean


def test_a_sum_has_all_of_one_concept_and_half_of_another():
    unit = Planter(WHOLE, 2).unit(SUM, "none", 0.0)
    first, second = (MASKS[int(name[1:])] for name in unit.truth.concepts)
    mask = unit.mask.reshape(first.shape)
    assert (mask[first]).all()
    rest = second & ~first
    whole = mask[rest].sum() / rest.sum()
    assert 0.25 < whole < 0.75
    by_sample = [set(m[r].tolist()) for m, r in zip(mask, rest, strict=True) if r.any()]
    assert all(len(values) == 1 for values in by_sample)  # a group is there or is not
    assert not (mask & ~(first | second)).any()


def test_what_moves_does_so_with_its_group():
    two = frames(WHOLE, 2, 0)
    maps = Planter(two, 0).unit(ANOTHER, "none", 0.0).mask.reshape(N, 2, 16, 16)
    # both frames of a group come from one other group, whose frames differ by a small move
    same = (maps[:, 0] == maps[:, 1]).mean(axis=(1, 2))
    assert same.min() > 0.5
    spoilt = Planter(two, 0).unit("one concept", "wrong labels", 0.5)
    kept = (spoilt.mask == spoilt.clean).reshape(N, 2, -1).all(axis=2)
    assert N / 2 <= (kept[:, 0] & kept[:, 1]).sum() < N


@pytest.mark.parametrize("table", [WHOLE, drawn_tokens(200, 1)], ids=["maps", "rows"])
def test_the_mask_of_other_samples_has_nothing_to_do_with_these(table):
    planter = Planter(table, 0)
    for _ in range(5):
        mask = planter.unit(ANOTHER, "none", 0.0).mask
        common = [Concept(table.names[i]) for i in planter.common]
        shares = [mask[planter.mask(concept)].mean() for concept in common]
        assert max(shares) < 0.9  # on its own samples it would be 1 for two of them
    if not planter.even:
        wrong = planter.unit("one concept", "wrong labels", 0.5)
        assert (wrong.mask & wrong.clean).sum() < 0.8 * wrong.clean.sum()
        assert wrong.mask.sum() == wrong.clean.sum()


@pytest.mark.parametrize("table", [WHOLE, drawn_tokens(200, 1)], ids=["maps", "rows"])
def test_random_shapes_have_the_size_and_come_in_pieces(table):
    planter = Planter(table, 3)
    for area in planter.areas():
        unit = planter.unit(SHAPES, "", area)
        assert unit.mask.sum() == round(area * table.n_positions)
        assert (unit.truth, unit.clean, unit.hidden) == (None, None, ())
    neighbours = unit.mask[:-1] & unit.mask[1:]
    assert neighbours.sum() > 0.3 * unit.mask.sum()  # of single positions it would be a twentieth


def test_random_shapes_are_alike_within_a_group():
    table = frames(WHOLE, 2, 0)
    maps = Planter(table, 3).unit(SHAPES, "", 0.02).mask.reshape(N, 2, -1)
    own = (maps[:, 0] & maps[:, 1]).sum()
    other = (maps[:, 0] & np.roll(maps[:, 1], 1, axis=0)).sum()
    assert own > 3 * max(1, other)


def test_there_are_as_many_of_each():
    units = list(planted(WHOLE, each=2))
    sorts = [(u.meaning, u.noise, u.strength) for u in units]
    assert len(sorts) == 2 * len(set(sorts))
    assert {u.meaning for u in units} == {*MEANINGS, SUM, HIDDEN, ANOTHER, SHAPES}
    assert {u.strength for u in units if u.noise == "blur"} == {14, 7, 4}  # the maps are of 16
    assert len({u.hidden for u in units}) == 3  # two sets, and none
    assert all(u.meaning in (ANOTHER, SHAPES) for u in nothing(WHOLE, each=1))


def test_too_little_to_plant_on():
    few = ConceptTable.from_masks(np.ones((2, 3, 4, 4), bool), ["a", "b"])
    with pytest.raises(DataError, match="only 0 concepts are on 10 groups"):
        Planter(few, 0)
    uneven = ConceptTable.from_label_maps([np.ones((1, 2, n), int) for n in (2, 3)], ["a"])
    with pytest.raises(DataError, match="grids differ in size; give samples of one size"):
        Planter(uneven, 0)


# --- how they are seen ---


def test_rows_are_seen_as_they_are():
    place = Ground.of(drawn_tokens(300, 0), 150, 0, ignore_groups=False)
    units = list(nothing(place.whole, each=1))[:2]
    view = seen(units, place, 0, maps=False, jobs=1)
    assert isinstance(view, Recorded)
    holds, n = by_position(place.whole), place.table.n_positions
    for row, unit in enumerate(units):
        for table, responses, own in (
            (place.table, view.responses, slice(n)),
            (place.others, view.others, slice(n, None)),
        ):
            members = np.stack([table.concept_mask(name) for name in table.names], axis=1)
            counted = responses.unit_folds(row).sum(axis=1) @ members
            assert counted.tolist() == holds[own][unit.mask[own]].sum(axis=0).tolist()
    with pytest.raises(OptionError, match="samples are rows here; leave --maps out"):
        seen(units, place, 0, maps=True, jobs=1)


def test_maps_have_thresholds_of_the_searched_samples(place):
    pytest.importorskip("torch", reason="torch is not installed")
    units = [Planter(place.whole, 1).unit("one concept", "none", 0.0)]
    view = Recorded.of_maps(units, place, 0, 1)
    values = view.activations.values[:, 0]
    n = place.table.positions.n_samples
    assert values.shape == (n, 14, 14)
    clean = units[0].mask.reshape(N, 16, 16)[:n]
    assert np.corrcoef(upsample(values, 16, 16).ravel(), clean.ravel())[0, 1] > 0.8
    above = upsample(values, 16, 16) > view.thresholds[0]
    assert view.responses.totals.tolist() == [above.sum()]
    assert (values > view.thresholds[0]).sum() == int(0.005 * values.size)
    assert 0 < view.others.totals[0] < 0.05 * place.others.n_positions


# --- what is measured ---


def test_clean_units_are_recovered(place):
    units = [Planter(place.whole, s, 40).unit("a OR b", "none", 0.0) for s in range(3)]
    rows = measure(place, units, length=2, options=FEW, jobs=1)
    assert rows["same"].all()
    assert (rows[["iou", "overlap", "others", "truth_iou", "truth_others"]] == 1).all(axis=None)
    assert rows["as_good"].all()
    (told,) = summary(rows).to_dict("records")
    assert (told["units"], told["same"], told["as_good"]) == (3, 1, 1)


def test_scores_on_other_samples_are_those_of_their_masks(place):
    units = [Planter(place.whole, s, 40).unit("a OR b", "missed", 0.5) for s in range(2)]
    rows = measure(place, units, length=2, options=FEW, jobs=1)
    n = place.table.n_positions
    for unit, row in zip(units, rows.to_dict("records"), strict=True):
        for name, truth, own in (
            ("others", row["formula"], slice(n, None)),
            ("truth_others", row["truth"], slice(n, None)),
            ("truth_iou", row["truth"], slice(n)),
        ):
            mask = place.whole.mask(truth)[place.whole.positions.each_alone().atoms][own]
            both, either = (unit.mask[own] & mask).sum(), (unit.mask[own] | mask).sum()
            assert row[name] == pytest.approx(both / either)


def test_what_is_hidden_is_not_found(place):
    planter = Planter(place.whole, 3, 40)
    units = [planter.unit(HIDDEN, "none", 0.0) for _ in range(3)]
    rows = measure(place, units, length=1, options=FEW, jobs=1)
    for unit, formula in zip(units, rows["formula"], strict=True):
        assert unit.truth is None
        assert not set(unit.hidden) & set(parse(formula).concepts)


def test_many_units_at_a_time_are_those_one_by_one(place):
    planter = Planter(place.whole, 4, 40)
    units = [planter.unit("one concept", "missed", 0.5) for _ in range(3)]
    together = measure(place, units, length=2, options=FEW, jobs=1)
    alone = [measure(place, [unit], length=2, options=FEW, jobs=1) for unit in units]
    columns = ["formula", "iou", "shown_held_out_iou", "overlap", "others"]
    assert pd.concat(alone)[columns].to_dict("list") == together[columns].to_dict("list")


ROWS = pd.DataFrame({
    "meaning": ["a OR b", "five concepts", ANOTHER, SHAPES, SHAPES, SHAPES],
    "noise": ["missed", "none", "none", "active share", "active share", "active share"],
    "strength": [0.2, 0.0, 0.0, 0.005, 0.005, 0.005],
    "truth": ["a OR b", "((((a OR b) OR c) OR d) AND NOT e)", None, None, None, None],
    "verdict": ["solid", "partial", "chance", "solid", "too little data", "chance"],
    "p_held_out": [0.025, 0.025, 0.5, 0.05, None, 0.2],
    "p_held_out_pooled": [0.001, 0.001, 0.5, 0.04, None, 0.2],
})  # fmt: skip


def test_shares_are_of_those_that_were_tested():
    found: Any = null_shares(ROWS[2:]).to_dict("records")
    shares = {(row["meaning"], row["what"]): row for row in found}
    assert shares[SHAPES, "p"]["value"] == 0.5
    assert shares[SHAPES, "p"]["units"] == 2
    assert shares[SHAPES, "solid"]["value"] == pytest.approx(1 / 3)
    every = shares["all with enough data", "solid"]
    assert (every["value"], every["units"]) == (pytest.approx(1 / 3), 3)
    assert every["low"] < 1 / 3 < every["high"]
    (told,) = summary(ROWS[3:], ("meaning",)).to_dict("records")
    assert (told["too little data"], told["p_below"]) == (pytest.approx(1 / 3), 0.5)


def test_recoverable_is_what_a_search_can_find():
    assert recoverable(ROWS, 3).index.tolist() == [0]
    assert recoverable(ROWS, 5).index.tolist() == [0, 1]
    assert hardly_spoilt(ROWS).index.tolist() == [0, 1, 2]


def test_coverage_is_told_by_verdict():
    rows = ROWS.assign(covered=[True, False, True, None, None, None])
    told = {row["verdict"]: (row["value"], row["units"]) for row in coverage(rows)}
    assert told["solid"] == (1, 1)
    assert told["partial"] == (0, 1)
    assert told["any"] == (0.5, 2)  # without those that mean nothing
    assert told["chance"][1] == 0


def test_a_score_on_other_samples_is_a_draw_too(place):
    """As scores of groups that are drawn from one normal distribution behave."""
    rng = np.random.default_rng(0)
    one, other = rng.normal(0, 1 / np.sqrt([[40], [20]]), (2, 100_000))
    inside = np.abs(one - other) < 1.959964 / np.sqrt(40)
    assert expected_coverage(place) == pytest.approx(inside.mean(), abs=0.006)


# --- the commands ---

WORDS = ["--samples", "30", "--nulls", "1", "--length", "1", "--jobs", "1"]


def test_the_command_says_what_is_found_and_draws_it(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    figure = tmp_path / "planted.svg"
    words = ["planted", *WORDS, "--each", "1", "--figure", str(figure)]
    done = CliRunner().invoke(bench, [*words, "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert len(report["units"]) == sum(row["units"] for row in report["summary"])
    stages = {stage["stage"]: stage for stage in report["stages"]}
    assert stages["search"]["processed"] == stages["trust"]["processed"] == len(report["units"])
    assert figure.read_text(encoding="utf-8").startswith("<?xml")
    text = "\n".join(planted_lines(report))
    for word in ("false alarms", "a AND NOT b", "CPU seconds", "(right ones: 92.0%)"):
        assert word in text


def test_units_of_nothing_have_a_command():
    done = CliRunner().invoke(
        bench, ["null", *WORDS[2:], "--data", TOKENS, "--samples", "100", "--each", "2"]
    )
    assert done.exit_code == 0, done.output
    assert ANOTHER in done.stdout
    assert "all with enough data" in done.stdout


def test_a_figure_that_cannot_be_drawn_is_refused_before_the_work(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from benchmarks import calibration, scale

    for module, work in ((calibration, "run_planted_bench"), (scale, "run_scale_bench")):
        monkeypatch.setattr(module, work, lambda *_, **__: pytest.fail("it began to work"))
    for command, flag in (("planted", "--figure"), ("scale", "--out")):
        done = CliRunner().invoke(bench, [command, flag, str(tmp_path / "figure.bmp")])
        assert isinstance(done.exception, OptionError)
        assert "figure.bmp does not end in .svg, .png or .pdf" in str(done.exception)


def test_a_trial_of_nothing_is_refused():
    with pytest.raises(OptionError, match="each is 0; a bench needs 1 or more"):
        run_planted_bench(Trial(each=0))
