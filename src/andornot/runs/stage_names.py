"""The names of all stages and timed steps of a run, told once.

A name is part of a stage's key and of its directory, and ``manifest.json`` lists what was done by
it: another name makes stored results be computed again, and older runs unreadable.
"""

from __future__ import annotations

from typing import Final

DATA: Final = "data"
"""Which edition of the data files was read."""
CONCEPTS: Final = "concepts"
"""The concept table."""
NETWORK: Final = "network"
"""What the network answers to a few fixed inputs."""
TRIAL: Final = "trial"
"""Whether what the network gives hangs on the batch."""
LOGITS: Final = "logits"
"""The logits of all samples."""
FIRST_PASS: Final = "first pass"
"""Without a store: the pass that finds thresholds."""
SECOND_PASS: Final = "second pass"
"""Without a store: the pass that counts."""
RESULTS: Final = "results"
"""Tables are written; a step that keeps nothing in the cache."""


def activations(layer: str) -> str:
    """What the network gives at a layer."""
    return f"activations {layer}"


def thresholds(layer: str) -> str:
    """Without a store: the thresholds of a layer's units."""
    return f"thresholds {layer}"


def responses(layer: str) -> str:
    """Thresholds and counts of a layer's units."""
    return f"responses {layer}"


def search(layer: str) -> str:
    """The search for formulas; a step that keeps nothing in the cache."""
    return f"search {layer}"


def saturated(layer: str) -> str:
    """What would make units active that are often at their largest value."""
    return f"saturated {layer}"


def scores(layer: str) -> str:
    """Scores of formulas with raw activations."""
    return f"scores {layer}"


def plateaus(layer: str) -> str:
    """Which thresholds of a layer's units cut through nearly equal values."""
    return f"plateaus {layer}"


def trust(layer: str) -> str:
    """How far formulas can be trusted."""
    return f"trust {layer}"


def ranges(layer: str) -> str:
    """Counts in the lower ranges of activations."""
    return f"ranges {layer}"
