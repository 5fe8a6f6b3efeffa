"""Choose units that stand for others, and samples that show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from andornot.analyses.answer import Answer
from andornot.analyses.kinds import COHERENT, INCOHERENT, POLYSEMANTIC
from andornot.errors import OptionError
from andornot.formula_forms import MEANING, SPECIALISATION
from andornot.results.explanation import Explanation
from andornot.results.verdict import listed
from andornot.views.figures.request import FigureRequest
from andornot.views.plain import View

VERDICTS: Final = {
    COHERENT: "concepts that belong together by their words",
    INCOHERENT: "concepts that do not, by their words",
    SPECIALISATION: MEANING[SPECIALISATION],
    POLYSEMANTIC: "candidates: two unlike alternatives, each with its own samples",
}
"""The kinds of the paper's Figure 5, in its order, and what they mean here."""

MOST_KINDS: Final = 4
PER_KIND: Final = 2


@dataclass(frozen=True, eq=False)
class ChosenUnit:
    """A unit with samples that show it.

    Attributes:
        kind: what it is an example of.
        explanation: its best formula of the length that is shown.
        samples: their numbers in the run.
    """

    kind: str
    explanation: Explanation
    samples: tuple[int, ...]


@dataclass(frozen=True)
class FormulaLine(View):
    """A unit with a formula, and how well the two agree."""

    unit: int
    formula: str
    iou: float


def formula_line(e: Explanation) -> FormulaLine:
    """A unit with its formula as text."""
    return FormulaLine(e.unit, "" if e.formula is None else str(e.formula), e.iou)


def shortened(explanation: Explanation, length: int) -> Explanation:
    """The same unit with its best formula of up to ``length`` concepts.

    That formula is also the best of all lengths that were searched for if ``length`` is the
    longest of them.
    """
    best = explanation.best_by_length[:length]
    last = best[-1]
    if last is None:
        return explanation
    return replace(explanation, counts=last.counts, beam=(last,), best_by_length=best)


def choose_examples(request: FigureRequest, answer: Answer, n_samples: int) -> list[ChosenUnit]:
    """The first units of each kind, by verdict and gain, or those that were asked for.

    Kinds are the paper's where words can be compared, or else sorts of formulas. Samples are those
    that excite the unit most; of a candidate for polysemanticity, those with most positions of
    each of its two parts.

    Args:
        request: what to draw from.
        answer: of ``analyses.kinds``, for formulas of up to ``request.short`` concepts.
        n_samples: for each unit.

    Raises:
        OptionError: a unit that was asked for has no formula.
    """
    table, column = answer.tables["units"], _column(answer.tables["units"])
    if request.choices.units is not None:
        chosen = _asked(table, request.choices.units)
    else:
        kinds = _kinds(table[column], column)
        first = {e.unit: place for place, e in enumerate(listed(request.units.explanations))}
        ranked = table.sort_values("unit", key=lambda units: units.map(first))
        chosen = pd.concat([ranked[ranked[column] == k].head(PER_KIND) for k in kinds])
    by_unit = {e.unit: e for e in request.units.explanations}
    order = list(dict.fromkeys(chosen[column]))
    chosen = chosen.sort_values(column, key=lambda kinds: kinds.map(order.index), kind="stable")
    return [
        ChosenUnit(
            str(kind),
            shortened(by_unit[int(unit)], request.short),
            tuple(_samples(request, answer, int(unit), str(kind), n_samples)),
        )
        for unit, kind in zip(chosen["unit"], chosen[column], strict=True)
    ]


def _column(table: pd.DataFrame) -> str:
    """What to group units by: verdicts on their words where there are any, or sorts of formula."""
    judged = table["verdict"].isin([COHERENT, INCOHERENT, POLYSEMANTIC])
    return "verdict" if judged.any() else "kind"


def _kinds(of_units: pd.Series, column: str) -> list[str]:
    """The kinds to show, in order: the paper's, or the most frequent sorts of formula."""
    if column == "verdict":
        return [kind for kind in VERDICTS if (of_units == kind).any()]
    frequent = of_units.value_counts().index[:MOST_KINDS]
    return [kind for kind in MEANING if kind in frequent]


def _asked(table: pd.DataFrame, units: Sequence[int]) -> pd.DataFrame:
    known = set(table["unit"])
    if missing := [unit for unit in units if unit not in known]:
        raise OptionError(f"unit {missing[0]} has no formula in this run; choose other units")
    return table.set_index("unit").loc[list(dict.fromkeys(units))].reset_index()


def _samples(request: FigureRequest, answer: Answer, unit: int, kind: str, n: int) -> list[int]:
    if kind != POLYSEMANTIC:
        return strongest(request, unit, n)
    evidence = answer.tables["evidence"].query("unit == @unit")
    number = {name: i for i, name in enumerate(request.run.samples["sample"])}
    sides = [list(rows["sample"]) for _, rows in evidence.groupby("part", sort=False)]
    sides = [sides[0][: n - n // 2], sides[1][: n // 2]]
    return list(dict.fromkeys(number[name] for side in sides for name in side))


def strongest(request: FigureRequest, unit: int, n: int) -> list[int]:
    """The samples that excite a unit most, among those on which it is active."""
    peaks = request.run.peaks(request.layer)[:, unit]
    active = np.flatnonzero(request.run.areas(request.layer)[:, unit] > 0)
    order = active[np.argsort(-peaks[active], kind="stable")]
    return [int(sample) for sample in order[:n]]
