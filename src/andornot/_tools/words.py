"""Words for numbers, as they stand in sentences."""

from __future__ import annotations


def count(n: int, thing: str) -> str:
    """A number of things: ``1 unit``, ``1,024 units``."""
    return f"{n:,} {thing}" + ("" if n == 1 else "s")


def percent(share: float) -> str:
    """A share in per cent, with a digit behind the point."""
    return f"{100 * share:.1f} %"


def p_value(p: float) -> str:
    """A p-value, as it is written in a sentence."""
    return "p < 1e-300" if p < 1e-300 else f"p = {p:.2g}"
