"""Stations with a temperature for each day, and the episodes that people named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from andornot.errors import DataError


@dataclass(frozen=True)
class Series:
    """Stations: each a dictionary of ``name``, ``degrees`` and ``episodes``."""

    path: Path
    stations: tuple[dict[str, Any], ...]
    names: tuple[str, ...]

    modality = "temperature series"
    kind = "series"

    @property
    def sample_ids(self) -> tuple[str, ...]:
        return tuple(station["name"] for station in self.stations)

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(station.get("split", "") for station in self.stations)

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(station.get("climate", "") for station in self.stations)

    @property
    def groups(self) -> tuple[str, ...]:
        return self.sample_ids

    @property
    def categories(self) -> tuple[str, ...]:
        return ("episode",) * len(self.names)

    @property
    def lengths(self) -> list[int]:
        return [len(station["degrees"]) for station in self.stations]

    def __len__(self) -> int:
        return len(self.stations)

    def subset(self, indices: Iterable[int]) -> Series:
        return replace(self, stations=tuple(self.stations[i] for i in indices))

    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps([self.names, self.stations]).encode()).hexdigest()

    def labels(self, sample: int) -> np.ndarray:
        """Which episodes hold on which days."""
        masks = np.zeros((len(self.names), self.lengths[sample]), bool)
        for name, first, last in self.stations[sample]["episodes"]:
            masks[self.names.index(name), first - 1 : last] = True
        return masks

    def names_of_positions(self, sample: int) -> list[str]:
        return [f"day {i + 1}" for i in range(self.lengths[sample])]


def open_series(spec: str) -> Series:
    """Open ``series:FILE``, a JSON file of stations."""
    path = Path(spec.partition(":")[2])
    if not path.is_file():
        raise DataError(f"there is no file {path}; give series:FILE")
    stations = json.loads(path.read_text(encoding="utf-8"))
    names = sorted({name for station in stations for name, _, _ in station["episodes"]})
    return Series(path, tuple(stations), tuple(names))
