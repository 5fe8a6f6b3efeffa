"""The optimal search: branch and bound over left-deep formulas."""
