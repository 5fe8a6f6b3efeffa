"""Stages of a run: what is stored is keyed by all that shaped it.

A stage has a directory ``cache/NAME-KEY``, and is done when ``stage.json`` lies in it. The key is
a digest of everything that the stage's content depends on, so a changed option leads to another
directory, and what does not depend on it is found again. What a stage writes is listed with its
digest (see ``_tools.folders``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from numpy.typing import NDArray

from andornot._tools.files import (
    array_writer,
    check_no_link,
    check_plain,
    json_writer,
    locked,
    sweep,
    writing,
)
from andornot._tools.folders import LIST, LOCK, Folder, check_is_folder, keep_aside, remove_ours
from andornot._tools.reading import read_json
from andornot._tools.timer import peak_rss_bytes
from andornot.counting.stores import Shards, is_shard
from andornot.errors import DamagedError, RunError


def key_of(**parts: Any) -> str:
    """A short digest of everything given (anything that JSON can say)."""
    # sorted, since the order in which options were given shapes nothing
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    # 64 bits: the few keys of a run do not meet, and names of folders stay short
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Stage:
    """One stage of a run.

    Attributes:
        name: such as ``concepts``.
        key: digest of what it depends on.
        root: the run's ``cache`` directory.
    """

    name: str
    key: str
    root: Path

    @property
    def path(self) -> Path:
        """Where its results lie."""
        # a layer's name may hold what a folder's must not, such as a slash
        return self.root / f"{quote(self.name.replace(' ', '_', 1), safe='')}-{self.key}"

    @property
    def done(self) -> bool:
        """Whether it has run to its end."""
        # a damaged note counts as none: the stage is made again
        with suppress(RunError):
            return bool(self.kept_json("stage.json"))
        return False

    @property
    def shards(self) -> Shards:
        """Where its activations lie, if it records any."""
        return Shards(self.path / "shards")

    def undo(self) -> None:
        """Make it count as not done, because a part of its results is lost."""
        with writing(self.path):
            # the note alone goes: the other parts may be sound, and are found again
            check_plain(self.path / "stage.json")
            (self.path / "stage.json").unlink(missing_ok=True)

    @property
    def info(self) -> dict[str, Any]:
        """What was noted when it was done."""
        return self.kept_json("stage.json")

    def kept_json(self, name: str) -> dict[str, Any]:
        """JSON of this stage that is proven to be as it was written.

        Raises:
            DamagedError: it is not there, or not proven; in a run that goes on, it is made again.
        """
        if not Folder.at(self.path).is_ours(name):
            raise DamagedError(self.path / name, "no list of digests tells that it is whole")
        return read_json(self.path / name)

    def write(self, name: str, write: Callable[[Path], object]) -> None:
        """Write a file of this stage, whole or not at all, and list its digest.

        Raises:
            OSError: it cannot be written.
        """
        Folder.at(self.path, whole=True).write(name, write)

    def write_array(self, name: str, values: NDArray[Any]) -> None:
        """Write an array of this stage, as :meth:`write` does."""
        self.write(name, array_writer(values))

    def write_json(self, name: str, data: object) -> None:
        """Write JSON of this stage, as :meth:`write` does."""
        self.write(name, json_writer(data))

    def remove(self, name: str) -> None:
        """Delete a file of this stage."""
        folder = Folder.at(self.path, whole=True)
        (self.path / name).unlink(missing_ok=True)
        if folder.files.pop(name, None):
            folder.save()

    def make(self) -> None:
        """Make its directory, which must not be a link to elsewhere; clear what was left aside.

        Raises:
            OSError: it cannot be made.
        """
        for folder in (self.root, self.path, self.shards.directory):
            check_no_link(folder)
        self.path.mkdir(parents=True, exist_ok=True)
        sweep(self.path)
        sweep(self.shards.directory)

    def finish(self, seconds: Mapping[str, float], **info: Any) -> None:
        """Note that it is done.

        Args:
            seconds: what its parts took.
            **info: what is to be known of it.
        """
        spent = {part: round(time, 4) for part, time in seconds.items()}
        noted: dict[str, Any] = {"name": self.name, "key": self.key, "seconds": spent}
        with writing(self.path):
            noted["peak_rss_bytes"] = peak_rss_bytes()
            # written last, since a stage is done as soon as this file is there
            self.write_json("stage.json", noted | info)

    def remove_older(self) -> None:
        """Remove what earlier keys of this stage left."""
        prefix = self.path.name[: -len(self.key)]
        for old in self.root.glob(f"{prefix}*"):
            # the prefix of a layer "a" also begins the names of a layer "a-b", which are longer
            if old != self.path and len(old.name) == len(self.path.name):
                remove_stage(old)


_SEVERAL = 2
_UNLISTED = (
    "stage.json", "concepts.json", "atoms.npz", "positions.npz", "codes.u16", "logits.npy",
    "head.npy", "directions.npy", "responses.npz", "thresholds.npy", "extremes.npy",
    "borders.npy", "areas.npy", "peaks.npy", "scores.json", "plateaus.json", "held-out.json",
    "stability.json", "core.json", "held-out-chance.json", "chance.json", "range_[0-9]*.npz",
    "partial.npz", "answer_*.npy",
)  # fmt: skip
"""What we write into a stage; versions before kept no lists, and a list may be damaged."""


def remove_stage(path: Path) -> None:
    """Delete a stage's directory; what andornot did not write into it stays."""
    with suppress(OSError):
        check_no_link(path)
        check_no_link(path / "shards")
        sweep(path / "shards")
        Shards(path / "shards").remove()
        if (path / LIST).exists() or _is_stage(path):  # the list may be damaged
            for name in (name for pattern in _UNLISTED for name in path.glob(pattern)):
                if not name.is_symlink():
                    name.unlink()
        remove_ours(path)
        if (path / LIST).exists() and not Folder.at(path).listed:
            keep_aside(path / LIST, path.parent / f"{path.name}.list")


def _is_stage(path: Path) -> bool:
    """Whether a directory without a list is a stage: its key is in its name and in its note.

    Where the note is damaged, several files that a stage has beside it must do.
    """
    with suppress(RunError):
        return path.name.endswith(f"-{read_json(path / 'stage.json').get('key')}")
    names = {name for pattern in _UNLISTED for name in path.glob(pattern) if name.is_file()}
    return path / "stage.json" in names and len(names) > _SEVERAL


def forget(cache: Path, damaged: Path) -> bool:
    """Delete a damaged file of a stage, which then counts as not done; False if it is not one's."""
    try:  # shards lie at resolved paths; what is a link itself, is none of ours
        inside = (damaged.parent.resolve() / damaged.name).relative_to(cache.resolve())
    except ValueError:
        return False
    stage = cache / inside.parts[0]
    # what lies in the cache itself belongs to no stage
    if len(inside.parts) < 2 or (cache / inside).is_symlink():
        return False
    with writing(stage):
        for path in (cache / inside, stage / "stage.json"):
            _discard(stage, path)
    return True


def _discard(stage: Path, path: Path) -> None:
    """Delete a damaged file of a stage; what its list does not name is somebody's, and is kept."""
    if path.relative_to(stage).as_posix() in Folder.at(stage).files or is_shard(path):
        path.unlink(missing_ok=True)
    elif path.exists():
        keep_aside(path)


@contextmanager
def locked_run_directory(out: Path) -> Iterator[None]:
    """Make a run's directory, and keep other processes from writing there meanwhile.

    Raises:
        RunError: another process writes there, or the directory cannot be made.
    """
    busy = f"another andornot is writing to {out}; wait until it is done, or choose another"
    with writing(out):
        check_is_folder(out)
    with (
        locked(out / ".lock", f"{busy} directory"),
        locked(out / LOCK, f"{busy} directory", keep=False),  # for pages and tables in its folder
    ):
        with writing(out):
            # only under the lock: before it, another process may be writing these files
            sweep(out)
        yield
