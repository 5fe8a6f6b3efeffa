"""Colours: how light one is, and how style sheets and figures write it."""

from __future__ import annotations

from typing import Final

import numpy as np

LUMINANCE: Final = np.array([0.299, 0.587, 0.114])
"""Shares of red, green and blue in how light a colour is (ITU-R BT.601)."""


def hexadecimal(colour: tuple[int, int, int]) -> str:
    """A colour such as ``#d55e00``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
