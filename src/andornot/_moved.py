"""Old dotted paths of public modules: they go on working, and warn.

``docs/reference/deprecation.md`` promises that what a page named works for one minor version more.
A finder of our own stands last among Python's, so it is asked only for modules that are not there.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

MOVED: Final = {
    "dissection": ("pipeline.dissect",),
    "explanations": ("results.explanation", "results.result", "results.tables"),
    "counting.activations": ("counting.stores", "_tools.reading"),
    "probe": ("probes.base", "specs"),
    "probing": (),
    "probing.dataset": ("data.images.dataset",),
    "probing.labelmaps": ("data.images.labelmaps",),
    "probing.open": ("data.images.open",),
    "report.site": (),
    "report.site.write": ("report.write",),
    "runs.stream": ("pipeline.stream",),
    "samples": ("data.samples",),
    "text": (),
    "text.concepts": ("data.sentences.concepts",),
    "text.nli": ("models.sentences",),
    "text.nli.protocol": ("models.sentences.protocol",),
    "text.open": ("data.sentences.open", "specs"),
    "text.pairs": ("data.sentences.pairs",),
    "text.probe": ("probes.pairs",),
    "text.tokens": ("data.sentences.tokens",),
    "text.vectors": ("data.sentences.vectors",),
    "trust.record": ("results.trust",),
}
"""For each old path the modules that its names are in now; none for a package without names."""

_PACKAGE: Final = "andornot."


class _OldPath(Loader):
    """Fills the module of an old path: its names are looked up where they are now."""

    def __init__(self, homes: Sequence[str]) -> None:
        self.homes = [_PACKAGE + home for home in homes]

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its names, and tell whoever imports it where they are."""
        old = module.__name__

        def get(name: str) -> Any:
            if name == "__all__":  # for ``from ... import *``
                return names()
            for home in self.homes:
                found = import_module(home)
                if hasattr(found, name):
                    return getattr(found, name)
            raise AttributeError(f"module {old!r} has no attribute {name!r}")

        def names() -> list[str]:
            return sorted({name for home in self.homes for name in _public(import_module(home))})

        module.__dict__.update(__getattr__=get, __dir__=names)
        if self.homes:
            warnings.warn(
                f"{old} is {' and '.join(self.homes)} now; the old path goes in version 0.3",
                DeprecationWarning,
                stacklevel=2,
            )


def _public(module: ModuleType) -> list[str]:
    """What a module defines for others, or says that it does."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    defined = vars(module).items()
    here = [name for name, value in defined if getattr(value, "__module__", "") == module.__name__]
    constants = [name for name in vars(module) if name.isupper()]
    return [name for name in (*here, *constants) if not name.startswith("_")]


class _OldPaths(MetaPathFinder):
    """Finds the modules of :data:`MOVED`."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """The spec of an old path; None of all others."""
        old = fullname.removeprefix(_PACKAGE)
        if old == fullname or old not in MOVED:
            return None
        inner = any(other.startswith(f"{old}.") for other in MOVED)
        return ModuleSpec(fullname, _OldPath(MOVED[old]), is_package=inner)


def keep_old_paths() -> None:
    """Have Python find the old paths too."""
    if not any(isinstance(finder, _OldPaths) for finder in sys.meta_path):
        sys.meta_path.append(_OldPaths())
