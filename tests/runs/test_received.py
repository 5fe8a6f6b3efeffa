"""A run from somebody else is read, and nothing that it names is run unless its user says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from analysis_cases import LAYER, picture_run
from andornot import AndornotError
from andornot.cli import cli
from andornot.edits import attack
from andornot.errors import ModelError, RunError
from andornot.runs.reopen import model_of, pairs_of
from andornot.runs.run import Run
from gossip_cases import run as gossip
from unlisted import unlisted

pytest.importorskip("torch", reason="torch is not installed")

__all__ = ["gossip"]  # a fixture

SPY = "\nfrom pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n"

EDIT = ("edit", "paste", "RUN", "SAMPLE", "--concept", "red")
ON_PICTURES = [
    ("attack", "RUN", "--from", "Red", "--to", "Green", "--quiet", "--samples", "8"),
    ("edit", "recolour", "RUN", "SAMPLE", "red", "blue"),
    EDIT,
    ("analyze", "accuracy", "RUN", "--ablate", "--ablate-samples", "4", "--quiet"),
    ("analyze", "contributions", "RUN", "--ablate", "--ablate-samples", "4", "--quiet"),
    ("analyze", "scores", "RUN", "--masking", "--masked-samples", "2", "--quiet"),
    ("figures", "RUN", "--only", "edits", "--from", "Red", "--to", "Green", "--quiet"),
]
ON_SENTENCES = [
    ("attack", "RUN", "--from", "entailment", "--to", "contradiction", "--quiet"),
    ("edit", "words", "RUN", "SAMPLE", "--insert", "hyp:nobody"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("home")
    picture_run(home, LAYER, trust=None, length=1)
    return home


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch) -> Path:
    """The user's settings, empty at first."""
    folder = tmp_path / "settings"
    monkeypatch.setattr("click.get_app_dir", lambda _name: str(folder))
    return folder


def received(run: Path, code: Path, folder: Path) -> tuple[Run, Path]:
    """A copy of a run that names a copy of its network, which leaves a file where it was run."""
    shutil.copytree(run, folder / "run")
    file = folder / "theirs.py"
    file.write_text(code.read_text(encoding="utf-8") + SPY, encoding="utf-8")
    noted = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    function = noted["model"]["spec"].rpartition(":")[2]
    return rewritten(folder / "run", model={"spec": f"{file}:{function}"}), file


def rewritten(path: Path, **parts: dict[str, object]) -> Run:
    file = unlisted(path) / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    for name, fields in parts.items():
        manifest[name] |= fields
    file.write_text(json.dumps(manifest), encoding="utf-8")
    return Run.open(path)


def ask(run: Run, words, *more):
    stands = {"RUN": str(run.path), "SAMPLE": run.samples["sample"][0]}
    return CliRunner().invoke(cli, [*(stands.get(word, word) for word in words), *more])


@pytest.fixture
def theirs(home, tmp_path) -> tuple[Run, Path]:
    return received(home / "run", home / "network.py", tmp_path)


def was_run(file: Path) -> bool:
    mark = file.with_suffix(".ran")
    ran = mark.exists()
    mark.unlink(missing_ok=True)
    return ran


@pytest.mark.parametrize("words", ON_PICTURES, ids=lambda w: " ".join(w[:2]))
def test_a_received_python_file_is_not_run(theirs, words):
    run, file = theirs
    done = ask(run, words)
    told = f"{done.output} {done.exception}"
    assert f"asks to run the Python file {file}, which nobody has looked at" in told
    assert "--trust-code" in told
    assert isinstance(done.exception, AndornotError)
    assert not was_run(file)


@pytest.mark.parametrize("words", ON_SENTENCES, ids=lambda w: " ".join(w[:2]))
def test_nor_is_one_that_makes_a_model_of_sentence_pairs(gossip, tmp_path, words):
    run, file = received(gossip, gossip.parent / "gossip.py", tmp_path)
    done = ask(run, words)
    assert f"asks to run the Python file {file}" in str(done.exception)
    assert not was_run(file)
    assert ask(run, words, "--trust-code").exit_code == 0
    assert was_run(file)


def fingerprinted(run: Run, file: Path) -> Run:
    """The run as if it had been made with that very file, so that it may be loaded."""
    spec = run.manifest["model"]["spec"]
    from andornot.models import load_model

    print_ = load_model(spec, preprocessing=None).fingerprint
    was_run(file)
    return rewritten(run.path, model={"fingerprint": print_})


def test_what_was_allowed_once_runs_until_it_changes(theirs, settings):
    run, file = theirs
    run = fingerprinted(run, file)
    assert ask(run, EDIT, "--trust-code").exit_code == 0
    assert was_run(file)
    (kept,) = settings.rglob("*/*")
    assert kept.read_text() == f"Python file {file}\n"
    assert ask(run, EDIT).exit_code == 0
    assert was_run(file)
    model_of(Run.open(run.path))  # in Python too
    assert was_run(file)
    other = rewritten(run.path, model={"fingerprint": "0" * 64})  # the same file, another network
    assert isinstance(ask(other, EDIT).exception, ModelError)
    run = rewritten(run.path, model={"fingerprint": run.manifest["model"]["fingerprint"]})
    file.write_text(file.read_text() + "\n# changed\n")
    assert isinstance(ask(run, EDIT).exception, ModelError)
    assert not was_run(file)


def test_the_other_way_round_a_run_says_nothing_for_itself(theirs, settings):
    """A permission lies in the user's settings only; one that came with the run is none."""
    run, file = theirs
    run = fingerprinted(run, file)
    ask(run, EDIT, "--trust-code")
    was_run(file)
    shutil.copytree(settings, run.path / "settings")
    shutil.rmtree(settings)
    assert isinstance(ask(run, EDIT).exception, ModelError)
    assert not was_run(file)


@pytest.mark.parametrize("where", ["a file is in the way", "no home"])
def test_without_settings_it_is_allowed_for_one_command(theirs, settings, where, monkeypatch):
    run, file = theirs
    run = fingerprinted(run, file)
    if where == "no home":
        monkeypatch.setattr("click.get_app_dir", lambda _name: "~/.config/andornot")
    else:
        settings.write_text("")
    assert ask(run, EDIT, "--trust-code").exit_code == 0
    assert was_run(file)
    assert isinstance(ask(run, EDIT).exception, ModelError)
    assert not was_run(file)
    assert not list(Path.cwd().glob("~"))


def test_a_network_that_the_command_names_is_run(theirs, home):
    run, file = theirs
    assert ask(run, EDIT, "--model", f"{home / 'network.py'}:net").exit_code == 0
    assert not was_run(file)
    assert ask(run, EDIT, "--model", f"{file}:net").exit_code == 0
    assert was_run(file)


def test_in_python_a_run_is_opened_with_trust(theirs):
    run, file = theirs
    with pytest.raises(ModelError, match=r"Run\.open\(path, trust_code=True\)"):
        attack(run.path, "Red", "Green")
    assert not was_run(file)
    run = fingerprinted(run, file)
    model_of(Run.open(run.path, trust_code=True))
    assert was_run(file)


def test_a_run_that_was_just_made_loads_its_network_again(tmp_path):
    model_of(picture_run(tmp_path, LAYER, trust=None, length=1))


def test_a_file_that_is_gone_is_told_as_before(theirs):
    run, file = theirs
    file.unlink()
    with pytest.raises(ModelError, match=r"cannot be loaded again: The model file .* not exist"):
        model_of(run)


@pytest.mark.parametrize("where", ["source", "spec", "path"])
def test_a_received_spacy_model_is_not_loaded(gossip, tmp_path, where):
    shutil.copytree(gossip, tmp_path / "run")
    tagger, data = tmp_path / "tagger", gossip.parent / "pairs.csv"
    tagger.mkdir()
    odd = tmp_path / f"pairs.csv,tagger={tagger}"
    odd.parent.mkdir(parents=True, exist_ok=True)
    odd.mkdir(parents=True)
    run = rewritten(tmp_path / "run", data={
        "source": {"source": {"spec": f"pairs:{data}", "tagger": str(tagger)},
                   "spec": {"spec": f"pairs:{odd}"}, "path": None}[where],
        "path": str(odd if where == "path" else data),
    })  # fmt: skip
    with pytest.raises(ModelError, match=f"asks to run the spaCy model {tagger}, which nobody"):
        pairs_of(run)
    for words in (("show", "RUN", "--samples", "1"), ("page", "RUN"), ("report", "RUN")):
        assert "asks to run the spaCy model" in str(ask(run, words).exception)


@pytest.mark.parametrize("source", [{"out": "x"}, {"limit": "x"}, {"tagger": 3}, {"spec": []}])
def test_what_opens_the_data_again_is_known_by_name_and_type(gossip, tmp_path, source):
    shutil.copytree(gossip, tmp_path / "run")
    run = rewritten(tmp_path / "run", data={"source": source})
    with pytest.raises(RunError, match=r"its field data\.source\.\w+ "):
        pairs_of(run)
