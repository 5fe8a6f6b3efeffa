"""Known and unknown: that nobody labelled a region is not that it has no such concept.

A *pattern* says which categories were annotated. Positions of one atom can differ in their
pattern, so a table keeps *cells*: how many positions an atom has of each pattern. Where each atom
has a single pattern, formulas can be scored where they are known (``search.known``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from andornot._tools.checks import as_masks
from andornot._tools.files import arrays_writer
from andornot._tools.folders import Folder
from andornot._tools.reading import read_arrays
from andornot.concepts.positions import check_local_atoms, offsets_of
from andornot.errors import DataError

BoolArray = NDArray[np.bool_]
_FILE = "known.npz"
_ARRAYS = ("patterns", "atoms", "pattern", "counts")


@dataclass(frozen=True, eq=False)
class Known:
    """Which categories were annotated, by atoms.

    Attributes:
        categories: the categories that the columns of ``patterns`` stand for.
        patterns: bool ``(n_patterns, n_categories)``, True where annotated.
        atoms: int32 ``(n_cells,)``, the atom of each cell, ascending.
        pattern: int32 ``(n_cells,)``, its pattern.
        counts: int64 ``(n_cells,)``, its positions.
    """

    categories: tuple[str, ...]
    patterns: BoolArray
    atoms: NDArray[np.int32]
    pattern: NDArray[np.int32]
    counts: NDArray[np.int64]

    @classmethod
    def of_cells(
        cls,
        categories: tuple[str, ...],
        atoms: NDArray[np.int32],
        rows: BoolArray,
        counts: NDArray[np.int64],
    ) -> Known | None:
        """From cells in any order, each with its own row of ``patterns``; equal ones are joined.

        None where all is known.
        """
        if rows.all():
            return None
        # as bits first: there are few patterns, and may be a million cells
        packed = np.ascontiguousarray(np.packbits(rows, axis=1))
        whole = packed.view(f"V{packed.shape[1]}").ravel()
        first, coarse = np.unique(whole, return_index=True, return_inverse=True)[1:]
        patterns, fine = np.unique(rows[first], axis=0, return_inverse=True)
        pattern = fine.ravel()[coarse.ravel()]
        keys = atoms.astype(np.int64) * len(patterns) + pattern
        cells, at = np.unique(keys, return_inverse=True)
        totals = np.zeros(len(cells), np.int64)
        np.add.at(totals, at, counts)
        return cls(
            categories, patterns, (cells // len(patterns)).astype(np.int32),
            (cells % len(patterns)).astype(np.int32), totals,
        )  # fmt: skip

    def of_other_atoms(self, atoms: NDArray[np.int32], rows: BoolArray) -> Known | None:
        """The same categories on other atoms, each of which has a single pattern.

        Args:
            atoms: the atom of each of some positions.
            rows: bool ``(n_positions, n_categories)``, what is known there.
        """
        return self.of_cells(self.categories, atoms, rows, np.ones(len(atoms), np.int64))

    @property
    def by_atom(self) -> bool:
        """Whether each atom has a single pattern."""
        return len(np.unique(self.atoms)) == len(self.atoms)

    def of_concepts(
        self,
        categories: Sequence[Sequence[str]],
        members: Sequence[Sequence[int]] = (),
    ) -> BoolArray:
        """Whether a concept is known in a pattern, ``(n_patterns, n_concepts)``.

        A concept of several categories is known where any of them is; one without a category is
        known everywhere; a union of concepts where all its members are.

        Args:
            categories: of each concept.
            members: the columns that each concept is the union of, none for plain ones.
        """
        column = {name: at for at, name in enumerate(self.categories)}
        known = np.ones((len(self.patterns), len(categories)), np.bool_)
        for at, own in enumerate(categories):
            if own and all(name in column for name in own):
                known[:, at] = self.patterns[:, [column[name] for name in own]].any(axis=1)
        for at, parts in enumerate(members):
            if parts:
                known[:, at] = known[:, list(parts)].all(axis=1)
        return known

    def parts(self) -> tuple[bytes, ...]:
        """All it holds, as bytes for a digest."""
        arrays = (getattr(self, name).tobytes() for name in _ARRAYS)
        return (repr(self.categories).encode(), *arrays)

    def save(self, directory: Path) -> None:
        """Write all but the categories into an existing directory of ours: ``known.npz``."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        Folder.at(directory, whole=True).write(_FILE, arrays_writer(**arrays))

    @classmethod
    def load(cls, directory: Path, categories: Iterable[str]) -> Known:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: the file is missing or damaged.
        """
        return cls(tuple(categories), **read_arrays(directory / _FILE, _ARRAYS))


def every_category(categories: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """The categories of concepts, each once, in order of first appearance."""
    return tuple(dict.fromkeys(name for own in categories for name in own))


Unknown = Mapping[str, BoolArray | None]
"""Of one sample: categories that nobody annotated, with the positions where; None: everywhere."""


@dataclass(frozen=True, eq=False)
class LocalKnown:
    """What is known of one sample: its local atoms, parted by pattern into cells.

    Attributes:
        local: int32 ``(n_cells,)``, the local atom of each cell.
        known: bool ``(n_cells, n_categories)``.
        counts: int64 ``(n_cells,)``, positions.
        codes: uint16, the cell of each position.
    """

    local: NDArray[np.int32]
    known: BoolArray
    counts: NDArray[np.int64]
    codes: NDArray[np.uint16]

    @classmethod
    def of(
        cls, codes: NDArray[np.uint16], categories: Sequence[str], unknown: Unknown
    ) -> LocalKnown:
        """Part the positions of a sample.

        Args:
            codes: the local atom of each position.
            categories: all categories of the table; others do not count.
            unknown: what is unknown; masks have their positions in the order of ``codes``.

        Raises:
            DataError: the sample has more than 65,536 combinations of labels and patterns.
        """
        nowhere = [name in unknown and unknown[name] is None for name in categories]
        cell_of = codes.astype(np.int64)
        local = np.arange(cell_of.max(initial=-1) + 1, dtype=np.int32)
        known = np.tile(~np.array(nowhere, np.bool_), (len(local), 1))
        # one mask may stand for several categories, so each is looked at once
        for mask in {id(m): m for m in unknown.values() if m is not None}.values():
            lost = [unknown.get(name) is mask for name in categories]
            halves = 2 * cell_of + mask.ravel()
            used = np.flatnonzero(np.bincount(halves))
            renamed = np.zeros(2 * len(local), np.int64)
            renamed[used] = np.arange(len(used))
            cell_of, local, known = renamed[halves], local[used // 2], known[used // 2]
            known[np.ix_(used % 2 == 1, lost)] = False
        check_local_atoms(len(local), "one sample")
        counts = np.bincount(cell_of, minlength=len(local)).astype(np.int64)
        return cls(local, known, counts, cell_of.astype(np.uint16))

    def atoms(
        self, indptr: NDArray[np.int64], indices: NDArray[np.int32], n_concepts: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The cells as local atoms: what is unknown stands in hidden columns behind the concepts.

        Args:
            indptr: concepts of each local atom ...
            indices: ... as sorted rows.
            n_concepts: the number of concepts.
        """
        rows = [
            np.concatenate(
                [indices[indptr[atom] : indptr[atom + 1]], n_concepts + np.flatnonzero(~known)]
            )
            for atom, known in zip(self.local, self.known, strict=True)
        ]
        return offsets_of([len(row) for row in rows]), _joined(rows)


def known_rows(
    joined: NDArray[np.int32], sizes: NDArray[np.int64], n_concepts: int, n_categories: int
) -> BoolArray:
    """Which categories are known in each row, by its hidden columns.

    Args:
        joined: the rows, one after another.
        sizes: of each row.
        n_concepts: the number of concepts; hidden columns stand behind them.
        n_categories: the number of categories.
    """
    known = np.ones((len(sizes), n_categories), np.bool_)
    hidden = joined >= n_concepts
    row = np.repeat(np.arange(len(sizes)), sizes)
    known[row[hidden], joined[hidden] - n_concepts] = False
    return known


def _joined(rows: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    return np.concatenate([*rows, np.zeros(0, np.int32)]).astype(np.int32)


def check_known(known: object, categories: tuple[str, ...], shape: tuple[int, ...]) -> BoolArray:
    """What users say is known, as bool ``(n_categories, *position_shape)``.

    Args:
        known: for each category by name a boolean mask over the positions or one for each sample;
            categories left out are known everywhere. Or an array of masks, one for each category.
        categories: of the table, in order of first appearance.
        shape: of the positions; the first axis counts samples.

    Raises:
        DataError: a category is not there, or a mask is not boolean or of another shape.
    """
    if not isinstance(known, dict):
        array = np.asarray(known)
        if array.ndim < 1 or len(array) != len(categories):
            raise DataError(
                f"known has shape {array.shape}; give a mask for each of the {len(categories)} "
                f"categories ({', '.join(categories) or 'there is none'}), or a dictionary of some"
            )
        known = dict(zip(categories, array, strict=True))
    if strange := [name for name in known if name not in categories]:
        raise DataError(
            f"known names the category {strange[0]!r}, which no concept has; there are "
            f"{', '.join(categories) or 'none'}"
        )
    masks = np.ones((len(categories), *shape), np.bool_)
    for name, given in known.items():
        mask = as_masks(given, f"masks of what is known of {name!r}", "mask > 0")
        if mask.shape not in (shape, shape[:1]):
            raise DataError(
                f"known of {name!r} has shape {mask.shape}; expected masks of shape "
                f"{shape}, or {shape[:1]} for whole samples"
            )
        masks[categories.index(name)] = mask.reshape(*mask.shape, *[1] * (len(shape) - mask.ndim))
    return masks
