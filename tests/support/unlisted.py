"""Lists of digests: gone, or forgotten, for tests that change what a run says."""

from pathlib import Path

from andornot._tools import folders
from andornot._tools.folders import LIST
from andornot.counting import stores


def unlisted(run: Path) -> Path:
    """Take the lists out of a run, so that its files may be changed."""
    for found in [*run.rglob(LIST)]:
        found.unlink()
    return run


def forget_files() -> None:
    """What this process knows of files that it read is forgotten, as in another process."""
    folders._compared.clear()
    stores._digest_at.cache_clear()
