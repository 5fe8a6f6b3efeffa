"""Active positions in the lower ranges of activations: counts above one border less the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.positions import offsets_of
from andornot.concepts.table import ConceptTable
from andornot.counting.groups import active_groups
from andornot.counting.responses import LayerCounts, Responses, count_responses, known_positions
from andornot.counting.stores import Activations


def count_lower_ranges(
    activations: Activations,
    borders: NDArray[np.float64],
    top: LayerCounts,
    concepts: ConceptTable,
    jobs: int | None = None,
) -> Iterator[Responses]:
    """Count all ranges but the top one, from the second highest down; a pass for each.

    Args:
        activations: recorded activations of a layer, for the samples of the table.
        borders: ``(n_units, k + 1)``, as ``ranges.find_borders`` gives them.
        top: what is counted of the top range, above the last border but one.
        concepts: a table that knows its positions.
        jobs: threads; all cores if not given.
    """
    above, group_numbers = top, known_positions(concepts).group_numbers
    # the top range, above the last border but one, is counted already
    for number in range(borders.shape[1] - 3, -1, -1):
        counted = count_responses(activations, borders[:, number], concepts, jobs)
        groups = active_groups(counted.areas - above.areas, group_numbers)
        yield replace(difference(counted.responses, above.responses), active_groups=groups)
        above = counted


def difference(wider: Responses, narrower: Responses) -> Responses:
    """What is active for the first and not for the second, which is active nowhere else."""
    counts = wider.fold_counts.copy()
    for u in range(wider.n_units):
        own = slice(wider.indptr[u], wider.indptr[u + 1])
        less = slice(narrower.indptr[u], narrower.indptr[u + 1])
        at = np.searchsorted(wider.atoms[own], narrower.atoms[less])
        # a slice is a view, so this changes `counts`; what the narrower has, the wider has too
        counts[own][at] -= narrower.fold_counts[less]
    kept = counts.any(axis=1)
    kept_before = np.concatenate([[0], np.cumsum(kept)])
    return Responses(
        indptr=offsets_of(np.diff(kept_before[wider.indptr])),
        atoms=wider.atoms[kept],
        fold_counts=counts[kept],
        n_atoms=wider.n_atoms,
    )
