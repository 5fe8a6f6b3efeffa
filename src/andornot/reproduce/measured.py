"""Figures that both experiments have: IoU by length, its correlation with accuracy, named units.

They are read off the answers of ``andornot.analyses`` and off the run; nothing is computed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd

from andornot.analyses import accuracy, length, uniqueness
from andornot.analyses.units import explained_units
from andornot.data.sentences.pairs import LABELS
from andornot.errors import AndornotError
from andornot.formula import Concept, Formula, parse
from andornot.reproduce.comparability import Comparability
from andornot.reproduce.figure import Claim, Figure, absent, found
from andornot.reproduce.names import read_as
from andornot.reproduce.published import UnitClaim, distinct
from andornot.results.explanation import STATUS_MEANING, Explanation
from andornot.runs.run import Run

SAME = 0.02
"""A correlation that changes by less from the shortest to the longest formulas stays the same."""


def figures_or_reason(claims: Iterable[Claim], measure: Callable[[], list[Figure]]) -> list[Figure]:
    """What ``measure`` finds; if the run cannot answer, the claims with the reason why."""
    try:
        return measure()
    except AndornotError as error:
        return [absent(claim, str(error)) for claim in claims]


def means(run: Run, claims: dict[int, Claim], comparable: Comparability) -> list[Figure]:
    """Mean IoU of all units at some lengths."""
    iou = [e.by_length for e in explained_units(run).explanations]
    figures = []
    for n, claim in claims.items():
        if n > len(iou[0]):
            figures.append(absent(claim, too_short(n, len(iou[0]))))
            continue
        at_n = [row[n - 1] for row in iou]
        figures.append(found(claim, sum(at_n) / len(at_n), comparable))
    return figures


def gain(run: Run, claim: Claim, longest: int, comparable: Comparability) -> Figure:
    """By how much mean IoU rises from one concept to the paper's length."""
    answer = length.answer(run)
    table = answer.tables["by_length"].set_index("length")["gain"]
    if longest not in table:
        return absent(claim, too_short(longest, int(table.index.max())))
    tests = answer.tables["tests"].to_dict("records")
    said = "; ".join(f"{row['test']} p = {row['p']:.1e}" for row in tests)
    return found(claim, float(table[longest]), comparable, said)


def growth(run: Run, claim: Claim, comparable: Comparability) -> Figure:
    """Whether mean IoU rises with every further concept."""
    table = length.answer(run).tables["by_length"]["mean"]
    rises = bool((table.diff().dropna() > 0).all())
    beside = ", ".join(f"{n}: {iou:.3f}" for n, iou in enumerate(table, start=1))
    return found(claim, "rises" if rises else "does not always rise", comparable, beside)


def correlation(
    run: Run,
    claims: tuple[Claim, Claim],
    at: int,
    words: tuple[str, str],
    comparable: Comparability,
) -> list[Figure]:
    """Pearson's correlation of IoU and accuracy, and how it changes with length.

    Args:
        run: the run.
        claims: about the correlation, and about its change.
        at: length at which the correlation is looked at.
        words: what to say if it moves up, and if it moves down, from the shortest to the longest.
        comparable: what can be compared.
    """
    answer = accuracy.answer(run, least_active=1)
    rows = answer.tables["correlations"].query("quantity == 'accuracy'").set_index("length")
    value, trend = claims
    if rows.empty:
        why = next(s for s in answer.sentences if "accuracy" in s and "IoU" in s)
        return [absent(claim, why) for claim in claims]
    figures = [absent(value, too_short(at, int(rows.index.max())))]
    if at in rows.index:
        row: Any = rows.loc[at]
        beside = (
            f"95 % interval {row['pearson_low']:.2f} to {row['pearson_high']:.2f}, "
            f"p = {row['pearson_p']:.1e}, {int(row['n']):,} units; with the number of active "
            f"samples held fixed {row['given_size']:.2f}"
        )
        figures = [found(value, float(row["pearson"]), comparable, beside)]
    r = rows["pearson"]
    if len(r) < 2:
        return [*figures, absent(trend, too_short(2, 1))]
    listed = ", ".join(f"{n}: {value:.2f}" for n, value in r.items())
    return [
        *figures,
        found(trend, _moves(float(r.iloc[-1] - r.iloc[0]), words), comparable, listed),
    ]


def _moves(change: float, words: tuple[str, str]) -> str:
    if abs(change) < SAME:
        return "stays the same"
    return words[0] if change > 0 else words[1]


def units(
    run: Run, claims: Sequence[UnitClaim], why: str, comparable: Comparability, *, spelled: bool
) -> list[Figure]:
    """The named units: the published formulas on these masks, beside our own best formulas.

    Args:
        run: the run.
        claims: what the paper says of units.
        why: why their IoU may differ.
        comparable: what can be compared.
        spelled: whether the paper spells concepts as the run does; if not, they are looked for.
    """
    return [_unit(run, claim, why, comparable, spelled) for claim in claims]


def _unit(run: Run, about: UnitClaim, why: str, comparable: Comparability, spelled: bool) -> Figure:
    claim = about.claim(why)
    e, reason = _explained(run, about.unit)
    if e is None:
        return absent(claim, reason)
    longest = len(e.best_by_length)
    best = e.best_by_length[min(about.length, longest) - 1]
    beside = "" if best is None else f"best here: {best.formula} (IoU {best.iou:.3f})"
    if about.formula is None:
        if about.length > longest:
            return absent(claim, too_short(about.length, longest), beside)
        return found(claim, e.by_length[about.length - 1], comparable, beside)
    formula, unknown = _readable(run, about.unit, parse(about.formula), spelled)
    if formula is None:
        listed = f"not here: {', '.join(unknown)}; {beside}"
        return absent(claim, "these data lack concepts of the published formula", listed)
    if str(formula) != str(parse(about.formula)):
        beside = f"read as {formula}; {beside}"
    return found(claim, run.score(about.unit, formula)[0].iou, comparable, beside)


def _readable(
    run: Run, unit: int, formula: Formula, spelled: bool
) -> tuple[Formula | None, list[str]]:
    """A formula of the paper over the run's concepts, or the names that mean none of them."""
    names = run.concepts.names
    if not spelled:
        return read_as(formula, names, lambda name: run.score(unit, Concept(name))[0].iou)
    unknown = [name for name in dict.fromkeys(formula.concepts) if name not in set(names)]
    return (None if unknown else formula), unknown


def weights(run: Run, claims: Sequence[UnitClaim], comparable: Comparability) -> list[Figure]:
    """The weights from named units to the classes of NLI."""
    known = run.class_weights()
    figures = []
    for about in claims:
        claim, (e, reason) = about.weight_claim(), _explained(run, about.unit)
        if not set(LABELS) <= known.keys():
            reason = "the layer does not lead straight to entailment, neutral, contradiction"
        if reason or e is None:
            figures.append(absent(claim, reason))
            continue
        ours = tuple(float(known[name][about.unit]) for name in LABELS)
        figures.append(found(claim, ours, comparable))
    return figures


def _explained(run: Run, unit: int) -> tuple[Explanation | None, str]:
    """The explanation of a unit, or why there is none."""
    here = {e.unit: e for e in run.result()}
    e = here.get(unit)
    if e is None:
        n = run.responses().n_units
        if unit >= n:
            return None, f"the layer has {n:,} units and none of this number"
        return None, "this unit was not asked for (--units)"
    if e.formula is None:
        return None, f"this unit has no formula here: {STATUS_MEANING.get(e.status, e.status)}"
    return e, ""


def distinct_formulas(
    run: Run, lengths: Sequence[int], appendix: str, comparable: Comparability
) -> list[Figure]:
    """How many different explanations there are at some lengths."""
    table = uniqueness.answer(run).tables["by_length"].set_index("length")
    figures = []
    for n in lengths:
        claim = distinct(n, appendix)
        if n not in table.index:
            figures.append(absent(claim, too_short(n, int(table.index.max()))))
            continue
        row: Any = table.loc[n]
        beside = f"of {int(row['units']):,} units; {int(row['distinct_concepts']):,} concepts"
        figures.append(found(claim, int(row["distinct_formulas"]), comparable, beside))
    return figures


def share(table: pd.DataFrame, column: str, names: Iterable[str]) -> float:
    """The share of units of some sorts, of a table with ``column`` and ``units``."""
    chosen = table[table[column].isin(list(names))]["units"].sum()
    return float(chosen / table["units"].sum()) if len(table) else 0.0


def too_short(wanted: int, longest: int) -> str:
    """Why a length cannot be looked at."""
    return f"formulas of up to {longest} were searched for; leave --length out, or give {wanted}"
