"""Where a report keeps its images and the sheets of attacks: each once, units add masks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image

from andornot.report.mask_picture import data_url, mask_png
from andornot.views.attacks import AttackView
from andornot.views.image_gallery import ImageView

_FOLDER: Final = "images"
_QUALITY: Final = 75
_ATTACKS: Final = "attacks"
_ATTACK_QUALITY: Final = 80


@dataclass(frozen=True)
class Thumb:
    """An image, and the masks of a unit and its formula on it.

    Attributes:
        file: the image, from the report's folder.
        overlay: the masks, as a data address (see ``mask_picture``).
        width, height: of the image, in pixels.
    """

    file: str
    overlay: str
    width: int
    height: int


@dataclass(frozen=True)
class MaskedImage(Thumb):
    """An image as a unit's page shows it.

    Attributes:
        alt: what is to be seen, in words.
        name: the sample's id.
        caption: how well unit and formula agree here, and how strongly the unit fires.
        labels: the concepts that cover most of the unit's mask.
    """

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

    def masked(self, view: ImageView) -> MaskedImage:
        """A sample with the masks of a unit and its formula."""
        thumb = self.thumb(view)
        return MaskedImage(
            **vars(thumb), alt=view.alt, name=view.name, caption=view.caption, labels=view.labels
        )

    def thumb(self, view: ImageView) -> Thumb:
        """The image, stored, and the masks."""
        file = f"{_FOLDER}/{view.sample:06d}.webp"
        if view.sample not in self.sizes:
            (self.folder / _FOLDER).mkdir(exist_ok=True)
            height, width = view.shape
            image = view.image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
            image.save(self.folder / file, quality=_QUALITY)
            self.sizes[view.sample] = (width, height)
        width, height = self.sizes[view.sample]
        masks = data_url(mask_png(view.unit_mask, view.formula_mask))
        return Thumb(file, masks, width, height)


def store_sheets(folder: Path, attack: AttackView, number: int) -> tuple[str, ...]:
    """Store the pictures of an attack; gives their files, from the report's folder.

    Raises:
        DataError: one of them is damaged.
    """
    files = []
    for sheet in attack.sheets:
        (folder / _ATTACKS).mkdir(exist_ok=True)
        file = f"{_ATTACKS}/{number}-{sheet.file.stem}.webp"
        sheet.image.save(folder / file, quality=_ATTACK_QUALITY)
        files.append(file)
    return tuple(files)
