"""Each page's code is executed, and the site builds without a warning and needs no network."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

import andornot
from andornot.cli import COMMANDS
from pages import ROOT, Page, Runner, command_lines, page_files, read_page, run_command

pytest.importorskip("torch", reason="torch is not installed: pages explain networks")

SMALL = {"vision": {"count": 400, "steps": 60}, "text": {"count": 1500, "steps": 300}}
"""Sizes of the demos that pages go on from, smaller than those of `andornot demo`."""

PAGES = [read_page(file) for file in page_files()]


def demo_modules(name):
    from andornot.demo.text import net as text_net
    from andornot.demo.text import show as text_show
    from andornot.demo.vision import net as vision_net
    from andornot.demo.vision import show as vision_show

    return (vision_net, vision_show) if name == "vision" else (text_net, text_show)


def shorten(monkeypatch, name):
    """Let the demo train for fewer steps, here and where its network is made again."""
    net, _ = demo_modules(name)
    monkeypatch.setattr(net, "train", functools.partial(net.train, steps=SMALL[name]["steps"]))


@pytest.fixture(scope="session")
def demo_folder(made_once):
    """Make a small demo, once."""

    def fill(name: str, out: Path) -> None:
        _, show = demo_modules(name)
        with pytest.MonkeyPatch.context() as patch:
            shorten(patch, name)
            show.run_demo(out, count=SMALL[name]["count"])

    return lambda name: made_once(f"small-demo-{name}", functools.partial(fill, name))


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """An empty current directory, from which modules can be imported, and are forgotten again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def cases():
    for page in PAGES:
        marks = [pytest.mark.slow] if page.slow else []
        if any(block.is_code for block in page.blocks):
            yield pytest.param(page, id=page.name, marks=marks)


@pytest.mark.parametrize("page", list(cases()))
def test_the_code_of_a_page_runs(page: Page, scratch, demo_folder, monkeypatch):
    for name in page.demos:
        shorten(monkeypatch, name)
        shutil.copytree(demo_folder(name), scratch / "demo" / name, copy_function=os.link)
    runner = Runner()
    for block in page.blocks:
        runner.run(block)


STAND_INS = {
    "broden_mini": "vision/broden_mini",
    "broden1_224": "vision/broden_mini",
    "dev.feats": "nli/snli_1.0_dev.feats",
    "gold.csv": "nli/snli_1.0_dev.compexp_preds.csv",
    "nli_bilstm.pt": "nli/nli_bilstm.pt",
    "nli_bilstm_vocab.json": "nli/nli_bilstm_vocab.json",
    "glove.6B.300d.txt": "nli/glove.twitter.25d.12k.txt",
}
"""Real data in the layout of what pages name, by the names that pages give it."""

LIMITS = ["--units", "0-7,73", "--search", "beam", "--samples"]
FEW = ["--nulls", "3", "--resamples", "2", "--bootstrap", "40"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("docs/explanation/trust.md", 90),
        ("docs/explanation/activity.md", 90),
        ("docs/reference/text.md", 3000),
    ],
)
def test_commands_that_need_real_data_run_on_a_little_of_it(name, n, scratch, shared_data):
    """What a page cannot run for want of data, with stand-ins and on few samples and units."""
    if find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    for target, source in STAND_INS.items():
        (scratch / target).symlink_to(shared_data / source)
    (scratch / "examples").symlink_to(ROOT / "examples")
    (page,) = (page for page in PAGES if page.name == name)
    for block in page.blocks:
        for words in command_lines(block) if "needs" in block.notes else ():
            few = [] if "--no-trust" in words else FEW
            run_command(words[1:] + ([*LIMITS, str(n), *few] if words[1] == "explain" else []))


def test_no_code_is_left_out_without_a_reason(capsys):
    """Counts the blocks, and prints those that are only checked, each with its reason."""
    code = [block for page in PAGES for block in page.blocks if block.is_code]
    checked = [block for block in code if "needs" in block.notes]
    with capsys.disabled():
        print(f"\n{len(code) - len(checked)} blocks of code executed, {len(checked)} checked only:")
        for block in checked:
            print(f"  {block} needs {block.notes['needs']}")
    assert len(checked) < len(code) / 2


def test_every_column_of_a_run_is_described(demo_folder):
    run = demo_folder("vision") / "run"
    page = (ROOT / "docs" / "reference" / "runs.md").read_text(encoding="utf-8")
    described = set(re.findall(r"`(\w+)`", page))
    for column in pd.read_parquet(run / "explanations.parquet").columns:
        general = re.sub(r"_\d+$", "_N", re.sub(r"^weight_.*", "weight_CLASS", column))
        assert general in described, column


@pytest.fixture(scope="module")
def site(made_once) -> Path:
    """The site, built as `make docs` builds it; a warning is an error."""
    pytest.importorskip("furo", reason="the extra docs is not installed")

    def build(out: Path) -> None:
        places = (str(ROOT / "docs"), str(out))
        command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", *places]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    return made_once("site", build)


@pytest.mark.slow
def test_the_site_asks_nothing_of_any_network(site):
    fetched = re.compile(r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=\"(?:https?:)?//[^\"]*")
    for file in site.rglob("*.html"):
        assert not fetched.findall(file.read_text(encoding="utf-8")), file
    for file in site.rglob("*.css"):
        assert not re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", file.read_text()), file


@pytest.mark.slow
def test_the_references_are_complete(site):
    api = (site / "reference" / "api.html").read_text(encoding="utf-8")
    described = set(re.findall(r'id="andornot[^"]*\.(\w+)"', api))
    assert set(andornot.__all__) <= described
    # members are those that the page lists, and no others
    assert {"from_masks", "from_label_maps", "better_than_chance", "AndornotError"} <= described
    assert not {"unit_folds", "save_atoms", "of_rows", "quoted"} & described
    commands = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    assert all(f'id="andornot-{command.name}"' in commands for command in COMMANDS)


@pytest.mark.slow
def test_formulas_are_drawn_by_the_browser_alone(site):
    page = (site / "explanation" / "method.html").read_text(encoding="utf-8")
    assert "<mfrac>" in page
    assert "MathJax" not in page


SOUGHT = {
    "sentiment": "how-to/sentences",
    "csv": "how-to/sentences",
    "labelme": "reference/data",
    "coco": "reference/data",
    "sae": "how-to/scale",
    "gpt": "how-to/transformer",
    "jupyter": "how-to/report",
    "detector": "reference/models",
    "bias": "explanation/limits",
    "shortcut": "explanation/limits",
}
"""What people type into a search, and the page that they want."""


@pytest.mark.slow
@pytest.mark.parametrize("word", SOUGHT)
def test_a_search_of_the_site_finds_the_page_and_home_leads_there(site, word):
    from sphinx.search.en import SearchEnglish

    written = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(written.removeprefix("Search.setIndex(").rstrip(");\n"))
    stem = SearchEnglish({}).stem(word)
    lists = (index[where].get(stem, []) for where in ("terms", "titleterms"))
    found = {index["docnames"][i] for entry in lists for i in _pages_of(entry)}
    assert SOUGHT[word] in found, found
    assert "index" in found
    home = (site / "index.html").read_text(encoding="utf-8")
    assert f'href="{SOUGHT[word]}.html' in home


def _pages_of(entry):
    """A word in one page stands there as a number, not as a list."""
    return [entry] if isinstance(entry, int) else entry
