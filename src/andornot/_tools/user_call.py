"""Calls that Python itself would refuse with a message of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import ParamSpec, TypeVar

from andornot.errors import OptionError

P = ParamSpec("P")
R = TypeVar("R")


def one_table(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function with a concept table ``concepts`` say so where that is given twice.

    ``concepts`` is an option of a search too, so people give it beside a table that has no name.
    """
    place = list(signature(function).parameters).index("concepts")

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if len(args) > place and "concepts" in kwargs:
            raise OptionError(
                "concepts is the concept table here, and is given twice; to search with some of "
                "its concepts alone, give explain only=[...]"
            )
        return function(*args, **kwargs)

    return checked
