"""The bench: what is drawn, what is measured, and that the report says it in plain data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
from andornot.concepts.table import ConceptTable
from andornot.counting.stores import extremes
from andornot.errors import OptionError, RunError
from andornot.explainer import kernel_atoms
from andornot.search.bits import mark, total, weigh
from andornot.search.kernels import (
    apply,
    atoms_of,
    copy,
    extend,
    extend_marked,
    intersections,
    same_mask,
)
from andornot.search.problem import AND, AND_NOT, OR
from benchmarks import measure, peer
from benchmarks.clock import Clock
from benchmarks.synthetic import SIZE, Drawn, World, planted_formulas, write_activations
from benchmarks.text import draw_activations, draw_pairs, run_text_bench

TINY: dict[str, Any] = {"samples": 12, "units": 10, "concepts": 40, "length": 2, "beam_size": 3}


@pytest.fixture(scope="module")
def report():
    return measure.run_bench(**TINY, jobs=2, peer=False)


def test_report_is_plain_data_with_every_stage(report):
    assert json.loads(json.dumps(report)) == report
    stages = {stage["stage"]: stage for stage in report["stages"]}
    assert list(stages) == [
        "compile", "draw label maps", "png_decode", "table", "table with decoding",
        "draw activations", "thresholds", "responses", "beam", "exhaustive (length 2)",
        "optimal (length 3)",
    ]  # fmt: skip
    assert stages["table"]["processed"] == TINY["samples"]
    assert stages["beam"]["processed"] == TINY["units"]
    for stage in report["stages"]:
        assert stage["seconds"] > 0
        assert stage["rate"] == pytest.approx(stage["processed"] / stage["seconds"])
        assert stage["peak_rss_bytes"] > 2**20
    assert report["peer"] is None
    assert report["sizes"]["positions"] == TINY["samples"] * SIZE * SIZE
    assert report["machine"]["threads"] == 2


def test_results_do_not_hang_on_the_number_of_threads(report):
    again = measure.run_bench(**TINY, jobs=1, peer=False)
    assert again["results"] == report["results"]
    by_length = report["results"]["mean_iou_by_length"]
    assert 0 < by_length[0] <= by_length[1] <= 1


TINY_TEXT: dict[str, Any] = {"pairs": 100, "words": 40, "units": 5, "length": 2, "beam_size": 3}


def test_text_report_is_plain_data_with_every_stage(capsys):
    report = run_text_bench(**TINY_TEXT, jobs=2)
    assert json.loads(json.dumps(report)) == report
    assert [stage["stage"] for stage in report["stages"]] == [
        "compile", "draw pairs", "table", "draw activations", "responses", "beam",
    ]  # fmt: skip
    assert report["results"]["atoms"] == 100
    assert report["sizes"]["concepts"] > 4 * 40
    by_length = report["results"]["mean_iou_by_length"]
    assert 0 < by_length[0] <= by_length[1] <= 1
    assert run_text_bench(**TINY_TEXT, jobs=1)["results"] == report["results"]
    measure.print_bench(report)
    assert "beam" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "value"), [("pairs", 19), ("words", 29), ("length", 0)])
def test_text_size_too_small(name, value):
    with pytest.raises(OptionError, match=f"{name} is {value}"):
        run_text_bench(**(TINY_TEXT | {name: value}))


def test_pairs_are_drawn_as_real_ones():
    """Zipf's law, overlap, a tag for each word, units active on some share of the pairs."""
    rng = np.random.default_rng(0)
    data, vectors = draw_pairs(400, 100, rng)
    counts = Counter(word for sentence in data.sentences() for word in sentence.words)
    assert counts.most_common(1)[0][0] == "w0"
    assert counts["w0"] > 5 * counts["w20"] > 0
    assert data.has_tags
    assert len(vectors) == 100
    shares = [np.isin(p.hypothesis.words, p.premise.words).mean() for p in data.pairs]
    assert 0.4 < np.mean(shares) < 0.8
    active = (draw_activations(data, 30, rng)[:, :, 0, 0] > 0).mean(axis=0)
    assert 0.04 < active.min() < active.max() < 0.61


def test_print_names_every_stage(report, capsys):
    measure.print_bench(report)
    printed = capsys.readouterr().out
    assert "thresholds" in printed
    assert "units/s" in printed


@pytest.mark.parametrize(("name", "value"), [("samples", 0), ("concepts", 29), ("beam_size", 0)])
def test_size_too_small(name, value):
    with pytest.raises(OptionError, match=f"{name} is {value}"):
        measure.run_bench(**(TINY | {name: value}))


def test_no_room_on_disk(monkeypatch):
    monkeypatch.setattr(measure.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))  # type: ignore[attr-defined]
    with pytest.raises(OptionError, match="TMPDIR"):
        measure.run_bench(**TINY)


def test_a_sample_hangs_on_seed_and_number_alone():
    world = World.of_size(100, seed=3)
    maps, scene = world.draw(5)
    again, same_scene = World.of_size(100, seed=3).draw(5)
    other, _ = World.of_size(100, seed=4).draw(5)
    assert np.array_equal(maps, again)
    assert scene == same_scene
    assert not np.array_equal(maps, other)


def test_labels_survive_their_files():
    world = World.of_size(1291, seed=0)
    drawn = Drawn.of(world, 3, jobs=1)
    for i in range(3):
        maps, scene = world.draw(i)
        labels = drawn.labels(i)
        assert np.array_equal(np.stack(labels.maps), maps)
        assert labels.concepts == (scene,)
        firsts = (*world.firsts, len(world.names))
        for layer, first, end in zip(maps, firsts, firsts[1:], strict=False):
            assert np.isin(layer, [0, *range(first + 1, end + 1)]).all()


def test_units_follow_their_formulas(tmp_path):
    world = World.of_size(60, seed=1)
    drawn = [world.draw(i) for i in range(8)]
    table = ConceptTable.from_label_maps(
        [maps for maps, _ in drawn], world.names, sample_concepts=[[s + 1] for _, s in drawn]
    )
    formulas = planted_formulas(table, 20, np.random.default_rng(0))
    assert [f is None for f in formulas] == [u % 10 == 9 for u in range(20)]
    shards = write_activations(table, formulas, tmp_path, seed=0, jobs=1)
    values = np.concatenate([block for _, block in shards.blocks()])
    assert values.shape == (8, 20, 7, 7)
    positions = table.positions
    masks = [np.zeros(table.n_atoms, bool) if f is None else table.mask(f) for f in formulas]
    shares = np.stack(
        [
            np.stack([m[positions.sample(i)].reshape(7, 16, 7, 16).mean((1, 3)) for m in masks])
            for i in range(8)
        ]
    )
    # the rest is noise of standard deviation 1/4, cut off at 0
    assert values[shares > 0.9].mean() == pytest.approx(1, abs=0.05)
    assert values[shares == 0].mean() == pytest.approx(0.25 / np.sqrt(2 * np.pi), abs=0.01)


def test_clock_adds_up_what_has_one_name():
    clock = Clock()
    for _ in range(3):
        with clock.stage("table", 4, "samples"):
            pass
    (stage,) = clock.as_list()
    assert stage["processed"] == 12
    assert stage["rate_unit"] == "samples/s"


def test_real_run_as_stages(monkeypatch):
    manifest = {
        "data": {"samples": 20, "concepts": 7},
        "layers": {"conv": {"units": 5}},
        "stages": {
            "activations conv": {"seconds": {"read": 1.0, "forward": 4.0}, "peak_rss_bytes": 10},
            "concepts": {"seconds": {"table": 2.0}, "peak_rss_bytes": 20},
            "search conv": {"seconds": {"search": 0.5}},
        },
        "seconds": 8.0, "peak_rss_bytes": 30, "versions": {},
    }  # fmt: skip
    monkeypatch.setattr(measure, "dissect", lambda *a, **k: type("R", (), {"manifest": manifest}))
    report = measure.bench_real("labelmaps:x", "torchvision:y", "conv")
    assert report["results"]["other_share"] == pytest.approx(1 - 5 / 8)
    rates = {s["stage"]: (s["rate"], s["rate_unit"], s["peak_rss_bytes"]) for s in report["stages"]}
    assert rates == {
        "read": (20, "samples/s", 10), "forward": (5, "samples/s", 10),
        "table": (10, "samples/s", 20), "search": (10, "units/s", 30),
    }  # fmt: skip


@pytest.mark.slow
def test_peer_finds_the_same_iou():
    if not peer.installed():
        pytest.skip("compositional_explanations is absent: install the extra 'bench'")
    report = peer.compare(quick=True, jobs=1)
    assert report["ratio"] > 10
    assert report["same_iou"] == len(report["ours"]["ious"])
    assert "times faster" in "\n".join(peer.lines(report))


def test_peer_process_that_fails(tmp_path):
    with pytest.raises(RunError, match="--no-peer"):
        peer._in_new_process("ours", tmp_path / "absent.npz", 1)


def test_extremes_of_maps_with_nan():
    block = np.random.default_rng(0).normal(size=(5, 3, 2, 4)).astype(np.float32)
    block[1, 2, 0, 0], block[3, 0, 1, 1], block[4, 1] = np.nan, np.inf, -np.inf
    low, high = extremes(block, jobs=2)
    assert np.array_equal(low, block.min(axis=(2, 3)), equal_nan=True)
    assert np.array_equal(high, block.max(axis=(2, 3)), equal_nan=True)


@given(st.integers(0, 2**32 - 1))
def test_extended_counts_equal_a_fresh_pass(seed):
    def words(mask):
        padded = np.zeros(-(-len(mask) // 64) * 64, bool)
        padded[: len(mask)] = mask
        return np.packbits(padded, bitorder="little").view(np.uint64)

    rng = np.random.default_rng(seed)
    masks = rng.random((6, 40)) < 0.4
    table = ConceptTable.from_masks(masks, list("abcdef"))
    atoms = kernel_atoms(table)
    active = rng.integers(0, atoms.counts + 1)
    mask = (rng.random(table.n_atoms) < 0.5).view(np.uint8)

    def passed(which):
        args = atoms.counts, active, atoms.indptr, atoms.indices, 6
        return intersections(which, *args)

    for operator in (OR, AND, AND_NOT):
        concept = int(rng.integers(6))
        own = atoms_of(atoms, concept)
        i, _ = passed(mask)
        by_bits = i.copy()
        extend(words(mask), operator, own, atoms, active, i)
        extend_marked(
            words(mask), operator, atoms.marks[concept], words(active > 0), atoms, active, by_bits
        )
        longer = np.empty_like(mask)
        apply(mask, operator, own, longer)
        expected, shared = passed(longer)
        assert np.array_equal(i, expected)
        assert np.array_equal(by_bits, expected)
        marked = np.empty_like(words(mask))
        mark(words(mask), operator, own, marked)
        assert np.array_equal(marked, words(longer))
        for c in range(6):
            by_planes = weigh(marked, atoms.marks[c], atoms.planes)
            assert by_planes == total(marked, atoms_of(atoms, c), atoms.counts) == shared[c]


@pytest.mark.parametrize("n", [1, 4095, 4096, 10_000])
def test_masks_are_compared_to_the_last_atom(n):
    first = np.random.default_rng(n).random(n) < 0.5
    second = np.empty_like(first)
    copy(first, second)
    assert same_mask(first, second)
    for at in (0, n // 2, n - 1):
        second[at] ^= True
        assert not same_mask(first, second)
        second[at] ^= True


def test_proofs_are_counted_and_what_is_left_is_told():
    from benchmarks.proof import prove_synthetic

    small = {"samples": 8, "concepts": 40, "planted": 2, "noise": 1}
    planted, noise = prove_synthetic([2], 60.0, **small)
    assert (planted.units, planted.n_units, planted.proven) == ("planted", 2, 2)
    assert (noise.units, noise.n_units, noise.proven, noise.largest_gap) == ("noise", 1, 1, 0.0)
    assert 0 < planted.median_seconds <= planted.longest_seconds
    no_time = prove_synthetic([5], 0.0, **(small | {"samples": 60}))
    assert [p.proven for p in no_time] == [0, 0]
    assert all(0 < p.median_gap <= p.largest_gap <= 1 for p in no_time)


# --- the command ---

PACKAGE = Path(andornot.__file__).resolve().parent
PROJECT = '[project]\nname = "{}"\n'
GONE = (
    "andornot: benchmarks are not part of the installed package; get a checkout of andornot, and "
    "run python -m benchmarks in it\n"
)


@pytest.fixture
def elsewhere(tmp_path):
    """A folder of somebody, with code of his own that has the name of ours."""
    (tmp_path / "benchmarks").mkdir()
    for name in ("__init__", "__main__", "cli", "peer"):
        (tmp_path / "benchmarks" / f"{name}.py").write_text("raise SystemExit(77)\n")
    (tmp_path / "pyproject.toml").write_text(PROJECT.format("andornot"))
    return tmp_path


def started(*words, cwd, source):
    return subprocess.run(
        [sys.executable, "-m", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(source)},
        check=False,
    )


def test_benchmarks_run_from_any_folder_and_never_its_code(elsewhere):
    done = started(
        "andornot", "bench", "units", "--units", "0", cwd=elsewhere, source=PACKAGE.parent
    )
    assert done.returncode == 2
    assert done.stderr == "andornot: units is 0; a bench needs 1 or more\n"


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (["--help"], "andornot bench [OPTIONS] [COMMAND]"),
        (["scale", "-h"], "andornot bench scale [OPTIONS]"),
    ],
)
def test_help_on_benchmarks_comes_at_once(words, usage, elsewhere):
    code = (
        f"import sys; sys.argv = ['andornot', 'bench', *{words}]\n"
        "from andornot.cli import main\n"
        "try: main()\n"
        "finally: print(*{'torch', 'numba', 'numpy', 'pandas'} & set(sys.modules), 'loaded')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: {usage}")
    assert done.stdout.splitlines()[-1] == "loaded"


def test_the_benchmarks_are_a_program_of_their_own():
    root = Path(measure.__file__).resolve().parents[1]
    wrong = started("benchmarks", "units", "--units", "0", cwd=root, source=PACKAGE.parent)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == "andornot: units is 0; a bench needs 1 or more\n"
    shown = started("benchmarks", "-h", cwd=root, source=PACKAGE.parent)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("Usage: python -m benchmarks [OPTIONS] [COMMAND]")


@pytest.mark.parametrize("place", ["site-packages", "src"])
def test_outside_a_checkout_one_sentence_says_where_benchmarks_are(place, elsewhere):
    """In a project of somebody else too, with a folder src into which packages are installed."""
    source = elsewhere / place
    shutil.copytree(PACKAGE, source / "andornot", ignore=shutil.ignore_patterns("__pycache__"))
    (elsewhere / "pyproject.toml").write_text(PROJECT.format("another"))
    for words in ([], ["scale", "--samples", "10"], ["--quick"]):
        done = started("andornot", "bench", *words, cwd=elsewhere, source=source)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", GONE)
    done = started("andornot", "bench", "--help", cwd=elsewhere, source=source)
    assert done.returncode == 0, done.stderr
    assert "Benchmarks are not part of the installed package" in done.stdout


def test_the_other_side_of_a_comparison_starts_in_any_folder(elsewhere, monkeypatch):
    """Where this process was started, and what lies there, is nothing to the new one."""
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    masks = np.random.default_rng(0).random((3, 2, 20)) < 0.5
    np.savez("problem.npz", concepts=masks[None], units=masks[None, :1], search="beam",
             length=1, beam_size=2)  # fmt: skip
    report = peer._in_new_process("ours", elsewhere / "problem.npz", 1)
    assert report["ious"] == [1.0]
