"""How well units detect single concepts, and what the best of many units is worth.

The best of 512 units has a high IoU with almost any concept, for it was chosen to. So it is chosen
on all folds but one, and scored on that one, fold by fold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NONE: Final = -1
"""In the place of a unit where there is none."""

_ROOM: Final = 2**21
"""Most counts of a block of concepts, by unit and fold: 16 MB for each array of them."""


@dataclass(frozen=True, eq=False)
class Detectors:
    """For each concept the units that detect it best, and what choosing the best is worth.

    Attributes:
        units: int64 ``(n_concepts, n)``, places of units, best first; :data:`NONE` fills up.
        ious: ``(n_concepts, n)``, IoU of the concept alone with each, on all samples.
        fold_ious: ``(n_concepts, n, n_folds)``, the same in each fold; NaN in a fold that has
            neither.
        chosen: int64 ``(n_concepts, n_folds)``, the unit that is best outside each fold;
            :data:`NONE` where none shares a position with the concept.
        outside: ``(n_concepts, n_folds)``, its IoU there.
        hits, either: int64 ``(n_concepts, n_folds)``, positions inside the fold where both hold,
            and where at least one does.
        used: bool ``(n_folds,)``, the folds that have samples.
    """

    units: Ints
    ious: Floats
    fold_ious: Floats
    chosen: Ints
    outside: Floats
    hits: Ints
    either: Ints
    used: BoolArray

    @property
    def held_out(self) -> Floats | None:
        """IoU of the unit that was chosen outside each fold, inside it, over all folds.

        Positions are added up before they are divided. NaN for a concept that holds nowhere; None
        where fewer than two folds have samples, so that nothing can be held out.
        """
        if self.used.sum() < 2:
            return None
        either = self.either.sum(axis=1)
        return np.where(either > 0, self.hits.sum(axis=1) / np.maximum(either, 1), np.nan)

    def better_of(self, other: Detectors, shift: int) -> Detectors:
        """What is chosen where the units of another layer may be, too; ``shift`` is added to them.

        Only the choice is joined; lists of the best units are those of ``self``.
        """
        take = other.outside > self.outside
        theirs = np.where(other.chosen == NONE, NONE, other.chosen + shift)
        joined = {
            "chosen": np.where(take, theirs, self.chosen),
            **{
                name: np.where(take, getattr(other, name), getattr(self, name))
                for name in ("outside", "hits", "either")
            },
        }
        return Detectors(**{f.name: getattr(self, f.name) for f in fields(self)} | joined)


def detectors(
    responses: Responses,
    table: ConceptTable,
    doubtful: Sequence[bool],
    enough: Sequence[bool],
    n: int = 10,
    *,
    known_only: bool = False,
) -> Detectors:
    """Find the units that detect each concept best.

    Thresholds of units are those of all samples; only the choice of the unit is held out.

    Args:
        responses: of the units.
        table: the concepts.
        doubtful: units that are listed after all others: one that is active on three positions
            has an IoU of 1 with whatever holds on these.
        enough: units that may be chosen as the best: those with enough active positions.
        n: how many to list.
        known_only: count only positions where it is known whether the concept holds.

    Examples:
        >>> masks = np.array([[1, 1, 0, 0, 1, 1], [0, 1, 1, 0, 0, 0]], bool)
        >>> folds = [0, 0, 0, 1, 1, 1]
        >>> table = andornot.ConceptTable.from_masks(masks, ["sea", "ship"], folds=folds)
        >>> units = andornot.Responses.from_masks(masks[::-1], table)
        >>> found = detectors(units, table, [False, False], [True, True], n=1)
        >>> found.units[:, 0], found.ious[:, 0]
        (array([1, 0]), array([1., 1.]))
        >>> found.held_out  # a ship is in one fold only
        array([1., 0.])
    """
    counter = _Counter(responses, table, known_only)
    blocks = [
        _block(counter.count(chosen), np.array(doubtful, bool), np.array(enough, bool), n)
        for chosen in counter.blocks()
    ]
    used = table.fold_counts.sum(axis=0) > 0
    columns = (np.concatenate(arrays) for arrays in zip(*blocks, strict=True))
    units, ious, fold_ious, chosen, outside, hits, either = columns
    return Detectors(units, ious, fold_ious, chosen, outside, hits, either, used)


class _Counter:
    """Counts positions where units and concepts hold, by fold, for some concepts at once."""

    def __init__(self, responses: Responses, table: ConceptTable, known_only: bool) -> None:
        self.table, self.n_folds = table, table.n_folds
        self.n_units = responses.n_units
        shape = (responses.n_units, table.n_atoms)
        self.counts = [
            scipy.sparse.csr_array((by_fold, responses.atoms, responses.indptr), shape=shape)
            for by_fold in responses.fold_counts.T
        ]
        self.known = self._known(table) if known_only else None
        entries = np.ones(len(table.indices), np.int64)
        if self.known is not None:
            # a union of concepts may hold by one, and not be known for another
            atom = np.repeat(np.arange(table.n_atoms), np.diff(table.indptr))
            entries[:] = self.known[0][self.known[1][atom], table.indices]
        shape = (table.n_atoms, table.n_concepts)
        carried = scipy.sparse.csr_array((entries, table.indices, table.indptr), shape=shape)
        self.carried = carried.tocsc()

    @staticmethod
    def _known(table: ConceptTable) -> tuple[BoolArray, NDArray[np.int32]] | None:
        """Which concepts each pattern knows, and the pattern of each atom; None if all is known."""
        by_pattern = table.known_concepts
        if table.known is None or by_pattern is None:
            return None
        return by_pattern, table.known.pattern

    def blocks(self) -> Iterator[slice]:
        """Concepts that are counted together; there is always one block."""
        size = max(1, _ROOM // max(1, self.n_units * self.n_folds))
        for start in range(0, max(1, self.table.n_concepts), size):
            yield slice(start, start + size)

    def count(self, chosen: slice) -> tuple[Ints, Ints, Ints]:
        """Positions where both, and where at least one holds; ``(n_folds, concepts, n_units)``.

        Then those of the concepts, ``(n_folds, concepts)``.
        """
        carried = self.carried[:, chosen]
        hits = self._sums(carried)
        own = (carried.T @ self.table.fold_counts).T
        return hits, self._active(chosen) + own[:, :, None] - hits, own

    def _sums(self, of_atoms: scipy.sparse.csc_array) -> Ints:
        """Active positions on atoms that carry something, ``(n_folds, columns, n_units)``."""
        return np.stack([(counts @ of_atoms).toarray().T for counts in self.counts])

    def _active(self, chosen: slice) -> Ints:
        """Active positions that count for these concepts."""
        if self.known is None:
            return np.stack([counts.sum(axis=1) for counts in self.counts])[:, None, :]
        by_pattern, pattern = self.known
        known = by_pattern[pattern, chosen].astype(np.int64)
        return np.stack([(counts @ known).T for counts in self.counts])


def _block(
    counted: tuple[Ints, Ints, Ints], doubtful: BoolArray, enough: BoolArray, n: int
) -> tuple[NDArray[Any], ...]:
    """The fields of ``Detectors``, but the last, for some concepts."""
    hits, either, own = counted
    all_hits, all_either = hits.sum(axis=0), either.sum(axis=0)
    ious = all_hits / np.maximum(all_either, 1)
    order = np.lexsort((-ious, np.broadcast_to(doubtful, ious.shape)), axis=-1)[:, :n]
    rows = np.arange(len(ious))[:, None]
    listed = np.where(ious[rows, order] > 0, order, NONE)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN, as it should be
        fold_ious = np.moveaxis(hits[:, rows, order] / either[:, rows, order], 0, -1)
    chosen, outside = _choose(all_hits - hits, all_either - either, enough)
    at = np.arange(len(hits))[:, None], rows.T, chosen
    nobody = chosen == NONE
    # where no unit was chosen, nothing is hit, and all of the concept is missed
    inside = np.where(nobody, 0, hits[at]), np.where(nobody, own, either[at])
    choice = (array.T for array in (chosen, outside, *inside))
    return listed, ious[rows, order], fold_ious, *choice


def _choose(hits: Ints, either: Ints, enough: BoolArray) -> tuple[Ints, Floats]:
    """The best unit of each fold and concept outside the fold, and its IoU there."""
    ious = np.where(enough, hits / np.maximum(either, 1), 0.0)
    best = ious.argmax(axis=-1)
    outside = np.take_along_axis(ious, best[..., None], axis=-1)[..., 0]
    return np.where(outside > 0, best, NONE), outside
