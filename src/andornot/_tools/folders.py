"""Folders that we write into: what is ours is listed there, and all else is left alone.

A folder of ours holds ``.andornot.json``: a random key, and for each file that we wrote a digest of
its content. The list serves twice. Nothing is replaced or deleted but what stands in it and is as
we wrote it, so what people put beside our files, or changed, stays. And what is read from a run is
compared with it, so that a damaged file is told of and not used.

A file is listed before it is put in its place. For that moment the list allows the old content
and the new one, so a process may be killed at any time.
"""

from __future__ import annotations

import errno
import fnmatch
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from andornot._tools.files import (
    check_no_link,
    check_plain,
    digest_of,
    json_writer,
    locked,
    put_in_place,
    set_aside,
    sweep,
    write_whole,
    writing,
)
from andornot._tools.progress import tell
from andornot.errors import OptionError, RunError

LIST: Final = ".andornot.json"
LOCK: Final = ".andornot.lock"
_FORMAT: Final = 1


class Changed(ValueError):
    """A file is not as we wrote it."""


@dataclass
class Folder:
    """A folder with a list of what we wrote into it.

    Attributes:
        path: the folder.
        key: a random text that is this folder's own.
        files: for each of our files, by its path in the folder, the digests that it may have.
        together: those that took their place as one folder, and go as one when it is replaced.
        listed: whether there is a list on the disk.
        whole: whether the folder is ours with all that is in it, so that no proof is needed.
    """

    path: Path
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    files: dict[str, list[str]] = field(default_factory=dict)
    together: frozenset[str] = frozenset()
    listed: bool = False
    whole: bool = False

    @classmethod
    def at(cls, path: Path, *, whole: bool = False) -> Folder:
        """Read the list of a folder; a damaged one proves nothing, so it counts as empty."""
        with suppress(Changed):
            found = read_list(path)
            if found is not None:
                return cls(path, *found, listed=True, whole=whole)
        return cls(path, whole=whole)

    def write(self, name: str, write: Callable[[Path], object]) -> Path:
        """Write a file of ours, whole or not at all.

        Raises:
            OSError: it cannot be written, or a link or a folder is in its place.
            OptionError: a file of somebody else is in its place.
        """
        path = self.path / name
        self._make_parents(name)
        check_plain(path)
        self._make_way(name)
        with set_aside(path) as aside:
            write(aside)
            new = digest_of(aside)
            # both contents for a moment: a kill before or after the rename leaves a proof
            allowed = list(dict.fromkeys([*self._current(name), new]))
            if self.files.get(name) != allowed or not self.listed:
                self.files[name] = allowed
                self.save()
            put_in_place(aside, path)
        # in memory only: the list on the disk may go on allowing the old content
        self.files[name] = [new]
        return path

    def check_ours(self, name: str) -> None:
        """Refuse to replace a file that we did not write, or that was changed since.

        Raises:
            OptionError: it is such a file.
        """
        path = self.path / name
        if not os.path.lexists(path) or self.is_ours(name):
            return
        how = "was changed since andornot wrote it" if name in self.files else "is not andornot's"
        raise OptionError(
            f"{path} {how}, so it is not replaced; move it away, or choose another folder"
        )

    def _make_way(self, name: str) -> None:
        """Refuse to replace what is not ours; in a folder of a run's cache it is put aside.

        There, what the list names is ours even if the disk spoiled it.
        """
        if not self.whole:
            self.check_ours(name)
        elif name not in self.files and (self.path / name).exists():
            keep_aside(self.path / name)

    def _current(self, name: str) -> list[str]:
        """The digest of a file of ours as it lies there; after a kill the list may allow two."""
        if name not in self.files or not (self.path / name).exists():
            return []
        found = digest_of(self.path / name)
        return [found] if found in self.files[name] else []

    def check_free(self, patterns: Iterable[str]) -> None:
        """Refuse files of somebody else with the names that we shall write.

        Raises:
            OptionError: there is one, or a list that is not ours.
            OSError: a link or a folder has such a name.
        """
        self.check_list()
        for pattern in patterns:
            for parent in list(Path(pattern).parents)[:-1]:
                check_is_folder(self.path / parent)
            found = self.path.glob(pattern) if "*" in pattern else [self.path / pattern]
            for path in sorted(found):
                check_plain(path)
                self.check_ours(path.relative_to(self.path).as_posix())

    def is_ours(self, name: str) -> bool:
        """Whether a file is listed, and as we wrote it."""
        path = self.path / name
        try:
            plain = stat.S_ISREG(path.lstat().st_mode)
            # the digest last, for it reads the file
            return plain and name in self.files and digest_of(path) in self.files[name]
        except OSError:
            return False

    def adopt(self, name: str) -> None:
        """List a file that a version without lists wrote; whoever calls knows that it is ours."""
        self.files[name] = [digest_of(self.path / name)]

    def remove(self, name: str) -> None:
        """Delete a file of ours; one that is not, or not any more, stays."""
        if self.is_ours(name):
            (self.path / name).unlink()
        self.files.pop(name, None)

    def keep_only(self, names: Iterable[str], patterns: Sequence[str]) -> None:
        """Delete what we wrote earlier by these patterns, but for some names."""
        for name in set(self.files) - set(names):
            if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                continue
            self.remove(name)
            for parent in list((self.path / name).parents)[: name.count("/")]:
                with suppress(OSError):  # not empty, or gone
                    parent.rmdir()

    def check_list(self) -> None:
        """Refuse to replace a list that is damaged, or of somebody else.

        Raises:
            OptionError: there is such a list.
            OSError: a link or a folder is in its place.
        """
        check_plain(self.path / LIST)
        if not self.listed and (self.path / LIST).exists():
            raise OptionError(
                f"{self.path / LIST}, where andornot lists what it wrote, is damaged or not "
                "andornot's; move it away, or choose another folder"
            )

    def save(self) -> None:
        """Write the list.

        Raises:
            OptionError: a damaged one, or somebody else's, is there.
            OSError: it cannot be written.
        """
        # a damaged list proves nothing, and must not stop a cache that is ours anyway
        if self.whole and not self.listed and (self.path / LIST).exists():
            keep_aside(self.path / LIST)
        self.check_list()
        files = dict(sorted(self.files.items()))
        data = {"andornot": _FORMAT, "key": self.key, "files": files}
        if self.together:
            data["together"] = sorted(self.together)
        write_whole(self.path / LIST, json_writer(data))
        self.listed = True

    def _make_parents(self, name: str) -> None:
        """Make the folders on the way to a file; none of them may be a link to elsewhere."""
        at = self.path
        check_no_link(at)
        at.mkdir(parents=True, exist_ok=True)
        for part in Path(name).parent.parts:
            at = at / part
            check_no_link(at)
            at.mkdir(exist_ok=True)


def keep_aside(path: Path, name: Path | None = None) -> Path:
    """Rename a file that is not ours, or was changed, and tell of it.

    Args:
        path: the file.
        name: what its new name begins with; its own name if not given.

    Raises:
        OSError: it cannot be renamed, or is no plain file.
    """
    stem = name or path
    aside = stem.with_name(f"{stem.name}.changed-{secrets.token_hex(4)}")
    check_plain(path)
    path.rename(aside)
    tell(f"note: {path} is not as andornot wrote it; it is kept as {aside}")
    return aside


def read_list(folder: Path) -> tuple[str, dict[str, list[str]], frozenset[str]] | None:
    """A folder's key, the digests of its files, and which go together; None if it has no list.

    Raises:
        Changed: the list is damaged.
    """
    path = folder / LIST
    if path.is_symlink():
        raise Changed(f"{LIST} beside it is a link")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        key, files = str(data["key"]), dict(data["files"])
        together = frozenset(data.get("together", ()))
        plain = all(
            _inside(name) and isinstance(known, list) and all(isinstance(d, str) for d in known)
            for name, known in files.items()
        )
        if data["andornot"] != _FORMAT or not plain or not together <= files.keys():
            raise ValueError
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise Changed(f"{LIST} beside it, the list of digests, is damaged") from None
    return key, files, together


def _inside(name: str) -> bool:
    """Whether a name leads to a place in its folder."""
    parts = name.split("/")
    # a list may come from anybody: what it names is deleted, so it must not lead elsewhere
    return not any(part in ("", ".", "..") or "\\" in part or ":" in part for part in parts)


_compared: set[tuple[str, int, int, int]] = set()
"""Files that were as listed when read, with inode, size and time: each is compared once."""


def verify(path: Path, root: Path | None = None) -> None:
    """Compare a file with its folder's list; of what is in no list, nothing is known.

    Args:
        path: the file.
        root: the folder that has the list; the one that the file lies in if not given.

    Raises:
        Changed: it is not as we wrote it.
        OSError: it cannot be read.
    """
    # not followed: a link is never a file of ours, wherever it leads
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise Changed("it is no plain file")
    seen = (str(path.absolute()), found.st_ino, found.st_size, found.st_mtime_ns)
    if seen in _compared:
        return
    for attempt in range(2):  # the second time if it was replaced between two looks
        known = read_list(root or path.parent)
        if known is None:
            return
        allowed = known[1].get(path.relative_to(root or path.parent).as_posix())
        if allowed is None or digest_of(path) in allowed:  # of what is not listed, nothing is said
            _compared.add(seen)
            return
        if attempt:
            raise Changed("its content is not what andornot wrote")


@contextmanager
def listed(path: str | Path) -> Iterator[Folder]:
    """A folder of the user's, to write files into beside what is there, one process at a time.

    Raises:
        RunError: another process writes there, or it cannot be written.
        OptionError: a file of somebody else is in the place of one of ours.
    """
    path = Path(path)
    with writing(path):
        check_is_folder(path)
    # the lock goes in the end: it is a folder of people
    with locked(path / LOCK, busy_sentence(path), keep=False):
        with writing(path):
            sweep(path)
        folder = Folder.at(path)
        yield folder
        with writing(path):
            folder.save()


def check_free_for(path: str | Path, patterns: Iterable[str]) -> None:
    """Refuse early a folder where files of other people have the names that we shall write.

    Args:
        path: the folder; it need not be there.
        patterns: such names, ``*`` for any text; in subfolders as ``examples/*``.

    Raises:
        OptionError: such a file is there.
        RunError: a link is in the way, or the path is a file.
    """
    path = Path(path)
    with writing(path):
        check_is_folder(path)
        Folder.at(path).check_free(patterns)


def check_inside(root: Path, path: Path) -> Path:
    """A path below a folder from elsewhere, such as a run; nothing on the way may lead out of it.

    Raises:
        RunError: it leads out of the folder, or a part of it is a link.
    """
    if not path.is_relative_to(root) or ".." in path.relative_to(root).parts:
        raise RunError(f"{path} leads out of {root}, so it is left alone; make {root} again")
    with writing(path):
        for part in [path, *path.parents][: len(path.relative_to(root).parts)]:
            check_no_link(part)
    return path


def check_is_folder(path: Path) -> None:
    """Refuse a link or a file in the place of a folder.

    Raises:
        OSError: there is one.
    """
    check_no_link(path)
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is a file", str(path))


def folder_files(path: Path) -> Iterator[str]:
    """Paths, in a folder, of all that is in it but folders; no link is followed."""
    if not path.is_dir():
        return
    for at, folders, files in os.walk(path):
        base = Path(at)
        for name in sorted([*files, *(f for f in folders if (base / f).is_symlink())]):
            yield (base / name).relative_to(path).as_posix()


def busy_sentence(path: Path) -> str:
    """What to tell who comes while another process writes to a folder."""
    return f"another andornot is writing to {path}; wait until it is done, or choose another"


def files_of_others(folder: Folder) -> list[str]:
    """What is in a folder and stays: files of people, and what other commands wrote there."""
    found = (name for name in folder_files(folder.path) if name not in (LIST, LOCK))
    return [n for n in found if n not in folder.together or not folder.is_ours(n)]


def is_vacant(path: Path) -> bool:
    """Whether nothing is at a path, or a folder that is empty but for a lock of ours."""
    if not os.path.lexists(path):
        return True
    return path.is_dir() and all(entry.name == LOCK for entry in path.iterdir())


def remove_ours(path: Path, *, changed: bool = True) -> None:
    """Delete a folder of ours: what its list names; what else lies in it stays.

    Args:
        path: the folder.
        changed: also what is not as we wrote it: so in a run's cache, where the disk did that.
    """
    if path.is_symlink() or not path.is_dir():
        return
    sweep(path)
    folder = Folder.at(path)
    for name in folder.files:
        with suppress(OSError):
            # a link is nothing that we wrote, even in a cache
            if folder.is_ours(name) or (changed and not (path / name).is_symlink()):
                (path / name).unlink()
    with suppress(OSError):
        if (path / LOCK).lstat().st_size == 0:  # of a process that was killed
            (path / LOCK).unlink()
    remove_rest(path)


def remove_rest(path: Path) -> None:
    """Delete the list when nothing is there that it names, then the folder if it is empty."""
    folder = Folder.at(path)
    with suppress(OSError):
        if folder.listed and not any(os.path.lexists(path / name) for name in folder.files):
            (path / LIST).unlink()
        path.rmdir()
