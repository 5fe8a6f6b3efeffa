"""How to install an extra, in the words that work here: in a clone, or from a release."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_NAME: Final = "andornot"
_ROOT: Final = Path(__file__).resolve().parents[3]
"""The clone, where the package is run from one."""


def install(extra: str) -> str:
    """The command that brings an extra, such as ``pip install -e "/home/me/andornot[report]"``.

    There may be no release of this version, so an installation adds to itself from where it came.

    Args:
        extra: its name, such as ``report``.
    """
    if _is_clone(_ROOT):
        return f'pip install -e "{_ROOT}[{extra}]"'
    return f'pip install "{_origin(extra)}"'


def _is_clone(folder: Path) -> bool:
    return (folder / "pyproject.toml").is_file() and (folder / "src" / _NAME).is_dir()


def _origin(extra: str) -> str:
    """What pip is to install: the folder, file or repository that this installation came from."""
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    url, commit = _noted()
    place = urlsplit(url)
    if place.scheme == "file" and (path := Path(url2pathname(place.path))).exists():
        return f"{path}[{extra}]"
    if commit:
        return f"{_NAME}[{extra}] @ {commit}"
    return f"{_NAME}[{extra}]"


def _noted() -> tuple[str, str]:
    """Address of what was installed, and the same as a requirement of a repository; or empty."""
    # only asked for where something is missing: help need not wait for it
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        told = json.loads(distribution(_NAME).read_text("direct_url.json") or "{}")
        url, vcs = str(told.get("url", "")), told.get("vcs_info")
        commit = f"{vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else ""
    except (PackageNotFoundError, ValueError, LookupError, TypeError, AttributeError):
        return "", ""  # of a damaged note, what a release says is as good a guess as any
    return url, commit
