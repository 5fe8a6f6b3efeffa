"""Commands that are shown can be copied as they are, whatever is in a path."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from andornot.cli import cli
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.downloads.catalogue import CATALOGUE, find
from andornot.downloads.get import Got, get
from andornot.errors import DataError
from andornot.reproduce import sources

pytestmark = pytest.mark.skipif(os.name == "nt", reason="quoted for another shell there")


def test_commands_that_get_the_papers_data(tmp_path):
    folder = tmp_path / "my data"
    with pytest.raises(DataError) as caught:
        sources.check(folder, {"snli": True, "glove6b": True}, "--data")
    found = re.search(r"run (.*) and start again", str(caught.value))
    assert found is not None
    wanted = [shlex.split(part) for part in found[1].split(" && ")]
    assert wanted == [
        ["andornot", "data", "get", n, "--to", str(folder)] for n in ("snli", "glove6b")
    ]


@pytest.mark.parametrize("name", [item.name for item in CATALOGUE])
def test_what_was_got_is_used_by_its_path(name):
    path = Path("my data/it's here")
    words = shlex.split(Got(find(name), path, ()).use)
    assert [word for word in words if str(path) in word]


def test_data_that_was_converted_or_checked_is_used_by_its_path(tmp_path):
    sample = NewSample("a", Image.new("RGB", (4, 4)), {"map": np.ones((2, 2), int)})
    data = write_labelmaps(tmp_path / "my data", {"sky": "object"}, [sample]).path
    out = tmp_path / "my maps"
    for words, named in (
        (["convert", str(data), str(out), "--quiet"], out),
        (["check", f"labelmaps:{data}", "--quiet"], data),
    ):
        done = CliRunner().invoke(cli, ["data", *words])
        assert done.exit_code == 0, done.output
        (line,) = [line for line in done.output.splitlines() if "--data" in line]
        assert shlex.split(line) == ["--data", f"labelmaps:{named}"]


def test_what_is_got_by_hand_is_used_by_its_path(tmp_path):
    folder = tmp_path / "my data"
    with pytest.raises(DataError) as caught:
        get("ade20k", folder)
    words = shlex.split(re.findall(r"--data .*", str(caught.value))[0])
    assert words == ["--data", f"ade20k:{folder / 'ADE20K_2021_17_01'}"]
