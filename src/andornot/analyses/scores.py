"""All scores of the chosen formulas, those from raw activations included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from andornot._tools.words import count
from andornot.analyses.answer import Answer
from andornot.analyses.profiling import checked_units, profiles_of
from andornot.analyses.units import check_all_positions, explained_units, formula_of
from andornot.measures.profiles import Profile
from andornot.measures.scores import Agreement
from andornot.results.explanation import Explanation
from andornot.runs.run import Run
from andornot.trust.agreement import agreements

BEST = 20
"""Units that are looked at where none are named."""


def answer(
    run: Run,
    layer: str | None = None,
    units: list[int] | None = None,
    masking: bool = False,
    masked_samples: int = 10,
    source: Any = None,
) -> Answer:
    """Every score that ``docs/explanation/measures.md`` defines, for some units.

    Tables: ``units`` (a row for each unit), ``layer`` (mean and spread over these units).

    Args:
        run: the run.
        layer: the layer, where the run has several.
        units: these units; the 20 best if not given.
        masking: run the network again with all hidden but what the formula holds on.
        masked_samples: most samples of a unit to do so with.
        source: network and samples (``analyses.replay.Source``), where the run does not lead to
            them any more.

    Raises:
        OptionError: the run has no such layer, or a unit has no formula.
        ModelError: the network cannot be loaded again, or does not look at images.
        RunError: the run scored with known_only.

    Examples:
        >>> units = answer(run, units=[0, 3]).tables["units"]
        >>> units[["unit", "iou", "pearson", "formula"]].round(3)
           unit  iou  pearson        formula
        0     0  1.0      1.0            red
        1     3  1.0      1.0  red OR yellow
    """
    check_all_positions(run, "scores")
    explained = explained_units(run, layer)
    ranked = [e.unit for e in run.result(explained.layer).best() if e.formula is not None]
    chosen = checked_units(explained.numbers, units, explained.layer)
    chosen = ranked[:BEST] if units is None else chosen
    result = run.result(explained.layer)
    some = [result[unit] for unit in chosen]
    further = agreements(
        some, run.activations(explained.layer), run.thresholds(explained.layer), run.concepts
    )
    profiles = profiles_of(run, explained.layer, {e.unit: formula_of(e) for e in some})
    rows = [_row(e, further[e.unit], profiles[e.unit]) for e in some]
    if masking:
        from andornot.analyses.masking import label_masking

        hidden = label_masking(run, explained.layer, some, masked_samples, source)
        rows = [row | {"label_masking": hidden[row["unit"]]} for row in rows]
    table = pd.DataFrame(rows)
    return Answer(
        "scores",
        "All scores of the chosen formulas",
        {"units": table, "layer": _layer(table)},
        _sentences(explained.layer, table, masking),
    )


def _row(e: Explanation, further: Agreement, profile: Profile) -> dict[str, Any]:
    low, high = profile.ranking_auprc()
    return {
        "unit": e.unit,
        "iou": e.iou,
        "f1": e.counts.score("f1"),
        "mcc": e.counts.score("mcc"),
        "activation_coverage": e.counts.score("recall"),
        "detection_accuracy": e.counts.score("precision"),
        "explanation_coverage": further.explanation_coverage,
        "sample_coverage": further.sample_coverage,
        "pearson": further.pearson,
        "cosine_raw": further.cosine_raw,
        "auprc": further.auprc,
        "ranking_auprc": (low + high) / 2,
        "ranking_auprc_low": low,
        "ranking_auprc_high": high,
        "formula": str(e.formula),
    }


def _layer(table: pd.DataFrame) -> pd.DataFrame:
    bounds = ["unit", "formula", "ranking_auprc_low", "ranking_auprc_high"]
    values = table.drop(columns=bounds)
    return pd.DataFrame(
        {
            "score": values.columns,
            "mean": values.mean().to_numpy(),
            "sd": (values.std() if len(values) > 1 else values.mean() * np.nan).to_numpy(),
        }
    )


def _sentences(layer: str, table: pd.DataFrame, masking: bool) -> tuple[str, ...]:
    said = [
        f"{layer}: {count(len(table), 'unit')}; mean correlation with the raw activations "
        f"{table['pearson'].mean():.3f}, mean IoU {table['iou'].mean():.3f}.",
        f"Where a unit fires in a sample, its formula holds on some of the active positions in "
        f"{100 * table['explanation_coverage'].mean():.0f} % of the samples; where a formula "
        f"holds, the unit fires on some of it in {100 * table['sample_coverage'].mean():.0f} %.",
        "ranking_auprc is known up to the order of values that share one of "
        "4,096 bins; the brackets hold the truth.",
    ]
    if masking:
        said.append(
            "label_masking is the cosine of a unit's active values before and after everything "
            "outside its formula was painted over: 1 if they stay as they were."
        )
    return tuple(said)
