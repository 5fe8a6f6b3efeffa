"""A small painted world with planted facts, and a network to find them in."""
