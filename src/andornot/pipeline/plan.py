"""What a run is asked to do: all inputs of its steps, which none of them changes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from andornot._tools.files import writing
from andornot.counting.rules import Ranges, Threshold
from andornot.pipeline.options import RunOptions
from andornot.probes.base import Probe
from andornot.probes.directions import Directions
from andornot.runs.cache import Stage, key_of

_PIPELINE_VERSION = 3
"""Raised when the same inputs come to give other stored results: it is part of every key."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The inputs of a run.

    Attributes:
        probe: the network, and what it is shown.
        out: the run's directory.
        options: all that was chosen, checked.
        directions: what stands in the place of the units of the one layer; None for these.
        found: where new concepts look around those that a first search found: these.
    """

    probe: Probe
    out: Path
    options: RunOptions
    directions: Directions | None = None
    found: tuple[str, ...] | None = None

    @property
    def folds(self) -> int:
        """Folds of samples to count in."""
        return int(self.options.folds)  # of NumPy too, which cannot divide a digest

    @property
    def counts_samples(self) -> bool:
        """Whether each sample is to count once, and not each position."""
        return self.options.unit_of_count == "sample"

    @property
    def tells_known(self) -> bool:
        """Whether atoms have to be told apart by what is known: else none of a sample tells."""
        return self.options.search.known_only or self.counts_samples

    @property
    def memory(self) -> float:
        """Bytes that the passes without a store may hold."""
        return self.options.execution.memory * 1e9

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
        if self.options.min_active is not None:
            return self.options.min_active
        by_quantile = isinstance(rule, Threshold) and rule.quantile is not None
        return 0.0 if self.directions is not None and by_quantile else self.probe.min_active

    def least_positions(self, rule: Threshold | Ranges, n_positions: int) -> int:
        """The same share as a number of positions, of so many."""
        # the share as the user wrote it: in floating point the ceiling of 0.07 * 100 is 8
        return math.ceil(Fraction(repr(float(self.least_active(rule)))) * n_positions)
