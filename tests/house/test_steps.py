"""Steps of the pipeline hand values on: what one has made, no other one changes."""

from __future__ import annotations

import ast
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

import andornot
from andornot.runs.cache import Stage

STEPS = {path.stem: path for path in sorted((Path(andornot.__file__).parent / "pipeline").glob("*"))
         if path.suffix == ".py"}  # fmt: skip

GROWS = {
    "journal.Journal": "what is told of a run; steps add to it, and the last one reads it",
    "passes.ThresholdPass": "adds up over batches, inside of one step",
    "passes.CountPass": "adds up over batches, inside of one step",
    "passes._PassCheckpoint": "which samples a pass has, as they come, inside of one step",
    "pieces.Piece": "samples that share a file while the network runs, inside of one step",
}
"""All that may change once it is made, and why."""

TOLD = {"enter", "clock", "finish", "note"}
"""What a step does with the journal."""
LAST = {"write", "journal"}
"""Modules that look into it: the last step and its own."""

CHANGING = {
    *("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse"),
    *("add", "discard", "update", "setdefault", "popitem", "difference_update"),
}
ON_DISK = ("stage", "store")
"""Names of what has such methods for files, and stays as it is itself."""

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def root(node: ast.expr) -> str | None:
    """The name at the beginning of ``name.attribute[index]``; None of a plain name and all else."""
    inside = node
    while isinstance(inside, ast.Attribute | ast.Subscript | ast.Starred):
        inside = inside.value
    return inside.id if isinstance(inside, ast.Name) and inside is not node else None


def parameters(function: ast.AST) -> set[str]:
    """Names of what a function is given, and functions in it; ``**options`` are its own."""
    found = [node.args for node in ast.walk(function) if isinstance(node, Function)]
    return {arg.arg for args in found for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)}


def aliases(function: ast.AST, given: set[str]) -> set[str]:
    """Names that are given to parts of what a function is given, too."""
    names = set(given)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and root(node.value) in names:
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def targets(node: ast.AST) -> list[ast.expr]:
    """What a statement assigns to or deletes."""
    if isinstance(node, ast.Assign | ast.Delete):
        whole = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For | ast.comprehension):
        whole = [node.target]
    elif isinstance(node, ast.withitem):
        whole = [] if node.optional_vars is None else [node.optional_vars]
    else:
        return []
    parts = [each.elts if isinstance(each, ast.Tuple | ast.List) else [each] for each in whole]
    return [part for several in parts for part in several]


def changed(node: ast.AST) -> str | None:
    """The name whose insides a statement or a call changes."""
    for target in targets(node):
        if root(target):
            return root(target)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if name in ("setattr", "delattr", "__setattr__", "vars") and node.args:
            first = node.args[0]
            return first.id if isinstance(first, ast.Name) else root(first)
        owner = ast.unparse(node.func).split(".")[-2:-1]
        if name in CHANGING and not set(owner) & set(ON_DISK):
            return root(node.func)
    return None


def changes(function: ast.FunctionDef, *apart_from: str) -> list[str]:
    """Statements of a function that change what it was given."""
    names = aliases(function, parameters(function) - set(apart_from))
    return [ast.unparse(node) for node in ast.walk(function) if changed(node) in names]


def is_frozen(node: ast.ClassDef) -> bool:
    """Whether the objects of a class stay as they are made; a protocol has none."""
    made = [ast.unparse(decorator) for decorator in node.decorator_list]
    return "Protocol" in map(ast.unparse, node.bases) or any("frozen=True" in text for text in made)


KEYWORDS = {"TypedDict", "MoreSearch", "ExecutionKeywords", "RunKeywords"}


def is_typed_dict(node: ast.ClassDef) -> bool:
    """Whether a class is a TypedDict, or grows from one of ours."""
    return bool(node.bases) and {ast.unparse(base) for base in node.bases} <= KEYWORDS


def found_in(source: str, module: str = "step") -> tuple[list[str], set[str]]:
    """What of a module changes what it was given, and which of its classes may change."""
    bad, mutable = [], set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            bad += changes(node)
        elif isinstance(node, ast.ClassDef):
            # a TypedDict names keywords, and is never made
            frozen = is_frozen(node) or is_typed_dict(node)
            mutable |= set() if frozen else {f"{module}.{node.name}"}
            for method in (m for m in node.body if isinstance(m, ast.FunctionDef)):
                bad += changes(method, *([] if frozen else ["self"]))
    return bad, mutable


@pytest.mark.parametrize("name", STEPS)
def test_no_step_changes_what_it_was_given(name):
    bad, mutable = found_in(STEPS[name].read_text(encoding="utf-8"), name)
    assert not bad
    assert mutable == {known for known in GROWS if known.startswith(f"{name}.")}


@pytest.mark.parametrize(
    "body",
    [
        "p.company = {}",
        "p.rules[layer] = rule",
        "p.company |= found",
        "p.stage.timer.seconds, x = 1, 2",
        "del p.stages[layer]",
        "p.notes.append('a')",
        "p.stages.setdefault(layer, 1).x",
        "setattr(p, 'engine', 1)",
        "object.__setattr__(p, 'engine', 1)",
        "vars(p)['engine'] = 1",
        "stages = p.stages; stages[layer] = 1",
        "def inner(): p.engine = 1",
        "for p.layer in layers: pass",
        "with opened() as p.file: pass",
    ],
)
def test_a_step_that_does_is_seen(body):
    indented = "\n".join(f"    {line.strip()}" for line in body.split("; "))
    assert found_in(f"def step(p, layer):\n{indented}\n")[0]


def test_what_may_change_is_there():
    assert {known.partition(".")[0] for known in GROWS} <= STEPS.keys()


def test_a_class_that_may_change_is_seen():
    head = "class A:\n    x: list[int]\n"
    assert found_in(head)[1] == found_in(f"@dataclass\n{head}")[1] == {"step.A"}
    frozen = f"@dataclass(frozen=True)\n{head}"
    assert found_in(frozen) == ([], set())
    assert found_in(f"{frozen}    def grow(self): self.x.append(1)")[0]
    assert not found_in(f"{head}    def grow(self): self.x.append(1)")[0]
    assert found_in(f"{head}    def grow(self, other): other.x.append(1)")[0]


def test_what_is_made_inside_of_a_step_may_be_filled_there():
    assert not found_in("def step(p):\n    own = {}\n    own[p.name] = 1\n    p = p.more\n")[0]


@pytest.mark.parametrize("name", sorted(STEPS.keys() - LAST))
def test_no_step_asks_the_journal(name):
    """Else what one step told would shape what another one does."""
    nodes = list(ast.walk(ast.parse(STEPS[name].read_text(encoding="utf-8"))))
    of_its_kind = [n for n in nodes if isinstance(n, ast.arg) and n.annotation is not None]
    given = {n.arg for n in of_its_kind if "Journal" in ast.unparse(n.annotation)}
    assert given <= {"log"}
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    assert {node.attr for node in attributes if ast.unparse(node.value) == "log"} <= TOLD


def test_a_stage_is_a_place_and_no_stopwatch(tmp_path):
    stage = Stage("data", "0" * 16, tmp_path)
    assert [field.name for field in fields(stage)] == ["name", "key", "root"]
    with pytest.raises(FrozenInstanceError):
        stage.key = "1" * 16  # type: ignore[misc]
