"""Search on one part of the samples, score on the rest, fold by fold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from andornot._tools.progress import track
from andornot.counting.responses import Responses, known_positions
from andornot.results.trust import HeldOut
from andornot.search.problem import Solution
from andornot.trust.recount import Recount
from andornot.trust.repeat import Repeats, ratio, unit_rows

Ints = NDArray[np.int64]

_SEARCHED, _HELD_OUT = 0, 1
_BOTH, _EITHER = 0, 1


def measure_held_out(recount: Recount, repeats: Repeats) -> list[HeldOut | None]:
    """Held-out IoU by length of each unit of the recount.

    Where thresholds are quantiles, they too come from the samples that are searched on. None for
    all units where fewer than two folds have samples.
    """
    positions = known_positions(repeats.table)
    # folds may be empty: those without samples are passed over
    folds = np.unique(positions.folds).tolist()
    n_units = recount.responses.n_units
    if len(folds) < 2:
        return [None] * n_units
    counts = np.zeros((len(folds), n_units, 2, repeats.length, 2), np.int64)
    ceilings = np.zeros((len(folds), n_units, 2), np.int64)
    for at, fold in enumerate(track(folds, "holding out a fold", len(folds))):
        part = _Part(recount.held_out(fold), fold, repeats)
        for unit, solution in enumerate(part.search()):
            counts[at, unit] = part.score(unit, solution)
            ceilings[at, unit] = part.ceiling(unit)
    return [_held_out(counts[:, unit], ceilings[:, unit]) for unit in range(n_units)]


class _Part:
    """One fold, and the other samples."""

    def __init__(self, responses: Responses, fold: int, repeats: Repeats) -> None:
        self.responses, self.repeats = responses, repeats
        sizes = repeats.table.fold_counts
        # both as (n, 2): the part that is searched, the fold
        held, held_active = sizes[:, fold], responses.fold_counts[:, fold]
        self.sizes = np.stack([sizes.sum(axis=1) - held, held], axis=1)
        self.active = np.stack([responses.counts - held_active, held_active], axis=1)

    def search(self) -> Sequence[Solution]:
        """Solutions of all units on the searched part."""
        rows = unit_rows(self.responses, self.active[:, _SEARCHED])
        return list(self.repeats.search(rows, self.sizes[:, _SEARCHED].copy()))

    def score(self, unit: int, solution: Solution) -> Ints:
        """Intersection and union ``(2, length, 2)``: of both parts, by length."""
        found = [None if f is None else self.repeats.mask(f) for f in solution.by_length]
        atoms, active = self._unit(unit)
        counts = np.empty((2, len(found), 2), np.int64)
        for n, mask in enumerate(found):
            if mask is None:
                # without a formula nothing is shared, and the union is what the unit is active on
                counts[:, n, _BOTH], counts[:, n, _EITHER] = 0, active.sum(axis=0)
                continue
            both = active[mask[atoms]].sum(axis=0)
            counts[:, n, _BOTH] = both
            counts[:, n, _EITHER] = active.sum(axis=0) + self.sizes[mask].sum(axis=0) - both
        return counts

    def ceiling(self, unit: int) -> Ints:
        """Held-out intersection and union of the best union of atoms of the searched part.

        The best union for IoU takes atoms in descending order of the share on which the unit is
        active, up to some point (see ``search.ceiling``).
        """
        atoms, active = self._unit(unit)
        k, n = active[:, _SEARCHED], self.sizes[atoms, _SEARCHED]
        # atoms without a hit only add to the union
        some = np.flatnonzero(k > 0)
        order = some[np.argsort(-k[some] / n[some], kind="stable")]
        both = np.cumsum(k[order])
        score = both / (k.sum() + np.cumsum(n[order]) - both)
        best = order[: int(score.argmax()) + 1] if len(order) else order
        hits = active[best, _HELD_OUT].sum()
        area = self.sizes[atoms[best], _HELD_OUT].sum()
        return np.array([hits, active[:, _HELD_OUT].sum() + area - hits])

    def _unit(self, unit: int) -> tuple[NDArray[np.int32], Ints]:
        row = slice(self.responses.indptr[unit], self.responses.indptr[unit + 1])
        return self.responses.atoms[row], self.active[row]


def _held_out(counts: Ints, ceiling: Ints) -> HeldOut:
    """From the counts of one unit by fold: ``(folds, 2, length, 2)`` and ``(folds, 2)``."""
    pooled = counts.sum(axis=0)
    iou = ratio(pooled[..., _BOTH], pooled[..., _EITHER])
    top = ceiling.sum(axis=0)
    by_fold = ratio(counts[:, _HELD_OUT, :, _BOTH], counts[:, _HELD_OUT, :, _EITHER])
    return HeldOut(
        by_length=tuple(iou[_HELD_OUT].tolist()),
        in_sample=tuple(iou[_SEARCHED].tolist()),
        ceiling=float(ratio(top[_BOTH], top[_EITHER])),
        length=length_that_pays(by_fold),
    )


def length_that_pays(by_fold: NDArray[np.float64]) -> int:
    """The shortest length that does about as well as the best one, on held-out samples.

    Args:
        by_fold: held-out IoU ``(folds, lengths)``.

    Returns:
        The shortest length whose mean over folds falls short of the largest mean by no more than
        one standard error of the difference over folds.
    """
    best = int(by_fold.mean(axis=0).argmax())
    short = by_fold[:, best : best + 1] - by_fold
    # of the difference fold by fold: folds that are hard for both lengths do not count
    error = short.std(axis=0, ddof=1) / np.sqrt(len(by_fold))
    # never empty: the best length is short of itself by 0
    return int(np.flatnonzero(short.mean(axis=0) <= error)[0]) + 1
