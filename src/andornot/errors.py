"""What can go wrong, as one small tree.

    AndornotError
    ├── OptionError     an option or argument has a value we cannot use
    ├── FormulaError    a formula cannot be read, or names an unknown concept
    ├── DataError       probing data is missing, damaged or inconsistent
    ├── ModelError      a model, its weights or a layer cannot be used
    └── RunError        a run directory cannot be written, read or continued

Every message is one sentence that says what is wrong, where, and what to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


class AndornotError(Exception):
    """Base of every error that andornot raises on purpose."""


class OptionError(AndornotError, ValueError):
    """An option or argument has a value that cannot be used."""


class FormulaError(AndornotError, ValueError):
    """A formula cannot be read, or names a concept that is not in the table."""


class DataError(AndornotError, ValueError):
    """Probing data is missing, damaged or inconsistent."""


class ModelError(AndornotError, ValueError):
    """A model, its weights or one of its layers cannot be used."""


class RunError(AndornotError, RuntimeError):
    """A run directory cannot be written, read or continued."""


class DamagedError(RunError):
    """A file of a run is lost, or is not what was written; it can be made again.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path, reason: object) -> None:
        self.path = path
        self.reason = "" if isinstance(reason, FileNotFoundError) else _short(reason)
        what = f"is damaged ({self.reason})" if self.reason else "is gone"
        super().__init__(f"{path} {what}; repeat andornot explain, which makes it again")

    def __reduce__(self) -> tuple[Any, ...]:  # it may come from another process
        return type(self), (self.path, self.reason or FileNotFoundError())


def _short(reason: object) -> str:
    text = " ".join(str(reason).split()) or type(reason).__name__
    return text if len(text) <= 200 else f"{text[:199]}…"
