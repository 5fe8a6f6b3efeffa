"""Folders that are exchanged as a whole; what people put into the old one is taken along.

The new folder grows beside the old one, under a random name that is in its list too (see
``folders``), and takes its place in one moment where the system can (see ``exchange``). What a
killed process left is known by that name and swept by the next one.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from andornot._tools.exchange import exchanged, put_instead
from andornot._tools.files import (
    aside_key,
    aside_name,
    digest_of,
    locked,
    new_key,
    sweep,
    sync,
    writing,
)
from andornot._tools.folders import (
    LIST,
    LOCK,
    Folder,
    busy_sentence,
    check_is_folder,
    files_of_others,
    folder_files,
    is_vacant,
    remove_rest,
)
from andornot.errors import OptionError

_MANY: Final = 64
"""Of more files than these, the whole disk is synced at once and not each of them."""


def check_whole(out: str | Path, top: Sequence[str] = (), *, vacant: bool = False) -> None:
    """Refuse early what :func:`whole_folder` would refuse, before any work is done."""
    out = Path(out)
    with writing(out):
        check_is_folder(out)
        _checked(out, vacant, top)


@contextmanager
def whole_folder(
    out: str | Path, *, vacant: bool = False, top: Sequence[str] = ()
) -> Iterator[Path]:
    """Give an empty folder to write into; when all is written, it takes the place of ``out``.

    At every moment ``out`` is the old folder or the new one. What people added to the old one is in
    the new one too. After an error ``out`` is as it was.

    Args:
        out: the folder.
        vacant: refuse to replace anything, even if it is ours.
        top: names in ``out`` that will be written for certain, to refuse early what is in the way.

    Raises:
        OptionError: ``out`` holds files of other people and none of ours, or one of theirs is in
            the way of one of ours.
        RunError: another process writes there, or the folder cannot be written.
    """
    out = Path(out)
    with writing(out):
        check_is_folder(out)
        _restore(out)
        # asked before the lock, which makes the folder
        fresh = not os.path.lexists(out)
    with locked(out / LOCK, busy_sentence(out)):
        try:
            with writing(out):
                sweep_folders(out.parent, out.name)
                theirs = _checked(out, vacant, top)
            with _filled(out) as new:
                yield new.path
                with writing(out):
                    _finish(new, theirs, out)
            _clear_old(new.path, out)
        except BaseException:
            with suppress(OSError):  # while the lock is held: nobody else has made the folder
                (out / LOCK).unlink(missing_ok=True)
                if fresh:
                    out.rmdir()
            raise


@contextmanager
def _filled(out: Path) -> Iterator[Folder]:
    """A folder that shall take the place of ``out``; after an error it goes."""
    with writing(out):
        new = new_folder(out.parent, out.name)
    try:
        yield new
    # also KeyboardInterrupt: nothing half-made stays
    except BaseException:
        shutil.rmtree(new.path, ignore_errors=True)
        raise


def new_folder(parent: Path, name: str) -> Folder:
    """An empty folder of a random name, which is ours with all that will be in it.

    Raises:
        OSError: it cannot be made.
    """
    key = new_key(name)
    path = parent / aside_name(name, key)
    path.mkdir()
    # listed before anything is in it, so that a kill leaves nothing that nobody can sweep
    folder = Folder(path, key, whole=True)
    folder.save()
    return folder


@contextmanager
def temporary_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder for a while, of a random name; it goes in the end, with all that is in it."""
    folder = new_folder(parent, name)
    try:
        yield folder.path
    finally:
        shutil.rmtree(folder.path, ignore_errors=True)


def sweep_folders(parent: Path, name: str | None = None) -> None:
    """Remove what killed processes left of :func:`new_folder`; call it where no other is at work.

    Only folders of a name are swept, or all if none is given. That a folder is ours is told by its
    key, which is in its name and in its list.
    """
    for path, key in _asides(parent, name):
        out = parent / path.name[1 : path.name.rindex(".andornot-")]
        if Folder.at(out).key == key:  # the new one is in place, so this is the old one
            _clear_old(path, out)
        elif Folder.at(path).key == key:
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):  # killed before it had a list, or after its list went
                sweep(path)
                path.rmdir()


def _asides(parent: Path, name: str | None) -> list[tuple[Path, str]]:
    """Folders that will become, or were, ``name``, with the key in their names."""
    found = ((path, aside_key(path, name)) for path in parent.glob(".*.andornot-*.tmp"))
    return [(p, key) for p, key in found if key and p.is_dir() and not p.is_symlink()]


def _checked(out: Path, vacant: bool, top: Sequence[str]) -> list[str]:
    """What other people have in a folder that shall be replaced."""
    folder = Folder.at(out)
    if vacant and not is_vacant(out):
        raise OptionError(f"{out} exists already: choose another folder, or remove it")
    theirs = files_of_others(folder)
    folder.check_list()
    if theirs and not folder.together:
        why = "which no page or table of andornot's goes with"
        if not folder.listed:
            why = "and no list of what andornot wrote, which versions before did not keep"
        raise OptionError(
            f"{out} holds other files; choose a new or an empty folder ({theirs[0]} is there, "
            f"{why})"
        )
    for name in theirs:
        _check_apart(out, name, top)
    return theirs


def _check_apart(out: Path, name: str, ours: Iterable[str]) -> None:
    """Refuse a file of somebody else where one of ours, or a folder of ours, has to be."""
    if any(own == name or own.startswith(f"{name}/") or name.startswith(f"{own}/") for own in ours):
        raise OptionError(
            f"{out / name} is not of what is replaced, or was changed, and stands where a new file "
            "has to be; move it away, or choose another folder"
        )


def _finish(new: Folder, theirs: Sequence[str], out: Path) -> None:
    """List what was written, take along what belongs to others, and put the folder in place."""
    aside = new.path
    names = [name for name in folder_files(aside) if name != LIST]
    for name in theirs:
        _check_apart(out, name, names)
    old = Folder.at(out)
    # what other commands of ours wrote there stays proven ours
    new.files = {name: known for name, known in old.files.items() if name in theirs}
    new.files |= {name: [digest_of(aside / name)] for name in names}
    new.together = frozenset(names)
    new.save()
    # the folder is another one, its rights shall not be
    shutil.copymode(out, aside)
    for name in theirs:
        _take_along(out / name, aside / name)
    # before names change: else after a power cut the new name could lead to empty files
    _sync_all(aside, names)
    if not exchanged(aside, out):
        put_instead(aside, out)
    sync(out.parent)


def _sync_all(folder: Path, names: Sequence[str]) -> None:
    """Have a folder reach the disk; of many files all at once, which is faster."""
    if len(names) > _MANY and hasattr(os, "sync"):
        os.sync()
        return
    for name in [*names, LIST, *{Path(name).parent.as_posix() for name in names}]:
        sync(folder / name)


def _take_along(old: Path, new: Path) -> None:
    """Give a file of somebody a second name; both are one file, so none is ever lost."""
    new.parent.mkdir(parents=True, exist_ok=True)
    if old.is_symlink():
        new.symlink_to(old.readlink())
        return
    try:
        new.hardlink_to(old)
    except OSError:  # no second names on this disk
        if not stat.S_ISREG(old.lstat().st_mode):
            raise
        shutil.copy2(old, new)


def _clear_old(aside: Path, out: Path) -> None:
    """Remove the old folder: our files, and second names of what the new one has too."""
    folder = Folder.at(aside)
    for name in list(folder_files(aside)):
        path, kept = aside / name, out / name
        gone = name == LOCK or (name in folder.together and folder.is_ours(name))
        if name != LIST and (gone or _same(path, kept)):
            with suppress(OSError):
                path.unlink()
    # from the bottom, for a folder goes only when it is empty
    for at, folders, _ in os.walk(aside, topdown=False):
        for name in folders:
            with suppress(OSError):  # what came in the meantime stays
                Path(at, name).rmdir()
    remove_rest(aside)


def _same(one: Path, other: Path) -> bool:
    """Whether two names are of one file, or of equal ones."""
    try:
        if one.is_symlink():
            return other.is_symlink() and one.readlink() == other.readlink()
        return one.samefile(other) or digest_of(one) == digest_of(other)
    except OSError:
        return False


def _restore(out: Path) -> None:
    """Give back its name to a folder that was to be replaced, where two renames were needed."""
    if os.path.lexists(out):
        return
    # only where two renames were needed, and a kill came between them
    for path, _ in _asides(out.parent, f"{out.name}.old"):
        if Folder.at(path).listed:
            path.rename(out)
            return
