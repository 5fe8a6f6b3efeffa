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
