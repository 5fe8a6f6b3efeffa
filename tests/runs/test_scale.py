"""Many units, streamed to a file; many samples; kernels that compile once each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import andornot
from andornot import ConceptTable, Responses
from andornot.errors import DataError, OptionError, RunError
from andornot.pipeline.stream import explain_to_parquet
from benchmarks.scale import lines, plot, run_scale_bench
from benchmarks.sparse import PER_POSITION, Corpus
from benchmarks.units import run_units_bench


def table_and_masks(seed, n_units=7, shape=(5, 4, 3)):
    rng = np.random.default_rng(seed)
    masks = rng.random((4, *shape)) < 0.4
    folds = np.arange(shape[0]) % 2
    table = ConceptTable.from_masks(masks, ["a", "b", "c", "d"], folds=folds)
    return table, rng.random((n_units, *shape)) < rng.random((n_units, 1, 1, 1)) * 0.6


@given(st.integers(0, 2**32 - 1))
def test_sparse_units_count_as_their_masks_do(seed):
    table, masks = table_and_masks(seed)
    dense = Responses.from_masks(masks, table)
    flat = masks.reshape(len(masks), -1)
    for active in (flat, np.where(flat, 0.5, -1.0)):
        found = Responses.from_sparse(scipy.sparse.coo_array(active), table)
        assert found.n_atoms == dense.n_atoms
        assert np.array_equal(found.indptr, dense.indptr)
        assert np.array_equal(found.atoms, dense.atoms)
        assert np.array_equal(found.fold_counts, dense.fold_counts)


def test_an_entry_that_stands_twice_counts_once():
    table, _ = table_and_masks(0)
    twice = scipy.sparse.coo_array(([1.0, 1.0], ([0, 0], [3, 3])), shape=(1, 60))
    assert Responses.from_sparse(twice, table).totals.tolist() == [1]


def test_a_matrix_of_other_positions_is_refused():
    table, masks = table_and_masks(0)
    matrix = scipy.sparse.csr_array(masks.reshape(len(masks), -1))
    with pytest.raises(
        DataError, match=r"\(60, 7\); expected .* 60 positions .*; give its transpo"
    ):
        Responses.from_sparse(matrix.T, table)
    with pytest.raises(DataError, match="shape"):
        Responses.from_sparse(matrix[:, :50], table)


def in_parts(responses, sizes):
    at = 0
    for size in sizes:
        yield responses.select(range(at, at + size))
        at += size


@pytest.mark.parametrize("search", ["beam", "optimal"])
def test_the_file_says_what_the_frame_says(tmp_path, search):
    table, masks = table_and_masks(1, n_units=9)
    masks[[2, 6, 7]] = False
    responses = Responses.from_masks(masks, table)
    frame = andornot.explain(responses, table, length=2, search=search).to_frame()
    ways = (responses, in_parts(responses, [4, 1, 4]), iter([responses]))
    for number, given_ in enumerate(ways):
        path = tmp_path / "deep" / f"{number}.parquet"
        done = explain_to_parquet(given_, table, path, block=3, length=2, search=search)
        assert (done.units, done.inactive, done.kept) == (9, 3, 0)
        pd.testing.assert_frame_equal(pd.read_parquet(path), frame, check_dtype=False)
        assert [p.name for p in path.parent.iterdir() if p.name.startswith(str(number))] == [
            path.name
        ]


def test_an_interrupted_file_goes_on_where_it_stopped(tmp_path):
    table, masks = table_and_masks(2, n_units=8)
    responses = Responses.from_masks(masks, table)

    def failing():
        yield from in_parts(responses, [4])
        raise KeyboardInterrupt

    path = tmp_path / "units.parquet"
    with pytest.raises(KeyboardInterrupt):
        explain_to_parquet(failing(), table, path, block=2, length=2)
    assert not path.exists()
    other = explain_to_parquet(responses, table, tmp_path / "other.parquet", block=2, length=2)
    assert other.kept == 0
    done = explain_to_parquet(responses, table, path, block=2, length=2)
    assert done.kept == 4
    assert path.read_bytes() == (tmp_path / "other.parquet").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.parquet", "units.parquet"]


def test_other_options_or_counts_use_no_old_part(tmp_path):
    table, masks = table_and_masks(3, n_units=4)
    responses = Responses.from_masks(masks, table)
    path = tmp_path / "units.parquet"

    def failing():
        yield responses
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain_to_parquet(failing(), table, path, length=2)
    changed = Responses.from_masks(~masks, table)
    assert explain_to_parquet(changed, table, path, length=2).kept == 0
    with pytest.raises(KeyboardInterrupt):
        explain_to_parquet(failing(), table, path, length=2)
    assert explain_to_parquet(responses, table, path, length=3).kept == 0


def test_no_unit_fires(tmp_path):
    table, masks = table_and_masks(4, n_units=3)
    responses = Responses.from_masks(np.zeros_like(masks), table)
    done = explain_to_parquet(responses, table, tmp_path / "u.parquet")
    frame = pd.read_parquet(done.path)
    assert frame["status"].tolist() == ["inactive"] * 3
    assert frame["formula"].isna().all()


def test_mistakes_get_a_sentence(tmp_path):
    table, masks = table_and_masks(5)
    responses = Responses.from_masks(masks, table)
    with pytest.raises(OptionError, match="block is 0"):
        explain_to_parquet(responses, table, tmp_path / "u.parquet", block=0)
    with pytest.raises(OptionError, match="no search option 'lenght'"):
        explain_to_parquet(responses, table, tmp_path / "u.parquet", lenght=2)  # type: ignore[call-arg]
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot write"):
        explain_to_parquet(responses, table, tmp_path / "file" / "u.parquet")


def test_a_corpus_is_drawn_as_described():
    corpus = Corpus.of_size(2000, 300, seed=0)
    assert 0.5 * PER_POSITION < corpus.holds.nnz / 2000 <= PER_POSITION + 1
    latents = corpus.latents(0, 200)
    assert (corpus.latents(50, 60) != latents[50:60]).nnz == 0
    n_active = np.diff(latents.indptr)
    assert 0.1 < (n_active == 0).mean() < 0.4
    assert np.median(n_active[n_active > 0]) < n_active.mean()


def test_bench_of_units_is_plain_data():
    size: dict[str, Any] = {"units": 60, "positions": 300, "concepts": 40, "length": 2, "block": 25}
    report = run_units_bench(**size, jobs=2)
    assert json.loads(json.dumps(report)) == report
    again = run_units_bench(**size, jobs=1)["results"]
    for name in ("inactive", "mean_iou", "units_at_a_position", "active_positions_median"):
        assert report["results"][name] == again[name]
    assert 0 < report["results"]["inactive"] < 60
    with pytest.raises(OptionError, match="positions is 5"):
        run_units_bench(positions=5)


def test_bench_of_samples_grows(tmp_path):
    report = run_scale_bench([20, 60], units=3, jobs=2)
    assert json.loads(json.dumps(report)) == report
    first, second = report["rows"]
    assert (first["positions"], second["positions"]) == (20 * 28 * 28, 60 * 28 * 28)
    assert first["atoms"] < second["atoms"] <= second["cells"]
    assert report["growth"]["positions"] == pytest.approx(1)
    assert len(lines(report)) == 5
    with pytest.raises(OptionError, match="two sizes"):
        run_scale_bench([20])
    pytest.importorskip("matplotlib")
    plot(report, tmp_path / "growth.svg")
    assert (tmp_path / "growth.svg").read_text().lstrip().startswith("<?xml")
    with pytest.raises(OptionError, match="does not end in"):
        plot(report, tmp_path / "growth.doc")


@pytest.mark.slow
def test_search_kernels_compile_once_each(tmp_path):
    """A kernel that is called with literal numbers or odd types is compiled again for each."""
    code = """
import numpy as np, sys, andornot
from numba.core.dispatcher import Dispatcher
rng = np.random.default_rng(0)
table = andornot.ConceptTable.from_masks(rng.random((12, 300)) < 0.2, [f"c{i}" for i in range(12)])
andornot.explain(rng.random((3, 300)) < 0.2, table, length=3, search="optimal", jobs=1)
for name, module in sorted(sys.modules.items()):
    if name.startswith("andornot.search"):
        for value in vars(module).values():
            if isinstance(value, Dispatcher) and len(value.signatures) > 1:
                print(value.py_func.__name__, len(value.signatures))
"""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert set(done.stdout.splitlines()) <= {"copy 3", "clear 3", "score 2"}, done.stdout
