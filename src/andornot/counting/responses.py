"""Responses: on how many positions of each atom a unit is active.

Together with the concept table this is all that any score of any formula needs: ``k_{u,a}`` is
the sufficient statistic of unit ``u``. It is kept sparse, and per fold of samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from andornot._tools.checks import as_masks, as_path, as_sparse, several, whole_number
from andornot._tools.files import arrays_writer, check_plain, write_whole, writing
from andornot._tools.parallel import ordered_map
from andornot._tools.reading import read_arrays
from andornot._tools.words import brief, count
from andornot.concepts.positions import AtomMap, grid_shape, offsets_of
from andornot.concepts.table import ConceptTable, check_table
from andornot.counting.groups import active_groups
from andornot.counting.kernels import count_mask, count_unit
from andornot.counting.stores import Activations, extremes
from andornot.counting.thresholds import by_shape
from andornot.counting.upsample import axis
from andornot.errors import DataError, OptionError

if TYPE_CHECKING:
    import scipy.sparse

# entries that may wait to be added up: about 128 MB of keys and counts
_PENDING = 8_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Responses:
    """Active positions of each unit in each atom, as sparse rows.

    They are the masks M(x) of section 2 of the paper, as far as formulas can tell positions apart.

    Attributes:
        indptr: int64 ``(n_units + 1,)``.
        atoms: int32; the atoms on which unit ``u`` is active at all are
            ``atoms[indptr[u]:indptr[u + 1]]``, ascending.
        fold_counts: int64 ``(len(atoms), n_folds)``, active positions there in each fold.
        n_atoms: number of atoms of the concept table.
        active_groups: int64 ``(n_units,)``, groups of samples with an active position; None where
            only atoms were counted.

    Examples:
        >>> concepts = andornot.ConceptTable.from_masks([[True, True, False, False]], ["water"])
        >>> unit_masks = [[True, False, True, True], [True, True, False, False]]
        >>> responses = andornot.Responses.from_masks(unit_masks, concepts)
        >>> responses.n_units, responses.totals
        (2, array([3, 2]))
        >>> print(andornot.explain(responses, concepts)[1])
        unit 1: water (IoU 1.000)
    """

    indptr: NDArray[np.int64]
    atoms: NDArray[np.int32]
    fold_counts: NDArray[np.int64]
    n_atoms: int
    active_groups: NDArray[np.int64] | None = None

    def __repr__(self) -> str:
        return (
            f"<Responses of {count(self.n_units, 'unit')}, active on "
            f"{count(int(self.counts.sum()), 'position')} ({count(self.n_atoms, 'atom')}, "
            f"{count(self.n_folds, 'fold')})>"
        )

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.indptr) - 1

    @property
    def n_folds(self) -> int:
        """Number of folds of samples."""
        return int(self.fold_counts.shape[1])

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Active positions of all folds together; aligned with ``atoms``."""
        counts: NDArray[np.int64] = self.fold_counts.sum(axis=1)
        return counts

    @cached_property
    def totals(self) -> NDArray[np.int64]:
        """All active positions of each unit, ``A_u``."""
        # not reduceat, which gives a unit without atoms the count of the next one
        sums = np.concatenate([[0], np.cumsum(self.counts)])
        totals: NDArray[np.int64] = sums[self.indptr[1:]] - sums[self.indptr[:-1]]
        return totals

    def unit(self, index: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Atoms on which a unit is active, and its active positions there."""
        row = self._row(index)
        return self.atoms[row], self.counts[row]

    def unit_folds(self, index: int) -> NDArray[np.int64]:
        """Active positions of a unit by atom and fold, dense ``(n_atoms, n_folds)``."""
        row = self._row(index)
        dense = np.zeros((self.n_atoms, self.n_folds), np.int64)
        dense[self.atoms[row]] = self.fold_counts[row]
        return dense

    def matrix(self) -> scipy.sparse.csr_array:
        """Active positions as a sparse matrix, int64 units x atoms.

        Examples:
            >>> concepts = andornot.ConceptTable.from_masks([[True, True, False, False]], ["water"])
            >>> responses = andornot.Responses.from_masks([[True, False, True, True]], concepts)
            >>> responses.matrix().toarray()
            array([[2, 1]])
        """
        import scipy.sparse  # not for those who never ask

        return scipy.sparse.csr_array(
            (self.counts, self.atoms, self.indptr), shape=(self.n_units, self.n_atoms)
        )

    def _row(self, index: int) -> slice:
        """Where the entries of a unit lie.

        Raises:
            OptionError: there is no such unit.
        """
        if not 0 <= whole_number(index, "unit") < self.n_units:
            raise OptionError(f"there is no unit {index}; units are 0 to {self.n_units - 1}")
        return slice(self.indptr[index], self.indptr[index + 1])

    def select(self, units: Sequence[int]) -> Responses:
        """Only these units, in this order."""
        units = [whole_number(u, "units") for u in several(units, "units")]
        # all of them in order is the common case, and costs no copy
        if units == list(range(self.n_units)):
            return self
        rows = [np.arange(row.start, row.stop) for row in map(self._row, units)]
        entries = np.concatenate([*rows, np.zeros(0, np.int64)])
        return Responses(
            offsets_of([len(row) for row in rows]),
            self.atoms[entries],
            self.fold_counts[entries],
            self.n_atoms,
            None if self.active_groups is None else self.active_groups[units],
        )

    @classmethod
    def from_masks(
        cls, unit_masks: ArrayLike, concepts: ConceptTable, jobs: int | None = None
    ) -> Responses:
        """From one boolean mask for each unit.

        Args:
            unit_masks: bool ``(n_units, *position_shape)``, with the positions of the table.
            concepts: a table that knows its positions.
            jobs: threads; all cores if not given.

        Raises:
            DataError: shapes do not fit, or the masks hold more than True and False (or 0 and 1).
        """
        check_table(concepts, "concepts")
        masks = as_masks(unit_masks, "unit masks", "values > 0")
        positions = known_positions(concepts)
        if (
            masks.ndim < 2
            or masks.shape[1] != positions.n_samples
            or (positions.shapes != grid_shape(masks.shape[2:])).any()
        ):
            raise DataError(
                f"unit masks have shape {masks.shape}; expected (n_units, ...) with the "
                f"{positions.n_samples} samples{_grid_text(positions)} of the concept table"
            )
        count_by = CountBy(positions, concepts.n_atoms, concepts.n_folds)
        return cls.of_masks(masks, count_by, jobs)

    @classmethod
    def from_sparse(
        cls, active: scipy.sparse.sparray | scipy.sparse.spmatrix, concepts: ConceptTable
    ) -> Responses:
        """From units that fire on few positions, such as a sparse autoencoder's latents.

        Args:
            active: ``(n_units, n_positions)``; a unit is active where its entry is above 0.
                Positions are in the order of the table: sample by sample, row by row.
            concepts: a table that knows its positions.

        Raises:
            DataError: the matrix has not one column for each position.

        Examples:
            >>> import scipy.sparse
            >>> concepts = andornot.ConceptTable.from_masks([[True, True, False, False]], ["water"])
            >>> latents = scipy.sparse.csr_array([[0.7, 0.2, 0, 0], [0, 0, 0, 1.5]])
            >>> andornot.Responses.from_sparse(latents, concepts).totals
            array([2, 1])
        """
        check_table(concepts, "concepts")
        positions, rows = known_positions(concepts), as_sparse(active, "the matrix")
        n_positions = len(positions.codes)
        if rows.shape[1] != n_positions:
            hint = "; give its transpose" if rows.shape[0] == n_positions else ""
            raise DataError(
                f"the matrix has shape {rows.shape}; expected (n_units, n_positions) with the "
                f"{n_positions} positions of the concept table{hint}"
            )
        # before values are looked at: only the sum of a position's entries says if it is active
        rows.sum_duplicates()
        atoms, folds = _atoms_of_positions(positions)
        group_numbers = np.repeat(positions.group_numbers, np.diff(positions.offsets))
        groups = np.zeros(rows.shape[0], np.int64)
        builder = ResponseBuilder(rows.shape[0], concepts.n_atoms, concepts.n_folds)
        for unit in np.flatnonzero(np.diff(rows.indptr)):
            row = slice(rows.indptr[unit], rows.indptr[unit + 1])
            where = rows.indices[row][rows.data[row] > 0]
            keys = atoms[where] * concepts.n_folds + folds[where]
            builder.add(int(unit), keys, np.ones(len(keys), np.int64))
            groups[unit] = len(np.unique(group_numbers[where]))
        return replace(builder.finish(), active_groups=groups)

    @classmethod
    def of_masks(
        cls, masks: NDArray[np.bool_], count_by: CountBy, jobs: int | None = None
    ) -> Responses:
        """From one mask for each unit, by atoms of any numbering; the masks fit the positions."""
        positions, size = count_by.positions, count_by.n_atoms * count_by.n_folds
        builder = ResponseBuilder(len(masks), count_by.n_atoms, count_by.n_folds)
        keys = positions.atoms.astype(np.int64) * count_by.n_folds
        keys += np.repeat(positions.folds, np.diff(positions.atom_offsets))
        where = (np.asarray(positions.codes), positions.offsets, positions.atom_offsets, keys)
        most = int(np.diff(positions.atom_offsets).max(initial=0))
        rows = masks.reshape(len(masks), len(positions.codes))
        there = np.zeros((len(masks), positions.n_samples), np.bool_)

        def count(unit: int) -> NDArray[np.int64]:
            tally = np.zeros(size, np.int64)
            local = np.zeros(most, np.int64)
            mask = np.ascontiguousarray(rows[unit]).view(np.uint8)
            count_mask(mask, *where, tally, local, there[unit])
            return tally

        for unit, tally in enumerate(ordered_map(count, range(len(rows)), jobs)):
            present = np.flatnonzero(tally)
            builder.add(unit, present, tally[present])
        groups = active_groups(there.T, positions.group_numbers)
        return replace(builder.finish(), active_groups=groups)

    def save(self, path: str | Path) -> None:
        """Write as one ``.npz`` file, whole or not at all.

        Raises:
            OptionError: something else than responses of ours lies there.
            RunError: it cannot be written.

        Examples:
            >>> concepts = andornot.ConceptTable.from_masks([[True, False]], ["water"])
            >>> andornot.Responses.from_masks([[True, True]], concepts).save("responses.npz")
            >>> andornot.Responses.load("responses.npz").totals
            array([2])
        """
        path = as_path(path, "path")
        with writing(path):
            check_plain(path)
            if path.exists() and not _is_ours(path):
                raise OptionError(
                    f"{path} is not andornot's, so it is not replaced; choose another file"
                )
            write_whole(path, self.writer())

    def writer(self) -> Callable[[Path], None]:
        """What writes the responses to a path, as one ``.npz`` file."""
        groups = {} if self.active_groups is None else {"active_groups": self.active_groups}
        return arrays_writer(
            indptr=self.indptr, atoms=self.atoms, fold_counts=self.fold_counts,
            n_atoms=self.n_atoms, **groups,
        )  # fmt: skip

    @classmethod
    def load(cls, path: str | Path) -> Responses:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: the file is missing or damaged.
        """
        names = ("indptr", "atoms", "fold_counts", "n_atoms")
        arrays = read_arrays(as_path(path, "path"), names, optional=("active_groups",))
        n_atoms = int(arrays.pop("n_atoms"))
        return cls(**arrays, n_atoms=n_atoms)


def _is_ours(path: Path) -> bool:
    """Whether a file is one that :meth:`Responses.save` wrote."""
    with suppress(DataError):
        return bool(Responses.load(path))
    return False


class ResponseBuilder:
    """Adds up counts by unit, atom and fold, in memory that is bounded by the result's size."""

    def __init__(self, n_units: int, n_atoms: int, n_folds: int) -> None:
        self.n_units, self.n_atoms, self.n_folds = n_units, n_atoms, n_folds
        self._keys: list[NDArray[np.int64]] = []
        self._counts: list[NDArray[np.int64]] = []
        self._pending = 0
        self._compacted = 0

    def add(self, unit: int, keys: NDArray[np.integer], counts: NDArray[np.integer]) -> None:
        """Add counts of one unit; ``keys`` are ``atom * n_folds + fold``."""
        if len(keys):
            self._take(
                keys.astype(np.int64) + unit * self.n_atoms * self.n_folds, counts.astype(np.int64)
            )

    def _take(self, keys: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        self._keys.append(keys)
        self._counts.append(counts)
        self._pending += len(keys)
        # only when more came than was left the last time, so that all sorting together stays cheap
        if self._pending > max(_PENDING, 2 * self._compacted):
            self._compact()

    def _compact(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        # the empty array is there because a list of none cannot be joined
        keys = np.concatenate([*self._keys, np.zeros(0, np.int64)])
        counts = np.concatenate([*self._counts, np.zeros(0, np.int64)])
        order = np.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
        # no key is below 0, so -1 makes the first one count as new
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        keys = keys[first]
        counts = np.add.reduceat(counts, first) if len(first) else counts
        self._keys, self._counts = [keys], [counts]
        self._pending = self._compacted = len(keys)
        return keys, counts

    def state(self) -> dict[str, NDArray[Any]]:
        """All that :meth:`merge` needs, as plain arrays."""
        keys, counts = self._compact()
        return {"keys": keys, "counts": counts}

    def merge(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Add what another builder with the same units, atoms and folds counted."""
        self._take(state["keys"], state["counts"])

    def finish(self) -> Responses:
        """The responses added so far."""
        keys, counts = self._compact()
        rows, fold = np.divmod(keys, self.n_folds)
        distinct = np.flatnonzero(np.diff(rows, prepend=-1))
        fold_counts = np.zeros((len(distinct), self.n_folds), np.int64)
        entry = np.cumsum(np.diff(rows, prepend=-1) != 0) - 1
        fold_counts[entry, fold] = counts
        unit, atom = np.divmod(rows[distinct], self.n_atoms)
        return Responses(
            indptr=offsets_of(np.bincount(unit, minlength=self.n_units)),
            atoms=atom.astype(np.int32),
            fold_counts=fold_counts,
            n_atoms=self.n_atoms,
        )


@dataclass(frozen=True, eq=False)
class LayerCounts:
    """What one pass over a layer's activations gives.

    Attributes:
        responses: active positions by unit and atom.
        areas: int32 ``(n_samples, n_units)``, active positions in each sample.
        peaks: float32 ``(n_samples, n_units)``, largest activation in each sample; NaN where one
            is NaN.
    """

    responses: Responses
    areas: NDArray[np.int32]
    peaks: NDArray[np.float32]
    __repr__ = brief


def count_responses(
    activations: Activations,
    thresholds: NDArray[np.float64],
    concepts: ConceptTable,
    jobs: int | None = None,
    blocks: Iterable[tuple[int, NDArray[np.float32]]] | None = None,
) -> LayerCounts:
    """Upsample, threshold and count, fused: no upsampled map is ever held.

    A unit whose threshold is NaN is active nowhere.

    Args:
        activations: recorded activations of a layer, for the samples of the table: a map for each
            sample, or else a value for each position (a token, say), in blocks of whole samples.
        thresholds: float64 ``(n_units,)``.
        concepts: a table that knows its positions.
        jobs: threads; all cores if not given.
        blocks: the blocks to read, where not plainly ``activations.blocks()`` (for progress).

    Raises:
        DataError: the activations are of another number of samples than the table.
    """
    count_by = CountBy(known_positions(concepts), concepts.n_atoms, concepts.n_folds)
    return count_positions(activations, thresholds, count_by, jobs, blocks)


@dataclass(frozen=True, eq=False)
class CountBy:
    """What positions are counted by.

    Attributes:
        positions: the atom of each position; any numbering, not only that of a concept table.
        n_atoms: how many numbers there are.
        n_folds: folds of samples to count in.
    """

    positions: AtomMap
    n_atoms: int
    n_folds: int = 1


def count_positions(
    activations: Activations,
    thresholds: NDArray[np.float64],
    count_by: CountBy,
    jobs: int | None = None,
    blocks: Iterable[tuple[int, NDArray[np.float32]]] | None = None,
) -> LayerCounts:
    """As :func:`count_responses`, by atoms of any numbering."""
    counter = LayerCounter(count_by, thresholds, activations.n_rows)
    for start, block in activations.blocks() if blocks is None else blocks:
        counter.add(start, block, jobs)
    return counter.finish()


class LayerCounter:
    """Counts by unit and atom, and areas and peaks by sample, from blocks in any order.

    Blocks are pushed in by :meth:`add`; what was counted of other samples, on another machine say,
    is taken in by :meth:`merge`. All are whole numbers or single values, so the result is the same
    to the last bit whatever the blocks and the order.
    """

    def __init__(self, count_by: CountBy, thresholds: NDArray[np.float64], n_rows: int) -> None:
        """Begin with nothing counted.

        Args:
            count_by: what positions are counted by.
            thresholds: float64 ``(n_units,)``; a unit without one (NaN) is active nowhere.
            n_rows: rows of activations of all samples together, see ``AtomMap.by_row``.

        Raises:
            DataError: so many rows are neither samples nor positions.
        """
        self._samples, self._n_folds = count_by.positions, count_by.n_folds
        self._positions = count_by.positions.by_row(n_rows)
        self._thresholds = thresholds
        self._builder = ResponseBuilder(len(thresholds), count_by.n_atoms, count_by.n_folds)
        self._areas: list[tuple[int, NDArray[np.int32]]] = []
        self._peaks: list[NDArray[np.float32]] = []

    def add(self, start: int, block: NDArray[np.float32], jobs: int | None = None) -> None:
        """Count a block of whole samples, ``(rows, units, height, width)``.

        Args:
            start: its first row.
            block: the activations.
            jobs: threads; all cores if not given.
        """
        _, high = extremes(block, jobs)
        area = np.zeros((len(block), len(self._thresholds)), np.int32)
        layout = _block_layout(self._positions, start, start + len(block), self._n_folds)

        def count(unit: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
            threshold = float(self._thresholds[unit])
            return list(layout.count(block[:, unit], high[:, unit], threshold, area[:, unit]))

        alive = np.flatnonzero(~np.isnan(self._thresholds)).tolist()
        for unit, parts in zip(alive, ordered_map(count, alive, jobs), strict=True):
            for keys, counts in parts:
                self._builder.add(unit, keys, counts)
        # rows are single positions, as tokens: join them by sample; a block has whole samples
        if self._positions is not self._samples:
            offsets = self._samples.offsets
            first, last = np.searchsorted(offsets, [start, start + len(block)])
            rows, start = offsets[first:last] - start, int(first)
            area, high = np.add.reduceat(area, rows), np.maximum.reduceat(high, rows)
        self._areas.append((start, area))
        self._peaks.append(high)

    def state(self) -> dict[str, NDArray[Any]]:
        """All that :meth:`merge` needs, as plain arrays."""
        n_units = len(self._thresholds)
        return self._builder.state() | {
            "starts": np.array([start for start, _ in self._areas], np.int64),
            "sizes": np.array([len(area) for _, area in self._areas], np.int64),
            "areas": np.concatenate([*(a for _, a in self._areas), np.zeros((0, n_units), "i4")]),
            "peaks": np.concatenate([*self._peaks, np.zeros((0, n_units), "f4")]),
        }

    def merge(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take in what was counted of other samples, with the same thresholds."""
        self._builder.merge(state)
        inner = np.cumsum(state["sizes"])[:-1]
        starts = state["starts"].tolist()
        if starts:
            self._areas += zip(starts, np.split(state["areas"], inner), strict=True)
            self._peaks += np.split(state["peaks"], inner)

    def finish(self) -> LayerCounts:
        """The counts of all samples that were taken in."""
        shape = self._samples.n_samples, len(self._thresholds)
        areas, peaks = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
        for (start, area), peak in zip(self._areas, self._peaks, strict=True):
            areas[start : start + len(area)], peaks[start : start + len(area)] = area, peak
        groups = active_groups(areas, self._samples.group_numbers)
        return LayerCounts(replace(self._builder.finish(), active_groups=groups), areas, peaks)


def known_positions(concepts: ConceptTable) -> AtomMap:
    """The table's positions, or a clear error when it kept only counts."""
    if concepts.positions is None:
        raise DataError(
            "this concept table kept no positions, so masks cannot be matched with it; "
            "build it again from masks, label maps or a data set"
        )
    return concepts.positions


def _atoms_of_positions(positions: AtomMap) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The atom and the fold of each position of all samples, one after another."""
    alone = positions.each_alone()
    return alone.atoms.astype(np.int64), alone.folds.astype(np.int64)


def _grid_text(positions: AtomMap) -> str:
    distinct = np.unique(positions.shapes, axis=0)
    if len(distinct) != 1:
        return ", which are of several sizes,"
    return " of {} x {} positions".format(*distinct[0])


@dataclass(frozen=True, eq=False)
class _Layout:
    """The positions of one block of samples, ready for the kernel.

    ``keys`` number the block's own pairs of atom and fold densely, so that the kernel's tally
    stays small; ``distinct`` leads back to ``atom * n_folds + fold``.
    """

    groups: Sequence[tuple[tuple[int, int], NDArray[np.int64]]]
    codes: NDArray[np.uint16]
    offsets: NDArray[np.int64]
    key_offsets: NDArray[np.int64]
    keys: NDArray[np.int64]
    distinct: NDArray[np.int64]

    def count(
        self,
        values: NDArray[np.float32],
        peaks: NDArray[np.float32],
        threshold: float,
        area: NDArray[np.int32],
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        most = int(np.diff(self.key_offsets).max(initial=0))
        for (height, width), samples in self.groups:
            rows, columns = axis(values.shape[1], height), axis(values.shape[2], width)
            # anew for each size of grid: a key of two sizes comes twice, and the builder adds up
            seen, touched = np.zeros((2, len(self.distinct)), np.int64)
            n_touched = count_unit(
                values, peaks, threshold, samples, rows.starts, rows.weights, columns.starts,
                columns.weights, self.codes, self.offsets, self.key_offsets, self.keys,
                seen, touched, area, np.zeros(most, np.int64), np.empty((2, width)),
            )  # fmt: skip
            keys = touched[:n_touched]
            yield self.distinct[keys], seen[keys]


def _block_layout(positions: AtomMap, start: int, stop: int, n_folds: int) -> _Layout:
    """Samples ``start`` to ``stop``."""
    offsets = positions.offsets[start : stop + 1]
    atom_offsets = positions.atom_offsets[start : stop + 1]
    # wide before it is multiplied: atoms times folds can exceed 32 bits
    atoms = positions.atoms[atom_offsets[0] : atom_offsets[-1]].astype(np.int64)
    folds = np.repeat(positions.folds[start:stop], np.diff(atom_offsets))
    distinct, keys = np.unique(atoms * n_folds + folds, return_inverse=True)
    return _Layout(
        groups=by_shape(positions.shapes[start:stop]),
        codes=np.asarray(positions.codes[offsets[0] : offsets[-1]]),
        offsets=offsets - offsets[0],
        key_offsets=atom_offsets - atom_offsets[0],
        keys=keys,
        distinct=distinct,
    )
