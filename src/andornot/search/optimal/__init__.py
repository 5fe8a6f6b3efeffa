"""The optimal search: branch and bound over left-deep formulas."""

from andornot.search.options import Budget

__all__ = ["Budget"]
