"""Put one folder in the place of another in one moment, where the system can."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from andornot._tools.files import aside_name

_EXCHANGE: Final = 2
"""Linux: ``RENAME_EXCHANGE`` of ``renameat2``; the same number as macOS' ``RENAME_SWAP``."""


def exchanged(aside: Path, out: Path) -> bool:
    """Let two folders change their names in one moment; False where the system cannot."""
    call = _exchange_call()
    if call is None:
        return False
    return bool(call(os.fsencode(aside), os.fsencode(out)) == 0)


def put_instead(aside: Path, out: Path) -> None:
    """Put a folder in the place of another by two renames, where :func:`exchanged` cannot.

    Who is killed between them leaves the old one aside, as ``.NAME.old...``, where the next start
    finds it.
    """
    old = out.with_name(aside_name(f"{out.name}.old"))
    out.rename(old)
    try:
        aside.rename(out)
    except OSError:
        old.rename(out)
        raise
    # under the name that the caller clears, as if the two had been exchanged
    old.rename(aside)


@cache
def _exchange_call() -> Callable[[bytes, bytes], int] | None:
    """The system's call to exchange two names, which Python does not have."""
    here = -100  # AT_FDCWD: paths are as they are
    try:
        # the C library that Python itself runs on
        library: Any = ctypes.CDLL(None, use_errno=True)
        if platform.system() == "Linux":
            rename = library.renameat2
            return lambda one, other: int(rename(here, one, here, other, _EXCHANGE))
        if platform.system() == "Darwin":
            swap = library.renamex_np
            return lambda one, other: int(swap(one, other, _EXCHANGE))
    except (OSError, AttributeError):
        pass
    return None
