"""Runs as a version without lists of digests wrote them, for tests that change what a run says."""

from pathlib import Path

from andornot._tools.folders import LIST


def unlisted(run: Path) -> Path:
    """Take the lists out of a run, so that its files may be changed."""
    for found in [*run.rglob(LIST)]:
        found.unlink()
    return run
