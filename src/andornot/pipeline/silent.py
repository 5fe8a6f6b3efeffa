"""Layers most of whose units have no formula: why, with the numbers, and what to try."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

from andornot._tools.progress import is_shown
from andornot.concepts.table import ConceptTable
from andornot.counting.thresholds import Threshold
from andornot.errors import NoFormulaWarning
from andornot.pipeline.journal import Journal
from andornot.pipeline.plan import Plan
from andornot.pipeline.values import CountedLayer
from andornot.results.explanation import INACTIVE, RARE
from andornot.results.result import Result


def note_silence(
    plan: Plan,
    counted: CountedLayer,
    table: ConceptTable,
    result: Result,
    stuck: Sequence[int],
    log: Journal,
) -> None:
    """Say why most units of a layer have no formula, where that is so.

    Args:
        plan: the inputs of the run.
        counted: the layer, as it was searched.
        table: the concept table that was searched.
        result: what was found.
        stuck: units of which it was told already.
        log: the journal.
    """
    without = [e.unit for e in result if e.formula is None]
    told = result.silence(counted.layer.name)
    if told and len(stuck) < len(without):
        numbers = "; ".join(_numbers(plan, counted, table, result))
        told = f"{told} ({numbers})" if numbers else told
        log.note(told)
    # told at least once, also where no progress is shown
    if len(without) == len(result) and not is_shown():
        warnings.warn(told, NoFormulaWarning, stacklevel=2)


def _numbers(
    plan: Plan, counted: CountedLayer, table: ConceptTable, result: Result
) -> Iterator[str]:
    """The thresholds that units missed, and by how much."""
    rule = counted.rule
    silent = [e.unit for e in result if e.status == INACTIVE]
    if silent and isinstance(rule, Threshold) and rule.fixed is not None:
        highest = float(counted.array("extremes")[1][silent].max())
        yield f"the threshold is {rule.fixed:g}, and their largest value {highest:.4g}"
    if rare := [e.unit for e in result if e.status == RARE]:
        least = plan.least_positions(rule, table.n_positions)
        most = int(counted.responses.totals[rare].max())
        yield (
            f"min_active {plan.least_active(rule):g} asks for {least:,} active positions, and the "
            f"rare units have at most {most:,}"
        )
