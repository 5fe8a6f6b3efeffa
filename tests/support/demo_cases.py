"""The demos at their full size, which take long to make: each once for all tests that need it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast

from andornot.demo import run_demo
from andornot.demo.outcome import Demo
from andornot.runs.reopen import model_of

MadeOnce = Callable[[str, Callable[[Path], object]], Path]


def whole_demo(made_once: MadeOnce, name: Literal["vision", "text"], seed: int) -> Demo:
    """A demo as ``andornot demo`` makes it."""

    def make(folder: Path) -> None:
        demo = run_demo(name, folder, seed)
        (folder / "demo.pickle").write_bytes(pickle.dumps(demo))

    folder = made_once(f"demo-{name}-{seed}", make)
    return cast(Demo, pickle.loads((folder / "demo.pickle").read_bytes()))


def trained_again(demo: Demo) -> Any:
    """The network of a demo; its fingerprint is that in the run."""
    return model_of(demo.run)
