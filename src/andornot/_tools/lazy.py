"""Names that are imported on first use: the public ones of a package, and those of rooms above."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from andornot._tools.extras import install
from andornot.errors import ModelError


def names_on_first_use(
    package: str,
    homes: Mapping[str, str],
    old: Mapping[str, str] = MappingProxyType({}),
    inner: Collection[str] = (),
) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package.

    Args:
        package: its ``__name__``.
        homes: for each public name the module of the package that defines it.
        old: for each name that was given up the one that took its place; it works, and warns.
        inner: packages inside of it that are public too.
    """

    def get(name: str) -> Any:
        if name in old:
            warnings.warn(
                f"{package}.{name} is called {old[name]} now, and goes in version 0.3",
                DeprecationWarning, stacklevel=2,
            )  # fmt: skip
            name = old[name]
        if name in inner:
            return import_module(f"{package}.{name}")
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            return getattr(import_module(f"{package}.{homes[name]}"), name)
        except ModuleNotFoundError as error:
            # another missing module is a damaged installation, and says so itself
            if error.name != "torch":
                raise
            raise ModelError(
                f"Models need PyTorch, which is not installed: run {install('torch')}."
            ) from error

    return get


def resolve(place: str) -> Any:
    """What ``"andornot.module:name"`` names.

    For the few places that point from a room to one above it, for people's sake: how a result shows
    itself in a notebook, or how a modality shows its samples. Imports go downwards only.
    """
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
