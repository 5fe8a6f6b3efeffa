"""Read and write files whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot.errors import DataError, RunError


def split_part(named: str | Path) -> tuple[Path, str]:
    """Split ``FILE#PART`` into the file and the part of it; a file may have ``#`` in its name.

    Returns:
        the path and the part, which is empty if all of ``named`` is a file or none is.
    """
    text = str(named)
    for end in (len(text), *(i for i in range(len(text) - 1, 0, -1) if text[i] == "#")):
        if Path(text[:end]).is_file():
            return Path(text[:end]), text[end + 1 :]
    return Path(text), ""


def read_arrays(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Arrays of an ``.npz`` file, by name.

    Raises:
        DataError: the file is missing or damaged, or lacks one of the names.
    """
    try:
        # opened here, since np.load forgets to close a file that it finds damaged
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names}
    except Exception as error:  # zipfile and NumPy raise almost anything on a damaged file
        raise DataError(
            f"{path} is missing or damaged ({error}); delete {path.parent} and build it again"
        ) from error


def write_array(path: Path, values: NDArray[Any]) -> None:
    """Write one ``.npy`` file whole or not at all.

    ``np.save`` and ``tofile`` pass a full disk over in silence, so neither is used.
    """

    def write(aside: Path) -> None:
        with aside.open("wb") as file:
            plain = np.ascontiguousarray(values)
            np.lib.format.write_array_header_1_0(
                file, np.lib.format.header_data_from_array_1_0(plain)
            )
            file.write(plain.data)

    write_whole(path, write)


def write_whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Write a file whole or not at all: ``write`` it aside first, then rename it."""
    aside = path.with_name(f"{path.name}.tmp")
    write(aside)
    aside.replace(path)
    return path


def write_json(path: Path, data: object) -> None:
    """Write JSON whole or not at all."""
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))


@contextmanager
def locked(lock: Path, busy: str) -> Iterator[None]:
    """Keep other processes out meanwhile.

    Args:
        lock: a file for this alone; its directory is made.
        busy: what to tell if another process is inside.

    Raises:
        RunError: another process is inside, or nothing can be written there.
    """
    from filelock import FileLock, Timeout

    held = FileLock(lock)
    with writing(lock.parent):
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            held.acquire(timeout=0)
        except Timeout:
            raise RunError(busy) from None
    try:
        yield
    finally:
        held.release()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a failure to write (a full disk, say) into one clear sentence."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"cannot write to {path}: {error.strerror or error}; make room or choose another "
            "directory and start again, what is done already is kept"
        ) from error
