"""What to install is said in words that work where one is."""

from __future__ import annotations

import json
import re
from importlib import metadata
from types import SimpleNamespace

import pytest

from andornot._tools import extras
from pages import ROOT, page_files

WHEEL = "andornot-1-py3-none-any.whl"


def noted(monkeypatch, note):
    """An installation outside of any clone, with what pip noted of where it came from."""
    monkeypatch.setattr(extras, "_ROOT", ROOT / "nowhere")
    told = note if note is None or isinstance(note, str) else json.dumps(note)
    monkeypatch.setattr(
        metadata, "distribution", lambda _: SimpleNamespace(read_text=lambda _: told)
    )


def test_in_a_clone_the_clone_is_named():
    assert extras.install("hf") == f'pip install -e "{ROOT}[hf]"'


def test_a_file_that_is_still_there_is_installed_again(monkeypatch, tmp_path):
    file = tmp_path / "my wheels" / WHEEL
    noted(monkeypatch, {"url": file.as_uri(), "archive_info": {}})
    assert extras.install("hf") == 'pip install "andornot[hf]"'  # it has gone
    file.parent.mkdir()
    file.touch()
    assert extras.install("hf") == f'pip install "{file}[hf]"'


def test_a_repository_is_named_with_its_commit(monkeypatch):
    vcs = {"vcs": "git", "commit_id": "abc"}
    noted(monkeypatch, {"url": "https://example.org/a.git", "vcs_info": vcs})
    expected = "andornot[hf] @ git+https://example.org/a.git@abc"
    assert extras.install("hf") == f'pip install "{expected}"'


@pytest.mark.parametrize("note", [None, "", "{", "[]", '{"vcs_info": 3}', '{"url": 3}'])
def test_a_release_or_a_damaged_note_is_a_release(monkeypatch, note):
    noted(monkeypatch, note)
    assert extras.install("hf") == 'pip install "andornot[hf]"'


def test_nobody_else_says_how_to_install_an_extra():
    """There is no release yet: what names one would not work."""
    places = [*(ROOT / "src").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py"), *page_files()]
    for file in {*places, ROOT / "README.md", ROOT / "examples" / "README.md"}:
        for line in re.findall(r".*pip install.*andornot.*", file.read_text(encoding="utf-8")):
            assert file.name in ("extras.py", "decisions.md"), f"{file}: {line}"
