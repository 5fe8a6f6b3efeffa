"""What a look through a data set found, of whatever modality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DataCheck:
    """What a look through a data set found.

    Attributes:
        facts: what is there, by a word for each.
        warnings: what is suspicious, a sentence each.
        unreadable: why a sample cannot be used, a sentence for each such sample.
    """

    facts: Mapping[str, str]
    warnings: tuple[str, ...]
    unreadable: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON can say it."""
        return {
            "facts": dict(self.facts),
            "warnings": list(self.warnings),
            "unreadable": list(self.unreadable),
        }
