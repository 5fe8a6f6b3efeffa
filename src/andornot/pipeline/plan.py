"""What a run is asked to do: all inputs of its steps, which none of them changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from andornot._tools.files import writing
from andornot.concepts.relations import Relations
from andornot.counting.ranges import Ranges
from andornot.counting.thresholds import Threshold
from andornot.probes.base import Probe
from andornot.probes.directions import Directions
from andornot.runs.cache import Stage, key_of
from andornot.search.options import SearchOptions
from andornot.trust.options import TrustOptions

_PIPELINE_VERSION = 3
"""Raised when the same inputs come to give other stored results: it is part of every key."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The inputs of a run; most are arguments of ``dissect``, where they are told.

    Attributes:
        probe: the network, and what it is shown.
        out: the run's directory.
        folds: folds of samples to count in.
        threshold: where units count as active; None for what is usual for the probe.
        min_active: share of all positions on which a unit must be active; None likewise.
        relations: concepts that stand for the union of others; None for none.
        search: options of the search.
        units: the units to explain; None for all.
        jobs: threads; all cores if not given.
        trust: how often to search again; None for not at all.
        choose_length: whether held-out samples choose the length of each formula.
        store: whether activations are stored; if not, the network runs twice.
        memory: bytes that the passes without a store may hold.
        directions: what stands in the place of the units of the one layer; None for these.
        verify: whether to compare the content of data files with what was used before.
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

    @property
    def n_samples(self) -> int:
        """How many images or sentence pairs there are."""
        return len(self.probe.data)

    def stage(self, name: str, **depends_on: Any) -> Stage:
        """A stage, whose directory is named by all that its content depends on, and is there."""
        key = key_of(version=_PIPELINE_VERSION, stage=name, **depends_on)
        stage = Stage(name, key, self.out / "cache")
        with writing(self.out):
            stage.make()
        return stage

    def least_active(self, rule: Threshold | Ranges) -> float:
        """Share of all positions on which a unit must be active to be explained.

        The probe's own share is for units that are active above 0. Directions mostly have values
        on both sides of it, and are active in their highest; of these that share would leave none.

        Args:
            rule: the threshold of the unit's layer.
        """
        if self.min_active is not None:
            return self.min_active
        by_quantile = isinstance(rule, Threshold) and rule.quantile is not None
        return 0.0 if self.directions is not None and by_quantile else self.probe.min_active
