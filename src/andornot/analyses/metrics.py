"""Which scores notice wrong labels: the tests of Oikarinen et al. (2025) on a run's own units."""

from __future__ import annotations

import pandas as pd

from andornot._tools.checks import whole_number
from andornot._tools.words import count
from andornot.analyses.answer import Answer
from andornot.analyses.profiling import checked_units, profiles_of
from andornot.analyses.units import check_all_positions, explained_units
from andornot.errors import RunError
from andornot.formula import Formula
from andornot.measures.sanity import EPSILON, PASSED, TESTED_METRICS, SanityScores, run_tests
from andornot.runs.run import Run


def answer(
    run: Run, layer: str | None = None, units: list[int] | None = None, seed: int = 0
) -> Answer:
    """Take labels from each unit's best concept at random, or add some: which scores fall?

    A unit is left out where its concept holds on more than half of all positions, since then there
    is no room for as many extra labels.

    Table: ``metrics`` (for each score the mean over units with true, missing and extra labels, the
    share of units in which it falls, whether it passes, and what was published).

    Args:
        run: the run.
        layer: the layer, where the run has several.
        units: only these units; all with a formula if not given.
        seed: of the draws.

    Raises:
        OptionError: the run has no such layer, or a unit has no formula.
        RunError: no unit can be tested, or the run scored with known_only.

    Examples:
        >>> metrics = answer(run).tables["metrics"]
        >>> metrics[["score", "passes", "published"]].iloc[[0, 5, 6]]
               score    passes published
        0        iou      both      both
        5  precision  not both  not both
        6     recall  not both  not both
    """
    check_all_positions(run, "metrics")
    seed = whole_number(seed, "seed", 0)
    explained = explained_units(run, layer)
    chosen = set(checked_units(explained.numbers, units, explained.layer))
    concepts: dict[int, Formula] = {}
    for e in explained.explanations:
        best = e.best_by_length[0]
        if e.unit in chosen and best is not None:
            t = best.counts.tp + best.counts.fp
            if 2 * t <= run.concepts.n_positions:
                concepts[e.unit] = best.formula
    if not concepts:
        raise RunError(
            f"every best concept of {explained.layer} in {run.path} holds on more than half of all "
            "positions, so labels cannot be doubled; choose other units"
        )
    profiles = profiles_of(run, explained.layer, concepts)
    table = _table(run_tests(list(profiles.values()), seed))
    left_out = len(chosen) - len(concepts)
    return Answer(
        "metrics",
        "Which scores notice missing and extra labels",
        {"metrics": table},
        (
            f"{explained.layer}: {count(len(concepts), 'unit')} with their best single concept; "
            f"{left_out:,} left out, whose concept holds on more than half of all positions.",
            *_findings(table),
        ),
    )


def _table(tested: SanityScores) -> pd.DataFrame:
    missing, extra = tested.share("missing"), tested.share("extra")
    table = pd.DataFrame(
        {
            "score": [m.name for m in TESTED_METRICS],
            "true": tested.true.mean(axis=1),
            "missing": tested.missing.mean(axis=1),
            "extra": tested.extra.mean(axis=1),
            "falls_missing": missing,
            "falls_extra": extra,
            "passes": (missing >= PASSED) & (extra >= PASSED),
            "published": [m.trusted for m in TESTED_METRICS],
        }
    )
    return table.replace({"passes": {True: "both", False: "not both"},
                          "published": {True: "both", False: "not both"}})  # fmt: skip


def _findings(table: pd.DataFrame) -> list[str]:
    passing = table.loc[table["passes"] == "both", "score"]
    other = table.loc[table["passes"] != table["published"], "score"]
    found = [
        f"Both tests are passed by {', '.join(passing) or 'none'}: the score falls in at least "
        f"{100 * PASSED:.0f} % of the units (our limit), by more than {EPSILON:g} of its range.",
        "Missing labels: half of the concept's positions lose it. Extra labels: as many others "
        "get it. Oikarinen et al. (2025) find that of their 18 scores only IoU, F1, correlation, "
        "cosine and AUPRC pass both.",
    ]
    if len(other):
        found.append(f"Not as published: {', '.join(other)}.")
    return [
        *found,
        "Real units are far from their concepts. A ranking by raw activation can even gain from "
        "extra labels then, which are no worse than the ones that were there.",
    ]
