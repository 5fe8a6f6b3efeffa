"""Images that show what a unit does: its mask, and beside it that of its formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot.counting.upsample import upsample
from andornot.data.images.dataset import ProbingData
from andornot.data.images.pixels import to_rgb
from andornot.results.explanation import Explanation
from andornot.runs.reopen import images_of, matching
from andornot.runs.run import Run
from andornot.views.gallery import BoolArray, Gallery

_LABELS: Final = 3
_LABEL_SHARE: Final = 0.1


@dataclass(frozen=True, eq=False)
class ImageView:
    """One image, seen by one unit.

    Attributes:
        sample: its index in the run.
        name: its id.
        data: the data set that the image is of.
        unit_mask: bool ``(height, width)``, the positions on which the unit is active.
        formula_mask: the same for the formula; False everywhere if there is none.
        peak: the unit's largest activation, as a multiple of its threshold; NaN if that is not
            above 0.
        labels: the concepts that cover most of the unit's mask, most first.
    """

    sample: int
    name: str
    data: ProbingData
    unit_mask: BoolArray
    formula_mask: BoolArray
    peak: float
    labels: tuple[str, ...]

    @property
    def image(self) -> Image.Image:
        """The picture, RGB; read when it is asked for."""
        return to_rgb(self.data.image(self.sample), self.name)

    @property
    def shares(self) -> tuple[float, float, float]:
        """Shares of the positions: unit and formula, unit only, formula only."""
        unit, formula = self.unit_mask, self.formula_mask
        return (
            float((unit & formula).mean()),
            float((unit & ~formula).mean()),
            float((formula & ~unit).mean()),
        )


@dataclass(frozen=True, eq=False)
class PictureGallery(Gallery[ImageView]):
    """The units of one layer of a run on images.

    Attributes:
        data: the images of the run, in its order.
    """

    data: ProbingData

    shows_unexplained: ClassVar[bool] = True

    @classmethod
    def open(
        cls, run: Run, layer: str | None = None, data: ProbingData | None = None
    ) -> PictureGallery:
        """Prepare a layer of a run.

        Args:
            run: the run.
            layer: one of its layers; not needed if there is only one.
            data: what the run was made from; found again by the manifest if not given.

        Raises:
            DataError: the data is not there any more, has changed, or is another.
            OptionError: the layer is unknown, or the data has no images.
        """
        name = run.layer(layer)
        return cls(run, name, images_of(run) if data is None else matching(run, data))

    def view(self, explanation: Explanation, atoms: BoolArray, sample: int) -> ImageView:
        """One image, seen by one unit; the formula is the union of these atoms."""
        unit, grid = explanation.unit, self.positions.sample(sample)
        threshold = float(self.thresholds[unit])
        unit_mask = upsample(self.values(sample, unit)[0], *grid.shape) > threshold
        return ImageView(
            sample=sample,
            name=self.data.sample_ids[sample],
            data=self.data,
            unit_mask=unit_mask,
            formula_mask=atoms[grid],
            peak=float(self.peaks[sample, unit]) / threshold if threshold > 0 else np.nan,
            labels=self._labels_under(grid[unit_mask]),
        )

    def _labels_under(self, atoms: NDArray[np.int32]) -> tuple[str, ...]:
        """The concepts that cover most of these positions, given by their atoms."""
        table = self.run.concepts
        covered = np.zeros(table.n_concepts, np.int64)
        for atom, n in zip(*np.unique(atoms, return_counts=True), strict=True):
            covered[table.indices[table.indptr[atom] : table.indptr[atom + 1]]] += n
        most = np.argsort(-covered, kind="stable")[:_LABELS]
        least = _LABEL_SHARE * len(atoms)
        return tuple(table.names[c] for c in most if covered[c] > least)
