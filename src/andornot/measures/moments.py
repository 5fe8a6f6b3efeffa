"""Sums of raw activations by atom, from which follow correlation and cosine of any formula.

Upsampling is linear, so the sum of a unit's activations over some positions of a sample is a
weighted sum of its native map, with weights that all units share. A sparse matrix (atoms by native
values) therefore gives the sums of all units at once, and no upsampled map is ever made. The sum
of squares over all positions is a quadratic form of the native map, with one small matrix for each
axis. Pearson correlation and cosine of *any* formula follow, since a formula is a union of atoms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot.concepts.positions import AtomMap
from andornot.concepts.table import ConceptTable
from andornot.counting.kernels import spread_weights
from andornot.counting.responses import known_positions
from andornot.counting.stores import Activations, unit_blocks
from andornot.counting.thresholds import by_shape
from andornot.counting.upsample import Axis, axis, upsample
from andornot.measures.scores import mask_cosine, pearson

if TYPE_CHECKING:
    import scipy.sparse

Floats = NDArray[np.float64]

_SUM_BYTES = 256 * 2**20
"""Room for the sums of some units over all atoms; more units are taken in turns."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums of the activations of some units.

    Attributes:
        by_atom: float64 ``(n_units, n_atoms)``, sum over the positions of each atom.
        squares: float64 ``(n_units,)``, sum of squares over all positions.
        sizes: int64 ``(n_atoms,)``, positions of each atom.
    """

    by_atom: Floats
    squares: Floats
    sizes: NDArray[np.int64]

    def unit(self, index: int) -> UnitMoments:
        """The sums of one unit."""
        return UnitMoments(self.by_atom[index], float(self.squares[index]), self.sizes)


@dataclass(frozen=True, eq=False)
class UnitMoments:
    """Sums of the activations of one unit; the attributes are those of :class:`Moments`."""

    by_atom: Floats
    squares: float
    sizes: NDArray[np.int64]

    @property
    def total(self) -> float:
        """Sum over all positions."""
        return float(self.by_atom.sum())

    def pearson(self, mask: NDArray[np.bool_]) -> float:
        """Correlation of the activations with a formula, by its atoms (see ``scores.pearson``)."""
        return pearson(
            int(self.sizes[mask].sum()), float(self.by_atom[mask].sum()),
            self.total, self.squares, int(self.sizes.sum()),
        )  # fmt: skip

    def cosine(self, mask: NDArray[np.bool_]) -> float:
        """Cosine of the activations and a formula, by its atoms (see ``scores.mask_cosine``)."""
        size, inside = int(self.sizes[mask].sum()), float(self.by_atom[mask].sum())
        return mask_cosine(size, inside, self.squares)


def units_at_once(concepts: ConceptTable, n_units: int) -> Iterator[range]:
    """Ranges of units whose sums fit the memory set aside for them (256 MB)."""
    return unit_blocks(n_units, max(1, _SUM_BYTES // (8 * max(1, concepts.n_atoms))))


def find_moments(
    activations: Activations,
    concepts: ConceptTable,
    units: Sequence[int],
    jobs: int | None = None,
) -> Moments:
    """Sum the activations of some units, by one pass over the recorded activations.

    Args:
        activations: recorded activations of a layer, for the samples of the table.
        concepts: a table that knows its positions.
        units: the units, best no more than :func:`units_at_once` gives.
        jobs: threads; all cores if not given.

    Raises:
        DataError: the activations are of another number of samples than the table.
    """
    positions = known_positions(concepts).by_row(activations.n_rows)
    sums = np.zeros((concepts.n_atoms, len(units)))
    squares = np.zeros(len(units))
    chosen = list(units)

    def add_up(item: tuple[int, NDArray[np.float32]]) -> tuple[NDArray[np.int32], Floats, Floats]:
        start, block = item
        maps = block[:, chosen].astype(np.float64)
        shapes = positions.shapes[start : start + len(block)]
        atoms, weights = _weights(positions, start, len(block), maps.shape[2:])
        native = np.ascontiguousarray(maps.transpose(0, 2, 3, 1)).reshape(-1, len(chosen))
        return atoms, weights @ native, _squares(maps, shapes)

    # few blocks are in flight, each with its maps in double precision
    for atoms, inside, square in ordered_map(add_up, activations.blocks(), jobs, ahead=1):
        with np.errstate(invalid="ignore", over="ignore"):  # units with infinite values
            # block by block in order, so that last bits do not hang on the number of threads
            sums[atoms] += inside
            squares += square
    return Moments(np.ascontiguousarray(sums.T), squares, concepts.counts)


def _squares(maps: Floats, shapes: NDArray[np.int64]) -> Floats:
    """Sum of squares of each unit's upsampled maps; ``maps`` are ``(samples, units, h, w)``."""
    total = np.zeros(maps.shape[1])
    # upsampling acts on each axis apart: a small matrix for each, and no upsampled map
    for (height, width), samples in by_shape(shapes):
        rows, columns = _gram(maps.shape[2], height), _gram(maps.shape[3], width)
        part = maps if len(samples) == len(maps) else maps[samples]
        with np.errstate(invalid="ignore", over="ignore"):  # units with infinite values
            total += np.einsum("nuhw,nuhw->u", rows @ part @ columns, part)
    return total


def _gram(native: int, size: int) -> Floats:
    """For one axis, the products of the interpolation's columns, ``(native, native)``."""
    # the unit vectors upsampled are the columns of the interpolation, weights and all
    matrix = upsample(np.eye(native)[:, :, None], size, 1)[:, :, 0]
    product: Floats = matrix @ matrix.T
    return product


def _weights(
    positions: AtomMap, start: int, n_samples: int, native: tuple[int, ...]
) -> tuple[NDArray[np.int32], scipy.sparse.csr_array]:
    """Atoms of some samples, and how much each native value adds to the sum over each of them.

    Returns:
        the distinct atoms; a matrix of these by ``n_samples * h * w`` native values.
    """
    import scipy.sparse

    height, width = native
    samples = slice(start, start + n_samples + 1)
    offsets, local = positions.offsets[samples], positions.atom_offsets[samples]
    atoms, row_of = np.unique(positions.atoms[local[0] : local[-1]], return_inverse=True)
    codes = np.asarray(positions.codes[offsets[0] : offsets[-1]])
    shapes = positions.shapes[start : start + n_samples]
    # most entries a sample can have: each atom with each value, or four for each position
    tiles = np.minimum(np.diff(local) * height * width, 4 * np.diff(offsets))
    rows, columns = np.empty(tiles.sum(), np.int64), np.empty(tiles.sum(), np.int64)
    weights, held = np.empty(tiles.sum()), 0
    tile = np.zeros(int(np.diff(local).max(initial=0)) * height * width)
    for grid, members in by_shape(shapes):
        down, across = _pair(height, grid[0]), _pair(width, grid[1])
        held = spread_weights(
            members, *down, *across, codes, offsets - offsets[0], local - local[0], row_of,
            rows, columns, weights, held, tile,
        )  # fmt: skip
    entries = (weights[:held], (rows[:held], columns[:held]))
    shape = (len(atoms), n_samples * height * width)
    return atoms, scipy.sparse.coo_array(entries, shape=shape).tocsr()


def _pair(native: int, size: int) -> tuple[NDArray[np.int64], Floats]:
    found: Axis = axis(native, size)
    return found.starts, found.weights
