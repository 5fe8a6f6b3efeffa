"""Units as other views point at them: layer, number, and formula."""

from __future__ import annotations

from dataclasses import dataclass

from andornot.results.explanation import STATUS_MEANING, Explanation
from andornot.views.plain import View


@dataclass(frozen=True)
class UnitLink(View):
    """A unit, as other views point at it.

    Attributes:
        layer: its layer.
        unit: its number.
        formula: its formula, as text; None where there is none.
        status: why there is no formula.
        iou: intersection over union.
        example: the sentences that excite it most, where there are sentences.
        chance: mean IoU of the same search where there is nothing to find; None if not known.
        is_luck: whether the fit is no better than chance explains, as far as is known.
    """

    layer: str
    unit: int
    formula: str | None
    status: str
    iou: float
    example: str = ""
    chance: float | None = None
    is_luck: bool = False

    @property
    def says(self) -> str:
        """Its formula, or why there is none."""
        return self.formula if self.formula is not None else f"no formula: {self.status}"


def unit_ref(layer: str, e: Explanation, example: str = "") -> UnitLink:
    """A unit as other views point at it."""
    trust = e.trust
    return UnitLink(
        layer=layer,
        unit=e.unit,
        formula=None if e.formula is None else str(e.formula),
        status=STATUS_MEANING.get(e.status, e.status),
        iou=e.iou,
        example=example,
        chance=trust.chance.null[trust.length - 1] if trust and trust.chance else None,
        is_luck=trust is not None and not trust.better_than_chance,
    )
