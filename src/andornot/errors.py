"""What can go wrong, as one small tree, and how a message quotes what a user gave.

A new error is a leaf of the tree.

    AndornotError
    ├── OptionError     an option or argument has a value we cannot use
    │   └── OutOfRangeError   an index leads to nothing
    ├── FormulaError    a formula cannot be read, or names an unknown concept
    ├── DataError       probing data is missing, damaged or inconsistent
    ├── ModelError      a model, its weights or a layer cannot be used
    └── RunError        a run directory cannot be written, read or continued

Every message is one sentence that says what is wrong, where, and what to do.
"""

from __future__ import annotations

from pathlib import Path
from reprlib import Repr
from typing import Any

_LONGEST = 2000
"""Characters of a message at most; longer ones hold a list or a text that nobody would read."""
_QUOTED = 80
_REPR = Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = _QUOTED


class AndornotError(Exception):
    """Base of every error that andornot raises on purpose.

    Examples:
        >>> try:
        ...     andornot.parse("water AND")
        ... except AndornotError as error:
        ...     print(type(error).__name__)
        FormulaError
    """

    def __init__(self, sentence: str = "") -> None:
        super().__init__(_cut(sentence))


class NoFormulaWarning(UserWarning):
    """No unit at all has a formula; the message says why, and what to try."""


def quoted(value: object, at: int = 0) -> str:
    """What somebody wrote, as an error quotes it: short, on one line.

    Args:
        value: a text, or anything else.
        at: of a text that is too long, show what stands around this character.
    """
    if not isinstance(value, str):
        try:
            return " ".join(_REPR.repr(value).split())
        except ValueError:  # a whole number of thousands of digits
            return f"<{type(value).__name__}>"
    if len(value) <= _QUOTED:
        return repr(value)
    first = max(0, min(at - _QUOTED // 2, len(value) - _QUOTED))
    shown = f"{'...' * (first > 0)}{value[first : first + _QUOTED]}"
    return repr(f"{shown}{'...' * (first + _QUOTED < len(value))}")


def _cut(sentence: str) -> str:
    """The message without its middle, if that is too long: both ends say what to do."""
    if len(sentence) <= _LONGEST:
        return sentence
    end = _LONGEST // 3
    return f"{sentence[: _LONGEST - end - 5]} ... {sentence[-end:]}"


class OptionError(AndornotError, ValueError):
    """An option or argument has a value that cannot be used.

    Examples:
        >>> andornot.Threshold(quantile=2)
        Traceback (most recent call last):
            ...
        andornot.errors.OptionError: quantile is 2; it must lie between 0 and 1
    """


class OutOfRangeError(OptionError, IndexError):
    """An index leads to nothing, as Python's own sequences would say by an IndexError.

    Examples:
        >>> concepts = andornot.ConceptTable.from_masks([[True, False]], ["water"])
        >>> result = andornot.explain([[True, False]], concepts)
        >>> result[7]
        Traceback (most recent call last):
            ...
        andornot.errors.OutOfRangeError: there is no explanation of unit 7; results are
        indexed by the number of the unit, and this one has unit 0
    """


class FormulaError(AndornotError, ValueError):
    """A formula cannot be read, or names a concept that is not in the table.

    Examples:
        >>> concepts = andornot.ConceptTable.from_masks([[True, False]], ["water"])
        >>> andornot.score("watre", [True, False], concepts)
        Traceback (most recent call last):
            ...
        andornot.errors.FormulaError: no concept is named 'watre' among the 1 of this table;
        did you mean 'water'?
    """


class DataError(AndornotError, ValueError):
    """Probing data is missing, damaged or inconsistent.

    Examples:
        >>> andornot.ConceptTable.from_masks([[True, False]], ["water", "river"])
        Traceback (most recent call last):
            ...
        andornot.errors.DataError: masks have shape (1, 2) for 2 names; expected
        (n_concepts, n_samples, ...); give the transpose
    """


class ModelError(AndornotError, ValueError):
    """A model, its weights or one of its layers cannot be used.

    Examples:
        >>> from andornot.models import load_model
        >>> load_model("resnet:18")
        Traceback (most recent call last):
            ...
        andornot.errors.ModelError: The model 'resnet:18' cannot be understood: write
        torchvision:NAME, hf:DIRECTORY or path/to/file.py:function.
    """


class RunError(AndornotError, RuntimeError):
    """A run directory cannot be written, read or continued.

    Examples:
        >>> andornot.Run.open("no_run_yet")
        Traceback (most recent call last):
            ...
        andornot.errors.RunError: no_run_yet holds no finished run (no manifest.json); make
        one with andornot explain
    """


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
