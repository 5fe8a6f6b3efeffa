"""Every mistake is made once: what the user is told is one sentence that says what to do.

Mistakes that belong to a test of the thing itself are made there; here are the others, room by
room. A case is a mistake and the whole sentence, or the beginning of it where a path follows.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import math
import shutil
import struct
import sys
import tarfile
import time
import zipfile
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse
from filelock import FileLock

import andornot
import benchmarks
import small_net
from andornot import AndornotError, Responses, Threshold
from andornot._tools import executors as engine
from andornot._tools.extras import install
from andornot.cli import cli, main
from andornot.concepts.relations import read_relations
from andornot.counting.ranges import Ranges
from andornot.counting.stores import InMemory, Shards
from andornot.counting.thresholds import find_thresholds
from andornot.downloads import catalogue
from andornot.downloads import get as downloads
from andornot.downloads.unpack import unpack
from andornot.errors import DamagedError, DataError, FormulaError, ModelError, OptionError, RunError
from andornot.measures.scores import metric_code
from andornot.pipeline.stream import explain_to_parquet
from andornot.probes.base import Recording
from andornot.report.write import write_report
from andornot.runs.reopen import images_of, matching, model_of, pairs_of
from andornot.search.optimal import Budget
from andornot.search.options import SearchOptions
from andornot.views.attacks import check_attacks
from andornot.views.image_gallery import ImageGallery
from benchmarks import scale
from manifest_cases import retold, run_at
from test_checks import ODD, sentence
from unlisted import unlisted

SOURCES = [Path(andornot.__file__).parent, Path(benchmarks.__file__).parent]


def told(error, call, *args, **kwargs):
    """What the user reads when a call fails: one line, of the class that is meant."""
    with pytest.raises(AndornotError) as caught:
        call(*args, **kwargs)
    assert type(caught.value) is error
    text = str(caught.value)
    assert "\n" not in text
    return text


# --- the form of all of them ---


def messages():
    """The texts of all errors that are raised, as far as they stand in the source."""
    kinds = {kind.__name__ for kind in AndornotError.__subclasses__()}
    for path in sorted(path for source in SOURCES for path in source.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                parts = getattr(node.args[0], "values", [node.args[0]])
                if node.func.id in kinds and all(hasattr(part, "value") for part in parts):
                    text = "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "{}"
                        for part in parts
                    )
                    yield f"{path.stem}:{node.lineno}", text


ADVICE = ("; ", ": ", "did you mean", "choose ", "give ", " must ", " needs ", "leave ")


def test_messages_are_sentences_with_advice():
    """Each says what to do beside what is wrong, as far as that can be seen in the source."""
    found = dict(messages())
    assert len(found) > 300
    assert not [where for where, text in found.items() if "\n" in text or "  " in text]
    ends = (":", ";", ",", " ", "!")
    assert not [where for where, text in found.items() if text.endswith(ends)]
    silent = {w: t for w, t in found.items() if not any(word in t for word in ADVICE)}
    silent = {
        t for t in silent.values() if t.replace("{}", "").strip()
    }  # others are made elsewhere
    assert silent == {"it wants the colours in the order blue, green, red"}  # part of a sentence


# --- arrays ---

TABLE = andornot.ConceptTable.from_masks(np.eye(3, dtype=bool), ["a", "b", "c"])


def without_positions():
    return replace(TABLE, positions=None)


ARRAYS = {
    "a boolean is no number of nodes": (
        lambda: Budget(nodes=True),
        OptionError,
        "nodes is True; give a whole number, 0 or more",
    ),
    "a boolean is no time": (
        lambda: Budget(seconds=False),
        OptionError,
        "seconds is False; give a number, 0 or more",
    ),
    "a boolean is no length": (
        lambda: SearchOptions(length=True),
        OptionError,
        "length is True; give a whole number",
    ),
    "a boolean is no penalty": (
        lambda: SearchOptions(penalty=True),
        OptionError,
        "penalty is True; give a number",
    ),
    "nodes without a proof": (
        lambda: andornot.explain(np.eye(3, dtype=bool), TABLE, search="beam", nodes=5),
        OptionError,
        "nodes is for a search with proof; leave it out, or search with 'optimal' or 'auto', "
        "without profile and not for correlation",
    ),
    "seconds with the published profile": (
        lambda: SearchOptions.of(profile="mu2020", seconds=1.0),
        OptionError,
        "seconds is for a search with proof",
    ),
    "known_only that is neither": (
        lambda: SearchOptions(known_only="yes"),  # type: ignore[arg-type]
        OptionError,
        "known_only is 'yes'; give True or False",
    ),
    "known_only of the published search": (
        lambda: SearchOptions(known_only=True, profile="mu2020"),
        OptionError,
        "profile 'mu2020' scores all positions, as published; leave it out, or leave known_only "
        "out",
    ),
    "a space of nothing": (
        lambda: SearchOptions(space="bushes"),  # type: ignore[arg-type]
        OptionError,
        "unknown space 'bushes'; choose 'left-deep' or 'trees'",
    ),
    "a boolean is no number of ranges": (
        lambda: Ranges(True),
        OptionError,
        "the number of ranges is True; give a whole number from 2 to 100, or a threshold for a "
        "single range",
    ),
    "one range": (lambda: Ranges(1), OptionError, "the number of ranges is 1; give"),
    "ranges by magic": (
        lambda: Ranges(3, "magic"),  # type: ignore[arg-type]
        OptionError,
        "ranges are found by 'magic'; choose 'clusters' or 'quantiles'",
    ),
    "an infinite threshold": (
        lambda: Threshold(None, math.inf),
        OptionError,
        "the fixed threshold is inf; it must be a finite number",
    ),
    "a resolution for a fixed threshold": (
        lambda: Threshold(None, 0.2, "upsampled"),
        OptionError,
        "resolution says where a quantile is taken, and the threshold is fixed; leave resolution "
        "out",
    ),
    "no activations": (
        lambda: find_thresholds(
            InMemory(np.zeros((0, 2, 1, 1), np.float32)), Threshold(), TABLE.positions
        ),
        DataError,
        "there are no activations to find thresholds from; give at least 1 sample",
    ),
    "activations of other samples": (
        lambda: TABLE.positions.by_row(7),
        DataError,
        "there are activations of 7 samples, but the concept table has 3; record and label the "
        "same samples",
    ),
    "a text is no threshold": (
        lambda: Threshold("a"),  # type: ignore[arg-type]
        OptionError,
        "quantile is 'a'; give a number",
    ),
    "a text is no fixed threshold": (
        lambda: Threshold(None, "0.5"),  # type: ignore[arg-type]
        OptionError,
        "fixed is '0.5'; give a number",
    ),
    "a concept without a name": (
        lambda: andornot.ConceptTable.from_masks(np.eye(2, dtype=bool), ["a", ""]),
        DataError,
        "number 1 of the names is ''; give each a text that is not blank",
    ),
    "a concept that is a number": (
        lambda: andornot.parse("a") & 1,  # type: ignore[operator]
        FormulaError,
        "1 is no formula; write Concept(NAME), or parse(TEXT)",
    ),
    "no table": (
        lambda: andornot.explain(np.eye(3, dtype=bool), {"a": 1}),  # type: ignore[arg-type]
        OptionError,
        "concepts is {'a': 1}; give a ConceptTable, such as ConceptTable.from_masks makes",
    ),
    "masks for a table of counts": (
        lambda: andornot.explain(np.eye(3, dtype=bool), without_positions()),
        DataError,
        "this concept table kept no positions, so masks cannot be matched with it; build it again "
        "from masks, label maps or a data set",
    ),
    "a matrix that lies on its side": (
        lambda: Responses.from_sparse(scipy.sparse.csr_array(np.ones((3, 2))), TABLE),
        DataError,
        "the matrix has shape (3, 2); expected (n_units, n_positions) with the 3 positions of the "
        "concept table; give its transpose",
    ),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_and_options(name):
    call, error, text = ARRAYS[name]
    assert told(error, call).startswith(text)


def test_recordings_that_are_not_there(tmp_path):
    nothing = Shards(tmp_path)
    assert told(RunError, lambda: nothing.n_units) == (
        f"{tmp_path} holds no recorded activations; run the recording"
    )
    assert told(RunError, nothing.rows, 2, 4) == (
        f"{tmp_path} has no rows 2 to 3, only 0; give a sample of the run"
    )


# --- pictures: a small run, and what can be asked of it wrongly ---


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with net.py, data of six pictures, pairs.csv, and a run without trust."""
    pytest.importorskip("torch", reason="torch is not installed")
    from PIL import Image

    from andornot.data.images.labelmaps import NewSample, write_labelmaps

    root = tmp_path_factory.mktemp("messages")
    (root / "net.py").write_text(small_net.source(8), encoding="utf-8")
    (root / "pairs.csv").write_text("premise,hypothesis\na dog,a cat\n", encoding="utf-8")
    rng = np.random.default_rng(0)
    samples = (
        NewSample(
            f"{i}",
            Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8)),
            {"half": np.repeat(np.arange(8)[None] // 4, 8, axis=0) + i % 2},
        )
        for i in range(6)
    )
    write_labelmaps(root / "data", {"left": "place", "right": "place"}, samples)
    andornot.dissect(
        f"{root / 'net.py'}:net", "1", f"labelmaps:{root / 'data'}", root / "run", length=1,
        threshold=Threshold(0.3), trust=None,
    )  # fmt: skip
    return root


@pytest.fixture(scope="module")
def run(world):
    return andornot.Run.open(world / "run")


RUN_CALLS = {
    "values": lambda run, x: run.values(x),
    "values of a layer": lambda run, x: run.values(0, x),
    "score of a unit": lambda run, x: run.score(x, "left"),
    "score of a formula": lambda run, x: run.score(0, x),
    "result": lambda run, x: run.result(x),
    "explanation": lambda run, x: run.result()[x],
    "responses": lambda run, x: run.responses(x),
    "areas": lambda run, x: run.areas(x),
    "activations": lambda run, x: run.activations(x),
    "weights": lambda run, x: run.class_weights(x),
}


@pytest.mark.parametrize("name", RUN_CALLS)
def test_a_run_is_asked_with_odd_values(name, run):
    for value in ODD.values():
        try:
            RUN_CALLS[name](run, value)
        except AndornotError as error:
            sentence(error)


DISSECT = ("threshold", "min_active", "least_active_positions", "min_support", "folds", "units",
           "jobs", "trust", "memory", "length", "recording", "batch_size",
           "directions")  # fmt: skip


@pytest.mark.parametrize("name", DISSECT)
def test_a_dissection_with_odd_options_is_refused(name, world, tmp_path):
    """Before anything is loaded, or at least before anything is written to the run."""

    def dissect(value):
        given = {name: value}
        if name == "batch_size":
            given = {"recording": Recording(**given)}
        names = (f"{world / 'net.py'}:net", "1", f"labelmaps:{world / 'data'}", tmp_path / "run")
        andornot.dissect(*names, **{"length": 1, "trust": None} | given)

    for what in ("a text", "a list", "a complex number", "numbers", "a function", "a mapping"):
        with pytest.raises(AndornotError) as caught:
            dissect(ODD[what])
        sentence(caught.value)
        assert not (tmp_path / "run" / "manifest.json").exists()


def test_samples_of_a_run_go_by_their_numbers(run):
    assert told(OptionError, run.values, "0") == (
        "sample (its number in run.samples) is '0'; give a whole number"
    )
    for number in (6, -1):
        assert told(OptionError, run.values, number) == (
            f"there is no sample {number} in {run.path}; it has samples 0 to 5"
        )
    assert (run.values(np.int64(5)) == run.values(5)).all()


def line(capsys, *words):
    """The last line on standard error of a command that fails."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return err.strip().splitlines()[-1].removeprefix("andornot: ").removeprefix("Error: ")


NO_EFFECT = {
    "--range-by quantiles": "there are no --ranges",
    "--ranges 3 --resolution upsampled": "--ranges have no threshold",
    "--no-trust --nulls 9": "--no-trust finds out nothing about trust",
    "--no-trust --seed 1": "--no-trust finds out nothing about trust",
    "--no-trust --resamples 9": "--no-trust finds out nothing about trust",
    "--no-store --bootstrap 99": "--no-store finds out nothing about trust",
    "--memory 2": "it is for --no-store",
}
REFUSED = {
    "--search beam --nodes 9": "nodes is for a search with proof",
    "--search exhaustive --seconds 1": "seconds is for a search with proof",
    "--profile mu2020 --nodes 9": "nodes is for a search with proof",
    "--metric pearson --nodes 9": "nodes is for a search with proof",
    "--threshold 1 --resolution upsampled": "resolution says where a quantile is taken",
    "--ranges 3 --quantile 0.1": "--ranges cut all activations, so there is no threshold; leave",
    "--ranges 1": "the number of ranges is 1; give a whole number",
    "--ranges 3 --metric pearson": "correlation looks at all activations at once; leave ranges",
    "--random-weights 0 --weights x.pt": "--weights and --random-weights exclude each other",
    "--mean 1,x": "Invalid value for '--mean': '1,x' is no list of numbers; write for instance",
    "--length long": "Invalid value for '--length': 'long' is neither a number of concepts nor",
    "--length auto --no-trust": "length 'auto' is chosen by held-out samples; leave trust on",
    "--length auto --metric pearson": "length 'auto' is chosen by held-out IoU, which a search",
    "--no-store --metric pearson": "correlation looks at the activations again, so they have to",
    "--no-store --ranges 3": "ranges look at the activations again, so they have to be stored",
    "--no-store --memory 0": "memory is 0.0 GB; it must be more than 0",
    "--no-store --memory 1e-9": "without a store, the layers up to 1 need ",
}


@pytest.mark.parametrize("options", [*NO_EFFECT, *REFUSED])
def test_options_that_would_do_nothing_are_refused(options, world, tmp_path, capsys):
    said = line(
        capsys, "explain", "--model", f"{world / 'net.py'}:net", "--layer", "1", "--quiet",
        "--data", f"labelmaps:{world / 'data'}", "--out", tmp_path, *options.split(),
    )  # fmt: skip
    if options in REFUSED:
        assert said.startswith(REFUSED[options])
    else:
        name = options.split()[-2]
        assert said == f"{name} has no effect here, as {NO_EFFECT[options]}; leave it out"


def test_options_in_a_file_are_refused_alike(world, tmp_path, capsys):
    config = tmp_path / "options.yaml"
    config.write_text("no-trust: true\nnulls: 9\n", encoding="utf-8")
    words = ("--layer", "1", "--data", f"labelmaps:{world / 'data'}", "--out", tmp_path / "out")
    said = line(capsys, "explain", "--config", config, "--model", f"{world / 'net.py'}:net", *words)
    assert said.startswith("--nulls has no effect here, as --no-trust finds")
    config.write_text("- nulls\n", encoding="utf-8")
    said = line(capsys, "explain", "--config", config, "--model", "net.py:net", *words)
    assert said == f"the configuration {config} must be a list of `option: value` lines"


MANY = "{" + ", ".join(f"k{i}: 1" for i in range(400)) + "}"
HOSTILE = {
    "nested lists": ("length: " + "[" * 20_000, "cannot be read: it nests more than 20 levels"),
    "nested tables": ("length: " + "{a: " * 5_000, "cannot be read: it nests more than 20 levels"),
    "nested dashes": ("- " * 10_000, "cannot be read: it nests more than 20 levels deep"),
    "references to references": (
        "a0: &a0 {x: 1}\n"
        + "".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 9)),
        "cannot be read: its references make too much of it",
    ),
    "many references": (
        f"a: &a {MANY}\n"
        + "".join(f"b{i}: {{<<: [{', '.join(['*a'] * 24)}]}}\n" for i in range(200)),
        "cannot be read: its references make too much of it",
    ),
    "lists of lists": ("units: [[1, 2], [3]]", "gives units as [[1, 2], [3]]; write a text or a"),
    "a table": ("length: {a: 1}", "gives length as {'a': 1}; write a text or a number"),
    "digits": ("length: 0b" + "1" * 20_000, "gives length as <int>; write a text or a number"),
    "references to lists": (
        "units: &a [1, 2]\nlength: &b [*a, *a, *a]\nlayer: &c [*b, *b, *b]\n",
        "gives length as [[1, 2], [1, 2], [1, 2]]; write a text or a number, or a list of them",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_of_options_is_told_at_once(name, tmp_path, capsys):
    text, told_of = HOSTILE[name]
    assert len(text) < 30_000
    config = tmp_path / "options.yaml"
    config.write_text(text, encoding="utf-8")
    began = time.process_time()
    said = line(capsys, "explain", "--config", config, "--model", "x", "--layer", "y")
    assert told_of in said
    assert len(said) < 300 + len(str(config))
    # 20 kB took half a minute; this is generous for a machine that is slow
    assert time.process_time() - began < 5


def test_hostile_relations_are_told_at_once(tmp_path):
    path = tmp_path / "kinds.yaml"
    for name in ("nested lists", "references to references", "many references"):
        path.write_text(HOSTILE[name][0], encoding="utf-8")
        assert told(DataError, read_relations, path).startswith(f"the relations {path} cannot be")
    path.write_text("A: &a {x: [y]}\nB: {<<: *a, z: [y]}\n", encoding="utf-8")
    assert read_relations(path) == {"A": {"x": ["y"]}, "B": {"x": ["y"], "z": ["y"]}}


COMMANDS = {
    "layers --model NET:bare": "NET:bare does not say what its input looks like; give --preset",
    "layers --model NET:bare --mean 0,0,0": "give --size too, the model does not say its own",
    "show RUN --samples 3": "RUN was made from images, which a terminal cannot show; leave",
    "demo --out NET": "NET is a file; give a folder with --out",
    "figures RUN --from sea": "give both --from and --to, or neither",
    "figures RUN --also x": "--also is for edits; give --from and --to too",
    "edit paste RUN 0": "give either --concept or --file",
    "edit paste RUN 0 --file a.png --grid x --out b.png": "--out is for one picture, not for a",
    "edit words RUN 0": "give one of --insert, --delete and --replace",
    "edit words RUN 0 --replace pre:a": "give --replace as WORD=NEW; --delete takes a word",
    "edit words RUN 0.png --delete pre:a": "RUN was made from images; words are edited in runs on",
    "analyze trust RUN": "RUN does not say how far its explanations can be trusted; explain",
    "analyze length RUN": "RUN was searched for single concepts only, so lengths cannot be",
    "bench scale --samples 10": "samples is [10]; give two sizes or more, each of at least 10",
    "bench scale --samples 10,20 --units 0": "units is 0; a bench needs 1 or more",
    "bench units --units 0": "units is 0; a bench needs 1 or more",
    "bench units --positions 9": "positions is 9; a bench needs 100 or more",
    "bench shortfall RUN --length 1": "length is 1; formulas of 1 concept are never missed, give",
}


@pytest.mark.parametrize("words", COMMANDS)
def test_commands_tell_what_is_wrong(words, world, capsys):
    def named(text):
        return text.replace("RUN", str(world / "run")).replace("NET", str(world / "net.py"))

    assert line(capsys, *named(words).split()).startswith(named(COMMANDS[words]))


@pytest.mark.parametrize(("package", "extra"), [("torch", "torch"), ("transformers", "hf")])
def test_a_package_that_is_missing_is_named_with_its_extra(package, extra, monkeypatch, capsys):
    def fails(**_options):
        raise ModuleNotFoundError(f"No module named {package!r}", name=f"{package}.nn")

    monkeypatch.setattr(cli.commands["demo"], "callback", fails)
    assert line(capsys, "demo") == (
        f"this needs {package}, which is not installed; run {install(extra)}"
    )


def test_other_packages_that_are_missing_are_a_fault_of_ours(monkeypatch):
    def fails(**_options):
        raise ModuleNotFoundError("No module named 'nonsense'", name="nonsense")

    monkeypatch.setattr(cli.commands["demo"], "callback", fails)
    with pytest.raises(ModuleNotFoundError):
        main(["demo"])


# --- formulas ---

FORMULAS = {
    '"water': (1, "a double quote is opened and not closed"),
    "(water": (7, "expected a closing bracket"),
    "water)": (6, "expected AND, OR or the end"),
    "water AND": (10, "expected a concept name, NOT or an opening bracket"),
    "LIKE(water": (11, "expected the bracket that closes LIKE("),
    "(" * 600 + "water": (None, "levels deep; write it shorter"),
    " OR ".join(["water"] * 60_000): (None, "AND and OR; write it shorter"),
}


@pytest.mark.parametrize("text", FORMULAS, ids=lambda text: text[:12])
def test_formulas_that_cannot_be_read(text):
    place, what = FORMULAS[text]
    said = told(FormulaError, andornot.parse, text)
    assert said.endswith(what)
    assert place is None or f" at character {place}: " in said


def test_concepts_that_are_not_there():
    assert told(FormulaError, TABLE.index, "nonsense") == (
        "no concept is named 'nonsense' among the 3 of this table; check its name"
    )
    assert told(OptionError, metric_code, "beauty").startswith("unknown metric 'beauty'; choose")


# --- runs that were damaged, moved, or are of another kind ---


def changed(run, folder, **data):
    """A copy of a run whose manifest says something else of its data."""
    copy = unlisted(Path(shutil.copytree(run.path, folder / "copy")))
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["data"] |= data
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return andornot.Run.open(copy)


def test_data_that_are_of_another_kind_moved_or_changed(run, tmp_path):
    other = changed(run, tmp_path, kind="arrays")
    assert told(OptionError, images_of, other).startswith(
        f"{other.path} was made from data of kind 'arrays', which has no images to show; pictures "
    )
    assert told(OptionError, pairs_of, run).startswith(
        f"{run.path} was made from data of kind 'labelmaps', which has no sentences to show; this"
    )
    (tmp_path / "gone").mkdir()
    gone = changed(run, tmp_path / "gone", path="nowhere", source={})
    assert told(DataError, images_of, gone) == (
        f"the data of {gone.path} was at nowhere and is not there; put it back, or say where it "
        "is now"
    )
    (tmp_path / "old").mkdir()
    old = changed(run, tmp_path / "old", fingerprint="x")
    assert "has changed since" in told(DataError, images_of, old)
    data = images_of(run)
    assert "lacks '3.png' and 2 more of the 6 samples" in told(
        DataError, matching, run, data.subset([0, 1, 2])
    )


def test_demos_of_unknown_make(run, tmp_path):
    demo = retold(changed(run, tmp_path, kind="demo", source=None), model={"spec": "andornot.demo"})
    assert f"{demo.path} does not say how its demo was made; run the demo again" in told(
        ModelError, model_of, demo
    )


def test_parts_of_a_run_that_are_gone(run, tmp_path, world):
    copy = changed(run, tmp_path)
    copy.table_file("samples.parquet").write_bytes(b"no table")
    assert "samples.parquet is damaged (" in told(DamagedError, lambda: copy.samples)
    shutil.copy(run.table_file("samples.parquet"), copy.table_file("samples.parquet"))
    next(copy.path.glob("cache/activations*/shards/*.npy")).unlink()
    assert "lacks recorded activations (it holds 0 rows, the run has 6 samples); repeat" in told(
        RunError, copy.activations
    )
    explained = copy.table_file("explanations.json")
    explained.write_text('{"layers": {}}', encoding="utf-8")
    assert told(DamagedError, copy.result).startswith(
        f"{explained} is damaged (KeyError('1') in the layer"
    )
    next(copy.path.glob("cache/activations*/head.npy")).unlink()
    assert "head.npy is gone; repeat andornot explain" in told(RunError, copy.head_weights)


def test_a_run_that_lost_its_positions(run, tmp_path):
    copy = changed(run, tmp_path)
    lost = next(copy.path.glob("cache/concepts*/positions.npz"))
    lost.unlink()
    said = told(DataError, lambda: ImageGallery.open(copy).positions)
    assert said.startswith(f"{lost} is missing or damaged (")
    assert said.endswith(f"delete {lost.parent} and build it again")


# --- what is asked of a run ---


def test_pages_of_nothing(run, tmp_path):
    assert told(OptionError, write_report, run, tmp_path / "a", n_units=0) == (
        "the number of units is 0; it must be at least 1"
    )
    nothing = "the number of samples is 0; it must be at least 1"
    assert told(OptionError, write_report, run, tmp_path / "b", n_samples=0) == nothing
    (tmp_path / "mine.txt").write_text("", encoding="utf-8")
    assert told(OptionError, write_report, run, tmp_path) == (
        f"{tmp_path} holds other files; choose a new or an empty folder (mine.txt is there, and "
        "no list of what andornot wrote, which versions before did not keep)"
    )


def test_attacks_that_are_none(run, tmp_path):
    assert told(DataError, check_attacks, [tmp_path], run) == (
        f"{tmp_path} holds no attack.json; give a folder that andornot attack --out wrote"
    )
    (tmp_path / "attack.json").write_text("{}", encoding="utf-8")
    assert "holds no attack that can be read ('run'); give" in told(
        DataError, check_attacks, [tmp_path], run
    )
    (tmp_path / "attack.json").write_text('{"run": "x"}', encoding="utf-8")
    assert "holds an attack on another run than" in told(DataError, check_attacks, [tmp_path], run)


def test_analyses_of_what_does_not_fit(run, tmp_path):
    from andornot.analyses import baseline, masking

    other = changed(run, tmp_path, fingerprint="x")
    assert "were made from different samples, so their IoU cannot be" in told(
        OptionError, baseline.answer, run, against=other
    )
    pairs = run_at(Path("runs/pairs"), level="pair")
    assert told(ModelError, masking.label_masking, pairs, "1", []) == (
        "runs/pairs is a run on sentences, where there is nothing to paint over; leave masking out"
    )


def test_edits_of_what_does_not_fit():
    from andornot.edits import AttackOptions, EditSession, attack

    tokens = run_at(Path("runs/tokens"), level="token")
    assert told(OptionError, EditSession.open, tokens) == (
        "runs/tokens has tokens as positions; edits need images, sentences or pairs"
    )
    assert told(OptionError, attack, tokens, "a", "b") == (
        "runs/tokens explains units at tokens; an attack needs units at images, at sentences or "
        "at pairs"
    )
    assert told(OptionError, AttackOptions, confidence=2) == (
        "confidence is 2; give a share such as 0.95"
    )


def test_units_that_cannot_be_timed(run):
    from benchmarks.proof import prove_run
    from benchmarks.shortfall import shortfall

    assert told(OptionError, shortfall, run, length=2, units=[99]) == (
        "none of these units of 1 has an explanation; choose others"
    )
    nothing = SimpleNamespace(path="runs/none", result=lambda _: [])
    assert told(OptionError, prove_run, nothing, None, [3], 1.0, 5) == (
        "runs/none explains no unit of this layer; choose another layer"
    )


def test_figures_of_single_concepts():
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from andornot.figures import growth

    units = SimpleNamespace(longest=1)
    assert told(OptionError, growth.draw, SimpleNamespace(units=units)) == (
        "the run was searched for single concepts only; explain again with --length 2 or more"
    )


def test_no_block_of_units(tmp_path):
    units = Responses.from_masks(np.eye(3, dtype=bool), TABLE)
    assert told(OptionError, explain_to_parquet, units, TABLE, tmp_path / "x", block=0) == (
        "block is 0; give at least 1 unit"
    )


# --- networks and classifiers ---


def classifier(n_classes, names):
    from andornot.edits.classifiers import ImageClassifier
    from andornot.models import LoadedModel, Preprocessing

    torch = pytest.importorskip("torch", reason="torch is not installed")
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 4 * 4, n_classes))
    model = LoadedModel(module, "net.py:net", None, "x", None, names)
    return ImageClassifier(model, Preprocessing(4, 4, (0, 0, 0), (1, 1, 1)), "net", "cpu")


def test_classifiers_that_classify_nothing(run):
    from andornot.edits.classifiers import image_classifier

    assert told(ModelError, lambda: classifier(2, None).class_names) == (
        "the classes of net have no names; give class_names"
    )
    assert told(ModelError, classifier(2, ("a", "b", "c")).logits, images_of(run)) == (
        "net does not give a score for each of its 3 named classes; choose a classifier"
    )
    assert told(ModelError, image_classifier, classifier(2, None).model) == (
        "the model net.py:net does not say how images become its input; give preprocessing"
    )


def test_networks_that_are_not_there(tmp_path):
    pytest.importorskip("torch", reason="torch is not installed")
    from andornot.models.from_file import call_function
    from andornot.models.from_torchvision import _download
    from andornot.models.sentences.load import draw_anew

    file = tmp_path / "net.txt"
    file.write_text("", encoding="utf-8")
    assert told(ModelError, call_function, file, "net") == (
        f"The model file {file} cannot be imported: it must be a Python file."
    )

    def fails(*_args, **_kwargs):
        raise OSError("no network")

    assert told(ModelError, _download, SimpleNamespace(get_model=fails), "alexnet", "DEFAULT") == (
        "The weights DEFAULT of torchvision's alexnet cannot be downloaded (no network): give the "
        "path of a weights file instead."
    )
    assert "so 'x.pt' cannot stand for them: leave it out, or" in told(
        ModelError, draw_anew, object(), "m.py:m", "x.pt"
    )
    assert told(ModelError, draw_anew, object(), "m.py:m", "random:0") == (
        "The model m.py:m shows no torch module, so its weights cannot be drawn anew: give it an "
        "attribute module."
    )


def test_a_network_of_pairs_without_a_module(monkeypatch):
    pytest.importorskip("torch", reason="torch is not installed")
    from andornot.analyses import replay

    monkeypatch.setattr(replay, "model_of", lambda *_: object())
    pairs = run_at(Path("runs/pairs"))
    assert told(ModelError, replay.of_sentences, pairs, "words", replay.Source()) == (
        "the model of runs/pairs has no torch module in its attribute module, so no unit of it can "
        "be set to zero; give it one"
    )


# --- data ---


def test_data_that_are_not_there(tmp_path):
    from andornot.data.images.files import read_json_file
    from andornot.data.images.labelmaps import NewSample, write_labelmaps
    from andornot.data.images.parquet import read_parquet

    missing = tmp_path / "panoptic_val.json"
    assert told(DataError, read_json_file, missing) == (
        f"{missing} is missing: a data set of this kind needs it."
    )
    assert told(DataError, read_parquet, tmp_path) == (
        f"{tmp_path} holds no parquet file: give a *.parquet or a folder of them."
    )
    sample = NewSample("a", tmp_path / "a.png", {})
    assert told(DataError, write_labelmaps, tmp_path / "out", {"sky": "thing"}, [sample]) == (
        f"{tmp_path / 'a.png'} cannot be read (No such file or directory): restore it."
    )


def test_labels_that_fail_in_an_unknown_way(run):
    from andornot.data.images.table import read_atoms

    class Broken:
        sample_ids = ("a", "b")

        def labels(self, i):
            raise ZeroDivisionError("of our own reader")

    assert told(DataError, read_atoms, Broken(), 1) == (
        "the labels of sample 'b' cannot be read (ZeroDivisionError: of our own reader); mend them "
        "or leave the sample out"
    )


def test_archives_that_are_damaged(tmp_path):
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz") as written:
        written.add(__file__, "text.py")
    whole = archive.read_bytes()
    for data in (whole[: len(whole) // 2], b"\x1f\x8b\x08\x00" + b"\xff" * 2000):
        archive.write_bytes(data)
        said = told(DataError, unpack, archive, tmp_path / "out")
        assert said.startswith(f"{archive} is damaged or cut short (")
        assert said.endswith("): get it again")


def test_archives_that_are_damaged_in_a_later_part(tmp_path):
    noise = tmp_path / "noise"
    noise.write_bytes(np.random.default_rng(0).bytes(2_000_000))
    archive = tmp_path / "a.tar.bz2"
    with tarfile.open(archive, "w:bz2") as written:
        written.add(noise, "noise")
    whole = bytearray(archive.read_bytes())
    whole[-500_000:-400_000] = bytes(100_000)
    archive.write_bytes(whole)
    assert told(DataError, unpack, archive, tmp_path / "out").startswith(f"{archive} is damaged (")


def test_archives_that_lie_about_sizes(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("a.txt", "short")
    data = bytearray(archive.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 50)  # the size, once unpacked
    archive.write_bytes(data)
    assert told(DataError, unpack, archive, tmp_path / "out") == (
        f"{archive} is cut short at a.txt: get it again"
    )


# --- trust and measures ---


def test_measures_that_cannot_be_examined(run):
    from andornot.trust.measure import with_trust

    search = SearchOptions(metric="pearson")
    assert told(OptionError, with_trust, run.result(), None, search, None) == (
        "trust works with scores from counts, and pearson is none; leave trust out"
    )


def test_concepts_that_are_everywhere(run):
    from andornot.analyses import metrics

    small = andornot.Run(run.path, run.record)
    small.__dict__["concepts"] = SimpleNamespace(n_positions=1)
    assert told(RunError, metrics.answer, small) == (
        f"every best concept of 1 in {run.path} holds on more than half of all positions, so "
        "labels cannot be doubled; choose other units"
    )


def test_a_full_disk_for_what_workers_read(tmp_path, monkeypatch):
    def fails(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(engine, "write_whole", fails)
    sender = SimpleNamespace(directory=tmp_path)
    assert told(RunError, engine.Engine._send, sender, [1]).endswith(
        "No space left on device; make room or choose another directory and start again, what is "
        "done already is kept"
    )


# --- machines: disks, other processes, packages ---


def test_two_that_get_the_same_at_once(tmp_path, monkeypatch):
    item = replace(catalogue.find("glove6b"), file="x.zip", folder="x", addresses=("https://x",))
    monkeypatch.setattr(downloads, "find", lambda _: item)
    lock = FileLock(tmp_path / ".x.zip.lock")
    with lock:
        assert told(RunError, downloads.get, item.name, tmp_path) == (
            f"another andornot is getting {item.name} into {tmp_path}; wait until it is done"
        )


def test_a_file_that_cannot_be_verified(tmp_path):
    assert told(DataError, downloads.checksum, tmp_path, "sha256") == (
        f"{tmp_path} cannot be read (Is a directory): mend its rights"
    )


def test_what_workers_cannot_do(tmp_path):
    sent = tmp_path / "sent.pickle"
    sent.write_bytes(b"cnonsense\nthing\n.")
    parcel = engine.Parcel(str(sent), hashlib.sha256(sent.read_bytes()).hexdigest())
    assert told(RunError, parcel.open).startswith(
        "a worker cannot load what was sent to it (ModuleNotFoundError: No module named 'nonsense'"
    )
    missing = tmp_path / "missing"
    assert told(RunError, engine.engine_of("processes:1", missing).__enter__).startswith(
        f"cannot write to {missing}"
    )


def test_an_executor_that_was_shut_down():
    future = Future()
    future.cancel()
    error = engine._error_of(future)
    assert str(error) == "the executor was shut down; start again, what is done is kept"


MISSING = {
    "distributed": (
        lambda: engine.engine_of("dask:tcp://127.0.0.1:1").__enter__(),
        OptionError,
        f"Dask is not installed; install it with {install('dask')}",
    ),
    "transformers": (
        lambda: importlib.import_module("andornot.models.from_hf").import_transformers(),
        ModelError,
        f"Models of transformers need it to be installed: run {install('hf')}.",
    ),
    "torchvision": (
        lambda: importlib.import_module("andornot.models").load_model("torchvision:alexnet"),
        ModelError,
        f"Models of torchvision need it to be installed: run {install('torchvision')}.",
    ),
    "andornot.figures.style": (
        lambda: scale.plot({"rows": []}, "growth.svg"),
        OptionError,
        f"a plot needs matplotlib; run {install('figures')}",
    ),
    "safetensors.torch": (
        lambda: importlib.import_module("andornot.models.weights").read_state_dict(
            Path(__file__).with_suffix(".safetensors")
        ),
        ModelError,
        "Reading ",
    ),
}


@pytest.mark.parametrize("package", MISSING)
def test_packages_that_are_missing(package, monkeypatch):
    call, error, text = MISSING[package]
    pytest.importorskip("torch", reason="torch is not installed")
    importlib.import_module("andornot.models.from_torchvision").import_torchvision.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(Path, "is_file", lambda self: True)
    assert told(error, call).startswith(text)


def test_plots_of_unknown_format():
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert told(OptionError, scale.plot, {"rows": []}, "growth.doc") == (
        "growth.doc does not end in .svg, .png or .pdf; choose one of these"
    )
