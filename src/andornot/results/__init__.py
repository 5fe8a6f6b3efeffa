"""What a search found and what it is worth, as values, as tables and in a notebook.

How it was found is the searches' business; how it lies on a disk, that of runs.
"""
