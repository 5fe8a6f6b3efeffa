"""Machine code is kept between processes, and made anew when any kernel changes."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.config import DISABLE_JIT
from numba.core.dispatcher import Dispatcher

import andornot
from andornot._tools import jit as _jit

pytestmark = pytest.mark.skipif(bool(DISABLE_JIT), reason="kernels are plain Python")

PACKAGE = Path(andornot.__file__).parent
INNER = """
from andornot._tools.jit import lean
from andornot.numbers import BONUS

@lean
def score(x):
    return x + BONUS
"""
OUTER = """
from andornot._tools.jit import jit
from andornot.inner import score

@jit
def search(x):
    return 10 * score(x)
"""
CALL = """
from andornot._tools.progress import show_progress
show_progress(True)
from andornot.outer import search
print(search(1), sum(search.stats.cache_hits.values()))
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A package of our name with two kernels, one of which calls the other."""
    package = tmp_path / "src" / "andornot"
    package.mkdir(parents=True)
    tools = package / "_tools"
    tools.mkdir()
    for name in ("jit.py", "progress.py"):
        shutil.copy(PACKAGE / "_tools" / name, tools)
    (package / "__init__.py").touch()
    (tools / "__init__.py").touch()
    (package / "numbers.py").write_text("BONUS = 1\n")
    (package / "inner.py").write_text(INNER)
    (package / "outer.py").write_text(OUTER)
    return package


def run(package: Path, code: str = CALL, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ
        | {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
        | environment,
    )


def edit(path: Path, old: str, new: str) -> None:
    """Change a file and keep its size and time, as a clock that stands still would."""
    text, times = path.read_text(), path.stat()
    assert old in text
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_kernel_is_compiled_anew_when_one_that_it_calls_has_changed(house, tmp_path):
    cache = tmp_path / "cache"
    assert run(house, NUMBA_CACHE_DIR=str(cache)).stdout.split() == ["20", "0"]
    assert run(house, NUMBA_CACHE_DIR=str(cache)).stdout.split() == ["20", "1"]
    kept = sorted(path.name for path in cache.rglob("*.nb*"))
    edit(house / "inner.py", "x + BONUS", "x - BONUS")
    assert run(house, NUMBA_CACHE_DIR=str(cache)).stdout.split() == ["0", "0"]
    edit(house / "numbers.py", "1", "3")
    assert run(house, NUMBA_CACHE_DIR=str(cache)).stdout.split() == ["-20", "0"]
    now = sorted(path.name for path in cache.rglob("*.nb*"))
    assert len(now) == len(kept)  # what nobody will read again does not pile up
    assert not set(now) & set(kept)


def test_a_kernel_outside_the_package_is_compiled_anew_when_it_has_changed(house, tmp_path):
    """As those of the benchmarks, which lie beside the package."""
    cache, beside = str(tmp_path / "cache"), house.parent / "beside"
    beside.mkdir()
    (beside / "sizes.py").write_text("SIZE = 1\n")
    (beside / "outer.py").write_text(
        OUTER.replace("@jit", "from beside.sizes import SIZE\n@jit").replace("10 *", "SIZE *")
    )
    call = CALL.replace("andornot.outer", "beside.outer")
    assert run(house, call, NUMBA_CACHE_DIR=cache).stdout.split() == ["2", "0"]
    assert run(house, call, NUMBA_CACHE_DIR=cache).stdout.split() == ["2", "1"]
    edit(beside / "outer.py", "SIZE *", "SIZE -")
    assert run(house, call, NUMBA_CACHE_DIR=cache).stdout.split() == ["-1", "0"]
    edit(beside / "sizes.py", "1", "7")
    assert run(house, call, NUMBA_CACHE_DIR=cache).stdout.split() == ["5", "0"]


def test_damaged_machine_code_is_made_anew(house, tmp_path):
    cache = tmp_path / "cache"
    run(house, NUMBA_CACHE_DIR=str(cache))
    for path in cache.rglob("*.nb*"):
        path.write_bytes(path.read_bytes()[:40])
    assert run(house, NUMBA_CACHE_DIR=str(cache)).stdout.split() == ["20", "0"]
    assert run(house, NUMBA_CACHE_DIR=str(cache)).stdout.split() == ["20", "1"]


def test_where_nothing_can_be_kept_kernels_run_all_the_same(house, tmp_path):
    """Root may write anywhere, but not below a file."""
    wall = tmp_path / "wall"
    wall.touch()
    (house / "__pycache__").touch()
    places = {"NUMBA_CACHE_DIR": "", "HOME": str(wall), "XDG_CACHE_HOME": str(wall)}
    done = run(house, **places)
    assert done.stdout.split() == ["20", "0"]
    assert " ".join(done.stderr.split()).count("set NUMBA_CACHE_DIR to one that can") == 1
    assert "Traceback" not in done.stderr
    done = run(house, **places | {"NUMBA_CACHE_DIR": str(wall / "cache")})
    assert done.stdout.split() == ["20", "0"]


def test_a_cache_that_cannot_be_written_any_more_ends_nothing(house, tmp_path):
    code = CALL.replace(
        "print", "import os, pathlib\ndef no(*_): raise OSError(28, 'full')\nos.replace = no\nprint"
    )
    done = run(house, code, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert done.stdout.split() == ["20", "0"]
    assert "NUMBA_CACHE_DIR" in done.stderr


def test_the_stamp_covers_all_that_is_compiled():
    """Kernels, and the numbers and types that they take from other modules."""
    stamped = set(_jit.kernel_files())
    assert PACKAGE / "measures" / "scores.py" in stamped
    for path in stamped:
        if b"andornot._tools.jit import" in path.read_bytes():
            name = ".".join(("andornot", *path.relative_to(PACKAGE).with_suffix("").parts))
            for used in vars(importlib.import_module(name)).values():
                kernel = isinstance(used, Dispatcher)
                home = str(getattr(used.py_func if kernel else used, "__module__", ""))
                if home.startswith("andornot.") and (kernel or isinstance(used, type)):
                    assert Path(str(sys.modules[home].__file__)) in stamped, used


def test_a_kernel_knows_the_processor_that_it_was_compiled_for():
    from andornot.measures.scores import score

    score(1, 1, 1, 1, 1)
    codegen = score.targetctx.codegen()  # type: ignore[attr-defined]
    key = score._cache._index_key(score.signatures[0], codegen)  # type: ignore[attr-defined]
    assert codegen.magic_tuple() in key
    assert len(codegen.magic_tuple()) == 3  # platform, name and features of the processor


EXPLAIN = """
import numpy as np, andornot
table = andornot.ConceptTable.from_masks(np.array([[1, 1, 0, 0], [0, 1, 1, 0]], bool), ["a", "b"])
found = andornot.explain(np.array([[1, 1, 1, 0]], bool), table, length=2, search="beam", jobs=1)
print(found[0].score)
"""


@pytest.mark.slow
def test_a_new_score_reaches_the_beam_search(tmp_path):
    """What CONTRIBUTING says of adding a measure."""
    package = tmp_path / "src" / "andornot"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    places = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run(package, EXPLAIN, **places).stdout.split() == ["1.0"]
    edit(package / "measures" / "scores.py", "return i / (a + e) if", "return 0.5 * i / (a + e) if")
    assert run(package, EXPLAIN, **places).stdout.split() == ["0.5"]
