"""A folder of pages on all units of a run, which opens from the disk in any browser."""
