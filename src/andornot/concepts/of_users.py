"""Operators of context that a user brings: a function from a concept's mask to another mask."""

from __future__ import annotations

import hashlib
import inspect
import re
import secrets
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.checks import users_path
from andornot._tools.user_code import (
    digest_with_beside,
    import_file,
    importable,
    loaded,
    text_around,
)
from andornot.concepts.operators import OPERATORS, Operator
from andornot.concepts.surroundings import Ints, Surroundings
from andornot.errors import AndornotError, DataError, OptionError, quoted
from andornot.specs import python_function

BoolArray = NDArray[np.bool_]

_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


def operators_of(around: Iterable[str | Callable[..., Any]]) -> tuple[Operator, ...]:
    """The operators that were asked for, each once; a file that is named is run.

    Raises:
        OptionError: one is unknown, cannot be loaded, or has a name that cannot be used.

    Examples:
        >>> def mirrored(mask):
        ...     return mask[:, ::-1]
        >>> [operator.name for operator in operators_of(["PREV", mirrored])]
        ['PREV', 'MIRRORED']
    """
    found = [_operator(given) for given in around]
    names = [one.name for one in found]
    for one in found:
        if names.count(one.name) > 1 and one.key:
            raise OptionError(f"two operators are named {one.name}; rename the function of one")
    return tuple(dict(zip(names, found, strict=True)).values())


def _operator(given: Any) -> Operator:
    if not isinstance(given, str):
        return _of_function(given, getattr(given, "__name__", ""), _digest_of(given))
    python = python_function(given)
    if python is not None:
        return _from_file(*python)
    if given.upper() not in OPERATORS:
        known = ", ".join(OPERATORS).lower()
        raise OptionError(
            f"there is no operator {quoted(given)}; give some of {known}, or FILE.py:FUNCTION"
        )
    return OPERATORS[given.upper()]


def _from_file(file: Path, name: str) -> Operator:
    file = users_path(file, "the file of an operator")
    if not file.is_file():
        raise OptionError(f"there is no file {file} with an operator; give FILE.py:FUNCTION")
    with importable(file.resolve().parent):
        found = loaded(
            lambda: getattr(import_file(file, "operators", OptionError), name, None),
            str(file),
            OptionError,
        )
    if not callable(found):
        raise OptionError(f"{file} has no function {quoted(name)}; check its name")
    return _of_function(found, name, digest_with_beside(file), file.resolve().parent)


def _digest_of(function: Any) -> str:
    """Of a function of Python's: its text, if that says all; else it is made anew each time."""
    plain = inspect.isfunction(function) and function.__closure__ is None
    text = text_around(function) if plain and "<" not in function.__qualname__ else ""
    if not text:
        return secrets.token_hex(16)
    return hashlib.sha256(f"{function.__qualname__} {text}".encode()).hexdigest()


def _of_function(
    function: Callable[..., Any], name: str, digest: str, folder: Path | None = None
) -> Operator:
    called = name.upper()
    if not _NAME.fullmatch(called) or called in (*OPERATORS, "AND", "OR", "NOT"):
        raise OptionError(
            f"a function named {quoted(name)} makes no operator; give it a name of letters, digits "
            "and _, and none that is taken"
        )
    asks, lock = _arguments(function, name), Lock()

    def apply(masks: BoolArray, around: Surroundings, _items: Ints | None) -> BoolArray:
        # its author need not think of threads
        with lock, nullcontext() if folder is None else importable(folder):
            return np.stack([_checked(function, m, (around,)[: asks - 1], name) for m in masks])

    doc = (inspect.getdoc(function) or "").partition("\n")[0].rstrip(".")
    says = f"{doc.replace('{', '').replace('}', '')}, of {{}}" if doc else f"{name} of {{}}"
    return Operator(called, "sample", apply, says, key=digest)


def _arguments(function: Callable[..., Any], name: str) -> int:
    """1 of a function that takes a mask, 2 of one that takes the surroundings too."""
    try:
        n = len(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        n = 1
    if n not in (1, 2):
        raise OptionError(
            f"the operator {name} takes {n} arguments; give it one, the mask of a concept, or two, "
            "that and the surroundings"
        )
    return n


def _checked(
    function: Callable[..., Any], mask: BoolArray, more: tuple[Any, ...], name: str
) -> BoolArray:
    """What the function gives for a mask of its own, so that it may write into it."""
    try:
        found = np.asarray(function(mask.copy(), *more))
    except AndornotError:
        raise
    except Exception as error:  # it is the user's, and may raise anything
        reason = " ".join(str(error).split())
        raise DataError(
            f"the operator {name} failed ({type(error).__name__}: {reason}); mend it"
        ) from error
    if found.shape != mask.shape or found.dtype != np.bool_:
        raise DataError(
            f"the operator {name} gave shape {found.shape} and dtype {found.dtype}; give booleans "
            f"of shape {mask.shape}"
        )
    return found
