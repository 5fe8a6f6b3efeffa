"""The images of a report: each is stored once, and every unit lays its own masks over it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from PIL import Image

from andornot.report.unit_links import Thumb
from andornot.views.image_gallery import ImageView
from andornot.views.overlays import data_url, overlay_png
from andornot.views.panels import panel_shape

_FOLDER: Final = "images"
_QUALITY: Final = 75


@dataclass(frozen=True)
class MaskedImage:
    """An image as a unit's page shows it.

    Attributes:
        file: the image, from the report's folder.
        overlay: the masks, as a data address (see ``views.overlays``).
        width, height: of the image, in pixels.
        alt: what is to be seen, in words.
        name: the sample's id.
        caption: how well unit and formula agree here, and how strongly the unit fires.
        labels: the concepts that cover most of the unit's mask.
    """

    file: str
    overlay: str
    width: int
    height: int
    alt: str
    name: str
    caption: str
    labels: tuple[str, ...]


@dataclass
class ImageStore:
    """Writes images into a report, each once.

    Attributes:
        folder: the report's folder.
        sizes: width and height of the images written so far, by sample.
    """

    folder: Path
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)

    def masked(self, unit: int, view: ImageView) -> MaskedImage:
        """A sample with the masks of a unit and its formula."""
        thumb = self.thumb(view)
        both, unit_only, formula_only = view.shares
        return MaskedImage(
            file=thumb.file,
            overlay=thumb.overlay,
            width=thumb.width,
            height=thumb.height,
            alt=(
                f"{view.name}. Unit {unit} and its formula hold on {both:.1%} of it, the unit "
                f"alone on {unit_only:.1%}, the formula alone on {formula_only:.1%}."
            ),
            name=view.name,
            caption=_caption(view),
            labels=view.labels,
        )

    def unaccounted(self, unit: int, view: ImageView) -> MaskedImage:
        """A sample with the masks of a unit and of the best union of atoms that have concepts."""
        both, left, _ = view.shares
        alt = (
            f"{view.name}. Concepts account for the unit on {both:.1%} of it, and leave {left:.1%} "
            f"on which unit {unit} is active."
        )
        share = f"{left / (both + left):.0%} of the active area is left over"
        return replace(self.masked(unit, view), alt=alt, caption=share)

    def thumb(self, view: ImageView) -> Thumb:
        """The image, stored, and the masks."""
        file = f"{_FOLDER}/{view.sample:06d}.webp"
        if view.sample not in self.sizes:
            (self.folder / _FOLDER).mkdir(exist_ok=True)
            height, width = panel_shape(view.unit_mask.shape)
            image = view.image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
            image.save(self.folder / file, quality=_QUALITY)
            self.sizes[view.sample] = (width, height)
        width, height = self.sizes[view.sample]
        masks = data_url(overlay_png(view.unit_mask, view.formula_mask))
        return Thumb(file, masks, width, height)


def _caption(view: ImageView) -> str:
    """How well unit and formula agree on an image, and how strongly the unit fires."""
    both, unit, formula = view.shares
    parts = []
    if both + unit + formula > 0:
        parts.append(f"IoU {both / (both + unit + formula):.2f} here")
    if view.peak == view.peak:  # not NaN: the threshold is above 0
        parts.append(f"peak {view.peak:.1f} × threshold")
    return ", ".join(parts)
