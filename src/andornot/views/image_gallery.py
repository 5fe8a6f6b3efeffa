"""Images that show what a unit does: its mask, and beside it that of its formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot.concepts.positions import AtomMap
from andornot.counting.responses import known_positions
from andornot.counting.upsample import upsample
from andornot.data.images.dataset import ProbingData
from andornot.data.images.pixels import to_rgb
from andornot.formula import Formula
from andornot.results.explanation import Explanation
from andornot.runs.reopen import images_of, matching
from andornot.runs.run import Run
from andornot.views.plain import View, plain
from andornot.views.samples import BoolArray, Gallery

_LABELS: Final = 3
_LABEL_SHARE: Final = 0.1

SIDE: Final = 224
"""Longer side of an image as it is shown, in pixels."""


@dataclass(frozen=True, eq=False)
class ImageView(View):
    """One image, seen by one unit.

    Attributes:
        unit: the unit's number.
        sample: its index in the run.
        name: its id.
        data: the data set that the image is of.
        unit_mask: bool ``(height, width)``, the positions on which the unit is active.
        formula_mask: the same for the formula; False everywhere if there is none.
        peak: the unit's largest activation, as a multiple of its threshold; NaN if that is not
            above 0.
        labels: the concepts that cover most of the unit's mask, most first.
        counted: where the formula is scored; None for everywhere.
        by_sample: whether the image counts once, so that a formula holds on all of it or nowhere.
    """

    unit: int
    sample: int
    name: str
    data: ProbingData
    unit_mask: BoolArray
    formula_mask: BoolArray
    peak: float
    labels: tuple[str, ...]
    counted: BoolArray | None = None
    by_sample: bool = False

    @property
    def image(self) -> Image.Image:
        """The picture, RGB; read when it is asked for."""
        return to_rgb(self.data.image(self.sample), self.name)

    @property
    def shares(self) -> tuple[float, float, float]:
        """Shares of the positions: unit and formula, unit only, formula only.

        Only those where the formula is scored are looked at.
        """
        unit, formula = self.unit_mask, self.formula_mask
        if self.counted is not None:
            unit, formula = unit & self.counted, formula & self.counted
        return (
            float((unit & formula).mean()),
            float((unit & ~formula).mean()),
            float((formula & ~unit).mean()),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels at which it is shown."""
        height, width = self.unit_mask.shape
        scale = SIDE / max(height, width)
        return max(1, round(height * scale)), max(1, round(width * scale))

    @property
    def alt(self) -> str:
        """What is to be seen, in words."""
        both, unit, formula = self.shares
        return (
            f"{self.name}. Unit {self.unit} and its formula hold on {both:.1%} of it, the unit "
            f"alone on {unit:.1%}, the formula alone on {formula:.1%}."
        )

    @property
    def caption(self) -> str:
        """How well unit and formula agree here, and how strongly the unit fires."""
        both, unit, formula = self.shares
        parts = []
        if self.by_sample:
            parts.append("formula holds" if self.formula_mask.any() else "formula does not hold")
        elif both + unit + formula > 0:
            parts.append(f"IoU {both / (both + unit + formula):.2f} here")
        if self.peak == self.peak:  # not NaN: the threshold is above 0
            parts.append(f"largest activation {self.peak:.1f} × threshold")
        if self.counted is not None and not self.counted.all():
            parts.append(f"{(~self.counted).mean():.0%} not annotated, and not counted")
        return ", ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; the picture itself stays where it is, under its name."""
        masks = {"unit_mask": plain(self.unit_mask), "formula_mask": plain(self.formula_mask)}
        return {
            "unit": self.unit,
            "sample": self.sample,
            "name": self.name,
            **masks,
            "peak": plain(self.peak),
            "labels": list(self.labels),
            "shares": list(self.shares),
            "alt": self.alt,
            "caption": self.caption,
        }


@dataclass(frozen=True, eq=False)
class LeftOverView(ImageView):
    """An image on which a unit is active where no concept accounts for it.

    The mask of the formula is that of the best union of atoms that have concepts.
    """

    @property
    def alt(self) -> str:
        """What is to be seen, in words."""
        both, left, _ = self.shares
        return (
            f"{self.name}. Concepts account for the unit on {both:.1%} of it, and leave {left:.1%} "
            f"on which unit {self.unit} is active."
        )

    @property
    def caption(self) -> str:
        """How much of the unit's active positions is left over."""
        both, left, _ = self.shares
        return f"{left / (both + left):.0%} of the active area is left over"


@dataclass(frozen=True, eq=False)
class ImageGallery(Gallery[ImageView]):
    """The units of one layer of a run on images.

    Attributes:
        data: the images of the run, in its order.
    """

    data: ProbingData

    shows_unexplained: ClassVar[bool] = True

    @classmethod
    def open(
        cls, run: Run, layer: str | None = None, data: ProbingData | None = None
    ) -> ImageGallery:
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
            unit=unit,
            sample=sample,
            name=self.data.sample_ids[sample],
            data=self.data,
            unit_mask=unit_mask,
            formula_mask=atoms[grid],
            peak=float(self.peaks[sample, unit]) / threshold if threshold > 0 else np.nan,
            labels=self._labels_under(self._labelled.sample(sample)[unit_mask]),
            counted=self._counted(explanation.formula, grid),
            by_sample=self.run.by_sample,
        )

    @property
    def _labelled(self) -> AtomMap:
        """What is labelled at each position, whatever counts once."""
        return known_positions(self.run.at_positions)

    def _counted(self, formula: Formula | None, grid: NDArray[np.int32]) -> BoolArray | None:
        if formula is None or not self.run.known_only:
            return None
        return self.run.counted_atoms(formula)[grid]

    def left_over(self, explanation: Explanation, union: BoolArray, sample: int) -> LeftOverView:
        """One image beside the best union of atoms that have concepts."""
        return LeftOverView(**vars(self.view(explanation, union, sample)))

    def _labels_under(self, atoms: NDArray[np.int32]) -> tuple[str, ...]:
        """The concepts that cover most of these positions, given by their atoms."""
        table = self.run.at_positions
        covered = np.zeros(table.n_concepts, np.int64)
        for atom, n in zip(*np.unique(atoms, return_counts=True), strict=True):
            covered[table.indices[table.indptr[atom] : table.indptr[atom + 1]]] += n
        most = np.argsort(-covered, kind="stable")[:_LABELS]
        least = _LABEL_SHARE * len(atoms)
        return tuple(table.names[c] for c in most if covered[c] > least)
