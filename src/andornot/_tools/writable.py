"""Whether a place can be written, asked before the work and not after it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from andornot._tools.files import check_no_link, writing
from andornot.errors import OptionError, RunError


def check_folder(folder: Path) -> None:
    """Make sure that files can be made in a folder, which need not be there yet.

    Raises:
        RunError: they cannot, or something else has its name.
    """
    with writing(folder):
        check_no_link(folder)
        if os.path.lexists(folder) and not folder.is_dir():
            raise RunError(f"{folder} is a file; give a folder to write to")
        _try(folder)


def check_page(folder: Path) -> None:
    """Make sure that a page can take a folder's place: it is written aside, in the folder's parent.

    Raises:
        RunError: it cannot.
    """
    check_folder(folder)
    with writing(folder):
        _try(folder.absolute().parent)  # which may be a link: the user's own way to another disk


def check_file(path: Path) -> None:
    """Make sure that a file can be written, whose folder must be there.

    Raises:
        RunError: it cannot, or a folder has its name.
    """
    with writing(path):
        if path.is_dir():
            raise RunError(f"{path} is a folder; give a file to write to")
        if not path.parent.is_dir():
            raise RunError(f"{path} cannot be written: there is no folder {path.parent}; make it")
        _try(path.parent)


def check_new_file(path: Path) -> None:
    """The same of a file that is not there: of one that is, nobody could say whose it is.

    Raises:
        OptionError: it is there already.
        RunError: it cannot be written, or a folder has its name.
    """
    check_file(path)
    if os.path.lexists(path):
        raise OptionError(f"{path} is there already; choose another name, or remove it")


def _try(folder: Path) -> None:
    """Make a file and remove it, in the nearest folder that is there."""
    # tried and not asked: os.access is wrong for root and on network disks
    number, made = tempfile.mkstemp(prefix=".andornot-", dir=_nearest(folder))
    os.close(number)
    Path(made).unlink()


def _nearest(folder: Path) -> Path:
    try:
        # a link counts as being there, wherever it leads
        folder.lstat()
    except FileNotFoundError:
        return folder if folder == folder.parent else _nearest(folder.parent)
    return folder
