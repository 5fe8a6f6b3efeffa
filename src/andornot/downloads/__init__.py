"""Data sets and networks of the paper by name: where they are, and how they get here."""
