"""How much of an explanation is real: on other samples, on resamples, and against chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from andornot._tools.words import count, percent
from andornot.analyses.answer import Answer
from andornot.analyses.units import explained_units, formula_of
from andornot.errors import RunError
from andornot.results.explanation import Explanation
from andornot.results.trust import LEVEL, Chance, HeldOut, HeldOutChance, Stability, Trust
from andornot.results.verdict import Extent, Verdict, listed
from andornot.runs.run import Run

_NO_GAIN = 0.001
"""A gain in IoU below this is no gain to take shares of."""


@dataclass(frozen=True)
class _Trusted:
    """One unit of which everything is known."""

    explanation: Explanation
    trust: Trust
    held_out: HeldOut
    stability: Stability

    @property
    def length(self) -> int:
        """How long the explanation could become."""
        return self.trust.length

    @property
    def chance(self) -> Chance | None:
        """In sample, where that was asked for."""
        return self.trust.chance

    @property
    def luck(self) -> HeldOutChance | None:
        """Held out."""
        return self.trust.held_out_chance


def answer(run: Run, layer: str | None = None) -> Answer:
    """Verdicts, IoU by length in sample and held out, and what each unit's formula is worth.

    Tables: ``verdicts`` (how many formulas have each verdict, and how much they explain),
    ``by_length`` (means over units: on the samples searched, held out, and by chance in sample
    where that was asked for), ``units`` (a row for each, the most doubtful first).

    Raises:
        OptionError: the run has no such layer, or several and none was named.
        RunError: no unit has a formula, or the run says nothing of trust.

    Examples:
        >>> found = answer(run)
        >>> found.tables["by_length"][["length", "in_sample", "held_out"]].round(3)
           length  in_sample  held_out
        0       1      0.967     0.967
        1       2      1.000     1.000
        >>> found.tables["verdicts"][["verdict", "formulas"]].query("formulas > 0")
                   verdict  formulas
        3       not tested         3
        4  too little data         1
    """
    units = explained_units(run, layer)
    known = [t for e in units.explanations if (t := _trusted(e)) is not None]
    if not known:
        raise RunError(
            f"{run.path} does not say how far its explanations can be trusted; explain again "
            "without --no-trust, with 2 folds or more"
        )
    by_length = _by_length(known)
    sentences = (units.sentence(), *_findings(known, by_length), *_limits(known))
    tables = {
        "by_length": by_length,
        "verdicts": _verdicts(units.explanations),
        "units": _units(known),
    }
    return Answer("trust", "How far explanations can be trusted", tables, sentences)


def _trusted(e: Explanation) -> _Trusted | None:
    t = e.trust
    if t is None or t.held_out is None or t.stability is None:
        return None
    return _Trusted(e, t, t.held_out, t.stability)


def _verdicts(explanations: Iterable[Explanation]) -> pd.DataFrame:
    """How many formulas have each verdict, and how much of their units they explain."""
    found = Counter((e.verdict, e.trust.extent if e.trust else None) for e in explanations)
    rows = [
        {"verdict": str(verdict), "formulas": sum(n for (v, _), n in found.items() if v is verdict)}
        | {str(extent): found[verdict, extent] for extent in Extent}
        for verdict in Verdict
    ]
    return pd.DataFrame(rows)


def _by_length(known: list[_Trusted]) -> pd.DataFrame:
    """Means over units; the best length of a unit is counted where it lies."""
    inside = _mean([t.held_out.in_sample for t in known])
    held = _mean([t.held_out.by_length for t in known])
    chances = [t.chance for t in known if t.chance is not None]
    unknown = np.full(len(held), np.nan)
    searched = _mean([chance.real for chance in chances]) if chances else unknown
    null = _mean([chance.null for chance in chances]) if chances else unknown
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
    by_unit = {t.explanation.unit: t for t in known}
    # most doubtful first: the other way round than lists for readers have it
    order = reversed(listed(t.explanation for t in known))
    return pd.DataFrame([_row(by_unit[e.unit]) for e in order])


def _row(t: _Trusted) -> dict[str, Any]:
    e, luck, chance = t.explanation, t.luck, t.chance
    shown = e.shown
    assert shown is not None
    return {
        "unit": e.unit,
        "verdict": str(e.verdict),
        "extent": None if t.trust.extent is None else str(t.trust.extent),
        "shown_held_out": t.trust.held_out_iou,
        "chance_held_out": None if luck is None else luck.iou,
        "gain": None if luck is None else luck.gain,
        "gain_low": None if luck is None else luck.low,
        "gain_high": None if luck is None else luck.high,
        "p_held_out": None if luck is None else luck.p_value,
        "q_held_out": None if luck is None else luck.q_value,
        "stability": t.stability.mask_iou,
        "shown_formula": str(shown.formula),
        "iou": e.iou,
        "iou_low": t.stability.low,
        "iou_high": t.stability.high,
        "held_out": t.held_out.by_length[t.length - 1],
        "ceiling_held_out": t.held_out.ceiling,
        "null": None if chance is None else chance.null[t.length - 1],
        "p": None if chance is None else chance.p_value,
        "q": None if chance is None else chance.q_value,
        "p_pooled": None if chance is None else chance.p_pooled,
        "q_pooled": None if chance is None else chance.q_pooled,
        "length_that_pays": t.held_out.length,
        "came_back": t.stability.same,
        "overlap": t.stability.overlap,
        "formula": str(formula_of(e)),
    }


def _findings(known: list[_Trusted], table: pd.DataFrame) -> list[str]:
    return [*_against_chance(known), *_lengths(known, table), *_in_sample(known), _draws(known)]


def _against_chance(known: list[_Trusted]) -> list[str]:
    """Held-out scores beside those of the same search where there is nothing to find."""
    lucks = [(t.trust.held_out_iou, t.luck) for t in known if t.luck is not None]
    if not lucks:
        return ["No formula was held against chance on held-out samples, so none has a verdict."]
    held = float(np.mean([iou for iou, _ in lucks]))
    verdicts = Counter(t.explanation.verdict for t in known)
    told = ", ".join(f"{verdicts[v]:,} {v}" for v in Verdict if verdicts[v])
    return [
        f"Verdicts: {told}.",
        f"Held out, the formulas that are shown have a mean IoU of {held:.4f}; the same search has "
        f"{np.mean([luck.iou for _, luck in lucks]):.4f} where there is nothing to find.",
    ]


def _lengths(known: list[_Trusted], table: pd.DataFrame) -> list[str]:
    first, last = table.iloc[0], table.iloc[-1]
    by_chance = table["null"].notna().all()
    longest = len(table)
    more = (
        f"; by chance a search finds {last['null']:.4f} (on all samples: {last['all_samples']:.4f})"
        if by_chance
        else ""
    )
    found = [
        f"At length {longest}, mean IoU is {last['in_sample']:.4f} on the samples that were "
        f"searched and {last['held_out']:.4f} on those held out{more}.",
    ]
    if longest == 1:
        return found
    gains = {name: last[name] - first[name] for name in ("in_sample", "held_out", "null")}
    best = int(table["held_out"].argmax()) + 1
    luck = f" and {gains['null']:.4f} by chance" if by_chance else ""
    return [
        *found,
        f"From length 1 to {longest}, IoU gains {gains['in_sample']:.4f} in sample, "
        f"{gains['held_out']:.4f} held out{luck}: "
        f"{_held(gains['held_out'], gains['in_sample'])}.",
        f"Mean held-out IoU is highest at length {best}; no more than "
        f"{np.median([t.held_out.length for t in known]):.0f} concepts pay for half the units.",
    ]


def _in_sample(known: list[_Trusted]) -> list[str]:
    """How many units beat searches by chance in sample, where these were made."""
    chances = [t.chance for t in known if t.chance is not None]
    if not chances:
        return []
    real = sum(chance.q_value <= LEVEL for chance in chances)
    pooled = sum(chance.q_pooled <= LEVEL for chance in chances)
    better = sum(chance.p_value <= 1 / (chance.nulls + 1) for chance in chances)
    return [
        f"In sample, {count(better, 'unit')} of {len(chances):,} beat every one of "
        f"{chances[0].nulls} searches on other samples' annotations; at a false discovery rate of "
        f"{LEVEL:g}, {real:,} pass by these p-values, and {pooled:,} by p-values that pool the "
        "nulls of all units.",
    ]


def _draws(known: list[_Trusted]) -> str:
    draws = known[0].stability.resamples
    same = float(np.mean([t.stability.same for t in known])) / max(1, draws)
    overlap = float(np.mean([t.stability.overlap for t in known]))
    return (
        f"On {draws} draws of the samples, the same formula came back in {percent(same)} of the "
        f"searches; the concepts overlap by {overlap:.2f} (Jaccard)."
    )


def _held(part: float, whole: float) -> str:
    """How much of a gain in sample holds out, where there is a gain to speak of."""
    if whole < _NO_GAIN:
        return "there is hardly a gain to hold out"
    return f"{percent(max(0.0, part / whole))} of the gain in sample holds out"


def _limits(known: list[_Trusted]) -> list[str]:
    tests = [test for t in known for test in (t.luck, t.chance) if test is not None]
    nulls = max((test.nulls for test in tests), default=0)
    limits = [
        "Folds, draws and shuffles are of samples; samples that resemble each other (frames of "
        "one video) make held-out scores and intervals too good.",
        "Searches are repeated as beams of the run's width; where the run's own search is a "
        "proven optimum, its IoU can be a little above that on all samples here.",
    ]
    if nulls and 1 / (nulls + 1) > LEVEL / 10:
        limits.append(
            f"With {nulls} shuffles no p-value can be below {1 / (nulls + 1):.3f}; explain again "
            "with more --nulls to tell good units from very good ones."
        )
    return limits
