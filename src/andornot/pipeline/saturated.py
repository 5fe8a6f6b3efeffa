"""Units that are often at their largest value, so that a quantile finds nothing above it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.reading import read_array
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses, count_responses, known_positions
from andornot.counting.stores import Block
from andornot.counting.thresholds import ALIVE, Threshold, is_upsampled, n_values, values_above
from andornot.pipeline.state import Pipeline
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


def saturated_units(
    p: Pipeline, layer: str, responses: Responses, status: Sequence[str]
) -> list[int]:
    """The units to be explained that are alive, and inactive as a quantile is their maximum."""
    rule, path = p.rules[layer], p.stages[stage_names.responses(layer)].path
    if not isinstance(rule, Threshold) or rule.quantile is None:
        return []
    at_most = read_array(path / "thresholds.npy") >= read_array(path / "extremes.npy")[1]
    silent = (responses.totals == 0) & (at_most | is_upsampled(rule))
    return [unit for unit in p.units_of(layer) if status[unit] == ALIVE and silent[unit]]


def saturated(p: Pipeline, layer: str, table: ConceptTable, units: list[int]) -> str:
    """Say which units are inactive for that reason, and what would make them active.

    Args:
        p: the run.
        layer: the layer.
        table: the concept table.
        units: what :func:`saturated_units` found.

    Returns:
        a sentence for the notes, or nothing.
    """
    if not units:
        return ""
    rule, stage = p.rules[layer], p.stages[stage_names.responses(layer)]
    assert isinstance(rule, Threshold)
    low, high = read_array(stage.path / "extremes.npy")[:, units].astype(np.float64)
    # the share as the user wrote it: in floating point the ceiling of 0.07 * 100 is 8
    least = max(1, math.ceil(Fraction(repr(float(p.least_active(layer)))) * table.n_positions))
    remedy = _remedy(p, layer, table, _Stuck(units, low, high, least)) if p.store else {}
    named = ", ".join(map(str, units[:_SHOWN])) + (", ..." if len(units) > _SHOWN else "")
    one = len(units) == 1
    return (
        f"{len(units)} {'unit' if one else 'units'} of {layer} ({named}) "
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


def _remedy(p: Pipeline, layer: str, table: ConceptTable, stuck: _Stuck) -> dict[str, Any]:
    """Values of ``quantile`` and ``threshold`` that were tried; found again where they are stored.

    ``some`` is a smaller quantile, and for how many of them it would do. Nothing where
    none of the steps makes all units active, and no quantile where none is large enough.
    """
    counted = p.stages[stage_names.responses(layer)].key
    stage = p.stage(
        stage_names.saturated(layer), responses=counted, units=stuck.units, least=stuck.least
    )
    if not stage.done:
        with stage.timer.timed("saturated units"):
            tried = (_at(p, layer, table, stuck, step) for step in _STEPS)
            found = next((remedy for remedy in tried if remedy), {})
        stage.finish(remedy=found)
    return dict(stage.info["remedy"])


def _at(p: Pipeline, layer: str, table: ConceptTable, stuck: _Stuck, step: float) -> dict[str, Any]:
    """Try a threshold for all; and the quantile that puts no threshold above it."""
    threshold = _below(stuck, step)
    shards, rule = p.shards(layer), p.rules[layer]
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

    totals = count_responses(shards, thresholds, table, p.jobs, tallied()).responses.totals
    active = totals[stuck.units]
    if (active < stuck.least).any():
        return {}
    n = n_values(rule, shards.n_samples, shards.map_shape, known_positions(table))
    counted = active if is_upsampled(rule) else above
    few = counted[counted <= _MUCH * n]
    found: dict[str, Any] = {"quantile": _quantile(int(counted.max()), n), "threshold": threshold}
    if 0 < len(few) < len(counted):
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
