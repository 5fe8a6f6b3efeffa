"""The search for a layer's formulas, of the top range of activations and of lower ones."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from andornot._tools.executors import Engine
from andornot._tools.files import writing
from andornot._tools.progress import track
from andornot.concepts.table import ConceptTable
from andornot.counting.range_counts import count_lower_ranges
from andornot.counting.ranges import Ranges
from andornot.counting.responses import Responses
from andornot.counting.thresholds import ALIVE
from andornot.errors import DataError
from andornot.explainer import explain_responses
from andornot.measures.moments import find_moments, units_at_once
from andornot.pipeline.count import with_groups
from andornot.pipeline.journal import Journal
from andornot.pipeline.plan import Plan
from andornot.pipeline.values import CountedLayer
from andornot.results.explanation import RARE, Explanation
from andornot.results.result import Result
from andornot.runs import stage_names
from andornot.runs.cache import Stage


def explain_layer(
    plan: Plan, counted: CountedLayer, table: ConceptTable, engine: Engine | None, log: Journal
) -> Result:
    """Search formulas for the units of a layer that are to be explained."""
    layer = counted.layer
    with log.clock(stage_names.search(layer.name)).timed("search"):
        return Result(tuple(explained(plan, counted, table, layer.units, engine)))


def explained(
    plan: Plan,
    counted: CountedLayer,
    table: ConceptTable,
    units: Sequence[int],
    engine: Engine | None,
) -> Generator[Explanation, None, None]:
    """Explain some units of a layer."""
    responses = counted.responses
    least = plan.least_positions(counted.rule, table.n_positions)
    # a unit that is active nowhere is inactive, not rare
    rare = (responses.totals < least) & (responses.totals > 0)
    states = [
        RARE if state == ALIVE and few else state
        for state, few in zip(counted.status, rare, strict=True)
    ]
    options = plan.options
    correlate = options.search.correlates
    for part in units_at_once(table, len(units)) if correlate else [range(len(units))]:
        some = [units[i] for i in part]
        moments = None
        if correlate:
            moments = find_moments(counted.layer.shards, table, some, options.execution.jobs)
        yield from explain_responses(
            responses.select(some), table, options.search,
            units=some, status=[states[u] for u in some], least=options.least_active,
            jobs=options.execution.jobs, moments=moments, engine=engine,
        )  # fmt: skip


def with_ranges(
    plan: Plan,
    counted: CountedLayer,
    result: Result,
    table: ConceptTable,
    engine: Engine | None,
    log: Journal,
) -> Result:
    """Add explanations of the lower ranges, where activations are cut into ranges."""
    if not isinstance(counted.rule, Ranges):
        return result
    name, status, borders = counted.layer.name, counted.status, counted.array("borders")
    alive = [e.unit for e in result if status[e.unit] == ALIVE]
    stage = plan.stage(stage_names.ranges(name), responses=counted.key)
    log.enter(stage)
    clock = log.clock(stage_names.search(name))
    lower: list[Explanation] = []

    def ranged(e: Explanation, number: int) -> Explanation:
        low, high = borders[e.unit, number : number + 2].tolist()
        return replace(e, range=(low, high)) if status[e.unit] == ALIVE else e

    for number, responses in _lower_ranges(plan, counted, stage, borders, table, log):
        part = replace(counted, responses=responses)
        with clock.timed("search"):
            lower += [ranged(e, number) for e in explained(plan, part, table, alive, engine)]
    top = borders.shape[1] - 2
    return Result(tuple(ranged(e, top) for e in result), tuple(lower))


def _lower_ranges(
    plan: Plan,
    counted: CountedLayer,
    stage: Stage,
    borders: NDArray[np.float64],
    table: ConceptTable,
    log: Journal,
) -> Generator[tuple[int, Responses], None, None]:
    """The counts of each range but the top one, from the second highest down."""
    # n ranges have n + 1 borders, so the top one is number n - 1 and the next n - 2
    numbers = range(borders.shape[1] - 3, -1, -1)
    paths = {number: stage.path / f"range_{number}.npz" for number in numbers}
    if stage.done:
        with suppress(DataError):  # damaged counts are counted again
            # a list: if one is damaged, none was handed out yet
            yield from [(number, with_groups(path)) for number, path in paths.items()]
            return
    shards, top = counted.layer.shards, counted.counts
    counts = count_lower_ranges(shards, borders, top, table, plan.options.execution.jobs)
    for number in track(numbers, "counting ranges", len(numbers)):
        with log.clock(stage.name).timed("ranges"), writing(stage.path):
            part = next(counts)
            stage.write(paths[number].name, part.writer())
        yield number, part
    log.finish(stage)
