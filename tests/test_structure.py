"""The shape of the house: imports flow one way, public names resolve, kernels need no compiler."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import andornot

TESTS = Path(__file__).resolve().parent
PACKAGE = Path(andornot.__file__).parent

CORE = [
    "_tools.jit",
    "_tools.checks",
    "concepts.positions",
    "concepts.signatures",
    "concepts.table",
    "counting.stores",
    "counting.range_counts",
    "counting.ranges",
    "counting.responses",
    "counting.thresholds",
    "counting.upsample",
    "_tools.executors",
    "errors",
    "explainer",
    "results.explanation",
    "_tools.files",
    "_tools.folders",
    "formula",
    "trust.agreement",
    "measures.moments",
    "measures.profiles",
    "measures.sanity",
    "measures.scores",
    "_tools.parallel",
    "_tools.progress",
    "search",
    "search.beam",
    "search.best",
    "search.bits",
    "search.bounds",
    "search.optimal.branch",
    "search.ceiling",
    "search.correlation",
    "search.exhaustive",
    "search.trees.families",
    "search.kernels",
    "search.optimal.search",
    "search.options",
    "search.problem",
    "search.solve",
    "search.trees.kernels",
    "search.trees.search",
    "_tools.timer",
]
HEAVY = {"torch", "torchvision", "transformers", "PIL", "jinja2", "safetensors", "yaml", "click"}
OUTER = (
    "data",
    "models",
    "downloads",
    "analyses",
    "edits",
    "figures",
    "probes",
    "pipeline",
    "concepts.relations",
    "runs",
    "cli",
    "report",
    "demo",
    "reproduce",
    "views",
)


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(path):
    """Full names of what a module imports, inside its functions too."""

    def visit(node):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                package = ["andornot", *path.relative_to(PACKAGE).parts][: -child.level or None]
                base = ".".join([*(package if child.level else ()), *filter(None, [child.module])])
                yield base
                yield from (f"{base}.{alias.name}" for alias in child.names)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue  # for type checkers only
            else:
                yield from visit(child)

    return set(visit(ast.parse(path.read_text(encoding="utf-8"))))


def internal(path):
    names = (name.removeprefix("andornot.") for name in imported(path))
    return {name for name in names if name in MODULES and name}


def is_outer(name):
    return any(name == room or name.startswith(f"{room}.") for room in OUTER)


@pytest.mark.parametrize("name", CORE)
def test_the_core_knows_nothing_of_networks_images_or_text(name):
    roots = {full.split(".")[0] for full in imported(MODULES[name])}
    assert not roots & HEAVY
    assert not [other for other in internal(MODULES[name]) if is_outer(other)]


@pytest.mark.parametrize(
    "name", [n for n in CORE if n not in ("results.explanation", "_tools.progress")]
)
def test_the_core_loads_no_pandas(name):
    assert "pandas" not in {full.split(".")[0] for full in imported(MODULES[name])}


@pytest.mark.parametrize("name", [n for n in CORE if n.startswith("search")])
def test_searches_know_problems_and_nothing_of_data(name):
    allowed = (
        "search",
        "measures",
        "measures.scores",
        "formula",
        "errors",
        "_tools.checks",
        "_tools.jit",
        "_tools",
    )
    used = {other for other in internal(MODULES[name]) if not other.startswith("search.")}
    assert used <= set(allowed)


BOTTOM = [
    "formula",
    "measures",
    "measures.scores",
    "concepts",
    "concepts.positions",
    "concepts.signatures",
    "concepts.table",
    "_tools.checks",
    "_tools.files",
    "_tools.folders",
    "_tools.reading",
    "_tools.whole_folders",
    "_tools.exchange",
    "errors",
    "_tools.jit",
    "_tools.progress",
]


@pytest.mark.parametrize("name", BOTTOM)
def test_the_bottom_of_the_house_stands_alone(name):
    assert internal(MODULES[name]) <= {*BOTTOM, "_tools"}


@pytest.mark.parametrize("name", [n for n in MODULES if n.startswith("data.images")])
def test_probing_knows_no_models(name):
    others = {other.split(".")[0] for other in internal(MODULES[name])}
    assert not others & {"models", "dissection", "pipeline", "runs", "report", "cli"}
    roots = {full.split(".")[0] for full in imported(MODULES[name])}
    assert "torch" not in roots


def test_imports_have_no_cycles():
    edges = {name: internal(path) - {name} for name, path in MODULES.items() if name}
    while edges:
        free = [name for name, needs in edges.items() if not needs & edges.keys()]
        assert free, f"these modules import each other in a circle: {sorted(edges)}"
        for name in free:
            del edges[name]


def test_what_is_installed_knows_no_benchmarks():
    for name, path in MODULES.items():
        assert "benchmarks" not in {full.split(".")[0] for full in imported(path)}, name


@pytest.mark.parametrize("name", andornot.__all__)
def test_public_names_resolve_and_are_documented(name):
    value = getattr(andornot, name)
    assert inspect.getdoc(value), name
    assert value.__module__.startswith("andornot")
    assert name in dir(andornot)


def test_public_names_are_sorted_and_few():
    assert sorted(andornot.__all__) == andornot.__all__
    assert len(andornot.__all__) < 25
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


def test_kernels_are_right_as_plain_python_too():
    """The twin tests once more with the compiler off, on few examples."""
    core = ["scores", "concepts", "thresholds", "responses", "search", "optimal", "explain"]
    files = [*core, "agreement", "ranges"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"),
            *(str(TESTS / f"test_{name}.py") for name in files),
        ],
        capture_output=True,
        text=True,
        cwd=TESTS.parent,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "ANDORNOT_EXAMPLES": "4"},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_modules_can_be_imported_on_their_own():
    """No module leans on another having been imported first."""
    for name in CORE:
        assert importlib.import_module(f"andornot.{name}")
