"""Commands that write check their place before any work."""

from __future__ import annotations

import errno
import os

import pytest

from andornot._tools import writable
from andornot._tools.writable import check_file, check_folder, check_page
from andornot.cli import main
from andornot.errors import RunError


def test_a_place_that_can_be_written_stays_as_it_was(tmp_path):
    check_folder(tmp_path / "a" / "b" / "c")
    check_folder(tmp_path)
    check_page(tmp_path / "page")
    check_file(tmp_path / "picture.png")
    (tmp_path / "old.png").write_text("old")
    check_file(tmp_path / "old.png")
    assert [path.name for path in tmp_path.iterdir()] == ["old.png"]
    assert (tmp_path / "old.png").read_text() == "old"


@pytest.mark.parametrize("check", [check_folder, check_page, check_file])
@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_one_that_cannot_is_told(tmp_path, monkeypatch, check, number):
    def refuse(*_args, **_options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(RunError, match=r"cannot write to .*new"):
        check(tmp_path / "new")


def test_what_stands_in_the_way_is_told(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for check, path, message in (
        (check_folder, tmp_path / "file", "is a file; give a folder"),
        (check_folder, tmp_path / "link", "a link is in its place"),
        (check_folder, tmp_path / "file" / "below", "cannot write to"),
        (check_folder, tmp_path / "link" / "below", "cannot write to"),
        (check_folder, tmp_path / ("long" * 100), "cannot write to"),
        (check_file, tmp_path, "is a folder; give a file"),
        (check_file, tmp_path / "no" / "a.png", "there is no folder"),
    ):
        with pytest.raises(RunError, match=message):
            check(path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


COMMANDS = {
    "explain": ["explain", "--model", "m.py:net", "--layer", "a", "--data", "d", "--out", "OUT"],
    "reproduce vision": ["reproduce", "vision", "--out", "OUT"],
    "reproduce nli": ["reproduce", "nli", "--out", "OUT"],
    "data convert": ["data", "convert", "nowhere", "OUT"],
    "nli train": ["nli", "train", "--data", "pairs:nowhere.tok", "--out", "OUT"],
    "demo": ["demo", "--out", "OUT"],
    "analyze": ["analyze", "length", "nowhere", "--out", "OUT"],
    "analyze all": ["analyze", "all", "nowhere", "--out", "OUT"],
    "bench scale": ["bench", "scale", "--out", "OUT.png"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_ask_before_anything_else(name, tmp_path, capsys, monkeypatch):
    pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    place = str(tmp_path / "file" / "out")
    with pytest.raises(SystemExit) as ended:
        main([word.replace("OUT", place) for word in COMMANDS[name]])
    assert ended.value.code == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1, said
    assert str(tmp_path / "file") in said[0]
    assert "nowhere" not in said[0]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    pytest.importorskip("torch", reason="torch is not installed")
    from analysis_cases import picture_run

    return picture_run(tmp_path_factory.mktemp("pictures")).path


READERS = {
    "attack": ["attack", "RUN", "--from", "no", "--to", "such"],
    "report": ["report", "RUN"],
    "page": ["page", "RUN", "--layer", "LAYER"],
    "figures": ["figures", "RUN", "--layer", "LAYER"],
    "paste": ["edit", "paste", "RUN", "0", "--concept", "no such", "--out", "NO/a.png"],
    "recolour": ["edit", "recolour", "RUN", "0", "no such", "#ff0000", "--out", "NO/a.png"],
}


@pytest.mark.parametrize("name", READERS)
def test_commands_that_write_into_a_run_ask_first(name, run, tmp_path, capsys, monkeypatch):
    from analysis_cases import LAYER

    def refuse(*_args, **_options):
        raise OSError(errno.EROFS, "Read-only file system")

    words = {"RUN": str(run), "LAYER": LAYER, "NO/a.png": str(tmp_path / "a.png")}
    monkeypatch.setattr(writable.tempfile, "mkstemp", refuse)  # type: ignore[attr-defined]
    with pytest.raises(SystemExit) as ended:
        main([words.get(word, word) for word in READERS[name]])
    assert ended.value.code == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1, said
    assert "Read-only file system" in said[0]


def test_a_page_may_lie_behind_a_link_to_another_disk(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    check_page(tmp_path / "runs" / "report")
    with pytest.raises(RunError, match="a link is in its place"):
        check_page(tmp_path / "runs")
