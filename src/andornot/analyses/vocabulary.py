"""Where the vocabulary is the limit: what no formula over these concepts can describe."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from andornot._tools.words import count, percent
from andornot.analyses.answer import Answer
from andornot.analyses.profiling import checked_units
from andornot.analyses.units import Units, check_all_positions, explained_units, formula_of
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import CountBy, Responses, count_positions, known_positions
from andornot.results.explanation import Explanation
from andornot.runs.run import Run

FAR_BELOW: Final = 0.5
"""Where the ceiling of IoU lies below this, the vocabulary is called the limit."""

_SAMPLES: Final = 8
"""Samples listed for each unit."""


def answer(run: Run, layer: str | None = None, units: list[int] | None = None) -> Answer:
    """The ceiling of each unit, and the active positions that no concept accounts for.

    A position is *accounted for* if some concept holds there and its atom belongs to the best
    union of atoms, the one that reaches the ceiling (``docs/explanation/proofs.md``, Lemma 4).

    Tables: ``units`` (a row for each, the lowest ceiling first), ``samples`` (for each unit those
    with most active positions that are not accounted for).

    Raises:
        OptionError: the run has no such layer, or a unit has no formula.
        RunError: no unit has a formula, or the run kept no activations, or scored with known_only.

    Examples:
        >>> answer(run).tables["units"][["unit", "ceiling", "attained", "no_concept"]].head(2)
           unit  ceiling  attained  no_concept
        0     0      1.0       1.0         0.0
        1     1      1.0       1.0         0.0
    """
    check_all_positions(run, "vocabulary")
    explained = explained_units(run, layer)
    chosen = checked_units(explained.numbers, units, explained.layer)
    responses, table = run.responses(explained.layer), run.concepts
    result = run.result(explained.layer)
    sample_atoms = _cells(run, explained.layer, chosen)
    rows: list[dict[str, Any]] = []
    samples: list[dict[str, Any]] = []
    for place, unit in enumerate(chosen):
        active = active_by_atom(responses, unit, table.n_atoms)
        union = best_union(active, table.counts)
        rows.append(_unit_row(result[unit], active, union, table))
        samples += _sample_rows(run, unit, sample_atoms.unit(place), union & has_concept(table))
    found = pd.DataFrame(rows).sort_values(["ceiling", "unit"], ignore_index=True)
    columns = ["unit", "sample", "id", "active", "unaccounted"]
    tables = {"units": found, "samples": pd.DataFrame(samples, columns=columns)}
    title = "Where the vocabulary is the limit"
    return Answer("vocabulary", title, tables, _sentences(explained, found))


def active_by_atom(responses: Responses, unit: int, n_atoms: int) -> NDArray[np.int64]:
    """On how many positions of each atom a unit is active, int64 ``(n_atoms,)``."""
    active = np.zeros(n_atoms, np.int64)
    atoms, counts = responses.unit(unit)
    active[atoms] = counts
    return active


def best_union(active: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The union of atoms with the highest IoU, bool ``(n_atoms,)``; of equals the smallest.

    It takes atoms by the share on which the unit is active, up to some point.

    Args:
        active: positions of each atom on which the unit is active.
        sizes: positions of each atom.
    """
    union = np.zeros(len(active), np.bool_)
    # atoms without an active position only make a union worse
    some = np.flatnonzero(active)
    if len(some):
        order = some[np.argsort(-active[some] / sizes[some], kind="stable")]
        both = np.cumsum(active[order])
        iou = both / (active.sum() + np.cumsum(sizes[order]) - both)
        union[order[: int(iou.argmax()) + 1]] = True
    return union


def has_concept(table: ConceptTable) -> NDArray[np.bool_]:
    """Which atoms some concept holds on, bool ``(n_atoms,)``."""
    concepts: NDArray[np.bool_] = np.diff(table.indptr) > 0
    return concepts


def _cells(run: Run, layer: str, units: list[int]) -> Responses:
    """Active positions of these units by sample atom: a sample's own atom."""
    positions = known_positions(run.concepts).by_cell()
    thresholds = run.thresholds(layer)
    only = np.full(len(thresholds), np.nan)  # active nowhere
    only[units] = thresholds[units]
    count_by = CountBy(positions, len(positions.atoms))
    return count_positions(run.activations(layer), only, count_by).responses.select(units)


def _unit_row(
    e: Explanation, active: NDArray[np.int64], union: NDArray[np.bool_], table: ConceptTable
) -> dict[str, Any]:
    """What is known of one unit; ``union`` is its best union of atoms."""
    n_active, concepts = int(active.sum()), has_concept(table)
    hit = int(active[union].sum())
    ceiling = hit / (n_active + int(table.counts[union].sum()) - hit)
    held_out = None if e.trust is None else e.trust.held_out
    return {
        "unit": e.unit,
        "iou": e.iou,
        "ceiling": ceiling,
        "attained": e.iou / ceiling,
        "ceiling_held_out": np.nan if held_out is None else held_out.ceiling,
        "no_concept": int(active[~concepts].sum()) / n_active,
        "unaccounted": int(active[~(union & concepts)].sum()) / n_active,
        "vocabulary_is_the_limit": ceiling < FAR_BELOW,
        "formula": str(formula_of(e)),
    }


def _sample_rows(
    run: Run,
    unit: int,
    sample_atoms: tuple[NDArray[np.int32], NDArray[np.int64]],
    accounted: NDArray[np.bool_],
) -> list[dict[str, Any]]:
    """The samples with most active positions that are not accounted for, most first."""
    positions = known_positions(run.concepts)
    at, counts = sample_atoms
    sample = np.searchsorted(positions.atom_offsets, at, side="right") - 1
    n = positions.n_samples
    active = np.bincount(sample, counts, minlength=n).astype(np.int64)
    left = np.where(accounted[positions.atoms[at]], 0, counts)
    missed = np.bincount(sample, left, minlength=n).astype(np.int64)
    most = np.argsort(-missed, kind="stable")[:_SAMPLES]
    names = run.samples["sample"]
    return [
        {
            "unit": unit,
            "sample": int(s),
            "id": names.iloc[s],
            "active": int(active[s]),
            "unaccounted": int(missed[s]),
        }
        for s in most
        if missed[s]
    ]


def _sentences(units: Units, found: pd.DataFrame) -> tuple[str, ...]:
    n_limited = int(found["vocabulary_is_the_limit"].sum())
    return (
        units.sentence(),
        f"The mean ceiling, the IoU that no formula of any length over these concepts exceeds, is "
        f"{found['ceiling'].mean():.3f}; the formulas attain {percent(found['attained'].mean())} "
        "of it.",
        f"For {n_limited:,} of {count(len(found), 'unit')} the ceiling lies below {FAR_BELOW:g}: "
        "there the vocabulary is the limit, not the search.",
        f"On average {percent(found['no_concept'].mean())} of a unit's active positions have no "
        f"concept at all, and {percent(found['unaccounted'].mean())} are not accounted for: no "
        "concept holds there, or too few of the positions with just these concepts are active.",
        "Where few positions share all their concepts the ceiling is high because it fits the "
        "samples, and says little of the vocabulary.",
    )
