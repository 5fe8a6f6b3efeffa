"""The examples run, print what they promise, and their notebooks are made from them."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
# the last two need text of the user's; tests of their own run them on a slice
HELPERS = {
    "make_notebooks", "small_cnn", "squeezenet_scene15", "07_one_sentence", "small_language_model",
}  # fmt: skip
SCRIPTS = sorted(p.stem for p in EXAMPLES.glob("*.py") if p.stem not in HELPERS)

# what each finds, whatever the machine's rounding does to a trained network
FINDS = {
    "01_own_cnn": r"unit +\d+  .*\bIoU 0\.\d+, held out 0\.\d+, by chance 0\.0",
    "02_vision_transformer": r"by chance 0\.\d+, p = 0\.025",
    "03_sentences": r"(contradiction|entailment|neutral) +held out 0\.\d+",
    "04_arrays": r"\(water OR river\) AND NOT blue",
    "05_shortcut": r"recolour water to green: ([5-9]\d|100)% of the lakes become swamps",
    "06_many_units": r"planted units 0\.[67]\d, of the others 0\.0",
}
NEEDS = {"02_vision_transformer": "transformers"}


def module(name: str):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def quick(name: str):
    """Only what needs no network is quick enough for every test run."""
    return pytest.param(name, marks=() if name == "04_arrays" else pytest.mark.slow)


def test_every_example_is_known():
    assert set(SCRIPTS) == set(FINDS)


def test_the_table_lists_every_file():
    listed = set(re.findall(r"\]\(([\w.]+)\)", (EXAMPLES / "README.md").read_text("utf-8")))
    files = {p.name for p in EXAMPLES.iterdir() if p.suffix in (".py", ".ipynb")}
    assert listed == files


@pytest.mark.parametrize("name", [quick(name) for name in SCRIPTS])
def test_an_example_finds_what_it_promises(name, tmp_path):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py"],
        env=os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(FINDS[name], done.stdout, re.DOTALL), done.stdout


@pytest.fixture(scope="module")
def notebooks():
    pytest.importorskip("jupytext", reason="jupytext is not installed")
    pytest.importorskip("nbclient", reason="nbclient is not installed")
    return module("make_notebooks")


def test_notebooks_hold_the_scripts(notebooks):
    import nbformat

    for name in notebooks.NAMES:
        stored = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
        fresh = notebooks.notebook(EXAMPLES / f"{name}.py")
        assert [c.source for c in stored.cells] == [c.source for c in fresh.cells], (
            f"{name}.ipynb is not that of its script; run python examples/make_notebooks.py"
        )
        assert (EXAMPLES / f"{name}.ipynb").stat().st_size < 300_000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["01_own_cnn", "04_arrays", "05_shortcut"])
def test_a_notebook_runs(notebooks, name, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert name in notebooks.NAMES
    made = notebooks.notebook(EXAMPLES / f"{name}.py")
    notebooks.execute(made)
    assert any(cell.get("outputs") for cell in made.cells)
