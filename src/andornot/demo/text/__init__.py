"""A small language with planted annotation artefacts, and a classifier to find them in."""
