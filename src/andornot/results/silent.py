"""Why units have no formula, and what to try: told where that is half of them, or more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Final

from andornot._tools.words import count
from andornot.results.explanation import INACTIVE, NO_CONCEPT, OK, RARE, Explanation

_MUCH: Final = 0.5
"""From this share of the units on, it is told why they have no formula."""

_EVERYWHERE: Final = "active on every position"

_WHY: Final = {
    "dead": "dead (0 on every position)",
    "constant": "constant (one value on every position)",
    "nan": "not finite (an activation is NaN or infinite)",
    INACTIVE: "inactive (nowhere above the threshold, or a mask that is False everywhere)",
    RARE: "rare (active on too few positions)",
    NO_CONCEPT: "without a concept (active only where none holds)",
    _EVERYWHERE: "active on every position, which no formula can tell apart",
}

_TRY: Final = {
    "dead": "explain another layer, such as the one before a ReLU (andornot layers lists them)",
    "constant": "check that weights and inputs are those the network was made for",
    "nan": "check weights and inputs for values that are not finite",
    INACTIVE: "let more count as active, by a lower threshold (--threshold, a larger --quantile)",
    RARE: "lower --min-active, or bring more samples",
    NO_CONCEPT: "search with more concepts, or bring other annotations",
    _EVERYWHERE: "let less count as active, by a higher threshold (--threshold, --quantile)",
}


def silence(units: Collection[Explanation], layer: str = "") -> str:
    """Why no formula can be told of half of the units or more, and what to try.

    Args:
        units: the explanations of a layer.
        layer: its name, where there may be several.

    Returns:
        a sentence, or nothing.
    """
    states = Counter(filter(None, map(_silent, units)))
    n = states.total()
    if not n or n < _MUCH * len(units):
        return ""
    whose = f" of {layer}" if layer else ""
    why = ", ".join(f"{k:,} {_WHY.get(state, state)}" for state, k in states.most_common())
    what = dict.fromkeys(_TRY[state] for state, _ in states.most_common() if state in _TRY)
    return (
        f"{n:,} of {count(len(units), 'unit')}{whose} cannot be explained: {why}; "
        f"{'; or '.join(what) or 'see the status of each'}"
    )


def _silent(e: Explanation) -> str | None:
    """Why nothing can be told of a unit; None where its formula says something."""
    if e.formula is None:
        return e.status
    counts = e.counts
    everywhere = e.status == OK and counts.fp + counts.tn == 0
    return _EVERYWHERE if everywhere else None
