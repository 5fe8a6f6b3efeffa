"""Two small worlds with planted facts, one of pictures and one of sentence pairs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from andornot._tools.extras import install
from andornot.errors import OptionError

if TYPE_CHECKING:
    from andornot.demo.outcome import Demo

DEMOS = ("vision", "text")

SEED: Final = 0
"""Of world and training, if nothing else is said."""


def run_demo(name: Literal["vision", "text"], out: str | Path, seed: int = SEED) -> Demo:
    """Make a world, train a network on it, explain its units, and write a report.

    Args:
        name: a name from ``DEMOS``.
        out: the folder to write.
        seed: of the world and the training.

    Raises:
        AndornotError: the folder cannot be written, or an extra is missing.
    """
    # asked before a network is trained, and not when its pages are written
    absent = [package for package in ("torch", "jinja2") if find_spec(package) is None]
    if absent:
        raise OptionError(
            f"the demo needs {' and '.join(absent)}, not installed here; run {install('demo')}"
        )
    if name == "vision":
        from andornot.demo.vision import show as vision

        return vision.run_demo(out, seed)
    from andornot.demo.text import show as text

    return text.run_demo(out, seed)
