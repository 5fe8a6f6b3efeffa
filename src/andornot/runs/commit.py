"""The one moment at which a run changes: new results are whole, then the manifest names them.

``claim`` comes before a run begins, ``new_results`` and ``commit`` at its end. What the manifest
says is in ``manifest``.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from andornot._tools.files import check_no_link, check_plain, json_writer, sync
from andornot._tools.folders import LIST, Folder, check_is_folder, keep_aside, remove_ours
from andornot._tools.progress import tell
from andornot._tools.whole_folders import new_folder
from andornot.errors import OptionError
from andornot.runs.cache import key_of
from andornot.runs.manifest import MANIFEST, Manifest, Results, is_of_a_run, noted_digests
from andornot.runs.manifest_fields import check_new

NEW: Final = "new"
"""Name in ``results``, with a random key, of a folder that has no name of its own yet."""

EXPLANATIONS: Final = ("explanations.parquet", "explanations.json")
SAMPLES: Final = "samples.parquet"
TABLES: Final = (*EXPLANATIONS, SAMPLES)
"""What a run found, in ``results/KEY``; copies lie beside the manifest, for people."""


def claim(out: Path) -> None:
    """Make sure, before a run begins, that nothing of other people is in its way.

    Raises:
        OptionError: files there have the names that a run writes, and no run of ours wrote them.
        OSError: a link is in the place of a file or folder of the run.
    """
    for name in ("cache", "results", "attacks"):
        check_is_folder(out / name)
    for name in (MANIFEST, *TABLES):
        check_plain(out / name)
    folder = Folder.at(out)
    if not folder.listed:
        if _adopt(folder) and (out / LIST).exists():
            keep_aside(out / LIST)  # a damaged one
        folder.check_list()
    # somebody changed it, or copied another one here: it is kept, but proves nothing
    elif (out / MANIFEST).exists() and not folder.is_ours(MANIFEST):
        keep_aside(out / MANIFEST)
    folder.save()


def _adopt(folder: Folder) -> bool:
    """Take over what a version that kept no list wrote, or whose list is damaged or lost.

    Returns:
        Whether a run lies there.
    """
    lying = [name for name in (MANIFEST, *TABLES) if os.path.lexists(folder.path / name)]
    if not lying:
        return False
    if not is_of_a_run(folder.path / MANIFEST):
        raise OptionError(
            f"{folder.path / lying[0]} is not of a finished run of andornot, so it is not "
            "replaced; move it away, or choose another directory"
        )
    digests = noted_digests(folder.path / MANIFEST)
    for name in lying:
        folder.adopt(name)
        # a table without a digest is listed with one that no file has, so it stays
        if name != MANIFEST and digests is not None:  # else people may have changed it
            folder.files[name] = [str(digests.get(name))]
    return True


@contextmanager
def new_results(out: Path) -> Iterator[Folder]:
    """An empty folder for the tables of a run; it goes in the end if it did not get its name."""
    # a run may come from anybody, and nothing is written through a link
    check_no_link(out / "results")
    (out / "results").mkdir(exist_ok=True)
    tables = new_folder(out / "results", NEW)
    try:
        yield tables
    finally:
        # a commit has renamed it, unless the same results lay there already
        shutil.rmtree(tables.path, ignore_errors=True)


def commit(out: Path, tables: Folder, manifest: Manifest) -> None:
    """Let new results and the manifest of what shaped them take the place of the old ones.

    All happens in one moment, when ``manifest.json`` is renamed: it names the folder of its
    results, and the former folder is deleted after that.

    Args:
        out: the run's directory.
        tables: the new results.
        manifest: all else that it says; where the results lie is filled in here.

    Raises:
        RunError: no reader could read the manifest; the old results stay.
    """
    digests = {name: known[-1] for name, known in tables.files.items()}
    # named by content: new results never overwrite the old ones, and equal ones are found again
    path = out / "results" / key_of(**digests)
    # before anything is replaced
    check_new(_named(manifest, out, path, digests), out / MANIFEST)
    if not _is_there(path, digests):
        path = _cleared(path)
        tables.path.rename(path)
        # the folder must be on disk before the manifest that names it
        sync(path.parent)
    folder = Folder.at(out)
    folder.write(MANIFEST, json_writer(_named(manifest, out, path, digests)))
    # a kill from here on leaves old copies and old folders, at which no reader of ours looks
    _copy_for_people(folder, path)
    for old in (out / "results").iterdir():
        if old != path and Folder.at(old).listed:
            remove_ours(old)


def _named(
    manifest: Manifest, out: Path, path: Path, digests: Mapping[str, str]
) -> dict[str, object]:
    """The JSON of a manifest that names the folder of its results."""
    results = Results(path=path.relative_to(out).as_posix(), digests=digests)
    return replace(manifest, results=results).as_json()


def _is_there(path: Path, digests: Mapping[str, str]) -> bool:
    """Whether these very tables lie in a folder already; its list is mended if need be."""
    folder = Folder.at(path, whole=True)
    # these digests decide, not the list that lies there: it may be damaged
    folder.files = {name: [digest] for name, digest in digests.items()}
    if not all(folder.is_ours(name) for name in TABLES):
        return False
    if not all(Folder.at(path).is_ours(name) for name in TABLES):
        folder.save()
    return True


def _cleared(path: Path) -> Path:
    """A place for results where damaged ones, or other things, may lie; another one if need be."""
    remove_ours(path)
    return path.with_name(f"{path.name}-{secrets.token_hex(4)}") if os.path.lexists(path) else path


def _copy_for_people(folder: Folder, results: Path) -> None:
    """Put the tables where people expect them, but not in the place of what they changed."""
    for name in TABLES:
        try:
            folder.write(name, lambda aside, name=name: shutil.copyfile(results / name, aside))  # type: ignore[misc]
        except OptionError as error:
            tell(f"note: {error}; the new one is {results / name}")
    folder.save()


def versions() -> dict[str, str]:
    """What a result was computed with: Python, the platform, and the packages that are there."""
    found = {"python": sys.version.split()[0], "platform": platform.platform()}
    for package in ("andornot", "numpy", "numba", "torch", "torchvision", "transformers", "pillow"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
