"""What the tab key proposes: through click, as the shells ask for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from andornot.cli import cli
from andornot.cli.completion import METRICS
from andornot.measures import scores
from andornot.measures.scores import PEARSON
from report_cases import EVIL


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with what a completion reads of a run, beside other things."""
    table = tmp_path / "run" / "cache" / "concepts-1"
    table.mkdir(parents=True)
    names = ["dog", "door", "back right light", "a,b", EVIL, 'a "b"', "$(touch x)"]
    (table / "concepts.json").write_text(json.dumps({"names": names}))
    manifest = {
        "layers": {"conv.0": {"units": 12}, "conv.1": {"units": 40}},
        "stages": {"concepts": {"path": "cache/concepts-1"}},
    }
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "rubbish").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def proposed(words: str) -> list[str]:
    *before, incomplete = words.split(" ")
    found = ShellComplete(cli, {}, "andornot", "_ANDORNOT_COMPLETE")
    return [one.value for one in found.get_completions(before, incomplete) if one.type == "plain"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("show ru", ["run"]),
        ("figures ", ["run"]),
        ("show run --layer ", ["conv.0", "conv.1"]),
        ("show run --layer=conv.1", ["conv.1"]),
        ("explain --out run --layer ", ["conv.0", "conv.1"]),
        ("analyze trust run --layer ", ["conv.0", "conv.1"]),
        ("score run 3", ["3", *map(str, range(30, 40))]),
        ("score --layer conv.0 run 1", ["1", "10", "11"]),
        ("score run 3 do", ["dog", "door"]),
        ("score run 3 dog A", ["AND"]),
        ("score run 3 ba", ["back right light"]),
        ("score run 3 $", []),
        ("score run 3 <", []),
        ("edit recolour run picture do", ["dog", "door"]),
        ("show run --units 5,7-38", ["5,7-38"]),
        ("explain --out run --concepts dog,doo", ["dog,door"]),
        ("explain --metric pr", ["precision"]),
        ("show run --sort h", ["held-out"]),
        ("rep", ["report", "reproduce"]),
    ],
)
def test_what_is_proposed(folder, words, found):
    assert proposed(words) == found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("dog AND do", ["dog AND dog", "dog AND door"]),
        ("back right light OR do", ["back right light OR dog", "back right light OR door"]),
        ("back right l", ["back right light"]),
        ("(dog OR door) AND NOT ba", ["(dog OR door) AND NOT back right light"]),
        ("(do", ["(dog", "(door"]),
        ("dog & !do", ["dog & !dog", "dog & !door"]),
        ("dog A", ["dog AND"]),
        ("dog AND door O", ["dog AND door OR"]),
        ("dog AND x", []),
    ],
)
def test_inside_quotes_proposals_go_on_behind_what_was_typed(folder, typed, found):
    complete = ShellComplete(cli, {}, "andornot", "_ANDORNOT_COMPLETE")
    items = complete.get_completions(["score", "run", "3"], typed)
    assert [one.value for one in items if one.type == "plain"] == found


@pytest.mark.parametrize(
    "words", ["score nowhere 1", "score rubbish 1", "show rubbish --layer ", "explain --layer ",
              "explain --concepts ", "show nowhere/"],
)  # fmt: skip
def test_where_there_is_nothing_nothing_is_said(folder, words, capsys):
    assert proposed(words) == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("written", ["", "[]", '{"layers": 3}', '{"layers": {"a": {}}}'])
def test_a_damaged_run_proposes_nothing(folder, written):
    (folder / "run" / "manifest.json").write_text(written)
    assert proposed("score run 1") == proposed("score run 1 d") == []


def test_a_manifest_points_nowhere_outside(folder):
    path = folder / "run" / "manifest.json"
    path.write_text(path.read_text().replace("cache/concepts-1", "../other"))
    (folder / "other").mkdir()
    (folder / "other" / "concepts.json").write_text('{"names": ["dog"]}')
    assert proposed("score run 1 d") == []


def test_scores_are_those_that_can_be_searched_for():
    assert (*scores.METRICS, PEARSON) == METRICS


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_answered_without_anything_heavy(folder, shell):
    words = os.environ | {
        "_ANDORNOT_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": "andornot score run 3 do",
        "COMP_CWORD": "do" if shell == "fish" else "4",
    }
    code = (
        "import sys; from andornot.cli import main\ntry: main([])\nfinally:\n"
        "    print(*{'torch', 'numba', 'pandas', 'numpy'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=words, check=False
    )
    assert "door" in done.stdout
    assert done.stderr.strip() == ""
