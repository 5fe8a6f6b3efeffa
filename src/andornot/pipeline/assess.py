"""What explanations are worth: scores with raw activations, and how far to trust them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from andornot._tools.files import writing
from andornot._tools.progress import tell
from andornot._tools.reading import read_array
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.errors import RunError
from andornot.measures.scores import Agreement
from andornot.pipeline.state import Pipeline
from andornot.results.result import Result
from andornot.runs import stage_names
from andornot.trust.agreement import agreements
from andornot.trust.measure import Parts, with_trust
from andornot.trust.recount import RecordedEvidence


def with_agreement(p: Pipeline, layer: str, result: Result, table: ConceptTable) -> Result:
    """Add the scores with raw activations and by sample (see ``trust.agreement``)."""
    counted = p.stages[stage_names.responses(layer)]
    formulas = {str(e.unit): str(e.formula) for e in result if e.formula is not None}
    stage = p.stage(stage_names.scores(layer), responses=counted.key, formulas=formulas)
    path = stage.path / "scores.json"
    found: dict[str, Any] = {}
    with suppress(RunError):  # not there yet, or damaged
        found = stage.kept_json(path.name)
    # empty where none are kept; what the formulas are is in the key
    if found.keys() != formulas.keys():
        shards, thresholds = p.shards(layer), read_array(counted.path / "thresholds.npy")
        with stage.timer.timed("scores"):
            scores = agreements(list(result), shards, thresholds, table, p.jobs)
        found = {str(unit): score.as_dict() for unit, score in scores.items()}
        with writing(path):
            stage.write_json(path.name, found)
    stage.finish()
    scored = {int(unit): Agreement.from_dict(values) for unit, values in found.items()}
    explanations = tuple(replace(e, agreement=scored.get(e.unit)) for e in result)
    return replace(result, explanations=explanations)


def trusted(
    p: Pipeline, layer: str, responses: Responses, result: Result, table: ConceptTable
) -> Result:
    """Find out how far the explanations can be trusted; each part is kept when it is done."""
    units = [e.unit for e in result if e.formula is not None]
    if p.trust is None or not units:
        return result
    counted = p.stages[stage_names.responses(layer)]
    found = [[b and str(b.formula) for b in (*e.beam[:1], *e.best_by_length)] for e in result]
    stage = p.stage(
        stage_names.trust(layer),
        responses=counted.key, formulas=found, search=p.search.as_dict(), trust=asdict(p.trust),
        choose_length=p.choose_length,
    )  # fmt: skip

    if not stage.done:
        tell(
            f"formulas of {len(units):,} units of layer {layer} are found; now the search is "
            "repeated on held-out, redrawn and shuffled samples, to tell how far to trust them "
            "(--no-trust leaves that out)"
        )

    def keep(name: str, compute: Callable[[], Parts]) -> Parts:
        path = stage.path / f"{name}.json"
        with suppress(RunError, KeyError, TypeError):  # not there yet, or damaged
            kept: Any = stage.kept_json(path.name)["units"]
            if len(kept) == len(units):
                return list(kept)
        with stage.timer.timed(name):
            parts = compute()
        with writing(path):
            stage.write_json(path.name, {"units": parts})
        return parts

    thresholds = read_array(counted.path / "thresholds.npy")
    evidence = RecordedEvidence(
        table, p.shards(layer), p.rules[layer], thresholds, units, responses.select(units), p.jobs
    )
    trusted = with_trust(
        result, evidence, p.search, p.trust,
        choose_length=p.choose_length, jobs=p.jobs, keep=keep,
    )  # fmt: skip
    stage.finish()
    return trusted
