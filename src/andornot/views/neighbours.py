"""Which units fire on much the same things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse

from andornot.counting.overlaps import (
    GivenMasks,
    LayerUnits,
    MapMasks,
    Masks,
    Overlaps,
    RowMasks,
    nearest_masks,
)
from andornot.counting.responses import Responses, known_positions
from andornot.results.verdict import Verdict
from andornot.runs.run import Run
from andornot.views.plain import View
from andornot.views.unit_links import UnitLink

_BLOCK = 256

NEAR: Final = 6
"""Near units on the page of a unit."""

LEAST: Final = 0.01
"""Least IoU of the masks of units that are called near."""

KNOWN: Final = 64
"""Near units whose overlap is kept for each: all others overlap it less than the last of them."""


@dataclass(frozen=True)
class Match(View):
    """Another unit, by its place in a list, and how near it is."""

    index: int
    score: float


@dataclass(frozen=True)
class Near(View):
    """Another unit that is active where a unit is.

    Attributes:
        ref: the other unit.
        shared: on how many positions both are active; None where the masks are not known.
        iou: intersection over union of the two masks; likewise.
        cosine: where the masks are not known, how alike the combinations of concepts are on which
            they are active (see :func:`nearest_units`); None where they are.
    """

    ref: UnitLink
    shared: int | None = None
    iou: float | None = None
    cosine: float | None = None


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Of each unit that is shown the nearest others, of all layers.

    Attributes:
        refs: the units, one layer after the other.
        overlaps: what their masks share, in the same order; None where these are not known.
        cosines: then the nearest by the combinations of concepts; empty where nothing is known.
    """

    refs: Sequence[UnitLink]
    overlaps: Overlaps | None = None
    cosines: Sequence[Sequence[Match]] = ()

    def of(self, place: int) -> tuple[Near, ...]:
        """The nearest of a unit, by its place; nearest first, at most :data:`NEAR`.

        Those that share next to nothing are left out.
        """
        if self.overlaps is None:
            own = self.cosines[place] if self.cosines else ()
            return tuple(Near(self.refs[match.index], cosine=match.score) for match in own)
        ious = self.overlaps.iou(place)[:NEAR]
        return tuple(
            Near(
                self.refs[self.overlaps.others[place, i]], int(self.overlaps.shared[place, i]), iou
            )
            for i, iou in enumerate(ious.tolist())
            if iou >= LEAST
        )

    def closest(self, n: int) -> tuple[tuple[UnitLink, Near], ...]:
        """The pairs whose masks overlap most, each once; those of too little data are left out."""
        if self.overlaps is None:
            return ()
        # a pair of the first n is among the first n of each of its two units
        pairs = [
            (-iou, place, int(other), int(shared))
            for place in range(len(self.refs))
            for other, shared, iou in zip(
                self.overlaps.others[place, :n], self.overlaps.shared[place, :n],
                self.overlaps.iou(place)[:n].tolist(), strict=False,
            )
            if place < other and self._is_much(place) and self._is_much(int(other))
        ]  # fmt: skip
        best = sorted(pairs)[:n]
        return tuple((self.refs[a], Near(self.refs[b], n, -iou)) for iou, a, b, n in best)

    def _is_much(self, place: int) -> bool:
        return self.refs[place].judged.verdict != Verdict.TOO_LITTLE_DATA


def neighbours_of_run(
    run: Run, units: Sequence[tuple[str, Sequence[int]]], refs: Sequence[UnitLink]
) -> Neighbours:
    """The nearest units of a run by their masks, which are made from its activations once more.

    Args:
        run: the run.
        units: the units of each layer.
        refs: the same as other views point at them.

    Raises:
        RunError: the activations were not stored, or some of them are gone.
    """
    return Neighbours(refs, nearest_masks(_masks(run, units), KNOWN))


def _masks(run: Run, units: Sequence[tuple[str, Sequence[int]]]) -> Masks:
    """The masks of units of some layers, one layer after the other."""
    if run.by_sample:
        masks = [(run.areas(layer)[:, list(own)] > 0).T for layer, own in units]
        return GivenMasks(np.concatenate(masks))
    layers = [
        LayerUnits(run.activations(name), run.thresholds(name), np.array(own, np.int64))
        for name, own in units
    ]
    positions = known_positions(run.at_positions)
    n_positions = int(positions.offsets[-1])
    by_row = [layer.activations.n_rows == n_positions for layer in layers]
    assert len(set(by_row)) == 1, "layers of a run are recorded alike"
    return RowMasks(layers, n_positions) if by_row[0] else MapMasks(layers, positions)


def nearest_units(
    responses: Responses, units: Sequence[int], n: int = NEAR
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
