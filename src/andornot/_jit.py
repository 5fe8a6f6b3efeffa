"""One decorator for all kernels: compiled without the GIL, and cached between processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel; ``NUMBA_DISABLE_JIT=1`` runs it as plain Python instead."""
    compiled: Callable[P, R] = numba.njit(cache=True, nogil=True)(function)
    return compiled
