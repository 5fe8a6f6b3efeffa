"""Each option is written once: its default, its type, its name on the command line and in files."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
from dataclasses import fields
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Literal, get_args, get_origin

import click
import pytest
import yaml
from click.testing import CliRunner

import andornot
from andornot.analyses import REGISTRY
from andornot.cli import SECTIONS, cli
from andornot.cli.settings import GROUPS
from andornot.cli.table import TABLE, of_command
from andornot.cli.values import LeastSupport
from andornot.errors import OptionError
from andornot.pipeline.options import DissectKeywords, Execution, RunKeywords, RunOptions
from andornot.reproduce.request import ReproduceRequest
from andornot.search.options import SearchKeywords, SearchOptions
from andornot.trust.options import TrustOptions
from benchmarks.cli import bench

PACKAGE = Path(andornot.__file__).parent
PAGES = Path(__file__).resolve().parents[2] / "docs"
COMMANDS = sorted({command for setting in TABLE for command in setting.commands})
WITH_HOME = [s for s in TABLE if s.home is not None]
OF_EXPLAIN = of_command("explain")

# --- defaults ------------------------------------------------------------------------------------

PATHS = [
    PACKAGE / name
    for name in (
        *("explainer.py", "pipeline/dissect.py", "pipeline/options.py", "pipeline/stream.py"),
        *("search/options.py", "trust/options.py", "trust/measure.py", "reproduce/request.py"),
        *("counting/rules.py", "counting/thresholds.py", "counting/ranges.py"),
        *("probes/recording.py", "probes/words.py", "probes/base.py", "probes/pairs.py"),
        *("probes/reading.py", "data/sequences/options.py"),
        "concepts/context_options.py",
        *("models/sentences/options.py", "edits/attack_options.py", "edits/investigation.py"),
        *("cli/explain.py", "cli/nli.py", "cli/attack.py", "cli/demo.py", "cli/reproduce.py"),
        "cli/options.py",
    )
]  # fmt: skip
"""Where options pass on their way from the command line, a file or Python to a run."""


def is_written(node):
    """Whether a default is a value that is spelt out, and no reference to one nor "not given"."""
    if isinstance(node, ast.Tuple):
        return True
    return isinstance(node, ast.Constant) and node.value is not None and node.value is not ...


def written(source):
    """Owner and name of each default that is spelt out: of fields, arguments and options."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and line.value and is_written(line.value):
                    yield node.name, ast.unparse(line.target)
        elif isinstance(node, ast.FunctionDef):
            late = node.args.args[len(node.args.args) - len(node.args.defaults) :]
            pairs = [*zip(late, node.args.defaults, strict=True)]
            pairs += zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            yield from ((node.name, a.arg) for a, value in pairs if value and is_written(value))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("option"):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            if "default" in given and is_written(given["default"]) and node.args:
                flag = ast.literal_eval(node.args[0])
                yield "option", flag.lstrip("-").replace("-", "_")


FOUND = [pair for path in PATHS for pair in written(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    "setting", [s for s in WITH_HOME if s.default is not None], ids=lambda s: s.flags[0]
)
def test_a_default_is_written_in_one_place(setting):
    homes = {s.home.__name__ for s in WITH_HOME if s.field == setting.field}
    places = [owner for owner, name in FOUND if name in (setting.field, setting.key)]
    assert set(places) <= homes
    # the folder of what was downloaded, and what is too little data, are constants that have
    # another place still
    elsewhere = setting.home is ReproduceRequest or setting.field.startswith("least_active_")
    assert places.count(setting.home.__name__) == (not elsewhere)
    assert "default" not in setting.more


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def explain(length: int = 3): ...", [("explain", "length")]),
        ("def explain(*, beam_size=10): ...", [("explain", "beam_size")]),
        ("@option('--beam-size', default=10)\ndef f(): ...", [("option", "beam_size")]),
        ("class A:\n    names: tuple = ('a',)", [("A", "names")]),
        ("def explain(length=SearchOptions.length, jobs=None): ...", []),
    ],
)
def test_a_default_that_is_written_again_is_seen(source, found):
    assert list(written(source)) == found


# --- one option, three ways ----------------------------------------------------------------------


def parsed(words):
    command = cli.commands["explain"]
    needed = {"--model": "m", "--layer": "l", "--data": "d", "--out": "o"}
    for flag, value in needed.items():
        words = words if flag in words else [*words, flag, value]
    return command.make_context("explain", words).params


def example(setting):
    """A value that is not the default, as a file and as a line may have it."""
    if setting.more.get("is_flag"):
        return True
    if get_origin(setting.kind) is Literal:
        return get_args(setting.kind)[-1]
    kind = setting.kind or type(setting.default)
    if isinstance(kind, click.IntRange) or kind is int:
        return 7
    if isinstance(kind, LeastSupport):
        return "30,5"
    if kind is bool:
        return "yes"
    return 0.25 if kind is float else "4"


@pytest.mark.parametrize("setting", OF_EXPLAIN, ids=lambda s: s.flags[0])
def test_a_file_and_the_command_line_say_the_same(setting, tmp_path):
    if setting.key == "config":
        return
    value, file = example(setting), tmp_path / "options.yaml"
    flag = [setting.flags[0]] if value is True else [setting.flags[0], str(value)]
    plain = parsed([])
    on_line = parsed(flag)[setting.key]
    assert setting.more.get("required") or on_line != plain[setting.key]
    for name in setting.flags:
        file.write_text(yaml.safe_dump({name.lstrip("-"): value}), encoding="utf-8")
        if not setting.more.get("required"):
            assert parsed(["--config", str(file)])[setting.key] == on_line


@pytest.mark.parametrize("lines", ["pool: 3\ncandidates: 4\n", "beam_size: 3\nbeam-size: 4\n"])
def test_a_file_gives_an_option_under_one_of_its_names(lines, tmp_path):
    file = tmp_path / "options.yaml"
    file.write_text(lines, encoding="utf-8")
    with pytest.raises(OptionError, match=r"twice, under two names .*; give it once"):
        parsed(["--config", str(file)])


@pytest.mark.parametrize(
    "setting", [s for s in OF_EXPLAIN if s.home is not None], ids=lambda s: s.flags[0]
)
def test_python_and_the_command_line_have_the_same_default(setting):
    record = setting.home()
    assert getattr(record, setting.field) == setting.default
    on_line = parsed([])[setting.key]
    given = setting.more.get("is_flag") and not setting.default
    assert on_line == (None if setting.unset else bool(on_line) if given else setting.default)
    named = {**DissectKeywords.__annotations__, **inspect.signature(andornot.dissect).parameters}
    assert setting.python.partition("=")[0] in named


def test_what_nobody_gives_is_the_default_everywhere():
    plain = RunOptions.of()
    assert plain == RunOptions()
    assert (plain.search, plain.trust, plain.execution) == (
        SearchOptions(), TrustOptions(), Execution(),
    )  # fmt: skip
    assert inspect.signature(andornot.dissect).parameters["trust"].default == plain.trust
    for name in ("length", "beam_size", "search"):
        argument = inspect.signature(andornot.explain).parameters[name]
        assert argument.default == getattr(plain.search, name)


def test_keywords_have_a_type_each():
    """Whoever adds a field to a record names it among the keywords too, so that editors know it."""

    def names(*records):
        return {field.name for record in records for field in fields(record)}

    assert set(SearchKeywords.__annotations__) == {*names(SearchOptions), "pool"}
    arguments = inspect.signature(andornot.dissect).parameters
    given = {*RunKeywords.__annotations__, *arguments}
    inside = {"choose_length"}  # said by length="auto"
    assert names(RunOptions, Execution, SearchOptions) - inside <= given
    assert len(arguments) <= 16
    assert not set(RunKeywords.__annotations__) & set(arguments)


# --- help and reference --------------------------------------------------------------------------

VERBS = {
    *("Add", "Ask", "Choose", "Compose", "Count", "Cut", "Divide", "Do", "Draw", "Drop", "Edit"),
    *("Explain", "Give", "Keep", "Lead", "Learn", "Leave", "Let", "Look", "Make", "Multiply"),
    *("Name", "Prepare", "Print", "Read", "Repeat", "Resize", "Say", "Search", "Set", "Share"),
    *("Show", "Start", "Stop", "Subtract", "Take", "Test", "Train", "Try", "Use", "Write", "Load"),
    *("Compare", "Correlate", "Delete", "Get", "Insert", "Mask", "Paste", "Put", "Replace", "Run"),
    *(
        "List",
        "Score",
        "Tell",
        "Find",
        "Measure",
        "Recolour",
        "Plant",
        "Time",
        "Download",
        "Shuffle",
        "Prove",
    ),
}


def tree(command, name=""):
    """All commands by name, those of a group after it."""
    if isinstance(command, click.Group):
        for part in command.commands.values():
            yield from tree(part, f"{name} {part.name}".strip())
    else:
        yield name, command


COMMANDS_BY_NAME = dict(tree(cli))
ALL = {**COMMANDS_BY_NAME, **dict(tree(bench, "bench"))}


@pytest.mark.parametrize("name", ALL)
def test_help_is_a_sentence_with_a_verb(name):
    for option in ALL[name].params:
        if isinstance(option, click.Option):
            said = option.help.partition("  [default")[0].rstrip(".")
            assert said.split()[0] in VERBS, option.name
            assert option.help.endswith((".", "]")), option.name


@pytest.mark.parametrize("name", [name for name in ALL if name != "page"])
def test_what_a_command_does_begins_with_a_verb(name):
    """But for ``page``, which is the alias of another one."""
    assert ALL[name].help.split()[0].rstrip(",") in VERBS, name


def test_help_of_each_question_begins_with_a_verb():
    for name, question in REGISTRY.items():
        assert question.help.split()[0] in VERBS, name
        assert question.help.endswith("."), name


def test_commands_have_the_options_that_the_table_says_they_have():
    for setting in TABLE:
        assert setting.group in GROUPS
        for command in setting.commands:
            parts = [name for name in COMMANDS_BY_NAME if f"{name} ".startswith(f"{command} ")]
            assert parts, command
            for name in set(parts) - {"analyze all"}:  # which asks the others, and prints no JSON
                options = {o.name: o for o in COMMANDS_BY_NAME[name].params}
                assert options[setting.key].help.startswith(setting.help), (name, setting.flags)


def test_the_options_of_a_command_have_names_of_their_own():
    for command in COMMANDS:
        flags = [flag for setting in of_command(command) for flag in setting.flags]
        assert len(flags) == len(set(flags)), command


def test_help_stands_under_headings():
    said = CliRunner().invoke(cli, ["explain", "--help"]).output.splitlines()
    headings = [line[:-1] for line in said if line.endswith(":") and not line.startswith(" ")]
    assert headings == [group for group in GROUPS if group not in ("Training", "Attack")]
    assert said.index("Search:") < next(i for i, line in enumerate(said) if "--beam-size N" in line)


def headings_in(*words: str) -> list[str]:
    said = CliRunner().invoke(cli, [*words, "--help"]).output.splitlines()
    return [line[:-1] for line in said if line.endswith(":") and not line.startswith(" ")]


def test_commands_stand_under_headings():
    assert headings_in() == ["Options", *SECTIONS]
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(name for name in cli.commands if name != "help")
    assert "andornot demo" in cli.help.partition("\n\n")[2].splitlines()[0]


@pytest.mark.parametrize("name", COMMANDS_BY_NAME)
def test_many_options_stand_under_headings(name):
    command = COMMANDS_BY_NAME[name]
    if sum(isinstance(option, click.Option) for option in command.params) > 8:
        assert len(headings_in(*name.split())) > 1
    named = {name for names in getattr(command, "headings", {}).values() for name in names}
    assert named <= {option.name for option in command.params}


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom andornot.cli import cli\n"
        f"for words in {[command.split() for command in COMMANDS]!r}:\n"
        "    assert CliRunner().invoke(cli, [*words, '--help']).exit_code == 0, words\n"
        "print(*{'torch', 'numba', 'pandas', 'numpy', 'scipy', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def page_of_options():
    spec = spec_from_file_location("options_page", PAGES / "options.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("flag", "place"),
    [
        ("--nulls", "explanation/trust.md"),
        ("--ranges", "explanation/activity.md"),
        ("--epochs", "how-to/classifiers.md"),
        ("--controls", "how-to/edits.md"),
    ],
)
def test_an_option_leads_to_what_explains_it(flag, place):
    """Whether each of these links leads somewhere is seen in test_docs.py."""
    module = page_of_options()
    (setting,) = (setting for setting in TABLE if setting.flags[0] == flag)
    target = module.about(setting).partition("#")[0]
    assert (module.PAGE.parent / target).resolve() == PAGES / place
    shown = [line for line in module.page().splitlines() if line.startswith("| [`--")]
    assert len(shown) == len(TABLE)


def test_no_option_that_has_gone_has_a_place():
    known = {setting.flags[0] for setting in TABLE}
    assert set(page_of_options()._OF_OPTION) <= known


def test_the_reference_of_options_is_what_the_table_says():
    module = page_of_options()
    now = module.PAGE.read_text(encoding="utf-8")
    assert now == module.page(), "run python docs/options.py"
