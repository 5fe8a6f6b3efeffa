"""Unpack an archive that nobody should trust: nothing may land outside its folder.

Links, devices and paths that lead out are refused, and so are archives that swell to absurd sizes.
The folder appears when it is whole.
"""

from __future__ import annotations

import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from andornot._tools.files import check_plain, sync
from andornot._tools.progress import track
from andornot._tools.whole_folders import sweep_folders, temporary_folder
from andornot.errors import DataError, RunError

MAX_BYTES = 100 * 10**9
MAX_RATIO = 100
SMALL = 100 * 10**6
"""Below this many bytes an archive may swell as much as it likes."""

_PASSED_OVER = ("__MACOSX", ".DS_Store")
_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError,
    EOFError, RuntimeError, NotImplementedError, ValueError, OverflowError, struct.error,
)  # fmt: skip


@dataclass(frozen=True)
class _Member:
    """A file in an archive."""

    name: str
    size: int
    open: Callable[[], AbstractContextManager[IO[bytes]]]


def unpack(archive: Path, target: Path) -> None:
    """Unpack a zip or tar archive into a folder that does not exist yet.

    If all of it lies in one folder, that folder becomes the target.

    Raises:
        DataError: the archive is damaged, or does what no honest archive does; nothing is left.
        RunError: the disk cannot be written; nothing is left.
    """
    try:
        sweep_folders(target.parent, target.name)
        with temporary_folder(target.parent, target.name) as folder:
            aside = folder / "unpacked"
            if zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as zipped:
                    _extract(list(_zipped(zipped, archive)), archive, aside)
            else:
                with tarfile.open(archive) as tarred:
                    _extract(list(_tarred(tarred, archive)), archive, aside)
            check_plain(target)
            _single(aside).rename(target)
            sync(target.parent)
    except _DAMAGE as error:
        if isinstance(error, DataError):
            raise
        reason = str(error).partition("\n")[0].rstrip(":")  # tarfile adds a line for each format
        raise DataError(f"{archive} is damaged or cut short ({reason}): get it again") from None
    except OSError as error:
        # gzip and bz2 call damage an OSError too, but without a number
        if error.errno is None:
            raise DataError(f"{archive} is damaged ({error}): get it again") from None
        raise RunError(
            f"{archive.name} cannot be unpacked into {target} ({error.strerror}): make room, or "
            "choose another folder"
        ) from None


def _zipped(archive: zipfile.ZipFile, path: Path) -> Iterator[_Member]:
    """The files of a zip archive."""
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _suspicious(path, info.filename, "is a link or a device")
        if not info.filename.endswith("/"):
            yield _Member(info.filename, info.file_size, lambda info=info: archive.open(info))  # type: ignore[misc]


def _tarred(archive: tarfile.TarFile, path: Path) -> Iterator[_Member]:
    """The files of a tar archive."""

    def opened(info: tarfile.TarInfo) -> AbstractContextManager[IO[bytes]]:
        file = archive.extractfile(info)
        assert file is not None  # for it is a regular file
        return file

    for info in archive:
        if not (info.isreg() or info.isdir()):
            raise _suspicious(path, info.name, "is a link or a device")
        if info.isreg():
            yield _Member(info.name, info.size, lambda info=info: opened(info))  # type: ignore[misc]


def _extract(members: list[_Member], archive: Path, aside: Path) -> None:
    """Write all members below a folder, after a look at all of them."""
    total, packed = sum(member.size for member in members), archive.stat().st_size
    if total > MAX_BYTES or (total > SMALL and total > MAX_RATIO * packed):
        raise DataError(
            f"{archive} would swell from {packed:,} to {total:,} bytes: no honest archive does; "
            "get it from elsewhere"
        )
    wanted = [m for m in members if not set(_PASSED_OVER) & set(PurePosixPath(m.name).parts)]
    for member in wanted:
        _check_inside(archive, member.name)
    aside.mkdir(parents=True)
    for member in track(wanted, f"unpacking {archive.name}", len(wanted)):
        path = aside / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as source, path.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        if path.stat().st_size != member.size:
            raise DataError(f"{archive} is cut short at {member.name}: get it again")


def _check_inside(archive: Path, name: str) -> None:
    """Refuse a path that is absolute, climbs, or means something else to Windows."""
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    outside = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts
    if outside or not posix.parts or "\\" in name or "\0" in name:
        raise _suspicious(archive, name, "leads out of its folder")


def _suspicious(archive: Path, name: str, what: str) -> DataError:
    return DataError(
        f"{archive} holds {name[:80]!r}, which {what}: nothing of it was unpacked; get it from "
        "elsewhere"
    )


def _single(folder: Path) -> Path:
    """The only folder in a folder, or else the folder itself."""
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder
