"""Read and write files whole or not at all.

What is written goes aside first, under a random name that is made exclusively, reaches the disk,
and is then renamed: who reads sees the old file or the new one. No link is ever written through.
What belongs to whom in a folder is known by ``folders``.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from andornot.errors import RunError

_ASIDE: Final = re.compile(r"\.(.*)\.andornot-([0-9a-f]{16})\.tmp", re.DOTALL)
_LONGEST: Final = 160
"""Characters of a name that the name of what lies aside repeats; systems allow 255 bytes."""
_PIECE: Final = 1 << 22


def split_part(named: str | Path) -> tuple[Path, str]:
    """Split ``FILE#PART`` into the file and the part of it; a file may have ``#`` in its name.

    Returns:
        the path and the part, which is empty if all of ``named`` is a file or none is.
    """
    text = str(named)
    # the longest file first, for `#` may stand in its name
    for end in (len(text), *(i for i in range(len(text) - 1, 0, -1) if text[i] == "#")):
        if Path(text[:end]).is_file():
            return Path(text[:end]), text[end + 1 :]
    return Path(text), ""


def array_writer(values: NDArray[Any]) -> Callable[[Path], None]:
    """What writes one array as ``.npy`` to a path.

    ``np.save`` and ``tofile`` pass a full disk over in silence, so neither is used.
    """

    def write(path: Path) -> None:
        with path.open("wb") as file:
            for part in array_parts(values):
                file.write(part)

    return write


def array_parts(values: NDArray[Any]) -> tuple[bytes, memoryview]:
    """Head and body of an array's ``.npy`` file."""
    from io import BytesIO

    plain, head = np.ascontiguousarray(values), BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(plain))
    return head.getvalue(), plain.reshape(-1).view(np.uint8).data


def arrays_writer(**arrays: Any) -> Callable[[Path], None]:
    """What writes several arrays as one ``.npz`` to a path."""

    def write(path: Path) -> None:
        with path.open("wb") as file:  # np.savez adds a suffix to a path, but not to a file
            np.savez(file, **arrays)

    return write


def bytes_writer(data: bytes | memoryview) -> Callable[[Path], None]:
    """What writes bytes to a path."""

    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.write(data)

    return write


def text_writer(text: str) -> Callable[[Path], None]:
    """What writes a text to a path, as UTF-8."""

    def write(path: Path) -> None:
        path.write_text(text, encoding="utf-8", newline="\n")

    return write


def json_writer(data: object) -> Callable[[Path], None]:
    """What writes JSON to a path."""
    text = json.dumps(data, indent=1, ensure_ascii=False, default=plain_number)
    return text_writer(text + "\n")


def plain_number(value: object) -> object:
    """A number of NumPy's as one of Python's, for JSON: users count with both.

    Raises:
        TypeError: it is something else, for which JSON has no word.
    """
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def write_json(path: Path, data: object) -> None:
    """Write JSON whole or not at all."""
    write_whole(path, json_writer(data))


def write_whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Write a file whole or not at all: ``write`` it aside first, then rename it.

    Raises:
        OSError: it cannot be written, or a link, a folder or a device is in its place.
    """
    with set_aside(path) as aside:
        write(aside)
        put_in_place(aside, path)
    return path


@contextmanager
def set_aside(path: Path) -> Iterator[Path]:
    """A new empty file beside ``path``, of a random name; what is left of it in the end goes."""
    aside = path.with_name(aside_name(path.name))
    # exclusive: neither somebody's file nor a link is opened, whatever its name
    os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _flag("O_NOFOLLOW"), 0o666))
    try:
        yield aside
    finally:
        aside.unlink(missing_ok=True)


def put_in_place(aside: Path, path: Path) -> None:
    """Rename a file that is whole; it has reached the disk before, and its name has after."""
    check_plain(path)
    # before the rename: else after a power cut the name could lead to an empty file
    sync(aside)
    aside.replace(path)
    # the rename itself is a change of the folder
    sync(path.parent)


def new_key(name: str) -> str:
    """A random key for what becomes ``name``; its second half proves that it was made here."""
    half = secrets.token_hex(4)
    return half + _proof(name, half)


def _proof(name: str, half: str) -> str:
    return digest([f"andornot/{half}/{name[:_LONGEST]}".encode()])[:8]


def aside_name(name: str, key: str | None = None) -> str:
    """A name for what becomes ``name`` when it is whole, with a key of :func:`new_key`."""
    return f".{name[:_LONGEST]}.andornot-{key or new_key(name)}.tmp"


def aside_key(path: Path, name: str | None = None) -> str | None:
    """The key in a name that :func:`aside_name` gave; None of other names, however like."""
    found = _ASIDE.fullmatch(path.name)
    if found is None or (name is not None and found[1] != name[:_LONGEST]):
        return None
    # a random half, and a digest of it and the name: nobody's own file is called so by chance
    return found[2] if found[2][8:] == _proof(found[1], found[2][:8]) else None


def sweep(folder: Path, name: str | None = None) -> None:
    """Remove the files that killed processes left aside; call it only where no other writes.

    Only files that were to become ``name`` are swept, or all if no name is given.
    """
    for path in folder.glob(".*.andornot-*.tmp"):
        # lstat, so that a link to a file of somebody is no plain file
        if aside_key(path, name) and stat.S_ISREG(path.lstat().st_mode):
            path.unlink(missing_ok=True)


def check_plain(path: Path) -> None:
    """Refuse to replace anything but a plain file.

    Raises:
        OSError: a link, a folder or a device is in the place of the file.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise OSError(errno.ELOOP, "a link is in its place", str(path))
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "a folder is in its place", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EEXIST, "no plain file is in its place", str(path))


def check_no_link(folder: Path) -> None:
    """Refuse a folder that is a link to elsewhere.

    Raises:
        OSError: it is.
    """
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "a link is in its place", str(folder))


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, reach the disk."""
    try:
        opened = os.open(path, os.O_RDONLY | _flag("O_NOFOLLOW"))
    except OSError:  # some systems open no folders
        return
    try:
        with suppress(OSError):  # and some file systems cannot be asked
            os.fsync(opened)
    finally:
        os.close(opened)


def _flag(name: str) -> int:
    return int(getattr(os, name, 0))


def digest_of(path: Path) -> str:
    """A digest of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return digest(iter(lambda: file.read(_PIECE), b""))


def digest(parts: Iterator[Any] | Sequence[Any]) -> str:
    """A digest of bytes, given in parts: for damage by chance, not against forgery."""
    import xxhash

    found = xxhash.xxh3_128()
    for part in parts:
        found.update(part)
    return found.hexdigest()


@contextmanager
def locked(lock: Path, busy: str, *, keep: bool = True) -> Iterator[None]:
    """Keep other processes out meanwhile.

    Args:
        lock: a file for this alone; its directory is made.
        busy: what to tell if another process is inside.
        keep: leave the file in the end; it goes from folders of people.

    Raises:
        RunError: another process is inside, or nothing can be written there.
    """
    from filelock import FileLock, Timeout

    held = FileLock(lock)
    with writing(lock.parent):
        lock.parent.mkdir(parents=True, exist_ok=True)
        _check_lock(lock)
        try:
            # not waited for: whoever gave the command is told, and decides
            held.acquire(timeout=0)
        except Timeout:
            raise RunError(busy) from None
    try:
        yield
    finally:
        if not keep:
            with suppress(OSError):  # a system may not let go of an open file
                lock.unlink(missing_ok=True)  # who waits for it, sees that it has no name any more
        held.release()


def _check_lock(path: Path) -> None:
    """Refuse to lock with a file of somebody: to open a lock empties it, and ours are empty.

    Raises:
        OSError: it is no empty file.
    """
    check_plain(path)
    if path.exists() and path.stat().st_size:
        raise OSError(errno.EEXIST, "a file that is no lock of andornot is in its place", str(path))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a failure to write (a full disk, say) into one clear sentence."""
    try:
        yield
    except OSError as error:
        raise RunError(unwritable(path, error)) from error


_KEPT: Final = "and start again, what is done already is kept"
_ADVICE: Final = {
    errno.ENOSPC: "make room or choose another directory",
    errno.EDQUOT: "your quota is used up: make room or choose another directory",
    errno.EROFS: "choose a directory on a disk that can be written",
    errno.EACCES: "get the right to write there or choose another directory",
    errno.EPERM: "get the right to write there or choose another directory",
    errno.EEXIST: "move what is in the way, or choose another directory",
    errno.EISDIR: "move what is in the way, or choose another directory",
    errno.ENOTDIR: "a part of the path is a file: choose another directory",
    errno.ELOOP: "nothing is written through links: remove the link, or choose another directory",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOENT: "the directory is gone: make it again or choose another",
    errno.EIO: "the disk fails: choose another one",
    errno.EMFILE: "too many files are open: allow more (ulimit -n)",
}


def unwritable(path: Path, error: OSError) -> str:
    """That a path cannot be written, why, and what to do, in one sentence."""
    reason = error.strerror or str(error)
    where = error.filename2 or error.filename
    inside = f" ({where})" if where and str(where) != str(path) else ""
    advice = _ADVICE.get(error.errno or 0, "make room or choose another directory")
    return f"cannot write to {path}: {reason}{inside}; {advice} {_KEPT}"
