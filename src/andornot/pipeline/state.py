"""A run on its way: the inputs and the stages done so far, which all steps share."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from andornot._tools.executors import Engine
from andornot._tools.files import writing
from andornot._tools.progress import tell
from andornot._tools.timer import Timer
from andornot.concepts.relations import Relations
from andornot.counting.ranges import Ranges
from andornot.counting.stores import Shards
from andornot.counting.thresholds import Threshold
from andornot.pipeline.passes import check_units
from andornot.probes.base import Probe
from andornot.probes.directions import Directions
from andornot.runs import stage_names
from andornot.runs.cache import Stage, key_of
from andornot.search.options import SearchOptions
from andornot.trust.options import TrustOptions

_PIPELINE_VERSION = 3
"""Raised when the same inputs come to give other stored results: it is part of every key."""


@dataclass
class Pipeline:
    """One run on its way: inputs, where it goes, and the stages done so far.

    ``directions`` stand in the place of the units of the one layer.
    ``company`` says how far what a layer gives hangs on the other samples of a batch, and the
    logits under ``""`` (see ``steady``).
    ``timers`` are those of all steps in their order, stages or not.
    """

    probe: Probe
    out: Path
    folds: int
    threshold: Threshold | Ranges | None
    min_active: float | None
    relations: Relations | None
    search: SearchOptions
    units: Sequence[int] | None
    jobs: int | None
    trust: TrustOptions | None
    choose_length: bool
    store: bool
    memory: float
    directions: Directions | None = None
    verify: bool = False
    engine: Engine | None = None
    stages: dict[str, Stage] = field(default_factory=dict)
    timers: dict[str, Timer] = field(default_factory=dict)
    editions: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Threshold | Ranges] = field(default_factory=dict)
    company: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    @property
    def n_samples(self) -> int:
        """How many images or sentence pairs there are."""
        return len(self.probe.data)

    def stage(self, name: str, **depends_on: Any) -> Stage:
        """Enter a stage; its directory is named by all that its content depends on."""
        key = key_of(version=_PIPELINE_VERSION, stage=name, **depends_on)
        stage = Stage(name, key, self.out / "cache")
        self.stages[name], self.timers[name] = stage, stage.timer
        with writing(self.out):
            stage.make()
        return stage

    def timer(self, name: str) -> Timer:
        """The times of a step, also of one that keeps nothing and so is no stage."""
        return self.timers.setdefault(name, Timer())

    def start(self) -> None:
        """Begin at the first step; what a try before this one found is forgotten."""
        self.stages, self.timers, self.rules, self.notes = {}, {}, {}, []

    def note(self, sentence: str) -> None:
        """Tell at once, and keep with the run, what a reader of its results should know."""
        self.notes.append(sentence)
        tell(f"note: {sentence}")

    def shards(self, layer: str) -> Shards:
        """Where the activations of a layer are stored."""
        return Shards(self.stages[stage_names.activations(layer)].path / "shards")

    def least_active(self, layer: str) -> float:
        """Share of all positions on which a unit of a layer must be active to be explained.

        The probe's own share is for units that are active above 0. Directions mostly have values
        on both sides of it, and are active in their highest; of these that share would leave none.
        """
        if self.min_active is not None:
            return self.min_active
        rule = self.rules[layer]
        by_quantile = isinstance(rule, Threshold) and rule.quantile is not None
        return 0.0 if self.directions is not None and by_quantile else self.probe.min_active

    def units_of(self, layer: str) -> list[int]:
        """The units of a layer that are to be explained, each once."""
        recorded = self.stages[stage_names.activations(layer)].info["units"]
        return check_units(self.units, layer, int(recorded))
