"""Read what we wrote: arrays and JSON, compared with their digests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from andornot._tools.folders import verify
from andornot.errors import DamagedError, DataError


def read_array(path: Path, mmap_mode: Literal["r"] | None = None) -> NDArray[Any]:
    """Read (or map) one ``.npy`` file.

    Raises:
        DamagedError: the file is missing or damaged.
    """
    try:
        verify(path)
        array: NDArray[Any] = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except Exception as error:  # NumPy raises almost anything on a damaged file
        raise DamagedError(path, error) from error
    return array


def read_arrays(
    path: Path, names: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, NDArray[Any]]:
    """Arrays of an ``.npz`` file, by name; the optional ones where they are there.

    Raises:
        DataError: the file is missing or damaged, or lacks one of the names.
    """
    try:
        verify(path)
        # opened here, since np.load forgets to close a file that it finds damaged
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in (*names, *(n for n in optional if n in arrays))}
    except Exception as error:  # zipfile and NumPy raise almost anything on a damaged file
        raise DataError(
            f"{path} is missing or damaged ({error}); delete {path.parent} and build it again"
        ) from error


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that we wrote.

    Raises:
        DamagedError: the file is missing or damaged, or holds something else.
    """
    data = parse_json(path)
    check_digest(path)
    return data


def parse_json(path: Path) -> dict[str, Any]:
    """Read a JSON object, whoever wrote it: no digest is compared.

    Raises:
        DamagedError: the file is missing or damaged, or holds something else.
    """
    try:
        data: object = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise TypeError("it holds no object")
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise DamagedError(path, error) from error
    return data


def check_digest(path: Path) -> None:
    """Make sure that a file is as we wrote it (see ``folders.verify``).

    Raises:
        DamagedError: it is not.
    """
    try:
        verify(path)
    except (OSError, ValueError) as error:
        raise DamagedError(path, error) from error
