"""Choose samples that show what a unit does.

The samples that excite a unit most flatter its explanation. So there are other groups too: samples
that excite it less, and samples on which unit and formula disagree.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from andornot._tools.checks import whole_number
from andornot._tools.reading import read_array
from andornot.concepts.positions import AtomMap
from andornot.errors import OptionError
from andornot.formula import Formula
from andornot.results.explanation import Explanation
from andornot.results.result import Result
from andornot.runs.run import Run
from andornot.views.judged import as_shown
from andornot.views.plain import View
from andornot.views.unit import Group

BoolArray = NDArray[np.bool_]
V = TypeVar("V")

STRONGEST: Final = "strongest"
WEAKER: Final = "weaker"
UNEXPLAINED: Final = "unexplained"
SILENT: Final = "silent"

GROUPS: Final = {
    STRONGEST: "Excite it most",
    WEAKER: "Excite it less",
    UNEXPLAINED: "Unit active, formula does not hold",
    SILENT: "Formula holds, unit silent",
}
"""Headings of the groups of samples."""


_EXAMPLE: Final = 160
"""Most characters of an example."""


@dataclass(frozen=True, eq=False)
class UnitSamples(View, Generic[V]):
    """A unit by the formula that is shown, and samples by group (a key of :data:`GROUPS`)."""

    explanation: Explanation
    groups: tuple[tuple[str, tuple[V, ...]], ...]

    @property
    def samples(self) -> tuple[V, ...]:
        """The samples of all groups."""
        return tuple(view for _, views in self.groups for view in views)


@dataclass(frozen=True, eq=False)
class Gallery(ABC, Generic[V]):
    """The units of one layer of a run, ready to be shown.

    Attributes:
        run: the run.
        layer: one of its layers.
        data: the samples of the run, in its order.
    """

    run: Run
    layer: str
    data: Any

    shows_unexplained: ClassVar[bool] = False
    """Whether samples on which the unit is active, and the formula nowhere holds, are a group."""

    @abstractmethod
    def view(self, explanation: Explanation, atoms: BoolArray, sample: int) -> V:
        """One sample, seen by one unit; the formula is the union of these atoms."""

    def example(self, unit: int) -> str:  # noqa: ARG002
        """The sample that excites a unit most, in words; empty where words cannot show it."""
        return ""

    def left_over(self, explanation: Explanation, union: BoolArray, sample: int) -> V:  # noqa: ARG002
        """One sample with positions that no concept accounts for.

        Args:
            explanation: the unit's; it has a formula.
            union: the best union of atoms that have concepts.
            sample: its number.
        """
        assert explanation.formula is not None
        return self.view(explanation, self.atoms_of(explanation.formula), sample)

    @cached_property
    def result(self) -> Result:
        """The explanations of the layer."""
        return self.run.result(self.layer)

    @cached_property
    def positions(self) -> AtomMap:
        """Which atom each position carries."""
        return self.run.shown_positions

    @cached_property
    def thresholds(self) -> NDArray[np.float64]:
        """The threshold of each unit."""
        return self.run.thresholds(self.layer)

    @cached_property
    def peaks(self) -> NDArray[np.float32]:
        """Largest activation in each sample, ``(n_samples, n_units)``."""
        return self.run.peaks(self.layer)

    @cached_property
    def areas(self) -> NDArray[np.int32]:
        """Active positions in each sample, ``(n_samples, n_units)``."""
        return self.run.areas(self.layer)

    def values(self, sample: int, unit: int) -> NDArray[np.float32]:
        """The activations of one unit on one sample, ``(rows, height, width)``.

        An image or a sentence pair is one row, or a row for each of its tokens.
        """
        first, last = sample, sample + 1
        if self._starts[-1] != self.positions.n_samples:
            first, last = self.positions.offsets[sample : sample + 2]
        at = int(np.searchsorted(self._starts, first, side="right")) - 1
        # mapped, since of a file one unit on one sample is wanted
        block = read_array(self._paths[at], mmap_mode="r")  # holds whole samples
        return np.array(block[first - self._starts[at] : last - self._starts[at], unit])

    @cached_property
    def _paths(self) -> list[Path]:
        """The files of the recorded activations, in order."""
        return self.run.activations(self.layer).paths

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """The first row of each of these files, and the number of rows."""
        return np.array([0, *(int(path.stem.split("-")[1]) for path in self._paths)])

    def atoms_of(self, formula: Formula | None) -> BoolArray:
        """The atoms on which a formula holds, as far as they count for it; none without one."""
        table = self.run.concepts
        if formula is None:
            return np.zeros(table.n_atoms, np.bool_)
        return table.mask(formula) & self.run.counted_atoms(formula)

    def _formula_areas(self, formula: Formula | None) -> NDArray[np.int64]:
        """On how many positions of each sample a formula holds; -1 where that is not known.

        Nobody can say of a sample that a formula does not hold there, if it was looked for only
        in parts of it.
        """
        areas = self.areas_of(self.atoms_of(formula))
        if formula is None or not self.run.known_only:
            return areas
        partly = self.areas_of(~self.run.counted_atoms(formula)) > 0
        return np.where(partly & (areas == 0), -1, areas)

    def areas_of(self, atoms: BoolArray) -> NDArray[np.int64]:
        """Positions in each sample that carry one of these atoms."""
        return self.positions.areas(atoms)

    def strongest(self, unit: int, n: int) -> list[int]:
        """The samples that excite a unit most, at most ``n``; none where it is nowhere active."""
        active = np.flatnonzero(self.areas[:, unit] > 0)
        most = np.argsort(-self.peaks[active, unit], kind="stable")[:n]
        return [int(sample) for sample in active[most]]

    def picture(self, unit: int, sample: int) -> V:
        """One sample with a unit and the formula that is shown of it."""
        explanation = as_shown(self.result[unit], self.run.concepts)
        return self.view(explanation, self.atoms_of(explanation.formula), sample)

    def unit(self, unit: int, n_samples: int = 8) -> UnitSamples[V]:
        """A unit with samples that show it; none for a unit that is nowhere active.

        Raises:
            OptionError: the run did not explain this unit, or ``n_samples`` is below 1.
        """
        n_samples = check_number(n_samples)
        explanation = as_shown(self.result[unit], self.run.concepts)
        formula = explanation.formula
        atoms = self.atoms_of(formula)
        chosen = choose_samples(
            self.peaks[:, unit],
            self.areas[:, unit],
            self._formula_areas(formula),
            n_samples,
            unexplained=self.shows_unexplained and formula is not None,
        )
        return UnitSamples(
            explanation,
            tuple(
                (group, tuple(self.view(explanation, atoms, sample) for sample in samples))
                for group, samples in chosen.items()
            ),
        )


def check_number(n_samples: int) -> int:
    """How many samples are to be shown.

    Raises:
        OptionError: it is below 1.
    """
    if whole_number(n_samples, "n_samples") < 1:
        raise OptionError(f"the number of samples is {n_samples}; it must be at least 1")
    return n_samples


def choose_samples(
    peaks: NDArray[np.floating],
    areas: NDArray[np.integer],
    formula_areas: NDArray[np.integer],
    n: int,
    *,
    unexplained: bool = False,
) -> dict[str, list[int]]:
    """Choose samples to show for a unit: a quarter for each group, the rest for the strongest.

    Args:
        peaks: the unit's largest activation in each sample.
        areas: on how many positions of each sample it is active.
        formula_areas: on how many the formula holds; -1 where that is not known.
        n: how many to choose at most.
        unexplained: choose also samples on which the unit is active and the formula nowhere holds.

    Returns:
        The samples of each group (a key of :data:`GROUPS`). The strongest are strongest of all;
        they take the places that other groups cannot fill.
    """
    quarter = n // 4
    active = np.flatnonzero(areas > 0)
    active = active[np.argsort(-peaks[active], kind="stable")]
    silent = np.flatnonzero((areas == 0) & (formula_areas > 0))
    silent = silent[np.argsort(-formula_areas[silent], kind="stable")]
    # where many are equal, as for sentence pairs, they come from all over and not from the start
    equal = np.count_nonzero(formula_areas[silent] == formula_areas[silent[:1]])
    silent = spread(silent[: max(equal, quarter)], min(quarter, len(silent)))
    n_active = min(len(active), n - len(silent))
    n_strongest = n - quarter * (3 if unexplained else 2)
    n_weaker = max(0, min(quarter, n_active - n_strongest))
    alone: NDArray[np.int64] = active[:0]
    for n_alone in range(quarter if unexplained else 0, -1, -1):
        n_strongest = max(0, n_active - n_weaker - n_alone)
        rest = active[n_strongest:]
        alone = rest[formula_areas[rest] == 0][:n_alone]
        if len(alone) == n_alone:
            break
    rest = rest[~np.isin(rest, alone)]
    chosen = {
        STRONGEST: active[:n_strongest],
        WEAKER: spread(rest, n_weaker),
        UNEXPLAINED: alone,
        SILENT: silent,
    }
    return {group: [int(i) for i in samples] for group, samples in chosen.items()}


def cut(text: str) -> str:
    """A text for a list, without its end if it is long."""
    return text if len(text) <= _EXAMPLE else f"{text[: _EXAMPLE - 1].rstrip()}…"


def spread(ranked: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """The middles of ``n`` equal parts of a ranking: neither its very first nor its very last."""
    at = ((np.arange(n) + 0.5) / max(n, 1) * len(ranked)).astype(np.int64)
    middles: NDArray[np.int64] = ranked[at]
    return middles


def grouped(view: UnitSamples[V]) -> tuple[Group[V], ...]:
    """The samples of a unit under the headings of their groups."""
    return tuple(Group(key, GROUPS[key], views) for key, views in view.groups)
