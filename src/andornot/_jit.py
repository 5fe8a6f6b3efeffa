"""One decorator for all kernels: compiled without the GIL, and cached between processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel; ``NUMBA_DISABLE_JIT=1`` runs it as plain Python instead."""
    # no wrapper for C and no check of divisors: half the time to compile
    options = {"cache": True, "nogil": True, "no_cfunc_wrapper": True, "error_model": "numpy"}
    compiled: Callable[P, R] = numba.njit(**options)(function)
    return compiled
