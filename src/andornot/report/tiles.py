"""Tiles: pictures of what a unit does on an image, as files of a page (see ``pictures``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from andornot.explanations import Explanation
from andornot.report.entries import Group, UnitEntry, unit_entry
from andornot.report.gallery import grouped
from andornot.report.picture_gallery import ImageView, PictureGallery
from andornot.report.pictures import tile

_FOLDER: Final = "pictures"
_QUALITY: Final = 85


@dataclass(frozen=True)
class Tile:
    """A picture on the page: its file, size, description, and what stands below it."""

    file: str
    width: int
    height: int
    alt: str
    name: str
    caption: str
    labels: tuple[str, ...]


def picture_entry(
    gallery: PictureGallery, unit: int, n_samples: int, folder: Path
) -> UnitEntry[Tile]:
    """Everything that is said of one unit, with tiles that are written into a page's folder.

    Raises:
        OptionError: the run did not explain this unit, or ``n_samples`` is below 1.
    """
    (folder / _FOLDER).mkdir(exist_ok=True)
    view = gallery.unit(unit, n_samples)
    e = view.explanation
    groups = [
        Group(g.key, g.heading, tuple(_tile(e, image, folder) for image in g.samples))
        for g in grouped(view)
    ]
    return unit_entry(gallery.run, gallery.layer, e, groups, "position")


def _tile(e: Explanation, view: ImageView, folder: Path) -> Tile:
    picture = tile(view)
    name = f"unit{e.unit:05d}-{view.sample:06d}.webp"
    picture.save(folder / _FOLDER / name, quality=_QUALITY)
    both, unit, formula = view.shares
    return Tile(
        file=f"{_FOLDER}/{name}",
        width=picture.width,
        height=picture.height,
        alt=(
            f"{view.name}, four times: as it is, where unit {e.unit} is active, where the formula "
            f"{e.formula or '(none)'} holds, and both. Both hold on {both:.1%} of the picture, "
            f"the unit alone on {unit:.1%}, the formula alone on {formula:.1%}."
        ),
        name=view.name,
        caption=caption(view),
        labels=view.labels,
    )


def caption(view: ImageView) -> str:
    """How well unit and formula agree on an image, and how strongly the unit fires."""
    both, unit, formula = view.shares
    parts = []
    if both + unit + formula > 0:
        parts.append(f"IoU {both / (both + unit + formula):.2f} here")
    if view.peak == view.peak:  # not NaN: the threshold is above 0
        parts.append(f"peak {view.peak:.1f} × threshold")
    return ", ".join(parts)
