"""Download a file over HTTP; what has come is kept, and the next attempt goes on from there.

``X.part`` grows beside ``X``, and ``X.part.json`` says which edition of which address it is a part
of. ``X`` itself appears when it is whole.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from andornot._tools.files import check_plain, put_in_place, write_json, writing
from andornot._tools.progress import track
from andornot.errors import DataError, OptionError

if TYPE_CHECKING:
    from requests import Response

CHUNK = 1 << 16
"""Bytes that are read at a time; of an unfinished chunk nothing is kept."""

STEP = 1 << 20
"""Bytes of one step of the progress bar."""

IDLE_TRIES = 3
"""Attempts in a row that may bring nothing."""

WAIT = 1.0
"""Seconds before the second attempt; twice as long before each further one."""

_TIMEOUT = (20.0, 60.0)
_PASSING = (408, 425, 429, 500, 502, 503, 504)


class _BrokenError(Exception):
    """The connection broke, or the server is busy: worth another attempt."""


@dataclass(frozen=True)
class _Edition:
    """What a part is a part of.

    Attributes:
        address: where it comes from.
        validator: by which the server knows the edition (an ETag or a date); may be empty.
        total: size of the whole in bytes; None if the server does not say.
    """

    address: str
    validator: str
    total: int | None


def download(address: str, path: Path) -> None:
    """Download a file, going on where an earlier download of it stopped.

    Raises:
        OptionError: the address is none, or a file of somebody else is in the way.
        DataError: the server does not have the file, the connection keeps breaking, or the disk
            has too little room.
        RunError: the disk cannot be written; what has come is kept.
    """
    part = path.with_name(f"{path.name}.part")
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        check_plain(path)
        _check_own(part)
    idle = 0
    while True:
        before = _size(part)
        try:
            _attempt(address, part, path.name)
            break
        except _BrokenError as error:
            idle = 0 if _size(part) > before else idle + 1
            if idle >= IDLE_TRIES:
                kept = f"; {_size(part):,} bytes are kept, to go on from" if _size(part) else ""
                raise DataError(
                    f"{address} cannot be read: {error}; run the same command again later{kept}"
                ) from None
            time.sleep(WAIT * 2 ** max(idle - 1, 0))
    with writing(path):
        put_in_place(part, path)
        _notes(part).unlink(missing_ok=True)


def _check_own(part: Path) -> None:
    """Refuse to go on with, or to replace, what no download of ours began.

    Raises:
        OptionError: it is of somebody else, or its note is damaged.
        OSError: a link is in its place.
    """
    for file in (part, _notes(part)):
        check_plain(file)
        if file.exists() and _edition(part) is None:
            raise OptionError(
                f"{file} is not of a download that andornot began; move it away and start again"
            )


def _attempt(address: str, part: Path, name: str) -> None:
    """One request; the part is whole when it returns."""
    import requests

    old = _edition(part)
    have = _size(part) if old is not None and old.address == address else 0
    headers = {"Accept-Encoding": "identity"}
    if have and old is not None:
        headers["Range"] = f"bytes={have}-"
        if old.validator:
            headers["If-Range"] = old.validator
    try:
        found = requests.get(address, headers=headers, stream=True, timeout=_TIMEOUT)
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _BrokenError(_reason(error)) from None
    except (requests.RequestException, ValueError) as error:
        raise OptionError(
            f"{address!r} is no address to download from ({error}); give one with https://"
        ) from None
    with closing(found) as response:
        if response.status_code == 416 and have and _total(response) == have:
            return
        start = _start(response, address, have)
        # without If-Range only the size tells another edition
        if start is None or (start and old is not None and _total(response) != old.total):
            part.unlink(missing_ok=True)
            raise _BrokenError("the server did not go on where the download stopped")
        _receive(response, address, part, name, start)


def _start(response: Response, address: str, have: int) -> int | None:
    """From which byte on the answer is; None if it does not fit what we have."""
    status = response.status_code
    if status == 200 and "text/html" in response.headers.get("Content-Type", ""):
        raise DataError(f"{address} answers with a web page, not with a file: it has moved or gone")
    if status == 200:
        return 0  # the server cannot go on, or has another edition now
    if status == 206:
        given = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        return have if given and int(given[1]) == have else None
    if status == 416:
        return None
    if status in _PASSING:
        raise _BrokenError(f"the server answers {status} {response.reason}")
    raise DataError(f"{address} is not there: the server answers {status} {response.reason}")


def _receive(response: Response, address: str, part: Path, name: str, start: int) -> None:
    """Write what comes behind what we have."""
    import requests

    total = _total(response)
    if total is not None:
        _check_room(part.parent, name, total - start)
    with writing(part):
        if not start:
            part.unlink(missing_ok=True)  # before the note, which is of the new edition
            write_json(_notes(part), asdict(_Edition(address, _validator(response), total)))
        file = part.open("ab")
    with writing(part), closing(file):
        steps = track(
            _written(response, file), f"{name}, MiB", -(-(total or 0) // STEP), start // STEP
        )
        try:
            for _ in steps:
                pass
        except requests.RequestException as error:
            raise _BrokenError(_reason(error)) from None
    if total is not None and _size(part) != total:
        raise _BrokenError(f"{_size(part):,} of {total:,} bytes came")


def _written(response: Response, file: IO[bytes]) -> Iterator[int]:
    """Write what comes; yields the bytes so far after each step, and at the end."""
    done = 0
    for chunk in response.iter_content(CHUNK):
        file.write(chunk)
        done += len(chunk)
        if done % STEP < len(chunk):
            yield done
    if done % STEP:
        yield done


def _validator(response: Response) -> str:
    """By what the server knows this edition; empty if it does not say."""
    tag = response.headers.get("ETag", "")
    strong = tag if not tag.startswith("W/") else ""
    return strong or response.headers.get("Last-Modified", "")


def _total(response: Response) -> int | None:
    """The size of the whole file, if the server says it."""
    given = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    length = given[1] if given else response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _check_room(folder: Path, name: str, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(
            f"{name} needs {needed / 1e6:,.0f} MB more, and {folder} has {free / 1e6:,.0f} MB "
            "free: make room, or choose another folder"
        )


def _edition(part: Path) -> _Edition | None:
    """What is noted of a part; None if there is none, or the note is damaged."""
    with suppress(OSError, ValueError, TypeError):
        return _Edition(**json.loads(_notes(part).read_text(encoding="utf-8")))
    return None


def _notes(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: Exception) -> str:
    """What broke, in a few words."""
    text = str(error)
    for sign, words in (
        ("resol", "no host of this name can be found; is there a network?"),
        ("refused", "the host refuses the connection"),
        ("timed out", "the host does not answer in time"),
        ("certificate", "the host's certificate cannot be verified"),
    ):
        if sign in text.lower():
            return words
    return "the connection broke"
