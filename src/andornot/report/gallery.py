"""Choose samples that show what a unit does, and lay its mask beside its formula's.

The samples that excite a unit most flatter its explanation. So there are three groups: those,
others on which the unit is active, and some on which the formula holds but the unit is silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot.errors import OptionError, RunError
from andornot.explanations import Explanation, Result, Scored
from andornot.positions import AtomMap
from andornot.probing.dataset import ProbingData
from andornot.report.source import data_of, matching
from andornot.run import Run
from andornot.upsample import upsample

BoolArray = NDArray[np.bool_]

STRONGEST: Final = "strongest"
WEAKER: Final = "weaker"
SILENT: Final = "silent"

GROUPS: Final = {
    STRONGEST: "Excite it most",
    WEAKER: "Excite it less",
    SILENT: "Unit stays silent",
}
"""Headings of the groups of samples."""

_LABELS = 3
_LABEL_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class SampleView:
    """One sample, seen by one unit.

    Attributes:
        sample: its index in the run.
        name: its id.
        group: a key of :data:`GROUPS`.
        image: the picture, RGB.
        unit_mask: bool ``(height, width)``, the positions on which the unit is active.
        formula_mask: the same for the formula; False everywhere if there is none.
        peak: the unit's largest activation, as a multiple of its threshold.
        labels: the concepts that cover most of the unit's mask, most first.
    """

    sample: int
    name: str
    group: str
    image: Image.Image
    unit_mask: BoolArray
    formula_mask: BoolArray
    peak: float
    labels: tuple[str, ...]

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
class UnitView:
    """A unit's explanation, and samples that show it."""

    explanation: Explanation
    samples: tuple[SampleView, ...]


@dataclass(frozen=True, eq=False)
class Gallery:
    """The units of one layer of a run, ready to be shown.

    Attributes:
        run: the run.
        layer: one of its layers.
        data: the samples of the run, in its order.
    """

    run: Run
    layer: str
    data: ProbingData

    @classmethod
    def open(cls, run: Run, layer: str | None = None, data: ProbingData | None = None) -> Gallery:
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
        return cls(run, name, data_of(run) if data is None else matching(run, data))

    @cached_property
    def result(self) -> Result:
        """The explanations of the layer."""
        return self.run.result(self.layer)

    @cached_property
    def _positions(self) -> AtomMap:
        positions = self.run.concepts.positions
        if positions is None:
            raise RunError(
                f"the concept table of {self.run.path} lost its positions; delete the run's "
                "cache folder and make the run again"
            )
        return positions

    @cached_property
    def _measured(self) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.int32]]:
        """Thresholds, peaks and areas of the layer's units."""
        run, layer = self.run, self.layer
        return run.thresholds(layer), run.peaks(layer), run.areas(layer)

    @cached_property
    def _atom_counts(self) -> NDArray[np.int64]:
        """On how many positions of its sample each entry of ``AtomMap.atoms`` stands."""
        p = self._positions
        counts = np.zeros(len(p.atoms), np.int64)
        for i in range(p.n_samples):
            own = slice(p.atom_offsets[i], p.atom_offsets[i + 1])
            codes = p.codes[p.offsets[i] : p.offsets[i + 1]]
            counts[own] = np.bincount(codes, minlength=own.stop - own.start)
        return counts

    def _areas_of(self, atoms: BoolArray) -> NDArray[np.int64]:
        """Positions in each sample that carry one of these atoms."""
        p = self._positions
        sample = np.repeat(np.arange(p.n_samples), np.diff(p.atom_offsets))
        areas = np.zeros(p.n_samples, np.int64)
        np.add.at(areas, sample, self._atom_counts * atoms[p.atoms])
        return areas

    def unit(self, unit: int, n_samples: int = 8) -> UnitView:
        """A unit with samples that show it; none for a unit that is nowhere active.

        Raises:
            OptionError: the run did not explain this unit, or ``n_samples`` is below 1.
        """
        if n_samples < 1:
            raise OptionError(f"the number of samples is {n_samples}; it must be at least 1")
        explanation: Explanation = self.result[unit]
        table = self.run.concepts
        if explanation.formula is None:
            atoms = np.zeros(table.n_atoms, np.bool_)
        else:
            atoms = table.mask(explanation.formula)
        _, peaks, areas = self._measured
        chosen = choose_samples(peaks[:, unit], areas[:, unit], self._areas_of(atoms), n_samples)
        views = tuple(self._view(unit, i, group, atoms) for i, group in chosen)
        return UnitView(explanation, views)

    def _view(self, unit: int, sample: int, group: str, atoms: BoolArray) -> SampleView:
        thresholds, peaks, _ = self._measured
        grid = self._positions.sample(sample)
        activation = self.run.activations(self.layer).sample(sample)[unit]
        unit_mask = upsample(activation, *grid.shape) > thresholds[unit]
        threshold = float(thresholds[unit])
        return SampleView(
            sample=sample,
            name=self.data.sample_ids[sample],
            group=group,
            image=self.data.image(sample),
            unit_mask=unit_mask,
            formula_mask=atoms[grid],
            peak=float(peaks[sample, unit]) / threshold if threshold > 0 else np.nan,
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


def steps(explanation: Explanation) -> tuple[Scored, ...]:
    """The best formulas by length, without those that gain nothing to three decimals."""
    kept: list[Scored] = []
    for best in explanation.best_by_length:
        if best is not None and (not kept or round(best.iou, 3) > round(kept[-1].iou, 3)):
            kept.append(best)
    return tuple(kept)


def choose_samples(
    peaks: NDArray[np.floating],
    areas: NDArray[np.integer],
    formula_areas: NDArray[np.integer],
    n: int,
) -> list[tuple[int, str]]:
    """Choose samples to show for a unit: half the strongest, a quarter each of the other groups.

    Args:
        peaks: the unit's largest activation in each sample.
        areas: on how many positions of each sample it is active.
        formula_areas: on how many the formula holds.
        n: how many to choose at most.

    Returns:
        Samples with their group (a key of :data:`GROUPS`), group by group. The strongest take
        the places that the other groups cannot fill.
    """
    active = np.flatnonzero(areas > 0)
    active = active[np.argsort(-peaks[active], kind="stable")]
    silent = np.flatnonzero((areas == 0) & (formula_areas > 0))
    silent = silent[np.argsort(-formula_areas[silent], kind="stable")][: n // 4]
    n_active = min(len(active), n - len(silent))
    n_weaker = max(0, min(n // 4, n_active - n // 2))
    n_strongest = n_active - n_weaker
    rest = active[n_strongest:]
    # the middles of equal parts of the ranking: neither the best of the rest nor the very last
    at = ((np.arange(n_weaker) + 0.5) / max(n_weaker, 1) * len(rest)).astype(np.int64)
    groups = {STRONGEST: active[:n_strongest], WEAKER: rest[at], SILENT: silent}
    return [(int(i), group) for group, samples in groups.items() for i in samples]
