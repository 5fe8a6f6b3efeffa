"""Optimal search over formulas of up to four concepts whose operands may both be formulas."""
