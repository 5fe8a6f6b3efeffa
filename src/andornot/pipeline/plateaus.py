"""Units whose threshold cuts through nearly equal values: found, and told."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from andornot._tools.files import writing
from andornot._tools.words import count
from andornot.counting.plateaus import find_plateaus
from andornot.counting.thresholds import Threshold
from andornot.errors import RunError
from andornot.pipeline.journal import Journal
from andornot.pipeline.plan import Plan
from andornot.pipeline.values import CountedLayer
from andornot.results.plateau import Plateau
from andornot.results.result import Result
from andornot.runs import stage_names

_MANY = 0.1
"""Of so large a share of the units it is told of the layer, not of each alone."""


def with_plateaus(plan: Plan, counted: CountedLayer, result: Result, log: Journal) -> Result:
    """Explanations that say where their unit's threshold cuts through nearly equal values."""
    units = [e.unit for e in result if e.formula is not None]
    if not isinstance(counted.rule, Threshold) or not units:
        return result
    found = _kept(plan, counted, units, log)
    if len(found) > _MANY * len(units):
        log.note(_sentence(counted, len(found), len(units)))
    return replace(
        result,
        explanations=tuple(
            replace(e, plateau=found[e.unit]) if e.unit in found else e for e in result
        ),
    )


def _kept(plan: Plan, counted: CountedLayer, units: list[int], log: Journal) -> dict[int, Plateau]:
    """The plateaus of a layer by unit, found now if they are not kept."""
    stage = plan.stage(stage_names.plateaus(counted.layer.name), responses=counted.key, units=units)
    clock, path = log.enter(stage), stage.path / "plateaus.json"
    plain: dict[str, Any] | None = None
    with suppress(RunError):  # not there yet, or damaged
        plain = stage.kept_json(path.name)
    if plain is None:
        with clock.timed("plateaus"):
            found = _found(counted, units, plan.options.execution.jobs)
        plain = {str(unit): one.as_dict() for unit, one in found.items()}
        with writing(path):
            stage.write_json(path.name, plain)
    log.finish(stage)
    return {int(unit): Plateau.from_dict(values) for unit, values in plain.items()}


def _found(counted: CountedLayer, units: list[int], jobs: int | None) -> dict[int, Plateau]:
    thresholds = np.full(len(counted.status), np.nan)
    thresholds[units] = counted.array("thresholds")[units]
    within, counts = find_plateaus(
        counted.layer.shards, thresholds, counted.array("extremes"), jobs
    )
    return {
        int(unit): Plateau(float(within[unit]), *counts[unit].tolist())
        for unit in np.flatnonzero(np.isfinite(within))
    }


def _sentence(counted: CountedLayer, n: int, units: int) -> str:
    return (
        f"the threshold of {n:,} of {count(units, 'unit')} of {counted.layer.name} cuts through "
        "nearly equal values, so that what counts as active, and what their formulas say, hangs "
        "on small differences; their pages say how small; try a --quantile or --threshold at "
        "which values differ, or a layer behind a ReLU"
    )
