"""What a search found and what it is worth, as values and as rows of tables.

How it was found is the searches' business; how it lies on a disk, that of runs.
"""
