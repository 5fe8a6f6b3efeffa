"""Models of sequences: what one must be able to do, how one is loaded, and how it reads documents."""
