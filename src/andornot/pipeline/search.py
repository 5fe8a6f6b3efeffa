"""The search for a layer's formulas, of the top range of activations and of lower ones."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from andornot._tools.files import writing
from andornot._tools.progress import track
from andornot._tools.reading import read_array
from andornot.concepts.table import ConceptTable
from andornot.counting.range_counts import count_lower_ranges
from andornot.counting.ranges import Ranges
from andornot.counting.responses import Responses
from andornot.counting.thresholds import ALIVE
from andornot.errors import DataError
from andornot.explainer import explain_responses
from andornot.measures.moments import find_moments, units_at_once
from andornot.pipeline.state import Pipeline
from andornot.results.explanation import RARE, Explanation
from andornot.results.result import Result
from andornot.runs import stage_names
from andornot.runs.cache import Stage


def explain_layer(
    p: Pipeline, layer: str, responses: Responses, status: list[str], table: ConceptTable
) -> Result:
    """Search formulas for the units of a layer that are to be explained."""
    units = p.units_of(layer)
    with p.timer(stage_names.search(layer)).timed("search"):
        return Result(tuple(explained(p, layer, responses, status, table, units)))


def explained(
    p: Pipeline,
    layer: str,
    responses: Responses,
    status: list[str],
    table: ConceptTable,
    units: list[int],
) -> Generator[Explanation, None, None]:
    """Explain some units; ``responses`` and ``status`` are of all units of the layer."""
    # the share as the user wrote it: in floating point the ceiling of 0.07 * 100 is 8
    least = math.ceil(Fraction(repr(float(p.least_active(layer)))) * table.n_positions)
    # a unit that is active nowhere is inactive, not rare
    rare = (responses.totals < least) & (responses.totals > 0)
    states = [
        RARE if state == ALIVE and few else state for state, few in zip(status, rare, strict=True)
    ]
    correlate = p.search.correlates
    for part in units_at_once(table, len(units)) if correlate else [range(len(units))]:
        some = [units[i] for i in part]
        moments = find_moments(p.shards(layer), table, some, p.jobs) if correlate else None
        yield from explain_responses(
            responses.select(some), table, p.search,
            units=some, status=[states[u] for u in some], jobs=p.jobs, moments=moments,
            engine=p.engine,
        )  # fmt: skip


def with_ranges(
    p: Pipeline,
    layer: str,
    result: Result,
    responses: Responses,
    status: list[str],
    table: ConceptTable,
) -> Result:
    """Add explanations of the lower ranges, where activations are cut into ranges."""
    if not isinstance(p.rules[layer], Ranges):
        return result
    counted = p.stages[stage_names.responses(layer)]
    borders = read_array(counted.path / "borders.npy")
    alive = [e.unit for e in result if status[e.unit] == ALIVE]
    stage = p.stage(stage_names.ranges(layer), responses=counted.key)
    lower: list[Explanation] = []

    def ranged(e: Explanation, number: int) -> Explanation:
        low, high = borders[e.unit, number : number + 2].tolist()
        return replace(e, range=(low, high)) if status[e.unit] == ALIVE else e

    for number, part in _lower_ranges(p, layer, stage, borders, responses, table):
        with p.timer(stage_names.search(layer)).timed("search"):
            lower += [ranged(e, number) for e in explained(p, layer, part, status, table, alive)]
    top = borders.shape[1] - 2
    return Result(tuple(ranged(e, top) for e in result), tuple(lower))


def _lower_ranges(
    p: Pipeline,
    layer: str,
    stage: Stage,
    borders: NDArray[np.float64],
    top: Responses,
    table: ConceptTable,
) -> Generator[tuple[int, Responses], None, None]:
    """The counts of each range but the top one, from the second highest down."""
    # n ranges have n + 1 borders, so the top one is number n - 1 and the next n - 2
    numbers = range(borders.shape[1] - 3, -1, -1)
    paths = {number: stage.path / f"range_{number}.npz" for number in numbers}
    if stage.done:
        with suppress(DataError):  # damaged counts are counted again
            # a list: if one is damaged, none was handed out yet
            yield from [(number, Responses.load(path)) for number, path in paths.items()]
            return
    counts = count_lower_ranges(p.shards(layer), borders, top, table, p.jobs)
    for number in track(numbers, "counting ranges", len(numbers)):
        with stage.timer.timed("ranges"), writing(stage.path):
            part = next(counts)
            stage.write(paths[number].name, part.writer())
        yield number, part
    stage.finish()
