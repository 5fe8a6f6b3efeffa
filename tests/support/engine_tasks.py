"""Tasks for engines, in a module that a worker imports quickly."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from andornot.errors import ModelError


def double(shared, number):
    return shared * number


def die_once(shared, number):
    """Kills its process the first time; later calls find the file."""
    path = Path(shared) / f"{number}"
    if number % 3 == 0 and not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(shared, number):
    os.kill(os.getpid(), signal.SIGKILL)


def wait(shared, number):
    """Says who it is, and takes its time."""
    Path(shared).write_text(str(os.getpid()))
    time.sleep(600)


def fail(shared, number):
    raise ModelError(f"no luck with {number}")
