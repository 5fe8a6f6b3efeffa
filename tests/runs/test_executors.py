"""Runs on executors: the same to the last bit as in one process, also where workers are killed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import andornot
import pass_cases
from andornot.errors import ModelError, OptionError
from andornot.pipeline import passes, record
from pass_cases import (
    LAYERS,
    N_SAMPLES,
    TRIAL,
    TRIAL_CALLS,
    assert_same_run,
    dissect,
    seen,
)

pytest.importorskip("torch", reason="torch is not installed")

RNG = np.random.default_rng(0)
TABLE = andornot.ConceptTable.from_masks(
    RNG.random((6, 40, 5, 5)) < 0.2, [f"c{i}" for i in range(6)], folds=np.arange(40) % 3
)
UNITS = RNG.random((50, 40, 5, 5)) < 0.1
UNITS[7] = False


world, stored = pass_cases.world, pass_cases.stored


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """Two batches of three samples each."""
    monkeypatch.setattr(passes, "_SHARD_SAMPLES", 6)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.mark.parametrize("store", [True, False])
def test_any_executor_will_do(world, stored, tmp_path, threads, store):
    """Tasks of one process take turns at the network."""
    run = dissect(world, tmp_path / "run", executor=threads, store=store)
    assert_same_run(stored, run)
    assert seen(world) == (1 if store else 2) * N_SAMPLES + TRIAL
    assert not list(tmp_path.rglob("engine-*"))
    if store:
        for layer in LAYERS:
            assert run.activations(layer).n_rows == N_SAMPLES
            for i in range(N_SAMPLES):
                assert (run.values(i, layer) == stored.values(i, layer)).all()


def test_a_failure_elsewhere_is_told_as_here_and_costs_its_shard(
    world, stored, tmp_path, threads, monkeypatch
):
    monkeypatch.setattr(passes, "_SAVE_SHARE", 0)
    for store, recorded in ((True, 1), (False, 2)):
        out = tmp_path / str(store)
        (world / "fail").write_text(str(TRIAL_CALLS + 5))
        with pytest.raises(ModelError, match=r"at samples .*out of luck"):
            dissect(world, out, executor=threads, store=store)
        before = seen(world) - TRIAL
        assert 6 <= before < N_SAMPLES
        assert_same_run(stored, dissect(world, out, executor=threads, store=store))
        assert before + seen(world) <= recorded * N_SAMPLES + 2 * 6


def test_a_run_goes_on_from_one_process_to_several_and_back(world, stored, tmp_path, threads):
    """Where the first stopped in the middle of a shard of the second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "_SHARD_BYTES", 1)
        (world / "fail").write_text(str(TRIAL_CALLS + 4))
        with pytest.raises(ModelError):
            dissect(world, tmp_path / "run")
        (world / "fail").write_text("2")
        with pytest.raises(ModelError):
            dissect(world, tmp_path / "run", executor=threads)
        assert_same_run(stored, dissect(world, tmp_path / "run"))
        seen(world)


@pytest.mark.slow
def test_processes_of_which_one_is_killed(world, stored, tmp_path):
    (world / "kill").write_text(str(TRIAL_CALLS + 4))
    run = dissect(world, tmp_path / "run", executor="processes:2", store=False)
    assert [path.name.split()[0] for path in world.glob("kill *")] == ["kill"]
    assert_same_run(stored, run)
    # what was lost: at most its shard and the one that waited behind it
    assert seen(world) <= 2 * N_SAMPLES + 6 + TRIAL


@pytest.mark.slow
def test_a_dask_cluster_of_which_a_worker_is_killed(world, stored, tmp_path):
    pytest.importorskip("distributed", reason="distributed is not installed")
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path / "dask"
    ) as cluster:
        before = {worker.pid for worker in cluster.workers.values()}
        for store in (False, True):
            (world / "kill").write_text(str(TRIAL_CALLS + 3))
            run = dissect(
                world, tmp_path / str(store), store=store,
                executor=f"dask:{cluster.scheduler_address}",
            )  # fmt: skip
            assert_same_run(stored, run)
            assert not (world / "kill").exists()
            assert seen(world) <= (2 - store) * N_SAMPLES + 2 * 6 + TRIAL
        killed = {int(path.name.split()[1]) for path in world.glob("kill *")}
        assert len(killed & before) >= 1
        found = andornot.explain(
            UNITS, TABLE, executor=cluster.get_client().get_executor(pure=False)
        )
        assert found == andornot.explain(UNITS, TABLE)


@pytest.mark.parametrize(
    ("executor", "message"),
    [
        ("processes:0", "give processes:N"),
        ("processes:many", "give processes:N"),
        ("threads:2", "give processes:N"),
        (3, "give processes:N"),
        ("dask:nowhere", "no Dask scheduler answers at nowhere"),
    ],
)
def test_unknown_executors_are_refused(world, tmp_path, executor, message):
    if str(executor).startswith("dask"):
        pytest.importorskip("distributed", reason="distributed is not installed")
    with pytest.raises(OptionError, match=message):
        dissect(world, tmp_path / "run", executor=executor)
