"""Runs on directions: the same as a matrix product would find, however the network is run."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import andornot
from andornot import Run, Threshold
from andornot.errors import AndornotError, DamagedError, DataError, ModelError, OptionError
from andornot.probes.base import Recording
from andornot.probes.directions import Directions

torch = pytest.importorskip("torch", reason="torch is not installed")

import test_dissect_text as text  # noqa: E402
from analysis_cases import pair_run  # noqa: E402
from andornot.cli import cli, main  # noqa: E402
from andornot.pipeline import passes, record  # noqa: E402
from nli_cases import grammar  # noqa: E402
from pass_cases import N_SAMPLES, TRIAL, TRIAL_CALLS, dissect, seen, write_world  # noqa: E402
from pass_cases import assert_same_run as assert_same  # noqa: E402

W = np.random.default_rng(7).standard_normal((6, 4))
"""Directions over the six units of the layer ``first``."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_world(folder)
    dissect(folder, "plain", layer="first")
    dissect(folder, "stored", layer="first", directions=W)
    seen(folder)
    return folder


@pytest.fixture
def plain(world):
    return Run.open(world / "plain")


@pytest.fixture
def stored(world):
    return Run.open(world / "stored")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "run"


def product(run, weights):
    """The matrix product of what a run stored of each sample, in float64."""
    values = np.stack([run.values(i) for i in range(len(run.samples))]).astype(np.float64)
    return np.einsum("nuyx,uk->nkyx", values, weights)


def assert_same_units(run, other):
    """All that is known of the units is the same to the last bit; directions know no classes."""
    for name in ("thresholds", "extremes", "areas", "peaks"):
        assert getattr(run, name)().tobytes() == getattr(other, name)().tobytes(), name
    for name in ("indptr", "atoms", "fold_counts"):
        one, two = (getattr(r.responses(), name).tobytes() for r in (run, other))
        assert one == two
    for one, two in zip(run.result(), other.result(), strict=True):
        found = [(e.status, e.beam, e.counts, e.certificate) for e in (one, two)]
        assert found[0] == found[1]
    assert (run.logits is None) == (other.logits is None)
    assert run.logits is None or run.logits.tobytes() == other.logits.tobytes()


# --- what is found


def test_values_and_counts_are_those_of_a_matrix_product(plain, stored):
    expected = product(plain, W)
    found = np.stack([stored.values(i) for i in range(N_SAMPLES)])
    assert found.dtype == np.float32
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-6)
    positions, kept = stored.concepts.positions, int(0.03 * expected[:, 0].size)
    for e in stored.result():
        maps = expected[:, e.unit].astype(np.float32)
        level = np.sort(maps.ravel())[::-1][kept]
        assert stored.thresholds()[e.unit] == pytest.approx(level, rel=1e-5)
        holds = stored.concepts.mask(e.formula)
        grids = [positions.sample(i) for i in range(N_SAMPLES)]
        active = [
            torch.nn.functional.interpolate(
                torch.from_numpy(m).double()[None, None], g.shape, mode="bilinear"
            )[0, 0].numpy()
            > level
            for m, g in zip(maps, grids, strict=True)
        ]
        assert stored.areas()[:, e.unit].tolist() == [int(a.sum()) for a in active]
        both = sum(int((a & holds[g]).sum()) for a, g in zip(active, grids, strict=True))
        assert e.counts.tp == both
        assert e.counts.fn == sum(int(a.sum()) for a in active) - both


@pytest.mark.parametrize("store", [True, False])
def test_the_identity_gives_the_run_without_directions(world, plain, out, store):
    assert_same_units(plain, dissect(world, out, layer="first", directions=np.eye(6), store=store))


def test_the_identity_at_the_last_layer_gives_the_same_without_its_head(world, out):
    own = dissect(world, out / "a", layer="relu")
    run = dissect(world, out / "b", layer="relu", directions=np.eye(5))
    assert own.head_weights() is not None
    assert run.head_weights() is None
    assert not run.class_weights()
    assert_same_units(own, run)


def test_a_direction_turned_round_is_another_unit(world, stored, out):
    run = dissect(world, out, layer="first", directions=-W)
    assert (run.extremes()[0] == -stored.extremes()[1]).all()
    assert (run.thresholds() != stored.thresholds()).all()


@pytest.mark.parametrize("store", [True, False])
def test_without_a_store_and_on_other_workers_the_same_is_found(world, stored, out, store):
    assert_same(stored, dissect(world, out / "a", layer="first", directions=W, store=False))
    with ThreadPoolExecutor(2) as pool:
        found = dissect(world, out / "b", layer="first", directions=W, store=store, executor=pool)
    assert_same(stored, found)


@pytest.mark.slow
@pytest.mark.parametrize("store", [True, False])
def test_on_other_processes_the_same_is_found(world, stored, out, store):
    found = dissect(world, out, layer="first", directions=W, store=store, executor="processes:2")
    assert_same(stored, found)


def test_directions_travel_to_other_processes():
    there = pickle.loads(pickle.dumps(Directions.given(W)))
    assert (there.weights == W).all()
    assert there.digest == Directions.given(W).digest


def test_a_vector_of_a_layer_and_chosen_units(world, out):
    given = {"layer": "head", "directions": [[1, 0, 1], [0, 1, -1]], "threshold": Threshold(0.2)}
    run = dissect(world, out, units=[2], **given)
    logits = run.logits
    found = np.stack([run.values(i) for i in range(N_SAMPLES)])[:, :, 0, 0]
    assert (found[:, :2] == logits).all()
    assert np.allclose(found[:, 2], logits[:, 0] - logits[:, 1], atol=1e-6)
    assert [e.unit for e in run.result()] == [2]
    with pytest.raises(OptionError, match="there is no unit 3 in head; it has units 0 to 2"):
        dissect(world, out, units=[3], **given)


# --- sentence pairs and their tokens


@pytest.mark.parametrize(("layer", "units"), [("counts", 6), ("letters", 3)])
def test_pairs_and_tokens(tmp_path, layer, units):
    def run(name, **changes):
        given: dict[str, Any] = {
            "length": 2,
            "folds": 3,
            "recording": Recording(batch_size=7),
            "trust": None,
        }
        return andornot.dissect(
            text.Counting(), layer, text.pairs(), tmp_path / name, **given | changes
        )

    rule = {"threshold": Threshold(0.2)} if layer == "letters" else {}
    own = run("own", **rule)
    assert_same_units(own, run("eye", directions=np.eye(units), **rule))
    weights = np.random.default_rng(1).standard_normal((units, 3))
    given = {"directions": weights, "threshold": Threshold(0.25)}
    found = run("some", **given)
    for i in (0, 5, text.N_PAIRS - 1):
        expected = np.einsum("uyx,uk->kyx", own.values(i).astype(np.float64), weights)
        assert np.allclose(found.values(i), expected, atol=1e-5)
    assert_same(found, run("counted", store=False, **given))
    assert "rare" not in {e.status for e in found.result()}
    assert found.manifest["min_active"] == 0


def test_what_is_active_on_few_pairs_is_left_out_only_where_units_are_above_zero(tmp_path):
    def run(weights, **changes):
        given: dict[str, Any] = {
            "length": 1,
            "folds": 2,
            "directions": weights,
            "trust": None,
        } | changes
        return andornot.dissect(text.Counting(), "counts", text.pairs(), tmp_path / "r", **given)

    assert run(np.eye(6)).manifest["min_active"] == 0.05
    assert run(np.eye(6)).result()[5].status == "rare"
    signed = run(-np.eye(6), threshold=Threshold(0.03))
    assert signed.manifest["min_active"] == 0
    strict = run(-np.eye(6), threshold=Threshold(0.03), min_active=0.05)
    assert {e.status for e in strict.result()} <= {"rare", "dead", "inactive"}
    assert strict.manifest["min_active"] == 0.05


# --- what is kept, and when it is made again


def activations(run):
    return run.manifest["stages"][f"activations {run.layers[0]}"]["path"]


def test_other_directions_are_another_key_and_the_same_are_found_again(world, out):
    first = dissect(world, out, layer="first", directions=W)
    seen(world)
    again = dissect(world, out, layer="first", directions=W.astype(np.float64), length=1)
    assert (seen(world), activations(again)) == (0, activations(first))
    keys = {activations(first)}
    for other in (W[:, :3], np.nextafter(W, 9), None):
        run = dissect(world, out, layer="first", directions=other)
        assert seen(world) == N_SAMPLES + TRIAL
        keys.add(activations(run))
    assert len(keys) == 4
    assert "directions" not in run.manifest
    assert run.directions() is None


def test_a_file_that_changes_between_runs_is_noticed(world, out, tmp_path):
    file = tmp_path / "w.npy"
    np.save(file, W)
    times = file.stat()
    first = dissect(world, out, layer="first", directions=file)
    before, noted = first.values(3), first.manifest["directions"]
    assert noted == {"file": str(file), "digest": Directions.given(W).digest, "shape": [6, 4]}
    assert (first.directions() == W).all()
    np.save(file, 2 * W)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    run = dissect(world, out, layer="first", directions=str(file))
    assert run.manifest["directions"]["digest"] != noted["digest"]
    assert np.allclose(run.values(3), 2 * before)
    assert (run.directions() == 2 * W).all()


def test_recording_goes_on_after_an_error(world, stored, out, monkeypatch):
    seen(world)
    monkeypatch.setattr(record, "_SHARD_BYTES", 1)
    (world / "fail").write_text(str(TRIAL_CALLS + 5))
    with pytest.raises(ModelError, match="out of luck"):
        dissect(world, out, layer="first", directions=W)
    before = seen(world)
    assert_same(stored, dissect(world, out, layer="first", directions=W))
    assert before + seen(world) == TRIAL + N_SAMPLES


@pytest.mark.parametrize("store", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_killed_command_goes_on(world, stored, out, tmp_path, store):
    np.savez(tmp_path / "w.npz", w=W, other=np.eye(2))
    words = command(world, out, f"{tmp_path / 'w.npz'}#w", *(() if store else ("--no-store",)))
    (world / "kill").write_text(str(TRIAL_CALLS + 5))
    killed = subprocess.run([sys.executable, "-m", "andornot", *words], check=False)
    assert killed.returncode == -signal.SIGKILL
    cli.main(words, standalone_mode=False)
    assert_same(stored, Run.open(out))
    seen(world)


def test_an_interrupted_pass_goes_on(world, stored, out, monkeypatch):
    seen(world)
    monkeypatch.setattr(passes, "_SAVE_SHARE", 0)
    (world / "fail").write_text(str(TRIAL_CALLS + 12))
    with pytest.raises(ModelError, match="out of luck"):
        dissect(world, out, layer="first", directions=W, store=False)
    before = seen(world)
    assert_same(stored, dissect(world, out, layer="first", directions=W, store=False))
    assert before + seen(world) == TRIAL + 2 * N_SAMPLES


def test_directions_that_are_lost_or_damaged_are_written_again(world, out):
    run = dissect(world, out, layer="first", directions=W)
    path = out / activations(run) / "directions.npy"
    for damage in (path.unlink, lambda: path.write_bytes(path.read_bytes()[:-8] + b"\0" * 8)):
        damage()
        with pytest.raises(DamagedError, match=r"repeat andornot explain"):
            Run.open(out).directions()
        if path.exists():
            path.unlink()  # as its reader says; a run that needs it does so itself
        assert (dissect(world, out, layer="first", directions=W).directions() == W).all()
    seen(world)


# --- the command, and what is told


def command(world, out, file, *more):
    return [
        "explain", "--model", f"{world / 'net.py'}:net", "--layer", "first",
        "--data", f"labelmaps:{world / 'data'}", "--size", "24", "--mean", "0,0,0",
        "--std", "1,1,1", "--quantile", "0.03", "--length", "2", "--batch-size", "3",
        "--device", "cpu", "--no-trust", "--out", str(out), "--quiet", "--directions", str(file),
        *more,
    ]  # fmt: skip


def line(capsys, words):
    """What a command that fails says."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return err.strip().splitlines()[-1]


def test_the_command_on_images(world, stored, out, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # a table, as in a terminal
    np.save(tmp_path / "w.npy", W)
    words = [w for w in command(world, out, tmp_path / "w.npy") if w != "--quiet"]
    words = [w for w in words if w != "--no-trust"] + ["--nulls", "2", "--resamples", "2"]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    told = ("note: units 0 to 3 are directions (w.npy) over the 6 units of first, not units of "
            "its own; a direction turned round is another one")  # fmt: skip
    assert done.output.count(told) == 1
    assert "best of 4 directions over the units of layer first" in done.output
    run = Run.open(out)
    assert_same_units_but_trust(stored, run)
    shown = CliRunner().invoke(cli, ["show", str(out)]).output
    assert shown.count(told) == 1
    one = CliRunner().invoke(cli, ["show", str(out), "--units", "2"]).output
    assert "A unit here is one of 4 directions (w.npy) over the 6 units of the layer" in one
    frame = pd.read_parquet(out / "explanations.parquet")
    assert frame["unit"].tolist() == [0, 1, 2, 3]
    page = CliRunner().invoke(cli, ["report", str(out), "--trust-code", "--quiet"])
    assert page.exit_code == 0, page.output
    index = (out / "report" / "index.html").read_text(encoding="utf-8")
    assert "one of 4 directions (w.npy) over the 6 units of the layer" in index
    assert str(tmp_path) not in index
    config = tmp_path / "options.yaml"
    config.write_text(json.dumps({"directions": str(tmp_path / "w.npy")}))
    rest = words[: words.index("--directions")]
    assert CliRunner().invoke(cli, [*rest, "--config", str(config)]).exit_code == 0
    assert Run.open(out).manifest["directions"] == run.manifest["directions"]


def assert_same_units_but_trust(run, other):
    for name in ("thresholds", "extremes", "areas", "peaks"):
        assert getattr(run, name)().tobytes() == getattr(other, name)().tobytes(), name
    assert [e.formula for e in run.result()] == [e.formula for e in other.result()]


def test_the_command_on_pairs(tmp_path):
    made, _ = pair_run(tmp_path)
    width = made.responses().n_units
    np.save(tmp_path / "w.npy", np.eye(width)[:, :5] - 0.1)
    rows = [f"{p.premise.text}\t{p.hypothesis.text}\t{p.label}" for p in grammar(60)]
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("\n".join(["sentence1\tsentence2\tgold_label", *rows]) + "\n")
    words = ["explain", "--model", str(tmp_path / "model.pt"), "--layer", "mlp.4", "--data",
             f"pairs:{pairs}", "--device", "cpu", "--length", "2", "--quantile", "0.1",
             "--directions", str(tmp_path / "w.npy"), "--folds", "2", "--quiet"]  # fmt: skip
    for name, more in (("a", ["--no-trust"]), ("b", ["--no-store"])):
        done = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / name), *more])
        assert done.exit_code == 0, done.output
    run = Run.open(tmp_path / "a")
    assert_same(run, Run.open(tmp_path / "b"))
    assert run.responses().n_units == 5
    assert run.head_weights() is None
    assert any(e.formula is not None for e in run.result())


def test_what_is_refused(world, out, tmp_path, capsys):
    np.save(tmp_path / "w.npy", W)
    file = tmp_path / "w.npy"
    assert line(capsys, command(world, out, file, "--layer", "second")) == (
        "andornot: directions are over the units of one layer, and 2 are named (first, second); "
        "explain each in a run of its own"
    )
    np.save(file, W.T)
    found = line(capsys, command(world, out, file))
    assert found.endswith(
        f"{file} holds directions of 4 units (it is 4 x 6), but first has 6 units, a row for "
        "each of which is needed; transpose it"
    )
    np.save(file, W[:5])
    for more in ((), ("--no-store",)):
        assert "but first has 6 units" in line(capsys, command(world, out, file, *more))
    assert "there is no file" in line(capsys, command(world, out, tmp_path / "absent.npy"))
    assert not (out / "manifest.json").exists()
    with pytest.raises(DataError, match="holds nan for unit 0 in direction 0; give finite"):
        dissect(world, out, layer="first", directions=W * np.nan)
    with pytest.raises(OptionError, match="2 are named"):
        dissect(world, out, layer=["first", "second"], directions=W)
    seen(world)


# --- the manifest


def test_a_manifest_with_damaged_directions_is_told_of(stored, tmp_path):
    from andornot.runs.manifest_fields import check_manifest

    for wrong in ([], {"file": 3}, {"file": None, "digest": "a", "shape": [0, 3]}):
        with pytest.raises(AndornotError, match="directions"):
            check_manifest({**stored.manifest, "directions": wrong}, tmp_path / "m.json")
