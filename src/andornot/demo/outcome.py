"""A finished demo, whichever it was, and what its report tells of the findings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from andornot.demo.findings import PlantedFinding
from andornot.runs.run import Run
from andornot.views.unit import Fact


@dataclass(frozen=True)
class Demo:
    """A finished demo.

    Attributes:
        page: the first page of the report on its units.
        run: the run directory.
        findings: what was planted, and the units that name it.
        accuracy: share of the held-out samples whose class the network gets right.
        summary: in a sentence, how good the network is.
        seconds: how long all of it took.
        trap_accuracy: the accuracy on samples where the planted shortcuts mislead; None where
            there are none such.
    """

    page: Path
    run: Run
    findings: tuple[PlantedFinding, ...]
    accuracy: float
    summary: str
    seconds: float
    trap_accuracy: float | None = None


def fact_of(finding: PlantedFinding) -> Fact:
    """A finding as the report tells it."""
    unit = finding.matches[0].unit if finding.found else None
    return Fact(finding.planted.story, finding.found, finding.how, unit)
