"""What several test files share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from andornot._tools.progress import show_progress

# the same examples every time, so that a red test is red for everyone
settings.register_profile(
    "andornot",
    derandomize=True,
    deadline=None,
    max_examples=int(os.environ.get("ANDORNOT_EXAMPLES", "60")),
)
settings.load_profile("andornot")

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data and networks; tests that need it are skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is absent: this test needs the real data beside the repository")
    return SHARED


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Have a folder filled by a function once, for all tests of all processes of this session.

    Who comes later waits, gets the same folder, and changes nothing in it. The name must say all
    that the contents hang on.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # each worker has a folder of its own there

    def made(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = root / f"once-{name}", root / f"once-{name}.done"
        with FileLock(root / f"once-{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return made


@pytest.fixture(autouse=True, scope="session")
def no_settings_of_the_user(tmp_path_factory):
    """What tests allow to run shall not be allowed to whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        settings_folder = str(tmp_path_factory.mktemp("settings"))
        patch.setattr("click.get_app_dir", lambda _name: settings_folder)
        yield


@pytest.fixture(autouse=True)
def no_progress_bars_are_left_on():
    """A command that shows progress bars turns them on for the whole process."""
    yield
    show_progress(False)
