"""The package as strangers get it: what is in it, and that each extra works in a clean place.

The slow tests build wheel and sdist, and install them with each extra into an environment that
has nothing else. What can be installed comes from constraints.txt, as for ``make``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

import andornot
import small_net

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(andornot.__file__).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]

# --- what is said of the package ---


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)  # required by 1.2.0
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert citation["version"] == andornot.__version__
    assert citation["license"] == PROJECT["license"]
    (paper,) = citation["references"]
    assert {"type", "title", "authors"} <= set(paper)
    assert [author["family-names"] for author in paper["authors"]] == ["Mu", "Andreas"]


def test_the_version_is_semantic_and_the_changelog_goes_on():
    assert re.fullmatch(r"\d+\.\d+\.\d+", andornot.__version__)
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0].startswith(andornot.__version__)


def rooms():
    """Top-level rooms and modules of the package, as the map of the house names them."""
    for path in sorted(PACKAGE.iterdir()):
        if path.suffix == ".py" and path.stem not in ("__init__", "__main__"):
            yield path.name
        elif (path / "__init__.py").is_file():
            yield f"{path.name}/"


def test_the_map_of_the_house_names_every_room_once_and_no_other():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    _, _, after = guide.partition("## The map of the house")
    table, _, _ = after.partition("\n## ")
    named = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert sorted(named) == sorted(rooms())


def test_every_extra_is_told_of_in_the_contribution_guide_or_the_readme():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    told = "".join(page.read_text(encoding="utf-8") for page in pages)
    for extra in EXTRAS:
        assert re.search(rf"`{extra}`|\[[\w,]*\b{extra}\b[\w,]*\]", told), extra


def test_every_tested_version_is_one_the_package_asks_for():
    """No constraint pins what a requirement excludes."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pinned = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            pinned[canonicalize_name(name)] = version
    for text in (*PROJECT["dependencies"], *(one for extra in EXTRAS.values() for one in extra)):
        wanted = Requirement(text)
        if wanted.name != "andornot":
            assert pinned.get(canonicalize_name(wanted.name), "nothing") in wanted.specifier, text


# --- in clean environments ---

LAYERS = ("layers", "--model", "net.py:net")
EXPLAIN = (
    *("explain", "--model", "net.py:net", "--layer", "1", "--data", "labelmaps:data"),
    *("--quantile", "0.2", "--length", "2", "--no-trust", "--out", "new", "--quiet"),
)
OUTLINES = ("data", "check", "coco-instances:outlines")
ARRAYS = """
import numpy as np, andornot
masks = np.eye(3, dtype=bool)
table = andornot.ConceptTable.from_masks(masks, ["a", "b", "c"])
formula = andornot.explain(masks[:1] | masks[1:2], table)[0].formula
assert str(formula) == "a OR b", formula
"""
TRANSFORMER = """
from andornot.models.from_hf import import_transformers
transformers = import_transformers()  # also beside a torchvision that was built for CUDA
size = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
config = transformers.ViTConfig(image_size=16, patch_size=8, **size)
transformers.ViTForImageClassification(config).save_pretrained("vit")
"""
DASK = """
from distributed import LocalCluster
import numpy as np, andornot
if __name__ == "__main__":
    masks = np.eye(3, dtype=bool)
    table = andornot.ConceptTable.from_masks(masks, ["a", "b", "c"])
    with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:
        address = f"dask:{cluster.scheduler_address}"
        result = andornot.explain(masks[:1] | masks[1:2], table, executor=address)
    assert str(result[0].formula) == "a OR b", result
"""
TAGGER = """
import spacy
tagger = spacy.blank("en")
tagger.add_pipe("attribute_ruler").add([[{}]], {"TAG": "NN"})
tagger.to_disk("tagger")
"""
EXPRESSIONS = """
from pathlib import Path
from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.document import Document
from andornot.data.sequences.options import ConceptOptions
from andornot.data.sequences.table import build_token_table
from andornot.data.sequences.view import DocumentView
data = SequenceData(Path("drawn"), "drawn", (Document("1", "in 1999"),))
options = ConceptOptions(own=(), regexes={"year": "[0-9]{4}"}, min_support=(1, 1))
view = lambda i: DocumentView.of(i, data.documents[i])
assert build_token_table(data, view, Path("table"), options=options).names == ("regex:year",)
"""
"""Commands that are run in the environments, in a folder with net.py, data and run."""

HALF = "0.5,0.5,0.5"
QUICK = {"NUMBA_DISABLE_JIT": "1"}
"""Kernels are compiled once only, for arrays; the data are tiny."""


@dataclass(frozen=True)
class Place:
    """A clean environment: its extras, what must work there, and what must name its extra.

    Attributes:
        extras: separated by commas.
        works: command lines of andornot, or Python programs.
        lacks: command lines, each with the extra that its message must name.
    """

    extras: str
    works: tuple[tuple[str, ...] | str, ...] = ()
    lacks: tuple[tuple[tuple[str, ...], str], ...] = field(default=())


PLACES = [
    Place(
        "",
        works=(ARRAYS, ("show", "run"), ("data", "check", "labelmaps:data"), ("data", "list")),
        lacks=(
            (EXPLAIN, "torch"),
            (LAYERS, "torch"),
            (("demo", "--out", "demo"), "demo"),
            (("nli", "train", "--data", "pairs:pairs.csv", "--out", "nli"), "torch"),
            (("report", "run", "--out", "report"), "report"),
            (("page", "run"), "report"),
            (("figures", "run", "--out", "figures"), "figures"),
            (("data", "check", "pairs:pairs.csv,tagger=own"), "nlp"),
            (OUTLINES, "coco"),
        ),
    ),
    Place("coco,regex", works=(OUTLINES, EXPRESSIONS)),
    Place("report", works=(("report", "run", "--out", "report"),)),
    Place("figures", works=(("figures", "run", "--out", "figures", "--only", "length"),)),
    Place("nlp", works=(TAGGER, ("data", "check", "pairs:pairs.csv,tagger=tagger"))),
    Place("dask", works=(DASK,)),
    Place(
        "torch",
        works=(LAYERS, EXPLAIN),
        lacks=(
            (("layers", "--model", "torchvision:alexnet"), "torchvision"),
            (("layers", "--model", "hf:vit"), "hf"),
            ((*EXPLAIN, "--executor", "dask:tcp://127.0.0.1:1"), "dask"),
        ),
    ),
    Place(
        "torchvision,hf",
        works=(
            TRANSFORMER,
            ("layers", "--model", "hf:vit", "--size", "16", "--mean", HALF, "--std", HALF),
            ("layers", "--model", "torchvision:squeezenet1_0", "--preset", "imagenet"),
        ),
    ),
    Place("demo", works=(EXPLAIN, ("report", "new"))),
]
"""Each extra once; the two that need torch's company are tried together to save time."""

LEFT_OUT = {
    "dev": "is what these tests themselves run in",
    "bench": "another package to compare with, which the benchmarks do without",
    "docs": "builds the site; nothing of the package needs it",
}


def test_each_extra_has_its_place():
    tried = {extra for place in PLACES for extra in place.extras.split(",") if extra}
    assert tried | set(LEFT_OUT) == set(EXTRAS)
    assert not tried & set(LEFT_OUT)


def call(*words, cwd, ok=True, **environment):
    """Run a program with nothing of this environment; what it printed."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**clean, **environment},
        check=False,
    )
    said = f"{' '.join(map(str, words))}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    assert (done.returncode == 0) == ok, said
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def dist(made_once):
    """The folder with wheel and sdist, built as for a release."""
    build = (sys.executable, "-m", "build", "--outdir")
    return made_once("dist", lambda out: call(*build, out, ROOT, cwd=out))


@pytest.fixture(scope="module")
def wheel(dist):
    (found,) = dist.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def house(wheel, made_once):
    """The folder of all packages that the extras need, got by pip as it is configured here."""
    extras = ",".join(place.extras for place in PLACES if place.extras)
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "-c", ROOT / "constraints.txt")
    what = (f"{wheel}[{extras}]", "hatchling")
    return made_once("house", lambda out: call(*pip, "--dest", out, *what, cwd=out))


@pytest.fixture(scope="module")
def cache(made_once):
    return made_once("uv", lambda _: None)  # uv locks what it adds


def installed(what, house, cache, folder):
    """A new environment with one thing installed; its Python."""
    call(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    call(
        *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python),
        *("--no-index", "--find-links", house, "-c", ROOT / "constraints.txt", what),
        cwd=folder,
        UV_CACHE_DIR=str(cache),
    )
    return python


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """A folder with a network, pictures, sentences and a finished run, for all environments."""
    import numpy as np
    from PIL import Image

    from andornot.data.images.labelmaps import NewSample, write_labelmaps

    folder = tmp_path_factory.mktemp("scratch")
    (folder / "net.py").write_text(small_net.source(16), encoding="utf-8")
    pairs = "premise,hypothesis,label\na dog runs,a dog,entailment\na cat,a dog,neutral\n"
    (folder / "pairs.csv").write_text(pairs, encoding="utf-8")
    rng = np.random.default_rng(0)
    samples = (
        NewSample(
            f"{i}",
            Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)),
            {"half": np.repeat(np.arange(16)[None] // 8, 16, axis=0) + i % 2},
        )
        for i in range(6)
    )
    write_labelmaps(folder / "data", {"left": "place", "right": "place"}, samples)
    (folder / "outlines").mkdir()
    Image.new("RGB", (16, 16)).save(folder / "outlines" / "a.png")
    outline = {"image_id": 1, "category_id": 1, "segmentation": [[0, 0, 9, 0, 9, 9]]}
    images, named = [{"id": 1, "file_name": "a.png"}], [{"id": 1, "name": "cat"}]
    index = {"images": images, "categories": named, "annotations": [outline]}
    (folder / "outlines" / "instances_a.json").write_text(json.dumps(index), encoding="utf-8")
    (folder / "vit").mkdir()
    (folder / "vit" / "config.json").write_text("{}", encoding="utf-8")
    words = ["run" if word == "new" else word for word in EXPLAIN]
    call(sys.executable, "-m", "andornot", *words, cwd=folder, **QUICK)
    return folder


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    from packaging.metadata import Metadata

    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (about,) = (name for name in names if name.endswith("METADATA"))
        metadata = Metadata.from_email(archive.read(about), validate=True)
    source = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    inside = {name for name in names if name.startswith("andornot/")}
    assert not [name for name in names if {"bench", "benchmarks"} & set(name.split("/"))]
    assert inside == source
    assert {"andornot/py.typed", "andornot/report/static/report.css"} <= inside
    assert any(name.endswith(".html.j2") for name in inside)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"andornot"}
    assert wheel.stat().st_size < 3e6  # no data, no weights
    assert str(metadata.version) == andornot.__version__
    assert metadata.project_urls == PROJECT["urls"]
    assert metadata.description_content_type == "text/markdown"
    assert set(metadata.provides_extra or ()) == set(EXTRAS)


@pytest.mark.slow
def test_the_sdist_holds_what_is_needed_to_build_and_test(dist):
    (found,) = dist.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = ["pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff", ".ci/run"]
    needed += [
        "constraints.txt",
        "Makefile",
        "tests/house/test_package.py",
        "benchmarks/__main__.py",
    ]
    needed.append(".pre-commit-config.yaml")
    assert set(needed) <= names
    assert not [name for name in names if name.endswith((".pyc", ".pt", ".npy", ".parquet"))]
    assert found.stat().st_size < 5e6


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.extras or "none")
def test_an_extra_in_a_clean_environment(place, wheel, house, cache, scratch, tmp_path):
    what = f"{wheel}[{place.extras}]" if place.extras else wheel
    python = installed(what, house, cache, tmp_path)
    program = python.with_name("andornot")
    assert call(program, "--version", cwd=scratch).strip().endswith(andornot.__version__)
    assert "explain" in call(python, "-m", "andornot", "--help", cwd=scratch)
    assert "run python -m benchmarks in it" in call(program, "bench", cwd=scratch, ok=False)
    for work in place.works:
        if isinstance(work, str):
            (tmp_path / "work.py").write_text(work, encoding="utf-8")
            jit = {} if work is ARRAYS else QUICK
            call(python, tmp_path / "work.py", cwd=scratch, **jit)
        else:
            call(program, *work, cwd=scratch, **QUICK)
    for words, extra in place.lacks:
        said = call(program, *words, cwd=scratch, ok=False, **QUICK)
        # from where this one came, for there may be no release of it
        assert f'pip install "{wheel}[{extra}]"' in said, said
        assert "Traceback" not in said
        assert len(said.strip().splitlines()) == 1, said


@pytest.mark.slow
def test_the_sdist_installs_too(dist, house, cache, scratch, tmp_path):
    (found,) = dist.glob("*.tar.gz")
    python = installed(found, house, cache, tmp_path)
    (tmp_path / "work.py").write_text(ARRAYS, encoding="utf-8")
    call(python, tmp_path / "work.py", cwd=scratch, **QUICK)
