"""How long each stage takes: on synthetic data of the paper's size, and on real runs.

It is not installed with andornot, so what is public may import nothing from here.
"""
