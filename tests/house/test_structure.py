"""The shape of the house: imports flow one way, public names resolve, kernels need no compiler."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

import andornot

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
PACKAGE = Path(andornot.__file__).parent


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(path):
    """Full names of what a module imports, inside its functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively, which the walls cannot see"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


# --- walls ---------------------------------------------------------------------------------------


def walls():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return settings["tool"]["importlinter"]["contracts"]


@pytest.fixture
def checkout():
    if not (ROOT / "pyproject.toml").is_file():
        pytest.skip("pyproject.toml, which holds the walls, is not here")
    return ROOT


def lint(root):
    """Whether the walls stand in a checkout, and what is said of it."""
    pytest.importorskip("importlinter", reason="import-linter, of the extra dev, is not installed")
    code = (
        "from importlinter.cli import lint_imports as lint; raise SystemExit(lint(no_cache=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root / "src")},
        check=False,
    )


def test_the_walls_stand(checkout):
    done = lint(checkout)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_import_is_exempt(checkout):
    """The list of what the walls let pass was emptied, and stays so."""
    assert not [wall["name"] for wall in walls() if "ignore_imports" in wall]
    (layers,) = (wall for wall in walls() if wall["type"] == "layers")
    assert layers["exhaustive"]


@pytest.mark.parametrize(
    ("path", "line", "said"),
    [
        ("formula.py", "from andornot.report.write import write_report", "only rooms above it"),
        ("search/beam.py", "from andornot.counting.responses import Responses", "nothing of data"),
        ("counting/ranges.py", "import torch", "knows nothing of networks"),
        ("data/images/open.py", "import torch", "without any network"),
        ("trust/chance.py", "import pandas", "tables of results"),
        ("search/problem.py", "from andornot.search.beam import Beam", "circle"),
        ("views/unit.py", "import jinja2", "lay out pages"),
        ("report/write.py", "from andornot.runs.run import Run", "read views"),
        ("figures/kinds.py", "from andornot.analyses import kinds", "read views"),
        ("cli/terminal.py", "from andornot.data.classes import letters", "read views"),
        ("cli/printing.py", "from andornot.runs.run import Run", "read views"),
        ("search/beam.py", "import yaml", "arrays and kernels only"),
        ("_moved.py", "from andornot.cli import main", "only rooms above it"),
        ("views/new.py", "from andornot.cli import main", "only rooms above it"),
        ("new/__init__.py", "", "only rooms above it"),
    ],
)
def test_a_wall_is_seen_to_fall(checkout, tmp_path, path, line, said):
    shutil.copytree(PACKAGE, tmp_path / "src" / "andornot", ignore=shutil.ignore_patterns("__pyc*"))
    shutil.copy(checkout / "pyproject.toml", tmp_path)
    changed = tmp_path / "src" / "andornot" / path
    changed.parent.mkdir(exist_ok=True)
    with changed.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1, done.stderr
    broken = re.findall(r"^(.+) BROKEN$", done.stdout, re.MULTILINE)
    assert [name for name in broken if said in name], done.stdout


FACES = [
    path
    for name, path in MODULES.items()
    if name.split(".")[0] in ("report", "figures") or name in ("cli.terminal", "cli.printing")
]
GIVEN = {"Answer", "Attack", "ConceptTable", "PairData", "Request", "Responses", "Run"}
"""What faces are given, and hand to views unread."""
INSIDE = {"context", "contexts", "gallery", "run", "table"}
"""What views are made from, and faces do not reach for."""


def names_in(node):
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def read_of_what_is_given(tree):
    """Attributes that functions read of arguments whose types are among :data:`GIVEN`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        given = {a.arg for a in arguments if a.annotation and GIVEN & names_in(a.annotation)}
        read = [inner for inner in ast.walk(node) if isinstance(inner, ast.Attribute)]
        for one in read:
            if (name := getattr(one.value, "id", None)) in given:
                yield f"{name}.{one.attr}"


def test_faces_hand_on_what_they_are_given():
    """They may name a run, a table or an answer as an argument, but look at views only."""
    assert len(FACES) > 20
    for path in FACES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not list(read_of_what_is_given(tree)), path
        read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        # matplotlib's own word for a while of other settings
        read -= {"context"} if "matplotlib_style" in ast.unparse(tree) else set()
        assert not read & INSIDE, path
    told = ast.parse("def f(a: Run | None, b: int): return a.path, b.real")
    assert list(read_of_what_is_given(told)) == ["a.path"]


def test_templates_read_views_only():
    for path in sorted((PACKAGE / "report" / "templates").glob("*.j2")):
        text = path.read_text(encoding="utf-8")
        found = set(re.findall(r"\.(\w+)", " ".join(re.findall(r"{[{%].*?[}%]}", text, re.DOTALL))))
        assert not found & INSIDE, path


NAMED_BY_TEXT = {
    "_moved.py", "_tools/lazy.py", "analyses/ask.py", "analyses/coherence.py", "cli/bench.py",
    "cli/reproduce.py", "data/modality.py", "data/registry.py", "reproduce/reproduction.py",
    "results/explanation.py", "results/result.py",
}  # fmt: skip
"""Files that import modules by text, which no wall sees: look at each by eye."""


def test_modules_are_named_by_text_in_few_places():
    found = set()
    for path in MODULES.values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            function = node.func if isinstance(node, ast.Call) else None
            name = getattr(function, "attr", getattr(function, "id", None))
            by_text = name in ("import_module", "__import__")
            if by_text or (name == "resolve" and isinstance(function, ast.Name)):
                found.add(path.relative_to(PACKAGE).as_posix())
    assert found == NAMED_BY_TEXT


def test_what_is_installed_knows_no_benchmarks():
    """They are not installed with it; ``andornot bench`` finds them by name, at run time."""
    for path in MODULES.values():
        roots = {full.split(".")[0] for full in imported(path)}
        assert "benchmarks" not in roots, path


# --- tests ---------------------------------------------------------------------------------------

ROOMS_OF = {
    "tools": {"_tools"},
    "core": {
        *("_tools", "formula", "formula_forms", "concepts", "counting", "measures", "search"),
        *("results", "explainer", "trust"),
    },
    "data": {"data", "specs"},
    "models": {"models", "specs"},
    "runs": {"runs", "pipeline", "probes"},
    "answers": {"analyses", "edits", "views"},
    "faces": {"cli", "report", "figures", "demo", "downloads", "reproduce"},
}
"""Whose insides the tests of a folder may import; ``house`` and ``support`` may import all."""


SPACES = ("", "data", "edits", "models", "views")
"""Packages that promise names; the first is ``andornot`` itself."""


def public_modules():
    """What the reference names, where promised names are at home, and packages that name both."""
    reference = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"andornot\.([a-z_.]+[a-z_])", reference))
    for space in SPACES:
        homes = importlib.import_module(f"andornot.{space}".rstrip("."))._HOMES
        named |= {f"{space}.{home}".lstrip(".") for home in homes.values()}
    return {*named, *(name.rpartition(".")[0] for name in named), "cli", "demo", "models.sentences"}


def deep_imports():
    public = public_modules()
    for path in sorted(TESTS.rglob("test_*.py")):
        own = ROOMS_OF.get(path.parent.name)
        for full in imported(path) if own else ():
            name = full.removeprefix("andornot.")
            module = name if name in MODULES else name.rpartition(".")[0]
            inside = full.startswith("andornot.") and module and module.split(".")[0] not in own
            if inside and not {module, name} & public:
                yield f"{path.relative_to(TESTS).as_posix()} {module}"


def test_tests_import_the_insides_of_their_own_room_only(checkout):
    """What does so still is listed; the list may only get shorter."""
    listed = (TESTS / "house" / "deep_imports.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(set(deep_imports())) == listed


# --- names ---------------------------------------------------------------------------------------


PACKAGES = [name for name, path in MODULES.items() if path.name == "__init__.py"]


def test_no_public_name_is_a_module_too():
    """Else ``from andornot.edits import attack`` would give a function or a module, as it comes."""
    for package in PACKAGES:
        full = f"andornot.{package}".rstrip(".")
        public = getattr(importlib.import_module(full), "__all__", ())
        for name in public:
            assert f"{package}.{name}".lstrip(".") not in MODULES, f"{full}.{name}"


def test_no_function_of_a_package_is_a_module_too():
    for package in PACKAGES:
        tree = ast.parse(MODULES[package].read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                assert f"{package}.{node.name}".lstrip(".") not in MODULES, f"{package}.{node.name}"


@pytest.mark.parametrize("name", andornot.__all__)
def test_public_names_resolve_and_are_documented(name):
    value = getattr(andornot, name)
    assert inspect.getdoc(value), name
    assert value.__module__.startswith("andornot")
    assert name in dir(andornot)


def test_public_names_are_sorted_and_few():
    assert sorted(andornot.__all__) == andornot.__all__
    assert len(andornot.__all__) < 50
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = andornot.nonsense


@pytest.mark.parametrize("name", [n for n in MODULES if n and n != "__main__"])
def test_every_module_and_public_name_has_a_docstring(name):
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{name} says not what it is"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{name}.{node.name} has no docstring"


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_the_package_is_imported_without_heavy_company():
    done = run("import sys, andornot; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    assert not {"torch", "pandas", "numba", "PIL"} & set(done.stdout.split())


def test_the_core_runs_without_torch():
    code = (
        "import sys; sys.modules['torch'] = None; import numpy as np, andornot;"
        "m = np.eye(3, dtype=bool);"
        "t = andornot.ConceptTable.from_masks(m, ['a', 'b', 'c']);"
        "print(andornot.explain(m[:1] | m[1:2], t)[0].formula)"
    )
    done = run(code)
    assert done.stdout.strip() == "a OR b", done.stderr


def test_pages_and_figures_need_no_torch():
    """A run is read, and its pages and figures are made, where no network can be had."""
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import andornot, andornot.cli.terminal, andornot.figures.write, andornot.report.write\n"
        "import andornot.report.notebook, andornot.views\n"
        "andornot.views.run_views, andornot.views.unit_view, andornot.Run, andornot.analyze\n"
    )
    done = run(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif("cli" not in MODULES, reason="there is no command line yet")
@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_the_command_line_answers_at_once(argument):
    code = (
        f"import sys; sys.argv = ['andornot', {argument!r}]\n"
        "from andornot.cli import main\n"
        "try: main()\n"
        "except SystemExit as stop: assert not stop.code\n"
        "print('torch' in sys.modules, 'numba' in sys.modules)"
    )
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False False"


@pytest.mark.parametrize(
    "files",
    [
        [
            "scores",
            "concepts",
            "thresholds",
            "responses",
            "search",
            "optimal",
            "ranges",
            "along",
            "active",
            "exchange",
            "overlaps",
        ],
        pytest.param(
            [
                "explain",
                "agreement",
                "trees",
                "trust",
                "adding_up",
                "stores",
                "derived",
                "upsample",
            ],
            marks=pytest.mark.slow,
        ),
    ],
    ids=lambda files: files[0],
)
def test_kernels_are_right_as_plain_python_too(files):
    """The twin tests once more with the compiler off, on few examples."""
    long = TESTS / "core" / "test_trust.py::test_p_values_of_noise_are_uniform"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"),
            *(str(TESTS / "core" / f"test_{name}.py") for name in files),
            *("--deselect", str(long.relative_to(ROOT))),
        ],
        capture_output=True,
        text=True,
        cwd=TESTS.parent,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "ANDORNOT_EXAMPLES": "4"},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]


LIGHT = (
    *("errors", "_tools", "specs", "formula", "formula_forms", "concepts", "counting", "measures"),
    *("search", "results", "explainer", "trust", "data"),
)


def test_no_light_module_needs_torch_or_another_module_first():
    light = [name for name in MODULES if name.split(".")[0] in LIGHT]
    assert len(light) > 90
    code = (
        "import sys, importlib\n"
        "for name in sys.argv[1:]:\n"
        "    for old in [m for m in sys.modules if m.startswith('andornot')]:\n"
        "        del sys.modules[old]\n"
        "    importlib.import_module(f'andornot.{name}')\n"
        "    assert 'torch' not in sys.modules, name\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *light], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_two_public_classes_share_a_name():
    """So that a name that a reader meets is one thing, and search finds it."""
    homes = defaultdict(list)
    for name, path in MODULES.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(name)
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def test_the_public_packages_are_there_at_once():
    """``import andornot`` is enough for ``andornot.data.open_data``, and completion shows names."""
    names = ("data", "edits", "models", "views")
    show = f"import andornot\nfor n in {names}: print(dir(getattr(andornot, n)))"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    for line, name in zip(done.stdout.splitlines(), names, strict=True):
        assert line == str(sorted(importlib.import_module(f"andornot.{name}").__all__))
