"""The version of andornot, which keys of what is stored hold too."""

__version__ = "0.1.0"
