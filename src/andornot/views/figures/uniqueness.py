"""How many different formulas and concepts there are, and of what sort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from andornot.analyses.answer import Answer
from andornot.views.plain import View

_MOST_CATEGORIES: Final = 7


@dataclass(frozen=True)
class Category(View):
    """A category of concepts.

    Attributes:
        name: of the category; ``others`` for all the rarer ones.
        shares: of all mentions, at each maximum length.
        of_vocabulary: its share of the concepts that occur.
    """

    name: str
    shares: tuple[float, ...]
    of_vocabulary: float


@dataclass(frozen=True)
class UniquenessFigure(View):
    """Distinct formulas and concepts.

    Attributes:
        lengths: the maximum lengths.
        units, formulas, concepts: units, distinct formulas and distinct concepts at each of them.
        share_lengths: the maximum lengths for which shares of categories are known.
        categories: most mentioned first.
        sentences: what was found.
    """

    lengths: tuple[int, ...]
    units: tuple[int, ...]
    formulas: tuple[int, ...]
    concepts: tuple[int, ...]
    share_lengths: tuple[int, ...]
    categories: tuple[Category, ...]
    sentences: tuple[str, ...]


def uniqueness_figure(answer: Answer) -> UniquenessFigure:
    """What the figure shows; ``answer`` is that of ``analyses.uniqueness``."""
    table, kinds = answer.tables["by_length"], answer.tables["categories"]
    return UniquenessFigure(
        lengths=_whole(table["length"]),
        units=_whole(table["units"]),
        formulas=_whole(table["distinct_formulas"]),
        concepts=_whole(table["distinct_concepts"]),
        share_lengths=_whole(sorted(kinds["length"].unique())),
        categories=_categories(kinds),
        sentences=tuple(answer.sentences),
    )


def _whole(column: Any) -> tuple[int, ...]:
    return tuple(map(int, column))


def _categories(table: pd.DataFrame) -> tuple[Category, ...]:
    """The most mentioned categories, and the others as one."""
    last = table[table["length"] == table["length"].max()]
    names = list(last.sort_values(["share", "category"], ascending=[False, True])["category"])
    shares = table.pivot(index="length", columns="category", values="share")[names]
    vocabulary = last.set_index("category")["share_of_vocabulary"][names]
    if len(names) > _MOST_CATEGORIES:
        rest, names = names[_MOST_CATEGORIES:], [*names[:_MOST_CATEGORIES], "others"]
        shares["others"] = shares[rest].sum(axis=1)
        vocabulary["others"] = vocabulary[rest].sum()
    return tuple(
        Category(str(name), tuple(map(float, shares[name])), float(vocabulary[name]))
        for name in names
    )
