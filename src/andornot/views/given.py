"""What faces are given and hand on unread: they may name these types, and read only views.

Each is imported on first use: who reports a run needs no torch, as who names an attack does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from andornot._tools.lazy import names_on_first_use

if TYPE_CHECKING:
    from andornot.analyses.answer import Answer
    from andornot.concepts.table import ConceptTable
    from andornot.counting.responses import Responses
    from andornot.edits.result import Attack
    from andornot.runs.run import Run

__all__ = ["Answer", "Attack", "ConceptTable", "Responses", "Run"]

_HOMES = {
    "Answer": "analyses.answer",
    "Attack": "edits.result",
    "ConceptTable": "concepts.table",
    "Responses": "counting.responses",
    "Run": "runs.run",
}

__getattr__ = names_on_first_use("andornot", _HOMES)
