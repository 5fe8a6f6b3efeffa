"""The whole search where there is nothing to find: units on the annotations of other samples.

A unit's masks keep their shapes and sizes, and annotations keep theirs; only the link between the
two is cut. So a search over the same formulas finds what chance alone would give it. Groups of
samples that are not independent stay together: frames of one video go to another video.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from andornot._tools.progress import track
from andornot.counting.responses import Responses, known_positions
from andornot.results.trust import Chance
from andornot.trust.options import TrustOptions
from andornot.trust.recount import Recount
from andornot.trust.repeat import Repeats, ratio, unit_rows
from andornot.trust.shuffled import draw_orders

_ENTRIES_AT_ONCE = 20_000_000
"""Counts held for several orders at a time, in entries of responses."""


FEWEST_GROUPS = 10
"""With fewer groups there are so few orders, and so like the true one, that noise looks real."""


def measure_chance(
    recount: Recount,
    repeats: Repeats,
    lengths: Sequence[int],
    options: TrustOptions,
    unexplained: int = 0,
) -> list[Chance | None]:
    """Search for each unit as it is, and on the annotations of other samples.

    Args:
        recount: the units' masks.
        repeats: the search, the same on both sides.
        lengths: how long each unit's formula could become; p-values are for that length.
        options: how many orders of samples to search.
        unexplained: further units that were searched for and have no formula. They are tested too,
            with a p-value of 1: without them, units that only happen to meet a concept would seem
            to be all there are.

    Returns:
        None for all units where there are fewer than ten groups of samples, or no nulls are
        wanted.
    """
    positions = known_positions(repeats.table)
    if positions.n_groups < FEWEST_GROUPS or not options.nulls:
        return [None] * len(lengths)
    orders = draw_orders(positions.group_numbers, options.nulls, options.seed)
    real = _search(repeats, recount.responses)
    shuffled = track(_shuffled(recount, orders), "searching where there is nothing", len(orders))
    null = np.array([_search(repeats, responses) for responses in shuffled])
    units, at = np.arange(len(lengths)), np.array(lengths) - 1
    own, others = real[units, at], null[:, units, at]
    # the unit itself counts as one of the draws, so p is never 0; equal ones count against it
    p = (1 + (others >= own).sum(axis=0)) / (options.nulls + 1)
    pooled = pooled_p(own, others)
    columns = (
        # of a single null there is no n - 1 to divide by
        others.std(axis=0, ddof=min(1, options.nulls - 1)),
        p, _corrected(p, unexplained), pooled, _corrected(pooled, unexplained),
    )  # fmt: skip
    means = null.mean(axis=0)
    return [
        Chance(options.nulls, tuple(real[u].tolist()), tuple(means[u].tolist()), *numbers)
        for u, numbers in enumerate(np.stack(columns, axis=1).tolist())
    ]


def _corrected(p: NDArray[np.float64], unexplained: int) -> NDArray[np.float64]:
    """p-values corrected over all units, those without a formula included."""
    # units without a formula were tested too, and failed
    corrected = stats.false_discovery_control(np.concatenate([p, np.ones(unexplained)]))
    return np.asarray(corrected[: len(p)])


def pooled_p(real: NDArray[np.float64], null: NDArray[np.float64]) -> NDArray[np.float64]:
    """p-values from the nulls of all units together; an estimate, and named so.

    A value is measured in standard deviations from the mean of its unit's nulls; a null value from
    the mean of the *other* nulls of its unit, so that both are as far from what they are measured
    by. It is assumed that units differ in mean and spread of the null, not in its shape.

    Args:
        real: ``(n_units,)``.
        null: ``(n_nulls, n_units)``.

    Returns:
        ``(1 + pooled nulls that reach the real one) / (1 + all of them)``; with fewer than three
        nulls, which have no spread, the share of the unit's own.
    """
    n = len(null)
    if n < 3:
        few: NDArray[np.float64] = (1 + (null >= real).sum(axis=0)) / (n + 1)
        return few
    # n here and n - 1 for the nulls: as many as each is measured by
    own = _standard(real, null.mean(axis=0), null.std(axis=0, ddof=1), n)
    # each null without itself: else it would pull the mean towards it, and look too near
    rest = [np.delete(null, r, axis=0) for r in range(n)]
    pool = np.sort(
        np.concatenate(
            [
                _standard(x, part.mean(axis=0), part.std(axis=0, ddof=1), n - 1)
                for x, part in zip(null, rest, strict=True)
            ]
        )
    )
    reached = len(pool) - np.searchsorted(pool, own, side="left")
    found: NDArray[np.float64] = (1 + reached) / (1 + len(pool))
    return found


def _standard(
    x: NDArray[np.float64], mean: NDArray[np.float64], spread: NDArray[np.float64], n: int
) -> NDArray[np.float64]:
    """How far values lie above the mean of ``n`` others, in standard deviations."""
    with np.errstate(divide="ignore", invalid="ignore"):
        # the mean of n values is uncertain too: x less the mean varies by 1 + 1/n times as much
        far: NDArray[np.float64] = (x - mean) / (spread * np.sqrt(1 + 1 / n))
    far[np.isnan(far)] = 0.0  # no spread, and no distance
    return far


def _shuffled(recount: Recount, orders: NDArray[np.int64]) -> Iterator[Responses]:
    """Responses for each order; as many of them counted at a time as fit."""
    size = max(1, _ENTRIES_AT_ONCE // max(1, len(recount.responses.atoms)))
    for first in range(0, len(orders), size):
        yield from recount.shuffled(orders[first : first + size])


def _search(repeats: Repeats, responses: Responses) -> NDArray[np.float64]:
    """IoU of the best formula of each unit by length."""
    found = repeats.counts_by_length(unit_rows(responses, responses.counts))
    counts = np.stack(list(found)).astype(np.float64)  # (n_units, length, 2)
    hits, area = counts[..., 0], counts[..., 1]
    return ratio(hits, responses.totals[:, None] + area - hits)
