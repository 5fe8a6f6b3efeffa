"""What faces are given and hand on unread: they may name these types, and read only views."""

from __future__ import annotations

from andornot.analyses.answer import Answer
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.edits.result import Attack
from andornot.runs.run import Run

__all__ = ["Answer", "Attack", "ConceptTable", "Responses", "Run"]
