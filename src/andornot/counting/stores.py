"""Recorded activations: float32 ``(samples, units, height, width)``, on disk or in memory."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from andornot._tools.files import (
    array_parts,
    check_no_link,
    digest,
    digest_of,
    unwritable,
    write_whole,
)
from andornot._tools.folders import Changed, keep_aside
from andornot._tools.jit import jit
from andornot._tools.parallel import n_workers, ordered_map
from andornot._tools.words import brief
from andornot.counting.indexing import take
from andornot.errors import DamagedError, RunError

Block = tuple[int, NDArray[np.float32]]


class Activations(Protocol):
    """Activations of one layer for all samples, read block by block."""

    @property
    def n_rows(self) -> int:
        """Number of rows: samples, or positions where each of these has a row."""

    @property
    def n_units(self) -> int:
        """Number of units."""

    @property
    def map_shape(self) -> tuple[int, int]:
        """Native height and width of a unit's map."""

    def blocks(self) -> Iterator[Block]:
        """Blocks in order: first sample, and an array ``(samples, units, height, width)``."""


def _called_rows(activations: Activations) -> int:
    """How many rows there are, where they are asked for by their old name."""
    kind = type(activations).__name__
    warnings.warn(
        f"{kind}.n_samples is called n_rows now, and goes in version 0.3", DeprecationWarning, 3
    )
    return activations.n_rows


@dataclass(frozen=True, eq=False)
class InMemory:
    """Activations that are an array already, ``(samples, units, height, width)``."""

    values: NDArray[np.float32]
    block_size: int = 64
    __repr__ = brief

    @property
    def n_rows(self) -> int:
        """Number of rows: samples, or positions where each of these has a row."""
        return len(self.values)

    @property
    def n_samples(self) -> int:
        """The old name of :attr:`n_rows`."""
        return _called_rows(self)

    @property
    def n_units(self) -> int:
        """Number of units."""
        return int(self.values.shape[1])

    @property
    def map_shape(self) -> tuple[int, int]:
        """Native height and width."""
        return int(self.values.shape[2]), int(self.values.shape[3])

    def blocks(self) -> Iterator[Block]:
        """Blocks in order."""
        for start in range(0, len(self.values), self.block_size):
            yield start, self.values[start : start + self.block_size]


_SHARD = re.compile(r"(\d+)-(\d+)(?:-([0-9a-f]{32}))?\.npy")


@dataclass(frozen=True)
class _Shard:
    """A file of activations; its name says which rows it holds, and the digest of its content."""

    path: Path
    start: int
    stop: int
    digest: str | None

    @classmethod
    def of(cls, path: Path) -> _Shard | None:
        """Read a file's name; None if it is not one of ours."""
        found = _SHARD.fullmatch(path.name)
        return None if found is None else cls(path, int(found[1]), int(found[2]), found[3])

    def read(self) -> NDArray[np.float32]:
        """Read it whole.

        Raises:
            DamagedError: its content is not what was written.
        """
        try:
            data = self.path.read_bytes()
            if self.digest not in (None, digest([data])):
                raise Changed("its content is not what andornot wrote")
            array: NDArray[np.float32] = np.load(BytesIO(data), allow_pickle=False)
        except Exception as error:  # NumPy raises almost anything on a damaged file
            raise DamagedError(self.path, error) from error
        return array

    def is_whole(self) -> bool:
        """Whether its content is what was written, as far as its name tells."""
        with suppress(OSError):
            return self.digest in (None, digest_of(self.path))
        return False

    def mapped(self) -> NDArray[np.float32]:
        """Map it into memory; its content is compared once.

        Raises:
            DamagedError: its content is not what was written.
        """
        try:
            found = self.path.stat()
            if self.digest not in (None, _digest_at(self.path, found.st_mtime_ns, found.st_size)):
                raise Changed("its content is not what andornot wrote")
            array: NDArray[np.float32] = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except Exception as error:
            raise DamagedError(self.path, error) from error
        return array


def is_shard(path: Path) -> bool:
    """Whether a file is a shard of ours, damaged or not: name and head tell the same rows."""
    shard = _Shard.of(path)
    if shard is None or path.is_symlink():
        return False
    with suppress(OSError, ValueError), path.open("rb") as file:
        np.lib.format.read_magic(file)
        shape, _, _ = np.lib.format.read_array_header_1_0(file)
        return bool(shape and shape[0] == shard.stop - shard.start)
    return False


def read_shard(path: Path) -> NDArray[np.float32]:
    """Read one file of activations whole.

    Raises:
        DamagedError: its content is not what was written.
    """
    shard = _Shard.of(path)
    if shard is None:
        raise DamagedError(path, "its name says no rows")
    return shard.read()


@lru_cache(maxsize=1 << 16)
def _digest_at(path: Path, modified: int, size: int) -> str:  # noqa: ARG001
    """The digest of a file; found again while time and size stay."""
    return digest_of(path)


@dataclass(frozen=True, repr=False)
class Shards:
    """Activations in a directory, one ``.npy`` file for each block of samples.

    They are read as an array of shape ``(rows, units, height, width)``, a row for each sample (or
    for each token): ``a[3]``, ``a[:10]``, ``a[:, unit]``, ``a.shape``, ``len(a)``. An index reads
    what it needs and gives a copy; ``np.asarray(a)`` reads everything into memory.

    A shard is written aside and renamed, so one that is there is whole; an interrupted recording
    goes on after the last of them, and one that lost a shard at that shard. Its name ends in the
    digest of its content (not in runs of before), so what the disk spoiled is not used.

    Examples:
        >>> activations = run.activations()
        >>> activations.shape, activations.map_shape
        ((24, 4, 8, 8), (8, 8))
        >>> activations.n_rows, activations.n_units, len(activations)
        (24, 4, 24)
        >>> activations[3, :, 0, 0]
        array([0., 1., 0., 0.], dtype=float32)
        >>> activations.rows(0, 2).shape
        (2, 4, 8, 8)
    """

    directory: Path

    def _all(self) -> list[_Shard]:
        # by path in the end, so that two shards of the same rows always come in one order
        found = (_Shard.of(path) for path in self.directory.glob("[0-9]*.npy"))
        return sorted((s for s in found if s is not None), key=lambda s: (s.start, s.stop, s.path))

    @property
    def _whole(self) -> list[_Shard]:
        """Shards without a gap from the first sample on, in order."""
        whole, next_start = [], 0
        for shard in self._all():
            if shard.start == next_start:  # others lie behind a gap, or were recorded again
                whole.append(shard)
                next_start = shard.stop
        return whole

    @property
    def paths(self) -> list[Path]:
        """Files of the shards without a gap from the first sample on, in order."""
        return [shard.path for shard in self._whole]

    @property
    def n_rows(self) -> int:
        """Rows recorded so far: samples, or positions where each of these has a row."""
        shards = self._whole
        return shards[-1].stop if shards else 0

    @property
    def n_samples(self) -> int:
        """The old name of :attr:`n_rows`; for tokens it counted tokens."""
        return _called_rows(self)

    @property
    def _shape(self) -> Sequence[int]:
        shards = self._whole
        if not shards:
            raise RunError(f"{self.directory} holds no recorded activations; run the recording")
        return tuple(shards[0].mapped().shape)

    @property
    def n_units(self) -> int:
        """Number of units."""
        return int(self._shape[1])

    @property
    def map_shape(self) -> tuple[int, int]:
        """Native height and width."""
        return int(self._shape[2]), int(self._shape[3])

    def __repr__(self) -> str:
        shape = self.shape if self._whole else "nothing"
        return f"<Activations of shape {shape} in {self.directory}>"

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Rows, units, height and width."""
        return self.n_rows, self.n_units, *self.map_shape

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """Always float32."""
        return np.dtype(np.float32)

    @property
    def ndim(self) -> int:
        """Number of axes, 4."""
        return 4

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, key: Any) -> Any:
        """Rows, or parts of them, as of an array; see :func:`~andornot.counting.indexing.take`."""
        return take(self, key)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """The rows one after another, ``(units, height, width)`` each."""
        for _, block in self.blocks():
            yield from block

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[np.float32]:
        """All of them in memory."""
        if copy is False:
            raise ValueError("activations in files become an array only by a copy; leave copy out")
        values = np.empty(self.shape, np.float32)
        for start, block in self.blocks():
            values[start : start + len(block)] = block
        return values if dtype is None else values.astype(dtype, copy=False)

    def damaged(self) -> list[Path]:
        """The files whose content is not what was written; all of them are read."""
        return [shard.path for shard in self._all() if not shard.is_whole()]

    def covers(self, start: int, stop: int) -> bool:
        """Whether these samples are recorded, in shards that begin and end there."""
        # reversed: of several that begin at one row the shortest stays, as in `_whole`
        shards, at = {shard.start: shard for shard in reversed(self._all())}, start
        if stop <= self.n_rows:
            return True
        while at < stop and at in shards:
            at = shards[at].stop
        return at == stop

    def cut(self, at: int) -> None:
        """Shorten the shard that goes on across this sample, so that it ends there."""
        for shard in self._whole:
            if shard.start < at < shard.stop:
                # the short one is there before the long one goes: a kill in between loses nothing
                self.append(shard.start, shard.read()[: at - shard.start])
                shard.path.unlink()

    def drop(self, start: int, stop: int) -> None:
        """Remove shards that begin among these samples."""
        for shard in self._all():
            if start <= shard.start < stop and is_shard(shard.path):
                shard.path.unlink()

    def append(self, start: int, values: NDArray[np.float32]) -> None:
        """Write the block that begins at sample ``start``.

        Raises:
            RunError: it cannot be written.
        """
        parts = array_parts(np.ascontiguousarray(values, np.float32))
        name = f"{start:09d}-{start + len(values):09d}-{digest(parts)}.npy"

        def write(aside: Path) -> None:
            with aside.open("wb") as file:
                for part in parts:
                    file.write(part)

        path = self.directory / name
        try:
            check_no_link(self.directory)
            self.directory.mkdir(parents=True, exist_ok=True)
            # a sound shard of this name holds the same bytes; anything else is not ours to replace
            if path.is_file() and not is_shard(path):
                keep_aside(path)
            write_whole(path, write)
        except OSError as error:
            raise RunError(unwritable(path, error)) from error

    def blocks(self) -> Iterator[Block]:
        """Blocks in order; each is read whole and let go before the next."""
        for shard in self._whole:
            yield shard.start, shard.read()

    def rows(self, first: int, last: int) -> NDArray[np.float32]:
        """The rows from ``first`` up to ``last``, ``(rows, units, height, width)``.

        Raises:
            RunError: they were not recorded.
        """
        parts = []
        for shard in self._whole:
            if shard.start < last and first < shard.stop:
                block = shard.mapped()
                parts.append(block[max(first - shard.start, 0) : last - shard.start])
        if first < 0 or sum(map(len, parts)) != last - first:
            raise RunError(
                f"{self.directory} has no rows {first} to {last - 1}, only {self.n_rows:,}; "
                "give a sample of the run"
            )
        return np.concatenate(parts)

    def holding(self, rows: NDArray[np.int64]) -> Iterator[Block]:
        """The blocks that hold any of these rows, which ascend; mapped, not read."""
        for shard in self._whole:
            first, last = np.searchsorted(rows, (shard.start, shard.stop))
            if first < last:
                yield shard.start, shard.mapped()

    def remove(self) -> None:
        """Delete the shards; the directory goes if nothing else is in it."""
        for shard in self._all():
            if is_shard(shard.path):
                shard.path.unlink()
        with suppress(OSError):
            self.directory.rmdir()


def lowest_value(activations: Activations) -> float:
    """The lowest activation of all units; NaN does not count, and of NaN alone it is infinite."""
    return min(float(np.nanmin(block, initial=np.inf)) for _, block in activations.blocks())


def extremes(
    block: NDArray[np.float32], jobs: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The smallest and the largest value of each map of a block, ``(samples, units)`` each.

    Both are NaN for a map that holds a NaN.
    """
    maps = np.ascontiguousarray(block, np.float32).reshape(*block.shape[:2], -1)
    parts = list(ordered_map(_extremes, np.array_split(maps, n_workers(jobs)), jobs))
    return np.concatenate([low for low, _ in parts]), np.concatenate([high for _, high in parts])


@jit
def _extremes(
    maps: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A plain loop, which the compiler vectorises: four times as fast as NumPy on small maps."""
    n_samples, n_units, n_values = maps.shape
    low = np.empty((n_samples, n_units), np.float32)
    high = np.empty((n_samples, n_units), np.float32)
    for s in range(n_samples):
        for u in range(n_units):
            smallest, largest = np.float32(np.inf), np.float32(-np.inf)
            has_nan = False
            for i in range(n_values):
                v = maps[s, u, i]
                smallest = v if v < smallest else smallest
                largest = v if v > largest else largest
                # only NaN differs from itself; the two comparisons above pass over it
                has_nan |= v != v
            low[s, u] = np.float32(np.nan) if has_nan else smallest
            high[s, u] = np.float32(np.nan) if has_nan else largest
    return low, high


def unit_blocks(n_units: int, size: int) -> Iterator[range]:
    """Ranges of at most ``size`` units that together cover all."""
    for start in range(0, n_units, size):
        yield range(start, min(start + size, n_units))
