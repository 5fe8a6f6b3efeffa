"""Candidates for polysemanticity: units whose formula offers two unlike alternatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from andornot.analyses.lexicon import Lexicon
from andornot.analyses.split_counts import SplitCounts, gather_evidence
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.formula_forms import Alternative, alternatives
from andornot.results.explanation import Scored
from andornot.runs.run import Run

LEAST_SAMPLES = 5
"""Fewest samples that must speak for each of two meanings of a unit."""


@dataclass(frozen=True)
class Candidate:
    """Two alternatives of a unit's formula that account for different active positions.

    Attributes:
        unit: the unit.
        first, second: the two alternatives, the one that accounts for more first.
        shares: share of the positions that the formula explains which each accounts for and the
            other does not.
        similarity: mean similarity of a word of one and a word of the other; None if unknown.
    """

    unit: int
    first: Alternative
    second: Alternative
    shares: tuple[float, float]
    similarity: float | None

    @property
    def score(self) -> float:
        """The smaller share, times how unlike the words are."""
        return min(self.shares) * (1 if self.similarity is None else 1 - self.similarity)


def find_candidates(
    run: Run, layer: str, best: Mapping[int, Scored], lexicon: Lexicon, min_share: float
) -> tuple[list[Candidate], dict[int, SplitCounts]]:
    """Units with two alternatives that enough positions and samples speak for, the best first."""
    responses, table = run.responses(layer), run.concepts
    # shares of what the formula explains are taken where it was counted
    within = {unit: run.counted_atoms(scored.formula) for unit, scored in best.items()}
    found = [
        candidate
        for unit, scored in best.items()
        if (
            candidate := _candidate(
                unit, scored, table, responses, within[unit], lexicon, min_share
            )
        )
    ]
    splits = {c.unit: (c.first.whole, c.second.whole) for c in found}
    evidence = gather_evidence(run, layer, splits, within)
    # many positions can lie in one image, and one image shows no second meaning
    enough = [c for c in found if min(evidence[c.unit].samples[:2]) >= LEAST_SAMPLES]
    return sorted(enough, key=lambda c: (-c.score, c.unit)), evidence


def _candidate(
    unit: int,
    scored: Scored,
    table: ConceptTable,
    responses: Responses,
    within: NDArray[np.bool_],
    lexicon: Lexicon,
    min_share: float,
) -> Candidate | None:
    """The two alternatives of a formula that say most for two meanings; None if there are none.

    They are counted on the atoms ``within``, as the formula was.
    """
    parts = alternatives(scored.formula)
    atoms, k = responses.unit(unit)
    there = within[atoms]
    masks = [table.mask(part.whole)[atoms] & there for part in parts]
    best: Candidate | None = None
    for i, j in combinations(range(len(parts)), 2):
        alone = {a: int(k[masks[a] & ~masks[b]].sum()) for a, b in ((i, j), (j, i))}
        more, less = (i, j) if alone[i] >= alone[j] else (j, i)
        # a formula that explains no position has no share to tell
        tp = max(scored.counts.tp, 1)
        if alone[less] / tp < min_share:
            continue
        near = lexicon.between(parts[more].name, parts[less].name)
        if lexicon.measure is not None and near is None:
            continue
        shares = (alone[more] / tp, alone[less] / tp)
        found = Candidate(unit, parts[more], parts[less], shares, near)
        best = found if best is None or found.score > best.score else best
    return best
