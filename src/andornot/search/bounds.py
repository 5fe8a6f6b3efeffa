"""What a score says of counts, as one straight line; proofs are in ``docs/explanation/proofs.md``.

Every score grows with the hits ``I`` and falls with the false alarms ``E``, and the pairs
``(I, E)`` that score little form a convex set. So for any score ``s`` there is a line

    I - slope * E  >  level

above which all formulas lie that score at least ``s``. The left side is a sum over the atoms of a
formula, their *weights*, so that it adds up over formulas as counts do. Numbers are integers, in
units of ``1 / SCALE``: sums of them are exact. What is rounded here is where the line lies, and it
is rounded to the safe side: ``level_of`` never gives too much, ``highest_score`` never too little.
"""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

from typing import Final

import numpy as np

from andornot._tools.jit import Bool, helper, lean
from andornot.measures.scores import ACCURACY, score

SCALE: Final = 2**20
"""Weights are whole multiples of one position over this."""

NEVER: Final = 2**62
"""A level that no formula reaches."""

# weights stay within 64 bits, and below NEVER, for fewer than 2**32 positions
_STEEPEST = 2**30
_FINE = 1024  # false alarms are tried in steps of one position over this
_ROUNDING = 8  # units of 1 / SCALE by which rounded scores can misplace the line


@lean
def slope_of(metric: int, worth: float, factor: float, a: int, n: int) -> int:
    """The slope, in units of ``1 / SCALE``, of the line below formulas worth at least ``worth``.

    Any slope of at least 1 makes a valid line (for accuracy this one only). This one makes the two
    lowest points of it coincide.

    Args:
        metric: a value of ``measures.scores.METRICS``.
        worth: the score to reach, ``factor`` included.
        factor: what scores are multiplied by.
        a: active positions of the unit.
        n: all positions.
    """
    if metric == ACCURACY:
        return SCALE
    misses = _most_misses(metric, worth, factor, np.bool_(False), a, n)
    if misses <= 0:
        return 1
    hits = _fewest_hits(metric, worth, factor, np.bool_(False), a, n)
    # at least 1, for `all_positions` divides by it
    return max(1, int(min((a * SCALE - hits) / misses, _STEEPEST)))


@lean
def level_of(
    metric: int, worth: float, factor: float, strict: Bool, slope: int, a: int, n: int
) -> int:
    """The level that the weight of every formula exceeds which is worth ``worth``, or more than it.

    A lower bound on these weights: formulas that are worth less may exceed it too.

    Args:
        metric: a value of ``measures.scores.METRICS``.
        worth: the score to reach, ``factor`` included.
        factor: what scores are multiplied by.
        strict: a score equal to ``worth`` is not enough.
        slope: of the line, in units of ``1 / SCALE``.
        a: active positions of the unit.
        n: all positions.
    """
    if metric == ACCURACY:  # a straight line itself
        level = SCALE * (worth / factor * n - (n - a))
        # downwards: a level that is too low costs time, one too high would lose a formula
        return int(level - abs(level) * 1e-12) - _ROUNDING
    # not even all hits without a false alarm are worth it
    if _is_below(metric, float(a), 0.0, worth, factor, strict, a, n):
        return NEVER
    hits = _fewest_hits(metric, worth, factor, strict, a, n)
    misses = _most_misses(metric, worth, factor, strict, a, n)
    if misses < 0:
        # no number of false alarms outweighs all hits: only the hits are known
        return hits - slope * (n - a) - _ROUNDING
    # on the line through both points the weight is least at one of its ends (Lemma 2)
    return min(hits, int(a * SCALE - slope * misses)) - _ROUNDING


@helper
def _is_below(
    metric: int, i: float, e: float, worth: float, factor: float, strict: Bool, a: int, n: int
) -> bool:
    """Whether these hits and false alarms are not worth it."""
    value = score(metric, i, e, a, n) * factor
    return value <= worth if strict else value < worth


@helper
def _fewest_hits(metric: int, worth: float, factor: float, strict: Bool, a: int, n: int) -> int:
    """Most hits, in units of 1 / SCALE, that are not worth it even without a false alarm."""
    low, high = 0, a * SCALE
    while low < high:
        # rounded up, else two neighbours would never meet
        middle = (low + high + 1) // 2
        if _is_below(metric, middle / SCALE, 0.0, worth, factor, strict, a, n):
            low = middle
        else:
            high = middle - 1
    return low


@helper
def _most_misses(metric: int, worth: float, factor: float, strict: Bool, a: int, n: int) -> float:
    """Fewest false alarms that are not worth it even with all hits; -1 if there are none such."""
    if not _is_below(metric, float(a), float(n - a), worth, factor, strict, a, n):
        return -1.0
    low, high = 0, (n - a) * _FINE
    while low < high:
        middle = (low + high) // 2
        if _is_below(metric, float(a), middle / _FINE, worth, factor, strict, a, n):
            high = middle
        else:
            low = middle + 1
    return low / _FINE


@lean
def highest_score(metric: int, weight: int, slope: int, a: int, n: int) -> float:
    """An upper bound: no hits and false alarms with this weight or less score more.

    On the line a score is highest at one of its ends, where there are no false alarms or all hits
    (or all false alarms that there can be).
    """
    hits = min(weight / SCALE, float(a))
    if hits < 0:
        first = score(metric, 0.0, min(-weight / slope, float(n - a)), a, n)
    else:
        first = score(metric, hits, 0.0, a, n)
    last = first
    if hits < a:
        misses = (a * SCALE - weight) / slope
        if misses <= n - a:
            last = score(metric, float(a), misses, a, n)
        else:
            hits = max(0.0, (weight + slope * float(n - a)) / SCALE)
            last = score(metric, hits, float(n - a), a, n)
    # a little more, for what was rounded on the way
    return max(first, last, 0.0) * (1 + 1e-12)
