"""Work on executors: the same to the last bit as in one process, also where workers are killed."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import psutil
import pytest

import andornot
from andornot._tools import executors as module
from andornot._tools.executors import engine_of
from andornot.errors import ModelError, OptionError, RunError
from engine_tasks import die, die_once, double, fail


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield executor


# ---- searches

RNG = np.random.default_rng(0)
TABLE = andornot.ConceptTable.from_masks(
    RNG.random((6, 40, 5, 5)) < 0.2, [f"c{i}" for i in range(6)], folds=np.arange(40) % 3
)
UNITS = RNG.random((50, 40, 5, 5)) < 0.1
UNITS[7] = False


@pytest.mark.parametrize("search", ["auto", "beam", "optimal"])
def test_units_are_explained_elsewhere_as_here(threads, search):
    options = {"search": search, "units": [u + 100 for u in range(50)]}
    elsewhere = andornot.explain(UNITS, TABLE, executor=threads, **options)
    assert elsewhere == andornot.explain(UNITS, TABLE, **options)
    assert elsewhere[107].status == "inactive"


# ---- engines


def results(engine, function, shared, n):
    return sorted((a[0], r) for a, r in engine.run(function, shared, ((i,) for i in range(n))))


def test_results_come_with_their_arguments_and_calls_are_read_lazily(threads):
    begun = []

    def calls():
        for i in range(100):
            begun.append(i)
            yield (i,)

    with engine_of(threads) as engine:
        found = engine.run(double, 2, calls())
        assert next(found)[1] % 2 == 0
        assert len(begun) <= 5
        found.close()  # type: ignore[attr-defined]
        assert results(engine, double, 3, 10) == [(i, 3 * i) for i in range(10)]
        assert results(engine, double, 3, 0) == []


def test_every_task_of_killed_processes_is_done_in_the_end(tmp_path):
    with engine_of("processes:2", tmp_path) as engine:
        assert results(engine, die_once, str(tmp_path), 5) == [(i, i) for i in range(5)]
    assert {path.name for path in tmp_path.iterdir()} == {"0", "3"}


def test_a_task_that_always_kills_its_process_is_given_up(monkeypatch):
    monkeypatch.setattr(module, "_TRIES", 2)
    with engine_of("processes:1") as engine, pytest.raises(RunError, match="died 2 times"):
        results(engine, die, None, 1)


def test_processes_end_with_the_one_that_began_them(tmp_path):
    noted, script = tmp_path / "pid", tmp_path / "begin.py"
    script.write_text(
        "from andornot._tools.executors import engine_of\n"
        "from engine_tasks import wait\n"
        "if __name__ == '__main__':\n"
        "    with engine_of('processes:1') as engine:\n"
        f"        list(engine.run(wait, {str(noted)!r}, [(1,)]))\n"
    )
    tests = {"PYTHONPATH": str(Path(__file__).parents[1] / "support")}
    driver = subprocess.Popen([sys.executable, str(script)], env=os.environ | tests)
    until(lambda: noted.exists() and noted.read_text())
    worker = psutil.Process(int(noted.read_text()))
    driver.kill()
    driver.wait()
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


def until(done):
    begun = time.monotonic()
    while not done():
        assert time.monotonic() - begun < 60
        time.sleep(0.05)


def test_a_pool_of_the_user_cannot_be_made_anew():
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as pool,
        engine_of(pool) as engine,
        pytest.raises(RunError, match="cannot be made anew here; start again"),
    ):
        results(engine, die, None, 3)


def test_errors_of_tasks_are_those_of_the_caller(threads):
    with engine_of(threads) as engine, pytest.raises(ModelError, match="no luck with"):
        results(engine, fail, None, 3)


def test_a_changed_or_missing_parcel_is_not_opened(threads, tmp_path):
    with engine_of(threads, tmp_path) as engine:
        found = engine.run(double, {"a": 1}, [])
        assert list(found) == []
        parcel = engine._send([1, 2])
        path = Path(parcel.path)
        whole = path.read_bytes()
        path.write_bytes(pickle.dumps("evil"))
        with pytest.raises(RunError, match="was changed"):
            parcel.open()
        path.write_bytes(whole)
        assert parcel.open() == [1, 2]
        gone = module.Parcel(str(tmp_path / "gone"), parcel.digest)
        with pytest.raises(RunError, match="workers need the run's directory under the same path"):
            gone.open()


def test_what_cannot_be_sent_is_named(threads):
    with (
        engine_of(threads) as engine,
        pytest.raises(
            OptionError,
            match=r"cannot be sent to other processes .*FILE\.py:FUNCTION",
        ),
    ):
        results(engine, double, lambda: 1, 1)
