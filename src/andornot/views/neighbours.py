"""Which units fire on much the same things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse

from andornot.counting.responses import Responses
from andornot.views.plain import View

_BLOCK = 256


@dataclass(frozen=True)
class Match(View):
    """Another unit, by its place in a list, and how near it is."""

    index: int
    score: float


def nearest_units(
    responses: Responses, units: Sequence[int], n: int = 6
) -> Iterator[tuple[Match, ...]]:
    """For each of these units the others that are nearest to it, nearest first.

    Two units are near if their active positions lie on the same atoms, that is, carry the same
    combinations of concepts: the cosine of their counts by atom. Units that share none are left
    out. A ``Match`` counts in ``units``.
    """
    counts = responses.matrix()[list(units)]
    norms = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    scaled = scipy.sparse.diags_array(1 / np.where(norms > 0, norms, 1)) @ counts
    transposed = scaled.T.tocsc()
    # block by block: the cosines of all pairs of a large layer would fill the memory
    for start in range(0, len(units), _BLOCK):
        block = (scaled[start : start + _BLOCK] @ transposed).toarray()
        for row, cosines in enumerate(block, start):
            # a unit is the nearest to itself
            cosines[row] = -1
            order = np.argsort(-cosines, kind="stable")[:n]
            yield tuple(Match(int(i), float(cosines[i])) for i in order if cosines[i] > 0)
