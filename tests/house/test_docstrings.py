"""Examples in docstrings print what they say they print."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

import andornot

PACKAGE = Path(andornot.__file__).parent
PROMPT = re.compile(r"^ +>>> ", re.MULTILINE)
PATHS = [p for p in sorted(PACKAGE.rglob("*.py")) if PROMPT.search(p.read_text(encoding="utf-8"))]

NEEDS = {
    "torch": r"\brun\b|torch|models|colours\.py",
    "jinja2": r"report\(",
    "matplotlib": r"figures\(",
}
"""Packages that not everyone has, and what tells that an example needs them."""


def dotted(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def source(test):
    return "".join(example.source for example in test.examples)


@pytest.fixture
def given(made_once, tmp_path, monkeypatch):
    """What an example finds: a folder of its own with some files, and its names.

    ``run`` is made once for all, and only if an example names it, since it needs a network.
    """
    import example_cases

    example_cases.write_files(tmp_path)
    monkeypatch.chdir(tmp_path)

    def names(test):
        common = {"np": np, "andornot": andornot}
        if not re.search(r"\brun\b", source(test)):
            return common
        return common | {"run": example_cases.opened(made_once("examples", example_cases.dissect))}

    return names


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_examples_print_what_they_say(path, given):
    # the names of its own module are known to an example, as in any doctest
    module = pytest.importorskip(dotted(path))
    tests = [t for t in doctest.DocTestFinder().find(module, module.__name__) if t.examples]
    assert tests, "there is a prompt in this file that is in no docstring of a module or a name"
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    said: list[str] = []
    for test in tests:
        for package, needed in NEEDS.items():
            if re.search(needed, source(test)):
                pytest.importorskip(package)
        test.globs |= given(test)
        runner.run(test, out=said.append)
    assert not runner.failures, "".join(said)
