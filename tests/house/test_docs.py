"""What the README and the docs print is what the program does."""

from __future__ import annotations

import ast
import re
from collections import Counter
from doctest import DocTestFinder
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

from andornot._moved import MOVED
from andornot.data.registry import GROUP
from pages import ROOT, SHOWN, check, page_files, read_page

PAGES = page_files()
CODE = [block for file in PAGES for block in read_page(file).blocks if block.is_code]


@pytest.mark.parametrize("block", CODE, ids=str)
def test_code_is_python_or_commands_that_there_are(block):
    check(block)


@pytest.mark.parametrize("file", PAGES, ids=lambda p: p.name)
def test_every_block_says_what_it_is(file):
    """So that no code is passed over by accident; output and files are "text" and the like."""
    for block in read_page(file).blocks:
        known = {"python", "bash", *SHOWN}
        assert block.language in known or block.language.startswith("{"), str(block)
        if "needs" in block.notes:
            assert block.is_code
            assert len(block.notes["needs"]) > 3, f"{block}: say what it needs"


def test_the_example_in_the_readme(capsys):
    (code,) = (b for b in read_page(ROOT / "README.md").blocks if b.language == "python")
    exec(compile(code.text, "README.md", "exec"), {})
    first, *_ = capsys.readouterr().out.splitlines()
    assert first == "(water OR river) AND NOT blue 1.0"


def inlines(file, after=None):
    """The pieces of running text of a page; with ``after`` only those right behind such a token."""
    tokens = MarkdownIt("commonmark").parse(file.read_text(encoding="utf-8"))
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline" and (after is None or before.type == after):
            yield token.children


def links(file):
    """Where the links and pictures of a page lead, those to the web left out."""
    for pieces in inlines(file):
        for piece in pieces:
            target = piece.attrGet("href") or piece.attrGet("src")
            if target and not re.match(r"[a-z]+:", target):
                yield unquote(target)


@cache
def anchors(file):
    """The anchors of a page's headings, as GitHub makes them."""
    found, seen = set(), Counter()
    for pieces in inlines(file, after="heading_open"):
        title = "".join(p.content for p in pieces if p.type in ("text", "code_inline"))
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


LINKED = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md"]


@pytest.mark.parametrize("file", LINKED, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(file):
    for target in links(file):
        path, _, anchor = target.partition("#")
        place = (file.parent / path).resolve() if path else file
        assert place.exists(), target
        if anchor:
            assert anchor in anchors(place), target


DOCS = ROOT / "docs"
SHELVES = {"start", "how-to", "explanation", "reference"}
WHOLE = 28_500
"""Words that all pages may have together: who adds some looks for others that can go."""


def told(file):
    """The running text of a page, piece by piece; code and formulas are none."""
    tokens = MarkdownIt("commonmark").parse(file.read_text(encoding="utf-8"))
    for token in tokens:
        if token.type == "inline":
            yield re.sub(r"\$\$?[^$]+\$\$?", "", token.content)


def words_in(file):
    """How many words the running text of a page has; bars of tables and numbers are none."""
    return sum(len(re.findall(r"\S*[^\W\d_]\S*", piece)) for piece in told(file))


def test_pages_are_short():
    ours = set(PAGES) - {DOCS / "decisions.md", DOCS / "reference" / "options.md"}
    assert sum(map(words_in, ours)) <= WHOLE
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 700


def test_each_page_stands_on_a_shelf_and_the_index_leads_to_it():
    """So that nobody has to search for a page, and none is forgotten."""
    index = DOCS / "index.md"
    listed = {(DOCS / target.partition("#")[0]).resolve() for target in links(index)}
    for block in read_page(index).blocks:
        for line in block.text.splitlines() if block.language == "{toctree}" else ():
            listed.update(DOCS.glob(f"{line}.md") if line and not line.startswith(":") else ())
    for page in set(PAGES) - {ROOT / "README.md", index, DOCS / "decisions.md"}:
        assert page.parent.name in SHELVES, page
        assert page.parent.parent == DOCS, page
        assert page in listed, page


def test_no_sentence_is_told_twice():
    """Each thing has one place, and other pages link to it."""
    seen = {}
    for file in PAGES:
        for piece in told(file):
            for sentence in re.split(r"(?<=[.!?:;|])\s+", piece):
                words = re.findall(r"\w+", sentence.lower())
                if len(words) >= 12:
                    assert " ".join(words) not in seen, (file, seen[" ".join(words)], sentence)
                    seen[" ".join(words)] = file


def test_pages_that_code_names_exist():
    """Messages, docstrings and help send people to pages by their paths."""
    places = [ROOT / "src", ROOT / "tests", ROOT / "examples", ROOT / "benchmarks"]
    for file in (file for place in places for file in place.rglob("*.py")):
        for name in re.findall(r"\bdocs/[\w/-]+\.md\b", file.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{file}: {name}"


def test_decisions_are_numbered_dated_and_listed_once():
    """Who adds a record gives it the next number and a place in the list at the top."""
    page = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    records = re.findall(r"^## (\d+)\. (.+) \((\d{4}-\d\d-\d\d)\)$", page, re.MULTILINE)
    assert len(records) == page.count("\n## ")
    assert [int(number) for number, _, _ in records] == list(range(1, len(records) + 1))
    dates = [date for _, _, date in records]
    assert dates == sorted(dates)
    top = page[: page.index("\n## ")]
    listed = re.findall(r"^\[(\d+) (.+)\]\(#\1-\S+\)", top, re.MULTILINE)
    assert sorted(listed, key=lambda r: int(r[0])) == [(n, title) for n, title, _ in records]


# --- names ---

DIRECTIVE = re.compile(
    r"^\.\. (currentmodule|auto\w+|py:data):: ([\w.]+)$|^ +:members: (.+)$", re.MULTILINE
)


def reference():
    """The dotted names of the API reference, those of members too."""
    module = owner = ""
    text = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    for directive, name, members in DIRECTIVE.findall(text):
        if directive == "currentmodule":
            module = name
        elif members:
            yield from (f"{owner}.{member.strip()}" for member in members.split(","))
        else:
            owner = name if name.startswith("andornot.") else f"{module}.{name}"
            yield owner


def named(file):
    """The dotted names in a page's text and code; what begins with a dot is a file."""
    return re.findall(r"(?<!\.)\bandornot(?:\.[A-Za-z_]\w*)+", file.read_text(encoding="utf-8"))


def find(name):
    """What a dotted name stands for: a module, or what is reached from one."""
    parts = name.split(".")
    at = max(n for n in range(1, len(parts) + 1) if is_module(".".join(parts[:n])))
    found = import_module(".".join(parts[:at]))
    for part in parts[at:]:
        # a field of a class without a default is no attribute of it
        found = getattr(found, part, None) or getattr(found, "__annotations__", {})[part]
    return found


def is_module(name):
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # what stands before the last dot is no package
        return False


def is_moved(name):
    """Whether it is an old path, or in a module of one."""
    return any(f"{name}.".startswith(f"andornot.{old}.") for old in MOVED)


CHANGES = ROOT / "CHANGELOG.md"
TELLING_OF_MOVES = {CHANGES, ROOT / "docs" / "reference" / "deprecation.md"}
NAMED = [*LINKED, *(ROOT / "docs" / "reference").glob("*.md")]


def test_what_is_promised_stands_once_in_the_reference():
    """Each object of the five lists of names, by one of its public paths and no deeper one."""
    named_there = Counter(name for name in reference() if not is_member(name))
    assert not [name for name, n in named_there.items() if n > 1]
    paths = {}
    for space in NAMESPACES:
        for name in find(space).__all__:
            paths.setdefault(id(find(f"{space}.{name}")), set()).add(f"{space}.{name}")
    there = Counter(id(find(name)) for name in named_there)
    for places in paths.values():
        assert len(places & set(named_there)) == 1, places
    for name in named_there:
        assert there[id(find(name))] == 1, name
        assert name in paths.get(id(find(name)), {name}), f"{name} has a public path"


def is_member(name):
    """Whether a dotted name is that of an attribute of a class."""
    return isinstance(find(name.rpartition(".")[0]), type)


def test_names_of_the_package_in_pages_exist():
    """Those of the API reference and of all pages; without torch some modules cannot be had."""
    names = dict.fromkeys([*reference(), *(name for file in NAMED for name in named(file))])
    # the pages that tell of moves name old paths, which work and warn (test_moved.py)
    moved = {name for file in (*NAMED, CHANGES) for name in named(file) if is_moved(name)}
    for file in set(NAMED) - TELLING_OF_MOVES:
        assert not moved & set(named(file)), file
    # what entry points are called is no name of the package
    names = [name for name in names if name not in moved and name != GROUP]
    assert {"andornot.Responses.from_masks", "andornot.models.Recorder.record"} <= set(names)
    if find_spec("torch") is None:
        names = [name for name in names if not re.match(r"andornot\.models\b", name)]
    for name in names:
        assert find(name), name
    for wrong in ("andornot.Responses.from_nowhere", "andornot.nowhere", "andornot.errors.Nope.x"):
        with pytest.raises(KeyError):
            find(wrong)


# --- examples ---

SHOWN_ELSEWHERE = {
    "andornot.models.PRESETS": "a dictionary; Preprocessing.preset shows how to use it",
}
"""Public names without an example of their own, and why; the list may only get shorter."""
NAMESPACES = ("andornot", "andornot.data", "andornot.models", "andornot.edits", "andornot.views")


def public():
    """What we promise: names of the root and of four namespaces, and those of the reference."""
    for space in NAMESPACES:
        yield from (f"{space}.{name}" for name in getattr(find(space), "__all__", ()))
    yield from reference()


def example(owner):
    """The code of all examples in a docstring and in those of what belongs to it."""
    tests = DocTestFinder(recurse=True).find(owner, "it")
    return "".join(line.source for test in tests for line in test.examples)


def has_example(name):
    """Whether a name has an example; of a member, whether it occurs in those of its class."""
    owner, _, member = name.rpartition(".")
    if isinstance(find(owner), type):
        return re.search(rf"\.{member}\b", example(find(owner))) is not None
    return isinstance(find(name), ModuleType) or bool(example(find(name)))


def test_every_public_name_has_an_example():
    """They run in test_docstrings.py."""
    pytest.importorskip("torch", reason="torch is not installed")
    names = dict.fromkeys(public())
    assert {"andornot.explain", "andornot.edits.Paste", "andornot.Result.best"} <= set(names)
    without = {name for name in names if not has_example(name)}
    assert without == set(SHOWN_ELSEWHERE)
    assert not has_example("andornot.Result.rows")
    assert not has_example("andornot.errors.quoted")


SOURCES = {
    file.with_suffix("").as_posix().removesuffix("/__init__"): file
    for file in (ROOT / "src" / "andornot").rglob("*.py")
}
DOTTED = re.compile(r"``([a-z_]\w*(?:\.[A-Za-z_]\w*)+)``")
FILES = re.compile(r"\.(csv|jpg|json|npz|parquet|png|pt|txt|u16)$")
FOREIGN = {"a", "bert", "concurrent", "dataclasses", "pycocotools", "str", "torch"}


@cache
def words_of(file):
    """All names that a module uses: what it defines and imports, arguments and attributes."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    fields = ("name", "asname", "id", "arg", "attr")
    return {getattr(node, field, None) for node in ast.walk(tree) for field in fields}


def is_said_of(name, file):
    """Whether a docstring's dotted name is in a module of ours, by the end of that one's path."""
    first, *_ = parts = name.removeprefix("andornot.").split(".")
    if FILES.search(name) or first in FOREIGN | words_of(file):
        return True
    return any(
        place.endswith("/" + "/".join(parts[:n]))
        and (n == len(parts) or parts[n] in words_of(other))
        for n in range(1, len(parts) + 1)
        for place, other in SOURCES.items()
    )


def test_names_in_docstrings_are_where_they_say():
    """Where a module moves or gets another name, no search-and-replace of imports sees these."""
    for file in SOURCES.values():
        for name in DOTTED.findall(file.read_text(encoding="utf-8")):
            assert is_said_of(name, file), f"{file}: there is no {name}"
    file = SOURCES[(ROOT / "src" / "andornot" / "explainer").as_posix()]
    assert is_said_of("counting.ranges.Ranges", file)
    for wrong in ("probing.open_data", "text.probe.Words", "counting.activations"):
        assert not is_said_of(wrong, file)


def test_member_lists_are_obeyed():
    """As a default, ``members: True`` makes Sphinx pass over the lists that a page gives."""
    conf = (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
    (options,) = re.findall(r"^autodoc_default_options = (.*)$", conf, re.MULTILINE)
    assert "members" not in ast.literal_eval(options)


def test_anchors_are_those_of_github(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# It's `a_b`, or [C-D](x.md)?\n\n## One\n\ntext\n\n## One\n", "utf-8")
    assert anchors(page) == {"its-a_b-or-c-d", "one", "one-1"}
    assert list(links(page)) == ["x.md"]
