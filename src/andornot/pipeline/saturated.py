"""Units that are often at their largest value, so that a quantile finds nothing above it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.table import ConceptTable
from andornot.counting.responses import count_responses, known_positions
from andornot.counting.stores import Block
from andornot.counting.thresholds import ALIVE, Threshold, is_upsampled, n_values, values_above
from andornot.pipeline.journal import Journal
from andornot.pipeline.plan import Plan
from andornot.pipeline.values import CountedLayer
from andornot.runs import stage_names

_STEPS = (0.02, 0.1, 0.25, 0.5, 0.75)
"""How far below the largest value thresholds are tried, as shares of a unit's range."""
_DIGITS = 2
"""Digits of the numbers that are told."""
_MUCH = 0.1
"""A unit above its threshold on a larger share of the values is no rare case, and another
quantile is told for those that are."""
_SHOWN = 8
"""So many units are named."""


@dataclass(frozen=True)
class _Stuck:
    """Units whose threshold is their largest value.

    Attributes:
        units: their numbers.
        low: their smallest values.
        high: their largest values.
        least: active positions that a unit needs to be explained.
    """

    units: list[int]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    least: int


def saturated_units(counted: CountedLayer) -> list[int]:
    """The units to be explained that are alive, and inactive as a quantile is their maximum."""
    rule, status = counted.rule, counted.status
    if not isinstance(rule, Threshold) or rule.quantile is None:
        return []
    at_most = counted.array("thresholds") >= counted.array("extremes")[1]
    silent = (counted.responses.totals == 0) & (at_most | is_upsampled(rule))
    return [unit for unit in counted.layer.units if status[unit] == ALIVE and silent[unit]]


def saturated(
    plan: Plan, counted: CountedLayer, table: ConceptTable, units: list[int], log: Journal
) -> str:
    """Say which units are inactive for that reason, and what would make them active.

    Args:
        plan: the inputs of the run.
        counted: the layer.
        table: the concept table.
        units: what :func:`saturated_units` found.
        log: the journal.

    Returns:
        a sentence for the notes, or nothing.
    """
    if not units:
        return ""
    rule = counted.rule
    assert isinstance(rule, Threshold)
    low, high = counted.array("extremes")[:, units].astype(np.float64)
    least = max(1, plan.least_positions(rule, table.n_positions))
    stuck = _Stuck(units, low, high, least)
    remedy = _remedy(plan, counted, table, stuck, log) if plan.options.execution.store else {}
    named = ", ".join(map(str, units[:_SHOWN])) + (", ..." if len(units) > _SHOWN else "")
    one = len(units) == 1
    return (
        f"{len(units)} {'unit' if one else 'units'} of {counted.layer.name} ({named}) "
        f"{'fires, but is' if one else 'fire, but are'} told as inactive: more than "
        f"{rule.quantile:g} of the values equal the largest one, and none lies above it; "
        f"{_advice(remedy, float(high.min()), 'it' if one else 'them')}"
    )


def _advice(remedy: dict[str, Any], highest: float, whom: str) -> str:
    ways = [f"--{name} {remedy[name]}" for name in ("quantile", "threshold") if name in remedy]
    if ways:
        fewer = (
            " (--quantile {} makes {} of them)".format(*remedy["some"]) if "some" in remedy else ""
        )
        return f"{' or '.join(ways)} would make {whom} active{fewer}"
    return f"take a larger --quantile, or a --threshold below {highest:g}"


def _remedy(
    plan: Plan, counted: CountedLayer, table: ConceptTable, stuck: _Stuck, log: Journal
) -> dict[str, Any]:
    """Values of ``quantile`` and ``threshold`` that were tried; found again where they are stored.

    ``some`` is a smaller quantile, and for how many of them it would do. Nothing where
    none of the steps makes all units active, and no quantile where none is large enough.
    """
    name = stage_names.saturated(counted.layer.name)
    stage = plan.stage(name, responses=counted.key, units=stuck.units, least=stuck.least)
    clock = log.enter(stage)
    if not stage.done:
        with clock.timed("saturated units"):
            tried = (_at(plan, counted, table, stuck, step) for step in _STEPS)
            found = next((remedy for remedy in tried if remedy), {})
        log.finish(stage, remedy=found)
    return dict(stage.info["remedy"])


def _at(
    plan: Plan, counted: CountedLayer, table: ConceptTable, stuck: _Stuck, step: float
) -> dict[str, Any]:
    """Try a threshold for all; and the quantile that puts no threshold above it."""
    threshold = _below(stuck, step)
    shards, rule = counted.layer.shards, counted.rule
    assert isinstance(rule, Threshold)
    # nothing is above NaN, so of other units nothing is counted
    thresholds = np.full(shards.n_units, np.nan)
    thresholds[stuck.units] = threshold
    above = np.zeros(len(stuck.units), np.int64)

    def tallied() -> Iterator[Block]:
        for start, block in shards.blocks():
            # a plain float would be rounded to the float32 of the block
            above[:] += (block[:, stuck.units] > np.float64(threshold)).sum(axis=(0, 2, 3))
            yield start, block

    totals = count_responses(
        shards, thresholds, table, plan.options.execution.jobs, tallied()
    ).responses.totals
    active = totals[stuck.units]
    if (active < stuck.least).any():
        return {}
    n = n_values(rule, shards.n_rows, shards.map_shape, known_positions(table))
    needed = active if is_upsampled(rule) else above
    few = needed[needed <= _MUCH * n]
    found: dict[str, Any] = {"quantile": _quantile(int(needed.max()), n), "threshold": threshold}
    if 0 < len(few) < len(needed):
        found["some"] = (_quantile(int(few.max()), n), len(few))
    return {name: value for name, value in found.items() if value is not None}


def _below(stuck: _Stuck, step: float) -> float:
    """A number of few digits, a step of its range below the least of the largest values."""
    wanted = stuck.high - step * (stuck.high - stuck.low)
    first = int(wanted.argmin())
    for digits in range(_DIGITS, 17):
        rounded = float(f"{wanted[first]:.{digits}g}")
        if stuck.low[first] <= rounded < stuck.high.min():
            return rounded
    return float(wanted[first])


def _quantile(above: int, n: int) -> float | None:
    """The smallest quantile of few digits with so many of ``n`` values above the threshold."""
    for digits in range(_DIGITS, 17):
        unit = 10.0 ** (math.floor(math.log10(above / n)) + 1 - digits)
        for times in (math.floor(above / n / unit), math.ceil(above / n / unit)):
            quantile = float(f"{times * unit:.{digits}g}")
            if 0 < quantile < 1 and values_above(quantile, n) >= above:
                return quantile
    return None
