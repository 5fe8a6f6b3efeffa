"""What ``ast`` says of Python source: nodes, their roles, scopes, and built-in names."""

from __future__ import annotations

import ast
import builtins
import sys
import warnings
from collections.abc import Iterator
from typing import Final

from andornot.data.sequences.python_lines import Lines

Labelled = list[tuple[int, int, str]]

BUILTINS: Final = frozenset(name for name in dir(builtins) if not name.startswith("_"))

ROLES: Final = {
    ("Call", "func"): "called", ("Call", "args"): "argument", ("Call", "keywords"): "argument",
    ("FunctionDef", "decorator_list"): "decorator",
    ("AsyncFunctionDef", "decorator_list"): "decorator",
    ("ClassDef", "decorator_list"): "decorator", ("ClassDef", "bases"): "base",
    ("arguments", "defaults"): "default", ("arguments", "kw_defaults"): "default",
    ("arg", "annotation"): "annotation", ("FunctionDef", "returns"): "annotation",
    ("AsyncFunctionDef", "returns"): "annotation", ("AnnAssign", "annotation"): "annotation",
    ("Assign", "targets"): "target", ("AugAssign", "target"): "target",
    ("AnnAssign", "target"): "target", ("NamedExpr", "target"): "target",
    ("For", "target"): "loop variable", ("AsyncFor", "target"): "loop variable",
    ("comprehension", "target"): "loop variable",
    ("For", "iter"): "iterated", ("AsyncFor", "iter"): "iterated",
    ("comprehension", "iter"): "iterated", ("comprehension", "ifs"): "condition",
    ("If", "test"): "condition", ("While", "test"): "condition", ("IfExp", "test"): "condition",
    ("Assert", "test"): "condition", ("Return", "value"): "returned", ("Raise", "exc"): "raised",
    ("ExceptHandler", "type"): "caught", ("Subscript", "slice"): "index", ("Dict", "keys"): "key",
    ("Dict", "values"): "value",
}  # fmt: skip
"""What a part of a node is to it, by the node and the field."""

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES: Final = (*_FUNCTIONS, ast.ClassDef)


def syntax_of(lines: Lines) -> dict[str, Labelled] | None:
    """Nodes, roles, scopes and built-in names on the characters of a text; None if it is no Python.

    ``scope`` says whether a character lies in a function, a class, a docstring, or in none of the
    first two (``module``).
    """
    tree = _parsed(lines.plain)
    if tree is None:
        return None
    found: dict[str, Labelled] = {"node": [], "role": [], "scope": [], "builtin": []}
    uses: Labelled = []
    bound: set[str] = set()
    # a stack of its own: nesting may be deeper than Python's
    stack: list[tuple[ast.AST, str]] = [(tree, "")]
    while stack:
        node, role = stack.pop()
        place = _place(node, lines)
        if place is not None:
            found["node"].append((*place, type(node).__name__))
            if role:
                found["role"].append((*place, role))
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                uses.append((*place, sys.intern(node.id)))
        bound |= _bound_by(node)
        found["scope"] += _scopes(node, lines)
        stack += reversed(list(_parts(node)))
    found["builtin"] = [use for use in uses if use[2] in BUILTINS - bound]
    found["scope"] += _outside(tree, lines)
    return found


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            # of escapes that will be errors one day: it is not our code
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def _parts(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """The nodes in a node, and what each is to it."""
    kind = type(node).__name__
    for name, value in ast.iter_fields(node):
        role = ROLES.get((kind, name), "")
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, ast.AST):
                yield part, role


def _place(node: ast.AST, lines: Lines) -> tuple[int, int] | None:
    line, column = getattr(node, "lineno", None), getattr(node, "col_offset", None)
    if line is None or column is None:
        return None
    start = lines.at_byte(line, column)
    end = lines.at_byte(getattr(node, "end_lineno", line), getattr(node, "end_col_offset", column))
    return (start, end) if end > start else None


def _bound_by(node: ast.AST) -> set[str]:
    """Names that a node gives a meaning of the file's own."""
    if isinstance(node, _SCOPES):
        return {node.name}
    if isinstance(node, ast.arg):
        return {node.arg}
    if isinstance(node, ast.alias):
        return {(node.asname or node.name).partition(".")[0]}
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return {node.id}
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        return {node.name}
    return set()


def _whole_place(node: ast.AST, lines: Lines) -> tuple[int, int] | None:
    """Where a function or class is, with its decorators."""
    place = _place(node, lines)
    first = [_place(one, lines) for one in getattr(node, "decorator_list", ())]
    starts = [lines.text.rfind("@", 0, one[0]) for one in first if one is not None]
    return None if place is None else (min([place[0], *starts]), place[1])


def _scopes(node: ast.AST, lines: Lines) -> Labelled:
    found: Labelled = []
    if isinstance(node, _SCOPES):
        place = _whole_place(node, lines)
        if place is not None:
            found.append((*place, "class" if isinstance(node, ast.ClassDef) else "function"))
    if isinstance(node, (*_SCOPES, ast.Module)) and node.body:
        first = node.body[0]
        is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        if is_text and isinstance(first.value.value, str):  # type: ignore[attr-defined]
            place = _place(first, lines)
            found += [] if place is None else [(*place, "docstring")]
    return found


def _outside(tree: ast.Module, lines: Lines) -> Labelled:
    """What is in no function and no class of the file's top."""
    found: Labelled = []
    at = 0
    for start, end in sorted(_top(tree, lines)):
        if start > at:
            found.append((at, start, "module"))
        at = max(at, end)
    if at < len(lines.text):
        found.append((at, len(lines.text), "module"))
    return found


def _top(tree: ast.Module, lines: Lines) -> Iterator[tuple[int, int]]:
    """Functions and classes that are in no other, wherever they stand, such as below an if."""
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, _SCOPES):
            place = _whole_place(node, lines)
            if place is not None:
                yield place
        else:
            stack += ast.iter_child_nodes(node)
