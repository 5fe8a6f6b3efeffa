"""How much of an explanation is real: on other samples, on resamples, and against chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from andornot._tools.words import count, percent
from andornot.analyses.answer import Answer
from andornot.analyses.units import explained_units, formula_of
from andornot.errors import RunError
from andornot.results.explanation import Explanation
from andornot.results.trust import LEVEL, Chance, HeldOut, Stability
from andornot.runs.run import Run

_NO_GAIN = 0.001
"""A gain in IoU below this is no gain to take shares of."""


@dataclass(frozen=True)
class _Trusted:
    """One unit of which everything is known."""

    explanation: Explanation
    length: int
    held_out: HeldOut
    stability: Stability
    chance: Chance


def answer(run: Run, layer: str | None = None) -> Answer:
    """In-sample, held-out and null IoU by length, and what each unit's formula is worth.

    Tables: ``by_length`` (means over units: on the samples searched, held out, and by chance),
    ``units`` (a row for each, the most doubtful first).

    Raises:
        OptionError: the run has no such layer, or several and none was named.
        RunError: no unit has a formula, or the run says nothing of trust.

    Examples:
        >>> answer(run).tables["by_length"][["length", "in_sample", "held_out", "null"]].round(3)
           length  in_sample  held_out   null
        0       1      0.967     0.967  0.312
        1       2      1.000     1.000  0.383
    """
    units = explained_units(run, layer)
    known = [t for e in units.explanations if (t := _trusted(e)) is not None]
    if not known:
        raise RunError(
            f"{run.path} does not say how far its explanations can be trusted; explain again "
            "without --no-trust, with 2 folds or more and some --nulls"
        )
    by_length = _by_length(known)
    sentences = (units.sentence(), *_findings(known, by_length), *_limits(known))
    tables = {"by_length": by_length, "units": _units(known)}
    return Answer("trust", "How far explanations can be trusted", tables, sentences)


def _trusted(e: Explanation) -> _Trusted | None:
    t = e.trust
    if t is None or t.held_out is None or t.stability is None or t.chance is None:
        return None
    return _Trusted(e, t.length, t.held_out, t.stability, t.chance)


def _by_length(known: list[_Trusted]) -> pd.DataFrame:
    """Means over units; the best length of a unit is counted where it lies."""
    searched = _mean([t.chance.real for t in known])
    inside = _mean([t.held_out.in_sample for t in known])
    held = _mean([t.held_out.by_length for t in known])
    null = _mean([t.chance.null for t in known])
    pays = np.array([t.held_out.length for t in known])
    lengths = np.arange(1, len(held) + 1)
    return pd.DataFrame(
        {
            "length": lengths,
            "all_samples": searched,
            "in_sample": inside,
            "held_out": held,
            "lost": inside - held,
            "null": null,
            "above_null": searched - null,
            "step_in_sample": np.diff(inside, prepend=np.nan),
            "step_held_out": np.diff(held, prepend=np.nan),
            "step_null": np.diff(null, prepend=np.nan),
            "units_it_pays_for": [int((pays == n).sum()) for n in lengths],
        }
    )


def _mean(rows: list[tuple[float, ...]]) -> NDArray[np.float64]:
    means: NDArray[np.float64] = np.array(rows, np.float64).mean(axis=0)
    return means


def _units(known: list[_Trusted]) -> pd.DataFrame:
    rows = [
        {
            "unit": t.explanation.unit,
            "iou": t.explanation.iou,
            "iou_low": t.stability.low,
            "iou_high": t.stability.high,
            "held_out": t.held_out.by_length[t.length - 1],
            "ceiling_held_out": t.held_out.ceiling,
            "null": t.chance.null[t.length - 1],
            "p": t.chance.p_value,
            "q": t.chance.q_value,
            "p_pooled": t.chance.p_pooled,
            "q_pooled": t.chance.q_pooled,
            "length_that_pays": t.held_out.length,
            "came_back": t.stability.same,
            "overlap": t.stability.overlap,
            "formula": str(formula_of(t.explanation)),
        }
        for t in known
    ]
    table = pd.DataFrame(rows)
    doubtful = table["held_out"] - table["null"]
    return table.iloc[np.argsort(doubtful, kind="stable")].reset_index(drop=True)


def _findings(known: list[_Trusted], table: pd.DataFrame) -> list[str]:
    first, last = table.iloc[0], table.iloc[-1]
    n, longest = len(known), len(table)
    found = [
        f"At length {longest}, mean IoU is {last['in_sample']:.4f} on the samples that were "
        f"searched and {last['held_out']:.4f} on those held out; by chance a search finds "
        f"{last['null']:.4f} (on all samples: {last['all_samples']:.4f}).",
    ]
    if longest > 1:
        gains = {name: last[name] - first[name] for name in ("in_sample", "held_out", "null")}
        best = int(table["held_out"].argmax()) + 1
        found += [
            f"From length 1 to {longest}, IoU gains {gains['in_sample']:.4f} in sample, "
            f"{gains['held_out']:.4f} held out and {gains['null']:.4f} by chance: "
            f"{_held(gains['held_out'], gains['in_sample'])}.",
            f"Mean held-out IoU is highest at length {best}; no more than "
            f"{np.median([t.held_out.length for t in known]):.0f} concepts pay for half the units.",
        ]
    real = sum(t.chance.q_value <= LEVEL for t in known)
    pooled = sum(t.chance.q_pooled <= LEVEL for t in known)
    better = sum(t.chance.p_value <= 1 / (t.chance.nulls + 1) for t in known)
    draws = known[0].stability.resamples
    same = float(np.mean([t.stability.same for t in known])) / max(1, draws)
    overlap = float(np.mean([t.stability.overlap for t in known]))
    return [
        *found,
        f"{count(better, 'unit')} of {n:,} beat every one of {known[0].chance.nulls} searches "
        f"on other samples' annotations; at a false discovery rate of {LEVEL:g}, {real:,} pass by "
        f"these p-values, and {pooled:,} by p-values that pool the nulls of all units.",
        f"On {draws} draws of the samples, the same formula came back in {percent(same)} of the "
        f"searches; the concepts overlap by {overlap:.2f} (Jaccard).",
    ]


def _held(part: float, whole: float) -> str:
    """How much of a gain in sample holds out, where there is a gain to speak of."""
    if whole < _NO_GAIN:
        return "there is hardly a gain to hold out"
    return f"{percent(max(0.0, part / whole))} of the gain in sample holds out"


def _limits(known: list[_Trusted]) -> list[str]:
    nulls = known[0].chance.nulls
    limits = [
        "Folds, draws and shuffles are of samples; samples that resemble each other (frames of "
        "one video) make held-out scores and intervals too good.",
        "Searches are repeated as beams of the run's width; where the run's own search is a "
        "proven optimum, its IoU can be a little above that on all samples here.",
    ]
    if 1 / (nulls + 1) > LEVEL / 10:
        limits.append(
            f"With {nulls} shuffles no p-value can be below {1 / (nulls + 1):.3f}; explain again "
            "with more --nulls to tell good units from very good ones."
        )
    return limits
