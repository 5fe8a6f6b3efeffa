"""In how many groups of samples units are active: how many independent places tell of a unit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def active_groups(areas: NDArray[Any], group_numbers: NDArray[np.integer]) -> NDArray[np.int64]:
    """Groups of samples with a position on which a unit is active.

    Args:
        areas: ``(n_samples, n_units)``, active positions in each sample; or bool, whether there are
            any.
        group_numbers: ``(n_samples,)``, the number of each sample's group, 0 or more, as
            ``AtomMap.group_numbers`` has them.

    Returns:
        ``(n_units,)``.

    Examples:
        >>> areas = np.array([[3, 0], [1, 2], [0, 5]])  # two units in three samples,
        >>> active_groups(areas, np.array([0, 0, 1]))  # of which the first two are one group
        array([1, 2])
    """
    active = areas if areas.dtype == bool else areas > 0
    order = np.argsort(group_numbers, kind="stable")
    starts = np.flatnonzero(np.diff(group_numbers[order], prepend=-1))
    # where each sample is a group of its own, there is nothing to join
    if len(starts) < len(order):
        active = np.logical_or.reduceat(active[order], starts)
    groups: NDArray[np.int64] = active.sum(axis=0, dtype=np.int64)
    return groups
