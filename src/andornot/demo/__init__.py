"""Two small worlds with planted facts, one of pictures and one of sentence pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from andornot.demo.outcome import Demo

DEMOS = ("vision", "text")


def run_demo(name: Literal["vision", "text"], out: str | Path, seed: int = 0) -> Demo:
    """Make a world, train a network on it, explain its units, and write a report.

    Args:
        name: a name from ``DEMOS``.
        out: the folder to write.
        seed: of the world and the training.

    Raises:
        AndornotError: the folder cannot be written, or an extra is missing.
    """
    if name == "vision":
        from andornot.demo.vision import show as vision

        return vision.run_demo(out, seed)
    from andornot.demo.text import show as text

    return text.run_demo(out, seed)
