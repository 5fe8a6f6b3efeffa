"""Which atom each position carries: the link from the concept table back to pixels.

A *position* is the thing a unit fires on: a pixel, a sentence, a token. Positions come in
*samples* (an image, a sentence pair), each a grid of ``height x width`` positions. Every sample
has few atoms, so a position is stored as a small code into its sample's own list of atoms.
Samples that are not independent (frames of one video) come in *groups*.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from andornot._tools.files import arrays_writer, bytes_writer
from andornot._tools.folders import Changed, Folder, verify
from andornot._tools.reading import read_arrays
from andornot._tools.words import brief
from andornot.errors import DataError

_POSITIONS_AT_ONCE = 4_000_000
"""Positions whose atoms are looked up at a time."""

MAX_LOCAL_ATOMS = 65_536
"""Most atoms that one sample can have: codes are 16-bit."""


@dataclass(frozen=True, eq=False)
class AtomMap:
    """The atom of every position, sample by sample.

    Attributes:
        shapes: int64 ``(n_samples, 2)``, height and width of each sample's grid.
        atom_offsets: int64 ``(n_samples + 1,)``, where each sample's atoms start in ``atoms``.
        atoms: int32, the atoms of each sample; a sample may list one atom twice.
        codes: uint16, for all positions of all samples one after another, row by row: which of
            its sample's atoms a position carries. May be a memory map of a file.
        folds: int32 ``(n_samples,)``, the fold that each sample belongs to.
        groups: int32 ``(n_samples,)``, the number of each sample's group, from 0 in order of
            first appearance; None where every sample is a group of its own.
    """

    shapes: NDArray[np.int64]
    atom_offsets: NDArray[np.int64]
    atoms: NDArray[np.int32]
    codes: NDArray[np.uint16]
    folds: NDArray[np.int32]
    groups: NDArray[np.int32] | None = None

    __repr__ = brief

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.shapes)

    @cached_property
    def group_numbers(self) -> NDArray[np.int32]:
        """The number of each sample's group, also where each is its own; ``(n_samples,)``."""
        return np.arange(self.n_samples, dtype=np.int32) if self.groups is None else self.groups

    @property
    def n_groups(self) -> int:
        """Number of groups of samples."""
        return int(self.group_numbers.max(initial=-1)) + 1

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Where each sample's positions start in ``codes``; ``(n_samples + 1,)``."""
        return offsets_of(self.shapes[:, 0] * self.shapes[:, 1])

    def sample(self, index: int) -> NDArray[np.int32]:
        """The atoms of one sample's positions, as ``(height, width)``."""
        local = self.atoms[self.atom_offsets[index] : self.atom_offsets[index + 1]]
        codes = self.codes[self.offsets[index] : self.offsets[index + 1]]
        grid: NDArray[np.int32] = local[codes].reshape(self.shapes[index])
        return grid

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """On how many positions of its sample each entry of ``atoms`` stands."""
        sizes = np.zeros(len(self.atoms), np.int64)
        for first, stop in self.runs_of_samples(_POSITIONS_AT_ONCE):
            start, offsets = self.atom_offsets[first], self.offsets[first : stop + 1]
            # as numbers among the entries of all these samples
            entries = np.repeat(self.atom_offsets[first:stop] - start, np.diff(offsets))
            entries += self.codes[offsets[0] : offsets[-1]]
            own = slice(start, self.atom_offsets[stop])
            sizes[own] = np.bincount(entries, minlength=own.stop - own.start)
        return sizes

    def runs_of_samples(
        self, most: int, start: int = 0, stop: int | None = None
    ) -> Iterator[tuple[int, int]]:
        """Samples from ``start`` on in runs of at most so many positions, at least one sample."""
        stop = self.n_samples if stop is None else stop
        while start < stop:
            end = int(np.searchsorted(self.offsets, self.offsets[start] + most, "right")) - 1
            end = min(max(end, start + 1), stop)
            yield start, end
            start = end

    def areas(self, atoms: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Positions of each sample that carry one of these atoms; ``(n_samples,)``."""
        held = np.concatenate([[0], np.cumsum(self.sizes * atoms[self.atoms])])
        areas: NDArray[np.int64] = np.diff(held[self.atom_offsets])
        return areas

    @classmethod
    def of_single_positions(
        cls, atoms: NDArray[np.int32], folds: NDArray[np.int32] | None = None
    ) -> AtomMap:
        """From one atom for each sample, when a sample is a single position."""
        n = len(atoms)
        return cls(
            shapes=np.ones((n, 2), np.int64),
            atom_offsets=np.arange(n + 1, dtype=np.int64),
            atoms=atoms.astype(np.int32),
            codes=np.zeros(n, np.uint16),
            folds=np.zeros(n, np.int32) if folds is None else folds.astype(np.int32),
        )

    def each_alone(self) -> AtomMap:
        """The same positions, each as a sample of its own; groups are not kept."""
        atoms = self.atoms[np.repeat(self.atom_offsets[:-1], np.diff(self.offsets)) + self.codes]
        return AtomMap.of_single_positions(atoms, np.repeat(self.folds, np.diff(self.offsets)))

    def by_row(self, n_rows: int) -> AtomMap:
        """The positions as rows of activations have them.

        A row is a sample with a map of any size (an image), or a single position (a token).

        Args:
            n_rows: how many rows of activations there are.

        Raises:
            DataError: it is neither the number of samples nor that of positions.
        """
        if n_rows == self.n_samples:
            return self
        if n_rows == len(self.codes):
            return self.each_alone()
        raise DataError(
            f"there are activations of {n_rows} samples, but the concept table has "
            f"{self.n_samples}; record and label the same samples"
        )

    def relabelled(self, new_ids: NDArray[np.int32]) -> AtomMap:
        """The same positions with atom ``a`` renamed to ``new_ids[a]``."""
        return replace(self, atoms=new_ids[self.atoms])

    def by_cell(self) -> AtomMap:
        """The same positions with the atoms of different samples told apart; a single fold.

        Atom ``c`` is then the ``c``-th entry of ``atoms``.
        """
        cells = np.arange(len(self.atoms), dtype=np.int32)
        return replace(self, atoms=cells, folds=np.zeros_like(self.folds))

    def grids(self, samples: NDArray[np.int64]) -> AtomMap:
        """Some samples' grids alone: all their positions carry atom 0."""
        shapes, n = self.shapes[samples], len(samples)
        n_positions = int((shapes[:, 0] * shapes[:, 1]).sum())
        # one zero seen everywhere, which takes no memory
        codes = np.broadcast_to(np.uint16(0), n_positions)
        zeros = np.zeros(n, np.int32)
        return AtomMap(shapes, np.arange(n + 1, dtype=np.int64), zeros, codes, zeros)

    def stretched(self, grids: AtomMap) -> AtomMap:
        """The atom of each sample, a single position here, on all of its positions elsewhere.

        Args:
            grids: the same samples with the positions that they have there.
        """
        n_positions = int(grids.offsets[-1])
        # one zero seen everywhere, which takes no memory
        return replace(self, shapes=grids.shapes, codes=np.broadcast_to(np.uint16(0), n_positions))

    def followed_by(self, other: AtomMap) -> AtomMap:
        """The samples of this map, then those of another that uses the same atom ids.

        No group spans both maps.
        """
        # without groups on either side every sample stays its own, and no numbers are needed
        own = self.groups is None and other.groups is None
        # numbers of both start at 0, so those of the other move up
        groups = [self.group_numbers, other.group_numbers + np.int32(self.n_groups)]
        return AtomMap(
            shapes=np.concatenate([self.shapes, other.shapes]),
            atom_offsets=np.concatenate(
                [self.atom_offsets, other.atom_offsets[1:] + self.atom_offsets[-1]]
            ),
            atoms=np.concatenate([self.atoms, other.atoms]),
            codes=np.concatenate([self.codes, other.codes]),
            folds=np.concatenate([self.folds, other.folds]),
            groups=None if own else np.concatenate(groups),
        )

    def save(self, directory: Path) -> None:
        """Write into an existing directory of ours: ``positions.npz``, ``codes.u16``."""
        codes = np.ascontiguousarray(self.codes, "<u2")
        Folder.at(directory, whole=True).write("codes.u16", bytes_writer(codes.data))
        self.save_index(directory)

    def save_index(self, directory: Path) -> None:
        """Write all but the codes."""
        grouped = {} if self.groups is None else {"groups": self.groups}
        index = arrays_writer(
            shapes=self.shapes, atom_offsets=self.atom_offsets, atoms=self.atoms, folds=self.folds,
            **grouped,
        )  # fmt: skip
        Folder.at(directory, whole=True).write("positions.npz", index)

    @classmethod
    def load(cls, directory: Path) -> AtomMap:
        """Read what :meth:`save` wrote; codes stay on disk as a memory map.

        Raises:
            DataError: a file is missing or damaged.
        """
        names = ("shapes", "atom_offsets", "atoms", "folds")
        arrays = read_arrays(directory / "positions.npz", names, optional=("groups",))
        n_positions = int((arrays["shapes"][:, 0] * arrays["shapes"][:, 1]).sum())
        # compared before it is mapped: a short file would fail only where the missing part is read
        path = directory / "codes.u16"
        size = path.stat().st_size if path.exists() else 0
        if size != 2 * n_positions:
            raise DataError(
                f"{path} has {size} bytes where {2 * n_positions} belong; "
                f"delete {directory} and build the concept table again"
            )
        if size:
            try:
                verify(path)
            except (OSError, Changed) as error:
                raise DataError(f"{path} is damaged ({error}); build it again") from error
        codes: NDArray[np.uint16] = (
            # an empty file cannot be mapped
            np.memmap(path, "<u2", "r") if n_positions else np.zeros(0, np.uint16)
        )
        return cls(codes=codes, **arrays)


def grid_shape(shape: Sequence[int]) -> tuple[int, int]:
    """Height and width of a sample whose positions have this shape (leading axes are joined)."""
    width = int(shape[-1]) if shape else 1
    # of no axes the product is 1, so a single position is 1 x 1
    return int(np.prod(shape[:-1], dtype=np.int64)), width


def offsets_of(sizes: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Start of each of several runs laid end to end, and the end of the last."""
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets


def check_local_atoms(count: int, where: str) -> None:
    """Refuse a sample with more distinct combinations of labels than a code can tell apart."""
    if count > MAX_LOCAL_ATOMS:
        raise DataError(
            f"{where} has {count} distinct combinations of concepts, more than the "
            f"{MAX_LOCAL_ATOMS} that one sample can hold; use smaller maps or fewer layers"
        )
