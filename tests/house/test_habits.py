"""What keeps the house in order says what is there: hooks, the workflow, templates, addresses."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve()
while not (ROOT / "pyproject.toml").is_file():
    ROOT = ROOT.parent
GITHUB = ROOT / ".github"
ADDRESS = "https://github.com/andornot/andornot"

needs_checkout = pytest.mark.skipif(not GITHUB.is_dir(), reason="an sdist has no .github")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


PROJECT = tomllib.loads(text("pyproject.toml"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
NAMES = {re.split(r"[\[<>=]", wanted)[0] for wanted in EXTRAS["dev"]}
TARGETS = set(re.findall(r"^([a-z][\w-]*):", text("Makefile"), re.MULTILINE))
WORKFLOW = ".github/workflows/ci.yml"

# --- before a commit ---


def hooks():
    (repo,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert repo["repo"] == "local"  # nothing is fetched
    return repo["hooks"]


def test_hooks_are_local_and_of_tools_that_we_install():
    for hook in hooks():
        assert hook["language"] == "system"
        assert shlex.split(hook["entry"])[0] in NAMES | {"git", "lint-imports"}


def test_a_commit_is_asked_what_make_lint_asks():
    _, _, after = text("Makefile").partition("\nlint:")
    recipe = after.split("\n\n")[0]
    asked = [words.removesuffix(" .") for words in re.findall(r"\$\(BIN\)/(.+)", recipe)]
    entries = " ".join(hook["entry"].replace(" --force-exclude", "") + ";" for hook in hooks())
    assert asked
    for command in asked:
        assert f"{command};" in entries


# --- on a public host ---


def jobs():
    return yaml.safe_load(text(WORKFLOW))["jobs"]


def commands():
    return [step["run"] for job in jobs().values() for step in job["steps"] if "run" in step]


@needs_checkout
def test_the_workflow_may_only_read_and_names_versions_of_what_it_uses():
    workflow = yaml.safe_load(text(WORKFLOW))
    assert workflow["permissions"] == {"contents": "read"}
    for job in jobs().values():
        assert "permissions" not in job
        assert job["timeout-minutes"]
        for step in job["steps"]:
            assert len({"run", "uses"} & set(step)) == 1
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1"))


@needs_checkout
def test_the_workflow_runs_what_there_is():
    assert ".ci/run" in commands()
    for command in commands():
        program, *words = shlex.split(command)
        if program == "make":
            assert words[0] in TARGETS
        elif program == ".ci/run":
            assert (ROOT / program).stat().st_mode & 0o111
        else:
            assert program in ("python", "uv")
        for extra in re.findall(r"\[([\w,]+)\]", command):
            assert set(extra.split(",")) <= set(EXTRAS)


@needs_checkout
def test_the_workflow_tries_the_oldest_python_and_what_tests_import():
    matrix = jobs()["fast"]["strategy"]["matrix"]["python"]
    assert PROJECT["requires-python"] == f">={matrix[0]}"
    (by_hand,) = [words for words in commands() if " pytest pytest-xdist " in words]
    assert set(shlex.split(by_hand)[4:]) <= NAMES


@pytest.mark.parametrize("script", [".ci/run"])
def test_ci_makes_what_there_is(script):
    assert set(re.findall(r"^make ([\w-]+)$", text(script), re.MULTILINE)) <= TARGETS


def test_every_target_that_a_newcomer_may_call_is_told_of():
    told = text("CONTRIBUTING.md") + text("README.md")
    for target in TARGETS - {"clean", "lint", "bench"}:
        assert f"make {target}" in told, target


# --- what people write to us ---

FORMS = ["bug", "question", "idea"]


@needs_checkout
@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_one_that_can_be_filled_in(name):
    form = yaml.safe_load(text(f".github/ISSUE_TEMPLATE/{name}.yml"))
    assert set(form) == {"name", "description", "labels", "body"}
    assert len({field["id"] for field in form["body"]}) == len(form["body"])
    for field in form["body"]:
        assert field["type"] in ("input", "textarea")
        assert field["attributes"]["label"]
        assert isinstance(field["validations"]["required"], bool)
    assert form["body"][0]["validations"]["required"]


@needs_checkout
def test_whoever_reports_a_fault_is_asked_for_what_shows_it():
    form = text(".github/ISSUE_TEMPLATE/bug.yml")
    for what in ("andornot --version", "did you run", "did it print", "small input"):
        assert what in form


@needs_checkout
def test_there_are_no_other_forms():
    found = {path.stem for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml")}
    assert found == {*FORMS, "config"}


# --- one address ---


def test_all_speak_of_one_address():
    addresses = list(PROJECT["urls"].values())
    addresses.append(yaml.safe_load(text("CITATION.cff"))["repository-code"])
    if GITHUB.is_dir():
        links = yaml.safe_load(text(".github/ISSUE_TEMPLATE/config.yml"))["contact_links"]
        addresses += [link["url"] for link in links]
    for address in addresses:
        assert address == ADDRESS or address.startswith(f"{ADDRESS}/")
        _, _, path = address.partition("/blob/main/")
        assert (ROOT / path).exists()


def test_the_authors_are_those_of_the_citation():
    cited = yaml.safe_load(text("CITATION.cff"))["authors"]
    assert PROJECT["authors"] == cited


# --- types ---


def test_types_of_the_package_are_as_strict_as_mypy_can_be():
    """What is let pass in tests is switched on again for the package."""
    asked = tomllib.loads(text("pyproject.toml"))["tool"]["mypy"]
    (own,) = (
        one for one in asked["overrides"] if {"andornot.*", "benchmarks.*"} == {*one["module"]}
    )
    assert asked["strict"]
    assert {"src", "tests"} <= set(asked["files"])
    assert own["enable_error_code"] == asked["disable_error_code"]
    assert own["warn_unreachable"]
    for name, value in asked.items():
        if isinstance(value, bool) and name not in ("strict", "explicit_package_bases"):
            assert own[name] is (not value), name


# --- what tests share ---


def test_what_is_made_once_is_made_once_and_whole(made_once, tmp_path):
    name, calls = tmp_path.name, []

    def fill(folder: Path) -> None:
        calls.append(folder)
        (folder / f"{len(calls)}").touch()
        if len(calls) == 1:
            raise OSError("in the middle")

    with pytest.raises(OSError, match="in the middle"):
        made_once(name, fill)
    folder = made_once(name, fill)
    assert made_once(name, fill) == folder
    assert len(calls) == 2
    assert [path.name for path in folder.iterdir()] == ["2"]  # nothing of the first
