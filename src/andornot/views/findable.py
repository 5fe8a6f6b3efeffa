"""What the search of a report finds units by, besides what lists show of them."""

from __future__ import annotations

from collections.abc import Sequence

from andornot.formula_forms import negative_concepts, positive_concepts
from andornot.results.explanation import Explanation
from andornot.views.listed import Listed

Signed = tuple[tuple[str, bool], ...]


def signed_concepts(contexts: Sequence[Listed]) -> list[Signed]:
    """The concepts of each unit's formula, with whether they stand after NOT; layer by layer."""
    return [signed(e) for context in contexts for e in context.explanations]


def signed(e: Explanation) -> Signed:
    """The concepts of a unit's formula, with whether they stand after NOT."""
    if e.shown is None:
        return ()
    formula = e.shown.formula
    found = [(name, False) for name in positive_concepts(formula)]
    found += [(name, True) for name in negative_concepts(formula)]
    return tuple(dict.fromkeys(found))
