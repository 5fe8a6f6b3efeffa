"""Samples whose positions stand in a row, and of which nothing else is known: as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from andornot.data.rows import names_of_positions
from andornot.results.explanation import Explanation
from andornot.runs.reopen import matching, samples_of
from andornot.runs.run import Run
from andornot.views.plain import View
from andornot.views.samples import BoolArray, Gallery, cut

_SPANS: Final = 12
"""Spans of a sample that are written out; of the others the number is."""


@dataclass(frozen=True)
class RowView(View):
    """One sample, seen by one unit.

    Attributes:
        sample: its index in the run.
        name: its id.
        activation: the unit's largest activation in it.
        active: the positions on which the unit is active, in words.
        holds: those on which the formula holds.
        counts: positions where both hold, only the unit, only the formula.
    """

    sample: int
    name: str
    activation: float
    active: str
    holds: str
    counts: tuple[int, int, int]

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """All that is said of it: what, and the text."""
        both, unit, formula = self.counts
        return (
            (self.name, f"activation {self.activation:.2f}"),
            ("unit", self.active),
            ("formula", self.holds),
            ("", f"{both:,} both, {unit:,} only unit, {formula:,} only formula"),
        )


@dataclass(frozen=True, eq=False)
class RowGallery(Gallery[RowView]):
    """The units of one layer of a run whose samples are rows of positions.

    The samples may have a method ``names_of_positions(sample)``, a text for each position; they
    are counted from 1 without it.
    """

    shows_unexplained: ClassVar[bool] = True

    @classmethod
    def open(cls, run: Run, layer: str | None = None, data: Any = None) -> Self:
        """Prepare a layer of a run; see ``views.galleries.open_gallery``."""
        name = run.layer(layer)
        return cls(run, name, samples_of(run) if data is None else matching(run, data))

    def view(self, explanation: Explanation, atoms: BoolArray, sample: int) -> RowView:
        """One sample, seen by one unit; the formula is the union of these atoms."""
        unit, own = explanation.unit, self.positions.sample(sample).ravel()
        active = self.values(sample, unit).ravel() > self.thresholds[unit]
        holds, names = atoms[own], names_of_positions(self.data, sample, len(own))
        return RowView(
            sample=sample,
            name=self.data.sample_ids[sample],
            activation=float(self.peaks[sample, unit]),
            active=_told(active, names),
            holds=_told(holds, names),
            counts=(
                int((active & holds).sum()),
                int((active & ~holds).sum()),
                int((holds & ~active).sum()),
            ),
        )

    def example(self, unit: int) -> str:
        """Where the unit is active in the sample that excites it most."""
        texts = (f"{view.name}: {view.active}" for view in self.unit(unit, 1).samples)
        return next((cut(text) for text in texts), "")


def _told(here: BoolArray, names: Sequence[str]) -> str:
    """Positions in words: each span by its first and its last."""
    found = [
        names[a] if a == b else f"{names[a]} to {names[b]}" for a, b in _spans(np.flatnonzero(here))
    ]
    rest = len(found) - _SPANS
    return ", ".join([*found[:_SPANS], *([f"and {rest:,} more"] if rest > 0 else [])]) or "nowhere"


def _spans(at: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """The first and the last of each unbroken span of positions."""
    for span in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1):
        if len(span):
            yield int(span[0]), int(span[-1])
