"""How many different explanations there are, and of what concepts (Appendix A)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import pandas as pd

from andornot._tools.words import count, percent
from andornot.analyses.answer import Answer
from andornot.analyses.units import Units, explained_units
from andornot.concepts.table import ConceptTable
from andornot.formula import Formula
from andornot.runs.run import Run


def answer(run: Run, layer: str | None = None) -> Answer:
    """Count distinct explanations and concepts at each maximum length.

    The question of Appendices A.1 and A.2 of the paper.

    Two explanations are one if they differ only in order and grouping.

    Tables: ``by_length``, ``categories`` (share of each category of concepts, by length),
    ``repeated`` (explanations that several units share, by length), ``concepts`` (how many units
    use each, at the longest length).

    Raises:
        OptionError: the run has no such layer, or several and none was named.
        RunError: no unit has a formula.

    Examples:
        >>> answer(run).tables["repeated"]  # at length 1; at length 2 each formula is one unit's
           length formula  units which
        0       1     red      2  0, 3
    """
    units, table = explained_units(run, layer), run.concepts
    category = {name: " + ".join(kinds) for name, kinds in zip(table.names, table.categories,
                                                             strict=True)}  # fmt: skip
    by_length = {n: _formulas(units, n) for n in range(1, units.longest + 1)}
    tables = {
        "by_length": pd.DataFrame([_row(n, found) for n, found in by_length.items()]),
        "categories": _categories(by_length, category, table),
        "repeated": _repeated(by_length),
        "concepts": _concepts(by_length[units.longest], category),
    }
    sentences = (units.sentence(), *_findings(tables, units, table))
    return Answer("uniqueness", "Distinct explanations and their concepts", tables, sentences)


def _formulas(units: Units, n: int) -> dict[int, Formula]:
    """The best formula of up to ``n`` concepts of each unit."""
    best = ((e.unit, e.best_by_length[n - 1]) for e in units.explanations)
    return {unit: scored.formula for unit, scored in best if scored is not None}


def _groups(formulas: dict[int, Formula]) -> dict[Formula, list[int]]:
    groups: dict[Formula, list[int]] = defaultdict(list)
    for unit, formula in formulas.items():
        groups[formula].append(unit)
    return groups


def _row(n: int, formulas: dict[int, Formula]) -> dict[str, Any]:
    groups = _groups(formulas)
    uses = [name for formula in formulas.values() for name in formula.concepts]
    repeated = sum(len(units) for units in groups.values() if len(units) > 1)
    return {
        "length": n,
        "units": len(formulas),
        "distinct_formulas": len(groups),
        "distinct_share": len(groups) / len(formulas) if formulas else math.nan,
        "units_with_repeated": repeated,
        "distinct_concepts": len(set(uses)),
        "concepts_per_formula": len(uses) / len(formulas) if formulas else math.nan,
    }


def _categories(
    by_length: dict[int, dict[int, Formula]], category: dict[str, str], table: ConceptTable
) -> pd.DataFrame:
    """Share of each category among the concepts that formulas name, and among those there are."""
    occurring = Counter(
        category[name] for name, n in zip(table.names, table.concept_counts, strict=True) if n
    )
    rows = []
    for n, formulas in by_length.items():
        uses = Counter(category[name] for f in formulas.values() for name in f.concepts)
        rows += [
            {
                "length": n,
                "category": kind or "none",
                "uses": uses[kind],
                # at some lengths no unit may have a formula
                "share": uses[kind] / max(uses.total(), 1),
                "share_of_vocabulary": occurring[kind] / max(occurring.total(), 1),
            }
            for kind in sorted(occurring, key=lambda kind: (-uses[kind], kind))
        ]
    return pd.DataFrame(rows)


def _repeated(by_length: dict[int, dict[int, Formula]]) -> pd.DataFrame:
    rows = [
        {"length": n, "formula": str(formula), "units": len(units), "which": _listed(units)}
        for n, formulas in by_length.items()
        for formula, units in _groups(formulas).items()
        if len(units) > 1
    ]
    table = pd.DataFrame(rows, columns=["length", "formula", "units", "which"])
    return table.sort_values(
        ["length", "units", "formula"], ascending=[False, False, True], ignore_index=True
    )


def _concepts(formulas: dict[int, Formula], category: dict[str, str]) -> pd.DataFrame:
    users: dict[str, list[int]] = defaultdict(list)
    for unit, formula in formulas.items():
        for name in dict.fromkeys(formula.concepts):
            users[name].append(unit)
    rows = [
        {"concept": name, "category": category[name], "units": len(units), "which": _listed(units)}
        for name, units in sorted(users.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    return pd.DataFrame(rows)


def _listed(units: Sequence[int]) -> str:
    return ", ".join(map(str, units))


def _findings(tables: dict[str, pd.DataFrame], units: Units, table: ConceptTable) -> list[str]:
    by_length, longest = tables["by_length"], units.longest
    first, last = by_length.iloc[0], by_length.iloc[-1]
    occurring = int((table.concept_counts > 0).sum())
    top = tables["categories"].query("length == @longest").iloc[0]
    used = tables["concepts"].iloc[0]
    return [
        f"At length 1 there are {count(int(first['distinct_formulas']), 'distinct explanation')} "
        f"for {count(int(first['units']), 'unit')}, at length {longest} there "
        f"are {int(last['distinct_formulas']):,} ({percent(last['distinct_share'])} of the units).",
        f"They name {int(first['distinct_concepts']):,} distinct concepts at length 1 and "
        f"{int(last['distinct_concepts']):,} at length {longest}, of {occurring:,} that occur.",
        f"At length {longest} the category named most is {top['category']}: {percent(top['share'])}"
        f" of all mentions, where {percent(top['share_of_vocabulary'])} of the concepts are of it.",
        f"The concept named by most units is {used['concept']} ({count(int(used['units']), 'unit')}"
        ").",
        "Longer formulas differ more easily, so that distinct formulas are no sign that units "
        "detect different things: compare what they hold on.",
        "Mentions count concepts after NOT too; categories of few or small concepts are named "
        "less for that reason alone.",
    ]
