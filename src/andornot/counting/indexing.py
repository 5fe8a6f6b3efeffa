"""Index what lies in several files as one array: NumPy's answers, and only the needed rows read."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from andornot.errors import AndornotError, OutOfRangeError, quoted

Floats = NDArray[np.float32]


class Stored(Protocol):
    """An array in blocks of rows, its first axis."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    def holding(self, rows: NDArray[np.int64]) -> Iterator[tuple[int, Floats]]:
        """The blocks that hold any of these rows, which ascend; mapped, with their first row."""

    def __array__(self) -> Floats:
        """All of it."""


def take(stored: Stored, key: Any) -> Any:
    """What ``np.asarray(stored)[key]`` is, as a copy.

    Rows go by number, slice, list or mask, the other axes by whatever NumPy takes. Only the files
    of these rows are read; a new axis in front, or a mask over several axes, needs them all.

    Raises:
        OutOfRangeError: there is nothing there, or it is no index.
        DamagedError: the content of a file is not what was written.
    """
    try:
        return _take(stored, key)
    except AndornotError:
        raise
    except (IndexError, TypeError, ValueError) as error:
        raise OutOfRangeError(
            f"activations of shape {stored.shape} cannot be indexed by {quoted(key)} ({error}); "
            "give rows, units, height and width, as of an array"
        ) from error


def _take(stored: Stored, key: Any) -> Any:
    parts = _by_axis(key, len(stored.shape))
    if parts is None:
        return np.asarray(stored)[key]
    first, rest = parts[0], parts[1:]
    if (row := _number(first)) is not None:
        at = np.arange(stored.shape[0])[row]
        start, block = next(stored.holding(np.array([at])))
        found = block[(at - start, *rest)]
        # a copy, since the block is a file that is mapped
        return np.array(found) if isinstance(found, np.ndarray) else found
    if not isinstance(first, slice):
        rows = np.arange(stored.shape[0])[first]
        wanted = np.unique(rows)
        # each row is read once and in order; the other axes come with the second index,
        # for NumPy pairs their lists with that of the rows
        return _rows(stored, wanted, ())[(np.searchsorted(wanted, rows), *rest)]
    rows = np.arange(stored.shape[0])[first]
    # files are read in ascending order, and the answer is turned round if need be
    upwards = 1 if len(rows) < 2 or rows[0] < rows[1] else -1
    if _keeps_rows_first(rest):
        return _rows(stored, rows[::upwards], rest)[::upwards]
    return _rows(stored, rows[::upwards], ())[(slice(None, None, upwards), *rest)]


def _by_axis(key: Any, n_axes: int) -> tuple[Any, ...] | None:
    """An index for each of the axes, the first included; None where they do not go by axis."""
    parts = key if isinstance(key, tuple) else (key,)
    if any(part is None or _is_mask(part) for part in parts):
        return None
    dots = [i for i, part in enumerate(parts) if part is Ellipsis]
    if len(dots) > 1 or len(parts) - len(dots) > n_axes:
        return None  # NumPy says what is wrong
    at = dots[0] if dots else len(parts)
    filled = (slice(None),) * (n_axes - len(parts) + len(dots))
    return (*parts[:at], *filled, *parts[at + 1 :])


def _is_mask(part: Any) -> bool:
    """Whether it is one truth value, or a mask over several axes."""
    if isinstance(part, slice) or part is Ellipsis:
        return False
    array = np.asarray(part)
    return array.dtype == np.bool_ and array.ndim != 1


def _number(part: Any) -> int | None:
    try:
        return operator.index(part)
    except TypeError:
        return None


def _keeps_rows_first(rest: tuple[Any, ...]) -> bool:
    """Whether an index for the other axes leaves the axis of rows where it is.

    NumPy puts what several lists pick in front, if slices stand between them; a number beside a
    list counts as one.
    """
    lists = sum(not isinstance(part, slice) and _number(part) is None for part in rest)
    numbers = sum(_number(part) is not None for part in rest)
    return lists == 0 or (lists == 1 and numbers == 0)


def _rows(stored: Stored, rows: NDArray[np.int64], rest: tuple[Any, ...]) -> Floats:
    """Some rows in ascending order, evenly spaced or not, with the other axes indexed."""
    # joined with this, no rows at all still have the right shape and type
    nothing = np.empty((0, *stored.shape[1:]), np.float32)
    parts = [nothing[(slice(None), *rest)]]
    for start, block in stored.holding(rows):
        first, last = np.searchsorted(rows, (start, start + len(block)))
        parts.append(block[_as_slice(rows[first:last] - start)][(slice(None), *rest)])
    return np.concatenate(parts)


def _as_slice(rows: NDArray[np.int64]) -> Any:
    """Evenly spaced rows as a slice, which maps a file and copies nothing."""
    steps = np.diff(rows)
    if len(steps) and (steps != steps[0]).any():
        return rows
    step = int(steps[0]) if len(steps) else 1
    return slice(int(rows[0]), int(rows[-1]) + 1, step)
