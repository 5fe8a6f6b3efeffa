"""Decorators for kernels: compiled without the GIL, entries cached between processes.

Compiling takes longer than most searches, so a first run waits for it. Most of that time goes into
counting references to arrays and into wrappers to call a kernel from Python, so a kernel should
do without either where it can.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache
from numba.core.dispatcher import Dispatcher

from andornot._tools.progress import tell

if TYPE_CHECKING:
    import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

Int: TypeAlias = "int | np.int64"
"""A whole number of a kernel: 64 bits once it is compiled; as plain Python it may be either."""

Bool: TypeAlias = "bool | np.bool_"

# no wrapper for C and no check of divisors: half the time to compile
_OPTIONS: dict[str, Any] = {"nogil": True, "no_cfunc_wrapper": True, "error_model": "numpy"}


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel; ``NUMBA_DISABLE_JIT=1`` runs it as plain Python instead."""
    return _cached(numba.njit(**_OPTIONS)(function))


def lean(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel that makes no array and returns none: it counts no references."""
    return _cached(numba.njit(_nrt=False, **_OPTIONS)(function))


def helper(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a lean kernel that only other kernels call; Python cannot call it."""
    options = _OPTIONS | {"no_cpython_wrapper": True, "_nrt": False}
    compiled: Callable[P, R] = numba.njit(**options)(function)
    return compiled


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile one or two lines as a part of each kernel that calls them; they may return a view."""
    compiled: Callable[P, R] = numba.njit(inline="always", **_OPTIONS)(function)
    return compiled


def _cached(compiled: Callable[P, R]) -> Callable[P, R]:
    """Keep the machine code of a kernel between processes, where a directory can be written."""
    if isinstance(compiled, Dispatcher):  # else it is plain Python
        setattr(compiled, "_cache", _cache_of(compiled.py_func))  # noqa: B010, as enable_caching
    return compiled


def _cache_of(function: Callable[..., Any]) -> _Cache | _NoCache:
    try:
        return _Cache(function)
    except (RuntimeError, OSError):  # no directory that Numba tries can be written
        return _NoCache()


@cache
def _stamp() -> str:
    """A digest of what machine code hangs on beside the processor, which is in Numba's own key.

    Raises:
        OSError: the package is in an archive.
    """
    # this file too: options of the decorators are compiled in
    digest = hashlib.sha256(numba.__version__.encode() + Path(__file__).read_bytes())
    for path in kernel_files():
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _stamp_of(function: Callable[..., Any]) -> str:
    """The stamp of a kernel: outside the package, all modules beside it count too."""
    folder = Path(function.__code__.co_filename).parent
    if folder.is_relative_to(Path(__file__).parents[1]):
        return _stamp()
    beside = (path.name.encode() + path.read_bytes() for path in sorted(folder.glob("*.py")))
    return hashlib.sha256(b"".join([_stamp().encode(), *beside])).hexdigest()[:16]


def kernel_files() -> list[Path]:
    """The files that hold kernels, and those whose constants and types are compiled into them."""
    package, used = Path(__file__).parents[1], set[Path]()
    for path in package.rglob("*.py"):
        text = path.read_bytes()
        # read and not imported: this is asked while the kernels are being imported
        if b"andornot._tools.jit import" in text:
            names = re.findall(rb"^from andornot\.([\w.]+) import", text, re.MULTILINE)
            parts = (name.decode().split(".") for name in names)
            used |= {path, *(package.joinpath(*part).with_suffix(".py") for part in parts)}
    return sorted(path for path in used if path.is_file())


class _Cache(FunctionCache):  # type: ignore[misc]
    """Numba's cache of a kernel, under a stamp of all files that hold kernels.

    Numba asks only whether the kernel's own file has changed, but the machine code holds all that
    the kernel calls. The stamp is in the names of the files: a process that is killed while it
    writes cannot leave machine code of before under the stamp of now.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        # module.kernel-LINE.pyXY, where the line would make each edit leave files behind
        name, _, python = self._impl.filename_base.partition("-")
        self._name, self._python = name, python.rpartition(".")[2]
        stamp = _stamp_of(function)
        self._own = f"{name}-{stamp}.{self._python}"
        self._cache_file = IndexDataCacheFile(self.cache_path, self._own, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Read the machine code; a damaged file is as good as none."""
        try:
            return super().load_overload(sig, target_context)
        # Numba unpickles what lies there, and a damaged file can raise anything
        except Exception:
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the machine code, in the place of that of other stamps."""
        try:
            self._remove_former()
            super().save_overload(sig, data)
        except OSError:
            _tell_uncached()

    def _remove_former(self) -> None:
        for left in Path(self.cache_path).glob(f"{self._name}-*.{self._python}.*nb[ic]*"):
            # the machine code of this very stamp stays: another signature's lies beside it
            if not left.name.startswith(f"{self._own}."):
                left.unlink(missing_ok=True)


class _NoCache(NullCache):  # type: ignore[misc]
    """Where nothing can be kept: as without a cache, but it is said."""

    def load_overload(self, sig: Any, target_context: Any) -> None:  # noqa: ARG002
        """There is none."""
        _tell_uncached()


@cache
def _tell_uncached() -> None:
    """Say, once, why each start takes so long."""
    tell(
        "note: no directory can be written to keep compiled kernels in, so each start compiles "
        "them anew; set NUMBA_CACHE_DIR to one that can"
    )
