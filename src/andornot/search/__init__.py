"""Searches for the best formula: a problem, solvers, and what they found.

They know atoms and counts as plain arrays, and nothing of data, concept tables or stores.
"""
