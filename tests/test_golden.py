"""The golden net: what is found today, to the last bit, under options that are all spelled out.

It holds while code is moved: whatever is red here has changed a number. Where a change is wanted,
``ANDORNOT_WRITE_GOLDEN=1 pytest tests/test_golden.py`` writes ``tests/golden/pinned`` anew, and each
test that wrote fails once, so that nobody takes it for a comparison. Read the difference before you
commit it. What is pinned, and how exactly, is said in ``golden_cases.py``.
"""

from __future__ import annotations

import gzip
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import golden_cases

PINNED = Path(__file__).parent / "golden" / "pinned"
WRITE = "ANDORNOT_WRITE_GOLDEN"
DIGITS = 1e-11
"""How far rough numbers may be apart, as a share of themselves."""
_SHOWN = 12


def differences(was: Any, now: Any, where: str = "") -> Iterator[str]:
    """Where two plain values differ, in a line each."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in (*was, *(k for k in now if k not in was)):
            if key not in was or key not in now:
                yield f"{where}/{key}: only {'before' if key in was else 'now'}"
            else:
                yield from differences(was[key], now[key], f"{where}/{key}")
    elif isinstance(was, list) and isinstance(now, list):
        if len(was) != len(now):
            yield f"{where}: {len(was)} entries before, {len(now)} now"
        for i, (one, other) in enumerate(zip(was, now, strict=False)):
            yield from differences(one, other, f"{where}[{i}]")
    elif isinstance(was, float) and isinstance(now, float):
        if not math.isclose(was, now, rel_tol=DIGITS, abs_tol=1e-13):
            yield f"{where}: {was!r} before, {now!r} now"
    elif type(was) is not type(now) or was != now:
        yield f"{where}: {was!r} before, {now!r} now"


def compare(name: str, found: Any) -> None:
    """Compare a case with what is pinned, or write it where that is wanted."""
    now = json.loads(json.dumps(found))
    path = PINNED / f"{name}.json.gz"
    if os.environ.get(WRITE):
        path.parent.mkdir(exist_ok=True)
        text = json.dumps(now, separators=(",", ":"), ensure_ascii=False)
        path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
        pytest.fail(f"{path.name} was written anew, so nothing was compared; run without {WRITE}")
    was = json.loads(gzip.decompress(path.read_bytes()))
    found_differences = list(differences(was, now))
    shown = "\n".join(found_differences[:_SHOWN])
    assert not found_differences, f"{name} differs in {len(found_differences)} places:\n{shown}"


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("golden")


@pytest.mark.parametrize("name", golden_cases.CASES)
def test_is_as_pinned(name, folder):
    compare(name, golden_cases.CASES[name](folder))


@pytest.mark.parametrize("name", golden_cases.REAL_CASES)
def test_of_real_data_is_as_pinned(name, shared_data):
    compare(name, golden_cases.REAL_CASES[name](shared_data))
