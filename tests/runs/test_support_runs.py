"""Support in runs: the least numbers of units and of concepts, on every way to an explanation."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import naive
from andornot.cli import cli
from andornot.counting.responses import Responses, count_responses
from andornot.counting.rules import Ranges, Threshold
from andornot.errors import OptionError
from andornot.results.verdict import Support, Verdict, listed
from andornot.runs.run import Run
from andornot.trust.options import TrustOptions

pytest.importorskip("torch", reason="torch is not installed")

import andornot
from analysis_cases import COLOURS, LAYER, NETWORK, pair_run, squares
from andornot.data.images.open import open_data
from andornot.probes.recording import Recording

THRESHOLD = Threshold(0.05)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A network in a file, and pictures in five groups: s00 to s09, s10 to s19, and so on."""
    folder = tmp_path_factory.mktemp("support")
    (folder / "net.py").write_text(NETWORK.replace("CLASSES", "('a', 'b', 'c')"))
    squares(folder / "data")
    return folder


def dissected(world, out, *, group: str | None = "^(s[0-9])", **options: Any):
    data = open_data(f"labelmaps:{world / 'data'}", group=group)
    usual: dict[str, Any] = {"threshold": THRESHOLD, "length": 1, "folds": 2, "trust": None}
    return andornot.dissect(
        f"{world / 'net.py'}:net", LAYER, data, out,
        recording=Recording(batch_size=20, device="cpu"), **(usual | options),
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(world, tmp_path_factory):
    return dissected(world, tmp_path_factory.mktemp("support") / "run")


def expected(run, least=(30, 10)):
    """The support of each unit by its areas, sample by sample."""
    groups, areas = run.samples["group"].tolist(), run.areas()
    return [
        Support(
            int(areas[:, e.unit].sum()),
            naive.active_groups({(s, 0) for s in np.flatnonzero(areas[:, e.unit])}, groups),
            *least,
        )
        for e in run.result()
    ]


def test_a_run_tells_the_support_of_each_unit(run):
    result = run.result()
    assert [e.support for e in result] == expected(run)
    assert max(e.support.groups for e in result) == 5
    assert {e.verdict for e in result} == {Verdict.TOO_LITTLE_DATA, None}
    assert run.manifest["least_active_positions"] == 30
    assert run.manifest["least_active_groups"] == 10
    table = run.read_table("explanations.parquet")
    assert table["active_groups"].tolist() == [e.support.groups for e in result]
    assert andornot.explain(run.responses(), run.concepts, length=1)[0].support == result[0].support


@pytest.mark.parametrize("layer", ["mlp.4", "encoder.rnn"])
def test_sentences_and_tokens_are_counted_by_their_groups(tmp_path, layer):
    """Tokens are the positions of a pair, and a pair is what comes in groups."""
    sentences, _ = pair_run(tmp_path, layer, trust=None, length=1, units=range(6))
    assert [e.support for e in sentences.result()] == expected(sentences)


def test_both_numbers_can_be_chosen_and_are_part_of_the_run(world, run, tmp_path):
    most = max(e.support.positions for e in run.result())
    for least, some in [((0, 0), True), ((most, 3), True), ((most + 1, 0), False), ((0, 6), False)]:
        found = dissected(
            world, tmp_path / "run", least_active_positions=least[0], least_active_groups=least[1]
        )
        result = found.result()
        assert [e.support for e in result] == expected(found, least)
        assert found.manifest["least_active_positions"] == least[0]
        assert found.manifest["least_active_groups"] == least[1]
        of_enough = [e.support.is_enough for e in listed(result) if e.formula is not None]
        assert any(of_enough) is some
        assert of_enough == sorted(of_enough, reverse=True)
        # what was searched for hangs on neither
        assert [e.formula for e in result] == [e.formula for e in run.result()]


def test_a_run_without_a_store_tells_the_same(world, run, tmp_path):
    passed = dissected(world, tmp_path / "run", store=False)
    assert [e.support for e in passed.result()] == [e.support for e in run.result()]


def test_each_range_has_a_support_of_its_own(world, tmp_path):
    ranged = dissected(world, tmp_path / "run", threshold=Ranges(3))
    result = ranged.result()
    assert [e.support for e in result] == expected(ranged)
    groups = ranged.samples["group"].tolist()
    for e in result.lower:
        low, high = (
            count_responses(ranged.activations(), np.full(9, border), ranged.concepts, 1).areas
            for border in e.range
        )
        only = low[:, e.unit] - high[:, e.unit]
        active = {(s, 0) for s in np.flatnonzero(only).tolist()}
        assert e.support == Support(int(only.sum()), naive.active_groups(active, groups))
    kept = dissected(world, ranged.path, threshold=Ranges(3))
    assert kept.result() == result


@pytest.mark.parametrize("options", [{"store": False}, {"threshold": Ranges(2)}], ids=str)
def test_counts_of_a_version_that_knew_no_groups_are_counted_again(
    world, tmp_path, monkeypatch, options
):
    writer = Responses.writer
    with monkeypatch.context() as old:
        old.setattr(Responses, "writer", lambda r: writer(replace(r, active_groups=None)))
        old.setattr("andornot.pipeline.count.with_groups", Responses.load)
        old.setattr("andornot.pipeline.search.with_groups", Responses.load)
        dissected(world, tmp_path / "run", **options)
    assert Run.open(tmp_path / "run").responses().active_groups is None
    again = dissected(world, tmp_path / "run", **options)
    fresh = dissected(world, tmp_path / "fresh", **options)
    assert again.result() == fresh.result()
    assert list(again.result().lower) == list(fresh.result().lower)


def test_trust_is_found_anew_where_other_units_have_enough_data(world, tmp_path):
    options: dict[str, Any] = {"trust": TrustOptions(0, 40, 2), "group": None}
    first = dissected(world, tmp_path / "run", **options)
    other = dissected(world, tmp_path / "run", least_active_positions=10**6, **options)
    keys = [r.manifest["stages"][f"trust {LAYER}"]["key"] for r in (first, other)]
    assert keys[0] != keys[1]
    assert all(e.trust is not None for e in other.result() if e.formula)
    assert {e.verdict for e in other.result()} <= {Verdict.TOO_LITTLE_DATA, None}


# --- concepts ------------------------------------------------------------------------------------


def rarest(run):
    """Positions and samples of each concept, and which of them holds on the fewest samples."""
    table = run.concepts
    samples = dict.fromkeys(COLOURS, 0)
    for i in range(len(run.samples)):
        grid = table.positions.sample(i)
        for name in COLOURS:
            samples[name] += bool(table.concept_mask(name)[grid].any())
    return samples, min(samples, key=lambda name: samples[name])


def test_concepts_on_too_few_samples_are_left_out_and_it_is_told(world, run, tmp_path):
    samples, rare = rarest(run)
    assert run.concepts.sample_counts.tolist() == list(samples.values())
    assert rare in {str(e.formula) for e in run.result()}
    least = samples[rare] + 1
    left = sum(n < least for n in samples.values())
    found = dissected(
        world, tmp_path / "run", min_support=(0, least), length=2,
        relations={"EITHER": {rare: [rare, *COLOURS]}}, trust=TrustOptions(2, 40, 2),
    )  # fmt: skip
    used = {name for e in found.result() if e.formula for name in e.formula.concepts}
    assert rare not in used
    assert f"{left} of 5 concepts hold on fewer than {least} " in (found.manifest["notes"][0])
    assert found.manifest["search"]["min_support"] == [0, least]
    assert found.result().search.min_support == (0, least)
    shown = CliRunner().invoke(cli, ["show", str(found.path), "--near-twins"]).output
    twins = [line for line in shown.splitlines() if "ear-twins" in line]
    assert twins
    assert not any(rare in line.partition(":")[2] for line in twins)
    again = dissected(
        world, tmp_path / "run", min_support=(0, least), length=2,
        relations={"EITHER": {rare: [rare, *COLOURS]}}, trust=TrustOptions(2, 40, 2),
    )  # fmt: skip
    assert again.result() == found.result()


def test_too_much_support_is_refused_before_the_network_runs(world, tmp_path, monkeypatch):
    monkeypatch.setattr("andornot.pipeline.dissect.record", None)
    with pytest.raises(OptionError, match=r"no concept is left .*, or lower min_support"):
        dissected(world, tmp_path / "run", min_support=(0, 1000))


def test_a_command_and_a_file_say_the_same(world, run, tmp_path, capsys):
    from andornot.cli import main

    samples, rare = rarest(run)
    base = {
        "model": f"{world / 'net.py'}:net", "layer": LAYER, "data": f"labelmaps:{world / 'data'}",
        "quantile": 0.05, "length": 1, "folds": 2, "no-trust": True, "group": "^(s[0-9])",
        "min-active-positions": 40, "min_active_groups": 3,
        "min-support": f"1,{samples[rare] + 1}",
    }  # fmt: skip
    config = tmp_path / "c.yaml"
    config.write_text(json.dumps(base))
    with pytest.raises(SystemExit) as ended:
        main(["explain", "--config", str(config), "--out", str(tmp_path / "run")])
    assert ended.value.code == 0
    assert "left out of the search" in " ".join(capsys.readouterr().err.split())
    found = Run.open(tmp_path / "run")
    assert {(e.support.least_positions, e.support.least_groups) for e in found.result()} == {
        (40, 3)
    }
    assert rare not in {str(e.formula) for e in found.result()}
    same = dissected(
        world, tmp_path / "same", least_active_positions=40, least_active_groups=3,
        min_support=(1, samples[rare] + 1),
    )  # fmt: skip
    assert same.result() == found.result()
    pd.testing.assert_frame_equal(
        same.read_table("explanations.parquet"), found.read_table("explanations.parquet")
    )


@pytest.mark.parametrize("text", ["30", "30,", "30,5,1", "a,b", "-1,2", "1.5,2", "[1,2]"])
def test_support_that_is_no_pair_is_refused_in_a_sentence(world, tmp_path, capsys, text):
    from andornot.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["explain", "--min-support", text, "--out", str(tmp_path / "run")])
    assert ended.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "is not two whole numbers; write the least positions and samples, as 30,5" in said
