"""Whom the concepts of a run come from, where a reader must know it."""

from __future__ import annotations

from andornot.concepts.provenance import Provenance, told, warning
from andornot.errors import AndornotError
from andornot.runs.run import Run


def origins(run: Run) -> str:
    """How many concepts come from whom; empty where all are the data's own, and no model's."""
    provenance = _provenance(run)
    return told(provenance) if run.record.concepts_by or warning(provenance) else ""


def model_labelled(run: Run) -> str:
    """A sentence where a trained model labelled; empty where none did."""
    return warning(_provenance(run))


def _provenance(run: Run) -> tuple[Provenance, ...]:
    try:
        return run.concepts.provenance
    except AndornotError:  # the table is lost: whoever needs it will say so
        return ()
