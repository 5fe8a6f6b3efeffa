"""Stages of a measurement: how long each took, at what rate, and how much memory it needed."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from andornot._tools.parallel import n_workers
from andornot._tools.timer import peak_rss_bytes


@dataclass(frozen=True)
class Measured:
    """One stage.

    Attributes:
        stage: its name.
        seconds: wall time.
        cpu_seconds: processor time of all threads together; None where it was not measured.
        processed: how many it worked through.
        unit: what of, such as ``samples`` or ``units``.
        rate: ``processed / seconds``.
        rate_unit: such as ``samples/s``.
        peak_rss_bytes: largest resident memory of the process up to the stage's end.
    """

    stage: str
    seconds: float
    cpu_seconds: float | None
    processed: int
    unit: str
    rate: float
    rate_unit: str
    peak_rss_bytes: int

    @classmethod
    def of(
        cls,
        stage: str,
        seconds: float,
        processed: int,
        unit: str,
        peak: int,
        cpu_seconds: float | None = None,
    ) -> Measured:
        """A stage, with its rate."""
        rate = processed / seconds if seconds > 0 else 0.0
        return cls(stage, seconds, cpu_seconds, processed, unit, rate, f"{unit}/s", peak)


@dataclass
class Clock:
    """Stages as they are measured; time spent in one of the same name adds up."""

    stages: dict[str, Measured] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, processed: int, unit: str) -> Iterator[None]:
        """Measure the body of a ``with``."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if (before := self.stages.get(name)) is not None:
            wall, processed = wall + before.seconds, processed + before.processed
            cpu += before.cpu_seconds or 0.0
        self.stages[name] = Measured.of(name, wall, processed, unit, peak_rss_bytes(), cpu)

    def as_list(self) -> list[dict[str, Any]]:
        """Plain data, for JSON, in the order of the first time."""
        return [asdict(stage) for stage in self.stages.values()]


def machine(jobs: int | None) -> dict[str, Any]:
    """What the measurement ran on."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "threads": n_workers(jobs),
        "memory_bytes": psutil.virtual_memory().total,
        "load_before": psutil.getloadavg()[0],
        "platform": platform.platform(),
    }


def _cpu_model() -> str:
    """Linux tells it in a file, where ``platform`` knows only the architecture."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
