"""Whoever is killed, before whatever change of the disk, leaves the old or the new, and goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kill_harness import JOBS

pytest.importorskip("torch", reason="torch is not installed")

HARNESS = Path(__file__).parents[1] / "support" / "kill_harness.py"
STEPS = {"convert": 1, "nli-train": 1, "table": 1, "result": 1, "stream": 1, "report": 4}
"""Every so manyth operation is a kill; EVERY_KILL=1 takes all of them, which takes half an hour."""
LONG = 9


def kill(job: str, folder: Path, every: int) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, str(HARNESS), job, str(folder / job), str(every)],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout[-2000:]
    told: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    assert told["kills"] >= told["operations"] // every
    if every == 1:
        assert told["old"]
        assert told["new"]
    return told


@pytest.mark.parametrize(("job", "every"), [("explain", 40), ("report", 25), ("convert", 9)])
def test_killed_here_and_there(job: str, every: int, tmp_path: Path) -> None:
    kill(job, tmp_path, every)


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS)
def test_killed_everywhere(job: str, tmp_path: Path) -> None:
    kill(job, tmp_path, 1 if os.environ.get("EVERY_KILL") else STEPS.get(job, LONG))
