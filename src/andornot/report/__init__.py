"""A folder of pages on a run, for a browser: templates and what fills them.

What a page shows of a unit, a formula or a sample is worked out in ``views``.
"""
