"""Units as the pages point at them: number, address, formula, and a small picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from andornot.results.explanation import STATUS_MEANING, Explanation


@dataclass(frozen=True)
class Thumb:
    """A small picture of a unit: the image that excites it most, and both masks on it.

    Attributes:
        file: the image, from the report's folder.
        overlay: the masks, as a data address (see ``views.overlays``).
        width, height: of the image, in pixels.
    """

    file: str
    overlay: str
    width: int
    height: int


@dataclass(frozen=True)
class UnitRef:
    """A unit, as other pages point at it.

    Attributes:
        layer: its layer.
        unit: its number.
        href: its page, from the report's folder.
        formula: its formula, as text; None where there is none.
        status: why there is no formula.
        iou: intersection over union.
        thumb: a small picture, where there are pictures.
        example: the sentences that excite it most, where there are sentences.
        chance: mean IoU of the same search where there is nothing to find; None if not known.
        is_luck: whether the fit is no better than chance explains, as far as is known.
    """

    layer: str
    unit: int
    href: str
    formula: str | None
    status: str
    iou: float
    thumb: Thumb | None = None
    example: str = ""
    chance: float | None = None
    is_luck: bool = False

    @property
    def says(self) -> str:
        """Its formula, or why there is none."""
        return self.formula if self.formula is not None else f"no formula: {self.status}"


def unit_ref(layer: str, slug: str, e: Explanation, thumb: Thumb | None, example: str) -> UnitRef:
    """A unit as other pages point at it; ``slug`` is the layer's name in addresses."""
    trust = e.trust
    return UnitRef(
        layer=layer,
        unit=e.unit,
        href=f"unit/{slug}-{e.unit:05d}.html",
        formula=None if e.formula is None else str(e.formula),
        status=STATUS_MEANING.get(e.status, e.status),
        iou=e.iou,
        thumb=thumb,
        example=example,
        chance=trust.chance.null[trust.length - 1] if trust and trust.chance else None,
        is_luck=trust is not None and not trust.better_than_chance,
    )


def slugs(layers: Sequence[str]) -> dict[str, str]:
    """A name for each layer that is good in any address and file system, all different."""
    found: dict[str, str] = {}
    for layer in layers:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", layer).strip(".") or "layer"
        # macOS and Windows take names that differ in case only for one
        taken = {slug.lower() for slug in found.values()}
        slug, n = plain, 2
        while slug.lower() in taken:
            slug, n = f"{plain}_{n}", n + 1
        found[layer] = slug
    return found
