"""A run on disk: its manifest, its stages and tables, and how it is opened again.

What is computed for it, step by step, is in ``pipeline``.
"""
