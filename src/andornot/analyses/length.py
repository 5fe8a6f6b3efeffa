"""Whether longer formulas explain more: IoU by maximum length (Section 4, Figure 3)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from andornot._tools.statistics import Paired, compare_paired
from andornot._tools.words import p_value, percent
from andornot.analyses.answer import Answer
from andornot.analyses.units import Units, explained_units
from andornot.errors import RunError
from andornot.runs.run import Run

BINS = 20
"""Bins of the histogram of IoU, from 0 to the largest IoU."""


def answer(run: Run, layer: str | None = None) -> Answer:
    """IoU of the best formula of up to 1, 2, ... concepts, for all units from one search.

    The question of section 4 and Figure 3 of the paper.

    Tables: ``by_length`` (mean, spread and gain over length 1), ``tests`` (length 1 against the
    longest), ``histogram`` (units by IoU at these two), ``units``.

    Raises:
        OptionError: the run has no such layer, or several and none was named.
        RunError: no unit has a formula, or only single concepts were searched for.

    Examples:
        >>> found = answer(run)
        >>> found.tables["by_length"][["length", "units", "mean"]].round(3)
           length  units   mean
        0       1      4  0.967
        1       2      4  1.000
    """
    units = explained_units(run, layer)
    if units.longest < 2:
        raise RunError(
            f"{run.path} was searched for single concepts only, so lengths cannot be compared; "
            "explain again with --length 2 or more"
        )
    iou = np.array([e.by_length for e in units.explanations], np.float64)
    by_length = by_length_table(iou)
    paired = compare_paired(iou[:, 0], iou[:, -1])
    tables = {
        "by_length": by_length,
        "tests": _tests(paired),
        "histogram": histogram_table(iou),
        "units": _units(units, iou),
    }
    sentences = (
        units.sentence(),
        *_findings(by_length, paired, units.longest),
        *_limits(run),
    )
    return Answer("length", "IoU by maximum length of the formula", tables, sentences)


def by_length_table(iou: NDArray[np.float64]) -> pd.DataFrame:
    """Mean, spread and quartiles by length, of ``iou`` ``(n_units, lengths)``."""
    quartiles = np.quantile(iou, [0.25, 0.5, 0.75], axis=0)
    means = iou.mean(axis=0)
    return pd.DataFrame(
        {
            "length": np.arange(1, iou.shape[1] + 1),
            "units": len(iou),
            "mean": means,
            "sd": iou.std(axis=0, ddof=1) if len(iou) > 1 else np.nan,
            "q25": quartiles[0],
            "median": quartiles[1],
            "q75": quartiles[2],
            "max": iou.max(axis=0),
            "gain": means / means[0] - 1,
        }
    )


def _tests(paired: Paired | None) -> pd.DataFrame:
    columns = ["test", "units", "statistic", "p", "effect", "effect_size"]
    if paired is None:
        return pd.DataFrame(columns=columns)
    rows = [
        ("paired t", paired.n, paired.t, paired.t_p, "Cohen's d_z", paired.cohen),
        (
            "Wilcoxon signed-rank", paired.n, paired.wilcoxon, paired.wilcoxon_p,
            "rank-biserial", paired.rank_biserial,
        ),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def histogram_table(iou: NDArray[np.float64]) -> pd.DataFrame:
    """Units by IoU, with single concepts and with the longest formulas; ``iou`` as above."""
    edges = np.linspace(0, iou.max(), BINS + 1)
    table = pd.DataFrame({"from": edges[:-1], "to": edges[1:]})
    for n in (1, iou.shape[1]):
        table[f"length_{n}"] = np.histogram(iou[:, n - 1], edges)[0]
    return table


def _units(units: Units, iou: NDArray[np.float64]) -> pd.DataFrame:
    """A row for each unit, the largest gain first."""
    longest = units.longest
    table = pd.DataFrame({"unit": units.numbers})
    for n in range(1, longest + 1):
        table[f"iou_{n}"] = iou[:, n - 1]
    table["gain"] = iou[:, -1] - iou[:, 0]
    for n in (1, longest):
        best = [e.best_by_length[n - 1] for e in units.explanations]
        table[f"formula_{n}"] = [None if b is None else str(b.formula) for b in best]
    return table.sort_values(["gain", "unit"], ascending=[False, True], ignore_index=True)


def _findings(table: pd.DataFrame, paired: Paired | None, longest: int) -> list[str]:
    first, last = table.iloc[0], table.iloc[-1]
    steps = np.diff(table["mean"].to_numpy(np.float64))
    found = [
        f"Mean IoU is {first['mean']:.4f} at length 1 and {last['mean']:.4f} at length {longest}: "
        f"{percent(last['gain'])} more (the paper's vision run: 68 % from length 1 to 10).",
        _steps(steps, longest),
    ]
    if paired is None:
        return [
            *found,
            "There are too few units, or all gain the same, so there is nothing to test.",
        ]
    return [
        *found,
        f"Length 1 against {longest}: paired t {p_value(paired.t_p)}, Wilcoxon signed-rank "
        f"{p_value(paired.wilcoxon_p)}; Cohen's d_z = {paired.cohen:.2f}, rank-biserial "
        f"{paired.rank_biserial:.2f} (the paper does not name its test).",
    ]


def _steps(steps: NDArray[np.float64], longest: int) -> str:
    """What the last step adds, beside the first one if that is another."""
    if longest == 2:
        return f"The step to length 2 adds {steps[0]:.4f} to the mean."
    return (
        f"The last step, to length {longest}, adds {steps[-1]:.4f} to the mean; the first one "
        f"added {steps[0]:.4f}."
    )


def _limits(run: Run) -> list[str]:
    metric = run.record.search.metric
    limits = [
        "A longer formula may always fall back on a shorter one, so IoU cannot fall and these "
        "tests reject almost surely; go by the size of the gain.",
        "Formulas are scored on the samples that they were searched on: some of the gain of "
        "long ones is chance, and units that share samples are no independent cases.",
    ]
    if metric != "iou":
        limits[0] = (
            f"The search maximised {metric}, not IoU, so IoU may fall with length; "
            "explain again with --metric iou to compare with the paper."
        )
    return limits
