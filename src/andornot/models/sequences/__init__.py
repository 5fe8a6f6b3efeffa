"""Models of sequences: what one must be able to do, how it is loaded, and how it reads texts."""
