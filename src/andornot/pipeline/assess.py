"""What explanations are worth: scores with raw activations, and how far to trust them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from andornot._tools.files import writing
from andornot._tools.progress import tell
from andornot.concepts.table import ConceptTable
from andornot.errors import RunError
from andornot.measures.scores import Agreement
from andornot.pipeline.journal import Journal
from andornot.pipeline.plan import Plan
from andornot.pipeline.values import Concepts, CountedLayer
from andornot.results.result import Result
from andornot.runs import stage_names
from andornot.trust.agreement import agreements
from andornot.trust.measure import Parts, with_trust
from andornot.trust.recount import Recount, StoredRecount
from andornot.trust.samples import SampleRecount


def with_agreement(
    plan: Plan, counted: CountedLayer, result: Result, table: ConceptTable, log: Journal
) -> Result:
    """Add the scores with raw activations and by sample (see ``trust.agreement``)."""
    formulas = {str(e.unit): str(e.formula) for e in result if e.formula is not None}
    name = stage_names.scores(counted.layer.name)
    stage = plan.stage(name, responses=counted.key, formulas=formulas)
    clock = log.enter(stage)
    path = stage.path / "scores.json"
    found: dict[str, Any] = {}
    with suppress(RunError):  # not there yet, or damaged
        found = stage.kept_json(path.name)
    # empty where none are kept; what the formulas are is in the key
    if found.keys() != formulas.keys():
        shards, thresholds = counted.layer.shards, counted.array("thresholds")
        with clock.timed("scores"):
            scores = agreements(
                list(result), shards, thresholds, table, plan.options.execution.jobs
            )
        found = {str(unit): score.as_dict() for unit, score in scores.items()}
        with writing(path):
            stage.write_json(path.name, found)
    log.finish(stage)
    scored = {int(unit): Agreement.from_dict(values) for unit, values in found.items()}
    explanations = tuple(replace(e, agreement=scored.get(e.unit)) for e in result)
    return replace(result, explanations=explanations)


def trusted(
    plan: Plan, counted: CountedLayer, result: Result, concepts: Concepts, log: Journal
) -> Result:
    """Find out how far the explanations can be trusted; each part is kept when it is done."""
    units = [e.unit for e in result if e.formula is not None]
    if plan.options.trusts is None or not units:
        return result
    layer = counted.layer
    found = [[b and str(b.formula) for b in (*e.beam[:1], *e.best_by_length)] for e in result]
    stage = plan.stage(
        stage_names.trust(layer.name),
        responses=counted.key, formulas=found, search=plan.options.search.as_dict(),
        trust=asdict(plan.options.trusts), choose_length=plan.options.choose_length,
        # no part of the key elsewhere, so that stages of before go on
        **({"unit_of_count": "sample"} if concepts.by_sample else {}),
        # what has too little data is no test, by which the others are corrected
        enough=[e.support is None or e.support.is_enough for e in result],
    )  # fmt: skip
    clock = log.enter(stage)
    if not stage.done:
        tell(
            f"formulas of {len(units):,} units of layer {layer.name} are found; now the search is "
            "repeated on held-out, redrawn and shuffled samples, to tell how far to trust them "
            "(--no-trust, or trust=None, leaves that out)"
        )

    def keep(name: str, compute: Callable[[], Parts]) -> Parts:
        path = stage.path / f"{name}.json"
        with suppress(RunError, KeyError, TypeError):  # not there yet, or damaged
            kept: Any = stage.kept_json(path.name)["units"]
            if len(kept) == len(units):
                return list(kept)
        with clock.timed(name):
            parts = compute()
        with writing(path):
            stage.write_json(path.name, {"units": parts})
        return parts

    recount = _recount(plan, counted, concepts, units)
    result = with_trust(
        result, recount, plan.options.search, plan.options.trusts,
        choose_length=plan.options.choose_length, jobs=plan.options.execution.jobs, keep=keep,
    )  # fmt: skip
    log.finish(stage)
    return result


def _recount(
    plan: Plan, counted: CountedLayer, concepts: Concepts, units: Sequence[int]
) -> Recount:
    """What counts these units again: their positions, or the samples that have some."""
    stored = StoredRecount(
        concepts.table, counted.layer.shards, counted.rule, counted.array("thresholds"), units,
        counted.responses.select(units), plan.options.execution.jobs,
    )  # fmt: skip
    if not concepts.by_sample:
        return stored
    return SampleRecount.of(concepts.scored, counted.array("areas"), stored)
