"""Searches for the best formula: a problem, solvers, and what they found."""
