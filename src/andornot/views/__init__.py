"""What a page shows of a unit, a formula, a sample: plain data, without layout.

Report, figures and terminal all take it from here.
"""
