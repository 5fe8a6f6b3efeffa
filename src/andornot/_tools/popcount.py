"""Count bits, in kernels by the instruction that processors have for it."""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import intrinsic, overload


def popcount(word: np.uint64) -> int:
    """Bits that are set; in kernels the instruction of the processor."""
    return int(word).bit_count()


@intrinsic
def _ctpop(_, word):  # type: ignore[no-untyped-def]
    def generate(_, builder, __, arguments):  # type: ignore[no-untyped-def]
        return builder.ctpop(arguments[0])

    return types.int64(word), generate


@overload(popcount)
def _popcount_in_kernels(word):  # type: ignore[no-untyped-def]
    if word == types.uint64:
        return lambda word: _ctpop(word)
    return None
