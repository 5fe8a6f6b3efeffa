"""Units as other views point at them: layer, number, and formula."""

from __future__ import annotations

from dataclasses import dataclass, field

from andornot.results.explanation import STATUS_MEANING, Explanation
from andornot.views.judged import VerdictView, judged
from andornot.views.plain import View


@dataclass(frozen=True)
class UnitLink(View):
    """A unit, as other views point at it.

    Attributes:
        layer: its layer.
        unit: its number.
        formula: the formula that is shown, as text; None where there is none.
        status: why there is no formula.
        iou: its intersection over union, in sample.
        example: the sentences that excite it most, where there are sentences.
        judged: how far the formula can be relied on.
    """

    layer: str
    unit: int
    formula: str | None
    status: str
    iou: float
    example: str = ""
    judged: VerdictView = field(default_factory=VerdictView)

    @property
    def says(self) -> str:
        """Its formula, or why there is none."""
        return self.formula if self.formula is not None else f"no formula: {self.status}"


def unit_ref(layer: str, e: Explanation, example: str = "") -> UnitLink:
    """A unit as other views point at it."""
    shown = e.shown
    return UnitLink(
        layer=layer,
        unit=e.unit,
        formula=None if shown is None else str(shown.formula),
        status=STATUS_MEANING.get(e.status, e.status),
        iou=e.iou if shown is None else shown.iou,
        example=example,
        judged=judged(e),
    )
