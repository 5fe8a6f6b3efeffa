"""Where tokens meet characters: which positions a stretch of text covers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from andornot.data.sequences.document import Extents


def overlapping(positions: Extents, spans: Extents) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Each pair of a position and a span that have a character in common.

    Args:
        positions: in order: neither starts nor ends go back, as those of tokens do not. Several may
            share their characters, as the pieces of an emoji do; one without characters meets none.
        spans: in any order; they may overlap.

    Returns:
        int32 arrays of the same length: the position, and the span; span by span.

    Examples:
        >>> tokens = Extents.of([(0, 3), (3, 5), (5, 7)])  # "the", " s", "ea"
        >>> overlapping(tokens, Extents.of([(4, 7)]))  # "sea"
        (array([1, 2], dtype=int32), array([0, 0], dtype=int32))
    """
    first = np.searchsorted(positions.ends, spans.starts, "right")
    stop = np.searchsorted(positions.starts, spans.ends, "left")
    sizes = np.maximum(stop - first, 0)
    which = np.repeat(np.arange(len(spans), dtype=np.int32), sizes)
    # counts on within each span, from its first position
    begun = np.repeat(np.cumsum(sizes) - sizes, sizes)
    found = (np.arange(len(which)) - begun + np.repeat(first, sizes)).astype(np.int32)
    filled = positions.starts[found] < positions.ends[found]
    return found[filled], which[filled]


def item_of(positions: Extents, items: Extents) -> NDArray[np.int32]:
    """For each position the first item that it overlaps, such as its word; -1 without one.

    Args:
        positions: as of :func:`overlapping`.
        items: stretches in order.

    Examples:
        >>> tokens = Extents.of([(0, 3), (3, 4), (4, 7)])
        >>> item_of(tokens, Extents.of([(0, 3), (4, 7)]))
        array([ 0, -1,  1], dtype=int32)
    """
    found = np.full(len(positions), -1, np.int32)
    position, item = overlapping(positions, items)
    found[position[::-1]] = item[::-1]  # the first of several is written last
    return found
