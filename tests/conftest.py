"""What several test files share."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data and networks; tests that need it are skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is absent: this test needs the real data beside the repository")
    return SHARED
