"""The golden net: what is found today, to the last bit, under options that are all spelled out.

It holds while code is moved: whatever is red here has changed a number. Where a change is wanted,
``ANDORNOT_WRITE_GOLDEN=1 pytest tests/house/test_golden.py`` writes ``tests/golden/pinned`` anew,
and each test that wrote fails once, so that nobody takes it for a comparison. Look at what a red
test says before you commit new files. What is pinned, and how exactly, is said in
``golden_cases.py``.
"""

from __future__ import annotations

import gzip
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import golden_cases
import golden_runs

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("jinja2", reason="jinja2 is not installed")

PINNED = Path(__file__).parents[1] / "golden" / "pinned"
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


def compare(**cases: Any) -> None:
    """Compare cases with what is pinned, or write them where that is wanted."""
    writes, told = bool(os.environ.get(WRITE)), []
    for name, found in cases.items():
        path, now = PINNED / f"{name}.json.gz", json.loads(json.dumps(found))
        if writes:
            path.parent.mkdir(exist_ok=True)
            text = json.dumps(now, separators=(",", ":"), ensure_ascii=False)
            path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
            continue
        if path.exists():
            was = json.loads(gzip.decompress(path.read_bytes()))
            told += differences(was, now, name)
        else:
            told.append(f"{name}: nothing is pinned yet; write it with {WRITE}=1")
    assert not writes, f"written anew, so nothing was compared; run without {WRITE}"
    shown = "\n".join(told[:_SHOWN])
    assert not told, f"{len(told)} places differ from what is pinned:\n{shown}"


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("golden")


@pytest.mark.parametrize("name", golden_cases.CASES)
def test_is_as_pinned(name, folder):
    compare(**{name: golden_cases.CASES[name](folder)})


@pytest.mark.parametrize("name", golden_cases.REAL_CASES)
def test_of_real_data_is_as_pinned(name, shared_data):
    compare(**{name: golden_cases.REAL_CASES[name](shared_data)})


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    """Tables that are printed are as wide everywhere."""
    monkeypatch.setenv("COLUMNS", "160")
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", golden_runs.RUNS)
def test_run_is_as_pinned(name, folder):
    """All parts of a run in one test, so that no two processes make the same run."""
    parts = golden_runs.read(folder, name)
    compare(**{f"{part}_{name}": found for part, found in parts.items()})


@pytest.mark.parametrize("kind", ["picture", "pair"])
def test_a_run_without_a_store_finds_the_same(kind, folder):
    stored, counted = (
        golden_runs.without_trust(golden_runs.whole_run(golden_runs.RUNS[f"{kind}_{name}"](folder)))
        for name in ("stored", "counted")
    )
    assert not list(differences(stored, counted))


def test_a_run_against_another_is_as_pinned(folder):
    compare(answers_baseline=golden_runs.baseline(folder))


def test_an_attack_is_as_pinned(folder):
    compare(attack=golden_runs.attacked(folder))


def test_every_pinned_file_is_compared():
    """A case that is taken out takes its file with it."""
    cases = {*golden_cases.CASES, *golden_cases.REAL_CASES, "answers_baseline", "attack"}
    told = ("answers", "printed", "pages")
    cases |= {f"run_{name}" for name in golden_runs.RUNS}
    cases |= {f"{part}_{name}" for part in told for name in golden_runs.RUNS_OF_READERS}
    assert {path.name.removesuffix(".json.gz") for path in PINNED.iterdir()} == cases


def test_a_case_that_is_not_pinned_yet_is_told(monkeypatch):
    monkeypatch.delenv(WRITE, raising=False)
    with pytest.raises(AssertionError, match="drawn_of_tomorrow: nothing is pinned yet; write it"):
        compare(drawn_of_tomorrow=[1])


def test_differences_are_told():
    """The net itself: exact texts differ by a bit, rough numbers by more than a rounding."""
    was = {"a": ["0.1", 1.0, 3], "b": None, "c": {"d": 1}}
    assert not list(differences(was, json.loads(json.dumps(was))))
    assert not list(differences(1.0, 1.0 + 1e-13))
    now = {"a": ["0.10000000000000002", 1.0 + 1e-9, 3, 4], "b": 0, "c": {"e": 1}}
    assert [line.partition(":")[0] for line in differences(was, now)] == [
        "/a", "/a[0]", "/a[1]", "/b", "/c/d", "/c/e",
    ]  # fmt: skip


# --- the networks, whose arithmetic is the machine's --------------------------------------------

NEAR: dict[str, Any] = {"rtol": 2**-7, "atol": 2e-2}
"""Stored values are cut to 7 bits behind the leading one, so they lie up to 2**-7 below."""


def near(stored, now):
    np.testing.assert_allclose(now, stored.astype(np.float32), **NEAR)


def test_the_demo_networks_say_what_was_stored():
    import golden_record

    stored = golden_cases.stored("vision_demo")
    maps, logits, ids = golden_record.demo_maps_again(12)
    assert ids == tuple(stored["ids"][:12].tolist())
    near(stored["maps"][:12, :-1], maps[:, stored["units"]])
    near(stored["logits"][:12], logits)
    stored = golden_cases.stored("text_demo")
    values, tokens, logits = golden_record.demo_values_again()
    near(stored["pairs"], values[:, stored["units"]])
    near(stored["tokens"], tokens[:, stored["token_units"]])
    near(stored["logits"], logits)


def test_the_real_networks_say_what_was_stored(shared_data):
    import golden_record

    stored = golden_cases.stored("vision_real")
    maps, ids = golden_record.real_maps(shared_data, 20)
    assert ids == tuple(stored["ids"][:20].tolist())
    near(stored["maps"][:20], maps[:, stored["units"]])
    stored = golden_cases.stored("text_real")
    values, ids = golden_record.real_values(shared_data)
    assert ids == tuple(stored["ids"].tolist())
    near(stored["pairs"], values[:, stored["units"]])
