"""Bilinear upsampling with half-pixel centres (``align_corners=False``), axis by axis.

An output index ``i`` of ``size`` lies at ``(i + 1/2) * native / size - 1/2`` on the native axis,
cut off below 0 and above ``native - 1``. Interpolation is in float64, in the form
``a + w * (b - a)``: exact where ``a == b``, so flat areas keep the very value of the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Axis:
    """How one axis is upsampled.

    Attributes:
        starts: int64 ``(native + 1,)``; output indices ``starts[j]:starts[j + 1]`` lie between the
            native indices ``j`` and ``j + 1`` (or at the last one).
        weights: float64 ``(size,)``, the weight of native index ``j + 1``.
    """

    starts: NDArray[np.int64]
    weights: NDArray[np.float64]


@lru_cache(maxsize=256)
def axis(native: int, size: int) -> Axis:
    """The upsampling of an axis from ``native`` to ``size`` indices."""
    # the quotient first, as in PyTorch; another order would change last bits of weights
    at = (np.arange(size) + 0.5) * (native / size) - 0.5
    at = np.clip(at, 0, native - 1)
    below = np.floor(at).astype(np.int64)
    starts = np.searchsorted(below, np.arange(native + 1)).astype(np.int64)
    return Axis(starts=starts, weights=at - below)


def upsample(values: NDArray[np.floating], height: int, width: int) -> NDArray[np.float64]:
    """Upsample maps ``(..., h, w)`` to ``(..., height, width)``, in float64.

    The same arithmetic as the counting kernels, in plain NumPy; for pictures and for checks.
    """
    rows, columns = axis(values.shape[-2], height), axis(values.shape[-1], width)
    wide = values.astype(np.float64)
    x0 = np.repeat(np.arange(values.shape[-1]), np.diff(columns.starts))
    x1 = np.minimum(x0 + 1, values.shape[-1] - 1)
    # first along x, then along y, as the kernels do: the other order differs in last bits
    across = wide[..., x0] + columns.weights * (wide[..., x1] - wide[..., x0])
    y0 = np.repeat(np.arange(values.shape[-2]), np.diff(rows.starts))
    y1 = np.minimum(y0 + 1, values.shape[-2] - 1)
    top, bottom = across[..., y0, :], across[..., y1, :]
    full: NDArray[np.float64] = top + rows.weights[:, None] * (bottom - top)
    return full
