"""Further scores of a chosen formula: with the raw activations, and by sample.

The scores are those that Oikarinen et al. (2025) find trustworthy beside IoU and F1, and the
coverages of La Rosa et al. (NeurIPS 2023); ``docs/explanation/measures.md`` defines each. Two of
the coverages have other names here already: activation coverage is recall, detection accuracy is
precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.table import ConceptTable
from andornot.counting.responses import CountBy, count_positions, known_positions
from andornot.counting.stores import Activations
from andornot.measures.moments import find_moments, units_at_once
from andornot.measures.scores import Agreement
from andornot.results.explanation import Explanation


def agreements(
    explanations: Sequence[Explanation],
    activations: Activations,
    thresholds: NDArray[np.float64],
    concepts: ConceptTable,
    jobs: int | None = None,
) -> dict[int, Agreement]:
    """The further scores of all explanations that have a formula, by unit.

    Args:
        explanations: of units of one layer, each once.
        activations: the layer's recorded activations.
        thresholds: of all the layer's units, ``(n_units,)``.
        concepts: the concept table, with its positions.
        jobs: threads; all cores if not given.
    """
    explained = [e for e in explanations if e.formula is not None]
    # NaN, so that units without a formula are active nowhere and cost nothing
    only, units = np.full(len(thresholds), np.nan), [e.unit for e in explained]
    only[units] = thresholds[units]
    # by sample atom: coverage asks in which samples a unit is active, and atoms do not tell
    positions = known_positions(concepts).by_cell()
    count_by = CountBy(positions, len(positions.atoms))
    sample_atoms = count_positions(activations, only, count_by, jobs).responses
    samples = _Samples.of(concepts)
    found = {}
    for part in units_at_once(concepts, len(explained)):
        some = [explained[i] for i in part]
        moments = find_moments(activations, concepts, [e.unit for e in some], jobs)
        for row, e in enumerate(some):
            assert e.formula is not None
            mask, sums = concepts.mask(e.formula), moments.unit(row)
            coverage = samples.coverage(mask, sample_atoms.unit(e.unit)[0])
            found[e.unit] = Agreement(
                _rounded(sums.pearson(mask)), _rounded(sums.cosine(mask)), e.counts.auprc, *coverage
            )
    return found


def _rounded(value: float) -> float:
    """Without the last digits, which hang on the blocks that activations were recorded in."""
    return round(value, 10)


@dataclass(frozen=True, eq=False)
class _Samples:
    """Which atoms every sample has: atom and sample of each sample atom."""

    atoms: NDArray[np.int32]
    samples: NDArray[np.int64]
    n_samples: int

    @classmethod
    def of(cls, concepts: ConceptTable) -> _Samples:
        positions = known_positions(concepts)
        sizes = np.diff(positions.atom_offsets)
        samples = np.repeat(np.arange(positions.n_samples), sizes)
        return cls(positions.atoms, samples, positions.n_samples)

    def coverage(self, mask: NDArray[np.bool_], active: NDArray[np.int32]) -> tuple[float, float]:
        """Explanation coverage and sample coverage of a formula, from a unit's sample atoms."""
        holds, fires, both = np.zeros((3, self.n_samples), np.bool_)
        holds[self.samples[mask[self.atoms]]] = True
        fires[self.samples[active]] = True
        both[self.samples[active[mask[self.atoms[active]]]]] = True
        met = float(both.sum())
        return met / max(1, int(fires.sum())), met / max(1, int(holds.sum()))
