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
from andornot._tools.reading import read_array
from andornot.concepts.table import ConceptTable
from andornot.counting.groups import active_groups
from andornot.counting.range_counts import count_lower_ranges
from andornot.counting.ranges import Ranges
from andornot.counting.responses import LayerCounts, Responses, known_positions
from andornot.counting.thresholds import ALIVE
from andornot.errors import DataError, RunError
from andornot.explainer import explain_responses, supports
from andornot.measures.moments import find_moments, units_at_once
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
        groups = _groups(counted.counts, table)
        return Result(tuple(explained(plan, counted, groups, table, layer.units, engine)))


def _groups(counts: LayerCounts, table: ConceptTable) -> NDArray[np.int64]:
    """In how many groups of samples each unit of a layer is active."""
    return active_groups(counts.areas, known_positions(table).group_numbers)


def explained(
    plan: Plan,
    counted: CountedLayer,
    groups: NDArray[np.int64],
    table: ConceptTable,
    units: Sequence[int],
    engine: Engine | None,
) -> Generator[Explanation, None, None]:
    """Explain some units of a layer; ``groups`` are those with an active position, of all units."""
    responses, options = counted.responses, plan.options
    least = plan.least_positions(counted.rule, table.n_positions)
    # a unit that is active nowhere is inactive, not rare
    rare = (responses.totals < least) & (responses.totals > 0)
    states = [
        RARE if state == ALIVE and few else state
        for state, few in zip(counted.status, rare, strict=True)
    ]
    correlate = options.search.correlates
    for part in units_at_once(table, len(units)) if correlate else [range(len(units))]:
        some = [units[i] for i in part]
        moments = None
        if correlate:
            moments = find_moments(counted.layer.shards, table, some, options.execution.jobs)
        support = supports(
            responses.totals[some], groups[some],
            options.least_active_positions, options.least_active_groups,
        )  # fmt: skip
        yield from explain_responses(
            responses.select(some), table, options.search,
            units=some, status=[states[u] for u in some], support=support,
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

    for number, responses, groups in _lower_ranges(plan, counted, stage, borders, table, log):
        part = replace(counted, responses=responses)
        with clock.timed("search"):
            found = explained(plan, part, groups, table, alive, engine)
            lower += [ranged(e, number) for e in found]
    top = borders.shape[1] - 2
    return Result(tuple(ranged(e, top) for e in result), tuple(lower))


def _lower_ranges(
    plan: Plan,
    counted: CountedLayer,
    stage: Stage,
    borders: NDArray[np.float64],
    table: ConceptTable,
    log: Journal,
) -> Generator[tuple[int, Responses, NDArray[np.int64]], None, None]:
    """Counts and active groups of each range but the top one, from the second highest down."""
    # n ranges have n + 1 borders, so the top one is number n - 1 and the next n - 2
    numbers = range(borders.shape[1] - 3, -1, -1)
    if stage.done:
        with suppress(DataError, RunError):  # what is damaged is counted again
            # a list: if one is damaged, none was handed out yet
            yield from [(number, *_kept_range(stage, number)) for number in numbers]
            return
    shards, top = counted.layer.shards, counted.counts
    counts = count_lower_ranges(shards, borders, top, table, plan.options.execution.jobs)
    for number in track(numbers, "counting ranges", len(numbers)):
        with log.clock(stage.name).timed("ranges"), writing(stage.path):
            part = next(counts)
            groups = _groups(part, table)
            stage.write(f"range_{number}.npz", part.responses.writer())
            stage.write_array(f"groups_{number}.npy", groups)
        yield number, part.responses, groups
    log.finish(stage)


def _kept_range(stage: Stage, number: int) -> tuple[Responses, NDArray[np.int64]]:
    """Counts and active groups of a range, as they are stored.

    Raises:
        DataError, RunError: they are damaged or lost; runs of older versions kept no groups.
    """
    responses = Responses.load(stage.path / f"range_{number}.npz")
    return responses, read_array(stage.path / f"groups_{number}.npy")
