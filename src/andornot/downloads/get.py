"""Get an item of the catalogue: download, verify, unpack, and say what to type next."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from andornot._tools.commands import one_word
from andornot._tools.files import locked, text_writer, write_whole, writing
from andornot.downloads.catalogue import Item, find
from andornot.downloads.fetch import download
from andornot.downloads.unpack import unpack
from andornot.errors import DataError


@dataclass(frozen=True)
class Got:
    """What has been got.

    Attributes:
        item: of the catalogue.
        path: the folder or file to use.
        notes: what was found out on the way, a sentence each.
    """

    item: Item
    path: Path
    notes: tuple[str, ...]

    @property
    def use(self) -> str:
        """What to type next."""
        words = self.item.use.split(" ")
        return " ".join(one_word(w.format(path=self.path)) if "{" in w else w for w in words)


def get(name: str, to: Path, mirror: str | None = None) -> Got:
    """Get a data set or a network by its name.

    A file that lies in the folder already, downloaded by hand say, is used. An archive is removed
    once it is unpacked; its checksum stays beside, so that a later download must be the same.

    Args:
        name: as in the catalogue.
        to: the folder where it is put.
        mirror: address of a folder that has the file under its published name; nothing else is
            asked then.

    Raises:
        OptionError: there is nothing of this name, or the mirror is no address.
        DataError: it cannot be downloaded by a program, is not there, or is not what it should be.
        RunError: the disk cannot be written (what has come is kept), or another process is getting
            the same.
    """
    item = find(name)
    if there := _there(item, to):
        return there
    if not item.addresses and not (to / item.file).is_file():
        raise DataError(f"{item.name} cannot be got by a program: {_by_hand(item, to)}")
    busy = f"another andornot is getting {item.name} into {to}; wait until it is done"
    with locked(to / f".{item.file}.lock", busy):
        return _there(item, to) or _get(item, to, mirror)


def _there(item: Item, to: Path) -> Got | None:
    """What was got and unpacked earlier, whole or not at all."""
    place = _place(item, to)
    if item.folder and place.is_dir():
        return Got(item, place, (f"{place} is there already",))
    return None


def _get(item: Item, to: Path, mirror: str | None) -> Got:
    """Get an item that is not there, with no other process at it."""
    place, file = _place(item, to), to / item.file
    fetched = not file.is_file()
    if fetched:
        _download(item, file, mirror)
    known, notes = _verify(item, file)
    if item.folder:
        try:
            unpack(file, place)
        except DataError:
            _set_aside(file)
            raise
    if not known:
        _record(file)
    if item.folder and fetched:
        file.unlink()
    return Got(item, place, tuple(notes))


def _download(item: Item, file: Path, mirror: str | None) -> None:
    """Try the addresses in turn."""
    addresses = (f"{mirror.rstrip('/')}/{item.file}",) if mirror else item.addresses
    for address in addresses:
        try:
            download(address, file)
            return
        except DataError as error:
            last = error
    others = f" (nor {', '.join(addresses[:-1])})" if len(addresses) > 1 else ""
    hint = f"; {_by_hand(item, file.parent)}" if item.by_hand and not mirror else ""
    raise DataError(f"{last}{others}{hint}") from None


def _place(item: Item, to: Path) -> Path:
    """The folder or file that is to be used in the end."""
    return to / (item.folder or item.file)


def _by_hand(item: Item, to: Path) -> str:
    return item.by_hand.format(file=item.file, to=to, path=one_word(_place(item, to)))


def _verify(item: Item, file: Path) -> tuple[bool, list[str]]:
    """Compare a file with what is known of it: whether anything is, and what to tell."""
    record = _record_of(file)
    if item.checksum:
        _compare(file, item.checksum, "the published one")
        return True, ["its checksum is the published one"]
    notes = []
    if item.reported:
        same = checksum(file, item.reported.partition(":")[0]) == item.reported
        notes.append(
            f"its checksum is {'the one' if same else 'NOT the one'} that another project states "
            f"({item.reported}); the publishers state none"
        )
    if record.is_file():
        words = record.read_text(encoding="utf-8", errors="replace").split()
        recorded = f"sha256:{words[0] if words else ''}"
        _compare(file, recorded, f"the one of your first download, noted in {record}")
        return True, [*notes, f"its checksum is that of your first download ({record})"]
    notes.append(f"no checksum is published; that of this download is noted in {record}")
    return False, notes


def _compare(file: Path, expected: str, whose: str) -> None:
    """Set a file aside whose checksum is another."""
    found = checksum(file, expected.partition(":")[0])
    if found != expected:
        aside = _set_aside(file)
        raise DataError(
            f"{file} has another checksum ({found}) than {whose} ({expected}): it is put aside as "
            f"{aside.name}; get it again, or from another --mirror"
        )


def checksum(file: Path, algorithm: str) -> str:
    """The checksum of a file, as ``sha256:...``.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return f"{algorithm}:{hashlib.file_digest(opened, algorithm).hexdigest()}"
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror}): mend its rights") from None


def _set_aside(file: Path) -> Path:
    names = (f"{file.name}.wrong{number}" for number in ("", *range(2, 1000)))
    aside = next(p for p in map(file.with_name, names) if not os.path.lexists(p))
    with writing(aside):
        return file.rename(aside)


def _record_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.sha256")


def _record(file: Path) -> None:
    """Note the checksum of a file, as ``sha256sum`` writes it."""
    line = f"{checksum(file, 'sha256').partition(':')[2]}  {file.name}\n"
    record = _record_of(file)
    if not os.path.lexists(record):  # what is there and no record, is somebody's
        with writing(file.parent):
            write_whole(record, text_writer(line))
