"""Whether interpretable units go with accurate predictions (Section 5, Figure 7).

The paper's question is a correlation. Beside it stands what the network loses without the unit,
because a unit that is active on easy samples need not be the reason that they are easy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from andornot._tools.checks import whole_number
from andornot._tools.statistics import Correlation, correlate, partial_correlation
from andornot._tools.words import count, p_value
from andornot.analyses.answer import Answer
from andornot.analyses.importance import Importance, exact_importance
from andornot.analyses.outcomes import Outcomes, outcomes
from andornot.analyses.units import Units, explained_units, formula_of
from andornot.results.verdict import listed
from andornot.runs.run import Run

ACTIVE: Mapping[str, str] = {
    "accuracy": "accuracy while the unit is active",
    "margin": "mean logit margin while the unit is active",
    "loss": "mean cross-entropy while the unit is active",
}
CAUSAL: Mapping[str, str] = {
    "accuracy_lost": "accuracy lost without the unit",
    "margin_lost": "logit margin lost without the unit",
    "loss_gained": "cross-entropy gained without the unit",
}

_GIVEN = ("given_size", "given_size_low", "given_size_high")
"""Pearson's correlation with the (logarithm of the) number of active samples held fixed."""


def answer(
    run: Run,
    layer: str | None = None,
    *,
    only: Collection[str] | None = None,
    causal: Importance | None = None,
    least_active: int = 10,
    seed: int = 0,
) -> Answer:
    """How good the network is where each unit is active, against the unit's IoU.

    The question of section 5 and Figure 7 of the paper.

    Beside accuracy stand the logit margin and the cross-entropy, which still differ where every
    prediction is right.

    Tables: ``correlations`` (Pearson and Spearman with 95 % intervals, for each maximum length),
    ``units``, ``importance_by_class`` (what each class loses without the unit).

    Args:
        run: the run.
        layer: needed if the run has several.
        only: ids of samples to look at, such as those that the network was not trained on.
        causal: what is lost without units, on the same samples; by default it is computed where
            only an average and a linear layer follow the units.
        least_active: units active on fewer of these samples are listed, not correlated.
        seed: of the bootstrap behind the intervals.

    Raises:
        OptionError: there is no such layer or sample.
        RunError: no unit has a formula, or predictions and classes cannot be compared.

    Examples:
        >>> units = answer(run).tables["units"].set_index("unit").sort_index()
        >>> units[["accuracy", "accuracy_lost"]]
              accuracy  accuracy_lost
        unit
        0          1.0          0.125
        1          1.0          0.500
        2          1.0          0.000
        3          1.0          0.000
    """
    least_active, seed = whole_number(least_active, "least_active"), whole_number(seed, "seed", 0)
    units, found = explained_units(run, layer), outcomes(run, only)
    lost = exact_importance(run, found, units.layer) if causal is None else causal
    table = _units(run, units, found, lost)
    correlations = _correlations(units, table, least_active, seed)
    tables = {"correlations": correlations, "units": _as_listed(table, units)}
    if lost is not None:
        tables["importance_by_class"] = lost.by_class
    sentences = (
        units.sentence(),
        found.sentence(),
        *_about_active(table, correlations, found, units, least_active),
        *_about_causes(lost, correlations, units),
        *_limits(found),
    )
    return Answer("accuracy", "Interpretability and accuracy", tables, tuple(sentences))


def _units(run: Run, units: Units, found: Outcomes, lost: Importance | None) -> pd.DataFrame:
    """A row for each unit, the highest IoU first; means are missing where it is never active."""
    active = run.areas(units.layer)[found.rows][:, units.numbers] > 0
    n = active.sum(axis=0)
    table = pd.DataFrame(
        {
            "unit": units.numbers,
            "iou": [e.iou for e in units.explanations],
            "active_samples": n,
        }
    )
    # a unit that is active on none of these samples gives 0 / 0, which is told as missing
    with np.errstate(invalid="ignore"):
        for name in ACTIVE:
            values = found.judged.correct if name == "accuracy" else getattr(found.judged, name)
            table[name] = values @ active / n
    if lost is not None:
        table = table.merge(lost.by_unit, on="unit", how="left")
    table["formula"] = [str(formula_of(e)) for e in units.explanations]
    return table.sort_values(["iou", "unit"], ascending=[False, True], ignore_index=True)


def _as_listed(table: pd.DataFrame, units: Units) -> pd.DataFrame:
    """The rows as all lists have them: by verdict, then by gain."""
    place = {e.unit: place for place, e in enumerate(listed(units.explanations))}
    return table.sort_values("unit", key=lambda own: own.map(place), ignore_index=True)


def _correlations(units: Units, table: pd.DataFrame, least_active: int, seed: int) -> pd.DataFrame:
    """A row for each quantity and maximum length; none where there is no correlation."""
    by_unit = table[table["active_samples"] >= least_active].set_index("unit")
    explained = {e.unit: e.by_length for e in units.explanations}
    rows: list[dict[str, Any]] = []
    for name in (*ACTIVE, *CAUSAL):
        if name not in by_unit:
            continue
        values = by_unit[name].dropna()
        y = values.to_numpy(np.float64)
        # plus 1, since least_active may be 0
        size = np.log(by_unit.loc[values.index, "active_samples"].to_numpy(np.float64) + 1)
        for n in range(1, units.longest + 1):
            iou = np.array([explained[u][n - 1] for u in values.index], np.float64)
            found = correlate(iou, y, seed)
            if found is not None:
                # NaN and not None, which would make a column of objects where no length has one
                held = partial_correlation(iou, y, size, seed) or (np.nan,) * 3
                row = {"quantity": name, "length": n, **asdict(found)}
                rows.append(row | dict(zip(_GIVEN, held, strict=True)))
    return pd.DataFrame(
        rows, columns=["quantity", "length", *Correlation.__dataclass_fields__, *_GIVEN]
    )


def _about_active(
    table: pd.DataFrame,
    correlations: pd.DataFrame,
    found: Outcomes,
    units: Units,
    least_active: int,
) -> list[str]:
    sentences = []
    quiet = int((table["active_samples"] < least_active).sum())
    if quiet:
        sentences.append(
            f"{count(quiet, 'unit')} active on fewer than {least_active} of these samples are "
            "listed, but not correlated."
        )
    if found.faultless:
        sentences.append(
            "There is no error to explain: accuracy is 1 wherever a unit is active, so only the "
            "margin and the cross-entropy can be compared with IoU."
        )
        return sentences + _sentences("margin", correlations, units)
    return sentences + _sentences("accuracy", correlations, units)


def _about_causes(lost: Importance | None, correlations: pd.DataFrame, units: Units) -> list[str]:
    if lost is None:
        return [
            "Units of this layer do not lead straight to the classes, so what is lost without "
            "each takes further forward passes: give --ablate."
        ]
    n = int((lost.by_unit["accuracy_lost"] == 0).sum())
    sentences = [
        lost.sentence(),
        f"Accuracy stays just the same without {n:,} of these units, one at a time.",
    ]
    moved = "margin_lost" if 2 * n > len(lost.by_unit) else "accuracy_lost"
    return sentences + _sentences(moved, correlations, units)


def _sentences(name: str, correlations: pd.DataFrame, units: Units) -> list[str]:
    """What the correlations of one quantity say."""
    rows = correlations[correlations["quantity"] == name]
    what = {**ACTIVE, **CAUSAL}[name]
    if rows.empty:
        return [f"Too few units, or one value for all of them: {what} does not compare with IoU."]
    first, last = rows.iloc[0], rows.iloc[-1]
    certain = last["pearson_low"] * last["pearson_high"] > 0
    sign = "rises" if last["pearson"] > 0 else "falls"
    verdict = f"{what} {sign} with IoU" if certain else f"no clear relation of IoU and {what}"
    text = (
        f"{verdict[0].upper()}{verdict[1:]}: over {count(int(last['n']), 'unit')} at length "
        f"{int(last['length'])}, Pearson {_span(last, 'pearson')}, Spearman "
        f"{_span(last, 'spearman')}."
    )
    sentences = [text]
    if units.longest > 1:
        sentences.append(
            f"At length {int(first['length'])} Pearson's is {first['pearson']:.2f}, at length "
            f"{int(last['length'])} {last['pearson']:.2f}."
        )
    if pd.notna(last["given_size"]):
        sentences.append(
            "With the number of samples on which a unit is active held fixed (its logarithm, "
            f"linearly), Pearson's at length {int(last['length'])} is {last['given_size']:.2f} "
            f"[{last['given_size_low']:.2f}, {last['given_size_high']:.2f}]."
        )
    return sentences


def _span(row: Any, kind: str) -> str:
    low, high = row[f"{kind}_low"], row[f"{kind}_high"]
    return f"{row[kind]:.2f} [{low:.2f}, {high:.2f}] ({p_value(row[f'{kind}_p'])})"


def _limits(found: Outcomes) -> list[str]:
    limits = [
        "Intervals are 95 % bootstraps over units; units fire on the same samples, so they are no "
        "independent cases, and the intervals are too narrow.",
        "A correlation over units is no cause: a unit can be active where samples are easy.",
        "The run does not know which samples the network was trained on; give the ids of held-out "
        "ones with --samples.",
    ]
    few = len(found.rows)
    return limits if few >= 100 else [f"{count(few, 'sample')} are few.", *limits]
