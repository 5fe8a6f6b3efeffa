"""Single texts as a unit sees them: whether it is active on each, and the formula holds."""

from __future__ import annotations

from dataclasses import dataclass

from andornot.results.explanation import Explanation
from andornot.views.row_gallery import RowGallery, RowView
from andornot.views.samples import BoolArray, cut

_SHOWN = 600
"""Most characters of a text."""


@dataclass(frozen=True)
class SingleView(RowView):
    """One text, seen by one unit."""

    text: str = ""

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """The text, and what unit and formula say of it."""
        both, unit, formula = self.counts
        said = "unit and formula" if both else "unit only" if unit else "formula only"
        told = said if both + unit + formula else "neither"
        return (
            (self.name, self.text),
            ("", f"{told}; activation {self.activation:.2f}"),
        )


@dataclass(frozen=True, eq=False)
class SingleGallery(RowGallery):
    """The units of one layer of a run on single texts."""

    def view(self, explanation: Explanation, atoms: BoolArray, sample: int) -> SingleView:
        """One text, seen by one unit; the formula is the union of these atoms."""
        row = super().view(explanation, atoms, sample)
        (text,) = self.data.names_of_positions(sample)
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
        return SingleView(**{**row.__dict__, "text": shown})

    def example(self, unit: int) -> str:
        """The text that excites the unit most."""
        texts = (getattr(view, "text", "") for view in self.unit(unit, 1).samples)
        return next(map(cut, texts), "")
